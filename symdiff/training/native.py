"""The training loop as native code: many steps in one call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symdiff.nn.module import Module
from symdiff.optim.native import NativeOptimizer
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors.tensor import as_lazy
from symdiff.training.aliases import check_memory
from symdiff.training.engine import Array, Engine, Refused
from symdiff.training.interrupts import Interrupts
from symdiff.training.session import MOST_STEPS, Session
from symdiff.training.sharing import alike, bound_to, parts_of
from symdiff.training.step import Step, objective, step_of

__all__ = ["compiled"]

CHUNK_SECONDS = 0.05
"""How long a call should take: Ctrl-C is answered, and progress is shown, in between."""
MOST_KEPT = 8
"""Kinds of models whose native loops are kept; of each kind one is kept alive by that."""


def compiled(
    model: Module,
    loss: Any,
    optimizer: Optimizer,
    inputs: tuple[Array, ...],
    target: Array,
    batch_size: int,
    smaller: int = 0,
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
    smaller : int
        Rows of a last batch that is smaller, if there will be one.

    Raises
    ------
    Refused
        If there is none for it.
    """
    if not isinstance(optimizer, NativeOptimizer) or type(optimizer).step is not NativeOptimizer.step:
        raise Refused(f"the optimizer {type(optimizer).__name__} has a step of its own")
    return NativeLoop(model, loss, optimizer, inputs, target, batch_size, smaller)


@dataclass(eq=False)
class Kept:
    """What was compiled for models that are alike, a loss and a kind of optimiser.

    Attributes
    ----------
    steps : dict
        By the rows of a batch, for the model that was trained last: it is kept alive by that.
    units : dict
        Native loops.
    """

    steps: dict[int, Step] = field(default_factory=dict)
    units: dict[Any, Callable[..., Any]] = field(default_factory=dict)


_KEPT: OrderedDict[Any, Kept] = OrderedDict()


def _kept_for(key: tuple[Any, ...]) -> Kept:
    """What was compiled before for the same, if anything: training goes on, or begins anew, without compiling."""
    found = _KEPT.pop(key) if key in _KEPT else Kept()
    _KEPT[key] = found
    while len(_KEPT) > MOST_KEPT:
        _KEPT.popitem(last=False)
    return found


class NativeLoop:
    """An engine that runs steps in native code, many in a call.

    Parameters
    ----------
    model, loss, optimizer, inputs, target, batch_size, smaller
        As of `compiled`.
    """

    native = True

    def __init__(
        self,
        model: Module,
        loss: Any,
        optimizer: NativeOptimizer,
        inputs: tuple[Array, ...],
        target: Array,
        batch_size: int,
        smaller: int,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.inputs, self.target, self.batch_size = inputs, target, batch_size
        self.pace = 0.0
        self.draws = False
        self._prepare(batch_size, smaller)

    def _prepare(self, *sizes: int) -> None:
        """Look at what may have changed, and make the steps for batches of these sizes."""
        self._check()
        self.parts = parts_of(self.model, self.loss)
        data = [(a.dtype.name, a.shape) for a in (*self.inputs, self.target)]
        self.kept = _kept_for((*data, *alike(self.parts, self.loss, self.optimizer)))
        for rows in sizes:
            if rows:
                self.draws = bool(self._step(rows).drawn) or self.draws

    def _check(self) -> None:
        hooks = self.optimizer.hooks
        if hooks.before or hooks.after:
            raise Refused("the optimizer has hooks")
        for group in self.optimizer.param_groups:
            for p in group["params"]:
                if p._storage is not None and p._views:
                    raise Refused("a parameter is a view of another tensor")
                if as_lazy(p).hooks:
                    raise Refused("a parameter has hooks")

    def _step(self, rows: int) -> Step:
        """The step for batches of so many rows, made anew if what it relies on has changed."""
        found = self.kept.steps.get(rows)
        found = None if found is None else bound_to(found, self.parts)
        if found is None or not found.holds(self.optimizer):
            made = step_of(self.model, self.loss, self.optimizer, self.inputs, self.target, rows)
            found = replace(made, parts=tuple(self.parts))
            for key in [key for key in self.kept.units if key[0] == rows]:
                del self.kept.units[key]
        self.kept.steps[rows] = found
        check_memory([trained.tensor for trained in found.trained], found.constants, objective)
        return found

    def run(self, order: NDArray[np.int64], tick: Callable[[int], None]) -> NDArray[np.float64]:
        """Train for as many epochs as the order has; `Refused` comes before the first step."""
        size, count = self.batch_size, order.shape[1]
        full, rest = divmod(count, size)
        self._prepare(size if full else 0, rest)
        with Interrupts() as interrupts:
            if not rest:
                batches = order if full == 1 else order.reshape(-1, size)
                losses = self._chunks(batches, tick, interrupts).reshape(len(order), full)
                weights = np.full(full, size)
            else:
                weights = np.array([size] * full + [rest])
                losses = np.stack([self._epoch(rows, tick, interrupts) for rows in order])
        return _means(losses, weights)

    def _epoch(self, order: Array, tick: Callable[[int], None], interrupts: Interrupts) -> Array:
        """An epoch whose last batch is smaller."""
        full = len(order) // self.batch_size * self.batch_size
        parts = [order[full:].reshape(1, -1)]
        if full:
            parts.insert(0, order[:full].reshape(-1, self.batch_size))
        return np.concatenate([self._chunks(part, tick, interrupts) for part in parts])

    def _chunks(self, batches: Array, tick: Callable[[int], None], interrupts: Interrupts) -> Array:
        """Steps over batches, in calls of a few hundredths of a second each."""
        rows = batches.shape[1]
        step, data = self._step(rows), (*self.inputs, self.target)
        session = Session(step, self.optimizer, data, self.kept.units, _is_whole(batches, len(self.target)))
        most = session.most_steps()
        losses = []
        done = 0
        while done < len(batches):
            length = min(len(batches) - done, self._length(), most)
            found, self.pace = session.advance(batches[done : done + length], interrupts, self.pace)
            losses.append(found)
            done += length
            tick(length)
        return np.concatenate(losses)

    def _length(self) -> int:
        """How many steps the next call may have; the first one finds out how long a step takes."""
        return max(1, min(MOST_STEPS, int(CHUNK_SECONDS / self.pace))) if self.pace else 1


def _is_whole(batches: Array, rows: int) -> bool:
    """Whether each batch is all rows in their order."""
    if batches.shape[1] != rows:
        return False
    # the same row again and again is looked at once
    different = batches[:1] if batches.strides[0] == 0 else batches
    return bool(np.array_equal(different, np.broadcast_to(np.arange(rows), different.shape)))


def _means(losses: Array, weights: Array) -> Array:
    """The mean over rows of each epoch, added in the order of the batches."""
    totals: Array = np.cumsum(losses * weights, axis=1)[:, -1]
    return totals / float(weights.sum())
