"""Quotients and remainders as Python and NumPy define them, as LLVM IR."""

from __future__ import annotations

from llvmlite import ir

from .lanes import Value, constant, is_float, overloaded

__all__ = ["ffloordiv", "floordiv", "fmod", "fremainder", "mod"]


def fmod(builder: ir.IRBuilder, a: Value, b: Value) -> Value:
    """C's remainder, which has the sign of the dividend."""
    return builder.frem(a, b)


def _signs_differ(builder: ir.IRBuilder, remainder: Value, divisor: Value) -> Value:
    """Where a remainder is not zero and has another sign than the divisor."""
    zero = constant(remainder, 0)
    if is_float(remainder):
        negative = builder.fcmp_ordered("<", remainder, zero), builder.fcmp_ordered("<", divisor, zero)
        return builder.and_(builder.fcmp_unordered("!=", remainder, zero), builder.xor(*negative))
    opposite = builder.icmp_signed("<", builder.xor(remainder, divisor), zero)
    return builder.and_(builder.icmp_signed("!=", remainder, zero), opposite)


def fremainder(builder: ir.IRBuilder, a: Value, b: Value) -> Value:
    """Python's remainder of floats, which has the sign of the divisor."""
    rest = builder.frem(a, b)
    moved = builder.select(_signs_differ(builder, rest, b), builder.fadd(rest, b), rest)
    zero = overloaded(builder, "copysign", constant(a, 0), b)
    return builder.select(builder.fcmp_ordered("==", rest, constant(a, 0)), zero, moved)


def ffloordiv(builder: ir.IRBuilder, a: Value, b: Value) -> Value:
    """NumPy's floor division: exact about which side of an integer the quotient lies on."""
    zero = constant(a, 0)
    rest = builder.frem(a, b)
    quotient = builder.fdiv(builder.fsub(a, rest), b)
    below = builder.fsub(quotient, constant(a, 1))
    quotient = builder.select(_signs_differ(builder, rest, b), below, quotient)
    floor = overloaded(builder, "floor", quotient)
    short = builder.fcmp_ordered(">", builder.fsub(quotient, floor), constant(a, 0.5))
    floor = builder.select(short, builder.fadd(floor, constant(a, 1)), floor)
    plain = builder.fdiv(a, b)
    signed_zero = overloaded(builder, "copysign", zero, plain)
    result = builder.select(builder.fcmp_ordered("==", quotient, zero), signed_zero, floor)
    return builder.select(builder.fcmp_ordered("==", b, zero), plain, result)


def _divide(builder: ir.IRBuilder, a: Value, b: Value) -> tuple[Value, Value, Value]:
    """Return truncated quotient and remainder, and where the divisor is zero.

    The machine traps on a zero divisor and on -2**63 / -1, and lanes without an element divide too: both cases divide
    by one instead, and are put right afterwards.
    """
    zero, one, minus = (constant(b, n) for n in (0, 1, -1))
    is_zero = builder.icmp_signed("==", b, zero)
    is_minus = builder.icmp_signed("==", b, minus)
    safe = builder.select(builder.or_(is_zero, is_minus), one, b)
    quotient = builder.select(is_minus, builder.neg(a), builder.sdiv(a, safe))
    return builder.select(is_zero, zero, quotient), builder.srem(a, safe), is_zero


def floordiv(builder: ir.IRBuilder, a: Value, b: Value) -> Value:
    """Python's quotient of integers, rounded down; 0 where the divisor is."""
    quotient, rest, _ = _divide(builder, a, b)
    return builder.select(_signs_differ(builder, rest, b), builder.sub(quotient, constant(a, 1)), quotient)


def mod(builder: ir.IRBuilder, a: Value, b: Value) -> Value:
    """Python's remainder of integers."""
    _, rest, _ = _divide(builder, a, b)
    return builder.select(_signs_differ(builder, rest, b), builder.add(rest, b), rest)
