"""The distributions of `scipy.stats` that are known: their standard forms, one row each.

A row of `CONTINUOUS` has functions of the standardised argument and the shapes (`ppf` and `isf`: of a probability).
They are called inside the support only. Where `logcdf` or `logsf` is missing, it is the logarithm of the other; `pdf`
is the exponential of `logpdf`. Rows of `DISCRETE` have functions of a whole number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symdiff.ops.scipy_row import CALLS

__all__ = ["CONTINUOUS", "DISCRETE"]

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
LOG_2, LOG_PI = math.log(2.0), math.log(math.pi)
LARGE = 1e18
"""Degrees of freedom from which on Student's distribution is the normal one."""

ndtr, ndtri, log_ndtr = CALLS["ndtr"], CALLS["ndtri"], CALLS["log_ndtr"]
xlogy, xlog1py, gammaln, betaln = CALLS["xlogy"], CALLS["xlog1py"], CALLS["gammaln"], CALLS["betaln"]
gammainc, gammaincc, gammaincinv = CALLS["gammainc"], CALLS["gammaincc"], CALLS["gammaincinv"]
gammainccinv, chdtri, fdtr, fdtrc, fdtri = (CALLS[n] for n in ("gammainccinv", "chdtri", "fdtr", "fdtrc", "fdtri"))
betainc, betaincc, betaincinv = CALLS["betainc"], CALLS["betaincc"], CALLS["betaincinv"]
betainccinv, stdtr, stdtrit, pdtr, pdtrc = (CALLS[n] for n in ("betainccinv", "stdtr", "stdtrit", "pdtr", "pdtrc"))
expit, log_expit, logit = CALLS["expit"], CALLS["log_expit"], CALLS["logit"]

REALS = -math.inf, math.inf
POSITIVE = 0.0, math.inf
UNIT = 0.0, 1.0

# -- parameters, as calls give them ------------------------------------------------------------------------------------


def no_shape(loc: Any = None, scale: Any = None) -> Any:
    """Location and scale alone."""
    return (), loc, scale


def shape_a(a: Any, loc: Any = None, scale: Any = None) -> Any:
    """The gamma distribution has an a."""
    return (a,), loc, scale


def shape_c(c: Any, loc: Any = None, scale: Any = None) -> Any:
    """The distribution of Weibull has a c."""
    return (c,), loc, scale


def shape_s(s: Any, loc: Any = None, scale: Any = None) -> Any:
    """The log-normal distribution has an s."""
    return (s,), loc, scale


def shape_df(df: Any, loc: Any = None, scale: Any = None) -> Any:
    """Degrees of freedom."""
    return (df,), loc, scale


def shapes_ab(a: Any, b: Any, loc: Any = None, scale: Any = None) -> Any:
    """The beta distribution has an a and a b."""
    return (a, b), loc, scale


def shapes_of_f(dfn: Any, dfd: Any, loc: Any = None, scale: Any = None) -> Any:
    """Degrees of freedom of numerator and denominator."""
    return (dfn, dfd), loc, scale


def rate(mu: Any, loc: Any = None) -> Any:
    """The distribution of Poisson has a mu."""
    return (mu,), loc


def chance(p: Any, loc: Any = None) -> Any:
    """The probability of a success."""
    return (p,), loc


def trials(n: Any, p: Any, loc: Any = None) -> Any:
    """A number of trials, or of successes, and the probability of a success."""
    return (n, p), loc


# -- continuous distributions ------------------------------------------------------------------------------------------


def log_of_expm1(z: Any) -> Any:
    """The logarithm of ``1 - exp(-z)`` at a positive z."""
    far = z > LOG_2
    return np.where(far, np.log1p(-np.exp(-np.where(far, z, LOG_2))), np.log(-np.expm1(-np.where(far, LOG_2, z))))


def t_logpdf(z: Any, df: Any) -> Any:
    """Logarithm of Student's density."""
    df = np.minimum(df, LARGE)
    return -betaln(0.5 * df, 0.5) - 0.5 * np.log(df) - 0.5 * (df + 1.0) * np.log1p(z * z / df)


def f_logpdf(z: Any, dfn: Any, dfd: Any) -> Any:
    """Logarithm of Fisher's density."""
    n, m = 0.5 * np.asarray(dfn), 0.5 * np.asarray(dfd)
    odds = dfn * z / dfd
    return np.log(n / m) + xlogy(n - 1.0, odds) - (n + m) * np.log1p(odds) - betaln(n, m)


def laplace_cdf(z: Any) -> Any:
    """The distribution function of Laplace."""
    tail = 0.5 * np.exp(-np.abs(z))
    return np.where(z > 0, 1.0 - tail, tail)


def laplace_logcdf(z: Any) -> Any:
    """Its logarithm."""
    return np.where(z > 0, np.log1p(-0.5 * np.exp(-np.abs(z))), -np.abs(z) - LOG_2)


def laplace_ppf(q: Any) -> Any:
    """Its inverse."""
    upper = q > 0.5
    return np.where(upper, -np.log(2.0 * np.where(upper, 1.0 - q, 0.5)), np.log(2.0 * np.where(upper, 0.5, q)))


def cauchy_isf(q: Any) -> Any:
    """Where this much of the distribution of Cauchy is above."""
    upper = q > 0.5
    angle = math.pi * np.where(upper, 1.0 - q, q)
    return np.where(upper, -1.0, 1.0) / np.tan(angle)


def logistic_logpdf(z: Any) -> Any:
    """Logarithm of the logistic density."""
    y = -np.abs(z)
    return y - 2.0 * np.log1p(np.exp(y))


CONTINUOUS: dict[str, dict[str, Any]] = {
    "norm": {
        "parameters": no_shape,
        "support": REALS,
        "logpdf": lambda z: -0.5 * (z * z) - HALF_LOG_TWO_PI,
        "cdf": lambda z: ndtr(z),
        "sf": lambda z: ndtr(-z),
        "logcdf": lambda z: log_ndtr(z),
        "logsf": lambda z: log_ndtr(-z),
        "ppf": lambda q: ndtri(q),
        "isf": lambda q: -ndtri(q),
    },
    "t": {
        "parameters": shape_df,
        "support": REALS,
        "logpdf": t_logpdf,
        "cdf": lambda z, df: stdtr(df, z),
        "sf": lambda z, df: stdtr(df, -z),
        "ppf": lambda q, df: stdtrit(df, q),
        "isf": lambda q, df: -stdtrit(df, q),
    },
    "gamma": {
        "parameters": shape_a,
        "support": POSITIVE,
        "logpdf": lambda z, a: xlogy(a - 1.0, z) - z - gammaln(a),
        "cdf": lambda z, a: gammainc(a, z),
        "sf": lambda z, a: gammaincc(a, z),
        "ppf": lambda q, a: gammaincinv(a, q),
        "isf": lambda q, a: gammainccinv(a, q),
    },
    "chi2": {
        "parameters": shape_df,
        "support": POSITIVE,
        "logpdf": lambda z, df: xlogy(0.5 * df - 1.0, 0.5 * z) - 0.5 * z - gammaln(0.5 * df) - LOG_2,
        "cdf": lambda z, df: gammainc(0.5 * df, 0.5 * z),
        "sf": lambda z, df: gammaincc(0.5 * df, 0.5 * z),
        "ppf": lambda q, df: 2.0 * gammaincinv(0.5 * df, q),
        "isf": lambda q, df: chdtri(df, q),
    },
    "beta": {
        "parameters": shapes_ab,
        "support": UNIT,
        "logpdf": lambda z, a, b: xlogy(a - 1.0, z) + xlog1py(b - 1.0, -z) - betaln(a, b),
        "cdf": lambda z, a, b: betainc(a, b, z),
        "sf": lambda z, a, b: betaincc(a, b, z),
        "ppf": lambda q, a, b: betaincinv(a, b, q),
        "isf": lambda q, a, b: betainccinv(a, b, q),
    },
    "f": {
        "parameters": shapes_of_f,
        "support": POSITIVE,
        "logpdf": f_logpdf,
        "cdf": lambda z, dfn, dfd: fdtr(dfn, dfd, z),
        "sf": lambda z, dfn, dfd: fdtrc(dfn, dfd, z),
        "ppf": lambda q, dfn, dfd: fdtri(dfn, dfd, q),
        "isf": lambda q, dfn, dfd: 1.0 / fdtri(dfd, dfn, q),
    },
    "lognorm": {
        "parameters": shape_s,
        "support": POSITIVE,
        "logpdf": lambda z, s: -0.5 * (np.log(z) / s) ** 2 - np.log(s) - np.log(z) - HALF_LOG_TWO_PI,
        "open": True,
        "cdf": lambda z, s: ndtr(np.log(z) / s),
        "sf": lambda z, s: ndtr(-np.log(z) / s),
        "logcdf": lambda z, s: log_ndtr(np.log(z) / s),
        "logsf": lambda z, s: log_ndtr(-np.log(z) / s),
        "ppf": lambda q, s: np.exp(s * ndtri(q)),
        "isf": lambda q, s: np.exp(-s * ndtri(q)),
    },
    "expon": {
        "parameters": no_shape,
        "support": POSITIVE,
        "logpdf": lambda z: -z,
        "cdf": lambda z: -np.expm1(-z),
        "sf": lambda z: np.exp(-z),
        "logcdf": log_of_expm1,
        "logsf": lambda z: -z,
        "ppf": lambda q: -np.log1p(-q),
        "isf": lambda q: -np.log(q),
    },
    "uniform": {
        "parameters": no_shape,
        "support": UNIT,
        "logpdf": lambda z: 0.0 * z,
        "cdf": lambda z: z,
        "sf": lambda z: 1.0 - z,
        "ppf": lambda q: q,
        "isf": lambda q: 1.0 - q,
    },
    "laplace": {
        "parameters": no_shape,
        "support": REALS,
        "logpdf": lambda z: -np.abs(z) - LOG_2,
        "cdf": laplace_cdf,
        "sf": lambda z: laplace_cdf(-z),
        "logcdf": laplace_logcdf,
        "logsf": lambda z: laplace_logcdf(-z),
        "ppf": laplace_ppf,
        "isf": lambda q: -laplace_ppf(q),
    },
    "logistic": {
        "parameters": no_shape,
        "support": REALS,
        "logpdf": logistic_logpdf,
        "cdf": lambda z: expit(z),
        "sf": lambda z: expit(-z),
        "logcdf": lambda z: log_expit(z),
        "logsf": lambda z: log_expit(-z),
        "ppf": lambda q: logit(q),
        "isf": lambda q: -logit(q),
    },
    "cauchy": {
        "parameters": no_shape,
        "support": REALS,
        "logpdf": lambda z: -LOG_PI - 2.0 * np.log(np.hypot(1.0, z)),
        "cdf": lambda z: np.arctan2(1.0, -z) / math.pi,
        "sf": lambda z: np.arctan2(1.0, z) / math.pi,
        "ppf": lambda q: -cauchy_isf(q),
        "isf": cauchy_isf,
    },
    "weibull_min": {
        "parameters": shape_c,
        "support": POSITIVE,
        "logpdf": lambda z, c: np.log(c) + xlogy(c - 1.0, z) - z**c,
        "cdf": lambda z, c: -np.expm1(-(z**c)),
        "sf": lambda z, c: np.exp(-(z**c)),
        "logcdf": lambda z, c: log_of_expm1(z**c),
        "logsf": lambda z, c: -(z**c),
        "ppf": lambda q, c: (-np.log1p(-q)) ** (1.0 / c),
        "isf": lambda q, c: (-np.log(q)) ** (1.0 / c),
    },
    "gumbel_r": {
        "parameters": no_shape,
        "support": REALS,
        "logpdf": lambda z: -z - np.exp(-z),
        "cdf": lambda z: np.exp(-np.exp(-z)),
        "sf": lambda z: -np.expm1(-np.exp(-z)),
        "logcdf": lambda z: -np.exp(-z),
        "logsf": lambda z: log_of_expm1(np.exp(-z)),
        "ppf": lambda q: -np.log(-np.log(q)),
        "isf": lambda q: -np.log(-np.log1p(-q)),
    },
}

# -- distributions of whole numbers ------------------------------------------------------------------------------------


def is_chance(p: Any) -> Any:
    """Whether it is a probability."""
    return (np.asarray(p) >= 0) & (np.asarray(p) <= 1)


def is_some_chance(p: Any) -> Any:
    """Whether it is a probability, and not 0."""
    return (np.asarray(p) > 0) & (np.asarray(p) <= 1)


def binom_logpmf(k: Any, n: Any, p: Any) -> Any:
    """Logarithm of the binomial probabilities."""
    return gammaln(n + 1.0) - (gammaln(k + 1.0) + gammaln(n - k + 1.0)) + xlogy(k, p) + xlog1py(n - k, -p)


def nbinom_logpmf(k: Any, n: Any, p: Any) -> Any:
    """Logarithm of the negative binomial probabilities."""
    return gammaln(n + k) - gammaln(k + 1.0) - gammaln(n) + n * np.log(p) + xlog1py(k, -p)


DISCRETE: dict[str, dict[str, Any]] = {
    "poisson": {
        "parameters": rate,
        "valid": lambda mu: np.asarray(mu) >= 0,
        "support": lambda mu: (0.0, math.inf),
        "logpmf": lambda k, mu: xlogy(k, mu) - gammaln(k + 1.0) - mu,
        "cdf": lambda k, mu: pdtr(k, mu),
        "sf": lambda k, mu: pdtrc(k, mu),
    },
    "bernoulli": {
        "parameters": chance,
        "valid": is_chance,
        "support": lambda p: (0.0, 1.0),
        "logpmf": lambda k, p: xlogy(k, p) + xlog1py(1.0 - k, -p),
        "cdf": lambda k, p: 1.0 - p,
        "sf": lambda k, p: p,
    },
    "binom": {
        "parameters": trials,
        "valid": lambda n, p: (np.asarray(n) >= 0) & (np.floor(n) == n) & is_chance(p),
        "support": lambda n, p: (0.0, n),
        "logpmf": binom_logpmf,
        "cdf": lambda k, n, p: betaincc(k + 1.0, n - k, p),
        "sf": lambda k, n, p: betainc(k + 1.0, n - k, p),
    },
    "geom": {
        "parameters": chance,
        "valid": is_some_chance,
        "support": lambda p: (1.0, math.inf),
        "logpmf": lambda k, p: xlog1py(k - 1.0, -p) + np.log(p),
        "cdf": lambda k, p: -np.expm1(xlog1py(k, -p)),
        "sf": lambda k, p: np.exp(xlog1py(k, -p)),
        "logsf": lambda k, p: xlog1py(k, -p),
    },
    "nbinom": {
        "parameters": trials,
        "valid": lambda n, p: (np.asarray(n) > 0) & is_some_chance(p),
        "support": lambda n, p: (0.0, math.inf),
        "logpmf": nbinom_logpmf,
        "cdf": lambda k, n, p: betainc(n, k + 1.0, p),
        "sf": lambda k, n, p: betaincc(n, k + 1.0, p),
    },
}
