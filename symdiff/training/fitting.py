"""``fit``: a training loop as one call."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symdiff.errors import CompileError, SymdiffError, located
from symdiff.nn.module import Module
from symdiff.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from symdiff.optim.optimizer import Optimizer
from symdiff.tracebacks import user_facing, warn
from symdiff.training import checkpoints, native
from symdiff.training.callbacks import EarlyStopping, State, call_all, monitored
from symdiff.training.checkpoints import Checkpoint, Parts
from symdiff.training.checks import (
    check_objects,
    checked_callbacks,
    checked_checkpoint,
    checked_epochs,
    checked_metrics,
    checked_stopping,
    float_dtype,
)
from symdiff.training.eager import EagerLoop
from symdiff.training.engine import Engine, Refused
from symdiff.training.evaluation import evaluate, modes_kept
from symdiff.training.history import History
from symdiff.training.progress import Progress
from symdiff.training.sources import Plan, Rows, Source, source_of

__all__ = ["fit"]

LARGEST_ORDER = 1_000_000
"""An engine is given the order of at most so many rows at once, or of one epoch."""
SHOWN_EVERY = 0.2
"""Seconds after which a bar should show another loss."""

_EAGER = "native=False takes each step by itself"

Callback = Callable[[State], Any]


@user_facing
def fit(
    model: Module,
    loss: Callable[..., Any],
    x: Any,
    y: Any = None,
    *,
    optimizer: Optimizer,
    epochs: int = 1,
    batch_size: int | None = 32,
    shuffle: bool | None = None,
    drop_last: bool = False,
    validation_data: Any = None,
    metrics: Mapping[str, Callable[[Any, Any], Any]] | None = None,
    callbacks: Iterable[Any] | Callback = (),
    early_stopping: EarlyStopping | int | None = None,
    scheduler: LRScheduler | None = None,
    checkpoint: Checkpoint | str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = False,
    native: bool | str = "auto",
) -> History:
    """Train a model: epochs of batches, each forward, backward and a step of the optimiser, in native code if possible.

    The parameters, buffers and the optimiser's state become those that a loop written out leaves, on batches in the
    same order. Ctrl-C ends it after the step that runs, and the parameters stay as they are then.

    Parameters
    ----------
    model : Module
        Is in training mode meanwhile; each part gets back the mode it had.
    loss : callable
        Of the output and the target, such as ``nn.MSELoss()``.
    x : array_like, tuple of array_like, Dataset, or DataLoader
        Rows along the first axis: arrays, tensors, data frames, series or lists; a tuple for a model of several inputs.
        Floats are cast to the dtype of the parameters.
    y : array_like, optional
        The targets, unless ``x`` has them. Floats are cast as well; integers are int64.
    optimizer : Optimizer
    epochs : int
        With `resume`, the number of all epochs.
    batch_size : int or None
        None for all rows at once. A `DataLoader` has its own.
    shuffle : bool, optional
        Whether each epoch takes the rows in a new random order: that of a `DataLoader` after the same `manual_seed`.
        By default, if there is a batch size.
    drop_last : bool
        Whether a last batch that is smaller is left out.
    validation_data : tuple, Dataset or DataLoader, optional
        ``(x, y)``, evaluated after each epoch in evaluation mode.
    metrics : dict, optional
        Names and functions of outputs and targets of the validation data, all rows together.
    callbacks : callable or iterable, optional
        Each is called with a `State` after each epoch, or is an object with some of the methods ``on_train_begin``,
        ``on_epoch_end`` and ``on_train_end``. ``state.stop()`` ends the training. What its ``state_dict()`` gives is
        part of checkpoints, if it has that and ``load_state_dict``.
    early_stopping : EarlyStopping or int, optional
        A number stands for that patience.
    scheduler : LRScheduler, optional
        Steps after each epoch; `ReduceLROnPlateau` gets the validation loss, or the training loss without one.
    checkpoint : Checkpoint, str or os.PathLike, optional
        A path stands for a checkpoint after each epoch.
    resume : str or os.PathLike, optional
        A file of a checkpoint to go on from, with the same data and options: the result has the bits of a training
        without interruption. Of random numbers, those of `manual_seed` and of the loader's generators go on.
    progress : bool
        Whether to show a bar.
    native : bool or "auto"
        ``auto`` warns where the training cannot run as native code and has to take each step by itself; True raises
        `CompileError` then, and False never tries.

    Returns
    -------
    History

    Examples
    --------
    >>> model = nn.Linear(1, 1)
    >>> optimizer = sd.optim.SGD(model.parameters(), lr=0.01)
    >>> history = sd.fit(model, nn.MSELoss(), x, y, optimizer=optimizer, epochs=100, batch_size=None)
    """
    check_objects(model, loss, optimizer, scheduler)
    count, metrics = checked_epochs(epochs), checked_metrics(metrics, validation_data)
    dtype = float_dtype(model, optimizer)
    plan = Plan.of(batch_size, shuffle, drop_last)
    source = source_of(x, y, dtype, plan)
    validation = _validation(validation_data, dtype, plan)
    hooks = [*checked_stopping(early_stopping), *checked_callbacks(callbacks)]
    given, own = validation is not None, [] if validation is None else validation.generators
    parts = Parts(
        model, loss, optimizer, scheduler, hooks, checked_checkpoint(checkpoint), given, [*source.generators, *own]
    )
    state = State(model, optimizer, History(metrics={name: [] for name in metrics}), count)
    run = _Run(parts, source, state, validation, metrics)
    with modes_kept(model):
        run.train(None if resume is None else checkpoints.read(resume), native, progress)
    return state.history


class _Run:
    """A training from its beginning to its end."""

    def __init__(
        self,
        parts: Parts,
        source: Source,
        state: State,
        validation: Source | None,
        metrics: Mapping[str, Callable[[Any, Any], Any]],
    ) -> None:
        self.parts, self.source, self.state = parts, source, state
        self.validation, self.metrics = validation, metrics
        between = (validation, parts.scheduler, parts.checkpoint)
        self.pauses = bool(parts.callbacks) or any(part is not None for part in between)
        self.bar: Progress | None = None
        self.choice: bool | str = "auto"
        self.engine: Engine

    def train(self, saved: dict[str, Any] | None, native: bool | str, progress: bool) -> None:
        """Run what is left of the epochs."""
        state, parts = self.state, self.parts
        if parts.checkpoint is not None:
            parts.checkpoint.check()
            parts.checkpoint.best = None
        call_all(parts.callbacks, "on_train_begin", state)
        if saved is not None:
            checkpoints.restore(saved, parts, state)
        with _data_named(self.source):
            self.choice = native
        self.engine, state.history.reason = _engine(parts, self.source, native)
        state.history.native = self.engine.native
        if saved is not None:
            checkpoints.restore_random(saved, parts)
        if progress:
            self.bar = Progress(state.epochs, self.source.steps, state.epoch)
        try:
            while state.epoch < state.epochs and not state.stopped:
                self.run_epochs()
        finally:
            if self.bar is not None:
                self.bar.close()
        state.history.stopped_early = state.stopped and state.epoch < state.epochs
        call_all(parts.callbacks, "on_train_end", state)

    def run_epochs(self) -> None:
        """As many epochs as nothing has to come between."""
        state, history = self.state, self.state.history
        count = 1 if self.pauses or self.engine.draws else self.most_epochs()
        start, state.lr = time.perf_counter(), float(self.parts.optimizer.param_groups[0].get("lr", math.nan))
        order = self.source.orders(count)
        self.parts.model.train()
        with _data_named(self.source):
            losses = self.losses(order).tolist()
        history.loss += losses
        history.lr += [state.lr] * count
        state.epoch, state.loss = state.epoch + count, losses[-1]
        if self.pauses:
            self.after_epoch(start)
        else:
            history.seconds += [(time.perf_counter() - start) / count] * count
        if self.bar is not None:
            self.bar.epoch_end(state)

    def losses(self, order: NDArray[np.int64]) -> NDArray[np.float64]:
        """Train, from here on step by step if what was changed in between, or a smaller batch, asks for it."""
        tick = _ignore if self.bar is None else self.bar.tick
        try:
            return self.engine.run(order, tick)
        except Refused as refused:
            self.engine = _by_steps(self.parts, self.source, self.choice, refused.reason)
            self.state.history.native, self.state.history.reason = False, refused.reason
        return self.engine.run(order, tick)

    def most_epochs(self) -> int:
        """How many epochs to run in one piece: a bar wants to show the loss now and then."""
        history, left = self.state.history, self.state.epochs - self.state.epoch
        count = min(left, max(1, LARGEST_ORDER // max(1, self.source.rows)))
        if self.bar is None:
            return count
        pace = history.seconds[-1] if history.seconds else SHOWN_EVERY
        return min(count, max(1, int(SHOWN_EVERY / max(pace, 1e-9))))

    def after_epoch(self, start: float) -> None:
        """Evaluate, and let everybody see; what is saved comes last."""
        state, history, parts = self.state, self.state.history, self.parts
        if self.validation is not None:
            state.val_loss, state.metrics = evaluate(parts.model, parts.loss, self.validation, self.metrics)
            history.val_loss.append(state.val_loss)
            for name, value in state.metrics.items():
                history.metrics[name].append(value)
        if isinstance(parts.scheduler, ReduceLROnPlateau):
            parts.scheduler.step(monitored(state, None))
        elif parts.scheduler is not None:
            parts.scheduler.step()
        history.seconds.append(time.perf_counter() - start)
        call_all(parts.callbacks, "on_epoch_end", state)
        history.seconds[-1] = time.perf_counter() - start
        if parts.checkpoint is not None and parts.checkpoint.is_due(state):
            checkpoints.write(parts, state)


def _ignore(steps: int) -> None:
    pass


@contextmanager
def _data_named(source: Source) -> Iterator[None]:
    """Say in an error, which may be that of a layer, what data the training got."""
    try:
        yield
    except Exception as error:
        if isinstance(source, Rows) and not isinstance(error, Refused | SymdiffError):
            error.add_note(f"fit was given {source}; floats have the dtype of the parameters, integers stay integers")
        raise


def _engine(parts: Parts, source: Source, choice: bool | str) -> tuple[Engine, str | None]:
    """The native engine, or the loop step by step and why it is that."""
    if not isinstance(choice, bool) and choice != "auto":
        raise located(ValueError, f'native is True, False or "auto", not {choice!r}')
    if choice is False:
        return EagerLoop(parts.model, parts.loss, parts.optimizer, source), "native=False was asked for"
    reason = "the batches come from a loader, which runs in Python"
    if isinstance(source, Rows):
        try:
            smaller = source.rows % source.batch_size
            engine = native.compiled(
                parts.model, parts.loss, parts.optimizer, source.inputs, source.target, source.batch_size, smaller
            )
        except Refused as refused:
            reason = refused.reason
        else:
            return engine, None
    return _by_steps(parts, source, choice, reason), reason


def _by_steps(parts: Parts, source: Source, choice: bool | str, reason: str) -> EagerLoop:
    """The loop step by step, for a reason."""
    if choice is True:
        raise CompileError(f"fit cannot run as native code: {reason}", hint=_EAGER)
    if isinstance(source, Rows):
        warn(f"fit takes each step by itself, not as native code: {reason}", hint="native=False does so silently")
    return EagerLoop(parts.model, parts.loss, parts.optimizer, source)


def _validation(data: Any, dtype: np.dtype[Any], plan: Plan) -> Source | None:
    if data is None:
        return None
    still = Plan(plan.batch_size, shuffle=False, drop_last=False, seeded=False)
    names = ("validation x", "validation y")
    if isinstance(data, tuple | list):
        if len(data) != 2:
            raise located(ValueError, f"validation_data is (x, y), but has {len(data)} parts")
        return source_of(data[0], data[1], dtype, still, names)
    return source_of(data, None, dtype, still, ("validation_data", "validation y"))
