"""Arrays and stacks: where they are, where they come from, and access to one element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from llvmlite import ir

from .context import (
    ALIGNMENT,
    EXCEPTION_SET,
    I1,
    I8,
    I32,
    I64,
    OUT_OF_MEMORY,
    POINTER,
    VOID,
    arena_alloc,
    arena_mark,
    arena_release,
    declare,
    new_array,
)
from .instructions import ITEMSIZE, NUMPY_NAME
from .kernel import Accumulate, Alloc, Buffer, Copy, Load, Mark, NewStack, Output, Pop, Push, Release, Store, View
from .lanes import intrinsic, weigh
from .llvm_state import StackCells, State, Value, from_memory, memory_type, to_memory
from .llvm_workspace import frame_bytes

_FIRST_PUSH = 256


def size_of(state: State, buffer: Buffer) -> Value:
    """Return the number of elements of a buffer."""
    known = buffer.static_size
    if known is not None:
        return I64(known)
    size: Value = I64(1)
    for dim in state.operands(buffer.dims):
        size = dim if _is_one(size) else state.builder.mul(size, dim, flags=("nuw", "nsw"))
    return size


def _is_one(value: Value) -> bool:
    return isinstance(value, ir.Constant) and value.constant == 1


def bytes_of(state: State, buffer: Buffer) -> Value:
    """Return the size of a buffer in bytes."""
    size = size_of(state, buffer)
    if isinstance(size, ir.Constant):
        return I64(size.constant * buffer.itemsize)
    return state.builder.mul(size, I64(buffer.itemsize), flags=("nuw", "nsw"))


def _requested_bytes(state: State, buffer: Buffer) -> Value:
    """Return the size to allocate: all bits set, which no allocation grants, where the product wraps around."""
    builder = state.builder
    known = buffer.static_size
    if known is not None:
        return I64(known * buffer.itemsize)
    size: Value = I64(buffer.itemsize)
    wraps: Value = I1(0)
    pair = ir.LiteralStructType([I64, I1])
    for dim in state.operands(buffer.dims):
        both = intrinsic(builder, "umul.with.overflow", pair, [size, dim], I64)
        size = builder.extract_value(both, 0)
        wraps = builder.or_(wraps, builder.extract_value(both, 1))
    return builder.select(wraps, I64(-1), size)


def element_pointer(state: State, buffer: Buffer, offset: Value, inside: bool = True) -> Value:
    """Return the address of the element at a flat offset, which need not be ``inside`` if nothing is accessed there."""
    base = state.buffers[buffer]
    return state.builder.gep(base, [offset], inbounds=inside, source_etype=memory_type(buffer.type))


def flat_offset(state: State, buffer: Buffer, indices: Sequence[Value]) -> Value:
    """Return the flat offset of an element."""
    if not indices:
        return I64(0)
    builder, offset = state.builder, indices[0]
    for dim, index in zip(state.operands(buffer.dims[1:]), indices[1:], strict=True):
        offset = builder.add(builder.mul(offset, dim, flags=("nsw",)), index, flags=("nsw",))
    return offset


def load_at(state: State, buffer: Buffer, offset: Value) -> Value:
    """Load the element at a flat offset."""
    pointer = element_pointer(state, buffer, offset)
    raw = state.builder.load(pointer, typ=memory_type(buffer.type), align=buffer.itemsize)
    state.aliases.note(raw, buffer)
    return from_memory(state.builder, buffer.type, raw)


def store_at(state: State, buffer: Buffer, offset: Value, value: Value) -> None:
    """Store the element at a flat offset."""
    pointer = element_pointer(state, buffer, offset)
    raw = to_memory(state.builder, buffer.type, value)
    state.aliases.note(state.builder.store(raw, pointer, align=buffer.itemsize), buffer)


def lower_load(state: State, load: Load) -> None:
    """``target = buffer[indices]``."""
    offset = flat_offset(state, load.buffer, state.operands(load.indices))
    state.values[load.target] = load_at(state, load.buffer, offset)


def lower_store(state: State, store: Store) -> None:
    """``buffer[indices] = value``."""
    offset = flat_offset(state, store.buffer, state.operands(store.indices))
    store_at(state, store.buffer, offset, state.operand(store.value))


def lower_accumulate(state: State, update: Accumulate) -> None:
    """``buffer[indices] += value``."""
    offset = flat_offset(state, update.buffer, state.operands(update.indices))
    total = state.op("add", load_at(state, update.buffer, offset), state.operand(update.value))
    store_at(state, update.buffer, offset, total)


# Whole arrays.


def lower_alloc(state: State, alloc: Alloc) -> None:
    """Workspace: in the frame where it was planned, else from the arena."""
    buffer = alloc.buffer
    if buffer in state.workspace.framed:
        block = ir.ArrayType(I8, frame_bytes(buffer))
        state.buffers[buffer] = state.alloca(block, buffer.name, ALIGNMENT)
    else:
        state.buffers[buffer] = allocate(state, _requested_bytes(state, buffer))
    if alloc.zeroed:
        clear(state, buffer)


def allocate(state: State, size: Value) -> Value:
    """Return a block of the arena; leave the kernel where there is no memory."""
    block = state.builder.call(arena_alloc(state.module), [state.context, size], name="block")
    state.guard(state.builder.icmp_unsigned("!=", block, POINTER(None)), OUT_OF_MEMORY)
    return block


def lower_output(state: State, output: Output) -> None:
    """An array for the caller, made by NumPy."""
    buffer, builder = output.buffer, state.builder
    dims = state.alloca(ir.ArrayType(I64, max(buffer.rank, 1)), buffer.name + ".dims")
    for axis, dim in enumerate(state.operands(buffer.dims)):
        builder.store(dim, builder.gep(dims, [I64(axis)], inbounds=True, source_etype=I64))
    number = np.dtype(NUMPY_NAME[buffer.type]).num
    args = [state.context, I64(output.slot), I32(number), I32(buffer.rank), dims, I32(int(output.zeroed))]
    data = builder.call(new_array(state.module), args, name=buffer.name)
    state.guard(builder.icmp_unsigned("!=", data, POINTER(None)), EXCEPTION_SET)
    state.buffers[buffer] = data


def lower_view(state: State, view: View) -> None:
    """Part of another buffer."""
    offset = state.operand(view.offset)
    state.buffers[view.buffer] = element_pointer(state, view.source, offset)


def clear(state: State, buffer: Buffer) -> None:
    """Set every byte of a buffer to zero."""
    memset = declare(state.module, "llvm.memset.p0.i64", VOID, [POINTER, I8, I64, I1])
    state.builder.call(memset, [state.buffers[buffer], I8(0), bytes_of(state, buffer), I1(0)])


def lower_copy(state: State, copy: Copy) -> None:
    """All elements of one buffer to another."""
    memcpy = declare(state.module, "llvm.memcpy.p0.p0.i64", VOID, [POINTER, POINTER, I64, I1])
    target, source = state.buffers[copy.target], state.buffers[copy.source]
    state.builder.call(memcpy, [target, source, bytes_of(state, copy.target), I1(0)])


def lower_mark(state: State, mark: Mark) -> None:
    """Remember the top of the arena, which exists from here on."""
    if mark.name in state.workspace.marks:
        state.marks[mark.name] = arena_mark(state.builder, state.context, allocate(state, I64(0)))


def lower_release(state: State, release: Release) -> None:
    """Back to the top remembered."""
    if release.name in state.workspace.marks:
        arena_release(state.builder, state.context, state.marks[release.name])


# Stacks. The cells do not escape, so LLVM keeps them in registers; the data is freed on the way out.


def cells_of(state: State, stack: NewStack | Push | Pop) -> StackCells:
    """Return the cells of a stack, made empty in the entry block the first time."""
    known = state.stacks.get(stack.stack)
    if known is None:
        name = stack.stack.name
        data = state.alloca(POINTER, name + ".data")
        known = StackCells(data, state.alloca(I64, name + ".count"), state.alloca(I64, name + ".capacity"))
        state.entry.store(POINTER(None), known.data)
        state.entry.store(I64(0), known.count)
        state.entry.store(I64(0), known.capacity)
        state.stacks[stack.stack] = known
    return known


def lower_new_stack(state: State, new: NewStack) -> None:
    """An empty stack; what room it has it keeps."""
    state.builder.store(I64(0), cells_of(state, new).count)


def lower_push(state: State, push: Push) -> None:
    """A scalar on top, in twice the room where there is none."""
    builder, cells = state.builder, cells_of(state, push)
    count = builder.load(cells.count, typ=I64)
    full = builder.icmp_unsigned("==", count, builder.load(cells.capacity, typ=I64))
    grow, put = state.block("grow"), state.block("put")
    weigh(builder.cbranch(full, grow, put), (1, 1 << 10))
    builder.position_at_end(grow)
    _grow(state, cells, ITEMSIZE[push.stack.type], count)
    builder.branch(put)
    builder.position_at_end(put)
    stored = memory_type(push.stack.type)
    top = builder.gep(builder.load(cells.data, typ=POINTER), [count], inbounds=True, source_etype=stored)
    builder.store(to_memory(builder, push.stack.type, state.operand(push.value)), top)
    builder.store(builder.add(count, I64(1), flags=("nuw", "nsw")), cells.count)


def _grow(state: State, cells: StackCells, itemsize: int, count: Value) -> None:
    builder = state.builder
    doubled = builder.shl(count, I64(1))
    capacity = builder.select(builder.icmp_unsigned("==", count, I64(0)), I64(_FIRST_PUSH), doubled)
    realloc = declare(state.module, "realloc", POINTER, [POINTER, I64], "nounwind", "cold")
    size = builder.mul(capacity, I64(itemsize))
    data = builder.call(realloc, [builder.load(cells.data, typ=POINTER), size])
    state.guard(builder.icmp_unsigned("!=", data, POINTER(None)), OUT_OF_MEMORY)
    builder.store(data, cells.data)
    builder.store(capacity, cells.capacity)


def lower_pop(state: State, pop: Pop) -> None:
    """The scalar on top."""
    builder, cells = state.builder, cells_of(state, pop)
    count = builder.sub(builder.load(cells.count, typ=I64), I64(1), flags=("nuw", "nsw"))
    builder.store(count, cells.count)
    stored = memory_type(pop.stack.type)
    top = builder.gep(builder.load(cells.data, typ=POINTER), [count], inbounds=True, source_etype=stored)
    state.values[pop.target] = from_memory(builder, pop.stack.type, builder.load(top, typ=stored))


def free_stacks(state: State) -> None:
    """Emit, in the exit block, the freeing of what stacks hold."""
    free = declare(state.module, "free", VOID, [POINTER], "nounwind")
    for cells in state.stacks.values():
        state.builder.call(free, [state.builder.load(cells.data, typ=POINTER)])


def bind_dims(state: State, buffer: Buffer, sizes: Sequence[Value]) -> None:
    """Bind the Locals among the dims of a parameter to the sizes the function was given."""
    for local, size in zip(state.kernel.bound_dims()[buffer], sizes, strict=True):
        state.values[local] = size


