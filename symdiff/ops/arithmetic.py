"""Arithmetic: the operators of Python and what belongs to them."""

from __future__ import annotations

import operator

import numpy as np

from symdiff.ops.comparison import equal, where
from symdiff.ops.primitive import POSITIVE, REALS, REGISTRY, Check, Domain, elementwise

__all__ = ["absolute", "add", "divide", "floor_divide", "multiply", "negative", "positive", "power", "remainder", "sign", "subtract"]

ZERO_DIVISION = "ZeroDivisionError"
# int / int, float // float and float % float have messages of their own in CPython; the raiser picks the wording by type
NONZERO_DIVISOR = Check(lambda k, a, b: k.ne(b, 0), ZERO_DIVISION, "division by zero")

add = elementwise(
    "add",
    numpy=np.add,
    scalar=operator.add,
    operator="+",
    result="same",
    sympy=lambda sp, a, b: a + b,
    vjp=(lambda g, y, a, b: g, lambda g, y, a, b: g),
    linear=True,
)

subtract = elementwise(
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

multiply = elementwise(
    "multiply",
    numpy=np.multiply,
    scalar=operator.mul,
    operator="*",
    result="same",
    kernel="mul",
    sympy=lambda sp, a, b: a * b,
    vjp=(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
)

divide = elementwise(
    "divide",
    numpy=np.divide,
    scalar=operator.truediv,
    operator="/",
    kernel="div",
    sympy=lambda sp, a, b: a / b,
    vjp=(lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b),
    domain=(REALS, POSITIVE),
    checks=(NONZERO_DIVISOR,),
    cost=4.0,
)

negative = elementwise(
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

positive = elementwise(
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

absolute = elementwise(
    "absolute",
    numpy=np.absolute,
    scalar=abs,
    result="same",
    kernel="abs",
    python="np.abs({})",
    spelling="abs({})",
    also=(np.fabs,),
    sympy="Abs",
    vjp=(lambda g, y, a: g * sign(a),),
    kink="abs",
    domain=POSITIVE,
)

sign = elementwise(
    "sign",
    numpy=np.sign,
    result="same",
    kernel=lambda k, a: k.sign(a),
    sympy="sign",
    vjp=(None,),
    domain=POSITIVE,
)

floor_divide = elementwise(
    "floor_divide",
    numpy=np.floor_divide,
    scalar=operator.floordiv,
    operator="//",
    result="same",
    kernel="floordiv",
    sympy=lambda sp, a, b: sp.floor(a / b),
    vjp=(None, None),
    domain=(REALS, POSITIVE),
    checks=(NONZERO_DIVISOR,),
    cost=8.0,
)

remainder = elementwise(
    "remainder",
    numpy=np.remainder,
    scalar=operator.mod,
    operator="%",
    result="same",
    kernel="mod",
    also=(np.mod,),
    sympy=lambda sp, a, b: a - b * sp.floor(a / b),
    vjp=(lambda g, y, a, b: g, lambda g, y, a, b: -g * floor_divide(a, b)),
    domain=(REALS, POSITIVE),
    checks=(NONZERO_DIVISOR,),
    cost=8.0,
)

# b == 0 gives 0 whatever a is, and a constant integer exponent never goes through log; d/db is 0 at a == 0 < b
power = elementwise(
    "power",
    numpy=np.power,
    scalar=operator.pow,
    operator="**",
    result="same",
    kernel="pow",
    also=(pow,),
    sympy=lambda sp, a, b: a**b,
    vjp=(
        lambda g, y, a, b: g * where(equal(b, 0), 0.0, b * a ** (b - 1)),
        lambda g, y, a, b: g * where(equal(a, 0), 0.0, y * REGISTRY["log"](a)),
    ),
    domain=(POSITIVE, Domain(0.5, 3.0)),
    kink="pow",
    checks=(
        Check(lambda k, a, b: k.not_(k.and_(k.eq(a, 0.0), k.lt(b, 0.0))), ZERO_DIVISION, "0.0 cannot be raised to a negative power"),
        Check(
            lambda k, a, b: k.or_(k.ge(a, 0.0), k.or_(k.eq(k.floor(b), b), k.isnan(a))),
            "ValueError",
            "a negative number to a fractional power is complex, which is not supported",
        ),
        Check(
            lambda k, y, a, b: k.or_(k.isfinite(y), k.not_(k.and_(k.isfinite(a), k.isfinite(b)))),
            "OverflowError",
            "(34, 'Numerical result out of range')",
            after=True,
        ),
    ),
    cost=20.0,
)
