"""The printer: what it prints gives the same numbers as the graph, leaves its arguments alone, and reads well."""

import copy
import math
from typing import Any

import numpy as np
import pytest

import symdiff as sd
from symdiff.ir.graph import Function
from symdiff.ir.python import print_function
from symdiff.runtime.interpret import interpret
from tests.graph_maker import Maker
from tests.hand_gradients import directions, gradient_of, hessian_product_of, primal_of
from tests.hand_graphs import GRAPHS

both_ways = pytest.mark.parametrize("clean", [False, True], ids=["raw", "clean"])
over_graphs = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS.keys())


def run_text(function: Function, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the printed text returns, run with NumPy alone."""
    namespace: dict[str, Any] = {}
    exec(compile(print_function(function), f"<{function.name}>", "exec"), namespace)
    before = copy.deepcopy(arguments)
    with np.errstate(all="ignore"):
        found = namespace[function.name](*arguments)
    for now, then in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(now, then, err_msg="an argument was changed")
    return found if isinstance(found, tuple) else (found,)


def assert_prints(function: Function, arguments: tuple[Any, ...]) -> None:
    """Require that text and graph give the same bits."""
    for found, expected in zip(run_text(function, arguments), interpret(function, *arguments), strict=True):
        np.testing.assert_array_equal(found, expected, err_msg=print_function(function))


@over_graphs
def test_graphs(graph):
    for arguments in graph.arguments:
        assert_prints(primal_of(graph.name), arguments)


@both_ways
@over_graphs
def test_gradients(graph, clean):
    for arguments in graph.arguments:
        assert_prints(gradient_of(graph.name, clean), arguments)


@both_ways
@over_graphs
def test_second_derivatives(graph, clean):
    for arguments in graph.arguments:
        along = directions(graph, arguments)
        assert_prints(hessian_product_of(graph.name, clean), (*arguments, *along))


# -- how it reads ------------------------------------------------------------------------------------------------------


def body(build: Any) -> list[str]:
    """The lines of a function built by hand, without the first."""
    make = Maker()
    results = build(make)
    function = make.function("f", *(results if isinstance(results, tuple) else (results,)))
    return print_function(function, header=False).splitlines()[1:]


def test_a_carried_value_is_one_variable():
    def build(make):
        x, n = make.float("x"), make.int("n")
        return make.for_(0, n, 1, [x], lambda i, v: [v * x + i], ["v"])[0]

    assert body(build) == ["    v = x", "    for i in range(n):", "        v = v * x + i", "    return v"]


def test_values_that_change_places_are_assigned_together():
    def build(make):
        a, b, n = make.float("a"), make.float("b"), make.int("n")
        return make.for_(0, n, 1, [a, b], lambda i, a, b: [b, a + b], ["a", "b"])[0]

    assert body(build) == ["    for _ in range(n):", "        a, b = b, a + b", "    return a"]


def test_a_store_into_a_parameter_goes_to_a_copy():
    def build(make):
        x = make.array("x", make.size())
        return make.sum(make.store(x, 1.0, 0))

    assert body(build) == ["    x1 = x.copy()", "    x1[0] = 1.0", "    return np.sum(x1)"]


def test_a_store_happens_in_place_where_nothing_reads_the_old_array():
    def build(make):
        n = make.int("n")
        a = make.zeros(make.current.dim((n + 1).value), hint="a")
        b = make.store(a, 1.0, 0)
        c = make.store(b, 2.0, 1)
        return make.sum(b) + make.sum(make.store(c, 3.0, 2))

    assert body(build) == [
        "    a = np.zeros(n + 1)",
        "    a[0] = 1.0",
        "    a1 = a.copy()",
        "    a1[1] = 2.0",
        "    a_sum = np.sum(a)",
        "    a1[2] = 3.0",
        "    return a_sum + np.sum(a1)",
    ]


def test_a_view_of_an_array_that_is_stored_into_keeps_its_content():
    def build(make):
        x = make.array("x", make.size())
        a = make.name(x * 2.0, "a")
        view = make.row("index", a, index=(("slice", 1, None, None),), hint="view")
        return make.sum(make.store(a, 0.0, 1)), make.sum(view)

    assert body(build)[1:3] == ["    view = a[1:].copy()", "    a[1] = 0.0"]


def test_branches():
    def build(make):
        x, y = make.float("x"), make.float("y")

        def otherwise():
            return make.if_(x < -1.0, lambda: [make.row("exp", x) * y + x * x * y], lambda: [z], ["z"])

        z = make.name(x * y, "z")
        (z,) = make.if_(x > 1.0, lambda: [make.row("log", x) * y + x * x * y], otherwise, ["z"])
        return z

    assert body(build) == [
        "    z = x * y",
        "    if x > 1.0:",
        "        z = math.log(x) * y + x * x * y",
        "    elif x < -1.0:",
        "        z = math.exp(x) * y + x * x * y",
        "    return z",
    ]


def test_a_test_that_takes_statements_stands_in_the_loop():
    def build(make):
        x = make.float("x")

        def test(v):
            a = make.name(v * v, "a")
            return a + make.row("exp", a) < 100.0

        return make.while_([x], test, lambda v: [v * x], ["v"])[0]

    assert body(build) == [
        "    v = x",
        "    while True:",
        "        a = v * v",
        "        if not (a + math.exp(a) < 100.0):",
        "            break",
        "        v *= x",
        "    return v",
    ]


def test_names_that_mean_something_else_are_not_used():
    def build(make):
        x = make.float("np")
        return make.name(x * x, "sum") * make.name(x + 1.0, "f")

    assert body(build) == ["    sum_ = np_ * np_", "    f_ = np_ + 1.0", "    return sum_ * f_"]


def test_constants_have_all_their_digits():
    def build(make):
        x = make.float("x")
        return x * (1.0 / 3.0) + x * float("inf") - x * -0.0

    assert body(build) == ["    return x * 0.3333333333333333 + x * np.inf + x * 0.0"]


def test_a_root_that_fails_in_the_function_fails_in_the_text():
    f = sd.differentiable(lambda v: math.sqrt(v[0]) * v[1])
    namespace: dict[str, Any] = {}
    exec(f.gradient_source(np.array([4.0, 2.0])), namespace)
    text = next(made for name, made in namespace.items() if name.endswith("_grad"))
    for v in (np.array([4.0, 2.0]), np.array([0.0, 2.0])):
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(text(v), f.grad(v))
    for gradient in (text, f.grad):
        with pytest.raises(ValueError, match="math domain error"):
            gradient(np.array([-4.0, 2.0]))
