"""NumPy's functions that sort, search and add up along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.frontend.abstract import Abstract, Array, Known, View, is_given
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_making import dtype_of
from symdiff.frontend.numpy_shaping import array_of, reshaped, static_axis
from symdiff.frontend.tables import function, method
from symdiff.ir.graph import Value
from symdiff.ir.shapes import normalise_axis, show_shape
from symdiff.ops.ordering import taken_along
from symdiff.ops.primitive import Traced
from symdiff.ops.sizes import product

__all__ = ["along"]


def along(p: Parser, a: Abstract, axis: Abstract | None, default: int | None) -> tuple[Value, int]:
    """An array and one of its axes; None means the array as a vector, and so does an array without axes."""
    item = array_of(p, a)
    value = p.value(item)
    found = default if axis is None else static_axis(p, axis)
    if found is None or not value.type.rank:
        flat = reshaped(p, item, (product(p.build, value.type.shape),))
        return p.value(flat), 0 if found is None else normalise_axis(p.build, found, 1)
    return value, normalise_axis(p.build, found, value.type.rank)


# -- sorting -----------------------------------------------------------------------------------------------------------


def _sorting(row: str) -> Any:
    """Which algorithm is asked for makes no difference: a stable one is used."""

    def handler(
        p: Parser,
        a: Abstract,
        axis: Abstract | None = None,
        kind: Abstract | None = None,
        order: Abstract | None = None,
        *,
        stable: Abstract | None = None,
    ) -> Abstract:
        if is_given(order):
            p.unsupported("order= is for arrays with fields, which are not supported")
        value, found = along(p, a, axis, -1)
        return p.wrap(p.emit(row, value, axis=found), contiguous=True)

    return handler


function(np.sort)(_sorting("sort"))
method(Array, "argsort")(function(np.argsort)(_sorting("argsort")))


@method(Array, "sort")
def sort_in_place(p: Parser, a: Abstract, axis: Abstract | None = None, kind: Abstract | None = None) -> Known:
    """``a.sort()``."""
    if not isinstance(a, Array | View):
        p.unsupported("sort of a number is not supported")
    value, found = along(p, a, axis, -1)
    p.memory.write(p.build, a, p.emit("sort", value, axis=found))
    return Known(None)


@function(np.partition)
def partition(p: Parser, a: Abstract, kth: Abstract, axis: Abstract | None = None) -> Abstract:
    """A sorted array is partitioned at every place."""
    value, found = along(p, a, axis, -1)
    for place in np.atleast_1d(p.static(kth, "kth=")):
        size = value.type.shape[found]
        if isinstance(size, int) and not -size <= place < size:
            p.refuse(IndexError, f"kth(={place}) is out of bounds ({size})")
    return p.wrap(p.emit("sort", value, axis=found), contiguous=True)


@function(np.take_along_axis)
def take_along_axis(p: Parser, arr: Abstract, indices: Abstract, axis: Abstract | None = None) -> Abstract:
    """``np.take_along_axis``; the other axes broadcast."""
    value, found = along(p, arr, axis, -1)
    positions = p.value(array_of(p, indices))
    if positions.type.rank != value.type.rank:
        shapes = show_shape(positions.type.shape), show_shape(value.type.shape)
        p.refuse(ShapeError, f"indices of shape {shapes[0]} do not fit an array of shape {shapes[1]}")
    taken = taken_along(Traced(p.build, value), Traced(p.build, positions), found)
    return p.wrap(taken.value, contiguous=True)


# -- searching ---------------------------------------------------------------------------------------------------------


@function(np.searchsorted)
@method(Array, "searchsorted")
def searchsorted(
    p: Parser, a: Abstract, v: Abstract, side: Abstract | None = None, sorter: Abstract | None = None
) -> Abstract:
    """``np.searchsorted``; ``sorter`` is the order that sorts the vector."""
    value, wanted = p.value(array_of(p, a)), p.value(array_of(p, v))
    if is_given(sorter):
        value = p.emit("index", value, p.value(array_of(p, sorter)), index=(("array",),))
    found = "left" if side is None else p.static(side, "side=")
    if found not in ("left", "right"):
        p.refuse(ValueError, f"side must be one of 'left' or 'right', not {found!r}")
    return p.wrap(p.emit("searchsorted", value, wanted, side=found), contiguous=True)


# -- running totals ----------------------------------------------------------------------------------------------------


def _running(row: str) -> Any:
    def handler(p: Parser, a: Abstract, axis: Abstract | None = None, dtype: Abstract | None = None) -> Abstract:
        value, found = along(p, a, axis, None)
        wanted = dtype_of(p, dtype)
        if wanted is not None and wanted != value.type.dtype:
            value = p.emit("convert", value, dtype=wanted, kind="numpy")
        return p.wrap(p.emit(row, value, axis=found), contiguous=True)

    return handler


for _row in ("cumsum", "cumprod"):
    method(Array, _row)(function(getattr(np, _row))(_running(_row)))
