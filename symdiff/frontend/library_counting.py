"""Functions of `scipy.special` written in Python: of whole numbers, and the orthogonal polynomials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symdiff.frontend.by_name import stands_for_named
from symdiff.frontend.written import differentiated_digamma, hurwitz, refuse
from symdiff.ops.scipy_row import CALLS

__all__: list[str] = []

SPECIAL = "scipy.special"
IN_FLOATS = "leave exact=False: the result is a float then"

binom, gamma, gammaln, poch, zetac = CALLS["binom"], CALLS["gamma"], CALLS["gammaln"], CALLS["poch"], CALLS["zetac"]
betainc, betaincc, kv, yv = CALLS["betainc"], CALLS["betaincc"], CALLS["kv"], CALLS["yv"]


# -- counting ----------------------------------------------------------------------------------------------------------


@stands_for_named(SPECIAL)
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """Combinations of N things taken k at a time."""
    if exact:
        refuse("scipy.special.comb with exact=True is not supported", IN_FLOATS)
    if repetition:
        nothing = (np.asarray(k) == 0) & (np.asarray(N) >= 0)
        return np.where(nothing, 1.0, binom(np.asarray(N) + k - 1.0, k))
    some = (np.asarray(k) <= N) & (np.asarray(N) >= 0) & (np.asarray(k) >= 0)
    return np.where(some, binom(np.where(some, N, 1.0), np.where(some, k, 1.0)), 0.0)


@stands_for_named(SPECIAL)
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    """Permutations of N things taken k at a time."""
    if exact:
        refuse("scipy.special.perm with exact=True is not supported", IN_FLOATS)
    some = (np.asarray(k) <= N) & (np.asarray(N) >= 0) & (np.asarray(k) >= 0)
    fewer = np.where(some, np.asarray(N) - k + 1.0, 1.0)
    return np.where(some, poch(fewer, np.where(some, k, 1.0)), 0.0)


@stands_for_named(SPECIAL)
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """The product of the numbers up to n: of floats, the gamma function of ``n + 1``."""
    if exact:
        refuse("scipy.special.factorial with exact=True is not supported", IN_FLOATS)
    if extend != "zero":
        refuse("scipy.special.factorial with extend='complex' is not supported", "use scipy.special.gamma(n + 1)")
    negative = np.asarray(n) < 0
    return np.where(negative, 0.0, gamma(np.where(negative, 0.0, n) + 1.0))


@stands_for_named(SPECIAL)
def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the multivariate gamma function."""
    if np.any(np.asarray(a) <= 0.5 * (d - 1)):
        raise ValueError(f"condition a ({a:g}) > 0.5 * (d-1) ({0.5 * (d - 1):g}) not met")
    result = d * (d - 1) * 0.25 * math.log(math.pi) + 0.0 * np.asarray(a)
    for j in range(d):
        result = result + gammaln(np.asarray(a) - 0.5 * j)
    return result


# -- derivatives of digamma --------------------------------------------------------------------------------------------


def at_pole(x: Any) -> Any:
    """Whether the gamma function is infinite there."""
    return (x <= 0) & (np.floor(x) == x)


@stands_for_named(SPECIAL)
def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma."""
    if n == 0:
        return differentiated_digamma(n, x)
    x = np.asarray(x) * 1.0
    return np.where(at_pole(x), np.inf if n % 2 else -np.inf, differentiated_digamma(n, np.where(at_pole(x), 1.0, x)))


@stands_for_named(SPECIAL)
def zeta(x: Any, q: Any = None, out: Any = None) -> Any:
    """Riemann's zeta function, or that of Hurwitz."""
    if q is None:
        return 1.0 + zetac(x)
    q = np.asarray(q) * 1.0
    return np.where(at_pole(q), np.inf, hurwitz(x, np.where(at_pole(q), 1.0, q)))


# -- distributions of whole numbers ------------------------------------------------------------------------------------


@stands_for_named(SPECIAL)
def bdtr(k: Any, n: Any, p: Any) -> Any:
    """At most k successes in n trials."""
    all_of_them = np.floor(k) == n
    least = np.where(all_of_them, 1.0, n - np.floor(k))
    return np.where(
        all_of_them & (np.asarray(p) >= 0) & (np.asarray(p) <= 1), 1.0, betaincc(np.floor(k) + 1.0, least, p)
    )


@stands_for_named(SPECIAL)
def bdtrc(k: Any, n: Any, p: Any) -> Any:
    """More than k successes in n trials."""
    all_of_them = np.floor(k) == n
    least = np.where(all_of_them, 1.0, n - np.floor(k))
    return np.where(
        all_of_them & (np.asarray(p) >= 0) & (np.asarray(p) <= 1), 0.0, betainc(np.floor(k) + 1.0, least, p)
    )


@stands_for_named(SPECIAL)
def nbdtr(k: Any, n: Any, p: Any) -> Any:
    """At most k failures before n successes."""
    return betainc(n, np.floor(k) + 1.0, p)


@stands_for_named(SPECIAL)
def nbdtrc(k: Any, n: Any, p: Any) -> Any:
    """More than k failures before n successes."""
    return betaincc(n, np.floor(k) + 1.0, p)


# -- Bessel functions of whole orders ----------------------------------------------------------------------------------


@stands_for_named(SPECIAL)
def kn(n: Any, x: Any) -> Any:
    """The modified Bessel function of the second kind."""
    return kv(n, x)


@stands_for_named(SPECIAL)
def yn(n: Any, x: Any) -> Any:
    """The Bessel function of the second kind."""
    return yv(n, x)


# -- orthogonal polynomials: by their recurrences ----------------------------------------------------------------------


def recurrence(n: Any, x: Any, first: Any, step: Any) -> Any:
    """The n-th of the polynomials that start with 1 and ``first``: ``step(k, x, p, before)`` gives the one after k."""
    before, p = 1.0 + 0.0 * x, first + 0.0 * x
    if n == 0:
        return before
    for k in range(1, n):
        before, p = p, step(k, x, p, before)
    return p


@stands_for_named(SPECIAL)
def eval_legendre(n: Any, x: Any) -> Any:
    """Legendre's polynomials."""
    x = np.asarray(x) * 1.0
    return recurrence(n, x, x, lambda k, x, p, before: ((2 * k + 1) * x * p - k * before) / (k + 1))


@stands_for_named(SPECIAL)
def eval_chebyt(n: Any, x: Any) -> Any:
    """Chebyshev's polynomials of the first kind."""
    x = np.asarray(x) * 1.0
    return recurrence(n, x, x, lambda k, x, p, before: 2.0 * x * p - before)


@stands_for_named(SPECIAL)
def eval_chebyu(n: Any, x: Any) -> Any:
    """Chebyshev's polynomials of the second kind."""
    x = np.asarray(x) * 1.0
    return recurrence(n, x, 2.0 * x, lambda k, x, p, before: 2.0 * x * p - before)


@stands_for_named(SPECIAL)
def eval_hermite(n: Any, x: Any) -> Any:
    """Hermite's polynomials, as physicists have them."""
    x = np.asarray(x) * 1.0
    return recurrence(n, x, 2.0 * x, lambda k, x, p, before: 2.0 * x * p - 2.0 * k * before)


@stands_for_named(SPECIAL)
def eval_hermitenorm(n: Any, x: Any) -> Any:
    """Hermite's polynomials, as statisticians have them."""
    x = np.asarray(x) * 1.0
    return recurrence(n, x, x, lambda k, x, p, before: x * p - k * before)


@stands_for_named(SPECIAL)
def eval_genlaguerre(n: Any, alpha: Any, x: Any) -> Any:
    """The generalised polynomials of Laguerre."""
    x = np.asarray(x) * 1.0
    return recurrence(
        n, x, 1.0 + alpha - x, lambda k, x, p, before: ((2 * k + 1 + alpha - x) * p - (k + alpha) * before) / (k + 1)
    )


@stands_for_named(SPECIAL)
def eval_laguerre(n: Any, x: Any) -> Any:
    """Laguerre's polynomials."""
    return eval_genlaguerre(n, 0.0, x)


@stands_for_named(SPECIAL)
def eval_gegenbauer(n: Any, alpha: Any, x: Any) -> Any:
    """Gegenbauer's polynomials."""
    x = np.asarray(x) * 1.0
    return recurrence(
        n,
        x,
        2.0 * alpha * x,
        lambda k, x, p, before: (2.0 * x * (k + alpha) * p - (k + 2.0 * alpha - 1.0) * before) / (k + 1),
    )
