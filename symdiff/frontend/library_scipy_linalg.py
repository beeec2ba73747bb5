"""`scipy.linalg` in terms of NumPy: systems of equations, factors, decompositions.

Arguments that say how SciPy is to use its memory, and whether it looks for NaN first, make no difference here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.by_name import NOT_THESE, stands_for_named
from symdiff.frontend.written import epsilon, is_square, refuse, substituted, unreadable

__all__ = ["matrix_of"]

LINALG = "scipy.linalg"
GENERAL = (None, "gen", "general")
SYMMETRIC = ("sym", "symmetric", "her", "hermitian")
DEFINITE = ("pos", "positive definite")

RESIDUALS = "the residuals of scipy.linalg.lstsq depend on the rank, which is known only at run time"

NOT_THESE.update(
    {
        "scipy.linalg.eig": "use eigh for a symmetric matrix: eigenvalues of a general one may be complex",
        "scipy.linalg.eigvals": "use eigvalsh for a symmetric matrix: eigenvalues of a general one may be complex",
        "scipy.linalg.sqrtm": "of a symmetric matrix it is (v * np.sqrt(w)) @ v.T with w, v = eigh(a)",
        "scipy.linalg.logm": "of a symmetric matrix it is (v * np.log(w)) @ v.T with w, v = eigh(a)",
        "scipy.linalg.funm": "of a symmetric matrix it is (v * f(w)) @ v.T with w, v = eigh(a)",
        "scipy.linalg.schur": "use eigh for a symmetric matrix",
        "scipy.linalg.lu": "use solve, det or qr: the pivots of a factorisation have no derivative",
        "scipy.linalg.lu_factor": "call solve(a, b) where lu_solve stands",
        "scipy.linalg.lu_solve": "call solve(a, b)",
        "scipy.linalg.null_space": "the number of its columns is known only at run time: take them from svd",
        "scipy.linalg.orth": "the number of its columns is known only at run time: take them from svd",
        "scipy.linalg.expm_frechet": "take the derivative of expm, with symdiff.jvp",
        "scipy.linalg.solve_banded": "make the matrix, and call solve",
        "scipy.linalg.solveh_banded": "make the matrix, and call solve with assume_a='pos'",
    }
)


def matrix_of(a: Any) -> Any:
    """One matrix: functions with a right side take no stacks of them."""
    a = np.asarray(a)
    if a.ndim != 2:
        refuse(f"scipy.linalg with an array of {a.ndim} dimensions is not supported", "pass one matrix")
    return a


def right_side(b: Any) -> Any:
    """A vector or a matrix."""
    b = np.asarray(b)
    if b.ndim != 1 and b.ndim != 2:
        refuse(f"a right side of {b.ndim} dimensions is not supported", "pass a vector or a matrix")
    return b


def mirrored(a: Any, lower: Any) -> Any:
    """The symmetric matrix of which one triangle is given."""
    if lower:
        return np.tril(a) + np.tril(a, -1).T
    return np.triu(a) + np.triu(a, 1).T


# -- systems of equations ----------------------------------------------------------------------------------------------


@stands_for_named(LINALG)
def solve(
    a: Any,
    b: Any,
    lower: Any = False,
    overwrite_a: Any = False,
    overwrite_b: Any = False,
    check_finite: Any = True,
    assume_a: Any = None,
    transposed: Any = False,
) -> Any:
    """What is assumed says which entries are read."""
    a, b = matrix_of(a), right_side(b)
    if assume_a in GENERAL:
        return np.linalg.solve(a.T if transposed else a, b)
    if assume_a in SYMMETRIC:
        return np.linalg.solve(mirrored(a, lower), b)
    if assume_a in DEFINITE:
        factor = np.linalg.cholesky(a if lower else a.T)
        return substituted(factor.T, substituted(factor, b, True), False)
    if assume_a == "diagonal":
        return np.linalg.solve(np.diag(np.diag(a)), b)
    if assume_a in ("lower triangular", "upper triangular"):
        return solve_triangular(a, b, trans=transposed, lower=assume_a == "lower triangular")
    refuse(f"assume_a={assume_a!r} is not supported", "use 'gen', 'sym', 'pos', 'diagonal' or leave it out")


@stands_for_named(LINALG)
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: Any = False,
    unit_diagonal: Any = False,
    overwrite_b: Any = False,
    check_finite: Any = True,
) -> Any:
    """By substitution."""
    a, b = matrix_of(a), right_side(b)
    if unit_diagonal:
        a = (np.tril(a, -1) if lower else np.triu(a, 1)) + np.eye(a.shape[0], dtype=a.dtype)
    if trans == 0 or trans == "N":
        return substituted(a, b, bool(lower))
    if trans in (1, 2, "T", "C"):
        return substituted(a.T, b, not lower)
    refuse(f"trans={trans!r} is not one of 0, 1, 2, 'N', 'T' and 'C'")


@stands_for_named(LINALG)
def inv(a: Any, overwrite_a: Any = False, check_finite: Any = True, *, assume_a: Any = None, lower: Any = False) -> Any:
    """The inverse of the matrix that is meant."""
    if assume_a in GENERAL:
        return np.linalg.inv(a)
    a = matrix_of(a)
    if assume_a in SYMMETRIC:
        return np.linalg.inv(mirrored(a, lower))
    if assume_a in DEFINITE:
        return cho_solve(cho_factor(a, lower), np.eye(a.shape[0], dtype=a.dtype))
    refuse(f"assume_a={assume_a!r} is not supported", "use 'gen', 'sym', 'pos' or leave it out")


@stands_for_named(LINALG)
def det(a: Any, overwrite_a: Any = False, check_finite: Any = True) -> Any:
    """The determinant."""
    return np.linalg.det(a)


# -- Cholesky factors --------------------------------------------------------------------------------------------------


@stands_for_named(LINALG)
def cholesky(a: Any, lower: Any = False, overwrite_a: Any = False, check_finite: Any = True) -> Any:
    """The upper factor, from the upper triangle, unless asked otherwise."""
    return np.linalg.cholesky(a, upper=not lower)


@stands_for_named(LINALG)
def cho_factor(a: Any, lower: Any = False, overwrite_a: Any = False, check_finite: Any = True) -> Any:
    """The factor in one triangle; the other one holds what the matrix has there."""
    a = matrix_of(a)
    if lower:
        return np.linalg.cholesky(a) + np.triu(a, 1), lower
    return np.linalg.cholesky(a.T).T + np.tril(a, -1), lower


@stands_for_named(LINALG)
def cho_solve(c_and_lower: Any, b: Any, overwrite_b: Any = False, check_finite: Any = True) -> Any:
    """Two substitutions."""
    c, lower = c_and_lower
    c, b = matrix_of(c), right_side(b)
    if lower:
        return substituted(c.T, substituted(c, b, True), False)
    return substituted(c, substituted(c.T, b, True), False)


# -- decompositions ----------------------------------------------------------------------------------------------------


def checked_eigh(a: Any, b: Any, lower: Any, type: Any, subset_by_value: Any) -> Any:
    """Refuse what is not done; the factor of the right matrix, in its lower triangle."""
    if subset_by_value is not None:
        refuse("eigenvalues chosen by value are not supported: their number is known only at run time")
    if b is None:
        return None
    if type != 1:
        refuse(f"type={type!r} of the generalised problem is not supported", "use type=1")
    return np.linalg.cholesky(matrix_of(b) if lower else matrix_of(b).T)


def reduced(a: Any, factor: Any, lower: Any) -> Any:
    """The symmetric matrix with the eigenvalues of the generalised problem."""
    return substituted(factor, substituted(factor, mirrored(matrix_of(a), lower), True).T, True)


@stands_for_named(LINALG)
def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: Any = True,
    eigvals_only: Any = False,
    overwrite_a: Any = False,
    overwrite_b: Any = False,
    type: Any = 1,
    check_finite: Any = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """Vectors are determined up to their signs, which depend on the routine."""
    if eigvals_only:
        return eigvalsh(a, b, lower=lower, type=type, subset_by_index=subset_by_index, subset_by_value=subset_by_value)
    factor = checked_eigh(a, b, lower, type, subset_by_value)
    if factor is None:
        w, v = np.linalg.eigh(a, "L" if lower else "U")
    else:
        w, v = np.linalg.eigh(reduced(a, factor, lower))
        v = substituted(factor.T, v, False)
    if subset_by_index is None:
        return w, v
    first, last = subset_by_index
    return w[..., first : last + 1], v[..., first : last + 1]


@stands_for_named(LINALG)
def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: Any = True,
    overwrite_a: Any = False,
    overwrite_b: Any = False,
    type: Any = 1,
    check_finite: Any = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """Without the vectors."""
    factor = checked_eigh(a, b, lower, type, subset_by_value)
    if factor is None:
        w = np.linalg.eigvalsh(a, "L" if lower else "U")
    else:
        w = np.linalg.eigvalsh(reduced(a, factor, lower))
    if subset_by_index is None:
        return w
    first, last = subset_by_index
    return w[..., first : last + 1]


@stands_for_named(LINALG)
def svd(
    a: Any,
    full_matrices: Any = True,
    compute_uv: Any = True,
    overwrite_a: Any = False,
    check_finite: Any = True,
    lapack_driver: Any = "gesdd",
) -> Any:
    """A plain tuple."""
    if not compute_uv:
        return np.linalg.svd(a, compute_uv=False)
    u, s, vt = np.linalg.svd(a, full_matrices)
    return u, s, vt


@stands_for_named(LINALG)
def svdvals(a: Any, overwrite_a: Any = False, check_finite: Any = True) -> Any:
    """Without the vectors."""
    return np.linalg.svd(a, compute_uv=False)


@stands_for_named(LINALG)
def qr(
    a: Any,
    overwrite_a: Any = False,
    lwork: Any = None,
    mode: Any = "full",
    pivoting: Any = False,
    check_finite: Any = True,
) -> Any:
    """The factors, or a tuple of the triangular one."""
    if pivoting:
        refuse("qr with pivoting=True is not supported", "leave it out")
    if mode not in ("full", "economic", "r"):
        refuse(f"qr with mode={mode!r} is not supported", "use mode='economic'")
    if mode != "economic" and not is_square(a):
        refuse(f"qr with mode={mode!r} of a matrix that may not be square is not supported", "use mode='economic'")
    if mode == "r":
        return (np.linalg.qr(a, mode="r"),)
    q, r = np.linalg.qr(a)
    return q, r


# -- least squares -----------------------------------------------------------------------------------------------------


def require_small(bound: Any) -> None:
    """Singular values that count as 0 must be next to nothing: else they move what is left, which no rule follows."""
    if bound is not None and bound > 1e-12:
        refuse("a bound above 1e-12 for singular values that count as 0 is not supported", "write it with svd")


@stands_for_named(LINALG)
def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: Any = False, check_finite: Any = True) -> Any:
    """The bound is one by the size of the matrix."""
    a = matrix_of(a)
    if atol is not None and atol != 0:
        refuse("pinv with atol= is not supported", "use rtol=")
    require_small(rtol)
    if return_rank:
        return np.linalg.pinv(a, rtol=rtol), np.linalg.matrix_rank(a, rtol=rtol)
    return np.linalg.pinv(a, rtol=rtol)


@stands_for_named(LINALG)
def lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: Any = False,
    overwrite_b: Any = False,
    check_finite: Any = True,
    lapack_driver: Any = None,
) -> Any:
    """Whether there are residuals depends on the rank, and with it what they are: they cannot be read."""
    a, b = matrix_of(a), right_side(b)
    if lapack_driver not in (None, "gelsd", "gelss"):
        refuse(f"lapack_driver={lapack_driver!r} is not supported", "leave it out")
    require_small(cond)
    x, _, rank, s = np.linalg.lstsq(a, b, rcond=epsilon(a, b) if cond is None else cond)
    return x, unreadable(RESIDUALS, "compute them: r = b - a @ x, and np.sum(r**2, axis=0)"), rank, s


@stands_for_named(LINALG)
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: Any = False, check_finite: Any = True) -> Any:
    """NumPy's."""
    return np.linalg.norm(a, ord=ord, axis=axis, keepdims=keepdims)
