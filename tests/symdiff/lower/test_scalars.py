"""Scalars: Python's arithmetic with its exceptions, control flow, and the options."""

import math

import numpy as np
import pytest
from lowered_graphs import (
    PLAIN,
    branch,
    check,
    failure,
    graph,
    inside,
    instructions,
    loop,
    real,
    run,
    while_,
    whole,
)

from symdiff.config import Options
from symdiff.lower.lower import lower
from symdiff.ops import REGISTRY as R
from symdiff.ops.primitive import Traced
from symdiff_codegen.kernel import Check, Let
from symdiff_codegen.text import kernel_text


def ops(function, options=PLAIN):
    return [i.op for i in instructions(function, options) if isinstance(i, Let)]


def test_exceptions_of_python():
    x, y = real("x"), real("y")
    quotient = graph(lambda x, y: x / y, x, y)
    assert failure(quotient, 1.0, 0.0)[0] == "ZeroDivisionError"
    logarithm = graph(lambda x: R["log"](x), x)
    assert failure(logarithm, -1.0) == ("ValueError", "math domain error")
    assert failure(graph(lambda x: R["exp"](x), x), 1000.0) == ("OverflowError", "math range error")
    assert run(quotient, 1.0, 0.0, options=Options(fastmath=True))[0] == math.inf
    assert not [i for i in instructions(logarithm, Options(fastmath=True)) if isinstance(i, Check)]


def test_integers_that_do_not_fit():
    n, m = whole("n"), whole("m")
    for name, args in {"add": (2**62, 2**62), "subtract": (-(2**62), 2**62 + 1), "multiply": (2**40, 2**40)}.items():
        function = graph(lambda n, m, name=name: R[name](n, m), n, m)
        assert failure(function, *args)[0] == "OverflowError"
        check(function, 12, -5)
    assert failure(graph(lambda n: -n, n), -(2**63))[0] == "OverflowError"


def test_arithmetic_of_a_loop_index_needs_no_check():
    def body(x, n):
        return loop(x, 0, n, [x], lambda i, v: v * (i + 1) + (i - 1))

    function = graph(body, real(), whole())
    check(function, 0.5, 6)
    assert "add_ok" not in ops(function)


def test_integer_division():
    n, m = whole("n"), whole("m")
    function = graph(lambda n, m: (n // m, n % m), n, m)
    for a in (-7, 7, 0):
        for b in (-3, 3, 1):
            check(function, a, b)
    assert failure(function, 1, 0)[0] == "ZeroDivisionError"


@pytest.mark.parametrize("bounds", [(0, 5, 1), (5, 0, -1), (2, 11, 3), (11, 2, -4), (5, 5, 1), (0, -3, 1)])
@pytest.mark.parametrize("reverse", [False, True])
def test_ranges(bounds, reverse):
    def known(x):
        return loop(x, *bounds[:2], [x], lambda i, v: v * 0.5 + i, step=bounds[2], reverse=reverse)

    def at_run_time(x, a, b, c):
        return loop(x, a, b, [x], lambda i, v: v * 0.5 + i, step=c, reverse=reverse)

    check(graph(known, real()), 0.3)
    check(graph(at_run_time, real(), whole("a"), whole("b"), whole("c")), 0.3, *bounds)


def test_branches_and_while():
    def body(x):
        def side(build):
            (big,) = branch(
                Traced(build, x.value) > 2.0,
                lambda b: Traced(b, x.value) * 3.0,
                lambda b: R["sin"](Traced(b, x.value)),
            )
            return big + 1.0, 2

        y, k = branch(x > 0.0, side, lambda build: (Traced(build, x.value) * x, 5))
        (v,) = while_([y], lambda v: v < 100.0, lambda v: v * v + 1.5)
        return v, k

    for x in (3.0, 1.0, -2.0, 0.0):
        check(graph(body, real()), x)


def test_what_a_loop_hands_through_is_not_carried():
    def body(x, n):
        return loop(x, 0, n, [x, x * 2.0], lambda i, v, w: (v * inside(v.build, w), w))

    function = graph(body, real(), whole())
    check(function, 1.1, 3)
    assert ", w" not in kernel_text(lower(function, PLAIN).kernel)


# -- fused multiply-add ------------------------------------------------------------------------------------------------


def test_products_and_sums_are_fused_whatever_else_uses_the_product():
    def alone(x, y, z):
        return x * y + z

    def shared(x, y, z):
        p = x * y
        return p + z, p

    x, y, z = real("x"), real("y"), real("z")
    args = (1.1, 2.3, -2.53)
    one, two = graph(alone, x, y, z), graph(shared, x, y, z)
    assert ops(one) == ["fma"] and sorted(ops(two)) == ["fma", "mul"]
    assert run(one, *args)[0] == run(two, *args)[0] != 1.1 * 2.3 - 2.53
    assert run(one, *args, options=Options(strict=True))[0] == 1.1 * 2.3 - 2.53


def test_signs_of_fused_products_are_kept():
    for body in (lambda x, y, z: x * y - z, lambda x, y, z: z - x * y, lambda x, y, z: z + x * y):
        function = graph(body, real("x"), real("y"), real("z"))
        assert "fma" in ops(function)
        check(function, 0.7, -1.3, 2.1)


def test_two_products_are_not_fused_so_equal_ones_cancel():
    x, y = 1.1, 2.3
    for body in (lambda x, y: x * y - y * x, lambda x, y: (-x) * y + x * y, lambda x, y: x * y - x * y):
        function = graph(body, real("x"), real("y"))
        assert "fma" not in ops(function)
        assert run(function, x, y)[0] == 0.0


def test_products_of_integers_are_not_fused():
    function = graph(lambda x, n: R["convert"](n * n, dtype="float64", kind="python") + x, real(), whole())
    assert "fma" not in ops(function)
    check(function, 0.5, 3)


def test_truth_values():
    def body(x, y):
        return x > y, R["logical_and"](x > 0.0, y > 0.0), R["where"](x > y, x, y)

    function = graph(body, real("x"), real("y"))
    for args in ((1.0, 2.0), (2.0, 1.0), (math.nan, 1.0)):
        check(function, *args)
    assert isinstance(run(function, 1.0, 2.0)[0], (bool, np.bool_))
