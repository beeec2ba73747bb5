"""Memory of tensors: inference holds one layer's activations, and training loops do not grow."""

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

HEADER = """
import gc
import symdiff as torch

def read(name):
    for line in open("/proc/self/status"):
        if line.startswith(name):
            return int(line.split()[1]) / 1024.0

def peak():
    return read("VmHWM")  # that of getrusage may be the parent's, from before this program began

def resident():
    gc.collect()
    return read("VmRSS")
"""
LAYERS = """
x = torch.ones(32000, 64)
w = torch.full((64, 64), 0.01, requires_grad=True)

def layers(count):
    h = x
    for _ in range(count):
        h = torch.relu(h @ w)
    return h

"""
ACTIVATIONS = 32000 * 64 * 4 / 2**20
"""Of one layer, in MiB."""


def run(tmp_path, text):
    """The number that a program prints in a process of its own."""
    path = tmp_path / "program.py"
    path.write_text(HEADER + textwrap.dedent(text))
    env = {**os.environ, "SYMDIFF_OPT_LEVEL": "0"}
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=300, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    return float(done.stdout.split()[-1])


def test_inference_holds_the_activations_of_one_layer(tmp_path):
    """What ten layers need beyond two is nothing, where a recording keeps the input of each for the derivative."""
    text = LAYERS + (
        """
with torch.{mode}():
    layers(2)[0, 0].item()
    before = peak()
    layers(10){look}
print(peak() - before)
"""
    )
    inference = run(tmp_path, text.format(mode="no_grad", look="[0, 0].item()"))
    recorded = run(tmp_path, text.format(mode="enable_grad", look=".sum().backward()"))
    assert inference < 1.5 * ACTIVATIONS
    assert recorded > 5 * ACTIVATIONS


def test_training_steps_do_not_grow(tmp_path):
    grown = run(
        tmp_path,
        """
        torch.manual_seed(0)
        model = torch.nn.Linear(2, 1)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        x, y = torch.randn(8, 2), torch.randn(8, 1)

        def train(steps):
            for _ in range(steps):
                optimiser.zero_grad()
                loss = torch.nn.functional.mse_loss(model(x), y)
                loss.backward()
                optimiser.step()
                loss.item()

        train(1000)
        before = resident()
        train(10_000)
        print(resident() - before)
        """,
    )
    assert grown < 1.0
