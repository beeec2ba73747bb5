"""Pure-Python functions of other libraries, differentiated from their source."""

import functools
import operator
import typing

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess

import symdiff as sd

X = np.array([0.5, 1.2, 0.8, -0.3])


def test_rosen_as_it_stands():
    assert sd.differentiable(rosen)(X) == pytest.approx(rosen(X), rel=1e-14)
    np.testing.assert_allclose(sd.grad(rosen)(X), rosen_der(X), rtol=1e-13)


def test_rosen_der_as_it_stands():
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    found = sd.grad(lambda x: np.sum(rosen_der(x) * weights))(X)
    np.testing.assert_allclose(found, rosen_hess(X) @ weights, rtol=1e-12)


@functools.cache
def cached(x):
    return x * x


@functools.cache
def size_of(kind):
    return {int: 2, float: 3}[kind]


def test_cached_helpers():
    assert sd.grad(lambda x: cached(x) * cached(2.0) * size_of(float))(1.5) == pytest.approx(36.0)


def test_functions_of_operator():
    def f(x):
        pair = [x, 2 * x]
        return operator.getitem(pair, 1) * operator.truediv(x, 3) * operator.pow(x, 2) - operator.neg(x)

    assert sd.grad(f)(1.5) == pytest.approx(8 / 3 * 1.5**3 + 1)


class Part:
    """As libraries write ``at(x)[i].add(y)``."""

    def __init__(self, x, index=None):
        self.x = x
        self.index = index

    def __getitem__(self, index):
        return Part(self.x, index)

    def add(self, y):
        self.x[self.index] += y
        return self.x


def test_subscripts_of_objects_made_inside():
    def f(x):
        return np.sum(Part(x * 2.0)[1:].add(x[0]) ** 2)

    assert sd.differentiable(f)(X) == pytest.approx(f(X), rel=1e-14)
    doubled = 2 * X + np.array([0.0, 1.0, 1.0, 1.0]) * X[0]
    expected = 4 * doubled
    expected[0] += 2 * np.sum(doubled[1:])
    np.testing.assert_allclose(sd.grad(f)(X), expected, rtol=1e-14)


def test_a_body_of_try_that_cannot_fail():
    def f(x):
        try:
            limit = np.finfo(x.dtype).eps
        except TypeError:
            limit = np.finfo(x.dtype.dtype).eps
        return np.sum(x * x) + limit

    np.testing.assert_allclose(sd.grad(f)(X), 2 * X, rtol=1e-15)
    assert sd.differentiable(f)(X) == f(X)


def test_raise_from_what_was_caught():
    def f(x, n):
        try:
            y = [x, 2 * x, x / (n - 1)][operator.index(n)]
        except (IndexError, ZeroDivisionError) as error:
            raise ValueError("no such item") from error
        return y * y

    assert sd.grad(f)(1.5, 2) == pytest.approx(3.0)
    for n in (1, 4):
        with pytest.raises(ValueError, match=r"^no such item"):
            sd.grad(f)(1.5, n)


def test_types_that_are_only_named():
    assert sd.grad(lambda x: typing.cast(tuple[int, ...], x) * 2.0)(1.5) == 2.0


def test_place_takes_numbers_as_truth():
    def f(x):
        y = x * 2.0
        np.place(y, (x > 0) & (1 - (x > 1)), 3.0)
        return np.sum(y * x)

    assert sd.differentiable(f)(X) == pytest.approx(f(X), rel=1e-15)
    np.testing.assert_allclose(sd.grad(f)(X), np.where((X > 0) & (X <= 1), 3.0, 4 * X), rtol=1e-15)
