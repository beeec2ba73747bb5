"""Numbers of 50 digits with their derivatives, and what every elementwise row means on them.

A `Dual` is a value, its partial derivative by each varying input, and for each the *size* of that derivative: the sum
over the paths through which the input acts, with absolute values in place of values. A gradient that was added up in
float64 cannot be expected to be closer to the truth than some multiples of eps times this size. Where the value that a
slope depends on was itself lost to cancellation (`error`, in units of eps), the size says that too.

The table `ELEMENTWISE` was written from the definitions of the functions, not from the rows of the compiler.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.oracles import MP, NUMPY_NAMES, apply
from tests.special_numbers import SPECIAL, value_and_slopes

__all__ = ["BY_DIFFERENCES", "ELEMENTWISE", "PASSIVE_ROWS", "Dual", "chain", "dual"]


class Dual:
    """A 50-digit value, its partial derivatives and their sizes, and the float64 number that decisions look at."""

    __slots__ = ("error", "plain", "sizes", "slopes", "value")

    def __init__(
        self,
        value: Any,
        slopes: dict[int, Any] | None = None,
        sizes: dict[int, float] | None = None,
        error: float = 0.0,
    ):
        self.value = value
        self.slopes = slopes or {}
        self.sizes = sizes or {}
        self.error = error
        self.plain: Any = None

    def lost(self) -> float:
        """The relative error of the value, as far as it is more than the usual."""
        size = abs(float(self.value))
        return max(1.0, self.error / USUAL / size) if size else 1.0

    def __add__(self, other: Any) -> "Dual":
        other = dual(other)
        return chain(self.value + other.value, (1, self), (1, other))

    def __mul__(self, other: Any) -> "Dual":
        other = dual(other)
        a, b = self.value, other.value
        by_self, by_other = max(abs(float(b)), other.error / USUAL), max(abs(float(a)), self.error / USUAL)
        return chain(a * b, (b, self, by_self), (a, other, by_other))

    def __sub__(self, other: Any) -> "Dual":
        other = dual(other)
        return chain(self.value - other.value, (1, self), (-1, other))

    def __truediv__(self, other: Any) -> "Dual":
        return divide(self, dual(other))

    __radd__ = __add__
    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"Dual({float(self.value)}, {{{', '.join(f'{k}: {float(d)}' for k, d in self.slopes.items())}}})"


USUAL = 32.0
"""So many units of eps the value of an expression may be off before a slope that depends on it counts as uncertain."""


def dual(x: Any) -> Dual:
    """A number of any kind as a `Dual`."""
    if isinstance(x, Dual):
        return x
    made = Dual(MP.mpf(int(x) if isinstance(x, (bool, int, np.integer, np.bool_)) else float(x)))
    made.plain = x
    return made


def chain(value: Any, *terms: tuple[Any, ...]) -> Dual:
    """A value with the slopes of the chain rule.

    Each term is a partial derivative and its operand, and where the usual formula for the partial loses digits, the
    size that bounds its error. A partial that is exactly 0 lets nothing through, not even an infinite slope.
    """
    slopes: dict[int, Any] = {}
    sizes: dict[int, float] = {}
    error = abs(float(value))
    for partial, operand, *size in terms:
        if partial == 0 and not size:
            continue
        error += abs(float(partial)) * operand.error
        factor = size[0] if size else abs(float(partial))
        for k, slope in operand.slopes.items():
            part = partial * slope
            slopes[k] = slopes[k] + part if k in slopes else part
            sizes[k] = sizes.get(k, 0.0) + factor * operand.sizes[k]
    return Dual(value, slopes, sizes, error)


# -- functions of one argument -----------------------------------------------------------------------------------------


NEARBY = MP.mpf(10) ** -20


def of_table(name: str) -> Callable[[Dual], Dual]:
    """A function of the table in tests/oracles.py."""

    def compute(x: Dual) -> Dual:
        y, slope = apply(name, x.value)
        if x.lost() == 1.0 or not x.slopes:
            return chain(y, (slope, x))
        bend = (apply(name, x.value * (1 + NEARBY))[1] - slope) / (x.value * NEARBY)
        return chain(y, (slope, x, max(abs(float(slope)), abs(float(bend)) * x.error / USUAL)))

    return compute


def tanh(x: Dual) -> Dual:
    # as 1 - y**2, the slope has an error of eps where it is nearly 0
    y = MP.tanh(x.value)
    return chain(y, (1 / MP.cosh(x.value) ** 2, x, 1.0 + float(y * y)))


def sigmoid(x: Dual) -> Dual:
    y = 1 / (1 + MP.exp(-x.value))
    return chain(y, (y / (1 + MP.exp(x.value)), x, float(y)))


def sinc(x: Dual) -> Dual:
    t = MP.pi * x.value
    if t == 0:
        return chain(MP.mpf(1), (0, x))
    y = MP.sin(t) / t
    return chain(y, ((MP.cos(t) - y) / x.value, x, float(2 * MP.pi) / max(abs(float(t)), 1.0)))


def absolute(x: Dual) -> Dual:
    return chain(abs(x.value), (float(np.sign(x.plain)), x))


def polygamma(x: Dual, order: int = 0) -> Dual:
    return chain(MP.psi(order, x.value), (MP.psi(order + 1, x.value), x))


# -- functions of two arguments ----------------------------------------------------------------------------------------


def divide(a: Dual, b: Dual) -> Dual:
    if b.value == 0:
        return Dual(MP.nan if a.value == 0 else MP.inf * MP.sign(a.value))
    y = a.value / b.value
    by_a, by_b = 1 / b.value, -y / b.value
    return chain(y, (by_a, a, abs(float(by_a)) * b.lost()), (by_b, b, abs(float(by_b)) * a.lost() * b.lost()))


def power(a: Dual, b: Dual) -> Dual:
    whole = b.value == MP.floor(b.value)
    if a.value < 0 and not whole:
        return Dual(MP.nan)
    y = MP.power(a.value, int(b.value) if whole else b.value)
    by_base = 0 if b.value == 0 else b.value * MP.power(a.value, int(b.value) - 1 if whole else b.value - 1)
    by_exponent = 0 if a.value == 0 or not b.slopes else y * MP.log(a.value) if a.value > 0 else MP.nan
    return chain(y, (by_base, a, abs(float(by_base)) * a.lost()), (by_exponent, b))


def hypot(a: Dual, b: Dual) -> Dual:
    y = MP.sqrt(a.value**2 + b.value**2)
    return chain(y, (a.value / y, a), (b.value / y, b)) if y else Dual(y)


def arctan2(a: Dual, b: Dual) -> Dual:
    square = a.value**2 + b.value**2
    y = MP.atan2(a.value, b.value)
    return chain(y, (b.value / square, a), (-a.value / square, b)) if square else chain(y, (MP.nan, a), (MP.nan, b))


def parts_of(part: str, value: Any, *terms: tuple[Any, Dual]) -> Dual:
    """A part of a complex function: each argument with the complex derivative by it."""
    sizes = [float(abs(slope)) for slope, _ in terms]
    slopes = [(getattr(slope, part), x, s) for (slope, x), s in zip(terms, sizes, strict=True)]
    return chain(getattr(value, part), *slopes)


def quotient(part: str) -> Callable[..., Dual]:
    def compute(ar: Dual, ai: Dual, br: Dual, bi: Dual) -> Dual:
        a, b = MP.mpc(ar.value, ai.value), MP.mpc(br.value, bi.value)
        y = a / b
        return parts_of(part, y, (1 / b, ar), (1j / b, ai), (-y / b, br), (-1j * y / b, bi))

    return compute


def complex_root(part: str) -> Callable[[Dual, Dual], Dual]:
    def compute(x: Dual, y: Dual) -> Dual:
        root = MP.sqrt(MP.mpc(x.value, y.value))
        if y.value == 0 and x.value < 0 and np.signbit(float(y.plain)):
            root = MP.conj(root)
        return parts_of(part, root, (1 / (2 * root), x), (1j / (2 * root), y))

    return compute


def log_modulus(x: Dual, y: Dual) -> Dual:
    z = MP.mpc(x.value, y.value)
    return parts_of("real", MP.log(z), (1 / z, x), (1j / z, y))


def exp_cos(x: Dual, y: Dual) -> Dual:
    z = MP.exp(MP.mpc(x.value, y.value))
    return chain(z.real, (z.real, x), (-z.imag, y))


def exp_sin(x: Dual, y: Dual) -> Dual:
    z = MP.exp(MP.mpc(x.value, y.value))
    return chain(z.imag, (z.imag, x), (z.real, y))


def logaddexp(a: Dual, b: Dual) -> Dual:
    y = MP.log(MP.exp(a.value) + MP.exp(b.value))
    return chain(y, (MP.exp(a.value - y), a), (MP.exp(b.value - y), b))


def chooser(sign: int, prefer_numbers: bool) -> Callable[[Dual, Dual], Dual]:
    """Maximum (1) or minimum (-1); equal arguments share the slope."""

    def compute(a: Dual, b: Dual) -> Dual:
        if prefer_numbers and (np.isnan(a.plain) or np.isnan(b.plain)):
            taken = b if np.isnan(a.plain) else a
            return chain(taken.value, (1, taken))
        if a.plain == b.plain:
            return chain(a.value, (0.5, a), (0.5, b))
        taken = a if sign * a.plain > sign * b.plain else b
        return chain(taken.value, (1, taken))

    return compute


def copysign(a: Dual, b: Dual) -> Dual:
    factor = float(np.sign(a.plain) * np.copysign(1.0, b.plain))
    return chain(abs(a.value) * float(np.copysign(1.0, b.plain)), (factor, a))


def remainder_of(quotient: Callable[[Any, Any], Any]) -> Callable[[Dual, Dual], Dual]:
    def compute(a: Dual, b: Dual) -> Dual:
        q = MP.mpf(float(quotient(a.plain, b.plain)))
        return chain(a.value - q * b.value, (1, a), (-q, b))

    return compute


# -- choices -----------------------------------------------------------------------------------------------------------


def where(condition: Any, a: Dual, b: Dual) -> Dual:
    taken = dual(a if dual(condition).plain else b)
    return chain(taken.value, (1, taken))


def clip(x: Dual, low: Dual, high: Dual) -> Dual:
    if x.plain < low.plain and low.plain <= high.plain:
        return chain(low.value, (1, low))
    taken = high if max(x.plain, low.plain) > high.plain else x
    return chain(taken.value, (1, taken))


def heaviside(x: Dual, h: Dual) -> Dual:
    return chain(h.value, (1, h)) if x.plain == 0 else Dual(MP.mpf(float(np.heaviside(x.plain, 0.5))))


def same(x: Dual, **_: Any) -> Dual:
    return chain(x.value, (1, x))


# -- of scipy.special --------------------------------------------------------------------------------------------------


def special(name: str) -> Callable[..., Dual]:
    """A function of the table in tests/special_numbers.py."""

    def compute(*xs: Dual) -> Dual:
        varying = [k for k, x in enumerate(xs) if x.slopes]
        y, slopes = value_and_slopes(SPECIAL[name], [x.value for x in xs], varying)
        return chain(y, *((slope, xs[k]) for k, slope in zip(varying, slopes, strict=True)))

    return compute


def expit(x: Dual) -> Dual:
    y = 1 / (1 + MP.exp(-x.value))
    return chain(y, (y / (1 + MP.exp(x.value)), x))


def xlogy(x: Dual, y: Dual) -> Dual:
    by_x, by_y = MP.log(y.value), x.value / y.value
    return chain(x.value * by_x, (by_x, x), (by_y, y, abs(float(by_y)) * y.lost()))


def betaln(a: Dual, b: Dual) -> Dual:
    y = MP.log(MP.beta(a.value, b.value))
    psi_a, psi_b, psi = (MP.digamma(v) for v in (a.value, b.value, a.value + b.value))
    size_a, size_b = (abs(float(psi_a)) + abs(float(psi))), (abs(float(psi_b)) + abs(float(psi)))
    return chain(y, (psi_a - psi, a, size_a), (psi_b - psi, b, size_b))


def scaled_bessel(order: int) -> Callable[[Dual], Dual]:
    """exp(-abs(x)) times the modified Bessel function."""

    def compute(x: Dual) -> Dual:
        scale = MP.exp(-abs(x.value))
        below, y, above = (scale * MP.besseli(n, x.value) for n in (abs(order - 1), order, order + 1))
        return chain(y, ((below + above) / 2 - MP.sign(x.value) * y, x, float(abs(below) + abs(y))))

    return compute


ONE_ARGUMENT = (
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan sinh cosh erf erfc gamma "
    "arcsin arccos arctan arcsinh arccosh arctanh deg2rad rad2deg"
)

BY_DIFFERENCES = {name: special(name) for name in SPECIAL}
ELEMENTWISE: dict[str, Callable[..., Dual]] = {
    **BY_DIFFERENCES,
    **{name: of_table(NUMPY_NAMES.get(name, name)) for name in ONE_ARGUMENT.split()},
    "gammaln": of_table("lgamma"),
    "digamma": polygamma,
    "polygamma": polygamma,
    "expit": expit,
    "xlogy": xlogy,
    "xlog1py": lambda x, y: xlogy(x, dual(1) + y),
    "betaln": betaln,
    "i0e": scaled_bessel(0),
    "i1e": scaled_bessel(1),
    "tanh": tanh,
    "sigmoid": sigmoid,
    "sinc": sinc,
    "absolute": absolute,
    "fabs": absolute,
    "square": lambda x: chain(x.value**2, (2 * x.value, x)),
    "reciprocal": lambda x: divide(dual(1), x),
    "negative": lambda x: chain(-x.value, (-1, x)),
    "positive": same,
    "convert": same,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": divide,
    "power": power,
    "math_pow": power,
    "hypot": hypot,
    "arctan2": arctan2,
    "logaddexp": logaddexp,
    "quotient_real": quotient("real"),
    "quotient_imag": quotient("imag"),
    "root_real": complex_root("real"),
    "root_imag": complex_root("imag"),
    "log_modulus": log_modulus,
    "exp_cos": exp_cos,
    "exp_sin": exp_sin,
    "zero_times": lambda zero, x: Dual(zero.value * x.value),
    "maximum": chooser(1, False),
    "minimum": chooser(-1, False),
    "fmax": chooser(1, True),
    "fmin": chooser(-1, True),
    "copysign": copysign,
    "remainder": remainder_of(np.floor_divide),
    "fmod": remainder_of(lambda a, b: np.trunc(np.divide(a, b))),
    "heaviside": heaviside,
    "located": lambda location, scale, standard: location + scale * standard,
    "where": where,
    "clip": clip,
    "stop_gradient": lambda x: Dual(x.value),
}

# Rows whose result is a decision: an integer, a truth value, or a float that jumps. They have the value of the float64
# run and no slope.
PASSIVES = (
    "less less_equal greater greater_equal equal not_equal logical_and logical_or logical_not isnan isinf isfinite "
    "bitwise_and bitwise_or bitwise_xor bitwise_not floor ceil trunc rint sign floor_divide list_position "
    "range_length floor_to_int ceil_to_int trunc_to_int round_to_int slogdet_sign draw"
)
PASSIVE_ROWS = frozenset(PASSIVES.split())
