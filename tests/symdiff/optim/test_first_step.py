"""What the first step of a training loop computes is compiled in it: the second and later ones compile nothing."""

import pytest

import symdiff as torch
import symdiff.nn as nn
import symdiff.nn.functional as F
from symdiff import optim
from symdiff.tensors import kernels, plans
from symdiff.utils.data import DataLoader, TensorDataset

OPTIMISERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.01),
    "SGD with momentum": lambda p: optim.SGD(p, lr=0.01, momentum=0.9, dampening=0.1),
    "nesterov": lambda p: optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.1),
    "Adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.01, lr_decay=0.1),
}


@pytest.fixture(autouse=True)
def as_in_a_new_process(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    monkeypatch.setattr(plans, "_PLANS", {})
    monkeypatch.setattr(kernels, "_KERNELS", {})
    torch.manual_seed(0)


def check(step, count=4):
    """Nothing is compiled after the first of several steps, and something in it."""
    counts = [dict(plans.COUNTS)]
    for _ in range(count):
        step()
        counts.append(dict(plans.COUNTS))
    assert counts[0] != counts[1]
    assert counts[1:] == counts[1:2] * count


def trained(model, x, y, loss, optimizer):
    def step():
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        value.item()

    return step


@pytest.mark.parametrize("name", OPTIMISERS)
def test_regression(name):
    model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))
    check(trained(model, torch.randn(6, 2), torch.randn(6, 1), nn.MSELoss(), OPTIMISERS[name](model.parameters())))


def test_convolutions():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(8, 3),
    )  # fmt: skip
    optimizer = optim.Adam(model.parameters())
    check(trained(model, torch.randn(4, 1, 6, 6), torch.randint(3, (4,)), nn.CrossEntropyLoss(), optimizer))


def test_epochs_of_batches_with_a_schedule_and_clipping():
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedule = optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    loader = DataLoader(TensorDataset(torch.randn(8, 2), torch.randint(3, (8,))), batch_size=4, shuffle=True)

    def epoch():
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            total += loss.item()  # before the sweep: forward by itself
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        schedule.step()

    check(epoch)


def test_two_optimisers_in_turn():
    one, other = nn.Linear(2, 2), nn.Linear(2, 1)
    of_one, of_other = optim.Adam(one.parameters()), optim.Adam(other.parameters())
    real = torch.randn(4, 2)

    def step():
        of_other.zero_grad()
        made = one(torch.randn(4, 2))
        (F.softplus(-other(real)).mean() + F.softplus(other(made.detach())).mean()).backward()
        of_other.step()
        of_one.zero_grad()
        F.softplus(-other(made)).mean().backward()
        of_one.step()

    check(step)


def test_second_derivatives():
    net = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    x = torch.linspace(0, 1, 5).reshape(-1, 1).requires_grad_()

    def step():
        optimizer.zero_grad()
        u = net(x)
        (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        (curve,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
        ((curve + u) ** 2).mean().backward()
        optimizer.step()

    check(step)


def test_an_optimiser_of_the_users():
    class Descent(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": 0.1})

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data = p.data - group["lr"] * p.grad

    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = Descent([w])

    def step():
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
        w.tolist()

    step()
    before = plans.COUNTS["units"]
    step()
    assert plans.COUNTS["units"] <= before + 1  # the user's own update is seen for the second time


def test_what_no_step_follows_is_not_compiled():
    before = plans.COUNTS["units"]
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x**3).sum().backward()
    assert x.grad.tolist() == [3.0, 12.0]
    assert plans.COUNTS["units"] == before


def test_generating_between_steps_compiles_nothing_for_it():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)
    with torch.no_grad():
        for size in range(1, 6):
            (torch.ones(size, 2) * w).sum().item()
    before = plans.COUNTS["units"]
    (w * w).sum().backward()
    optimizer.step()
    assert plans.COUNTS["units"] == before + 2
