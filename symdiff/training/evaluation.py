"""The loss and the metrics of validation data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from symdiff.errors import located
from symdiff.nn.module import Module
from symdiff.tensors.creation import made
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.tensor import Tensor
from symdiff.training.eager import loss_of, rows_in
from symdiff.training.sources import Source

__all__ = ["evaluate", "modes_kept"]

Metrics = Mapping[str, Callable[[Any, Any], Any]]


@contextmanager
def modes_kept(model: Module) -> Iterator[None]:
    """Give each part of a model, after the block, the mode it had before."""
    before = [(part, part.training) for part in model.modules()]
    try:
        yield
    finally:
        for part, training in before:
            part.training = training


def evaluate(
    model: Module, loss: Callable[..., Any], source: Source, metrics: Metrics
) -> tuple[float, dict[str, float]]:
    """Evaluate a model.

    Parameters
    ----------
    model : Module
        Is in evaluation mode meanwhile.
    loss : callable
    source : Rows or Batches
    metrics : dict
        Functions of outputs and targets: those of all batches together.

    Returns
    -------
    float
        The mean of the batches' losses, weighted by their rows.
    dict
        A number for each metric.
    """
    total, count = 0.0, 0
    outputs, targets = [], []
    with modes_kept(model), no_grad():
        model.eval()
        for inputs, target in source.batches(source.orders(1)[0]):
            found, output = loss_of(model, loss, inputs, target)
            rows = rows_in(target)
            total += float(found.item()) * rows
            count += rows
            if metrics:
                outputs.append(output)
                targets.append(target)
        if not count:
            raise located(ValueError, "the validation data has no batch")
        return total / count, _measured(metrics, outputs, targets)


def _measured(metrics: Metrics, outputs: list[Any], targets: list[Any]) -> dict[str, float]:
    if not metrics:
        return {}
    output, target = _joined(outputs), _joined(targets)
    return {name: _number(name, metric(output, target)) for name, metric in metrics.items()}


def _number(name: str, found: Any) -> float:
    if isinstance(found, Tensor):
        return float(found.item())
    try:
        return float(found)
    except (TypeError, ValueError):
        raise located(TypeError, f"the metric {name!r} gave {type(found).__name__}, not a number") from None


def _joined(batches: list[Any]) -> Any:
    """What the batches gave, as if of one."""
    first = batches[0]
    if len(batches) == 1:
        return first
    if isinstance(first, Tensor):
        return made(np.concatenate([x._array() for x in batches]))
    if isinstance(first, Mapping):
        return {key: _joined([batch[key] for batch in batches]) for key in first}
    if isinstance(first, tuple | list):
        return type(first)(_joined(list(parts)) for parts in zip(*batches, strict=True))
    raise located(TypeError, f"outputs of type {type(first).__name__} cannot be put together for the metrics")
