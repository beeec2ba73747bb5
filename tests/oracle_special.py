"""`scipy.special` and `scipy.stats` for the oracles of `oracles.py`, by the table of 50 digits and by definitions."""

import functools
from collections.abc import Callable
from typing import Any

import scipy.stats

from tests.digits import MP, NotCovered
from tests.special_numbers import SPECIAL, lower_beta, lower_gamma, student, value_and_slopes

__all__ = ["ScipySpecial", "ScipyStats"]

ALIASES = {"psi": "digamma"}


class ScipySpecial:
    """What programs of the corpus call; what is missing raises NotCovered."""

    def __init__(self, numpy: Any) -> None:
        self.numpy = numpy

    def __getattr__(self, name: str) -> Callable[..., Any]:
        name = ALIASES.get(name, name)
        if name not in SPECIAL:
            raise NotCovered(f"scipy.special.{name}")
        return lambda *xs: self.numpy.map(functools.partial(self.number, SPECIAL[name]), *xs)

    def number(self, function: Callable[..., Any], *xs: Any) -> Any:
        """A function of numbers of the oracle's kind."""
        varying = [k for k, x in enumerate(xs) if not x.is_passive]
        values = [MP.mpf(x.real_value) for x in xs]
        y, slopes = value_and_slopes(function, values, varying)
        return self.numpy.kind.linear(y, [(slope, xs[k]) for k, slope in zip(varying, slopes, strict=True)])

    def logsumexp(self, a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
        powers = self.numpy.exp(a) if b is None else b * self.numpy.exp(a)
        return self.numpy.log(self.numpy.sum(powers, axis=axis, keepdims=keepdims))

    def log_softmax(self, x: Any, axis: Any = None) -> Any:
        return x - self.logsumexp(x, axis=axis, keepdims=True)

    def softmax(self, x: Any, axis: Any = None) -> Any:
        return self.numpy.exp(self.log_softmax(x, axis))


# -- distributions -----------------------------------------------------------------------------------------------------


def student_density(z: Any, df: Any) -> Any:
    scale = MP.gamma((df + 1) / 2) / (MP.sqrt(MP.pi * df) * MP.gamma(df / 2))
    return scale * (1 + z * z / df) ** (-(df + 1) / 2)


# name: (density of the standard argument and the shapes, distribution function)
CONTINUOUS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "norm": (MP.npdf, MP.ncdf),
    "expon": (lambda z: MP.exp(-z), lambda z: -MP.expm1(-z)),
    "gamma": (lambda z, a: z ** (a - 1) * MP.exp(-z) / MP.gamma(a), lambda z, a: lower_gamma(a, z)),
    "beta": (
        lambda z, a, b: z ** (a - 1) * (1 - z) ** (b - 1) / MP.beta(a, b),
        lambda z, a, b: lower_beta(a, b, z),
    ),
    "t": (student_density, lambda z, df: student(df, z)),
    "lognorm": (lambda z, s: MP.npdf(MP.log(z) / s) / (s * z), lambda z, s: MP.ncdf(MP.log(z) / s)),
}
DISCRETE: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "poisson": (
        lambda k, mu: mu**k * MP.exp(-mu) / MP.gamma(k + 1),
        lambda k, mu: MP.gammainc(MP.floor(k) + 1, mu, MP.inf, regularized=True),
    ),
}
METHODS = ("pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf")


def method_of(name: str, method: str) -> Callable[..., Any]:
    """A method as a function of the argument, the shapes, the location and the scale."""
    density, below = {**CONTINUOUS, **DISCRETE}[name]

    def compute(x: Any, *parameters: Any) -> Any:
        *shapes, loc, scale = parameters
        z = (x - loc) / scale
        if method.endswith(("pdf", "pmf")):
            y = density(z, *shapes) / scale
        else:
            y = below(z, *shapes) if method.endswith("cdf") else 1 - below(z, *shapes)
        return MP.log(y) if method.startswith("log") else y

    return compute


class Distribution:
    """One distribution, perhaps with its parameters given."""

    def __init__(self, special: ScipySpecial, name: str, *given: Any, **named: Any) -> None:
        self.special, self.name, self.given, self.named = special, name, given, named

    def __call__(self, *given: Any, **named: Any) -> "Distribution":
        return Distribution(self.special, self.name, *given, **named)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method not in METHODS:
            raise NotCovered(f"scipy.stats.{self.name}.{method}")
        return lambda x, *given, **named: self.apply(method, x, self.given + given, self.named | named)

    def apply(self, method: str, x: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """A method, with the parameters in the order that SciPy names."""
        shapes = (getattr(scipy.stats, self.name).shapes or "").replace(",", " ").split()
        values = {"loc": 0.0, "scale": 1.0, **dict(zip([*shapes, "loc", "scale"], given, strict=False)), **named}
        function = functools.partial(self.special.number, method_of(self.name, method))
        return self.special.numpy.map(function, x, *(values[name] for name in (*shapes, "loc", "scale")))


class ScipyStats:
    """The distributions; what is missing raises NotCovered."""

    def __init__(self, special: ScipySpecial) -> None:
        for name in (*CONTINUOUS, *DISCRETE):
            setattr(self, name, Distribution(special, name))

    def __getattr__(self, name: str) -> Any:
        raise NotCovered(f"scipy.stats.{name}")
