"""Functions of :mod:`math` that NumPy lacks: erf, erfc, the gamma function and its logarithm, and their derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.ops.elementary import exp
from symdiff.ops.primitive import Check, Primitive, elementwise

__all__ = ["erf", "erfc"]

TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


def _quiet(function: Callable[[float], float]) -> Callable[[float], float]:
    """The function as NumPy would have it: nan and inf where :mod:`math` raises."""

    def compute(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan if x < 0 and function is math.gamma else math.inf

    return compute


def _vectorised(function: Callable[[float], float]) -> Callable[..., Any]:
    each = np.frompyfunc(_quiet(function), 1, 1)

    def compute(x: Any) -> Any:
        dtype = np.result_type(x) if np.asarray(x).dtype.kind == "f" else np.dtype(np.float64)
        return np.asarray(each(np.asarray(x, np.float64))).astype(dtype)[()]

    return compute


def _function(name: str, of: str, rule: Any, *checks: Check, **columns: Any) -> Any:
    return elementwise(
        name,
        numpy=_vectorised(getattr(math, of)),
        scalar=getattr(math, of),
        spelling=f"math.{of}({{}})",
        python=f"{of}({{}})",
        helper=f"{of} = np.vectorize(math.{of}, otypes=[float])\n",
        kernel=of,
        vjp=(rule,),
        checks=checks,
        **columns,
    )


erf: Primitive = _function("erf", "erf", lambda g, y, x: g * (TWO_OVER_ROOT_PI * exp(-x * x)), sympy="erf", cost=25.0)
erfc: Primitive = _function(
    "erfc", "erfc", lambda g, y, x: -g * (TWO_OVER_ROOT_PI * exp(-x * x)), sympy="erfc", cost=30.0
)
