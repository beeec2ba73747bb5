"""Distributions of `scipy.stats` and sums of exponentials: SciPy's values, slopes by differences of SciPy's values."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special, stats
from scipy.stats import multivariate_normal, norm

import symdiff as sd

plainly = sd.differentiable(simplify=False)


@pytest.fixture(autouse=True)
def _quick_and_quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    with np.errstate(all="ignore"):
        yield


# -- continuous --------------------------------------------------------------------------------------------------------

CONTINUOUS: dict[str, dict[str, float]] = {
    "norm": {},
    "t": {"df": 3.3},
    "gamma": {"a": 2.3},
    "chi2": {"df": 3.0},
    "beta": {"a": 2.3, "b": 0.7},
    "f": {"dfn": 3.0, "dfd": 4.5},
    "lognorm": {"s": 0.8},
    "expon": {},
    "uniform": {},
    "laplace": {},
    "logistic": {},
    "cauchy": {},
    "weibull_min": {"c": 1.7},
    "gumbel_r": {},
}
METHODS = ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf")
Z = [-np.inf, -700.0, -40.0, -3.0, -0.75, -1e-3, 0.0, 0.1, 0.25, 0.5, 0.875, 1.0, 1.001, 1.75, 6.0, 45.0, 700.0, 1e9]
Z += [np.inf, np.nan]
Q = np.array([-0.1, 0.0, 1e-300, 1e-10, 0.01, 0.3, 0.5, 0.7, 0.99, 1.0 - 1e-12, 1.0, 1.5, np.nan])
LOC, SCALE = 0.5, 2.0


def every_method(dist: Any, x: Any, q: Any, shapes: Sequence[Any], loc: Any, scale: Any) -> Any:
    """All of them, with the parameters given in several ways."""
    frozen, named = dist(*shapes, loc, scale), dist(*shapes, scale=scale, loc=loc)
    return (
        dist.pdf(x, *shapes, loc, scale),
        dist.logpdf(x, *shapes, loc=loc, scale=scale),
        frozen.cdf(x),
        named.sf(x),
        dist.logcdf(x, *shapes, loc, scale=scale),
        frozen.logsf(x),
        frozen.ppf(q),
        dist.isf(q, *shapes, loc, scale),
    )


def plain_methods(dist: Any, x: Any, q: Any, shapes: Any) -> Any:
    """Those without location and scale, the shapes by name."""
    frozen = dist(**shapes)
    return (
        frozen.pdf(x),
        dist.logpdf(x, **shapes),
        dist.cdf(x, **shapes),
        dist.sf(x, **shapes),
        frozen.logcdf(x),
        dist.logsf(x, **shapes),
        dist.ppf(q, **shapes),
        frozen.isf(q),
    )


# an odd function of q - 1 / 2, by a tangent that is not infinite in the middle
NEAR = {"cauchy.ppf": 1e-15, "cauchy.isf": 1e-15}


def agrees(found: Any, expected: Any, name: str, method: str) -> None:
    """Logarithms are compared where SciPy has all digits: it takes them of what may be 0 or 1."""
    if f"{name}.{method}" == "f.isf":  # the same with quantiles of 1 - q
        found, expected = found[~(Q < 1e-9)], expected[~(Q < 1e-9)]
    if method in ("logpdf", "logcdf", "logsf"):
        np.testing.assert_allclose(np.exp(found), np.exp(expected), rtol=1e-11, err_msg=f"{name}.{method}")
        digits = (expected < -1e-3) & np.isfinite(expected) & (expected > -700)
        found, expected = found[digits], expected[digits]
    np.testing.assert_allclose(
        found, expected, rtol=1e-11, atol=NEAR.get(f"{name}.{method}", 1e-300), err_msg=f"{name}.{method}"
    )


@pytest.mark.parametrize("name", CONTINUOUS)
def test_values(name: str) -> None:
    dist, shapes = getattr(stats, name), CONTINUOUS[name]
    x = LOC + SCALE * np.array(Z)
    both = plainly(
        lambda x, z, q, shapes, loc, scale: (
            every_method(dist, x, q, list(shapes.values()), loc, scale),
            plain_methods(dist, z, q, shapes),
        )
    )
    found = both(x, np.array(Z), Q, shapes, LOC, SCALE)
    expected = every_method(dist, x, Q, [*shapes.values()], LOC, SCALE), plain_methods(dist, np.array(Z), Q, shapes)
    for ours, theirs in zip(found, expected, strict=True):
        for method, a, b in zip(METHODS, ours, theirs, strict=True):
            agrees(a, b, name, method)


SMOOTH_Z = np.array([-3.1, -0.6, 0.15, 0.35, 0.62, 0.88, 1.4, 2.7, 6.3])
SMOOTH_Q = np.array([0.02, 0.3, 0.61, 0.97])


def differences(function: Callable[..., Any], x: Any, step: float = 1e-3) -> Any:
    """The slope of a function of one number, or of each entry of an array by its own: of fourth order."""
    ends = [(function(x + h) - function(x - h)) / (2 * h) for h in (step, step / 2)]
    return (4 * ends[1] - ends[0]) / 3


@pytest.mark.parametrize("name", CONTINUOUS)
def test_slopes(name: str) -> None:
    """By the argument, location and scale of every method; by the shapes of the densities."""
    dist, shapes = getattr(stats, name), list(CONTINUOUS[name].values())
    x = LOC + SCALE * SMOOTH_Z

    def total(x: Any, q: Any, loc: Any, scale: Any) -> Any:
        found = every_method(dist, x, q, shapes, loc, scale)
        finite = [np.sum(np.where(np.isfinite(found[k]), found[k], 0.0) * (1.0 + 0.3 * k)) for k in range(8)]
        return sum(finite)

    by_x, by_q, by_loc, by_scale = plainly(total).grad(x, SMOOTH_Q, LOC, SCALE, wrt=("x", "q", "loc", "scale"))
    assert by_loc == pytest.approx(differences(lambda v: total(x, SMOOTH_Q, v, SCALE), LOC), rel=1e-7)
    assert by_scale == pytest.approx(differences(lambda v: total(x, SMOOTH_Q, LOC, v), SCALE), rel=1e-7)
    for k, place in enumerate(x):
        one = differences(lambda v: total(np.array([v]), SMOOTH_Q, LOC, SCALE), place)
        assert by_x[k] == pytest.approx(one, rel=1e-7, abs=1e-8), (name, place)
    for k, place in enumerate(SMOOTH_Q):
        one = differences(lambda v: total(x, np.array([v]), LOC, SCALE), place, 1e-2 * min(place, 1.0 - place))
        assert by_q[k] == pytest.approx(one, rel=1e-6), (name, place)


@pytest.mark.parametrize("name", [name for name in CONTINUOUS if CONTINUOUS[name]])
def test_slopes_by_shapes(name: str) -> None:
    dist, shapes = getattr(stats, name), list(CONTINUOUS[name].values())

    def total(shapes: Any) -> Any:
        logs = dist.logpdf(SMOOTH_Z, *shapes)
        return np.sum(np.where(np.isfinite(logs), logs, 0.0)) + 1.7 * np.sum(dist.pdf(SMOOTH_Z, *shapes))

    found = plainly(total).grad(shapes)
    for k, value in enumerate(shapes):
        exact = differences(lambda v, k=k: total([*shapes[:k], v, *shapes[k + 1 :]]), value)
        assert found[k] == pytest.approx(exact, rel=1e-7), (name, k)


def test_far_tails() -> None:
    """Where SciPy takes the logarithm of 0 or of 1."""
    mp = mpmath.mp
    rows: list[tuple[Callable[[Any], Any], Callable[[Any], Any], float]] = [
        (lambda x: stats.laplace.logcdf(x), lambda x: x - mp.log(2), -800.0),
        (lambda x: stats.laplace.logcdf(x), lambda x: mp.log1p(-mp.exp(-x) / 2), 60.0),
        (lambda x: stats.laplace.logsf(x), lambda x: -x - mp.log(2), 800.0),
        (lambda x: stats.expon.logcdf(x), lambda x: mp.log1p(-mp.exp(-x)), 60.0),
        (lambda x: stats.expon.logcdf(x), lambda x: mp.log1p(-mp.exp(-x)), 1e-30),
        (lambda x: stats.weibull_min.logcdf(x, 2.0), lambda x: mp.log1p(-mp.exp(-(x**2))), 7.0),
        (lambda x: stats.gumbel_r.logsf(x), lambda x: mp.log1p(-mp.exp(-mp.exp(-x))), 50.0),
        (lambda x: stats.norm.logcdf(x), lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2), -40.0),
        (lambda x: stats.cauchy.logpdf(x), lambda x: -mp.log(mp.pi * (1 + x * x)), 1e200),
        (lambda x: stats.t.logpdf(x, np.inf), lambda x: -x * x / 2 - mp.log(2 * mp.pi) / 2, 2.5),
    ]
    compiled = plainly(lambda xs: [row[0](x) for row, x in zip(rows, xs, strict=True)])
    slopes = plainly(lambda xs: sum([row[0](x) for row, x in zip(rows, xs, strict=True)]))
    points = [row[2] for row in rows]
    with mpmath.workdps(80):
        for row, x, value, slope in zip(rows, points, compiled(points), slopes.grad(points), strict=True):
            step = mpmath.mpf(x) * mpmath.mpf(10) ** -20
            assert value == pytest.approx(float(row[1](mpmath.mpf(x))), rel=1e-13), x
            exact = (row[1](mpmath.mpf(x) + step) - row[1](mpmath.mpf(x) - step)) / (2 * step)
            assert slope == pytest.approx(float(exact), rel=1e-12), x


@pytest.mark.parametrize(("name", "bad"), [("norm", {}), ("gamma", {"a": -1.0}), ("beta", {"a": 0.0, "b": 2.0})])
def test_bad_parameters_give_nan(name: str, bad: Any) -> None:
    dist, good = getattr(stats, name), CONTINUOUS[name]
    compiled = plainly(lambda x, q, shapes, scale: every_method(dist, x, q, shapes, 0.0, scale))
    cases = [(list(good.values()), scale) for scale in (0.0, -1.0, np.nan)]
    for shapes, scale in [*cases, *([(list(bad.values()), 1.0)] if bad else [])]:
        found = compiled(np.array(Z), Q, shapes, scale)
        for method, a, b in zip(METHODS, found, every_method(dist, Z, Q, shapes, 0.0, scale), strict=True):
            assert np.isnan(b).all() and np.isnan(a).all(), (name, method, shapes, scale)


# -- of whole numbers --------------------------------------------------------------------------------------------------

DISCRETE: dict[str, list[tuple[float, ...]]] = {
    "poisson": [(2.6,), (0.0,), (-1.0,)],
    "bernoulli": [(0.3,), (0.0,), (1.0,), (1.5,)],
    "binom": [(7, 0.3), (7, 0.0), (7, 1.0), (0, 0.5), (6.5, 0.3), (7, -0.1)],
    "geom": [(0.3,), (1.0,), (0.0,)],
    "nbinom": [(3.5, 0.3), (2.0, 1.0), (2.0, 0.0)],
}
COUNTS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 6.0, 7.0, 7.5, 8.0, 30.0, np.nan])


def every_count(dist: Any, k: Any, shapes: Any, loc: Any) -> Any:
    frozen = dist(*shapes, loc=loc)
    return (
        dist.pmf(k, *shapes, loc),
        frozen.logpmf(k),
        frozen.cdf(k),
        dist.sf(k, *shapes, loc=loc),
        frozen.logcdf(k),
        dist.logsf(k, *shapes, loc),
    )


@pytest.mark.parametrize("name", DISCRETE)
def test_counts(name: str) -> None:
    dist = getattr(stats, name)
    compiled = plainly(lambda k, shapes, loc: every_count(dist, k, shapes, loc))
    for shapes in DISCRETE[name]:
        for loc in (0.0, 2.0):
            given = COUNTS + loc
            for a, b in zip(compiled(given, shapes, loc), every_count(dist, given, shapes, loc), strict=True):
                if np.isnan(b[0]):
                    assert np.isnan(a).all(), (name, shapes)  # SciPy's logarithms look at bad parameters less strictly
                else:
                    np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-300, err_msg=f"{name}{shapes}")


@pytest.mark.parametrize("name", DISCRETE)
def test_slopes_by_the_probability(name: str) -> None:
    dist, (*first, last) = getattr(stats, name), DISCRETE[name][0]
    counts = np.arange(1.0, 7.0)

    def total(p: Any) -> Any:
        return sum([np.sum(np.where(np.isfinite(f), f, 0.0)) for f in every_count(dist, counts, (*first, p), 0.0)])

    found = plainly(total).grad(last)
    assert found == pytest.approx(differences(total, last), rel=1e-8)


# -- made outside, several variables -----------------------------------------------------------------------------------

MADE_OUTSIDE = norm(0.3, scale=1.7)
MEAN, COV = np.array([0.1, 0.2]), np.array([[2.0, 0.3], [0.3, 1.0]])
NORMAL_OUTSIDE = multivariate_normal(MEAN, COV)


def test_made_outside() -> None:
    x = np.array([-0.4, 1.2])
    compiled = plainly(lambda x, d: (d.cdf(x), MADE_OUTSIDE.ppf(d.sf(x)), NORMAL_OUTSIDE.logpdf(x)))
    for dist in (norm(1.0, 2.0), norm(loc=0.5), stats.gamma(2.0, scale=3.0)):
        expected = dist.cdf(x), MADE_OUTSIDE.ppf(dist.sf(x)), NORMAL_OUTSIDE.logpdf(x)
        for a, b in zip(compiled(x, dist), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)
    slope = plainly(lambda x: np.sum(MADE_OUTSIDE.logpdf(x))).grad(x)
    np.testing.assert_allclose(slope, -(x - 0.3) / 1.7**2, rtol=1e-14)


POINTS = np.array([[0.3, 0.4], [1.0, 2.0], [-1.0, 0.5]])
FORMS: list[tuple[Callable[..., Any], Any]] = [
    (lambda x: multivariate_normal.logpdf(x, MEAN, COV), POINTS),
    (lambda x: multivariate_normal.pdf(x, mean=MEAN, cov=COV), POINTS[0]),
    (lambda x: multivariate_normal(MEAN, COV).logpdf(x), POINTS[:1]),
    (lambda x: multivariate_normal(cov=COV).pdf(x), POINTS),
    (lambda x: NORMAL_OUTSIDE.pdf(x), POINTS),
    (lambda x: multivariate_normal.logpdf(x, MEAN), POINTS),
    (lambda x: multivariate_normal.logpdf(x, MEAN, [2.0, 3.0]), POINTS),
    (lambda x: multivariate_normal.logpdf(x, [0.1, 0.2], 2.5), POINTS),
    (lambda x: multivariate_normal.logpdf(x), POINTS[:, 0]),
    (lambda x: multivariate_normal.logpdf(x, 0.5, 2.0), POINTS[:, :1]),
    (lambda x: multivariate_normal.logpdf(x, [0.5], [[2.0]]), 0.3),
]


def test_forms_of_the_multivariate_normal() -> None:
    points = [x for _, x in FORMS]
    compiled = plainly(lambda xs: [form(x) for (form, _), x in zip(FORMS, xs, strict=True)])
    for k, (found, (form, x)) in enumerate(zip(compiled(points), FORMS, strict=True)):
        assert np.shape(found) == np.shape(form(x)), k
        np.testing.assert_allclose(found, form(x), rtol=1e-13, err_msg=str(k))


def test_slopes_of_the_multivariate_normal() -> None:
    """The closed forms: what is left of each point, through the inverse of the covariance matrix."""
    compiled = plainly(lambda x, mean, cov: np.sum(multivariate_normal.logpdf(x, mean, cov)))
    by_x, by_mean, by_cov = compiled.grad(POINTS, MEAN, COV, wrt=("x", "mean", "cov"))
    white = np.linalg.solve(COV, (POINTS - MEAN).T)
    np.testing.assert_allclose(by_x, -white.T, rtol=1e-13)
    np.testing.assert_allclose(by_mean, white.sum(axis=1), rtol=1e-13)
    exact = 0.5 * (white @ white.T - len(POINTS) * np.linalg.inv(COV))
    np.testing.assert_allclose(by_cov + by_cov.T, 2 * exact, rtol=1e-12)


# -- refusals ----------------------------------------------------------------------------------------------------------

OF_DATA = stats.rv_histogram(([1, 2], [0, 1, 2]))
REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (lambda x: stats.moyal.logpdf(x), r"scipy.stats.moyal.logpdf is not supported"),
    (lambda x: stats.poisson.ppf(x, 2.0), r"quantiles of scipy.stats.poisson are not supported"),
    (lambda x: x * norm.rvs(0.0, 1.0), r"scipy.stats.norm.rvs is not supported"),
    (lambda x: norm.mean(x, 1.0), r"densities, distribution functions and quantiles are supported"),
    (lambda x: NORMAL_OUTSIDE.cdf([x, x]), r"distribution function of scipy.stats.multivariate_normal is not"),
    (lambda x: multivariate_normal.pdf(x, allow_singular=True), r"allow_singular=True is not supported"),
    (lambda x: OF_DATA.logcdf(x), r"distributions of your own are not supported"),
]


def test_a_covariance_matrix_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"Array 'cov' must be square"):
        plainly(lambda x: multivariate_normal.pdf([x], [0.0], [[1.0, 2.0]]))(0.5)


@pytest.mark.parametrize(("function", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused(function: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(sd.SymdiffError, match=message) as caught:
        plainly(function)(0.5)
    assert "test_distributions.py" in str(caught.value)


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (lambda a: stats.gamma.cdf(2.0, a), "gammainc with respect to a"),
        (lambda df: stats.t.sf(2.0, df), "stdtr with respect to df"),
        (lambda b: stats.beta.ppf(0.2, 2.0, b), "betaincinv with respect to b"),
    ],
)
def test_unknown_slopes_are_refused(function: Any, argument: str) -> None:
    compiled = plainly(function)
    assert compiled(1.5) == pytest.approx(function(1.5), rel=1e-13)
    with pytest.raises(sd.SymdiffError, match=f"the derivative of scipy.special.{argument} is not known"):
        compiled.grad(1.5)


# -- sums of exponentials ----------------------------------------------------------------------------------------------

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
