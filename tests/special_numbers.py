"""The functions of `scipy.special` in 50 digits, from their definitions; derivatives are differences with more digits.

An inverse is the root of the function that it inverts, found from SciPy's double.
"""

from collections.abc import Callable, Sequence
from typing import Any

from scipy import special

from tests.digits import MP

__all__ = ["SPECIAL", "value_and_slopes"]


def inverse(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """What the last argument must be for the function to have a value."""

    def compute(*xs: Any) -> Any:
        *fixed, wanted = xs
        start = MP.mpf(float(getattr(special, name)(*map(float, xs))))
        return MP.findroot(lambda t: function(*fixed, t) - wanted, (start, start * (1 + MP.mpf(10) ** -12)))

    return compute


def lower_gamma(a: Any, x: Any) -> Any:
    return MP.gammainc(a, 0, x, regularized=True)


def upper_gamma(a: Any, x: Any) -> Any:
    return MP.gammainc(a, x, MP.inf, regularized=True)


def lower_beta(a: Any, b: Any, x: Any) -> Any:
    return MP.betainc(a, b, 0, x, regularized=True)


def upper_beta(a: Any, b: Any, x: Any) -> Any:
    return MP.betainc(a, b, x, 1, regularized=True)


def variance_ratio(below: Callable[..., Any]) -> Callable[..., Any]:
    """Fisher's distribution by that of beta."""
    return lambda n, d, x: below(n / 2, d / 2, n * x / (d + n * x))


def student(df: Any, t: Any) -> Any:
    scale = MP.gamma((df + 1) / 2) / (MP.sqrt(MP.pi * df) * MP.gamma(df / 2))
    return MP.mpf(1) / 2 + t * scale * MP.hyp2f1(MP.mpf(1) / 2, (df + 1) / 2, MP.mpf(3) / 2, -t * t / df)


def scaled(function: Callable[..., Any], power: Callable[[Any], Any]) -> Callable[..., Any]:
    """A Bessel function of an order and a number, times an exponential."""
    return lambda n, x: function(n, x) * MP.exp(power(x))


def of_order(n: int, function: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda x: function(n, x)


BESSEL = {"i": MP.besseli, "k": MP.besselk, "j": MP.besselj, "y": MP.bessely}
SCALED = {"i": scaled(MP.besseli, lambda x: -abs(x)), "k": scaled(MP.besselk, lambda x: x)}


def log_normal_cdf(x: Any) -> Any:
    return MP.log(MP.erfc(-x / MP.sqrt(2)) / 2)


def ratio_of_exponential(x: Any) -> Any:
    return MP.expm1(x) / x if x else MP.mpf(1)


def power_transform(x: Any, power: Any) -> Any:
    return (x**power - 1) / power if power else MP.log(x)


def inverse_power_transform(y: Any, power: Any) -> Any:
    return (1 + power * y) ** (1 / power) if power else MP.exp(y)


def owens(h: Any, a: Any) -> Any:
    return MP.quad(lambda x: MP.exp(-h * h * (1 + x * x) / 2) / (1 + x * x), [0, a]) / (2 * MP.pi)


def huber(d: Any, r: Any) -> Any:
    return r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2)


SPECIAL: dict[str, Callable[..., Any]] = {
    "erf": MP.erf,
    "erfc": MP.erfc,
    "erfinv": MP.erfinv,
    "erfcinv": lambda x: MP.erfinv(1 - x),
    "erfcx": lambda x: MP.exp(x * x) * MP.erfc(x),
    "dawsn": lambda x: MP.sqrt(MP.pi) / 2 * MP.exp(-x * x) * MP.erfi(x),
    "ndtr": MP.ncdf,
    "ndtri": lambda p: MP.sqrt(2) * MP.erfinv(2 * p - 1),
    "log_ndtr": log_normal_cdf,
    "expit": lambda x: 1 / (1 + MP.exp(-x)),
    "logit": lambda x: MP.log(x / (1 - x)),
    "log_expit": lambda x: -MP.log1p(MP.exp(-x)),
    "xlogy": lambda x, y: x * MP.log(y) if x else MP.mpf(0),
    "xlog1py": lambda x, y: x * MP.log1p(y) if x else MP.mpf(0),
    "entr": lambda x: -x * MP.log(x),
    "rel_entr": lambda x, y: x * MP.log(x / y),
    "kl_div": lambda x, y: x * MP.log(x / y) - x + y,
    "huber": huber,
    "pseudo_huber": lambda d, r: d * d * (MP.sqrt(1 + (r / d) ** 2) - 1),
    "cosm1": lambda x: MP.cos(x) - 1,
    "gamma": MP.gamma,
    "gammaln": lambda x: MP.log(abs(MP.gamma(x))),
    "digamma": MP.digamma,
    "rgamma": MP.rgamma,
    "beta": MP.beta,
    "betaln": lambda a, b: MP.log(MP.beta(a, b)),
    "gammainc": lower_gamma,
    "gammaincc": upper_gamma,
    "gammaincinv": inverse("gammaincinv", lower_gamma),
    "gammainccinv": inverse("gammainccinv", upper_gamma),
    "betainc": lower_beta,
    "betaincinv": inverse("betaincinv", lower_beta),
    "stdtr": student,
    "stdtrit": inverse("stdtrit", student),
    "pdtr": lambda k, m: upper_gamma(MP.floor(k) + 1, m),
    "binom": MP.binomial,
    "poch": MP.rf,
    "exp1": MP.e1,
    "expi": MP.ei,
    "spence": lambda x: MP.polylog(2, 1 - x),
    "hyp1f1": MP.hyp1f1,
    "hyp2f1": MP.hyp2f1,
    "ellipk": MP.ellipk,
    "ellipe": MP.ellipe,
    "exprel": ratio_of_exponential,
    "boxcox": power_transform,
    "inv_boxcox": inverse_power_transform,
    "boxcox1p": lambda x, power: power_transform(1 + x, power),
    "inv_boxcox1p": lambda y, power: inverse_power_transform(y, power) - 1,
    "powm1": lambda x, y: x**y - 1,
    "exp10": lambda x: MP.power(10, x),
    "erfi": MP.erfi,
    "ndtri_exp": lambda y: MP.sqrt(2) * MP.erfinv(2 * MP.exp(y) - 1),
    "owens_t": owens,
    "sindg": lambda x: MP.sin(MP.radians(x)),
    "cosdg": lambda x: MP.cos(MP.radians(x)),
    "tandg": lambda x: MP.tan(MP.radians(x)),
    "cotdg": lambda x: MP.cot(MP.radians(x)),
    "loggamma": lambda x: MP.log(MP.gamma(x)),
    "gammasgn": lambda x: MP.sign(MP.gamma(x)),
    "betaincc": upper_beta,
    "betainccinv": inverse("betainccinv", upper_beta),
    "pdtrc": lambda k, m: lower_gamma(MP.floor(k) + 1, m),
    "chdtr": lambda v, x: lower_gamma(v / 2, x / 2),
    "chdtrc": lambda v, x: upper_gamma(v / 2, x / 2),
    "chdtri": inverse("chdtri", lambda v, x: upper_gamma(v / 2, x / 2)),
    "fdtr": variance_ratio(lower_beta),
    "fdtrc": variance_ratio(upper_beta),
    "fdtri": inverse("fdtri", variance_ratio(lower_beta)),
    "gdtr": lambda a, b, x: lower_gamma(b, a * x),
    "gdtrc": lambda a, b, x: upper_gamma(b, a * x),
    "ellipkinc": MP.ellipf,
    "ellipeinc": MP.ellipe,
    "wrightomega": lambda x: MP.lambertw(MP.exp(x)),
    "zetac": lambda x: MP.zeta(x) - 1,
    **{f"{name}v": function for name, function in BESSEL.items()},
    **{f"{name}ve": function for name, function in SCALED.items()},
    **{f"{name}{n}": of_order(n, function) for n in (0, 1) for name, function in BESSEL.items()},
    **{f"{name}{n}e": of_order(n, function) for n in (0, 1) for name, function in SCALED.items()},
}


def value_and_slopes(
    function: Callable[..., Any], xs: Sequence[Any], wanted: Sequence[int]
) -> tuple[Any, list[Any]]:
    """The value at some numbers, and its derivatives by the arguments at the positions wanted."""

    def slope(k: int) -> Any:
        return MP.diff(lambda t: function(*xs[:k], t, *xs[k + 1 :]), xs[k])

    return function(*xs), [slope(k) for k in wanted]
