"""Inverse trigonometric functions of doubles, as branch-free instructions."""

from __future__ import annotations

import math

from . import coefficients as c
from .elementary_values import Mask, Real, fast_two_sum, fma, polynomial, quotient_pair, root_error, two_sum
from .lanes import DOUBLE, shaped, splat

_TAN_PI_8 = math.sqrt(2.0) - 1.0
_SIGN = 1 << 63
_EXPONENT_FIELD = 0x7FF << 52
# Multiples of pi in two parts: what is added to the quotient's angle, and instead where x is negative.
_QUARTERS = ((0.0, 0.0), c.PI_4_PAIR, c.PI_2_PAIR)
_OPPOSITE = (c.PI, c.PI_3_4, c.PI_2_PAIR)


def _arc_sine(magnitude: Real) -> tuple[Mask, Real, Real]:
    """Return what inverse sine and cosine share: whether the argument exceeds 1/2, and the inverse sine of something.

    That is the argument itself up to 1/2 and ``sqrt((1 - x) / 2)`` beyond, in two parts.
    """
    far = magnitude > 0.5
    z = far.where(fma(magnitude, -0.5, 0.5), magnitude * magnitude)
    root = z.sqrt()
    argument = far.where(root, magnitude)
    low = far.where(root_error(z, z.const(0.0), root), z.const(0.0))
    return far, argument, fma(argument * z, polynomial(z, c.ASIN), low)


def asin(x: Real) -> Real:
    """Return the inverse sine; above 1/2 as ``pi/2 - 2 asin(sqrt((1 - x) / 2))``."""
    far, high, low = _arc_sine(abs(x))
    total, rest = fast_two_sum(x.const(c.PI_2_PAIR[0]), high * -2.0)
    beyond = total + (rest + fma(low, -2.0, c.PI_2_PAIR[1]))
    return far.where(beyond, high + low).copysign(x)


def acos(x: Real) -> Real:
    """Return the inverse cosine.

    Up to 1/2 it is pi/2 less the inverse sine, beyond ``2 asin(sqrt((1 - x) / 2))``, or pi less that for negative x.
    """
    far, high, low = _arc_sine(abs(x))
    negative = x < 0.0
    factor = far.where(negative.where(-2.0, x.const(2.0)), negative.where(1.0, x.const(-1.0)))
    base, base_low = (
        far.where(negative.where(whole, x.const(0.0)), x.const(half))
        for whole, half in zip(c.PI, c.PI_2_PAIR, strict=True)
    )
    total, rest = fast_two_sum(base, factor * high)
    return total + (rest + fma(factor, low, base_low))


def atan(x: Real) -> Real:
    """Return the inverse tangent."""
    # Where the bound acts the result is pi/2 already; infinity would give NaN.
    magnitude = abs(x).at_most(2.0**100)
    return _angle(magnitude, x.const(1.0), None).copysign(x)


def atan2(y: Real, x: Real) -> Real:
    """Return the angle of the point (x, y), with the special cases of C99 (annex F.9.1.4)."""
    first, second = abs(y), abs(x)
    largest = (first > second).where(first, second)
    infinite, zero = largest.equals(math.inf), largest.equals(0.0)
    # Scaled by a power of two that brings the larger near one; infinities become one, what is finite beside them zero.
    exponent = largest.at_least(2.0**-1022).bits() & _EXPONENT_FIELD
    scale = ((2047 << 52) - exponent).real()
    first, second = (
        infinite.where(value.equals(math.inf).where(1.0, value.const(0.0)), value * scale) for value in (first, second)
    )
    result = _angle(first, zero.where(1.0, second), x).copysign(y)
    return (x.is_nan() | y.is_nan()).where(math.nan, result)


def _angle(y: Real, x: Real, sign: Real | None) -> Real:
    """Return the angle of a point with non-negative coordinates, or pi less that where ``sign`` is negative.

    It is a multiple of pi/4 plus the inverse tangent of a quotient t of at most tan(pi/8): y / x, (y - x) / (y + x) or
    -x / y.
    """
    low_half, high_half = y <= x * _TAN_PI_8, x < y * _TAN_PI_8
    sum_, sum_low = two_sum(y, x)
    difference, difference_low = two_sum(y, -x)
    zero = x.const(0.0)
    top = low_half.where(y, high_half.where(-x, difference))
    bottom = low_half.where(x, high_half.where(y, sum_))
    straight = low_half | high_half
    t, t_low = quotient_pair(top, straight.where(zero, difference_low), bottom, straight.where(zero, sum_low))
    base, base_low = (_chosen(low_half, high_half, quarters) for quarters in zip(*_QUARTERS, strict=True))
    if sign is not None:
        negative = (sign.bits() & _SIGN).nonzero()
        opposite = (_chosen(low_half, high_half, quarters) for quarters in zip(*_OPPOSITE, strict=True))
        base, base_low = (negative.where(other, part) for other, part in zip(opposite, (base, base_low), strict=True))
        flip = sign.bits() & _SIGN
        t, t_low = (t.bits() ^ flip).real(), (t_low.bits() ^ flip).real()
    z = t * t
    total, rest = fast_two_sum(base, t)
    return total + (rest + fma(t * z, polynomial(z, c.ATAN), fma(-z, t_low, t_low) + base_low))


def _chosen(low_half: Mask, high_half: Mask, constants: tuple[float, ...]) -> Real:
    """Return the first constant where the first condition holds, the last where the second does, or the middle one."""
    type_ = shaped(low_half.value.type, DOUBLE)
    first, middle, last = (Real(low_half.builder, splat(type_, value)) for value in constants)
    return low_half.where(first, high_half.where(last, middle))
