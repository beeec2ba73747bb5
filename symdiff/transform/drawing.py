"""Loops that draw random numbers, as two loops: one that draws them all, and one that reads what was drawn.

The second may then run again, as a checkpointed loop does, while every number is drawn once and in order. Where a trip
raises an error, the numbers of those that would have followed have been drawn already.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Node, Type, Value
from symdiff.ir.rewrite import definitions, substitute
from symdiff.ir.walk import all_nodes
from symdiff.ops import REGISTRY
from symdiff.transform.trips import trip_number

__all__ = ["acts", "drawn_before"]

INT = Type("int64", (), "python")
ALL = ("slice", None, None, None)


def acts(node: Node) -> bool:
    """Whether a node draws, or does something else to a generator."""
    return bool(getattr(node.op, "effect", False))


def drawn_before(node: Node, trips: Value, known: Collection[Value], build: Builder) -> Node:
    """Append a loop that draws what a loop of so many trips will need; the loop that reads it.

    Parameters
    ----------
    node : Node
        A ``for``.
    trips : Value
        How many trips it has.
    known : collection of Value
        What is known before the loop.
    """
    body = node.blocks[0]
    draws = [n for n in body.nodes if acts(n)]
    if not draws and not any(acts(n) for n in all_nodes(body)):
        return node
    own = {v for n in body.nodes for v in definitions(n)} | set(body.params)
    plain = len(draws) == sum(acts(n) for n in all_nodes(body)) and all(n.op.name == "draw" for n in draws)
    if not plain or any(v in own for n in draws for v in n.inputs) or not all(_is_sized(n, known) for n in draws):
        message = "a loop that draws random numbers as it finds them cannot be checkpointed: it would draw them again"
        hint = "let every trip draw as many, with parameters from before the loop, or draw before it, as one array"
        raise located(UnsupportedSyntaxError, message, next(n for n in all_nodes(body) if acts(n)).where, hint)
    tapes = _drawing_loop(draws, trips, build)
    inner = build.inner()
    number = trip_number(inner, node, body.params[0])
    mapping = {n.output: _read(n.output, tape, number, inner) for n, tape in zip(draws, tapes, strict=True)}
    drawn = set(draws)
    rest = substitute([n for n in body.nodes if n not in drawn], mapping)
    block = Block(body.params, (*inner.nodes, *rest), tuple(mapping.get(r, r) for r in body.results))
    return Node(node.op, node.inputs, node.outputs, node.attrs, (block,), node.where)


def _is_sized(node: Node, known: Collection[Value]) -> bool:
    return all(isinstance(d, int) or d in known for d in node.output.type.shape)


def _drawing_loop(draws: Sequence[Node], trips: Value, build: Builder) -> Sequence[Value]:
    """The numbers of all trips, one array for each draw."""
    inner, number = build.inner(), Value(INT, "i", build.where)
    initial, carried, stored = [], [], []
    for node in draws:
        type_ = node.output.type
        zero = build.constant(0.0 if type_.is_float else False if type_.dtype == "bool" else 0)
        shape = (build.dim(trips), *type_.shape)
        tape = build.add(REGISTRY["full"], zero, shape=shape, dtype=type_.dtype, hint="drawn")
        param = Value(tape.type, "drawn", node.where)
        drawn = Value(type_, node.output.hint, node.where)
        inner.append(Node(node.op, node.inputs, (drawn,), node.attrs, (), node.where))
        stored.append(inner.add(REGISTRY["put"], param, drawn, number, index=_entries(drawn)))
        initial.append(tape)
        carried.append(param)
    block = inner.finish((number, *carried), stored)
    return build.for_(build.constant(0), trips, build.constant(1), initial, block, ["drawn"] * len(draws))


def _read(drawn: Value, tape: Value, number: Value, build: Builder) -> Value:
    value = build.add(REGISTRY["index"], tape, number, index=_entries(drawn), hint=drawn.hint)
    if drawn.type.kind == "python":
        value = build.add(REGISTRY["convert"], value, dtype=drawn.type.dtype, kind="python", hint=drawn.hint)
    return value


def _entries(drawn: Value) -> tuple[tuple[object, ...], ...]:
    return (("int",), *[ALL] * drawn.type.rank)
