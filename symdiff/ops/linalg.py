"""Products of matrices, and what LAPACK solves.

Rules use transposes and solves, and an inverse only where the gradient is one.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import broadcast_shapes, require_same, show_shape
from symdiff.ops.arithmetic import multiply
from symdiff.ops.comparison import greater_equal, where
from symdiff.ops.creation import arange
from symdiff.ops.dtypes import promoted
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.reduction import sum_
from symdiff.ops.shaping import diag, diagonal, reshape, swap_last

__all__ = [
    "cholesky",
    "det",
    "dot",
    "inv",
    "matmul",
    "outer",
    "slogdet_logabs",
    "slogdet_sign",
    "solve",
    "trace",
    "tril",
]


# -- products ----------------------------------------------------------------------------------------------------------


def _infer_matmul(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    a, b = (v.type for v in inputs)
    message = f"shapes {show_shape(a.shape)} and {show_shape(b.shape)} do not fit for a matrix product"
    if not a.rank or not b.rank:
        build.refuse(ShapeError, "a matrix product takes arrays, not scalars", "use * instead")
    require_same(build, a.shape[-1], b.shape[-2] if b.rank > 1 else b.shape[0], message)
    batch = broadcast_shapes(build, [a.shape[:-2], b.shape[:-2]])
    return Type(promoted([a, b]), (*batch, *a.shape[-2:-1], *(b.shape[-1:] if b.rank > 1 else ())), "numpy")


def _column(x: Any) -> Any:
    """The last axis as columns: ``x[..., None]``."""
    return reshape(x, shape=(*x.shape, 1))


def _row(x: Any) -> Any:
    """The last axis as rows: ``x[..., None, :]``."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def _uncolumn(x: Any) -> Any:
    return reshape(x, shape=x.shape[:-1])


def _left_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    """Cotangent of ``a`` in ``a @ b``; where batches were broadcast the walk sums over them."""
    match (a.rank, b.rank):
        case (1, 1):
            return g * b
        case (1, 2):
            return matmul(b, g)
        case (1, _):
            return _uncolumn(matmul(b, _column(g)))
        case (_, 1):
            return outer(g, b) if a.rank == 2 else _column(g) * b
    return matmul(g, swap_last(b))


def _right_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    """Cotangent of ``b`` in ``a @ b``."""
    match (a.rank, b.rank):
        case (1, 1):
            return g * a
        case (2, 1):
            return matmul(swap_last(a), g)
        case (_, 1):
            return _uncolumn(matmul(swap_last(a), _column(g)))
        case (1, _):
            return outer(a, g) if b.rank == 2 else _column(a) * _row(g)
    return matmul(swap_last(a), g)


def _product_rule(row: Any, tangents: Any, a: Any, b: Any) -> Any:
    """Forward mode of what is linear in each of two arguments."""
    left, right = tangents
    if left is None or right is None:
        return row(left, b) if right is None else row(a, right)
    return row(left, b) + row(a, right)


matmul: Primitive = primitive(
    "matmul",
    infer=_infer_matmul,
    numpy=np.matmul,
    python="({} @ {})",
    operator="@",
    also=(operator.matmul,),
    vjp=(_left_rule, _right_rule),
    jvp=lambda ts, y, a, b: _product_rule(matmul, ts, a, b),
    cost=100.0,
)


def _infer_dot(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    a, b = (v.type for v in inputs)
    if not a.rank or not b.rank:
        return Type(promoted([a, b]), a.shape or b.shape, "numpy")
    if b.rank > 2:
        build.refuse(
            ShapeError, "dot is supported up to a matrix on the right", "use @ or np.einsum's written-out form"
        )
    return _infer_matmul(build, inputs, attrs)


def _dot_rule(with_scalar: Any, with_array: Any) -> Any:
    def rule(g: Any, y: Any, a: Any, b: Any) -> Any:
        return with_array(g, y, a, b) if a.rank and b.rank else with_scalar(g, a, b)

    return rule


dot: Primitive = primitive(
    "dot",
    infer=_infer_dot,
    numpy=np.dot,
    python="np.dot({}, {})",
    expand=lambda a, b: matmul(a, b) if a.rank and b.rank else multiply(a, b),
    vjp=(_dot_rule(lambda g, a, b: g * b, _left_rule), _dot_rule(lambda g, a, b: g * a, _right_rule)),
    jvp=lambda ts, y, a, b: _product_rule(dot, ts, a, b),
    cost=100.0,
)


def _infer_outer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    a, b = (v.type for v in inputs)
    if a.rank != 1 or b.rank != 1:
        build.refuse(ShapeError, "outer takes two vectors", "flatten the arrays with .ravel() first")
    return Type(promoted([a, b]), (*a.shape, *b.shape), "numpy")


outer: Primitive = primitive(
    "outer",
    infer=_infer_outer,
    numpy=np.outer,
    python="np.outer({}, {})",
    expand=lambda a, b: _column(a) * b,
    vjp=(lambda g, y, a, b: matmul(g, b), lambda g, y, a, b: matmul(swap_last(g), a)),
    jvp=lambda ts, y, a, b: _product_rule(outer, ts, a, b),
)


# -- parts of a matrix -------------------------------------------------------------------------------------------------


def _matrix(build: Builder, name: str, type_: Type) -> tuple[Dim, Dim]:
    if type_.rank != 2:
        hint = "loop over the first axis" if type_.rank > 2 else ""
        build.refuse(ShapeError, f"{name} takes a matrix, not an array of shape {show_shape(type_.shape)}", hint)
    return type_.shape[0], type_.shape[1]


def _infer_trace(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (a,) = inputs
    _matrix(build, "trace", a.type)
    return Type(a.type.dtype if a.type.is_float else "int64", (), "numpy")


def _identity_like(m: Any) -> Any:
    return where(_same_place(m), 1.0, 0.0)


def _places(m: Any) -> tuple[Any, Any]:
    """Row and column numbers of a matrix, as a column and a row."""
    build = m.build
    ends = (build.constant(0), build.constant(1))
    rows, columns = (Traced(build, build.add(arange, *ends, length=n, dtype="int64")) for n in m.shape)
    return _column(rows), columns


def _same_place(m: Any) -> Any:
    rows, columns = _places(m)
    return rows == columns


trace: Primitive = primitive(
    "trace",
    infer=_infer_trace,
    numpy=np.trace,
    python="np.trace({})",
    expand=lambda m: sum_(diagonal(m), axis=(0,), keepdims=False),
    vjp=(lambda g, y, m: g * _identity_like(m),),
    linear=True,
)


def _infer_tril(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    _matrix(build, "tril", inputs[0].type)
    return Type(inputs[0].type.dtype, inputs[0].type.shape, "numpy")


def _tril_expand(m: Any) -> Any:
    rows, columns = _places(m)
    return where(greater_equal(rows, columns), m, 0)


tril: Primitive = primitive(
    "tril",
    infer=_infer_tril,
    numpy=np.tril,
    python="np.tril({})",
    expand=_tril_expand,
    vjp=(lambda g, y, m: tril(g),),
    linear=True,
)


# -- solving -----------------------------------------------------------------------------------------------------------


def _float(*types: Type) -> str:
    dtype = promoted(list(types))
    return dtype if dtype.startswith("float") else "float64"


def _square(build: Builder, name: str, type_: Type) -> Dim:
    rows, columns = _matrix(build, name, type_)
    require_same(build, rows, columns, f"{name} takes a square matrix, not one of shape {show_shape(type_.shape)}")
    return rows


def _infer_solve(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    a, b = (v.type for v in inputs)
    size = _square(build, "solve", a)
    if b.rank not in (1, 2):
        build.refuse(ShapeError, f"solve takes a vector or a matrix on the right, not shape {show_shape(b.shape)}")
    shapes = f"{show_shape(a.shape)} and {show_shape(b.shape)}"
    require_same(build, size, b.shape[0], f"shapes {shapes} do not fit for solve")
    return Type(_float(a, b), b.shape, "numpy")


def _solve_left_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    back = solve(swap_last(a), g)
    return -outer(back, y) if b.rank == 1 else -matmul(back, swap_last(y))


solve: Primitive = primitive(
    "solve",
    infer=_infer_solve,
    numpy=np.linalg.solve,
    python="np.linalg.solve({}, {})",
    vjp=(_solve_left_rule, lambda g, y, a, b: solve(swap_last(a), g)),
    cost=1000.0,
)


def _infer_square(name: str, *, scalar: bool) -> Any:
    def infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
        (a,) = inputs
        _square(build, name, a.type)
        return Type(_float(a.type), () if scalar else a.type.shape, "numpy")

    return infer


inv: Primitive = primitive(
    "inv",
    infer=_infer_square("inv", scalar=False),
    numpy=np.linalg.inv,
    python="np.linalg.inv({})",
    vjp=(lambda g, y, a: -matmul(swap_last(y), matmul(g, swap_last(y))),),
    cost=1000.0,
)

# A singular matrix has a gradient (its cofactors) that this rule cannot give: inv raises then.
det: Primitive = primitive(
    "det",
    infer=_infer_square("det", scalar=True),
    numpy=np.linalg.det,
    python="np.linalg.det({})",
    vjp=(lambda g, y, a: (g * y) * swap_last(inv(a)),),
    cost=1000.0,
)

slogdet_sign: Primitive = primitive(
    "slogdet_sign",
    infer=_infer_square("slogdet", scalar=True),
    numpy=lambda a: np.linalg.slogdet(a)[0],
    python="np.linalg.slogdet({})[0]",
    vjp=(None,),
    cost=1000.0,
)

slogdet_logabs: Primitive = primitive(
    "slogdet_logabs",
    infer=_infer_square("slogdet", scalar=True),
    numpy=lambda a: np.linalg.slogdet(a)[1],
    python="np.linalg.slogdet({})[1]",
    vjp=(lambda g, y, a: g * swap_last(inv(a)),),
    cost=1000.0,
)


def _half_lower(m: Any) -> Any:
    """The lower triangle, with half the diagonal: what a Cholesky factor makes of a symmetric matrix."""
    return tril(m) - 0.5 * diag(diagonal(m))


def _cholesky_rule(g: Any, y: Any, a: Any) -> Any:
    """``L^-T half_lower(L^T g) L^-1``, collected in the lower triangle, the only part of ``a`` that is read."""
    upper = swap_last(y)
    inner = solve(upper, _half_lower(matmul(upper, g)))
    full = swap_last(solve(upper, swap_last(inner)))
    return tril(full + swap_last(full)) - diag(diagonal(full))


cholesky: Primitive = primitive(
    "cholesky",
    infer=_infer_square("cholesky", scalar=False),
    numpy=np.linalg.cholesky,
    python="np.linalg.cholesky({})",
    vjp=(_cholesky_rule,),
    cost=1000.0,
)
