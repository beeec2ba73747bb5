"""Functions of linear algebra and their options: values against NumPy, gradients against differences.

A line of the table is a function of one or two arrays. Its results are compared with what it gives when Python runs it;
then a smooth function of all of them is differentiated, natively and as printed, and the gradient compared with
differences of the plain Python function.
"""

from typing import Any

import numpy as np
import pytest

import symdiff as sd
from symdiff.errors import SymdiffError
from tests.symdiff.matrix_lines import Line, check_gradient, check_value, differences, outcome, parts_of


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passes of LLVM do not change the bits, and take most of the time."""
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


RNG = np.random.default_rng(5)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


def regular(*shape: int) -> np.ndarray:
    """Singular values are distinct and not small."""
    count = min(shape[-2:])
    u, _, vt = np.linalg.svd(normal(*shape), full_matrices=False)
    return (u * np.arange(1.0, count + 1)) @ vt


def definite(*shape: int) -> np.ndarray:
    a = normal(*shape)
    return a @ np.swapaxes(a, -1, -2) + shape[-1] * np.eye(shape[-1])


def symmetric(*shape: int) -> np.ndarray:
    """Eigenvalues are distinct, and vectors lie near the axes, so that their signs are stable."""
    a = 0.2 * normal(*shape)
    return a + np.swapaxes(a, -1, -2) + np.diag(np.arange(1.0, shape[-1] + 1))


def lower(*shape: int) -> np.ndarray:
    return np.tril(normal(*shape)) + 3 * np.eye(shape[-1])


S, V, M, W = regular(3, 3), normal(3), normal(3, 2), normal(2, 3, 3) + 2 * np.eye(3)
TALL, WIDE, SPD, SYM = regular(4, 2), regular(2, 4), definite(3, 3), symmetric(3, 3)
STACK, SPDS, SYMS = np.stack([regular(3, 2), regular(3, 2)]), definite(2, 3, 3), symmetric(2, 3, 3)
NONE, NONES = np.zeros((0, 0)), np.zeros((0, 3))
ONE = np.array([[2.5]])

TABLE = {
    # systems of equations
    "solve": Line(lambda a, b: np.linalg.solve(a, b), (S, V)),
    "solve matrix": Line(lambda a, b: np.linalg.solve(a, b), (S, M)),
    "solve stack": Line(lambda a, b: np.linalg.solve(a, b), (W, normal(2, 3, 2))),
    "solve stack by vector": Line(lambda a, b: np.linalg.solve(a, b), (W, V)),
    "solve broadcast": Line(lambda a, b: np.linalg.solve(a, b), (S, normal(2, 3, 2))),
    "solve one": Line(lambda a, b: np.linalg.solve(a, b), (ONE, np.array([3.0]))),
    "solve none": Line(lambda a, b: np.linalg.solve(a, b), (NONE, np.zeros(0))),
    "solve list": Line(lambda b: np.linalg.solve([[2.0, 1.0], [1.0, 3.0]], b), (normal(2),)),
    "inv": Line(lambda a: np.linalg.inv(a), (S,)),
    "inv stack": Line(lambda a: np.linalg.inv(a), (W,)),
    "inv one": Line(lambda a: np.linalg.inv(a), (ONE,)),
    "det": Line(lambda a: np.linalg.det(a), (S,)),
    "det stack": Line(lambda a: np.linalg.det(a), (W,)),
    "det none": Line(lambda a: np.linalg.det(a), (NONE,)),
    "slogdet": Line(lambda a: np.linalg.slogdet(a)[1], (S,)),
    "slogdet names": Line(lambda a: np.linalg.slogdet(a).logabsdet * np.linalg.slogdet(a).sign, (-S,)),
    "slogdet stack": Line(lambda a: np.linalg.slogdet(a)[1], (W,)),
    "cholesky": Line(lambda a: np.linalg.cholesky(a @ a.T + np.eye(3)), (S,)),
    "cholesky stack": Line(lambda a: np.linalg.cholesky(a), (SPDS,)),
    "cholesky triangle": Line(lambda a: np.linalg.cholesky(a), (np.tril(SPD),)),
    "cholesky upper": Line(lambda a: np.linalg.cholesky(a, upper=True), (np.triu(SPD),)),
    "tensorsolve": Line(lambda a, b: np.linalg.tensorsolve(a, b), (normal(2, 3, 6), normal(2, 3))),
    "tensorinv": Line(lambda a: np.linalg.tensorinv(a), (normal(2, 3, 6),)),
    "tensorinv one": Line(lambda a: np.linalg.tensorinv(a, ind=1), (normal(6, 2, 3),)),
    # eigenvalues
    "eigh": Line(lambda a: np.linalg.eigh(a), (SYM,)),
    "eigh triangle": Line(lambda a: np.linalg.eigh(a), (np.tril(SYM),)),
    "eigh upper": Line(lambda a: np.linalg.eigh(a, UPLO="U"), (np.triu(SYM),)),
    "eigh stack": Line(lambda a: np.linalg.eigh(a), (SYMS,)),
    "eigh names": Line(lambda a: np.linalg.eigh(a).eigenvalues, (SYM,)),
    "eigh one": Line(lambda a: np.linalg.eigh(a), (ONE,)),
    "eigvalsh": Line(lambda a: np.linalg.eigvalsh(a), (SYM,)),
    "eigvalsh upper": Line(lambda a: np.linalg.eigvalsh(a, "U"), (SYM,)),
    "eigvalsh stack": Line(lambda a: np.linalg.eigvalsh(a), (SYMS,)),
    # singular values
    "svd": Line(lambda a: np.linalg.svd(a), (S,)),
    "svd reduced": Line(lambda a: np.linalg.svd(a, full_matrices=False), (TALL,)),
    "svd wide": Line(lambda a: np.linalg.svd(a, full_matrices=False), (WIDE,)),
    "svd stack": Line(lambda a: np.linalg.svd(a, full_matrices=False), (STACK,)),
    "svd full": Line(lambda a: np.linalg.svd(a), (TALL,), smooth=False),
    "svd full values": Line(lambda a: np.linalg.svd(a)[1], (TALL,)),
    "svd full left": Line(lambda a: np.linalg.svd(a).U, (WIDE,)),
    "svd values": Line(lambda a: np.linalg.svd(a, compute_uv=False), (TALL,)),
    "svd names": Line(lambda a: np.linalg.svd(a, full_matrices=False).S, (WIDE,)),
    "svdvals": Line(lambda a: np.linalg.svdvals(a), (STACK,)),
    # orthogonal factors
    "qr": Line(lambda a: np.linalg.qr(a), (S,)),
    "qr tall": Line(lambda a: np.linalg.qr(a), (TALL,)),
    "qr stack": Line(lambda a: np.linalg.qr(a), (STACK,)),
    "qr wide": Line(lambda a: np.linalg.qr(a), (WIDE,), smooth=False),
    "qr triangle": Line(lambda a: np.linalg.qr(a, mode="r"), (TALL,)),
    "qr names": Line(lambda a: np.linalg.qr(a).Q, (TALL,)),
    # least squares
    "pinv": Line(lambda a: np.linalg.pinv(a), (TALL,)),
    "pinv wide": Line(lambda a: np.linalg.pinv(a), (WIDE,)),
    "pinv stack": Line(lambda a: np.linalg.pinv(a), (STACK,)),
    "pinv bound": Line(lambda a: np.linalg.pinv(a, rcond=1e-8), (S,)),
    "pinv relative": Line(lambda a: np.linalg.pinv(a, rtol=None), (S,)),
    "lstsq": Line(lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], (TALL, normal(4))),
    "lstsq matrix": Line(lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], (TALL, normal(4, 3))),
    "lstsq wide": Line(lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], (WIDE, normal(2))),
    "lstsq residuals": Line(lambda a, b: np.linalg.lstsq(a, b, rcond=None)[1], (TALL, normal(4))),
    "lstsq residuals of a matrix": Line(lambda a, b: np.linalg.lstsq(a, b, rcond=None)[1], (TALL, normal(4, 3))),
    "lstsq no residuals": Line(lambda a, b: np.sum(np.linalg.lstsq(a, b, rcond=None)[1]), (WIDE, normal(2))),
    "lstsq all": Line(lambda a, b: np.linalg.lstsq(a, b, rcond=1e-9), (TALL, normal(4)), smooth=False),
    "matrix_rank": Line(lambda a: np.linalg.matrix_rank(a), (TALL,), smooth=False),
    "matrix_rank lost": Line(lambda a: np.linalg.matrix_rank(a), (np.outer(V, V),), smooth=False),
    "matrix_rank bound": Line(lambda a: np.linalg.matrix_rank(a, tol=1.5), (TALL,), smooth=False),
    "matrix_rank stack": Line(lambda a: np.linalg.matrix_rank(a), (STACK,), smooth=False),
    # powers and chains
    "matrix_power": Line(lambda a: np.linalg.matrix_power(a, 5), (S,)),
    "matrix_power of 0": Line(lambda a: np.linalg.matrix_power(a, 0) * a, (S,)),
    "matrix_power of 1": Line(lambda a: np.linalg.matrix_power(a, 1), (S,)),
    "matrix_power negative": Line(lambda a: np.linalg.matrix_power(a, -2), (S,)),
    "matrix_power stack": Line(lambda a: np.linalg.matrix_power(a, 3), (W,)),
    "multi_dot": Line(lambda a, b: np.linalg.multi_dot([a, b, b.T]), (S, M)),
    "multi_dot vector": Line(lambda a, b: np.linalg.multi_dot([a, a, a, b]), (S, V)),
    # norms
    "norm": Line(lambda a: np.linalg.norm(a), (V,)),
    "norm of a matrix": Line(lambda a: np.linalg.norm(a), (M,)),
    "norm of a stack": Line(lambda a: np.linalg.norm(a), (W,)),
    "norm 2": Line(lambda a: np.linalg.norm(a, 2), (V,)),
    "norm 1": Line(lambda a: np.linalg.norm(a, 1), (V,)),
    "norm inf": Line(lambda a: np.linalg.norm(a, np.inf), (V,)),
    "norm -inf": Line(lambda a: np.linalg.norm(a, -np.inf), (V,)),
    "norm 0": Line(lambda a: np.linalg.norm(a, 0), (np.array([1.0, 0.0, 2.0]),), smooth=False),
    "norm 3": Line(lambda a: np.linalg.norm(a, 3), (V,)),
    "norm 2.5": Line(lambda a: np.linalg.norm(a, ord=2.5), (V,)),
    "norm axis": Line(lambda a: np.linalg.norm(a, axis=1), (M,)),
    "norm axis keepdims": Line(lambda a: np.linalg.norm(a, axis=0, keepdims=True), (M,)),
    "norm 1 axis": Line(lambda a: np.linalg.norm(a, 1, axis=-1), (M,)),
    "norm inf axis": Line(lambda a: np.linalg.norm(a, np.inf, axis=0, keepdims=True), (M,)),
    "norm 3 axis": Line(lambda a: np.linalg.norm(a, 3, axis=0, keepdims=True), (M,)),
    "norm axes": Line(lambda a: np.linalg.norm(a, axis=(0, 2)), (W,)),
    "norm fro": Line(lambda a: np.linalg.norm(a, "fro"), (M,)),
    "norm fro axes": Line(lambda a: np.linalg.norm(a, "fro", axis=(1, 2), keepdims=True), (W,)),
    "norm nuc": Line(lambda a: np.linalg.norm(a, "nuc"), (TALL,)),
    "norm nuc axes": Line(lambda a: np.linalg.norm(a, "nuc", axis=(0, 2), keepdims=True), (W,)),
    "norm matrix 1": Line(lambda a: np.linalg.norm(a, 1), (M,)),
    "norm matrix -1": Line(lambda a: np.linalg.norm(a, -1), (M,)),
    "norm matrix inf": Line(lambda a: np.linalg.norm(a, np.inf), (M,)),
    "norm matrix -inf": Line(lambda a: np.linalg.norm(a, -np.inf), (M,)),
    "norm matrix 2": Line(lambda a: np.linalg.norm(a, 2), (M,)),
    "norm matrix -2": Line(lambda a: np.linalg.norm(a, -2), (S,)),
    "norm matrix 1 turned": Line(lambda a: np.linalg.norm(a, 1, axis=(1, 0)), (M,)),
    "vector_norm": Line(lambda a: np.linalg.vector_norm(a), (W,)),
    "vector_norm axes": Line(lambda a: np.linalg.vector_norm(a, axis=(0, 1), ord=1), (W,)),
    "vector_norm keepdims": Line(lambda a: np.linalg.vector_norm(a, axis=-1, keepdims=True), (M,)),
    "matrix_norm": Line(lambda a: np.linalg.matrix_norm(a), (W,)),
    "matrix_norm 2": Line(lambda a: np.linalg.matrix_norm(a, ord=2), (W,)),
    "matrix_norm nuc": Line(lambda a: np.linalg.matrix_norm(a, ord="nuc", keepdims=True), (W,)),
    "cond": Line(lambda a: np.linalg.cond(a), (S,)),
    "cond -2": Line(lambda a: np.linalg.cond(a, -2), (S,)),
    "cond 1": Line(lambda a: np.linalg.cond(a, 1), (S,)),
    "cond fro": Line(lambda a: np.linalg.cond(a, "fro"), (S,)),
    # products
    "matmul": Line(lambda a, b: np.matmul(a, b), (W, M)),
    "matmul stacks": Line(lambda a, b: a @ b, (normal(2, 1, 2, 3), normal(4, 3, 2))),
    "linalg.matmul": Line(lambda a, b: np.linalg.matmul(a, b), (S, M)),
    "dot": Line(lambda a, b: np.dot(a, b), (S, V)),
    "dot stack": Line(lambda a, b: np.dot(a, b), (W, V)),
    "dot stacks": Line(lambda a, b: np.dot(a, b), (W, normal(4, 3, 2))),
    "dot vector by stack": Line(lambda a, b: np.dot(a, b), (V, W)),
    "dot method": Line(lambda a, b: a.dot(b).dot(a), (S, S)),
    "inner": Line(lambda a, b: np.inner(a, b), (V, V)),
    "inner matrices": Line(lambda a, b: np.inner(a, b), (S, normal(2, 3))),
    "inner stack": Line(lambda a, b: np.inner(a, b), (W, V)),
    "inner scalar": Line(lambda a: np.inner(a, 2.0), (M,)),
    "vdot": Line(lambda a, b: np.vdot(a, b), (S, S)),
    "outer": Line(lambda a, b: np.outer(a, b), (V, M)),
    "linalg.outer": Line(lambda a, b: np.linalg.outer(a, b), (V, V)),
    "vecdot": Line(lambda a, b: np.vecdot(a, b), (S, V)),
    "linalg.vecdot axis": Line(lambda a, b: np.linalg.vecdot(a, b, axis=0), (S, S)),
    "tensordot": Line(lambda a, b: np.tensordot(a, b), (normal(2, 3, 4), normal(3, 4, 2))),
    "tensordot 0": Line(lambda a, b: np.tensordot(a, b, 0), (V, M)),
    "tensordot 1": Line(lambda a, b: np.tensordot(a, b, axes=1), (W, M)),
    "tensordot pairs": Line(
        lambda a, b: np.tensordot(a, b, axes=([0, 2], [1, 0])), (normal(2, 3, 4), normal(4, 2, 3))
    ),
    "tensordot pair": Line(lambda a, b: np.tensordot(a, b, axes=(1, -1)), (M, normal(4, 2))),
    "linalg.tensordot": Line(lambda a, b: np.linalg.tensordot(a, b, axes=1), (S, M)),
    "kron": Line(lambda a, b: np.kron(a, b), (M, normal(2, 2))),
    "kron vectors": Line(lambda a, b: np.kron(a, b), (V, normal(2))),
    "kron ranks": Line(lambda a, b: np.kron(a, b), (V, M)),
    "kron scalar": Line(lambda a: np.kron(2.0, a), (M,)),
    "cross": Line(lambda a, b: np.cross(a, b), (V, normal(3))),
    "cross rows": Line(lambda a, b: np.cross(a, b), (normal(4, 3), V)),
    "cross axis": Line(lambda a, b: np.cross(a, b, axis=0), (normal(3, 4), normal(3, 4))),
    "cross axes": Line(lambda a, b: np.cross(a, b, axisa=0, axisc=0), (normal(3, 4), normal(4, 3))),
    "linalg.cross": Line(lambda a, b: np.linalg.cross(a, b, axis=0), (normal(3, 2), normal(3, 2))),
    # parts
    "trace": Line(lambda a: np.trace(a), (S,)),
    "trace offset": Line(lambda a: np.trace(a, offset=1), (M,)),
    "trace axes": Line(lambda a: np.trace(a, 0, 1, 2), (W,)),
    "trace method": Line(lambda a: a.trace(offset=-1), (S,)),
    "linalg.trace": Line(lambda a: np.linalg.trace(a, offset=1), (W,)),
    "diagonal": Line(lambda a: np.diagonal(a), (M,)),
    "diagonal offset": Line(lambda a: np.diagonal(a, -1), (S,)),
    "diagonal far": Line(lambda a: np.sum(np.diagonal(a, 7)), (S,)),
    "diagonal axes": Line(lambda a: np.diagonal(a, axis1=0, axis2=2), (W,)),
    "diagonal method": Line(lambda a: a.diagonal(1), (S,)),
    "linalg.diagonal": Line(lambda a: np.linalg.diagonal(a, offset=1), (W,)),
    "matrix_transpose": Line(lambda a: np.linalg.matrix_transpose(a), (STACK,)),
    # einsum
    "einsum product": Line(lambda a, b: np.einsum("ij,jk->ik", a, b), (S, M)),
    "einsum implicit": Line(lambda a, b: np.einsum("ij,jk", a, b), (S, M)),
    "einsum implicit transpose": Line(lambda a: np.einsum("ji", a), (M,)),
    "einsum spaces": Line(lambda a, b: np.einsum(" ij , j -> i", a, b), (S, V)),
    "einsum scalar": Line(lambda a, b: np.einsum("i,i", a, b), (V, V)),
    "einsum trace": Line(lambda a: np.einsum("ii", a), (S,)),
    "einsum diagonal": Line(lambda a: np.einsum("ii->i", a), (S,)),
    "einsum diagonal of a stack": Line(lambda a: np.einsum("kii->ki", a), (W,)),
    "einsum repeated beside": Line(lambda a, b: np.einsum("ii,ij->j", a, b), (S, M)),
    "einsum thrice": Line(lambda a: np.einsum("iii->i", a), (normal(3, 3, 3),)),
    "einsum sum": Line(lambda a: np.einsum("ij->j", a), (M,)),
    "einsum total": Line(lambda a: np.einsum("ij->", a), (M,)),
    "einsum transpose": Line(lambda a: np.einsum("kij->jki", a), (W,)),
    "einsum batch": Line(lambda a, b: np.einsum("bij,bjk->bik", a, b), (W, normal(2, 3, 2))),
    "einsum ellipsis": Line(lambda a, b: np.einsum("...ij,...jk->...ik", a, b), (W, M)),
    "einsum ellipsis implicit": Line(lambda a, b: np.einsum("...i,i", a, b), (W, V)),
    "einsum ellipsis first": Line(lambda a: np.einsum("i...->...", a), (W,)),
    "einsum ellipsis broadcast": Line(lambda a, b: np.einsum("...,...->...", a, b), (normal(3, 1), normal(1, 4))),
    "einsum quadratic": Line(lambda a, b: np.einsum("bi,ij,bj->b", b, a, b), (S, normal(4, 3))),
    "einsum chain": Line(lambda a, b: np.einsum("ij,jk,kl,l->i", a, a, a, b), (S, V)),
    "einsum outer": Line(lambda a, b: np.einsum("i,j->ij", a, b), (V, normal(2))),
    "einsum broadcast": Line(lambda a, b: np.einsum("ij,ij->ij", a, b), (normal(1, 3), normal(2, 3))),
    "einsum lonely": Line(lambda a, b: np.einsum("ij,k->k", a, b), (M, V)),
    "einsum optimize": Line(lambda a, b: np.einsum("ij,jk,kl->il", a, a, b, optimize=True), (S, M)),
    "einsum lists": Line(lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]), (S, M)),
    "einsum lists implicit": Line(lambda a, b: np.einsum(a, [3, 1], b, [1, 2]), (S, M)),
    "einsum none": Line(lambda a, b: np.einsum("ij,jk->ik", a, b), (np.zeros((2, 0)), NONES)),
    "einsum numbers": Line(lambda a: np.einsum(",i->i", 2.0, a), (V,)),
}


@pytest.mark.parametrize("name", TABLE)
def test_value(name: str) -> None:
    found, expected = check_value(TABLE[name])
    assert type(found).__name__ == type(expected).__name__ or np.ndim(expected) == 0


@pytest.mark.parametrize("name", [name for name, line in TABLE.items() if line.smooth])
def test_gradient(name: str) -> None:
    check_gradient(TABLE[name])


# -- second derivatives ------------------------------------------------------------------------------------------------

SECOND = ["solve", "solve stack by vector", "inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh", "svd reduced",
          "svd wide", "svdvals", "qr tall", "pinv", "lstsq matrix", "norm nuc", "norm matrix 2", "cond",
          "matrix_power negative", "einsum quadratic", "einsum repeated beside", "tensordot pairs", "kron",
          "cross rows", "trace axes", "solve stack"]  # fmt: skip


@pytest.mark.parametrize("name", SECOND)
def test_second_derivative(name: str) -> None:
    """The Hessian times a direction, against differences of the gradient."""
    line = TABLE[name]
    gradient = sd.grad(outcome(line.function))
    rest = line.arrays[1:]
    direction = np.random.default_rng(1).normal(size=line.arrays[0].shape)
    if name in ("eigh", "eigvalsh", "cholesky"):
        direction = np.tril(direction)

    def slope(*arrays: Any) -> Any:
        return np.sum(gradient(*arrays) * direction)

    def of_one(a: Any) -> Any:
        return slope(a)

    def of_two(a: Any, b: Any) -> Any:
        return slope(a, b)

    found = sd.differentiable(of_two if rest else of_one, wrt="a").grad(*line.arrays)
    expected = differences(of_two if rest else of_one, line.arrays, 0)
    scale = 1.0 + np.max(np.abs(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * scale)


# -- values that coincide ----------------------------------------------------------------------------------------------

ROTATION = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
COINCIDING = {
    "identity": np.eye(4),
    "pairs": np.diag([1.0, 1.0, 2.0, 2.0]),
    "zero": np.zeros((4, 4)),
    "turned": (lambda a: (a + a.T) / 2)(ROTATION @ np.diag([1.0, 1.0, 2.0, 2.0]) @ ROTATION.T),
}
OF_VALUES = {
    "sum": (lambda a: np.sum(np.linalg.eigh(a)[0]), lambda a: np.eye(4)),
    "squares": (lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), lambda a: 2 * a),
    "exponentials": (lambda a: np.sum(np.exp(np.linalg.eigh(a).eigenvalues)), None),
    "trace": (lambda a: np.trace((np.linalg.eigh(a)[1] * np.linalg.eigh(a)[0] ** 2) @ np.linalg.eigh(a)[1].T),
              lambda a: 2 * a),
}  # fmt: skip


def expm_of(a: np.ndarray) -> np.ndarray:
    """By its series, in the same precision."""
    term = total = np.eye(len(a))
    for k in range(1, 60):
        term = term @ a / k
        total = total + term
    return total


@pytest.mark.parametrize("matrix", COINCIDING)
@pytest.mark.parametrize("name", OF_VALUES)
def test_equal_eigenvalues(name: str, matrix: str) -> None:
    """The gradient along symmetric directions is that of the function of matrices."""
    function, known = OF_VALUES[name]
    a = COINCIDING[matrix]
    found = sd.differentiable(function, wrt="a").grad(a)
    if name == "trace" and matrix == "turned":
        # the computed values differ by rounding, and so the pairs by their quotients
        assert np.all(np.isfinite(found))
        return
    expected = expm_of(a) if known is None else known(a)
    np.testing.assert_allclose((found + found.T) / 2, expected, rtol=1e-10, atol=1e-10)


def test_equal_singular_values() -> None:
    a = np.vstack([np.eye(2), np.zeros((1, 2))])
    for function in (lambda a: np.linalg.norm(a, "nuc"), lambda a: np.sum(np.linalg.svd(a, full_matrices=False)[1])):
        np.testing.assert_allclose(sd.differentiable(function, wrt="a").grad(a), a, atol=1e-14)
    squares = sd.differentiable(lambda a: np.sum(np.linalg.svdvals(a) ** 2), wrt="a")
    np.testing.assert_allclose(squares.grad(np.zeros((3, 2))), np.zeros((3, 2)))


def test_vectors_of_equal_eigenvalues_have_no_gradient() -> None:
    """A function of the vectors of a pair: never a finite number that looks like a gradient."""
    found = sd.differentiable(lambda a: np.sum(np.linalg.eigh(a)[1][0] * np.arange(3.0)), wrt="a").grad(np.eye(3))
    assert not np.all(np.isfinite(found))


# -- failures ----------------------------------------------------------------------------------------------------------

SINGULAR = np.ones((3, 3))
FAILURES = {
    "solve": (lambda a: np.sum(np.linalg.solve(a, np.ones(3))), SINGULAR),
    "solve one of a stack": (lambda a: np.sum(np.linalg.solve(a, np.ones(3))), np.stack([np.eye(3), SINGULAR])),
    "inv": (lambda a: np.sum(np.linalg.inv(a)), SINGULAR),
    "power": (lambda a: np.sum(np.linalg.matrix_power(a, -1)), SINGULAR),
    "cholesky": (lambda a: np.sum(np.linalg.cholesky(a)), -np.eye(3)),
    "cholesky of a stack": (lambda a: np.sum(np.linalg.cholesky(a)), np.stack([np.eye(3), -np.eye(3)])),
    "eigh": (lambda a: np.sum(np.linalg.eigh(a)[0]), np.full((3, 3), np.nan)),
    "svd": (lambda a: np.sum(np.linalg.svdvals(a)), np.full((3, 3), np.nan)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_unfit_matrices(name: str) -> None:
    """LinAlgError with the place, where NumPy raises it too; the value and the gradient alike."""
    function, a = FAILURES[name]
    with pytest.raises(np.linalg.LinAlgError):
        function(a)
    compiled = sd.differentiable(function, wrt="a")
    for call in (compiled, compiled.grad):
        with pytest.raises(np.linalg.LinAlgError) as caught:
            call(a)
        assert isinstance(caught.value, SymdiffError)
        assert caught.value.where is not None and caught.value.where.file == __file__


REFUSED = {
    "eig": (lambda a: np.sum(np.linalg.eigvals(a)), S),
    "svd full": (lambda a: np.sum(np.linalg.svd(a)[0]), TALL),
    "pinv with a large bound": (lambda a: np.sum(np.linalg.pinv(a, rcond=0.1)), TALL),
    "lstsq with a large bound": (lambda a: np.sum(np.linalg.lstsq(a, a[:, 0], rcond=0.1)[0]), TALL),
    "qr wide": (lambda a: np.sum(np.linalg.qr(a)[0]), WIDE),
    "qr complete": (lambda a: np.sum(np.linalg.qr(a, mode="complete")[0]), TALL),
    "vector": (lambda a: np.sum(np.linalg.inv(a)), V),
    "not square": (lambda a: np.sum(np.linalg.inv(a)), TALL),
    "norm of three axes": (lambda a: np.linalg.norm(a, 2), W),
    "norm of a name": (lambda a: np.linalg.norm(a, "nuc"), V),
    "einsum names": (lambda a: np.sum(np.einsum("ijk->i", a)), S),
    "einsum twice in the result": (lambda a: np.sum(np.einsum("ij->ii", a)), S),
    "einsum unknown in the result": (lambda a: np.sum(np.einsum("ij->k", a)), S),
    "einsum operands": (lambda a: np.sum(np.einsum("ij,jk->ik", a)), S),
    "einsum diagonal of a rectangle": (lambda a: np.sum(np.einsum("ii->i", a)), TALL),
    "cross of four": (lambda a: np.sum(np.cross(a, a)), normal(2, 4)),
    "tensordot": (lambda a: np.sum(np.tensordot(a, a, 1)), TALL),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    """With the place, when compiled or, where only the sizes show it, when run."""
    function, a = REFUSED[name]
    with pytest.raises(SymdiffError) as caught:
        sd.differentiable(function, wrt="a").grad(a)
    assert caught.value.where is not None


def test_views_of_einsum_cannot_be_written() -> None:
    def set_diagonal(a: Any) -> Any:
        d = np.einsum("ii->i", a)
        d[0] = 1.0
        return np.sum(a)

    with pytest.raises(SymdiffError, match="view"):
        sd.differentiable(set_diagonal, wrt="a").grad(S)


def test_float32() -> None:
    """Results and gradients keep their precision."""
    for name in ("eigh", "svd", "qr", "pinv", "lstsq", "einsum product", "norm nuc"):
        line = TABLE[name]
        single = tuple(a.astype(np.float32) for a in line.arrays)
        found, expected = sd.differentiable(line.function)(*single), line.function(*single)
        for got, wanted in zip(parts_of(found), parts_of(expected), strict=True):
            assert got.dtype == wanted.dtype == np.float32, name
            np.testing.assert_allclose(np.abs(got), np.abs(wanted), rtol=2e-4, atol=1e-5)
