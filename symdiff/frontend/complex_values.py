"""Complex numbers as pairs of real ones: making them, and Python's operators on them.

The formulas are those of NumPy and Python, down to the signs of zeros: a real operand counts as one with imaginary part
0. What is a zero for certain is multiplied by the row ``zero_times``, through which nothing flows back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, Array, Complex, View
from symdiff.frontend.core import REAL_PARTS, Parser
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import broadcast_shapes

__all__ = [
    "Pair",
    "arithmetic_of",
    "as_complex",
    "compared_parts",
    "is_zero",
    "made",
    "negated",
    "pair",
    "power",
    "product",
    "quotient",
    "times",
]

Pair = tuple[Value, Value]
LARGEST_EXPONENT = 100  # up to here Python and NumPy multiply


# -- making ------------------------------------------------------------------------------------------------------------


def pair(p: Parser, item: Abstract) -> Pair:
    """Both parts as values; a real number has imaginary part 0."""
    if isinstance(item, Complex):
        return p.value(item.re), p.value(item.im)
    value = floating(p, p.value(item))
    zero = p.constant(0.0)
    return value, _like(p, zero, value.type) if value.type.shape or value.type.kind != "python" else zero


def floating(p: Parser, value: Value) -> Value:
    """A real number as a float."""
    if value.type.is_float:
        return value
    known = p.build.constant_of(value)
    if known is not None and value.type.kind == "python":
        return p.constant(float(known))
    return p.emit("convert", value, dtype="float64", kind=value.type.kind)


def _like(p: Parser, value: Value, type_: Type) -> Value:
    """A scalar in a shape, dtype and kind."""
    if type_.shape:
        return p.emit("full", value, shape=type_.shape, dtype=type_.dtype)
    return p.emit("convert", value, dtype=type_.dtype, kind=type_.kind)


def as_complex(p: Parser, item: Abstract) -> Complex:
    """A number or array as a complex one."""
    return item if isinstance(item, Complex) else made(p, *pair(p, item))


def made(p: Parser, re: Value, im: Value) -> Complex:
    """A complex number of two real ones, which are brought to one shape, dtype and kind."""
    re, im = floating(p, re), floating(p, im)
    if re.type.shape != im.type.shape:
        shape = broadcast_shapes(p.build, [re.type.shape, im.type.shape])
        re, im = (_in_shape(p, v, shape) for v in (re, im))
    if (re.type.dtype, re.type.kind) != (im.type.dtype, im.type.kind):
        strong = [v.type.dtype for v in (re, im) if v.type.kind != "python"]
        dtype = str(np.result_type(*strong))
        re, im = (_converted(p, v, dtype) for v in (re, im))
    return Complex(p.wrap(re, contiguous=True), p.wrap(im, contiguous=True))


def _in_shape(p: Parser, value: Value, shape: tuple[Dim, ...]) -> Value:
    if value.type.shape == shape:
        return value
    if not value.type.shape:
        return p.emit("full", value, shape=shape, dtype=value.type.dtype)
    return p.emit("broadcast_to", value, shape=shape)


def _converted(p: Parser, value: Value, dtype: str) -> Value:
    if value.type.dtype == dtype and value.type.kind == "numpy":
        return value
    return p.emit("convert", value, dtype=dtype, kind="numpy")


# -- real arithmetic that keeps the text short -------------------------------------------------------------------------


def _known(p: Parser, value: Value) -> float | None:
    found = p.build.constant_of(value)
    return found if type(found) is float else None


def is_zero(p: Parser, value: Value) -> bool:
    """Whether a value is a zero of some sign by the way it is computed (or no number)."""
    node = p.build.definitions.get(value)
    if node is None:
        return False
    match node.op.name:
        case "constant":
            return type(node.attrs["value"]) is float and node.attrs["value"] == 0.0
        case "zero_times":
            return True
        case "full" | "negative" | "convert" | "broadcast_to" | "reshape" | "index" | "transpose":
            return is_zero(p, node.inputs[0])
        case "add" | "subtract":
            return all(is_zero(p, operand) for operand in node.inputs)
        case "multiply":
            return any(is_zero(p, operand) for operand in node.inputs)
    return False


def times(p: Parser, a: Value, b: Value) -> Value:
    """A product of real numbers, with zeros and ones looked after."""
    first, second = _known(p, a), _known(p, b)
    if first is not None and second is not None:
        return p.constant(first * second)
    if first == 1.0 or second == 1.0:
        return b if first == 1.0 else a
    if is_zero(p, a):
        return p.emit("zero_times", a, b)
    return p.emit("zero_times", b, a) if is_zero(p, b) else p.emit("multiply", a, b)


def plus(p: Parser, a: Value, b: Value) -> Value:
    """A sum; adding -0.0 changes nothing."""
    first, second = _known(p, a), _known(p, b)
    if first is not None and second is not None:
        return p.constant(first + second)
    if _is_constant(first, -0.0) or _is_constant(second, -0.0):
        return b if _is_constant(first, -0.0) else a
    return p.emit("add", a, b)


def minus(p: Parser, a: Value, b: Value) -> Value:
    """A difference; subtracting 0.0 changes nothing."""
    first, second = _known(p, a), _known(p, b)
    if first is not None and second is not None:
        return p.constant(first - second)
    return a if _is_constant(second, 0.0) else p.emit("subtract", a, b)


def negated(p: Parser, a: Value) -> Value:
    """``-a``."""
    known = _known(p, a)
    return p.constant(-known) if known is not None else p.emit("negative", a)


def _is_constant(known: float | None, wanted: float) -> bool:
    return known is not None and repr(known) == repr(wanted)


# -- operators ---------------------------------------------------------------------------------------------------------


def _scalars(p: Parser, item: Abstract) -> Pair:
    """The parts of an operand, with the zero of a real one as a number."""
    if isinstance(item, Complex):
        return pair(p, item)
    return floating(p, p.value(item)), p.constant(0.0)


def product(p: Parser, z: Pair, w: Pair) -> Pair:
    """``z * w``."""
    (a, b), (c, d) = z, w
    return minus(p, times(p, a, c), times(p, b, d)), plus(p, times(p, a, d), times(p, b, c))


def quotient(p: Parser, z: Pair, w: Pair) -> Pair:
    """``z / w``."""
    known, zero = _known(p, w[0]), _known(p, w[1])
    if known and np.isfinite(known) and zero == 0.0:
        # what the general rule comes to where the divisor is a real constant
        ratio = p.constant(zero / known)
        parts = plus(p, z[0], times(p, z[1], ratio)), minus(p, z[1], times(p, z[0], ratio))
        return p.emit("divide", parts[0], w[0]), p.emit("divide", parts[1], w[0])
    return p.emit("quotient_real", *z, *w), p.emit("quotient_imag", *z, *w)


def _sum(p: Parser, z: Pair, w: Pair) -> Pair:
    return plus(p, z[0], w[0]), plus(p, z[1], w[1])


def _difference(p: Parser, z: Pair, w: Pair) -> Pair:
    return minus(p, z[0], w[0]), minus(p, z[1], w[1])


BINARY: dict[str, Any] = {"add": _sum, "subtract": _difference, "multiply": product, "divide": quotient}


def arithmetic_of(p: Parser, name: str, a: Abstract, b: Abstract) -> Complex:
    """``a op b`` where an operand is complex."""
    for item in (a, b):
        if not isinstance(item, Complex | Value | Array | View):
            p.refuse(LocatedTypeError, f"unsupported operand of a complex operation: {p.describe(item)}")
    if name == "power":
        return power(p, a, b)
    if name == "matmul":
        return contracted(p, "matmul", pair(p, a), pair(p, b))
    if name not in BINARY:
        p.refuse(LocatedTypeError, f"{name} is not defined for complex numbers", REAL_PARTS)
    return made(p, *BINARY[name](p, _scalars(p, a), _scalars(p, b)))


def contracted(p: Parser, row: str, z: Pair, w: Pair) -> Complex:
    """A product of matrices or vectors, by a row of real ones."""
    (a, b), (c, d) = z, w
    if is_zero(p, b) and is_zero(p, d):
        re = p.emit(row, a, c)
        return made(p, re, _like(p, p.constant(0.0), re.type))
    if is_zero(p, b):
        return made(p, p.emit(row, a, c), p.emit(row, a, d))
    if is_zero(p, d):
        return made(p, p.emit(row, a, c), p.emit(row, b, c))
    re = p.emit("subtract", p.emit(row, a, c), p.emit(row, b, d))
    return made(p, re, p.emit("add", p.emit(row, a, d), p.emit(row, b, c)))


def compared_parts(p: Parser, name: str, a: Abstract, b: Abstract) -> Value:
    """``==`` and ``!=`` of numbers or arrays of which one is complex."""
    if name not in ("equal", "not_equal"):
        p.refuse(LocatedTypeError, "complex numbers have no order", "compare abs(...), .real or .imag")
    (re, im), (other, imag) = _scalars(p, a), _scalars(p, b)
    joint = "logical_and" if name == "equal" else "logical_or"
    return p.emit(joint, p.emit(name, re, other), p.emit(name, im, imag))


# -- powers ------------------------------------------------------------------------------------------------------------


def power(p: Parser, a: Abstract, b: Abstract) -> Complex:
    """``a ** b``: by multiplication for ints that are known, else in polar form."""
    base, exponent = _scalars(p, a), _scalars(p, b)
    known, imag = _known(p, exponent[0]), _known(p, exponent[1])
    if known is not None and imag == 0.0 and known == round(known) and abs(known) <= LARGEST_EXPONENT:
        return made(p, *_repeated(p, base, int(known)))
    return made(p, *_polar(p, base, exponent))


def _repeated(p: Parser, base: Pair, exponent: int) -> Pair:
    if exponent == 0:
        one, zero = (_constant_like(p, number, base[0]) for number in (1.0, 0.0))
        return one, zero
    result: Pair | None = None
    square, rest = base, abs(exponent)
    while rest:
        if rest & 1:
            result = square if result is None else product(p, result, square)
        rest >>= 1
        square = product(p, square, square) if rest else square
    assert result is not None
    return result if exponent > 0 else quotient(p, (p.constant(1.0), p.constant(0.0)), result)


def _constant_like(p: Parser, number: float, value: Value) -> Value:
    constant = p.constant(number)
    return constant if value.type.kind == "python" else _like(p, constant, value.type)


def _polar(p: Parser, base: Pair, exponent: Pair) -> Pair:
    """``exp(exponent * log(base))``; 0 to a real positive power is 0."""
    (x, y), (c, d) = base, exponent
    modulus, angle = p.emit("hypot", x, y), p.emit("arctan2", y, x)
    length, phase = p.emit("power", modulus, c), times(p, angle, c)
    if _known(p, d) != 0.0:
        length = times(p, length, p.emit("exp", negated(p, times(p, angle, d))))
        # 0 has no such power: an error for Python's numbers, nan for NumPy's
        phase = plus(p, phase, times(p, d, p.emit("log_modulus", x, y)))
    return times(p, length, p.emit("cos", phase)), times(p, length, p.emit("sin", phase))
