"""The verifier: what it accepts is tested wherever graphs are built; here is what it refuses."""

from typing import Any

import pytest

from symdiff.errors import InternalError, Location
from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, FOR, IF, REQUIRE_EQUAL, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.verify import verify
from symdiff.ops import REGISTRY, Traced

FLOAT, INT, BOOL = (Type(d, (), "python") for d in ("float64", "int64", "bool"))
HERE = Location("model.py", 3, 5)


def function(params: list[Value], nodes: list[Node], results: list[Value]) -> Function:
    return Function("f", Block(tuple(params), tuple(nodes), tuple(results)))


def row(name: str, inputs: list[Value], outputs: list[Value], **attrs: Any) -> Node:
    return Node(REGISTRY[name], tuple(inputs), tuple(outputs), attrs, (), HERE)


def refused(graph: Function, message: str) -> None:
    with pytest.raises(InternalError, match=message):
        verify(graph)


def test_returns_the_function() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    graph = function([x], build.nodes, [(Traced(build, x) * 2.0).value])
    graph = function([x], build.nodes, list(graph.results))
    assert verify(graph) is graph


def test_use_before_definition_names_node_and_place() -> None:
    x, y, z = Value(FLOAT, "x"), Value(FLOAT, "y"), Value(FLOAT, "z")
    late = [row("negative", [y], [z]), row("negative", [x], [y])]
    refused(function([x], late, [z]), r"model.py:3:5: node 'negative' of 'f' reads <y: float64> before it is defined")
    refused(function([x], [], [y]), "the block of 'f' reads <y: float64> before")


def test_two_definitions() -> None:
    x, y = Value(FLOAT, "x"), Value(FLOAT, "y")
    refused(function([x], [row("negative", [x], [y])] * 2, [y]), "defines <y: float64> a second time")


def test_values_of_a_block_stay_inside() -> None:
    x, c, inner, out = Value(FLOAT, "x"), Value(BOOL, "c"), Value(FLOAT, "inner"), Value(FLOAT)
    then = Block((), (row("negative", [x], [inner]),), (inner,))
    node = Node(IF, (c,), (out,), {}, (then, Block((), (), (x,))))
    verify(function([x, c], [node], [out]))
    refused(function([x, c], [node], [inner]), "outside the block that defines it")


def test_sizes_are_values_too() -> None:
    n, x = Value(INT, "n"), Value(FLOAT, "x")
    made = Value(Type("float64", (n,)))
    node = row("full", [x], [made], shape=(n,), dtype="float64")
    verify(function([x, n], [node], [made]))
    refused(function([x], [node], [made]), "reads <n: int64> before it is defined")


@pytest.mark.parametrize(
    "wrong",
    [Type("float32"), Type("float64", (3,)), Type("float64", (2, 4)), Type("int64")],
    ids=str,
)
def test_types_are_inferred_again(wrong: Type) -> None:
    x, y = Value(Type("float64", (2, 3)), "x"), Value(wrong, "y")
    node = row("sum" if not wrong.rank else "negative", [x], [y], **({} if wrong.rank else ALL))
    refused(function([x], [node], [y]), "has outputs of types .* but the inferred types")


ALL = {"axis": (0, 1), "keepdims": False}


def test_a_row_that_refuses_its_inputs() -> None:
    x, y, z = Value(Type("float64", (2,))), Value(Type("float64", (3,))), Value(Type("float64", (2,)))
    refused(function([x, y], [row("add", [x, y], [z])], [z]), "does not accept its inputs: .*cannot be broadcast")


def test_constants() -> None:
    y = Value(INT, "y")
    refused(function([], [Node(CONSTANT, (), (y,), {"value": 1.5})], [y]), "the constant")


def test_required_sizes_are_integers() -> None:
    x = Value(FLOAT, "x")
    refused(function([x], [Node(REQUIRE_EQUAL, (x, x), ())], [x]), "must compare two integers")


def test_blocks_must_fit() -> None:
    x, n, out = Value(FLOAT, "x"), Value(INT, "n"), Value(FLOAT)
    i, v, flag = Value(INT), Value(FLOAT), Value(BOOL)
    good = Block((i, v), (), (v,))
    verify(function([x, n], [Node(FOR, (n, n, n, x), (out,), {}, (good,))], [out]))
    bad: list[tuple[Any, ...]] = [
        (FOR, (n, n, n, x), (Block((i, v), (), ()),), "the results of the body"),
        (FOR, (n, n, n, x), (Block((i,), (), (x,)),), "the carried values"),
        (FOR, (n, n, n), (good,), "the initial values"),
        (FOR, (n, n, n, n), (good,), "the initial values"),
        (FOR, (n, n, n, x), (), "the wrong number of parts"),
        (IF, (x,), (Block((), (), (x,)),), "two blocks"),
        (IF, (x,), (Block((v,), (), (x,)), Block((), (), (x,))), "with parameters"),
        (IF, (x,), (Block((), (), (n,)), Block((), (), (x,))), "the results of a block"),
        (WHILE, (x,), (Block((Value(FLOAT),), (), (flag, flag)), Block((v,), (), (v,))), "several results"),
    ]
    for op, inputs, blocks, message in bad:
        refused(function([x, n, flag], [Node(op, inputs, (out,), {}, blocks)], [out]), message)


def test_conditions_are_scalars() -> None:
    x, c, out = Value(FLOAT, "x"), Value(Type("bool", (2,)), "c"), Value(FLOAT)
    branches = (Block((), (), (x,)), Block((), (), (x,)))
    refused(function([x, c], [Node(IF, (c,), (out,), {}, branches)], [out]), "a condition that is not|the condition")


def test_a_deep_graph_needs_no_deep_stack() -> None:
    build, x = Builder(), Value(FLOAT, "x")
    value = Traced(build, x)
    for _ in range(5_000):
        value = -value
    verify(function([x], build.nodes, [value.value]))
