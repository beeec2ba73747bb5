"""Powers and roots of doubles, as branch-free instructions."""

from __future__ import annotations

import math

from .elementary_exp import exp_pair
from .elementary_log import log_pair
from .elementary_values import Real, fma

# No logarithm but that of 1 is below 2**-54, so larger exponents all give zero or infinity (or one).
_LARGEST_EXPONENT = 2.0**70


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
