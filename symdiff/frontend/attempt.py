"""One attempt at the body of a loop, under what is assumed of the values it carries."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from symdiff.frontend.abstract import Abstract, ListObject, Marker, now
from symdiff.frontend.carried_leaves import Leaf
from symdiff.frontend.extents import in_room
from symdiff.frontend.joined_types import convert_to
from symdiff.frontend.reserving import count_in_trip, grown_after
from symdiff.frontend.rooms import settle_unbounded
from symdiff.frontend.rows import Rows
from symdiff.frontend.trip_end import TripEnd
from symdiff.ir.graph import CHECKPOINT, NO_ATTRS, Block, Value

__all__ = ["Attempt"]


class Attempt(TripEnd):
    """The body of a loop, parsed once under the assumptions of the loop."""

    def run(self) -> None:
        """Parse the body and append the node; raises `Restart` if an assumption does not hold."""
        p = self.p
        if self.index is not None:
            assert self.loop.trips is not None
            known = self.loop.trips.known(p)
            p.bounds_of[self.index] = self.loop.trips.bounds
            if known is not None:
                p.indices[self.index] = len(known)
                self.loop.indices.add(self.index)
        with p.inside(self.body):
            self.with_state(self.heads, self.cells, self._trip)
        test = self._test() if self.loop.trips is None else None
        if self.head.unbounded:
            p.at(self.loop.node)
            settle_unbounded(self.head, test)
        self._append(test)

    def _trip(self) -> None:
        for key, found in self.loop.shape.growing.items():
            if found.exact:
                assert self.loop.trips is not None and self.index is not None
                count = count_in_trip(self.p, found, self.loop.trips, self.index)
                cell = self.heads[key[0]] if isinstance(key, tuple) else key
                self.p.memory.replace(cell, replace(self.rows_at_head(key), count=count))
        self.loop.body(self.index)
        self.leave()

    # -- the node ------------------------------------------------------------------------------------------------------

    def _test(self) -> Block:
        """The condition of a ``while``, on values of its own."""
        p, loop = self.p, self.loop
        assert isinstance(loop.node, ast.While)
        block = p.build.inner()
        head, heads, cells = self.enter(block)
        results: list[Value] = []

        def evaluate() -> None:
            results.append(self._guarded())
            layer = p.memory.layers[-1]
            if any(c.serial <= self.start and cells.get(c, loop.stale.get(c)) is not v for c, v in layer.items()):
                p.unsupported(
                    "storing into an array in the condition of a 'while' is not supported", "store in the body"
                )

        with p.inside(block):
            self.with_state(
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
        initials = [in_room(p, convert_to(p, leaf.initial, leaf.param.type), leaf.param.type) for leaf in leaves]
        self.body.where = p.build.where
        with p.inside(self.body):
            results = [convert_to(p, leaf.end or leaf.param, leaf.param.type) for leaf in leaves]
        params = [leaf.param for leaf in leaves]
        hints = [param.hint for param in params]
        attrs = {CHECKPOINT: True} if self.loop.most is not None and self.loop.most.segmented else NO_ATTRS
        if test is not None:
            values = p.build.while_(initials, test, self.body.finish(params, results), hints, attrs=attrs)
        else:
            assert self.loop.trips is not None and self.index is not None
            block = self.body.finish([self.index, *params], results)
            values = p.build.for_(*self.loop.trips.bounds, initials, block, hints, attrs=attrs)
        self._after(values)

    def _after(self, values: tuple[Value, ...]) -> None:
        p, loop = self.p, self.loop
        stop = now()
        outputs = self.head.outputs(values)
        for name, at_head in self.heads.items():
            rows = isinstance(at_head, ListObject) and isinstance(at_head.initial, Rows)
            if rows and (name,) not in loop.shape.lists:
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
                p.frame.names[name] = self.zero_trips(name)
        p.memory.bury(self.start, stop)

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
