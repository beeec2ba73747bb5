"""A network trained in batches, with PyTorch beside it: the data's order, the optimiser and the schedule together."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symdiff
import symdiff.nn
import symdiff.optim
import symdiff.utils.data

Make = Callable[[Any, Any], Any]

COURSES: list[tuple[Make, Make]] = [
    (lambda optim, p: optim.SGD(p, lr=0.1, momentum=0.9), lambda optim, o: optim.lr_scheduler.StepLR(o, 3)),
    (lambda optim, p: optim.AdamW(p, lr=0.01), lambda optim, o: optim.lr_scheduler.CosineAnnealingLR(o, 12)),
]


def trained(lib: Any, optimizer: Make, schedule: Make) -> tuple[list[float], list[Any]]:
    lib.manual_seed(0)
    model = lib.nn.Sequential(lib.nn.Linear(3, 8), lib.nn.Tanh(), lib.nn.Linear(8, 1))
    rng = np.random.default_rng(0)
    x, y = (lib.tensor(rng.normal(size=(40, n)).astype(np.float32)) for n in (3, 1))
    o = optimizer(lib.optim, model.parameters())
    s = schedule(lib.optim, o)
    data, criterion, losses = lib.utils.data, lib.nn.MSELoss(), []
    for _ in range(12):
        for a, b in data.DataLoader(data.TensorDataset(x, y), batch_size=16, shuffle=True):
            o.zero_grad()
            loss = criterion(model(a), b)
            loss.backward()
            o.step()
            losses.append(loss.item())
        s.step()
    return losses, [p.detach().numpy() for p in model.parameters()]


@pytest.mark.parametrize(("optimizer", "schedule"), COURSES)
def test_losses_and_weights_are_those_of_pytorch(
    optimizer: Make, schedule: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    expected_losses, expected = trained(torch, optimizer, schedule)
    losses, weights = trained(symdiff, optimizer, schedule)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    for a, b in zip(weights, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
