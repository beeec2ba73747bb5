"""Lists that grow in a loop: how many items a trip adds, and so how much room they need before the loop.

What a trip adds is found by parsing the body, as types are. Where it is known outside the loop, the room is a product.
Where it is not (``while`` loops, inner loops of varying length) the loop is run once for the number of items alone: all
else of that run is dead code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from symdiff.frontend.abstract import Abstract
from symdiff.frontend.core import Parser
from symdiff.frontend.growing import form_of_all, join_forms, larger, reserve, trim, with_form
from symdiff.frontend.iteration import Trips, trips_count
from symdiff.frontend.rows import Form, Growth, Rows
from symdiff.frontend.rows_carried import Growing
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.sizes import minus, plus, times

__all__ = ["count_in_trip", "grown_after", "make_room", "seen_outside", "start_growing"]


def start_growing(
    p: Parser, outer: Any, growing: dict[Any, Growing], cell: Any, before: Any, content: Any, trips: Trips | None
) -> None:
    """Note that a list grows in a loop that stands in the block ``outer``; its body is to be parsed again."""
    form = before.form if isinstance(before, Rows) else form_of_all(p, before)
    form = form_of_all(p, content, form) if isinstance(content, tuple) else join_forms(form, content.form)
    assert form is not None
    form = seen_outside(p, outer, form)
    own = not (isinstance(before, Rows) and (before.room or before.counting))
    guess = Growth(1, 1, 1) if trips is not None else Growth(None, None, None)
    growing[cell] = Growing(before, form, guess, own, trips is not None)


def seen_outside(p: Parser, outer: Any, form: Form) -> Form:
    """The form in sizes that are known before the loop."""
    parts = tuple(seen_outside(p, outer, part) for part in form.parts)
    type_ = form.type
    if type_ is not None and type_.shape:
        type_ = Type(type_.dtype, tuple(_size(p, outer, dim) for dim in type_.shape), type_.kind)
    length = None if form.length is None else _size(p, outer, form.length)
    return replace(form, type=type_, parts=parts, length=length)


def _size(p: Parser, outer: Any, dim: Dim) -> Dim:
    found = p.build.hoist(dim)
    if not outer.sees(found):
        p.unsupported(
            "the items of a list that grows at run time must have one size, which is known before the loop",
            "fill an array that is large enough, or add up what is needed in the loop",
        )
    return found


# -- before the loop ---------------------------------------------------------------------------------------------------


def make_room(
    p: Parser, growing: dict[Any, Growing], trips: Trips | None, count: Callable[[list[Any]], dict[Any, Dim]]
) -> None:
    """Make what the loop starts with of the lists that grow in it.

    ``count(cells)`` runs the loop for the number of items in some lists after it.
    """
    own = [cell for cell, found in growing.items() if found.own]
    known = {cell: _length_needed(p, growing[cell], trips) for cell in own}
    if None in known.values():
        known |= count(own)
    for cell, found in growing.items():
        if found.own:
            length = known[cell]
            assert length is not None
            # as far out as it is known, so that a branch around the loop can keep the list for the reverse sweep
            found.start = reserve(p, found.before, found.form, p.build.hoist(length))
        else:
            found.start = with_form(p, found.before, found.form)


def _length_needed(p: Parser, found: Growing, trips: Trips | None) -> Dim | None:
    growth = found.growth
    if trips is None or growth.high is None or growth.peak is None:
        return None
    more = larger(p, growth.high, 0)
    assert more is not None
    within = plus(p.build, _count(found.before), times(p.build, trips_count(p, trips), more))
    return plus(p.build, within, minus(p.build, growth.peak, more))


def _count(content: Any) -> Dim:
    return content.count if isinstance(content, Rows) else len(content)


# -- a trip ------------------------------------------------------------------------------------------------------------


def count_in_trip(p: Parser, found: Growing, trips: Trips, index: Value) -> Dim:
    """The length at the start of a trip, of a list that grows by the same number in each."""
    start, _, step = trips.bounds
    trip: Dim = index
    if p.build.constant_of(start) != 0:
        trip = minus(p.build, index, p.build.dim(start))
    if p.build.constant_of(step) != 1:
        trip = p.build.dim(p.emit("floor_divide", p.build.size(trip), step))
    assert found.growth.low is not None
    return plus(p.build, _count(found.before), times(p.build, trip, found.growth.low))


# -- after the loop ----------------------------------------------------------------------------------------------------


def grown_after(
    p: Parser, found: Growing, at_head: Rows, columns: Sequence[Abstract], count: Value | None, trips: Trips | None
) -> Rows:
    """The content after the loop."""
    before = found.before.growth if isinstance(found.before, Rows) else Growth()
    growth = _added(p, before, found.growth, None if trips is None else trips_count(p, trips))
    if count is not None:
        length = p.build.dim(count)
    else:
        assert trips is not None and found.growth.low is not None
        length = plus(p.build, _count(found.before), times(p.build, trips_count(p, trips), found.growth.low))
    length = p.build.hoist(length)
    base = found.before.base if isinstance(found.before, Rows) else None
    rows = replace(at_head, columns=tuple(columns), count=length, growth=growth, base=base)
    return replace(trim(p, rows), growth=growth, base=base) if found.own else rows


def _added(p: Parser, before: Growth, trip: Growth, trips: Dim | None) -> Growth:
    def after(start: Dim | None, each: Dim | None) -> Dim | None:
        if start is None or each is None or trips is None:
            return None
        return plus(p.build, start, times(p.build, trips, each))

    most = larger(p, trip.high, 0)
    highest = after(before.high, most)
    if highest is None or trip.peak is None or most is None:
        return Growth(after(before.low, trip.low), None, None)
    peak = plus(p.build, highest, larger(p, minus(p.build, trip.peak, most), 0) or 0)
    return Growth(after(before.low, trip.low), after(before.high, trip.high), larger(p, before.peak, peak))
