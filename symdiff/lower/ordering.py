"""Sorting and searching in the kernel: a merge sort of positions from the bottom up, and a binary search."""

from __future__ import annotations

from collections.abc import Callable

from symdiff.ir.graph import Node
from symdiff.lower.emit import index_const
from symdiff.lower.state import Indices, State, Stored
from symdiff.ops.dtypes import KERNEL_TYPE, promoted
from symdiff_codegen.kernel import Buffer, Carried, Local, Operand

__all__ = ["emit_argsort", "emit_searchsorted"]

Element = Callable[[Operand], Operand]
# the sizes that an int of 64 bits holds
MOST_BITS = 62


def _before(state: State, a: Operand, b: Operand) -> Operand:
    """Whether ``a`` comes before ``b``: NaN is last."""
    k = state.k
    return k.or_(k.lt(a, b), k.and_(k.isnan(b), k.not_(k.isnan(a))))


def _bits(state: State, size: Operand) -> Operand:
    """How many binary digits a size has; 0 has none."""
    k = state.k
    with k.loop("i", index_const(0), index_const(MOST_BITS)) as loop:
        power, count = k.define(Local("i64", "power")), k.define(Local("i64", "bits"))
        outs = k.define(Local("i64", "power")), k.define(Local("i64", "bits"))
        more = k.select(k.le(power, size), 1, index_const(0))
        loop.carried.append(Carried(power, index_const(1), k.mul(power, 2), outs[0]))
        loop.carried.append(Carried(count, index_const(0), k.add(count, more), outs[1]))
    return outs[1]


# -- sorting -----------------------------------------------------------------------------------------------------------


def emit_argsort(state: State, node: Node) -> None:
    """The positions of the entries along an axis in their order."""
    (x,), k, axis = node.inputs, state.k, int(node.attrs["axis"])
    values = state.buffer(x)
    dims = state.dims(x.type)
    size = dims[axis]
    out = state.new_buffer(node.output)
    order, other = (Buffer(name, "i64", (size,)) for name in ("order", "merged"))
    for buffer in (order, other):
        k.alloc(buffer)
    levels = _bits(state, k.sub(size, 1))

    def one(indices: Indices) -> None:
        def element(position: Operand) -> Operand:
            return k.load(values, [*indices[:axis], position, *indices[axis:]])

        with k.loop("i", index_const(0), size) as loop:
            k.store(order, (loop.index,), loop.index)
        _merge_levels(state, order, other, levels, element)
        with k.loop("i", index_const(0), size) as loop:
            place = [*indices[:axis], loop.index, *indices[axis:]]
            k.store(out, place, k.load(order, (loop.index,)))

    state.each([d for i, d in enumerate(dims) if i != axis], one, vector=False)
    k.scope.loads.clear()
    state.set(node.output, Stored(out))


def _merge_levels(state: State, order: Buffer, other: Buffer, levels: Operand, element: Element) -> None:
    """Sorted runs of 1, 2, 4, ... entries are merged in pairs."""
    k, size = state.k, order.dims[0]
    with k.loop("level", index_const(0), levels) as loop:
        width, out = k.define(Local("i64", "width")), Local("i64", "width")
        double = k.mul(width, 2)
        with k.loop("start", index_const(0), size, double) as runs:
            middle = k.min(k.add(runs.index, width), size)
            end = k.min(k.add(runs.index, double), size)
            _merge(state, order, other, (runs.index, middle, end), element)
        k.copy(order, other)
        loop.carried.append(Carried(width, index_const(1), double, out))


def _merge(state: State, order: Buffer, other: Buffer, run: tuple[Operand, Operand, Operand], element: Element) -> None:
    k, (start, middle, end) = state.k, run
    last = k.sub(order.dims[0], 1)
    with k.loop("t", start, end) as loop:
        i, j = k.define(Local("i64", "i")), k.define(Local("i64", "j"))
        left, right = (k.load(order, (k.min(place, last),)) for place in (i, j))
        is_before = _before(state, element(right), element(left))
        takes_right = k.and_(k.lt(j, end), k.or_(k.ge(i, middle), is_before))
        k.store(other, (loop.index,), k.select(takes_right, right, left))
        step = k.select(takes_right, 1, index_const(0))
        loop.carried.append(Carried(i, start, k.add(i, k.sub(1, step)), Local("i64", "i")))
        loop.carried.append(Carried(j, middle, k.add(j, step), Local("i64", "j")))


# -- searching ---------------------------------------------------------------------------------------------------------


def emit_searchsorted(state: State, node: Node) -> None:
    """Where each value would be put into a sorted vector."""
    (a, v), k = node.inputs, state.k
    type_ = KERNEL_TYPE[promoted([a.type, v.type])]
    values = state.buffer(a)
    size = values.dims[0]
    steps = _bits(state, size)

    def found(wanted: Operand) -> Operand:
        with k.loop("step", index_const(0), steps) as loop:
            low, high = k.define(Local("i64", "low")), k.define(Local("i64", "high"))
            outs = Local("i64", node.output.hint or "place"), Local("i64", "high")
            middle = k.floordiv(k.add(low, high), 2)
            entry = k.convert(k.load(values, (k.min(middle, k.sub(size, 1)),)), type_)
            wanted = k.convert(wanted, type_)
            beyond = _before(state, entry, wanted)
            if node.attrs["side"] == "right":
                beyond = k.not_(_before(state, wanted, entry))
            is_open = k.lt(low, high)
            upper = k.select(k.and_(is_open, beyond), k.add(middle, 1), low)
            lower = k.select(k.and_(is_open, k.not_(beyond)), middle, high)
            loop.carried += [Carried(low, index_const(0), upper, outs[0]), Carried(high, size, lower, outs[1])]
        return outs[0]

    if not v.type.is_array:
        state.set(node.output, found(state.scalar(v)))
        return
    state.ready(v)
    out = state.new_buffer(node.output)
    state.each(out.dims, lambda indices: k.store(out, indices, found(state.read(v, indices))), vector=False)
    state.set(node.output, Stored(out))
