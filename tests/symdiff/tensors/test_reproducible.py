"""Two runs with one seed in one process give the same bits from the first step on.

The first run computes op by op and compiles on the way, the second finds native code: nothing of that may show.
"""

import numpy as np
import pytest

import symdiff as torch
import symdiff.nn as nn
import symdiff.nn.functional as F
from symdiff.tensors import kernels, plans
from symdiff.utils.data import DataLoader, TensorDataset


@pytest.fixture(autouse=True)
def quick_native_code(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.fixture
def forget_plans(monkeypatch):
    """As in a new process."""
    monkeypatch.setattr(plans, "_PLANS", {})
    monkeypatch.setattr(kernels, "_KERNELS", {})


def bits(*tensors):
    return [t.detach().numpy().tobytes() for t in tensors]


def classifier(steps):
    """Batches in a random order, dropout, normalised layers, weight decay, clipped gradients."""
    x, y = torch.randn(22, 5), torch.randint(3, (22,))
    loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)
    model = nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7), nn.GELU(), nn.Dropout(0.2), nn.Linear(7, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, amsgrad=True)
    for _ in range(steps):
        for a, b in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(a), b)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            yield bits(loss, *model.parameters())


def convolutions(steps):
    x, y = torch.randn(6, 1, 7, 7), torch.rand(6, 2)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 2), nn.Softplus())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        yield bits(loss, *[p.grad for p in model.parameters()], *model.parameters())


def attention(steps):
    x = torch.randint(11, (3, 6))
    embedding, qkv, head = nn.Embedding(11, 8), nn.Linear(8, 24), nn.Linear(8, 11)
    parameters = [*embedding.parameters(), *qkv.parameters(), *head.parameters()]
    optimizer = torch.optim.RMSprop(parameters, lr=0.01, centered=True)
    for _ in range(steps):
        q, k, v = qkv(embedding(x)).chunk(3, dim=-1)
        weights = (q @ k.transpose(-2, -1) * 8**-0.5).masked_fill(torch.tril(torch.ones(6, 6)) == 0, float("-inf"))
        scores = head(F.softmax(weights, -1) @ v)
        loss = F.cross_entropy(scores[:, :-1].reshape(-1, 11), x[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield bits(loss, *parameters)


def physics_informed(steps):
    """The loss reads first and second derivatives, and training those of third order."""
    net = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 6), nn.Sigmoid(), nn.Linear(6, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    x = torch.linspace(0, 1, 13).reshape(-1, 1).requires_grad_(True)
    for _ in range(steps):
        u = net(x)
        du = torch.autograd.grad(u, x, torch.ones_like(u), create_graph=True)[0]
        ddu = torch.autograd.grad(du, x, torch.ones_like(du), create_graph=True)[0]
        loss = ((ddu + u**3) ** 2).mean() + (u[0, 0] - 1.0) ** 2 + du[-1, 0] ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield bits(loss, *net.parameters())


PROGRAMS = [classifier, convolutions, attention, physics_informed]


@pytest.mark.parametrize("program", PROGRAMS)
def test_two_runs_with_one_seed_give_the_same_bits(program, forget_plans):
    found = []
    for _ in range(2):
        torch.manual_seed(17)
        found.append(list(program(4)))
    for step, (first, second) in enumerate(zip(*found, strict=True)):
        assert first == second, f"step {step}"


@pytest.mark.parametrize("program", [convolutions, attention, physics_informed])
def test_from_step_2_on_nothing_is_compiled(program, forget_plans):
    """Step 0 runs op by op, step 1 compiles what it meets again."""
    torch.manual_seed(3)
    counts = [dict(plans.COUNTS) for _ in program(6)]
    assert counts[1] == counts[-1] and counts[1]["units"] > 0


def test_the_numbers_of_a_run_mean_something():
    torch.manual_seed(17)
    first, *_, last = (np.frombuffer(step[0], np.float32)[0] for step in classifier(8))
    assert last < 0.95 * first
