"""Comparisons, logic, and choosing between values."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from symdiff.ops.primitive import REALS, TRUTH, elementwise

__all__ = ["equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_not", "logical_or", "not_equal", "where"]


def _comparison(name: str, numpy: Any, scalar: Any, sign: str, kernel: str, form: str) -> Any:
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


less = _comparison("less", np.less, operator.lt, "<", "lt", "Lt")
less_equal = _comparison("less_equal", np.less_equal, operator.le, "<=", "le", "Le")
greater = _comparison("greater", np.greater, operator.gt, ">", "gt", "Gt")
greater_equal = _comparison("greater_equal", np.greater_equal, operator.ge, ">=", "ge", "Ge")
equal = _comparison("equal", np.equal, operator.eq, "==", "eq", "Eq")
not_equal = _comparison("not_equal", np.not_equal, operator.ne, "!=", "ne", "Ne")


def _truth(k: Any, x: Any) -> Any:
    return x if x.type == "i1" else k.ne(x, 0)


logical_and = elementwise(
    "logical_and",
    numpy=np.logical_and,
    scalar=lambda a, b: bool(a and b),
    spelling="({} and {})",
    kernel=lambda k, a, b: k.and_(_truth(k, a), _truth(k, b)),
    result="bool",
    sympy="And",
    vjp=(None, None),
    domain=TRUTH,
    also=(np.bitwise_and,),
)

logical_or = elementwise(
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

logical_not = elementwise(
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
where = elementwise(
    "where",
    numpy=np.where,
    scalar=lambda c, a, b: a if c else b,
    spelling="({1} if {0} else {2})",
    kernel=lambda k, c, a, b: k.select(c, a, b),
    result="same",
    sympy=lambda sp, c, a, b: sp.Piecewise((a, c), (b, True)),
    vjp=(None, lambda g, y, c, a, b: where(c, g, 0.0), lambda g, y, c, a, b: where(c, 0.0, g)),
    domain=(TRUTH, REALS, REALS),
)


def _classification(name: str, numpy: Any, scalar: Any) -> Any:
    return elementwise(
        name,
        numpy=numpy,
        scalar=scalar,
        spelling=f"math.{name}({{}})",
        result="bool",
        sympy=lambda sp, x: sp.false if name != "isfinite" else sp.true,
        vjp=(None,),
    )


isnan = _classification("isnan", np.isnan, math.isnan)
isinf = _classification("isinf", np.isinf, math.isinf)
isfinite = _classification("isfinite", np.isfinite, math.isfinite)
