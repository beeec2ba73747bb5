"""Products of matrices, and parts of them."""

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
from symdiff.ops.shaping import diagonal, reshape, swap_last

__all__ = [
    "column",
    "dot",
    "matmul",
    "on_diagonal",
    "outer",
    "places",
    "row_of",
    "sizes_of",
    "trace",
    "tril",
    "uncolumn",
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


def column(x: Any) -> Any:
    """The last axis as columns: ``x[..., None]``."""
    return reshape(x, shape=(*x.shape, 1))


def row_of(x: Any) -> Any:
    """The last axis as rows: ``x[..., None, :]``."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def uncolumn(x: Any) -> Any:
    """Without the last axis, of length 1."""
    return reshape(x, shape=x.shape[:-1])


def _left_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    """Cotangent of ``a`` in ``a @ b``; where batches were broadcast the walk sums over them."""
    match (a.rank, b.rank):
        case (1, 1):
            return g * b
        case (1, 2):
            return matmul(b, g)
        case (1, _):
            return uncolumn(matmul(b, column(g)))
        case (_, 1):
            return outer(g, b) if a.rank == 2 else column(g) * b
    return matmul(g, swap_last(b))


def _right_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    """Cotangent of ``b`` in ``a @ b``."""
    match (a.rank, b.rank):
        case (1, 1):
            return g * a
        case (2, 1):
            return matmul(swap_last(a), g)
        case (_, 1):
            return uncolumn(matmul(swap_last(a), column(g)))
        case (1, _):
            return outer(a, g) if b.rank == 2 else column(a) * row_of(g)
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
    expand=lambda a, b: column(a) * b,
    vjp=(lambda g, y, a, b: matmul(g, b), lambda g, y, a, b: matmul(swap_last(g), a)),
    jvp=lambda ts, y, a, b: _product_rule(outer, ts, a, b),
)


# -- parts of a matrix -------------------------------------------------------------------------------------------------


def sizes_of(build: Builder, name: str, type_: Type) -> tuple[Dim, Dim]:
    """Rows and columns of a matrix, or of each of a stack of them."""
    if type_.rank < 2:
        build.refuse(ShapeError, f"{name} takes a matrix, not an array of shape {show_shape(type_.shape)}")
    return type_.shape[-2], type_.shape[-1]


def _infer_trace(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (a,) = inputs
    if a.type.rank != 2:
        build.refuse(ShapeError, f"trace takes a matrix, not an array of shape {show_shape(a.type.shape)}")
    return Type(a.type.dtype if a.type.is_float else "int64", (), "numpy")


def _identity_like(m: Any) -> Any:
    return where(on_diagonal(m), 1.0, 0.0)


def places(m: Any) -> tuple[Any, Any]:
    """Row and column numbers of a matrix, as a column and a row."""
    build = m.build
    ends = (build.constant(0), build.constant(1))
    rows, columns = (Traced(build, build.add(arange, *ends, length=n, dtype="int64")) for n in m.shape[-2:])
    return column(rows), columns


def on_diagonal(m: Any) -> Any:
    """Which entries of a matrix lie on its diagonal."""
    rows, columns = places(m)
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
    sizes_of(build, "tril", inputs[0].type)
    return Type(inputs[0].type.dtype, inputs[0].type.shape, "numpy")


def _tril_expand(m: Any) -> Any:
    rows, columns = places(m)
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
