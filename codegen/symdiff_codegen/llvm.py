"""A kernel as LLVM IR: one function with the calling convention that the entry and tests rely on.

    i64 NAME(ptr context, params...)

A scalar is passed by value (i1 as a byte); a buffer as a pointer followed by the dims it binds. The function returns 0,
the positive number of a failed check, -1 with a Python exception set, or -2 where memory ran out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir

from .context import EXCEPTION_SET, I8, I32, I64, OK, POINTER, declare, field, invoke, result_cell
from .kernel import (
    Accumulate,
    Alloc,
    Attempt,
    Body,
    Buffer,
    Check,
    Const,
    Copy,
    Fill,
    For,
    Fourier,
    If,
    Invoke,
    Kernel,
    Let,
    Linalg,
    Load,
    Local,
    Mark,
    Matmul,
    NewStack,
    Output,
    Pop,
    Push,
    Release,
    Result,
    Store,
    View,
    While,
)
from .lanes import LLVM_TYPE, weigh
from .llvm_alias import find_aliases
from .llvm_fourier import lower_fourier
from .llvm_linalg import lower_linalg, lower_matmul
from .llvm_loops import chunk_of, close, counted, emit_poll, phis
from .llvm_memory import (
    bind_dims,
    clear,
    free_stacks,
    lower_accumulate,
    lower_alloc,
    lower_copy,
    lower_load,
    lower_mark,
    lower_new_stack,
    lower_output,
    lower_pop,
    lower_push,
    lower_release,
    lower_store,
    lower_view,
    size_of,
)
from .llvm_state import LIKELY, State, Value
from .llvm_vector import fill_lanes, lower_vector_for
from .llvm_workspace import plan_workspace
from .walk import written_buffers


def lower_kernel(kernel: Kernel) -> ir.Module:
    """Return a module that holds the kernel's function.

    Parameters
    ----------
    kernel
        A kernel that ``check.check_kernel`` accepts.
    """
    module = ir.Module(name=kernel.name)
    emit_kernel(module, kernel)
    return module


def emit_kernel(module: ir.Module, kernel: Kernel) -> ir.Function:
    """Add the kernel's function to a module and return it.

    Parameters
    ----------
    module
        Where the function, its helpers and its declarations go.
    kernel
        A kernel that ``check.check_kernel`` accepts.
    """
    if kernel.name in module.globals:
        raise ValueError(f"the module has something called {kernel.name} already")
    types: list[ir.Type] = [POINTER]
    bound = kernel.bound_dims()
    for param in kernel.params:
        if isinstance(param, Buffer):
            types += [POINTER, *[I64] * len(bound[param])]
        else:
            types.append(I8 if param.type == "i1" else LLVM_TYPE[param.type])
    function = declare(module, kernel.name, I64, types, "nounwind")
    state = _start(kernel, function)
    _bind_params(state, bound)
    lower_body(state, kernel.body)
    state.leave(OK)
    state.builder.position_at_end(state.exit)
    free_stacks(state)
    state.builder.ret(state.status)
    state.entry.branch(function.blocks[1])
    return function


def _start(kernel: Kernel, function: ir.Function) -> State:
    """Lay down the entry block for what runs once, the first block of the body, and the exit."""
    entry, start, leave = (function.append_basic_block(name) for name in ("entry", "start", "exit"))
    builder = ir.IRBuilder(leave)
    status = builder.phi(I64, "status")
    builder.position_at_end(start)
    context = function.args[0]
    context.name = "context"
    for attribute in ("noalias", "nonnull", "noundef"):
        context.add_attribute(attribute)
    workspace = plan_workspace(kernel)
    aliases = find_aliases(kernel, function.module, workspace.released)
    before = ir.IRBuilder(entry)
    return State(kernel, function, context, builder, before, leave, status, workspace, aliases, lower_body)


def _bind_params(state: State, bound: Mapping[Buffer, tuple[Local, ...]]) -> None:
    """Name the arguments and say what is known of them."""
    kernel, arguments = state.kernel, iter(state.function.args[1:])
    written = written_buffers(kernel.body)
    for param in kernel.params:
        argument = next(arguments)
        argument.name = param.name
        if isinstance(param, Local):
            is_byte = param.type == "i1"
            state.values[param] = state.builder.icmp_unsigned("!=", argument, I8(0)) if is_byte else argument
            continue
        state.buffers[param] = argument
        for attribute in _buffer_attributes(kernel, param, param in written):
            set.add(argument.attributes, attribute)
        sizes = [next(arguments) for _ in bound[param]]
        for size, local in zip(sizes, bound[param], strict=True):
            size.name = local.name
        bind_dims(state, param, sizes)


def _buffer_attributes(kernel: Kernel, buffer: Buffer, written: bool) -> list[str]:
    attributes = ["nonnull", "noundef"]
    if kernel.noalias:
        attributes.append("noalias")
    if not written:
        attributes.append("readonly")
    size = buffer.static_size
    if size:
        attributes.append(f"dereferenceable({size * buffer.itemsize})")
    return attributes


def lower_body(state: State, body: Body) -> None:
    """Lower instructions one after the other."""
    for instruction in body:
        LOWER[type(instruction)](state, instruction)


def lower_let(state: State, let: Let) -> None:
    """``target = op(args)``."""
    state.values[let.target] = state.op(let.op, *state.operands(let.args))


def lower_result(state: State, result: Result) -> None:
    """A scalar in its cell: the bits of a float, or an integer of 64 bits."""
    builder, value = state.builder, state.operand(result.value)
    if result.value.type == "i1":
        value = builder.zext(value, I64)
    elif result.value.type == "i32":
        value = builder.sext(value, I64)
    builder.store(value, result_cell(builder, state.context, result.slot), align=8)


def lower_fill(state: State, fill: Fill) -> None:
    """Every element: zero bytes where the value is zero, else a vector loop."""
    value = fill.value
    if isinstance(value, Const) and repr(value.value) in ("0", "0.0", "False"):
        clear(state, fill.buffer)
    else:
        fill_lanes(state, fill.buffer, size_of(state, fill.buffer), state.operand(value))


# Control.


def lower_for(state: State, loop: For) -> None:
    """A counted loop with a phi per carried value."""
    if loop.vector:
        lower_vector_for(state, loop)
        return
    start = state.operand(loop.start)
    step = I64(loop.step) if isinstance(loop.step, int) else state.operand(loop.step)

    def trip(k: Value, params: list[Value]) -> list[Value]:
        state.values[loop.index] = _index(state, start, step, k)
        for carried, param in zip(loop.carried, params, strict=True):
            state.values[carried.param] = param
        lower_body(state, loop.body)
        return [state.operand(carried.next) for carried in loop.carried]

    inits = [state.operand(carried.init) for carried in loop.carried]
    outs = counted(state, _trips(state, start, loop, step), 1, chunk_of(loop.body), inits, trip)
    for carried, out in zip(loop.carried, outs, strict=True):
        state.values[carried.out] = out


def _index(state: State, start: Value, step: Value, k: Value) -> Value:
    """Return ``start + k * step``."""
    builder = state.builder
    if isinstance(step, ir.Constant) and step.constant in (1, -1):
        if step.constant == -1:
            return builder.sub(start, k, flags=("nsw",))
        return k if _is_zero(start) else builder.add(start, k, flags=("nsw",))
    return builder.add(start, builder.mul(k, step))


def _is_zero(value: Value) -> bool:
    return isinstance(value, ir.Constant) and value.constant == 0


def _trips(state: State, start: Value, loop: For, step: Value) -> Value:
    """Return the number of trips, in unsigned arithmetic that no distance overflows."""
    builder, stop = state.builder, state.operand(loop.stop)
    if all(isinstance(value, ir.Constant) for value in (start, stop, step)):
        return I64(len(range(start.constant, stop.constant, step.constant)))
    up = builder.icmp_signed(">", step, I64(0))
    if isinstance(step, ir.Constant):
        first, last, stride = (start, stop, step) if step.constant > 0 else (stop, start, I64(-step.constant))
    else:
        first, last = builder.select(up, start, stop), builder.select(up, stop, start)
        stride = builder.select(up, step, builder.neg(step))
    runs = builder.icmp_signed("<", first, last)
    distance = last if _is_zero(first) else builder.sub(last, first)
    if not (isinstance(stride, ir.Constant) and stride.constant == 1):
        # A step of zero is an error of the caller, but must not trap before the caller's check is reached.
        safe = builder.select(builder.icmp_signed("==", stride, I64(0)), I64(1), stride)
        distance = builder.add(builder.udiv(builder.sub(distance, I64(1)), safe), I64(1))
    return builder.select(runs, distance, I64(0), name="trips")


def lower_while(state: State, loop: While) -> None:
    """Strips of trips with a look at signals between them; the test leaves from within a strip."""
    builder, chunk = state.builder, chunk_of(loop.test_body, loop.body)
    origin, strip, head = builder.block, state.block("strip"), state.block("head")
    builder.branch(strip)
    builder.position_at_end(strip)
    outer = phis(state, [state.operand(carried.init) for carried in loop.carried], origin)
    builder.branch(head)
    builder.position_at_end(head)
    counter, *params = phis(state, [I64(0), *outer], strip)
    for carried, param in zip(loop.carried, params, strict=True):
        state.values[carried.param] = param
    lower_body(state, loop.test_body)
    trip, again, done = state.block("trip"), state.block("again"), state.block("done")
    builder.cbranch(state.operand(loop.test), trip, done)
    builder.position_at_end(trip)
    lower_body(state, loop.body)
    nexts = [state.operand(carried.next) for carried in loop.carried]
    following = builder.add(counter, I64(1), flags=("nuw", "nsw"))
    close([counter, *params], [following, *nexts], builder.block)
    weigh(builder.cbranch(builder.icmp_unsigned("<", following, I64(chunk)), head, again), LIKELY)
    builder.position_at_end(again)
    emit_poll(state)
    close(outer, nexts, builder.block)
    builder.branch(strip)
    builder.position_at_end(done)
    for carried, param in zip(loop.carried, params, strict=True):
        state.values[carried.out] = param


def lower_if(state: State, branch: If) -> None:
    """Two blocks and a phi per merge."""
    builder = state.builder
    then, otherwise, done = state.block("then"), state.block("otherwise"), state.block("done")
    builder.cbranch(state.operand(branch.test), then, otherwise)
    ends = []
    for block, body, side in ((then, branch.then, "then"), (otherwise, branch.otherwise, "otherwise")):
        builder.position_at_end(block)
        lower_body(state, body)
        ends.append((builder.block, [state.operand(getattr(merge, side)) for merge in branch.merges]))
        builder.branch(done)
    builder.position_at_end(done)
    for position, merge in enumerate(branch.merges):
        phi = builder.phi(LLVM_TYPE[merge.out.type])
        for end, values in ends:
            phi.add_incoming(values[position], end)
        state.values[merge.out] = phi


def lower_check(state: State, check: Check) -> None:
    """Leave with an error and its operands unless a condition holds."""

    def store_args() -> None:
        for position, arg in enumerate(check.args):
            state.store_error_arg(position, state.operand(arg))

    state.guard(state.operand(check.condition), check.error, store_args)


def lower_attempt(state: State, attempt: Attempt) -> None:
    """The checks in the body that are caught lead to the end of the body, not out of the kernel."""
    builder, landing = state.builder, state.block("attempted")
    status = ir.IRBuilder(landing).phi(I64, attempt.status.name)
    state.catchers.append((attempt.caught, landing, status))
    lower_body(state, attempt.body)
    state.catchers.pop()
    status.add_incoming(I64(0), builder.block)
    builder.branch(landing)
    builder.position_at_end(landing)
    state.values[attempt.status] = status


def lower_invoke(state: State, call: Invoke) -> None:
    """Lay the values down in words, an array as its address and its sizes, and call back."""
    builder = state.builder
    words: list[Value] = []
    for arg in (*call.args, *call.outputs):
        if isinstance(arg, Buffer):
            words += [state.buffers[arg], *state.operands(arg.dims)]
        else:
            words.append(_word(builder, arg.type, state.operand(arg)))
    cells = state.alloca(ir.ArrayType(I64, max(len(words), 1)), "words", 8)
    for position, word in enumerate(words):
        builder.store(word, field(builder, cells, 8 * position), align=8)
    failed = builder.call(invoke(state.module), [state.context, I64(call.site), cells])
    state.guard(builder.icmp_signed("==", failed, I32(0)), EXCEPTION_SET)


def _word(builder: ir.IRBuilder, type: str, value: Value) -> Value:
    """A scalar in 64 bits: every float as a double."""
    if type == "f32":
        return builder.fpext(value, LLVM_TYPE["f64"])
    if type == "i1":
        return builder.zext(value, I64)
    return builder.sext(value, I64) if type == "i32" else value


LOWER: Mapping[type, Callable[[State, Any], None]] = {
    Let: lower_let,
    Load: lower_load,
    Store: lower_store,
    Accumulate: lower_accumulate,
    Result: lower_result,
    Alloc: lower_alloc,
    Output: lower_output,
    View: lower_view,
    Fill: lower_fill,
    Copy: lower_copy,
    Mark: lower_mark,
    Release: lower_release,
    For: lower_for,
    While: lower_while,
    If: lower_if,
    Check: lower_check,
    Attempt: lower_attempt,
    Matmul: lower_matmul,
    Linalg: lower_linalg,
    Invoke: lower_invoke,
    Fourier: lower_fourier,
    NewStack: lower_new_stack,
    Push: lower_push,
    Pop: lower_pop,
}
