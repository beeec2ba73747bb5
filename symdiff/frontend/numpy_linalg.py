"""`numpy.linalg`: systems of equations, determinants, decompositions, norms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.errors import LocatedLinAlgError, LocatedValueError
from symdiff.frontend import library_linalg
from symdiff.frontend.abstract import Abstract, Known, Tuple
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_products import multiplied
from symdiff.frontend.numpy_reductions import reduce
from symdiff.frontend.numpy_shaping import array_of, static_axis, transposed
from symdiff.frontend.tables import function
from symdiff.ir.graph import Value
from symdiff.ir.shapes import normalise_axes, show_shape

__all__: list[str] = []

LARGEST_BOUND = 1e-8

EIGH = type(np.linalg.eigh(np.eye(1)))
SVD = type(np.linalg.svd(np.eye(1)))
QR = type(np.linalg.qr(np.eye(1)))
SLOGDET = type(np.linalg.slogdet(np.eye(1)))


def _matrix(p: Parser, a: Abstract) -> Value:
    """A matrix or a stack of them; fewer axes are refused as NumPy does."""
    value = p.value(array_of(p, a))
    if value.type.rank < 2:
        shape = show_shape(value.type.shape)
        p.refuse(LocatedLinAlgError, f"a matrix is needed, not an array of shape {shape}", "make it two-dimensional")
    return value


def _one(row: str) -> Callable[..., Abstract]:
    def handler(p: Parser, a: Abstract) -> Abstract:
        return p.wrap(p.emit(row, _matrix(p, a)), contiguous=True)

    return handler


function(np.linalg.inv)(_one("inv"))
function(np.linalg.det)(_one("det"))


@function(np.linalg.solve)
def solve(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """A vector on the right has one axis; everything else is a matrix or a stack of them."""
    return p.wrap(p.emit("solve", _matrix(p, a), p.value(array_of(p, b))), contiguous=True)


@function(np.linalg.slogdet)
def slogdet(p: Parser, a: Abstract) -> Tuple:
    """Sign and logarithm of the determinant."""
    value = _matrix(p, a)
    return Tuple(tuple(p.wrap(p.emit(row, value)) for row in ("slogdet_sign", "slogdet_logabs")), SLOGDET)


def _flag(p: Parser, item: Abstract | None, what: str, default: bool = False) -> bool:
    return default if item is None else bool(p.static(item, what))


def _exchanged(p: Parser, item: Abstract) -> Abstract:
    """The last two axes exchanged."""
    rank = p.value(item).type.rank
    return transposed(p, item, (*range(rank - 2), rank - 1, rank - 2))


@function(np.linalg.cholesky)
def cholesky(p: Parser, a: Abstract, *, upper: Abstract | None = None) -> Abstract:
    """The lower factor, from the lower triangle; or the upper one, from the upper triangle."""
    item = array_of(p, a)
    _matrix(p, item)
    if not _flag(p, upper, "upper="):
        return p.wrap(p.emit("cholesky", p.value(item)), contiguous=True)
    return _exchanged(p, p.wrap(p.emit("cholesky", p.value(_exchanged(p, item)))))


# -- eigenvalues and singular values -----------------------------------------------------------------------------------


def _triangle(p: Parser, uplo: Abstract | None) -> bool:
    """Whether the upper triangle is read."""
    found = "L" if uplo is None else str(p.static(uplo, "UPLO=")).upper()
    if found not in ("L", "U"):
        p.refuse(LocatedValueError, "UPLO argument must be 'L' or 'U'")
    return found == "U"


@function(np.linalg.eigh)
def eigh(p: Parser, a: Abstract, UPLO: Abstract | None = None) -> Tuple:
    """Of a symmetric matrix, of which one triangle is read; the gradient is collected in it."""
    value, upper = _matrix(p, a), _triangle(p, UPLO)
    parts = (p.emit(row, value, upper=upper) for row in ("eigh_values", "eigh_vectors"))
    return Tuple(tuple(p.wrap(part) for part in parts), EIGH)


@function(np.linalg.eigvalsh)
def eigvalsh(p: Parser, a: Abstract, UPLO: Abstract | None = None) -> Abstract:
    """Without the vectors."""
    return p.wrap(p.emit("eigvalsh", _matrix(p, a), upper=_triangle(p, UPLO)))


@function(np.linalg.eig, np.linalg.eigvals)
def eig(p: Parser, a: Abstract) -> Abstract:
    """Refused: whether the results are complex is only known when the function runs."""
    p.unsupported("the eigenvalues of a general matrix may be complex", "use eigh or eigvalsh for a symmetric matrix")


@function(np.linalg.svd)
def svd(
    p: Parser,
    a: Abstract,
    full_matrices: Abstract | None = None,
    compute_uv: Abstract | None = None,
    hermitian: Abstract | None = None,
) -> Abstract:
    """The vectors of ``full_matrices=True`` have a gradient only where there are no more of them than values."""
    value = _matrix(p, a)
    if _flag(p, hermitian, "hermitian="):
        p.unsupported("svd with hermitian=True is not supported", "use eigh, or leave it out")
    if not _flag(p, compute_uv, "compute_uv=", True):
        return p.wrap(p.emit("svdvals", value))
    rows, columns = value.type.shape[-2:]
    full = _flag(p, full_matrices, "full_matrices=", True) and rows is not columns and rows != columns
    parts = (p.emit(row, value, full=full) for row in ("svd_u", "svd_s", "svd_vt"))
    return Tuple(tuple(p.wrap(part) for part in parts), SVD)


function(np.linalg.svdvals)(_one("svdvals"))


@function(np.linalg.qr)
def qr(p: Parser, a: Abstract, mode: Abstract | None = None) -> Abstract:
    """The reduced factors, or the triangular one alone."""
    value = _matrix(p, a)
    found = "reduced" if mode is None else p.static(mode, "mode=")
    if found == "r":
        return p.wrap(p.emit("qr_r", value))
    rows, columns = value.type.shape[-2:]
    if found != "reduced" and not (found == "complete" and rows is columns):
        p.unsupported(f"qr with mode={found!r} is not supported", "use mode='reduced'")
    return Tuple(tuple(p.wrap(p.emit(row, value)) for row in ("qr_q", "qr_r")), QR)


# -- least squares -----------------------------------------------------------------------------------------------------


def _bound(p: Parser, rcond: Abstract | None, what: str) -> float | None:
    found = None if rcond is None else p.static(rcond, what)
    if found is not None and found > LARGEST_BOUND:
        # singular values that count as 0 move what is left, which the rules neglect
        p.unsupported(f"{what} above {LARGEST_BOUND:g} is not supported", "write it with np.linalg.svd")
    return None if found is None else float(found)


@function(np.linalg.pinv)
def pinv(
    p: Parser,
    a: Abstract,
    rcond: Abstract | None = None,
    hermitian: Abstract | None = None,
    *,
    rtol: Abstract | None = None,
) -> Abstract:
    """The gradient is that among matrices of the same rank."""
    if _flag(p, hermitian, "hermitian="):
        p.unsupported("pinv with hermitian=True is not supported", "leave it out")
    bound = _bound(p, rcond, "rcond=")
    if bound is None:
        # rtol=None asks for a bound by the size of the matrix; without it the bound is a constant
        bound = 1e-15 if rtol is None else _bound(p, rtol, "rtol=")
    return p.wrap(p.emit("pinv", _matrix(p, a), rcond=bound), contiguous=True)


@function(np.linalg.lstsq)
def lstsq(p: Parser, a: Abstract, b: Abstract, rcond: Abstract | None = None) -> Tuple:
    """The solution, the residuals where NumPy gives them, the rank and the singular values."""
    matrix, right = array_of(p, a), array_of(p, b)
    bound = _bound(p, rcond, "rcond=")
    solution = p.wrap(p.emit("lstsq", _matrix(p, matrix), p.value(right), rcond=bound), contiguous=True)
    values = p.wrap(p.emit("svdvals", _matrix(p, matrix)))
    given = Known(None) if bound is None else p.constant(bound)
    rank = p.call(Known(library_linalg.rank_of_values), [matrix, values, given], {})
    residuals = p.call(Known(library_linalg.residuals_of), [matrix, right, solution, rank], {})
    return Tuple((solution, residuals, rank, values))


@function(np.linalg.matrix_power)
def matrix_power(p: Parser, a: Abstract, n: Abstract) -> Abstract:
    """By squaring; the exponent must be known."""
    matrix, exponent = array_of(p, a), p.static(n, "the exponent of matrix_power")
    value = _matrix(p, matrix)
    if isinstance(exponent, float):
        p.refuse(LocatedValueError, "the exponent of matrix_power must be an int")
    if exponent == 0:
        return p.call(Known(library_linalg.identity_like), [matrix], {})
    if exponent < 0:
        value = p.emit("inv", value)
    return p.wrap(_power(p, value, abs(exponent)), contiguous=True)


def _power(p: Parser, value: Value, exponent: int) -> Value:
    result: Value | None = None
    while True:
        if exponent & 1:
            result = value if result is None else p.emit("matmul", result, value)
        exponent >>= 1
        if not exponent:
            assert result is not None
            return p.emit("positive", result, kind="numpy") if result is value else result
        value = p.emit("matmul", value, value)


@function(np.linalg.multi_dot)
def multi_dot(p: Parser, arrays: Abstract) -> Abstract:
    """Multiplied in the order that costs least, as far as the sizes are known."""
    items = [p.value(array_of(p, item)) for item in p.items(arrays)]
    if len(items) < 2:
        p.refuse(LocatedValueError, "Expecting at least two arrays.")
    return p.wrap(multiplied(p, items), contiguous=True)


# -- norms -------------------------------------------------------------------------------------------------------------

VECTOR = {np.inf: library_linalg.largest_magnitude, -np.inf: library_linalg.smallest_magnitude,
          0: library_linalg.count_nonzero, 1: library_linalg.sum_of_magnitudes}  # fmt: skip
MATRIX = {"nuc": library_linalg.nuclear_norm, 1: library_linalg.largest_column, -1: library_linalg.smallest_column,
          np.inf: library_linalg.largest_row, -np.inf: library_linalg.smallest_row,
          2: library_linalg.largest_singular, -2: library_linalg.smallest_singular}  # fmt: skip


def _vector_norm(p: Parser, item: Abstract, kind: Any, axes: tuple[int, ...], keep: bool) -> Abstract:
    axis = Tuple(tuple(p.constant(a) for a in axes))
    if kind is None or kind == 2:
        return reduce(p, "norm", item, axis, p.constant(keep))
    if isinstance(kind, str):
        p.refuse(LocatedValueError, f"Invalid norm order {kind!r} for vectors")
    if kind in VECTOR:
        return p.call(Known(VECTOR[kind]), [item, axis, p.constant(keep)], {})
    return p.call(Known(library_linalg.power_norm), [item, p.constant(float(kind)), axis, p.constant(keep)], {})


def _matrix_norm(p: Parser, item: Abstract, kind: Any, axes: tuple[int, int], keep: bool) -> Abstract:
    if kind is None or kind in ("fro", "f"):
        return _vector_norm(p, item, None, tuple(sorted(axes)), keep)
    if kind not in MATRIX:
        p.refuse(LocatedValueError, f"Invalid norm order {kind!r} for matrices")
    rank = p.value(item).type.rank
    rest = [axis for axis in range(rank) if axis not in axes]
    result = p.call(Known(MATRIX[kind]), [transposed(p, item, (*rest, *axes))], {})
    if not keep:
        return result
    shape = tuple(1 if axis in axes else dim for axis, dim in enumerate(p.value(item).type.shape))
    return p.wrap(p.emit("reshape", p.value(result), shape=shape))


@function(np.linalg.norm)
def norm(
    p: Parser, x: Abstract, ord: Abstract | None = None, axis: Abstract | None = None, keepdims: Abstract | None = None
) -> Abstract:
    """Of vectors along one axis, of matrices along two, or of all entries."""
    item = array_of(p, x)
    rank = p.value(item).type.rank
    kind, keep = None if ord is None else p.static(ord, "ord="), _flag(p, keepdims, "keepdims=")
    found = static_axis(p, axis)
    if found is None:
        if kind is None:
            return _vector_norm(p, item, None, tuple(range(rank)), keep)
        found = tuple(range(rank))
    axes = (found,) if isinstance(found, int) else found
    normalise_axes(p.build, axes, rank)
    axes = tuple(a % rank for a in axes)
    if len(axes) == 1:
        return _vector_norm(p, item, kind, axes, keep)
    if len(axes) != 2:
        p.refuse(LocatedValueError, "Improper number of dimensions to norm.")
    return _matrix_norm(p, item, kind, axes, keep)


@function(np.linalg.vector_norm)
def vector_norm(
    p: Parser,
    x: Abstract,
    *,
    axis: Abstract | None = None,
    keepdims: Abstract | None = None,
    ord: Abstract | None = None,
) -> Abstract:
    """Over any axes."""
    item = array_of(p, x)
    axes = normalise_axes(p.build, static_axis(p, axis), p.value(item).type.rank)
    kind = 2 if ord is None else p.static(ord, "ord=")
    return _vector_norm(p, item, kind, axes, _flag(p, keepdims, "keepdims="))


@function(np.linalg.matrix_norm)
def matrix_norm(p: Parser, x: Abstract, *, keepdims: Abstract | None = None, ord: Abstract | None = None) -> Abstract:
    """Over the last two axes."""
    item = array_of(p, x)
    rank = _matrix(p, item).type.rank
    kind = "fro" if ord is None else p.static(ord, "ord=")
    return _matrix_norm(p, item, kind, (rank - 2, rank - 1), _flag(p, keepdims, "keepdims="))
