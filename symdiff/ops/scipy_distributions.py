"""Distribution functions of `scipy.special` and their inverses: their slopes are the densities.

Parameters that say a shape (degrees of freedom) have no derivative in closed form.
"""

from __future__ import annotations

from typing import Any

from symdiff.ops.elementary import exp, floor, log1p, sqrt
from symdiff.ops.primitive import POSITIVE, REALS
from symdiff.ops.scipy_error import xlogy
from symdiff.ops.scipy_gamma import COUNT, PROBABILITY, betaln, gamma_density
from symdiff.ops.scipy_row import special, unknown
from symdiff.ops.special import gammaln

__all__: list[str] = []


def _student_density(df: Any, t: Any) -> Any:
    return exp(-0.5 * (df + 1.0) * log1p(t * t / df) - betaln(0.5 * df, 0.5)) / sqrt(df)


def _poisson_probability(k: Any, m: Any) -> Any:
    return exp(xlogy(floor(k), m) - m - gammaln(floor(k) + 1.0))


def _chi_square_density(df: Any, x: Any) -> Any:
    return 0.5 * gamma_density(0.5 * df, 0.5 * x)


def _fisher_density(n: Any, m: Any, x: Any) -> Any:
    odds = n * x / m
    return exp(xlogy(0.5 * n - 1.0, odds) - 0.5 * (n + m) * log1p(odds) - betaln(0.5 * n, 0.5 * m)) * (n / m)


# -- Student, chi-square, Fisher, gamma --------------------------------------------------------------------------------

special(
    "stdtr",
    unknown("stdtr", "df"),
    lambda g, y, df, t: g * _student_density(df, t),
    domain=[COUNT, REALS],
)
special(
    "stdtrit",
    unknown("stdtrit", "df"),
    lambda g, y, df, p: g / _student_density(df, y),
    domain=[COUNT, PROBABILITY],
)
special(
    "chdtr",
    unknown("chdtr", "v"),
    lambda g, y, v, x: g * _chi_square_density(v, x),
    sympy=lambda sp, v, x: sp.lowergamma(v / 2, x / 2) / sp.gamma(v / 2),
    domain=[COUNT, POSITIVE],
)
special(
    "chdtrc",
    unknown("chdtrc", "v"),
    lambda g, y, v, x: -g * _chi_square_density(v, x),
    sympy=lambda sp, v, x: sp.uppergamma(v / 2, x / 2) / sp.gamma(v / 2),
    domain=[COUNT, POSITIVE],
)
special(
    "chdtri",
    unknown("chdtri", "v"),
    lambda g, y, v, p: -g / _chi_square_density(v, y),
    domain=[COUNT, PROBABILITY],
)
special(
    "fdtr",
    unknown("fdtr", "dfn"),
    unknown("fdtr", "dfd"),
    lambda g, y, n, m, x: g * _fisher_density(n, m, x),
    domain=[COUNT, COUNT, POSITIVE],
)
special(
    "fdtrc",
    unknown("fdtrc", "dfn"),
    unknown("fdtrc", "dfd"),
    lambda g, y, n, m, x: -g * _fisher_density(n, m, x),
    domain=[COUNT, COUNT, POSITIVE],
)
special(
    "fdtri",
    unknown("fdtri", "dfn"),
    unknown("fdtri", "dfd"),
    lambda g, y, n, m, p: g / _fisher_density(n, m, y),
    domain=[COUNT, COUNT, PROBABILITY],
)
special(
    "gdtr",
    lambda g, y, a, b, x: g * (x * gamma_density(b, a * x)),
    unknown("gdtr", "b"),
    lambda g, y, a, b, x: g * (a * gamma_density(b, a * x)),
    domain=[POSITIVE, COUNT, POSITIVE],
)
special(
    "gdtrc",
    lambda g, y, a, b, x: -g * (x * gamma_density(b, a * x)),
    unknown("gdtrc", "b"),
    lambda g, y, a, b, x: -g * (a * gamma_density(b, a * x)),
    domain=[POSITIVE, COUNT, POSITIVE],
)

# -- of whole numbers: they take the floor of their first argument -----------------------------------------------------

special(
    "pdtr",
    None,
    lambda g, y, k, m: -g * _poisson_probability(k, m),
    sympy=lambda sp, k, m: sp.uppergamma(sp.floor(k) + 1, m) / sp.gamma(sp.floor(k) + 1),
    domain=[COUNT, POSITIVE],
)
special(
    "pdtrc",
    None,
    lambda g, y, k, m: g * _poisson_probability(k, m),
    sympy=lambda sp, k, m: sp.lowergamma(sp.floor(k) + 1, m) / sp.gamma(sp.floor(k) + 1),
    domain=[COUNT, POSITIVE],
)
