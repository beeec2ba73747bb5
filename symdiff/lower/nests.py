"""A group of array operations becomes one loop nest, or straight code where the arrays are small and of known shape.

The innermost loop is a vector loop over the last axis. A reduction that includes the last axis is made in the lanes of
that loop, row by row; rows are added in order, axis by axis. A reduction over other axes adds rows into a buffer, in
order. A short last axis of known length is unrolled, and lanes are combined in the same tree, so the bits are the same.
What is fused with a reduction has no influence on its order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from symdiff.ir.graph import Node, Value
from symdiff.lower.emit import Loop, index_const
from symdiff.lower.mapped import emit_mapped
from symdiff.lower.reductions import Reducer
from symdiff.lower.scalar_nodes import apply_row
from symdiff.lower.schedule import REDUCTIONS, Group
from symdiff.lower.state import INDEX_NAMES, State, Stored, positions
from symdiff.lower.subscript import Subscript, subscript
from symdiff.lower.usage import CHEAP, SMALL_ARRAY
from symdiff_codegen.instructions import lane_tree
from symdiff_codegen.kernel import Buffer, Carried, Const, Local, Operand, Reduction

__all__ = ["emit_group"]

# A last axis of at most this known length is unrolled, and the loop over the axis before it is the vector loop.
SHORT_AXIS = 4
# Operations of this total cost (in additions) are worth a vector loop of their own.
COSTLY = 10.0
# Virtual operations whose elements are the same at any index, or are found at the same one.
FREE = CHEAP | {"full", "broadcast_to"}


def emit_group(state: State, group: Group, stored: set[Value]) -> None:
    """Emit all members of a group; ``stored`` are the values that others read."""
    _Nest(state, group, stored).emit()


@dataclass(eq=False)
class _Member:
    """A member and what was made ready for it before the loops."""

    node: Node
    place: Subscript | None = None
    reducer: Reducer | None = None


class _Nest:
    def __init__(self, state: State, group: Group, stored: set[Value]) -> None:
        self.state, self.group, self.k = state, group, state.k
        self.dims = [state.dim(d) for d in group.space]
        self.stored = stored
        self.flat = False
        self.outputs: dict[Value, Buffer] = {}
        self.members: list[_Member] = []

    # -- the whole -----------------------------------------------------------------------------------------------------

    def emit(self) -> None:
        last = self.dims[-1]
        # a short row is unrolled, and the loop over the axis before it is the innermost
        is_short = len(self.dims) > 1 and isinstance(last, Const) and last.value <= SHORT_AXIS
        self.short = int(last.value) if is_short and isinstance(last, Const) else 0
        self.deepest = len(self.dims) - (2 if self.short else 1)
        size = math.prod(int(d.value) for d in self.dims if isinstance(d, Const))
        unrolled = all(isinstance(d, Const) for d in self.dims) and size <= SMALL_ARRAY
        self.members = [self._prepared(node, unrolled) for node in self.group.members]
        if unrolled:
            self._straight()
        elif self._is_flat():
            self._flatten()
        elif later := self._reduced_later():
            self._split(later)
        else:
            self._allocate()
            self.state.nest_depth = len(self.k.scopes) - 1
            self._nest()
            self.state.nest_depth = None
        self.state.inner.clear()

    def _reduced_later(self) -> list[_Member]:
        """Reductions that would keep costly operations out of a vector loop: they get a nest of their own."""
        crossing = [m for m in self.members if m.reducer is not None and m.reducer.crosses(self.deepest)]
        cost = sum(getattr(m.node.op, "cost", 1.0) for m in self.members if m.reducer is None)
        return crossing if self.short and cost >= COSTLY else []

    def _split(self, later: list[_Member]) -> None:
        state, group = self.state, self.group
        read = {leaf for m in later for leaf, _ in state.usage.leaves(m.node.inputs[0]) if leaf in group.values}
        for members in ([m for m in self.members if m not in later], later):
            part = _Nest(state, group, self.stored | read)
            part.short, part.deepest, part.members = self.short, self.deepest, members
            part._allocate()
            part._nest()
            state.inner.clear()

    def _prepared(self, node: Node, unrolled: bool) -> _Member:
        state = self.state
        state.k.where = node.where
        for value in node.inputs:
            self._install(value)
            if not unrolled:
                state.ready(value)
        if node.op.name == "index":
            if unrolled:
                state.ready(node.inputs[0])
            return _Member(node, place=subscript(state, node.inputs[0], node, 1))
        if node.op.name in REDUCTIONS:
            return _Member(node, reducer=Reducer(state, node, self.dims))
        return _Member(node)

    def _install(self, value: Value) -> None:
        """Conversions and signs of what the group itself computes are read before their own turn comes."""
        chain = []
        while value.type.is_array and value not in self.state.reps and value not in self.group.values:
            node = self.state.usage.definition[value]
            chain.append(node)
            value = node.inputs[0]
        for node in reversed(chain):
            emit_mapped(self.state, node)

    def _allocate(self) -> None:
        for member in self.members:
            value = member.node.output
            if member.reducer is not None:
                member.reducer.begin(self.deepest)
            elif value in self.stored:
                self.outputs[value] = self.state.new_buffer(value, self.dims)
        for value, buffer in self.outputs.items():
            self.state.set(value, Stored(buffer))

    # -- one element ---------------------------------------------------------------------------------------------------

    def _element(self, member: _Member, indices: Sequence[Operand]) -> Operand:
        """The element of a member (of a reduction: of its operand) at an index of the nest."""
        state, node = self.state, member.node
        state.k.where = node.where
        if member.reducer is not None:
            return member.reducer.operand(state.read_broadcast(node.inputs[0], indices))
        if member.place is not None:
            return state.read(node.inputs[0], member.place.locate(indices))
        if node.op.name == "diag":
            element = state.read(node.inputs[0], [indices[0]])
            return self.k.select(self.k.eq(indices[0], indices[1]), element, 0)
        # a flat loop has one index for all axes, and no operand that broadcasts
        read = state.read if self.flat else state.read_broadcast
        return apply_row(state, node, [read(v, indices) for v in node.inputs])

    def _elements(self, indices: Sequence[Operand]) -> dict[Value, Operand]:
        """Compute all members at an index, and store what is read outside."""
        self.state.inner.clear()
        found: dict[Value, Operand] = {}
        for member in self.members:
            value = member.node.output
            element = found[value] = self._element(member, indices)
            if member.reducer is None:
                self.state.inner[value] = element
                if value in self.outputs:
                    self.k.store(self.outputs[value], indices, element)
        return found

    # -- straight code -------------------------------------------------------------------------------------------------

    def _straight(self) -> None:
        state = self.state
        shape = [int(d.value) for d in self.dims if isinstance(d, Const)]
        found = [self._elements([index_const(i) for i in index]) for index in positions(shape)]
        state.inner.clear()
        for member in self.members:
            value = member.node.output
            items = tuple(elements[value] for elements in found)
            if member.reducer is not None:
                member.reducer.straight(items, shape)
            elif value in self.stored:
                state.keep(value, items, shape)

    # -- one flat loop -------------------------------------------------------------------------------------------------

    def _is_flat(self) -> bool:
        """Whether all arrays are contiguous and of one shape, so that one loop serves all axes."""
        if len(self.dims) < 2 or any(m.reducer or m.place or m.node.op.name == "diag" for m in self.members):
            return False
        return all(self._aligned(v)[0] for member in self.members for v in member.node.inputs)

    def _aligned(self, value: Value) -> tuple[bool, Buffer | None]:
        """Whether a value is read at the index of the nest itself, so that any index serves; and from which buffer."""
        state = self.state
        while value.type.is_array and value not in self.group.values:
            if not state.sizes.same(value.type.shape, self.group.space):
                return False, None
            if isinstance(rep := state.reps.get(value), Stored):
                return True, rep.buffer
            node = state.usage.definition.get(value)
            if node is None or node.op.name not in FREE:
                return False, None
            value = node.inputs[0]
            if node.op.name == "broadcast_to" and value.type.is_array:
                return False, None
        return True, None

    def _flatten(self) -> None:
        k, state = self.k, self.state
        self.flat = True
        total: Operand = index_const(1)
        for dim in self.dims:
            total = k.mul(total, dim)
        for member in self.members:
            for value in member.node.inputs:
                _, buffer = self._aligned(value)
                if buffer is not None and buffer not in state.flat:
                    state.flat[buffer] = k.view(buffer.name, buffer, (total,))
        self._allocate()
        whole = dict(self.outputs)
        self.outputs = {value: k.view(buffer.name, buffer, (total,)) for value, buffer in whole.items()}
        with k.loop("i", index_const(0), total, vector=True) as loop:
            self._elements([loop.index])
        state.flat.clear()

    # -- a nest --------------------------------------------------------------------------------------------------------

    def _nest(self) -> None:
        totals = self._loop(0, [])
        for reducer, total in totals.items():
            reducer.finish(total, [])
        for reducer in self._reducers():
            reducer.end()

    def _reducers(self) -> list[Reducer]:
        return [m.reducer for m in self.members if m.reducer is not None]

    def _loop(self, axis: int, outer: list[Operand]) -> dict[Reducer, Operand]:
        """Emit the loop over an axis and those inside it; return the totals of what is reduced from here on."""
        vector = axis == self.deepest and not any(r.crosses(axis) for r in self._reducers())
        stop = self.dims[axis]
        with self.k.loop(INDEX_NAMES[axis % 8], index_const(0), stop, vector=vector) as loop:
            indices = [*outer, loop.index]
            partial = self._deepest(indices) if axis == self.deepest else self._loop(axis + 1, indices)
            return self._after(axis, indices, partial, loop, vector)

    def _after(
        self, axis: int, indices: list[Operand], partial: dict[Reducer, Operand], loop: Loop, vector: bool
    ) -> dict[Reducer, Operand]:
        """At the end of a trip: totals that are complete are stored, the others carried to the next trip."""
        totals: dict[Reducer, Operand] = {}
        for reducer, value in partial.items():
            if reducer.first > axis:
                reducer.finish(value, indices)
            elif vector:
                out = Local(value.type, reducer.name)
                loop.reductions.append(Reduction(reducer.op, value, out))
                totals[reducer] = out
            else:
                totals[reducer] = self._carried(reducer, value, self.dims[axis], loop)
        return totals

    def _carried(self, reducer: Reducer, value: Operand, trips: Operand, loop: Loop) -> Operand:
        k = self.k
        param, out = (k.define(Local(value.type, reducer.name)) for _ in range(2))
        loop.carried.append(Carried(param, reducer.carried_start(trips), reducer.combine(param, value), out))
        return out

    def _deepest(self, indices: list[Operand]) -> dict[Reducer, Operand]:
        """The body: one element, or a short row of them."""
        if not self.short:
            return self._reduced(self._elements(indices), indices)
        rows: dict[Reducer, list[Operand]] = {}
        for position in range(self.short):
            here = [*indices, index_const(position)]
            for reducer, value in self._reduced(self._elements(here), here).items():
                rows.setdefault(reducer, []).append(value)
        return {reducer: lane_tree(row, reducer.combine) for reducer, row in rows.items()}

    def _reduced(self, found: dict[Value, Operand], indices: list[Operand]) -> dict[Reducer, Operand]:
        """The operands of the reductions that include the last axis; the others are added to their buffers."""
        rows: dict[Reducer, Operand] = {}
        for member in self.members:
            if member.reducer is None:
                continue
            value = found[member.node.output]
            if member.reducer.first == len(self.dims):
                member.reducer.finish(value, indices)
            else:
                rows[member.reducer] = value
        return rows

