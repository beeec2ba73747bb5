"""Linear algebra in terms of other functions: norms, ranks, condition numbers, tensor equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import refuse, stands_for

__all__ = [
    "count_nonzero",
    "identity_like",
    "largest_column",
    "largest_magnitude",
    "largest_row",
    "largest_singular",
    "nuclear_norm",
    "power_norm",
    "rank_of_values",
    "residuals_of",
    "smallest_column",
    "smallest_magnitude",
    "smallest_row",
    "smallest_singular",
    "sum_of_magnitudes",
]


# -- norms of vectors --------------------------------------------------------------------------------------------------


def largest_magnitude(x: Any, axis: Any, keepdims: Any) -> Any:
    """The norm of order infinity."""
    return np.max(np.abs(x), axis=axis, keepdims=keepdims)


def smallest_magnitude(x: Any, axis: Any, keepdims: Any) -> Any:
    """What NumPy calls the norm of order minus infinity."""
    return np.min(np.abs(x), axis=axis, keepdims=keepdims)


def count_nonzero(x: Any, axis: Any, keepdims: Any) -> Any:
    """What NumPy calls the norm of order 0."""
    return np.sum(np.where(x != 0, 1.0, 0.0), axis=axis, keepdims=keepdims)


def sum_of_magnitudes(x: Any, axis: Any, keepdims: Any) -> Any:
    """The norm of order 1."""
    return np.sum(np.abs(x), axis=axis, keepdims=keepdims)


def power_norm(x: Any, order: Any, axis: Any, keepdims: Any) -> Any:
    """The norm of any other order."""
    return np.sum(np.abs(x) ** order, axis=axis, keepdims=keepdims) ** (1.0 / order)


# -- norms of matrices, along the last two axes ------------------------------------------------------------------------


def largest_column(x: Any) -> Any:
    """Of order 1."""
    return np.max(np.sum(np.abs(x), axis=-2), axis=-1)


def smallest_column(x: Any) -> Any:
    """Of order -1."""
    return np.min(np.sum(np.abs(x), axis=-2), axis=-1)


def largest_row(x: Any) -> Any:
    """Of order infinity."""
    return np.max(np.sum(np.abs(x), axis=-1), axis=-1)


def smallest_row(x: Any) -> Any:
    """Of order minus infinity."""
    return np.min(np.sum(np.abs(x), axis=-1), axis=-1)


def largest_singular(x: Any) -> Any:
    """Of order 2."""
    return np.max(np.linalg.svdvals(x), axis=-1)


def smallest_singular(x: Any) -> Any:
    """Of order -2."""
    return np.min(np.linalg.svdvals(x), axis=-1)


def nuclear_norm(x: Any) -> Any:
    """The sum of the singular values."""
    return np.sum(np.linalg.svdvals(x), axis=-1)


@stands_for(np.linalg.cond)
def condition_number(x: Any, p: Any = None) -> Any:
    """The ratio of the singular values, or the product of two norms."""
    if p is None or p == 2:
        s = np.linalg.svdvals(x)
        return s[..., 0] / s[..., -1]
    if p == -2:
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0]
    return np.linalg.norm(x, ord=p, axis=(-2, -1)) * np.linalg.norm(np.linalg.inv(x), ord=p, axis=(-2, -1))


# -- ranks and least squares -------------------------------------------------------------------------------------------


def rank_of_values(a: Any, values: Any, rcond: Any) -> Any:
    """How many singular values lie above the bound."""
    if rcond is None:
        rcond = max(a.shape[-2], a.shape[-1]) * np.finfo(values.dtype).eps
    return np.sum(values > rcond * np.max(values, axis=-1, keepdims=True), axis=-1)


@stands_for(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """How many singular values lie above a bound; an integer, without derivative."""
    if hermitian:
        refuse("matrix_rank with hermitian=True is not supported", "leave it out")
    A = np.asarray(A)
    if A.ndim < 2:
        return 1 - np.all(A == 0).astype(int)
    values = np.linalg.svdvals(A)
    if tol is None:
        return rank_of_values(A, values, rtol)
    return np.sum(values > tol, axis=-1)


def residuals_of(a: Any, b: Any, solution: Any, rank: Any) -> Any:
    """Sums of squares, one for each right side; none where the rank is not full, or nothing is left over."""
    rest = b - a @ solution
    squares = np.sum(rest * rest, axis=0)
    if b.ndim == 1:
        squares = np.reshape(squares, (1,))
    given = (rank == a.shape[1]) & (a.shape[0] > a.shape[1])
    return squares[: squares.shape[0] * int(given)]


def identity_like(a: Any) -> Any:
    """The power of a matrix with exponent 0."""
    return np.zeros_like(a) + np.eye(a.shape[-1])


# -- tensors -----------------------------------------------------------------------------------------------------------


@stands_for(np.linalg.tensorsolve)
def tensor_solution(a: Any, b: Any, axes: Any = None) -> Any:
    """The tensor ``x`` with ``tensordot(a, x, x.ndim) == b``."""
    a, b = np.asarray(a), np.asarray(b)
    if axes is not None:
        refuse("tensorsolve with axes= is not supported", "order the axes with np.transpose before")
    shape = a.shape[b.ndim :]
    size = 1
    for length in shape:
        size = size * length
    return np.linalg.solve(a.reshape(size, size), b.ravel()).reshape(shape)


@stands_for(np.linalg.tensorinv)
def tensor_inverse(a: Any, ind: int = 2) -> Any:
    """The inverse of a tensor as a map from its last axes to its first ``ind``."""
    a = np.asarray(a)
    size = 1
    for length in a.shape[ind:]:
        size = size * length
    return np.linalg.inv(a.reshape(-1, size)).reshape(a.shape[ind:] + a.shape[:ind])


# -- vectors -----------------------------------------------------------------------------------------------------------


def cross_product(a: Any, b: Any) -> Any:
    """Along the last axes, of length 3."""
    first = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    second = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    third = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.stack((first, second, third), axis=-1)
