"""Functions of `scipy.special`: values are SciPy's own, derivatives those of mpmath in 50 digits."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

import symdiff as sd

mp = mpmath.MPContext()
mp.dps = 60
ROOT_TWO = mp.sqrt(2)


def bessel(f: Callable[..., Any], n: int, scale: int = 0) -> Callable[[Any], Any]:
    return lambda x: f(n, x) * mp.exp(scale * abs(x))


def hazard(x: Any) -> Any:
    return mp.log(mp.erfc(-x / ROOT_TWO) / 2)


@dataclass(frozen=True)
class Entry:
    """A function of one number, what it is in 50 digits, where, and the relative error its slope may have."""

    function: Callable[[Any], Any]
    exact: Callable[[Any], Any]
    points: tuple[float, ...]
    rtol: float = 4e-14


ENTRIES = {
    "erf": Entry(special.erf, mp.erf, (-3.0, 0.0, 1e-9, 5.0)),
    "erfc": Entry(special.erfc, mp.erfc, (-3.0, 0.0, 9.0, 20.0), 2e-13),
    "erfinv": Entry(special.erfinv, mp.erfinv, (-0.99, -0.1, 1e-12, 0.7, 0.999)),
    "erfcinv": Entry(special.erfcinv, lambda x: mp.erfinv(1 - x), (0.01, 0.9, 1.0, 1.7)),
    "erfcx": Entry(special.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), (-2.0, 0.0, 3.0, 30.0, 1e4), 2e-12),
    "dawsn": Entry(
        special.dawsn,
        lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        (-40.0, -3.0, 0.0, 0.5, 25.0, 90.0),
        2e-12,
    ),
    "ndtr": Entry(special.ndtr, mp.ncdf, (-20.0, -1.0, 0.0, 3.0), 2e-13),
    "ndtri": Entry(special.ndtri, lambda p: ROOT_TWO * mp.erfinv(2 * p - 1), (1e-9, 0.2, 0.5, 0.99), 1e-13),
    "log_ndtr": Entry(special.log_ndtr, hazard, (-1e4, -37.0, -1.0, 0.0, 2.0, 10.0), 1e-13),
    "psi": Entry(special.psi, mp.digamma, (0.01, 1.3, 50.0, -1.5)),
    "gammaln": Entry(special.gammaln, lambda x: mp.log(abs(mp.gamma(x))), (0.01, 3.3, 1e5, -1.5)),
    "gamma": Entry(special.gamma, mp.gamma, (0.01, 3.3, 100.5, -1.5), 2e-13),
    "rgamma": Entry(special.rgamma, mp.rgamma, (0.01, 3.3, 30.0), 1e-13),
    "expit": Entry(special.expit, lambda x: 1 / (1 + mp.exp(-x)), (-500.0, -3.0, 0.0, 40.0), 2e-13),
    "logit": Entry(special.logit, lambda x: mp.log(x / (1 - x)), (1e-9, 0.3, 0.999)),
    "log_expit": Entry(special.log_expit, lambda x: -mp.log1p(mp.exp(-x)), (-700.0, -3.0, 0.0, 40.0)),
    "entr": Entry(special.entr, lambda x: -x * mp.log(x), (1e-9, 0.3, 7.0)),
    "exp1": Entry(special.exp1, mp.e1, (1e-3, 1.0, 30.0)),
    "expi": Entry(special.expi, mp.ei, (-3.0, 1e-3, 1.0, 30.0)),
    "spence": Entry(special.spence, lambda x: mp.polylog(2, 1 - x), (0.05, 0.97, 1.0, 1.01, 1.9)),
    "ellipk": Entry(special.ellipk, mp.ellipk, (-3.0, 0.0, 1e-6, 0.4, 0.95), 1e-12),
    "ellipe": Entry(special.ellipe, mp.ellipe, (-3.0, 0.0, 1e-6, 0.4, 0.95), 1e-12),
    "exprel": Entry(special.exprel, lambda x: mp.expm1(x) / x, (-30.0, -1.0, 1e-7, 3.0, 50.0), 1e-12),
    "cosm1": Entry(special.cosm1, lambda x: mp.cos(x) - 1, (-2.0, 1e-8, 1.0)),
    "gammainc": Entry(
        lambda x: special.gammainc(2.5, x), lambda x: mp.gammainc(2.5, 0, x, True), (1e-6, 2.0, 40.0), 1e-12
    ),
    "gammaincc": Entry(
        lambda x: special.gammaincc(0.5, x), lambda x: mp.gammainc(0.5, x, mp.inf, True), (1e-6, 2.0, 40.0), 1e-12
    ),
    "betainc": Entry(
        lambda x: special.betainc(2.5, 0.7, x), lambda x: mp.betainc(2.5, 0.7, 0, x, True), (1e-6, 0.4, 0.99), 1e-12
    ),
    "pdtr": Entry(lambda m: special.pdtr(3, m), lambda m: mp.gammainc(4, m, mp.inf, True), (0.1, 3.0, 50.0), 1e-12),
    "beta": Entry(lambda a: special.beta(a, 2.5), lambda a: mp.beta(a, 2.5), (0.01, 1.0, 40.0), 1e-12),
    "betaln": Entry(lambda b: special.betaln(0.7, b), lambda b: mp.log(mp.beta(0.7, b)), (0.01, 1.0, 40.0), 1e-12),
    "binom": Entry(lambda n: special.binom(n, 2.5), lambda n: mp.binomial(n, 2.5), (3.1, 9.0), 1e-12),
    "poch": Entry(lambda a: special.poch(a, 2.5), lambda a: mp.rf(a, 2.5), (0.3, 9.0), 1e-12),
    "xlogy": Entry(lambda y: special.xlogy(1.5, y), lambda y: mp.mpf(1.5) * mp.log(y), (1e-9, 3.0)),
    "xlog1py": Entry(lambda y: special.xlog1py(1.5, y), lambda y: mp.mpf(1.5) * mp.log1p(y), (-0.5, 1e-9, 3.0)),
    "rel_entr": Entry(lambda y: special.rel_entr(1.5, y), lambda y: 1.5 * mp.log(1.5 / y), (1e-9, 3.0)),
    "kl_div": Entry(lambda y: special.kl_div(1.5, y), lambda y: 1.5 * mp.log(1.5 / y) - 1.5 + y, (1e-9, 3.0)),
    "huber": Entry(lambda r: special.huber(1.5, r), lambda r: r * r / 2 if abs(r) < 1.5 else 1.5 * abs(r), (-4.0, 0.3)),
    "pseudo_huber": Entry(
        lambda d: special.pseudo_huber(d, 0.01),
        lambda d: d**2 * (mp.sqrt(1 + (0.01 / d) ** 2) - 1),
        (1e-3, 10.0),
        1e-13,
    ),
    "boxcox": Entry(lambda m: special.boxcox(2.5, m), lambda m: (mp.mpf(2.5) ** m - 1) / m, (1e-6, 0.5, -2.0), 1e-12),
    "inv_boxcox": Entry(
        lambda m: special.inv_boxcox(1.5, m), lambda m: (1 + 1.5 * m) ** (1 / m), (1e-6, 0.5, 3.0), 1e-12
    ),
    "i0": Entry(special.i0, bessel(mp.besseli, 0), (-3.0, 0.1, 40.0), 1e-13),
    "i1": Entry(special.i1, bessel(mp.besseli, 1), (-3.0, 0.0, 40.0), 1e-13),
    "i0e": Entry(special.i0e, bessel(mp.besseli, 0, -1), (-3.0, 0.1, 40.0, 500.0), 1e-12),
    "i1e": Entry(special.i1e, bessel(mp.besseli, 1, -1), (-3.0, 0.1, 40.0, 500.0), 1e-12),
    "k0": Entry(special.k0, bessel(mp.besselk, 0), (0.1, 40.0), 1e-13),
    "k1": Entry(special.k1, bessel(mp.besselk, 1), (0.1, 40.0), 1e-13),
    "k0e": Entry(special.k0e, bessel(mp.besselk, 0, 1), (0.1, 40.0), 1e-12),
    "k1e": Entry(special.k1e, bessel(mp.besselk, 1, 1), (0.1, 40.0), 1e-12),
    "j0": Entry(special.j0, bessel(mp.besselj, 0), (-3.0, 0.1, 40.0), 1e-12),
    "j1": Entry(special.j1, bessel(mp.besselj, 1), (-3.0, 0.0, 40.0), 1e-12),
    "y0": Entry(special.y0, bessel(mp.bessely, 0), (0.1, 40.0), 1e-12),
    "y1": Entry(special.y1, bessel(mp.bessely, 1), (0.1, 40.0), 1e-12),
    "iv": Entry(lambda x: special.iv(2.5, x), bessel(mp.besseli, 2.5), (0.1, 40.0), 1e-12),
    "ive": Entry(lambda x: special.ive(1, x), bessel(mp.besseli, 1, -1), (0.1, 40.0), 1e-12),
    "kv": Entry(lambda x: special.kv(2.5, x), bessel(mp.besselk, 2.5), (0.1, 40.0), 1e-12),
    "kve": Entry(lambda x: special.kve(1, x), bessel(mp.besselk, 1, 1), (0.1, 40.0), 1e-12),
    "jv": Entry(lambda x: special.jv(2.5, x), bessel(mp.besselj, 2.5), (0.1, 40.0), 1e-12),
    "yv": Entry(lambda x: special.yv(2.5, x), bessel(mp.bessely, 2.5), (0.1, 40.0), 1e-12),
    "erfi": Entry(special.erfi, mp.erfi, (-3.0, 0.0, 5.0), 1e-13),
    "exp10": Entry(special.exp10, lambda x: mp.mpf(10) ** x, (-300.0, 0.0, 2.5, 300.0), 2e-13),
    "sindg": Entry(special.sindg, lambda x: mp.sin(x * mp.pi / 180), (-400.0, 0.0, 30.0)),
    "cosdg": Entry(special.cosdg, lambda x: mp.cos(x * mp.pi / 180), (-400.0, 30.0, 60.0)),
    "tandg": Entry(special.tandg, lambda x: mp.tan(x * mp.pi / 180), (-70.0, 0.0, 89.0), 1e-12),
    "cotdg": Entry(special.cotdg, lambda x: mp.cot(x * mp.pi / 180), (-70.0, 1.0, 89.0), 1e-12),
    "loggamma": Entry(special.loggamma, mp.loggamma, (0.01, 3.3, 1e5)),
    "gammasgn": Entry(special.gammasgn, lambda x: mp.sign(mp.gamma(x)), (-2.5, -1.5, 3.0)),
    "wrightomega": Entry(special.wrightomega, lambda x: mp.lambertw(mp.exp(x)), (-40.0, 0.0, 3.0, 1e3)),
    "ndtri_exp": Entry(
        special.ndtri_exp,
        lambda x: mp.findroot(lambda t: hazard(t) - x, mp.mpf(float(special.ndtri_exp(float(x))))),
        (-1e4, -40.0, -1.0, -0.1),
        1e-12,
    ),
    "owens_t": Entry(lambda h: special.owens_t(h, 0.7), lambda h: owens_t(h, mp.mpf(0.7)), (-3.0, 0.0, 0.4), 1e-13),
    "owens_t by a": Entry(
        lambda a: special.owens_t(0.6, a), lambda a: owens_t(mp.mpf(0.6), a), (-3.0, 0.0, 0.4, 9.0), 1e-13
    ),
    "powm1": Entry(lambda x: special.powm1(x, 0.7), lambda x: x ** mp.mpf(0.7) - 1, (0.01, 1.0, 1.00001, 30.0)),
    "powm1 by y": Entry(lambda y: special.powm1(1.7, y), lambda y: mp.mpf(1.7) ** y - 1, (-3.0, 0.0, 1e-9, 4.0)),
    "boxcox1p": Entry(
        lambda m: special.boxcox1p(1.5, m), lambda m: (mp.mpf(2.5) ** m - 1) / m, (1e-6, 0.5, -2.0), 1e-12
    ),
    "inv_boxcox1p": Entry(
        lambda y: special.inv_boxcox1p(y, 0.3),
        lambda y: (1 + mp.mpf(0.3) * y) ** (1 / mp.mpf(0.3)) - 1,
        (-1.0, 1e-9, 3.0),
    ),
    "ellipkinc": Entry(lambda t: special.ellipkinc(t, 0.4), lambda t: mp.ellipf(t, 0.4), (-1.0, 0.0, 2.5), 1e-13),
    "ellipeinc": Entry(lambda t: special.ellipeinc(t, 0.4), lambda t: mp.ellipe(t, 0.4), (-1.0, 0.0, 2.5), 1e-13),
    "betaincc": Entry(
        lambda x: special.betaincc(2.5, 0.7, x), lambda x: mp.betainc(2.5, 0.7, x, 1, True), (1e-6, 0.4, 0.99), 1e-12
    ),
    "chdtr": Entry(
        lambda x: special.chdtr(3.5, x), lambda x: mp.gammainc(1.75, 0, x / 2, True), (1e-6, 2.0, 60.0), 1e-12
    ),
    "chdtrc": Entry(
        lambda x: special.chdtrc(3.5, x), lambda x: mp.gammainc(1.75, x / 2, mp.inf, True), (1e-6, 2.0, 60.0), 1e-12
    ),
    "fdtr": Entry(lambda x: special.fdtr(3.5, 5.0, x), lambda x: fisher(x), (1e-6, 0.7, 40.0), 1e-12),
    "fdtrc": Entry(lambda x: special.fdtrc(3.5, 5.0, x), lambda x: 1 - fisher(x), (1e-6, 0.7, 40.0), 1e-12),
    "gdtr": Entry(
        lambda x: special.gdtr(1.7, 2.5, x), lambda x: mp.gammainc(2.5, 0, mp.mpf(1.7) * x, True), (1e-6, 2.0), 1e-12
    ),
    "gdtrc by a": Entry(
        lambda a: special.gdtrc(a, 2.5, 1.2),
        lambda a: mp.gammainc(2.5, a * mp.mpf(1.2), mp.inf, True),
        (0.1, 2.0),
        1e-12,
    ),
    "pdtrc": Entry(lambda m: special.pdtrc(3, m), lambda m: mp.gammainc(4, 0, m, True), (0.1, 3.0, 50.0), 1e-12),
    "polygamma 0": Entry(lambda x: special.polygamma(0, x), mp.digamma, (0.01, 1.3, -1.5)),
    "polygamma 1": Entry(lambda x: special.polygamma(1, x), lambda x: mp.psi(1, x), (0.01, 1.3, 50.0, -1.5), 1e-12),
    "polygamma 4": Entry(lambda x: special.polygamma(4, x), lambda x: mp.psi(4, x), (0.01, 1.3, 50.0), 1e-12),
    "zeta": Entry(lambda q: special.zeta(3, q), lambda q: mp.zeta(3, q), (0.01, 1.3, 50.0), 1e-12),
    "comb": Entry(lambda n: special.comb(n, 3), lambda n: mp.binomial(n, 3), (3.5, 9.0), 1e-12),
    "comb with repetition": Entry(
        lambda n: special.comb(n, 3, repetition=True), lambda n: mp.binomial(n + 2, 3), (0.5, 9.0), 1e-12
    ),
    "perm": Entry(lambda n: special.perm(n, 3), lambda n: mp.ff(n, 3), (3.5, 9.0), 1e-12),
    "factorial": Entry(special.factorial, mp.factorial, (0.0, 0.5, 9.0), 1e-12),
    "multigammaln": Entry(
        lambda a: special.multigammaln(a, 3),
        lambda a: mp.loggamma(a) + mp.loggamma(a - 0.5) + mp.loggamma(a - 1) + 1.5 * mp.log(mp.pi),
        (1.3, 8.0),
        1e-12,
    ),
    "softplus": Entry(special.softplus, lambda x: mp.log1p(mp.exp(x)), (-700.0, -3.0, 0.0, 40.0)),
    "bdtr": Entry(
        lambda p: special.bdtr(2.7, 7, p), lambda p: mp.betainc(5, 3, 0, 1 - p, True), (1e-9, 0.3, 0.99), 1e-12
    ),
    "bdtrc": Entry(lambda p: special.bdtrc(2, 7, p), lambda p: mp.betainc(3, 5, 0, p, True), (1e-9, 0.3, 0.99), 1e-12),
    "nbdtr": Entry(lambda p: special.nbdtr(2, 4, p), lambda p: mp.betainc(4, 3, 0, p, True), (1e-9, 0.3, 0.99), 1e-12),
    "nbdtrc": Entry(
        lambda p: special.nbdtrc(2, 4, p), lambda p: mp.betainc(4, 3, p, 1, True), (1e-9, 0.3, 0.99), 1e-12
    ),
    "kn": Entry(lambda x: special.kn(2, x), bessel(mp.besselk, 2), (0.1, 40.0), 1e-12),
    "yn": Entry(lambda x: special.yn(2, x), bessel(mp.bessely, 2), (0.1, 40.0), 1e-12),
    "eval_legendre": Entry(lambda x: special.eval_legendre(5, x), lambda x: mp.legendre(5, x), (-1.0, 0.3, 4.0), 1e-12),
    "eval_chebyt": Entry(lambda x: special.eval_chebyt(5, x), lambda x: mp.chebyt(5, x), (-1.0, 0.3, 4.0), 1e-12),
    "eval_chebyu": Entry(lambda x: special.eval_chebyu(5, x), lambda x: mp.chebyu(5, x), (-1.0, 0.3, 4.0), 1e-12),
    "eval_hermite": Entry(lambda x: special.eval_hermite(5, x), lambda x: mp.hermite(5, x), (-1.0, 0.3, 4.0), 1e-12),
    "eval_hermitenorm": Entry(
        lambda x: special.eval_hermitenorm(5, x),
        lambda x: mp.hermite(5, x / ROOT_TWO) / ROOT_TWO**5,
        (-1.0, 0.3, 4.0),
        1e-12,
    ),
    "eval_laguerre": Entry(lambda x: special.eval_laguerre(5, x), lambda x: mp.laguerre(5, 0, x), (0.3, 4.0), 1e-12),
    "eval_genlaguerre": Entry(
        lambda x: special.eval_genlaguerre(5, 0.5, x), lambda x: mp.laguerre(5, 0.5, x), (0.3, 4.0), 1e-12
    ),
    "eval_gegenbauer": Entry(
        lambda x: special.eval_gegenbauer(5, 0.75, x), lambda x: mp.gegenbauer(5, 0.75, x), (-1.0, 0.3, 4.0), 1e-12
    ),
}


def owens_t(h: Any, a: Any) -> Any:
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def fisher(x: Any) -> Any:
    return mp.betainc(1.75, 2.5, 0, mp.mpf(3.5) * x / (mp.mpf(3.5) * x + 5), True)


def slope(entry: Entry, x: float) -> float:
    """By a central difference: the step is too small to be seen in a double."""
    step = mp.mpf(10) ** -12 * max(abs(x), 1e-4)
    return float((entry.exact(x + step) - entry.exact(x - step)) / (2 * step))


NAMES = list(ENTRIES)
AT_ONCE = 8


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.mark.parametrize("first", range(0, len(NAMES), AT_ONCE), ids=lambda k: NAMES[k])
def test_values_and_slopes(first: int) -> None:
    """Of arrays, several functions in one program."""
    names = NAMES[first : first + AT_ONCE]
    functions = [ENTRIES[name].function for name in names]
    points = [np.array(ENTRIES[name].points) for name in names]
    plainly = sd.differentiable(simplify=False)
    all_of_them = plainly(lambda xs: [f(x) for f, x in zip(functions, xs, strict=True)])
    total = plainly(lambda xs: sum([np.sum(f(x)) for f, x in zip(functions, xs, strict=True)]))
    for name, x, value, found in zip(names, points, all_of_them(points), total.grad(points), strict=True):
        entry = ENTRIES[name]
        exact = [slope(entry, p) for p in entry.points]
        np.testing.assert_allclose(value, entry.function(x), rtol=2e-14, err_msg=name)
        np.testing.assert_allclose(found, exact, rtol=entry.rtol, atol=1e-300, err_msg=f"slope of {name}")


@pytest.mark.parametrize("name", ["erfcx", "gammainc", "polygamma 1", "comb", "i1", "eval_legendre"])
def test_of_numbers(name: str) -> None:
    entry = ENTRIES[name]
    function = sd.differentiable(lambda x: entry.function(x))
    for x in entry.points:
        np.testing.assert_allclose(function(x), entry.function(x), rtol=2e-14, err_msg=f"{name}({x})")
        np.testing.assert_allclose(function.grad(x), slope(entry, x), rtol=entry.rtol, err_msg=f"{name}'({x})")


INVERSES = {
    "gammaincinv": (lambda p: special.gammaincinv(2.5, p), lambda x: mp.gammainc(2.5, 0, x, True)),
    "gammainccinv": (lambda p: special.gammainccinv(2.5, p), lambda x: mp.gammainc(2.5, x, mp.inf, True)),
    "betaincinv": (lambda p: special.betaincinv(2.5, 0.7, p), lambda x: mp.betainc(2.5, 0.7, 0, x, True)),
    "stdtrit": (lambda p: special.stdtrit(3.5, p), lambda t: student(t)),
    "betainccinv": (lambda p: special.betainccinv(2.5, 0.7, p), lambda x: mp.betainc(2.5, 0.7, x, 1, True)),
    "chdtri": (lambda p: special.chdtri(3.5, p), lambda x: mp.gammainc(1.75, x / 2, mp.inf, True)),
    "fdtri": (lambda p: special.fdtri(3.5, 5.0, p), lambda x: fisher(x)),
}


def student(t: Any) -> Any:
    df = mp.mpf(3.5)
    half = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), True) / 2
    return half if t < 0 else 1 - half


@pytest.mark.parametrize("name", INVERSES)
def test_inverses(name: str) -> None:
    """The slope of an inverse is one over that of the function where it ends up."""
    function, inverse = INVERSES[name]
    compiled = sd.differentiable(function)
    for p in (0.01, 0.3, 0.9):
        x = float(function(p))
        assert compiled(p) == pytest.approx(x, rel=1e-14)
        exact = float(1 / mp.diff(inverse, mp.mpf(x), h=mp.mpf(10) ** -18))
        assert compiled.grad(p) == pytest.approx(exact, rel=1e-12)


def test_student_distribution() -> None:
    compiled = sd.differentiable(lambda t: special.stdtr(3.5, t))
    for t in (-50.0, -1.0, 0.3, 8.0):
        assert compiled(t) == special.stdtr(3.5, t)
        exact = float(mp.diff(student, mp.mpf(t), h=mp.mpf(10) ** -18))
        assert compiled.grad(t) == pytest.approx(exact, rel=1e-12)


EDGES = np.array([-np.inf, -2.0, -1.0, -0.5, 0.0, 1e-300, 1.0, 7.0, 300.0, np.inf, np.nan])
AT_THE_EDGES: dict[str, Callable[..., Any]] = {
    "polygamma": lambda x: special.polygamma(2, x),
    "zeta": lambda x: special.zeta(2, x),
    "Riemann's zeta": lambda x: special.zeta(x),
    "comb": lambda x: special.comb(x, 2),
    "comb with repetition": lambda x: special.comb(x, 2, repetition=True),
    "perm": lambda x: special.perm(x, 2),
    "factorial": lambda x: special.factorial(x),
    "bdtr": lambda x: special.bdtr(2, 2, x),
    "bdtrc": lambda x: special.bdtrc(1, 2, x),
}


def test_edges() -> None:
    """Poles, ends of the domain and what lies beyond have SciPy's values."""
    every = sd.differentiable(lambda x: [f(x) for f in AT_THE_EDGES.values()])
    for name, found in zip(AT_THE_EDGES, every(EDGES), strict=True):
        np.testing.assert_allclose(found, AT_THE_EDGES[name](EDGES), rtol=2e-14, err_msg=name)


def test_whole_numbers() -> None:
    n = np.array([-1, 0, 1, 5, 20])
    compiled = sd.differentiable(lambda n, k: (special.comb(n, k), special.factorial(n), special.perm(n, k)))
    for k in (0, 1, 3):
        expected = special.comb(n, k), special.factorial(n), special.perm(n, k)
        np.testing.assert_allclose(compiled(n, k), expected, rtol=2e-15)
    assert sd.differentiable(lambda x, n: special.eval_chebyt(n, x))(0.3, 7) == pytest.approx(
        special.eval_chebyt(7, 0.3), rel=1e-14
    )


def test_what_is_refused_of_the_functions_of_whole_numbers() -> None:
    with pytest.raises(sd.SymdiffError, match=r"comb with exact=True is not supported"):
        sd.differentiable(lambda x: x * special.comb(5, 2, exact=True))(1.0)
    with pytest.raises(sd.SymdiffError, match=r"has to be a whole number, not 1.5"):
        sd.differentiable(lambda x: special.polygamma(1.5, x))(1.0)
    with pytest.raises(sd.SymdiffError, match=r"scipy.special.zeta\(1, q\) is not supported"):
        sd.differentiable(lambda q: special.zeta(1, q))(1.0)
    with pytest.raises(ValueError, match=r"condition a \(0.5\) > 0.5 \* \(d-1\) \(1\) not met"):
        sd.differentiable(lambda a: special.multigammaln(a, 3))(0.5)
    with pytest.raises(sd.SymdiffError, match=r"the derivative of 'scipy.special.airy' is not known"):
        sd.differentiable(lambda x: special.airy(x)[0])(0.5)


def test_sign_of_a_sum_of_exponentials() -> None:
    x, b = np.array([0.3, -1.2, 2.0]), np.array([1.0, -2.0, -0.5])
    compiled = sd.differentiable(lambda x: special.logsumexp(x, b=b, return_sign=True))
    np.testing.assert_allclose(compiled(x), special.logsumexp(x, b=b, return_sign=True), rtol=1e-14)
    shares = b * np.exp(x)
    gradient = sd.grad(lambda x: special.logsumexp(x, b=b, return_sign=True)[0])(x)
    np.testing.assert_allclose(gradient, shares / np.sum(shares), rtol=1e-13)


def test_zeros_that_stay_zero() -> None:
    compiled = sd.differentiable(lambda x, y: special.xlogy(x, y) + special.xlog1py(x, y), wrt=("x", "y"))
    assert compiled(0.0, 0.0) == 0.0
    assert compiled.grad(0.0, 2.0) == (np.log(2.0) + np.log(3.0), 0.0)
    assert compiled.grad(0.0, 0.0)[1] == 0.0
    assert np.isnan(compiled(0.0, np.nan))


def test_float32() -> None:
    x = np.linspace(0.1, 0.9, 5, dtype=np.float32)
    for name in ("erfinv", "expit", "log_ndtr", "i0e", "entr", "digamma", "gammaln"):
        function = getattr(special, name)
        compiled = sd.differentiable(lambda x, function=function: function(x))
        assert compiled(x).dtype == function(x).dtype == np.float32
        np.testing.assert_allclose(compiled(x), function(x), rtol=2e-6)


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (lambda a: special.gammainc(a, 2.0), "a"),
        (lambda v: special.iv(v, 2.0), "the order"),
        (lambda df: special.stdtr(df, 2.0), "df"),
        (lambda a: special.betainc(2.0, a, 0.5), "b"),
        (lambda x: special.zeta(x), "x"),
        (lambda m: special.ellipkinc(0.5, m / 2), "m"),
    ],
)
def test_unknown_derivatives_are_refused(function: Any, argument: str) -> None:
    compiled = sd.differentiable(function)
    assert compiled(1.5) == function(1.5)
    with pytest.raises(sd.SymdiffError, match=f"with respect to {argument} is not known"):
        compiled.grad(1.5)


def test_second_derivatives() -> None:
    compiled = sd.differentiable(lambda x: special.log_ndtr(x) + special.i1(x) * special.spence(x + 1.0))

    def exact(x: Any) -> Any:
        return hazard(x) + mp.besseli(1, x) * mp.polylog(2, -x)

    for x in (-0.5, 0.01, 0.6):
        found = sd.grad(sd.grad(compiled))(x)
        assert found == pytest.approx(float(mp.diff(exact, mp.mpf(x), 2, h=mp.mpf(10) ** -14)), rel=1e-11)


def test_scipy_is_not_imported_by_programs_without_it() -> None:
    program = (
        "import sys, symdiff as sd, math\n"
        "f = sd.differentiable(eval('lambda x: x * x'))\n"
        "import symdiff.ops\nprint('scipy' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
