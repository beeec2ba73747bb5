"""Calls of functions given by a SymPy expression: its operations are put where the call stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, ListObject, Tuple
from symdiff.frontend.core import Parser
from symdiff.frontend.operators import as_array
from symdiff.ir.graph import Value
from symdiff.symbolic import SymbolicPrimitive

__all__ = ["call_symbolic"]


def call_symbolic(
    p: Parser, found: SymbolicPrimitive, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    """The result of a call, with NumPy's meaning of each operation."""
    count = len(found.symbols)
    if kwargs or len(args) != count:
        p.refuse(LocatedTypeError, f"{found.name} takes {count} arguments by position, not {len(args) + len(kwargs)}")

    def apply(row: str, *operands: Any, **attrs: Any) -> Value:
        values = [x if isinstance(x, Value) else p.constant(x) for x in operands]
        return p.emit(row, *values, kind="numpy", **attrs)

    return p.wrap(found.steps.run(apply, [_operand(p, item) for item in args]))


def _operand(p: Parser, item: Abstract) -> Value:
    value = p.value(as_array(p, item) if isinstance(item, Tuple | ListObject) else item)
    return value if value.type.is_float else p.emit("convert", value, dtype="float64", kind="numpy")
