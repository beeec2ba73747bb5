"""Logarithms of doubles, as branch-free instructions.

With ``x = 2**k (1 + f)``, ``sqrt(1/2) <= 1 + f < sqrt(2)`` and ``s = f / (2 + f)``, the logarithm of ``1 + f`` is
``f - f**2/2 + s (f**2/2 + s**2 R(s**2))``, a form whose first term is exact and whose others are small (the
arrangement of the Berkeley elementary functions, K. C. Ng). The multiple of ``log(2)`` is added without rounding error.
"""

from __future__ import annotations

import dataclasses
import math

from . import coefficients as c
from .elementary_values import (
    Bits,
    Real,
    divide_roughly,
    fast_two_sum,
    fma,
    pattern,
    polynomial,
    quotient_pair,
    root_error,
    two_product,
    two_sum,
)

_MANTISSA = (1 << 52) - 1
_SMALLEST_NORMAL = 2.0**-1022
_ROOT_HALF = pattern(math.sqrt(0.5))
# From here on sqrt(x**2 + 1) is x, and its square does not overflow before.
_LARGE = 2.0**28
# Adding this to the bits makes the exponent field change at sqrt(2) times powers of two rather than at the powers.
_OFFSET = pattern(1.0) - _ROOT_HALF
_TWO_52 = pattern(2.0**52)


@dataclasses.dataclass(frozen=True)
class Split:
    """``x = 2**k * m`` with ``sqrt(1/2) <= m < sqrt(2)``; ``raw`` holds ``k + 1023`` in its exponent field."""

    k: Real
    m: Real
    raw: Bits


def split(x: Real) -> Split:
    """Take a positive normal number apart."""
    raw = x.bits() + _OFFSET
    k = ((raw >> 52) | _TWO_52).real() - (2.0**52 + 1023.0)
    return Split(k, ((raw & _MANTISSA) + _ROOT_HALF).real(), raw)


def split_any(x: Real) -> Split:
    """Take a positive number apart that may be subnormal."""
    tiny = x < _SMALLEST_NORMAL
    parts = split(tiny.where(x * 2.0**54, x))
    return Split(tiny.where(parts.k - 54.0, parts.k), parts.m, parts.raw)


def log_of(k: Real, f: Real, rest: Real) -> Real:
    """Return ``k log(2) + log(1 + f) + rest`` for ``1 + f`` between sqrt(1/2) and sqrt(2) and a tiny rest."""
    # k * LN2[0] is exact, so these operations are the sum with f and its error.
    total = fma(k, c.LN2[0], f)
    lost = f - fma(k, -c.LN2[0], total)
    half = f * 0.5
    small = fma(*_product_terms(f, half), fma(k, c.LN2[1], lost + rest))
    # The square enters unrounded.
    return total + fma(-half, f, small)


def _product_terms(f: Real, half: Real) -> tuple[Real, Real]:
    """Return the factors of ``log(1 + f) - f + f**2 / 2``."""
    s = f / (2.0 + f)
    z = s * s
    return s, fma(z, polynomial(z, c.LOG), half * f)


def domain(x: Real, pole: float, result: Real) -> Real:
    """Put in what a logarithm with a pole at ``pole`` gives for infinity, NaN, the pole and arguments below it."""
    result = (x < math.inf).where(result, x)
    outside = x.equals(pole).where(-math.inf, x.const(math.nan))
    return (x <= pole).where(outside, result)


def log(x: Real) -> Real:
    """Return the natural logarithm."""
    parts = split_any(x)
    return domain(x, 0.0, log_of(parts.k, parts.m - 1.0, x.const(0.0)))


def log1p(x: Real) -> Real:
    """Return ``log(1 + x)``."""
    total, lost = two_sum(x.const(1.0), x)
    parts = split(total)
    # Without an exponent x itself is the argument; otherwise what 1 + x lost, scaled, counts with the derivative
    # 1 / (1 + f), for which a straight line is close enough. Twice the scale is wanted for k = 1024.
    near = parts.k.equals(0.0)
    f = near.where(x, parts.m - 1.0)
    half_scale = ((2047 << 52) - (parts.raw & ~_MANTISSA)).real()
    rest = near.where(0.0, lost * half_scale) * fma(f, -0.5, 0.5303)
    return domain(x, -1.0, log_of(parts.k, f, rest)).copysign(x)


def log2(x: Real) -> Real:
    """Return the logarithm to base 2; exact for powers of two."""
    return domain(x, 0.0, _to_base(x, (1.0, 0.0), c.INV_LN2))


def log10(x: Real) -> Real:
    """Return the logarithm to base 10; exact for powers of ten."""
    return domain(x, 0.0, _to_base(x, c.LOG10_2, c.INV_LN10))


def _to_base(x: Real, unit: tuple[float, ...], factor: tuple[float, ...]) -> Real:
    """Return ``k * unit + log(1 + f) * factor`` with both constants in two parts."""
    parts = split_any(x)
    f = parts.m - 1.0
    product, lost = two_product(f, f.const(factor[0]))
    total, more = fast_two_sum(parts.k * unit[0], product)
    half = f * 0.5
    left, right = _product_terms(f, half)
    small = fma(-half, f, left * right)
    low = fma(small, factor[0], fma(f, factor[1], lost))
    return total + (more + fma(parts.k, unit[1], low))


def log_pair(x: Real) -> tuple[Real, Real]:
    """Return the logarithm of a positive finite number in two parts, with a relative error of about 2**-65."""
    parts = split_any(x)
    f = parts.m - 1.0
    bottom, bottom_low = two_sum(parts.m, x.const(1.0))
    s, s_low = quotient_pair(f, x.const(0.0), bottom, bottom_low)
    z = s * s
    z_low = fma(s + s, s_low, fma(s, s, -z))
    # The relative error 2**-53 of z (2/5 + ...) counts 2**-6 times as much in the sum with 2/3, and that 2**-6 again in
    # the end.
    terms = polynomial(z, c.LOG_FINE)
    tail = z * terms
    factor, factor_low = fast_two_sum(f.const(c.TWO_THIRDS[0]), tail)
    factor_low = factor_low + (fma(z, terms, -tail) + fma(z_low, terms, c.TWO_THIRDS[1]))
    cube = z * s
    cube_low = fma(z, s, -cube) + fma(z, s_low, z_low * s)
    last = cube * factor
    last_low = fma(cube, factor, -last) + fma(cube, factor_low, cube_low * factor)
    total, rest = fast_two_sum(parts.k * c.LN2[0], s + s)
    total, more = fast_two_sum(total, last)
    low = (rest + more) + fma(parts.k, c.LN2[1], fma(s_low, 2.0, last_low))
    return fast_two_sum(total, low)


def asinh(x: Real) -> Real:
    """Return the inverse hyperbolic sine: a polynomial up to 1/2, beyond ``log(x + sqrt(x**2 + 1))`` in two parts."""
    magnitude = abs(x)
    z = magnitude * magnitude
    near = fma(magnitude * z, polynomial(z, c.ASINH), magnitude)
    square, square_low = two_product(magnitude, magnitude)
    square, lost = two_sum(square, x.const(1.0))
    root = square.sqrt()
    total, low = fast_two_sum(root, magnitude)
    low = low + root_error(square, lost + square_low, root)
    far = _log_pair_sum(magnitude, total, low)
    result = (magnitude > 0.5).where(far, near)
    return (magnitude < math.inf).where(result, magnitude).copysign(x)


def _log_pair_sum(x: Real, total: Real, low: Real) -> Real:
    """Return ``log(total + low)``, or ``log(2 x)`` where x is so large that the sum is that (and has overflowed)."""
    large = x > _LARGE
    parts = split(large.where(x, total))
    rest = large.where(0.0, divide_roughly(low, total))
    return log_of(large.where(parts.k + 1.0, parts.k), parts.m - 1.0, rest)


def acosh(x: Real) -> Real:
    """Return the inverse hyperbolic cosine, as ``log(x + sqrt(x**2 - 1))`` in two parts.

    Near one the argument of the logarithm is one plus the sum of ``x - 1``, which is exact, and the root.
    """
    square, square_low = two_product(x, x)
    square, lost = fast_two_sum(square, x.const(-1.0))
    square, square_low = fast_two_sum(square, lost + square_low)
    root = square.sqrt()
    root_low = root_error(square, square_low, root)
    total, low = fast_two_sum(x, root)
    excess, excess_low = fast_two_sum(root, x - 1.0)
    large = x > _LARGE
    parts = split(large.where(x, total))
    near = parts.k.equals(0.0)
    f = near.where(excess, parts.m - 1.0)
    rest = divide_roughly(near.where(excess_low, low) + root_low, total)
    result = log_of(large.where(parts.k + 1.0, parts.k), f, large.where(0.0, rest))
    result = (x < math.inf).where(result, x)
    return (x < 1.0).where(math.nan, result)


def atanh(x: Real) -> Real:
    """Return the inverse hyperbolic tangent.

    With ``2**k`` near ``(1 + x) / (1 - x)`` it is ``k log(2) / 2 + atanh(s)``, s being the quotient of difference and
    sum of ``1 + x`` and ``2**k (1 - x)``: one division, and s is small.
    """
    magnitude = abs(x)
    up, up_low = fast_two_sum(x.const(1.0), magnitude)
    down, down_low = fast_two_sum(x.const(1.0), -magnitude)
    k_bits = (up.bits() - down.bits() + (1 << 51)) >> 52
    power = ((k_bits << 52) + pattern(1.0)).real()
    k = (k_bits | _TWO_52).real() - 2.0**52
    down, down_low = down * power, down_low * power
    # The difference is exact: the two are within a factor of two.
    top, top_low = fast_two_sum(up - down, up_low - down_low)
    bottom, bottom_low = two_sum(up, down)
    s, s_low = quotient_pair(top, top_low, bottom, bottom_low + (up_low + down_low))
    z = s * s
    total = fma(k, c.LN2[0] / 2, s)
    lost = s - fma(k, -c.LN2[0] / 2, total)
    small = fma(s * z, polynomial(z, c.ATANH), fma(k, c.LN2[1] / 2, lost + s_low))
    outside = magnitude.equals(1.0).where(math.inf, x.const(math.nan))
    return (magnitude < 1.0).where(total + small, outside).copysign(x)
