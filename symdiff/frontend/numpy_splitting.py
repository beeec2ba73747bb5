"""NumPy's functions that take arrays apart."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from symdiff.errors import LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Known, ListObject, View
from symdiff.frontend.core import Parser
from symdiff.frontend.library_moving import require_no_rest
from symdiff.frontend.numpy_moving import parts_of
from symdiff.frontend.numpy_shaping import array_of, static_axis
from symdiff.frontend.tables import function
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import normalise_axis
from symdiff.ops.sizes import minus, plus, times

__all__ = ["split_at"]


def _slices(p: Parser, value: Value, axis: int, cuts: list[Dim | None]) -> list[Abstract]:
    """The parts between neighbouring cuts; None is an end."""
    found = []
    for start, stop in itertools.pairwise(cuts):
        bounds = [b if b is None or isinstance(b, int) else "in" for b in (start, stop)]
        operands = [b for b in (start, stop) if isinstance(b, Value)]
        entries: list[tuple[Any, ...]] = [("slice", None, None, None)] * value.type.rank
        entries[axis] = ("slice", *bounds, None)
        found.append(p.wrap(p.emit("index", value, *operands, index=tuple(entries))))
    return found


def split_at(p: Parser, ary: Abstract, sections: Abstract, axis: int, *, equal: bool) -> ListObject:
    """A number of parts, or the parts between given places."""
    value = p.value(array_of(p, ary))
    axis = normalise_axis(p.build, axis, value.type.rank)
    size = value.type.shape[axis]
    given = parts_of(p, sections)
    if given is None and isinstance(sections, Array | View) and p.value(sections).type.rank:
        given = list(p.items(sections))
    if given is not None:
        places: list[Dim | None] = [None, *(p.dim(part, "a place of a cut") for part in given), None]
        return ListObject(tuple(_slices(p, value, axis, places)))
    count = p.static(sections, "the number of parts")
    if count < 1:
        p.refuse(LocatedValueError, "number sections must be larger than 0.")
    share, rest = _divided(p, size, count)
    if equal:
        p.call(Known(require_no_rest), [p.build.size(rest)], {})
        rest = 0
    cuts: list[Dim | None] = [0]
    for part in range(1, count + 1):
        more = min(part, rest) if isinstance(rest, int) else p.build.dim(p.emit("minimum", rest, p.constant(part)))
        cuts.append(plus(p.build, times(p.build, share, part), more))
    return ListObject(tuple(_slices(p, value, axis, cuts)))


def _divided(p: Parser, size: Dim, count: int) -> tuple[Dim, Dim]:
    if isinstance(size, int):
        return size // count, size % count
    whole, number = p.build.size(size), p.constant(count)
    share = p.build.dim(p.emit("floor_divide", whole, number))
    return share, minus(p.build, size, times(p.build, share, count))


@function(np.split)
def split(p: Parser, ary: Abstract, indices_or_sections: Abstract, axis: Abstract | None = None) -> ListObject:
    """Into equal parts, or at places."""
    return split_at(p, ary, indices_or_sections, 0 if axis is None else static_axis(p, axis), equal=True)


@function(np.array_split)
def array_split(p: Parser, ary: Abstract, indices_or_sections: Abstract, axis: Abstract | None = None) -> ListObject:
    """Into parts that are as equal as can be."""
    return split_at(p, ary, indices_or_sections, 0 if axis is None else static_axis(p, axis), equal=False)


@function(np.hsplit)
def hsplit(p: Parser, ary: Abstract, indices_or_sections: Abstract) -> ListObject:
    """By columns; a vector by entries."""
    rank = p.value(array_of(p, ary)).type.rank
    return split_at(p, ary, indices_or_sections, 1 if rank > 1 else 0, equal=True)


@function(np.vsplit)
def vsplit(p: Parser, ary: Abstract, indices_or_sections: Abstract) -> ListObject:
    """By rows."""
    return split_at(p, ary, indices_or_sections, 0, equal=True)


@function(np.dsplit)
def dsplit(p: Parser, ary: Abstract, indices_or_sections: Abstract) -> ListObject:
    """By the third axis."""
    return split_at(p, ary, indices_or_sections, 2, equal=True)
