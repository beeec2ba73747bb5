"""Differentiable functions called on tensors: part of the tensors' graph."""

import numpy as np
import pytest

import symdiff as torch
import symdiff.nn.functional as F
from symdiff.tensors import plans


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@torch.differentiable
def total(w, x, k):
    s = 0.0
    for i in range(3):
        s = s + np.sum(np.tanh(x @ w) * (i + 1.0)) * k
    return s


@torch.differentiable
def both(p):
    return {"a": np.exp(p["x"]), "b": p["y"] ** 2}


@torch.differentiable
def shown(x):
    print(x)
    return x * 2.0


X = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
W = np.array([1.0, -2.0])


def test_gradients_flow_through_the_call():
    slopes = [(total(W + d, X, 0.5) - total(W - d, X, 0.5)) / 2e-6 for d in 1e-6 * np.eye(2)]
    for _ in range(2):
        w = torch.tensor(W, requires_grad=True)
        y = total(w * 1.0, torch.tensor(X), 0.5)
        (y * 2.0).backward()
        assert y.item() == pytest.approx(total(W, X, 0.5), rel=1e-14)
        np.testing.assert_allclose(w.grad.numpy(), 2.0 * np.array(slopes), rtol=1e-8)


def test_a_number_is_an_input_at_run_time():
    w, x = torch.tensor(W), torch.tensor(X)
    found = [total(w, x, k).item() for k in (0.5, 1.0, 1.5)]
    before = plans.COUNTS["units"]
    found.append(total(w, x, 2.0).item())
    assert plans.COUNTS["units"] == before
    assert found == pytest.approx([k * found[1] for k in (0.5, 1.0, 1.5, 2.0)], rel=1e-14)


def test_structures_and_scalars():
    y = torch.tensor(3.0, requires_grad=True)
    found = both({"x": torch.tensor([0.0, 1.0]), "y": y})
    assert found["b"].item() == 9.0
    np.testing.assert_allclose(found["a"].detach().numpy(), np.exp(np.float32([0.0, 1.0])), rtol=1e-6)
    found["b"].backward()
    assert y.grad.item() == 6.0


def test_the_derivative_can_be_differentiated():
    x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    value = both({"x": x, "y": 1.0})["a"].sum()
    for _ in range(3):
        (value,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    np.testing.assert_allclose(value.detach().numpy(), np.exp([0.5, 1.0]), rtol=1e-14)


@torch.differentiable
def checked(x):
    if x.sum() > 10:
        raise ValueError(f"{x.sum().item():.1f} is too much")
    assert x.shape[0] == 2
    return x**2


@torch.differentiable
def stored(x):
    x[0] = 1.0
    return x.sum()


def test_effects_happen_once_and_at_once(capsys):
    x = torch.tensor([3.0], requires_grad=True)
    y = shown(x)
    assert capsys.readouterr().out == "tensor([3.])\n"
    y.sum().backward()
    y.sum().item()
    assert capsys.readouterr().out == "" and x.grad.tolist() == [2.0]


def test_exceptions_are_raised_by_the_call():
    x = torch.tensor([3.0, 4.0], requires_grad=True)
    checked(x).sum().backward()
    assert x.grad.tolist() == [6.0, 8.0]
    with pytest.raises(ValueError, match=r"12\.0 is too much"):
        checked(x + 2.5)


def test_classes_are_checked_by_the_call():
    logits, classes = torch.tensor(X, requires_grad=True), torch.tensor([0, 1, 1])

    @torch.differentiable
    def loss(logits, classes):
        return F.cross_entropy(logits, classes)

    loss(logits, classes).backward()
    weights = np.exp(X) / np.exp(X).sum(1, keepdims=True)
    np.testing.assert_allclose(logits.grad.numpy(), (weights - np.eye(2)[[0, 1, 1]]) / 3, rtol=1e-14)
    with pytest.raises(IndexError, match="Target 2 is out of bounds"):
        loss(logits, classes + 1)


def test_stores_into_arguments_are_refused():
    with pytest.raises(torch.UnsupportedSyntaxError, match="cannot be part of a graph of tensors"):
        stored(torch.tensor([1.0, 2.0]))
