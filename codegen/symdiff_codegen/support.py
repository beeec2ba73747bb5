"""What a kernel calls back, emitted into its own module: new result arrays, the look for signals, the FP flags.

All of it copes with a released interpreter lock: the thread state that was saved lies in the kernel's context, and
whoever needs Python takes the lock back. Just before the context stands one word more, the time of the last look for
signals; it belongs to the call, so that threads in one unit and handlers that call it again do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from .context import I8, I32, I64, POINTER, THREAD_STATE_OFFSET, context_type, field, result_cell
from .numpy_layout import ARRAY_DATA
from .python_api import FE_INVALID, MONOTONIC_CLOCK, Symbols, is_declaration

Value = Any

#: A kernel without the interpreter lock takes it back this often to look for signals: taking it may cost the switch
#: interval of 5 ms when other threads are busy, and a signal should be seen within 100 ms.
NANOSECONDS_BETWEEN_LOOKS = 50_000_000

NULL = POINTER(None)
_CLOCK_BEFORE_CONTEXT = -8
_TIME = ir.LiteralStructType([I64, I64])


def frame_type(results: int) -> ir.LiteralStructType:
    """Return the type of a context with the word for the clock before it."""
    return ir.LiteralStructType([I64, context_type(results)])


def define_support(symbols: Symbols, *, releases: bool, invoked: object = None) -> None:
    """
    Define what the kernel of a module has declared, and what is neither defined nor bound to an address.

    Parameters
    ----------
    symbols : Symbols
        Of the module.
    releases : bool
        The first look for signals releases the interpreter lock. The context then is the one of `frame_type`.
    invoked : callable, optional
        ``invoked(site, address)`` is what an ``Invoke`` calls, with the address of its words.
    """
    definitions: dict[str, Callable[[ir.Function], None]] = {
        "new_array": lambda function: _define_new_array(symbols, function),
        "poll": lambda function: _define_poll(symbols, function, releases),
        "invoke": lambda function: _define_invoke(symbols, function, invoked),
        "fp_clear": lambda function: _define_clear(symbols, function),
        "fp_invalid": lambda function: _define_invalid(symbols, function),
    }
    for name, define in definitions.items():
        function = symbols.module.globals.get(name)
        if name == "invoke" and invoked is None:
            continue
        if is_declaration(function) and name not in symbols.addresses:
            define(function)


def reserve(builder: ir.IRBuilder, type: ir.Type, name: str) -> Value:
    """A cell in the frame of the function, as a pointer without a type."""
    with builder.goto_entry_block():
        cell = builder.alloca(type, name=name)
    cell.type = POINTER
    return cell


def is_null(builder: ir.IRBuilder, pointer: Value) -> Value:
    """Whether a pointer is NULL."""
    return builder.icmp_unsigned("==", pointer, NULL)


def release_lock(symbols: Symbols, builder: ir.IRBuilder, context: Value) -> None:
    """Release the interpreter lock; the context holds the thread state until it is taken back."""
    builder.store(_now(symbols, builder), field(builder, context, _CLOCK_BEFORE_CONTEXT))
    state = builder.call(symbols.function("PyEval_SaveThread"), [])
    builder.store(state, field(builder, context, THREAD_STATE_OFFSET))


def take_lock(symbols: Symbols, builder: ir.IRBuilder, context: Value) -> Value:
    """Take the interpreter lock back if it was released; return whether it was."""
    cell = field(builder, context, THREAD_STATE_OFFSET)
    state = builder.load(cell, typ=POINTER, name="thread_state")
    released = builder.icmp_unsigned("!=", state, NULL, name="released")
    with builder.if_then(released, likely=False):
        builder.call(symbols.function("PyEval_RestoreThread"), [state])
        builder.store(NULL, cell)
    return released


def _start(function: ir.Function) -> ir.IRBuilder:
    """Begin a definition. None is worth a copy in each place that calls it."""
    function.linkage = "internal"
    function.attributes.add("noinline")
    return ir.IRBuilder(function.append_basic_block("entry"))


def _now(symbols: Symbols, builder: ir.IRBuilder) -> Value:
    """Nanoseconds of the monotonic clock; 0 where there is none, and then every look counts."""
    if MONOTONIC_CLOCK is None:
        return I64(0)
    time = reserve(builder, _TIME, "time")
    builder.call(symbols.function("clock_gettime"), [I32(MONOTONIC_CLOCK), time])
    seconds = builder.load(time, typ=I64)
    return builder.add(builder.mul(seconds, I64(10**9)), builder.load(field(builder, time, 8), typ=I64), name="now")


def _define_new_array(symbols: Symbols, function: ir.Function) -> None:
    """Create an array, put it into its result cell and return the address of its data; NULL after an error."""
    context, slot, type_number, ndim, dims, zeroed = function.args
    builder = _start(function)
    released = take_lock(symbols, builder, context)
    made = reserve(builder, POINTER, "made")
    with builder.if_else(builder.icmp_unsigned("!=", zeroed, I32(0))) as (zeros, plain):
        with zeros:
            descr = builder.call(symbols.function("PyArray_DescrFromType"), [type_number])
            builder.store(builder.call(symbols.function("PyArray_Zeros"), [ndim, dims, descr, I32(0)]), made)
        with plain:
            kind = symbols.object(np.ndarray)
            arguments = [kind, ndim, dims, type_number, NULL, NULL, I32(0), I32(0), NULL]
            builder.store(builder.call(symbols.function("PyArray_New"), arguments), made)
    array = builder.load(made, typ=POINTER, name="array")
    with builder.if_then(is_null(builder, array), likely=False):
        builder.ret(NULL)
    cell = result_cell(builder, context, 0)
    builder.store(array, builder.gep(cell, [slot], inbounds=True, source_etype=I64))
    data = builder.load(field(builder, array, ARRAY_DATA), typ=POINTER, name="data")
    with builder.if_then(released, likely=False):
        release_lock(symbols, builder, context)
    builder.ret(data)


def _define_poll(symbols: Symbols, function: ir.Function, releases: bool) -> None:
    """Look for signals: now if the lock is held, now and then if it is not. -1 if a handler raised."""
    (context,) = function.args
    builder = _start(function)
    state = builder.load(field(builder, context, THREAD_STATE_OFFSET), typ=POINTER, name="thread_state")
    with builder.if_then(builder.icmp_unsigned("!=", state, NULL)):
        last = builder.load(field(builder, context, _CLOCK_BEFORE_CONTEXT), typ=I64, name="last")
        passed = builder.sub(_now(symbols, builder), last)
        soon = builder.icmp_signed("<", passed, I64(NANOSECONDS_BETWEEN_LOOKS))
        if MONOTONIC_CLOCK is not None:
            with builder.if_then(soon, likely=True):
                builder.ret(I32(0))
    take_lock(symbols, builder, context)
    answer = builder.call(symbols.function("PyErr_CheckSignals"), [])
    with builder.if_then(builder.icmp_signed("!=", answer, I32(0)), likely=False):
        # The lock stays taken: an exception is set.
        builder.ret(I32(-1))
    if releases:
        release_lock(symbols, builder, context)
    builder.ret(I32(0))


def _define_invoke(symbols: Symbols, function: ir.Function, invoked: object) -> None:
    """Call back with the interpreter lock held. Where that raised it stays so: an exception is set."""
    context, site, words = function.args
    builder = _start(function)
    released = take_lock(symbols, builder, context)
    form = string_constant(symbols.module, "invoke.form", "LL")
    address = builder.ptrtoint(words, I64)
    answer = builder.call(symbols.function("PyObject_CallFunction"), [symbols.object(invoked), form, site, address])
    with builder.if_then(is_null(builder, answer), likely=False):
        builder.ret(I32(-1))
    builder.call(symbols.function("Py_DecRef"), [answer])
    with builder.if_then(released, likely=False):
        release_lock(symbols, builder, context)
    builder.ret(I32(0))


def _define_clear(symbols: Symbols, function: ir.Function) -> None:
    builder = _start(function)
    builder.call(symbols.function("feclearexcept"), [I32(FE_INVALID)])
    builder.ret_void()


def _define_invalid(symbols: Symbols, function: ir.Function) -> None:
    builder = _start(function)
    builder.ret(builder.call(symbols.function("fetestexcept"), [I32(FE_INVALID)]))


def string_constant(module: ir.Module, name: str, text: str) -> ir.GlobalVariable:
    """A C string in the module's read-only data."""
    data = bytearray(text.encode() + b"\0")
    constant = ir.GlobalVariable(module, ir.ArrayType(I8, len(data)), name)
    constant.linkage = "internal"
    constant.global_constant = True
    constant.initializer = ir.Constant(ir.ArrayType(I8, len(data)), data)
    return constant
