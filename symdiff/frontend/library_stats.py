"""Methods of the distributions of `scipy.stats`, for the rows of `library_distributions.py`.

Outside the support the argument is replaced by one inside before the formula, so that slopes stay finite there. What
SciPy calls a bad parameter (a scale that is not positive, say) gives nan, as there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from symdiff.frontend.by_name import stands_for_named
from symdiff.frontend.library_distributions import CONTINUOUS, DISCRETE
from symdiff.frontend.written import refuse

__all__ = ["Frozen", "distribution"]

BASE = "scipy.stats._distn_infrastructure"
HINT = "write it with NumPy and the functions of scipy.special"
INSIDE = 0.5
"""A place inside the support of each continuous distribution, and between the ends of a probability."""


def distribution(dist: Any) -> str:
    """The name of a distribution of `scipy.stats`, found while parsing."""
    raise NotImplementedError(dist)


def row_of(table: Any, dist: Any, method: str, needed: str) -> Any:
    """The row of a distribution that knows the method."""
    name = distribution(dist)
    if name not in table or needed not in table[name]:
        refuse(f"scipy.stats.{name}.{method} is not supported", HINT)
    return table[name]


# -- continuous --------------------------------------------------------------------------------------------------------


def checked(x: Any, shapes: Any, scale: Any) -> Any:
    """The argument, but nan where a parameter is bad: what follows hands it on."""
    x = np.asarray(x) * 1.0
    for shape in shapes:
        x = np.where(np.asarray(shape) > 0, x, np.nan)
    return x if scale is None else np.where(np.asarray(scale) > 0, x, np.nan)


def positive(scale: Any) -> Any:
    """A scale to divide by."""
    return np.where(np.asarray(scale) > 0, scale, 1.0)


def standard(x: Any, given: Any) -> Any:
    """The standardised argument."""
    shapes, loc, scale = given
    z = checked(x, shapes, scale)
    if loc is not None:
        z = z - loc
    return z if scale is None else z / positive(scale)


def density(row: Any, x: Any, given: Any) -> Any:
    """The logarithm of the density."""
    z = standard(x, given)
    shapes, _, scale = given
    low, high = row["support"]
    if low == -np.inf:
        found = row["logpdf"](z, *shapes)
        return found if scale is None else found - np.log(positive(scale))
    outside = z <= low if "open" in row else z < low
    if high != np.inf:
        outside = outside | (z > high)
    found = row["logpdf"](np.where(outside, INSIDE, z), *shapes)
    return np.where(outside, -np.inf, found if scale is None else found - np.log(positive(scale)))


def accumulated(row: Any, method: str, x: Any, given: Any, below: float, above: float) -> Any:
    """A function that is constant on both sides of the support."""
    z = standard(x, given)
    low, high = row["support"]
    if low == -np.inf:
        return row_method(row, method, z, given[0])
    under = z <= low
    over = z >= high
    found = row_method(row, method, np.where(under | over, INSIDE, z), given[0])
    return np.where(under, below, np.where(over, above, found))


def row_method(row: Any, method: str, z: Any, shapes: Any) -> Any:
    """A method of a row; of logarithms, as a rule of the function."""
    if method in row:
        return row[method](z, *shapes)
    return np.log(row["cdf" if method == "logcdf" else "sf"](z, *shapes))


def quantile(row: Any, method: str, q: Any, given: Any, first: Any, last: Any) -> Any:
    """An inverse, which starts and ends at the ends of the support."""
    shapes, loc, scale = given
    q = checked(q, shapes, scale)
    within = (q > 0) & (q < 1)
    end = np.where(q == 0, first, np.where(q == 1, last, np.nan))
    found = np.where(within, row[method](np.where(within, q, INSIDE), *shapes), end)
    if scale is not None:
        found = found * positive(scale)
    return found if loc is None else found + loc


# -- of whole numbers --------------------------------------------------------------------------------------------------


def counted(row: Any, k: Any, given: Any) -> Any:
    """The number less the location, nan where a parameter is bad."""
    shapes, loc = given
    k = np.where(row["valid"](*shapes), np.asarray(k) * 1.0, np.nan)
    return k if loc is None else k - loc


def probability(row: Any, k: Any, given: Any) -> Any:
    """The logarithm of the probability."""
    n = counted(row, k, given)
    low, high = row["support"](*given[0])
    outside = (n < low) | (n > high) | (np.floor(n) < n)
    return np.where(outside, -np.inf, row["logpmf"](np.where(outside, low, n), *given[0]))


def stepwise(row: Any, method: str, k: Any, given: Any, below: float, above: float) -> Any:
    """A function that is constant between whole numbers."""
    n = counted(row, k, given)
    low, high = row["support"](*given[0])
    under = n < low
    over = n >= high
    found = row_method(row, method, np.floor(np.where(under | over, low, n)), given[0])
    # some of the functions do not look at the number
    return np.where(np.isnan(n), n, np.where(under, below, np.where(over, above, found)))


def cumulated(self: Any, method: str, x: Any, args: Any, kwds: Any, below: float, above: float) -> Any:
    """A distribution function, its complement, or the logarithm of one of them."""
    if distribution(self) in DISCRETE:
        row = DISCRETE[distribution(self)]
        return stepwise(row, method, x, row["parameters"](*args, **kwds), below, above)
    row = row_of(CONTINUOUS, self, method, "cdf")
    return accumulated(row, method, x, row["parameters"](*args, **kwds), below, above)


# -- methods -----------------------------------------------------------------------------------------------------------


@stands_for_named(BASE, "rv_continuous.logpdf")
def logpdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """Logarithm of the density."""
    row = row_of(CONTINUOUS, self, "logpdf", "logpdf")
    return density(row, x, row["parameters"](*args, **kwds))


@stands_for_named(BASE, "rv_continuous.pdf")
def pdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """The density."""
    row = row_of(CONTINUOUS, self, "pdf", "logpdf")
    return np.exp(density(row, x, row["parameters"](*args, **kwds)))


@stands_for_named(BASE, "rv_discrete.logpmf")
def logpmf(self: Any, k: Any, *args: Any, **kwds: Any) -> Any:
    """Logarithm of the probability."""
    row = row_of(DISCRETE, self, "logpmf", "logpmf")
    return probability(row, k, row["parameters"](*args, **kwds))


@stands_for_named(BASE, "rv_discrete.pmf")
def pmf(self: Any, k: Any, *args: Any, **kwds: Any) -> Any:
    """The probability."""
    row = row_of(DISCRETE, self, "pmf", "logpmf")
    return np.exp(probability(row, k, row["parameters"](*args, **kwds)))


@stands_for_named(BASE, "rv_continuous.cdf", "rv_discrete.cdf")
def cdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """The distribution function."""
    return cumulated(self, "cdf", x, args, kwds, 0.0, 1.0)


@stands_for_named(BASE, "rv_continuous.sf", "rv_discrete.sf")
def sf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """Its complement."""
    return cumulated(self, "sf", x, args, kwds, 1.0, 0.0)


@stands_for_named(BASE, "rv_continuous.logcdf", "rv_discrete.logcdf")
def logcdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """The logarithm of the distribution function."""
    return cumulated(self, "logcdf", x, args, kwds, -np.inf, 0.0)


@stands_for_named(BASE, "rv_continuous.logsf", "rv_discrete.logsf")
def logsf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """The logarithm of the complement."""
    return cumulated(self, "logsf", x, args, kwds, 0.0, -np.inf)


@stands_for_named(BASE, "rv_continuous.ppf")
def ppf(self: Any, q: Any, *args: Any, **kwds: Any) -> Any:
    """Quantiles."""
    row = row_of(CONTINUOUS, self, "ppf", "ppf")
    return quantile(row, "ppf", q, row["parameters"](*args, **kwds), row["support"][0], row["support"][1])


@stands_for_named(BASE, "rv_continuous.isf")
def isf(self: Any, q: Any, *args: Any, **kwds: Any) -> Any:
    """Quantiles, counted from above."""
    row = row_of(CONTINUOUS, self, "isf", "isf")
    return quantile(row, "isf", q, row["parameters"](*args, **kwds), row["support"][1], row["support"][0])


@stands_for_named(BASE, "rv_discrete.ppf", "rv_discrete.isf")
def whole_quantile(self: Any, q: Any, *args: Any, **kwds: Any) -> Any:
    """Quantiles of whole numbers are refused."""
    refuse(
        f"quantiles of scipy.stats.{distribution(self)} are not supported",
        "they are whole numbers, which have no derivative: pass them as an argument",
    )


@stands_for_named(BASE, "rv_generic.rvs")
def rvs(self: Any, *args: Any, **kwds: Any) -> Any:
    """Samples are refused."""
    refuse(
        f"scipy.stats.{distribution(self)}.rvs is not supported", "draw from a generator of np.random.default_rng(seed)"
    )


SUMMARIES = ["mean", "median", "var", "std", "stats", "moment", "interval", "entropy", "support"]


@stands_for_named(BASE, *(f"rv_generic.{name}" for name in SUMMARIES), "rv_continuous.expect", "rv_discrete.expect")
def summary(self: Any, *args: Any, **kwds: Any) -> Any:
    """What is not a function of a point is refused."""
    refuse(
        f"of scipy.stats.{distribution(self)}, densities, distribution functions and quantiles are supported",
        "write this in terms of the parameters",
    )


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

    def isf(self, q: Any) -> Any:
        return self.dist.isf(q, *self.args, **self.kwds)


@stands_for_named(BASE, "rv_generic.__call__", "rv_generic.freeze", "rv_continuous.freeze", "rv_discrete.freeze")
def frozen(self: Any, *args: Any, **kwds: Any) -> Any:
    """A distribution that is given its parameters."""
    return Frozen(self, args, kwds)
