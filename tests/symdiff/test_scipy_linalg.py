"""Functions of `scipy.linalg` and their options: values against SciPy, gradients against differences of SciPy.

As in `test_linalg_functions.py`, a line of the table is a function of one or two arrays. Matrices of which one triangle
is read are not symmetric here, so that reading the other one would show.
"""

import functools
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
from symdiff.errors import SymdiffError
from tests.symdiff.matrix_lines import Line, check_gradient, check_value, differences, outcome


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passes of LLVM do not change the bits, and take most of the time."""
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")

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
    check_value(TABLE[name])


@pytest.mark.parametrize("name", [name for name, line in TABLE.items() if line.smooth])
def test_gradient(name: str) -> None:
    check_gradient(TABLE[name])


# -- the exponential, by its own derivative ----------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-3, 1.0, 8.0, 60.0])
def test_slope_of_the_exponential(scale: float) -> None:
    """Against Frechet's derivative as SciPy computes it, for norms that need no squarings and many."""
    a, e = scale * regular(4, 4) / 4.0, normal(4, 4)
    expected = scipy.linalg.expm_frechet(a, e, compute_expm=False)
    weights = normal(4, 4)
    gradient = sd.differentiable(lambda a, weights: np.sum(weights * expm(a)), wrt="a").grad(a, weights)
    wanted = np.sum(weights * expected)
    np.testing.assert_allclose(np.sum(gradient * e), wanted, rtol=1e-11, atol=1e-13 * np.max(np.abs(expected)))


def test_exponential_of_what_is_not_finite() -> None:
    with np.errstate(all="ignore"):
        assert np.all(np.isnan(sd.differentiable(lambda a: expm(a))(np.full((2, 2), np.nan))))


def test_an_exponential_of_numbers_that_change() -> None:
    """The number of squarings is found anew in each call."""
    compiled = sd.differentiable(lambda a: np.trace(expm(a)), wrt="a")
    for scale in (0.1, 30.0, 3.0):
        a = scale * S / 3.0
        np.testing.assert_allclose(compiled(a), np.trace(scipy.linalg.expm(a)), rtol=1e-11)
        np.testing.assert_allclose(compiled.grad(a), scipy.linalg.expm(a).T, rtol=1e-10)


# -- second derivatives ------------------------------------------------------------------------------------------------

SECOND = ["solve pos", "solve sym", "triangular T", "triangular unit", "cholesky", "cho_solve", "inv pos",
          "expm", "expm large", "toeplitz two", "block_diag", "lstsq", "eigh product"]  # fmt: skip


@pytest.mark.parametrize("name", SECOND)
def test_second_derivative(name: str) -> None:
    """The Hessian times a direction, against differences of the gradient."""
    line = TABLE[name]
    gradient = sd.grad(outcome(line.function))
    rest = line.arrays[1:]
    direction = np.random.default_rng(1).normal(size=line.arrays[0].shape)

    def of_one(a):
        return np.sum(gradient(a) * direction)

    def of_two(a, b):
        return np.sum(gradient(a, b) * direction)

    found = sd.differentiable(of_two if rest else of_one, wrt="a").grad(*line.arrays)
    expected = differences(of_two if rest else of_one, line.arrays, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * (1.0 + np.max(np.abs(expected))))


# -- failures ----------------------------------------------------------------------------------------------------------

SINGULAR, INDEFINITE = np.ones((3, 3)), np.diag([1.0, -1.0, 2.0])
FAILURES = {
    "solve": (lambda a: np.sum(solve(a, np.ones(3))), SINGULAR),
    "solve pos": (lambda a: np.sum(solve(a, np.ones(3), assume_a="pos")), INDEFINITE),
    "triangular": (lambda a: np.sum(solve_triangular(a, np.ones(3))), np.diag([1.0, 0.0, 2.0])),
    "inv": (lambda a: np.sum(inv(a)), SINGULAR),
    "cholesky": (lambda a: np.sum(cholesky(a)), INDEFINITE),
    "cho_factor": (lambda a: np.sum(cho_factor(a)[0]), INDEFINITE),
    "eigh of two": (lambda a: np.sum(eigvalsh(np.eye(3), a)), INDEFINITE),
}


@pytest.mark.parametrize("name", FAILURES)
def test_unfit_matrices(name: str) -> None:
    """LinAlgError with the user's line, where SciPy raises it too; the value and the gradient alike."""
    function, a = FAILURES[name]
    with pytest.raises(np.linalg.LinAlgError):
        function(a)
    compiled = sd.differentiable(function, wrt="a")
    for call in (compiled, compiled.grad):
        with pytest.raises(np.linalg.LinAlgError) as caught:
            call(a)
        assert isinstance(caught.value, SymdiffError)
        assert caught.value.where is not None and caught.value.where.file == __file__


# What is called, and a part of the message.
REFUSED = {
    "sqrtm": (lambda a: np.sum(scipy.linalg.sqrtm(a)), S, "eigh"),
    "logm": (lambda a: np.sum(scipy.linalg.logm(a)), S, "eigh"),
    "eig": (lambda a: np.sum(scipy.linalg.eig(a)[0]), S, "eigh"),
    "schur": (lambda a: np.sum(scipy.linalg.schur(a)[0]), S, "eigh"),
    "lu": (lambda a: scipy.linalg.lu_solve(scipy.linalg.lu_factor(a), np.ones(3))[0], S, "solve"),
    "unknown": (lambda a: np.sum(scipy.linalg.cossin(a, 1, 1)[0]), S, "scipy.linalg.cossin"),
    "stack": (lambda a: np.sum(solve(a, np.ones(3))), np.stack([S, S]), "one matrix"),
    "stack of exponents": (lambda a: np.sum(expm(a)), np.stack([S, S]), "one matrix"),
    "assumption": (lambda a: np.sum(solve(a, np.ones(3), assume_a="banded")), S, "banded"),
    "trans": (lambda a: np.sum(solve_triangular(a, np.ones(3), trans=3)), S, "trans"),
    "pivoting": (lambda a: np.sum(qr(a, pivoting=True)[1]), S, "pivoting"),
    "full factors": (lambda a: np.sum(qr(a)[0]), TALL, "economic"),
    "raw factors": (lambda a: np.sum(qr(a, mode="raw")[0]), S, "raw"),
    "svd full": (lambda a: np.sum(svd(a)[0]), TALL, "full_matrices=False"),
    "residuals": (lambda a: np.sum(lstsq(a, np.ones(4))[1]), TALL, "residuals"),
    "large bound": (lambda a: np.sum(pinv(a, rtol=0.1)), TALL, "1e-12"),
    "large cond": (lambda a: np.sum(lstsq(a, np.ones(4), cond=0.1)[0]), TALL, "1e-12"),
    "eigenvalues by value": (lambda a: np.sum(eigvalsh(a, subset_by_value=(0.0, 1.0))), S, "by value"),
    "another problem": (lambda a: np.sum(eigvalsh(a, np.eye(3), type=2)), S, "type"),
    "not square": (lambda a: np.sum(inv(a)), TALL, "square"),
    "unexpected argument": (lambda a: np.sum(expm(a, order=3)), S, "order"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    function, a, part = REFUSED[name]
    with pytest.raises(SymdiffError, match=part) as caught:
        sd.differentiable(function, wrt="a").grad(a)
    assert caught.value.where is not None and caught.value.where.file == __file__


def test_residuals_may_be_given_a_name() -> None:
    def fit(a):
        x, _residuals, rank, s = lstsq(a, np.arange(4.0))
        return np.sum(x) + s[0] * rank

    found = sd.differentiable(fit, wrt="a").grad(TALL)
    np.testing.assert_allclose(found, differences(fit, (TALL,), 0), rtol=1e-7, atol=1e-8)


def test_partial_and_helpers() -> None:
    whiten = functools.partial(solve_triangular, lower=True)

    def helper(solver, a, b):
        return solver(a, b)

    def f(a, b):
        return np.sum(np.sin(helper(whiten, a, b)))

    found = sd.differentiable(f, wrt="a").grad(D, V)
    np.testing.assert_allclose(found, differences(f, (D, V), 0), rtol=1e-7, atol=1e-8)


def test_single_precision() -> None:
    for name in ("solve pos", "cholesky", "cho_solve", "expm", "triangular unit", "block_diag", "toeplitz"):
        line = TABLE[name]
        single = tuple(a.astype(np.float32) for a in line.arrays)
        found, expected = sd.differentiable(line.function)(*single), line.function(*single)
        assert found.dtype == expected.dtype == np.float32, name
        np.testing.assert_allclose(found, expected, rtol=5e-4, atol=1e-4)


def test_printed_text_needs_numpy_alone() -> None:
    compiled = sd.differentiable(lambda a, b: np.sum(cho_solve(cho_factor(expm(a) + expm(a).T), b)), wrt="a")
    gradient = compiled.grad(D, V)
    text = str(compiled.gradient_source(D, V))
    assert "scipy" not in text
    names: dict[str, Any] = {}
    exec(text, names)
    function = next(v for k, v in names.items() if callable(v) and k.endswith("grad"))
    np.testing.assert_allclose(function(D, V), gradient, rtol=1e-10)
