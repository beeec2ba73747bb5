"""What the rows of linear algebra mean on object arrays of `Dual` numbers: by definition, matrix by matrix."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.graph_numbers import Dual, chain, dual
from tests.oracles import MP

__all__ = ["LINALG"]


def arranged(items: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    """An object array from a flat list."""
    flat = np.empty(len(items), dtype=object)
    for k, item in enumerate(items):
        flat[k] = item
    return flat.reshape(shape)


def objects(x: Any) -> np.ndarray:
    return np.asarray(x, dtype=object)


def values(a: np.ndarray) -> Any:
    """The 50-digit values of a matrix of duals."""
    matrix = MP.matrix(*a.shape)
    for i, j in np.ndindex(*a.shape):
        matrix[i, j] = dual(a[i, j]).value
    return matrix


def floats(a: np.ndarray) -> np.ndarray:
    """The values as float64."""
    return np.array([float(dual(x).value) for x in a.ravel()]).reshape(a.shape)


def each(core: Callable[..., Any], *ranks: int) -> Callable[..., Any]:
    """A function of matrices (rank 2) or vectors (1), for stacks of them that are broadcast."""

    def compute(*operands: Any, **attrs: Any) -> Any:
        arrays = [objects(x) for x in operands]
        own = [a.ndim - r for a, r in zip(arrays, ranks, strict=True)]
        batch = np.broadcast_shapes(*(a.shape[:k] for a, k in zip(arrays, own, strict=True)))
        if not batch:
            return core(*arrays, **attrs)
        wide = [np.broadcast_to(a, (*batch, *a.shape[k:])) for a, k in zip(arrays, own, strict=True)]
        found = [objects(core(*(a[place] for a in wide), **attrs)) for place in np.ndindex(*batch)]
        return np.concatenate([f[None] for f in found]).reshape(*batch, *found[0].shape)

    return compute


def product(a: Any, b: Any) -> np.ndarray:
    """Of two matrices."""
    a, b = objects(a), objects(b)
    if not a.shape[1]:
        return arranged([dual(0.0) for _ in range(a.shape[0] * b.shape[1])], (a.shape[0], b.shape[1]))
    return np.sum(a[:, :, None] * b[None, :, :], axis=1)


# -- systems of equations ----------------------------------------------------------------------------------------------


def solve_one(a: Any, b: Any) -> np.ndarray:
    """By the inverse; its derivative is ``inverse (db - da x)``, and its rounding that of an ill-conditioned system."""
    columns = b[:, None] if b.ndim == 1 else b
    n, m = columns.shape
    inverse = values(a) ** -1 if n else values(a)
    x = inverse * values(columns)
    condition = condition_of(a, inverse)
    found = []
    for i, c in np.ndindex(n, m):
        by_right = ((inverse[i, k], dual(columns[k, c])) for k in range(n))
        by_left = ((-inverse[i, k] * x[j, c], dual(a[k, j])) for k, j in np.ndindex(n, n))
        terms = [(p, d, condition * abs(float(p))) for p, d in (*by_right, *by_left)]
        found.append(chain(x[i, c], *terms))
    return arranged(found, b.shape)


def condition_of(a: Any, inverse: Any) -> float:
    return max((float(MP.norm(values(a), 1) * MP.norm(inverse, 1)) if len(a) else 1.0), 1.0)


def solve(a: Any, b: Any) -> Any:
    return each(solve_one, 2, 1 if np.ndim(b) == 1 else 2)(a, b)


def solve_triangular(a: Any, b: Any, lower: bool) -> Any:
    a = objects(a)
    keep = np.tril if lower else np.triu
    return solve(np.where(keep(np.ones(a.shape, bool)), a, 0.0), b)


def inv(a: Any) -> Any:
    return each(lambda m: solve_one(m, objects(np.eye(len(m)))), 2)(a)


def det_one(a: Any, logarithm: bool = False) -> Dual:
    n = len(a)
    inverse = values(a) ** -1 if n else values(a)
    value = MP.det(values(a)) if n else MP.mpf(1)
    condition = condition_of(a, inverse)
    partials = [(inverse[j, i] * (1 if logarithm else value), dual(a[i, j])) for i, j in np.ndindex(n, n)]
    made = MP.log(abs(value)) if logarithm else value
    return chain(made, *((p, d, condition * abs(float(p))) for p, d in partials))


def root(x: Dual) -> Dual:
    """The square root with slope 0 at 0, as the table of kinks has it for norms."""
    y = MP.sqrt(x.value)
    return chain(y, (1 / (2 * y), x)) if y else Dual(y)


def cholesky_one(a: Any) -> np.ndarray:
    """Column by column; only the lower triangle is read."""
    n = len(a)
    low = arranged([dual(0.0) for _ in range(n * n)], (n, n))
    for j in range(n):
        rest = dual(a[j, j])
        for k in range(j):
            rest = rest - low[j, k] * low[j, k]
        low[j, j] = root(rest)
        for i in range(j + 1, n):
            rest = dual(a[i, j])
            for k in range(j):
                rest = rest - low[i, k] * low[j, k]
            low[i, j] = rest / low[j, j]
    return low


# -- symmetric matrices ------------------------------------------------------------------------------------------------


def eigen(a: Any, upper: bool = False, signs: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Values and vectors by perturbation theory; the signs are those of the float64 vectors."""
    n = len(a)
    entry = {(i, j): dual(a[min(i, j), max(i, j)] if upper else a[max(i, j), min(i, j)]) for i, j in np.ndindex(n, n)}
    whole = arranged([entry[i, j] for i, j in np.ndindex(n, n)], (n, n))
    w, v = MP.eigsy(values(whole)) if n else (MP.matrix(0, 1), MP.matrix(0, 0))
    plain = np.linalg.eigh(floats(whole))[1] if signs is None else signs
    for k in range(n):
        if sum(float(v[i, k]) * plain[i, k] for i in range(n)) < 0:
            for i in range(n):
                v[i, k] = -v[i, k]
    size = max([float(MP.norm(values(whole), 1)), *(abs(float(x)) for x in w)], default=1.0)
    found_w = [chain(w[k], *((v[i, k] * v[j, k], entry[i, j], 4.0 * n * spread(v, w, k, size))
                             for i, j in np.ndindex(n, n))) for k in range(n)]  # fmt: skip
    found_v = []
    for i, k in np.ndindex(n, n):
        terms = []
        for a_, b_ in np.ndindex(n, n):
            others = [j for j in range(n) if j != k and w[k] != w[j]]
            slope = sum((v[i, j] * v[a_, j] * v[b_, k] / (w[k] - w[j]) for j in others), MP.mpf(0))
            terms.append((slope, entry[a_, b_], 8.0 * n * spread(v, w, k, size) ** 2 / size))
        found_v.append(chain(v[i, k], *terms))
    return arranged(found_w, (n,)), arranged(found_v, (n, n))


def spread(v: Any, w: Any, k: int, size: float) -> float:
    """How far a value is from the others, as a share of all."""
    gaps = [abs(float(w[k] - w[j])) for j in range(len(w)) if j != k and w[j] != w[k]]
    return max(1.0, size / min(gaps)) if gaps else 1.0


# -- singular values ---------------------------------------------------------------------------------------------------


def singular(a: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From the eigenvalues of ``a^T a`` or ``a a^T``, which 50 digits allow."""
    a = objects(a)
    if a.shape[0] < a.shape[1]:
        u, s, vt = singular(a.T)
        return vt.T, s, u.T
    plain = np.linalg.svd(floats(a), full_matrices=False)[2].T
    squares, v = eigen(product(a.T, a), signs=plain[:, ::-1])
    s = np.array([root(x) for x in squares[::-1]], dtype=object)
    v = v[:, ::-1]
    u = product(a, v) / s[None, :]
    return u, s, v.T


def singular_values(a: Any, full: bool = False) -> Any:
    return singular(a)[1]


def part_of_svd(k: int) -> Callable[..., Any]:
    return each(lambda a, full: singular(a)[k], 2)


# -- orthogonal factors and least squares ------------------------------------------------------------------------------


def factors(a: Any) -> tuple[np.ndarray, np.ndarray]:
    """By Gram and Schmidt, with the signs that LAPACK chooses."""
    a = objects(a)
    count = min(a.shape)
    signs = np.where(np.diagonal(np.linalg.qr(floats(a))[1]) < 0, -1.0, 1.0)
    columns: list[np.ndarray] = []
    for j in range(count):
        rest = a[:, j]
        for q in columns:
            rest = rest - q * np.sum(q * rest)
        columns.append(signs[j] * (rest / root(np.sum(rest * rest))))
    q = np.stack(columns, axis=1)
    r = product(q.T, a)
    return q, np.where(np.triu(np.ones(r.shape, bool)), r, dual(0.0))


def pinv_one(a: Any, rcond: float | None) -> np.ndarray:
    """Of a matrix of full rank."""
    a = objects(a)
    if a.shape[0] < a.shape[1]:
        return solve_one(product(a, a.T), a).T
    return solve_one(product(a.T, a), a.T)


def lstsq(a: Any, b: Any, rcond: float | None) -> Any:
    b = objects(b)
    found = product(pinv_one(a, rcond), b[:, None] if b.ndim == 1 else b)
    return found[:, 0] if b.ndim == 1 else found


# -- sums over named axes ----------------------------------------------------------------------------------------------


def einsum(*operands: Any, subscripts: str) -> Any:
    terms, result = subscripts.split("->")
    names = terms.split(",")
    arrays = [objects(x) for x in operands]
    sizes = {letter: n for term, x in zip(names, arrays, strict=True) for letter, n in zip(term, x.shape, strict=True)}
    inner = [letter for letter in sizes if letter not in result]
    found = []
    for outer in itertools.product(*(range(sizes[letter]) for letter in result)):
        total = dual(0.0)
        for rest in itertools.product(*(range(sizes[letter]) for letter in inner)):
            place = dict(zip([*result, *inner], (*outer, *rest), strict=True))
            entries = (x[tuple(place[c] for c in term)] for term, x in zip(names, arrays, strict=True))
            total = total + functools.reduce(lambda x, y: x * y, map(dual, entries))
        found.append(total)
    made = arranged(found, tuple(sizes[letter] for letter in result))
    return made if result else made[()]


LINALG: dict[str, Callable[..., Any]] = {
    "solve": solve,
    "solve_triangular": solve_triangular,
    "inv": inv,
    "det": each(det_one, 2),
    "slogdet_logabs": each(lambda a: det_one(a, logarithm=True), 2),
    "cholesky": each(cholesky_one, 2),
    "eigvalsh": each(lambda a, upper: eigen(a, upper)[0], 2),
    "eigh_values": each(lambda a, upper: eigen(a, upper)[0], 2),
    "eigh_vectors": each(lambda a, upper: eigen(a, upper)[1], 2),
    "svdvals": each(singular_values, 2),
    "svd_u": part_of_svd(0),
    "svd_s": part_of_svd(1),
    "svd_vt": part_of_svd(2),
    "qr_q": each(lambda a: factors(a)[0], 2),
    "qr_r": each(lambda a: factors(a)[1], 2),
    "pinv": each(pinv_one, 2),
    "lstsq": lstsq,
    "einsum": einsum,
}
