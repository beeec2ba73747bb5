"""The adjoint of graphs built by hand, interpreted, against 50 digits and against differences; and its own adjoint."""

import itertools
import time
from typing import Any

import numpy as np
import pytest

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Node, Type, Value
from symdiff.ir.python import print_function
from symdiff.ir.verify import verify
from symdiff.ir.walk import all_nodes
from symdiff.ops import REGISTRY
from symdiff.runtime.interpret import interpret
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from tests.graph_maker import Maker
from tests.graph_oracle import assert_close, exact_gradient, exact_hessian_vector
from tests.hand_gradients import directions, gradient_of, hessian_product_of, primal_of
from tests.hand_graphs import CASES, GRAPHS

IDS = [f"{g.name}-{k}" for g in GRAPHS.values() for k, _ in enumerate(g.arguments)]
over_cases = pytest.mark.parametrize(("graph", "arguments"), CASES, ids=IDS)
both_ways = pytest.mark.parametrize("clean", [False, True], ids=["raw", "clean"])


@both_ways
@over_cases
def test_gradient_agrees_with_50_digits(graph, arguments, clean):
    exact = exact_gradient(primal_of(graph.name), arguments, graph.wrt)
    found = interpret(gradient_of(graph.name, clean), *arguments)
    assert_close(found, exact.gradients, exact.sizes, eps=graph.eps)
    for gradient, k in zip(found, graph.wrt, strict=True):
        assert np.asarray(gradient).dtype == np.asarray(arguments[k]).dtype


@pytest.mark.parametrize(("graph", "arguments"), [c for c in CASES if not c[0].kink and c[0].eps < 1e-15])
def test_gradient_agrees_with_differences(graph, arguments):
    """The oracle and the adjoint share the meaning of the rows of arrays; differences share nothing."""
    function = primal_of(graph.name)
    found = interpret(gradient_of(graph.name, True), *arguments)
    along = directions(graph, arguments)
    slope = sum(float(np.sum(np.asarray(g) * d)) for g, d in zip(found, along, strict=True))

    def value(t: float) -> float:
        moved = list(arguments)
        for k, d in zip(graph.wrt, along, strict=True):
            moved[k] = moved[k] + t * d
        return float(interpret(function, *moved)[0])

    h = 1e-4
    expected = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
    assert slope == pytest.approx(expected, rel=1e-8, abs=1e-9)


@both_ways
@over_cases
def test_second_derivative_agrees_with_50_digits(graph, arguments, clean):
    along = directions(graph, arguments)
    found = interpret(hessian_product_of(graph.name, clean), *arguments, *along)
    expected = exact_hessian_vector(primal_of(graph.name), arguments, graph.wrt, along)
    of_gradient = exact_gradient(gradient_of(graph.name, clean), arguments, graph.wrt, weights=along)
    assert_close(found, expected, of_gradient.sizes, eps=graph.eps)
    assert_close(found, of_gradient.gradients, of_gradient.sizes, eps=graph.eps)


# -- what is computed, and what is not ---------------------------------------------------------------------------------


def names_of(graph: Function) -> list[str]:
    return [node.op.name for node in all_nodes(graph.block)]


def test_value_is_returned_before_the_gradient():
    make = Maker()
    x = make.float("x")
    graph = make.function("f", x * x, x + 1.0)
    made = verify(differentiate(graph, [0], [graph.results[0], None], name="g", value=True))
    assert interpret(made, 3.0) == (9.0, 4.0, 6.0)


def test_seeds_are_parameters_after_those_of_the_primal():
    make = Maker()
    x, y = make.array("x", make.size()), make.float("y")
    graph = make.function("f", x * y, y * y)
    seeds = [Value(graph.results[0].type, "u"), Value(Type("float64", (), "python"), "v")]
    made = verify(differentiate(graph, [0, 1], seeds, name="g", value=False))
    assert [p.hint for p in made.params] == ["x", "y", "u", "v"]
    x_bar, y_bar = interpret(made, np.array([1.0, 2.0]), 3.0, np.array([10.0, 20.0]), 100.0)
    assert x_bar.tolist() == [30.0, 60.0]
    assert y_bar == 50.0 + 600.0


def test_only_what_was_asked_for_is_computed():
    make = Maker()
    x, y = make.float("x"), make.float("y")
    graph = make.function("f", make.row("exp", x) * make.row("sin", y))
    made = eliminate_dead_code(differentiate(graph, [1], [graph.results[0]], name="g", value=False))
    assert names_of(made).count("exp") == 1
    assert "sin" not in names_of(made)


def test_an_expensive_value_of_a_loop_is_saved_and_a_cheap_one_computed_again():
    make = Maker()
    x, n = make.float("x"), make.int("n")

    def body(i, v):
        cheap = v + x
        costly = make.row("exp", make.row("sin", cheap))
        return [costly * costly * cheap]

    (v,) = make.for_(0, n, 1, [x], body, ["v"])
    graph = make.function("f", v)
    made = eliminate_dead_code(differentiate(graph, [0], [graph.results[0]], name="g", value=False))
    names = names_of(made)
    assert names.count("exp") == 1
    assert names.count("sin") == 1
    # the exponential and v are saved; sin and its argument follow from v
    assert names.count("put") == 2


def test_a_read_in_a_loop_costs_what_is_read():
    make = Maker()
    x = make.array("x", make.size())
    (total,) = make.for_(0, x.shape[0], 1, [make.traced(0.0)], lambda i, t: [t + make.read(x, i) * make.read(x, i)])
    graph = make.function("f", total)
    made = eliminate_dead_code(differentiate(graph, [0], [graph.results[0]], name="g", value=False))
    (loop,) = [node for node in made.block.nodes if node.op.name == "for"]
    # nothing in the loop makes an array but the accumulation, which happens in place
    arrays = [n.op.name for n in loop.blocks[0].nodes if any(o.type.is_array for o in n.outputs)]
    assert arrays == ["accumulate_at"]


def test_same_value_has_one_cotangent():
    make = Maker()
    x = make.float("x")
    y = make.name(make.row("exp", x), "y")
    graph = make.function("f", y * y + y)
    made = differentiate(graph, [0], [graph.results[0]], name="g", value=False)
    assert names_of(made).count("exp") == 1


# -- kinks: what the table promises ------------------------------------------------------------------------------------


def gradient_at(build: Any, *arguments: Any) -> Any:
    """Gradient of a function of one parameter, built by hand, by its first parameter."""
    make = Maker()
    argument = arguments[0]
    x = make.float("x") if isinstance(argument, float) else make.array("x", *(make.size() for _ in argument.shape))
    graph = make.function("f", build(make, x))
    made = verify(differentiate(graph, [0], [graph.results[0]], name="g", value=False))
    return interpret(made, *arguments)[0]


def test_sqrt_at_zero_lets_nothing_of_zero_through():
    assert gradient_at(lambda m, x: m.row("sqrt", x), 0.0) == np.inf
    assert gradient_at(lambda m, x: m.row("sqrt", x) * 0.0 + x, 0.0) == 1.0


def test_extremes_share_among_ties():
    x = np.array([1.0, 3.0, 3.0])
    shared = gradient_at(lambda m, x: m.row("max", x, axis=(0,), keepdims=False), x)
    assert shared.tolist() == [0.0, 0.5, 0.5]
    assert gradient_at(lambda m, x: m.sum(m.row("maximum", x, 3.0)), x).tolist() == [0.0, 0.5, 0.5]


def test_norm_at_zero_is_flat():
    found = gradient_at(lambda m, x: m.row("norm", x, axis=(0,), keepdims=False), np.zeros(3))
    assert found.tolist() == [0.0, 0.0, 0.0]


def poisoned_by_a_loop(make, x):
    """log(x) is used in the loop only where it is finite, and differentiated outside."""
    log = make.row("log", x)

    def body(i, total):
        return [total + make.row("where", x > 0.0, log, x)]

    (total,) = make.for_(0, 2, 1, [make.row("convert", x, dtype="float64", kind="numpy")], body, ["total"])
    return make.sum(total)


def poisoned_by_a_branch(make, x):
    """A branch that does not use log(x) hides it."""
    log = make.row("log", x)
    (y,) = make.if_(make.sum(x) > 100.0, lambda: [log], lambda: [x * 2.0], ["y"])
    return make.sum(y)


def poisoned_by_a_sum(make, x):
    """The select is made on the sums of rows."""
    rows = make.row("broadcast_to", make.row("log", x), shape=(2, x.shape[0]))
    sums = make.sum(rows, (0,))
    return make.sum(make.row("where", x > 0.0, sums, x))


def poisoned_by_a_scalar_select(make, x):
    """One truth value selects a whole sum."""
    total = make.sum(make.row("log", x) * x)
    return make.row("where", make.sum(x) > 100.0, total, make.sum(x * x))


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (poisoned_by_a_loop, [3.0, 3.0, 2.0 * 0.5 + 1.0]),
        (poisoned_by_a_branch, [2.0, 2.0, 2.0]),
        (poisoned_by_a_sum, [1.0, 1.0, 1.0]),
        (poisoned_by_a_scalar_select, [0.0, -2.0, 4.0]),
    ],
)
def test_a_branch_not_taken_poisons_nothing(build, expected):
    assert gradient_at(build, np.array([0.0, -1.0, 2.0])).tolist() == expected


# -- size --------------------------------------------------------------------------------------------------------------


def chain_of(length: int) -> Function:
    """x -> sin(x) * 1.01 -> ..., a long straight line."""
    build = Builder()
    x = Value(Type("float64", (), "python"), "x")
    value, factor = x, build.constant(1.001)
    for _ in range(length // 2):
        value = build.add(REGISTRY["sin"], build.add(REGISTRY["multiply"], value, factor))
    return Function("chain", build.finish((x,), (value,)))


def test_a_hundred_thousand_nodes():
    start = time.process_time()
    graph = chain_of(100_000)
    made = verify(eliminate_dead_code(differentiate(graph, [0], [graph.results[0]], name="chain_grad", value=False)))
    text = print_function(made)
    seconds = time.process_time() - start
    assert len(text.splitlines()) > 10_000
    (found,) = interpret(made, 0.5)
    namespace: dict[str, Any] = {}
    exec(compile(text, "<chain>", "exec"), namespace)
    assert namespace["chain_grad"](0.5) == pytest.approx(found, rel=1e-9)
    del graph, made, text
    assert seconds < 60, "differentiating and printing is linear in the number of nodes"


def test_deep_nesting_of_blocks():
    def nested(make: Maker, v: Any, depth: int) -> list[Any]:
        if not depth:
            return [v * v]
        return make.if_(v > -1.0 * depth, lambda: nested(make, v + 0.01, depth - 1), lambda: [v], ["v"])

    make = Maker()
    x = make.float("x")
    graph = make.function("f", *nested(make, x, 60))
    made = verify(differentiate(graph, [0], [graph.results[0]], name="g", value=False))
    assert interpret(made, 0.5)[0] == pytest.approx(2 * (0.5 + 0.6))


def test_walks_do_not_change_the_primal():
    graph = primal_of("store_in_loop")
    before = list(itertools.chain.from_iterable(signature_of(n) for n in all_nodes(graph.block)))
    differentiate(graph, [0], [graph.results[0]], name="g", value=False)
    assert before == list(itertools.chain.from_iterable(signature_of(n) for n in all_nodes(graph.block)))


def signature_of(node: Node) -> list[Any]:
    return [node.op, *node.inputs, *node.outputs, *map(block_size, node.blocks)]


def block_size(block: Block) -> int:
    return len(block.nodes)
