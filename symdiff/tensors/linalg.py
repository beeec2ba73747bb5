"""``torch.linalg``: solving, inverses, determinants, factorisations and norms of matrices, and of stacks of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors.arithmetic import FUNCTIONS, first_operand, function
from symdiff.tensors.creation import made
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import Operation, record
from symdiff.tensors.requirements import compute_now
from symdiff.tensors.return_types import return_type
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["linalg"]


def _check_square(*values: Lazy) -> None:
    shape = values[0].shape
    if len(shape) < 2:
        raise RuntimeError(f"linalg: The input tensor A must have at least 2 dimensions, but got {len(shape)}.")
    if shape[-1] != shape[-2]:
        raise RuntimeError(
            f"linalg: A must be batches of square matrices, but they are {shape[-2]} by {shape[-1]} matrices"
        )


def _check_matrix(*values: Lazy) -> None:
    if len(values[0].shape) < 2:
        raise RuntimeError(
            f"linalg: The input tensor A must have at least 2 dimensions, but got {len(values[0].shape)}."
        )


def _row(row: str, node: str, *, square: bool = True, **attrs: Any) -> Operation:
    check = _check_square if square else _check_matrix
    return Operation(row, lambda *xs: R[row](*xs, **attrs), node, check)


def _symmetric(row: str, node: str, **attrs: Any) -> Operation:
    """Of a symmetric matrix, of which one half is read: the gradient is spread over both, as in PyTorch."""

    def build(x: Any) -> Any:
        turned = R["transpose"](x, axes=(*range(x.rank - 2), x.rank - 1, x.rank - 2))
        return R[row](R["where"](R["equal"](x, turned), (x + turned) * 0.5, x), **attrs)

    return Operation(row, build, node, _check_square)


_SOLVE = _row("solve", "LinalgSolveExBackward0")
_INV = _row("inv", "LinalgInvExBackward0")
_DET = _row("det", "LinalgDetBackward0")
_CHOLESKY = _symmetric("cholesky", "LinalgCholeskyExBackward0")
_SLOGDET = [_row(f"slogdet_{part}", "LinalgSlogdetBackward0") for part in ("sign", "logabs")]
_QR = [_row(f"qr_{part}", "LinalgQrBackward0", square=False) for part in "qr"]
_EIGH = {
    (part, upper): _symmetric(f"eigh_{part}", "LinalgEighBackward0", upper=upper)
    for part in ("values", "vectors")
    for upper in (False, True)
}
_SVD = [_row(f"svd_{part}", "LinalgSvdBackward0", square=False, full=False) for part in ("u", "s", "vt")]
_SVDVALS = _row("svdvals", "LinalgSvdBackward0", square=False)

_RESULTS: dict[str, Any] = {
    "slogdet": return_type("linalg_slogdet", "sign", "logabsdet"),
    "qr": return_type("linalg_qr", "Q", "R"),
    "eigh": return_type("linalg_eigh", "eigenvalues", "eigenvectors"),
    "svd": return_type("linalg_svd", "U", "S", "Vh"),
}


def _of_one(op: Operation) -> Any:
    def call(A: Tensor) -> Tensor:
        return wrap(record(op, (_float(A, op.name),)))

    return call


def _float(A: Any, name: str) -> Lazy:
    value = first_operand(A, name)
    if value.dtype.category < 2:
        raise RuntimeError(f"linalg.{name}: Expected a floating point or complex tensor as input. Got {value.dtype}")
    return value


class LinAlgError(np.linalg.LinAlgError, RuntimeError):
    """A matrix is singular, or not positive-definite."""


LinAlgError.__name__ = LinAlgError.__qualname__ = "_LinAlgError"  # PyTorch's name of it


def _at_once(found: Tensor, A: Any, explain: Callable[[np.ndarray[Any, Any]], str]) -> Tensor:
    """The result, which is computed now: so that what cannot be computed is an error where it is asked for."""
    try:
        compute_now([as_lazy(found)])
    except np.linalg.LinAlgError:
        raise LinAlgError(explain(A._array())) from None
    return found


def _not_positive(array: np.ndarray[Any, Any]) -> str:
    for k, matrix in enumerate(array.reshape(-1, *array.shape[-2:])):
        for order in range(1, len(matrix) + 1):
            try:
                np.linalg.cholesky(matrix[:order, :order])
            except np.linalg.LinAlgError:
                which = f"(Batch element {k}): " if array.ndim > 2 else ""
                return (
                    f"linalg.cholesky: {which}The factorization could not be completed because the input is not "
                    f"positive-definite (the leading minor of order {order} is not positive-definite)."
                )
    return "linalg.cholesky: The factorization could not be completed because the input is not positive-definite."


def _inverse(A: Any) -> Any:
    singular = "linalg.inv: The inversion could not be completed because the input matrix is singular."
    return _at_once(_of_one(_INV)(A), A, lambda array: singular)


def _solve(A: Any, B: Any, *, left: bool = True) -> Any:
    if not left:
        return _solve(A.mT, B.mT).mT
    vectors = B.ndim > 1 and B.ndim == A.ndim - 1 and B.shape == A.shape[:-1]
    if vectors:
        return _solve(A, B.unsqueeze(-1)).squeeze(-1)
    singular = "torch.linalg.solve: The solver failed because the input matrix is singular."
    found = wrap(record(_SOLVE, (_float(A, "solve"), _float(B, "solve"))))
    return _at_once(found, A, lambda array: singular)


def _slogdet(A: Any) -> Any:
    return _RESULTS["slogdet"](*[_of_one(op)(A) for op in _SLOGDET])


def _cholesky(A: Any, *, upper: bool = False) -> Any:
    found: Any = _at_once(_of_one(_CHOLESKY)(A), A, _not_positive)
    return found.mT if upper else found


def _qr(A: Any, mode: str = "reduced") -> Any:
    if mode != "reduced" and A.shape[-1] != A.shape[-2]:
        raise NotImplementedError("linalg.qr: only mode='reduced' is supported")
    return _RESULTS["qr"](*[_of_one(op)(A) for op in _QR])


def _eigh(A: Any, UPLO: str = "L") -> Any:
    return _RESULTS["eigh"](*[_of_one(_EIGH[part, UPLO == "U"])(A) for part in ("values", "vectors")])


def _svd(A: Any, full_matrices: bool = True) -> Any:
    if full_matrices and A.shape[-1] != A.shape[-2]:
        raise NotImplementedError("linalg.svd: of matrices that are not square, only full_matrices=False is supported")
    return _RESULTS["svd"](*[_of_one(op)(A) for op in _SVD])


def _vector_norm(x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x = x if dtype is None else x.to(dtype)
    if ord == 0:
        return (x != 0).sum(dim, keepdim).to(x.dtype)
    if ord == -math.inf:
        return x.abs().amin(dim, keepdim)
    return x.norm(ord, dim, keepdim)


def _matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Any:
    rows, columns = (d % A.ndim for d in dim)
    if ord == "fro":
        return A.norm(2, (rows, columns), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = A.abs().sum(first, True)
        found = sums.amax(second, True) if ord > 0 else sums.amin(second, True)
        return found if keepdim else found.squeeze((rows, columns))
    if (rows, columns) != (A.ndim - 2, A.ndim - 1) or ord not in (2, -2, "nuc"):
        raise NotImplementedError(f"linalg.matrix_norm: order {ord!r} of dimensions {dim} is not supported")
    s: Any = _of_one(_SVDVALS)(A)
    found = s.sum(-1) if ord == "nuc" else s.amax(-1) if ord == 2 else s.amin(-1)
    return found.reshape((*found.shape, 1, 1)) if keepdim else found


def _norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x = A if dtype is None else A.to(dtype)
    if ord is None:
        return _vector_norm(x, 2, dim, keepdim)
    if isinstance(ord, str) or (dim is None and x.ndim == 2) or (isinstance(dim, tuple) and len(dim) == 2):
        return _matrix_norm(x, ord, (-2, -1) if dim is None else dim, keepdim)
    return _vector_norm(x, ord, dim, keepdim)


def _power(A: Any, n: int) -> Any:
    if n < 0:
        return _power(_inverse(A), -n)
    if n == 0:
        return A.new_tensor(np.eye(A.shape[-1])).expand(A.shape).clone()
    found, square = None, A
    while n:
        if n & 1:
            found = square if found is None else found @ square
        n >>= 1
        if n:
            square = square @ square
    return found


def _many(tensors: Any) -> Any:
    found = tensors[0]
    for x in tensors[1:]:
        found = found @ x
    return found


linalg = SimpleNamespace(
    solve=_solve, inv=_inverse, det=_of_one(_DET), slogdet=_slogdet, cholesky=_cholesky, qr=_qr, eigh=_eigh,
    eigvalsh=lambda A, UPLO="L": _of_one(_EIGH["values", UPLO == "U"])(A), svd=_svd, svdvals=_of_one(_SVDVALS),
    norm=_norm, vector_norm=_vector_norm, matrix_norm=_matrix_norm, matrix_power=_power, multi_dot=_many,
    matmul=lambda input, other: input @ other,
    cross=lambda input, other, *, dim=-1: FUNCTIONS["cross"](input, other, dim),
    diagonal=lambda A, *, offset=0, dim1=-2, dim2=-1: FUNCTIONS["diagonal"](A, offset, dim1, dim2),
    LinAlgError=LinAlgError,
)  # fmt: skip

function("inverse", lambda input: linalg.inv(input))
function("det", lambda input: linalg.det(input))
function("logdet", lambda input: linalg.slogdet(input).logabsdet + linalg.slogdet(input).sign.log())
function("slogdet", lambda input: linalg.slogdet(input))
function("matrix_power", lambda input, n: linalg.matrix_power(input, n))
function("cholesky", lambda input, upper=False: linalg.cholesky(input, upper=upper))


def _diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The elements on a diagonal of two axes, which become the last axis."""
    rank = input.ndim
    first, second = dim1 % rank, dim2 % rank
    rest = [k for k in range(rank) if k not in (first, second)]
    rows, columns = input.shape[first], input.shape[second]
    count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    places = np.arange(count)
    turned = input.permute((*rest, first, second))
    return turned[(..., places - min(offset, 0), places + max(offset, 0))]


def _on_diagonal(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    if (dim1, dim2) != (-2, -1):
        raise NotImplementedError("diag_embed: only the last two dimensions are supported")
    size = input.shape[-1] + abs(offset)
    below, right = max(-offset, 0), max(offset, 0)
    on = np.zeros((size, size), bool)
    places = np.arange(input.shape[-1])
    on[places + below, places + right] = True
    column = np.zeros(size, np.int64)
    column[places + below] = places
    spread = input[..., column].unsqueeze(-1).expand((*input.shape[:-1], size, size))
    return FUNCTIONS["where"](made(on), spread, 0)


function("diagonal", _diagonal)
function("diag_embed", _on_diagonal)
function("diagflat", lambda input, offset=0: _on_diagonal(input.reshape(-1), offset))
