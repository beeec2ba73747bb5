"""NumPy's functions that move, repeat and pad the entries of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Known, ListObject, Tuple, View, is_given
from symdiff.frontend.core import Parser
from symdiff.frontend.library_moving import places_of_padding, places_of_repeats
from symdiff.frontend.numpy_ordering import along
from symdiff.frontend.numpy_shaping import array_of, dims_of, flip, reshaped, static_axis, transposed
from symdiff.frontend.tables import function, method
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import broadcast_shapes, normalise_axis
from symdiff.ops.sizes import product, times

__all__ = ["gathered", "parts_of"]


def parts_of(p: Parser, item: Abstract) -> list[Abstract] | None:
    """The items of a tuple or list; None for anything else."""
    if isinstance(item, Tuple | ListObject) or (isinstance(item, Known) and isinstance(item.object, tuple | list)):
        return list(p.items(item))
    return None


def gathered(p: Parser, value: Value, places: Value, axis: int) -> Value:
    """The entries at these places of an axis."""
    entries = tuple(("array",) if i == axis else ("slice", None, None, None) for i in range(value.type.rank))
    return p.emit("index", value, places, index=entries)


# -- rolling and turning -----------------------------------------------------------------------------------------------


@function(np.roll)
def roll(p: Parser, a: Abstract, shift: Abstract, axis: Abstract | None = None) -> Abstract:
    """``np.roll``, along several axes one after the other."""
    item = array_of(p, a)
    value = p.value(item)
    if not is_given(axis):
        flat = p.value(reshaped(p, item, (product(p.build, value.type.shape),)))
        rolled = p.emit("roll", flat, p.value(shift), axis=0)
        return p.wrap(rolled if value.type.rank == 1 else p.emit("reshape", rolled, shape=value.type.shape))
    axes = static_axis(p, axis)
    axes = axes if isinstance(axes, tuple) else (axes,)
    shifts = parts_of(p, shift) or [shift]
    if len(shifts) == 1:
        shifts = shifts * len(axes)
    if len(axes) == 1:
        axes = axes * len(shifts)
    for one, along_axis in zip(shifts, axes, strict=True):
        value = p.emit("roll", value, p.value(one), axis=normalise_axis(p.build, along_axis, value.type.rank))
    return p.wrap(value, contiguous=True)


@function(np.rot90)
def rot90(p: Parser, m: Abstract, k: Abstract | None = None, axes: Abstract | None = None) -> Abstract:
    """Quarter turns, as a view."""
    item = array_of(p, m)
    rank = p.value(item).type.rank
    first, second = (0, 1) if axes is None else (normalise_axis(p.build, i, rank) for i in static_axis(p, axes))
    if first == second:
        p.refuse(LocatedValueError, "Axes must be different.")
    turns = 1 if k is None else p.static(k, "k=") % 4
    order = [second if i == first else first if i == second else i for i in range(rank)]
    if turns == 2:
        return flip(p, flip(p, item, p.constant(first)), p.constant(second))
    if turns == 1:
        return transposed(p, flip(p, item, p.constant(second)), tuple(order))
    return flip(p, transposed(p, item, tuple(order)), p.constant(second)) if turns == 3 else item


@function(np.rollaxis)
def rollaxis(p: Parser, a: Abstract, axis: Abstract, start: Abstract | None = None) -> Abstract:
    """One axis before another."""
    item = array_of(p, a)
    rank = p.value(item).type.rank
    moved = normalise_axis(p.build, static_axis(p, axis), rank)
    place = 0 if start is None else normalise_axis(p.build, static_axis(p, start), rank + 1)
    order = [i for i in range(rank) if i != moved]
    order.insert(place - (moved < place), moved)
    return transposed(p, item, tuple(order))


if hasattr(np, "matrix_transpose"):

    @function(np.matrix_transpose)
    def matrix_transpose(p: Parser, x: Abstract) -> Abstract:
        """The last two axes exchanged."""
        item = array_of(p, x)
        rank = p.value(item).type.rank
        if rank < 2:
            p.refuse(LocatedValueError, f"a matrix has two dimensions, not {rank}")
        return transposed(p, item, (*range(rank - 2), rank - 1, rank - 2))


# -- repeating ---------------------------------------------------------------------------------------------------------


def _spread(p: Parser, value: Value, axis: int, count: Dim, *, inside: bool) -> Value:
    """Each entry ``count`` times in a row (``inside``), or the whole ``count`` times."""
    shape = value.type.shape
    before, size, after = shape[:axis], shape[axis], shape[axis + 1 :]
    pair = (size, 1) if inside else (1, size)
    wide = (size, count) if inside else (count, size)
    apart = p.emit("reshape", value, shape=(*before, *pair, *after))
    spread = p.emit("broadcast_to", apart, shape=(*before, *wide, *after))
    return p.emit("reshape", spread, shape=(*before, times(p.build, size, count), *after))


@function(np.tile)
def tile(p: Parser, A: Abstract, reps: Abstract) -> Abstract:
    """The array again and again along each axis."""
    value = p.value(array_of(p, A))
    counts = dims_of(p, reps)
    rank = max(value.type.rank, len(counts))
    if value.type.rank < rank:
        value = p.emit("reshape", value, shape=(*(1,) * (rank - value.type.rank), *value.type.shape))
    for axis, count in enumerate((*(1,) * (rank - len(counts)), *counts)):
        if count != 1:
            value = _spread(p, value, axis, count, inside=False)
    return p.wrap(value, contiguous=True)


@function(np.repeat)
@method(Array, "repeat")
def repeat(p: Parser, a: Abstract, repeats: Abstract, axis: Abstract | None = None) -> Abstract:
    """Each entry as often as is said, for all or for each."""
    value, found = along(p, a, axis, None)
    counts = p.value(array_of(p, repeats))
    if not counts.type.rank:
        return p.wrap(_spread(p, value, found, p.dim(counts), inside=True), contiguous=True)
    size = p.build.size(value.type.shape[found])
    places = p.call(Known(places_of_repeats), [p.wrap(counts), size], {})
    return p.wrap(gathered(p, value, p.value(places), found), contiguous=True)


@function(np.resize)
def resize(p: Parser, a: Abstract, new_shape: Abstract) -> Abstract:
    """The entries in order, from the first again when all are used."""
    item = array_of(p, a)
    value, dims = p.value(item), dims_of(p, new_shape)
    size = product(p.build, value.type.shape)
    flat = p.emit("reshape", value, shape=(size,))
    count = product(p.build, dims)
    places = p.emit("arange", p.constant(0), p.constant(1), length=count, dtype="int64")
    places = p.emit("remainder", places, p.build.size(size), kind="numpy")
    return p.wrap(p.emit("reshape", gathered(p, flat, places, 0), shape=dims), contiguous=True)


@function(np.broadcast_arrays)
def broadcast_arrays(p: Parser, *args: Abstract) -> Tuple:
    """All in the shape they have together."""
    values = [p.value(array_of(p, item)) for item in args]
    shape = broadcast_shapes(p.build, [v.type.shape for v in values])
    return Tuple(tuple(p.wrap(v if v.type.shape == shape else p.emit("broadcast_to", v, shape=shape)) for v in values))


# -- padding -----------------------------------------------------------------------------------------------------------

BY_PLACES = ("edge", "reflect", "symmetric", "wrap")


def _pairs(p: Parser, item: Abstract, rank: int, what: str) -> list[tuple[Abstract, Abstract]]:
    """``n``, ``(before, after)`` or one pair for each axis."""
    parts = parts_of(p, item)
    if parts is None and isinstance(item, Array | View) and p.value(item).type.rank:
        parts = list(p.items(item))
    if parts is None:
        return [(item, item)] * rank
    inner = [parts_of(p, part) for part in parts]
    if all(found is None for found in inner):
        return [(parts[0], parts[-1])] * rank
    pairs = [(found[0], found[-1]) if found else (part, part) for found, part in zip(inner, parts, strict=True)]
    if len(pairs) not in (1, rank):
        p.refuse(LocatedValueError, f"{what} has {len(pairs)} pairs for an array of {rank} dimensions")
    return pairs * rank if len(pairs) == 1 else pairs


@function(np.pad)
def pad(
    p: Parser,
    array: Abstract,
    pad_width: Abstract,
    mode: Abstract | None = None,
    *,
    constant_values: Abstract | None = None,
    reflect_type: Abstract | None = None,
) -> Abstract:
    """More entries at both ends of each axis."""
    value = p.value(array_of(p, array))
    kind = "constant" if mode is None else p.static(mode, "mode=")
    if kind != "constant" and kind not in BY_PLACES:
        p.unsupported(f"np.pad with mode={kind!r} is not supported", "join the parts with np.concatenate")
    if reflect_type is not None and p.static(reflect_type, "reflect_type=") != "even":
        p.unsupported("np.pad with reflect_type other than 'even' is not supported")
    widths = _pairs(p, pad_width, value.type.rank, "pad_width")
    if kind != "constant":
        for axis, pair in enumerate(widths):
            if all(p.dim(part) == 0 for part in pair):
                continue
            size = p.build.size(value.type.shape[axis])
            places = p.call(Known(places_of_padding), [size, *pair, Known(kind)], {})
            value = gathered(p, value, p.value(places), axis)
        return p.wrap(value, contiguous=True)
    given = p.constant(0) if constant_values is None else constant_values
    for axis, (pair, fill) in enumerate(zip(widths, _pairs(p, given, value.type.rank, "constant_values"), strict=True)):
        value = _with_constants(p, value, axis, pair, fill)
    return p.wrap(value, contiguous=True)


def _with_constants(p: Parser, value: Value, axis: int, widths: tuple[Any, Any], fill: tuple[Any, Any]) -> Value:
    parts, type_ = [value], value.type
    for position, (width, number) in enumerate(zip(widths, fill, strict=True)):
        count = p.dim(width)
        if count == 0:
            continue
        shape = (*type_.shape[:axis], count, *type_.shape[axis + 1 :])
        filled = p.emit("full", p.value(number), shape=shape, dtype=type_.dtype)
        parts.insert(0 if position == 0 else len(parts), filled)
    return p.emit("concatenate", *parts, axis=axis) if len(parts) > 1 else value
