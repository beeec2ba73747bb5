"""Windows of an array added up where they overlap."""

from __future__ import annotations

from symdiff.ir.graph import Node
from symdiff.lower.emit import index_const
from symdiff.lower.state import Indices, State, Stored

__all__ = ["emit_overlap_add"]


def emit_overlap_add(state: State, node: Node) -> None:
    """One place of all windows after the other: no two windows have it at the same place of the array.

    The part of the array that the last axes are stays in the cache meanwhile. In the innermost loop places lie next to
    each other where windows do.
    """
    k, (windows,) = state.k, node.inputs
    stride, dilation = node.attrs["stride"], node.attrs["dilation"]
    state.ready(windows)
    total = state.new_buffer(node.output, zeroed=True)
    n = len(stride)
    dims = state.dims(windows.type)
    first = len(dims) - 2 * n
    lead, counts = dims[:first], dims[first : first + n]
    kernel = [index_const(size) for size in node.attrs["kernel"]]

    def add(indices: Indices) -> None:
        before, place, window = indices[:first], indices[first : first + n], indices[first + n :]
        steps = zip(window, place, stride, dilation, strict=True)
        target = [k.add(k.mul(w, s), k.mul(p, d)) for w, p, s, d in steps]
        k.accumulate(total, [*before, *target], state.read(windows, [*before, *window, *place]))

    state.each((*lead, *kernel, *counts), add)
    state.set(node.output, Stored(total))
