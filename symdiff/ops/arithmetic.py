"""Arithmetic: the operators of Python and what belongs to them."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from symdiff.errors import located
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops.comparison import equal, where
from symdiff.ops.dtypes import dtype_rule
from symdiff.ops.failures import domain, finite_result, zero_division
from symdiff.ops.primitive import (
    POSITIVE,
    REALS,
    REGISTRY,
    Check,
    Domain,
    Primitive,
    Traced,
    elementwise,
    infer_elementwise,
    kind_of,
)

__all__ = [
    "absolute",
    "add",
    "divide",
    "floor_divide",
    "math_pow",
    "multiply",
    "negative",
    "positive",
    "power",
    "remainder",
    "sign",
    "subtract",
]


def _logical_on_truth(number: str, truth: str) -> Any:
    """NumPy adds and multiplies truth values by or and and."""
    return lambda k, a, b: getattr(k, truth if a.type == "i1" else number)(a, b)


def _by_type(floats: str, ints: str) -> Any:
    return lambda k, a, b: getattr(k, floats if a.type in ("f64", "f32") else ints)(a, b)


add: Primitive = elementwise(
    "add",
    numpy=np.add,
    scalar=operator.add,
    operator="+",
    result="same",
    kernel=_logical_on_truth("add", "or_"),
    sympy=lambda sp, a, b: a + b,
    vjp=(lambda g, y, a, b: g, lambda g, y, a, b: g),
    linear=True,
)

subtract: Primitive = elementwise(
    "subtract",
    numpy=np.subtract,
    scalar=operator.sub,
    operator="-",
    result="same",
    kernel="sub",
    sympy=lambda sp, a, b: a - b,
    vjp=(lambda g, y, a, b: g, lambda g, y, a, b: -g),
    linear=True,
)

multiply: Primitive = elementwise(
    "multiply",
    numpy=np.multiply,
    scalar=operator.mul,
    operator="*",
    result="same",
    kernel=_logical_on_truth("mul", "and_"),
    sympy=lambda sp, a, b: a * b,
    vjp=(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
)

divide: Primitive = elementwise(
    "divide",
    numpy=np.divide,
    scalar=operator.truediv,
    operator="/",
    kernel="div",
    sympy=lambda sp, a, b: a / b,
    vjp=(lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b),
    domain=(REALS, POSITIVE),
    checks=zero_division("division by zero", "float division by zero"),
    cost=4.0,
)

negative: Primitive = elementwise(
    "negative",
    numpy=np.negative,
    scalar=operator.neg,
    operator="-",
    result="same",
    kernel="neg",
    sympy=lambda sp, a: -a,
    vjp=(lambda g, y, a: -g,),
    linear=True,
)

positive: Primitive = elementwise(
    "positive",
    numpy=np.positive,
    scalar=operator.pos,
    operator="+",
    result="same",
    kernel=lambda k, a: a,
    sympy=lambda sp, a: a,
    vjp=(lambda g, y, a: g,),
    linear=True,
)

absolute: Primitive = elementwise(
    "absolute",
    numpy=np.absolute,
    scalar=abs,
    result="same",
    kernel=lambda k, a: a if a.type == "i1" else k.abs(a),
    python="np.abs({})",
    spelling="abs({})",
    sympy="Abs",
    vjp=(lambda g, y, a: g * sign(a),),
    kink="abs",
    domain=POSITIVE,
)


def _sign_kernel(k: Any, a: Any) -> Any:
    # the innermost choice keeps NaN and makes -0.0 a 0.0
    zero = k.select(k.eq(a, 0), 0, a)
    return k.select(k.gt(a, 0), 1, k.select(k.lt(a, 0), -1, zero))


sign: Primitive = elementwise(
    "sign",
    numpy=np.sign,
    result="same",
    kernel=_sign_kernel,
    sympy="sign",
    vjp=(None,),
    domain=POSITIVE,
)

floor_divide: Primitive = elementwise(
    "floor_divide",
    numpy=np.floor_divide,
    scalar=operator.floordiv,
    operator="//",
    result="same",
    kernel=_by_type("ffloordiv", "floordiv"),
    sympy=lambda sp, a, b: sp.floor(a / b),
    vjp=(None, None),
    domain=(REALS, POSITIVE),
    checks=zero_division("integer division or modulo by zero", "float floor division by zero"),
    cost=8.0,
)

remainder: Primitive = elementwise(
    "remainder",
    numpy=np.remainder,
    scalar=operator.mod,
    operator="%",
    result="same",
    kernel=_by_type("fremainder", "mod"),
    sympy=lambda sp, a, b: a - b * sp.floor(a / b),
    vjp=(lambda g, y, a, b: g, lambda g, y, a, b: -g * floor_divide(a, b)),
    domain=(REALS, POSITIVE),
    checks=zero_division("integer modulo by zero", "float modulo"),
    cost=8.0,
)

# -- powers ------------------------------------------------------------------------------------------------------------

# of NumPy's integers
INT_TO_NEGATIVE = "Integers to negative integer powers are not allowed."


def _known(x: Any) -> int | float | None:
    """The number an operand of a rule is known to be."""
    known = x.build.constant_of(x.value) if isinstance(x, Traced) else None
    return known if isinstance(known, int | float) and not isinstance(known, bool) else None


def _infer_power(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    inferred = infer_elementwise(POWER_DTYPES, True, build, inputs, attrs)
    exponent = build.constant_of(inputs[1])
    if not inferred.is_integer or not isinstance(exponent, int) or exponent >= 0:
        return inferred
    if kind_of(inputs, attrs) == "python":
        return Type("float64", (), inferred.kind)
    raise located(ValueError, INT_TO_NEGATIVE, build.where, "convert the base with .astype(float)")


def _base_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    """``b * a ** (b - 1)``, and 0 for b = 0 whatever a is; a known exponent never goes through a choice."""
    match _known(b):
        case None:
            return g * where(equal(b, 0), 0.0, b * a ** (b - 1))
        case 0:
            return None
        case 1:
            return g
        case 2:
            return g * (2 * a)
        case exponent:
            return g * (exponent * a ** (exponent - 1))


def _exponent_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    """``y * log(a)``, and 0 at a = 0, where y is flat in b."""
    known = _known(a)
    if known is not None and known > 0:
        return g * (y * math.log(known))
    return g * where(equal(a, 0), 0.0, y * REGISTRY["log"](a))


def _power_kernel(k: Any, a: Any, b: Any) -> Any:
    """Small known exponents are products, as in NumPy; a Python int to a negative known one is a float."""
    known = getattr(b, "value", None)
    if a.type not in ("f64", "f32"):
        return k.pow(k.f64(a), k.f64(b)) if known is not None and known < 0 else k.ipow(a, b)
    match known:
        case 1:
            return a
        case 2:
            return k.mul(a, a)
        case 3:
            return k.mul(k.mul(a, a), a)
        case 4:
            return k.mul(k.mul(a, a), k.mul(a, a))
        case -1:
            return k.div(1.0, a)
    return k.pow(a, b)


def _exponent_fits(k: Any, a: Any, b: Any) -> Any:
    known = getattr(b, "value", None)
    return k.ge(b, 0) if known is None else True


def _is_real(k: Any, a: Any, b: Any) -> Any:
    """Whether the power is real: an infinite base or exponent never makes a complex number."""
    whole = k.or_(k.eq(k.floor(b), b), k.or_(k.isnan(b), k.isinf(a)))
    return k.or_(k.not_(k.lt(a, 0.0)), whole)


def _is_defined(k: Any, a: Any, b: Any) -> Any:
    negative = k.and_(k.lt(b, 0), k.isfinite(b)) if b.type == "f64" else k.lt(b, 0)
    return k.not_(k.and_(k.eq(a, 0), negative))


def _python_power(a: Any, b: Any) -> Any:
    result = a**b
    if isinstance(result, complex):
        raise ValueError(COMPLEX_POWER)
    return result


FLOAT_POWER = "an int to a negative power is a float, a type that depends on the exponent: use a float base (2.0**n)"
COMPLEX_POWER = "a negative number to a fractional power is complex, which is not supported"
POWER_DTYPES = dtype_rule(np.power, "same")
POWER_RULES = (_base_rule, _exponent_rule)

power: Primitive = elementwise(
    "power",
    infer=_infer_power,
    numpy=np.power,
    scalar=_python_power,
    operator="**",
    result="same",
    kernel=_power_kernel,
    also=(pow, operator.pow),
    sympy=lambda sp, a, b: a**b,
    vjp=POWER_RULES,
    domain=(POSITIVE, Domain(0.5, 3.0)),
    kink="power",
    checks=(
        Check(_is_defined, "ZeroDivisionError", "0.0 cannot be raised to a negative power"),
        Check(_exponent_fits, "ValueError", FLOAT_POWER, on="int"),
        Check(_is_real, "ValueError", COMPLEX_POWER, on="float"),
        finite_result("(34, 'Numerical result out of range')", on="float"),
    ),
    cost=20.0,
)


# math.pow is the power of doubles with the failures of C
math_pow: Primitive = elementwise(
    "math_pow",
    numpy=np.float_power,
    scalar=math.pow,
    spelling="math.pow({}, {})",
    python="np.float_power({}, {})",
    kernel=_power_kernel,
    sympy=lambda sp, a, b: a**b,
    vjp=POWER_RULES,
    domain=(POSITIVE, Domain(0.5, 3.0)),
    kink="power",
    checks=(domain(_is_defined), domain(_is_real), finite_result()),
    cost=20.0,
)
