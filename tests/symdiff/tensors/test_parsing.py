"""Functions of tensors inside functions that are compiled."""

import math

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn.functional as F

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def _repeatable(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    sd.manual_seed(0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * float(x.mean()) if int(x.abs().sum()) > 3 else x,
        lambda x: x * math.exp(x[0, 0].item()) + math.sqrt(2.0),
        lambda x: float(x.abs().mean()) ** x + x / x.max().item(),
        lambda x: sum(float(row.sum()) for row in x) * x,
    ],
)
def test_numbers_out_of_tensors(function):
    x = sd.tensor(X)
    found, want = sd.differentiable(function)(x), function(x)
    assert found.dtype is want.dtype
    np.testing.assert_allclose(found.numpy(), want.numpy(), rtol=1e-6)


def test_a_power_whose_exponent_only_a_run_tells_is_refused():
    with pytest.raises(sd.UnsupportedSyntaxError, match="must be known"):
        sd.differentiable(lambda x: x.abs() ** x.mean().item())(sd.tensor(X))


def store_into_row_of_row(x):
    y = x.clone()
    y[0][1:].zero_()
    return y * 1


def store_into_array(x):
    y = x * 2
    elements = y.detach()[0].numpy()
    elements[0] = 5.0
    return y


def read_row_after_store(x):
    y = x.clone()
    row = y.view(-1)[2:]
    y += 1
    return row


@pytest.mark.parametrize("function", [store_into_row_of_row, store_into_array, read_row_after_store])
def test_shared_memory_is_never_read_as_it_was(function):
    with pytest.raises(sd.UnsupportedSyntaxError, match=r"test_parsing.py:\d+.*may share memory"):
        sd.differentiable(function)(sd.tensor(X))


def test_a_single_class_is_checked():
    x = sd.tensor([1.0, 2.0, 3.0])
    expected = np.log(np.exp([1.0, 2.0, 3.0]).sum()) - 3.0
    assert F.cross_entropy(x, sd.tensor(2)).item() == pytest.approx(expected, rel=1e-6)
    with pytest.raises(IndexError, match="Target 3 is out of bounds"):
        F.cross_entropy(x, sd.tensor(3))
