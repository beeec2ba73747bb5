"""Functions of `scipy.linalg` and their options: values against SciPy, gradients against differences of SciPy.

As in `test_linalg_functions.py`, a line of the table is a function of one or two arrays. Matrices of which one triangle
is read are not symmetric here, so that reading the other one would show.
"""

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from scipy.linalg import (
    block_diag,
    cho_factor,
    cho_solve,
    cholesky,
    circulant,
    det,
    eigh,
    eigvalsh,
    expm,
    hankel,
    inv,
    khatri_rao,
    lstsq,
    norm,
    pinv,
    qr,
    solve,
    solve_triangular,
    svd,
    svdvals,
    toeplitz,
)

import symdiff as sd
from tests.symdiff.test_linalg_functions import Line, differences, outcome, parts_of

RNG = np.random.default_rng(7)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


def regular(rows: int, columns: int) -> np.ndarray:
    """Singular values are distinct and not small."""
    u, _, vt = np.linalg.svd(normal(rows, columns), full_matrices=False)
    return (u * np.arange(1.0, min(rows, columns) + 1)) @ vt


def dominant(n: int) -> np.ndarray:
    """Either triangle gives a definite matrix with distinct eigenvalues, its vectors near the axes."""
    return 0.3 * normal(n, n) + np.diag(np.arange(2.0, n + 2))


S, V, M, D = regular(3, 3), normal(3), normal(3, 2), dominant(3)
TALL, WIDE = regular(4, 2), regular(2, 4)
ONE, DONE, VONE = np.array([[2.5]]), np.array([[3.0]]), np.array([0.7])
NILPOTENT = np.triu(normal(3, 3), 1)

TABLE = {
    # systems of equations
    "solve": Line(lambda a, b: solve(a, b), (S, V)),
    "solve matrix": Line(lambda a, b: solve(a, b, assume_a="gen", check_finite=False), (S, M)),
    "solve transposed": Line(lambda a, b: solve(a, b, transposed=True), (S, V)),
    "solve module": Line(lambda a, b: scipy.linalg.solve(a.copy(), b, overwrite_a=True), (S, V)),
    "solve pos": Line(lambda a, b: solve(a, b, assume_a="pos"), (D, V)),
    "solve pos matrix": Line(lambda a, b: solve(a, b, assume_a="pos"), (D, M)),
    "solve pos lower": Line(lambda a, b: solve(a, b, lower=True, assume_a="pos"), (D, V)),
    "solve sym": Line(lambda a, b: solve(a, b, assume_a="sym"), (S + 3 * np.eye(3), V)),
    "solve sym lower": Line(lambda a, b: solve(a, b, True, assume_a="sym"), (S + 3 * np.eye(3), M)),
    "solve diagonal": Line(lambda a, b: solve(a, b, assume_a="diagonal"), (D, V)),
    "solve upper": Line(lambda a, b: solve(a, b, assume_a="upper triangular"), (D, V)),
    "solve lower": Line(lambda a, b: solve(a, b, assume_a="lower triangular"), (D, M)),
    "solve one": Line(lambda a, b: solve(a, b), (ONE, VONE)),
    "solve pos one": Line(lambda a, b: solve(a, b, assume_a="pos"), (DONE, VONE)),
    "triangular": Line(lambda a, b: solve_triangular(a, b), (D, V)),
    "triangular lower": Line(lambda a, b: solve_triangular(a, b, lower=True), (D, M)),
    "triangular trans": Line(lambda a, b: solve_triangular(a, b, trans=1), (D, V)),
    "triangular T": Line(lambda a, b: solve_triangular(a, b, "T", True), (D, M)),
    "triangular unit": Line(lambda a, b: solve_triangular(a, b, unit_diagonal=True), (D, V)),
    "triangular unit lower": Line(
        lambda a, b: solve_triangular(a, b, trans="T", lower=True, unit_diagonal=True), (D, M)
    ),
    "triangular one": Line(lambda a, b: solve_triangular(a, b), (ONE, VONE)),
    "triangular unit one": Line(lambda a, b: solve_triangular(a, b, unit_diagonal=True), (ONE, VONE)),
    "inv": Line(lambda a: inv(a), (S,)),
    "inv stack": Line(lambda a: inv(a), (np.stack([S, D]),)),
    "inv one": Line(lambda a: inv(a), (ONE,)),
    "inv sym": Line(lambda a: inv(a, assume_a="sym"), (S + 3 * np.eye(3),)),
    "inv pos": Line(lambda a: inv(a, assume_a="pos"), (D,)),
    "inv pos lower": Line(lambda a: inv(a, assume_a="pos", lower=True), (D,)),
    "det": Line(lambda a: det(a), (S,)),
    "det one": Line(lambda a: det(a), (ONE,)),
    # Cholesky factors
    "cholesky": Line(lambda a: cholesky(a), (D,)),
    "cholesky lower": Line(lambda a: cholesky(a, lower=True), (D,)),
    "cholesky positional": Line(lambda a: cholesky(a, True, False, False), (D,)),
    "cholesky one": Line(lambda a: cholesky(a), (DONE,)),
    "cholesky stack": Line(lambda a: cholesky(a), (np.stack([D, 2 * D]),)),
    "cho_factor": Line(lambda a: cho_factor(a)[0], (D,)),
    "cho_factor lower": Line(lambda a: cho_factor(a, lower=True)[0], (D,)),
    "cho_factor unpacked": Line(lambda a: np.log(np.diag(unpacked(a))), (D,)),
    "cho_solve": Line(lambda a, b: cho_solve(cho_factor(a), b), (D, V)),
    "cho_solve matrix": Line(lambda a, b: cho_solve(cho_factor(a, True), b, check_finite=False), (D, M)),
    "cho_solve factor": Line(lambda a, b: cho_solve((a, True), b), (D, V)),
    "cho_solve upper factor": Line(lambda a, b: cho_solve((a, False), b), (D, M)),
    "cho_solve one": Line(lambda a, b: cho_solve(cho_factor(a), b), (DONE, VONE)),
    # decompositions
    "eigvalsh": Line(lambda a: eigvalsh(a), (D,)),
    "eigvalsh upper": Line(lambda a: eigvalsh(a, lower=False), (D,)),
    "eigvalsh one": Line(lambda a: eigvalsh(a), (DONE,)),
    "eigvalsh of two": Line(lambda a, b: eigvalsh(a, b), (D, dominant(3))),
    "eigh values": Line(lambda a: eigh(a)[0], (D,)),
    "eigh eigvals_only": Line(lambda a: eigh(a, eigvals_only=True), (D,)),
    "eigh squares": Line(lambda a: eigh(a, lower=False)[1] ** 2, (D,)),
    "eigh product": Line(lambda a: product_of(*eigh(a)), (D,)),
    "eigh of two": Line(lambda a, b: product_of(*eigh(a, b)), (D, dominant(3))),
    "eigh of two upper": Line(lambda a, b: product_of(*eigh(a, b, lower=False)), (D, dominant(3))),
    "eigh subset": Line(lambda a: product_of(*eigh(a, subset_by_index=[1, 2])), (D,)),
    "svd": Line(lambda a: svd(a), (S,)),
    "svd reduced": Line(lambda a: svd(a, full_matrices=False), (TALL,)),
    "svd wide": Line(lambda a: svd(a, full_matrices=False), (WIDE,)),
    "svd values": Line(lambda a: svd(a, compute_uv=False), (TALL,)),
    "svd one": Line(lambda a: svd(a), (ONE,)),
    "svdvals": Line(lambda a: svdvals(a), (WIDE,)),
    "qr economic": Line(lambda a: qr(a, mode="economic"), (TALL,)),
    "qr economic square": Line(lambda a: qr(a, mode="economic"), (S,)),
    "qr one": Line(lambda a: qr(a, mode="economic"), (ONE,)),
    # least squares
    "pinv": Line(lambda a: pinv(a), (TALL,)),
    "pinv wide": Line(lambda a: pinv(a), (WIDE,)),
    "pinv rtol": Line(lambda a: pinv(a, rtol=1e-13), (S,)),
    "pinv rank": Line(lambda a: pinv(a, return_rank=True), (TALL,), smooth=False),
    "lstsq": Line(lambda a, b: lstsq(a, b)[0], (TALL, normal(4))),
    "lstsq matrix": Line(lambda a, b: lstsq(a, b)[0], (TALL, normal(4, 2))),
    "lstsq wide": Line(lambda a, b: lstsq(a, b)[0], (WIDE, normal(2))),
    "lstsq cond": Line(lambda a, b: lstsq(a, b, cond=1e-14)[0], (S, V)),
    "lstsq rank": Line(lambda a, b: lstsq(a, b)[2:], (TALL, normal(4)), smooth=False),
    "norm": Line(lambda a: norm(a), (TALL,)),
    "norm 1": Line(lambda a: norm(a, 1), (TALL,)),
    "norm 2": Line(lambda a: norm(a, 2), (TALL,)),
    "norm rows": Line(lambda a: norm(a, axis=1, keepdims=True, check_finite=False), (TALL,)),
    # the exponential
    "expm": Line(lambda a: expm(a), (S,)),
    "expm small": Line(lambda a: expm(a), (0.01 * S,)),
    "expm large": Line(lambda a: expm(a), (6.0 * normal(3, 3) - 9.0 * np.eye(3),)),
    "expm nothing": Line(lambda a: expm(a), (np.zeros((3, 3)),)),
    "expm nilpotent": Line(lambda a: expm(a), (NILPOTENT,)),
    "expm one": Line(lambda a: expm(a), (ONE,)),
    "expm vector": Line(lambda a, b: expm(a) @ b, (S, V)),
    # matrices made of vectors and others
    "toeplitz": Line(lambda a: toeplitz(a), (V,)),
    "toeplitz two": Line(lambda a, b: toeplitz(a, b), (V, normal(4))),
    "toeplitz one": Line(lambda a: toeplitz(a), (VONE,)),
    "hankel": Line(lambda a: hankel(a), (V,)),
    "hankel two": Line(lambda a, b: hankel(a, b), (V, normal(4))),
    "hankel one": Line(lambda a: hankel(a), (VONE,)),
    "circulant": Line(lambda a: circulant(a), (V,)),
    "circulant one": Line(lambda a: circulant(a), (VONE,)),
    "block_diag": Line(lambda a, b: block_diag(a, b), (TALL, S)),
    "block_diag of more": Line(lambda a, b: block_diag(a, b, 2.0, [1.0, 3.0]), (S, V)),
    "block_diag alone": Line(lambda a: block_diag(a), (TALL,)),
    "block_diag list": Line(lambda a, b: block_diag(*[a * k for k in (1, 2)], b), (S, ONE)),
    "khatri_rao": Line(lambda a, b: khatri_rao(a, b), (TALL, M)),
}


def unpacked(a: Any) -> Any:
    c, _ = cho_factor(a)
    return c


def product_of(w: Any, v: Any) -> Any:
    """What does not depend on the signs of the vectors."""
    return (v * w) @ v.T


@pytest.mark.parametrize("name", TABLE)
def test_value(name: str) -> None:
    line = TABLE[name]
    found = sd.differentiable(line.function)(*line.arrays)
    expected = line.function(*line.arrays)
    assert isinstance(found, tuple) == isinstance(expected, tuple)
    for got, wanted in zip(parts_of(found), parts_of(expected), strict=True):
        assert np.shape(got) == np.shape(wanted)
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, line in TABLE.items() if line.smooth])
def test_gradient(name: str) -> None:
    line = TABLE[name]
    function = outcome(line.function)
    names = ("a", "b")[: len(line.arrays)]
    found = sd.differentiable(function, wrt=names).grad(*line.arrays)
    for place, gradient in enumerate(found):
        expected = differences(function, line.arrays, place)
        scale = 1.0 + np.max(np.abs(expected), initial=0.0)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7 * scale)
