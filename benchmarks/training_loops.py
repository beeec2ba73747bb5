"""One step of an eager training loop, forward, backward and update, in PyTorch's way: beside PyTorch on one thread."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Question, main

GOALS = {
    "tutorial regression": "at most 1/5 of PyTorch's time",
    "MLP 2-16-1, batch 32": "at most 1/4 of PyTorch's time",
    "MLP 784-128-10, batch 64": "at most PyTorch's time",
}
MODELS = tuple(GOALS)
LINEAR = "linear regression 32 x 10"
"""For native loops alone."""


def arrays(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets."""
    rng = np.random.default_rng(0)
    if name == MODELS[0]:
        return np.float32([[1.0], [2.0], [3.0]]), np.float32([[2.0], [4.0], [6.0]])
    if name == MODELS[1]:
        x = rng.normal(size=(32, 2)).astype(np.float32)
        return x, np.sin(x.sum(1, keepdims=True))
    if name == LINEAR:
        x = rng.normal(size=(32, 10)).astype(np.float32)
        return x, (x @ rng.normal(size=(10, 1)) + rng.normal(size=(32, 1))).astype(np.float32)
    return rng.random((64, 784), np.float32), rng.integers(0, 10, 64)


def model_of(torch: Any, name: str) -> Any:
    """A model of a library, from the same numbers."""
    torch.manual_seed(0)
    nn = torch.nn
    if name == MODELS[0]:
        return nn.Linear(1, 1)
    if name == LINEAR:
        return nn.Linear(10, 1)
    if name == MODELS[1]:
        return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def parts(library: str, name: str) -> tuple[Any, Any, Any, Any]:
    """The library on one thread, a model, its loss and an optimiser."""
    torch: Any = importlib.import_module(library)
    if library == "torch":
        torch.set_num_threads(1)
    model = model_of(torch, name)
    criterion = torch.nn.CrossEntropyLoss() if name == MODELS[2] else torch.nn.MSELoss()
    return torch, model, criterion, torch.optim.SGD(model.parameters(), lr=0.01)


def step(library: str, name: str) -> Callable[[], Any]:
    """A training step; the same lines whatever the library is."""
    torch, model, criterion, optimizer = parts(library, name)
    x, y = (torch.from_numpy(a.copy()) for a in arrays(name))

    def train() -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return train


def questions() -> list[Question]:
    """One a model."""
    return [
        Question(
            f"One step of the eager loop, {name}",
            {"PyTorch": partial(step, "torch", name), "symdiff": partial(step, "symdiff", name)},
            baseline="PyTorch",
            tolerance=1e-4,
            unit="step",
            goals={"symdiff": GOALS[name]},
        )
        for name in MODELS
    ]


if __name__ == "__main__":
    main(questions)
