"""The ordinary training loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symdiff.errors import located
from symdiff.nn.module import Module
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors.grad_mode import enable_grad
from symdiff.tensors.tensor import Tensor
from symdiff.training.interrupts import Interrupts
from symdiff.training.sources import Source

__all__ = ["EagerLoop", "loss_of", "rows_in"]


class EagerLoop:
    """An engine that does what a user's own loop does, step by step.

    Parameters
    ----------
    model : Module
    loss : callable
    optimizer : Optimizer
    source : Rows or Batches
    """

    native = False
    draws = True

    def __init__(self, model: Module, loss: Callable[..., Any], optimizer: Optimizer, source: Source) -> None:
        self.model, self.loss, self.optimizer, self.source = model, loss, optimizer, source

    def run(self, order: NDArray[np.int64], tick: Callable[[int], None]) -> NDArray[np.float64]:
        """Train for as many epochs as the order has."""
        with Interrupts() as interrupts, enable_grad():
            return np.array([self._epoch(rows, tick, interrupts) for rows in order], np.float64)

    def _epoch(self, order: NDArray[np.int64], tick: Callable[[int], None], interrupts: Interrupts) -> float:
        total, count = 0.0, 0
        for inputs, target in self.source.batches(order):
            found = interrupts.step(self._step, inputs, target)
            rows = rows_in(target)
            total += found * rows
            count += rows
            tick(1)
        if not count:
            raise located(ValueError, "the loader gave no batch")
        return total / count

    def _step(self, inputs: tuple[Any, ...], target: Any) -> float:
        self.optimizer.zero_grad()
        loss = loss_of(self.model, self.loss, inputs, target)[0]
        loss.backward()  # type: ignore[attr-defined]
        self.optimizer.step()
        return float(loss.item())


def loss_of(model: Module, loss: Callable[..., Any], inputs: tuple[Any, ...], target: Any) -> tuple[Tensor, Any]:
    """The loss of one batch, and what the model gave."""
    output = model(*inputs)
    found = loss(output, target)
    if not isinstance(found, Tensor):
        raise located(TypeError, f"the loss gave {type(found).__name__}, not a Tensor")
    return found, output


def rows_in(target: Any) -> int:
    """By how many rows a batch counts."""
    return len(target) if isinstance(target, Tensor) and target.ndim else 1
