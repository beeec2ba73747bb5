"""What a trip of a loop leaves: it bears out what was assumed, or the body is parsed again with other assumptions."""

from __future__ import annotations

from typing import Any

from symdiff.errors import InternalError, TypeConflictError
from symdiff.frontend.abstract import Abstract, Array, Cell, DictObject, Instance, ListObject, Marker, Maybe
from symdiff.frontend.assumptions import PEELS, Peel
from symdiff.frontend.carried import Restart
from symdiff.frontend.carried_leaves import Leaf
from symdiff.frontend.core import UNROLL_LIMIT
from symdiff.frontend.extents import Slot
from symdiff.frontend.joined_types import Conflict
from symdiff.frontend.joins import conflict
from symdiff.frontend.memory import Stale
from symdiff.frontend.rebuilt import Rebuilt
from symdiff.frontend.reserving import start_growing
from symdiff.frontend.rooms import settle_extents
from symdiff.frontend.rows import Rows
from symdiff.frontend.rows_carried import leave_rows
from symdiff.frontend.signals import Unroll
from symdiff.frontend.trip_start import TripStart
from symdiff.frontend.unbound import placeholder
from symdiff.ir.graph import Dim
from symdiff.ir.shapes import require_same, show_shape

__all__ = ["TripEnd"]

GROWS_UNROLLED = 32  # a list that grows in a loop of no more trips has items that are known one by one


class TripEnd(TripStart):
    """The end of a trip, compared with its start."""

    def leave(self) -> None:
        """Compare; raises `Restart` with new assumptions, or what lets the loop be parsed in another way."""
        p = self.p
        p.build.where = self.where
        # what no trip assigned is still without a value
        self.ends = {n: i for n, i in p.frame.names.items() if not (isinstance(i, Marker) and i.retry)}
        self._find_cells()
        for name, at_head in self.heads.items():
            self._leave_name(name, at_head, self.ends.get(name))
        for cell, key in self.cell_keys():
            self._leave_cell(cell, key)
        if self.head.is_new:
            raise Restart
        self._find_names()
        self.head.check_shares()
        changing = [slot for leaf in self.head.leaves for slot in self._changed_sizes(leaf)]
        if changing:
            self.loop.shape.extents.add(changing)
            raise Restart
        settle_extents(self.head, self.loop.most, self._is_short(GROWS_UNROLLED))

    def _find_cells(self) -> None:
        """Objects from outside that the body stores into."""
        loop, found = self.loop, False
        for cell, content in self.p.memory.layers[-1].items():
            if cell.serial > self.start or cell in loop.stale:
                continue
            if isinstance(content, Stale):
                loop.stale[cell] = content
                if cell in loop.cells:
                    loop.cells.remove(cell)
                found = True
            elif cell not in loop.cells:
                loop.cells.append(cell)
                found = True
        if found:
            raise Restart

    def _leave_name(self, name: str, at_head: Abstract, end: Abstract | None) -> None:
        p, loop = self.p, self.loop
        if isinstance(end, Marker) and not isinstance(at_head, Marker):
            loop.poisoned[name] = end
            raise Restart
        if name in loop.poisoned and (end is None or isinstance(end, Marker)):
            self.ends[name] = self.heads[name] = loop.poisoned[name]
            return
        if end is None or isinstance(end, Marker):
            if isinstance(at_head, Marker) or isinstance(end, Marker):
                self.ends[name] = end if isinstance(end, Marker) else at_head
                self.heads[name] = self.ends[name]
                return
            raise InternalError(f"{name!r} is lost in a loop", self.where)
        if isinstance(at_head, Marker):
            self.heads[name] = self.zero_trips(name)
            return
        try:
            self.head.leave(at_head, end, (name,))
        except Conflict:
            if self.head.is_new:
                raise Restart from None
            before = self.initial(name)
            grows = isinstance(before, ListObject) and isinstance(end, ListObject)
            if grows and (name,) not in loop.shape.growing and (name,) not in loop.shape.lists:
                self._grow((name,), p.memory.content(before), p.memory.content(end))
            if grows and (name,) in loop.shape.growing:
                raise Rebuilt(name, p.memory.content(end)) from None
            if loop.peeled < PEELS:
                raise Peel from None
            self._take_apart_if_short()
            line = f"before the loop on line {loop.node.lineno}"
            marker = conflict(p, name, self.initial(name), end, line, "after a trip")
            p.refuse(marker.error, marker.message, marker.hint)

    def _find_rebound(self, at_head: dict[Any, Any], content: dict[Any, Any], key: tuple[Any, ...]) -> None:
        """Objects in a dict or object in whose place a trip puts others."""
        rebound = self.loop.shape.rebound
        for name, item in at_head.items():
            held = isinstance(item, ListObject | DictObject | Instance) and item.serial < self.start
            if held and item is not content[name] and (*key, name) not in rebound:
                rebound.add((*key, name))
                raise Restart

    def _grow(self, key: Any, before: Any, content: Any) -> None:
        """A list that is of run-time length, as it turns out."""
        if self._is_short(GROWS_UNROLLED):
            assert self.index is not None
            raise Unroll(self.index) from None
        try:
            start_growing(self.p, self.body.parent, self.loop.shape.growing, key, before, content, self.loop.trips)
        except TypeConflictError:
            self._take_apart_if_short()
            raise
        raise Restart from None

    def _take_apart_if_short(self) -> None:
        """Parse the loop trip by trip if it has few trips, also if arguments must be known for that."""
        if self._is_short(UNROLL_LIMIT):
            assert self.index is not None
            raise Unroll(self.index)
        trips = self.loop.trips
        if trips is not None and trips.known(self.p) is None:
            for bound in trips.bounds:
                self.p.ask_for(bound)

    def _is_short(self, limit: int) -> bool:
        """Whether the loop surely has few trips."""
        return self.index is not None and self.p.indices.get(self.index, limit + 1) <= limit

    def _leave_cell(self, cell: Any, key: tuple[Any, ...]) -> None:
        content, at_head = self.p.memory.content(cell), self.cells[cell]
        try:
            if isinstance(cell, Array):
                self.head.leave(at_head, content, key)
            elif isinstance(at_head, Rows):
                leave_rows(self.p, self.head, at_head, content, key, self.loop.shape.growing.get(cell))
            elif isinstance(cell, ListObject):
                if isinstance(content, Rows):
                    raise Conflict
                self.head.leave_items(at_head, content, key)
            elif list(at_head) == list(content):
                self._find_rebound(at_head, content, key)
                for name, item in at_head.items():
                    self.head.leave(item, content[name], (*key, name))
            else:
                raise Conflict
        except Conflict:
            if self.head.is_new:
                raise Restart from None
            if isinstance(cell, Cell | Instance | DictObject) and self.loop.peeled < PEELS:
                raise Peel from None
            if isinstance(cell, ListObject) and cell not in self.loop.shape.growing:
                self.p.memory.layers[-1].pop(cell)
                self._grow(cell, self.p.memory.content(cell), content)
            self._take_apart_if_short()
            self.p.unsupported(
                f"{_kind(cell)} that changes its length or its types from trip to trip is not supported yet",
                "make an array with np.zeros before the loop and store into it",
            )

    def _find_names(self) -> None:
        """Names that turn out to be carried: rebound against expectation, or new in a loop that surely runs."""
        loop = self.loop
        for name in loop.assigned:
            if name in loop.names or name not in self.ends or not self.is_carried(name):
                continue
            if name in self.before:
                loop.names.append(name)
                raise Restart
            end = self.ends[name]
            default = self._default(name, end)
            if default is not None:
                loop.defaults[name] = default
                loop.names.append(name)
                raise Restart
            if not isinstance(end, Marker) and loop.peeled < PEELS:
                raise Peel

    def is_carried(self, name: str) -> bool:
        """Whether a name that was not thought to be carried must be."""
        if name in self.before:
            return self.ends[name] is not self.before[name] and self.loop.is_live(name)
        if isinstance(self.ends[name], Maybe):
            return self.loop.is_live(name)
        return self.p.frame.live.is_live_after(self.loop.node, name)

    def _default(self, name: str, end: Abstract) -> Abstract | None:
        """What a name without value before the loop starts with, if there is something of its type."""
        p, trips = self.p, self.loop.trips
        outer = p.build.parent
        assert outer is not None
        found = placeholder(p, end, outer)
        if found is None or (trips is not None and trips.surely(p) and not isinstance(end, Maybe)):
            return found
        with p.inside(outer):
            return Maybe(p.constant(False), found, self.zero_trips(name))

    def _changed_sizes(self, leaf: Leaf) -> list[tuple[Slot, Dim]]:
        """The axes of an array whose sizes may differ from trip to trip, with the sizes before the loop."""
        p = self.p
        if leaf.end is None or not leaf.shown.type.shape:
            return []
        have, want = leaf.end.type.shape, leaf.shown.type.shape
        name = leaf.key[0] or "an array"
        message = f"{name!r} changes its shape in this loop, from {show_shape(want)} to {show_shape(have)}"
        outer = p.build.parent
        assert outer is not None
        known = {axis for axis, _ in leaf.extents}
        found: list[tuple[Slot, Dim]] = []
        for axis, (a, b) in enumerate(zip(want, have, strict=True)):
            size, slot = p.build.hoist(b), (leaf.key, axis)
            if axis in known or a is size:
                continue
            different = isinstance(a, int) and isinstance(size, int) and a != size
            settled = slot in self.loop.shape.extents.settling
            if different and settled and self.loop.peeled < PEELS:
                raise Peel
            if not settled and (different or a == 1 or size in p.build.definitions or not outer.sees(size)):
                found.append((slot, a))
            else:
                require_same(p.build, a, size, message)
        return found


def _kind(cell: Any) -> str:
    """What an object is, for messages."""
    names = {Cell: "a variable of a function around", ListObject: "a list", DictObject: "a dict", Array: "an array"}
    return names.get(type(cell), "an attribute")
