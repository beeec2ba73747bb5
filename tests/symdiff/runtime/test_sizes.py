"""Sizes that only a run tells: what is right for other sizes is right for these, or refused with its place."""

import numpy as np
import pytest

import symdiff as sd
from symdiff.errors import ShapeError


def of_either_argument(x, a, b):
    if x > 0:
        y = a * x
    else:
        y = b
    return np.sum(y)


def added_on_one_path(x, a, b):
    return np.sum(a + b) * x if x > 0 else np.sum(a * x)


def added_in_some_trips(x, a, b):
    s = 0.0
    for i in range(len(a)):
        if x > i:
            s = s + np.sum(a * b)
        s = s + a[i] * x
    return s


@pytest.mark.parametrize("sizes", [(3, 2), (40, 20), (2, 3)], ids=str)
@pytest.mark.parametrize(
    ("function", "x"),
    [(of_either_argument, 1.5), (added_on_one_path, -1.5), (added_in_some_trips, -0.5)],
    ids=lambda f: getattr(f, "__name__", ""),
)
def test_sizes_that_differ_on_a_path_not_taken(function, x, sizes):
    a, b = (np.linspace(1.0, 2.0, n) for n in sizes)
    f = sd.differentiable(function)
    assert f(x, a, b) == pytest.approx(function(x, a, b), rel=1e-14)
    step = 1e-6
    slope = (function(x + step, a, b) - function(x - step, a, b)) / (2 * step)
    assert f.grad(x, a, b) == pytest.approx(slope, rel=1e-8)


@pytest.mark.parametrize(("function", "x"), [(added_on_one_path, 1.5), (added_in_some_trips, 0.5)], ids=str)
def test_sizes_that_differ_on_the_path_taken(function, x):
    with pytest.raises(ShapeError, match="broadcast"):
        sd.differentiable(function)(x, np.ones(3), np.ones(2))
