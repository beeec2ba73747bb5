"""Names that only some paths assign: where they have no value, the error is CPython's, on its line."""

# ruff: noqa: B007, F821, F841

import traceback

import numpy as np
import pytest

import symdiff as sd


def after_a_loop(x, n):
    for i in range(n):
        last = x * i
    return last * x


def after_a_branch(x, n):
    if n > 0:
        y = x * x
    return y * x


def array_after_a_loop(x, n):
    for i in range(n):
        row = np.array([x, x * i])
    return np.sum(row)


def target_after_a_loop(x, n):
    for i in range(n):
        x = x * 2
    return x * i


def in_a_later_trip(x, n):
    s = 0.0
    for i in range(4):
        if i >= n:
            s = s + kept
        if i == n:
            kept = x
    return s


PROGRAMS = [after_a_loop, after_a_branch, array_after_a_loop, target_after_a_loop, in_a_later_trip]


@pytest.mark.parametrize("question", ["value", "grad", "value_and_grad"])
@pytest.mark.parametrize("function", PROGRAMS, ids=lambda f: f.__name__)
def test_reading_no_value_raises_what_cpython_raises(function, question):
    with pytest.raises(UnboundLocalError) as expected:
        function(1.5, 0)
    wrapped = sd.differentiable(function)
    ask = wrapped if question == "value" else getattr(wrapped, question)
    with pytest.raises(UnboundLocalError) as found:
        ask(1.5, 0)
    assert str(found.value) == str(expected.value)
    lines = [traceback.extract_tb(e.value.__traceback__)[-1].lineno for e in (found, expected)]
    assert lines[0] == lines[1]


@pytest.mark.parametrize("function", PROGRAMS[:4], ids=lambda f: f.__name__)
def test_where_there_is_a_value_it_is_used(function):
    value, slope = sd.value_and_grad(function)(1.5, 3)
    assert value == pytest.approx(function(1.5, 3), rel=1e-15)
    h = 1e-6
    assert slope == pytest.approx((function(1.5 + h, 3) - function(1.5 - h, 3)) / (2 * h), rel=1e-8)


def test_what_surely_has_no_value_is_refused_when_compiling():
    def never(x):
        y = y + x
        return y

    with pytest.raises(UnboundLocalError, match="read before it is assigned"):
        sd.differentiable(never)(1.0)


def test_a_return_that_no_trip_reaches():
    def f(x, n):
        debug = False
        for i in range(n):
            if debug:
                return x
            x = x * 1.5 + i
        return x * x

    for n in (0, 3):
        value, slope = sd.value_and_grad(f)(1.3, n)
        assert value == pytest.approx(f(1.3, n), rel=1e-15)
        assert slope == pytest.approx(2 * f(1.3, n) ** 0.5 * 1.5**n, rel=1e-14)
