"""Stacks that belong together: all the names one stack goes by as it is pushed to, popped from and carried along."""

from __future__ import annotations

from collections.abc import Iterator

from symdiff.ir.graph import FOR, IF, WHILE, Block, Node, Value
from symdiff.ir.walk import all_nodes
from symdiff.transform.activity import can_vary, carried

__all__ = ["stacks_that_vary"]


def stacks_that_vary(block: Block, varied: set[Value]) -> list[Value]:
    """The new stacks that something varied is pushed to sooner or later.

    A stack of tangents must be as high as that of the values, so it is there from the start.
    """
    parent: dict[Value, Value] = {}

    def root(value: Value) -> Value:
        while value in parent:
            value = parent[value]
        return value

    made: list[Value] = []
    for node in all_nodes(block):
        if node.op.name == "new_stack":
            made += [o for o in node.outputs if can_vary(o)]
        for a, b in _same(node):
            first, second = root(a), root(b)
            if first is not second:
                parent[first] = second
    alive = {root(v) for v in varied if v.type.kind == "stack"}
    return [v for v in made if root(v) in alive]


def _same(node: Node) -> Iterator[tuple[Value, Value]]:
    """Pairs of values of which one is the other, somewhat later."""
    pairs: list[tuple[Value, Value]] = []
    if node.op.name in ("push", "pop"):
        pairs.append((node.inputs[0], node.outputs[0]))
    elif node.op is IF:
        pairs += [pair for b in node.blocks for pair in zip(b.results, node.outputs, strict=True)]
    elif node.op is FOR or node.op is WHILE:
        initials, params = carried(node)
        for others in (initials, node.blocks[-1].results, node.outputs):
            pairs += zip(others, params, strict=True)
    yield from ((a, b) for a, b in pairs if a.type.kind == "stack")
