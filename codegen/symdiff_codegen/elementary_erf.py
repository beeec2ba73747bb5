"""Error functions of doubles, as branch-free instructions: two formulas are evaluated, one is chosen per element."""

from __future__ import annotations

from . import coefficients as c
from .elementary_exp import exp_parts, scale
from .elementary_values import Real, fast_two_sum, fma, polynomial, two_product

_ERF_SPLIT, _ERF_END = 1.0, 5.93
_ERFC_CENTRE, _ERFC_SPLIT, _ERFC_END = 3.0, 0.75, 27.5


def erf(x: Real) -> Real:
    """Return the error function.

    Up to 1 it is ``x + x W(x**2)``. Beyond, ``1 - erf(x)`` is the eighth power of a polynomial: the root is smooth
    enough for one, and what eight times its rounding error does to a number below 0.16 is hidden by the one.
    """
    magnitude = abs(x)
    near = fma(x, polynomial(x * x, c.ERF), x)
    u = magnitude.at_most(_ERF_END) - _ERF_SPLIT
    # What the root and its square lose is made up for in the fourth power, as if they were one: elsewhere it is too
    # small to matter.
    root, root_low = fast_two_sum(x.const(1.0), u * polynomial(u, c.ERF_ROOT[1:]))
    square, square_low = two_product(root, root)
    square_low = square_low + (root_low + root_low)
    fourth = fma(square, square, square_low + square_low)
    far = fma(fourth * -c.ERFC_AT_SPLIT[0], fourth, 1.0)
    return (magnitude > _ERF_SPLIT).where(far.copysign(x), near)


def erfc(x: Real) -> Real:
    """Return ``1 - erf(x)``, with a small relative error also where it is tiny.

    From 3/4 on it is ``exp(-x**2) (5/4 + G(t)) / (1 + 2x)`` with ``t = (x - 3) / (x + 3)`` (Shepherd and Laframboise
    1981), every factor in two parts; below -3/4 the difference of that from 2; between, ``1 - x - x W(x**2)``.
    """
    near, near_rest = fast_two_sum(x.const(1.0), -x)
    near = near + fma(-x, polynomial(x * x, c.ERFC_NEAR), near_rest)
    # Lanes that use the other formula must not divide by zero here, nor may infinity be squared.
    bounded = abs(x).at_most(_ERFC_END)
    square, square_low = two_product(bounded, bounded)
    shifted, exponential, exponential_low = exp_parts(-square, -square_low)
    factor, factor_low = _erfc_factor(bounded)
    product, product_low = two_product(exponential, factor)
    product_low = fma(exponential, factor_low, fma(exponential_low, factor, product_low))
    far = scale(product + product_low, shifted)
    far = (x < 0.0).where(2.0 - far, far)
    return (abs(x) >= _ERFC_SPLIT).where(far, near)


def _erfc_factor(x: Real) -> tuple[Real, Real]:
    """Return ``exp(x**2) erfc(x)`` for x from 3/4 to 27.5 in two parts."""
    width = fma(x, 2.0, 1.0)
    width_low = fma(x, 2.0, 1.0 - width)
    sum_ = x + _ERFC_CENTRE
    # One division gives the inverses of both.
    inverse = 1.0 / (sum_ * width)
    t = (x - _ERFC_CENTRE) * (width * inverse)
    top, top_low = fast_two_sum(x.const(1.25), polynomial(t, c.ERFC))
    inverse = sum_ * inverse
    quotient = top * inverse
    rest = fma(-quotient, width, top) + fma(-quotient, width_low, top_low)
    return quotient, rest * inverse
