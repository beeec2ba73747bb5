"""One type for the two that meet where paths do."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.core import Parser
from symdiff.frontend.scope import Scope
from symdiff.ir.graph import Type, Value

__all__ = ["Conflict", "convert_to", "join_types", "scalar_of"]


class Conflict(Exception):
    """Two types have no common one."""


def scalar_of(a: Type, b: Type, known_a: Any = None, known_b: Any = None) -> Type:
    """Common type of two scalars, or of the elements of two arrays.

    Ints and floats join to floats, Python's scalars and NumPy's to NumPy's. A Python float is a double: beside a
    float32 it is accepted only where its value is known and the same in single precision.
    """
    kind = "python" if a.kind == b.kind == "python" else "numpy"
    if a.dtype == b.dtype:
        return Type(a.dtype, (), kind)
    if a.kind == b.kind == "python":
        return Type("float64" if "float64" in (a.dtype, b.dtype) else "int64", (), kind)
    if a.kind != "python" and b.kind != "python":
        if "bool" in (a.dtype, b.dtype) or a.is_float == b.is_float:
            raise Conflict
        return Type(str(np.promote_types(a.dtype, b.dtype)), (), kind)
    weak, strong, known = (a, b, known_a) if a.kind == "python" else (b, a, known_b)
    if strong.dtype == "bool" or weak.dtype == "bool":
        raise Conflict
    if weak.is_float and not strong.is_float:
        return Type("float64", (), kind)
    if strong.dtype in ("float64", "int64") or (known is not None and _fits(known, strong.dtype)):
        return Type(strong.dtype, (), kind)
    raise Conflict


def _fits(known: Any, dtype: str) -> bool:
    try:
        return bool(np.dtype(dtype).type(known) == known) or known != known
    except OverflowError:
        return False


def join_types(build: Scope, a: Type, b: Type, known_a: Any = None, known_b: Any = None) -> Type:
    """Common type of two values; its sizes are those of the first.

    Raises
    ------
    Conflict
        When there is none, or when a size of the first is known only inside a block.
    """
    if a.kind == "stack" or b.kind == "stack":
        if a != b:
            raise Conflict
        return a
    if not a.shape and not b.shape:
        return scalar_of(a, b, known_a, known_b)
    if a.rank != b.rank or a.dtype != b.dtype:
        raise Conflict
    for left, right in zip(a.shape, b.shape, strict=True):
        if isinstance(left, int) and isinstance(right, int) and left != right:
            raise Conflict
    if not all(build.sees(dim) for dim in (*a.shape, *b.shape)):
        raise Conflict
    return Type(a.dtype, a.shape, "numpy")


def convert_to(p: Parser, value: Value, type_: Type) -> Value:
    """A scalar as one of another type; arrays stay as they are."""
    if type_.shape or (value.type.dtype == type_.dtype and value.type.kind == type_.kind):
        return value
    known = p.build.constant_of(value)
    if known is not None and type_.kind == "python":
        return p.constant({"float64": float, "int64": int, "bool": bool}[type_.dtype](known))
    return p.emit("convert", value, dtype=type_.dtype, kind=type_.kind)
