"""Objects that a loop returns, or that only a trip makes: they are not lost where the loop may run zero times."""

import math

import pytest

import symdiff as sd


class Box:
    def __init__(self, content):
        self.content = content


def a_dict(x, n):
    def inner(x):
        for k in range(n):
            if x > k:
                return {"a": x * (k + 2), "b": [x]}
        return {"a": x, "b": [0.5 * x]}

    found = inner(x)
    return found["a"] + found["b"][0]


def an_object(x, n):
    def inner(x):
        k = 0
        while k < n:
            x = x * 0.5
            if x < 0.3:
                return Box(3 * x)
            k += 1
        return Box(x)

    return inner(x).content


def a_list(x, n):
    def inner(x):
        for k in range(n):
            for j in range(n):
                if x * j > k + 0.5:
                    return [x * j, x + k]
        return [x, x]

    a, b = inner(x)
    return a * b


def bound_in_a_trip(x, n):
    for k in range(n):
        box = Box(x * (k + 1))
    return box.content if n > 0 else x


def a_tensor(x, n):
    def inner(t):
        for _ in range(n):
            if t.max() < 5:
                return t * 2
        return t * 1

    return inner(sd.tensor([1.0, 1.0], dtype=sd.float64) * x).sum()


@pytest.mark.parametrize("function", [a_dict, an_object, a_list, bound_in_a_trip])
@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("x", [0.4, 0.9, 4.0])
def test_values_and_slopes(monkeypatch, function, n, x):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    value, slope = sd.differentiable(function).value_and_grad(x, n)
    assert value == pytest.approx(function(x, n), rel=1e-15)
    assert slope == pytest.approx((function(x + 1e-6, n) - function(x - 1e-6, n)) / 2e-6, rel=1e-8)


def a_generator(x, n):
    def inner(x):
        for k in range(n):
            if x * k > 2.0:
                return (x * j for j in range(k))
        return (x * j for j in range(1))

    return sum(inner(x))


def one_of_two_functions(x, n):
    def inner(x):
        for k in range(n):
            if x * k > 2.0:
                return math.sin
            if x * k > 1.0:
                return math.cos
        return math.exp

    return inner(x)(x)


@pytest.mark.parametrize("function", [a_generator, one_of_two_functions])
def test_what_cannot_be_kept_is_refused(function):
    """It was lost, and what the function returns at its end was taken."""
    with pytest.raises(sd.SymdiffError, match="what a loop returns here has no place"):
        sd.differentiable(function)(1.3, 5)


def test_a_tensor_without_axes(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")

    @sd.differentiable
    def left(rate, w):
        for _ in range(50):
            g = sd.grad(lambda v: (v**2).sum() / 2)(w)
            if (g**2).sum() < 1.0:
                return 3 * (w**2).sum()
            w = w - rate * g
        return (w**2).sum()

    for rate, trips, factor in ((0.1, 7, 3), (0.001, 50, 1)):  # 4 * 0.9 ** 14 is the first below 1
        value, slope = left.value_and_grad(rate, sd.tensor([2.0, 0.0], dtype=sd.float64))
        assert value.item() == pytest.approx(factor * 4 * (1 - rate) ** (2 * trips), rel=1e-12)
        assert slope == pytest.approx(-factor * 8 * trips * (1 - rate) ** (2 * trips - 1), rel=1e-12)


@pytest.mark.parametrize("static", [False, True])
def test_a_tensor(monkeypatch, static):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    compiled = sd.differentiable((lambda x: a_tensor(x, 2)) if static else a_tensor)
    for x, n, expected in ((1.5, 2, 6.0), (7.0, 2, 14.0)):
        value, slope = compiled.value_and_grad(sd.tensor(x), *([] if static else [n]))
        assert (value.item(), slope.item()) == (expected, expected / x)
