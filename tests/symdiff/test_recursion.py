"""Functions that call themselves as often as run-time data say: depth, failures, aliasing, and what is refused."""

import functools
import math

import numpy as np
import pytest

import symdiff as sd

STEP = 1e-30


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def assert_derivatives(function, x, depths):
    """Value against CPython, gradient against a complex step through CPython."""
    value, gradient = sd.differentiable(function), sd.grad(function)
    for n in depths:
        assert value(x, n) == pytest.approx(function(x, n), rel=1e-14)
        exact = function(complex(x, STEP), n).imag / STEP
        assert gradient(x, n) == pytest.approx(exact, rel=1e-13)


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
    return other_around(x * one_inside(x, 2), n - 1) + x


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
def test_value_and_gradient(function):
    assert_derivatives(function, 0.8, [0, 1, 2, 5])


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


# -- in loops, and through other functions -----------------------------------------------------------------------------


def unbound_on_some_path(x, n):
    if n > 2:
        y = x
    t = unbound_on_some_path(x, n - 1) if n > 0 else 1.0
    if n > 2:
        t += y
    return t


def by_local_functions(x, n):
    g = lambda t: t * x

    def h(t):
        return g(t) + n

    return x if n == 0 else by_local_functions(x * 0.7, n - 1) * g(x) + h(x)


def reads_before_a_call_assigns(x, n):
    s = 0.0

    def walk(v, k):
        nonlocal s
        if k <= 0:
            s = s + v
            return v
        s += walk(v * x, k - 1)
        return s * v + (s + walk(v, k - 2))

    return walk(x, n) * s


def leaves_a_loop(x, n):
    s = x
    for i in range(n):
        if i == 2:
            continue
        t = leaves_a_loop(x * 0.9, i)
        if t.real > 1.5:
            break
        s = s * t + i
    else:
        s = s * 2
    return s


def returns_from_a_loop(x, n):
    for i in range(n):
        t = returns_from_a_loop(x * 0.9 + 0.01 * i, i)
        if t.real > 0.7:
            return t * x
    return x


def while_it_says(x, n):
    s, k = x, n
    while k > 0 and while_it_says(x * 0.8, k - 1).real < 2:
        k -= 1
        s = s * x + while_it_says(x, k - 1)
    return s


def until_one_is_large(x, n):
    if n < 1:
        return x
    if any(until_one_is_large(x * 0.95, k).real > 0.75 for k in range(n)):
        return x * x + until_one_is_large(x, n - 1)
    return x**3 if all(until_one_is_large(x, 0).real > 0 for _ in range(n)) else x


def sums(x, n):
    if n < 0:
        return x * x
    found = sum(sums(x * 0.3 * i + j, n - 1) for i in range(n) for j in range(i + 1) if i != j)
    return found + x + sum((sums(w, n - 3) * w for w in [x, x * x]), start=0.5)


def over_lists(x, n):
    s = x
    if n > 0:
        kids = [x * 0.5, x + 0.25]
        for i, kid in enumerate(kids):
            s = s * over_lists(kid, n - 2) + i
        for (a, b), w in zip(((1, 2), (3, 4)), (x, 0.5), strict=True):
            s += a * over_lists(b * w * 0.1, n - 3)
    return s


def over_arrays(x, n):
    s = x
    for i, w in enumerate(np.array([0.3, 0.5, 0.2])):
        s = s + (w * over_arrays(x * x + i, n - 2) if n > 0 else w)
    return s


def stores_its_own(x, n):
    a, parts = np.zeros(2) + x, [1.0, x]
    for i in range(2):
        if n > 0:
            a[i] += stores_its_own(x * (i + 1) * 0.3, n - 2)
    if n > 0:
        parts[1] *= stores_its_own(x * 0.5, n - 3)
        parts.append(stores_its_own(x * 0.7, n - 4))
    else:
        parts.append(x)
    return np.sum(a) * parts[1] * parts[2]


def held_by_an_outer_list(x, n):
    out = []

    def walk(v, k):
        a = np.zeros(2) + 0 * v
        a[1] = v
        out.append(a)
        return a[0] + a[1] + v if k < 1 else walk(v * 0.5, k - 1) * a[1]

    return walk(x, n) + out[0][1] + out[-1][1]


def unpacked(x, n):
    if n < 1:
        return x, 1.0
    (a, b), c = unpacked(x * 0.9, n - 1), 2.0
    s, *r = unpacked(a * b, n - 2)
    return s + a * c, r[0] + b


def unpacks(x, n):
    return unpacked(x, n)[0] * unpacked(x, n)[1]


def three_a(x, n):
    return x if n < 1 else three_b(x * 0.9, n - 1) + three_c(x, n - 2)


def three_b(x, n):
    return three_c(x * 1.1, n - 1) * x if n > 0 else x * 2


def three_c(x, n):
    r = x
    while n > 0:
        n -= 1
        r = r * three_a(x * 0.5, n - 1) + 1
    return r


def apply(f, x, n):
    return f(x, n) * x


def through_another(x, n):
    return x if n < 1 else apply(through_another, x * 0.8, n - 1) + apply(lambda a, b: a * b, x, n)


@functools.lru_cache
def remembered(x, n):
    return x if n < 1 else remembered(x, n - 1) * x


def remembers(x, n):
    return remembered(x, n) * x


class Tree:
    """Walks that call themselves: as a method, and as the object."""

    def __init__(self, weight):
        self.weight = weight

    def walk(self, x, n):
        if n < 1:
            return x * self.weight
        s = 0.0
        for k in range(n):
            s = s + self.walk(x * 0.5 + k, k) * self.weight
        return s

    def __call__(self, x, n):
        return x if n < 1 else self(x * x, n - 1) * self.weight + x


TREE = Tree(0.7)


def by_method(x, n):
    return TREE.walk(x, n)


def by_object(x, n):
    return TREE(x, n)


def after_a_failure(x, n):
    if n == 0:
        return x
    try:
        y = 1 / (n - 2)
    except ZeroDivisionError:
        return after_a_failure(x * 0.5, n - 1)
    return after_a_failure(x + y, n - 1) * x


@pytest.mark.parametrize(
    "function",
    [
        unbound_on_some_path,
        by_local_functions,
        reads_before_a_call_assigns,
        leaves_a_loop,
        returns_from_a_loop,
        while_it_says,
        until_one_is_large,
        sums,
        over_lists,
        over_arrays,
        stores_its_own,
        held_by_an_outer_list,
        unpacks,
        three_a,
        through_another,
        remembers,
        by_method,
        by_object,
        TREE.walk,
        TREE,
        after_a_failure,
    ],
    ids=lambda part: getattr(part, "__name__", None),
)
def test_more_values_and_gradients(function):
    assert_derivatives(function, 0.8, [0, 3])


def even(x, n):
    return x if n == 0 else odd(x * 0.99999, n - 1)


def odd(x, n):
    return x if n == 0 else even(x + 1e-5, n - 1) * 1.00001


def by_halves_in_a_loop(x, low, high):
    if high - low == 1:
        return x
    s, middle = x, (low + high) // 2
    for part in range(2):
        s = s + by_halves_in_a_loop(x, middle if part else low, high if part else middle)
    return s


def chain(x, n):
    for _ in range(1 if n > 0 else 0):
        x = x + 1e-5 * chain(x, n - 1)
    return x


def test_circles_a_hundred_thousand_calls_deep():
    value, slope = sd.value_and_grad(even)(1.1, 100_000)
    x, d = 1.1, 1.0
    for k in range(100_000):
        x, d = (x * 0.99999, d * 0.99999) if k % 2 == 0 else (x + 1e-5, d)
    scale = 1.00001**50_000
    assert value == pytest.approx(x * scale, rel=1e-9)
    assert slope == pytest.approx(d * scale, rel=1e-9)


def test_loops_of_many_calls():
    # every call adds x once
    value, slope = sd.value_and_grad(by_halves_in_a_loop)(1.25, 0, 2000)
    assert (value, slope) == (1.25 * 3999, 3999.0)
    value, slope = sd.value_and_grad(chain)(1.25, 50_000)
    factor = 1.0
    for _ in range(50_000):
        factor = 1 + 1e-5 * factor
    assert value == pytest.approx(1.25 * factor, rel=1e-12)
    assert slope == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("function", [three_a, over_arrays, stores_its_own])
def test_second_derivatives(function):
    found, h = sd.grad(sd.grad(function))(0.8, 3), 1e-5
    slopes = [function(complex(0.8 + side, STEP), 3).imag / STEP for side in (-h, h)]
    assert found == pytest.approx((slopes[1] - slopes[0]) / (2 * h), rel=1e-7)


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


def raises_in_a_loop(x, n):
    for k in range(n):
        if k == 2:
            raise ValueError(f"trip {k} of {n}")
        x = x + raises_in_a_loop(x, k)
    return x


def test_errors_of_a_loop():
    assert sd.grad(raises_in_a_loop)(1.5, 2) == 6.0
    with pytest.raises(ValueError, match=r"^trip 2 of 3"):
        sd.grad(raises_in_a_loop)(1.5, 3)


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


def stores_into_what_is_kept(b, n):
    if n <= 0:
        return b[0]
    b[0] = 3.0 * n
    r = stores_into_what_is_kept(b * 1.5, n - 1)
    return r + b[0]


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


def multiplier(v):
    return lambda t: t * v


def keeps_functions(x, n):
    if n == 0:
        return x
    g = multiplier(x)
    return keeps_functions(x * 2, n - 1) + g(x)


def handed_to_a_transformation(x, n):
    return x if n < 1 else sd.grad(handed_to_a_transformation)(x * x, n - 1)


def functions_that_differ(x, n):
    def inside(f, v, k):
        return f(v) if k < 1 else inside(lambda t: f(t) * v, v, k - 1)

    return inside(lambda t: t * x, x, n)


def inner_calls_outer(x, n):
    def inside(v):
        return inner_calls_outer(v * x, n - 1)

    return x if n < 1 else inside(x) + x


def list_of_results(x, n):
    return x if n < 1 else max([list_of_results(x * k, n - 1) for k in range(n)])


def stores_through_another_name(x, n):
    a = np.zeros(2) + x
    b = a
    if n > 0:
        b[0] = stores_through_another_name(x * 0.5, n - 1)
        b[1] = stores_through_another_name(x * 0.5, n - 2)
    return a[0] + b[1]


def calls_in_try(x, n):
    try:
        return x if n < 1 else calls_in_try(x / (n - 2), n - 1)
    except ZeroDivisionError:
        return x


def calls_in_a_chain(x, n):
    return x if n < 1 or 0.0 < x < calls_in_a_chain(x * 0.5, n - 1) else x * 2


ARRAY = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (stores_into_what_is_kept, (ARRAY, 3), "may share memory"),
        (stores_into_a_result, (ARRAY, 3), "storing into an array"),
        (by_halves, (ARRAY,), "changes its shape"),
        (growing, (ARRAY, 3), "changes its shape"),
        (growing_result, (ARRAY, 3), "arrays of one shape"),
        (keeps_functions, (1.5, 3), "is a function"),
        (handed_to_a_transformation, (1.5, 3), "not by a call that stands in its text"),
        (functions_that_differ, (1.5, 3), "is a function"),
        (inner_calls_outer, (1.5, 3), "a function inside one that calls itself"),
        (list_of_results, (1.5, 3), "is a list"),
        (stores_through_another_name, (1.5, 3), "a list of run-time length or a recursion keeps"),
        (calls_in_try, (1.5, 3), "cannot call itself in the body of a 'try'"),
        (calls_in_a_chain, (1.5, 3), "cannot call itself here"),
    ],
    ids=lambda part: getattr(part, "__name__", None),
)
def test_refusals(function, arguments, words):
    with pytest.raises(sd.UnsupportedSyntaxError, match=words) as caught:
        sd.differentiable(function)(*arguments)
    assert "test_recursion.py:" in str(caught.value)
    assert caught.value.hint


def test_math_is_there():
    assert_exact = sd.grad(lambda x, n: math.sin(one_inside(x, n)))(0.9, 2)
    assert assert_exact == pytest.approx(math.cos(0.9**3) * 3 * 0.9**2, rel=1e-14)
