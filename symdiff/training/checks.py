"""What `fit` is given, checked."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from symdiff.errors import located
from symdiff.nn.module import Module
from symdiff.optim.lr_scheduler import LRScheduler
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors.dtypes import default_dtype
from symdiff.training.callbacks import EVENTS, EarlyStopping
from symdiff.training.checkpoints import Checkpoint
from symdiff.training.history import COLUMNS

__all__ = [
    "check_objects",
    "checked_callbacks",
    "checked_checkpoint",
    "checked_epochs",
    "checked_metrics",
    "checked_stopping",
    "float_dtype",
]


def check_objects(model: Any, loss: Any, optimizer: Any, scheduler: Any) -> None:
    """Refuse what is no model, loss, optimiser or schedule, or does not belong together."""
    for name, given in (("model", model), ("loss", loss), ("optimizer", optimizer), ("scheduler", scheduler)):
        if isinstance(given, type):
            hint = f"make one of it: {given.__name__}(...)"
            raise located(TypeError, f"{name} is the class {given.__name__}", hint=hint)
    if not isinstance(model, Module):
        raise located(TypeError, f"model is an nn.Module, not {type(model).__name__}")
    if not callable(loss):
        raise located(TypeError, f"loss is called with output and target, but {type(loss).__name__} is not callable")
    if not isinstance(optimizer, Optimizer):
        raise located(TypeError, f"optimizer is one of symdiff.optim, not {type(optimizer).__name__}")
    own = {id(p) for p in model.parameters()}
    if not any(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        hint = "make it of model.parameters()"
        raise located(ValueError, "the optimizer has none of the model's parameters", hint=hint)
    if scheduler is not None and not isinstance(scheduler, LRScheduler):
        raise located(TypeError, f"scheduler is one of optim.lr_scheduler, not {type(scheduler).__name__}")
    if scheduler is not None and scheduler.optimizer is not optimizer:
        raise located(ValueError, "the scheduler belongs to another optimizer")


def checked_epochs(epochs: Any) -> int:
    """The number of epochs."""
    try:
        count = operator.index(epochs)
    except TypeError:
        raise located(TypeError, f"epochs is an integer, not {epochs!r}") from None
    if count < 0:
        raise located(ValueError, f"epochs is not negative, but {count} is")
    return count


def checked_metrics(metrics: Any, validation_data: Any) -> Mapping[str, Callable[[Any, Any], Any]]:
    """The metrics as a dict."""
    if not metrics:
        return {}
    if not isinstance(metrics, Mapping) or not all(isinstance(k, str) and callable(f) for k, f in metrics.items()):
        raise located(TypeError, "metrics is a dict of names and functions of output and target")
    if validation_data is None:
        raise located(ValueError, "metrics are of the validation data, which is missing", hint="give validation_data")
    for name in metrics:
        if name in COLUMNS:
            raise located(ValueError, f"a metric cannot be called {name!r}: the history has that already")
    return metrics


def float_dtype(model: Module, optimizer: Optimizer) -> np.dtype[Any]:
    """The dtype of a model's floats: that of its first parameter of such a dtype."""
    candidates = [*model.parameters(), *(p for group in optimizer.param_groups for p in group["params"])]
    return next((p.dtype.numpy for p in candidates if p.dtype.is_floating_point), default_dtype().numpy)


def checked_stopping(given: Any) -> list[EarlyStopping]:
    """Early stopping as a callback, if there is to be any."""
    if given is None:
        return []
    if isinstance(given, EarlyStopping):
        return [given]
    if isinstance(given, bool) or not hasattr(given, "__index__"):
        raise located(TypeError, f"early_stopping is EarlyStopping(...) or a number of epochs, not {given!r}")
    return [EarlyStopping(given)]


def checked_checkpoint(given: Any) -> Checkpoint | None:
    """The checkpoint, which a path can stand for."""
    if given is None or isinstance(given, Checkpoint):
        return given
    if not isinstance(given, str | os.PathLike):
        raise located(TypeError, f"checkpoint is a path or Checkpoint(path, ...), not {type(given).__name__}")
    return Checkpoint(given)


def checked_callbacks(callbacks: Any) -> list[Any]:
    """The callbacks as a list.

    Raises
    ------
    TypeError
        If one of them can neither be called nor has a method for an event.
    """
    if callable(callbacks) or any(hasattr(callbacks, event) for event in EVENTS):
        return [callbacks]
    if not isinstance(callbacks, Iterable):
        raise located(TypeError, f"callbacks is a list of callables, not {type(callbacks).__name__}")
    found = list(callbacks)
    for callback in found:
        if isinstance(callback, Checkpoint):
            raise located(TypeError, "a Checkpoint is no callback", hint="pass it as checkpoint=")
        if isinstance(callback, type):
            raise located(TypeError, f"the callback {callback.__name__} is a class", hint=f"pass {callback.__name__}()")
        if not callable(callback) and not any(hasattr(callback, event) for event in EVENTS):
            raise located(
                TypeError,
                f"a callback of type {type(callback).__name__} cannot be called",
                hint=f"define __call__(state), or some of {', '.join(EVENTS)}, each with an argument state",
            )
    return found
