"""Simplification of whole functions: gradients stay right, values keep their bits, and large graphs pass."""

import math

import numpy as np
import pytest

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.verify import verify
from symdiff.ir.walk import all_nodes
from symdiff.ops import REGISTRY
from symdiff.runtime.interpret import interpret
from symdiff.transform.adjoint import differentiate
from symdiff.transform.dce import eliminate_dead_code
from symdiff.transform.rewriting import pinned_values
from symdiff.transform.simplify import simplify
from tests.graph_maker import Maker
from tests.graph_oracle import assert_close, exact_gradient
from tests.hand_gradients import gradient_of, primal_of
from tests.hand_graphs import CASES, GRAPHS

IDS = [f"{g.name}-{k}" for g in GRAPHS.values() for k, _ in enumerate(g.arguments)]
over_cases = pytest.mark.parametrize(("graph", "arguments"), CASES, ids=IDS)
FLOAT = Type("float64", (), "python")


def rows_of(graph: Function) -> list[str]:
    return [n.op.name for n in all_nodes(graph.block) if n.op.name != "constant"]


@over_cases
def test_simplified_gradient_agrees_with_50_digits(graph, arguments):
    exact = exact_gradient(primal_of(graph.name), arguments, graph.wrt)
    before = gradient_of(graph.name, True)
    made, rewrites = simplify(before, "auto", pinned=())
    verify(made)
    found = interpret(made, *arguments)
    assert_close(found, exact.gradients, exact.sizes, eps=graph.eps)
    assert len(rows_of(made)) <= len(rows_of(before))
    assert all(r.verdict for r in rewrites)


@over_cases
def test_values_beside_a_gradient_keep_their_bits_and_their_operations(graph, arguments):
    primal = primal_of(graph.name)
    seeds = [primal.results[0], *[None] * (len(primal.results) - 1)]
    both = eliminate_dead_code(differentiate(primal, graph.wrt, seeds, name="g", value=True))
    alone, _ = simplify(primal, "auto", derivative=False)
    beside, _ = simplify(both, "auto", pinned=both.results[: len(primal.results)])
    verify(beside)
    expected, found = interpret(alone, *arguments), interpret(beside, *arguments)
    for a, b in zip(expected, found, strict=False):
        assert np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)
    assert operations_of_values(beside, len(primal.results)) == operations_of_values(alone, len(primal.results))


def operations_of_values(graph: Function, count: int) -> list[str]:
    """Rows that the first results depend on."""
    kept = pinned_values(graph, graph.results[:count])
    return sorted(n.op.name for n in all_nodes(graph.block) if not n.blocks and any(o in kept for o in n.outputs))


@pytest.mark.parametrize("name", GRAPHS)
def test_simplifying_again_changes_nothing(name):
    made, _ = simplify(gradient_of(name, True), "auto", pinned=())
    again, rewrites = simplify(made, "auto", pinned=())
    assert again is made
    assert all(r.verdict != "applied" for r in rewrites)


def test_level_false_only_drops_dead_code():
    make = Maker()
    x = make.float("x")
    make.row("exp", x)
    graph = make.function("f", 1.0 * x)
    made, rewrites = simplify(graph, False)
    assert rows_of(made) == ["multiply"]
    assert rewrites == []


# -- loops and branches ------------------------------------------------------------------------------------------------


def test_a_value_that_a_loop_hands_on_unchanged_leaves_the_loop():
    make = Maker()
    x, c, n = make.float("x"), make.float("c"), make.int("n")
    v, same = make.for_(0, n, 1, [x, c], lambda i, v, same: [v * same, same])
    made, rewrites = simplify(make.function("f", v, same), "auto")
    (loop,) = [node for node in made.block.nodes if node.blocks]
    assert len(loop.outputs) == 1
    assert made.results[1] is made.params[1]
    assert "carried unchanged" in {r.name for r in rewrites}
    assert interpret(verify(made), 2.0, 3.0, 2) == (18.0, 3.0)


def test_a_while_that_tests_what_it_hands_on():
    make = Maker()
    x, limit = make.float("x"), make.float("limit")
    v, _ = make.while_([x, limit], lambda v, top: v < top, lambda v, top: [v * 2.0, top])
    made, _ = simplify(make.function("f", v), "auto")
    (loop,) = [node for node in made.block.nodes if node.blocks]
    assert len(loop.outputs) == 1
    assert interpret(verify(made), 1.0, 10.0) == (16.0,)


def test_a_zero_carried_as_zero_leaves_the_loop():
    make = Maker()
    x, n = make.float("x"), make.int("n")
    v, _ = make.for_(0, n, 1, [x, 0.0], lambda i, v, z: [v + z, 0.0])
    made, _ = simplify(make.function("f", v), "auto", pinned=())
    # without the zero the loop does nothing
    assert rows_of(verify(made)) == []
    assert interpret(made, -1.5, 3) == (-1.5,)


def test_a_decided_branch_is_put_in_its_place():
    make = Maker()
    x = make.float("x")
    (y,) = make.if_(make.traced(2) > 1, lambda: [make.row("sin", x)], lambda: [make.row("cos", x)])
    made, rewrites = simplify(make.function("f", y * 2.0), "auto")
    assert rows_of(verify(made)) == ["sin", "multiply"]
    assert {"fold", "known branch"} <= {r.name for r in rewrites}


def test_a_branch_decided_inside_a_branch_and_a_loop():
    make = Maker()
    x, n = make.float("x"), make.int("n")

    def body(i, v):
        def inner():
            return make.if_(make.traced(True), lambda: [v + x], lambda: [v - x])

        return make.if_(make.row("logical_not", make.traced(False)), inner, lambda: [v])

    (v,) = make.for_(0, n, 1, [x], body)
    made, _ = simplify(make.function("f", v), "auto", pinned=())
    assert rows_of(verify(made)) == ["for", "add"]
    assert interpret(made, 1.5, 3) == (6.0,)


def test_a_decided_branch_with_sizes_in_its_types():
    make = Maker()
    n = make.size()
    x = make.array("x", n)

    longer = make.inside((), lambda: [make.row("concatenate", x, x, axis=0)])
    shorter = make.inside((), lambda: [x * 2.0])
    (size,) = make.if_(make.traced(True), lambda: [make.traced(n) + n], lambda: [n])
    joined = [Type("float64", (size.value,))]
    (y,) = make.builders[-1].if_(make.traced(True).value, longer, shorter, types=joined)
    made, _ = simplify(make.function("f", make.sum(make.traced(y)), size), "auto", pinned=())
    verify(made)
    assert "if" not in rows_of(made)
    assert interpret(made, np.array([1.0, 2.0])) == (6.0, 4)


def test_a_branch_with_one_result_for_both_arms():
    make = Maker()
    x, c = make.float("x"), make.float("c")
    y, z = make.if_(c > 0.0, lambda: [x, x * 2.0], lambda: [x, x * 3.0])
    made, _ = simplify(make.function("f", y, z), "auto", pinned=())
    assert made.results[0] is made.params[0]
    (branch,) = [node for node in made.block.nodes if node.blocks]
    assert len(branch.outputs) == 1


# -- sharing -----------------------------------------------------------------------------------------------------------


def unshared(build: Builder) -> Builder:
    """A builder that forgets what it made, so that equal operations are made again."""
    build._equal.clear()
    return build


def test_equal_operations_are_shared_with_those_of_blocks_around():
    build = Builder()
    x, c = Value(FLOAT, "x"), Value(Type("bool", (), "python"), "c")
    outer = build.add(REGISTRY["sin"], x)
    arms = []
    for _ in range(2):
        arm = unshared(Builder())
        arm.definitions = build.definitions
        again = arm.add(REGISTRY["sin"], x)
        arms.append(arm.finish((), (arm.add(REGISTRY["multiply"], again, arm.constant(3.0)),)))
    (y,) = build.if_(c, *arms)
    z = build.add(REGISTRY["add"], outer, y)
    made, rewrites = simplify(Function("f", Block((x, c), tuple(build.nodes), (z,))), "auto")
    assert rows_of(verify(made)).count("sin") == 1
    # what one arm computes, the other cannot see
    assert rows_of(made).count("multiply") == 2
    assert "shared" in {r.name for r in rewrites}


def test_operands_change_places_only_where_no_value_is_pinned():
    make = Maker()
    x, y = make.float("x"), make.float("y")
    graph = make.function("f", (x + y) * (y + x))
    assert rows_of(simplify(graph, "auto")[0]).count("add") == 2
    assert rows_of(simplify(graph, "auto", pinned=())[0]).count("add") == 1


def test_what_raises_serves_where_nothing_raises_but_not_the_other_way():
    for first, second in ((True, False), (False, True)):
        x = Value(FLOAT, "x")
        build, other = Builder(raising=first), Builder(raising=second)
        a = build.add(REGISTRY["log"], x)
        b = other.add(REGISTRY["log"], x)
        both = Function("f", Block((x,), (*build.nodes, *other.nodes), (a, b)))
        made, _ = simplify(verify(both), "auto", pinned=())
        assert rows_of(verify(made)).count("log") == (1 if first else 2)
        with pytest.raises(ValueError):
            interpret(made, -1.0)


def test_zeros_of_both_signs_and_numbers_of_all_types_stay_apart():
    build = Builder()
    x = Value(Type("float64"), "x")
    results = []
    for value in (0.0, -0.0, 0, False, 1, 1.0, True, math.nan, math.nan):
        unshared(build)
        results.append(build.constant(value))
    y = build.add(REGISTRY["add"], x, results[1])
    made, _ = simplify(Function("f", Block((x,), tuple(build.nodes), (*results, y))), "auto")
    found = interpret(made, -0.0)
    assert [repr(v) for v in found[:-1]] == ["0.0", "-0.0", "0", "False", "1", "1.0", "True", "nan", "nan"]
    assert len(set(made.results[:-1])) == 8


def test_arrays_made_twice_are_two_arrays():
    make = Maker()
    a, b = make.zeros(3), make.zeros(3)
    made, _ = simplify(make.function("f", a, b), "auto", pinned=())
    assert rows_of(made) == ["full", "full"]


# -- large graphs ------------------------------------------------------------------------------------------------------


def test_a_chain_of_100000_operations_passes():
    build = Builder()
    x = Value(Type("float64"), "x")
    value, one = x, build.constant(1.0)
    rows = [REGISTRY[name] for name in ("multiply", "negative", "sin", "add")]
    for k in range(25_000):
        value = build.add(rows[0], value, one)
        value = build.add(rows[1], value)
        value = build.add(rows[2], value) if k % 1000 == 0 else value
        value = build.add(rows[3], value, x)
    graph = Function("f", Block((x,), tuple(build.nodes), (value,)))
    made, _ = simplify(graph, "auto", pinned=())
    assert "multiply" not in rows_of(made)
    assert "negative" not in [n.op.name for n in made.block.nodes[-10:]]


def test_a_loop_in_a_loop_in_a_loop():
    make = Maker()
    x, n = make.float("x"), make.int("n")

    def nest(depth):
        def body(i, v):
            return nest(depth - 1)(v)

        return lambda v: make.for_(0, n, 1, [v], body) if depth else [v * 1.0 + x * 1.0]

    (y,) = nest(30)(x)
    made, _ = simplify(make.function("f", y), "auto", pinned=())
    assert rows_of(verify(made)).count("multiply") == 0
