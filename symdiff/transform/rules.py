"""Rewrites of single operations, by name: a closed list.

Each rule says how exact it is:

- ``exact``: the same bits for all doubles, infinities, NaN and -0.0 included (a NaN is a NaN: its sign and payload are
  nobody's business). Such a rule applies to every value.
- ``derivative``: the same up to the sign of a zero. Such a rule applies only to what nothing but derivatives depend on.

No rule reassociates, distributes or multiplies by a reciprocal, and none removes a product by zero or a quotient of
equals, which would hide a NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from symdiff.ir.graph import CONSTANT, NO_ATTRS, Node, Type, Value
from symdiff.ops import REGISTRY

__all__ = ["DERIVATIVE", "EXACT", "STABLE", "Match", "Rule", "by_row", "constant_node", "other", "replaces"]

EXACT, DERIVATIVE, STABLE = "exact", "derivative", "stable"


class Match:
    """A node that a rule looks at, with what its operands are.

    Parameters
    ----------
    node : Node
        The node.
    definitions : mapping
        The nodes before it, by the values they define.
    uses : mapping
        How often each value was read before the pass.
    loops : mapping
        The loops around the node, by their indices.

    Attributes
    ----------
    nodes : list of Node
        What the rule added.
    """

    def __init__(
        self,
        node: Node,
        definitions: Mapping[Value, Node],
        uses: Mapping[Value, int],
        loops: Mapping[Value, Node] = MappingProxyType({}),
    ) -> None:
        self.node, self.definitions, self.uses, self.loops = node, definitions, uses, loops
        self.inputs = node.inputs
        self.nodes: list[Node] = []

    def operands(self, value: Value, name: str) -> tuple[Value, ...] | None:
        """What a value is computed from, if that is by the row of this name."""
        made = self.definitions.get(value)
        return made.inputs if made is not None and made.op.name == name else None

    def only_here(self, value: Value) -> bool:
        """Whether nothing else reads a value, so that it goes when this node stops reading it."""
        return self.uses.get(value, 1) == 1

    def number(self, value: Value) -> Any:
        """The number that a value, or every element of it, is known to be; None if it is not known."""
        made = self.definitions.get(value)
        while made is not None and made.op.name in ("full", "broadcast_to", "reshape"):
            made = self.definitions.get(made.inputs[0])
        return made.attrs["value"] if made is not None and made.op is CONSTANT else None

    def is_number(self, value: Value, wanted: float) -> bool:
        """Whether a value is known to be this number; zeros are told apart by their signs."""
        number = self.number(value)
        if number is None or isinstance(number, bool | np.bool_):
            return False
        return bool(number == wanted) and math.copysign(1.0, number) == math.copysign(1.0, wanted)

    def new(self, name: str, *inputs: Value, attrs: Mapping[str, Any] = NO_ATTRS, like: Value | None = None) -> Value:
        """Add a row whose result has the type of the matched node's (or of ``like``), and which fails as that does."""
        model, row = self.node.output if like is None else like, REGISTRY[name]
        output = Value(model.type, "" if like is not None else model.hint, self.node.where)
        if row.fallible:
            attrs = {**{key: self.node.attrs[key] for key in FAILING if key in self.node.attrs}, **attrs}
        self.nodes.append(Node(row, inputs, (output,), attrs, (), self.node.where))
        return output

    def constant(self, value: Any) -> Value:
        """Add a literal."""
        node = constant_node(value, self.node)
        self.nodes.append(node)
        return node.output


FAILING = ("kind", "unchecked")
"""Attributes that say how an operation may fail."""


def constant_node(value: Any, near: Node) -> Node:
    """A literal standing for an output of ``near``: a Python number, or a NumPy scalar where that is NumPy's."""
    numpy_kind = isinstance(value, np.generic)
    type_ = Type(str(value.dtype) if numpy_kind else PYTHON_DTYPE[type(value)], (), "numpy" if numpy_kind else "python")
    return Node(CONSTANT, (), (Value(type_, near.output.hint, near.where),), {"value": value}, (), near.where)


PYTHON_DTYPE = {bool: "bool", int: "int64", float: "float64"}


@dataclass(frozen=True)
class Rule:
    """One rewrite.

    Attributes
    ----------
    name : str
        What it is called in ``.rewrites``.
    rows : tuple of str
        Rows it looks at.
    exactness : str
        ``exact``: the same bits for all doubles. ``derivative``: the same but for the sign of zeros. ``stable``: the
        same up to a few roundings, and right where the other form overflows. Only exact ones touch what is pinned.
    statement : str
        The equality, as mathematics.
    apply : callable
        From a match to the value that replaces its output, or None.
    """

    name: str
    rows: tuple[str, ...]
    exactness: str
    statement: str
    apply: Callable[[Match], Value | None]


def replaces(old: Type, new: Type, *, single_precision: bool) -> bool:
    """Whether a value of one type may stand for one of another.

    A Python float may stand for a NumPy float64: only beside float32 do they promote differently.
    """
    if old == new:
        return True
    weaker = old.kind == "numpy" and new.kind == "python" and not single_precision
    return weaker and old.dtype == new.dtype and old.dtype in ("float64", "bool") and not old.shape and not new.shape


def other(m: Match, wanted: float) -> Value | None:
    """The operand beside one that is this number."""
    a, b = m.inputs
    if m.is_number(b, wanted):
        return a
    return b if m.is_number(a, wanted) else None


def by_row(table: Iterable[Rule]) -> dict[str, tuple[Rule, ...]]:
    """Rules by the row they look at, in their order."""
    found: dict[str, list[Rule]] = {}
    for rule in table:
        for row in rule.rows:
            found.setdefault(row, []).append(rule)
    return {row: tuple(rules) for row, rules in found.items()}
