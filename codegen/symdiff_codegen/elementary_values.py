"""Arithmetic on scalars and vectors of doubles with Python operators, each emitting LLVM instructions.

The elementary functions are formulas; written against an `ir.IRBuilder` they would drown in calls. `Real`, `Bits` and
`Mask` wrap a double, its 64-bit integer pattern and a condition, for one value or for every lane of a vector alike.
Each operator emits exactly one IEEE operation: nothing here reassociates, so error-free transformations keep their
meaning.
"""

from __future__ import annotations

import dataclasses
import struct

from llvmlite import ir

from .context import I64
from .lanes import DOUBLE, overloaded, shaped, splat


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Real:
    """A double, or a vector of them."""

    builder: ir.IRBuilder
    value: ir.Value

    def const(self, value: float) -> Real:
        """Return a constant of the same shape."""
        return Real(self.builder, splat(self.value.type, value))

    def _other(self, other: Real | float) -> ir.Value:
        return other.value if isinstance(other, Real) else splat(self.value.type, other)

    def __add__(self, other: Real | float) -> Real:
        return Real(self.builder, self.builder.fadd(self.value, self._other(other)))

    def __radd__(self, other: float) -> Real:
        return self.const(other) + self

    def __sub__(self, other: Real | float) -> Real:
        return Real(self.builder, self.builder.fsub(self.value, self._other(other)))

    def __rsub__(self, other: float) -> Real:
        return self.const(other) - self

    def __mul__(self, other: Real | float) -> Real:
        return Real(self.builder, self.builder.fmul(self.value, self._other(other)))

    def __rmul__(self, other: float) -> Real:
        return self * other

    def __truediv__(self, other: Real | float) -> Real:
        return Real(self.builder, self.builder.fdiv(self.value, self._other(other)))

    def __rtruediv__(self, other: float) -> Real:
        return self.const(other) / self

    def __neg__(self) -> Real:
        return Real(self.builder, self.builder.fneg(self.value))

    def __abs__(self) -> Real:
        return self.call("fabs")

    def call(self, name: str, *others: Real) -> Real:
        """Return an intrinsic of this and further values."""
        return Real(self.builder, overloaded(self.builder, name, self.value, *(other.value for other in others)))

    def sqrt(self) -> Real:
        return self.call("sqrt")

    def rint(self) -> Real:
        return self.call("rint")

    def copysign(self, sign: Real) -> Real:
        return self.call("copysign", sign)

    def _compare(self, operator: str, other: Real | float) -> Mask:
        return Mask(self.builder, self.builder.fcmp_ordered(operator, self.value, self._other(other)))

    def __lt__(self, other: Real | float) -> Mask:
        return self._compare("<", other)

    def __le__(self, other: Real | float) -> Mask:
        return self._compare("<=", other)

    def __gt__(self, other: Real | float) -> Mask:
        return self._compare(">", other)

    def __ge__(self, other: Real | float) -> Mask:
        return self._compare(">=", other)

    def equals(self, other: Real | float) -> Mask:
        return self._compare("==", other)

    def is_nan(self) -> Mask:
        return Mask(self.builder, self.builder.fcmp_unordered("uno", self.value, self.value))

    def at_least(self, low: float) -> Real:
        """Return the maximum with ``low``; NaN stays NaN. One instruction on x86, whose ``max`` is this comparison."""
        return (self < low).where(self.const(low), self)

    def at_most(self, high: float) -> Real:
        """Return the minimum with ``high``; NaN stays NaN."""
        return (self > high).where(self.const(high), self)

    def bits(self) -> Bits:
        return Bits(self.builder, self.builder.bitcast(self.value, shaped(self.value.type, I64)))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Bits:
    """The 64-bit pattern of a double, or an integer of as many lanes."""

    builder: ir.IRBuilder
    value: ir.Value

    def _other(self, other: Bits | int) -> ir.Value:
        return other.value if isinstance(other, Bits) else splat(self.value.type, other)

    def __add__(self, other: Bits | int) -> Bits:
        return Bits(self.builder, self.builder.add(self.value, self._other(other)))

    def __sub__(self, other: Bits | int) -> Bits:
        return Bits(self.builder, self.builder.sub(self.value, self._other(other)))

    def __rsub__(self, other: int) -> Bits:
        return Bits(self.builder, splat(self.value.type, other)) - self

    def __and__(self, other: Bits | int) -> Bits:
        return Bits(self.builder, self.builder.and_(self.value, self._other(other)))

    def __or__(self, other: Bits | int) -> Bits:
        return Bits(self.builder, self.builder.or_(self.value, self._other(other)))

    def __xor__(self, other: Bits | int) -> Bits:
        return Bits(self.builder, self.builder.xor(self.value, self._other(other)))

    def __lshift__(self, count: int) -> Bits:
        return Bits(self.builder, self.builder.shl(self.value, splat(self.value.type, count)))

    def __rshift__(self, count: int) -> Bits:
        """Shift right, filling with zeros: the arithmetic shift of 64 bits is missing before AVX-512."""
        return Bits(self.builder, self.builder.lshr(self.value, splat(self.value.type, count)))

    def nonzero(self) -> Mask:
        return Mask(self.builder, self.builder.icmp_unsigned("!=", self.value, self._other(0)))

    def real(self) -> Real:
        return Real(self.builder, self.builder.bitcast(self.value, shaped(self.value.type, DOUBLE)))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A condition, or one for each lane."""

    builder: ir.IRBuilder
    value: ir.Value

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.builder, self.builder.and_(self.value, other.value))

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.builder, self.builder.or_(self.value, other.value))

    def __xor__(self, other: Mask) -> Mask:
        return Mask(self.builder, self.builder.xor(self.value, other.value))

    def __invert__(self) -> Mask:
        return Mask(self.builder, self.builder.not_(self.value))

    def where(self, yes: Real | float, no: Real) -> Real:
        """Return ``yes`` where the condition holds and ``no`` elsewhere."""
        chosen = yes if isinstance(yes, Real) else no.const(yes)
        return Real(self.builder, self.builder.select(self.value, chosen.value, no.value))

    def any(self) -> ir.Value:
        """Return whether the condition holds in any lane, as an ``i1``."""
        if not isinstance(self.value.type, ir.VectorType):
            return self.value
        packed = self.builder.bitcast(self.value, ir.IntType(self.value.type.count))
        return self.builder.icmp_unsigned("!=", packed, ir.Constant(packed.type, 0))


def fma(a: Real, b: Real | float, c: Real | float) -> Real:
    """Return ``a * b + c`` with one rounding."""
    second = b if isinstance(b, Real) else a.const(b)
    third = c if isinstance(c, Real) else a.const(c)
    return a.call("fma", second, third)


def polynomial(x: Real, coefficients: tuple[float, ...]) -> Real:
    """Return a polynomial, lowest coefficient first, as pairs of terms combined by Horner's rule in ``x * x``.

    One operation more than Horner's rule in x and half its chain. Estrin's scheme has a shorter chain still, but its
    further powers cost more than they gain in loops, where the chains of several vectors overlap.
    """
    square = x * x
    pairs = [_pair(x, coefficients[i : i + 2]) for i in range(0, len(coefficients), 2)]
    result = pairs[-1]
    for pair in pairs[-2::-1]:
        result = fma(result, square, pair)
    return result


def _pair(x: Real, coefficients: tuple[float, ...]) -> Real:
    return fma(x, x.const(coefficients[1]), coefficients[0]) if len(coefficients) == 2 else x.const(coefficients[0])


def fast_two_sum(a: Real, b: Real) -> tuple[Real, Real]:
    """Return the rounded sum and its exact error, given that ``a`` is zero or not smaller than ``b`` (Dekker 1971)."""
    total = a + b
    return total, b - (total - a)


def two_sum(a: Real, b: Real) -> tuple[Real, Real]:
    """Return the rounded sum and its exact error, in any order of size (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Real, b: Real) -> tuple[Real, Real]:
    """Return the rounded product and its exact error."""
    product = a * b
    return product, fma(a, b, -product)


def quotient_pair(top: Real, top_low: Real, bottom: Real, bottom_low: Real) -> tuple[Real, Real]:
    """Return the quotient of two sums of a number and a much smaller one, in two parts, by one division."""
    inverse = 1.0 / bottom
    quotient = top * inverse
    return quotient, (fma(-quotient, bottom, top) + fma(-quotient, bottom_low, top_low)) * inverse


# (2046 << 52) minus the bits of v are the bits of y with 1 <= v y <= 9/8, since logarithms are nearly linear there.
_INVERSE_BITS = 2046 << 52


def divide_roughly(a: Real, v: Real) -> Real:
    """Return ``a / v`` for positive v with a relative error below 0.2 %, by four cheap instructions.

    For correction terms, of which a few bits count. ``a`` may be zero where v is.
    """
    y = (_INVERSE_BITS - v.bits()).real()
    # 1/p by a straight line for p from 1 to 9/8.
    return a * y * fma(v * y, -0.88889, 1.88726)


def root_error(square: Real, square_low: Real, root: Real) -> Real:
    """Return ``sqrt(square + square_low) - root`` to a few bits, where ``root`` is the rounded root of ``square``."""
    return divide_roughly((fma(-root, root, square) + square_low) * 0.5, root)


def pattern(value: float) -> int:
    """Return the bits of a double as an integer."""
    return int.from_bytes(struct.pack(">d", value), "big")
