"""A walk that copies a graph node by node into a builder, for passes that say what becomes of a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import FOR, IF, REQUIRE_EQUAL, TRY, WHILE, Block, Dim, Function, Node, Type, Value

__all__ = ["Keeper", "Rebuilder", "was_raising"]


def was_raising(node: Node) -> bool:
    """Whether an operation was built as one that raises as Python does (on other operands it makes no difference)."""
    all_python = bool(node.inputs) and all(v.type.kind == "python" for v in node.inputs)
    return not (all_python and any(o.type.kind != "python" for o in node.outputs))


class Keeper(Builder):
    """A builder that also takes finished nodes, and shares equal ones among them."""

    def inner(self) -> Keeper:
        return Keeper(self)

    def keep(self, node: Node) -> tuple[Value, ...]:
        """Append a node unless an equal one is visible; return its outputs."""
        self.raising, before = was_raising(node), self.raising
        key = self._key(node.op, node.inputs, node.attrs)
        self.raising = before
        if key is not None and (known := self._find(key)):
            return known
        self.append(node)
        if key is not None:
            self._equal[key] = node.outputs
        return node.outputs


class Rebuilder:
    """Copies a function; a subclass overrides `row` (and `require`) to change what it copies.

    Attributes
    ----------
    mapping : dict
        What became of each value of the old graph.
    """

    def __init__(self) -> None:
        self.mapping: dict[Value, Value] = {}

    def row(self, build: Keeper, node: Node) -> Sequence[Value]:
        """Copy an operation (given with its inputs and attributes already mapped); return its outputs."""
        return build.keep(node)

    def require(self, build: Keeper, node: Node) -> None:
        """Copy a check of two sizes."""
        build.append(node)

    # -- the walk ------------------------------------------------------------------------------------------------------

    def function(self, function: Function) -> Function:
        """The rebuilt function."""
        build = Keeper()
        self.enter(build, function)
        return Function(function.name, self.block(build, function.block))

    def enter(self, build: Keeper, function: Function) -> None:
        """Called before the body of the function is copied."""

    def block(self, build: Keeper, block: Block) -> Block:
        """Copy a block into a builder made for it."""
        params = [self.renewed(build, p) for p in block.params]
        self.nodes(build, block.nodes)
        return build.finish(params, [self.value(r) for r in block.results])

    def nodes(self, build: Keeper, nodes: Sequence[Node]) -> None:
        """Copy nodes, in order."""
        for node in nodes:
            build.where = node.where
            if node.op in (IF, FOR, WHILE, TRY):
                self.structured(build, node)
            elif node.op is REQUIRE_EQUAL:
                self.require(build, Node(node.op, self.values(node.inputs), (), node.attrs, (), node.where))
            else:
                self.finish(node, self.row(build, self.mapped(build, node)))

    def finish(self, node: Node, outputs: Sequence[Value]) -> None:
        """Note what the outputs of a node became."""
        for old, new in zip(node.outputs, outputs, strict=True):
            if old is not new:
                self.mapping[old] = new

    def structured(self, build: Keeper, node: Node) -> None:
        """Copy an ``if``, ``for`` or ``while``."""
        blocks = tuple(self.block(build.inner(), b) for b in node.blocks)
        outputs = tuple(self.renewed(build, o) for o in node.outputs)
        build.append(Node(node.op, self.values(node.inputs), outputs, node.attrs, blocks, node.where))

    # -- values --------------------------------------------------------------------------------------------------------

    def value(self, value: Value) -> Value:
        return self.mapping.get(value, value)

    def values(self, values: Sequence[Value]) -> tuple[Value, ...]:
        return tuple(self.mapping.get(v, v) for v in values)

    def dim(self, build: Builder, dim: Dim) -> Dim:
        return dim if isinstance(dim, int) else build.dim(self.value(dim))

    def type(self, build: Builder, type_: Type) -> Type:
        """A type with its dimensions mapped; the same object where nothing changes."""
        shape = tuple(self.dim(build, d) for d in type_.shape)
        return type_ if all(a is b for a, b in zip(shape, type_.shape, strict=True)) else type_.with_shape(shape)

    def renewed(self, build: Builder, value: Value) -> Value:
        """A value whose type has its dimensions mapped; the same value where nothing changes."""
        type_ = self.type(build, value.type)
        if type_ is value.type:
            return value
        self.mapping[value] = Value(type_, value.hint, value.where)
        return self.mapping[value]

    def mapped(self, build: Builder, node: Node) -> Node:
        """A node without blocks whose inputs, attributes and types are mapped."""
        inputs = self.values(node.inputs)
        attrs = self.attrs(build, node.attrs)
        outputs = tuple(self.renewed(build, o) for o in node.outputs)
        if inputs == node.inputs and attrs is node.attrs and outputs == node.outputs:
            return node
        return Node(node.op, inputs, outputs, attrs, (), node.where)

    def attrs(self, build: Builder, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        mapped = {name: self._attr(build, value) for name, value in attrs.items()}
        return attrs if all(mapped[name] is value for name, value in attrs.items()) else mapped

    def _attr(self, build: Builder, value: Any) -> Any:
        if isinstance(value, Value):
            return self.dim(build, value)
        if isinstance(value, tuple) and any(isinstance(item, Value) for item in value):
            mapped = tuple(self._attr(build, item) for item in value)
            return value if all(a is b for a, b in zip(mapped, value, strict=True)) else mapped
        return value
