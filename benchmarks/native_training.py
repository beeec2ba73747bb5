"""Training as one native loop (`fit`), a step, beside PyTorch's loop on one thread; compile time is not counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.harness import Question, main
from benchmarks.training_loops import LINEAR, MODELS, arrays, parts

GOALS = {
    MODELS[0]: "at most 1/100 of PyTorch's time",
    MODELS[1]: "at most 1/50 of PyTorch's time",
    MODELS[2]: "at most 1/1.5 of PyTorch's time",
    LINEAR: "at most 0.5 us",
}
STEPS = {MODELS[0]: 2000, MODELS[1]: 500, MODELS[2]: 20, LINEAR: 5000}


def loop(name: str) -> Callable[[], Any]:
    """PyTorch's loop of some steps, and its last loss."""
    torch, model, criterion, optimizer = parts("torch", name)
    x, y = (torch.from_numpy(a.copy()) for a in arrays(name))

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
    x, y = arrays(name)
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
