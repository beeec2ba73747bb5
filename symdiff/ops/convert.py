"""Conversion between element types, and stopping a gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.errors import DtypeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops.dtypes import KERNEL_TYPE, SUPPORTED_DTYPES
from symdiff.ops.primitive import Check, Primitive, elementwise

__all__ = ["ceil_to_int", "convert", "floor_to_int", "round_to_int", "stop_gradient", "trunc_to_int"]

PYTHON_TYPE: dict[str, Callable[..., Any]] = {"float64": float, "int64": int, "bool": bool}

# 2**63 is a double, and the first one that does not fit
FITS_INT = (
    Check(lambda k, x: k.not_(k.isnan(x)), "ValueError", "cannot convert float NaN to integer", on="float"),
    Check(lambda k, x: k.not_(k.isinf(x)), "OverflowError", "cannot convert float infinity to integer", on="float"),
    Check(
        lambda k, x: k.and_(k.ge(x, -(2.0**63)), k.lt(x, 2.0**63)),
        "OverflowError",
        "Python int too large to convert to C long",
        on="float",
    ),
)


def _infer_convert(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    dtype, kind = str(attrs["dtype"]), str(attrs["kind"])
    if dtype not in SUPPORTED_DTYPES:
        build.refuse(DtypeError, f"dtype {dtype} is not supported", f"use one of {', '.join(sorted(SUPPORTED_DTYPES))}")
    if kind == "python" and x.type.is_array:
        build.refuse(DtypeError, "only a scalar can be converted to a Python number", "index the array first")
    # float -> int is the one conversion that can fail; a reverse sweep never makes one
    return Type(dtype, x.type.shape, kind)


def _convert_numpy(x: Any, dtype: str) -> Any:
    return np.asarray(x).astype(dtype)[()]


def _convert_scalar(x: Any, dtype: str) -> Any:
    return PYTHON_TYPE[dtype](x)


def _convert_kernel(k: Any, x: Any, dtype: str, **_: Any) -> Any:
    if dtype == "bool" and x.type != "i1":
        return k.ne(x, 0)
    return getattr(k, KERNEL_TYPE[dtype])(x)


def _convert_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    if attrs["kind"] == "python":
        return f"{PYTHON_TYPE[attrs['dtype']].__name__}({arguments[0]})"
    dtype = attrs["dtype"]
    if attrs.get("rank", 1):
        return f"{arguments[0]}.astype({'bool' if dtype == 'bool' else f'np.{dtype}'})"
    return f"np.{'bool_' if dtype == 'bool' else dtype}({arguments[0]})"


# float(), int(), bool(), astype and asarray. The walk converts a cotangent to the dtype of its value, so the rule is g.
convert: Primitive = elementwise(
    "convert",
    infer=_infer_convert,
    numpy=_convert_numpy,
    scalar=_convert_scalar,
    python=_convert_text,
    kernel=_convert_kernel,
    sympy=lambda sp, x, dtype: x if dtype.startswith("float") else sp.Function(f"to_{dtype}")(x),
    vjp=(lambda g, y, x, dtype, kind="numpy": g if dtype.startswith("float") else None,),
    checks=FITS_INT,
    linear=True,
)

stop_gradient: Primitive = elementwise(
    "stop_gradient",
    numpy=lambda x: x,
    scalar=lambda x: x,
    spelling="{}",
    python="{}",
    result="bits",
    kernel=lambda k, x: x,
    sympy=lambda sp, x: x,
    vjp=(None,),
)


def _rounding(name: str, numpy: Callable[..., Any], scalar: Callable[..., Any], spelling: str, instruction: str) -> Any:
    """A function of ``math`` that rounds a float to a Python int."""

    def kernel(k: Any, x: Any) -> Any:
        return k.i64(getattr(k, instruction)(x)) if x.type in ("f64", "f32") else k.i64(x)

    return elementwise(
        name,
        numpy=lambda x: numpy(x).astype("int64"),
        scalar=scalar,
        spelling=spelling,
        python=f"np.{numpy.__name__}({{}}).astype(np.int64)",
        result="int",
        kernel=kernel,
        sympy=lambda sp, x: sp.Function(name)(x),
        vjp=(None,),
        checks=FITS_INT,
        cost=2.0,
    )


floor_to_int: Primitive = _rounding("floor_to_int", np.floor, math.floor, "math.floor({})", "floor")
ceil_to_int: Primitive = _rounding("ceil_to_int", np.ceil, math.ceil, "math.ceil({})", "ceil")
trunc_to_int: Primitive = _rounding("trunc_to_int", np.trunc, math.trunc, "math.trunc({})", "trunc")
round_to_int: Primitive = _rounding("round_to_int", np.rint, round, "round({})", "rint")
