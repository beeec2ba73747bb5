"""The multivariate normal distribution of `scipy.stats`, by a Cholesky factor of its covariance matrix."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from symdiff.frontend.by_name import stands_for_named
from symdiff.frontend.written import is_single, refuse, substituted

__all__ = ["FrozenNormal"]

BASE = "scipy.stats._multivariate"
LOG_TWO_PI = math.log(2.0 * math.pi)


def moments(mean: Any, cov: Any) -> Any:
    """Mean and covariance as a vector and a matrix."""
    cov = np.asarray(cov) * 1.0
    if mean is None:
        mean = np.zeros(1 if cov.ndim < 2 else cov.shape[0])
    mean = np.ravel(mean) * 1.0
    if cov.ndim == 0:
        return mean, cov * np.eye(mean.shape[0])
    if cov.ndim == 1:
        cov = np.diag(cov)
    if cov.ndim != 2:
        raise ValueError(f"Array 'cov' must be at most two-dimensional, but cov.ndim = {cov.ndim}")
    if cov.shape[0] != mean.shape[0] or cov.shape[1] != mean.shape[0]:
        raise ValueError("Array 'cov' must be square, of the length of vector 'mean'.")
    return mean, cov


def log_density(x: Any, mean: Any, cov: Any) -> Any:
    """The logarithm of the density at a point, or at the points in the rows of a matrix."""
    x = np.asarray(x) * 1.0
    if x.ndim > 2:
        refuse(
            f"scipy.stats.multivariate_normal at points in {x.ndim - 1} dimensions is not supported",
            "reshape them to a matrix with a row for each: x.reshape(-1, x.shape[-1])",
        )
    factor = np.linalg.cholesky(cov)
    constant = -0.5 * mean.shape[0] * LOG_TWO_PI - np.sum(np.log(np.diag(factor)))
    if x.ndim == 0 or (x.ndim == 1 and not is_single(mean)):
        white = substituted(factor, x - mean, True)
        return constant - 0.5 * np.sum(white * white)
    points = x if x.ndim == 2 else np.reshape(x, (-1, 1))
    white = substituted(factor, (points - mean).T, True)
    found = constant - 0.5 * np.sum(white * white, axis=0)
    return found[0] if is_single(found) else found


def regular(allow_singular: Any) -> None:
    """Refuse a covariance matrix of which nothing is asked."""
    if allow_singular:
        refuse("allow_singular=True is not supported", "project the points on the range of the covariance matrix first")


@stands_for_named(BASE, "multivariate_normal_gen.logpdf")
def logpdf(self: Any, x: Any, mean: Any = None, cov: Any = 1, allow_singular: Any = False) -> Any:
    """The logarithm of the density."""
    regular(allow_singular)
    return log_density(x, *moments(mean, cov))


@stands_for_named(BASE, "multivariate_normal_gen.pdf")
def pdf(self: Any, x: Any, mean: Any = None, cov: Any = 1, allow_singular: Any = False) -> Any:
    """The density."""
    regular(allow_singular)
    return np.exp(log_density(x, *moments(mean, cov)))


@stands_for_named(BASE, "multivariate_normal_frozen.logpdf")
def logpdf_of_frozen(self: Any, x: Any) -> Any:
    """The logarithm of the density of a distribution made outside."""
    regular(self.allow_singular)
    return log_density(x, *moments(self.mean, self.cov_object.covariance))


@stands_for_named(BASE, "multivariate_normal_frozen.pdf")
def pdf_of_frozen(self: Any, x: Any) -> Any:
    """Its density."""
    regular(self.allow_singular)
    return np.exp(log_density(x, *moments(self.mean, self.cov_object.covariance)))


@stands_for_named(
    BASE,
    "multivariate_normal_gen.cdf",
    "multivariate_normal_gen.logcdf",
    "multivariate_normal_frozen.cdf",
    "multivariate_normal_frozen.logcdf",
)
def cdf(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
    """Distribution functions are refused: SciPy's are integrals by random points."""
    refuse("the distribution function of scipy.stats.multivariate_normal is not supported", "it is a random estimate")


@stands_for_named(BASE, "multivariate_normal_gen.rvs", "multivariate_normal_frozen.rvs")
def rvs(self: Any, *args: Any, **kwds: Any) -> Any:
    """Samples are refused."""
    refuse(
        "scipy.stats.multivariate_normal.rvs is not supported",
        "mean + np.linalg.cholesky(cov) @ rng.normal(size=...) draws from it",
    )


class FrozenNormal(NamedTuple):
    """A multivariate normal distribution with its parameters."""

    mean: Any
    cov: Any

    def logpdf(self, x: Any) -> Any:
        return log_density(x, *moments(self.mean, self.cov))

    def pdf(self, x: Any) -> Any:
        return np.exp(log_density(x, *moments(self.mean, self.cov)))


@stands_for_named(BASE, "multivariate_normal_gen.__call__")
def frozen(self: Any, mean: Any = None, cov: Any = 1, allow_singular: Any = False, seed: Any = None) -> Any:
    """A distribution that is given its parameters."""
    regular(allow_singular)
    return FrozenNormal(mean, cov)
