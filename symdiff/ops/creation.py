"""Making arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.comparison import equal, where
from symdiff.ops.dtypes import promoted
from symdiff.ops.primitive import REGISTRY, Primitive, Traced, primitive
from symdiff.ops.sizes import at_least, plus

__all__ = ["arange", "dtype_text", "full", "length_text", "linspace", "ones", "zeros", "zeros_like"]


def dtype_text(dtype: str) -> str:
    """A dtype as a reader writes it: ``np.float32``, and ``bool`` for truth values."""
    return "bool" if dtype == "bool" else f"np.{dtype}"


def _require_scalar(build: Builder, value: Value, what: str) -> None:
    if value.type.is_array:
        build.refuse(ShapeError, f"{what} must be a scalar")


def _infer_full(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    _require_scalar(build, inputs[0], "the fill value")
    return Type(attrs["dtype"], tuple(attrs["shape"]), "numpy")


def _full_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    (value,) = arguments
    dtype = attrs["dtype"]
    suffix = "" if dtype == "float64" else f", dtype={dtype_text(dtype)}"
    shape = show_shape(attrs["shape"])
    if value in ("0", "0.0", "False"):
        return f"np.zeros({shape}{suffix})"
    if value in ("1", "1.0", "True"):
        return f"np.ones({shape}{suffix})"
    return f"np.full({shape}, {value}, dtype={dtype_text(dtype)})"


# Two equal calls make two arrays: a later store goes into one of them.
full: Primitive = primitive(
    "full",
    infer=_infer_full,
    numpy=lambda value, shape, dtype: np.full(shape, value, dtype),
    python=_full_text,
    vjp=(lambda g, y, value, shape, dtype: total(g),),
    pure=False,
    linear=True,
)


def total(g: Any) -> Any:
    """The sum of all elements (of a scalar, the scalar)."""
    rank = g.rank if isinstance(g, Traced) else np.ndim(g)
    return REGISTRY["sum"](g, axis=tuple(range(rank)), keepdims=False) if rank else g


def zeros(build: Builder, shape: tuple[Dim, ...], dtype: str = "float64") -> Traced:
    """Zeros, for use in rules; a scalar is a constant."""
    return _filled(build, 0, shape, dtype)


def ones(build: Builder, shape: tuple[Dim, ...], dtype: str = "float64") -> Traced:
    """Ones, for use in rules; a scalar is a constant."""
    return _filled(build, 1, shape, dtype)


def _filled(build: Builder, value: int, shape: tuple[Dim, ...], dtype: str) -> Traced:
    typed = np.dtype(dtype).type(value)
    constant = build.constant(typed.item())
    if not shape:
        return Traced(build, constant if dtype in ("float64", "int64", "bool") else build.constant(typed))
    return Traced(build, build.add(full, constant, shape=shape, dtype=dtype))


def zeros_like(x: Any) -> Any:
    """Zeros of the shape and dtype of ``x``, for use in rules."""
    return zeros(x.build, x.shape, x.type.dtype) if isinstance(x, Traced) else np.zeros_like(x)


def _infer_arange(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    for value in inputs:
        _require_scalar(build, value, "an argument of arange")
    dtype = attrs.get("dtype") or _arange_dtype(inputs)
    return Type(dtype, (attrs["length"],), "numpy")


def _arange_dtype(inputs: tuple[Value, ...]) -> str:
    return promoted([Type(v.type.dtype, (), "numpy") for v in inputs])


def _arange_numpy(start: Any, step: Any, length: int, dtype: str) -> Any:
    return (start + step * np.arange(length)).astype(dtype)


def length_text(length: Dim, show_shape: Any) -> str:
    """A length, of which a printer may show the shape as ``n`` or ``(n,)``."""
    text: str = show_shape((length,))
    return text[1:-2] if text.startswith("(") and text.endswith(",)") else text


def _operand_text(text: str) -> str:
    """An argument as an operand: in parentheses unless it is a name or a number."""
    return text if text.replace(".", "").replace("_", "").isalnum() else f"({text})"


def _arange_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    start, step = arguments
    length = length_text(attrs["length"], show_shape)
    dtype = attrs["dtype"]
    steps = f"np.arange({length})"
    if step not in ("1", "1.0"):
        steps = f"{_operand_text(step)} * {steps}"
    if start not in ("0", "0.0"):
        steps = f"{start if _is_int(start) else _operand_text(start)} + {steps}"
    natural = "int64" if all(_is_int(text) for text in arguments) else ""
    if dtype == natural:
        return steps
    if steps.startswith("np.arange"):
        return f"np.arange({length}, dtype={dtype_text(dtype)})"
    return f"({steps}).astype({dtype_text(dtype)})"


def _is_int(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _arange_step(g: Any, length: Dim) -> Any:
    index = Traced(g.build, g.build.add(arange, *map(g.build.constant, (0, 1)), length=length, dtype="int64"))
    return total(g * index)


# start + step * i for i in range(length); the front end computes the length from the stop.
arange: Primitive = primitive(
    "arange",
    infer=_infer_arange,
    numpy=_arange_numpy,
    python=_arange_text,
    vjp=(
        lambda g, y, start, step, length, dtype: total(g),
        lambda g, y, start, step, length, dtype: _arange_step(g, length),
    ),
    linear=True,
)


def _infer_linspace(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    for value in inputs:
        _require_scalar(build, value, "an argument of linspace")
    dtype = promoted([*(v.type for v in inputs), Type("float64", (), "python")])
    return Type(dtype, (attrs["length"],), "numpy")


def _linspace_expand(start: Any, stop: Any, length: Dim, endpoint: bool = True) -> Any:
    """``start + i * (stop - start) / (length - 1)``, and ``stop`` itself at the end, as NumPy has it."""
    build = start.build
    index = Traced(build, build.add(arange, *map(build.constant, (0, 1)), length=length, dtype="float64"))
    if not endpoint:
        step = (stop - start) / Traced(build, build.size(at_least(build, length, 1)))
        return start + index * step
    last = plus(build, length, -1)
    step = (stop - start) / Traced(build, build.size(at_least(build, last, 1)))
    inner = start + index * step
    if last == 0:
        return inner
    end = Traced(build, build.size(at_least(build, last, 1)))
    return where(equal(index, end), stop, inner)


def _linspace_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    length = length_text(attrs["length"], show_shape)
    return f"np.linspace({', '.join(arguments)}, {length}{'' if attrs.get('endpoint', True) else ', endpoint=False'})"


def _weights(g: Any, length: Dim, endpoint: bool) -> Any:
    build = g.build
    ends = [build.constant(0.0), build.constant(1.0)]
    return Traced(build, build.add(linspace, *ends, length=length, endpoint=endpoint))


linspace: Primitive = primitive(
    "linspace",
    infer=_infer_linspace,
    numpy=lambda start, stop, length, endpoint=True: np.linspace(start, stop, length, endpoint=endpoint),
    python=_linspace_text,
    expand=_linspace_expand,
    vjp=(
        lambda g, y, start, stop, length, endpoint=True: total(g * (1.0 - _weights(g, length, endpoint))),
        lambda g, y, start, stop, length, endpoint=True: total(g * _weights(g, length, endpoint)),
    ),
    linear=True,
)
