"""Integers of a vector loop that run in step with its index, and the scalar arithmetic that keeps them so."""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from .context import I64
from .llvm_state import Value


@dataclass(frozen=True)
class Affine:
    """An i64 whose lane ``l`` is ``base + l * stride``."""

    base: Value
    stride: Value


Lanes = Affine | Value


def is_uniform(value: Lanes) -> bool:
    """Whether a value is one scalar for all lanes."""
    return not isinstance(value, Affine) and not isinstance(value.type, ir.VectorType)


def is_number(value: Value, number: int) -> bool:
    """Whether a value is this constant."""
    return isinstance(value, ir.Constant) and bool(value.constant == number)


def add(builder: ir.IRBuilder, a: Value, b: Value) -> Value:
    """Return the sum of two scalars, folded where it is known."""
    if isinstance(a, ir.Constant) and isinstance(b, ir.Constant):
        return I64(a.constant + b.constant)
    if is_number(a, 0):
        return b
    return a if is_number(b, 0) else builder.add(a, b)


def multiply(builder: ir.IRBuilder, a: Value, b: Value) -> Value:
    """Return the product of two scalars, folded where it is known."""
    if isinstance(a, ir.Constant) and isinstance(b, ir.Constant):
        return I64(a.constant * b.constant)
    if is_number(a, 1):
        return b
    return a if is_number(b, 1) else builder.mul(a, b)


def affine_op(builder: ir.IRBuilder, op: str, a: Lanes, b: Lanes) -> Affine | None:
    """Return ``a op b`` where one of them is affine and the result is too, else None."""
    lines = [value for value in (a, b) if isinstance(value, Affine)]
    if not lines or not all(isinstance(value, Affine) or is_uniform(value) for value in (a, b)):
        return None
    if op in ("add", "sub"):
        left, right = (value if isinstance(value, Affine) else Affine(value, I64(0)) for value in (a, b))
        if op == "sub":
            right = _scaled(builder, right, I64(-1))
        return Affine(add(builder, left.base, right.base), add(builder, left.stride, right.stride))
    if op == "mul" and len(lines) == 1:
        return _scaled(builder, lines[0], b if a is lines[0] else a)
    return None


def _scaled(builder: ir.IRBuilder, line: Affine, factor: Value) -> Affine:
    return Affine(multiply(builder, line.base, factor), multiply(builder, line.stride, factor))
