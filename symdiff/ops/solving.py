"""Systems of linear equations, determinants and Cholesky factors, of one matrix or of a stack of them.

Rules use transposes and solves, and an inverse only where the gradient is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import broadcast_shapes, require_same, show_shape
from symdiff.ops.comparison import where
from symdiff.ops.dtypes import promoted
from symdiff.ops.linalg import column, matmul, on_diagonal, outer, places, row_of, sizes_of, tril, uncolumn
from symdiff.ops.primitive import Primitive, primitive
from symdiff.ops.shaping import diag, diagonal, reshape, swap_last

__all__ = [
    "cholesky",
    "collected",
    "det",
    "float_of",
    "inv",
    "slogdet_logabs",
    "slogdet_sign",
    "solve",
    "solve_triangular",
    "square_size",
    "triangle",
]


# as NumPy says it
NOT_SQUARE = "Last 2 dimensions of the array must be square"


def float_of(*types: Type) -> str:
    """The dtype in which LAPACK computes."""
    dtype = promoted(list(types))
    return dtype if dtype.startswith("float") else "float64"


def square_size(build: Builder, name: str, type_: Type) -> Dim:
    """The size of a square matrix, or of those of a stack."""
    rows, columns = sizes_of(build, name, type_)
    require_same(build, rows, columns, f"{NOT_SQUARE}: {name} has {show_shape(type_.shape)}", "LinAlgError")
    return rows


# -- solving -----------------------------------------------------------------------------------------------------------


def _infer_solve(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    """A right side of one axis is a vector; any other one is a matrix, or a stack of them."""
    a, b = (v.type for v in inputs)
    size = square_size(build, "solve", a)
    if not b.rank:
        build.refuse(ShapeError, "solve takes a vector or a matrix on the right, not a number")
    shapes = f"{show_shape(a.shape)} and {show_shape(b.shape)}"
    require_same(build, size, b.shape[-2] if b.rank > 1 else b.shape[0], f"shapes {shapes} do not fit for solve")
    if b.rank == 1:
        return Type(float_of(a, b), (*a.shape[:-2], *b.shape), "numpy")
    batch = broadcast_shapes(build, [a.shape[:-2], b.shape[:-2]])
    return Type(float_of(a, b), (*batch, *b.shape[-2:]), "numpy")


def _back(solver: Any, g: Any, a: Any, b: Any) -> Any:
    """The cotangent of the right side; one vector for a stack of matrices has a cotangent for each of them."""
    if b.rank == 1 and a.rank > 2:
        return uncolumn(solver(swap_last(a), column(g)))
    return solver(swap_last(a), g)


def _products(back: Any, y: Any, b: Any) -> Any:
    """The cotangent of the matrix: minus the outer products of the columns."""
    if b.rank > 1:
        return -matmul(back, swap_last(y))
    return -outer(back, y) if back.rank == 1 else -(column(back) * row_of(y))


solve: Primitive = primitive(
    "solve",
    infer=_infer_solve,
    numpy=np.linalg.solve,
    python="np.linalg.solve({}, {})",
    vjp=(
        lambda g, y, a, b: _products(_back(solve, g, a, b), y, b),
        lambda g, y, a, b: _back(solve, g, a, b),
    ),
    cost=1000.0,
)


def triangle(m: Any, lower: bool) -> Any:
    """One triangle of a matrix, with its diagonal."""
    if lower:
        return tril(m)
    rows, columns = places(m)
    return where(rows <= columns, m, 0.0)


def _triangular_numpy(a: Any, b: Any, lower: bool) -> Any:
    return np.linalg.solve(np.tril(a) if lower else np.triu(a), b)


def _triangular_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    return f"np.linalg.solve(np.{'tril' if attrs['lower'] else 'triu'}({arguments[0]}), {arguments[1]})"


def _turned(lower: bool) -> Any:
    return lambda a, b: solve_triangular(a, b, lower=not lower)


solve_triangular: Primitive = primitive(
    "solve_triangular",
    infer=_infer_solve,
    numpy=_triangular_numpy,
    python=_triangular_text,
    vjp=(
        lambda g, y, a, b, lower: triangle(_products(_back(_turned(lower), g, a, b), y, b), lower),
        lambda g, y, a, b, lower: _back(_turned(lower), g, a, b),
    ),
    cost=500.0,
)


# -- inverses and determinants -----------------------------------------------------------------------------------------


def _infer_square(name: str, *, scalar: bool) -> Any:
    def infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
        (a,) = inputs
        square_size(build, name, a.type)
        return Type(float_of(a.type), a.type.shape[:-2] if scalar else a.type.shape, "numpy")

    return infer


def _each(g: Any) -> Any:
    """A number for each matrix of a stack, as matrices of one entry."""
    return reshape(g, shape=(*g.shape, 1, 1)) if g.rank else g


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
    vjp=(lambda g, y, a: _each(g * y) * swap_last(inv(a)),),
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
    vjp=(lambda g, y, a: _each(g) * swap_last(inv(a)),),
    cost=1000.0,
)


# -- Cholesky factors --------------------------------------------------------------------------------------------------


def _diagonal_of(m: Any) -> Any:
    """The matrix with everything beside its diagonal cleared."""
    return diag(diagonal(m)) if m.rank == 2 else where(on_diagonal(m), m, 0.0)


def _half_lower(m: Any) -> Any:
    """The lower triangle, with half the diagonal: what a Cholesky factor makes of a symmetric matrix."""
    return tril(m) - 0.5 * _diagonal_of(m)


def collected(full: Any, lower: bool = True) -> Any:
    """The cotangent of a symmetric matrix collected in the one triangle that is read."""
    return triangle(full + swap_last(full), lower) - _diagonal_of(full)


def _cholesky_rule(g: Any, y: Any, a: Any) -> Any:
    """``L^-T half_lower(L^T g) L^-1``, collected in the lower triangle, the only part of ``a`` that is read."""
    upper = swap_last(y)
    inner = solve(upper, _half_lower(matmul(upper, g)))
    return collected(swap_last(solve(upper, swap_last(inner))))


cholesky: Primitive = primitive(
    "cholesky",
    infer=_infer_square("cholesky", scalar=False),
    numpy=np.linalg.cholesky,
    python="np.linalg.cholesky({})",
    vjp=(_cholesky_rule,),
    cost=1000.0,
)
