"""Operations on whole arrays that are no part of a nest: joining, searching, stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symdiff.errors import InternalError
from symdiff.ir.graph import Node, Type, Value
from symdiff.lower.convolution import emit_convolve
from symdiff.lower.draws import DRAWS
from symdiff.lower.emit import index_const
from symdiff.lower.ordering import emit_argsort, emit_searchsorted
from symdiff.lower.state import Elements, Indices, Mapped, State, Stored, positions
from symdiff.lower.usage import static_shape
from symdiff.lower.windows import emit_overlap_add
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.kernel import Buffer, Carried, Fourier, Local, NewStack, Operand, Pop, Push, Stack

__all__ = ["converted", "emit_whole", "typed_buffer"]

def emit_whole(state: State, node: Node) -> None:
    """Emit an operation by name."""
    emit = EMITTERS.get(node.op.name)
    if emit is None:
        raise InternalError(f"operation {node.op.name!r} has no lowering")
    emit(state, node)


# -- joining -----------------------------------------------------------------------------------------------------------


def _pack(state: State, node: Node) -> None:
    k, output = state.k, node.output
    type_ = KERNEL_TYPE[output.type.dtype]
    state.keep(output, [k.convert(state.scalar(v), type_) for v in node.inputs], static_shape(output.type) or ())


def _concatenate(state: State, node: Node) -> None:
    k, output, axis = state.k, node.output, int(node.attrs["axis"])
    type_ = KERNEL_TYPE[output.type.dtype]
    if state.usage.is_small(output):
        state.keep(output, _joined_items(state, node, axis, type_), ())
        return
    for value in node.inputs:
        state.ready(value)
    buffer = state.new_buffer(output)
    start: Operand = index_const(0)
    for value in node.inputs:
        _copy_part(state, value, buffer, axis, start)
        start = k.add(start, state.dim(value.type.shape[axis]))
    state.set(output, Stored(buffer))


def _copy_part(state: State, value: Value, buffer: Buffer, axis: int, start: Operand) -> None:
    k = state.k

    def copy(indices: Indices) -> None:
        place = [k.add(i, start) if a == axis else i for a, i in enumerate(indices)]
        k.store(buffer, place, k.convert(state.read(value, indices), buffer.type))

    state.each(state.dims(value.type), copy)


def _joined_items(state: State, node: Node, axis: int, type_: str) -> list[Operand]:
    shape = static_shape(node.output.type) or ()
    parts = [(v, static_shape(v.type) or ()) for v in node.inputs]
    items = []
    for index in positions(shape):
        place = list(index)
        for value, part in parts:
            if place[axis] < part[axis]:
                element = state.read(value, [index_const(i) for i in place])
                items.append(state.k.convert(element, type_))
                break
            place[axis] -= part[axis]
    return items


def _reshape(state: State, node: Node) -> None:
    """The same elements in the same order: another view of a buffer."""
    (x,), output = node.inputs, node.output
    rep = state.get(x)
    if state.usage.is_small(output) and static_shape(x.type) is not None and not isinstance(rep, Stored):
        state.set(output, Elements(state.items(x)))
    elif isinstance(rep, Mapped) and rep.fill is not None:
        state.set(output, rep)
    else:
        state.set(output, Stored(state.k.view(output.hint or "a", state.buffer(x), state.dims(output.type))))


# -- searching ---------------------------------------------------------------------------------------------------------


def _position(state: State, node: Node) -> None:
    """The first position of the extreme along the last axes; NaN is the extreme."""
    (x,), output, k = node.inputs, node.output, state.k
    axes = tuple(node.attrs["axis"])
    dims = state.dims(x.type)
    state.ready(x)
    name = node.op.name
    for axis in axes:
        k.check(k.gt(dims[axis], 0), "ValueError", f"attempt to get {name} of an empty sequence")
    kept = [axis for axis in range(len(dims)) if axis not in axes]
    if not kept:
        best = _search(state, node, {}, axes, dims)
        if output.type.is_array:
            state.keep(output, [best], [1] * output.type.rank)
        else:
            state.set(output, best)
        return
    buffer = state.new_buffer(output)

    def one(indices: Indices) -> None:
        outer = dict(zip(kept, indices, strict=True))
        best = _search(state, node, outer, axes, dims)
        keeps = node.attrs["keepdims"]
        place = [outer.get(a, index_const(0)) for a in range(len(dims)) if keeps or a in outer]
        k.store(buffer, place, best)

    state.each([dims[a] for a in kept], one, vector=False)
    state.set(output, Stored(buffer))


def _search(state: State, node: Node, outer: dict[int, Operand], axes: Sequence[int], dims: Sequence[Operand]) -> Local:
    """A loop over all places of the axes; ``outer`` gives the index of the other axes."""
    k, x = state.k, node.inputs[0]
    total: Operand = index_const(1)
    for axis in axes:
        total = k.mul(total, dims[axis])

    def element(place: Operand) -> Operand:
        found = dict(outer)
        for axis in reversed(axes):
            found[axis] = place if len(axes) == 1 else k.mod(place, dims[axis])
            place = k.floordiv(place, dims[axis]) if len(axes) > 1 else place
        return state.read(x, [found[a] for a in range(len(dims))])

    first = element(index_const(0))
    with k.loop("i", index_const(1), total) as loop:
        best, place = k.define(Local(first.type, "best")), k.define(Local("i64", "place"))
        value = element(loop.index)
        better = k.gt(value, best) if node.op.name == "argmax" else k.lt(value, best)
        if first.type in ("f64", "f32"):
            better = k.and_(k.or_(better, k.isnan(value)), k.not_(k.isnan(best)))
        outs = Local(first.type, "best"), Local("i64", node.output.hint or "place")
        loop.carried.append(Carried(best, first, k.select(better, value, best), outs[0]))
        loop.carried.append(Carried(place, index_const(0), k.select(better, loop.index, place), outs[1]))
    return outs[1]


# -- other types -------------------------------------------------------------------------------------------------------


def typed_buffer(state: State, value: Value, type_: str) -> Buffer:
    """The elements in a buffer of this type."""
    if KERNEL_TYPE[value.type.dtype] == type_:
        return state.buffer(value)
    return converted(state, value, type_)


def converted(state: State, value: Value, type_: str) -> Buffer:
    """A buffer with the elements in another type."""
    k = state.k
    state.ready(value)
    buffer = Buffer(value.hint or "a", type_, state.dims(value.type))
    k.alloc(buffer)
    state.each(buffer.dims, lambda indices: k.store(buffer, indices, k.convert(state.read(value, indices), type_)))
    return buffer


# -- Fourier transforms ------------------------------------------------------------------------------------------------


def _fourier(name: str) -> Callable[[State, Node], None]:
    """A transform along an axis: the axes before it and those after it are one each."""

    def emit(state: State, node: Node) -> None:
        k, (x,), output = state.k, node.inputs, node.output
        axis, source = node.attrs["axis"], state.buffer(x)
        out = state.new_buffer(output)
        views = []
        for buffer, pairs in ((source, name != "rfft"), (out, name != "irfft")):
            last = len(buffer.dims) - pairs
            before, after = (_product_of(state, part) for part in (buffer.dims[:axis], buffer.dims[axis + 1 : last]))
            views.append(k.view(buffer.name, buffer, (before, buffer.dims[axis], after, *buffer.dims[last:])))
        k.append(Fourier(name, views[1], views[0]))
        state.set(output, Stored(out))

    return emit


def _product_of(state: State, dims: Sequence[Operand]) -> Operand:
    total: Operand = index_const(1)
    for dim in dims:
        total = state.k.mul(total, dim)
    return total


# -- stacks ------------------------------------------------------------------------------------------------------------


def _new_stack(state: State, node: Node) -> None:
    stack = Stack(node.output.hint or "tape", KERNEL_TYPE[node.attrs["dtype"]])
    state.k.append(NewStack(stack))
    state.set(node.output, stack)


def _stack(state: State, value: Value) -> Stack:
    rep = state.get(value)
    if not isinstance(rep, Stack):
        raise InternalError(f"{value!r} is no stack")
    return rep


def _push(state: State, node: Node) -> None:
    target, value = node.inputs
    k, stack = state.k, _stack(state, target)
    if not value.type.is_array:
        k.append(Push(stack, k.convert(state.scalar(value), stack.type)))
    elif state.usage.is_small(value):
        for item in state.items(value):
            k.append(Push(stack, k.convert(item, stack.type)))
    else:
        state.ready(value)

        def push(indices: Indices) -> None:
            k.append(Push(stack, k.convert(state.read(value, indices), stack.type)))

        state.each(state.dims(value.type), push, vector=False)
    state.set(node.output, stack)


def _pop(state: State, node: Node) -> None:
    """Elements come back last first."""
    k, stack = state.k, _stack(state, node.inputs[0])
    rest, value = node.outputs
    state.set(rest, stack)
    if not value.type.is_array:
        state.set(value, _popped(state, stack, value.type, value.hint))
    elif state.usage.is_small(value):
        count = len(list(positions(static_shape(value.type) or ())))
        items = [_popped(state, stack, value.type, value.hint) for _ in range(count)]
        state.set(value, Elements(tuple(reversed(items))))
    else:
        buffer = state.new_buffer(value)
        total: Operand = index_const(1)
        for dim in buffer.dims:
            total = k.mul(total, dim)
        flat = k.view(buffer.name, buffer, (total,)) if buffer.rank > 1 else buffer
        with k.loop("i", k.sub(total, 1), index_const(-1), -1) as loop:
            k.store(flat, (loop.index,), _popped(state, stack, value.type, value.hint))
        state.set(value, Stored(buffer))


def _popped(state: State, stack: Stack, type_: Type, hint: str) -> Operand:
    target = state.k.define(Local(stack.type, hint or "popped"))
    state.k.append(Pop(target, stack))
    return state.k.convert(target, KERNEL_TYPE[type_.dtype])


EMITTERS: dict[str, Callable[[State, Node], None]] = {
    "pack": _pack,
    "concatenate": _concatenate,
    "reshape": _reshape,
    "argmax": _position,
    "argmin": _position,
    "argsort": emit_argsort,
    "convolve": emit_convolve,
    "overlap_add": emit_overlap_add,
    "searchsorted": emit_searchsorted,
    "fourier": _fourier("fft"),
    "fourier_inverse": _fourier("ifft"),
    "real_fourier": _fourier("rfft"),
    "real_fourier_inverse": _fourier("irfft"),
    "new_stack": _new_stack,
    "push": _push,
    "pop": _pop,
    **DRAWS,
}
