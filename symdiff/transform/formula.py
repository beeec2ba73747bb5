"""Formulas: the scalar operations of a region apart from the graph, and the operations that might replace them.

Both are lists of rows applied to operands, as plain data: they can be written to a file, hashed and evaluated. An
operand is a pair::

    ("i", k)        the k-th input of the region
    ("n", k)        the k-th operation of the region
    ("o", k)        the k-th operation of a candidate
    ("k", "0x..")   a double
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.ops import REGISTRY
from symdiff.transform.costs import operation_cost

__all__ = [
    "Candidate",
    "Formula",
    "Operand",
    "Operation",
    "arity",
    "from_json",
    "literal",
    "number",
    "text_of",
    "to_json",
    "total_cost",
]

Operand = tuple[str, int | str]


def literal(value: float) -> Operand:
    """A double as an operand."""
    return ("k", float(value).hex())


def number(operand: Operand) -> float | None:
    """The double that an operand is, if it is one."""
    return float.fromhex(str(operand[1])) if operand[0] == "k" else None


@dataclass(frozen=True)
class Operation:
    """A row applied to operands.

    Attributes
    ----------
    raises : bool
        Whether it fails as Python does where it is not defined.
    pinned : bool
        Whether it is there in any case, so that reading its result costs nothing.
    """

    row: str
    operands: tuple[Operand, ...]
    raises: bool = False
    pinned: bool = False


@dataclass(frozen=True)
class Formula:
    """The operations of a region in order, how many inputs they read, and which of them are read outside."""

    inputs: int
    operations: tuple[Operation, ...]
    outputs: tuple[int, ...]

    def needed(self, roots: Iterable[int]) -> set[int]:
        """Operations that some others are computed from, these included."""
        found: set[int] = set()
        stack = list(roots)
        while stack:
            k = stack.pop()
            if k not in found:
                found.add(k)
                stack.extend(int(v) for kind, v in self.operations[k].operands if kind == "n")
        return found

    def paid(self, roots: Iterable[int]) -> list[Operation]:
        """The operations that some results cost: those that are not there anyway."""
        return [self.operations[k] for k in sorted(self.needed(roots)) if not self.operations[k].pinned]


@dataclass(frozen=True)
class Candidate:
    """What may replace the outputs of a formula: new operations, and an operand for each output."""

    operations: tuple[Operation, ...]
    outputs: tuple[Operand, ...]

    def reads(self) -> set[int]:
        """Operations of the formula that the candidate uses directly."""
        mentioned = [x for op in self.operations for x in op.operands]
        return {int(v) for kind, v in (*mentioned, *self.outputs) if kind == "n"}

    def paid(self, formula: Formula) -> list[Operation]:
        """The operations that it costs."""
        return [*formula.paid(self.reads()), *self.operations]


def total_cost(operations: Iterable[Operation]) -> float:
    """What operations cost together; those on literals are done when compiling."""
    return sum(operation_cost(op.row) for op in operations if any(kind != "k" for kind, _ in op.operands))


def arity(row: str) -> int:
    """How many operands an elementwise row takes."""
    return len(REGISTRY[row].domain)


# -- files -------------------------------------------------------------------------------------------------------------


def to_json(candidate: Candidate) -> dict[str, Any]:
    """A candidate as plain data."""
    operations = [[op.row, [list(x) for x in op.operands]] for op in candidate.operations]
    return {"operations": operations, "outputs": [list(x) for x in candidate.outputs]}


def from_json(data: Any, formula: Formula) -> Candidate:
    """A candidate from plain data that came from outside.

    Raises
    ------
    ValueError, TypeError, KeyError
        Where the data is not a candidate for this formula.
    """
    operations: list[Operation] = []
    for row, operands in data["operations"]:
        primitive = REGISTRY[row]
        if not primitive.elementwise or arity(row) != len(operands):
            raise ValueError(f"{row!r} does not take {len(operands)} operands")
        operations.append(Operation(row, tuple(_operand(x, formula, len(operations)) for x in operands)))
    outputs = tuple(_operand(x, formula, len(operations)) for x in data["outputs"])
    if len(outputs) != len(formula.outputs):
        raise ValueError("a candidate has as many outputs as its formula")
    return Candidate(tuple(operations), outputs)


def _operand(data: Any, formula: Formula, made: int) -> Operand:
    kind, value = data
    if kind == "k":
        return literal(float.fromhex(value))
    limit = {"i": formula.inputs, "n": len(formula.operations), "o": made}[kind]
    if type(value) is not int or not 0 <= value < limit:
        raise ValueError(f"there is no operand {kind} {value}")
    return (str(kind), value)


def text_of(formula: Formula) -> str:
    """A formula as text, the same in every process."""
    rows: Sequence[Any] = [[op.row, op.operands, op.raises, op.pinned] for op in formula.operations]
    return json.dumps([formula.inputs, rows, formula.outputs])
