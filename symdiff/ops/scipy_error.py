"""Functions of `scipy.special` around the normal distribution, logistic functions, entropies and losses."""

from __future__ import annotations

import math
from typing import Any

from symdiff.ops.arithmetic import absolute, power, sign
from symdiff.ops.comparison import greater, less_equal, where
from symdiff.ops.elementary import exp, hypot, log, log1p, sigmoid, sin
from symdiff.ops.primitive import POSITIVE, REALS, UNIT, Domain, Primitive
from symdiff.ops.scipy_row import polynomial, ratio, special
from symdiff.ops.special import TWO_OVER_ROOT_PI, erf

__all__: list[str] = []

HALF_ROOT_PI = math.sqrt(math.pi) / 2.0
TWO_PI = 2.0 * math.pi
ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
ROOT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)
ROOT_HALF = math.sqrt(0.5)
LOG_10 = math.log(10.0)
PROBABILITY = Domain(0.05, 0.95)

# -- error functions ---------------------------------------------------------------------------------------------------

FAR = 20.0
"""From here on erfcx and dawsn are their asymptotic series; the closed forms of their slopes cancel there."""
ODD_FACTORIALS = [float(math.prod(range(1, 2 * n, 2))) for n in range(10)]


def _erfcx_slope(g: Any, y: Any, x: Any) -> Any:
    far = greater(x, FAR)
    t = -0.5 / where(far, x * x, 1.0)
    return g * where(far, TWO_OVER_ROOT_PI * t * polynomial(t, ODD_FACTORIALS[1:]), 2.0 * x * y - TWO_OVER_ROOT_PI)


def _dawsn_slope(g: Any, y: Any, x: Any) -> Any:
    far = greater(absolute(x), FAR)
    t = 0.5 / where(far, x * x, 1.0)
    return g * where(far, -t * polynomial(t, ODD_FACTORIALS[1:]), 1.0 - 2.0 * x * y)


special("erfinv", lambda g, y, x: g * (HALF_ROOT_PI * exp(y * y)), sympy="erfinv", domain=UNIT)
special(
    "erfcinv",
    lambda g, y, x: -g * (HALF_ROOT_PI * exp(y * y)),
    sympy=lambda sp, x: sp.erfinv(1 - x),
    domain=Domain(0.1, 1.9),
)
special("erfi", lambda g, y, x: g * (TWO_OVER_ROOT_PI * exp(x * x)), sympy="erfi")
erfcx: Primitive = special("erfcx", _erfcx_slope, sympy=lambda sp, x: sp.exp(x**2) * sp.erfc(x))
special("dawsn", _dawsn_slope, sympy=lambda sp, x: sp.sqrt(sp.pi) / 2 * sp.exp(-(x**2)) * sp.erfi(x))


def _hazard(g: Any, y: Any, x: Any) -> Any:
    # in the left tail the exponent of the closed form is a difference of large numbers; elsewhere erfcx overflows
    left = where(greater(x, 0.0), 0.0, x)
    return g * where(
        greater(x, 0.0), exp(-0.5 * (x * x) - y) / ROOT_TWO_PI, ROOT_TWO_OVER_PI / erfcx(-ROOT_HALF * left)
    )


special(
    "ndtr",
    lambda g, y, x: g * (exp(-0.5 * (x * x)) / ROOT_TWO_PI),
    sympy=lambda sp, x: sp.erfc(-x / sp.sqrt(2)) / 2,
)
special(
    "ndtri",
    lambda g, y, x: g * (ROOT_TWO_PI * exp(0.5 * (y * y))),
    sympy=lambda sp, x: sp.sqrt(2) * sp.erfinv(2 * x - 1),
    domain=PROBABILITY,
)
special("log_ndtr", _hazard, sympy=lambda sp, x: sp.log(sp.erfc(-x / sp.sqrt(2)) / 2))


def _quantile_slope(g: Any, y: Any, x: Any) -> Any:
    left = where(greater(y, 0.0), 0.0, y)
    right = where(greater(y, 0.0), y, 0.0)
    scaled = erfcx(-ROOT_HALF * left) / ROOT_TWO_OVER_PI
    return g * where(greater(y, 0.0), ROOT_TWO_PI * exp(x + 0.5 * (right * right)), scaled)


special(
    "ndtri_exp",
    _quantile_slope,
    sympy=lambda sp, x: sp.sqrt(2) * sp.erfinv(2 * sp.exp(x) - 1),
    domain=Domain(-3.0, -0.1),
)
special(
    "owens_t",
    lambda g, y, h, a: -g * (exp(-0.5 * (h * h)) * erf(ROOT_HALF * (a * h)) / (2.0 * ROOT_TWO_PI)),
    lambda g, y, h, a: g * (exp(-0.5 * (h * h) * (1.0 + a * a)) / (TWO_PI * (1.0 + a * a))),
)

# -- logistic functions ------------------------------------------------------------------------------------------------


def _as_sigmoid(k: Any, x: Any) -> Any:
    return sigmoid.kernel(k, x)  # type: ignore[misc, operator]


expit: Primitive = special(
    "expit",
    lambda g, y, x: g * (y * expit(-x)),
    sympy=lambda sp, x: 1 / (1 + sp.exp(-x)),
    kernel=_as_sigmoid,
    cost=20.0,
)
special(
    "logit", lambda g, y, x: g / (x * (1.0 - x)), sympy=lambda sp, x: sp.log(x / (1 - x)), domain=PROBABILITY, cost=30.0
)
special("log_expit", lambda g, y, x: g * expit(-x), sympy=lambda sp, x: -sp.log(1 + sp.exp(-x)), cost=40.0)

# -- products with logarithms ------------------------------------------------------------------------------------------


def _times(k: Any, x: Any, y: Any, logarithm: Any) -> Any:
    return k.select(k.and_(k.eq(x, 0.0), k.not_(k.isnan(y))), 0.0, k.mul(x, logarithm))


xlogy: Primitive = special(
    "xlogy",
    lambda g, z, x, y: g * log(y),
    lambda g, z, x, y: g * ratio(x, y),
    sympy=lambda sp, x, y: x * sp.log(y),
    kernel=lambda k, x, y: _times(k, x, y, k.log(y)),
    domain=POSITIVE,
    cost=20.0,
)
xlog1py: Primitive = special(
    "xlog1py",
    lambda g, z, x, y: g * log1p(y),
    lambda g, z, x, y: g * ratio(x, 1.0 + y),
    sympy=lambda sp, x, y: x * sp.log(1 + y),
    kernel=lambda k, x, y: _times(k, x, y, k.log1p(y)),
    domain=[REALS, POSITIVE],
    cost=20.0,
)
special(
    "entr",
    lambda g, y, x: -g * (log(x) + 1.0),
    sympy=lambda sp, x: -x * sp.log(x),
    domain=POSITIVE,
    cost=30.0,
)
special(
    "rel_entr",
    lambda g, z, x, y: g * (log(x) - log(y) + 1.0),
    lambda g, z, x, y: -g * ratio(x, y),
    sympy=lambda sp, x, y: x * sp.log(x / y),
    domain=POSITIVE,
    cost=30.0,
)
special(
    "kl_div",
    lambda g, z, x, y: g * (log(x) - log(y)),
    lambda g, z, x, y: g * (1.0 - ratio(x, y)),
    sympy=lambda sp, x, y: x * sp.log(x / y) - x + y,
    domain=POSITIVE,
    cost=30.0,
)

# -- losses ------------------------------------------------------------------------------------------------------------


def _pseudo_huber_by_width(g: Any, z: Any, width: Any, r: Any) -> Any:
    root = hypot(1.0, r / width)
    over = (r / width) * ((r / width) / (1.0 + root))  # the root less 1
    return g * (width * (over * (over / root)))


special(
    "huber",
    lambda g, z, width, r: g * where(less_equal(absolute(r), width), 0.0, absolute(r) - width),
    lambda g, z, width, r: g * where(less_equal(absolute(r), width), r, width * sign(r)),
    sympy=lambda sp, d, r: sp.Piecewise((r**2 / 2, sp.Abs(r) <= d), (d * (sp.Abs(r) - d / 2), True)),
    domain=[Domain(0.5, 1.0), Domain(1.5, 4.0)],
    cost=20.0,
)
special(
    "pseudo_huber",
    _pseudo_huber_by_width,
    lambda g, z, width, r: g * (r / hypot(1.0, r / width)),
    sympy=lambda sp, d, r: d**2 * (sp.sqrt(1 + (r / d) ** 2) - 1),
    domain=[POSITIVE, REALS],
    cost=20.0,
)
special(
    "cosm1",
    lambda g, y, x: -g * sin(x),
    sympy=lambda sp, x: sp.cos(x) - 1,
    cost=30.0,
)
special(
    "powm1",
    lambda g, z, x, y: g * (y * power(x, y - 1.0)),
    lambda g, z, x, y: g * xlogy(1.0 + z, x),
    sympy=lambda sp, x, y: x**y - 1,
    domain=POSITIVE,
    cost=40.0,
)
special("exp10", lambda g, y, x: g * (LOG_10 * y), sympy=lambda sp, x: 10**x, cost=20.0)

# -- degrees -----------------------------------------------------------------------------------------------------------

DEGREE = math.pi / 180.0
ANGLES = Domain(-80.0, 80.0)
sindg: Primitive = special(
    "sindg", lambda g, y, x: g * (DEGREE * cosdg(x)), sympy=lambda sp, x: sp.sin(sp.pi * x / 180), domain=ANGLES
)
cosdg: Primitive = special(
    "cosdg", lambda g, y, x: -g * (DEGREE * sindg(x)), sympy=lambda sp, x: sp.cos(sp.pi * x / 180), domain=ANGLES
)
special(
    "tandg",
    lambda g, y, x: g * (DEGREE * (1.0 + y * y)),
    sympy=lambda sp, x: sp.tan(sp.pi * x / 180),
    domain=Domain(-60.0, 60.0),
)
special(
    "cotdg",
    lambda g, y, x: -g * (DEGREE * (1.0 + y * y)),
    sympy=lambda sp, x: sp.cot(sp.pi * x / 180),
    domain=Domain(20.0, 80.0),
)
