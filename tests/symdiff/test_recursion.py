"""Functions that call themselves as often as run-time data say: depth, failures, aliasing, and what is refused."""

import functools
import math

import numpy as np
import pytest

import symdiff as sd

STEP = 1e-30


def assert_derivative(function, x, *rest):
    """Value against CPython, gradient against a complex step through CPython."""
    assert sd.differentiable(function)(x, *rest) == pytest.approx(function(x, *rest), rel=1e-14)
    exact = function(complex(x, STEP), *rest).imag / STEP
    assert sd.grad(function)(x, *rest) == pytest.approx(exact, rel=1e-13)


# -- depth -------------------------------------------------------------------------------------------------------------


def product(x, n):
    return x * product(x, n - 1) if n > 0 else 1.0


def test_a_hundred_thousand_calls_deep():
    value, slope = sd.value_and_grad(product)(1.00001, 100_000)
    assert value == pytest.approx(1.00001**100_000, rel=1e-9)
    assert slope == pytest.approx(100_000 * 1.00001**99_999, rel=1e-9)
    assert sd.grad(sd.grad(product))(1.00001, 20_000) == pytest.approx(20_000 * 19_999 * 1.00001**19_998, rel=1e-9)


def endless(x):
    return endless(x + 1.0) * 2.0


def endless_for_some(x):
    return endless_for_some(x * x) + x if x > 1.0 else x


@pytest.mark.parametrize("function", [endless, endless_for_some])
def test_endless_recursion_raises(function):
    for asked in (sd.differentiable(function), sd.grad(function)):
        with pytest.raises(RecursionError, match="maximum recursion depth exceeded"):
            asked(1.0 if function is endless else 1.0 + 1e-300 + 2.0**-52)


def test_recursion_that_ends_where_another_argument_would_not():
    assert sd.grad(endless_for_some)(0.5) == 1.0


# -- values ------------------------------------------------------------------------------------------------------------


def ackermann(x, m, n):
    if m == 0:
        return x * (n + 1)
    if n == 0:
        return ackermann(x, m - 1, 1)
    return ackermann(x, m - 1, int(ackermann(1, m, n - 1).real)) + 0 * x


def many_calls(x, n):
    y = (many_calls(x / 2, n - 1) if n > 1 else x) * (1 + (many_calls(x, n - 2) if n > 2 else 0))
    return y * y / (1 + x)


def with_defaults(x, n, w=2.0, *, z=0.5):
    if n == 0:
        return w * x + z
    return x * with_defaults(x, n - 1) + with_defaults(x, n - 1, z=w) * z


def in_place(x, n):
    s = x
    if n > 0:
        s += in_place(x * 0.9, n - 1)
        s *= in_place(x * 0.3, n - 2) + (x - s)
    return s


def nothing(x, n):
    if n > 0:
        nothing(x, n - 1)


def calls_for_nothing(x, n):
    nothing(x, n)
    return x * x


def one_inside(x, n):
    return x if n < 1 else x * one_inside(x, n - 1)


def other_around(x, n):
    if n < 2:
        return one_inside(x, n)
    return other_around(x * one_inside(x, 2), n - 1) + one_inside(x, n) * other_around(x, n - 2)


by_lambda = lambda x, n: x if n < 1 else x * by_lambda(x * 0.5, n - 1)


@sd.differentiable
def decorated(x, n):
    return x if n < 1 else decorated.__wrapped__(x, n - 1) * x


def counting(x, n):
    count = 0

    def walk(v, k):
        nonlocal count
        count += 1
        return v if k <= 0 else walk(v * x, k - 1) + walk(v, k - 2) * x

    return walk(1.0, n) * count


def summing(x, n):
    out = [0.0]

    def walk(v, k):
        out[0] += v
        if k > 0:
            walk(v * x, k - 1)
            walk(v, k - 2)

    walk(x, n)
    return out[0]


def with_function(x, n):
    def walk(f, v, k):
        return f(v) if k == 0 else walk(f, v * 2, k - 1) + f(x)

    return walk(lambda t: t * t * x, x, n)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize(
    "function",
    [
        many_calls,
        with_defaults,
        in_place,
        calls_for_nothing,
        other_around,
        by_lambda,
        counting,
        summing,
        with_function,
    ],
)
def test_value_and_gradient(function, n):
    assert_derivative(function, 0.8, n)


def own_name(x, n):
    return x if n < 1 else decorated_self(x, n - 1) * x


decorated_self = sd.differentiable(own_name)


def test_the_name_may_be_that_of_the_decorated_function():
    assert sd.grad(decorated_self)(1.2, 5) == pytest.approx(6 * 1.2**5, rel=1e-14)


def integers(n):
    return 1 if n < 1.5 else n * integers(n - 1)


def test_an_int_beside_floats_becomes_a_float():
    assert sd.differentiable(integers)(5.25) == pytest.approx(5.25 * 4.25 * 3.25 * 2.25, rel=1e-14)
    factors = np.array([5.25, 4.25, 3.25, 2.25])
    assert sd.grad(integers)(5.25) == pytest.approx(np.prod(factors) * np.sum(1 / factors), rel=1e-13)


def test_single_precision_stays():
    found = sd.differentiable(one_inside)(np.float32(1.5), 3)
    assert type(found) is np.float32
    assert found == np.float32(1.5**4)


def test_other_transformations():
    assert sd.jvp(lambda x: one_inside(x, 4), (1.2,), (1.0,))[1] == pytest.approx(5 * 1.2**4, rel=1e-14)
    assert sd.hessian(lambda x: one_inside(x, 4))(1.2) == pytest.approx(20 * 1.2**3, rel=1e-14)
    found = sd.vmap(lambda x, n: one_inside(x, n), in_axes=(0, 0))(np.array([1.2, 1.5]), np.array([3, 4]))
    np.testing.assert_allclose(found, [1.2**4, 1.5**5], rtol=1e-14)


# -- errors ------------------------------------------------------------------------------------------------------------


def raises_below(x, n):
    if n == 0:
        raise ValueError(f"bottom {x}")
    return raises_below(x * 2, n - 1) + 1


def catches(x, n):
    try:
        return raises_below(x, n)
    except ValueError:
        return x * 3


def test_errors_of_the_innermost_call():
    with pytest.raises(ValueError, match=r"^bottom 20\.0"):
        sd.grad(raises_below)(1.25, 4)
    assert sd.grad(catches)(1.25, 4) == 3.0


# -- arrays ------------------------------------------------------------------------------------------------------------


def stores_below(a, n):
    if n <= 0:
        a[0] = 5.0
        return a[1]
    t = stores_below(a, n - 1)
    return t * a[0]


def stores_on_the_way(a, b, n):
    if n <= 0:
        return a[0] * b[0]
    a[0] = a[0] + 1
    return stores_on_the_way(a, b * 1.5, n - 1) + a[0] + b[0]


def test_stores_into_an_array_that_all_calls_share():
    a = np.array([1.0, 2.0])
    assert sd.differentiable(stores_below)(a, 3) == 250.0
    np.testing.assert_array_equal(a, [5.0, 2.0])
    np.testing.assert_array_equal(sd.grad(stores_below)(np.array([1.0, 2.0]), 3), [0.0, 125.0])
    a, b = np.array([1.0, 2.0]), np.array([3.0, 2.0])
    expected = stores_on_the_way(a.copy(), b, 3)
    assert sd.differentiable(stores_on_the_way)(a, b, 3) == pytest.approx(expected, rel=1e-14)
    np.testing.assert_array_equal(a, [4.0, 2.0])


# -- what is refused ---------------------------------------------------------------------------------------------------


def stores_into_what_is_kept(a, b, n):
    if n <= 0:
        return b[0]
    b[0] = 3.0 * n
    r = stores_into_what_is_kept(a, a, n - 1)
    return r + b[0] + a[0]


def stores_into_a_result(a, n):
    if n <= 0:
        return a
    b = stores_into_a_result(a, n - 1)
    b[0] = b[0] * 2
    return b + a


def by_halves(a):
    n = len(a)
    return a[0] if n == 1 else by_halves(a[: n // 2]) + by_halves(a[n // 2 :])


def growing(a, n):
    return np.sum(a) if n == 0 else growing(np.append(a, 1.0), n - 1)


def growing_result(a, n):
    return a if n == 0 else np.append(growing_result(a, n - 1), 1.0)


def makes_functions(x, n):
    g = lambda t: t * x
    return x if n == 0 else makes_functions(x * 2, n - 1) + g(x)


def multiplier(v):
    return lambda t: t * v


def keeps_functions(x, n):
    if n == 0:
        return x
    g = multiplier(x)
    return keeps_functions(x * 2, n - 1) + g(x)


def maybe_bound(x, n):
    if n > 2:
        y = x
    t = maybe_bound(x, n - 1) if n > 0 else 1.0
    if n > 2:
        t += y
    return t


def in_a_loop(x, n):
    s = x
    for _ in range(3):
        if n > 0:
            s += in_a_loop(x * 0.5, n - 1)
    return s


def even(x, n):
    return x if n == 0 else odd(x * 2, n - 1)


def odd(x, n):
    return -x if n == 0 else even(x + 1, n - 1)


@functools.lru_cache
def remembered(x, n):
    return x if n < 1 else remembered(x, n - 1) * x


ARRAY = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (stores_into_what_is_kept, (ARRAY, ARRAY + 1, 3), "may share memory"),
        (stores_into_a_result, (ARRAY, 3), "storing into an array"),
        (by_halves, (ARRAY,), "changes its shape"),
        (growing, (ARRAY, 3), "changes its shape"),
        (growing_result, (ARRAY, 3), "arrays of one shape"),
        (makes_functions, (1.5, 3), "reads its variables"),
        (keeps_functions, (1.5, 3), "is a function"),
        (maybe_bound, (1.5, 4), "'y' may have no value"),
        (in_a_loop, (1.5, 3), "cannot call itself here"),
        (even, (1.5, 3), "not by its own name in its own body"),
        (remembered, (1.5, 3), "not by its own name in its own body"),
    ],
    ids=lambda part: getattr(part, "__name__", None),
)
def test_refusals(function, arguments, words):
    with pytest.raises(sd.UnsupportedSyntaxError, match=words) as caught:
        sd.differentiable(function)(*arguments)
    assert "test_recursion.py:" in str(caught.value)
    assert caught.value.hint or words.startswith("'y'")


def test_math_is_there():
    assert_exact = sd.grad(lambda x, n: math.sin(one_inside(x, n)))(0.9, 2)
    assert assert_exact == pytest.approx(math.cos(0.9**3) * 3 * 0.9**2, rel=1e-14)
