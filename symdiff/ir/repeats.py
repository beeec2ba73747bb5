"""Small formulas are written where they are used, as often as that is: ``i - 1``, ``n + 1``, ``x > 0``.

Graphs share equal values; a person does not make a variable of ``i - 1``. Before printing, each mention of such a value
gets a node of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symdiff.ir.graph import ACT, CONSTANT, FOR, TRY, Block, Function, Node, Value
from symdiff.ir.rewrite import dims_of, map_attrs
from symdiff.ir.walk import all_blocks, all_nodes

__all__ = ["place_of", "repeat_small"]

INTEGER = frozenset({"add", "subtract", "multiply"})
COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})
SUBSCRIPTS = {"index": 1, "put": 2, "accumulate_at": 2}
"""What reads and stores, and the number of operands before the subscript."""
MOST = 6
"""A formula mentioned more often gets a variable after all."""


def repeat_small(function: Function) -> Function:
    """The function with a node for each mention of a small formula; the same object where there is none."""
    small = _small_values(function)
    counts: dict[Value, int] = dict.fromkeys(small, 0)
    _count(function.block, counts)
    chosen = {value: small[value] for value, count in counts.items() if 2 <= count <= MOST}
    chosen.update(_places(function))
    if not chosen:
        return function
    return Function(function.name, _Repeater(chosen).block(function.block))


def _small_values(function: Function) -> dict[Value, Node]:
    """Unnamed values computed by one operation from what never changes: parameters, sizes, indices and constants.

    A sign is written wherever it is mentioned: it often makes a difference of a sum, or ``-=`` of ``+=``.
    """
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
            elif _is_small(node) and (node.op.name == "negative" or all(v in lasting for v in node.inputs)):
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


def _places(function: Function) -> dict[Value, Node]:
    """Places in lists that are subscripts wherever they are mentioned, also where they are computed.

    Such a subscript fails where the place is outside, so nothing else need look whether it is.
    """
    found: dict[Value, Node] = {}
    here: set[Value] = set()
    if any(node.op is ACT or node.op is TRY for node in all_nodes(function.block)):
        return found
    for block in (function.block, *all_blocks(function.block)):
        own = {n.output: n for n in block.nodes if n.op.name == "list_position" and not n.output.hint}
        found.update(own)
        for node in block.nodes:
            here.update(v for v in place_of(node) if v in own)
    for node in all_nodes(function.block):
        others = list(node.inputs)
        for value in place_of(node):
            others.remove(value)
        for value in (*others, *dims_of(node)):
            found.pop(value, None)
    for block in (function.block, *all_blocks(function.block)):
        for value in block.results:
            found.pop(value, None)
    return {value: node for value, node in found.items() if value in here}


def place_of(node: Node) -> tuple[Value, ...]:
    """The first subscript of a read or store, if that is an integer."""
    skip = SUBSCRIPTS.get(node.op.name)
    if skip is None or node.attrs["index"][0] != ("int",):
        return ()
    return node.inputs[skip : skip + 1]


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
        if node.op.name == "list_position" and node.output in self.small:
            return []
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
