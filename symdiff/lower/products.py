"""Products of matrices: an instruction of the kernel; straight code for tiny ones; a loop over matrices for batches.

The sum over the inner index runs in order, with fused multiply-add, in straight code and in the loop for sizes up to 16
alike, so that a size known when compiling gives the bits of one known when running.
"""

from __future__ import annotations

from symdiff.ir.graph import Node, Value
from symdiff.lower.emit import index_const
from symdiff.lower.linalg import matrix_at
from symdiff.lower.state import State, Stored
from symdiff.lower.usage import SMALL_ARRAY, static_shape
from symdiff.lower.whole import converted
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.kernel import Buffer, Const, If, Matmul, Operand

__all__ = ["emit_matmul"]

IN_LINE = 16


def emit_matmul(state: State, node: Node) -> None:
    """Emit a product of two arrays of at least two dimensions, or of one with a batch."""
    a, b = node.inputs
    if a.type.rank == 2 and b.type.rank == 2:
        if _is_tiny(state, node):
            state.keep(node.output, _straight(state, node), static_shape(node.output.type) or ())
            return
        left, right = _factor(state, a, node), _factor(state, b, node)
        out = state.new_buffer(node.output)
        _multiply(state, out, left, right)
        state.set(node.output, Stored(out))
    else:
        _batched(state, node)


# -- tiny matrices -----------------------------------------------------------------------------------------------------


def _is_tiny(state: State, node: Node) -> bool:
    shapes = [static_shape(v.type) for v in (*node.inputs, node.output)]
    return all(s is not None and 0 < s[0] * s[1] <= SMALL_ARRAY for s in shapes)


def _straight(state: State, node: Node) -> tuple[Operand, ...]:
    k = state.k
    type_ = KERNEL_TYPE[node.output.type.dtype]
    (rows, inner), (_, columns) = (static_shape(v.type) or (0, 0) for v in node.inputs)
    a, b = ([k.convert(item, type_) for item in state.items(v)] for v in node.inputs)
    items = []
    for i in range(rows):
        for j in range(columns):
            total = k.mul(a[i * inner], b[j])
            for step in range(1, inner):
                total = _step(state, a[i * inner + step], b[step * columns + j], total)
            items.append(total)
    return tuple(items)


def _step(state: State, a: Operand, b: Operand, total: Operand) -> Operand:
    k = state.k
    return k.fma(a, b, total) if state.fma and a.type[0] == "f" else k.add(total, k.mul(a, b))


# -- one product -------------------------------------------------------------------------------------------------------

Factor = tuple[Buffer, bool]


def _factor(state: State, value: Value, node: Node) -> Factor:
    """The buffer of a factor, and whether it holds the transpose (of each matrix)."""
    type_ = KERNEL_TYPE[node.output.type.dtype]
    if KERNEL_TYPE[value.type.dtype] != type_:
        return converted(state, value, type_), False
    made, rank = state.usage.definition.get(value), value.type.rank
    flipped = (*range(rank - 2), rank - 1, rank - 2)
    if made is not None and made.op.name == "transpose" and made.attrs["axes"] == flipped:
        return state.buffer(made.inputs[0]), True
    return state.buffer(value), False


def _multiply(state: State, out: Buffer, left: Factor, right: Factor) -> None:
    """``out = left @ right``; integers and small sizes known only at run time by loops."""
    k = state.k
    (a, flip_a), (b, flip_b) = left, right
    inner = a.dims[0] if flip_a else a.dims[1]
    if out.type[0] == "i" or inner == index_const(1):
        _loops(state, out, left, right, inner)
        return
    sizes = (*out.dims, inner)
    product = Matmul(out, a, b, flip_a, flip_b, fma=state.fma)
    if any(isinstance(d, Const) and d.value > IN_LINE for d in sizes) or all(isinstance(d, Const) for d in sizes):
        k.append(product)
        return
    small: Operand = Const(True, "i1")
    for size in dict.fromkeys(sizes):
        small = k.and_(small, k.le(size, IN_LINE))
    with k.block() as then:
        _loops(state, out, left, right, inner)
    k.append(If(small, tuple(then.instructions), (product,)))
    k.scope.loads.clear()


def _loops(state: State, out: Buffer, left: Factor, right: Factor, inner: Operand) -> None:
    k = state.k
    (a, flip_a), (b, flip_b) = left, right
    # -0.0 changes no sum, but a sum of nothing is 0.0
    start = k.select(k.eq(inner, 0), 0.0, Const(-0.0, out.type)) if out.type[0] == "f" else Const(0, out.type)
    k.fill(out, start)
    with k.loop("i", index_const(0), out.dims[0]) as rows, k.loop("k", index_const(0), inner) as middle:
        i, step = rows.index, middle.index
        factor = k.load(a, (step, i) if flip_a else (i, step))
        with k.loop("j", index_const(0), out.dims[1], vector=True) as columns:
            j = columns.index
            other = k.load(b, (j, step) if flip_b else (step, j))
            k.store(out, (i, j), _step(state, factor, other, k.load(out, (i, j))))


# -- batches -----------------------------------------------------------------------------------------------------------


def _batched(state: State, node: Node) -> None:
    """A loop over the leading axes, broadcast against each other; a vector is a matrix of one row or column."""
    k, (a, b) = state.k, node.inputs
    (left, flip_a), (right, flip_b) = (_factor(state, v, node) for v in (a, b))
    out = state.new_buffer(node.output)
    batch = node.output.type.rank - (a.type.rank > 1) - (b.type.rank > 1)
    core_a = left.dims[-2:] if a.type.rank > 1 else (index_const(1), left.dims[0])
    core_b = right.dims[-2:] if b.type.rank > 1 else (right.dims[0], index_const(1))
    core_out = (core_a[flip_a], core_b[not flip_b])

    def one(indices: list[Operand]) -> None:
        matrix_a = matrix_at(state, left, a.type.shape[:-2], core_a, indices)
        matrix_b = matrix_at(state, right, b.type.shape[:-2], core_b, indices)
        target = matrix_at(state, out, node.output.type.shape[:batch], core_out, indices)
        _multiply(state, target, (matrix_a, flip_a), (matrix_b, flip_b))

    state.each(out.dims[:batch], one, vector=False)
    k.scope.loads.clear()
    state.set(node.output, Stored(out))
