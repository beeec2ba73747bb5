"""Functions of matrices by LAPACK, one matrix after the other of a stack, and triangular systems by loops.

Parts of one decomposition are different operations of the graph. The first that is met computes all of them; the others
find theirs ready, if they stand in the same block or in one inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symdiff.ir.graph import Dim, Node, Value
from symdiff.lower.emit import index_const
from symdiff.lower.state import State, Stored
from symdiff.lower.whole import converted, typed_buffer
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.instructions import LINALG
from symdiff_codegen.kernel import Buffer, Carried, Linalg, Local, Operand

__all__ = ["LINEAR_ALGEBRA", "emit_linalg", "matrix_at"]

SINGULAR = "Singular matrix"


@dataclass(frozen=True)
class Call:
    """Which function computes a row, and which of its outputs the row is."""

    name: str
    part: int = 0
    message: str | None = None
    double: bool = False


CALLS = {
    "solve": Call("solve", message=SINGULAR),
    "inv": Call("inv", message=SINGULAR),
    "cholesky": Call("cholesky", message="Matrix is not positive definite"),
    "det": Call("det"),
    "slogdet_sign": Call("slogdet", 0),
    "slogdet_logabs": Call("slogdet", 1),
    "eigvalsh": Call("eigvalsh", message="Eigenvalues did not converge"),
    "eigh_values": Call("eigh", 0, "Eigenvalues did not converge"),
    "eigh_vectors": Call("eigh", 1, "Eigenvalues did not converge"),
    "svdvals": Call("svdvals", message="SVD did not converge"),
    "svd_u": Call("svd", 0, "SVD did not converge"),
    "svd_s": Call("svd", 1, "SVD did not converge"),
    "svd_vt": Call("svd", 2, "SVD did not converge"),
}


def emit_linalg(state: State, node: Node) -> None:
    """Emit a function of matrices."""
    SPECIAL.get(node.op.name, _by_lapack)(state, node)


def _by_lapack(state: State, node: Node) -> None:
    call = CALLS[node.op.name]
    _part(state, node, _function(node, call), call.part, lambda: _computed(state, node, call))


def _function(node: Node, call: Call) -> str:
    if call.name == "solve" and node.inputs[1].type.rank == 1:
        return "solve1"
    suffix = "_upper" if node.attrs.get("upper") else "_full" if node.attrs.get("full") else ""
    return call.name + suffix


def _part(state: State, node: Node, name: str, part: int, compute: Callable[[], Sequence[Buffer]]) -> None:
    """Take one output of a function, which is called unless that was done before for another of its outputs."""
    k, output = state.k, node.output
    key: tuple[str | Value, ...] = (name, *node.inputs)
    left = dict(state.parts.get(key, {}))
    if part not in left:
        left = dict(enumerate(compute()))
    found = left.pop(part)
    state.parts[key] = left
    if not output.type.is_array:
        state.set(output, k.load(found, ()))
        return
    if output in state.targets:
        target = state.new_buffer(output)
        k.copy(target, found)
        found = target
    state.owned.add(found)
    state.set(output, Stored(found))


# -- LAPACK ------------------------------------------------------------------------------------------------------------


def _computed(state: State, node: Node, call: Call) -> list[Buffer]:
    """All outputs of a function, for every matrix of a stack."""
    k, name = state.k, _function(node, call)
    type_ = KERNEL_TYPE[node.output.type.dtype]
    inputs = [typed_buffer(state, v, type_) for v in node.inputs]
    row = LINALG[name]
    batch = node.output.type.shape[: node.output.type.rank - len(row.outputs[call.part])]
    sizes = _core_sizes(state, row.inputs, inputs)
    outputs = [_output(state, node, p == call.part, batch, [sizes[s] for s in names], type_)
               for p, names in enumerate(row.outputs)]  # fmt: skip
    kept = [v.type.shape[: v.type.rank - len(names)] for v, names in zip(node.inputs, row.inputs, strict=True)]

    def one(indices: list[Operand]) -> None:
        operands = [
            matrix_at(state, buffer, dims, buffer.dims[buffer.rank - len(names) :], indices)
            for buffer, dims, names in zip([*inputs, *outputs], [*kept, *[batch] * len(outputs)],
                                           row.inputs + row.outputs, strict=True)
        ]  # fmt: skip
        ok = k.define(Local("i1", "ok"))
        k.append(Linalg(ok, name, tuple(operands[len(inputs) :]), tuple(operands[: len(inputs)])))
        if call.message is not None:
            k.check(ok, "LinAlgError", call.message)

    state.each([state.dim(d) for d in batch], one, vector=False)
    k.scope.loads.clear()
    return outputs


def _core_sizes(state: State, names: Sequence[Sequence[str]], inputs: Sequence[Buffer]) -> dict[str, Operand]:
    """The core dimensions of a function; ``p`` is the smaller one of a matrix."""
    sizes: dict[str, Operand] = {}
    for letters, buffer in zip(names, inputs, strict=True):
        for letter, dim in zip(letters, buffer.dims[buffer.rank - len(letters) :], strict=True):
            sizes.setdefault(letter, dim)
    if "n" in sizes:
        sizes["p"] = state.k.min(sizes["m"], sizes["n"])
    return sizes


def _output(
    state: State, node: Node, wanted: bool, batch: Sequence[Dim], core: Sequence[Operand], type_: str
) -> Buffer:
    """Where an output goes: the place of the node's own value, or workspace for what another node may want."""
    if wanted and node.output.type.is_array and node.output not in state.targets:
        return state.new_buffer(node.output)
    buffer = Buffer(node.output.hint or node.op.name, type_, (*(state.dim(d) for d in batch), *core))
    state.k.alloc(buffer)
    return buffer


def matrix_at(
    state: State, buffer: Buffer, batch: Sequence[Dim], core: Sequence[Operand], indices: Sequence[Operand]
) -> Buffer:
    """The matrix at an index of a stack, or the whole where there is no stack."""
    if not batch and tuple(core) == buffer.dims:
        return buffer
    k = state.k
    offset: Operand = index_const(0)
    for dim, index in zip(batch, indices[len(indices) - len(batch) :], strict=True):
        offset = k.add(k.mul(offset, state.dim(dim)), index_const(0) if dim == 1 else index)
    for size in core:
        offset = k.mul(offset, size)
    return k.view(buffer.name, buffer, core, offset)


# -- orthogonal factors ------------------------------------------------------------------------------------------------


def _qr(state: State, node: Node) -> None:
    part = 0 if node.op.name == "qr_q" else 1
    _part(state, node, "qr", part, lambda: _factors(state, node, part))


def _factors(state: State, node: Node, part: int) -> list[Buffer]:
    """Q and R; LAPACK computes them in double precision."""
    k, (x,) = state.k, node.inputs
    batch = x.type.shape[:-2]
    a = typed_buffer(state, x, "f64")
    rows, columns = a.dims[-2:]
    count = k.min(rows, columns)
    type_ = KERNEL_TYPE[node.output.type.dtype]
    q, r = (_output(state, node, p == part, batch, core, type_)
            for p, core in enumerate(((rows, count), (count, columns))))  # fmt: skip
    packed, factors, wide = (Buffer(name, "f64", dims) for name, dims in
                             (("packed", (rows, columns)), ("factors", (count,)), ("q", (rows, count))))  # fmt: skip
    for buffer in (packed, factors, wide):
        k.alloc(buffer)

    def one(indices: list[Operand]) -> None:
        k.copy(packed, matrix_at(state, a, batch, (rows, columns), indices))
        _call(state, "reflections", factors, (packed,))
        _call(state, "orthogonal", wide, (packed, factors))
        k.scope.loads.clear()
        own_q, own_r = (matrix_at(state, b, batch, b.dims[-2:], indices) for b in (q, r))
        state.each(wide.dims, lambda at: k.store(own_q, at, k.convert(k.load(wide, at), type_)))

        def upper(at: list[Operand]) -> None:
            entry = k.convert(k.load(packed, at), type_)
            k.store(own_r, at, k.select(k.le(at[0], at[1]), entry, 0.0))

        state.each((count, columns), upper)

    state.each([state.dim(d) for d in batch], one, vector=False)
    k.scope.loads.clear()
    return [q, r]


def _call(state: State, name: str, output: Buffer, inputs: tuple[Buffer, ...]) -> None:
    ok = state.k.define(Local("i1", "ok"))
    state.k.append(Linalg(ok, name, (output,), inputs))


# -- triangular systems ------------------------------------------------------------------------------------------------


def _triangular(state: State, node: Node) -> None:
    """Substitution, from the first row on or from the last one."""
    k, (a, b), output = state.k, node.inputs, node.output
    type_ = KERNEL_TYPE[output.type.dtype]
    matrices, right = typed_buffer(state, a, type_), _sides(state, b, type_)
    out = state.new_buffer(output)
    rank = 1 if b.type.rank == 1 else 2
    batch = output.type.shape[: output.type.rank - rank]

    def one(indices: list[Operand]) -> None:
        matrix = matrix_at(state, matrices, a.type.shape[:-2], matrices.dims[-2:], indices)
        given = matrix_at(state, right, b.type.shape[:-rank], right.dims[right.rank - rank :], indices)
        found = matrix_at(state, out, batch, out.dims[out.rank - rank :], indices)
        _substitute(state, matrix, given, found, bool(node.attrs["lower"]))

    state.each(out.dims[: out.rank - rank], one, vector=False)
    k.scope.loads.clear()
    state.set(output, Stored(out))


def _sides(state: State, value: Value, type_: str) -> Buffer:
    return typed_buffer(state, value, type_) if value.type.is_array else converted(state, value, type_)


def _substitute(state: State, a: Buffer, b: Buffer, x: Buffer, lower: bool) -> None:
    """``x[i] = (b[i] - sum of a[i, k] x[k]) / a[i, i]``, over the rows that are done."""
    k, size = state.k, a.dims[0]
    with k.loop("i", index_const(0), size) as rows:
        i = rows.index if lower else k.sub(k.sub(size, 1), rows.index)
        pivot = k.load(a, (i, i))
        k.check(k.ne(pivot, 0.0), "LinAlgError", SINGULAR)
        first, last = (index_const(0), i) if lower else (k.add(i, 1), size)
        if x.rank == 1:
            given = k.load(b, (i,))
            with k.loop("k", first, last) as done:
                total, out = k.define(Local(x.type, "rest")), Local(x.type, "rest")
                term = k.mul(k.load(a, (i, done.index)), k.load(x, (done.index,)))
                done.carried.append(Carried(total, given, k.sub(total, term), out))
            k.store(x, (i,), k.let("div", out, pivot))
            return
        columns = (b.dims[1],)
        state.each(columns, lambda at: k.store(x, (i, *at), k.load(b, (i, *at))))
        with k.loop("k", first, last) as done:
            factor = k.load(a, (i, done.index))

            def less(at: list[Operand]) -> None:
                term = k.mul(factor, k.load(x, (done.index, *at)))
                k.store(x, (i, *at), k.sub(k.load(x, (i, *at)), term))

            state.each(columns, less)
        state.each(columns, lambda at: k.store(x, (i, *at), k.let("div", k.load(x, (i, *at)), pivot)))


SPECIAL: dict[str, Callable[[State, Node], None]] = {"qr_q": _qr, "qr_r": _qr, "solve_triangular": _triangular}
LINEAR_ALGEBRA = frozenset({*CALLS, *SPECIAL})
