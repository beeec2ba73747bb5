"""Sizes that only a run tells: what is right for other sizes is right for these, or refused with its place."""

# ruff: noqa: SIM108

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


PATHS = [pytest.param(added_on_one_path, 1.5, id="one path"), pytest.param(added_in_some_trips, 0.5, id="some trips")]


@pytest.mark.parametrize(("function", "x"), PATHS)
def test_sizes_that_differ_on_the_path_taken(function, x):
    with pytest.raises(ShapeError, match="broadcast"):
        sd.differentiable(function)(x, np.ones(3), np.ones(2))


def beside_an_int(x, n):
    return np.sum(np.zeros(n) + x * x)


def of_some_elements(x):
    return np.sum(x[x > 1] * x)


def test_a_size_given_as_an_int_that_is_one_broadcasts():
    f = sd.differentiable(beside_an_int)
    x = np.linspace(0.5, 1.5, 5)
    for n in (5, 1, 5, 1):
        assert f(x, n) == pytest.approx(beside_an_int(x, n), rel=1e-14)
        np.testing.assert_allclose(f.grad(x, n), 2 * x, rtol=1e-14)
    with pytest.raises(ShapeError, match="broadcast"):
        f(x, 4)


def test_a_number_of_elements_that_is_one_is_refused_where_it_broadcasts():
    f = sd.differentiable(of_some_elements)
    x = np.array([1.5, 2.0, 3.0])
    assert f(x) == of_some_elements(x)
    for ask in (f, f.grad):
        with pytest.raises(ShapeError, match="depends on data is 1 here, and would broadcast") as found:
            ask(np.array([0.5, -1.0, 2.0]))
        assert found.value.where.line == of_some_elements.__code__.co_firstlineno + 1
