"""Checkpoints of a training, and going on from one as if nothing had been between."""

from __future__ import annotations

import errno
import operator
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.errors import CheckpointFormatError, located
from symdiff.nn.module import Module
from symdiff.optim.lr_scheduler import LRScheduler
from symdiff.optim.native import NativeOptimizer
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors.generator import Generator, default_generator
from symdiff.tensors.saving import load, save
from symdiff.tensors.tensor import Tensor
from symdiff.training.callbacks import State, checked_mode, copied_state, is_better, monitored
from symdiff.training.history import History

__all__ = ["Checkpoint", "Parts", "read", "restore", "restore_random", "write"]

VERSION = 1
_KINDS: dict[str, Any] = {
    "fit": int, "epoch": int, "stopped": bool, "model": dict, "optimizer": dict, "scheduler": dict | None,
    "callbacks": list, "history": dict, "random": list,
}  # fmt: skip
_LISTS = ("loss", "val_loss", "lr", "seconds")


class Checkpoint:
    """Save a training as it goes.

    The file is a safetensors file with a dict: ``model`` and ``optimizer`` are state dicts, ``epoch`` is the number of
    epochs finished, ``history`` has the columns of `History`; the rest is for ``fit(resume=...)``. Each save replaces
    the one before at once.

    Parameters
    ----------
    path : str or os.PathLike
    every : int
        Save after so many epochs, and after the last one.
    best_only : bool
        Save only epochs that are better than all before.
    monitor : str, optional
        What decides that: ``loss``, ``val_loss`` or the name of a metric; by default ``val_loss``, or ``loss`` without
        validation data.
    mode : str
        Whether ``min`` or ``max`` is better.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 1,
        best_only: bool = False,
        monitor: str | None = None,
        mode: str = "min",
    ) -> None:
        self.path = os.fspath(path)
        try:
            self.every = operator.index(every)
        except TypeError:
            raise located(TypeError, f"every is a number of epochs, not {every!r}") from None
        if self.every < 1:
            raise located(ValueError, f"every is at least 1, not {every}")
        self.best_only, self.monitor, self.mode = best_only, monitor, checked_mode(mode)
        self.best: float | None = None

    def __repr__(self) -> str:
        return f"Checkpoint({self.path!r}, every={self.every}, best_only={self.best_only})"

    def check(self) -> None:
        """Refuse a place where nothing can be saved, before anything is trained.

        Raises
        ------
        FileNotFoundError
            If there is no such directory.
        """
        folder = os.path.dirname(os.path.abspath(self.path))
        if not os.path.isdir(folder):
            raise FileNotFoundError(errno.ENOENT, "there is no such directory for the checkpoint", folder)

    def is_due(self, state: State) -> bool:
        """Whether the epoch just finished is to be saved."""
        if self.best_only:
            value = monitored(state, self.monitor)
            if not is_better(value, self.best, self.mode):
                return False
            self.best = value
            return True
        return state.epoch % self.every == 0 or state.epoch == state.epochs or state.stopped


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything of a training that has a state.

    Attributes
    ----------
    model : Module
    loss : callable
    optimizer : Optimizer
    scheduler : LRScheduler or None
    callbacks : list
        Those with a `state_dict` have a state; early stopping is one of them.
    checkpoint : Checkpoint or None
    validated : bool
        Whether there is validation data.
    generators : list of Generator
        Besides the default one.
    """

    model: Module
    loss: Callable[..., Any]
    optimizer: Optimizer
    scheduler: LRScheduler | None
    callbacks: list[Any]
    checkpoint: Checkpoint | None
    validated: bool
    generators: list[Generator]

    def modules(self) -> dict[str, Module]:
        """The model, and the loss if it is a module, by their names in the file."""
        loss = {"loss": self.loss} if isinstance(self.loss, Module) else {}
        return {"model": self.model, **loss}

    def with_state(self) -> list[Any]:
        """The callbacks that have a state."""
        return [callback for callback in self.callbacks if hasattr(callback, "state_dict")]

    def random(self) -> list[Generator]:
        """The generators that the training draws from."""
        return [default_generator, *self.generators]


def snapshot(parts: Parts, state: State) -> dict[str, Any]:
    """All that is needed to go on after the epoch just finished."""
    history = state.history
    return {
        "fit": VERSION,
        "epoch": state.epoch,
        "stopped": state.stopped,
        **{name: module.state_dict() for name, module in parts.modules().items()},
        "optimizer": parts.optimizer.state_dict(),
        "scheduler": None if parts.scheduler is None else parts.scheduler.state_dict(),
        "callbacks": [callback.state_dict() for callback in parts.with_state()],
        "history": {
            **{name: np.array(getattr(history, name), np.float64) for name in _LISTS},
            "metrics": {name: np.array(values, np.float64) for name, values in history.metrics.items()},
        },
        "best": None if parts.checkpoint is None else parts.checkpoint.best,
        "random": [generator.get_state() for generator in parts.random()],
    }


def write(parts: Parts, state: State) -> None:
    """Save a training to the file of its checkpoint."""
    if parts.checkpoint is not None:
        save(snapshot(parts, state), parts.checkpoint.path)


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file of a checkpoint has.

    Raises
    ------
    CheckpointFormatError
        If it is no checkpoint of `fit`.
    """
    found = load(path)
    if not isinstance(found, dict) or not found.keys() >= _KINDS.keys() or found["fit"] != VERSION:
        text = f"{os.fspath(path)} is no checkpoint that fit wrote"
        raise CheckpointFormatError(text, hint="load it yourself: model.load_state_dict(sd.load(path))")
    odd = [name for name, kind in _KINDS.items() if not isinstance(found[name], kind)]
    if odd or not _is_history(found["history"], found["epoch"]) or not all(map(_is_random_state, found["random"])):
        raise CheckpointFormatError(f"{os.fspath(path)} is damaged: {' and '.join(odd or ['its contents'])}")
    return found


def _is_history(saved: dict[str, Any], epochs: int) -> bool:
    metrics = saved.get("metrics")
    lists = [*(saved.get(name) for name in _LISTS), *(metrics.values() if isinstance(metrics, dict) else [None])]
    if not all(isinstance(x, np.ndarray) and x.ndim == 1 for x in lists):
        return False
    validated = saved["val_loss"].size > 0
    return all(len(x) == epochs or (x is saved["val_loss"] and not validated) for x in lists)


def _is_random_state(saved: Any) -> bool:
    try:
        Generator().set_state(saved)
    except (RuntimeError, TypeError, ValueError):
        return False
    return isinstance(saved, np.ndarray)


def restore(saved: dict[str, Any], parts: Parts, state: State) -> None:
    """Bring a training to where it was saved; where something does not fit, it is left as it was.

    Raises
    ------
    ValueError
        If the checkpoint is that of another kind of training.
    """
    _check_options(saved, parts)
    _check_history(saved["history"], state, parts.validated)
    _load_states(saved, parts)
    if parts.scheduler is not None:
        parts.scheduler.load_state_dict(saved["scheduler"])
    for callback, kept in zip(parts.with_state(), saved["callbacks"], strict=True):
        callback.load_state_dict(kept)
    if parts.checkpoint is not None:
        parts.checkpoint.best = saved.get("best")
    _continue_history(state.history, saved["history"])
    state.epoch, state.stopped = saved["epoch"], saved["stopped"]


def _check_options(saved: dict[str, Any], parts: Parts) -> None:
    same = "resume with the same options"
    if (saved["scheduler"] is None) != (parts.scheduler is None):
        sides = ("this call", "the checkpoint")
        has, lacks = sides if saved["scheduler"] is None else sides[::-1]
        raise located(ValueError, f"{has} has a scheduler, but {lacks} has none", hint=same)
    before, now = len(saved["callbacks"]), len(parts.with_state())
    if before != now:
        text = f"the checkpoint has states of {before} callbacks, but {now} of this call have one"
        raise located(ValueError, text, hint=f"early stopping is such a callback; {same}")
    if len(saved["random"]) != len(parts.random()):
        raise located(ValueError, "the checkpoint is of data whose loader has other generators")


def _check_history(saved: dict[str, Any], state: State, validated: bool) -> None:
    if bool(saved["val_loss"].size) != validated:
        text = "there are validation losses in the checkpoint, but this call has no validation_data"
        other = "there are no validation losses in the checkpoint, but this call has validation_data"
        raise located(ValueError, other if validated else text, hint="resume with the same options")
    if saved["metrics"].keys() != state.history.metrics.keys():
        names = ", ".join(saved["metrics"]) or "none"
        raise located(ValueError, f"the metrics of the checkpoint are others: {names}")


def _load_states(saved: dict[str, Any], parts: Parts) -> None:
    optimizer, modules = parts.optimizer, parts.modules()
    before = {name: copied_state(module) for name, module in modules.items()}
    groups, kept = optimizer.param_groups, optimizer.state
    try:
        optimizer.load_state_dict(saved["optimizer"])
        for name, module in modules.items():
            module.load_state_dict(saved.get(name, {}))
        _check_shapes(optimizer)
    except BaseException as error:
        optimizer.param_groups, optimizer.state = groups, kept
        for name, module in modules.items():
            module.load_state_dict(before[name])
        if isinstance(error, KeyError | TypeError | AttributeError):
            raise CheckpointFormatError(f"the checkpoint's state of the optimizer is damaged: {error!r}") from error
        raise


def _check_shapes(optimizer: Optimizer) -> None:
    """Refuse a state that would be broadcast: our optimisers keep numbers, and arrays like the parameter."""
    if not isinstance(optimizer, NativeOptimizer):
        return
    for parameter, kept in optimizer.state.items():
        for name, value in kept.items():
            if isinstance(value, Tensor) and value.ndim and value.shape != parameter.shape:
                text = (
                    f"the optimizer's {name} has shape {tuple(value.shape)} for a parameter of {tuple(parameter.shape)}"
                )
                raise CheckpointFormatError(text)


def _continue_history(history: History, saved: dict[str, Any]) -> None:
    for name in _LISTS:
        setattr(history, name, saved[name].tolist())
    history.metrics = {name: values.tolist() for name, values in saved["metrics"].items()}


def restore_random(saved: dict[str, Any], parts: Parts) -> None:
    """Let the generators go on where they were."""
    for generator, state in zip(parts.random(), saved["random"], strict=True):
        generator.set_state(state)
