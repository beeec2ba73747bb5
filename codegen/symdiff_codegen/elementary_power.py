"""Powers and roots of doubles, as branch-free instructions."""

from __future__ import annotations

import math

from . import coefficients as c
from .elementary_exp import exp_pair
from .elementary_log import log_pair, split_any
from .elementary_values import Real, fast_two_sum, fma, pattern, polynomial, root_error, two_product

# No logarithm but that of 1 is below 2**-54, so larger exponents all give zero or infinity (or one).
_LARGEST_EXPONENT = 2.0**70
_EXPONENT_FIELD = 0x7FF << 52
# Adding this rounds to an integer that then stands in the low bits.
_SHIFT = 1.5 * 2.0**52


def sqrt(x: Real) -> Real:
    """Return the square root, correctly rounded by the hardware."""
    return x.sqrt()


def power(x: Real, y: Real) -> Real:
    """Return x to the power y with the special cases of C99 (annex F.9.4.4).

    The logarithm of the magnitude and its product with y are carried in two parts.
    """
    magnitude = abs(x)
    log, log_low = log_pair(magnitude)
    # Zero times the magnitude adds nothing but carries NaN, which taking the bits apart loses.
    log = fma(magnitude, 0.0, log)
    bounded = y.at_least(-_LARGEST_EXPONENT).at_most(_LARGEST_EXPONENT)
    product = bounded * log
    low = fma(bounded, log, -product) + bounded * log_low
    return _special_cases(x, y, magnitude, exp_pair(product, low))


def cbrt(x: Real) -> Real:
    """Return the cube root.

    With ``abs(x) = y * 2**(3q)`` the inverse cube root of y starts from a polynomial, gains four times its bits by one
    step of the series of ``(1 - e)**(-1/3)``, and the root made from it is corrected by its exact residual.
    """
    magnitude = abs(x)
    parts = split_any(magnitude)
    q = (parts.k * (1.0 / 3.0)).rint()
    left = fma(q, -3.0, parts.k)
    above, below = left > 0.5, left < -0.5
    y = above.where(parts.m * 2.0, below.where(parts.m * 0.5, parts.m))
    factor = above.where(c.CBRT_2[1], below.where(c.CBRT_2[0], x.const(1.0)))
    w = polynomial(parts.m, c.CBRT) * factor
    e = fma(-y, w * w * w, 1.0)
    w = fma(w * e, fma(e, fma(e, 14.0 / 81.0, 2.0 / 9.0), 1.0 / 3.0), w)
    root = y * w * w
    square, square_low = two_product(root, root)
    residual = fma(-square_low, root, fma(-square, root, y))
    root = fma(residual, w * w * (1.0 / 3.0), root)
    exponent = ((q + _SHIFT).bits() << 52) + pattern(1.0)
    usual = (magnitude > 0.0) & (magnitude < math.inf)
    return usual.where((root * exponent.real()).copysign(x), x)


def hypot(x: Real, y: Real) -> Real:
    """Return ``sqrt(x**2 + y**2)`` without undue overflow or underflow, with the sum of squares in two parts."""
    first, second = abs(x), abs(y)
    swap = first < second
    large, small = swap.where(second, first), swap.where(first, second)
    exponent = large.at_least(2.0**-1022).bits() & _EXPONENT_FIELD
    scale = ((2047 << 52) - exponent).real()
    square, square_low = two_product(large * scale, large * scale)
    other, other_low = two_product(small * scale, small * scale)
    total, rest = fast_two_sum(square, other)
    root = total.sqrt()
    root = root + root_error(total, rest + (square_low + other_low), root)
    # Half first: the root reaches 4 sqrt(2), which the scale of the largest numbers does not allow for.
    result = root * 0.5 * exponent.real()
    infinite = first.equals(math.inf) | second.equals(math.inf)
    return infinite.where(math.inf, result)


def _special_cases(x: Real, y: Real, magnitude: Real, result: Real) -> Real:
    zero, infinite = magnitude.equals(0.0), magnitude.equals(math.inf)
    edge = (zero ^ (y < 0.0)).where(0.0, x.const(math.inf))
    result = ((zero | infinite) & ~y.is_nan()).where(edge, result)
    half = y * 0.5
    integer = y.rint().equals(y)
    odd = integer & ~half.rint().equals(half)
    result = odd.where(result.copysign(x), result)
    result = ((x < 0.0) & ~integer & ~infinite & ~y.is_nan()).where(math.nan, result)
    # These are exact or correctly rounded so that a power may stand for what people would write otherwise.
    result = y.equals(1.0).where(x, result)
    result = y.equals(2.0).where(x * x, result)
    return (y.equals(0.0) | x.equals(1.0)).where(1.0, result)
