"""Vector loops: sixteen trips at a time on explicit vectors, and one masked pass for the rest.

Both passes are the same emission, so the bits of an element do not depend on its position. A scalar of the loop body is
one of three things here: the same in all lanes (an ordinary LLVM scalar), ``base + lane * stride`` (an ``Affine``), or
a vector. Addresses follow: an element at an affine offset of stride 1 is loaded contiguously, an invariant one once,
everything else is gathered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

from .context import I1, I32, I64, VOID, declare
from .instructions import LANES, REDUCTIONS
from .kernel import Accumulate, Body, Buffer, Check, Const, For, Let, Load, Local, Operand, Reduction, Store
from .lanes import LLVM_TYPE, mangled
from .llvm_affine import Affine, Lanes, add, affine_op, is_number, is_uniform, multiply
from .llvm_loops import VECTOR_CHUNK, counted
from .llvm_memory import element_pointer
from .llvm_ops import emit_op
from .llvm_state import State, Value, constant, from_memory, memory_type, to_memory

I16 = ir.IntType(16)
Lane = ir.VectorType(I64, LANES)
Mask = ir.VectorType(I1, LANES)
_REVERSED = ir.Constant(ir.VectorType(I32, LANES), list(range(LANES - 1, -1, -1)))


@dataclass
class Pass:
    """One emission of the body: with or without a mask of the lanes that have a trip."""

    state: State
    mask: Value | None
    lanes: dict[Local, Lanes] = field(default_factory=dict)

    @property
    def builder(self) -> ir.IRBuilder:
        """Where the pass emits."""
        return self.state.builder

    def look(self, operand: Operand) -> Lanes:
        """Return what an operand is in this pass."""
        if isinstance(operand, Local) and operand in self.lanes:
            return self.lanes[operand]
        return self.state.operand(operand)

    def vector(self, value: Lanes) -> Value:
        """Return a value as a vector."""
        if isinstance(value, Affine):
            steps = self.builder.mul(self.splat(value.stride), ir.Constant(Lane, list(range(LANES))))
            return self.builder.add(self.splat(value.base), steps)
        return value if isinstance(value.type, ir.VectorType) else self.splat(value)

    def splat(self, scalar: Value) -> Value:
        """Return a vector with a scalar in every lane."""
        type = ir.VectorType(scalar.type, LANES)
        if isinstance(scalar, ir.Constant):
            return ir.Constant(type, [scalar] * LANES)
        undefined = ir.Constant(type, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, I32(0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(I32, LANES), [0] * LANES))

    def active(self) -> Value:
        """Return the mask, all true in a full pass."""
        return ir.Constant(Mask, [1] * LANES) if self.mask is None else self.mask


def lane_offset(step: Pass, buffer: Buffer, indices: Sequence[Operand]) -> Lanes:
    """Return the flat offset of an element per lane, affine where it can be."""
    if not indices:
        return I64(0)
    offset = step.look(indices[0])
    for dim, index in zip(buffer.dims[1:], indices[1:], strict=True):
        offset = _integer(step, "add", _integer(step, "mul", offset, step.look(dim)), step.look(index))
    # An index minus itself is affine of stride 0.
    return offset.base if isinstance(offset, Affine) and is_number(offset.stride, 0) else offset


def _integer(step: Pass, op: str, a: Lanes, b: Lanes) -> Lanes:
    line = affine_op(step.builder, op, a, b)
    if line is not None:
        return line
    if is_uniform(a) and is_uniform(b):
        return (add if op == "add" else multiply)(step.builder, a, b)
    return emit_op(step.builder, op, [step.vector(a), step.vector(b)])


# Instructions.


def run_let(step: Pass, let: Let) -> None:
    """A scalar operation: once if it is the same in all lanes, else on vectors."""
    args = [step.look(arg) for arg in let.args]
    if all(map(is_uniform, args)):
        step.lanes[let.target] = step.state.op(let.op, *args)
        return
    line = affine_op(step.builder, let.op, *args) if len(args) == 2 and let.target.type == "i64" else None
    step.lanes[let.target] = line if line is not None else step.state.op(let.op, *map(step.vector, args))


def run_load(step: Pass, load: Load) -> None:
    """Load one element for all lanes, a contiguous run, a reversed run, or a gathered set."""
    offset = lane_offset(step, load.buffer, load.indices)
    step.lanes[load.target] = load_lanes(step, load.buffer, offset)


def load_lanes(step: Pass, buffer: Buffer, offset: Lanes) -> Value:
    """Return the elements at an offset."""
    builder, stored = step.builder, memory_type(buffer.type)
    type = ir.VectorType(stored, LANES)
    if is_uniform(offset):
        raw = builder.load(element_pointer(step.state, buffer, offset), typ=stored, align=buffer.itemsize)
        step.state.aliases.note(raw, buffer)
    elif isinstance(offset, Affine) and is_number(offset.stride, 1):
        raw = _load_run(step, buffer, type, offset.base, step.mask)
    elif isinstance(offset, Affine) and is_number(offset.stride, -1):
        lowest = builder.sub(offset.base, I64(LANES - 1))
        mask = None if step.mask is None else _reverse(step, step.mask)
        raw = _reverse(step, _load_run(step, buffer, type, lowest, mask))
    else:
        pointers = _pointers(step, buffer, offset)
        raw = _masked(builder, "gather", type, [pointers, I32(buffer.itemsize), step.active(), _zero(type)])
        step.state.aliases.note(raw, buffer)
    return from_memory(builder, buffer.type, raw)


def _load_run(step: Pass, buffer: Buffer, type: ir.VectorType, base: Value, mask: Value | None) -> Value:
    # The first lane of a reversed run may lie before the array.
    pointer = element_pointer(step.state, buffer, base, inside=mask is None)
    if mask is None:
        run = step.builder.load(pointer, typ=type, align=buffer.itemsize)
    else:
        run = _masked(step.builder, "load", type, [pointer, I32(buffer.itemsize), mask, _zero(type)])
    return step.state.aliases.note(run, buffer)


def _zero(type: ir.VectorType) -> ir.Constant:
    return ir.Constant(type, [0] * LANES)


def _reverse(step: Pass, value: Value) -> Value:
    return step.builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), _REVERSED)


def _pointers(step: Pass, buffer: Buffer, offset: Lanes) -> Value:
    pointers = element_pointer(step.state, buffer, step.vector(offset), inside=step.mask is None)
    # llvmlite takes the type from the base; an index that is a vector makes it a vector of pointers.
    pointers.type = ir.VectorType(ir.PointerType(), LANES)
    return pointers


def _masked(builder: ir.IRBuilder, kind: str, type: ir.VectorType, args: Sequence[Value]) -> Value:
    """Call a masked load, gather, store or scatter of vectors of a type."""
    reads = kind in ("load", "gather")
    pointer = args[0 if reads else 1]
    name = f"llvm.masked.{kind}.{mangled(type)}.{mangled(pointer.type)}"
    return builder.call(declare(builder.module, name, type if reads else VOID, [arg.type for arg in args]), args)


def run_store(step: Pass, store: Store) -> None:
    """Store a contiguous run, or scatter."""
    offset = lane_offset(step, store.buffer, store.indices)
    store_lanes(step, store.buffer, offset, step.vector(step.look(store.value)))


def store_lanes(step: Pass, buffer: Buffer, offset: Lanes, value: Value) -> None:
    """Store a vector at an offset; lanes without a trip store nothing."""
    builder = step.builder
    raw = to_memory(builder, buffer.type, value)
    if isinstance(offset, Affine) and is_number(offset.stride, 1):
        pointer = element_pointer(step.state, buffer, offset.base)
        if step.mask is None:
            access = builder.store(raw, pointer, align=buffer.itemsize)
        else:
            access = _masked(builder, "store", raw.type, [raw, pointer, I32(buffer.itemsize), step.mask])
    else:
        pointers = _pointers(step, buffer, offset)
        access = _masked(builder, "scatter", raw.type, [raw, pointers, I32(buffer.itemsize), step.active()])
    step.state.aliases.note(access, buffer)


def run_accumulate(step: Pass, update: Accumulate) -> None:
    """Add to elements that no two lanes share."""
    offset = lane_offset(step, update.buffer, update.indices)
    if is_uniform(offset):
        raise ValueError(f"every trip of a vector loop adds to one element of {update.buffer.name}: use a reduction")
    before = load_lanes(step, update.buffer, offset)
    total = step.state.op("add", before, step.vector(step.look(update.value)))
    store_lanes(step, update.buffer, offset, total)


def run_check(step: Pass, check: Check) -> None:
    """Leave with what the first lane that fails has to say."""
    state, builder = step.state, step.builder
    condition = step.look(check.condition)
    if is_uniform(condition):
        lane, passed = I32(0), condition
    else:
        failing = builder.and_(step.active(), builder.not_(condition))
        bits = builder.bitcast(failing, I16)
        passed = builder.icmp_unsigned("==", bits, I16(0))
        trailing = declare(state.module, "llvm.cttz.i16", I16, [I16, I1])
        lane = builder.zext(builder.call(trailing, [bits, I1(0)]), I32)
    args = [step.look(arg) for arg in check.args]

    def store_args() -> None:
        for position, arg in enumerate(args):
            scalar = arg if is_uniform(arg) else builder.extract_element(step.vector(arg), lane)
            state.store_error_arg(position, scalar)

    state.guard(passed, check.error, store_args)


RUN: Mapping[type, Callable[[Pass, Any], None]] = {
    Let: run_let,
    Load: run_load,
    Store: run_store,
    Accumulate: run_accumulate,
    Check: run_check,
}


# The loop.


def lower_vector_for(state: State, loop: For) -> None:
    """Emit full passes, the masked pass, and the trees of the reductions."""
    start = state.operand(loop.start)
    trips = _trips(state, loop)
    builder = state.builder
    full = I64(trips.constant & -LANES) if isinstance(trips, ir.Constant) else builder.and_(trips, I64(-LANES))
    starts = [_start(reduction) for reduction in loop.reductions]

    def trip(k: Value, totals: list[Value]) -> list[Value]:
        return _run(Pass(state, None), loop, add(state.builder, start, k), totals)

    totals = counted(state, full, LANES, VECTOR_CHUNK, starts, trip)
    totals = _tail(state, loop, start, trips, full, totals)
    for reduction, total in zip(loop.reductions, totals, strict=True):
        state.values[reduction.out] = _finish(state, reduction, total, trips)


def _trips(state: State, loop: For) -> Value:
    if isinstance(loop.start, Const) and isinstance(loop.stop, Const):
        return I64(max(0, int(loop.stop.value) - int(loop.start.value)))
    builder, start, stop = state.builder, state.operand(loop.start), state.operand(loop.stop)
    length = stop if is_number(start, 0) else builder.sub(stop, start)
    return builder.select(builder.icmp_signed("<", start, stop), length, I64(0), name="trips")


def _start(reduction: Reduction) -> Value:
    type = reduction.value.type
    scalar = constant(type, REDUCTIONS[reduction.op].start(type))
    return ir.Constant(ir.VectorType(LLVM_TYPE[type], LANES), [scalar] * LANES)


def _run(step: Pass, loop: For, first: Value, totals: list[Value]) -> list[Value]:
    """Emit the body once; return the lanes of the reductions after it."""
    step.lanes[loop.index] = Affine(first, I64(1))
    for instruction in loop.body:
        RUN[type(instruction)](step, instruction)
    results = []
    for reduction, total in zip(loop.reductions, totals, strict=True):
        value = step.vector(step.look(reduction.value))
        combined = step.state.op(REDUCTIONS[reduction.op].combine, total, value)
        results.append(combined if step.mask is None else step.builder.select(step.mask, combined, total))
    return results


def _tail(state: State, loop: For, start: Value, trips: Value, full: Value, totals: list[Value]) -> list[Value]:
    """Emit the masked pass over the trips that do not fill a vector."""
    builder = state.builder
    if isinstance(trips, ir.Constant):
        rest = trips.constant - full.constant
        if rest == 0:
            return totals
        mask = ir.Constant(Mask, [int(lane < rest) for lane in range(LANES)])
        return _run(Pass(state, mask), loop, add(builder, start, full), totals)
    left = builder.and_(trips, I64(LANES - 1))
    origin, masked, done = builder.block, state.block("masked"), state.block("done")
    builder.cbranch(builder.icmp_unsigned("!=", left, I64(0)), masked, done)
    builder.position_at_end(masked)
    step = Pass(state, None)
    numbers = ir.Constant(ir.VectorType(I32, LANES), list(range(LANES)))
    step.mask = builder.icmp_unsigned("<", numbers, step.splat(builder.trunc(left, I32)))
    results = _run(step, loop, add(builder, start, full), totals)
    end = builder.block
    builder.branch(done)
    builder.position_at_end(done)
    merged = []
    for before, after in zip(totals, results, strict=True):
        phi = builder.phi(before.type)
        phi.add_incoming(before, origin)
        phi.add_incoming(after, end)
        merged.append(phi)
    return merged


def _finish(state: State, reduction: Reduction, total: Value, trips: Value) -> Value:
    """Combine the lanes in the tree (l, l+8), (l, l+4), (l, l+2), (l, l+1)."""
    builder, row = state.builder, REDUCTIONS[reduction.op]
    half = LANES // 2
    while half:
        low, high = (ir.Constant(ir.VectorType(I32, half), list(range(s, s + half))) for s in (0, half))
        undefined = ir.Constant(total.type, ir.Undefined)
        parts = [builder.shuffle_vector(total, undefined, part) for part in (low, high)]
        total = state.op(row.combine, *parts)
        half //= 2
    result = builder.extract_element(total, I32(0))
    if row.empty is None:
        return result
    empty = constant(reduction.out.type, row.empty_value(reduction.out.type))
    return builder.select(builder.icmp_unsigned("==", trips, I64(0)), empty, result)


# Whole buffers, as vector loops over their elements.


def fill_lanes(state: State, buffer: Buffer, size: Value, value: Value) -> None:
    """Store a scalar in the first ``size`` elements of a buffer."""
    scalar = _bind(state, buffer.type, value)
    target, index, stop = _flat(state, buffer, size)
    _over(state, index, stop, (Store(target, (index,), scalar),))


def add_lanes(state: State, buffer: Buffer, addend: Value, size: Value) -> None:
    """Add the elements at an address to the first ``size`` elements of a buffer."""
    target, index, stop = _flat(state, buffer, size)
    source, term = Buffer("addend", buffer.type, target.dims), Local(buffer.type, "term")
    state.buffers[source] = addend
    _over(state, index, stop, (Load(term, source, (index,)), Accumulate(target, (index,), term)))


def _bind(state: State, type: str, value: Value) -> Operand:
    if type == "i64" and isinstance(value, ir.Constant):
        return Const(value.constant, type)
    local = Local(type, "bound")
    state.values[local] = value
    return local


def _flat(state: State, buffer: Buffer, size: Value) -> tuple[Buffer, Local, Operand]:
    stop = _bind(state, "i64", size)
    flat = Buffer(buffer.name, buffer.type, (stop,))
    state.buffers[flat] = state.buffers[buffer]
    state.aliases.share(flat, buffer)
    return flat, Local("i64", "position"), stop


def _over(state: State, index: Local, stop: Operand, body: Body) -> None:
    lower_vector_for(state, For(index, Const(0, "i64"), stop, 1, (), body, vector=True))
