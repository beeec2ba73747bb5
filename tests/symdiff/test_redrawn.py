"""Random numbers drawn in loops: sweeps that run a function again see the same numbers, or are refused."""

import numpy as np
import pytest

import symdiff as sd


def walk(x, n):
    rng = np.random.default_rng(1)
    s = x
    for _ in range(n):
        s = s + s * s * rng.standard_normal()
    return s


def walks(x, n):
    rng = np.random.default_rng(1)
    scale = rng.standard_normal()
    s = x
    for _ in range(n):
        s = s + scale * s * s[0] * rng.standard_normal(3)
    return s


def first_two(x, n):
    return walks(x, n)[:2]


def second(x, n):
    return walks(x, n)[1]


def test_hessian_of_a_loop_that_draws():
    first = sd.grad(walk)
    expected = (first(0.2 + 1e-5, 4) - first(0.2 - 1e-5, 4)) / 2e-5
    np.testing.assert_allclose(sd.hessian(walk)(0.2, 4), expected, rtol=1e-6)
    np.testing.assert_allclose(sd.grad(first)(0.2, 4), expected, rtol=1e-6)


@pytest.mark.parametrize("function", [walks, first_two, second])
def test_jacobian_of_a_loop_that_draws(function):
    x = np.array([0.2, 0.3, -0.1])
    columns = []
    for k in range(3):
        step = np.zeros(3)
        step[k] = 1e-6
        columns.append((function(x + step, 3) - function(x - step, 3)) / 2e-6)
    np.testing.assert_allclose(sd.jacobian(function)(x, 3), np.stack(columns, axis=-1), rtol=1e-6, atol=1e-9)


def given(x, rng):
    s = x
    for _ in range(3):
        s = s + s * rng.standard_normal()
    return s


def test_a_generator_of_the_callers_is_refused():
    with pytest.raises(sd.UnsupportedSyntaxError, match="draw again"):
        sd.jacobian(given)(0.5, np.random.default_rng(1))
    with pytest.raises(sd.UnsupportedSyntaxError, match="draw again"):
        sd.vjp(given, 0.5, np.random.default_rng(1))[1](1.0)
