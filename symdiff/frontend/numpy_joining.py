"""NumPy's functions that join arrays, and that put entries in or leave them out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.errors import LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Known, ListObject, Slice, Tuple
from symdiff.frontend.core import Parser
from symdiff.frontend.extending import rows_as_array, rows_of
from symdiff.frontend.iteration import is_runtime
from symdiff.frontend.library_moving import require_one_to_concatenate, require_one_to_stack, require_places
from symdiff.frontend.numpy_shaping import (
    NEW,
    array_of,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    ravel,
    reshaped,
    static_axis,
    with_entries,
)
from symdiff.frontend.subscripts import FULL
from symdiff.frontend.tables import function
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import normalise_axis
from symdiff.ops.sizes import product, times

__all__ = ["stack"]


def _parts(p: Parser, arrays: Abstract) -> list[Abstract]:
    return [array_of(p, item) for item in p.items(arrays)]


def _joined(p: Parser, values: list[Value], axis: int) -> Abstract:
    if not values:
        p.refuse(LocatedValueError, "need at least one array to concatenate")
    return p.wrap(p.emit("concatenate", *values, axis=axis), contiguous=True)


def _counted_by_a_run(p: Parser, arrays: Abstract, require: Callable[[int], None]) -> Value | None:
    """Arrays of one shape, as many as only a run tells: one array, with an axis more in front."""
    rows = rows_of(p, arrays) if is_runtime(p, arrays) else None
    if rows is None or isinstance(rows.count, int):
        return None
    value = rows_as_array(p, rows)
    p.call(Known(require), [p.build.size(value.type.shape[0])], {})
    return value


def _end_to_end(p: Parser, value: Value, axis: int) -> Abstract:
    """The parts along the first axis put one behind the other along this axis of theirs."""
    if value.type.rank == 1:
        p.refuse(LocatedValueError, "zero-dimensional arrays cannot be concatenated", "use np.array([...]) for numbers")
    place = normalise_axis(p.build, axis, value.type.rank - 1)
    moved = p.value(p.call(Known(np.moveaxis), [Array(value), p.constant(0), p.constant(place)], {}))
    shape = moved.type.shape
    merged = times(p.build, shape[place], shape[place + 1])
    return reshaped(p, Array(moved), (*shape[:place], merged, *shape[place + 2 :]))


@function(np.concatenate)
def concatenate(p: Parser, arrays: Abstract, axis: Abstract | None = None) -> Abstract:
    """``np.concatenate``."""
    long = _counted_by_a_run(p, arrays, require_one_to_concatenate)
    if long is not None:
        flat = axis is not None and static_axis(p, axis) is None
        return ravel(p, Array(long)) if flat else _end_to_end(p, long, static_axis(p, axis) or 0)
    values = [p.value(item) for item in _parts(p, arrays)]
    if axis is not None and static_axis(p, axis) is None:
        values = [p.emit("reshape", v, shape=(product(p.build, v.type.shape),)) for v in values]
    if any(not v.type.rank for v in values):
        p.refuse(LocatedValueError, "zero-dimensional arrays cannot be concatenated", "use np.array([...]) for numbers")
    found = static_axis(p, axis) or 0
    return _joined(p, values, normalise_axis(p.build, found, values[0].type.rank) if values else 0)


@function(np.append)
def append(p: Parser, arr: Abstract, values: Abstract, axis: Abstract | None = None) -> Abstract:
    """``np.append``; without axis both are flattened."""
    if axis is not None and static_axis(p, axis) is not None:
        return concatenate(p, Tuple((arr, values)), axis)
    flat = [p.value(_as_vector(p, array_of(p, item))) for item in (arr, values)]
    return _joined(p, flat, 0)


def _as_vector(p: Parser, item: Abstract) -> Abstract:
    return ravel(p, item) if p.value(item).type.rank else with_entries(p, item, [NEW])


@function(np.stack)
def stack(p: Parser, arrays: Abstract, axis: Abstract | None = None) -> Abstract:
    """``np.stack``: along a new axis."""
    long = _counted_by_a_run(p, arrays, require_one_to_stack)
    if long is not None:
        where = normalise_axis(p.build, static_axis(p, axis) or 0, long.type.rank)
        return p.call(Known(np.moveaxis), [Array(long), p.constant(0), p.constant(where)], {})
    items = _parts(p, arrays)
    if not items:
        p.refuse(LocatedValueError, "need at least one array to stack")
    values = [p.value(item) for item in items]
    rank = values[0].type.rank
    if not rank:
        return p.wrap(p.emit("pack", *values, shape=(len(values),)), contiguous=True)
    place = normalise_axis(p.build, static_axis(p, axis) or 0, rank + 1)
    return _joined(p, [raised(p, value, place) for value in values], place)


def raised(p: Parser, value: Value, place: int) -> Value:
    shape = value.type.shape
    return p.emit("reshape", value, shape=(*shape[:place], 1, *shape[place:]))


@function(np.vstack)
def vstack(p: Parser, tup: Abstract) -> Abstract:
    """As rows."""
    long = _counted_by_a_run(p, tup, require_one_to_concatenate)
    if long is not None:
        rows = with_entries(p, Array(long), [FULL, NEW]) if long.type.rank == 1 else Array(long)
        return rows if long.type.rank < 3 else _end_to_end(p, long, 0)
    return _joined(p, [p.value(atleast_2d(p, item)) for item in _parts(p, tup)], 0)


@function(np.hstack)
def hstack(p: Parser, tup: Abstract) -> Abstract:
    """Side by side."""
    long = _counted_by_a_run(p, tup, require_one_to_concatenate)
    if long is not None:
        return Array(long) if long.type.rank == 1 else _end_to_end(p, long, 1 if long.type.rank > 2 else 0)
    values = [p.value(atleast_1d(p, item)) for item in _parts(p, tup)]
    return _joined(p, values, 1 if values and values[0].type.rank > 1 else 0)


@function(np.column_stack)
def column_stack(p: Parser, tup: Abstract) -> Abstract:
    """Vectors as columns."""
    long = _counted_by_a_run(p, tup, require_one_to_concatenate)
    if long is not None:
        if long.type.rank == 1:
            return with_entries(p, Array(long), [NEW, FULL])
        return p.attribute(Array(long), "T") if long.type.rank == 2 else _end_to_end(p, long, 1)
    values = []
    for item in _parts(p, tup):
        value = p.value(atleast_1d(p, item))
        values.append(raised(p, value, 1) if value.type.rank == 1 else value)
    return _joined(p, values, 1)


@function(np.dstack)
def dstack(p: Parser, tup: Abstract) -> Abstract:
    """One behind the other."""
    return _joined(p, [p.value(atleast_3d(p, item)) for item in _parts(p, tup)], 2)


@function(np.block)
def block(p: Parser, arrays: Abstract) -> Abstract:
    """Lists of blocks, the innermost side by side."""
    depth = _depth(p, arrays)
    return _blocks(p, arrays, depth, depth)


def _depth(p: Parser, item: Abstract) -> int:
    parts = _items(p, item)
    return 0 if parts is None else 1 + _depth(p, parts[0])


def _items(p: Parser, item: Abstract) -> tuple[Abstract, ...] | None:
    is_list = isinstance(item, ListObject) or (isinstance(item, Known) and isinstance(item.object, list))
    return p.items(item) if is_list else None


def _blocks(p: Parser, item: Abstract, level: int, depth: int) -> Abstract:
    """Joined along the last axis at the lowest level, along the axis before it one level up."""
    parts = _items(p, item)
    if parts is None:
        rank = p.value(array_of(p, item)).type.rank
        return with_entries(p, array_of(p, item), [NEW] * (depth - rank) + [FULL] * rank) if rank < depth else item
    values = [p.value(_blocks(p, part, level - 1, depth)) for part in parts]
    most = max(v.type.rank for v in values)
    values = [raised(p, v, 0) if v.type.rank < most else v for v in values]
    return _joined(p, values, most - level)


if hasattr(np, "unstack"):

    @function(np.unstack)
    def unstack(p: Parser, x: Abstract, *, axis: Abstract | None = None) -> Tuple:
        """The parts along an axis of known size."""
        moved = p.call(Known(np.moveaxis), [array_of(p, x), axis or p.constant(0), p.constant(0)], {})
        size = p.value(moved).type.shape[0]
        count = p.static(p.build.size(size), "the number of parts")
        return Tuple(tuple(p.subscript(moved, p.constant(i)) for i in range(count)))


# -- putting in and leaving out ----------------------------------------------------------------------------------------


def _cut(p: Parser, value: Value, axis: int, start: Dim | None, stop: Dim | None) -> Value:
    entries: list[tuple[Any, ...]] = [FULL] * value.type.rank
    entries[axis] = ("slice", start, stop, None)
    return p.emit("index", value, index=tuple(entries))


def _place(p: Parser, place: int, size: Dim, behind: int) -> None:
    """Refuse a place that the axis does not have, now or when the program runs."""
    least = place + 1 - behind if place >= 0 else -place
    p.call(Known(require_places), [p.build.size(size), p.constant(least)], {})


def _flat_or(p: Parser, arr: Abstract, axis: Abstract | None) -> tuple[Value, int]:
    item = array_of(p, arr)
    value = p.value(item)
    if axis is None or static_axis(p, axis) is None:
        return p.value(reshaped(p, item, (product(p.build, value.type.shape),))), 0
    return value, normalise_axis(p.build, static_axis(p, axis), value.type.rank)


def _places(p: Parser, obj: Abstract, size: Dim, what: str) -> tuple[list[int], bool]:
    """Known places, and whether it was one number."""
    if isinstance(obj, Slice):
        parts = [None if isinstance(b, Known) else p.static(b, what) for b in (obj.start, obj.stop, obj.step)]
        if not isinstance(size, int):
            p.unsupported(f"{what} as a slice needs an array of known size", "index the array")
        return list(range(size))[slice(*parts)], False
    found = np.asarray(p.static(obj, what))
    if found.dtype.kind == "b":
        p.unsupported(f"{what} as truth values is not supported", "use np.where")
    return [int(i) for i in np.atleast_1d(found)], found.ndim == 0


@function(np.delete)
def delete(p: Parser, arr: Abstract, obj: Abstract, axis: Abstract | None = None) -> Abstract:
    """Without the entries at known places."""
    value, found = _flat_or(p, arr, axis)
    size = value.type.shape[found]
    places, _ = _places(p, obj, size, "the places of np.delete")
    for place in places:
        _place(p, place, size, 0)
    if any(place < 0 for place in places) and any(place >= 0 for place in places) and not isinstance(size, int):
        p.unsupported("np.delete with places from both ends needs an array of known size", "delete in two steps")
    if isinstance(size, int):
        places = [place % size for place in places]
    ordered = sorted(set(places))
    starts: list[Dim | None] = [None, *(None if place == -1 else place + 1 for place in ordered)]
    parts = [_cut(p, value, found, a, b) for a, b in zip(starts, [*ordered, None], strict=True)]
    if ordered and ordered[-1] == -1:
        parts.pop()
    return _joined(p, parts, found)


@function(np.insert)
def insert(p: Parser, arr: Abstract, obj: Abstract, values: Abstract, axis: Abstract | None = None) -> Abstract:
    """With entries put before known places."""
    value, found = _flat_or(p, arr, axis)
    size = value.type.shape[found]
    places, single = _places(p, obj, size, "the places of np.insert")
    for place in places:
        _place(p, place, size, 1)
    new = p.value(array_of(p, values))
    if single:
        return _inserted_at(p, value, found, places[0], new)
    if any(place < 0 for place in places) and any(place >= 0 for place in places):
        p.unsupported("np.insert with places from both ends is not supported", "insert in two steps")
    if value.type.rank > 1 and new.type.rank > 1:
        p.unsupported("np.insert of several rows at several places is not supported", "insert them one by one")
    order = sorted(range(len(places)), key=places.__getitem__)
    bounds: list[Dim | None] = [None, *(places[i] for i in order), None]
    parts = []
    for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
        parts.append(_cut(p, value, found, start, stop))
        if number < len(order):
            one = new
            if new.type.rank and new.type.shape[-1] != 1:
                one = p.emit("index", new, p.constant(order[number]), index=(("int",),))
            parts.append(_filled_like(p, value, found, one, 1))
    return _joined(p, parts, found)


def _inserted_at(p: Parser, value: Value, axis: int, place: int, new: Value) -> Abstract:
    """One place: the values may be several, along the axis."""
    count: Dim = 1
    if new.type.rank == value.type.rank:
        count = new.type.shape[axis]
    elif value.type.rank == 1 and new.type.rank:
        count = new.type.shape[0]
    elif new.type.rank:
        new = p.emit("reshape", new, shape=(*new.type.shape[:axis], 1, *new.type.shape[axis:]))
    middle = _filled_like(p, value, axis, new, count)
    return _joined(p, [_cut(p, value, axis, None, place), middle, _cut(p, value, axis, place, None)], axis)


def _filled_like(p: Parser, value: Value, axis: int, new: Value, count: Dim) -> Value:
    """Entries of the type and, but for the axis, the shape of an array."""
    shape = (*value.type.shape[:axis], count, *value.type.shape[axis + 1 :])
    if new.type.shape != shape:
        new = p.emit("broadcast_to", new, shape=shape)
    if new.type.dtype == value.type.dtype:
        return new
    if new.type.is_float and not value.type.is_float:
        p.refuse(LocatedValueError, "inserting numbers into an array of integers would cut the fraction")
    return p.emit("convert", new, dtype=value.type.dtype, kind="numpy")
