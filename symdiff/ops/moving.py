"""Moving entries along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import DtypeError, ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ir.shapes import show_shape
from symdiff.ops.arithmetic import remainder, subtract
from symdiff.ops.indexing import index
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.shaping import concatenate, reshape
from symdiff.ops.sizes import at_least

__all__ = ["roll"]


def _infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    x, shift = inputs
    if not 0 <= attrs["axis"] < x.type.rank:
        build.refuse(ShapeError, f"an array of shape {show_shape(x.type.shape)} has no axis {attrs['axis']}")
    if shift.type.is_array or shift.type.is_float:
        build.refuse(DtypeError, "the shift of a roll is one integer for each axis")
    return Type(x.type.dtype, x.type.shape, "numpy")


def _text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    axis = "" if attrs.get("rank", 0) == 1 else f", axis={attrs['axis']}"
    return f"np.roll({arguments[0]}, {arguments[1]}{axis})"


def _expand(x: Any, shift: Any, axis: int) -> Any:
    """The two parts that change places, joined."""
    build = x.build
    size = Traced(build, build.size(x.shape[axis]))
    # an empty axis has no remainders
    full = Traced(build, build.size(at_least(build, x.shape[axis], 1)))
    cut = subtract(size, remainder(shift, full, kind="numpy"))
    entries: list[Any] = [("slice", None, None, None)] * x.rank
    parts = []
    for bounds in (("in", None), (None, "in")):
        entries[axis] = ("slice", *bounds, None)
        parts.append(index(x, cut, index=tuple(entries)))
    return reshape(concatenate(*parts, axis=axis), shape=x.shape)


# A shift of a vector, or of an array along an axis: NumPy without axis= flattens.
roll: Primitive = primitive(
    "roll",
    infer=_infer,
    numpy=lambda x, shift, axis: np.roll(x, shift, axis),
    python=_text,
    expand=_expand,
    vjp=(lambda g, y, x, shift, axis: roll(g, -shift, axis=axis), None),
    linear=True,
)
