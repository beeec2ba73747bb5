"""Functions that order, count or bound by elements, in functions that are compiled: as PyTorch has them."""

import warnings

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn.functional

LINE = np.array([3.0, 1.0, 2.0, 1.0, np.nan, 5.0])
TABLE = np.array([[0.3, -1.0, 2.0], [0.5, 0.1, 9.0]])
CASES = [
    (lambda T, x: (T.sort(x).values[:4] * T.tensor([1.0, 2, 3, 4])).sum(), LINE, [4, 1, 3, 2, 0, 0]),
    (lambda T, x: (x.sort(descending=True)[0][1:4] * T.tensor([1.0, 2, 3])).sum(), LINE, [2, 0, 3, 0, 0, 1]),
    (lambda T, x: (x[T.argsort(x, descending=True)][2:] * T.tensor([1.0, 2, 3, 7])).sum(), LINE, [1, 3, 2, 7, 0, 0]),
    (lambda T, x: (T.sort(x, dim=0)[0] * T.tensor([[1.0, 2, 3], [5, 6, 7]])).sum(), TABLE, [[1, 2, 3], [5, 6, 7]]),
    (lambda T, x: (x.topk(2, dim=1).values * T.tensor([[1.0, 2], [5, 6]])).sum(), TABLE, [[2, 0, 1], [6, 0, 5]]),
    (lambda T, x: (x.topk(3, 1, False)[0] * T.tensor([1.0, 2, 3])).sum(), TABLE, [[2, 1, 3], [2, 1, 3]]),
    (lambda T, x: x.topk(3).values[1:].sum(), LINE, [1, 0, 0, 0, 0, 1]),
    (lambda T, x: x.kthvalue(2).values * 2, LINE, [0, 0, 0, 2, 0, 0]),
    (lambda T, x: x.median(dim=1).values.sum() * 2, TABLE, [[2, 0, 0], [2, 0, 0]]),
    (lambda T, x: x[:4].median() * 2, LINE, [0, 1, 0, 1, 0, 0]),
    (lambda T, x: x.quantile(0.25, dim=1).sum(), TABLE, [[0.5, 0.5, 0], [0.5, 0.5, 0]]),
    (lambda T, x: (x * T.nn.functional.one_hot(x.argmax(1), 3)).sum(), TABLE, [[0, 0, 1], [0, 0, 1]]),
    (lambda T, x: x.clamp(min=x.min().item(), max=0.5).sum(), TABLE, [[1, 1, 0], [1, 1, 0]]),
    (lambda T, x: (x.clamp(x[:, :1], T.tensor(1.9)) ** 2).sum(), TABLE, [[1.2, 0, 0], [2, 0, 0]]),
    (lambda T, x: (x * T.tensor([[x[0, 0], 2, 1.5], [1, 2, 3]])).sum(), TABLE, [[0.3, 2, 1.5], [1, 2, 3]]),
    (lambda T, x: (x * T.tensor(x.max().item(), dtype=T.float64)).sum(), TABLE, [[9, 9, 9], [9, 9, 9]]),
]


def eager(T, function, array):
    x = T.tensor(array, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = function(T, x)
        value.backward()
    return value.item(), x.grad.numpy()


@pytest.mark.parametrize(("function", "array", "gradient"), CASES)
def test_compiled_as_eager(monkeypatch, function, array, gradient):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    want = eager(sd, function, array)
    np.testing.assert_allclose(want[1], gradient, rtol=1e-6)  # of PyTorch 2.13
    got = sd.differentiable(lambda x: function(sd, x)).value_and_grad(sd.tensor(array))
    np.testing.assert_allclose(got[0].item(), want[0], rtol=1e-15)
    np.testing.assert_array_equal(got[1].numpy(), want[1])


@pytest.mark.parametrize(("function", "array", "gradient"), CASES)
def test_with_pytorch_beside(function, array, gradient):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    want, got = eager(torch, function, array), eager(sd, function, array)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-12)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-12)


def test_bounds_that_are_tensors_share_as_in_pytorch():
    low, high = ([2.0, 2.0, 2.0, 2.0], [2.5, 2.5, 2.5, 2.0])
    found = []
    for bounds in ({"min": low, "max": high}, {"min": low}, {"max": high}, {"min": high, "max": low}):
        x = sd.tensor([1.0, 2.0, 3.0, 2.0], requires_grad=True)
        given = {name: sd.tensor(bound, requires_grad=True) for name, bound in bounds.items()}
        x.clamp(**given).sum().backward()
        found.append([x.grad.tolist(), *[bound.grad.tolist() for bound in given.values()]])
    assert found == [
        [[0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]],
        [[0, 1, 1, 1], [1, 0, 0, 0]],
        [[1, 1, 0, 1], [0, 0, 1, 0]],
        [[0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 0]],
    ]


def test_numbers_of_a_run_in_a_tensor_keep_their_derivatives():
    @sd.differentiable
    def f(a, b):
        return (sd.tensor([[a, b * b], [1.0, a * b]], dtype=sd.float64) ** 2).sum()

    np.testing.assert_allclose(f.grad(2.0, 3.0, wrt=("a", "b")), (2 * 2 + 2 * 6 * 3, 4 * 27 + 2 * 6 * 2))

    @sd.differentiable
    def rounded(a):
        return sd.tensor([a, 0.1])

    assert rounded(0.1).dtype is sd.float32


@pytest.mark.parametrize(
    ("make", "dtype"),  # of PyTorch 2.13
    [
        (lambda f, d, i: [d, 2, 1.5], "float64"),
        (lambda f, d, i: [2, d], "float64"),
        (lambda f, d, i: [f, d], "float64"),
        (lambda f, d, i: [[f, 2.5], [1, 2]], "float32"),
        (lambda f, d, i: [i, i], "int32"),
        (lambda f, d, i: [i, 2.5], "float32"),
        (lambda f, d, i: [i, 2], "int64"),
        (lambda f, d, i: [True, 2], "int64"),
        (lambda f, d, i: [2.0, np.float64(1)], "float64"),
    ],
)
def test_dtypes_of_lists_with_tensors_in_them(make, dtype):
    scalars = [sd.tensor(3, dtype=kind) for kind in (sd.float32, sd.float64, sd.int32)]
    made = sd.tensor(make(*scalars))
    assert made.dtype is getattr(sd, dtype)
    compiled = sd.differentiable(lambda f, d, i: sd.tensor(make(f, d, i)))(*scalars)
    # a scalar of 32 bits is passed as one of 64
    assert compiled.dtype is (sd.int64 if dtype == "int32" else made.dtype)
    assert compiled.tolist() == made.tolist()


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x: x.topk(1).values.sum(), RuntimeError, "topk of equal elements"),
        (lambda x: (x * sd.nn.functional.one_hot(x.long(), 2)).sum(), RuntimeError, "smaller than num_classes"),
        (lambda x: (x * sd.nn.functional.one_hot(x.long() - 3, 2)).sum(), RuntimeError, "must be non-negative"),
        (lambda x: sd.nn.functional.one_hot(x.long()).sum(), sd.SymdiffError, "only a run will tell"),
        (lambda x: x[x > 0].sum(), sd.SymdiffError, "only a run will tell"),
        (lambda x: (x * float("nan")).quantile(0.5), NotImplementedError, "quantile of numbers with NaN"),
    ],
)
def test_refusals(monkeypatch, function, error, message):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    with pytest.raises(error, match=message):
        sd.differentiable(function).value_and_grad(sd.tensor([2.0, 2.0]))
