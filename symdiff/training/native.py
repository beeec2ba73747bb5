"""The training loop as native code."""

from __future__ import annotations

from typing import Any

from symdiff.nn.module import Module
from symdiff.optim.optimizer import Optimizer
from symdiff.training.engine import Array, Engine, Refused

__all__ = ["compiled"]


def compiled(
    model: Module, loss: Any, optimizer: Optimizer, inputs: tuple[Array, ...], target: Array, batch_size: int
) -> Engine:
    """A native engine for a training.

    Parameters
    ----------
    model : Module
    loss : callable
    optimizer : Optimizer
    inputs : tuple of array
        What the model is called with: all rows, C-contiguous, of dtypes that tensors have.
    target : array
        What the loss gets as its second argument.
    batch_size : int
        At most the number of rows.

    Raises
    ------
    Refused
        If there is none for it.
    """
    raise Refused("there is no native training loop yet")
