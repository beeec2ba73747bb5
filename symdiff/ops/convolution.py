"""The convolution of two vectors: ``full``, and ``valid`` where the second is no longer than the first."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import show_shape
from symdiff.ops.dtypes import promoted
from symdiff.ops.indexing import index
from symdiff.ops.primitive import Primitive, primitive
from symdiff.ops.sizes import at_least, minus, plus

__all__ = ["convolve"]


def _infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    a, v = inputs
    if a.type.rank != 1 or v.type.rank != 1:
        shapes = f"{show_shape(a.type.shape)} and {show_shape(v.type.shape)}"
        build.refuse(ShapeError, f"arrays of shapes {shapes} cannot be convolved: both must be vectors")
    n, m = a.type.shape[0], v.type.shape[0]
    length: Dim | None = attrs.get("length")
    if length is None and attrs["mode"] == "full":
        length = minus(build, plus(build, n, m), 1)
    elif length is None:
        length = at_least(build, plus(build, minus(build, n, m), 1), 0)
    return Type(promoted([a.type, v.type]), (length,), "numpy")


def _text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    mode = "" if attrs["mode"] == "full" else ', "valid"'
    return f"np.convolve({arguments[0]}, {arguments[1]}{mode})"


def _backwards(x: Any) -> Any:
    return index(x, index=(("slice", None, None, -1),), shape=x.shape)


def _first(g: Any, y: Any, a: Any, v: Any, mode: str, length: Any = None) -> Any:
    """What is summed in one way going forward is summed in the other way coming back."""
    return convolve(g, _backwards(v), mode="valid" if mode == "full" else "full", length=a.shape[0])


def _second(g: Any, y: Any, a: Any, v: Any, mode: str, length: Any = None) -> Any:
    if mode == "full":
        return convolve(g, _backwards(a), mode="valid", length=v.shape[0])
    return _backwards(convolve(a, _backwards(g), mode="valid", length=v.shape[0]))


# `length` is the length of the result where a rule knows it, so that it is the same value.
convolve: Primitive = primitive(
    "convolve",
    infer=_infer,
    numpy=lambda a, v, mode, length=None: np.convolve(a, v, mode),
    python=_text,
    vjp=(_first, _second),
    cost=100.0,
)
