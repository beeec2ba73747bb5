"""Checkpoints: loops in segments, whose reverse runs each segment once more instead of keeping its history.

A loop of n trips becomes a loop over about sqrt(n) segments of about sqrt(n) trips. The forward sweep keeps what is
carried into each segment, and nothing inside it. The reverse sweep runs a segment again, keeping its history this time,
and then backwards: the memory of 2 sqrt(n) trips for one forward sweep more. What the user's statements show or raise
has then happened already, so the second run is silent. With a number of bytes, segments are as long as fit
(:mod:`.measures`); random numbers are drawn before (:mod:`.drawing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.ir.build import Builder
from symdiff.ir.graph import CHECKPOINT, FOR, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.rewrite import free_values, renew, silent
from symdiff.ir.walk import all_nodes
from symdiff.ops import REGISTRY
from symdiff.transform.activity import varied_values
from symdiff.transform.dce import eliminate_dead_code
from symdiff.transform.drawing import acts, drawn_before
from symdiff.transform.measures import Measure, longest_segment
from symdiff.transform.preparation import all_definitions

__all__ = ["MARK", "checkpoint_all", "has_budget", "in_segments", "once_more", "segment_as_function", "segment_of"]

INT = Type("int64", (), "python")
MARK = "segment"


def checkpoint_all(function: Function, memory: bool | int) -> Function:
    """A function whose loops are all to be checkpointed; with a number of bytes, those that stand in no other loop."""
    loops = _outermost(function.block) if memory is not True else ()
    chosen = {loop: max(memory // len(loops), 1) for loop in loops}
    return Function(function.name, _marked(function.block, chosen if memory is not True else None))


def _outermost(block: Block) -> list[Node]:
    """Loops that stand in no other loop."""
    found: list[Node] = []
    for node in block.nodes:
        found += [node] if node.op in (FOR, WHILE) else [n for inner in node.blocks for n in _outermost(inner)]
    return found


def _marked(block: Block, chosen: Mapping[Node, int] | None) -> Block:
    nodes = []
    for node in block.nodes:
        if node.blocks:
            memory = True if chosen is None else chosen.get(node)
            attrs = {**node.attrs, CHECKPOINT: memory} if node.op in (FOR, WHILE) and memory else node.attrs
            inner = tuple(_marked(b, chosen) for b in node.blocks)
            node = Node(node.op, node.inputs, node.outputs, attrs, inner, node.where)
        nodes.append(node)
    return Block(block.params, tuple(nodes), block.results)


def has_budget(function: Function) -> bool:
    """Whether a number of bytes bounds what a loop may keep."""
    return any(node.attrs.get(CHECKPOINT, True) is not True for node in all_nodes(function.block))


def in_segments(function: Function, wrt: Sequence[int], measures: Mapping[int, Measure]) -> Function:
    """A function whose loops that are to be checkpointed run in segments; the same object where there is none.

    Those whose results do not depend on what is differentiated by have no history, and stay.

    Parameters
    ----------
    measures : mapping
        For loops that have a number of bytes, by their number, what they keep.
    """
    if not any(CHECKPOINT in node.attrs for node in all_nodes(function.block)):
        return function
    return Function(function.name, _Cutter(function, wrt, measures).block(function.block))


class _Cutter:
    """Cuts loops into segments."""

    def __init__(self, function: Function, wrt: Sequence[int], measures: Mapping[int, Measure]) -> None:
        self.measures = measures
        self.definitions = all_definitions(function.block)
        self.varied = varied_values(function.block, [function.params[i] for i in wrt])
        self.known = {*function.params, *(d for d, _, _ in function.bound_dimensions())}
        self.count = 0

    def block(self, block: Block) -> Block:
        nodes: list[Node] = []
        for node in block.nodes:
            nodes += self.node(node) if node.blocks else [node]
            self.known.update(node.outputs)
        return Block(block.params, tuple(nodes), block.results)

    def node(self, node: Node) -> list[Node]:
        memory: Any = node.attrs.get(CHECKPOINT)
        chosen = memory is not None and any(o in self.varied for o in node.outputs)
        number, known = self.count, set(self.known)
        self.count += chosen
        attrs = {name: value for name, value in node.attrs.items() if name != CHECKPOINT}
        inner = tuple(self.block(b) for b in node.blocks)
        plain = Node(node.op, node.inputs, node.outputs, attrs, inner, node.where)
        if not chosen or not _can_be_cut(plain, memory):
            return [plain]
        build = Builder(raising=False)
        build.definitions, build.where = self.definitions, node.where
        trips = _trips(node, build)
        if memory is True:
            plain = drawn_before(plain, trips, known, build)
        if memory is True or number not in self.measures:
            return _segments(plain, number, trips, _root(trips, build), build)
        size = longest_segment(self.measures[number], trips, memory, known, build)
        return _segments(plain, number, trips, size, build)


def _can_be_cut(node: Node, memory: bool | int) -> bool:
    if node.op is WHILE:
        message = "a loop whose number of trips is not known before it runs cannot be checkpointed"
        raise located(UnsupportedSyntaxError, message, node.where, "leave checkpoint out, or write a for without break")
    if memory is not True and any(map(acts, all_nodes(node.blocks[0]))):
        message = "a number of bytes cannot bound a loop that draws random numbers, which are all kept"
        raise located(UnsupportedSyntaxError, message, node.where, "write checkpoint=True, or draw before the loop")
    return True


def _segments(node: Node, loop: int, trips: Value, size: Value, build: Builder) -> list[Node]:
    """A loop as a loop over segments of this size; with the nodes that its bounds need before it."""
    past = build.add(REGISTRY["add"], trips, size, unchecked=True)
    past = build.add(REGISTRY["subtract"], past, build.constant(1), unchecked=True)
    count = build.add(REGISTRY["floor_divide"], past, size, hint="segments", unchecked=True)
    carried = tuple(Value(o.type, o.hint, node.where) for o in node.outputs)
    outer, number = build.inner(), Value(INT, "segment", node.where)
    first = outer.add(REGISTRY["multiply"], number, size, unchecked=True)
    past = outer.add(REGISTRY["add"], first, size, unchecked=True)
    past = outer.add(REGISTRY["minimum"], past, trips)
    after = tuple(Value(o.type, o.hint, node.where) for o in node.outputs)
    inputs = (first, past, outer.constant(1), *carried)
    body = _by_number(node, outer)
    outer.append(Node(FOR, inputs, after, {MARK: loop, **node.attrs}, (body,), node.where))
    block = outer.finish((number, *carried), after)
    bounds = (build.constant(0), count, build.constant(1))
    build.append(Node(FOR, (*bounds, *node.inputs[3:]), node.outputs, node.attrs, (block,), node.where))
    return build.nodes


def _trips(node: Node, build: Builder) -> Value:
    """How many trips a ``for`` has."""
    bounds = [build.constant_of(v) for v in node.inputs[:3]]
    if None in bounds:
        return build.add(REGISTRY["range_length"], *node.inputs[:3], hint="trips")
    return build.constant(len(range(*map(int, bounds))))  # type: ignore[arg-type]


def _root(trips: Value, build: Builder) -> Value:
    """About the square root of the trips, at least 1."""
    real = build.add(REGISTRY["convert"], trips, dtype="float64", kind="numpy")
    root = build.add(
        REGISTRY["convert"], build.add(REGISTRY["sqrt"], real), dtype="int64", kind="python", unchecked=True
    )
    return build.add(REGISTRY["maximum"], root, build.constant(1), hint="size")


def _by_number(node: Node, build: Builder) -> Block:
    """The body of a loop, as a function of the number of a trip."""
    body = node.blocks[0]
    start, _, step = node.inputs[:3]
    if build.constant_of(start) == 0 and build.constant_of(step) == 1:
        return body
    inner, number = build.inner(), Value(INT, "number", node.where)
    index = inner.add(REGISTRY["multiply"], number, step, unchecked=True)
    index = inner.add(REGISTRY["add"], start, index, unchecked=True, hint=body.params[0].hint)
    mapping = {body.params[0]: index}
    nodes = renew(body.nodes, mapping)
    results = tuple(mapping.get(r, r) for r in body.results)
    return Block((number, *body.params[1:]), (*inner.nodes, *nodes), results)


def segment_of(block: Block) -> int | None:
    """The number of the loop whose segment a block runs."""
    return next((node.attrs[MARK] for node in block.nodes if MARK in node.attrs), None)


# -- in the adjoint ----------------------------------------------------------------------------------------------------


def _plain(node: Node) -> Node:
    """A segment as an ordinary loop, whose reverse keeps its history."""
    attrs = {name: value for name, value in node.attrs.items() if name != MARK}
    return Node(node.op, node.inputs, node.outputs, attrs, node.blocks, node.where)


def segment_as_function(node: Node, live: Sequence[int], moving: Sequence[Value]) -> Function:
    """A segment as a function of all it reads; the values that get a cotangent come last."""
    plain, own = _plain(node), set(moving)
    reads = [v for v in free_values([plain]) if v not in own]
    return Function("segment", Block((*reads, *moving), (plain,), tuple(node.outputs[k] for k in live)))


def once_more(
    function: Function, nodes: Sequence[Node], given: Sequence[Value], results: Sequence[Value], build: Builder
) -> list[Value]:
    """Append both sweeps of a segment to a reverse sweep: silently, as it has run before, and only what is needed."""
    made = Function(function.name, Block((*function.params, *given), silent(nodes), tuple(results)))
    mapping: dict[Value, Value] = {}
    for node in renew(eliminate_dead_code(made).block.nodes, mapping):
        build.append(node)
    return [mapping.get(r, r) for r in results]
