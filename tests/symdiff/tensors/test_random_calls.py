"""Random functions and methods of tensors against PyTorch's: the same numbers, to the bit."""

import numpy as np
import pytest

import symdiff

CALLS = {
    "rand": lambda t: t.rand(3, 4),
    "rand of a list": lambda t: t.rand([2, 3]),
    "rand of no size": lambda t: t.rand(()),
    "rand, empty": lambda t: t.rand(0, 3),
    "randn": lambda t: t.randn((3, 7)),
    "randn float64": lambda t: t.randn(2, 2, dtype=t.float64),
    "randint": lambda t: t.randint(10, (3,)),
    "randint int32": lambda t: t.randint(2, 10, (3,), dtype=t.int32),
    "randint by keywords": lambda t: t.randint(low=2, high=10, size=(4,)),
    "randint, size by keyword": lambda t: t.randint(5, size=(4,)),
    "randint, high by keyword": lambda t: t.randint(1, high=5, size=(4,)),
    "randperm": lambda t: t.randperm(10),
    "multinomial": lambda t: t.multinomial(t.tensor([0.1, 0.2, 0.7]), 5, replacement=True),
    "multinomial, method": lambda t: t.tensor([0.1, 0.2, 0.7]).multinomial(2),
    "bernoulli": lambda t: t.bernoulli(t.full((5,), 0.4)),
    "bernoulli, method": lambda t: t.ones(3).bernoulli(0.5),
    "normal of numbers": lambda t: t.normal(1.0, 2.0, (3,)),
    "normal of tensors": lambda t: t.normal(t.zeros(3), t.ones(3)),
    "normal of means": lambda t: t.normal(t.zeros(3)),
    "normal of deviations": lambda t: t.normal(0.0, t.ones(4)),
    "rand_like": lambda t: t.rand_like(t.zeros(2, 3)),
    "rand_like, turned": lambda t: t.rand_like(t.zeros(4, 5).t()),
    "randn_like, turned": lambda t: t.randn_like(t.zeros(4, 5).t()),
    "randint_like": lambda t: t.randint_like(t.zeros(3), 10),
    "randint_like, two bounds": lambda t: t.randint_like(t.zeros(3), 2, 10),
    "uniform_": lambda t: t.zeros(4, 5).uniform_(-1, 1),
    "uniform_, turned": lambda t: t.zeros(4, 5).t().uniform_(),
    "uniform_ of no axes": lambda t: t.zeros(()).uniform_(),
    "normal_": lambda t: t.zeros(4, 5).normal_(),
    "normal_, turned": lambda t: t.zeros(4, 5).t().normal_(),
    "random_": lambda t: t.zeros(3, dtype=t.int64).random_(),
    "random_ below": lambda t: t.zeros(3).random_(10),
    "random_ between": lambda t: t.zeros(3).random_(2, 5),
    "bernoulli_": lambda t: t.zeros(3).bernoulli_(0.3),
    "bernoulli_ of each": lambda t: t.zeros(3).bernoulli_(t.tensor([0.3, 0.4, 0.5])),
    "exponential_": lambda t: t.zeros(3).exponential_(2.0),
    "a generator": lambda t: t.rand(2, 3, generator=t.Generator().manual_seed(4)),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_numbers_are_pytorch_s(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(3)
    symdiff.manual_seed(3)
    expected, found = CALLS[name](torch), CALLS[name](symdiff)
    assert str(found.dtype) == str(expected.dtype)
    assert tuple(found.shape) == tuple(expected.shape)
    assert found.numpy().tobytes() == expected.numpy().tobytes()


def test_the_first_numbers_of_seed_0():
    # facts taken from PyTorch
    symdiff.manual_seed(0)
    assert symdiff.rand(3).tolist() == [0.49625658988952637, 0.7682217955589294, 0.08847743272781372]
    symdiff.manual_seed(0)
    assert symdiff.randn(2).tolist() == [1.5409960746765137, -0.293428897857666]


def test_a_draw_into_a_leaf_that_requires_gradients_is_refused():
    x = symdiff.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.normal_()
    with symdiff.no_grad():
        x.uniform_(2, 3)
    assert x.requires_grad and x.is_leaf and x._version == 1
    assert all(2 <= v < 3 for v in x.tolist())


def test_unknown_keywords_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword"):
        symdiff.zeros(3).uniform_(low=1)
    with pytest.raises(TypeError):
        symdiff.rand(3, layout="strided")
    with pytest.raises(TypeError, match="not 'hihg'"):
        symdiff.randint(3, (2,), hihg=4)


def test_saved_tensors_come_back(tmp_path):
    shared = symdiff.randn(2)
    symdiff.save({"a": shared, "b": shared.detach(), "n": 3, "k": [symdiff.tensor(2)]}, tmp_path / "x.safetensors")
    found = symdiff.load(tmp_path / "x.safetensors")
    assert found["a"].tolist() == shared.tolist()
    assert found["n"] == 3
    assert found["k"][0].item() == 2
    found["a"].fill_(1)
    assert found["b"].tolist() == [1, 1]
    assert isinstance(found["a"].numpy(), np.ndarray)
