"""Elementary functions: one row serves ``math.f`` and ``np.f``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symdiff.ops.arithmetic import absolute, sign
from symdiff.ops.comparison import equal, less, where
from symdiff.ops.failures import domain, finite_result
from symdiff.ops.primitive import ABOVE_ONE, AROUND_ZERO, POSITIVE, REALS, UNIT, Check, Domain, Primitive, elementwise

LOG_2 = math.log(2.0)
LOG_10 = math.log(10.0)
DEGREE = math.pi / 180.0

above_zero = domain(lambda k, x: k.not_(k.le(x, 0.0)))
inside_unit = domain(lambda k, x: k.not_(k.gt(k.abs(x), 1.0)))
not_infinite = domain(lambda k, x: k.not_(k.isinf(x)))


def _function(name: str, rule: Any, *checks: Check, of: str | None = None, **columns: Any) -> Any:
    """A function of one argument that NumPy and :mod:`math` both have; ``of`` is its name in :mod:`math` if another."""
    short = of or name
    columns.setdefault("sympy", short)
    return elementwise(
        name,
        numpy=getattr(np, name),
        scalar=getattr(math, short),
        spelling=f"math.{short}({{}})",
        kernel=columns.pop("kernel", short),
        vjp=(rule,),
        checks=checks,
        cost=columns.pop("cost", 20.0),
        **columns,
    )


# -- exponentials and logarithms ---------------------------------------------------------------------------------------

exp: Primitive = _function("exp", lambda g, y, x: g * y, finite_result(), cost=15.0)
exp2: Primitive = _function(
    "exp2", lambda g, y, x: g * (y * LOG_2), finite_result(), sympy=lambda sp, x: sp.Integer(2) ** x
)
# y + 1 would lose the small values of exp(x)
expm1: Primitive = _function("expm1", lambda g, y, x: g * exp(x), finite_result(), sympy=lambda sp, x: sp.exp(x) - 1)
log: Primitive = _function("log", lambda g, y, x: g / x, above_zero, domain=POSITIVE, cost=15.0)
log2: Primitive = _function(
    "log2", lambda g, y, x: g / (x * LOG_2), above_zero, domain=POSITIVE, sympy=lambda sp, x: sp.log(x, 2)
)
log10: Primitive = _function(
    "log10", lambda g, y, x: g / (x * LOG_10), above_zero, domain=POSITIVE, sympy=lambda sp, x: sp.log(x, 10)
)
log1p: Primitive = _function(
    "log1p",
    lambda g, y, x: g / (1.0 + x),
    domain(lambda k, x: k.not_(k.le(x, -1.0))),
    domain=AROUND_ZERO,
    sympy=lambda sp, x: sp.log(1 + x),
)


def _logaddexp_kernel(k: Any, a: Any, b: Any) -> Any:
    inner = k.add(k.max(a, b), k.log1p(k.exp(k.neg(k.abs(k.sub(a, b))))))
    # equal infinities have no difference
    return k.select(k.eq(a, b), k.add(a, LOG_2), inner)


logaddexp: Primitive = elementwise(
    "logaddexp",
    numpy=np.logaddexp,
    kernel=_logaddexp_kernel,
    sympy=lambda sp, a, b: sp.log(sp.exp(a) + sp.exp(b)),
    vjp=(lambda g, y, a, b: g * exp(a - y), lambda g, y, a, b: g * exp(b - y)),
    cost=40.0,
)

# -- roots and powers --------------------------------------------------------------------------------------------------

# the slope at 0 is inf, but a cotangent of exactly 0 stays 0 there
sqrt: Primitive = _function(
    "sqrt",
    lambda g, y, x: where(equal(g, 0), 0.0, g / (2.0 * y)),
    domain(lambda k, x: k.not_(k.lt(x, 0.0))),
    domain=POSITIVE,
    kink="sqrt",
    cost=6.0,
)

cbrt: Primitive = _function(
    "cbrt",
    lambda g, y, x: g / (3.0 * (y * y)),
    domain=POSITIVE,
    sympy=lambda sp, x: sp.sign(x) * sp.cbrt(sp.Abs(x)),
)

square: Primitive = elementwise(
    "square",
    numpy=np.square,
    result="same",
    kernel=lambda k, x: k.mul(x, x),
    sympy=lambda sp, x: x**2,
    vjp=(lambda g, y, x: g * (2.0 * x),),
)

reciprocal: Primitive = elementwise(
    "reciprocal",
    numpy=np.reciprocal,
    result="same",
    kernel=lambda k, x: k.div(1.0, x) if x.type in ("f64", "f32") else k.select(k.eq(k.abs(x), 1), x, 0),
    sympy=lambda sp, x: 1 / x,
    vjp=(lambda g, y, x: -g * (y * y),),
    domain=POSITIVE,
    cost=5.0,
)

hypot: Primitive = elementwise(
    "hypot",
    numpy=np.hypot,
    scalar=math.hypot,
    spelling="math.hypot({}, {})",
    sympy=lambda sp, a, b: sp.sqrt(a**2 + b**2),
    vjp=(
        lambda g, y, a, b: g * where(equal(y, 0), 0.0, a / y),
        lambda g, y, a, b: g * where(equal(y, 0), 0.0, b / y),
    ),
    domain=POSITIVE,
    kink="norm",
    cost=20.0,
)

# -- circular functions ------------------------------------------------------------------------------------------------

sin: Primitive = _function("sin", lambda g, y, x: g * cos(x), not_infinite)
cos: Primitive = _function("cos", lambda g, y, x: -g * sin(x), not_infinite)
tan: Primitive = _function("tan", lambda g, y, x: g * (1.0 + y * y), not_infinite, domain=Domain(-1.2, 1.2), cost=30.0)
# (1 - x) * (1 + x) keeps what 1 - x * x loses near 1
arcsin: Primitive = _function(
    "arcsin", lambda g, y, x: g / sqrt((1.0 - x) * (1.0 + x)), inside_unit, of="asin", domain=UNIT
)
arccos: Primitive = _function(
    "arccos", lambda g, y, x: -g / sqrt((1.0 - x) * (1.0 + x)), inside_unit, of="acos", domain=UNIT
)
arctan: Primitive = _function("arctan", lambda g, y, x: g / (1.0 + x * x), of="atan")

arctan2: Primitive = elementwise(
    "arctan2",
    numpy=np.arctan2,
    scalar=math.atan2,
    spelling="math.atan2({}, {})",
    kernel="atan2",
    sympy="atan2",
    vjp=(
        lambda g, y, a, b: g * (b / hypot(a, b)) / hypot(a, b),
        lambda g, y, a, b: -g * (a / hypot(a, b)) / hypot(a, b),
    ),
    domain=(POSITIVE, REALS),
    kink="arctan2",
    cost=30.0,
)

deg2rad: Primitive = elementwise(
    "deg2rad",
    numpy=np.deg2rad,
    scalar=math.radians,
    spelling="math.radians({})",
    kernel=lambda k, x: k.mul(x, DEGREE),
    sympy=lambda sp, x: x * sp.pi / 180,
    vjp=(lambda g, y, x: g * DEGREE,),
    also=(np.radians,),
    linear=True,
)

rad2deg: Primitive = elementwise(
    "rad2deg",
    numpy=np.rad2deg,
    scalar=math.degrees,
    spelling="math.degrees({})",
    kernel=lambda k, x: k.mul(x, 1.0 / DEGREE),
    sympy=lambda sp, x: x * 180 / sp.pi,
    vjp=(lambda g, y, x: g * (180.0 / math.pi),),
    also=(np.degrees,),
    linear=True,
)

# -- hyperbolic functions ----------------------------------------------------------------------------------------------

sinh: Primitive = _function("sinh", lambda g, y, x: g * cosh(x), finite_result(), cost=30.0)
cosh: Primitive = _function("cosh", lambda g, y, x: g * sinh(x), finite_result(), cost=30.0)
tanh: Primitive = _function("tanh", lambda g, y, x: g * (1.0 - y * y))
arcsinh: Primitive = _function("arcsinh", lambda g, y, x: g / hypot(x, 1.0), of="asinh", cost=30.0)
arccosh: Primitive = _function(
    "arccosh",
    lambda g, y, x: g / (sqrt(x - 1.0) * sqrt(x + 1.0)),
    domain(lambda k, x: k.not_(k.lt(x, 1.0))),
    of="acosh",
    domain=ABOVE_ONE,
    cost=30.0,
)
arctanh: Primitive = _function(
    "arctanh",
    lambda g, y, x: g / ((1.0 - x) * (1.0 + x)),
    domain(lambda k, x: k.not_(k.ge(k.abs(x), 1.0))),
    of="atanh",
    domain=UNIT,
    cost=30.0,
)


def _sigmoid_kernel(k: Any, x: Any) -> Any:
    small = k.exp(k.neg(k.abs(x)))
    return k.div(k.select(k.ge(x, 0.0), 1.0, small), k.add(1.0, small))


def _sigmoid_numpy(x: Any) -> Any:
    x = np.asarray(x) * 1.0
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small)[()] / (1.0 + small)


sigmoid: Primitive = elementwise(
    "sigmoid",
    numpy=_sigmoid_numpy,
    python="sigmoid({})",
    helper=(
        "def sigmoid(x):\n"
        '    """The logistic function, without overflow."""\n'
        "    small = np.exp(-np.abs(x))\n"
        "    return np.where(x >= 0, 1.0, small) / (1.0 + small)\n"
    ),
    kernel=_sigmoid_kernel,
    sympy=lambda sp, x: 1 / (1 + sp.exp(-x)),
    vjp=(lambda g, y, x: g * (y * (1.0 - y)),),
    cost=20.0,
)

# -- sinc --------------------------------------------------------------------------------------------------------------


def _sinc_slope(x: Any) -> Any:
    """``(cos(t) - sin(t) / t) / x`` at ``t = pi x``; by its series where that cancels."""
    t = math.pi * x
    s = t * t
    series: Any = 0.0
    for n in range(9, 0, -1):
        series = (-1) ** n * 2 * n / math.factorial(2 * n + 1) + s * series if n < 9 else -18.0 / math.factorial(19)
    near = less(absolute(t), 1.0)
    return where(near, math.pi * t * series, (cos(t) - sinc(x)) / where(near, 1.0, x))


sinc: Primitive = elementwise(
    "sinc",
    numpy=np.sinc,
    kernel=lambda k, x: k.select(k.eq(x, 0.0), 1.0, k.div(k.sin(k.mul(x, math.pi)), k.mul(x, math.pi))),
    sympy=lambda sp, x: sp.sinc(sp.pi * x),
    vjp=(lambda g, y, x: g * _sinc_slope(x),),
    cost=25.0,
)

# -- rounding and signs ------------------------------------------------------------------------------------------------


def _rounding(name: str, result: str, form: Any) -> Any:
    def kernel(k: Any, x: Any) -> Any:
        return getattr(k, name)(x) if x.type in ("f64", "f32") else x

    return elementwise(name, numpy=getattr(np, name), result=result, kernel=kernel, sympy=form, vjp=(None,))


floor: Primitive = _rounding("floor", "same", "floor")
ceil: Primitive = _rounding("ceil", "same", "ceiling")
trunc: Primitive = _rounding("trunc", "same", lambda sp, x: sp.sign(x) * sp.floor(sp.Abs(x)))
rint: Primitive = _rounding("rint", "float", lambda sp, x: sp.Function("rint")(x))

fabs: Primitive = elementwise(
    "fabs",
    numpy=np.fabs,
    scalar=math.fabs,
    spelling="math.fabs({})",
    kernel="abs",
    sympy="Abs",
    vjp=(lambda g, y, x: g * sign(x),),
    kink="abs",
    domain=POSITIVE,
)

copysign: Primitive = elementwise(
    "copysign",
    numpy=np.copysign,
    scalar=math.copysign,
    spelling="math.copysign({}, {})",
    sympy=lambda sp, a, b: sp.Abs(a) * sp.sign(b),
    vjp=(lambda g, y, a, b: g * sign(a) * copysign(1.0, b), None),
    domain=(POSITIVE, POSITIVE),
    kink="abs",
)


def _fmod_kernel(k: Any, a: Any, b: Any) -> Any:
    if a.type in ("f64", "f32"):
        return k.fmod(a, b)
    size = k.mod(k.abs(a), k.abs(b))
    return k.select(k.lt(a, 0), k.neg(size), size)


fmod: Primitive = elementwise(
    "fmod",
    numpy=np.fmod,
    scalar=math.fmod,
    spelling="math.fmod({}, {})",
    kernel=_fmod_kernel,
    sympy=lambda sp, a, b: a - b * sp.sign(a) * sp.sign(b) * sp.floor(sp.Abs(a) / sp.Abs(b)),
    vjp=(lambda g, y, a, b: g, lambda g, y, a, b: -g * trunc(a / b)),
    domain=(REALS, POSITIVE),
    checks=(domain(lambda k, a, b: k.or_(k.or_(k.isnan(a), k.isnan(b)), k.and_(k.ne(b, 0.0), k.isfinite(a)))),),
    cost=20.0,
)


def _heaviside_kernel(k: Any, x: Any, h: Any) -> Any:
    step = k.mul(k.add(k.copysign(1.0, x), 1.0), 0.5)
    return k.select(k.isnan(x), x, k.select(k.eq(x, 0.0), h, step))


heaviside: Primitive = elementwise(
    "heaviside",
    numpy=np.heaviside,
    kernel=_heaviside_kernel,
    sympy=lambda sp, x, h: sp.Heaviside(x, h),
    vjp=(None, lambda g, y, x, h: where(equal(x, 0), g, 0.0)),
    domain=(POSITIVE, REALS),
)
