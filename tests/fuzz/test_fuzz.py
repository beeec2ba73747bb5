"""A fixed set of random programs in every test run, and that the oracle notices what it is for."""

import collections
from dataclasses import replace

import numpy as np
import pytest

from tests.fuzz import duals, rewrites
from tests.fuzz.features import PROBES, available
from tests.fuzz.generator import generate
from tests.fuzz.inputs import Inputs
from tests.fuzz.oracle import Options, along_direction, examine
from tests.fuzz.runner import GOOD, run

BLOCK, BLOCKS = 50, 10


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_programs(block, tmp_path):
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        outcome = examine(generate(seed, available()), tmp_path)
        assert outcome.word in GOOD, f"python -m tests.fuzz {seed} 1 --shrink: {outcome.text}"
        counts[outcome.word] += 1
    assert counts["right"] > BLOCK // 2


def test_programs_are_the_same_for_the_same_seed():
    everything = frozenset(PROBES)
    assert generate(7, everything).source == generate(7, everything).source


def test_programs_have_the_weights_that_are_asked_for():
    sources = [generate(seed, frozenset(PROBES)).source for seed in range(400)]
    share = lambda found: sum(map(found, sources)) / len(sources)
    assert share(lambda s: "for " in s or "while " in s) > 0.3
    assert share(lambda s: "break" in s or "continue" in s or s.count("return") > s.count("def ")) > 0.2
    assert share(lambda s: "+=" in s or "*=" in s) > 0.2


@pytest.mark.parametrize("seed", range(60))
def test_forward_mode_agrees_with_differences(seed, tmp_path):
    """The oracle itself: its value is CPython's, its slope that of a small step."""
    program = generate(seed, available())
    scope: dict = {}
    exec(program.source, scope)
    for inputs in program.inputs[:2]:
        with np.errstate(all="ignore"):
            try:
                expected = float(scope["f"](*inputs.arguments()))
            except (ArithmeticError, AssertionError, ValueError):  # errors that the program raises itself
                continue
            found = along_direction(program, inputs.arguments(), [])
        if found is None or not found.sizes < 100.0 or not abs(expected) < 100.0:
            continue
        ends = []
        for h in (-1e-6, 1e-6):
            moved = [a if d is None else a + h * d for a, d in zip(inputs.arguments(), found.directions, strict=True)]
            ends.append(float(scope["f"](*moved)))
        assert found.slope == pytest.approx((ends[1] - ends[0]) / 2e-6, abs=1e-4 * max(1.0, found.sizes))


WRONG = """def f(x, n):
    for i in range(n):
        x = x * x
    return x
"""


def test_a_wrong_gradient_is_noticed(tmp_path, monkeypatch):
    program = replace(generate(1, frozenset()), source=WRONG, kinds="FI", wrt=("x",), inputs=(Inputs((1.25, 3)),))
    assert examine(program, tmp_path, Options()).word == "right"
    true = duals.binary

    def forgetful(name, a, b):
        found = true(name, a, b)
        return duals.made(found.v, found.t * 0.5, found.s) if name == "mul" and isinstance(found, duals.Dual) else found

    monkeypatch.setattr(duals, "binary", forgetful)
    assert examine(program, tmp_path, Options()).word == "gradient"


def test_each_rewrite_applies_to_some_program():
    for name in rewrites.NAMES:
        changed = 0
        for seed in range(60):
            source = generate(seed, frozenset(PROBES)).source
            after = rewrites.apply(name, source, seed)
            compile(after, name, "exec")
            changed += after != source
        assert changed > 0, name


def test_a_worker_that_dies_is_a_failure_with_its_seed(monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif '--worker' in sys.argv:\n    import tests.fuzz.runner as r, os\n"
        "    real = r.examine\n"
        "    r.examine = lambda p, f: os.abort() if p.seed == 1 else real(p, f)\n"
    )
    import os

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", ""), os.getcwd()]))
    tally = run(0, 3, 1)
    assert [seed for seed, word, _ in tally.failures if word == "crash"] == [1]
    assert sum(tally.words.values()) == 3
