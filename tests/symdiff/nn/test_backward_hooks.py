"""Hooks that see the gradients of a module's call; and what a copy of a parameter has."""

import copy

import pytest

import symdiff as torch
from symdiff import nn


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(3.0))

    def forward(self, x, power=1):
        return self.factor * x**power


def as_lists(gradients):
    return [None if g is None else g.tolist() for g in gradients]


def test_gradients_of_arguments_and_result_are_seen():
    model, seen = Scaled(), []
    handle = model.register_full_backward_hook(lambda m, i, o: seen.append((m, as_lists(i), as_lists(o))))
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (model(x, 2) * torch.tensor([1.0, 10.0])).sum().backward()
    assert seen == [(model, [[6.0, 120.0], None], [[1.0, 10.0]])]
    assert x.grad.tolist() == [6.0, 120.0]
    assert model.factor.grad.item() == 41.0
    handle.remove()
    model(x).sum().backward()
    assert len(seen) == 1


def test_without_gradients_of_arguments_they_are_none():
    model, seen = Scaled(), []
    model.register_full_backward_hook(lambda m, i, o: seen.append((as_lists(i), as_lists(o))))
    model(torch.ones(2)).sum().backward()
    assert seen == [([None], [[1.0, 1.0]])]
    with torch.no_grad():
        model(torch.ones(2))
    assert len(seen) == 1


def test_a_hook_replaces_the_gradient_of_an_argument():
    model = nn.Sequential(Scaled(), Scaled())
    model[1].register_full_backward_hook(lambda m, i, o: (i[0] * 100,))
    x = torch.ones(2, requires_grad=True)
    model(x).sum().backward()
    assert x.grad.tolist() == [900.0, 900.0]
    assert model[0].factor.grad.item() == 600.0
    model[1].register_full_backward_hook(lambda m, i, o: (i[0], i[0]))
    with pytest.raises(RuntimeError, match="invalid number of grad_input"):
        model(x).sum().backward()


def test_a_copy_of_a_parameter_has_no_gradient():
    model = nn.Linear(1, 1)
    model(torch.ones(1, 1)).sum().backward()
    assert all(p.grad is None for p in copy.deepcopy(model).parameters())
    plain = torch.ones(2, requires_grad=True)
    plain.sum().backward()
    assert copy.deepcopy(plain).grad.tolist() == [1.0, 1.0]


def test_hard_draws_of_classes_have_the_gradient_of_the_soft_ones():
    logits = torch.zeros(6, 3, requires_grad=True)
    slopes = []
    for hard in (False, True):
        torch.manual_seed(0)
        found = nn.functional.gumbel_softmax(logits, tau=0.5, hard=hard)
        slopes.append(torch.autograd.grad(found[:, 0].sum(), logits)[0].tolist())
    assert found.detach().round().unique().tolist() == [0.0, 1.0]
    assert slopes[0] == slopes[1]
    assert any(row[0] > 0 for row in slopes[0])
