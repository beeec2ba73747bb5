"""Least squares, triangular systems, condition numbers, ranks and pseudo-inverses: made of what `linalg` has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symdiff.tensors.arithmetic import FUNCTIONS, function
from symdiff.tensors.creation import made
from symdiff.tensors.linalg import linalg
from symdiff.tensors.return_types import return_type

__all__: list[str] = []

_LSTSQ = return_type("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
_CHOLESKY_EX = return_type("linalg_cholesky_ex", "L", "info")
_INV_EX = return_type("linalg_inv_ex", "inverse", "info")


def _triangle(A: Any, upper: bool, unitriangular: bool) -> Any:
    found = A.triu() if upper else A.tril()
    if not unitriangular:
        return found
    one = A.new_tensor(np.eye(A.shape[-1]))
    return found * (1 - one) + one


def _solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """The solution of a system of which one half of the matrix counts."""
    if B.ndim < 2:
        raise RuntimeError(f"linalg.solve_triangular: The input tensor B must have at least 2 dimensions, not {B.ndim}")
    return linalg.solve(_triangle(A, upper, unitriangular), B, left=left)


def _cholesky_solve(B: Any, L: Any, upper: bool = False) -> Any:
    """The solution of a system whose matrix is given by its Cholesky factor."""
    lower = L.mT if upper else L
    y = _solve_triangular(lower, B, upper=False)
    return _solve_triangular(lower.mT, y, upper=True)


def _cholesky_inverse(L: Any, upper: bool = False) -> Any:
    one = L.new_tensor(np.eye(L.shape[-1])).expand(L.shape)
    return _cholesky_solve(one, L, upper)


def _cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """The Cholesky factor, and zeros where there is one."""
    try:
        factor = linalg.cholesky(A, upper=upper)
    except linalg.LinAlgError:
        if check_errors:
            raise
        raise NotImplementedError(
            "linalg.cholesky_ex of a matrix that is not positive-definite is not supported: catch the LinAlgError of "
            "linalg.cholesky"
        ) from None
    return _CHOLESKY_EX(factor, made(np.zeros(A.shape[:-2], np.int32)))


def _rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """How many singular values are above a bound."""
    s = linalg.svdvals(A.detach())
    largest = s.amax(-1, True)
    absolute = tol if tol is not None else 0.0 if atol is None else atol
    if rtol is None:
        relative = 0.0 if tol is not None or atol is not None else max(A.shape[-2:]) * np.finfo(A.dtype.numpy).eps
    else:
        relative = rtol
    bound = FUNCTIONS["maximum"](largest * relative, largest * 0 + absolute)
    return (s > bound).sum(-1)


def _pseudo_inverse(
    A: Any, rcond: Any = None, hermitian: bool = False, *, atol: float | None = None, rtol: float | None = None
) -> Any:
    """By the singular values above a bound."""
    relative = rcond if rtol is None else rtol
    if relative is None:
        relative = 0.0 if atol is not None else max(A.shape[-2:]) * float(np.finfo(A.dtype.numpy).eps)
    rows, columns = A.shape[-2:]
    if int(_rank(A, rtol=relative, atol=atol or 0.0).min()) == min(rows, columns):
        # of full rank: a formula whose derivative is finite also where singular values are equal
        q, r = linalg.qr(A if rows >= columns else A.mT)
        found = linalg.solve(r, q.mT)
        return found if rows >= columns else found.mT
    u, s, vh = linalg.svd(A, full_matrices=False)
    keep = s > FUNCTIONS["maximum"](s.detach().amax(-1, True) * relative, s.detach() * 0 + (atol or 0.0))
    inverse = FUNCTIONS["where"](keep, 1.0 / FUNCTIONS["where"](keep, s, 1.0), 0.0)
    return vh.mT @ (inverse.unsqueeze(-1) * u.mT)


def _least_squares(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """What minimises ``|A x - b|``; of systems with fewer equations than unknowns, the shortest such x."""
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    vectors = B.ndim == A.ndim - 1 and B.ndim > 0
    right = B.unsqueeze(-1) if vectors else B
    rows, columns = A.shape[-2:]
    x = _pseudo_inverse(A, rcond if driver != "gels" else None) @ right
    rank = _rank(A, rtol=rcond)
    full = rows > columns and driver not in (None, "gelsy") and bool((rank == columns).all())
    residuals = ((A @ x - right) ** 2).sum(-2) if full else A.new_zeros((0,))
    singular = linalg.svdvals(A.detach()) if driver in ("gelsd", "gelss") else A.new_zeros((0,))
    return _LSTSQ(x.squeeze(-1) if vectors else x, residuals, rank, singular)


def _condition(A: Any, p: Any = None) -> Any:
    """The norm, times the norm of the inverse."""
    if p in (None, 2, -2):
        s = linalg.svdvals(A)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return linalg.matrix_norm(A, p) * linalg.matrix_norm(linalg.inv(A), p)


def _lu_free_inverse(A: Any, *, check_errors: bool = False) -> Any:
    return _INV_EX(linalg.inv(A), made(np.zeros(A.shape[:-2], np.int32)))


def _vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    return (x * y).sum(dim)


def _tensor_inverse(A: Any, ind: int = 2) -> Any:
    first = math.prod(A.shape[:ind])
    return linalg.inv(A.reshape((first, -1))).reshape((*A.shape[ind:], *A.shape[:ind]))


linalg.__dict__.update(
    solve_triangular=_solve_triangular, cholesky_ex=_cholesky_ex, matrix_rank=_rank, pinv=_pseudo_inverse,
    lstsq=_least_squares, cond=_condition, inv_ex=_lu_free_inverse, vecdot=_vecdot, tensorinv=_tensor_inverse,
    vander=lambda x, N=None: FUNCTIONS["vander"](x, N, True),
)  # fmt: skip
function("cholesky_solve", _cholesky_solve)
function("cholesky_inverse", _cholesky_inverse)
function("pinverse", _pseudo_inverse)
function("matrix_rank", _rank, method=False)
function("svd", lambda input, some=True, compute_uv=True: _svd(input, some, compute_uv))
function("qr", lambda input, some=True: linalg.qr(input, "reduced" if some else "complete"))
function("adjoint", lambda input: input.mT)


_SVD = return_type("svd", "U", "S", "V")


def _svd(input: Any, some: bool, compute_uv: bool) -> Any:
    if not compute_uv:
        raise NotImplementedError("svd with compute_uv=False: torch.linalg.svdvals gives the singular values")
    u, s, vh = linalg.svd(input, full_matrices=not some)
    return _SVD(u, s, vh.mT)
