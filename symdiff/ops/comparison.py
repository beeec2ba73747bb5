"""Comparisons, logic, and choosing between values."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from symdiff.ops.primitive import REALS, TRUTH, Domain, Primitive, elementwise

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "not_equal",
    "where",
]


def _comparison(name: str, numpy: Any, scalar: Any, sign: str, instruction: str, form: str) -> Any:
    def kernel(k: Any, a: Any, b: Any) -> Any:
        # truth values have no order of their own
        a, b = (k.i32(a), k.i32(b)) if a.type == "i1" else (a, b)
        return getattr(k, instruction)(a, b)

    return elementwise(
        name,
        numpy=numpy,
        scalar=scalar,
        operator=sign,
        kernel=kernel,
        result="bool",
        sympy=form,
        vjp=(None, None),
    )


less: Primitive = _comparison("less", np.less, operator.lt, "<", "lt", "Lt")
less_equal: Primitive = _comparison("less_equal", np.less_equal, operator.le, "<=", "le", "Le")
greater: Primitive = _comparison("greater", np.greater, operator.gt, ">", "gt", "Gt")
greater_equal: Primitive = _comparison("greater_equal", np.greater_equal, operator.ge, ">=", "ge", "Ge")
equal: Primitive = _comparison("equal", np.equal, operator.eq, "==", "eq", "Eq")
not_equal: Primitive = _comparison("not_equal", np.not_equal, operator.ne, "!=", "ne", "Ne")


def _truth(k: Any, x: Any) -> Any:
    return x if x.type == "i1" else k.ne(x, 0)


logical_and: Primitive = elementwise(
    "logical_and",
    numpy=np.logical_and,
    scalar=lambda a, b: bool(a and b),
    spelling="({} and {})",
    kernel=lambda k, a, b: k.and_(_truth(k, a), _truth(k, b)),
    result="bool",
    sympy="And",
    vjp=(None, None),
    domain=TRUTH,
)

logical_or: Primitive = elementwise(
    "logical_or",
    numpy=np.logical_or,
    scalar=lambda a, b: bool(a or b),
    spelling="({} or {})",
    kernel=lambda k, a, b: k.or_(_truth(k, a), _truth(k, b)),
    result="bool",
    sympy="Or",
    vjp=(None, None),
    domain=TRUTH,
)

logical_not: Primitive = elementwise(
    "logical_not",
    numpy=np.logical_not,
    scalar=operator.not_,
    spelling="(not {})",
    kernel=lambda k, a: k.not_(_truth(k, a)),
    result="bool",
    sympy="Not",
    vjp=(None,),
    domain=TRUTH,
)

# The condition of a cotangent's select is carried by the walk to the accumulation, so these rules are never asked to
# multiply by 0: see transform/adjoint.py.
where: Primitive = elementwise(
    "where",
    numpy=np.where,
    scalar=lambda c, a, b: a if c else b,
    spelling="({1} if {0} else {2})",
    kernel=lambda k, c, a, b: k.select(c, a, b),
    result="choice",
    sympy=lambda sp, c, a, b: sp.Piecewise((a, c), (b, True)),
    vjp=(None, lambda g, y, c, a, b: where(c, g, 0.0), lambda g, y, c, a, b: where(c, 0.0, g)),
    jvp=lambda ts, y, c, a, b: where(c, *(0.0 if t is None else t for t in ts[1:])),
    domain=(TRUTH, REALS, REALS),
)


def _classification(name: str, numpy: Any, scalar: Any) -> Any:
    def kernel(k: Any, x: Any) -> Any:
        if x.type in ("f64", "f32"):
            return getattr(k, name)(x)
        return k.eq(x, x) if name == "isfinite" else k.ne(x, x)

    return elementwise(
        name,
        numpy=numpy,
        scalar=scalar,
        spelling=f"math.{name}({{}})",
        result="bool",
        kernel=kernel,
        sympy=lambda sp, x: sp.false if name != "isfinite" else sp.true,
        vjp=(None,),
    )


isnan: Primitive = _classification("isnan", np.isnan, math.isnan)
isinf: Primitive = _classification("isinf", np.isinf, math.isinf)
isfinite: Primitive = _classification("isfinite", np.isfinite, math.isfinite)


BITS = Domain(0, 9, integer=True)


def _bitwise(name: str, numpy: Any, scalar: Any, sign: str, instruction: str) -> Any:
    """On ints by bits, on truth values the logical operation."""
    return elementwise(
        name,
        numpy=numpy,
        scalar=scalar,
        spelling=f"(({{}}) {sign} ({{}}))",
        result="bits",
        kernel=instruction,
        sympy=lambda sp, *xs: sp.Function(name)(*xs),
        vjp=(None, None),
        domain=BITS,
    )


bitwise_and: Primitive = _bitwise("bitwise_and", np.bitwise_and, operator.and_, "&", "and_")
bitwise_or: Primitive = _bitwise("bitwise_or", np.bitwise_or, operator.or_, "|", "or_")
bitwise_xor: Primitive = _bitwise("bitwise_xor", np.bitwise_xor, operator.xor, "^", "xor")

bitwise_not: Primitive = elementwise(
    "bitwise_not",
    numpy=np.invert,
    scalar=operator.invert,
    operator="~",
    python="np.invert({})",
    result="same",
    kernel=lambda k, a: k.not_(a) if a.type == "i1" else k.sub(-1, a),
    sympy=lambda sp, x: sp.Function("bitwise_not")(x),
    vjp=(None,),
    domain=BITS,
)
