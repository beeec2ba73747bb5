"""`scipy.linalg` in terms of NumPy: the exponential of a matrix, and matrices made of vectors and of other matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.by_name import stands_for_named
from symdiff.frontend.written import refuse

__all__ = ["approximant"]

LINALG = "scipy.linalg"


# -- the exponential ---------------------------------------------------------------------------------------------------


def approximant(a: Any) -> Any:
    """Pade's approximant of order 13, for a 1-norm up to 5.37: Higham, SIAM J. Matrix Anal. Appl. 26 (2005) 1179."""
    one = np.eye(a.shape[0], dtype=a.dtype)
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    high = a6 @ (a6 + 16380.0 * a4 + 40840800.0 * a2)
    odd = a @ (high + 33522128640.0 * a6 + 10559470521600.0 * a4 + 1187353796428800.0 * a2 + 32382376266240000.0 * one)
    high = a6 @ (182.0 * a6 + 960960.0 * a4 + 1323241920.0 * a2)
    even = high + 670442572800.0 * a6 + 129060195264000.0 * a4 + 7771770303897600.0 * a2 + 64764752532480000.0 * one
    return np.linalg.solve(even - odd, even + odd)


@stands_for_named(LINALG)
def expm(A: Any) -> Any:
    """By scaling and squaring; NaN and infinite entries go through without being scaled."""
    A = np.asarray(A)
    if A.ndim != 2:
        refuse(f"expm of an array of {A.ndim} dimensions is not supported", "call it for one matrix after the other")
    largest = float(np.max(np.sum(np.abs(A), axis=0), initial=0.0))
    squarings = 0
    while 5.37 < largest < np.inf:
        largest = 0.5 * largest
        squarings += 1
    result = approximant(A / 2.0**squarings)
    for _ in range(squarings):
        result = result @ result
    return result


# -- matrices made of vectors ------------------------------------------------------------------------------------------


def vector_of(c: Any) -> Any:
    """One vector; a number is one of length 1."""
    c = np.atleast_1d(c)
    if c.ndim != 1:
        refuse(f"an array of {c.ndim} dimensions is not supported here", "pass a vector")
    return c


@stands_for_named(LINALG)
def toeplitz(c: Any, r: Any = None) -> Any:
    """Constant along its diagonals: ``c`` is the first column, ``r`` the first row."""
    c = vector_of(c)
    r = c if r is None else vector_of(r)
    entries = np.concatenate((c[::-1], r[1:]))
    return entries[c.size - 1 - np.arange(c.size)[:, None] + np.arange(r.size)]


@stands_for_named(LINALG)
def hankel(c: Any, r: Any = None) -> Any:
    """Constant along the other diagonals: ``c`` is the first column, ``r`` the last row."""
    c = vector_of(c)
    r = np.zeros_like(c) if r is None else vector_of(r)
    entries = np.concatenate((c, r[1:]))
    return entries[np.arange(c.size)[:, None] + np.arange(r.size)]


@stands_for_named(LINALG)
def circulant(c: Any) -> Any:
    """Each column is the one before, moved down by one place."""
    c = vector_of(c)
    return c[(np.arange(c.size)[:, None] - np.arange(c.size)) % c.size]


# -- matrices made of others -------------------------------------------------------------------------------------------


def block_of(a: Any) -> Any:
    """A vector is one row."""
    a = np.atleast_2d(a)
    if a.ndim != 2:
        refuse(f"a block of {a.ndim} dimensions is not supported", "pass matrices")
    return a


@stands_for_named(LINALG)
def block_diag(*arrs: Any) -> Any:
    """Rows of blocks, zero beside the diagonal."""
    if not arrs:
        refuse("block_diag of nothing is not supported", "pass matrices")
    blocks = [block_of(a) for a in arrs]
    before, after = 0, sum([a.shape[1] for a in blocks])
    rows = []
    for a in blocks:
        after = after - a.shape[1]
        left = np.zeros((a.shape[0], before), dtype=a.dtype)
        right = np.zeros((a.shape[0], after), dtype=a.dtype)
        rows.append(np.concatenate((left, a, right), axis=1))
        before = before + a.shape[1]
    return np.concatenate(rows, axis=0)


@stands_for_named(LINALG)
def kron(a: Any, b: Any) -> Any:
    """NumPy's."""
    return np.kron(a, b)


@stands_for_named(LINALG)
def khatri_rao(a: Any, b: Any) -> Any:
    """Kronecker's product of each pair of columns."""
    a, b = block_of(a), block_of(b)
    return np.reshape(a[:, None, :] * b[None, :, :], (a.shape[0] * b.shape[0], a.shape[1]))


# -- which library arrays are of ---------------------------------------------------------------------------------------


@stands_for_named("scipy._lib.array_api_compat.common", "_helpers.array_namespace", "_helpers.get_namespace")
def array_namespace(*xs: Any, api_version: Any = None, use_compat: Any = None) -> Any:
    """All arrays here are NumPy's."""
    from scipy._lib.array_api_compat import numpy as found

    if use_compat is False:
        refuse("array_namespace(..., use_compat=False) is not supported", "leave it out")
    if not any(isinstance(x, np.ndarray) for x in xs):
        raise TypeError("array_namespace requires at least one non-scalar array input")
    return found


@stands_for_named("scipy._lib.array_api_compat.common", "_helpers.is_writeable_array")
def is_writeable_array(x: Any) -> bool:
    """Stores into what cannot be written are refused where they are."""
    return isinstance(x, np.ndarray)


@stands_for_named("scipy._lib.array_api_compat.common", "_helpers._is_jax_zero_gradient_array")
def is_jax_zero_gradient_array(x: Any) -> bool:
    """No array here is JAX's."""
    return False
