"""Matrix products and linear algebra: small products in line, everything else by NumPy's own inner loops.

An inner loop is a C function ``(char **args, intp *dims, intp *steps, void *data)`` bound as the symbol
``gufunc_<name>_<d|f>``, its last argument as ``gufunc_<name>_<d|f>_data``. It reports a singular or unfit matrix by the
floating-point flag ``invalid``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir

from .context import I8, I32, I64, POINTER, VOID, arena_mark, arena_release, declare, floating_point_flags
from .instructions import LINALG
from .kernel import Buffer, Const, Linalg, Matmul
from .lanes import LLVM_TYPE
from .llvm_loops import LEAF_CHUNK, counted
from .llvm_memory import allocate, element_pointer, load_at, size_of
from .llvm_state import State, Value
from .llvm_vector import add_lanes

# Up to here a product is emitted in line: rows, which are a loop; terms of an element, which are written out; and bytes
# of a row of the result, which is a vector.
MOST_ROWS, MOST_TERMS, MOST_BYTES = 128, 32, 128
# Elements of a second factor that is transposed: each is put into its vector by itself.
MOST_GATHERED = 256
LETTER = {"f64": "d", "f32": "f"}


def lower_matmul(state: State, product: Matmul) -> None:
    """``out = a @ b`` or ``out += a @ b``."""
    small = _as_small(product)
    if small is not None:
        _small(state, product, small)
    elif not product.accumulate:
        _call_matmul(state, product, state.buffers[product.out])
    else:
        size = size_of(state, product.out)
        block = allocate(state, I64(0))
        mark = arena_mark(state.builder, state.context, block)
        room = allocate(state, state.builder.mul(size, I64(product.out.itemsize)))
        _call_matmul(state, product, room)
        add_lanes(state, product.out, room, size)
        arena_release(state.builder, state.context, mark)


def _call_matmul(state: State, product: Matmul, out: Value) -> None:
    builder, item = state.builder, product.out.itemsize
    a, b = (_strided(state, buffer, transposed) for buffer, transposed in _factors(product))
    rows, inner, columns = a[0][0], a[0][1], b[0][1]
    row_step = builder.mul(columns, I64(item))
    steps = [I64(0)] * 3 + [*a[1], *b[1], row_step, I64(item)]
    pointers = [state.buffers[product.a], state.buffers[product.b], out]
    _call_loop(state, "matmul", product.out.type, pointers, [rows, inner, columns], steps)


def _factors(product: Matmul) -> tuple[tuple[Buffer, bool], tuple[Buffer, bool]]:
    return (product.a, product.transpose_a), (product.b, product.transpose_b)


def _strided(state: State, buffer: Buffer, transposed: bool) -> tuple[list[Value], list[Value]]:
    """Return the dims and the steps in bytes of a matrix, or of its transpose."""
    dims, steps = state.operands(buffer.dims), _steps(state, buffer)
    return (dims[::-1], steps[::-1]) if transposed else (dims, steps)


def _steps(state: State, buffer: Buffer) -> list[Value]:
    """Return the distance in bytes between neighbours along each axis."""
    steps: list[Value] = []
    step: Value = I64(buffer.itemsize)
    for dim in reversed(state.operands(buffer.dims)):
        steps.append(step)
        step = state.builder.mul(step, dim)
    return steps[::-1]


def lower_linalg(state: State, call: Linalg) -> None:
    """A function of whole matrices between a clearing and a test of the flag."""
    row = LINALG[call.name]
    operands = list(zip((*call.inputs, *call.outputs), row.inputs + row.outputs, strict=True))
    sizes: dict[str, Value] = {}
    steps: list[Value] = [I64(0)] * len(operands)
    for buffer, names in operands:
        for name, dim in zip(names, state.operands(buffer.dims), strict=True):
            sizes.setdefault(name, dim)
        steps += _steps(state, buffer)
    clear, invalid = floating_point_flags(state.module)
    state.builder.call(clear, [])
    pointers = [state.buffers[buffer] for buffer, _ in operands]
    _call_loop(state, row.symbol, call.inputs[0].type, pointers, list(sizes.values()), steps)
    state.values[call.ok] = state.builder.icmp_signed("==", state.builder.call(invalid, []), I32(0))


def _call_loop(
    state: State, name: str, type: str, pointers: Sequence[Value], dims: Sequence[Value], steps: Sequence[Value]
) -> None:
    """Call an inner loop once: an outer dimension of one before the core dimensions."""
    module = state.module
    symbol = f"gufunc_{name}_{LETTER[type]}"
    loop = declare(module, symbol, VOID, [POINTER] * 4, "nounwind")
    data = module.globals.get(symbol + "_data")
    if data is None:
        data = ir.GlobalVariable(module, I8, symbol + "_data")
    args = pointers_to(state, POINTER, pointers, "args")
    sizes = pointers_to(state, I64, [I64(1), *dims], "dims")
    state.builder.call(loop, [args, sizes, pointers_to(state, I64, steps, "steps"), data])


def pointers_to(state: State, element: ir.Type, values: Sequence[Value], name: str) -> Value:
    """Put values side by side in memory."""
    cells = state.alloca(ir.ArrayType(element, len(values)), name)
    for position, value in enumerate(values):
        place = state.builder.gep(cells, [I64(position)], inbounds=True, source_etype=element)
        state.builder.store(value, place)
    return cells


# Small products: a loop over rows, a row of the result in a vector, the inner index unrolled and in order. An element
# is ((a0*b0 + a1*b1) + a2*b2) + ..., whatever the shape.


@dataclass(frozen=True)
class _Small:
    """A product of known sizes: its factors, each with whether it is to be transposed."""

    left: tuple[Buffer, bool]
    right: tuple[Buffer, bool]
    rows: int
    inner: int
    columns: int


def _as_small(product: Matmul) -> _Small | None:
    """A product that is emitted in line; None for one that is too large."""
    dims = (*product.out.dims, *product.a.dims, *product.b.dims)
    if not all(isinstance(dim, Const) and int(dim.value) > 0 for dim in dims):
        return None
    rows, columns = (int(dim.value) for dim in product.out.dims if isinstance(dim, Const))
    (a, transpose_a), (b, transpose_b) = _factors(product)
    found = _Small((a, transpose_a), (b, transpose_b), rows, (a.static_size or 0) // rows, columns)
    if columns == 1 and transpose_a:
        # the column a.T @ b lies in memory as the row b.T @ a does
        found = _Small((b, not transpose_b), (a, False), 1, found.inner, rows)
    fits = found.rows <= MOST_ROWS and found.inner <= MOST_TERMS
    fits = fits and not (found.right[1] and found.inner * found.columns > MOST_GATHERED)
    return found if fits and found.columns * product.out.itemsize <= MOST_BYTES else None


def _small(state: State, product: Matmul, small: _Small) -> None:
    builder = state.builder
    (a, transpose_a), (b, transpose_b) = small.left, small.right
    rows, inner, columns = small.rows, small.inner, small.columns
    row_type = ir.VectorType(LLVM_TYPE[product.out.type], columns)
    right = [_right_row(state, b, transpose_b, k, row_type) for k in range(inner)]

    def row(i: Value, _: list[Value]) -> list[Value]:
        total: Value = None
        for k in range(inner):
            offset = _left_offset(builder, i, k, rows, inner, transpose_a)
            left = load_at(state, a, offset)
            total = _step(state, total, _splat(builder, left, columns), right[k], product.fma)
        pointer = element_pointer(state, product.out, builder.mul(i, I64(columns)))
        if product.accumulate:
            before = builder.load(pointer, typ=row_type, align=a.itemsize)
            total = state.op("add", state.aliases.note(before, product.out), total)
        state.aliases.note(builder.store(total, pointer, align=a.itemsize), product.out)
        return []

    counted(state, I64(rows), 1, LEAF_CHUNK, [], row)


def _step(state: State, total: Value | None, left: Value, right: Value, fma: bool) -> Value:
    if total is None:
        return state.op("mul", left, right)
    if fma:
        return state.op("fma", left, right, total)
    return state.op("add", total, state.op("mul", left, right))


def _right_row(state: State, b: Buffer, transposed: bool, k: int, row_type: ir.VectorType) -> Value:
    """Return row ``k`` of the second factor."""
    builder, columns = state.builder, row_type.count
    if not transposed:
        whole = builder.load(element_pointer(state, b, I64(k * columns)), typ=row_type, align=b.itemsize)
        return state.aliases.note(whole, b)
    inner = (b.static_size or 0) // columns
    row: Value = ir.Constant(row_type, ir.Undefined)
    for j in range(columns):
        row = builder.insert_element(row, load_at(state, b, I64(j * inner + k)), I32(j))
    return row


def _splat(builder: ir.IRBuilder, scalar: Value, count: int) -> Value:
    undefined = ir.Constant(ir.VectorType(scalar.type, count), ir.Undefined)
    first = builder.insert_element(undefined, scalar, I32(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(I32, count), [0] * count))


def _left_offset(builder: ir.IRBuilder, i: Value, k: int, rows: int, inner: int, transposed: bool) -> Value:
    """Return where element ``(i, k)`` of the first factor lies."""
    if transposed:
        return builder.add(i, I64(k * rows))
    return builder.add(builder.mul(i, I64(inner)), I64(k))
