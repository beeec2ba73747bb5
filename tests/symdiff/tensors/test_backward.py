"""Backward passes: values and gradients of tensors against differences, and what PyTorch prints."""

import numpy as np
import pytest

import symdiff as torch
import symdiff.nn as nn
from symdiff.tensors import backward
from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.plans import COUNTS


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


X = np.array([[1.1, 2.2, 3.3], [4.4, 5.5, 6.6]])
CASES = {
    "sum": lambda x: (x * x).sum(),
    "mean of rows": lambda x: x.mean(0)[1],
    "softmax": lambda x: (x.softmax(1) ** 2).sum(),
    "log_softmax": lambda x: (x.log_softmax(0) ** 2).sum(),
    "logsumexp": lambda x: x.logsumexp(1).sum(),
    "max along": lambda x: (x.max(1).values ** 2).sum(),
    "var": lambda x: x.var(),
    "std": lambda x: x.std(0).sum(),
    "views": lambda x: (x.view(3, 2).T @ x.t().reshape(3, 2)).sum(),
    "rows and parts": lambda x: (x[0, 1:] * x[1, :2]).sum(),
    "positions": lambda x: (x[:, [0, 0, 2]] ** 2).sum(),
    "mask": lambda x: (x[x > 2.0] ** 2).sum(),
    "cumsum": lambda x: (x.cumsum(1) ** 2).sum(),
    "cat": lambda x: (FUNCTIONS["cat"]([x, x * 2.0], 0) ** 2).sum(),
    "stack": lambda x: (FUNCTIONS["stack"]([x[0], x[1] * 2.0], 1) ** 2).sum(),
    "gather": lambda x: (x.gather(1, torch.tensor([[0, 0], [2, 1]])) ** 2).sum(),
    "norm": lambda x: x.norm() * 1.0,
    "prod": lambda x: x.prod(),
    "clamp": lambda x: (x.clamp(2.0, 5.0) * x).sum(),
    "where": lambda x: torch.where(x > 3.0, x * x, 1.0 / x).sum(),
    "stored into": lambda x: _stored_into(x),
    "view of a view": lambda x: _views_of_views(x),
}


def _stored_into(x):
    y = x.clone()
    y[0] = 7.0
    y[:, 1] += 1.0
    y[1, 2] *= x[0, 0]
    return (y * y).sum()


def _views_of_views(x):
    y = x * 1.0
    y.t()[1:].mul_(2.0)
    y.view(-1)[2:4].add_(y[0, 0].clone())
    return (y * x).sum()


@pytest.mark.parametrize("name", CASES)
def test_gradients_agree_with_differences(name):
    call = CASES[name]
    slopes = np.zeros_like(X)
    for place in np.ndindex(X.shape):
        ends = []
        for sign in (1, -1):
            moved = X.copy()
            moved[place] += sign * 1e-6
            ends.append(call(torch.tensor(moved)).item())
        slopes[place] = (ends[0] - ends[1]) / 2e-6
    for _ in range(2):  # op by op, then as one unit
        x = torch.tensor(X, requires_grad=True)
        call(x).backward()
        np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-7, atol=1e-7)


def test_programs_of_every_tutorial():
    x = torch.tensor(3.0, requires_grad=True)
    (x**2 + 2 * x + 1).backward()
    assert repr(x.grad) == "tensor(8.)"
    a, b = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    c = a * b
    d = c + a
    d.backward()
    assert (repr(a.grad), repr(b.grad)) == ("tensor(4.)", "tensor(2.)")


def test_gradients_add_up_until_they_are_zeroed():
    x = torch.tensor(2.0, requires_grad=True)
    found = []
    for _ in range(3):
        (x * x).backward()
        found.append(x.grad.item())
    kept = x.grad
    x.grad.zero_()
    (x * x).backward()
    assert found == [4.0, 8.0, 12.0]
    assert x.grad is kept and kept.item() == 4.0


def test_derivatives_of_derivatives():
    x = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    y, found = x**5, []
    for _ in range(5):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
        found.append(y.item())
    assert found == pytest.approx([5 * 1.5**4, 20 * 1.5**3, 60 * 1.5**2, 120 * 1.5, 120.0])


def test_a_function_of_the_users_takes_part():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3.0 * x * x

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = Cube.apply(x * 2.0)
    (y * x).sum().backward()
    # x * (2 x)**3 = 8 x**4
    assert x.grad.tolist() == [32.0, 256.0]
    (second,) = torch.autograd.grad(torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)[0].sum(), x)
    assert second.tolist() == [6.0, 12.0]


def test_shared_memory_is_read_to_the_bit():
    array = np.array([0.0, 1.0])
    x = torch.from_numpy(array)
    assert (1.0 / x).tolist() == [np.inf, 1.0]
    array[0] = -0.0
    assert (1.0 / x).tolist() == [-np.inf, 1.0]


class Centred(nn.Module):
    """Takes off a running mean of what it has seen, through which no gradient flows."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 4), nn.Linear(4, 1)
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x):
        h = torch.tanh(self.inner(x))
        self.mean.mul_(0.9).add_(0.1 * h.detach().mean(0))
        return self.outer(h - self.mean)


def test_detached_values_of_earlier_sweeps_are_only_numbers():
    torch.manual_seed(0)
    model = Centred()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses, units = [], []
    for _ in range(6):
        x = torch.randn(5, 3)
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        units.append(COUNTS["units"])
    theirs = [0.0049604508094489574, 0.07672637701034546, 0.030636992305517197]
    np.testing.assert_allclose(losses[:3], theirs, rtol=1e-6)
    assert units[3:] == [units[3]] * 3
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


def _gradient_behind(join):
    a, u = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    join(a, u).sum().backward()
    return u.grad


def _without_recording(a, u):
    with torch.no_grad():
        more = u * 2
    return a + more


@pytest.mark.parametrize(
    "join",
    [
        lambda a, u: a + (u * 2).detach(),
        lambda a, u: a * (u * 2 > 0),
        lambda a, u: a + (u * 2).argmax(),
        lambda a, u: a + (u * 2).long(),
        _without_recording,
    ],
)
def test_what_no_gradient_flows_to_has_none(join):
    # as PyTorch: None, so that no optimiser steps it; zeros would be decayed
    assert _gradient_behind(join) is None


@pytest.mark.parametrize(
    "join", [lambda a, u: a + 0 * u, lambda a, u: a + (u * 2).floor(), lambda a, u: a + (u * 2)[:0].sum()]
)
def test_what_a_gradient_of_zero_flows_to_has_zeros(join):
    assert _gradient_behind(join).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("order", ["detached first", "detached last"])
def test_what_is_read_detached_belongs_to_another_sweep(order):
    """The two steps of adversarial networks: a sweep uses up what its own gradient flows through alone."""
    w, v = (torch.tensor(a, requires_grad=True) for a in (3.0, 5.0))
    made = (w * w).exp2()  # 512, and its slope reads what was made on the way
    losses = [(made.detach() * v * v, v, 512.0 * 10.0), (made * v.detach(), w, 5.0 * 512.0 * 6.0 * np.log(2.0))]
    for value, leaf, slope in losses if order == "detached first" else losses[::-1]:
        value.backward()
        assert leaf.grad.item() == pytest.approx(slope, rel=1e-6)
    with pytest.raises(RuntimeError, match="second time"):
        made.backward()


def test_a_store_into_what_is_read_detached_is_no_error():
    w = torch.tensor([3.0], requires_grad=True)
    x = w * 1.0
    y = x * x
    value = (y.detach() * w).sum()
    with torch.no_grad():
        x.mul_(2.0)
    value.backward()
    assert w.grad.item() == 9.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_gradients_kept_of_two_values_of_one_trunk():
    """The second of two stops does not sweep again what the first has used up."""
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    trunk = w * w
    double, square = trunk * 2, trunk * trunk
    double.retain_grad()
    square.retain_grad()
    (double * square).sum().backward()
    # 2 w^6: the derivative is 12 w^5
    np.testing.assert_allclose(w.grad.numpy(), 12 * np.array([0.5, -1.0]) ** 5, rtol=1e-6)
    np.testing.assert_allclose(double.grad.numpy(), np.array([0.5, -1.0]) ** 4, rtol=1e-6)
    np.testing.assert_allclose(square.grad.numpy(), 2 * np.array([0.5, -1.0]) ** 2, rtol=1e-6)


class Doubled(torch.autograd.Function):
    """Twice its argument, whose gradient is said to be five times what comes."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 5 * g


@pytest.mark.parametrize("again", [False, True])
def test_two_calls_with_a_rule_of_the_users_on_one_trunk(again):
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    trunk = w * w
    trunk.retain_grad()
    one, two = Doubled.apply(trunk), Doubled.apply(trunk + 1)
    loss = (one * 3).sum() + (two**2).sum() + trunk.sum()
    for count in range(1, 3 if again else 2):
        loss.backward(retain_graph=again)
        # 15 + 10 * 2 (w^2 + 1) * 2 + 1 flows to the trunk
        flows = 15 + 5 * (2 * 2 * (np.array([0.25, 1.0]) + 1)) + 1
        np.testing.assert_allclose(trunk.grad.numpy(), count * flows, rtol=1e-6)
        np.testing.assert_allclose(w.grad.numpy(), count * flows * 2 * np.array([0.5, -1.0]), rtol=1e-6)


def test_a_hook_behind_a_call_with_a_rule_of_the_users_is_called():
    w = torch.tensor([2.0], requires_grad=True)
    inner = w * 3
    seen = []
    inner.register_hook(lambda g: seen.append(g.tolist()))
    Doubled.apply(inner).sum().backward()
    assert seen == [[5.0]]
    assert w.grad.tolist() == [15.0]


def test_kept_gradients_along_a_chain_sweep_each_turn_once(monkeypatch):
    """An output at each turn of a recurrence, each with a gradient that is kept."""
    swept = []
    sweep = backward._sweep
    monkeypatch.setattr(backward, "_sweep", lambda piece, *rest: swept.append(len(piece.nodes)) or sweep(piece, *rest))
    w, state, outputs = torch.tensor(0.5, requires_grad=True), torch.tensor(1.0), []
    for _ in range(12):
        state = state * w
        outputs.append(state * 2)
        outputs[-1].retain_grad()
    sum(outputs).backward()
    assert sum(swept) <= 48, swept
    assert [y.grad.item() for y in outputs] == [1.0] * 12
    assert w.grad.item() == pytest.approx(sum(2 * k * 0.5 ** (k - 1) for k in range(1, 13)), rel=1e-6)
