"""One reduction of a nest: where its totals go, and from where it starts."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.ir.graph import Node
from symdiff.lower.emit import index_const
from symdiff.lower.state import State, Stored, positions
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.instructions import REDUCTIONS, lane_tree
from symdiff_codegen.kernel import Buffer, Const, Operand

__all__ = ["Reducer"]

NO_IDENTITY = "zero-size array to reduction operation {} which has no identity"
NUMPY_NAMES = {"max": "maximum", "min": "minimum"}


class Reducer:
    """A reduction over some axes of a space.

    Attributes
    ----------
    first : int
        The first of the last axes that are all reduced: they are reduced to a scalar inside the nest. It is the rank
        where the last axis is kept.
    others : tuple of int
        Reduced axes before a kept one: along them totals are added into a buffer.
    """

    def __init__(self, state: State, node: Node, dims: Sequence[Operand]) -> None:
        self.state, self.node, self.dims, self.k = state, node, list(dims), state.k
        self.op = node.op.name
        self.axes = tuple(node.attrs["axis"])
        self.name = node.output.hint or self.op
        self.type = KERNEL_TYPE[node.output.type.dtype]
        self.row = REDUCTIONS[self.op]
        self.first = len(dims)
        while self.first and self.first - 1 in self.axes:
            self.first -= 1
        self.others = tuple(axis for axis in self.axes if axis < self.first)
        self.buffer: Buffer | None = None
        self.starts: dict[Operand, Operand] = {}
        self._require_elements()

    def _require_elements(self) -> None:
        if self.op not in NUMPY_NAMES:
            return
        for axis in self.axes:
            message = NO_IDENTITY.format(NUMPY_NAMES[self.op])
            self.k.check(self.k.gt(self.dims[axis], 0), "ValueError", message)

    # -- values --------------------------------------------------------------------------------------------------------

    def operand(self, element: Operand) -> Operand:
        """An element as it is reduced."""
        return self.k.convert(element, self.type)

    def combine(self, a: Operand, b: Operand) -> Operand:
        return self.k.let(self.row.combine, a, b, name=self.name)

    def _start(self, trips: Operand) -> Operand:
        """What adding up begins with: -0.0 changes nothing, but a sum of nothing is 0.0."""
        start, empty = (Const(v, self.type) for v in (self.row.start(self.type), self.row.empty_value(self.type)))
        return start if start == empty else self.k.select(self.k.eq(trips, 0), empty, start)

    def carried_start(self, trips: Operand) -> Operand:
        """The start of a total carried by a loop that is being written, made before that loop."""
        return self.starts[trips]

    def crosses(self, axis: int) -> bool:
        """Whether the loop over an axis, unrolled inside, must carry something from trip to trip."""
        is_last = axis == len(self.dims) - 1
        return not is_last and axis in self.axes

    # -- storage -------------------------------------------------------------------------------------------------------

    def begin(self, deepest: int) -> None:
        """Before the loops, of which that over the axis ``deepest`` is the innermost: make room for the totals."""
        k, value = self.k, self.node.output
        carrying = [a for a in range(self.first, len(self.dims)) if a < deepest or self.crosses(a)]
        self.starts = {self.dims[a]: self._start(self.dims[a]) for a in carrying}
        if not value.type.is_array:
            return
        dims = self._result_dims()
        if not self.others:
            self.buffer = self.state.new_buffer(value, dims)
            return
        trips: Operand = index_const(1)
        for axis in self.others:
            trips = k.mul(trips, self.dims[axis])
        start = self._start(trips)
        self.buffer = self.state.new_buffer(value, dims)
        k.fill(self.buffer, start)

    def _result_dims(self) -> list[Operand]:
        if self.node.attrs["keepdims"]:
            return [index_const(1) if a in self.axes else d for a, d in enumerate(self.dims)]
        return [d for a, d in enumerate(self.dims) if a not in self.axes]

    def _result_index(self, indices: Sequence[Operand]) -> list[Operand]:
        place = []
        for axis in range(len(self.dims)):
            if axis not in self.axes:
                place.append(indices[axis])
            elif self.node.attrs["keepdims"]:
                place.append(index_const(0))
        return place

    def finish(self, total: Operand, indices: Sequence[Operand]) -> None:
        """A total is complete at an index of the axes before `first`."""
        k = self.k
        if self.buffer is None:
            self.state.set(self.node.output, total)
            return
        place = self._result_index(indices)
        if not self.others:
            k.store(self.buffer, place, total)
        elif self.op == "sum":
            k.accumulate(self.buffer, place, total)
        else:
            k.store(self.buffer, place, self.combine(k.load(self.buffer, place), total))

    def end(self) -> None:
        """After the loops."""
        if self.buffer is not None:
            self.state.set(self.node.output, Stored(self.buffer))

    # -- straight code -------------------------------------------------------------------------------------------------

    def straight(self, items: Sequence[Operand], shape: Sequence[int]) -> None:
        """Reduce the elements of a small array, in the order of the loops."""
        value = self.node.output
        groups: dict[tuple[int, ...], Operand] = {}
        for outer in positions(shape[: self.first]):
            inner = self._block(items, shape, outer)
            kept = tuple(i for a, i in enumerate(outer) if a not in self.axes)
            groups[kept] = self.combine(groups[kept], inner) if kept in groups else inner
        kept_shape = [n for a, n in enumerate(shape) if a not in self.axes]
        empty = Const(self.row.empty_value(self.type), self.type)
        results = tuple(groups.get(kept, empty) for kept in positions(kept_shape))
        if not value.type.is_array:
            self.state.set(value, results[0])
            return
        if self.node.attrs["keepdims"]:
            kept_shape = [1 if a in self.axes else n for a, n in enumerate(shape)]
        self.state.keep(value, results, kept_shape)

    def _block(self, items: Sequence[Operand], shape: Sequence[int], outer: tuple[int, ...]) -> Operand:
        """The total over all axes from `first` on."""
        if len(outer) == len(shape):
            place = 0
            for index, size in zip(outer, shape, strict=True):
                place = place * size + index
            return items[place]
        parts = [self._block(items, shape, (*outer, i)) for i in range(shape[len(outer)])]
        if not parts:
            return Const(self.row.empty_value(self.type), self.type)
        if len(outer) == len(shape) - 1:
            return lane_tree(parts, self.combine)
        total = parts[0]
        for part in parts[1:]:
            total = self.combine(total, part)
        return total
