"""Fourier transforms by NumPy's own inner loops, line by line along the middle axis of three."""

from __future__ import annotations

from llvmlite import ir

from .context import I8, I64, POINTER, VOID, declare
from .kernel import Fourier
from .lanes import LLVM_TYPE
from .llvm_linalg import LETTER, pointers_to
from .llvm_loops import NEST_CHUNK, counted
from .llvm_state import State, Value

__all__ = ["lower_fourier"]


def lower_fourier(state: State, call: Fourier) -> None:
    """All lines that are neighbours along the last axis are one call of a loop."""
    builder, item = state.builder, call.out.itemsize
    before, count, after = state.operands(call.source.dims)[:3]
    length = state.operands(call.out.dims)[1]
    sizes = [I64(item * (2 if buffer.rank == 4 else 1)) for buffer in (call.source, call.out)]
    strides = [builder.mul(after, size) for size in sizes]
    blocks = [builder.mul(n, stride) for n, stride in zip((count, length), strides, strict=True)]
    factor = state.alloca(LLVM_TYPE[call.out.type], "factor")
    builder.store(ir.Constant(LLVM_TYPE[call.out.type], 1.0), factor)
    dims = pointers_to(state, I64, [after, count, length], "dims")
    steps = pointers_to(state, I64, [sizes[0], I64(0), sizes[1], *strides], "steps")
    loop, data = _loop(state, call, count)

    def run(i: Value, _: list[Value]) -> list[Value]:
        source, out = (
            builder.gep(state.buffers[buffer], [builder.mul(i, block)], source_etype=I8)
            for buffer, block in zip((call.source, call.out), blocks, strict=True)
        )
        args = pointers_to(state, POINTER, [source, factor, out], "args")
        builder.call(loop, [args, dims, steps, data])
        return []

    counted(state, before, 1, NEST_CHUNK, [], run)


def _loop(state: State, call: Fourier, count: Value) -> tuple[Value, Value]:
    """The loop and its data; that of real numbers depends on whether their number is even."""
    if call.name != "rfft":
        return _symbols(state, call, call.name)
    even, odd = (_symbols(state, call, f"rfft_n_{parity}") for parity in ("even", "odd"))
    is_even = state.builder.icmp_signed("==", state.builder.and_(count, I64(1)), I64(0))
    loop, data = (state.builder.select(is_even, *both) for both in zip(even, odd, strict=True))
    return loop, data


def _symbols(state: State, call: Fourier, name: str) -> tuple[Value, Value]:
    module, symbol = state.module, f"fourier_{name}_{LETTER[call.out.type]}"
    loop = declare(module, symbol, VOID, [POINTER] * 4, "nounwind")
    data = module.globals.get(symbol + "_data")
    if data is None:
        data = ir.GlobalVariable(module, I8, symbol + "_data")
    return loop, data
