"""Matrices that cannot be factored are errors where the factor is asked for, and of PyTorch's kinds."""

import pytest


@pytest.fixture(params=["symdiff", "torch"])
def t(request):
    return pytest.importorskip(request.param, reason="PyTorch is not installed")


def test_a_matrix_that_is_not_positive_definite(t):
    matrix = t.tensor([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(RuntimeError, match=r"leading minor of order 2 is not positive-definite"):
        t.linalg.cholesky(matrix)
    with pytest.raises(t.linalg.LinAlgError, match=r"\(Batch element 1\): .* leading minor of order 1 is"):
        t.linalg.cholesky(t.stack([t.eye(2), -t.eye(2)]))


def test_jitter_is_added_until_there_is_a_factor(t):
    matrix, jitter, tries = t.ones(2, 2).double() - 0.25 * t.eye(2), 0.01, 0
    while True:
        try:
            factor = t.linalg.cholesky(matrix + jitter * t.eye(2))
            break
        except RuntimeError:
            jitter, tries = 3 * jitter, tries + 1
    assert tries == 3 and (factor @ factor.T)[0, 0].item() == pytest.approx(1.02)


def test_singular_matrices(t):
    zeros = t.zeros(2, 2)
    for call in (lambda: t.linalg.solve(zeros, t.ones(2)), lambda: t.linalg.inv(zeros), lambda: t.inverse(zeros)):
        with pytest.raises(RuntimeError, match="the input matrix is singular"):
            call()


def test_gradients_through_what_was_computed_at_once(t):
    x = t.tensor([[4.0, 0.0], [0.0, 9.0]], requires_grad=True)
    t.linalg.cholesky(x).diagonal().sum().backward()
    assert x.grad.tolist() == [[0.25, 0], [0, pytest.approx(1 / 6)]]
