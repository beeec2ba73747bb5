"""The graph every stage speaks: structured SSA over scalars and arrays.

The whole grammar::

    function ::= name block
    block    ::= params nodes results
    node     ::= outputs = op inputs {attributes} [blocks]

Only a handful of operations are structural; everything else is a row of :mod:`symdiff.ops`::

    outputs = IF condition [then, otherwise]          blocks without params; their results are the outputs
    outputs = FOR start stop step initials... [body]  body.params = index, carried...; body.results = carried...
              {reversed}                              the same range, last index first
              {checkpoint}                            a reverse sweep keeps the history of one segment
    outputs = WHILE initials... [test, body]          both have the carried values as params; test has one result
    number  = TRY {clauses} [body]          0 if the body can be run to its end, else the number of the clause that
                                            catches its exception; the body gives nothing besides
    value   = CONSTANT {value}
              ACT values... {site}                    an effect: a statement of the user's, which raises or shows
              REQUIRE_EQUAL size size {message}       an effect: the sizes must be equal, or a ShapeError is raised

A value is defined once. A block may read the values of the blocks around it. A dimension of a type is a Python int or
a scalar integer *value of the graph* (so shapes are symbols, and one graph serves all sizes). A dimension that first
appears in the type of a function's parameter is bound by it. A dimension that is a value is 0 or at least 2 when it
is bound by a parameter (size 1 is a different type, because it broadcasts); a derived one may be 1, and is guarded
where it broadcasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from symdiff.errors import Location

__all__ = [
    "ACT",
    "CHECKPOINT",
    "CONSTANT",
    "FOR",
    "IF",
    "NO_ATTRS",
    "REQUIRE_EQUAL",
    "TRY",
    "WHILE",
    "Block",
    "Dim",
    "Function",
    "Node",
    "Op",
    "Type",
    "Value",
    "dims_in",
]

NO_ATTRS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Type:
    """What is known of a value before running.

    Attributes
    ----------
    dtype : str
        NumPy's name: ``float64``, ``float32``, ``int64``, ``int32`` or ``bool``.
    shape : tuple of Dim
        One entry an axis; empty for scalars.
    kind : str
        ``python`` (a Python scalar: weak in promotion, raises as Python does), ``numpy`` (an array or NumPy scalar), or
        ``stack`` (a last-in-first-out store of values of this dtype and shape, used by reverse sweeps of ragged loops).
    """

    dtype: str
    shape: tuple[Dim, ...] = ()
    kind: str = "numpy"

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_float(self) -> bool:
        return self.dtype.startswith("float")

    @property
    def is_integer(self) -> bool:
        return self.dtype.startswith("int")

    @property
    def is_array(self) -> bool:
        return bool(self.shape)

    def with_shape(self, shape: tuple[Dim, ...]) -> Type:
        kind = "numpy" if shape and self.kind == "python" else self.kind
        return Type(self.dtype, shape, kind)


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """One value, defined once; compared by identity.

    ``hint`` is the user's name for it (or a designed one such as ``x_bar``), used when printing.
    """

    type: Type
    hint: str = ""
    where: Location | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<{self.hint or 'value'}: {self.type.dtype}{list(self.type.shape) if self.type.shape else ''}>"


Dim = int | Value


class Op:
    """What a node does. Rows of :mod:`symdiff.ops` derive from it; the structural operations are its plain
    instances.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


IF = Op("if")
FOR = Op("for")
WHILE = Op("while")
CONSTANT = Op("constant")
ACT = Op("act")
TRY = Op("try")
CHECKPOINT = "checkpoint"
REQUIRE_EQUAL = Op("require_equal")


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """``outputs = op inputs {attrs} [blocks]``, at a place in the user's source."""

    op: Op
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    attrs: Mapping[str, Any] = field(default_factory=lambda: NO_ATTRS)
    blocks: tuple[Block, ...] = ()
    where: Location | None = field(default=None, repr=False)

    @property
    def output(self) -> Value:
        (value,) = self.outputs
        return value


def dims_in(attrs: Mapping[str, Any]) -> list[Value]:
    """The values among attributes, alone or in tuples: they are sizes."""
    found = []
    for value in attrs.values():
        if isinstance(value, Value):
            found.append(value)
        elif isinstance(value, tuple):
            found += [item for item in value if isinstance(item, Value)]
    return found


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Parameters, nodes in order, results."""

    params: tuple[Value, ...]
    nodes: tuple[Node, ...]
    results: tuple[Value, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """A named block. Its results are flat; how they form what Python gets is known to the caller."""

    name: str
    block: Block

    @property
    def params(self) -> tuple[Value, ...]:
        return self.block.params

    @property
    def results(self) -> tuple[Value, ...]:
        return self.block.results

    def bound_dimensions(self) -> Iterator[tuple[Value, Value, int]]:
        """Yield ``(dimension, parameter, axis)`` for each dimension bound by a parameter, at its first appearance."""
        seen: set[Value] = set()
        for param in self.params:
            for axis, dim in enumerate(param.type.shape):
                if isinstance(dim, Value) and dim not in seen and dim not in self.params:
                    seen.add(dim)
                    yield dim, param, axis
