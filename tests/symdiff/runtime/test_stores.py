"""What calls do to the arrays of their caller: a gradient nothing, a plain call what the function itself does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff as sd


def elements(x):
    x[0] = x[1] * 2
    x[-1] += x[0]
    return np.sum(x**2)


def masked(x):
    x[x < 0] *= 3.0
    x[x > 1] = 1.0
    return np.sum(x**3)


def by_out(x):
    np.multiply(x, 2.0, out=x)
    np.exp(x[1:], out=x[:-1])
    return np.sum(x)


def by_view(x):
    x[::2][1] = 4.0
    x[None][0, 0] += 1.0
    return np.sum(x * x)


def by_helper(x):
    def change(y):
        y[1] = y[0] ** 2

    change(x)
    return np.sum(x * np.arange(len(x)))


def repeated(x):
    np.add.at(x, [0, 0, 2], x[:3] * 1.0)
    np.put(x, [3], 7.0)
    return np.sum(x * x)


def sorted_in_place(x):
    x.sort()
    return np.sum(x * np.arange(len(x)))


def in_a_loop(x):
    for i in range(1, len(x)):
        x[i] += 0.5 * x[i - 1]
    return x[-1]


def filled(x):
    s = np.sum(x * x)
    x.fill(s)
    return s


FUNCTIONS: list[Callable[[Any], Any]] = [
    elements,
    masked,
    by_out,
    by_view,
    by_helper,
    repeated,
    sorted_in_place,
    in_a_loop,
    filled,
]
START = np.array([0.5, -1.2, 0.7, 2.0, -0.3])


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("native", ["1", "0"])
def test_gradient_calls_leave_arrays_alone(function, native, monkeypatch):
    monkeypatch.setenv("SYMDIFF_NATIVE", native)
    x = START.copy()
    sd.grad(function)(x)
    value, _ = sd.differentiable(function).value_and_grad(x)
    assert x.tobytes() == START.tobytes()
    assert value == pytest.approx(function(START.copy()), rel=1e-14)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("native", ["1", "0"])
def test_plain_calls_leave_them_as_python_does(function, native, monkeypatch):
    monkeypatch.setenv("SYMDIFF_NATIVE", native)
    theirs, ours = START.copy(), START.copy()
    value = sd.differentiable(function)(ours)
    assert value == pytest.approx(function(theirs), rel=1e-14)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=0)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_strided_arrays_are_changed_where_they_are(function):
    theirs, ours = np.repeat(START, 2), np.repeat(START, 2)
    assert sd.differentiable(function)(ours[::2]) == pytest.approx(function(theirs[::2]), rel=1e-14)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=0)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_gradients_are_those_of_differences(function):
    found = sd.grad(function)(START.copy())
    h = 1e-6
    for k in range(len(START)):
        up, down = START.copy(), START.copy()
        up[k] += h
        down[k] -= h
        slope = (function(up) - function(down)) / (2 * h)
        assert found[k] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_one_array_given_twice_is_refused():
    def mixes(a, b):
        a[0] += b[1]
        return a.sum()

    x = START.copy()
    with pytest.raises(ValueError, match="shares memory with b"):
        sd.grad(mixes)(x, x)
    assert x.tobytes() == START.tobytes()


def test_overlapping_views_of_one_array_are_refused():
    def mixes(a, b):
        a[0] += b[1]
        b[2] *= a[0]
        return a.sum()

    x = START.copy()
    with pytest.raises(sd.SymdiffError):
        sd.differentiable(mixes)(x[1:], x[:-1])
    with pytest.raises(sd.SymdiffError):
        sd.grad(mixes)(x[1:], x[:-1])
    assert x.tobytes() == START.tobytes()
