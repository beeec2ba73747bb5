"""The builder of the front end: it knows in which block a value lives, and computes sizes as far out as it can.

Both branches of an ``if`` may make an array of ``n - 1`` elements. Were each to compute the size for itself, the two
arrays would have different shapes; so the nodes that infer a shape are built in the outermost block that sees what they
read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, Dim, Node, Value
from symdiff.ops.kinks import SLOPE

__all__ = ["NO_SLOPES", "Scope"]

NO_SLOPES: Mapping[str, float] = MappingProxyType({})

SIZE_ROWS = frozenset(
    {"add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "negative", "range_length", "where", "less"}
    | {"greater_equal"}
)


class Scope(Builder):
    """A `Builder` with the block of each value; see there."""

    parent: Scope | None

    def __init__(self, parent: Scope | None = None, slopes: Mapping[str, float] = NO_SLOPES) -> None:
        super().__init__(parent)
        self.depth: int = parent.depth + 1 if parent else 0
        self.homes: dict[Value, Scope] = parent.homes if parent else {}
        self.slopes: Mapping[str, float] = parent.slopes if parent else slopes
        """The slopes at kinks that were chosen, by the name of the convention."""
        self.assumed: list[tuple[Value, bool]] = []
        """Truth values that are known from here on in this block: where they are otherwise, an exception was raised."""
        self._sizing = 0

    def assumptions(self) -> list[tuple[Value, bool]]:
        """What is assumed in this block and in those around."""
        found = list(self.assumed)
        scope = self.parent
        while scope is not None:
            found += scope.assumed
            scope = scope.parent
        return found

    def inner(self) -> Scope:
        return Scope(self)

    def adopt(self, params: Iterable[Value]) -> None:
        """Values that the owner of the block defines: an index, what a loop carries."""
        for value in params:
            self.homes[value] = self

    def append(self, node: Node) -> Node:
        slope = self.slopes.get(getattr(node.op, "kink", None) or "")
        if slope is not None and node.outputs[0].type.is_float:
            node = Node(node.op, node.inputs, node.outputs, {**node.attrs, SLOPE: slope}, node.blocks, node.where)
        for output in node.outputs:
            self.homes[output] = self
        return super().append(node)

    def add_many(self, op: Any, inputs: Sequence[Value], attrs: Mapping[str, Any], hint: str = "") -> tuple[Value, ...]:
        """Append a node; one that computes a size goes to the outermost block that sees its operands."""
        if self._sizing and op.name in SIZE_ROWS:
            target = self._outermost(inputs)
            if target is not self:
                return target._add_size(op, inputs, attrs, hint, self)
        self._sizing += 1
        try:
            return super().add_many(op, inputs, attrs, hint)
        finally:
            self._sizing -= 1

    def _outermost(self, inputs: Sequence[Value]) -> Scope:
        """The outermost block that sees all of these values; known ints are seen everywhere."""
        depth = max((self._depth_of(v) for v in inputs if self.constant_of(v) is None), default=0)
        scope = self
        while scope.depth > depth and scope.parent is not None:
            scope = scope.parent
        return scope

    def _depth_of(self, value: Value) -> int:
        home = self.homes.get(value)
        return home.depth if home is not None else 0

    def _add_size(
        self, op: Any, inputs: Sequence[Value], attrs: Mapping[str, Any], hint: str, asked: Scope
    ) -> tuple[Value, ...]:
        own = []
        for value in inputs:
            known = self.constant_of(value)
            own.append(value if known is None else self.constant(known))
        before, self.where = self.where, asked.where
        try:
            return super().add_many(op, own, attrs, hint)
        finally:
            self.where = before

    # -- moving between blocks -----------------------------------------------------------------------------------------

    def sees(self, dim: Dim) -> bool:
        """Whether a size is known in this block, not only in a block inside it."""
        if not isinstance(dim, Value):
            return True
        scope: Scope | None = self
        home = self.homes.get(dim)
        while scope is not None and home is not None:
            if scope is home:
                return True
            scope = scope.parent
        return home is None

    def hoist(self, dim: Dim) -> Dim:
        """A size, computed in the outermost block possible; the same size where it must stay."""
        node = self.definitions.get(dim) if isinstance(dim, Value) else None
        if node is None or node.op.name not in SIZE_ROWS or len(node.outputs) != 1:
            return dim
        inputs = [self.size(self.hoist(v)) for v in node.inputs]
        if not all(self.sees(v) for v in inputs):
            return dim
        if any(self.definitions.get(v) is not None and self.definitions[v].op is CONSTANT for v in inputs):
            inputs = [self.constant(self.constant_of(v)) if self.constant_of(v) is not None else v for v in inputs]
        target = self._outermost(inputs)
        home = self.homes.get(node.output)
        if home is not None and home.depth <= target.depth:
            return dim
        return target._add_size(node.op, inputs, node.attrs, node.output.hint, self)[0]

    def absorb(self, inner: Scope) -> None:
        """Take over the nodes of a block that turned out not to need one."""
        for node in inner.nodes:
            self.append(node)
        self.assumed += inner.assumed
        for key, outputs in inner._equal.items():
            self._equal.setdefault(key, outputs)
