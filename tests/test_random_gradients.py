"""Random programs, differentiated: native code and printed text against 50-digit arithmetic, or the program is refused.

More than the fixed set: ``python -m tests.test_random_gradients FIRST COUNT``.
"""

import collections
import importlib.util
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import symdiff as sd
from symdiff.errors import InternalError, LimitError, SymdiffError
from tests.graph_oracle import assert_close, exact_gradient
from tests.symdiff.frontend.random_programs import source

BLOCK, BLOCKS = 20, 6
RESULT = "return np.sum(np.asarray(a) * 0.3) + np.sum(b) * 0.7 + s + t * 0.2 + np.sum(m * m)"


def program(seed, folder):
    """A random function that returns one number."""
    text = (
        source(seed).replace("return a, b, s, t, k, m, i", RESULT).replace("return a, s", "return np.sum(a) + s * 1.0")
    )
    path = Path(folder) / f"random_gradient_{seed}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


def outcome(function, arguments):
    """What CPython gives: a value, or the exception it raises."""
    try:
        with np.errstate(all="ignore"):
            return function(*(a.copy() if isinstance(a, np.ndarray) else a for a in arguments))
    except (ArithmeticError, IndexError, NameError, TypeError, ValueError, AttributeError) as error:
        return error


def examine(seed, trips, folder):
    """``right``, ``raised`` (as CPython does) or ``refused``; an AssertionError where something is wrong."""
    function = program(seed, folder)
    arguments = (np.array([0.5, -0.3, 0.8]), np.array([-0.2, 0.4, 0.1]), trips)
    expected = outcome(function, arguments)
    compiled = sd.differentiable(function, simplify="auto" if seed % 2 else False)
    try:
        value, gradient = compiled.value_and_grad(*arguments, wrt=("x", "y"))
    except (InternalError, LimitError):
        raise
    except SymdiffError:
        return "raised" if isinstance(expected, Exception) else "refused"
    assert not isinstance(expected, Exception), f"CPython raises {expected!r}"
    np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-11)
    assert compiled(*(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)) == value
    primal = compiled._family("_value", arguments, {})[0]
    # where the loop is parsed trip by trip, the number of trips is no run-time value
    exact = exact_gradient(primal.graph, arguments[: len(primal.graph.params)], [0, 1])
    assert_close(gradient, exact.gradients, exact.sizes)
    family, _, call = compiled._family("value_and_grad", arguments, {"wrt": ("x", "y")})
    printed = family.in_python(family.inputs(call, function))[-2:]
    for found, native in zip(printed, gradient, strict=True):
        np.testing.assert_allclose(found, native, rtol=1e-11, atol=1e-11)
    return "right"


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.filterwarnings("ignore")
def test_gradients_of_random_programs(block, tmp_path, monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    seeds = range(block * BLOCK, (block + 1) * BLOCK)
    counts = collections.Counter(examine(seed, trips, tmp_path) for seed in seeds for trips in (0, 1, 3))
    assert counts["right"] > BLOCK


def main(first, count):
    """Any number of programs; prints what is wrong."""
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            for trips in (0, 1, 3):
                try:
                    counts[examine(seed, trips, folder)] += 1
                except (AssertionError, InternalError, LimitError) as error:
                    counts["WRONG"] += 1
                    print(seed, trips, type(error).__name__, error)
    print(dict(counts))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
