"""Small formulas are written where they are used, as often as that is: ``i - 1``, ``n + 1``, ``x > 0``.

Graphs share equal values; a person does not make a variable of ``i - 1``. Before printing, each mention of such a value
gets a node of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symdiff.ir.graph import CONSTANT, FOR, Block, Function, Node, Value
from symdiff.ir.rewrite import map_attrs

__all__ = ["repeat_small"]

INTEGER = frozenset({"add", "subtract", "multiply"})
COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})
MOST = 6
"""A formula mentioned more often gets a variable after all."""


def repeat_small(function: Function) -> Function:
    """The function with a node for each mention of a small formula; the same object where there is none."""
    small = _small_values(function)
    counts: dict[Value, int] = dict.fromkeys(small, 0)
    _count(function.block, counts)
    chosen = {value: small[value] for value, count in counts.items() if 2 <= count <= MOST}
    if not chosen:
        return function
    return Function(function.name, _Repeater(chosen).block(function.block))


def _small_values(function: Function) -> dict[Value, Node]:
    """Unnamed values computed by one operation from what never changes: parameters, sizes, indices and constants."""
    lasting: set[Value] = {*function.params, *(dim for dim, _, _ in function.bound_dimensions())}
    found: dict[Value, Node] = {}
    blocks = [function.block]
    while blocks:
        block = blocks.pop()
        for node in block.nodes:
            if node.op is CONSTANT:
                lasting.add(node.output)
            elif node.op is FOR:
                lasting.add(node.blocks[0].params[0])
            elif _is_small(node) and all(v in lasting for v in node.inputs):
                found[node.output] = node
            blocks.extend(node.blocks)
    return found


def _is_small(node: Node) -> bool:
    if len(node.outputs) != 1 or node.output.hint or node.output.type.shape:
        return False
    if any(v.type.shape for v in node.inputs):
        return False
    whole = node.output.type.is_integer and node.op.name in INTEGER
    return whole or node.op.name in COMPARISONS or node.op.name == "negative"


def _count(block: Block, counts: dict[Value, int]) -> None:
    for node in block.nodes:
        for value in (*node.inputs, *_short_dims(node)):
            if value in counts:
                counts[value] += 1
        for inner in node.blocks:
            _count(inner, counts)
    for value in block.results:
        if value in counts:
            counts[value] += MOST


def _short_dims(node: Node) -> Iterable[Value]:
    """Sizes among the attributes that are written out: those of arrays with one axis."""
    for value in node.attrs.values():
        if isinstance(value, Value):
            yield value
        elif isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Value):
            yield value[0]


class _Repeater:
    def __init__(self, small: dict[Value, Node]) -> None:
        self.small = small

    def block(self, block: Block) -> Block:
        nodes: list[Node] = []
        for node in block.nodes:
            nodes.extend(self.node(node))
        return Block(block.params, tuple(nodes), block.results)

    def node(self, node: Node) -> list[Node]:
        """A node, after the small formulas that it mentions."""
        blocks = tuple(self.block(b) for b in node.blocks)
        before: list[Node] = []
        inputs = tuple(self.repeated(v, before) for v in node.inputs)
        mapping: dict[Value, Any] = {v: self.repeated(v, before) for v in _short_dims(node)}
        attrs = map_attrs(node.attrs, mapping) if mapping else node.attrs
        if not before and all(a is b for a, b in zip(blocks, node.blocks, strict=True)):
            return [node]
        return [*before, Node(node.op, inputs, node.outputs, attrs, blocks, node.where)]

    def repeated(self, value: Value, before: list[Node]) -> Value:
        node = self.small.get(value)
        if node is None:
            return value
        again = Value(value.type, "", value.where)
        before.append(Node(node.op, node.inputs, (again,), node.attrs, (), node.where))
        return again
