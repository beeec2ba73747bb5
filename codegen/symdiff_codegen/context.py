"""The context a kernel runs in: its struct, and the arena its workspace comes from, as LLVM IR.

    { ptr arena, ptr thread_state, i64 error_args[4], i64 results[...] }

The arena is a chain of chunks that never move. A chunk is a header of 64 bytes followed by its data:

    { ptr previous, ptr next, ptr top, ptr end }

``arena`` points to the chunk in use, or is null before the first allocation. A release moves back along the chain but
keeps the chunks, so that a loop which allocates and releases calls malloc in its first trip only.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

POINTER = ir.PointerType()
I1 = ir.IntType(1)
I8 = ir.IntType(8)
I32 = ir.IntType(32)
I64 = ir.IntType(64)
VOID = ir.VoidType()

# The fields of the context and their offsets in bytes.
ARENA, THREAD_STATE, ERROR_ARGS, RESULTS = range(4)
ERROR_ARG_COUNT = 4
ARENA_OFFSET = 0
THREAD_STATE_OFFSET = 8
ERROR_ARGS_OFFSET = 16
RESULTS_OFFSET = ERROR_ARGS_OFFSET + 8 * ERROR_ARG_COUNT

# What the native function returns besides the positive number of a failed check.
OK = 0
EXCEPTION_SET = -1
OUT_OF_MEMORY = -2

ALIGNMENT = 64
_PREVIOUS, _NEXT, _TOP, _END = (8 * field for field in range(4))
_HEADER = 64
_FIRST_CHUNK = 1 << 16

Value = Any


def context_type(results: int) -> ir.LiteralStructType:
    """Return the type of the context of a kernel with this many results."""
    arrays = [ir.ArrayType(I64, ERROR_ARG_COUNT), ir.ArrayType(I64, results)]
    return ir.LiteralStructType([POINTER, POINTER, *arrays])


def field(builder: ir.IRBuilder, pointer: Value, offset: int | Value, name: str = "") -> Value:
    """Return the address ``offset`` bytes after a pointer."""
    index = I64(offset) if isinstance(offset, int) else offset
    return builder.gep(pointer, [index], inbounds=True, source_etype=I8, name=name)


def result_cell(builder: ir.IRBuilder, context: Value, slot: int) -> Value:
    """Return the address of a result's cell."""
    return field(builder, context, RESULTS_OFFSET + 8 * slot, "cell")


def declare(module: ir.Module, name: str, result: ir.Type, args: list[ir.Type], *attributes: str) -> ir.Function:
    """Return the function of this name, declared if the module does not have it yet."""
    known = module.globals.get(name)
    if isinstance(known, ir.Function):
        return known
    function = ir.Function(module, ir.FunctionType(result, args), name=name)
    # llvmlite's own list of attributes is older than LLVM's, hence the set's plain method.
    for attribute in attributes:
        set.add(function.attributes, attribute)
    return function


def poll(module: ir.Module) -> ir.Function:
    """Declare ``poll(context) -> i32``: non-zero if a signal handler has raised."""
    return declare(module, "poll", I32, [POINTER], "cold", "nounwind")


def invoke(module: ir.Module) -> ir.Function:
    """Declare ``invoke(context, site, words) -> i32``: it calls Python back; non-zero with an exception set."""
    return declare(module, "invoke", I32, [POINTER, I64, POINTER], "cold", "nounwind")


def new_array(module: ir.Module) -> ir.Function:
    """Declare ``new_array(context, slot, type number, ndim, dims, zeroed) -> ptr``.

    It stores the new array in the result's cell and returns the address of its data; null with an exception set.
    """
    return declare(module, "new_array", POINTER, [POINTER, I64, I32, I32, POINTER, I32], "nounwind")


def floating_point_flags(module: ir.Module) -> tuple[ir.Function, ir.Function]:
    """Declare ``fp_clear()`` and ``fp_invalid() -> i32``."""
    return declare(module, "fp_clear", VOID, [], "nounwind"), declare(module, "fp_invalid", I32, [], "nounwind")


def arena_alloc(module: ir.Module) -> ir.Function:
    """Return ``arena_alloc(context, bytes) -> ptr``: null if there is no memory; aligned to 64 bytes."""
    function = declare(module, "arena_alloc", POINTER, [POINTER, I64], "nounwind", "noinline")
    if not function.is_declaration:
        return function
    function.linkage = "internal"
    context, size = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    fits, grow = function.append_basic_block("fits"), function.append_basic_block("grow")
    look = function.append_basic_block("look")
    chunk = builder.load(context, typ=POINTER, name="chunk")
    # A block is at least 64 bytes, so that no two have the same address; a size that wraps around is refused.
    rounded = builder.and_(builder.add(size, I64(ALIGNMENT)), I64(-ALIGNMENT), name="rounded")
    builder.cbranch(builder.icmp_unsigned("==", chunk, POINTER(None)), grow, look)
    builder.position_at_end(look)
    top = builder.load(field(builder, chunk, _TOP), typ=POINTER, name="top")
    end = builder.load(field(builder, chunk, _END), typ=POINTER, name="end")
    left = builder.sub(_address(builder, end), _address(builder, top))
    builder.cbranch(builder.icmp_unsigned("<=", rounded, left), fits, grow)
    builder.position_at_end(fits)
    builder.store(field(builder, top, rounded), field(builder, chunk, _TOP))
    builder.ret(top)
    builder.position_at_end(grow)
    builder.ret(builder.call(_arena_grow(module), [context, chunk, size, rounded]))
    return function


def _address(builder: ir.IRBuilder, pointer: Value) -> Value:
    return builder.ptrtoint(pointer, I64)


def _arena_grow(module: ir.Module) -> ir.Function:
    """Return the slow path: use the next chunk of the chain if it is large enough, else put a new one there."""
    function = declare(module, "arena_grow", POINTER, [POINTER, POINTER, I64, I64], "nounwind", "cold", "noinline")
    function.linkage = "internal"
    context, chunk, size, rounded = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    blocks = {name: function.append_basic_block(name) for name in ("kept", "reuse", "drop", "new", "made", "none")}
    needed = builder.add(rounded, I64(_HEADER), name="needed")
    # Wrapping around, or more than an address can span, is no memory rather than a small block.
    plausible = builder.icmp_unsigned("<", size, I64(1 << 48))
    first = builder.icmp_unsigned("==", chunk, POINTER(None), name="first")
    other = function.append_basic_block("other")
    builder.cbranch(plausible, other, blocks["none"])
    builder.position_at_end(other)
    builder.cbranch(first, blocks["new"], blocks["kept"])
    builder.position_at_end(blocks["kept"])
    following = builder.load(field(builder, chunk, _NEXT), typ=POINTER, name="following")
    here = function.append_basic_block("here")
    builder.cbranch(builder.icmp_unsigned("==", following, POINTER(None)), blocks["new"], here)
    builder.position_at_end(here)
    end = builder.load(field(builder, following, _END), typ=POINTER)
    space = builder.sub(_address(builder, end), _address(builder, following))
    builder.cbranch(builder.icmp_unsigned("<=", needed, space), blocks["reuse"], blocks["drop"])
    builder.position_at_end(blocks["reuse"])
    _use(builder, context, following, rounded)
    builder.position_at_end(blocks["drop"])
    builder.call(_free_chain(module), [following])
    builder.store(POINTER(None), field(builder, chunk, _NEXT))
    builder.branch(blocks["new"])
    _emit_new_chunk(module, builder, blocks, (context, chunk, rounded, needed, first))
    builder.position_at_end(blocks["none"])
    builder.ret(POINTER(None))
    return function


def _emit_new_chunk(
    module: ir.Module, builder: ir.IRBuilder, blocks: dict[str, ir.Block], values: tuple[Value, ...]
) -> None:
    context, chunk, rounded, needed, first = values
    malloc = declare(module, "malloc", POINTER, [I64], "nounwind")
    builder.position_at_end(blocks["new"])
    # Twice what is asked for, so that a chain of growing blocks stays short.
    generous = builder.shl(needed, I64(1))
    large = builder.icmp_unsigned(">", generous, I64(_FIRST_CHUNK))
    capacity = builder.select(large, generous, I64(_FIRST_CHUNK), name="capacity")
    raw = builder.call(malloc, [builder.add(capacity, I64(ALIGNMENT))], name="raw")
    builder.cbranch(builder.icmp_unsigned("==", raw, POINTER(None)), blocks["none"], blocks["made"])
    builder.position_at_end(blocks["made"])
    # The address malloc gave stands in the last word of the header; the chunk starts at the next multiple of 64.
    gap = builder.sub(I64(ALIGNMENT), builder.and_(_address(builder, raw), I64(ALIGNMENT - 1)))
    fresh = field(builder, raw, gap, "fresh")
    builder.store(chunk, field(builder, fresh, _PREVIOUS))
    builder.store(POINTER(None), field(builder, fresh, _NEXT))
    builder.store(field(builder, fresh, capacity), field(builder, fresh, _END))
    builder.store(raw, field(builder, fresh, _HEADER - 8))
    link = builder.append_basic_block("link")
    use = builder.append_basic_block("use")
    builder.cbranch(first, use, link)
    builder.position_at_end(link)
    builder.store(fresh, field(builder, chunk, _NEXT))
    builder.branch(use)
    builder.position_at_end(use)
    _use(builder, context, fresh, rounded)


def _use(builder: ir.IRBuilder, context: Value, chunk: Value, rounded: Value) -> None:
    """Make a chunk the current one, take its first block and return it."""
    data = field(builder, chunk, _HEADER)
    builder.store(field(builder, data, rounded), field(builder, chunk, _TOP))
    builder.store(chunk, context)
    builder.ret(data)


def _free_chain(module: ir.Module) -> ir.Function:
    """Return a function that frees a chunk and those after it."""
    function = declare(module, "arena_free_chain", VOID, [POINTER], "nounwind", "noinline")
    if not function.is_declaration:
        return function
    function.linkage = "internal"
    free = declare(module, "free", VOID, [POINTER], "nounwind")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    head, body, done = (function.append_basic_block(name) for name in ("head", "body", "done"))
    entry = builder.block
    builder.branch(head)
    builder.position_at_end(head)
    chunk = builder.phi(POINTER, "chunk")
    chunk.add_incoming(function.args[0], entry)
    builder.cbranch(builder.icmp_unsigned("==", chunk, POINTER(None)), done, body)
    builder.position_at_end(body)
    following = builder.load(field(builder, chunk, _NEXT), typ=POINTER, name="following")
    raw = builder.load(field(builder, chunk, _HEADER - 8), typ=POINTER, name="raw")
    builder.call(free, [raw])
    chunk.add_incoming(following, builder.block)
    builder.branch(head)
    builder.position_at_end(done)
    builder.ret_void()
    return function


def arena_mark(builder: ir.IRBuilder, context: Value, block: Value) -> tuple[Value, Value]:
    """Emit a mark: the chunk in use, and where the block just allocated in it starts (a release gives it back too)."""
    return builder.load(context, typ=POINTER, name="mark"), block


def arena_release(builder: ir.IRBuilder, context: Value, mark: tuple[Value, Value]) -> None:
    """Emit the way back to a mark. The chunks after it stay in the chain."""
    chunk, top = mark
    builder.store(top, field(builder, chunk, _TOP))
    builder.store(chunk, context)


def arena_free_all(module: ir.Module) -> ir.Function:
    """Return ``arena_free_all(context)``: free every chunk, those released included, and forget the arena."""
    function = declare(module, "arena_free_all", VOID, [POINTER], "nounwind")
    if not function.is_declaration:
        return function
    function.linkage = "internal"
    context = function.args[0]
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    head, back, all_of_it, done = (function.append_basic_block(name) for name in ("head", "back", "all", "done"))
    entry = builder.block
    current = builder.load(context, typ=POINTER, name="current")
    builder.cbranch(builder.icmp_unsigned("==", current, POINTER(None)), done, head)
    builder.position_at_end(head)
    chunk = builder.phi(POINTER, "chunk")
    chunk.add_incoming(current, entry)
    previous = builder.load(field(builder, chunk, _PREVIOUS), typ=POINTER, name="previous")
    builder.cbranch(builder.icmp_unsigned("==", previous, POINTER(None)), all_of_it, back)
    builder.position_at_end(back)
    chunk.add_incoming(previous, back)
    builder.branch(head)
    builder.position_at_end(all_of_it)
    builder.call(_free_chain(module), [chunk])
    builder.store(POINTER(None), context)
    builder.branch(done)
    builder.position_at_end(done)
    builder.ret_void()
    return function
