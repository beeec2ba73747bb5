"""`np.linalg` for the oracles of `oracles.py`, from sums, products and roots of their numbers.

Each function takes the namespace that stands for NumPy, so that any kind of number will do: eigenvalues by Jacobi's
rotations, singular values by the eigenvalues of `a^T a`, orthogonal factors by Gram and Schmidt.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["cond", "eigh", "multi_dot", "pinv", "qr", "svdvals"]

SWEEPS = 14


def each(core: Callable[..., Any], *arrays: Any) -> Any:
    """A function of one matrix and a vector or matrix, for stacks of them."""
    rank = 1 if len(arrays) > 1 and arrays[1].ndim == 1 else 2
    ranks = (2, rank)[: len(arrays)]
    batch = np.broadcast_shapes(*(a.shape[: a.ndim - r] for a, r in zip(arrays, ranks, strict=True)))
    if not batch:
        return core(*arrays)
    wide = [np.broadcast_to(a, batch + a.shape[a.ndim - r :]) for a, r in zip(arrays, ranks, strict=True)]
    found = [np.asarray(core(*(a[place] for a in wide)), dtype=object) for place in np.ndindex(*batch)]
    made = np.empty((len(found), *found[0].shape), dtype=object)
    for k, one in enumerate(found):
        made[k] = one
    return made.reshape(batch + found[0].shape).view(type(arrays[0]))


def plain(np_: Any, a: Any) -> np.ndarray:
    """The real values as float64."""
    return np.array([float(np_.kind.of(x).real_value) for x in a.ravel()]).reshape(a.shape)


def root(x: Any) -> Any:
    return x.elementary("sqrt")


# -- symmetric matrices ------------------------------------------------------------------------------------------------


def eigh(np_: Any, a: Any, uplo: str = "L") -> tuple[Any, Any]:
    """Values in order, and vectors with the signs of NumPy's."""
    a = np_.lift(a)
    n = len(a)
    source = np_.lift(a.T) if uplo == "U" else a
    work = source.copy()
    for i in range(n):
        for j in range(i + 1, n):
            work[i, j] = source[j, i]
    w, v = rotated(np_, work)
    order = sorted(range(n), key=lambda k: float(np_.kind.of(w[k]).real_value))
    w, v = w[order], v[:, order]
    signs = np.sign(np.sum(plain(np_, v) * np.linalg.eigh(plain(np_, work))[1], axis=0))
    return w, v * signs[None, :]


def rotated(np_: Any, a: Any) -> tuple[Any, Any]:
    """Jacobi's sweeps: each rotation clears an entry beside the diagonal."""
    n = len(a)
    v = np_.eye(n)
    for _ in range(SWEEPS):
        for i in range(n):
            for j in range(i + 1, n):
                if float(abs(np_.kind.of(a[i, j])).real_value) < 1e-70:
                    continue
                c, s = angle(a[i, i], a[j, j], a[i, j])
                for m in (a, v):
                    m[:, i], m[:, j] = m[:, i] * c - m[:, j] * s, m[:, i] * s + m[:, j] * c
                a[i], a[j] = a[i] * c - a[j] * s, a[i] * s + a[j] * c
    return np.array([a[k, k] for k in range(n)], dtype=object).view(type(a)), v


def angle(first: Any, second: Any, between: Any) -> tuple[Any, Any]:
    """Cosine and sine of the smaller rotation."""
    ratio = (second - first) / (between * 2)
    tangent = 1.0 / (abs(ratio) + root(ratio * ratio + 1.0))
    tangent = tangent if ratio > 0 else -tangent
    cosine = 1.0 / root(tangent * tangent + 1.0)
    return cosine, cosine * tangent


# -- singular values ---------------------------------------------------------------------------------------------------


def svd(np_: Any, a: Any) -> tuple[Any, Any, Any]:
    """The reduced decomposition."""
    a = np_.lift(a)
    if a.shape[0] < a.shape[1]:
        u, s, vt = svd(np_, a.T)
        return vt.T, s, u.T
    squares, v = eigh(np_, np_.matmul(a.T, a))
    s, v = np_.sqrt(squares[::-1]), v[:, ::-1]
    signs = np.sign(np.sum(plain(np_, v) * np.linalg.svd(plain(np_, a), full_matrices=False)[2].T, axis=0))
    v = v * signs[None, :]
    return np_.matmul(a, v) / s[None, :], s, v.T


def svdvals(np_: Any, a: Any) -> Any:
    return svd(np_, a)[1]


def cond(np_: Any, a: Any) -> Any:
    s = svdvals(np_, a)
    return s[0] / s[-1]


def norm(np_: Any, x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    """What the simple cases leave: None where there is nothing for it."""
    if x.ndim == 2 and axis is None:
        s = {"nuc": lambda: np_.sum(svdvals(np_, x)), 2: lambda: np_.max(svdvals(np_, x)),
             1: lambda: np_.max(np_.sum(np.abs(x), axis=0)),
             np.inf: lambda: np_.max(np_.sum(np.abs(x), axis=1))}.get(order)  # fmt: skip
        return None if s is None else s()
    if isinstance(order, int) and order > 2:
        return np_.sum(np.abs(x) ** order, axis=axis, keepdims=keepdims) ** (1.0 / order)
    return None


# -- factors, least squares, products ----------------------------------------------------------------------------------


def qr(np_: Any, a: Any) -> tuple[Any, Any]:
    a = np_.lift(a)
    signs = np.where(np.diagonal(np.linalg.qr(plain(np_, a))[1]) < 0, -1.0, 1.0)
    columns: list[Any] = []
    for j in range(min(a.shape)):
        rest = a[:, j]
        for q in columns:
            rest = rest - q * np_.sum(q * rest)
        columns.append(rest * signs[j] / root(np_.kind.of(np_.sum(rest * rest))))
    q = np_.stack(columns, axis=1)
    r = np_.matmul(q.T, a)
    for i, j in np.ndindex(*r.shape):
        if i > j:
            r[i, j] = np_.kind.constant(0)
    return q, r


def pinv(np_: Any, a: Any) -> Any:
    """Of a matrix of full rank."""
    a = np_.lift(a)
    if a.shape[0] < a.shape[1]:
        return np_.linalg.solve(np_.matmul(a, a.T), a).T
    return np_.linalg.solve(np_.matmul(a.T, a), a.T)


def lstsq(np_: Any, a: Any, b: Any) -> tuple[Any, Any, int, Any]:
    """Of full rank, with more rows than columns where residuals are read."""
    a, b = np_.lift(a), np_.lift(b)
    x = np_.matmul(pinv(np_, a), b)
    rest = b - np_.matmul(a, x)
    residuals = np_.sum(rest * rest, axis=0)
    return x, residuals if b.ndim > 1 else [residuals], min(a.shape), svdvals(np_, a)


def multi_dot(np_: Any, arrays: Any) -> Any:
    result = arrays[0]
    for a in arrays[1:]:
        result = np_.matmul(result, a)
    return result


def tensordot(np_: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = np_.lift(a), np_.lift(b)
    left, right = (list(range(a.ndim - axes, a.ndim)), list(range(axes))) if isinstance(axes, int) else axes
    names = "abcdefghij"
    first, second = list(names[: a.ndim]), list(names[a.ndim : a.ndim + b.ndim])
    for i, j in zip(left, right, strict=True):
        second[j] = first[i]
    kept = "".join(c for c in first + second if (c in first) != (c in second))
    return np_.einsum(f"{''.join(first)},{''.join(second)}->{kept}", a, b)


def kron(np_: Any, a: Any, b: Any) -> Any:
    """Of two matrices."""
    made = np_.lift(a)[:, None, :, None] * np_.lift(b)[None, :, None, :]
    return made.reshape(made.shape[0] * made.shape[1], made.shape[2] * made.shape[3])


def implied(terms: str) -> str:
    """The result that einsum takes where none is given."""
    letters = terms.replace(".", "").replace(",", "")
    return ("..." if "." in terms else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))


def cross(np_: Any, a: Any, b: Any) -> Any:
    """Along the last axes, of length 3."""
    a, b = np_.lift(a), np_.lift(b)
    pairs = ((1, 2), (2, 0), (0, 1))
    return np_.stack([a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in pairs], axis=-1)
