"""Distributions of `scipy.stats` written in Python: densities, distribution functions and their inverses.

Outside the support the argument is replaced by one inside before the formula, so that slopes stay finite there. What
SciPy calls a bad parameter (a scale that is not positive, say) gives nan, as there.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from symdiff.frontend.by_name import stands_for_named
from symdiff.frontend.written import refuse
from symdiff.ops.scipy_row import CALLS

__all__ = ["Frozen", "distribution"]

BASE = "scipy.stats._distn_infrastructure"
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)

ndtr, ndtri, log_ndtr = CALLS["ndtr"], CALLS["ndtri"], CALLS["log_ndtr"]
xlogy, xlog1py, gammaln, betaln = CALLS["xlogy"], CALLS["xlog1py"], CALLS["gammaln"], CALLS["betaln"]
gammainc, gammaincc, pdtr = CALLS["gammainc"], CALLS["gammaincc"], CALLS["pdtr"]
betainc, stdtr = CALLS["betainc"], CALLS["stdtr"]


def distribution(dist: Any) -> str:
    """The name of a distribution of `scipy.stats`, found while parsing."""
    raise NotImplementedError(dist)


def positive(x: Any) -> Any:
    """A parameter that has to be positive: nan where it is not."""
    return np.where(np.asarray(x) > 0, x, np.nan)


def standard(x: Any, loc: Any, scale: Any) -> Any:
    """The standardised argument."""
    return (np.asarray(x) - loc) / positive(scale)


def norm_logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Logarithm of the normal density."""
    z = standard(x, loc, scale)
    return -0.5 * (z * z) - HALF_LOG_TWO_PI - np.log(positive(scale))


def norm_cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The normal distribution function."""
    return ndtr(standard(x, loc, scale))


def norm_sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Its complement."""
    return ndtr(-standard(x, loc, scale))


def norm_logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Its logarithm, also far out."""
    return log_ndtr(standard(x, loc, scale))


def norm_logsf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the complement."""
    return log_ndtr(-standard(x, loc, scale))


def norm_ppf(q: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Quantiles."""
    return ndtri(np.asarray(q)) * positive(scale) + loc


def expon_logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Logarithm of the exponential density."""
    z = standard(x, loc, scale)
    return np.where(z < 0, -np.inf, -np.where(z < 0, 0.0, z) - np.log(positive(scale)))


def gamma_logpdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Logarithm of the density of the gamma distribution."""
    z = standard(x, loc, scale)
    a = positive(a)
    inner = np.where(z < 0, 1.0, z)
    found = xlogy(a - 1.0, inner) - inner - gammaln(a) - np.log(positive(scale))
    return np.where(z < 0, -np.inf, found)


def gamma_cdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Its distribution function."""
    z = standard(x, loc, scale)
    return np.where(z < 0, 0.0, gammainc(positive(a), np.where(z < 0, 0.0, z)))


def gamma_sf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Its complement."""
    z = standard(x, loc, scale)
    return np.where(z < 0, 1.0, gammaincc(positive(a), np.where(z < 0, 0.0, z)))


def beta_logpdf(x: Any, a: Any, b: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Logarithm of the density of the beta distribution."""
    z = standard(x, loc, scale)
    a, b = positive(a), positive(b)
    outside = (z < 0) | (z > 1)
    inner = np.where(outside, 0.5, z)
    found = xlogy(a - 1.0, inner) + xlog1py(b - 1.0, -inner) - betaln(a, b) - np.log(positive(scale))
    return np.where(outside, -np.inf, found)


def t_logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Logarithm of Student's density."""
    z = standard(x, loc, scale)
    df = positive(df)
    front = -betaln(0.5 * df, 0.5) - 0.5 * np.log(df)
    return front - 0.5 * (df + 1.0) * np.log1p(z * z / df) - np.log(positive(scale))


def t_cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Student's distribution function."""
    return stdtr(positive(df), standard(x, loc, scale))


def lognorm_logpdf(x: Any, s: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Logarithm of the density of the log-normal distribution."""
    z = standard(x, loc, scale)
    s = positive(s)
    logarithm = np.log(np.where(z <= 0, 1.0, z))
    found = -0.5 * (logarithm / s) ** 2 - np.log(s) - logarithm - HALF_LOG_TWO_PI - np.log(positive(scale))
    return np.where(z <= 0, -np.inf, found)


def poisson_logpmf(k: Any, mu: Any, loc: Any = 0.0) -> Any:
    """Logarithm of the probabilities of the Poisson distribution."""
    n = np.asarray(k) - loc
    mu = np.where(np.asarray(mu) < 0, np.nan, mu)
    outside = (n < 0) | (np.floor(n) != n)
    inner = np.where(outside, 1.0, n)
    return np.where(outside, -np.inf, xlogy(inner, mu) - gammaln(inner + 1.0) - mu)


def poisson_cdf(k: Any, mu: Any, loc: Any = 0.0) -> Any:
    """The distribution function."""
    n = np.asarray(k) - loc
    mu = np.where(np.asarray(mu) < 0, np.nan, mu)
    return np.where(n < 0, 0.0, pdtr(np.where(n < 0, 0.0, np.floor(n)), mu))


LOG_DENSITY = {
    "norm": norm_logpdf,
    "expon": expon_logpdf,
    "gamma": gamma_logpdf,
    "beta": beta_logpdf,
    "t": t_logpdf,
    "lognorm": lognorm_logpdf,
    "poisson": poisson_logpmf,
}
OTHERS = {
    "cdf": {"norm": norm_cdf, "gamma": gamma_cdf, "t": t_cdf, "poisson": poisson_cdf},
    "sf": {"norm": norm_sf, "gamma": gamma_sf},
    "logcdf": {"norm": norm_logcdf},
    "logsf": {"norm": norm_logsf},
    "ppf": {"norm": norm_ppf},
}


def method_of(table: Any, dist: Any, method: str) -> Any:
    """The function that computes a method of a distribution."""
    name = distribution(dist)
    if name not in table:
        refuse(
            f"scipy.stats.{name}.{method} is not supported", "write it with NumPy and the functions of scipy.special"
        )
    return table[name]


@stands_for_named(BASE, "rv_continuous.logpdf", "rv_discrete.logpmf")
def logpdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """Logarithm of the density, or of the probability."""
    return method_of(LOG_DENSITY, self, "logpdf")(x, *args, **kwds)


@stands_for_named(BASE, "rv_continuous.pdf", "rv_discrete.pmf")
def pdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """The density, or the probability."""
    return np.exp(method_of(LOG_DENSITY, self, "pdf")(x, *args, **kwds))


@stands_for_named(BASE, "rv_continuous.cdf", "rv_discrete.cdf")
def cdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """The distribution function."""
    return method_of(OTHERS["cdf"], self, "cdf")(x, *args, **kwds)


@stands_for_named(BASE, "rv_continuous.sf", "rv_discrete.sf")
def sf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """Its complement."""
    return method_of(OTHERS["sf"], self, "sf")(x, *args, **kwds)


@stands_for_named(BASE, "rv_continuous.logcdf", "rv_discrete.logcdf")
def logcdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """The logarithm of the distribution function."""
    return method_of(OTHERS["logcdf"], self, "logcdf")(x, *args, **kwds)


@stands_for_named(BASE, "rv_continuous.logsf", "rv_discrete.logsf")
def logsf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """The logarithm of the complement."""
    return method_of(OTHERS["logsf"], self, "logsf")(x, *args, **kwds)


@stands_for_named(BASE, "rv_continuous.ppf", "rv_discrete.ppf")
def ppf(self: Any, q: Any, *args: Any, **kwds: Any) -> Any:
    """Quantiles."""
    return method_of(OTHERS["ppf"], self, "ppf")(q, *args, **kwds)


class Frozen(NamedTuple):
    """A distribution with its parameters."""

    dist: Any
    args: Any
    kwds: Any

    def logpdf(self, x: Any) -> Any:
        return self.dist.logpdf(x, *self.args, **self.kwds)

    def logpmf(self, k: Any) -> Any:
        return self.dist.logpmf(k, *self.args, **self.kwds)

    def pdf(self, x: Any) -> Any:
        return self.dist.pdf(x, *self.args, **self.kwds)

    def pmf(self, k: Any) -> Any:
        return self.dist.pmf(k, *self.args, **self.kwds)

    def cdf(self, x: Any) -> Any:
        return self.dist.cdf(x, *self.args, **self.kwds)

    def sf(self, x: Any) -> Any:
        return self.dist.sf(x, *self.args, **self.kwds)

    def logcdf(self, x: Any) -> Any:
        return self.dist.logcdf(x, *self.args, **self.kwds)

    def logsf(self, x: Any) -> Any:
        return self.dist.logsf(x, *self.args, **self.kwds)

    def ppf(self, q: Any) -> Any:
        return self.dist.ppf(q, *self.args, **self.kwds)


@stands_for_named(BASE, "rv_generic.__call__")
def frozen(self: Any, *args: Any, **kwds: Any) -> Any:
    """A distribution that is given its parameters."""
    return Frozen(self, args, kwds)
