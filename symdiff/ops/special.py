"""Functions that NumPy lacks: erf, erfc, the gamma function and its logarithm, and the derivatives of that."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from symdiff.ops.elementary import exp
from symdiff.ops.emitted import Emitted
from symdiff.ops.failures import domain, finite_result
from symdiff.ops.primitive import POSITIVE, Check, Primitive, elementwise

__all__ = ["digamma", "erf", "erfc", "gamma", "gammaln", "polygamma"]

TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


def _quiet(function: Callable[[float], float]) -> Callable[[float], float]:
    """The function as NumPy would have it: inf and nan where :mod:`math` raises."""
    pole = math.nan if function is math.gamma else math.inf

    def compute(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.copysign(math.inf, x) if function is math.gamma else math.inf
        except ValueError:
            return math.copysign(math.inf, x) if x == 0 else pole

    return compute


def _each(function: Callable[[float], float]) -> Callable[..., Any]:
    """A function of a float on arrays; float32 stays float32."""
    apply = np.frompyfunc(_quiet(function), 1, 1)

    def compute(x: Any) -> Any:
        x = np.asarray(x)
        return np.asarray(apply(x.astype(np.float64))).astype(x.dtype if x.dtype.kind == "f" else np.float64)[()]

    return compute


def _function(name: str, of: str, rule: Any, *checks: Check, **columns: Any) -> Primitive:
    return elementwise(
        name,
        numpy=_each(getattr(math, of)),
        scalar=getattr(math, of),
        spelling=f"math.{of}({{}})",
        python=f"{name}({{}})",
        helper=f"{name} = np.vectorize(math.{of}, otypes=[float])\n",
        kernel=of,
        vjp=(rule,),
        checks=checks,
        **columns,
    )


erf: Primitive = _function("erf", "erf", lambda g, y, x: g * (TWO_OVER_ROOT_PI * exp(-x * x)), sympy="erf", cost=25.0)
erfc: Primitive = _function(
    "erfc", "erfc", lambda g, y, x: -g * (TWO_OVER_ROOT_PI * exp(-x * x)), sympy="erfc", cost=30.0
)


def _no_pole(k: Any, x: Any) -> Any:
    return k.not_(k.and_(k.le(x, 0.0), k.eq(k.floor(x), x)))


gamma: Primitive = _function(
    "gamma",
    "gamma",
    lambda g, y, x: g * (y * digamma(x)),
    domain(_no_pole),
    finite_result(),
    sympy="gamma",
    domain=POSITIVE,
    cost=60.0,
)

gammaln: Primitive = _function(
    "gammaln",
    "lgamma",
    lambda g, y, x: g * digamma(x),
    domain(lambda k, x: k.or_(_no_pole(k, x), k.isinf(x))),
    finite_result(),
    sympy="loggamma",
    domain=POSITIVE,
    cost=60.0,
)

# -- derivatives of the logarithm of gamma -----------------------------------------------------------------------------
# Abramowitz and Stegun 6.4: the recurrence carries x past SHIFT, where the asymptotic series has all digits.

SHIFT = 10
TERMS = 10


def _bernoulli(count: int) -> list[Fraction]:
    """The numbers B(2), B(4), ..., by their recurrence."""
    numbers = [Fraction(1)]
    for m in range(1, 2 * count + 1):
        total = sum((math.comb(m + 1, j) * numbers[j] for j in range(m)), Fraction(0))
        numbers.append(-total / (m + 1))
    return numbers[2::2]


@cache
def _series(order: int) -> tuple[float, ...]:
    """Coefficients of the asymptotic series, the highest power first."""
    numbers = _bernoulli(TERMS)
    return tuple(
        float(Fraction(math.factorial(2 * k + order - 1), math.factorial(2 * k)) * numbers[k - 1])
        for k in range(TERMS, 0, -1)
    )


def _power(x: Any, n: int) -> Any:
    """``x**n`` for a small n by products."""
    result = x
    for _ in range(n - 1):
        result = result * x
    return result


def _beyond(order: int, x: Any, log: Callable[[Any], Any]) -> Any:
    """The function at a positive x."""
    shift = SHIFT + order
    sign = (-1) ** (order + 1)
    z = x + float(shift)
    total = log(z) - 0.5 / z if order == 0 else sign * math.factorial(order - 1) / _power(z, order)
    if order:
        total = total + sign * math.factorial(order) / 2.0 / _power(z, order + 1)
    inverse = 1.0 / (z * z)
    series: Any = 0.0
    for coefficient in _series(order):
        series = inverse * (coefficient + series)
    total = total + sign * series if order == 0 else total + sign * series / _power(z, order)
    for i in range(shift):
        total = total + sign * math.factorial(order) / _power(x + float(i), order + 1)
    return total


def _cotangent_polynomial(order: int) -> list[int]:
    """Coefficients of the ``order``-th derivative of cot in powers of cot."""
    coefficients = [0, 1]
    for _ in range(order):
        slope = [n * c for n, c in enumerate(coefficients)][1:]
        coefficients = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return coefficients


def _reflected(order: int, x: Any, above: Any, tan: Callable[[Any], Any], rint: Callable[[Any], Any]) -> Any:
    """The function at a negative x from that at ``1 - x``."""
    # the period of the cotangent is taken off before pi comes in
    cotangent = 1.0 / tan(math.pi * (x - rint(x)))
    total: Any = 0.0
    for coefficient in reversed(_cotangent_polynomial(order)):
        total = total * cotangent + float(coefficient)
    return (-1) ** order * above - math.pi ** (order + 1) * total


def _polygamma_kernel(k: Any, x: Any, order: int = 0) -> Any:
    wide = Emitted(k, k.f64(x) if x.type != "f64" else x)
    negative = wide < 0.0
    positive = negative.call("select", 1.0 - wide, wide)
    above = _beyond(order, positive, lambda v: v.call("log"))
    below = _reflected(order, wide, above, lambda v: v.call("tan"), lambda v: v.call("rint"))
    return negative.call("select", below, above).operand


def _polygamma_numpy(x: Any, order: int = 0) -> Any:
    given = np.asarray(x)
    wide = given.astype(np.float64)
    with np.errstate(all="ignore"):
        above = _beyond(order, np.where(wide < 0, 1.0 - wide, wide), np.log)
        below = _reflected(order, wide, above, np.tan, np.rint)
    result = np.where(wide < 0, below, above)
    return result.astype(given.dtype if given.dtype.kind == "f" else np.float64)[()]


HELPER = '''\
def polygamma(x, order):
    """The derivative of this order of digamma: a sum that carries x past 20, then an asymptotic series."""
    x = np.asarray(x, float)
    sign = (-1.0) ** (order + 1)
    total = np.zeros(x.shape)
    shift = 20 + order - int(np.floor(np.min(x, initial=0.0)))
    for i in range(shift):
        total = total + math.factorial(order) / (x + i) ** (order + 1)
    z = x + shift
    total = total + (-np.log(z) if order == 0 else math.factorial(order - 1) / z**order)
    total = total + math.factorial(order) / 2.0 / z ** (order + 1)
    for n, b in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6), 1):
        total = total + b * math.factorial(2 * n + order - 1) / math.factorial(2 * n) / z ** (2 * n + order)
    return sign * total


def digamma(x):
    """The derivative of the logarithm of the gamma function."""
    return polygamma(x, 0)
'''

digamma: Primitive = elementwise(
    "digamma",
    numpy=_polygamma_numpy,
    python="digamma({})",
    helper=HELPER,
    kernel=_polygamma_kernel,
    sympy=lambda sp, x: sp.polygamma(0, x),
    vjp=(lambda g, y, x: g * polygamma(x, order=1),),
    domain=POSITIVE,
    cost=60.0,
)

polygamma: Primitive = elementwise(
    "polygamma",
    numpy=_polygamma_numpy,
    python=lambda arguments, attrs, show_shape: f"polygamma({arguments[0]}, {attrs['order']})",
    helper=HELPER,
    kernel=_polygamma_kernel,
    sympy=lambda sp, x, order: sp.polygamma(order, x),
    vjp=(lambda g, y, x, order: g * polygamma(x, order=order + 1),),
    domain=POSITIVE,
    cost=80.0,
)
