"""Training as one native loop (`fit`), a step, beside PyTorch's loop on one thread; compile time is not counted."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Question, main
from benchmarks.training_loops import MODELS, arrays, model_of

LINEAR = "linear regression 32 x 10"
GOALS = {
    MODELS[0]: "at most 1/100 of PyTorch's time",
    MODELS[1]: "at most 1/50 of PyTorch's time",
    MODELS[2]: "at most 1/1.5 of PyTorch's time",
    LINEAR: "at most 0.5 us",
}
STEPS = {MODELS[0]: 2000, MODELS[1]: 500, MODELS[2]: 20, LINEAR: 5000}


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets."""
    if name != LINEAR:
        return arrays(name)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 10)).astype(np.float32)
    return x, (x @ rng.normal(size=(10, 1)) + rng.normal(size=(32, 1))).astype(np.float32)


def parts(library: str, name: str) -> tuple[Any, Any, Any, Any]:
    """The library, a model, its loss and an optimiser."""
    torch: Any = importlib.import_module(library)
    torch.manual_seed(0)
    model = torch.nn.Linear(10, 1) if name == LINEAR else model_of(torch, name)
    criterion = torch.nn.CrossEntropyLoss() if name == MODELS[2] else torch.nn.MSELoss()
    return torch, model, criterion, torch.optim.SGD(model.parameters(), lr=0.01)


def loop(name: str) -> Callable[[], Any]:
    """PyTorch's loop of some steps, and its last loss."""
    torch, model, criterion, optimizer = parts("torch", name)
    torch.set_num_threads(1)
    x, y = (torch.from_numpy(a.copy()) for a in data(name))

    def train() -> Any:
        for _ in range(STEPS[name]):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        return loss.item()

    return train


def fit(name: str) -> Callable[[], Any]:
    """The same by `fit`."""
    torch, model, criterion, optimizer = parts("symdiff", name)
    x, y = data(name)
    options = {"optimizer": optimizer, "epochs": STEPS[name], "batch_size": None, "native": True}
    return lambda: torch.fit(model, criterion, x, y, **options).loss[-1]


def questions() -> list[Question]:
    """One a model."""
    return [
        Question(
            f"One step of many, {name}",
            {"PyTorch": partial(loop, name), "symdiff": partial(fit, name)},
            baseline="PyTorch",
            tolerance=1e-4,
            per=STEPS[name],
            unit="step",
            goals={"symdiff": goal},
        )
        for name, goal in GOALS.items()
    ]


if __name__ == "__main__":
    main(questions)
