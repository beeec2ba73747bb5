"""Gradient sources as they are printed, to be read; and the same text in every process."""

import os
import subprocess
import sys

import pytest

import symdiff as sd
from tests.programs import PROGRAMS

NAMES = [
    "polynomial_loop", "grow_past_hundred", "sine_times", "log_where_positive", "quartic", "iterated_sine",
    "several_carried", "nested_counts", "ragged_triangle", "newton_fixed_count", "branch_in_loop", "agm", "simpson",
    "exponential_smoothing", "loop_over_rows", "store_powers", "heat_equation", "helper_in_helper", "scalar_relu",
    "three_way_branch", "rotation_matrix", "gaussian_log_likelihood", "black_scholes_call", "logistic_regression",
    "tanh_network", "kalman_filter", "discounted_cash_flow", "pendulum_leapfrog", "garch_likelihood",
]  # fmt: skip


def printed(name):
    """The source of one program's gradient."""
    program = PROGRAMS[name]
    return sd.differentiable(program.function).gradient_source(*program.cases[0].arguments(), wrt=program.wrt)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_source(name, golden):
    golden(f"gradients/{name}.py.txt", printed(name))


SCRIPT = """
from tests.test_golden import NAMES, printed
for name in NAMES[::3]:
    print(printed(name))
"""


def test_the_text_is_the_same_in_every_process():
    texts = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        texts.add(done.stdout)
    assert len(texts) == 1
    assert "def polynomial_loop_grad" in texts.pop()
