"""The programs of the definition of done: their derivatives are known exactly, native and from the printed source."""

import math

import numpy as np
import pytest

import symdiff as sd


def polynomial(x, n):
    v = x
    for i in range(n):
        v = v * x + i
    return v


def until_hundred(x):
    v = x
    while v < 100:
        v = v * x
    return v


def overwrite(x):
    a = np.zeros(1)
    a[0] = x
    a[0] = a[0] * a[0]
    return a[0] * x


def sine_times(x):
    return math.sin(x) * x


def guarded_log(x):
    return np.sum(np.where(x > 0, np.log(x), x))


def converted(x):
    return float(x) * x


CASES = [
    (polynomial, (1.5, 5), 61.3125),
    (polynomial, (1.5, 0), 1.0),
    (until_hundred, (1.5,), 12 * 1.5**11),
    (overwrite, (1.5,), 6.75),
    (sine_times, (1.5,), math.sin(1.5) + 1.5 * math.cos(1.5)),
    (guarded_log, (np.array([0.0, -1.0, 2.0]),), np.array([1.0, 1.0, 0.5])),
    (converted, (1.5,), 3.0),
]


def ids(value):
    return value.__name__ if callable(value) else ""


@pytest.mark.parametrize(("function", "args", "expected"), CASES, ids=ids)
def test_native(function, args, expected):
    wrapped = sd.differentiable(function)
    for _ in range(2):
        np.testing.assert_allclose(wrapped.grad(*args), expected, rtol=1e-15)
    value, gradient = wrapped.value_and_grad(*args)
    np.testing.assert_allclose(gradient, expected, rtol=1e-15)
    assert value == wrapped(*args)
    with np.errstate(all="ignore"):
        assert value == pytest.approx(float(function(*args)), rel=1e-15)


@pytest.mark.parametrize(("function", "args", "expected"), CASES, ids=ids)
def test_printed_source(function, args, expected):
    names = {}
    exec(sd.differentiable(function).gradient_source(*args), names)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(names[f"{function.__name__}_grad"](*args), expected, rtol=1e-15)


def test_trips_are_counted_at_run_time():
    wrapped = sd.differentiable(polynomial)
    sources = {wrapped.gradient_source(1.5, n) for n in (0, 5, 50)}
    assert len({source.partition("def ")[2] for source in sources}) == 1
    assert [wrapped.grad(1.5, n) for n in (0, 1, 2)] == [1.0, 3.0, 3 * 1.5**2]


def test_figures_of_the_definition_of_done():
    assert sd.grad(polynomial)(1.5, 5) == 61.3125
    assert f"{sd.grad(until_hundred)(1.5):.2f}" == "1037.97"
    assert sd.grad(overwrite)(1.5) == 6.75
    assert f"{sd.grad(sine_times)(1.5):.4f}" == "1.1036"
    assert sd.grad(converted)(1.5) == 3.0


@pytest.mark.parametrize("n", [1, 5])
def test_a_loop_that_overflows_gives_inf_and_its_gradient_does_not_raise(n):
    value, gradient = sd.value_and_grad(polynomial)(1e200, n)
    assert value == math.inf and gradient in (2e200, math.inf)


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan, 1e300])
def test_conversion_to_float_never_fails(x):
    function = sd.differentiable(converted)
    value, gradient = function.value_and_grad(x)
    np.testing.assert_equal((value, gradient), (x * x, 2 * x))
    with np.errstate(all="ignore"):
        assert bool(sd.differentiable(lambda v: 1.0 if bool(v) else 2.0)(np.array([x])[0])) is True


def pairwise(x):
    energy = 0
    for i in range(x.shape[0] - 1):
        d = x[i + 1 :] - x[i]
        energy += np.sum(1 / np.sum(d * d, axis=1) ** 3)
    return energy


def test_second_derivative_of_a_sum_over_pairs():
    x = np.array([[0.0, 0.1, 0.2], [1.0, 1.2, 0.9], [2.1, 0.3, -0.4]])
    slope = sd.grad(pairwise)
    found = sd.vjp(slope, x)[1](np.sin(x))[0]
    step = 1e-5
    along = (slope(x + step * np.sin(x)) - slope(x - step * np.sin(x))) / (2 * step)
    np.testing.assert_allclose(found, along, rtol=1e-6, atol=1e-8)


def binomial_tree(s, k, sigma, n):
    dt = 1.0 / n
    up = math.exp(sigma * math.sqrt(dt))
    p = (1.0 - 1 / up) / (up - 1 / up)
    values = np.zeros(n + 1)
    for j in range(n + 1):
        values[j] = max(k - s * up**j * (1 / up) ** (n - j), 0)
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            held = p * values[j + 1] + (1 - p) * values[j]
            values[j] = max(held, k - s * up**j * (1 / up) ** (i - j))
    return values[0]


def test_printed_source_of_stacks_in_nested_loops():
    wrapped = sd.differentiable(binomial_tree)
    args = (97.0, 100.0, 0.25, 6)
    for wrt in ("s", "k", "sigma"):
        names = {}
        exec(wrapped.gradient_source(*args, wrt=wrt), names)
        gradient = wrapped.grad(*args, wrt=wrt)
        assert names["binomial_tree_grad"](*args) == pytest.approx(gradient, rel=1e-12)
        place = ("s", "k", "sigma").index(wrt)
        around = [binomial_tree(*(a + h if i == place else a for i, a in enumerate(args))) for h in (1e-6, -1e-6)]
        assert gradient == pytest.approx((around[0] - around[1]) / 2e-6, rel=1e-6)
