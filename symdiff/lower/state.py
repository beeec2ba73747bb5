"""What the lowering of one function knows: the emitter, where every value of the graph is, and who owns which buffer.

A value of the graph is one of

- an operand of the kernel, for a scalar;
- `Stored`: all elements in a buffer;
- `Elements`: one operand an element, for small arrays of known shape;
- `Mapped`: elements are found by a function of the index (transposes, slices, fills, conversions);
- a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

from symdiff.config import Options
from symdiff.errors import InternalError
from symdiff.ir.graph import Block, Dim, Function, Type, Value
from symdiff.lower.emit import index_const
from symdiff.lower.scalars import Scalars
from symdiff.lower.schedule import Sizes
from symdiff.lower.usage import Usage, is_virtual, static_shape
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.kernel import Buffer, Const, Local, Operand, Stack

__all__ = ["Elements", "Mapped", "Rep", "State", "Stored", "positions"]

INDEX_NAMES = "ijklmnop"

Indices = Sequence[Operand]


@dataclass(frozen=True, eq=False)
class Stored:
    """Elements in a buffer."""

    buffer: Buffer


@dataclass(frozen=True, eq=False)
class Elements:
    """Elements in row-major order, each a scalar."""

    items: tuple[Operand, ...]


@dataclass(frozen=True, eq=False)
class Mapped:
    """Elements by a function of the index; ``fill`` is the value of all of them, where they are equal."""

    read: Callable[[Indices], Operand]
    fill: Operand | None = None


Rep = Local | Const | Stored | Elements | Mapped | Stack


def positions(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every index of a shape, in row-major order."""
    return product(*(range(n) for n in shape))


class State:
    """See the module.

    Attributes
    ----------
    owned : set of Buffer
        Buffers made here, each of which holds one value that may be overwritten when it is dead.
    sizes, checked : Sizes
        Which sizes are equal: by all checks of the block that is planned, and by those already emitted.
    bound : set of Operand
        Sizes bound by parameters, which are never 1.
    inner : dict
        While a nest is emitted: the elements its members have at the current index.
    flat : dict
        While a flat loop is emitted: the one-dimensional views of the buffers it reads.
    nest_depth : int or None
        While a nest is emitted, which writes only to buffers of its own: the depth of the scope around it.
    parts : dict
        Outputs of functions of matrices that were computed beside the one that was asked for, by function and inputs.
    slots : dict
        The result slot whose array a value ends up in.
    targets : dict
        Buffers already there for values that are still to be computed.
    """

    def __init__(self, function: Function, options: Options) -> None:
        self.function = function
        self.options = options
        self.k = Scalars(checks=not options.fastmath)
        self.usage = Usage(function)
        self.sizes = Sizes()
        self.checked = Sizes()
        self.catching: list[Any] = []  # the clauses of the attempts around
        self.bound: set[Operand] = set()
        self.nest_depth: int | None = None
        self.targets: dict[Value, Buffer] = {}
        self.generators: dict[Value, int] = {}
        self.reps: dict[Value, Rep] = {}
        self.owned: set[Buffer] = set()
        self.inner: dict[Value, Operand] = {}
        self.flat: dict[Buffer, Buffer] = {}
        self.slots: dict[Value, int] = {}
        self.filled: dict[int, Buffer] = {}
        self.block: Block = function.block
        self.spilled: dict[Value, Buffer] = {}
        self.parts: dict[tuple[str | Value, ...], dict[int, Buffer]] = {}
        self._undo: list[list[tuple[Value, Rep | None]]] = []

    @property
    def fma(self) -> bool:
        """Whether products and sums are fused."""
        return not self.options.strict

    # -- representations -----------------------------------------------------------------------------------------------

    def set(self, value: Value, rep: Rep) -> None:
        """Say where a value is, for the rest of the block."""
        if self._undo:
            self._undo[-1].append((value, self.reps.get(value)))
        self.reps[value] = rep

    def get(self, value: Value) -> Rep:
        rep = self.reps.get(value)
        if rep is None:
            raise InternalError(f"{value!r} is read before it is computed")
        return rep

    @contextmanager
    def inside(self, block: Block) -> Iterator[None]:
        """Values set within this context are forgotten after it, and so are sizes found equal."""
        before, self.block = self.block, block
        sizes, self.sizes = self.sizes, Sizes(self.sizes)
        checked, self.checked = self.checked, Sizes(self.checked)
        spilled, self.spilled = self.spilled, dict(self.spilled)
        parts, self.parts = self.parts, dict(self.parts)
        self._undo.append([])
        yield
        for value, rep in reversed(self._undo.pop()):
            if rep is None:
                del self.reps[value]
            else:
                self.reps[value] = rep
        self.block, self.sizes, self.checked, self.spilled, self.parts = before, sizes, checked, spilled, parts

    def scalar(self, value: Value) -> Operand:
        """A scalar value as an operand."""
        rep = self.get(value)
        if not isinstance(rep, (Local, Const)):
            raise InternalError(f"{value!r} is not a scalar")
        return rep

    def integer(self, value: Value | int) -> Operand:
        """A size, an index or a bound as an i64."""
        return index_const(value) if isinstance(value, int) else self.k.i64(self.scalar(value))

    def dim(self, dim: Dim) -> Operand:
        """A dimension as an operand."""
        operand = self.integer(self.checked.of(dim))
        if isinstance(operand, Local):
            self.k.bounds.size(operand)
        return operand

    def dims(self, type_: Type) -> tuple[Operand, ...]:
        return tuple(self.dim(d) for d in type_.shape)

    # -- elements ------------------------------------------------------------------------------------------------------

    def read(self, value: Value, indices: Indices) -> Operand:
        """The element of an array at an index; a scalar is its own element."""
        if (known := self.inner.get(value)) is not None:
            return known
        rep = self.get(value)
        if isinstance(rep, Stored):
            buffer = self.flat.get(rep.buffer, rep.buffer)
            if self.nest_depth is not None:
                return self.k.load_outside(buffer, indices, value.hint, self.nest_depth)
            return self.k.load(buffer, indices, value.hint)
        if isinstance(rep, Mapped):
            return rep.read(indices)
        if isinstance(rep, Elements):
            place = _flat_position(indices, value.type)
            if place is None and value in self.spilled:
                return self.k.load(self.spilled[value], indices, value.hint)
            if place is None:
                return self._chosen(rep.items, indices, value.type)
            if not 0 <= place < len(rep.items):
                # never run: the check of the index, which comes before, fails
                return Const(0 if (type_ := KERNEL_TYPE[value.type.dtype])[0] == "i" else 0.0, type_)
            return rep.items[place]
        if isinstance(rep, Stack):
            raise InternalError(f"the stack {value!r} is read as an array")
        return rep

    def _chosen(self, items: Sequence[Operand], indices: Indices, type_: Type) -> Operand:
        """The element at a run-time index of an array that is scalars and lies nowhere in memory: it is small."""
        place: Operand = index_const(0)
        for index, size in zip(indices, static_shape(type_) or (), strict=True):
            place = self.k.add(self.k.mul(place, index_const(size)), index)
        found = items[-1]
        for k, item in enumerate(items[:-1]):
            found = self.k.select(self.k.eq(place, index_const(k)), item, found)
        return found

    def read_broadcast(self, value: Value, indices: Indices) -> Operand:
        """The element that takes part at an index of a broadcast result."""
        shape = value.type.shape
        own = indices[len(indices) - len(shape) :]
        return self.read(value, [index_const(0) if d == 1 else i for d, i in zip(shape, own, strict=True)])

    def items(self, value: Value, like: Type | None = None) -> tuple[Operand, ...]:
        """All elements of an array of known shape, one by one.

        ``like`` knows the shape where the value's own type does not: sizes that were required to be equal.
        """
        rep = self.get(value)
        if isinstance(rep, Elements):
            return rep.items
        shape = static_shape(value.type) or (static_shape(like) if like is not None else None)
        if shape is None:
            raise InternalError(f"{value!r} has no known shape")
        return tuple(self.read(value, [index_const(i) for i in index]) for index in positions(shape))

    # -- buffers -------------------------------------------------------------------------------------------------------

    def new_buffer(self, value: Value, dims: Sequence[Operand] | None = None, *, zeroed: bool = False) -> Buffer:
        """A buffer for a value: its target, or the caller's array where the value ends up there, or workspace."""
        type_ = KERNEL_TYPE[value.type.dtype]
        target = self.targets.pop(value, None)
        if target is not None:
            if zeroed:
                self.k.fill(target, Const(0 if type_[0] == "i" else 0.0, type_))
            return target
        buffer = Buffer(value.hint or "a", type_, tuple(self.dims(value.type) if dims is None else dims))
        slot = self.slots.get(value)
        if slot is not None and slot not in self.filled and len(self.k.scopes) == 1:
            self.k.output(buffer, slot, zeroed=zeroed)
            self.filled[slot] = buffer
        else:
            self.k.alloc(buffer, zeroed=zeroed)
        self.owned.add(buffer)
        return buffer

    def buffer(self, value: Value) -> Buffer:
        """The elements of an array in a buffer, put there if need be."""
        rep = self.get(value)
        if isinstance(rep, Stored):
            return rep.buffer
        if isinstance(rep, Elements):
            # its scalars stay: they are read without memory
            if value not in self.spilled:
                self.spilled[value] = self.fresh_copy(value, value)
            return self.spilled[value]
        buffer = self.fresh_copy(value, value)
        self.set(value, Stored(buffer))
        return buffer

    def fresh_copy(self, value: Value, owner: Value) -> Buffer:
        """A buffer of its own for the elements of a value; ``owner`` says whose buffer it will be."""
        rep = self.get(value)
        fill = rep.fill if isinstance(rep, Mapped) else None
        zeroed = isinstance(fill, Const) and repr(fill.value) in ("0", "0.0", "False")
        buffer = self.new_buffer(owner, zeroed=zeroed)
        if not zeroed:
            self.write(buffer, value)
        return buffer

    def write(self, target: Buffer, value: Value) -> None:
        """Write all elements of a value into a buffer of its shape."""
        rep = self.get(value)
        if isinstance(rep, Stored):
            if rep.buffer is not target:
                self.k.copy(target, rep.buffer)
        elif isinstance(rep, Elements):
            shape = static_shape(value.type) or ()
            for index, item in zip(positions(shape), rep.items, strict=True):
                self.k.store(target, [index_const(i) for i in index], item)
        elif isinstance(rep, Mapped) and rep.fill is not None:
            self.k.fill(target, rep.fill)
        else:
            self.ready(value)
            self.each(target.dims, lambda indices: self.k.store(target, indices, self.read(value, indices)))

    def keep(self, value: Value, items: Sequence[Operand], shape: Sequence[int]) -> None:
        """An array has these elements; a small one is just them, another goes to a buffer.

        The type may call a size by name that is known here, since it was checked to equal a known one.
        """
        if self.usage.is_small(value):
            self.set(value, Elements(tuple(items)))
            return
        buffer = self.new_buffer(value, [index_const(n) for n in shape])
        for index, item in zip(positions(shape), items, strict=True):
            self.k.store(buffer, [index_const(i) for i in index], item)
        self.set(value, Stored(buffer))

    def ready(self, value: Value) -> None:
        """Make a value readable at run-time indices: small arrays it is mapped from go to buffers."""
        while not isinstance(self.reps.get(value), Elements):
            node = self.usage.definition.get(value)
            if node is None or not node.inputs or not is_virtual(node):
                return
            value = node.inputs[0]
        self.buffer(value)

    def each(self, dims: Sequence[Operand], body: Callable[[list[Operand]], None], *, vector: bool = True) -> None:
        """A loop nest over dims; the innermost loop is a vector loop if its trips are independent."""
        self._each(tuple(dims), body, [], vector)

    def _each(
        self, dims: tuple[Operand, ...], body: Callable[[list[Operand]], None], outer: list[Operand], vector: bool
    ) -> None:
        if not dims:
            body(outer)
            return
        if dims[0] == index_const(1):
            self._each(dims[1:], body, [*outer, index_const(0)], vector)
            return
        is_last = all(d == index_const(1) for d in dims[1:])
        with self.k.loop(INDEX_NAMES[len(outer) % 8], index_const(0), dims[0], vector=vector and is_last) as loop:
            self._each(dims[1:], body, [*outer, loop.index], vector)


def _flat_position(indices: Indices, type_: Type) -> int | None:
    """The row-major position of a constant index; None where the index is not constant."""
    place = 0
    for index, size in zip(indices, type_.shape, strict=True):
        if not isinstance(index, Const) or not isinstance(size, int):
            return None
        place = place * size + int(index.value)
    return place
