"""Distributions of `scipy.stats` and sums of exponentials: SciPy's values, slopes by differences of SciPy's values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special, stats
from scipy.stats import norm

import symdiff as sd

GRID = np.array([-40.0, -3.0, -0.7, -1e-3, 0.0, 0.2, 0.5, 0.9, 1.0, 1.7, 6.0, 45.0])

ROWS: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "norm.logpdf": (lambda x, m, s: norm.logpdf(x, m, s), (0.3, 1.7)),
    "norm.pdf": (lambda x, m, s: stats.norm.pdf(x, loc=m, scale=s), (0.3, 1.7)),
    "norm.cdf": (lambda x, m, s: norm.cdf(x, m, s), (0.3, 1.7)),
    "norm.sf": (lambda x, m, s: norm.sf(x, m, s), (0.3, 1.7)),
    "norm.logcdf": (lambda x, m, s: norm(m, s).logcdf(x), (0.3, 1.7)),
    "norm.logsf": (lambda x, m, s: norm(loc=m, scale=s).logsf(x), (0.3, 1.7)),
    "norm.ppf": (lambda x, m, s: norm.ppf(1 / (1 + np.exp(-0.2 * x)), m, s), (0.3, 1.7)),
    "expon.logpdf": (lambda x, s: stats.expon.logpdf(x, scale=s), (1.7,)),
    "gamma.logpdf": (lambda x, a, s: stats.gamma.logpdf(x, a, scale=s), (2.3, 1.7)),
    "gamma.pdf": (lambda x, a, s: stats.gamma(a, scale=s).pdf(x), (2.3, 1.7)),
    "gamma.cdf": (lambda x, s: stats.gamma.cdf(x, 2.3, scale=s), (1.7,)),
    "gamma.sf": (lambda x, s: stats.gamma.sf(x, 2.3, 0.1, s), (1.7,)),
    "beta.logpdf": (lambda x, a, b: stats.beta.logpdf(x, a, b), (2.3, 1.7)),
    "t.logpdf": (lambda x, df, m, s: stats.t.logpdf(x, df, m, s), (3.3, 0.1, 1.7)),
    "t.cdf": (lambda x, m, s: stats.t.cdf(x, 3.3, m, s), (0.1, 1.7)),
    "lognorm.logpdf": (lambda x, s, c: stats.lognorm.logpdf(x, s, scale=c), (0.8, 1.7)),
    "poisson.logpmf": (lambda x, m: stats.poisson.logpmf(np.floor(x), m), (2.6,)),
    "poisson.pmf": (lambda x, m: stats.poisson(m).pmf(x), (2.6,)),
    "poisson.cdf": (lambda x, m: stats.poisson.cdf(x, m), (2.6,)),
}


@pytest.mark.parametrize("name", ROWS)
def test_value_and_slopes_by_parameters(name: str) -> None:
    function, parameters = ROWS[name]
    compiled = sd.differentiable(function)
    with np.errstate(all="ignore"):
        expected = function(GRID, *parameters)
    np.testing.assert_allclose(compiled(GRID, *parameters), expected, rtol=1e-12, atol=1e-300)
    inside = GRID[np.isfinite(expected)]
    # between the points of the lattice and away from the ends of the support, where differences may be taken
    inside = inside[(np.abs(inside) < 7) & (np.abs(inside) > 0.1) & (np.abs(inside - 1) > 0.05)]

    def total(vector: Any) -> float:
        return float(np.sum(function(inside, *vector)))

    summed = sd.differentiable(lambda v: np.sum(function(inside, *v)))
    found = summed.grad(parameters)
    for k, value in enumerate(parameters):
        steps = []
        for h in (1e-3, 5e-4):
            up, down = np.array(parameters), np.array(parameters)
            up[k], down[k] = value + h, value - h
            steps.append((total(up) - total(down)) / (2 * h))
        assert found[k] == pytest.approx((4 * steps[1] - steps[0]) / 3, rel=1e-8, abs=1e-9), (name, k)


def test_bad_parameters_give_nan() -> None:
    compiled = sd.differentiable(lambda x, s: norm.pdf(x, 0.0, s))
    for scale in (0.0, -1.0, np.nan):
        with np.errstate(all="ignore"):
            assert np.isnan(compiled(0.5, scale)) and np.isnan(norm.pdf(0.5, 0.0, scale))


def test_other_distributions_are_refused() -> None:
    with pytest.raises(sd.SymdiffError, match=r"scipy.stats.cauchy.logpdf is not supported"):
        sd.differentiable(lambda x: stats.cauchy.logpdf(x))(0.5)


X = np.array([[0.3, -1.2, 700.0], [-800.0, 2.5, 699.0]])


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_sums_of_exponentials(axis: Any) -> None:
    functions: list[Callable[..., Any]] = [
        lambda x: special.logsumexp(x, axis=axis),
        lambda x: special.logsumexp(x, axis=axis, keepdims=True, b=2.0),
        lambda x: special.softmax(x, axis=axis),
        lambda x: special.log_softmax(x, axis=axis),
    ]
    for function in functions:
        np.testing.assert_allclose(sd.differentiable(function)(X), function(X), rtol=1e-14)
    gradient = sd.differentiable(lambda x: np.sum(special.logsumexp(x, axis=axis))).grad(X)
    np.testing.assert_allclose(gradient, special.softmax(X, axis=axis), rtol=1e-13)


def test_logsumexp_of_minus_infinity() -> None:
    compiled = sd.differentiable(lambda x: special.logsumexp(x))
    x = np.array([-np.inf, 0.0, 1.0])
    assert compiled(x) == pytest.approx(special.logsumexp(x), rel=1e-15)
    np.testing.assert_allclose(compiled.grad(x), [0.0, 1 / (1 + np.e), np.e / (1 + np.e)], rtol=1e-14)
