"""The CPython function in front of a kernel, as LLVM IR: tests, call, results.

The function is a builtin of the kind METH_FASTCALL | METH_KEYWORDS. Where a test fails it calls, with the very same
arguments, the next variant of the same function or else the dispatcher, a Python callable. It never frees anything it
may be running in: its caller holds the builtin, the builtin holds the code, and `next` is held during its call.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from . import numpy_layout
from .context import (
    ERROR_ARG_COUNT,
    ERROR_ARGS_OFFSET,
    EXCEPTION_SET,
    I32,
    I64,
    OUT_OF_MEMORY,
    POINTER,
    THREAD_STATE_OFFSET,
    arena_free_all,
    declare,
    field,
    result_cell,
)
from .guards import Guards
from .kernel import Buffer, Kernel, Local
from .python_api import Symbols
from .results import array_slots, emit_results
from .signature import ABSENT, RELEASE_AFTER, Array, Fixed, Scalar, Signature
from .support import NULL, frame_type, is_null, release_lock, reserve, string_constant, take_lock

Value = Any

#: Whether this interpreter's objects lie in memory as the generated functions assume.
AVAILABLE = numpy_layout.check()

#: Names in the module: the builtin's C function, its PyMethodDef, and the cell that holds the next variant.
ENTRY, METHOD, NEXT = "entry", "entry.method", "entry.next"

_METH_FASTCALL_KEYWORDS = 0x80 | 0x02
_METHOD_TYPE = ir.LiteralStructType([POINTER, POINTER, I32, POINTER])
_ENTRY_TYPE = ir.FunctionType(POINTER, (POINTER, POINTER, I64, POINTER))


def emit_entry(symbols: Symbols, native: ir.Function, kernel: Kernel, signature: Signature) -> None:
    """
    Emit the builtin that calls a kernel.

    Parameters
    ----------
    symbols : Symbols
        Of the kernel's module. It then keeps everything the builtin refers to.
    native : ir.Function
        The kernel's function.
    kernel : Kernel
        What the function was made from.
    signature : Signature
        How Python calls it; `check_signature` has passed.
    """
    function = ir.Function(symbols.module, _ENTRY_TYPE, ENTRY)
    for name, argument in zip(("self", "args", "nargs", "kwnames"), function.args, strict=True):
        argument.name = name
    _emit_method(symbols.module, function, signature.named(kernel.name))
    _Entry(symbols, function, native, kernel, signature).emit()


def _emit_method(module: ir.Module, function: ir.Function, signature: Signature) -> None:
    """The PyMethodDef and the cell for the next variant live as long as the code, in its own data."""
    doc = NULL if signature.doc is None else string_constant(module, "entry.doc", signature.doc)
    name = string_constant(module, "entry.name", str(signature.name))
    method = ir.GlobalVariable(module, _METHOD_TYPE, METHOD)
    method.initializer = ir.Constant(_METHOD_TYPE, [name, function, I32(_METH_FASTCALL_KEYWORDS), doc])
    following = ir.GlobalVariable(module, POINTER, NEXT)
    following.initializer = NULL


def _emit_elsewhere(symbols: Symbols, signature: Signature) -> ir.Function:
    """The function that hands a call on. It stands alone so that the way to the kernel saves no registers for it."""
    function = declare(symbols.module, "entry.elsewhere", POINTER, [POINTER, I64, POINTER], "noinline", "cold")
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("start"))
    vectorcall = symbols.function("PyObject_Vectorcall")
    following = builder.load(symbols.module.globals[NEXT], typ=POINTER, name="next")
    with builder.if_then(builder.icmp_unsigned("!=", following, NULL)):
        # The next variant may be replaced during its own call, so it is held.
        builder.call(symbols.function("Py_IncRef"), [following])
        answer = builder.call(vectorcall, [following, *function.args])
        builder.call(symbols.function("Py_DecRef"), [following])
        builder.ret(answer)
    dispatcher = symbols.object(signature.dispatcher)
    builder.ret(builder.call(vectorcall, [dispatcher, *function.args], tail=True))
    return function


class _Entry:
    """Emits one builtin, block after block."""

    def __init__(
        self, symbols: Symbols, function: ir.Function, native: ir.Function, kernel: Kernel, signature: Signature
    ) -> None:
        self.symbols = symbols
        self.native = native
        self.kernel = kernel
        self.signature = signature
        self.function = function
        self.builder = ir.IRBuilder(function.append_basic_block("start"))
        self.elsewhere = function.append_basic_block("elsewhere")
        self.guards = Guards(symbols, self.builder, self.elsewhere)
        self.owned: list[Value] = []

    def call(self, name: str, *arguments: Value) -> Value:
        return self.builder.call(self.symbols.function(name), arguments)

    def emit(self) -> None:
        elsewhere = ir.IRBuilder(self.elsewhere)
        self.hand_on = _emit_elsewhere(self.symbols, self.signature)
        elsewhere.ret(elsewhere.call(self.hand_on, self.function.args[1:], tail=True))
        pointers = self._argument_pointers()
        self._test_keywords()
        for container, key, expected in self.signature.captured:
            guard = self.guards.absent if expected is ABSENT else self.guards.captured
            pointers.append(guard(container, key))  # type: ignore[arg-type]
        arguments = self._kernel_arguments(pointers)
        frame = self._frame()
        self._hold(pointers[len(self.signature.params) :])
        self._release_if_long(frame)
        status = self.builder.call(self.native, [frame, *arguments], name="status")
        if self.signature.may_release:
            take_lock(self.symbols, self.builder, frame)
        self._free_arena(frame)
        for pointer in self.owned:
            self.call("Py_DecRef", pointer)
        with self.builder.if_then(self.builder.icmp_signed("!=", status, I64(0)), likely=False):
            self._emit_failure(frame, status)
        emit_results(self.symbols, self.builder, self.kernel.results, self.signature.template, frame)

    def _argument_pointers(self) -> list[Value]:
        count = len(self.signature.params)
        _, arguments, given, _ = self.function.args
        self.guards.require(self.builder.icmp_signed("==", given, I64(count)))
        return [self.guards.load(arguments, 8 * index, POINTER, f"arg{index}") for index in range(count)]

    def _test_keywords(self) -> None:
        """Keyword values follow the positional ones; their names are interned, as those in the signature."""
        _, arguments, _, names = self.function.args
        builder, guards, expected = self.builder, self.guards, self.signature.keywords
        if not expected:
            guards.require(is_null(builder, names))
            return
        guards.require(builder.icmp_unsigned("!=", names, NULL))
        size = guards.load(names, numpy_layout.TUPLE_SIZE, I64, "size")
        guards.require(builder.icmp_signed("==", size, I64(len(expected))))
        for index, (name, spec) in enumerate(expected):
            guards.fixed(guards.load(names, numpy_layout.TUPLE_ITEMS + 8 * index, POINTER, "name"), Fixed(name))
            position = len(self.signature.params) + index
            guards.fixed(guards.load(arguments, 8 * position, POINTER, "keyword"), spec)

    def _kernel_arguments(self, pointers: list[Value]) -> list[Value]:
        """Test every argument; return the kernel's arguments in its order. Scalars come first: they are cheaper, and
        may be sizes of arrays."""
        guards, specs = self.guards, (*self.signature.params, *self.signature.captured_specs)
        passed = [(pointer, spec) for pointer, spec in zip(pointers, specs, strict=True) if not isinstance(spec, Fixed)]
        for pointer, spec in zip(pointers, specs, strict=True):
            if isinstance(spec, Fixed):
                guards.fixed(pointer, spec)
        arguments: list[list[Value]] = [[] for _ in passed]
        for position, (pointer, spec) in enumerate(passed):
            param = self.kernel.params[position]
            if isinstance(spec, Scalar) and isinstance(param, Local):
                guards.sizes[param] = value = guards.scalar(pointer, spec)
                arguments[position] = [value]
        blocks: list[tuple[tuple[Value, Value], bool]] = []
        bound = self.kernel.bound_dims()
        for position, (pointer, spec) in enumerate(passed):
            param = self.kernel.params[position]
            if isinstance(spec, Array) and isinstance(param, Buffer):
                data, sizes = guards.array(pointer, spec)
                arguments[position] = [data, *(guards.sizes[dim] for dim in bound[param])]
                blocks.append(((data, self._bytes(spec, sizes)), spec.writable))
        self._test_overlap(blocks)
        return [argument for group in arguments for argument in group]

    def _bytes(self, spec: Array, sizes: list[Value]) -> Value:
        total: Value = I64(numpy_layout.DTYPES[spec.type].itemsize)
        for size in sizes:
            total = self.builder.mul(total, size)
        return total

    def _test_overlap(self, blocks: list[tuple[tuple[Value, Value], bool]]) -> None:
        """An array that the kernel writes must not share memory with any other."""
        for index, (first, first_written) in enumerate(blocks):
            for second, second_written in blocks[index + 1 :]:
                if first_written or second_written:
                    self.guards.disjoint(first, second)

    def _frame(self) -> Value:
        """The context on the C stack; only what is read before it is written is cleared."""
        results = self.kernel.results
        frame = reserve(self.builder, frame_type(len(results)), "frame")
        context = field(self.builder, frame, 8, "context")
        self.builder.store(NULL, context)
        self.builder.store(NULL, field(self.builder, context, THREAD_STATE_OFFSET))
        for index in range(ERROR_ARG_COUNT):
            # A check may store fewer, and all are shown.
            self.builder.store(I64(0), field(self.builder, context, ERROR_ARGS_OFFSET + 8 * index))
        for slot in array_slots(results):
            self.builder.store(NULL, result_cell(self.builder, context, slot))
        return context

    def _hold(self, captured: list[Value]) -> None:
        """Arguments are held by the caller; what was read from a container is not, and could be replaced there."""
        for pointer, spec in zip(captured, self.signature.captured_specs, strict=True):
            if isinstance(spec, Array):
                self.call("Py_IncRef", pointer)
                self.owned.append(pointer)

    def _release_if_long(self, context: Value) -> None:
        work = self.signature.work
        if isinstance(work, int) and work > RELEASE_AFTER:
            release_lock(self.symbols, self.builder, context)
        elif isinstance(work, tuple):
            total: Value = I64(0)
            for cost, dims in work:
                term: Value = I64(cost)
                for dim in dims:
                    term = self.builder.mul(term, self.guards.sizes[dim])
                total = self.builder.add(total, term)
            with self.builder.if_then(self.builder.icmp_signed(">", total, I64(RELEASE_AFTER)), likely=False):
                release_lock(self.symbols, self.builder, context)

    def _free_arena(self, context: Value) -> None:
        """A kernel without workspace does not mention the arena, and nothing is compiled for it."""
        if any(name.startswith("arena_") for name in self.symbols.module.globals):
            self.builder.call(arena_free_all(self.symbols.module), [context])

    def _emit_failure(self, context: Value, status: Value) -> None:
        """The kernel left early: drop the arrays it made, then raise, or hand the call on."""
        builder = self.builder
        for slot in array_slots(self.kernel.results):
            array = builder.load(result_cell(builder, context, slot), typ=POINTER)
            with builder.if_then(builder.icmp_unsigned("!=", array, NULL)):
                self.call("Py_DecRef", array)
        if self.signature.elsewhere is not None:
            with builder.if_then(builder.icmp_signed("==", status, I64(self.signature.elsewhere))):
                builder.ret(builder.call(self.hand_on, self.function.args[1:]))
        with builder.if_then(builder.icmp_signed("==", status, I64(EXCEPTION_SET))):
            builder.ret(NULL)
        with builder.if_then(builder.icmp_signed("==", status, I64(OUT_OF_MEMORY))):
            builder.ret(self.call("PyErr_NoMemory"))
        cells = [
            builder.load(field(builder, context, ERROR_ARGS_OFFSET + 8 * index), typ=I64)
            for index in range(ERROR_ARG_COUNT)
        ]
        raiser = self.symbols.object(self.signature.native_error)
        form = string_constant(self.symbols.module, "entry.error_form", "L(LLLL)")
        builder.ret(self.call("PyObject_CallFunction", raiser, form, status, *cells))
