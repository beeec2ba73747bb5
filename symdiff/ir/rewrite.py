"""Substitution: the same nodes, reading other values.

Types mention values too (their dimensions), and so do some attributes, so a substitution reaches into both; a value
whose type changes becomes a new value, and joins the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from symdiff.ir.graph import ACT, Block, Dim, Node, Type, Value, dims_in

__all__ = [
    "dims_of",
    "free_values",
    "map_attrs",
    "map_type",
    "references",
    "renew",
    "silent",
    "substitute",
    "substitute_block",
]

Mapping_ = dict[Value, Value]


def map_dim(dim: Dim, mapping: Mapping[Value, Value | int]) -> Dim:
    return dim if isinstance(dim, int) else mapping.get(dim, dim)


def map_type(type_: Type, mapping: Mapping[Value, Any]) -> Type:
    """The type with its dimensions replaced; the same object where nothing changes."""
    if not any(isinstance(d, Value) and d in mapping for d in type_.shape):
        return type_
    return Type(type_.dtype, tuple(map_dim(d, mapping) for d in type_.shape), type_.kind)


def map_attrs(attrs: Mapping[str, Any], mapping: Mapping[Value, Any]) -> Mapping[str, Any]:
    """Attributes with the dimensions among them (alone or in tuples) replaced."""
    if not any(d in mapping for d in dims_in(attrs)):
        return attrs
    return {name: _map_attr(value, mapping) for name, value in attrs.items()}


def _map_attr(value: Any, mapping: Mapping[Value, Any]) -> Any:
    if isinstance(value, Value):
        return mapping.get(value, value)
    if isinstance(value, tuple):
        return tuple(_map_attr(v, mapping) for v in value)
    return value


def dims_of(node: Node) -> list[Value]:
    """Values a node mentions as sizes: in the types of its outputs and in its attributes."""
    found = [d for output in node.outputs for d in output.type.shape if isinstance(d, Value)]
    return found + dims_in(node.attrs) if node.attrs else found


def references(node: Node) -> Iterator[Value]:
    """Every value a node mentions, also inside its blocks; those defined inside included."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield from current.inputs
        yield from dims_of(current)
        for block in current.blocks:
            for param in block.params:
                yield from (d for d in param.type.shape if isinstance(d, Value))
            stack.extend(reversed(block.nodes))
            yield from block.results


def definitions(node: Node) -> Iterator[Value]:
    """Every value a node defines, also inside its blocks."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield from current.outputs
        for block in current.blocks:
            yield from block.params
            stack.extend(block.nodes)


def free_values(nodes: Iterable[Node], results: Iterable[Value] = ()) -> dict[Value, None]:
    """Values mentioned but not defined by the nodes, in order of first mention."""
    nodes = list(nodes)
    defined = {v for n in nodes for v in definitions(n)}
    found: dict[Value, None] = {}
    for node in nodes:
        found.update((v, None) for v in references(node) if v not in defined)
    found.update((v, None) for v in results if v not in defined)
    return found


def substitute(nodes: Iterable[Node], mapping: Mapping_) -> list[Node]:
    """Nodes reading replaced values. Outputs whose types change are new values, added to ``mapping``."""
    return [_substitute_node(node, mapping) for node in nodes]


def _substitute_node(node: Node, mapping: Mapping_) -> Node:
    inputs = tuple(mapping.get(v, v) for v in node.inputs)
    attrs = map_attrs(node.attrs, mapping)
    blocks = tuple(substitute_block(b, mapping) for b in node.blocks)
    outputs = tuple(_renewed(v, mapping) for v in node.outputs)
    same = inputs == node.inputs and attrs is node.attrs and outputs == node.outputs
    if same and all(a is b for a, b in zip(blocks, node.blocks, strict=True)):
        return node
    return Node(node.op, inputs, outputs, attrs, blocks, node.where)


def substitute_block(block: Block, mapping: Mapping_) -> Block:
    """A block reading replaced values; the same object where nothing changes."""
    params = tuple(_renewed(p, mapping) for p in block.params)
    nodes = substitute(block.nodes, mapping)
    results = tuple(mapping.get(r, r) for r in block.results)
    same = params == block.params and results == block.results
    if same and all(a is b for a, b in zip(nodes, block.nodes, strict=True)):
        return block
    return Block(params, tuple(nodes), results)


def _renewed(value: Value, mapping: Mapping_) -> Value:
    type_ = map_type(value.type, mapping)
    if type_ is value.type:
        return value
    mapping[value] = Value(type_, value.hint, value.where)
    return mapping[value]


# -- copies ------------------------------------------------------------------------------------------------------------


def renew(nodes: Iterable[Node], mapping: Mapping_) -> list[Node]:
    """Copies of nodes, which define values of their own; what became of each value joins the mapping."""
    return [_renew_node(node, mapping) for node in nodes]


def _renew_node(node: Node, mapping: Mapping_) -> Node:
    inputs = tuple(mapping.get(v, v) for v in node.inputs)
    attrs = map_attrs(node.attrs, mapping)
    blocks = tuple(_renew_block(b, mapping) for b in node.blocks)
    outputs = _copies(node.outputs, mapping)
    return Node(node.op, inputs, outputs, attrs, blocks, node.where)


def _renew_block(block: Block, mapping: Mapping_) -> Block:
    params = _copies(block.params, mapping)
    nodes = renew(block.nodes, mapping)
    return Block(params, tuple(nodes), tuple(mapping.get(r, r) for r in block.results))


def _copies(values: tuple[Value, ...], mapping: Mapping_) -> tuple[Value, ...]:
    """New values; sizes first, for the types of the others may mention them."""
    for value in sorted(values, key=lambda v: bool(v.type.shape)):
        mapping[value] = Value(map_type(value.type, mapping), value.hint, value.where)
    return tuple(mapping[v] for v in values)


# -- effects -----------------------------------------------------------------------------------------------------------


def silent(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The nodes without the user's effects: for what computes again what has shown them already."""
    return tuple(_silent_node(node) for node in nodes if node.op is not ACT)


def _silent_node(node: Node) -> Node:
    blocks = tuple(Block(b.params, silent(b.nodes), b.results) for b in node.blocks)
    same = all(len(a.nodes) == len(b.nodes) for a, b in zip(blocks, node.blocks, strict=True))
    if same and all(
        x is y for a, b in zip(blocks, node.blocks, strict=True) for x, y in zip(a.nodes, b.nodes, strict=True)
    ):
        return node
    return Node(node.op, node.inputs, node.outputs, node.attrs, blocks, node.where)
