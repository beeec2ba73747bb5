"""Functions of complex numbers, written with real ones: NumPy's, `cmath`'s and the constructor."""

from __future__ import annotations

import cmath
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, Array, Complex, Tuple, View
from symdiff.frontend.complex_values import (
    Pair,
    arithmetic_of,
    as_complex,
    compared_parts,
    is_zero,
    made,
    negated,
    pair,
    product,
    quotient,
    times,
)
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_shaping import array_of
from symdiff.frontend.tables import complex_function, function
from symdiff.ir.graph import Value

__all__ = ["complex_like", "elementary"]

Formula = Callable[[Parser, Value, Value], Pair]


def _any_number(*objects: Any) -> Any:
    """Register a handler for real and complex arguments."""
    return lambda handler: complex_function(*objects)(function(*objects)(handler))


def of_kind(p: Parser, item: Abstract, kind: str) -> Pair:
    """Both parts, numbers as Python's or NumPy's."""
    return _kinds(p, pair(p, item), kind)


def _kinds(p: Parser, parts: Pair, kind: str) -> Pair:
    re, im = (v if v.type.shape or v.type.kind == kind else _of_kind(p, v, kind) for v in parts)
    return re, im


def _of_kind(p: Parser, value: Value, kind: str) -> Value:
    return p.emit("convert", value, dtype="float64" if kind == "python" else value.type.dtype, kind=kind)


# -- formulas ----------------------------------------------------------------------------------------------------------


def _exp(p: Parser, x: Value, y: Value) -> Pair:
    if is_zero(p, x):
        return p.emit("cos", y), p.emit("sin", y)
    return p.emit("exp_cos", x, y), p.emit("exp_sin", x, y)


def _log(p: Parser, x: Value, y: Value) -> Pair:
    return p.emit("log_modulus", x, y), p.emit("arctan2", y, x)


def _scaled_log(base: float) -> Formula:
    def formula(p: Parser, x: Value, y: Value) -> Pair:
        factor = p.constant(1.0 / float(np.log(base)))
        re, im = _log(p, x, y)
        return p.emit("multiply", re, factor), p.emit("multiply", im, factor)

    return formula


def _sqrt(p: Parser, x: Value, y: Value) -> Pair:
    return p.emit("root_real", x, y), p.emit("root_imag", x, y)


def _cross(first: str, second: str, third: str, fourth: str, *, minus: bool = False) -> Formula:
    """``first(x) second(y) + i third(x) fourth(y)``."""

    def formula(p: Parser, x: Value, y: Value) -> Pair:
        re = p.emit("multiply", p.emit(first, x), p.emit(second, y))
        im = p.emit("multiply", p.emit(third, x), p.emit(fourth, y))
        return re, negated(p, im) if minus else im

    return formula


_sinh = _cross("sinh", "cos", "cosh", "sin")
_cosh = _cross("cosh", "cos", "sinh", "sin")
_sin = _cross("sin", "cosh", "cos", "sinh")
_cos = _cross("cos", "cosh", "sin", "sinh", minus=True)


def _tanh(p: Parser, x: Value, y: Value) -> Pair:
    """Kahan's formula; far out the real part is 1, and the imaginary part decays."""
    one, far = p.constant(1.0), p.emit("greater", p.emit("absolute", x), p.constant(20.0))
    near = p.emit("where", far, p.constant(0.0), x)
    t, s = p.emit("tan", y), p.emit("sinh", near)
    beta = p.emit("add", one, p.emit("multiply", t, t))
    rho = p.emit("cosh", near)
    below = p.emit("add", one, p.emit("multiply", p.emit("multiply", beta, s), s))
    re = p.emit("divide", p.emit("multiply", p.emit("multiply", beta, rho), s), below)
    decay = p.emit("exp", p.emit("multiply", p.constant(-2.0), p.emit("absolute", x)))
    wave = p.emit("multiply", p.emit("multiply", p.constant(4.0), p.emit("sin", y)), p.emit("cos", y))
    sign = p.emit("copysign", one, x)
    im = p.emit("where", far, p.emit("multiply", wave, decay), p.emit("divide", t, below))
    return p.emit("where", far, sign, re), im


def _tan(p: Parser, x: Value, y: Value) -> Pair:
    """``-i tanh(i z)``."""
    re, im = _tanh(p, negated(p, y), x)
    return im, negated(p, re)


def _conjugate(p: Parser, x: Value, y: Value) -> Pair:
    return x, negated(p, y)


def _square(p: Parser, x: Value, y: Value) -> Pair:
    return product(p, (x, y), (x, y))


def _reciprocal(p: Parser, x: Value, y: Value) -> Pair:
    return quotient(p, (p.constant(1.0), p.constant(0.0)), (x, y))


FORMULAS: dict[str, Formula] = {
    "exp": _exp,
    "log": _log,
    "log10": _scaled_log(10.0),
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
}
MORE: dict[str, Formula] = {
    "log2": _scaled_log(2.0),
    "negative": lambda p, x, y: (negated(p, x), negated(p, y)),
    "positive": lambda p, x, y: (x, y),
    "conjugate": _conjugate,
    "square": _square,
    "reciprocal": _reciprocal,
}


def elementary(p: Parser, name: str, item: Abstract, kind: str) -> Complex:
    """A function of a complex number; what it gives is Python's or NumPy's."""
    return made(p, *_kinds(p, FORMULAS[name](p, *of_kind(p, item, kind)), kind))


def _numpy_function(formula: Formula) -> Any:
    def handler(p: Parser, x: Abstract) -> Complex:
        return made(p, *formula(p, *of_kind(p, array_of(p, x), "numpy")))

    return handler


def _cmath_function(name: str) -> Any:
    return lambda p, x: elementary(p, name, x, "python")


for _name, _formula in {**FORMULAS, **MORE}.items():
    complex_function(getattr(np, _name))(_numpy_function(_formula))
for _name in FORMULAS:
    if _name != "log":
        function(getattr(cmath, _name))(_cmath_function(_name))


@function(cmath.log)
def cmath_log(p: Parser, x: Abstract, base: Abstract | None = None) -> Complex:
    """``cmath.log``."""
    found = elementary(p, "log", x, "python")
    return found if base is None else arithmetic_of(p, "divide", found, elementary(p, "log", base, "python"))


# -- parts and polar form ----------------------------------------------------------------------------------------------


def _modulus(p: Parser, x: Abstract, kind: str) -> Abstract:
    return p.wrap(p.emit("hypot", *of_kind(p, x, kind)))


@complex_function(abs)
def modulus(p: Parser, x: Abstract) -> Abstract:
    """``abs(z)``."""
    return p.wrap(p.emit("hypot", *pair(p, x)))


@complex_function(np.absolute)
def absolute(p: Parser, x: Abstract) -> Abstract:
    """``np.abs(z)``."""
    return _modulus(p, array_of(p, x), "numpy")


@_any_number(np.real)
def real(p: Parser, val: Abstract) -> Abstract:
    """``np.real``; of an array, a view."""
    item = array_of(p, val)
    return item.re if isinstance(item, Complex) else item


@_any_number(np.imag)
def imag(p: Parser, val: Abstract) -> Abstract:
    """``np.imag``; of an array, a view."""
    item = array_of(p, val)
    return item.im if isinstance(item, Complex) else p.wrap(pair(p, item)[1])


@function(np.conjugate)
def conjugate(p: Parser, x: Abstract) -> Abstract:
    """``np.conj`` of real numbers."""
    return p.wrap(p.emit("positive", p.value(array_of(p, x)), kind="numpy"))


@complex_function(complex.conjugate)
def conjugate_method(p: Parser, z: Abstract) -> Complex:
    """``z.conjugate()``: a number of Python's stays one."""
    return made(p, *_conjugate(p, *pair(p, z)))


@_any_number(np.angle)
def angle(p: Parser, z: Abstract, deg: Abstract | None = None) -> Abstract:
    """``np.angle``."""
    x, y = of_kind(p, array_of(p, z), "numpy")
    found = p.emit("arctan2", y, x)
    return p.wrap(p.emit("rad2deg", found) if deg is not None and p.static(deg, "deg=") else found)


@function(cmath.phase)
def phase(p: Parser, x: Abstract) -> Abstract:
    """``cmath.phase``."""
    re, im = of_kind(p, x, "python")
    return p.emit("arctan2", im, re)


@function(cmath.polar)
def polar(p: Parser, x: Abstract) -> Tuple:
    """``cmath.polar``."""
    return Tuple((_modulus(p, x, "python"), phase(p, x)))


@function(cmath.rect)
def rect(p: Parser, r: Abstract, phi: Abstract) -> Complex:
    """``cmath.rect``."""
    length, turn = (_of_kind(p, p.value(item), "python") for item in (r, phi))
    return made(p, times(p, length, p.emit("cos", turn)), times(p, length, p.emit("sin", turn)))


# -- questions ---------------------------------------------------------------------------------------------------------


def _both(row: str, joint: str, kind: str) -> Any:
    def handler(p: Parser, x: Abstract) -> Abstract:
        re, im = (p.emit(row, part) for part in of_kind(p, array_of(p, x), kind))
        return p.wrap(p.emit(joint, re, im))

    return handler


for _name, _joint in (("isfinite", "logical_and"), ("isnan", "logical_or"), ("isinf", "logical_or")):
    complex_function(getattr(np, _name))(_both(_name, _joint, "numpy"))
    function(getattr(cmath, _name))(_both(_name, _joint, "python"))


@_any_number(np.iscomplexobj)
def iscomplexobj(p: Parser, x: Abstract) -> Value:
    """Decided while parsing."""
    return p.constant(isinstance(array_of(p, x), Complex))


@_any_number(np.isrealobj)
def isrealobj(p: Parser, x: Abstract) -> Value:
    """Decided while parsing."""
    return p.constant(not isinstance(array_of(p, x), Complex))


# -- operators as functions --------------------------------------------------------------------------------------------


def _operation(name: str, kind: str) -> Any:
    def handler(p: Parser, a: Abstract, b: Abstract) -> Abstract:
        if kind == "numpy":
            a, b = (
                made(p, *of_kind(p, array_of(p, x), kind)) if isinstance(x, Complex) else array_of(p, x) for x in (a, b)
            )
        if name in ("equal", "not_equal"):
            return p.wrap(compared_parts(p, name, a, b))
        return arithmetic_of(p, name, a, b)

    return handler


for _name in ("add", "subtract", "multiply", "divide", "power", "matmul", "equal", "not_equal"):
    complex_function(getattr(np, _name))(_operation(_name, "numpy"))
for _function, _name in (
    (operator.add, "add"),
    (operator.sub, "subtract"),
    (operator.mul, "multiply"),
    (operator.truediv, "divide"),
    (operator.pow, "power"),
    (pow, "power"),
    (operator.matmul, "matmul"),
    (operator.eq, "equal"),
    (operator.ne, "not_equal"),
):
    complex_function(_function)(_operation(_name, "python"))


@complex_function(operator.neg)
def negative(p: Parser, x: Abstract) -> Complex:
    """``-z``."""
    return made(p, *(negated(p, part) for part in pair(p, x)))


# -- constructors ------------------------------------------------------------------------------------------------------


def complex_like(p: Parser, item: Abstract, kind: str) -> Complex:
    """A number as a complex one of Python's or NumPy's."""
    return made(p, *of_kind(p, item, kind))


@function(complex)
def constructor(p: Parser, real: Abstract | None = None, imag: Abstract | None = None) -> Complex:
    """``complex(a, b)``."""
    first = complex_like(p, p.constant(0.0) if real is None else real, "python")
    if imag is None:
        return first
    second = complex_like(p, imag, "python")
    if not isinstance(real, Complex) and not isinstance(imag, Complex):
        return Complex(first.re, second.re)
    turned = (
        Complex(negated(p, second.im), second.re) if isinstance(imag, Complex) else Complex(p.constant(0.0), second.re)
    )
    return arithmetic_of(p, "add", first, turned)


@_any_number(np.complex128)
def complex128(p: Parser, x: Abstract, imag: Abstract | None = None) -> Abstract:
    """``np.complex128(x)``."""
    if imag is not None:
        return complex_like(p, constructor(p, x, imag), "numpy")
    item = array_of(p, x)
    if isinstance(item, Complex) and isinstance(item.re, Array | View):
        p.refuse(LocatedTypeError, "np.complex128 of an array is not supported", "use .astype(complex)")
    return as_complex(p, complex_like(p, item, "numpy"))
