"""Subscripts: which element of an array an index of its part is, with Python's negative indices and NumPy's axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.ir.graph import Node, Value
from symdiff.lower.emit import index_const
from symdiff.lower.scalars import Scalars
from symdiff.lower.state import Indices, State
from symdiff.ops.indexing import split_operands
from symdiff_codegen.kernel import Const, Operand

__all__ = ["Subscript", "element_index", "subscript"]

OUT_OF_BOUNDS = "index {{0}} is out of bounds for axis {axis} with size {{1}}"

Finder = Callable[[Indices], Operand]


@dataclass(frozen=True)
class Subscript:
    """A subscript made ready.

    Attributes
    ----------
    finders : list of callable
        For each axis of the array, its index as a function of the index of the part.
    dims : list of Operand
        The shape of the part.
    arrays : bool
        Whether there are arrays of integers, which may name an element twice.
    """

    finders: list[Finder]
    dims: list[Operand]
    arrays: bool

    def locate(self, indices: Indices) -> list[Operand]:
        """The index in the array of an index of the part."""
        return [find(indices) for find in self.finders]


def element_index(state: State, index: Operand, size: Operand, axis: int) -> Operand:
    """An integer subscript of an axis as an index from 0, checked to be inside."""
    k = state.k
    index = k.i64(index)
    wrapped = _from_start(k, index, lambda: k.add(size, index), lambda: index)
    if state.options.boundscheck:
        inside = k.and_(k.ge(wrapped, 0), k.lt(wrapped, size))
        k.check(inside, "IndexError", OUT_OF_BOUNDS.format(axis=axis), (index, size))
    return wrapped


def subscript(state: State, x: Value, node: Node, first: int) -> Subscript:
    """The subscript of a node that reads or stores, whose operands begin at ``first``."""
    entries = split_operands(node.attrs["index"], node.inputs[first:])
    return _Maker(state, x, entries).make()


class _Maker:
    """Goes over the entries of a subscript; ``place`` is the next axis of the part."""

    def __init__(self, state: State, x: Value, entries: Sequence[tuple[Any, ...]]) -> None:
        self.state, self.entries = state, entries
        self.sizes = state.dims(x.type)
        self.finders: list[Finder] = []
        self.dims: list[Operand] = []
        self.joined: list[Operand] | None = None
        self.joined_at = 0

    def make(self) -> Subscript:
        arrays = [n for n, entry in enumerate(self.entries) if entry[0] == "array"]
        advanced = [n for n, entry in enumerate(self.entries) if entry[0] in ("int", "array")] if arrays else []
        adjacent = not advanced or advanced == list(range(advanced[0], advanced[-1] + 1))
        if arrays and not adjacent:
            self._join()
        axis = 0
        for entry in self.entries:
            if arrays and entry[0] in ("int", "array") and self.joined is None:
                self._join()
            self._entry(entry, axis)
            axis += entry[0] != "new"
        return Subscript(self.finders, self.dims, bool(arrays))

    def _join(self) -> None:
        """The axes of all index arrays, broadcast together, stand here."""
        shapes = [entry[1].type.shape for entry in self.entries if entry[0] == "array"]
        rank = max(len(shape) for shape in shapes)
        self.joined_at = len(self.dims)
        self.joined = []
        for axis in range(-rank, 0):
            dims = [shape[axis] for shape in shapes if len(shape) >= -axis]
            self.joined.append(self.state.dim(next((d for d in dims if d != 1), 1)))
        self.dims.extend(self.joined)

    def _entry(self, entry: tuple[Any, ...], axis: int) -> None:
        match entry:
            case ("new",):
                self.dims.append(index_const(1))
            case ("int", operand):
                place = element_index(self.state, self.state.integer(operand), self.sizes[axis], axis)
                self.finders.append(lambda indices: place)
            case ("slice", a, b, s):
                self._slice(axis, a, b, s)
            case ("array", operand):
                self._array(operand, axis)

    def _slice(self, axis: int, a: Any, b: Any, s: Any) -> None:
        start, step, length = _slice_parts(self.state, self.sizes[axis], a, b, s)
        place, k = len(self.dims), self.state.k
        self.dims.append(length)
        self.finders.append(lambda indices: k.add(k.mul(indices[place], step), start))

    def _array(self, operand: Value, axis: int) -> None:
        first, count = self.joined_at, len(self.joined or ())
        state, size = self.state, self.sizes[axis]

        def find(indices: Indices) -> Operand:
            index = state.read_broadcast(operand, indices[first : first + count])
            return element_index(state, index, size, axis)

        self.finders.append(find)


def _slice_parts(state: State, size: Operand, a: Any, b: Any, s: Any) -> tuple[Operand, Operand, Operand]:
    """Start, step and length of ``range(size)[a:b:s]``; the start is only right where the length is not 0."""
    k = state.k
    step = index_const(1) if s is None else state.integer(s)
    first, last = (None if part is None else state.integer(part) for part in (a, b))
    if isinstance(step, Const):
        start, length = (_rising if step.value > 0 else _falling)(k, size, first, last, step)
        return start, step, length
    up, down = (make(k, size, first, last, step) for make in (_rising, _falling))
    rises = k.gt(step, 0)
    return k.select(rises, up[0], down[0]), step, k.select(rises, up[1], down[1])


def _rising(k: Scalars, size: Operand, a: Operand | None, b: Operand | None, step: Operand) -> tuple[Operand, Operand]:
    start = index_const(0) if a is None else _from_start(k, a, lambda: k.max(k.add(size, a), 0), lambda: a)
    stop = size if b is None else _from_start(k, b, lambda: k.add(size, b), lambda: k.min(b, size))
    length = k.max(k.sub(stop, start), 0)
    return start, k.floordiv(k.add(length, k.sub(step, 1)), step)


def _falling(k: Scalars, size: Operand, a: Operand | None, b: Operand | None, step: Operand) -> tuple[Operand, Operand]:
    last = k.sub(size, 1)
    start = last if a is None else _from_start(k, a, lambda: k.add(size, a), lambda: k.min(a, last))
    stop = index_const(-1) if b is None else _from_start(k, b, lambda: k.max(k.add(size, b), -1), lambda: b)
    length = k.max(k.sub(start, stop), 0)
    return start, k.floordiv(k.sub(k.sub(length, step), 1), k.neg(step))


def _from_start(k: Scalars, part: Operand, below: Callable[[], Operand], above: Callable[[], Operand]) -> Operand:
    """One of two forms by the sign of an index or a part of a slice."""
    is_negative = k.lt(part, 0)
    if isinstance(is_negative, Const):
        return below() if is_negative.value else above()
    return k.select(is_negative, below(), above())
