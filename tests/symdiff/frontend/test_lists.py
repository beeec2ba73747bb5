"""Lists as arguments, captured and as results: their gradients have their structure, and their length costs nothing."""

import math
import statistics

import numpy as np
import pytest

import symdiff as sd

LONG = np.random.default_rng(5).normal(size=100_000).tolist()


def weighted(p, k):
    total = 0.0
    for i in range(len(p)):
        total += p[i] ** 2 * k
    return total + p[-1] + sum(p) + max(p)


def weighted_gradient(p, k):
    found = 2 * k * np.array(p) + 1
    found[-1] += 1
    found[np.argmax(p)] += 1
    return found


def captured(x):
    total = 0.0
    for i, value in enumerate(LONG):
        total += value * x * (i % 3)
    return total + LONG[3] * x + np.sum(LONG) * x


@pytest.mark.parametrize("size", [5, 33, 100_000])
def test_the_gradient_by_a_list_is_a_list(size):
    p = LONG[:size]
    found = sd.grad(weighted)(p, 2.0)
    assert type(found) is list and type(found[0]) is float
    np.testing.assert_allclose(found, weighted_gradient(p, 2.0), rtol=1e-13)


def nodes(function, *args):
    """Number of lines of what the gradient is printed as."""
    return len(sd.differentiable(function).gradient_source(*args).splitlines())


def test_a_long_list_makes_no_longer_program():
    assert nodes(weighted, LONG, 2.0) == nodes(weighted, LONG[:40], 2.0)


def test_a_captured_list_is_read_at_each_call():
    def expected():
        return math.fsum(v * (i % 3) for i, v in enumerate(LONG)) + LONG[3] + math.fsum(LONG)

    gradient = sd.grad(captured)
    assert gradient(1.5) == pytest.approx(expected(), rel=1e-12)
    before, LONG[3] = LONG[3], 50.0
    try:
        assert gradient(1.5) == pytest.approx(expected(), rel=1e-12)
    finally:
        LONG[3] = before


def test_ints_stay_ints():
    def f(x, index):
        total = 0.0
        for i in index:
            total += x[i]
        return total

    np.testing.assert_array_equal(sd.grad(f)(np.arange(5.0), [1, 2] * 20), [0, 20, 20, 0, 0])


def multiples(x, n):
    out = []
    for i in range(n):
        out.append(x * i)
    return out


def pairs(x, n):
    return [(x * i, {"square": x * x}["square"]) for i in range(n)]


@pytest.mark.parametrize("n", [0, 1, 4, 50])
def test_lists_are_returned(n):
    found = sd.differentiable(multiples)(1.5, n)
    assert found == multiples(1.5, n) and type(found) is list
    assert sd.differentiable(pairs)(1.5, n) == pairs(1.5, n)


@pytest.mark.parametrize("n", [4, 50])
def test_lists_are_pulled_back(n):
    value, pullback = sd.vjp(multiples, 1.5, n)
    assert value == multiples(1.5, n)
    assert pullback([float(k) for k in range(n)])[0] == sum(k * k for k in range(n))
    np.testing.assert_array_equal(sd.jacobian(multiples)(1.5, n), np.arange(n))
    _, pullback = sd.vjp(pairs, 1.5, n)
    assert pullback([(1.0, 2.0)] * n)[0] == pytest.approx(sum(k + 6.0 for k in range(n)))


@pytest.mark.parametrize("function", [max, min])
def test_the_extreme_of_nothing(function):
    def f(x):
        return function(x)

    with pytest.raises(ValueError, match="empty"):
        sd.differentiable(f)(np.zeros(0))


@pytest.mark.parametrize("position", [-4, 3, 40])
def test_items_that_are_not_there(position):
    def f(x, n, k):
        out = []
        for i in range(n):
            out.append(x * i)
        return out[k]

    with pytest.raises(IndexError, match="list index out of range"):
        sd.grad(f)(1.5, 3, position)


def test_pop_of_nothing():
    def f(x, n):
        out = [x]
        for _ in range(n):
            out.pop()
        return out[0]

    with pytest.raises(IndexError):
        sd.differentiable(f)(1.5, 2)


def test_an_array_that_changes_after_it_went_into_a_list_is_refused():
    def f(x, n):
        state = np.array([x, 0.0])
        path = []
        for _ in range(n):
            state[0] += x
            path.append(state)
        return np.sum(np.array(path))

    with pytest.raises(sd.UnsupportedSyntaxError, match="a list of run-time length or a recursion keeps"):
        sd.grad(f)(1.5, 1000)


def test_mixed_items_are_refused():
    def f(x, n):
        out = []
        for i in range(n):
            out.append(x if i % 2 else np.ones(2))
        return len(out) * x

    with pytest.raises(sd.SymdiffError):
        sd.grad(f)(1.5, 1000)


def changed(items):
    items.append(1.0)
    return items[0]


@pytest.mark.parametrize("size", [3, 40])
def test_an_argument_is_not_changed(size):
    with pytest.raises(sd.UnsupportedSyntaxError, match="outside"):
        sd.grad(changed)([1.0] * size)


def test_sums_of_the_standard_library():
    def f(x, n):
        v = [math.sin(x * i) * 10.0**i for i in range(n)]
        return math.fsum(v) + statistics.mean(v) + math.prod([x, x, 2.0])

    assert sd.differentiable(f)(1.3, 12) == pytest.approx(f(1.3, 12), rel=1e-15)
    step = 1e-6
    expected = (f(1.3 + step, 12) - f(1.3 - step, 12)) / (2 * step)
    assert sd.grad(f)(1.3, 12) == pytest.approx(expected, rel=1e-7)
    assert sd.differentiable(lambda x: math.fsum([1e100, x, -1e100]))(1.0) == 1.0


def test_a_captured_scalar_of_32_bits():
    three = np.int32(3)
    assert sd.grad(lambda x: x * three * three)(2.0) == 9.0


@pytest.mark.parametrize("size", [3, 40])
def test_a_list_that_grows_while_a_loop_runs_over_it_is_refused(size):
    def f(x, n):
        out = [x * i for i in range(n)]
        for v in out:
            if len(out) < 60:
                out.append(v)
        return sum(out)

    def g(x):
        out = [x] * size
        for v in out:
            if len(out) < size + 3:
                out.append(v)
        return sum(out)

    for refused in (lambda: sd.grad(f)(1.5, size), lambda: sd.grad(g)(1.5)):
        with pytest.raises(sd.UnsupportedSyntaxError, match="a loop runs over it"):
            refused()


def test_a_list_of_run_time_length_beside_functions_that_know_complex_numbers():
    def f(x, n):
        out = [x * i for i in range(n)]
        total = np.sum(np.array(out)) + max(out)
        for k in range(len(out)):
            total += out[k] * abs(out[k])
        return total

    for n in (1, 4, 40):
        assert sd.differentiable(f)(1.5, n) == pytest.approx(f(1.5, n), rel=1e-14)
