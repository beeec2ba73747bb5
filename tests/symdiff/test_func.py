"""Modules with other parameters, and gradients of functions."""

import pytest

import symdiff as torch
from symdiff import nn
from symdiff.func import functional_call, grad, grad_and_value


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def line(weight, bias):
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(weight)
        model.bias.fill_(bias)
    return model


def test_an_inner_step_that_is_differentiated():
    """With f = (wx)^2 and w' = w - 2a wx^2, the derivative of f at w' by w is 2w'x^2 (1 - 2ax^2)."""
    model = line(3.0, 0.0)
    x = torch.tensor([[2.0]])
    params = dict(model.named_parameters())
    loss = functional_call(model, params, (x,)).pow(2).sum()
    slopes = torch.autograd.grad(loss, list(params.values()), create_graph=True)
    params = {name: p - 0.01 * g for (name, p), g in zip(params.items(), slopes, strict=True)}
    assert params["weight"].item() == pytest.approx(3.0 - 0.01 * 2 * 3 * 4, rel=1e-6)
    functional_call(model, {"weight": params["weight"]}, x).pow(2).sum().backward()
    inner = 2.76
    assert model.weight.grad.item() == pytest.approx(2 * inner * 4 * (1 - 0.02 * 4), rel=1e-5)
    assert model.weight.item() == 3.0
    assert isinstance(model.weight, nn.Parameter)


def test_parameters_come_back_after_an_error():
    model = nn.Sequential(line(2.0, 0.0), nn.ReLU())
    before = dict(model.named_parameters())
    with pytest.raises(RuntimeError):
        functional_call(model, {"0.weight": torch.ones(1, 1)}, torch.ones(3, 5))
    assert all(model.get_parameter(name) is p for name, p in before.items())
    for wrong in ("2.weight", "0.wait"):
        with pytest.raises(AttributeError, match="has no"):
            functional_call(model, {wrong: torch.ones(1, 1)}, torch.ones(1, 1))
    with pytest.raises(ValueError, match="multiple dictionaries"):
        functional_call(model, ({"0.weight": 1}, {"0.weight": 1}), torch.ones(1, 1))
    with pytest.raises(RuntimeError, match="Missing key"):
        functional_call(model, {"0.weight": torch.ones(1, 1)}, torch.ones(1, 1), strict=True)


def test_a_parameter_with_two_names_is_replaced_in_both_places():
    model = nn.Sequential(line(2.0, 0.0), line(2.0, 0.0))
    model[1].weight = model[0].weight
    x, other = torch.ones(1, 1), torch.full((1, 1), 5.0)
    assert functional_call(model, {"0.weight": other}, x).item() == 25.0
    assert functional_call(model, {"0.weight": other}, x, tie_weights=False).item() == 10.0
    assert model(x).item() == 4.0


def test_buffers_are_replaced_too():
    model = nn.BatchNorm1d(1)
    model.eval()
    buffers = {"running_mean": torch.tensor([1.0]), "running_var": torch.tensor([4.0])}
    found = functional_call(model, buffers, torch.tensor([[5.0]]))
    assert found.item() == pytest.approx(2.0, rel=1e-5)
    assert model.running_mean.tolist() == [0.0]


def test_gradients_of_functions():
    x = torch.tensor(3.0)
    assert grad(lambda t: t**3)(x).item() == 27.0
    assert not grad(lambda t: t**3)(x).requires_grad
    assert grad(grad(lambda t: t**3))(x).item() == 18.0
    assert grad(grad(grad(lambda t: t**3)))(x).item() == 6.0
    a, b = grad(lambda a, b: a * a * b, argnums=(0, 1))(x, torch.tensor(2.0))
    assert (a.item(), b.item()) == (12.0, 9.0)
    found, (value, aux) = grad_and_value(lambda p: (p["a"] * p["b"][0], "aux"), has_aux=True)({"a": x, "b": (x + 1,)})
    assert (found["a"].item(), found["b"][0].item(), value.item(), aux) == (4.0, 3.0, 12.0, "aux")
    # the derivative at 1 of x times the derivative of y -> x + y, which is one
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(torch.tensor(1.0)).item() == 1.0
    with pytest.raises(RuntimeError, match="scalar"):
        grad(lambda t: t * torch.ones(2))(x)


def test_a_gradient_that_depends_on_another_tensor_can_be_differentiated_by_it():
    w = torch.tensor(2.0, requires_grad=True)
    grad(lambda t: w * t**2)(torch.tensor(3.0)).backward()
    assert w.grad.item() == 6.0
