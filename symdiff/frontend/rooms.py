"""How much room arrays need whose sizes change from trip to trip, and which of these sizes follow from the index."""

from __future__ import annotations

from typing import NoReturn

from symdiff.frontend.bounds import Bounds, Upper
from symdiff.frontend.carried import Head
from symdiff.frontend.core import Parser
from symdiff.frontend.extents import Extent, Formula, Sized, Slot, stored_first
from symdiff.frontend.iteration import Trips, trips_count
from symdiff.frontend.rows import Restart
from symdiff.frontend.scope import Scope
from symdiff.frontend.signals import Unroll
from symdiff.frontend.size_loops import rooms_by_running
from symdiff.ir.graph import Block, Dim, Value
from symdiff.ops.sizes import plus, times

__all__ = ["settle_extents", "settle_unbounded"]


def settle_extents(head: Head, most: Trips | None, short: bool) -> None:
    """At the end of a trip: put the arrays back into their room, once it is known how large that must be.

    Parameters
    ----------
    head : Head
        What the loop carries.
    most : Trips or None
        The trips there are unless the loop is left.
    short : bool
        Whether the loop may be parsed trip by trip.

    Raises
    ------
    Restart
        Where sizes thought to be one differ, or where the room was not known in this attempt.
    Unroll
        Where the loop has few trips.
    """
    p, extents = head.p, head.shape.extents
    if not extents.found:
        return
    ends: dict[Extent, list[tuple[Slot, Dim]]] = {extent: [] for extent in extents.found}
    for leaf in head.leaves:
        for axis, extent in leaf.extents:
            ends[extent].append(((leaf.key, axis), p.build.hoist((leaf.end or leaf.shown).type.shape[axis])))
    if extents.split(ends):
        raise Restart
    after = {extent: found[0][1] for extent, found in ends.items()}
    outer = p.build.parent
    assert outer is not None
    steady = [extent for extent, end in after.items() if outer.sees(end)]
    if steady:
        for extent in steady:
            extents.settle(extent)
        raise Restart
    if short:
        assert head.index is not None
        raise Unroll(head.index)
    if any(extent.room is None for extent in extents.found):
        if find_rooms(head, most, after):
            raise Sized
        head.unbounded = after
        return
    for leaf in head.leaves:
        if leaf.extents and leaf.end is not None:
            leaf.end = stored_first(p, leaf.param, leaf.end)
        elif leaf.key[1:] and isinstance(leaf.key[1], Extent):
            leaf.end = p.build.size(after[leaf.key[1]])


def settle_unbounded(head: Head, test: Block | None) -> NoReturn:
    """Find the room of sizes that no formula bounds; ``test`` is the condition of a ``while``.

    Raises
    ------
    Sized
        With the room.
    """
    wanted = [extent for extent in head.unbounded if extent.room is None]
    if not rooms_by_running(head, head.unbounded, wanted, test):
        name = wanted[0].slots[0][0][0]
        head.p.unsupported(
            f"{name!r} changes its size in this loop, and how large it gets is not known before the loop",
            "make the array as large as it gets before the loop",
        )
    raise Sized


def find_rooms(head: Head, most: Trips | None, after: dict[Extent, Dim]) -> bool:
    """Set the room of each size, and its formula if it has one; whether all were found."""
    p, index = head.p, head.index
    outer = p.build.parent
    assert outer is not None
    natural = {index} if index is not None and _counts_natural(p, head.trips) else set()
    open_ = list(after)
    while open_:
        solved = [extent for extent in open_ if _solve(head, most, extent, after[extent], natural)]
        if not solved:
            break
        open_ = [extent for extent in open_ if extent not in solved]
    for extent in after:
        extent.formula = _formula(p, outer, head.sizes[extent], after[extent]) if index is not None else None
        extent.natural = extent.formula is not None and _stays_natural(head, extent, natural)
    return not open_


def _counts_natural(p: Parser, trips: Trips | None) -> bool:
    """Whether no index of a range is negative."""
    if trips is None:
        return False
    start, stop, step = (p.build.constant_of(bound) for bound in trips.bounds)
    if step is not None and step > 0:
        return start is not None and start >= 0
    return step == -1 and stop is not None and stop >= -1


def _solve(head: Head, most: Trips | None, extent: Extent, end: Dim, natural: set[Value]) -> bool:
    p, outer = head.p, head.p.build.parent
    size, unknown = head.sizes[extent], head.shape.extents.unknown
    assert isinstance(size, Value) and outer is not None
    known = {other: room for other, room in p.rooms.items() if other is not size and room is not unknown}
    if head.index is not None and head.trips is not None:
        known |= _last_index(p, head.trips, head.index)
    bound = Bounds(p, outer, size, known, set(natural)).upper(end)
    if bound is None:
        return False
    with p.inside(outer):
        room = _room(p, outer, extent.initial, bound, most)
    if room is None:
        return False
    extent.room = p.rooms[size] = room
    return True


def _last_index(p: Parser, trips: Trips, index: Value) -> dict[Value, Dim]:
    """No index is larger than the last one, or the first of a range that counts down."""
    start, stop, step = trips.bounds
    stride = p.build.constant_of(step)
    if stride is None:
        return {}
    return {index: p.build.dim(stop if stride > 0 else start)}


def _room(p: Parser, outer: Scope, initial: Dim, bound: Upper, trips: Trips | None) -> Dim | None:
    """The largest a size gets that is ``initial`` first, and bounded so from trip to trip."""
    bounds = Bounds(p, outer, None, {}, set())
    # a size is never negative
    most = initial if isinstance(bound.most, int) and bound.most <= 0 else bounds.larger(initial, bound.most)
    if bound.more is not None and not (isinstance(bound.more, int) and bound.more <= 0):
        if trips is None:
            return None
        more = bounds.larger(bound.more, 0)
        assert more is not None and most is not None
        most = plus(p.build, most, times(p.build, trips_count(p, trips), more))
    assert most is not None
    return _further_out(p, outer, most)


def _further_out(p: Parser, outer: Scope, room: Dim) -> Dim:
    """Room that is known before the loops around as well, if some is, so that what lies in it can be kept."""
    outermost = outer
    while outermost.parent is not None:
        outermost = outermost.parent
    bound = Bounds(p, outermost, None, p.rooms, set()).upper(room)
    return room if bound is None or bound.most is None else p.build.hoist(bound.most)


def _formula(p: Parser, outer: Scope, size: Dim, end: Dim) -> Formula | None:
    """How a size follows from the number of the trip, where each adds or takes away the same."""
    if end is size:
        return Formula(0, clamped=False)
    node = p.build.definitions.get(end) if isinstance(end, Value) else None
    if node is None or node.op.name not in ("add", "subtract", "maximum"):
        return None
    a, b = (p.build.dim(v) for v in node.inputs)
    if node.op.name == "maximum":
        below = _formula(p, outer, size, a) if b == 0 else None
        shrinks = below is not None and isinstance(below.more, int) and below.more <= 0 and not below.clamped
        return Formula(below.more, clamped=True) if below is not None and shrinks else None
    if node.op.name == "subtract":
        return Formula(-b, clamped=False) if a is size and isinstance(b, int) else None
    more = b if a is size else a if b is size else None
    return Formula(p.build.hoist(more), clamped=False) if more is not None and outer.sees(p.build.hoist(more)) else None


def _stays_natural(head: Head, extent: Extent, natural: set[Value]) -> bool:
    """Whether the formula is never negative, so that it need not be clamped."""
    p, trips, index = head.p, head.trips, head.index
    assert extent.formula is not None and trips is not None and index is not None
    found = extent.formula.at(p, extent.initial, trips, index, natural=True)
    return Bounds(p, p.build, None, {}, set(natural)).is_natural(found)
