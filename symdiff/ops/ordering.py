"""Sorting and searching. ``axis`` is a non-negative int.

Equal entries keep their order, and NaN comes last. A sort is a permutation, so what flows back to an entry is what
flowed to its place; where entries tie, the order of the sort decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ir.shapes import show_shape
from symdiff.ops.creation import arange, zeros_like
from symdiff.ops.indexing import accumulate_at, index
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.shaping import reshape

__all__ = ["argsort", "searchsorted", "sort", "taken_along"]


def _counted(x: Any, axis: int) -> Any:
    """The numbers of the entries along an axis, to broadcast against arrays of the rank of ``x``."""
    rank = len(x.shape)
    shape = tuple(x.shape[axis] if i == axis else 1 for i in range(rank))
    if not isinstance(x, Traced):
        return np.arange(x.shape[axis]).reshape(shape)
    build = x.build
    ends = [build.constant(0), build.constant(1)]
    flat = Traced(build, build.add(arange, *ends, length=x.shape[axis], dtype="int64"))
    return flat if rank == 1 else reshape(flat, shape=shape)


def _places(x: Any, positions: Any, axis: int) -> list[Any]:
    """The operands of an index by one array for each axis."""
    return [positions if i == axis else _counted(x, i) for i in range(len(x.shape))]


def taken_along(x: Any, positions: Any, axis: int) -> Any:
    """``np.take_along_axis``."""
    return index(x, *_places(x, positions, axis), index=(("array",),) * len(x.shape))


def _axis_text(attrs: Any, last: bool) -> str:
    """``axis=`` where it is not the last, which is the default."""
    return "" if last else f", axis={attrs['axis']}"


def _text(form: str) -> Any:
    def python(arguments: list[str], attrs: Any, show_shape: Any) -> str:
        return form.format(arguments[0], _axis_text(attrs, attrs["axis"] == attrs.get("rank", 0) - 1))

    return python


def _infer(dtype: str) -> Any:
    def infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
        (x,) = inputs
        if not 0 <= attrs["axis"] < x.type.rank:
            build.refuse(ShapeError, f"an array of shape {show_shape(x.type.shape)} has no axis {attrs['axis']}")
        return Type(dtype or x.type.dtype, x.type.shape, "numpy")

    return infer


argsort: Primitive = primitive(
    "argsort",
    infer=_infer("int64"),
    numpy=lambda x, axis: np.argsort(x, axis=axis, kind="stable"),
    python=_text('np.argsort({}{}, kind="stable")'),
    vjp=(None,),
    cost=100.0,
)


def _sort_rule(g: Any, y: Any, x: Any, axis: int) -> Any:
    places = _places(x, argsort(x, axis=axis), axis)
    return accumulate_at(zeros_like(x), g, *places, index=(("array",),) * len(places))


sort: Primitive = primitive(
    "sort",
    infer=_infer(""),
    numpy=lambda x, axis: np.sort(x, axis=axis),
    python=_text("np.sort({}{})"),
    expand=lambda x, axis: taken_along(x, argsort(x, axis=axis), axis),
    vjp=(_sort_rule,),
    kink="sort",
    cost=100.0,
)


def _infer_searchsorted(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    a, v = inputs
    if a.type.rank != 1:
        build.refuse(ShapeError, f"searchsorted looks into a vector, not an array of shape {show_shape(a.type.shape)}")
    return Type("int64", v.type.shape, "numpy")


def _searchsorted_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    side = "" if attrs["side"] == "left" else ', side="right"'
    return f"np.searchsorted({arguments[0]}, {arguments[1]}{side})"


searchsorted: Primitive = primitive(
    "searchsorted",
    infer=_infer_searchsorted,
    numpy=lambda a, v, side: np.searchsorted(a, v, side),
    python=_searchsorted_text,
    vjp=(None, None),
    cost=40.0,
)
