"""Arrays that are never stored: each element is found by a map of its index."""

from __future__ import annotations

from collections.abc import Callable

from symdiff.ir.graph import Node
from symdiff.lower.emit import index_const
from symdiff.lower.scalar_nodes import apply_row
from symdiff.lower.state import Elements, Indices, Mapped, State, positions
from symdiff.lower.subscript import subscript
from symdiff.lower.usage import static_shape
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.kernel import Operand

__all__ = ["emit_mapped"]


def emit_mapped(state: State, node: Node) -> None:
    """Say how the elements of a virtual node are found."""
    maker = MAKERS.get(node.op.name, _cheap)
    mapped = maker(state, node)
    output = node.output
    if state.usage.is_small(output) and _is_ready(state, node):
        shape = static_shape(output.type) or ()
        state.set(output, Elements(tuple(mapped.read([index_const(i) for i in index]) for index in positions(shape))))
    else:
        state.set(output, mapped)


def _is_ready(state: State, node: Node) -> bool:
    """Whether the elements can be read now at no cost: of scalars, not of buffers that would be loaded here."""
    return all(isinstance(state.reps.get(v), Elements) for v in node.inputs if v.type.is_array)


def _cheap(state: State, node: Node) -> Mapped:
    """A conversion or a sign."""
    (x,) = node.inputs
    return Mapped(lambda indices: apply_row(state, node, [state.read(x, indices)]))


def _broadcast(state: State, node: Node) -> Mapped:
    (x,) = node.inputs
    return Mapped(lambda indices: state.read_broadcast(x, indices), state.scalar(x) if not x.type.is_array else None)


def _transpose(state: State, node: Node) -> Mapped:
    (x,) = node.inputs
    place = {axis: position for position, axis in enumerate(node.attrs["axes"])}
    return Mapped(lambda indices: state.read(x, [indices[place[axis]] for axis in range(len(place))]))


def _reshape(state: State, node: Node) -> Mapped:
    """Axes of length 1 come and go; the others keep their order."""
    (x,) = node.inputs
    wide = [axis for axis, dim in enumerate(node.output.type.shape) if dim != 1]
    shape = x.type.shape

    def read(indices: Indices) -> Operand:
        rest = iter(wide)
        return state.read(x, [index_const(0) if dim == 1 else indices[next(rest)] for dim in shape])

    return Mapped(read)


def _diagonal(state: State, node: Node) -> Mapped:
    (x,) = node.inputs
    return Mapped(lambda indices: state.read(x, [indices[0], indices[0]]))


def _windows(state: State, node: Node) -> Mapped:
    """A place of a window is a place of the array."""
    (x,), k = node.inputs, state.k
    steps = list(zip(node.attrs["stride"], node.attrs["dilation"], strict=True))
    n, rank = len(steps), x.type.rank

    def read(indices: Indices) -> Operand:
        pairs = zip(indices[rank - n : rank], indices[rank:], steps, strict=True)
        places = [k.add(k.mul(window, stride), k.mul(place, dilation)) for window, place, (stride, dilation) in pairs]
        return state.read(x, [*indices[: rank - n], *places])

    return Mapped(read)


def _index(state: State, node: Node) -> Mapped:
    x = node.inputs[0]
    place = subscript(state, x, node, 1)
    return Mapped(lambda indices: state.read(x, place.locate(indices)))


def _full(state: State, node: Node) -> Mapped:
    value = state.k.convert(state.scalar(node.inputs[0]), KERNEL_TYPE[node.attrs["dtype"]])
    return Mapped(lambda indices: value, value)


def _arange(state: State, node: Node) -> Mapped:
    k = state.k
    start, step = (state.scalar(v) for v in node.inputs)
    type_ = "i64" if all(v.type.dtype in ("int64", "int32", "bool") for v in node.inputs) else "f64"
    start, step = k.convert(start, type_), k.convert(step, type_)
    result = KERNEL_TYPE[node.attrs["dtype"]]

    def read(indices: Indices) -> Operand:
        if type_ == "i64":
            return k.convert(k.add(k.mul(indices[0], step), start), result)
        return k.convert(k.add(start, k.mul(step, k.f64(indices[0]))), result)

    return Mapped(read)


MAKERS: dict[str, Callable[[State, Node], Mapped]] = {
    "broadcast_to": _broadcast,
    "transpose": _transpose,
    "reshape": _reshape,
    "diagonal": _diagonal,
    "sliding_windows": _windows,
    "index": _index,
    "full": _full,
    "arange": _arange,
}

