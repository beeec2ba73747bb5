"""Exponentials and hyperbolic functions of doubles, as branch-free instructions.

Each argument is reduced as ``x = k log(2) + r`` with ``|r| <= log(2)/2`` by adding and subtracting a large constant,
with ``log(2)`` in two parts so that ``x - k LN2[0]`` is exact (Cody and Waite 1980); ``exp(r) - 1`` is a polynomial
whose leading terms are added last and with compensation where an ulp would be lost (Tang 1989).
"""

from __future__ import annotations

import dataclasses

from . import coefficients as c
from .elementary_values import Real, fast_two_sum, fma, polynomial, quotient_pair

# Adding this rounds to an integer that then stands in the low bits. The 2046 is twice the bias of the exponent, so that
# halves of the integer are biased exponents themselves (see `scale`).
_SHIFT = 1.5 * 2.0**52 + 2046.0
_EXPONENT = 52
_ONE = 1023 << _EXPONENT
# Beyond these the result is infinite and zero whatever the rounding.
_HIGH, _LOW = 710.0, -746.0


@dataclasses.dataclass(frozen=True)
class Reduced:
    """``x = k log(2) + r + rest`` with ``shifted = k + _SHIFT``; r is exact, and so is ``rest`` nearly."""

    shifted: Real
    k: Real
    r: Real
    rest: Real


def reduce(x: Real, low_part: Real | None = None) -> Reduced:
    """Reduce an argument between about -1100 and 1100, given as ``x`` or ``x + low_part``."""
    shifted = fma(x, c.INV_LN2[0], _SHIFT)
    k = shifted - _SHIFT
    r = fma(k, -c.LN2[0], x)
    rest = k * -c.LN2[1] if low_part is None else fma(k, -c.LN2[1], low_part)
    return Reduced(shifted, k, r, rest)


def exp_tail(reduced: Reduced) -> Real:
    """Return ``exp(r + rest) - 1 - r``, which is small."""
    # What r lacks goes into the small term; adding it to r for good would round once more at the size of r.
    full = reduced.r + reduced.rest
    # The square enters unrounded, and with the coefficient 1/2 exactly.
    return fma(full * 0.5, full, fma(full * full * full, polynomial(full, c.EXP), reduced.rest))


def scale(value: Real, shifted: Real) -> Real:
    """Return ``value * 2**k`` correctly rounded, with overflow and gradual underflow, for ``-1079 <= k <= 1030``.

    Two multiplications by powers of two with half the exponent each: neither can overflow or underflow alone, NaN goes
    through, and no comparison is needed.
    """
    biased = shifted.bits()
    half = (biased << (_EXPONENT - 1)) & ~((1 << _EXPONENT) - 1)
    other = (biased << _EXPONENT) - half
    return value * half.real() * other.real()


def power_of_two(shifted: Real, sign: int, more: int = 0) -> Real:
    """Return ``2**(sign * k + more)``, whose exponent must be that of a normal number."""
    exponent = (shifted.bits() - 2046) << _EXPONENT
    one = _ONE + (more << _EXPONENT)
    return (exponent + one if sign > 0 else one - exponent).real()


def exp(x: Real) -> Real:
    """Return the exponential."""
    reduced = reduce(x.at_least(_LOW).at_most(_HIGH))
    total, lost = fast_two_sum(x.const(1.0), reduced.r)
    return scale(total + (lost + exp_tail(reduced)), reduced.shifted)


def exp_parts(high: Real, low: Real) -> tuple[Real, Real, Real]:
    """Return ``exp(high + low)`` in two parts to be added and then scaled by the first value returned.

    Beyond the range of the exponential ``low`` may be anything.
    """
    reduced = reduce(high.at_least(_LOW - 2.0).at_most(_HIGH + 2.0), low.at_least(-1.0).at_most(1.0))
    total, lost = fast_two_sum(high.const(1.0), reduced.r)
    return reduced.shifted, total, lost + exp_tail(reduced)


def exp_pair(high: Real, low: Real) -> Real:
    """Return ``exp(high + low)`` with hardly more than the last rounding as error."""
    shifted, total, rest = exp_parts(high, low)
    return scale(total + rest, shifted)


def exp2(x: Real) -> Real:
    """Return 2 to the power x; exact for integers."""
    bounded = x.at_least(-1076.0).at_most(1025.0)
    shifted = bounded + _SHIFT
    r = bounded - (shifted - _SHIFT)
    small = fma(r * r, polynomial(r, c.EXP2), r * c.LN2_PAIR[1])
    return scale(1.0 + fma(r, c.LN2_PAIR[0], small), shifted)


def expm1(x: Real) -> Real:
    """Return ``exp(x) - 1``, as ``2**k ((1 - 2**-k) + r + tail)``: small k leave the difference exact."""
    reduced = reduce(x.at_least(-40.0).at_most(_HIGH))
    # Past 2**64 the one is lost in any case, and 2**-1024 would not be a normal number.
    capped = reduced.shifted.at_most(_SHIFT + 64.0)
    inverse = power_of_two(capped, -1)
    start = 1.0 - inverse
    total, rest = fast_two_sum(start, reduced.r)
    lost = (1.0 - start) - inverse
    value = total + ((rest + lost) + exp_tail(reduced))
    # Doubling first keeps the scale in range at k = 1024.
    return ((value + value) * power_of_two(reduced.shifted, 1, -1)).copysign(x)


def _hyperbolic(x: Real, sign: float) -> Real:
    """Return the hyperbolic cosine of the magnitude of x for a sign of 1, and the sine for -1.

    It is ``p cosh(r) + q sinh(r)`` with ``p, q = (2**k +- 2**-k) / 2`` for the cosine and the other way round for the
    sine, sinh(r) and cosh(r) being an odd and an even polynomial: no division, and no cancellation for small x.
    """
    reduced = reduce(abs(x).at_most(712.0))
    # Two to the power k may overflow where the result does not; the rest of k comes in at the end.
    shifted = reduced.shifted.at_most(_SHIFT + 1000.0)
    more = power_of_two(reduced.shifted - shifted + _SHIFT, 1)
    up, down = power_of_two(shifted, 1, -1), sign * power_of_two(shifted, -1, -1)
    p, p_low = fast_two_sum(up, down)
    q, q_low = fast_two_sum(up, -down)
    r, full = reduced.r, reduced.r + reduced.rest
    z = full * full
    even = fma(full * 0.5, full, z * z * polynomial(z, c.COSH))
    odd = fma(full * z, polynomial(z, c.SINH), reduced.rest)
    total = fma(q, r, p)
    lost = fma(q, r, p - total) + fma(q_low, r, p_low)
    return (total + (lost + fma(p, even, q * odd))) * more


def sinh(x: Real) -> Real:
    """Return the hyperbolic sine."""
    return _hyperbolic(x, -1.0).copysign(x)


def cosh(x: Real) -> Real:
    """Return the hyperbolic cosine."""
    return _hyperbolic(x, 1.0)


def tanh(x: Real) -> Real:
    """Return the hyperbolic tangent, as ``(exp(2x) - 1) / (exp(2x) + 1)``.

    Divided by 2**k, numerator and denominator are ``1 -+ 2**-k + (r + tail)``; both are carried in two parts and the
    quotient is corrected once, so that one division gives hardly more than its own rounding.
    """
    magnitude = abs(x)
    reduced = reduce((magnitude + magnitude).at_most(44.0))
    high, low = fast_two_sum(reduced.r, exp_tail(reduced))
    inverse = power_of_two(reduced.shifted, -1)
    top, top_low = fast_two_sum(1.0 - inverse, high)
    bottom, bottom_low = fast_two_sum(1.0 + inverse, high)
    value, value_low = quotient_pair(top, top_low + low, bottom, bottom_low + low)
    # Once 1 + 2**-k rounds, one minus the small 2 / (exp(2x) + 1) does better.
    return (magnitude > 10.0).where(fma(inverse * -2.0, 1.0 / bottom, 1.0), value + value_low).copysign(x)
