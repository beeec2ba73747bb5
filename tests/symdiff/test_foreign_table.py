"""Functions of SciPy, statsmodels and scikit-learn as they stand: gradients are theirs, or those of differences."""

import numpy as np
import pytest

import symdiff as sd

pytest.importorskip("sklearn")
pytest.importorskip("statsmodels")

from tests.foreign import ROWS


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    """The passes of LLVM do not change the bits, and take most of the time."""
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def weighted(function, rest, weights):
    """A number of what the function gives."""
    return lambda x: np.sum(weights * function(x, *rest))


def differences(function, x):
    """Central differences of fourth order."""
    found = np.zeros(np.shape(x))
    for place in np.ndindex(found.shape):
        values = []
        for steps in (-2, -1, 1, 2):
            moved = np.array(x, dtype=float)
            moved[place] += steps * 1e-4
            values.append(function(moved if moved.ndim else float(moved)))
        found[place] = np.dot([1.0, -8.0, 8.0, -1.0], values) / 12e-4
    return found


@pytest.mark.parametrize(("function", "args", "own"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_function(function, args, own):
    x, *rest = args
    there = np.asarray(function(*args))
    weights = 1.5 + np.cos(1.3 * np.arange(there.size)).reshape(there.shape) if there.ndim else 1.0
    scalar = weighted(function, rest, weights)
    value, gradient = sd.value_and_grad(scalar if there.ndim else function)(x, *([] if there.ndim else rest))
    assert value == pytest.approx(np.sum(weights * there), rel=1e-12)
    np.testing.assert_allclose(gradient, differences(scalar, x), rtol=1e-7, atol=1e-8)
    if own is not None:
        np.testing.assert_allclose(gradient, weights * np.asarray(own(*args)), rtol=1e-9, atol=1e-12)


def test_there_are_many():
    assert len({row[0] for row in ROWS}) == len(ROWS) > 180
