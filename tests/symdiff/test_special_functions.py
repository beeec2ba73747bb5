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
mp.dps = 50
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
    "erf": Entry(lambda x: special.erf(x), mp.erf, (-3.0, 0.0, 1e-9, 5.0)),
    "erfc": Entry(lambda x: special.erfc(x), mp.erfc, (-3.0, 0.0, 9.0, 20.0), 2e-13),
    "erfinv": Entry(lambda x: special.erfinv(x), mp.erfinv, (-0.99, -0.1, 1e-12, 0.7, 0.999)),
    "erfcinv": Entry(lambda x: special.erfcinv(x), lambda x: mp.erfinv(1 - x), (0.01, 0.9, 1.0, 1.7)),
    "erfcx": Entry(
        lambda x: special.erfcx(x), lambda x: mp.exp(x * x) * mp.erfc(x), (-2.0, 0.0, 3.0, 30.0, 1e4), 2e-12
    ),
    "dawsn": Entry(
        lambda x: special.dawsn(x),
        lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        (-40.0, -3.0, 0.0, 0.5, 25.0, 90.0),
        2e-12,
    ),
    "ndtr": Entry(lambda x: special.ndtr(x), mp.ncdf, (-20.0, -1.0, 0.0, 3.0), 2e-13),
    "ndtri": Entry(
        lambda x: special.ndtri(x), lambda p: ROOT_TWO * mp.erfinv(2 * p - 1), (1e-9, 0.2, 0.5, 0.99), 1e-13
    ),
    "log_ndtr": Entry(lambda x: special.log_ndtr(x), hazard, (-1e4, -37.0, -1.0, 0.0, 2.0, 10.0), 1e-13),
    "psi": Entry(lambda x: special.psi(x), mp.digamma, (0.01, 1.3, 50.0, -1.5)),
    "gammaln": Entry(lambda x: special.gammaln(x), lambda x: mp.log(abs(mp.gamma(x))), (0.01, 3.3, 1e5, -1.5)),
    "gamma": Entry(lambda x: special.gamma(x), mp.gamma, (0.01, 3.3, 100.5, -1.5), 2e-13),
    "rgamma": Entry(lambda x: special.rgamma(x), mp.rgamma, (0.01, 3.3, 30.0), 1e-13),
    "expit": Entry(lambda x: special.expit(x), lambda x: 1 / (1 + mp.exp(-x)), (-500.0, -3.0, 0.0, 40.0), 2e-13),
    "logit": Entry(lambda x: special.logit(x), lambda x: mp.log(x / (1 - x)), (1e-9, 0.3, 0.999)),
    "log_expit": Entry(lambda x: special.log_expit(x), lambda x: -mp.log1p(mp.exp(-x)), (-700.0, -3.0, 0.0, 40.0)),
    "entr": Entry(lambda x: special.entr(x), lambda x: -x * mp.log(x), (1e-9, 0.3, 7.0)),
    "exp1": Entry(lambda x: special.exp1(x), mp.e1, (1e-3, 1.0, 30.0)),
    "expi": Entry(lambda x: special.expi(x), mp.ei, (-3.0, 1e-3, 1.0, 30.0)),
    "spence": Entry(lambda x: special.spence(x), lambda x: mp.polylog(2, 1 - x), (0.05, 0.97, 1.0, 1.01, 1.9)),
    "ellipk": Entry(lambda m: special.ellipk(m), mp.ellipk, (-3.0, 0.0, 1e-6, 0.4, 0.95), 1e-12),
    "ellipe": Entry(lambda m: special.ellipe(m), mp.ellipe, (-3.0, 0.0, 1e-6, 0.4, 0.95), 1e-12),
    "exprel": Entry(lambda x: special.exprel(x), lambda x: mp.expm1(x) / x, (-30.0, -1.0, 1e-7, 3.0, 50.0), 1e-12),
    "cosm1": Entry(lambda x: special.cosm1(x), lambda x: mp.cos(x) - 1, (-2.0, 1e-8, 1.0)),
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
    "i0": Entry(lambda x: special.i0(x), bessel(mp.besseli, 0), (-3.0, 0.1, 40.0), 1e-13),
    "i1": Entry(lambda x: special.i1(x), bessel(mp.besseli, 1), (-3.0, 0.0, 40.0), 1e-13),
    "i0e": Entry(lambda x: special.i0e(x), bessel(mp.besseli, 0, -1), (-3.0, 0.1, 40.0, 500.0), 1e-12),
    "i1e": Entry(lambda x: special.i1e(x), bessel(mp.besseli, 1, -1), (-3.0, 0.1, 40.0, 500.0), 1e-12),
    "k0": Entry(lambda x: special.k0(x), bessel(mp.besselk, 0), (0.1, 40.0), 1e-13),
    "k1": Entry(lambda x: special.k1(x), bessel(mp.besselk, 1), (0.1, 40.0), 1e-13),
    "k0e": Entry(lambda x: special.k0e(x), bessel(mp.besselk, 0, 1), (0.1, 40.0), 1e-12),
    "k1e": Entry(lambda x: special.k1e(x), bessel(mp.besselk, 1, 1), (0.1, 40.0), 1e-12),
    "j0": Entry(lambda x: special.j0(x), bessel(mp.besselj, 0), (-3.0, 0.1, 40.0), 1e-12),
    "j1": Entry(lambda x: special.j1(x), bessel(mp.besselj, 1), (-3.0, 0.0, 40.0), 1e-12),
    "y0": Entry(lambda x: special.y0(x), bessel(mp.bessely, 0), (0.1, 40.0), 1e-12),
    "y1": Entry(lambda x: special.y1(x), bessel(mp.bessely, 1), (0.1, 40.0), 1e-12),
    "iv": Entry(lambda x: special.iv(2.5, x), bessel(mp.besseli, 2.5), (0.1, 40.0), 1e-12),
    "ive": Entry(lambda x: special.ive(1, x), bessel(mp.besseli, 1, -1), (0.1, 40.0), 1e-12),
    "kv": Entry(lambda x: special.kv(2.5, x), bessel(mp.besselk, 2.5), (0.1, 40.0), 1e-12),
    "kve": Entry(lambda x: special.kve(1, x), bessel(mp.besselk, 1, 1), (0.1, 40.0), 1e-12),
    "jv": Entry(lambda x: special.jv(2.5, x), bessel(mp.besselj, 2.5), (0.1, 40.0), 1e-12),
    "yv": Entry(lambda x: special.yv(2.5, x), bessel(mp.bessely, 2.5), (0.1, 40.0), 1e-12),
}


def slope(entry: Entry, x: float) -> float:
    return float(mp.diff(entry.exact, mp.mpf(x), h=mp.mpf(10) ** -18))


@pytest.mark.parametrize("name", ENTRIES)
def test_value_and_slope(name: str) -> None:
    entry = ENTRIES[name]
    function = sd.differentiable(entry.function)
    expected = [slope(entry, x) for x in entry.points]
    for x, exact in zip(entry.points, expected, strict=True):
        np.testing.assert_allclose(function(x), entry.function(x), rtol=2e-14, err_msg=f"{name}({x})")
        np.testing.assert_allclose(function.grad(x), exact, rtol=entry.rtol, atol=1e-300, err_msg=f"{name}'({x})")
    points = np.array(entry.points)
    total = sd.differentiable(lambda x: np.sum(entry.function(x)))
    np.testing.assert_allclose(total.grad(points), expected, rtol=entry.rtol, atol=1e-300)
    np.testing.assert_allclose(function(points), entry.function(points), rtol=2e-14)


INVERSES = {
    "gammaincinv": (lambda p: special.gammaincinv(2.5, p), lambda x: mp.gammainc(2.5, 0, x, True)),
    "gammainccinv": (lambda p: special.gammainccinv(2.5, p), lambda x: mp.gammainc(2.5, x, mp.inf, True)),
    "betaincinv": (lambda p: special.betaincinv(2.5, 0.7, p), lambda x: mp.betainc(2.5, 0.7, 0, x, True)),
    "stdtrit": (lambda p: special.stdtrit(3.5, p), lambda t: student(t)),
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
