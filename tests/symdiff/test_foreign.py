"""Pure-Python functions of other libraries, differentiated from their source."""

import functools
import operator

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
