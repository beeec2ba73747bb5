"""One attempt at the body of a loop, under what is assumed of the values it carries."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from symdiff.errors import InternalError, LocatedUnboundLocalError, TypeConflictError
from symdiff.frontend.abstract import Abstract, Array, Cell, DictObject, Instance, ListObject, Marker, Maybe, View, now
from symdiff.frontend.carried import Head, Leaf, Restart, Shape
from symdiff.frontend.core import UNROLL_LIMIT, Parser
from symdiff.frontend.iteration import Trips
from symdiff.frontend.joins import Conflict, conflict, convert_to
from symdiff.frontend.memory import Layer, Stale
from symdiff.frontend.reaching import reached
from symdiff.frontend.reserving import count_in_trip, grown_after, start_growing
from symdiff.frontend.rows import Rows
from symdiff.frontend.rows_carried import enter_rows, leave_rows
from symdiff.frontend.scope import Scope
from symdiff.frontend.signals import Unroll
from symdiff.frontend.unbound import is_absent, placeholder
from symdiff.ir.graph import Block, Type, Value
from symdiff.ir.shapes import require_same, show_shape

__all__ = ["Attempt", "Loop", "Peel"]

PEELS = 3
GROWS_UNROLLED = 32  # a list that grows in a loop of no more trips has items that are known one by one


class Peel(Exception):
    """A carried value is something else after the first trip: that trip is parsed on its own."""


@dataclass(eq=False)
class Loop:
    """A loop, and what is assumed of its body so far.

    Attributes
    ----------
    node : ast.For or ast.While
    trips : Trips or None
        Of a ``for``: its range, and what the target is bound to.
    peeled : int
        How many trips were parsed on their own before.
    names, cells : list
        Names, and objects with changing contents, that are carried.
    stale : dict
        Objects whose contents are not known after a trip.
    guard : callable or None
        A further condition of a ``while``, tested first.
    shape : Shape
        Types of carried values, and which arrays may overlap.
    defaults : dict
        What names without value before the loop start with.
    origin : Loop or None
        The ``for`` that this ``while`` stands for.
    """

    p: Parser
    node: ast.For | ast.While
    trips: Trips | None
    peeled: int = 0
    assigned: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    cells: list[Any] = field(default_factory=list)
    stale: dict[Any, Stale] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    defaults: dict[str, Abstract] = field(default_factory=dict)
    indices: set[Value] = field(default_factory=set)
    origin: Loop | None = None
    poisoned: dict[str, Marker] = field(default_factory=dict)  # what a trip may leave unreadable for the next one
    guard: Callable[[], Value] | None = None

    def body(self, index: Value | None) -> None:
        """One trip."""
        if self.trips is not None and index is not None:
            assert isinstance(self.node, ast.For)
            self.trips.bind(self.p, self.node.target, index)
        if self.p.block(self.node.body) is not None:
            raise InternalError("a return inside a loop passed the fence", self.p.build.where)

    @property
    def most(self) -> Trips | None:
        """The trips there are unless the loop is left."""
        return self.origin.trips if self.origin is not None else self.trips

    def first_condition(self) -> Value:
        """Whether there is a first trip."""
        if self.trips is None:
            assert isinstance(self.node, ast.While)
            return self.p.condition(self.node.test)
        return self.trips.runs(self.p)

    def rest(self) -> Loop:
        """The loop after its first trip."""
        trips = None if self.trips is None else self.trips.after_first(self.p)
        return Loop(self.p, self.node, trips, self.peeled + 1)

    def is_live(self, name: str) -> bool:
        """Whether a trip, or what follows the loop, may read what the name is before the trip."""
        return self.p.frame.live.is_live_in_loop(self.node, name)

    def only_augmented(self, name: str) -> bool:
        """An array that is only changed in place stays the same object: its content is carried, not the name."""
        if not isinstance(self.p.frame.names[name], Array | View | ListObject):
            return False
        nodes = list(ast.walk(self.node))
        augmented = {id(n.target) for n in nodes if isinstance(n, ast.AugAssign)}
        stores = [n for n in nodes if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
        return all(id(n) in augmented for n in stores)


class Attempt:
    """The body of a loop, parsed once under the assumptions of the loop."""

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
        self.head, self.heads, self.cells = self._enter(self.body)

    def run(self) -> None:
        """Parse the body and append the node; raises `Restart` if an assumption does not hold."""
        p = self.p
        if self.index is not None:
            self.body.adopt([self.index])
            assert self.loop.trips is not None
            known = self.loop.trips.known(p)
            if known is not None:
                p.indices[self.index] = len(known)
                self.loop.indices.add(self.index)
        with p.inside(self.body):
            self._with_state(self.heads, self.cells, self._trip)
        test = self._test() if self.loop.trips is None else None
        self._append(test)

    def _trip(self) -> None:
        for key, found in self.loop.shape.growing.items():
            if found.exact:
                assert self.loop.trips is not None and self.index is not None
                count = count_in_trip(self.p, found, self.loop.trips, self.index)
                cell = self.heads[key[0]] if isinstance(key, tuple) else key
                self.p.memory.replace(cell, replace(self._rows_at_head(key), count=count))
        self.loop.body(self.index)
        self._leave()

    def _index_hint(self) -> str:
        node, trips = self.loop.node, self.loop.trips
        plain = isinstance(node, ast.For) and isinstance(node.target, ast.Name) and trips is not None and trips.plain
        return node.target.id if plain else "i"  # type: ignore[union-attr]

    def _with_state(self, heads: dict[str, Abstract], cells: dict[Any, Any], action: Any) -> None:
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

    def _enter(self, block: Scope) -> tuple[Head, dict[str, Abstract], dict[Any, Any]]:
        loop = self.loop
        head = Head(self.p, loop.shape, self.start, reached(self.p, loop.names, loop.is_live))
        heads = {name: self._poisoned(name) or head.enter(self.initial(name), (name,)) for name in loop.names}
        cells = {cell: self._enter_cell(head, cell, key) for cell, key in self._cell_keys()}
        block.adopt([leaf.param for leaf in head.leaves])
        return head, heads, cells

    def _poisoned(self, name: str) -> Marker | None:
        """Stands for a name that has a value in the first trip only; reading it parses that trip on its own."""
        found = self.loop.poisoned.get(name)
        return replace(found, retry=Peel) if found is not None and self.loop.peeled < PEELS else found

    def initial(self, name: str) -> Abstract:
        """What a carried name is before the loop."""
        return self.loop.defaults[name] if name in self.loop.defaults else self.before[name]

    def _cell_keys(self) -> list[tuple[Any, tuple[Any, ...]]]:
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

    # -- the end of a trip ---------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        p = self.p
        p.build.where = self.where
        # what no trip assigned is still without a value
        self.ends = {n: i for n, i in p.frame.names.items() if not (isinstance(i, Marker) and i.retry)}
        self._find_cells()
        for name, at_head in self.heads.items():
            self._leave_name(name, at_head, self.ends.get(name))
        for cell, key in self._cell_keys():
            self._leave_cell(cell, key)
        self._find_names()
        self.head.check_shares()
        for leaf in self.head.leaves:
            self._require_shape(leaf)

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
            self.heads[name] = self._zero_trips(name)
            return
        try:
            self.head.leave(at_head, end, (name,))
        except Conflict:
            before = self.initial(name)
            grows = isinstance(before, ListObject) and isinstance(end, ListObject)
            if grows and (name,) not in loop.shape.growing:
                self._grow((name,), p.memory.content(before), p.memory.content(end))
            if loop.peeled < PEELS:
                raise Peel from None
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
            if self._is_short(UNROLL_LIMIT):
                assert self.index is not None
                raise Unroll(self.index) from None
            raise
        raise Restart from None

    def _is_short(self, limit: int) -> bool:
        """Whether the loop surely has few trips."""
        return self.index is not None and self.p.indices.get(self.index, limit + 1) <= limit

    def _rows_at_head(self, key: Any) -> Rows:
        found = self.heads[key[0]].initial if isinstance(key, tuple) else self.cells[key]
        assert isinstance(found, Rows)
        return found

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
                self.head.leave_items(list(at_head.values()), list(content.values()), key)
            else:
                raise Conflict
        except Conflict:
            if isinstance(cell, Cell) and self.loop.peeled < PEELS:
                raise Peel from None
            if isinstance(cell, ListObject) and cell not in self.loop.shape.growing:
                self.p.memory.layers[-1].pop(cell)
                self._grow(cell, self.p.memory.content(cell), content)
            if self._is_short(UNROLL_LIMIT):
                assert self.index is not None
                raise Unroll(self.index) from None
            kind = "list" if isinstance(cell, ListObject) else "dict" if isinstance(cell, DictObject) else "array"
            kind = "variable of a function around" if isinstance(cell, Cell) else kind
            self.p.unsupported(
                f"a {kind} that changes its length or its types from trip to trip is not supported yet",
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
            return Maybe(p.constant(False), found, self._zero_trips(name))

    def _require_shape(self, leaf: Leaf) -> None:
        """Arrays keep their shape from trip to trip."""
        p = self.p
        if leaf.end is None or not leaf.param.type.shape:
            return
        have, want = leaf.end.type.shape, leaf.param.type.shape
        name = leaf.key[0] or "an array"
        message = f"{name!r} changes its shape in this loop, from {show_shape(want)} to {show_shape(have)}"
        outer = p.build.parent
        assert outer is not None
        for a, b in zip(want, have, strict=True):
            size = p.build.hoist(b)
            if not outer.sees(size) or (isinstance(a, int) and isinstance(size, int) and a != size):
                p.refuse(TypeConflictError, message, "make the array as large as it gets before the loop")
            require_same(p.build, a, size, message)

    # -- the node ------------------------------------------------------------------------------------------------------

    def _test(self) -> Block:
        """The condition of a ``while``, on values of its own."""
        p, loop = self.p, self.loop
        assert isinstance(loop.node, ast.While)
        block = p.build.inner()
        head, heads, cells = self._enter(block)
        results: list[Value] = []

        def evaluate() -> None:
            results.append(self._guarded())
            layer = p.memory.layers[-1]
            if any(c.serial <= self.start and cells.get(c, loop.stale.get(c)) is not v for c, v in layer.items()):
                p.unsupported(
                    "storing into an array in the condition of a 'while' is not supported", "store in the body"
                )

        with p.inside(block):
            self._with_state(
                {**heads, **{n: m for n, m in self.heads.items() if isinstance(m, Marker)}}, cells, evaluate
            )
        if p.decided(results[0]):
            p.unsupported("this 'while' never ends", "write the condition under which the loop goes on")
        return block.finish([leaf.param for leaf in head.leaves], results)

    def _guarded(self) -> Value:
        p, loop = self.p, self.loop
        assert isinstance(loop.node, ast.While)
        if loop.guard is None:
            return p.condition(loop.node.test)
        first = loop.guard()
        taken, skipped = p.build.inner(), p.build.inner()
        with p.inside(taken):
            results = [p.condition(loop.node.test)]
        with p.inside(skipped):
            otherwise = [p.constant(False)]
        return p.build.if_(first, taken.finish((), results), skipped.finish((), otherwise))[0]

    def _append(self, test: Block | None) -> None:
        p, leaves = self.p, self.head.leaves
        p.at(self.loop.node)
        initials = [convert_to(p, leaf.initial, leaf.param.type) for leaf in leaves]
        self.body.where = p.build.where
        with p.inside(self.body):
            results = [convert_to(p, leaf.end or leaf.param, leaf.param.type) for leaf in leaves]
        params = [leaf.param for leaf in leaves]
        hints = [param.hint for param in params]
        if test is not None:
            values = p.build.while_(initials, test, self.body.finish(params, results), hints)
        else:
            assert self.loop.trips is not None and self.index is not None
            block = self.body.finish([self.index, *params], results)
            values = p.build.for_(*self.loop.trips.bounds, initials, block, hints)
        self._after(values)

    def _after(self, values: tuple[Value, ...]) -> None:
        p, loop = self.p, self.loop
        stop = now()
        outputs = self.head.outputs(values)
        for name, at_head in self.heads.items():
            if isinstance(at_head, ListObject) and isinstance(at_head.initial, Rows):
                content = p.memory.content(self.initial(name))
                p.frame.names[name] = ListObject(self._rows_after((name,), content, at_head.initial, outputs))
            else:
                p.frame.names[name] = self.head.result(at_head, outputs)
        for cell, at_head in self.cells.items():
            p.memory.replace(cell, self._after_cell(cell, at_head, outputs))
        for cell, stale in loop.stale.items():
            p.memory.replace(cell, stale)
        for name in loop.assigned:
            if name in self.heads or (name in self.before and self.ends.get(name) is self.before[name]):
                continue
            p.frame.names.pop(name, None)
            if p.frame.live.is_live_after(loop.node, name):
                p.frame.names[name] = self._zero_trips(name)
        p.memory.bury(self.start, stop)

    def _zero_trips(self, name: str) -> Marker:
        message = f"{name!r} has no value if the loop on line {self.loop.node.lineno} runs zero times"
        return Marker(LocatedUnboundLocalError, message, f"assign {name!r} before the loop")

    def _after_cell(self, cell: Any, at_head: Any, outputs: dict[Leaf, Abstract]) -> Any:
        if isinstance(at_head, Rows):
            return self._rows_after(cell, self.p.memory.content(cell), at_head, outputs)
        if isinstance(at_head, tuple):
            return tuple(self.head.result(item, outputs) for item in at_head)
        if isinstance(at_head, dict):
            return {name: self.head.result(item, outputs) for name, item in at_head.items()}
        return self.head.result(at_head, outputs)

    def _rows_after(self, key: Any, before: Any, at_head: Rows, outputs: dict[Leaf, Abstract]) -> Rows:
        columns = [self.head.result(column, outputs) for column in at_head.columns]
        found = self.loop.shape.growing.get(key)
        if found is None:
            return replace(before, columns=tuple(columns))
        count = None if found.exact else self.head.result(self.p.build.size(at_head.count), outputs)
        return grown_after(self.p, found, at_head, columns, count, self.loop.trips)
