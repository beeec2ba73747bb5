"""Arrays whose sizes change from trip to trip: a loop carries them in room for the largest, with the size as a number.

Each such axis of a carried array is a *slot*. Slots that have one size before the loop and leave one size to the next
trip belong to one `Extent`. In a trip the array is the first part of the room it lies in, and so it is after the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symdiff.frontend.core import Parser
from symdiff.frontend.iteration import Trips, trips_count
from symdiff.frontend.rows import Restart
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.sizes import at_least, minus, plus, times

__all__ = [
    "Extent",
    "Extents",
    "Formula",
    "Sized",
    "Slot",
    "first_part",
    "in_room",
    "resized",
    "sizes_after",
    "stored_first",
]

Slot = tuple[tuple[Any, ...], int]
"""Name and path of a carried array, and an axis of it."""


class Sized(Restart):
    """The room is known now, under the assumptions of this attempt: the body is parsed once more with it."""


@dataclass(frozen=True)
class Formula:
    """A size that follows from the number of the trip: ``size + trip * more``, and not less than 0 where clamped."""

    more: Dim
    clamped: bool

    def at(self, p: Parser, size: Dim, trips: Trips, index: Value, natural: bool) -> Dim:
        """At the start of the trip with an index; ``natural`` says that it surely is no less than 0."""
        start, _, step = trips.bounds
        stride, first = p.build.constant_of(step), p.build.dim(start)
        if stride in (1, -1) and isinstance(self.more, int):
            found = _linear(p, size, self.more * int(stride), first, index)
        else:
            trip: Dim = index if first == 0 else minus(p.build, index, first)
            if stride != 1:
                trip = p.build.dim(p.emit("floor_divide", p.build.size(trip), step))
            found = plus(p.build, size, times(p.build, trip, self.more))
        return at_least(p.build, found, 0) if self.clamped and not natural else found

    def after(self, p: Parser, size: Dim, count: Dim) -> Dim:
        """After so many trips."""
        if isinstance(self.more, int) and self.more < 0:
            found = minus(p.build, size, times(p.build, count, -self.more))
        else:
            found = plus(p.build, size, times(p.build, count, self.more))
        return p.build.hoist(at_least(p.build, found, 0) if self.clamped else found)


def _linear(p: Parser, size: Dim, slope: int, first: Dim, index: Value) -> Dim:
    """``size + slope * (index - first)``."""
    if slope == -1:
        return minus(p.build, plus(p.build, size, first), index)
    return plus(p.build, minus(p.build, size, times(p.build, first, slope)), times(p.build, index, slope))


@dataclass(eq=False)
class Extent:
    """A size that changes from trip to trip.

    Attributes
    ----------
    slots : tuple of Slot
        Where it appears.
    initial : Dim
        Before the loop.
    room : Dim or None
        The largest it can be; None until it is found.
    formula : Formula or None
        How it follows from the index of the loop, if it does.
    natural : bool
        Whether the formula is never negative.
    """

    slots: tuple[Slot, ...]
    initial: Dim
    room: Dim | None = None
    formula: Formula | None = None
    natural: bool = False


@dataclass(eq=False)
class Extents:
    """The sizes that change in one loop."""

    found: list[Extent] = field(default_factory=list)
    settling: set[Slot] = field(default_factory=set)
    """Slots whose size is another one after the first trip, but the same from then on."""
    unknown: Value = field(default_factory=lambda: Value(Type("int64", (), "python"), "room"))
    """Stands for the room while the body is parsed to find it."""

    def of(self, key: tuple[Any, ...], rank: int) -> tuple[tuple[int, Extent], ...]:
        """The axes of a carried array that change, with their extents."""
        return tuple((axis, extent) for axis in range(rank) for extent in self.found if (key, axis) in extent.slots)

    def room(self, extent: Extent) -> Dim:
        return self.unknown if extent.room is None else extent.room

    def add(self, slots: Iterable[tuple[Slot, Dim]]) -> None:
        """Slots that turn out to change, with their sizes before the loop."""
        for slot, initial in slots:
            same = [e for e in self.found if _is_same(e.initial, initial)]
            if same:
                same[0].slots += (slot,)
            else:
                self.found.append(Extent((slot,), initial))
        self.forget()

    def split(self, ends: dict[Extent, list[tuple[Slot, Dim]]]) -> bool:
        """Part the slots that leave different sizes to the next trip; whether there are such."""
        parted: list[Extent] = []
        for extent in self.found:
            groups: list[tuple[Dim, list[Slot]]] = []
            for slot, end in ends[extent]:
                own = next((group for other, group in groups if _is_same(other, end)), None)
                if own is None:
                    groups.append((end, [slot]))
                else:
                    own.append(slot)
            parted += [Extent(tuple(group), extent.initial) for _, group in groups]
        if len(parted) == len(self.found):
            return False
        self.found = parted
        return True

    def settle(self, extent: Extent) -> None:
        """Note that a trip leaves a size that does not follow from the one it found."""
        self.settling.update(extent.slots)
        self.found.remove(extent)

    def forget(self) -> None:
        """What was found out of the room holds no longer: something else was assumed."""
        for extent in self.found:
            extent.room, extent.formula = None, None


def _is_same(a: Dim, b: Dim) -> bool:
    return a is b or (isinstance(a, int) and isinstance(b, int) and a == b)


def sizes_after(
    p: Parser, sizes: Mapping[Extent, Dim], outputs: Mapping[Value, Value], trips: Trips | None
) -> dict[Extent, Dim]:
    """Sizes as the last trip leaves them, from those that a trip finds and what became of the carried ones."""
    found: dict[Extent, Dim] = {}
    for extent, size in sizes.items():
        if isinstance(size, Value) and size in outputs:
            found[extent] = outputs[size]
        else:
            assert extent.formula is not None and trips is not None
            found[extent] = extent.formula.after(p, extent.initial, trips_count(p, trips))
    return found


def resized(type_: Type, sizes: Mapping[int, Dim]) -> Type:
    """A type with other sizes along some axes."""
    shape = tuple(sizes.get(axis, dim) for axis, dim in enumerate(type_.shape))
    return Type(type_.dtype, shape, type_.kind)


# -- rooms -------------------------------------------------------------------------------------------------------------


def first_part(p: Parser, room: Value, shape: Sequence[Dim]) -> Value:
    """The array of a shape that lies at the beginning of each axis."""
    if all(_is_same(a, b) for a, b in zip(room.type.shape, shape, strict=True)):
        return room
    index, operands = _corner(room, shape)
    return p.emit("index", room, *operands, index=index, shape=tuple(shape))


def stored_first(p: Parser, room: Value, array: Value) -> Value:
    """The room with an array at the beginning of each axis."""
    if all(_is_same(a, b) for a, b in zip(room.type.shape, array.type.shape, strict=True)):
        return array
    index, operands = _corner(room, array.type.shape)
    return p.emit("put", room, array, *operands, index=index)


def in_room(p: Parser, array: Value, type_: Type) -> Value:
    """An array at the beginning of room for the largest."""
    if all(_is_same(a, b) for a, b in zip(array.type.shape, type_.shape, strict=True)):
        return array
    zero = p.constant(0.0 if type_.is_float else False if type_.dtype == "bool" else 0)
    return stored_first(p, p.emit("full", zero, shape=type_.shape, dtype=type_.dtype), array)


def _corner(room: Value, shape: Sequence[Dim]) -> tuple[tuple[Any, ...], list[Value]]:
    entries: list[Any] = []
    operands: list[Value] = []
    for have, want in zip(room.type.shape, shape, strict=True):
        if _is_same(have, want):
            entries.append(("slice", None, None, None))
        elif isinstance(want, int):
            entries.append(("slice", None, want, None))
        else:
            entries.append(("slice", None, "in", None))
            operands.append(want)
    return tuple(entries), operands
