"""Derivatives of the corpus by three ways that know nothing of the compiler.

- `central_differences`: the plain function in float64, three step sizes and Richardson extrapolation, with an estimate
  of its own error for each coordinate.
- `complex_step`: the function on complex numbers with an imaginary part of 1e-150; about 15 digits.
- `dual_numbers`: the function on dual numbers of 50 digits (mpmath); it also gives Hessian-vector products, by
  differences of 1e-20 in that arithmetic.

The last two run *the Python function itself*: `rebind` copies it, and every helper it reaches through globals,
closures, modules, methods and partials, with `np`, `math` and `float` replaced by a namespace that works on object
arrays of the new numbers (`Numpy`, `Math`). What the namespace lacks raises `NotCovered`; `reference` then falls back
to differences.

    answer = reference(program.function, case.arguments(), program.wrt)
    answer.gradient      # structured as the arguments named by wrt
    answer.error         # bound of its own error, structured alike
    answer.method        # "dual numbers", ...

At kinks the oracles take one side and promise nothing.
"""

import builtins
import cmath
import copy
import functools
import inspect
import itertools
import math
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special
import scipy.stats
import sympy

import symdiff
from tests import oracle_linalg
from tests.digits import MP, NotCovered
from tests.oracle_derivatives import Derivatives, Undifferentiated
from tests.oracle_random import Random
from tests.oracle_scipy import ScipyLinalg
from tests.oracle_special import ScipySpecial, ScipyStats
from tests.oracle_stores import add_stores
from tests.oracles_numpy import MoreNumpy

EPS = float(np.finfo(float).eps)
STEP = 1e-150


# ---------------------------------------------------------------------------------------------------------------------
# Structures: every argument is a tree of floats and float arrays, and a flat vector of its numbers
# ---------------------------------------------------------------------------------------------------------------------


def is_float_array(x: Any) -> bool:
    """Whether x is an array that has a derivative."""
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def map_leaves(f: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with f applied to each leaf that is not a container."""
    if isinstance(tree, tuple):
        parts = [map_leaves(f, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    if isinstance(tree, list):
        return [map_leaves(f, part) for part in tree]
    if isinstance(tree, dict):
        return {key: map_leaves(f, part) for key, part in tree.items()}
    return f(tree)


def flatten(tree: Any) -> list[Any]:
    """The numbers of a tree, in order."""
    numbers: list[Any] = []

    def visit(leaf: Any) -> None:
        if isinstance(leaf, np.ndarray):
            numbers.extend(leaf.ravel().tolist() if leaf.dtype == object else [float(v) for v in leaf.ravel()])
        else:
            numbers.append(leaf)

    map_leaves(visit, tree)
    return numbers


def rebuild(tree: Any, numbers: Sequence[Any]) -> Any:
    """The tree with its numbers replaced, in order; arrays keep their shape and become float64 or object arrays."""
    rest: Iterator[Any] = iter(numbers)

    def fill(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray):
            return next(rest)
        taken = list(itertools.islice(rest, leaf.size))
        if all(isinstance(v, float) for v in taken):
            return np.array(taken, dtype=float).reshape(leaf.shape)
        return object_array(taken, leaf.shape)

    return map_leaves(fill, tree)


@dataclass(frozen=True)
class Problem:
    """A function of positional arguments, and which of them vary."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    positions: tuple[int, ...]
    single: bool

    @property
    def active(self) -> tuple[Any, ...]:
        """The arguments that vary."""
        return tuple(self.arguments[k] for k in self.positions)

    def start(self) -> list[float]:
        """Their numbers as floats: ints count as floats where a derivative is asked."""
        return [float(v) for v in flatten(self.active)]

    def with_active(self, numbers: Sequence[Any]) -> tuple[Any, ...]:
        """All arguments, the varying ones holding these numbers, arrays copied."""
        values = list(copy.deepcopy(self.arguments))
        for k, value in zip(self.positions, rebuild(self.active, numbers), strict=True):
            values[k] = value
        return tuple(values)

    def structure(self, numbers: Sequence[Any]) -> Any:
        """A result for each varying number, structured as `wrt` asks."""
        tree = rebuild(self.active, [float(v) for v in numbers])
        return tree[0] if self.single else tree


def pose(function: Callable[..., Any], arguments: Sequence[Any], wrt: str | Sequence[str]) -> Problem:
    """The problem of differentiating `function` at `arguments` with respect to the parameters named."""
    names = list(inspect.signature(function).parameters)
    wanted = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    return Problem(function, tuple(arguments), tuple(names.index(n) for n in wanted), isinstance(wrt, str))


@dataclass(frozen=True)
class Answer:
    """What an oracle found: the value, one derivative per varying number, and bounds of their errors."""

    problem: Problem
    method: str
    value: float
    vector: np.ndarray
    errors: np.ndarray
    exact: tuple[Any, ...] = ()

    @property
    def gradient(self) -> Any:
        """The gradient, structured as the arguments named by wrt."""
        return self.problem.structure(self.vector.tolist())

    @property
    def error(self) -> Any:
        """Bounds of the errors, structured alike."""
        return self.problem.structure(self.errors.tolist())


# ---------------------------------------------------------------------------------------------------------------------
# Central differences
# ---------------------------------------------------------------------------------------------------------------------


def plain_value(problem: Problem, numbers: Sequence[float]) -> float:
    """What CPython computes, without NumPy's warnings."""
    with np.errstate(all="ignore"):
        return float(problem.function(*problem.with_active([float(v) for v in numbers])))


def central_differences(
    function: Callable[..., Any], arguments: Sequence[Any], wrt: str | Sequence[str], relative_step: float = 2e-3
) -> Answer:
    """One coordinate at a time: two evaluations at each of three steps."""
    problem = pose(function, arguments, wrt)
    x = np.array(problem.start())
    slopes, errors = [], []
    for k in range(len(x)):
        direction = np.zeros(len(x))
        direction[k] = 1.0
        if np.isnan(x[k]):
            slope, error = 0.0, 0.0
        else:
            slope, error = slope_along(problem, x, direction, relative_step * max(0.25, abs(x[k])))
        slopes.append(slope)
        errors.append(error)
    return Answer(problem, "central differences", plain_value(problem, x), np.array(slopes), np.array(errors))


def directional_difference(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    wrt: str | Sequence[str],
    direction: Any,
    relative_step: float = 2e-3,
) -> tuple[float, float]:
    """The derivative along a direction (structured as the gradient) and its error: for arrays with many elements."""
    problem = pose(function, arguments, wrt)
    x = np.array(problem.start())
    d = np.array([float(v) for v in flatten(direction)])
    size = max(float(np.max(np.abs(d), initial=0.0)), 1e-300)
    return slope_along(problem, x, d, relative_step / size)


def slope_along(problem: Problem, x: np.ndarray, direction: np.ndarray, h: float) -> tuple[float, float]:
    """Central differences with h, h/2 and h/4, extrapolated twice; the error from the last two extrapolations."""
    first, largest = [], 0.0
    for step in (h, h / 2, h / 4):
        up = plain_value(problem, x + step * direction)
        down = plain_value(problem, x - step * direction)
        first.append((up - down) / (2 * step))
        largest = max(largest, abs(up), abs(down))
    second = [(4 * b - a) / 3 for a, b in itertools.pairwise(first)]
    best = (16 * second[1] - second[0]) / 15
    moved = np.abs(x[direction != 0.0])
    rounding = 20 * EPS * (largest + abs(best) * (1 + float(np.max(moved, initial=0.0)))) / h
    return best, abs(best - second[1]) + rounding


# ---------------------------------------------------------------------------------------------------------------------
# Numbers: one table of functions for both kinds
# ---------------------------------------------------------------------------------------------------------------------

# name: (value in mpmath, derivative from x and the value y)
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "exp": (MP.exp, lambda x, y: y),
    "exp2": (lambda x: MP.power(2, x), lambda x, y: y * MP.log(2)),
    "expm1": (MP.expm1, lambda x, y: MP.exp(x)),
    "log": (MP.log, lambda x, y: 1 / x),
    "log2": (lambda x: MP.log(x) / MP.log(2), lambda x, y: 1 / (x * MP.log(2))),
    "log10": (lambda x: MP.log(x) / MP.log(10), lambda x, y: 1 / (x * MP.log(10))),
    "log1p": (MP.log1p, lambda x, y: 1 / (1 + x)),
    "sqrt": (MP.sqrt, lambda x, y: 1 / (2 * y)),
    "cbrt": (lambda x: MP.sign(x) * MP.cbrt(abs(x)), lambda x, y: 1 / (3 * y * y)),
    "sin": (MP.sin, lambda x, y: MP.cos(x)),
    "cos": (MP.cos, lambda x, y: -MP.sin(x)),
    "tan": (MP.tan, lambda x, y: 1 / MP.cos(x) ** 2),
    "asin": (MP.asin, lambda x, y: 1 / MP.sqrt(1 - x * x)),
    "acos": (MP.acos, lambda x, y: -1 / MP.sqrt(1 - x * x)),
    "atan": (MP.atan, lambda x, y: 1 / (1 + x * x)),
    "sinh": (MP.sinh, lambda x, y: MP.cosh(x)),
    "cosh": (MP.cosh, lambda x, y: MP.sinh(x)),
    "tanh": (MP.tanh, lambda x, y: 1 / MP.cosh(x) ** 2),
    "asinh": (MP.asinh, lambda x, y: 1 / MP.sqrt(1 + x * x)),
    "acosh": (MP.acosh, lambda x, y: 1 / MP.sqrt(x * x - 1)),
    "atanh": (MP.atanh, lambda x, y: 1 / (1 - x * x)),
    "erf": (MP.erf, lambda x, y: 2 * MP.exp(-x * x) / MP.sqrt(MP.pi)),
    "erfc": (MP.erfc, lambda x, y: -2 * MP.exp(-x * x) / MP.sqrt(MP.pi)),
    "gamma": (MP.gamma, lambda x, y: y * MP.psi(0, x)),
    "lgamma": (lambda x: MP.log(abs(MP.gamma(x))), lambda x, y: MP.psi(0, x)),
    "fabs": (abs, lambda x, y: MP.sign(x)),
    "sign": (MP.sign, lambda x, y: MP.mpf(0)),
    "floor": (MP.floor, lambda x, y: MP.mpf(0)),
    "ceil": (MP.ceil, lambda x, y: MP.mpf(0)),
    "trunc": (lambda x: MP.floor(x) if x >= 0 else MP.ceil(x), lambda x, y: MP.mpf(0)),
    "degrees": (MP.degrees, lambda x, y: MP.degrees(1)),
    "radians": (MP.radians, lambda x, y: MP.radians(1)),
}
NUMPY_NAMES = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "abs": "fabs",
    "absolute": "fabs",
    "deg2rad": "radians",
    "rad2deg": "degrees",
}
COMPLEX = {"exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"}
COMPLEX |= {"asinh", "acosh", "atanh"}


def apply(name: str, x: Any) -> tuple[Any, Any]:
    """Value and derivative of a function of the table at x, nan outside its domain, inf at a pole."""
    f, slope = FUNCTIONS[name]
    try:
        y = f(x)
    except (ZeroDivisionError, ValueError):
        return MP.nan, MP.nan
    if isinstance(y, MP.mpc):
        return MP.nan, MP.nan
    try:
        d = slope(x, y)
    except ZeroDivisionError:
        d = MP.inf
    return y, (MP.nan if isinstance(d, MP.mpc) else d)


PASSIVE = (int, float, np.integer, np.floating, np.bool_)


class Number:
    """What both kinds share: conversions and comparisons by the real value, and operators from five operations."""

    __slots__ = ()

    @classmethod
    def of(cls, x: Any) -> Any:
        """The number of a Python or NumPy scalar; NotImplemented for arrays and others."""
        if isinstance(x, cls):
            return x
        if isinstance(x, np.ndarray) and x.ndim == 0:
            return cls.of(x.item())
        return cls.constant(x) if isinstance(x, PASSIVE) else NotImplemented

    def __bool__(self):
        return bool(self.real_value != 0)

    def __int__(self):
        return int(self.real_value)

    def __format__(self, spec: str) -> str:
        return format(float(self.real_value), spec)

    def __float__(self):
        raise NotCovered("a number was stored where only floats fit")

    def __eq__(self, other):
        return self.compare(other, lambda a, b: a == b)

    def __ne__(self, other):
        return self.compare(other, lambda a, b: a != b)

    def __lt__(self, other):
        return self.compare(other, lambda a, b: a < b)

    def __le__(self, other):
        return self.compare(other, lambda a, b: a <= b)

    def __gt__(self, other):
        return self.compare(other, lambda a, b: a > b)

    def __ge__(self, other):
        return self.compare(other, lambda a, b: a >= b)

    __hash__ = object.__hash__

    def compare(self, other, relation):
        """Compare real values."""
        other = self.of(other)
        return other if other is NotImplemented else bool(relation(self.real_value, other.real_value))

    def combine(self, other, operation):
        """Apply a binary operation, leaving arrays to NumPy."""
        other = self.of(other)
        return other if other is NotImplemented else operation(self, other)

    def __add__(self, other):
        return self.combine(other, lambda a, b: a.plus(b))

    def __mul__(self, other):
        return self.combine(other, lambda a, b: a.times(b))

    def __sub__(self, other):
        return self.combine(other, lambda a, b: a.plus(b.times(b.constant(-1))))

    def __rsub__(self, other):
        return self.combine(other, lambda a, b: b.plus(a.times(a.constant(-1))))

    def __truediv__(self, other):
        return self.combine(other, lambda a, b: a.times(b.inverse()))

    def __rtruediv__(self, other):
        return self.combine(other, lambda a, b: b.times(a.inverse()))

    def __floordiv__(self, other):
        return self.combine(other, lambda a, b: (a / b).elementary("floor"))

    def __rfloordiv__(self, other):
        return self.combine(other, lambda a, b: (b / a).elementary("floor"))

    def __mod__(self, other):
        return self.combine(other, lambda a, b: a - (a // b) * b)

    def __rmod__(self, other):
        return self.combine(other, lambda a, b: b - (b // a) * a)

    def __pow__(self, other):
        return self.combine(other, lambda a, b: a.power(b))

    def __rpow__(self, other):
        return self.combine(other, lambda a, b: b.power(a))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self.times(self.constant(-1))

    def __pos__(self):
        return self

    def __abs__(self):
        return self.elementary("fabs")

    def conjugate(self):
        """NumPy's variance multiplies by the conjugate."""
        return self

    def sqrt(self):
        """NumPy's standard deviation asks each object for its root."""
        return self.elementary("sqrt")

    def power(self, other):
        """self**other: integer powers need no logarithm."""
        exponent = other.real_value
        if other.is_passive and exponent == int(exponent):
            return self.integer_power(int(exponent))
        if self.real_value == 0 and other.is_passive and exponent > 1:
            return self.constant(0)
        return (other * self.elementary("log")).elementary("exp")

    def integer_power(self, n: int):
        """Repeated squaring."""
        if n < 0:
            return self.integer_power(-n).inverse()
        result, square = self.constant(1), self
        while n:
            if n & 1:
                result = result.times(square)
            square = square.times(square) if n > 1 else square
            n >>= 1
        return result


class Dual(Number):
    """A 50-digit value and its partial derivatives, by the number of the varying input."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: Any, slopes: dict[int, Any]):
        self.value = value
        self.slopes = slopes

    @classmethod
    def constant(cls, x: Any) -> "Dual":
        """A number that does not vary."""
        return cls(MP.mpf(int(x) if isinstance(x, (int, np.integer, np.bool_)) else float(x)), {})

    @property
    def real_value(self) -> Any:
        """The value that branches see."""
        return self.value

    @property
    def is_passive(self) -> bool:
        """Whether it varies with nothing."""
        return not self.slopes

    def plus(self, other: "Dual") -> "Dual":
        slopes = dict(self.slopes)
        for k, d in other.slopes.items():
            slopes[k] = slopes[k] + d if k in slopes else d
        return Dual(self.value + other.value, slopes)

    def times(self, other: "Dual") -> "Dual":
        slopes = {k: d * other.value for k, d in self.slopes.items()}
        for k, d in other.slopes.items():
            e = d * self.value
            slopes[k] = slopes[k] + e if k in slopes else e
        return Dual(self.value * other.value, slopes)

    def inverse(self) -> "Dual":
        y = 1 / self.value
        return Dual(y, {k: -d * y * y for k, d in self.slopes.items()})

    def elementary(self, name: str) -> "Dual":
        y, slope = apply(name, self.value)
        return Dual(y, {k: slope * d for k, d in self.slopes.items()})

    @classmethod
    def linear(cls, y: Any, terms: Sequence[tuple[Any, "Dual"]]) -> "Dual":
        """A value that varies as numbers do, with these derivatives."""
        slopes: dict[int, Any] = {}
        for slope, x in terms:
            for k, d in x.slopes.items():
                slopes[k] = slopes.get(k, MP.mpf(0)) + slope * d
        return cls(y, slopes)

    def __repr__(self):
        return f"Dual({float(self.value)}, {{{', '.join(f'{k}: {float(d)}' for k, d in self.slopes.items())}}})"


class Step(Number):
    """A complex number whose imaginary part is a derivative times 1e-150."""

    __slots__ = ("z",)

    def __init__(self, z: complex):
        self.z = z

    @classmethod
    def constant(cls, x: Any) -> "Step":
        """A number that does not vary."""
        return cls(complex(float(x), 0.0))

    @property
    def real_value(self) -> float:
        """The value that branches see."""
        return self.z.real

    @property
    def is_passive(self) -> bool:
        """Whether it does not vary along this step."""
        return self.z.imag == 0.0

    def plus(self, other: "Step") -> "Step":
        return Step(self.z + other.z)

    def times(self, other: "Step") -> "Step":
        return Step(self.z * other.z)

    def inverse(self) -> "Step":
        return Step(1.0 / self.z)

    def elementary(self, name: str) -> "Step":
        """cmath's function; where it has none, two terms of the series, which is all that remains at 1e-150."""
        if name in COMPLEX and self.z.imag != 0.0 and self.inside(name):
            return Step(getattr(cmath, name)(self.z))
        y, slope = apply(name, MP.mpf(self.z.real))
        return Step(complex(float(y), float(slope) * self.z.imag if self.z.imag else 0.0))

    @classmethod
    def linear(cls, y: Any, terms: Sequence[tuple[Any, "Step"]]) -> "Step":
        """A value that varies as numbers do, with these derivatives."""
        return cls(complex(float(y), sum(float(slope) * x.z.imag for slope, x in terms)))

    def inside(self, name: str) -> bool:
        """Whether the real function is defined here: cmath would continue it."""
        return not MP.isnan(apply(name, MP.mpf(self.z.real))[0]) and self.z.real != 0.0

    def __repr__(self):
        return f"Step({self.z.real}, {self.z.imag / STEP})"


# ---------------------------------------------------------------------------------------------------------------------
# Object arrays
# ---------------------------------------------------------------------------------------------------------------------


class Array(np.ndarray):
    """An object array of numbers: NumPy's, but for what NumPy cannot do with objects."""

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if array.ndim == 0 else array.view(Array)

    def __matmul__(self, other):
        return matrix_product(self, other)

    def __rmatmul__(self, other):
        return matrix_product(other, self)

    def dot(self, other):
        """As np.dot for at most two axes."""
        return dot(self, other)

    def astype(self, dtype, **options):
        """Numbers stay numbers when they are asked to be floats."""
        if is_floating(dtype):
            return self.copy() if self.dtype == object else super().astype(builtins.float)
        return super().astype(dtype, **options)


def object_array(numbers: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """An object array from a flat list."""
    flat = np.empty(len(numbers), dtype=object)
    for k, v in enumerate(numbers):
        flat[k] = v
    return flat.reshape(shape).view(Array)


def is_floating(dtype: Any) -> bool:
    """Whether a dtype, as a program may spell it here, means floats: `float` is replaced by `to_float`."""
    return dtype in (to_float, float, np.float64, "float64", "float") or np.dtype(dtype) in (np.dtype(float), object)


def to_float(x: Any = 0.0) -> Any:
    """The builtin `float`, which leaves our numbers as they are."""
    if isinstance(x, np.ndarray) and x.size == 1:
        x = x.reshape(-1)[0]
    return x if isinstance(x, Number) else builtins.float(x)


def matrix_product(a: Any, b: Any) -> Any:
    """a @ b from a sum of products: NumPy's own for objects has no zero to start from."""
    a, b = np.asarray(a, dtype=object).view(Array), np.asarray(b, dtype=object).view(Array)
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape}")
    c = np.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)
    if b.ndim == 1:
        c = c[..., 0]
    if a.ndim == 1:
        c = c[..., 0] if b.ndim == 1 else c[..., 0, :]
    return c


def dot(a: Any, b: Any) -> Any:
    """np.dot for at most two axes."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(a) > 2 or np.ndim(b) > 2:
        raise NotCovered("dot of more than two axes")
    return matrix_product(a, b)


# ---------------------------------------------------------------------------------------------------------------------
# The namespaces that stand for numpy and math
# ---------------------------------------------------------------------------------------------------------------------


class Namespace:
    """A stand-in for a module; what it lacks is NotCovered."""

    def __getattr__(self, name: str) -> Any:
        raise NotCovered(f"{type(self).__name__}.{name}")


class Math(Namespace):
    """`math` on numbers: outside a function's domain it raises, as Python does."""

    pi, e, inf, nan, tau = math.pi, math.e, math.inf, math.nan, math.tau

    def __init__(self, kind: type[Number]):
        self.kind = kind
        for name in FUNCTIONS:
            if name not in ("log", "floor", "ceil", "trunc", "sign"):
                setattr(self, name, functools.partial(self.checked, name))

    def checked(self, name: str, x: Any) -> Any:
        """A function of the table, refused where Python refuses it."""
        y = self.kind.of(x).elementary(name)
        if not MP.isfinite(y.real_value) and MP.isfinite(self.kind.of(x).real_value):
            raise ValueError("math domain error")
        return y

    def log(self, x, base=None):
        return self.checked("log", x) if base is None else self.checked("log", x) / self.checked("log", base)

    def floor(self, x):
        return int(MP.floor(self.kind.of(x).real_value))

    def ceil(self, x):
        return int(MP.ceil(self.kind.of(x).real_value))

    def trunc(self, x):
        return int(x)

    def fmod(self, x, y):
        x, y = self.kind.of(x), self.kind.of(y)
        return x - (x / y).elementary("trunc") * y

    def pow(self, x, y):
        return self.kind.of(x) ** self.kind.of(y)

    def hypot(self, *xs):
        return sum((self.kind.of(x) ** 2 for x in xs), self.kind.constant(0)).elementary("sqrt")

    def atan2(self, y, x):
        return arctan2(self.kind, y, x)

    def copysign(self, x, y):
        return abs(self.kind.of(x)) * (1 if self.kind.of(y) > 0 else -1)

    def fsum(self, xs):
        return sum(xs, self.kind.constant(0))

    def isnan(self, x):
        return bool(MP.isnan(self.kind.of(x).real_value))

    def isfinite(self, x):
        return bool(MP.isfinite(self.kind.of(x).real_value))


def arctan2(kind: type[Number], y: Any, x: Any) -> Any:
    """The angle of (x, y), from the arc tangent of the smaller over the larger."""
    y, x = kind.of(y), kind.of(x)
    if abs(y) <= abs(x):
        turn = 0 if x > 0 else (1 if y >= 0 else -1)
        return (y / x).elementary("atan") + turn * pi_of(kind)
    return pi_of(kind) * (0.5 if y > 0 else -0.5) - (x / y).elementary("atan")


def pi_of(kind: type[Number]) -> Any:
    """Pi as exact as the kind can hold it."""
    return Dual(+MP.pi, {}) if kind is Dual else kind.constant(math.pi)


class Linalg(Namespace):
    """`np.linalg` by textbook elimination."""

    LinAlgError = np.linalg.LinAlgError

    def __init__(self, numpy: "Numpy"):
        self.numpy = numpy

    def __getattr__(self, name: str) -> Any:
        """What is written in terms of other functions."""
        found = getattr(oracle_linalg, name, None) if name in oracle_linalg.__all__ else None
        if found is None:
            raise NotCovered(f"Linalg.{name}")
        return functools.partial(found, self.numpy)

    def solve(self, a, b):
        """Gaussian elimination with partial pivoting."""
        a, b = self.numpy.lift(a), self.numpy.lift(b)
        return oracle_linalg.each(lambda a, b: self.eliminate(a, b)[0], a, b)

    def inv(self, a):
        return self.solve(a, np.eye(np.shape(a)[-1]))

    def det(self, a):
        return oracle_linalg.each(lambda a: self.eliminate(a, np.zeros((len(a), 0)))[1], self.numpy.lift(a))

    def slogdet(self, a):
        d = self.det(a)
        return (1.0 if d > 0 else -1.0), abs(d).elementary("log")

    def eigvalsh(self, a, UPLO="L"):
        return self.eigh(a, UPLO)[0]

    def svd(self, a, full_matrices=True, compute_uv=True):
        found = oracle_linalg.svd(self.numpy, a)
        if full_matrices and compute_uv:
            raise NotCovered("all vectors of svd")
        return found if compute_uv else found[1]

    def lstsq(self, a, b, rcond=None):
        return oracle_linalg.lstsq(self.numpy, a, b)

    def eliminate(self, a, b):
        """The solution of a x = b, and the determinant of a."""
        a, b = self.numpy.lift(a).copy(), self.numpy.lift(b).copy()
        if a.ndim != 2:
            raise NotCovered("a stack of matrices")
        x = b.reshape(len(a), -1)
        determinant = self.numpy.kind.constant(1)
        for k in range(len(a)):
            pivot = max(range(k, len(a)), key=lambda i: abs(a[i, k]))
            if pivot != k:
                a[[k, pivot]], x[[k, pivot]] = a[[pivot, k]], x[[pivot, k]]
                determinant = -determinant
            determinant = determinant * a[k, k]
            for i in range(k + 1, len(a)):
                f = a[i, k] / a[k, k]
                a[i] = a[i] - f * a[k]
                x[i] = x[i] - f * x[k]
        for k in reversed(range(len(a))):
            x[k] = (x[k] - self.numpy.sum(a[k, k + 1 :, None] * x[k + 1 :], axis=0)) / a[k, k]
        return x.reshape(b.shape), determinant

    def matrix_power(self, a, n):
        a = self.inv(a) if n < 0 else self.numpy.lift(a)
        return functools.reduce(matrix_product, [a] * abs(n), self.numpy.eye(len(a)))

    def cholesky(self, a):
        a = self.numpy.lift(a)
        if a.ndim != 2:
            return oracle_linalg.each(self.cholesky, a)
        low = self.numpy.zeros(a.shape)
        for i in range(len(a)):
            for j in range(i + 1):
                rest = a[i, j] - self.numpy.sum(low[i, :j] * low[j, :j])
                low[i, j] = rest.elementary("sqrt") if i == j else rest / low[j, j]
        return low

    def norm(self, x, ord=None, axis=None, keepdims=False):
        x = self.numpy.lift(x)
        if ord in (None, 2, "fro") and (ord != 2 or x.ndim == 1 or axis is not None):
            return self.numpy.sqrt(self.numpy.sum(x * x, axis=axis, keepdims=keepdims))
        if ord == 1 and x.ndim == 1:
            return self.numpy.sum(np.abs(x), axis=axis, keepdims=keepdims)
        found = oracle_linalg.norm(self.numpy, x, ord, axis, keepdims)
        if found is not None:
            return found
        raise NotCovered(f"norm with ord={ord}")


class Numpy(MoreNumpy, Namespace):
    """`np` on object arrays of numbers: elementwise functions give nan and inf outside their domain."""

    pi, e, inf, nan, newaxis = np.pi, np.e, np.inf, np.nan, None
    ndim, shape, size = staticmethod(np.ndim), staticmethod(np.shape), staticmethod(np.size)
    int64, bool_, float64 = np.int64, np.bool_, staticmethod(to_float)

    def __init__(self, kind: type[Number]):
        self.kind = kind
        self.linalg = Linalg(self)
        self.random = Random(self.lift)
        for name in FUNCTIONS:
            setattr(self, name, functools.partial(self.elementwise, name))
        for name, ours in NUMPY_NAMES.items():
            setattr(self, name, functools.partial(self.elementwise, ours))
        self.add_operations()
        add_stores(self)

    def lift(self, x: Any) -> Any:
        """The object array, or number, of an argument: floats become numbers so that all is done in many digits."""
        if isinstance(x, Array) and x.dtype == object:
            return x
        if isinstance(x, np.ndarray):
            if x.ndim == 0:
                return self.kind.of(x)
            return object_array([self.kind.of(v) for v in x.ravel().tolist()], x.shape)
        if isinstance(x, (list, tuple)):
            return self.array(x, dtype=float)
        return self.kind.of(x)

    def map(self, f: Callable[..., Any], *arguments: Any) -> Any:
        """f on each element of the broadcast arguments."""
        lifted = [self.lift(x) for x in arguments]
        if all(isinstance(x, Number) for x in lifted):
            return f(*lifted)
        function = np.frompyfunc(lambda *xs: f(*map(self.kind.of, xs)), len(arguments), 1)
        return np.asarray(function(*lifted)).view(Array)

    def elementwise(self, name: str, x: Any) -> Any:
        return self.map(lambda v: v.elementary(name), x)

    # elementwise -----------------------------------------------------------------------------------------------------
    def square(self, x):
        return self.map(lambda v: v * v, x)

    def reciprocal(self, x):
        return self.map(lambda v: 1.0 / v, x)

    def negative(self, x):
        return self.map(lambda v: -v, x)

    def power(self, x, y):
        return self.map(lambda a, b: a**b, x, y)

    def hypot(self, x, y):
        return self.map(lambda a, b: (a * a + b * b).elementary("sqrt"), x, y)

    def arctan2(self, y, x):
        return self.map(lambda a, b: arctan2(self.kind, a, b), y, x)

    def logaddexp(self, x, y):
        return self.map(lambda a, b: (a.elementary("exp") + b.elementary("exp")).elementary("log"), x, y)

    def copysign(self, x, y):
        return self.map(lambda a, b: abs(a) * (1 if b > 0 else -1), x, y)

    def maximum(self, x, y):
        return self.map(lambda a, b: a if a >= b else b, x, y)

    def minimum(self, x, y):
        return self.map(lambda a, b: a if a <= b else b, x, y)

    fmax, fmin = maximum, minimum

    def clip(self, x, low, high):
        return self.minimum(self.maximum(x, low), high)

    def where(self, condition, x=None, y=None):
        if x is None:
            return self.nonzero(condition)
        result = np.where(np.asarray(condition, dtype=bool), self.lift(x), self.lift(y))
        return result.view(Array) if result.ndim else result[()]

    def argmax(self, x, axis=None):
        found = [
            float(v.real_value) if isinstance(v, Number) else float(v) for v in np.asarray(x, dtype=object).ravel()
        ]
        return np.argmax(np.array(found).reshape(np.shape(x)), axis)

    def flatnonzero(self, x):
        return np.flatnonzero(np.asarray(x, dtype=bool))

    def nonzero(self, x):
        return np.nonzero(np.asarray(x, dtype=bool))

    def compress(self, condition, x, axis=None):
        return np.compress(np.asarray(condition, dtype=bool), self.lift(x), axis).view(Array)

    def extract(self, condition, x):
        return np.extract(np.asarray(condition, dtype=bool), self.lift(x)).view(Array)

    def isnan(self, x):
        found = np.frompyfunc(lambda v: bool(MP.isnan(self.kind.of(v).real_value)), 1, 1)(x)
        return np.asarray(found, dtype=bool) if isinstance(found, np.ndarray) else found

    # reductions ------------------------------------------------------------------------------------------------------
    def reduce(self, ufunc, x, axis, keepdims):
        if not isinstance(x, np.ndarray):
            x = self.lift(x)
        if isinstance(x, Number):
            return x
        if x.dtype == bool:
            x = x.astype(int)
        axis = tuple(range(x.ndim)) if axis is None else axis
        return ufunc.reduce(x, axis=axis, keepdims=keepdims)

    def sum(self, x, axis=None, keepdims=False):
        return self.reduce(np.add, x, axis, keepdims)

    def prod(self, x, axis=None, keepdims=False):
        return self.reduce(np.multiply, x, axis, keepdims)

    def any(self, x):
        return bool(np.any(np.asarray(x) != 0))

    def all(self, x):
        return bool(np.all(np.asarray(x) != 0))

    def isfinite(self, x):
        return bool(MP.isfinite(self.kind.of(x).real_value))

    def max(self, x, axis=None, keepdims=False):
        return self.reduce(np.maximum, x, axis, keepdims)

    def min(self, x, axis=None, keepdims=False):
        return self.reduce(np.minimum, x, axis, keepdims)

    amax, amin = max, min

    def ptp(self, x, axis=None, keepdims=False):
        return self.max(x, axis, keepdims) - self.min(x, axis, keepdims)

    def mean(self, x, axis=None, keepdims=False):
        x = self.lift(x)
        total = self.sum(x, axis, keepdims)
        return total / (np.size(x) // max(1, np.size(total)))

    def average(self, x, weights=None):
        return self.mean(x) if weights is None else self.sum(x * weights) / self.sum(weights)

    def var(self, x, axis=None, ddof=0, keepdims=False):
        d = x - self.mean(x, axis, keepdims=True)
        total = self.sum(d * d, axis, keepdims)
        return total / (np.size(x) // np.size(total) - ddof)

    def std(self, x, axis=None, ddof=0, keepdims=False):
        return self.sqrt(self.var(x, axis, ddof, keepdims))

    def trace(self, a):
        return self.sum(self.diag(a))

    # shapes ----------------------------------------------------------------------------------------------------------
    def reshape(self, x, shape):
        return self.lift(x).reshape(shape)

    def ravel(self, x):
        return self.lift(x).ravel()

    def transpose(self, x, axes=None):
        return self.lift(x).transpose(axes)

    def swapaxes(self, x, i, j):
        return self.lift(x).swapaxes(i, j)

    def expand_dims(self, x, axis):
        return np.expand_dims(self.lift(x), axis)

    def squeeze(self, x, axis=None):
        return self.lift(x).squeeze(axis)

    def concatenate(self, parts, axis=0):
        return np.concatenate([self.lift(p) for p in parts], axis=axis).view(Array)

    def stack(self, parts, axis=0):
        return np.stack([self.lift(p) for p in parts], axis=axis).view(Array)

    def diag(self, x, k=0):
        return np.diag(self.lift(x), k).copy().view(Array)

    def diagonal(self, x, offset=0, axis1=0, axis2=1):
        return self.lift(x).diagonal(offset, axis1, axis2)

    def vstack(self, arrays):
        return self.concatenate([a if a.ndim > 1 else a[None, :] for a in map(self.lift, arrays)])

    def cross(self, a, b):
        return oracle_linalg.cross(self, a, b)

    # products --------------------------------------------------------------------------------------------------------
    def matmul(self, a, b):
        return matrix_product(self.lift(a), self.lift(b))

    def dot(self, a, b):
        return dot(self.lift(a), self.lift(b))

    def vdot(self, a, b):
        return dot(self.lift(a).ravel(), self.lift(b).ravel())

    inner = dot

    def outer(self, a, b):
        return self.lift(a)[:, None] * self.lift(b)[None, :]

    def tensordot(self, a, b, axes=2):
        return oracle_linalg.tensordot(self, a, b, axes)

    def kron(self, a, b):
        return oracle_linalg.kron(self, a, b)

    def einsum(self, subscripts, *operands):
        """Every term of the sum, one after the other."""
        terms, arrow, result = subscripts.replace(" ", "").partition("->")
        pairs = [(term, np.asarray(self.lift(x))) for term, x in zip(terms.split(","), operands, strict=True)]
        dots = "XYZ"[: max((x.ndim - len(term) + 3 for term, x in pairs if "." in term), default=0)]
        result = result if arrow else oracle_linalg.implied(terms)
        pairs, result = [(term.replace("...", dots), x) for term, x in pairs], result.replace("...", dots)
        sizes = {letter: n for term, x in pairs for letter, n in zip(term, x.shape, strict=True)}
        inner = [letter for letter in sizes if letter not in result]
        made = np.full([sizes[letter] for letter in result], self.kind.constant(0), dtype=object)
        for index in itertools.product(*(range(sizes[letter]) for letter in (*result, *inner))):
            place = dict(zip((*result, *inner), index, strict=True))
            entries = [x[tuple(place[letter] for letter in term)] for term, x in pairs]
            made[index[: len(result)]] += functools.reduce(lambda a, b: a * b, entries)
        return made.view(Array) if result else made[()]

    # makers ----------------------------------------------------------------------------------------------------------
    def array(self, x, dtype=None):
        if isinstance(x, Number) or np.isscalar(x):
            return x
        if isinstance(x, np.ndarray):
            return x.copy() if dtype is None or x.dtype == object else self.lift(x)
        made = np.array(x, dtype=object)
        flat = made.ravel().tolist()
        if dtype is None and not any(isinstance(v, (float, Number)) for v in flat):
            return np.array(x)
        return object_array([self.kind.of(v) for v in flat], made.shape)

    asarray = array

    def full(self, shape, value, dtype=float):
        made = np.empty(shape, dtype=object).view(Array)
        made[...] = self.kind.of(value) if np.ndim(value) == 0 else self.lift(value)
        return made if is_floating(dtype) else made.astype(dtype)

    def zeros(self, shape, dtype=float):
        return self.full(shape, 0.0, dtype)

    empty = zeros

    def ones(self, shape, dtype=float):
        return self.full(shape, 1.0, dtype)

    def zeros_like(self, x):
        return self.zeros(np.shape(x))

    empty_like = zeros_like

    def ones_like(self, x):
        return self.ones(np.shape(x))

    def full_like(self, x, value):
        return self.full(np.shape(x), value)

    def eye(self, n, m=None, k=0):
        return self.lift(np.eye(n, m, k))

    def arange(self, *bounds, dtype=None):
        made = np.arange(*bounds)
        return self.lift(made) if made.dtype.kind == "f" or (dtype is not None and is_floating(dtype)) else made

    def linspace(self, start, stop, n=50):
        return self.lift(np.linspace(start, stop, n))

    def copy(self, x):
        return x.copy()

    def finfo(self, dtype):
        return np.finfo(float)


# ---------------------------------------------------------------------------------------------------------------------
# Running the user's function with other numbers
# ---------------------------------------------------------------------------------------------------------------------


class Rebinder:
    """Copies functions so that what they reach is the namespace's. One copy per object, so recursion ends."""

    def __init__(self, kind: type[Number]):
        self.numpy, self.math = Numpy(kind), Math(kind)
        self.symdiff = Derivatives(kind, sys.modules[__name__]) if kind is Dual else Undifferentiated()
        self.memo: dict[int, Any] = {}
        self.kept: list[Any] = []
        # imports inside functions lead here too
        load = builtins.__import__
        self.builtins = {**vars(builtins), "__import__": lambda *args, **named: self(load(*args, **named))}
        self.names = {id(getattr(math, n)): (self.math, n) for n in vars(math) if callable(getattr(math, n))}
        special = ScipySpecial(self.numpy)
        self.modules: dict[int, Any] = {
            id(np): self.numpy,
            id(math): self.math,
            id(np.linalg): self.numpy.linalg,
            id(scipy.linalg): ScipyLinalg(self.numpy),
            id(scipy.special): special,
            id(scipy.stats): ScipyStats(special),
        }
        pairs = [(m, self.modules[id(m)]) for m in (scipy.linalg, scipy.stats, scipy.special, np.linalg, np)]
        for source, target in pairs:
            self.names |= {id(v): (target, n) for n, v in vars(source).items() if callable(v)}

    def __call__(self, x: Any) -> Any:
        """The counterpart of anything a program may refer to."""
        if id(x) in self.memo:
            return self.memo[id(x)]
        if id(x) in self.modules:
            return self.modules[id(x)]
        if x is float:
            return to_float
        if x is symdiff:
            return self.symdiff
        if id(x) in self.names and not isinstance(x, type):
            namespace, name = self.names[id(x)]
            return getattr(namespace, name)
        if home_of(x).startswith(("scipy.special", "scipy.stats")):
            raise NotCovered(home_of(x))
        if not is_users(x):
            return x
        self.kept.append(x)
        return self.copied(x)

    def copied(self, x: Any) -> Any:
        """The copy of a user's function, method, partial, module, class or object."""
        if isinstance(x, symdiff.Differentiable):
            step = getattr(x, "step", None)
            return self(x.__wrapped__) if step is None else self.symdiff.again(step, self(x.inner))
        if isinstance(x, symdiff.CustomRule):
            return self(x.function)
        if isinstance(x, symdiff.SymbolicPrimitive):
            # as SymPy itself writes it
            names = {n: getattr(self.numpy, n) for n in ("exp", "log", "sin", "cos", "tanh", "sqrt")}
            return sympy.lambdify(x.symbols, x.expression, [names])
        if isinstance(x, types.FunctionType):
            return self.function(inspect.unwrap(x))
        if isinstance(x, types.MethodType):
            return types.MethodType(self(x.__func__), self(x.__self__))
        if isinstance(x, functools.partial):
            return functools.partial(self(x.func), *map(self, x.args), **{k: self(v) for k, v in x.keywords.items()})
        if isinstance(x, types.ModuleType):
            return ModuleProxy(x, self)
        if isinstance(x, type):
            return self.class_(x)
        self.memo[id(x)] = clone = object.__new__(self(type(x)))
        clone.__dict__.update(x.__dict__)
        return clone

    def function(self, f: types.FunctionType) -> types.FunctionType:
        """The same code over other globals and cells."""
        if id(f) in self.memo:
            return self.memo[id(f)]
        scope: dict[str, Any] = {"__builtins__": self.builtins, "float": to_float, "__name__": f.__module__}
        cells = tuple(types.CellType() for _ in f.__closure__ or ())
        copied = types.FunctionType(f.__code__, scope, f.__name__, f.__defaults__, cells or None)
        copied.__kwdefaults__ = f.__kwdefaults__
        self.memo[id(f)] = copied
        for name in names_in(f.__code__):
            if name in f.__globals__:
                scope[name] = self(f.__globals__[name])
        for new, old in zip(cells, f.__closure__ or (), strict=True):
            new.cell_contents = self(old.cell_contents)
        return copied

    def class_(self, cls: type) -> type:
        """The same class with copied methods; tuples with names need none."""
        if issubclass(cls, tuple):
            return cls
        members = {k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")}
        self.memo[id(cls)] = copied = type(cls.__name__, cls.__bases__, members)
        for name, member in members.items():
            if isinstance(member, types.FunctionType):
                setattr(copied, name, self(member))
        return copied


class ModuleProxy:
    """A user's module whose members are copied when they are read."""

    def __init__(self, module: types.ModuleType, rebind: Rebinder):
        self._module, self._rebind = module, rebind

    def __getattr__(self, name: str) -> Any:
        return self._rebind(getattr(self._module, name))


def names_in(code: types.CodeType) -> set[str]:
    """The global names a code object and those inside it may read."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= names_in(constant)
    return found


LIBRARIES = {"builtins", "math", "numpy", "collections", "functools", "itertools", "operator", "typing"}


def home_of(x: Any) -> str:
    """The name of a module, or of the module that an object or its class is from."""
    return x.__name__ if isinstance(x, types.ModuleType) else str(type(x).__module__)


def is_users(x: Any) -> bool:
    """Whether x is code, or holds code, that is not a library's."""
    if isinstance(x, (types.MethodType, functools.partial)):
        return True
    if isinstance(x, types.ModuleType):
        return x.__name__.partition(".")[0] not in LIBRARIES
    owner = x if isinstance(x, (type, types.FunctionType)) else type(x)
    return owner.__module__.partition(".")[0] not in LIBRARIES and not isinstance(x, tuple)


def rebind(function: Callable[..., Any], kind: type[Number]) -> Callable[..., Any]:
    """The function, running on numbers of this kind."""
    return Rebinder(kind)(function)


def lifted_arguments(problem: Problem, kind: type[Number], numbers: Sequence[Any]) -> list[Any]:
    """All arguments as numbers of this kind: the varying ones given, the floats among the others constant."""

    def lift(leaf: Any) -> Any:
        if is_float_array(leaf):
            return object_array([kind.of(v) for v in leaf.ravel().tolist()], leaf.shape)
        if isinstance(leaf, np.ndarray):
            return leaf.view(Array)
        return kind.constant(leaf) if isinstance(leaf, float) else leaf

    values = [map_leaves(lift, copy.deepcopy(argument)) for argument in problem.arguments]
    for k, value in zip(problem.positions, rebuild(problem.active, numbers), strict=True):
        values[k] = value
    return values


def run(problem: Problem, function: Callable[..., Any], kind: type[Number], numbers: Sequence[Any]) -> Any:
    """The result as a number of this kind."""
    with np.errstate(all="ignore"):
        result = kind.of(function(*lifted_arguments(problem, kind, numbers)))
    if result is NotImplemented:
        raise NotCovered("the result is not a scalar")
    return result


def complex_step(function: Callable[..., Any], arguments: Sequence[Any], wrt: str | Sequence[str]) -> Answer:
    """One run per coordinate; the error is that of float64 arithmetic, not of the step."""
    problem = pose(function, arguments, wrt)
    copied = rebind(function, Step)
    x = problem.start()
    slopes, value = [], plain_value(problem, x)
    for k in range(len(x)):
        numbers = [Step(complex(v, STEP if i == k else 0.0)) for i, v in enumerate(x)]
        slopes.append(run(problem, copied, Step, numbers).z.imag / STEP)
    vector = np.array(slopes, dtype=float)
    scale = abs(value) + float(np.max(np.abs(vector), initial=0.0))
    return Answer(problem, "complex step", value, vector, np.full(len(x), 1e-12 * scale))


def dual_vector(problem: Problem, function: Callable[..., Any], numbers: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The value and all partial derivatives, in 50 digits, at `numbers`."""
    duals = [Dual(v, {k: MP.mpf(1)}) for k, v in enumerate(numbers)]
    result = run(problem, function, Dual, duals)
    return result.value, [result.slopes.get(k, MP.mpf(0)) for k in range(len(numbers))]


def dual_numbers(function: Callable[..., Any], arguments: Sequence[Any], wrt: str | Sequence[str]) -> Answer:
    """The gradient of the real function, rounded at the end; `exact` holds the 50 digits.

    Constants that Python itself computes in float64 (`1.0 / 3.0`, `2.0 * np.pi`) stay rounded, which the error allows.
    """
    problem = pose(function, arguments, wrt)
    numbers = [MP.mpf(v) for v in problem.start()]
    value, slopes = dual_vector(problem, rebind(function, Dual), numbers)
    vector = np.array([float(d) for d in slopes], dtype=float)
    return Answer(problem, "dual numbers", float(value), vector, 8 * EPS * np.abs(vector), tuple(slopes))


def dual_hessian_vector(
    function: Callable[..., Any], arguments: Sequence[Any], wrt: str | Sequence[str], direction: Any
) -> Any:
    """The Hessian times a direction, both structured as the gradient, right to float64's last digits.

    This is the gradient of `sum(direction * gradient)`: differences of the 50-digit gradient, with steps of 1e-20.
    """
    problem = pose(function, arguments, wrt)
    copied = rebind(function, Dual)
    x = [MP.mpf(v) for v in problem.start()]
    d = [MP.mpf(float(v)) for v in flatten(direction)]
    h = MP.mpf(10) ** -20
    up = dual_vector(problem, copied, [a + h * b for a, b in zip(x, d, strict=True)])[1]
    down = dual_vector(problem, copied, [a - h * b for a, b in zip(x, d, strict=True)])[1]
    return problem.structure([(a - b) / (2 * h) for a, b in zip(up, down, strict=True)])


def reference(function: Callable[..., Any], arguments: Sequence[Any], wrt: str | Sequence[str]) -> Answer:
    """The best answer there is: 50 digits, or differences where the program does what the namespace does not cover."""
    try:
        return dual_numbers(function, arguments, wrt)
    except NotCovered:
        return central_differences(function, arguments, wrt)
