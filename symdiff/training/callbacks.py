"""What users hang between epochs: callbacks, and stopping early."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symdiff.errors import located
from symdiff.nn.module import Module
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors.creation import made
from symdiff.training.history import History

__all__ = [
    "EVENTS",
    "EarlyStopping",
    "State",
    "call_all",
    "checked_mode",
    "copied_state",
    "is_better",
    "monitored",
]

EVENTS = ("on_train_begin", "on_epoch_end", "on_train_end")


@dataclass
class State:
    """Where a training is: what callbacks get.

    Attributes
    ----------
    model : Module
    optimizer : Optimizer
    history : History
    epochs : int
        How many there are to be.
    epoch : int
        How many are finished.
    loss, val_loss : float or None
        Of the epoch just finished; ``val_loss`` is None without validation data.
    metrics : dict of str to float
    lr : float
        The learning rate of that epoch (of the optimiser's first group).
    """

    model: Module
    optimizer: Optimizer
    history: History
    epochs: int
    epoch: int = 0
    loss: float | None = None
    val_loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    lr: float = math.nan
    stopped: bool = False

    def stop(self) -> None:
        """End the training after this epoch."""
        self.stopped = True


def call_all(callbacks: list[Any], event: str, state: State) -> None:
    """Tell the callbacks of an event; a plain callable is called at the end of each epoch."""
    for callback in callbacks:
        method = getattr(callback, event, None)
        if method is None and event == "on_epoch_end" and callable(callback):
            method = callback
        if method is not None:
            method(state)


def monitored(state: State, name: str | None) -> float:
    """A value of the epoch just finished: by default the validation loss, or the training loss without one."""
    values = {"loss": state.loss, "val_loss": state.val_loss, **state.metrics}
    if name is None:
        name = "loss" if state.val_loss is None else "val_loss"
    value = values.get(name)
    if value is None:
        known = ", ".join(key for key, found in values.items() if found is not None)
        hint = "give validation_data" if name == "val_loss" else f"there are {known}"
        raise located(ValueError, f"there is no {name!r} to monitor", hint=hint)
    return value


def is_better(value: float, best: float | None, mode: str, min_delta: float = 0.0) -> bool:
    """Whether a value is better than the best so far; nan never is."""
    if best is None:
        return not math.isnan(value)
    return value < best - min_delta if mode == "min" else value > best + min_delta


def checked_mode(mode: str) -> str:
    """The mode itself, if it is one."""
    if mode not in ("min", "max"):
        raise located(ValueError, f"mode is 'min' or 'max', not {mode!r}")
    return mode


def copied_state(model: Module) -> dict[str, Any]:
    """The parameters and persistent buffers of a model, as tensors of their own."""
    return {name: made(np.array(tensor._array())) for name, tensor in model.state_dict().items()}


class EarlyStopping:
    """End a training when a value has not become better for some epochs.

    Parameters
    ----------
    patience : int
        How many epochs in a row may be no better than the best one.
    min_delta : float
        By how much a value has to be better to count.
    restore_best : bool
        Whether the model ends with the parameters and buffers of the best epoch, also where all epochs were run.
    monitor : str, optional
        ``loss``, ``val_loss`` or the name of a metric; by default ``val_loss``, or ``loss`` without validation data.
    mode : str
        Whether ``min`` or ``max`` is better.

    Attributes
    ----------
    best : float or None
        The best value of the last training.
    best_epoch : int
        The epoch of it, counted from 1; 0 where there was none.
    """

    def __init__(
        self,
        patience: int = 10,
        min_delta: float = 0.0,
        restore_best: bool = True,
        monitor: str | None = None,
        mode: str = "min",
    ) -> None:
        try:
            self.patience = operator.index(patience)
        except TypeError:
            raise located(TypeError, f"patience is a number of epochs, not {patience!r}") from None
        if self.patience < 1:
            raise located(ValueError, f"patience is at least 1, not {patience}")
        if not min_delta >= 0:
            raise located(ValueError, f"min_delta is not negative, but {min_delta} is")
        self.min_delta, self.restore_best, self.monitor = float(min_delta), restore_best, monitor
        self.mode = checked_mode(mode)
        self._forget()

    def __repr__(self) -> str:
        return f"EarlyStopping(patience={self.patience}, min_delta={self.min_delta}, monitor={self.monitor!r})"

    def _forget(self) -> None:
        self.best: float | None = None
        self.best_epoch = 0
        self._weights: dict[str, Any] | None = None

    def on_train_begin(self, state: State) -> None:
        """Begin anew."""
        self._forget()

    def on_epoch_end(self, state: State) -> None:
        """Look at the epoch just finished."""
        value = monitored(state, self.monitor)
        if is_better(value, self.best, self.mode, self.min_delta):
            self.best, self.best_epoch = value, state.epoch
            if self.restore_best:
                self._weights = copied_state(state.model)
        elif state.epoch - self.best_epoch >= self.patience:
            state.stop()

    def on_train_end(self, state: State) -> None:
        """Put the best parameters back."""
        if self._weights is not None:
            state.model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """What was seen so far."""
        return {"best": self.best, "best_epoch": self.best_epoch, "weights": self._weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.best, self.best_epoch = state_dict["best"], state_dict["best_epoch"]
        self._weights = state_dict["weights"]
