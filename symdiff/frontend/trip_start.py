"""What names and objects are at the start of a trip of a loop."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from symdiff.errors import LocatedUnboundLocalError
from symdiff.frontend.abstract import Abstract, Array, DictObject, Instance, ListObject, Marker, now
from symdiff.frontend.assumptions import PEELS, Loop, Peel
from symdiff.frontend.carried import Head
from symdiff.frontend.memory import Layer
from symdiff.frontend.reaching import reached
from symdiff.frontend.rows import Rows
from symdiff.frontend.rows_carried import enter_rows
from symdiff.frontend.scope import Scope
from symdiff.frontend.unbound import is_absent
from symdiff.ir.graph import Type, Value

__all__ = ["TripStart"]


class TripStart:
    """The start of a trip: what is carried gets values of its own.

    Attributes
    ----------
    before, outside : dict
        Names before the loop: those with a value, and all.
    head : Head
        The carried values of the body.
    heads, cells : dict
        What carried names stand for at the start, and what carried objects hold.
    ends : dict
        What names stand for at the end.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.p = loop.p
        self.where = loop.p.build.where
        self.start = now()
        # a name that has no value on the way here has none before the loop
        self.before = {n: item for n, item in loop.p.frame.names.items() if not is_absent(item)}
        self.outside = loop.p.frame.names
        self.body = loop.p.build.inner()
        self.index = Value(Type("int64", (), "python"), self._index_hint()) if loop.trips is not None else None
        self.ends: dict[str, Abstract] = {}
        if self.index is not None:
            self.body.adopt([self.index])
        self.head, self.heads, self.cells = self.enter(self.body)

    def _index_hint(self) -> str:
        node, trips = self.loop.node, self.loop.trips
        plain = isinstance(node, ast.For) and isinstance(node.target, ast.Name) and trips is not None and trips.plain
        return node.target.id if plain else "i"  # type: ignore[union-attr]

    def with_state(self, heads: dict[str, Abstract], cells: dict[Any, Any], action: Any) -> None:
        """Names and contents as at the start of a trip, for the time of an action."""
        p, loop = self.p, self.loop
        hidden = {n for n in loop.assigned if n in self.before and n not in heads and not loop.only_augmented(n)}
        layer: Layer = {**cells, **loop.stale}
        p.memory.loops.append((self.start, len(p.memory.layers)))
        p.memory.push(layer)
        known = {n: item for n, item in self.before.items() if n not in hidden}
        p.frame.names = {**self._first_trip(), **known, **heads}
        try:
            action()
        finally:
            p.frame.names = self.outside
            p.memory.pop()
            p.memory.loops.pop()

    def _first_trip(self) -> dict[str, Marker]:
        """Names that have no value before the loop but may be read at the start of a trip: of a later trip, then."""
        loop = self.loop
        if loop.peeled >= PEELS:
            return {}
        head = self.p.frame.live.head.get(loop.node, set())
        late = [name for name in loop.assigned if name not in self.before and name in head]
        return {name: Marker(LocatedUnboundLocalError, f"{name!r} has no value yet", retry=Peel) for name in late}

    def enter(self, block: Scope) -> tuple[Head, dict[str, Abstract], dict[Any, Any]]:
        """Values of its own in a block for all that is carried."""
        loop = self.loop
        own = (loop.trips, self.index) if block is self.body else (None, None)
        head = Head(self.p, loop.shape, self.start, block, reached(self.p, loop.names, loop.is_live), *own)
        heads = {name: self._poisoned(name) or head.enter(self.initial(name), (name,)) for name in loop.names}
        cells = {cell: self._enter_cell(head, cell, key) for cell, key in self.cell_keys()}
        return head, heads, cells

    def _poisoned(self, name: str) -> Marker | None:
        """Stands for a name that has a value in the first trip only; reading it parses that trip on its own."""
        found = self.loop.poisoned.get(name)
        return replace(found, retry=Peel) if found is not None and self.loop.peeled < PEELS else found

    def initial(self, name: str) -> Abstract:
        """What a carried name is before the loop."""
        return self.loop.defaults[name] if name in self.loop.defaults else self.before[name]

    def cell_keys(self) -> list[tuple[Any, tuple[Any, ...]]]:
        """The objects that are carried, each with the key of its leaves."""
        names = {id(item): name for name, item in self.outside.items()}
        hints = [c.initial.hint if isinstance(c, Array) else names.get(id(c), "") for c in self.loop.cells]
        return [(cell, (hint, ("cell", i))) for i, (cell, hint) in enumerate(zip(self.loop.cells, hints, strict=True))]

    def _enter_cell(self, head: Head, cell: Any, key: tuple[Any, ...]) -> Any:
        content = self.p.memory.content(cell)
        if isinstance(cell, Array):
            return head.enter(content, key)
        found = self.loop.shape.growing.get(cell)
        if found is not None or isinstance(content, Rows):
            return enter_rows(self.p, head, content, key, found)
        if isinstance(cell, ListObject):
            return tuple(head.enter(item, (*key, i)) for i, item in enumerate(content))
        return {name: self._enter_field(head, item, (*key, name)) for name, item in content.items()}

    def _enter_field(self, head: Head, item: Abstract, key: tuple[Any, ...]) -> Abstract:
        """What a dict or object holds: an object in it is carried by itself unless another takes its place."""
        held = isinstance(item, ListObject | DictObject | Instance) and key not in self.loop.shape.rebound
        return item if held else head.enter(item, key)

    def rows_at_head(self, key: Any) -> Rows:
        """A list of run-time length at the start of the trip."""
        found = self.heads[key[0]].initial if isinstance(key, tuple) else self.cells[key]
        assert isinstance(found, Rows)
        return found

    def zero_trips(self, name: str) -> Marker:
        """Stands for a name that only a trip gives a value."""
        message = f"{name!r} has no value if the loop on line {self.loop.node.lineno} runs zero times"
        return Marker(LocatedUnboundLocalError, message, f"assign {name!r} before the loop")
