"""Functions of `scipy.special` around the gamma function: incomplete ones, their inverses, beta, and what counts."""

from __future__ import annotations

from typing import Any

from symdiff.ops.arithmetic import absolute
from symdiff.ops.comparison import less, where
from symdiff.ops.elementary import exp, log, log1p, sin, sqrt
from symdiff.ops.primitive import POSITIVE, REALS, Domain, Primitive
from symdiff.ops.scipy_error import xlog1py, xlogy
from symdiff.ops.scipy_row import SCIPY, polynomial, special, unknown
from symdiff.ops.special import digamma, erf, erfc, gamma, gammaln

__all__ = ["COUNT", "PROBABILITY", "beta_density", "betaln", "gamma_density"]

COUNT = Domain(2, 4, integer=True)
PROBABILITY = Domain(0.05, 0.95)

SCIPY.update({"gamma": gamma, "gammaln": gammaln, "erf": erf, "erfc": erfc, "psi": digamma, "digamma": digamma})

special("loggamma", lambda g, y, x: g * digamma(x), sympy="loggamma", domain=POSITIVE)
special("gammasgn", None, sympy=lambda sp, x: sp.sign(sp.gamma(x)), domain=POSITIVE, cost=20.0)
special("rgamma", lambda g, y, x: -g * (y * digamma(x)), sympy=lambda sp, x: 1 / sp.gamma(x), domain=POSITIVE)
betaln: Primitive = special(
    "betaln",
    lambda g, y, a, b: g * (digamma(a) - digamma(a + b)),
    lambda g, y, a, b: g * (digamma(b) - digamma(a + b)),
    sympy=lambda sp, a, b: sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b),
    domain=POSITIVE,
)
special(
    "beta",
    lambda g, y, a, b: g * (y * (digamma(a) - digamma(a + b))),
    lambda g, y, a, b: g * (y * (digamma(b) - digamma(a + b))),
    sympy=lambda sp, a, b: sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b),
    domain=POSITIVE,
)

# -- incomplete --------------------------------------------------------------------------------------------------------


def gamma_density(a: Any, x: Any) -> Any:
    return exp(xlogy(a - 1.0, x) - x - gammaln(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    return exp(xlogy(a - 1.0, x) + xlog1py(b - 1.0, -x) - betaln(a, b))


special(
    "gammainc",
    unknown("gammainc", "a"),
    lambda g, y, a, x: g * gamma_density(a, x),
    sympy=lambda sp, a, x: sp.lowergamma(a, x) / sp.gamma(a),
    domain=[COUNT, POSITIVE],
)
special(
    "gammaincc",
    unknown("gammaincc", "a"),
    lambda g, y, a, x: -g * gamma_density(a, x),
    sympy=lambda sp, a, x: sp.uppergamma(a, x) / sp.gamma(a),
    domain=[COUNT, POSITIVE],
)
special(
    "gammaincinv",
    unknown("gammaincinv", "a"),
    lambda g, y, a, p: g / gamma_density(a, y),
    domain=[COUNT, PROBABILITY],
)
special(
    "gammainccinv",
    unknown("gammainccinv", "a"),
    lambda g, y, a, p: -g / gamma_density(a, y),
    domain=[COUNT, PROBABILITY],
)
special(
    "betainc",
    unknown("betainc", "a"),
    unknown("betainc", "b"),
    lambda g, y, a, b, x: g * beta_density(a, b, x),
    domain=[COUNT, COUNT, PROBABILITY],
)
special(
    "betaincc",
    unknown("betaincc", "a"),
    unknown("betaincc", "b"),
    lambda g, y, a, b, x: -g * beta_density(a, b, x),
    domain=[COUNT, COUNT, PROBABILITY],
)
special(
    "betaincinv",
    unknown("betaincinv", "a"),
    unknown("betaincinv", "b"),
    lambda g, y, a, b, p: g / beta_density(a, b, y),
    domain=[COUNT, COUNT, PROBABILITY],
)
special(
    "betainccinv",
    unknown("betainccinv", "a"),
    unknown("betainccinv", "b"),
    lambda g, y, a, b, p: -g / beta_density(a, b, y),
    domain=[COUNT, COUNT, PROBABILITY],
)

# -- products of neighbours --------------------------------------------------------------------------------------------

special(
    "binom",
    lambda g, y, n, k: g * (y * (digamma(n + 1.0) - digamma(n - k + 1.0))),
    lambda g, y, n, k: g * (y * (digamma(n - k + 1.0) - digamma(k + 1.0))),
    sympy=lambda sp, n, k: sp.gamma(n + 1) / sp.gamma(k + 1) / sp.gamma(n - k + 1),
    domain=[Domain(5.0, 9.0), POSITIVE],
)
special(
    "poch",
    lambda g, y, a, m: g * (y * (digamma(a + m) - digamma(a))),
    lambda g, y, a, m: g * (y * digamma(a + m)),
    sympy=lambda sp, a, m: sp.gamma(a + m) / sp.gamma(a),
    domain=POSITIVE,
)

# -- integrals ---------------------------------------------------------------------------------------------------------

NEAR = 0.05
"""So near to where two terms of a slope cancel, its series is used: this many to the number of terms is below eps."""
TERMS = range(14)


def _spence_slope(g: Any, y: Any, x: Any) -> Any:
    u = x - 1.0
    near = less(absolute(u), NEAR)
    series = polynomial(u, [-((-1.0) ** n) / (n + 1.0) for n in TERMS])
    return g * where(near, series, log(x) / where(near, 1.0, -u))


special("exp1", lambda g, y, x: -g * (exp(-x) / x), sympy=lambda sp, x: -sp.Ei(-x), domain=POSITIVE)
special("expi", lambda g, y, x: g * (exp(x) / x), sympy="Ei", domain=POSITIVE)
special("spence", _spence_slope, sympy=lambda sp, x: sp.polylog(2, 1 - x), domain=Domain(0.2, 0.9))

special("zetac", unknown("zetac", "x"), sympy=lambda sp, x: sp.zeta(x) - 1, domain=COUNT)
special("wrightomega", lambda g, y, x: g * (y / (1.0 + y)), sympy=lambda sp, x: sp.LambertW(sp.exp(x)))

# -- hypergeometric functions ------------------------------------------------------------------------------------------

hyp1f1: Primitive = special(
    "hyp1f1",
    unknown("hyp1f1", "a"),
    unknown("hyp1f1", "b"),
    lambda g, y, a, b, x: g * (a / b * hyp1f1(a + 1.0, b + 1.0, x)),
    domain=[COUNT, COUNT, REALS],
)
hyp2f1: Primitive = special(
    "hyp2f1",
    unknown("hyp2f1", "a"),
    unknown("hyp2f1", "b"),
    unknown("hyp2f1", "c"),
    lambda g, y, a, b, c, x: g * (a * b / c * hyp2f1(a + 1.0, b + 1.0, c + 1.0, x)),
    domain=[COUNT, COUNT, COUNT, Domain(-0.6, 0.6)],
)
PI_OVER_8 = 0.39269908169872414
special(
    "ellipk",
    lambda g, y, m: g * (PI_OVER_8 * hyp2f1(1.5, 1.5, 2.0, m)),
    sympy="elliptic_k",
    domain=Domain(-0.9, 0.9),
)
special(
    "ellipkinc",
    lambda g, y, phi, m: g / sqrt(1.0 - m * (sin(phi) * sin(phi))),
    unknown("ellipkinc", "m"),
    sympy=lambda sp, phi, m: sp.elliptic_f(phi, m),
    domain=[Domain(-1.4, 1.4), Domain(-3, 0, integer=True)],
)
special(
    "ellipeinc",
    lambda g, y, phi, m: g * sqrt(1.0 - m * (sin(phi) * sin(phi))),
    unknown("ellipeinc", "m"),
    sympy=lambda sp, phi, m: sp.elliptic_e(phi, m),
    domain=[Domain(-1.4, 1.4), Domain(-3, 0, integer=True)],
)
special(
    "ellipe",
    lambda g, y, m: -g * (PI_OVER_8 * hyp2f1(0.5, 1.5, 2.0, m)),
    sympy="elliptic_e",
    domain=Domain(-0.9, 0.9),
)
exprel: Primitive = special(
    "exprel", lambda g, y, x: g * (0.5 * hyp1f1(2.0, 3.0, x)), sympy=lambda sp, x: (sp.exp(x) - 1) / x
)

# -- power transforms --------------------------------------------------------------------------------------------------


def _inverse_by_power(g: Any, z: Any, y: Any, power: Any) -> Any:
    u = power * y
    near = less(absolute(u), NEAR)
    series = polynomial(u, [(-1.0) ** (n + 1) * (n + 1.0) / (n + 2.0) for n in TERMS])
    far = where(near, 1.0, u)
    return g * (z * (y * y) * where(near, series, 1.0 / (far * (1.0 + far)) - log1p(far) / (far * far)))


special(
    "boxcox",
    lambda g, y, x, power: g * exp(xlogy(power - 1.0, x)),
    lambda g, y, x, power: g * (log(x) * log(x) * (0.5 * hyp1f1(2.0, 3.0, power * log(x)))),
    sympy=lambda sp, x, power: (x**power - 1) / power,
    domain=POSITIVE,
)
special(
    "inv_boxcox",
    lambda g, z, y, power: g * (z / (1.0 + power * y)),
    _inverse_by_power,
    sympy=lambda sp, y, power: (1 + power * y) ** (1 / power),
    domain=POSITIVE,
)
special(
    "boxcox1p",
    lambda g, y, x, power: g * exp(xlog1py(power - 1.0, x)),
    lambda g, y, x, power: g * (log1p(x) * log1p(x) * (0.5 * hyp1f1(2.0, 3.0, power * log1p(x)))),
    sympy=lambda sp, x, power: ((1 + x) ** power - 1) / power,
    domain=POSITIVE,
)
special(
    "inv_boxcox1p",
    lambda g, z, y, power: g * ((1.0 + z) / (1.0 + power * y)),
    lambda g, z, y, power: _inverse_by_power(g, 1.0 + z, y, power),
    sympy=lambda sp, y, power: (1 + power * y) ** (1 / power) - 1,
    domain=POSITIVE,
)
