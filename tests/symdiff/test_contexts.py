"""``with``: the contexts that are known change no values; warnings that are ignored are not shown."""

import warnings

import numpy as np
import pytest

import symdiff as sd

V = np.array([1.0, 2.0, 3.0])


def errstate(v: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(v) / v
        total = 0.0
        for i in range(len(v)):
            if y[i] > 0.35:
                continue
            total += y[i] ** 2
    return total


def returns_inside(v: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        if v[0] > 0:
            return np.sum(v**2)
    return np.sum(v)


def ignored(v: np.ndarray) -> float:
    with warnings.catch_warnings(), np.errstate():
        warnings.simplefilter("ignore")
        warnings.warn("nobody sees this", RuntimeWarning, stacklevel=1)
        y = v * v
    if y[0] > 3:
        warnings.warn("large", RuntimeWarning, stacklevel=1)
    return np.sum(y)


@pytest.mark.parametrize("function", [errstate, returns_inside, ignored])
@pytest.mark.parametrize("scale", [1.0, 2.0, -1.0])
def test_values_and_gradients(function, scale):
    v = V * scale
    with warnings.catch_warnings(record=True) as shown, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        expected = function(v)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        value = sd.differentiable(function)(v)
    assert [str(w.message) for w in found] == [str(w.message) for w in shown]
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    if np.isfinite(expected):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            slopes = [(function(v + e) - function(v - e)) / 2e-6 for e in 1e-6 * np.eye(3)]
            np.testing.assert_allclose(sd.grad(function)(v), slopes, rtol=1e-6, atol=1e-8)
