"""Convolutions in the kernel: a multiple of one vector is added for each entry of the other, in order."""

from __future__ import annotations

from symdiff.ir.graph import Node
from symdiff.lower.emit import index_const
from symdiff.lower.state import State, Stored
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.kernel import Buffer, Const, Operand

__all__ = ["emit_convolve"]


def emit_convolve(state: State, node: Node) -> None:
    """``full`` or ``valid``; neither vector may be empty."""
    k, full = state.k, node.attrs["mode"] == "full"
    type_ = KERNEL_TYPE[node.output.type.dtype]
    a, v = (state.buffer(x) for x in node.inputs)
    if full:
        for buffer, name in ((a, "a"), (v, "v")):
            k.check(k.gt(buffer.dims[0], 0), "ValueError", f"{name} cannot be empty")
    out = state.new_buffer(node.output)
    k.fill(out, Const(0 if type_[0] == "i" else 0.0, type_))
    with k.loop("j", index_const(0), v.dims[0]) as outer:
        weight = k.convert(k.load(v, (outer.index,)), type_)
        if full:
            _add_multiple(state, out, outer.index, a, index_const(0), weight)
        else:
            start = k.sub(k.sub(v.dims[0], 1), outer.index)
            _add_multiple(state, out, index_const(0), a, start, weight)
    state.set(node.output, Stored(out))


def _add_multiple(state: State, out: Buffer, to: Operand, a: Buffer, start: Operand, weight: Operand) -> None:
    """``out[to + i] += weight * a[start + i]`` for as many as there are in the shorter of the two."""
    k = state.k
    count = k.min(k.sub(a.dims[0], start), k.sub(out.dims[0], to))
    with k.loop("i", index_const(0), count, vector=True) as loop:
        place = (k.add(loop.index, to),)
        term = k.mul(weight, k.convert(k.load(a, (k.add(loop.index, start),)), out.type))
        k.store(out, place, k.add(k.load(out, place), term))
