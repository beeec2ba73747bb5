"""Stores and sums at places, statistics, windows, named types, least squares: beside PyTorch's numbers."""

import math

import numpy as np
import pytest

import symdiff as torch

CALLS = {
    "index_add": lambda t: t.zeros(3, 2).index_add(0, t.tensor([0, 2, 0]), t.arange(6.0).view(3, 2), alpha=2),
    "index_add_": lambda t: t.ones(2, 3).index_add_(1, t.tensor([2, 2]), t.ones(2, 2)),
    "index_fill": lambda t: t.zeros(2, 3).index_fill(1, t.tensor([0, 2]), 5.0),
    "index_copy": lambda t: t.zeros(3, 2).index_copy(0, t.tensor([2, 0]), t.arange(4.0).view(2, 2)),
    "index_put": lambda t: t.zeros(2, 2).index_put((t.tensor([0, 1, 0]), t.tensor([1, 1, 1])), t.tensor([1.0, 2, 4]),
                                                   accumulate=True),
    "index_put_": lambda t: t.zeros(4).index_put_((t.tensor([3, 1]),), t.tensor(2.0)),
    "masked_scatter": lambda t: t.zeros(2, 2).masked_scatter(t.tensor([[True, False], [True, True]]), t.arange(5.0)),
    "take": lambda t: t.take(t.arange(6).view(2, 3), t.tensor([[0, 5], [-1, 2]])),
    "put": lambda t: t.arange(4.0).put(t.tensor([1, 1]), t.tensor([10.0, 20.0]), accumulate=True),
    "scatter_reduce mean": lambda t: t.ones(3).scatter_reduce(0, t.tensor([0, 0, 2]), t.tensor([4.0, 1, 5]), "mean"),
    "scatter_reduce mean alone": lambda t: t.ones(3).scatter_reduce(
        0, t.tensor([0, 0, 2]), t.tensor([4.0, 1, 5]), "mean", include_self=False),
    "scatter_reduce amax": lambda t: t.zeros(2, 2).scatter_reduce(
        0, t.tensor([[0, 1], [0, 0]]), t.tensor([[1.0, -2], [3, 4]]), "amax", include_self=False),
    "scatter_reduce prod": lambda t: t.full((2,), 2).scatter_reduce(0, t.tensor([0, 0]), t.tensor([3, 5]), "prod"),
    "where": lambda t: t.where(t.tensor([[True, False], [False, True]]))[1],
    "cov": lambda t: t.cov(t.tensor([[0.0, 1, 3], [2, 1, 0]])),
    "cov weighted": lambda t: t.cov(t.tensor([[0.0, 1, 3], [2, 1, 0]]), fweights=t.tensor([1, 2, 3])),
    "cov importance": lambda t: t.cov(t.tensor([[0.0, 1, 3], [2, 1, 0]]), aweights=t.tensor([1.0, 2, 3])),
    "corrcoef": lambda t: t.corrcoef(t.tensor([[0.0, 1, 3], [2, 1, 0]])),
    "cummax": lambda t: t.cummax(t.tensor([[1.0, 3, 3, 2]]), 1).indices,
    "cummin": lambda t: t.tensor([3, 1, 1, 2]).cummin(0)[0],
    "mode": lambda t: t.mode(t.tensor([[1, 2, 2, 1], [3, 4, 4, 0]])).values,
    "mode places": lambda t: t.mode(t.tensor([[1, 2, 2, 1], [3, 4, 4, 0]])).indices,
    "nanmedian": lambda t: t.nanmedian(t.tensor([math.nan, 3.0, 1.0, 2.0])),
    "cumulative_trapezoid": lambda t: t.cumulative_trapezoid(t.tensor([1.0, 2, 4]), t.tensor([0.0, 1, 3])),
    "histogram": lambda t: t.histogram(t.tensor([0.1, 0.2, 0.6, 0.9]), 2, range=(0.0, 1.0)).hist,
    "tril_indices": lambda t: t.tril_indices(3, 3, -1),
    "triu_indices": lambda t: t.triu_indices(2, 3, 1),
    "logspace": lambda t: t.logspace(0, 2, 3),
    "block_diag": lambda t: t.block_diag(t.ones(1, 2), t.tensor([3.0]), t.ones(2, 1)),
    "vander": lambda t: t.vander(t.tensor([1, 2, 3]), 3),
    "tensor_split": lambda t: t.tensor_split(t.arange(7), 3)[1],
    "tensor_split at": lambda t: t.arange(7).tensor_split([2, 5])[2],
    "hsplit": lambda t: t.hsplit(t.arange(8).view(2, 4), 2)[1],
    "unfold": lambda t: t.arange(10).unfold(0, 4, 3),
    "unfold rows": lambda t: t.arange(8).view(2, 4).unfold(1, 3, 1),
    "unsqueeze_": lambda t: t.arange(3).unsqueeze_(0),
    "t_": lambda t: t.arange(6).view(2, 3).clone().t_(),
    "Tensor": lambda t: t.Tensor([[1, 2], [3, 4]]),
    "LongTensor": lambda t: t.LongTensor([1, 2]),
    "lstsq": lambda t: t.linalg.lstsq(t.tensor([[1.0, 0], [1, 1], [1, 2]]), t.tensor([[1.0], [2], [4]])).solution,
    "lstsq residuals": lambda t: t.linalg.lstsq(t.tensor([[1.0, 0], [1, 1], [1, 2]]), t.tensor([[1.0], [2], [4]]),
                                                driver="gelsd").residuals,
    "lstsq wide": lambda t: t.linalg.lstsq(t.tensor([[1.0, 2, 2]]), t.tensor([[9.0]])).solution,
    "solve_triangular": lambda t: t.linalg.solve_triangular(t.tensor([[2.0, 9], [1, 4]]), t.ones(2, 1), upper=False),
    "cholesky_solve": lambda t: t.cholesky_solve(t.ones(2, 1), t.tensor([[2.0, 0], [1, 3]])),
    "cholesky_inverse": lambda t: t.cholesky_inverse(t.tensor([[2.0, 0], [1, 3]])),
    "pinv": lambda t: t.linalg.pinv(t.tensor([[1.0, 2], [2, 4], [0, 0]])),
    "matrix_rank": lambda t: t.linalg.matrix_rank(t.tensor([[1.0, 2], [2, 4], [0, 0]])),
    "cond": lambda t: t.linalg.cond(t.tensor([[2.0, 0], [0, 0.5]])),
    "jacobian": lambda t: t.autograd.functional.jacobian(lambda x: x**2 * 3, t.tensor([1.0, 2.0])),
    "hessian": lambda t: t.autograd.functional.hessian(lambda x: (x[0] ** 2 * x[1]).sum(), t.tensor([3.0, 5.0])),
    "hvp": lambda t: t.autograd.functional.hvp(lambda x: (x**3).sum(), t.tensor([1.0, 2.0]), t.tensor([1.0, 1.0]))[1],
    "vjp": lambda t: t.autograd.functional.vjp(lambda x: x.exp(), t.tensor([0.0, 0.0]), t.tensor([2.0, 3.0]))[1],
}  # fmt: skip

PYTORCH = {
    "index_add": [[8.0, 12.0], [0.0, 0.0], [4.0, 6.0]],
    "index_add_": [[1.0, 1.0, 3.0], [1.0, 1.0, 3.0]],
    "index_fill": [[5.0, 0.0, 5.0], [5.0, 0.0, 5.0]],
    "index_copy": [[2.0, 3.0], [0.0, 0.0], [0.0, 1.0]],
    "index_put": [[0.0, 5.0], [0.0, 2.0]],
    "index_put_": [0.0, 2.0, 0.0, 2.0],
    "masked_scatter": [[0.0, 0.0], [1.0, 2.0]],
    "take": [[0, 5], [5, 2]],
    "put": [0.0, 31.0, 2.0, 3.0],
    "scatter_reduce mean": [2.0, 1.0, 3.0],
    "scatter_reduce mean alone": [2.5, 1.0, 5.0],
    "scatter_reduce amax": [[3.0, 4.0], [0.0, -2.0]],
    "scatter_reduce prod": [30, 2],
    "where": [0, 1],
    "cov": [[2.333333, -1.5], [-1.5, 1.0]],
    "cov weighted": [[1.766667, -1.066667], [-1.066667, 0.666667]],
    "cov importance": [[2.409091, -1.454545], [-1.454545, 0.909091]],
    "corrcoef": [[1.0, -0.98198], [-0.98198, 1.0]],
    "cummax": [[0, 1, 2, 2]],
    "cummin": [3, 1, 1, 1],
    "mode": [1, 4],
    "mode places": [3, 2],
    "nanmedian": 2.0,
    "cumulative_trapezoid": [1.5, 7.5],
    "histogram": [2.0, 2.0],
    "tril_indices": [[1, 2, 2], [0, 0, 1]],
    "triu_indices": [[0, 0, 1], [1, 2, 2]],
    "logspace": [1.0, 10.0, 100.0],
    "block_diag": [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]],
    "vander": [[1, 1, 1], [4, 2, 1], [9, 3, 1]],
    "tensor_split": [3, 4],
    "tensor_split at": [5, 6],
    "hsplit": [[2, 3], [6, 7]],
    "unfold": [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]],
    "unfold rows": [[[0, 1, 2], [1, 2, 3]], [[4, 5, 6], [5, 6, 7]]],
    "unsqueeze_": [[0, 1, 2]],
    "t_": [[0, 3], [1, 4], [2, 5]],
    "Tensor": [[1.0, 2.0], [3.0, 4.0]],
    "LongTensor": [1, 2],
    "lstsq": [[0.833333], [1.5]],
    "lstsq residuals": [0.166667],
    "lstsq wide": [[1.0], [2.0], [2.0]],
    "solve_triangular": [[0.5], [0.125]],
    "cholesky_solve": [[0.222222], [0.055556]],
    "cholesky_inverse": [[0.277778, -0.055556], [-0.055556, 0.111111]],
    "pinv": [[0.04, 0.08, 0.0], [0.08, 0.16, 0.0]],
    "matrix_rank": 1,
    "cond": 4.0,
    "jacobian": [[6.0, 0.0], [0.0, 12.0]],
    "hessian": [[10.0, 6.0], [6.0, 0.0]],
    "hvp": [6.0, 12.0],
    "vjp": [2.0, 3.0],
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.mark.parametrize("name", CALLS)
def test_numbers(name):
    np.testing.assert_allclose(CALLS[name](torch).tolist(), PYTORCH[name], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", CALLS)
def test_beside_pytorch(name):
    theirs = pytest.importorskip("torch", reason="PyTorch is not installed")
    found, wanted = CALLS[name](torch), CALLS[name](theirs)
    assert str(found.dtype).split(".")[-1] == str(wanted.dtype).split(".")[-1]
    np.testing.assert_allclose(found.tolist(), wanted.tolist(), rtol=2e-5, atol=2e-6)


def slopes(make):
    """Gradients of a weighted sum, by hand: the weights are 1, 2, 3 and so on."""
    x = torch.tensor([1.0, 4.0, 4.0, 2.0], requires_grad=True)
    y = make(x)
    (y * torch.arange(1.0, y.numel() + 1).reshape(y.shape)).sum().backward()
    return x.grad.tolist()


def test_gradients_at_places():
    places = torch.tensor([0, 1, 1, 0])
    assert slopes(lambda x: torch.zeros(2).index_add(0, places, x)) == [1, 2, 2, 1]
    assert slopes(lambda x: torch.zeros(2).scatter_reduce(0, places, x, "mean", include_self=False)) == [0.5, 1, 1, 0.5]
    assert slopes(lambda x: x.index_fill(0, torch.tensor([1]), 0.0)) == [1, 0, 3, 4]
    assert slopes(lambda x: x.take(torch.tensor([3, 3]))) == [0, 0, 0, 3]
    assert slopes(lambda x: x.unfold(0, 2, 1)) == [1, 5, 9, 6]
    # equal elements share the gradient
    assert slopes(lambda x: torch.zeros(2).scatter_reduce(0, places, x, "amax")) == [0, 1, 1, 1]


def test_windows_are_a_view():
    x = torch.arange(4.0)
    windows = x.unfold(0, 2, 1)
    x[1] = 9.0
    assert windows.tolist() == [[0, 9], [9, 2], [2, 3]] and windows.stride() == (1, 1)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        windows[0, 0] = 1.0
    assert torch.from_numpy(np.arange(4.0)).unfold(0, 2, 2).tolist() == [[0, 1], [2, 3]]


def test_a_tensor_changes_its_own_shape():
    x = torch.arange(3.0)
    y = x.view(3)
    assert y.unsqueeze_(1) is y and list(y.shape) == [3, 1] and list(x.shape) == [3]
    y += 1
    assert x.tolist() == [1, 2, 3]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        torch.ones(1, requires_grad=True).squeeze_()


def test_types_by_name():
    assert torch.Tensor(2, 3).tolist() == [[0.0] * 3] * 2 and torch.Tensor().numel() == 0
    assert list(torch.FloatTensor(torch.Size([2, 0])).shape) == [2, 0]
    assert isinstance(torch.ones(1), torch.FloatTensor) and not isinstance(torch.ones(1), torch.LongTensor)
    x = torch.ones(2)
    torch.Tensor(x).add_(1)
    assert x.tolist() == [2, 2]
    with pytest.raises(TypeError, match=r"expected torch\.LongTensor"):
        torch.LongTensor(torch.ones(2))


def test_variables_are_tensors():
    x = torch.autograd.Variable(torch.ones(1), requires_grad=True)
    assert x.requires_grad and isinstance(x, torch.autograd.Variable)
    assert not torch.autograd.Variable(x * 2).requires_grad


def test_what_is_asked_of_the_machine():
    assert not torch.backends.mps.is_available() and not torch.accelerator.is_available()
    torch.backends.cudnn.deterministic = True
    torch.cuda.manual_seed_all(0)
    torch.use_deterministic_algorithms(True)
    double = torch.compile(lambda x: 2 * x)
    assert double(3) == 6 and torch.compile(mode="default")(double) is double


REFUSED = [
    (lambda: torch.zeros(2).index_add(0, torch.tensor([0]), torch.ones(2)), RuntimeError, "1 places along dimension 0"),
    (lambda: torch.zeros(2).index_add(0, torch.tensor([5]), torch.ones(1)), IndexError, "index 5 is out of bounds"),
    (lambda: torch.zeros(2).index_add(0, torch.tensor([0]), torch.tensor([1])), RuntimeError, "the same scalar type"),
    (lambda: torch.arange(3).unfold(0, 4, 1), RuntimeError, "maximum size for tensor at dimension 0 is 3 but size is"),
    (lambda: torch.zeros(1).scatter_reduce(0, torch.tensor([0]), torch.ones(1), "max"), RuntimeError, "got max"),
    (lambda: torch.cov(torch.ones(1, 1, 1)), RuntimeError, "two or fewer dimensions"),
    (lambda: torch.Tensor("a"), TypeError, "data must be a sequence"),
    (lambda: torch.hsplit(torch.ones(3), 2), RuntimeError, "not divisible by 2"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_refusal(case):
    call, kind, text = REFUSED[case]
    with pytest.raises(kind, match=text):
        call()
