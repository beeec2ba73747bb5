"""The training loop as native code: many steps in one call."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symdiff.config import Options
from symdiff.frontend.program import Captured
from symdiff.ir.graph import Type
from symdiff.nn.module import Module
from symdiff.nn.parsing import named_tensors
from symdiff.optim.native import NativeOptimizer
from symdiff.optim.optimizer import Optimizer
from symdiff.runtime.units import unit_of
from symdiff.tensors.assign import assign
from symdiff.tensors.creation import made
from symdiff.tensors.tensor import Tensor, as_lazy
from symdiff.training.engine import Array, Engine, Refused
from symdiff.training.interrupts import Interrupts
from symdiff.training.loop import Update, loop_of
from symdiff.training.step import Step, objective, step_of

__all__ = ["compiled"]

OPTIONS = Options(strict=True)
"""No fused multiply-add across operations, as in the eager loop."""

CHUNK_SECONDS = 0.05
"""How long a call should take: Ctrl-C is answered, and progress is shown, in between."""
FIRST_STEPS = 8
"""Steps of the first call, whose time tells how many the next one may have."""
MOST_STEPS = 1_000_000
MOST_KEPT = 8
"""Models whose native loops are kept; they are kept alive by that."""
DRAWN_BYTES = 1 << 24
"""Random numbers are drawn for as many steps as take this much memory."""


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
    if not isinstance(optimizer, NativeOptimizer) or type(optimizer).step is not NativeOptimizer.step:
        raise Refused(f"the optimizer {type(optimizer).__name__} has a step of its own")
    kept = _kept_for(model, loss, optimizer, inputs, target)
    return NativeLoop(model, loss, optimizer, inputs, target, batch_size, kept)


@dataclass(eq=False)
class Kept:
    """What was compiled for a model, a loss and a kind of optimiser.

    Attributes
    ----------
    held : tuple
        What it was made of: as long as it is kept, nothing else gets their identities.
    steps : dict
        By the rows of a batch.
    units : dict
        Native loops.
    """

    held: tuple[Any, ...]
    steps: dict[int, Step] = field(default_factory=dict)
    units: dict[Any, Callable[..., Any]] = field(default_factory=dict)


_KEPT: OrderedDict[Any, Kept] = OrderedDict()


def _kept_for(model: Module, loss: Any, optimizer: NativeOptimizer, inputs: tuple[Array, ...], target: Array) -> Kept:
    """What was compiled before for the same, if anything: training goes on, or begins anew, without compiling."""
    tensors = [t for part in (model, loss) if isinstance(part, Module) for _, t in named_tensors(part)]
    groups = [group["params"] for group in optimizer.param_groups]
    held = (model, loss, type(optimizer), *tensors)
    data = [(a.dtype.name, a.shape) for a in (*inputs, target)]
    trained = [tuple((id(p), p.requires_grad) for p in group) for group in groups]
    key = (*map(id, held), *data, *trained)
    found = _KEPT.pop(key) if key in _KEPT else Kept((*held, *groups))
    _KEPT[key] = found
    while len(_KEPT) > MOST_KEPT:
        _KEPT.popitem(last=False)
    return found


class NativeLoop:
    """An engine that runs steps in native code, many in a call.

    Parameters
    ----------
    model, loss, optimizer, inputs, target, batch_size
        As of `compiled`.
    kept : Kept
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
        kept: Kept,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.inputs, self.target, self.batch_size = inputs, target, batch_size
        self.kept = kept
        self.pace = 0.0
        self._check()
        self.draws = bool(self._step(batch_size).drawn)

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
        if found is None or not all(guard.holds(objective) for guard in found.program.guards):
            found = step_of(self.model, self.loss, self.optimizer, self.inputs, self.target, rows)
            self.kept.steps[rows] = found
            for key in [key for key in self.kept.units if key[0] == rows]:
                del self.kept.units[key]
        return found

    def run(self, order: NDArray[np.int64], tick: Callable[[int], None]) -> NDArray[np.float64]:
        """Train for as many epochs as the order has."""
        size, count = self.batch_size, order.shape[1]
        full, rest = divmod(count, size)
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
        session = _Session(self, batches.shape[1], _is_whole(batches, len(self.target)))
        most = session.most_steps()
        losses = []
        done = 0
        while done < len(batches):
            length = min(len(batches) - done, self._length(), most)
            part = batches[done : done + length]
            losses.append(interrupts.step(session.advance, part) if length > 1 else session.advance(part))
            done += length
            tick(length)
        return np.concatenate(losses)

    def _length(self) -> int:
        if not self.pace:
            return FIRST_STEPS
        return max(1, min(MOST_STEPS, int(CHUNK_SECONDS / self.pace)))


class _Session:
    """Calls with batches of one size, and what they read and change."""

    def __init__(self, engine: NativeLoop, rows: int, whole: bool) -> None:
        self.engine, self.rows, self.whole = engine, rows, whole
        self.step = engine._step(rows)
        self.setups = [engine.optimizer._setup(group) for group in engine.optimizer.param_groups]
        self.parameters = [t for t in self.step.trained if t.group is not None]

    def most_steps(self) -> int:
        """How many steps a call may have, so that their random numbers take no more than some megabytes."""
        size = 0
        for captured in self.step.drawn:
            size += int(np.prod(captured.type.shape)) * np.dtype(captured.type.dtype).itemsize  # type: ignore[arg-type]
        return max(1, DRAWN_BYTES // size) if size else MOST_STEPS

    def advance(self, batches: Array) -> Array:
        """Do some steps, and return their losses."""
        engine, count = self.engine, len(batches)
        updates, tables, states = self._updates(count)
        unit = self._unit(updates, count == 1)
        start = time.perf_counter()
        results = unit(
            count,
            *self._numbers(updates),
            *tables,
            *([] if self.whole else [np.ascontiguousarray(batches)]),
            *self._drawn(count),
            *engine.inputs,
            engine.target,
            *map(_content, self.step.constants),
            np.zeros(count),
            *[_content(t.tensor) for t in self.step.trained],
            *map(_content, states),
        )
        engine.pace = (time.perf_counter() - start) / count
        losses, *changed = results
        tensors = [*[t.tensor for t in self.step.trained], *states]
        for tensor, array in zip(tensors, changed, strict=True):
            assign(tensor, as_lazy(tensor), array)
        self._count(updates, count)
        engine.optimizer.steps_taken += count
        return np.asarray(losses)

    def _drawn(self, count: int) -> list[Array]:
        """Random numbers of some steps, drawn in the order in which the steps would draw them."""
        if not self.step.drawn:
            return []
        trips = [[c.read(objective) for c in self.step.drawn] for _ in range(count)]
        return [np.stack(parts) for parts in zip(*trips, strict=True)]

    def _numbers(self, updates: Sequence[Update]) -> list[float]:
        groups = sorted({u.group for u in updates})
        return [x for g in groups for x in self.setups[g].shared]

    def _updates(self, count: int) -> tuple[list[Update], list[Array], list[Tensor]]:
        """How each parameter is changed, the tables of own numbers, and the tensors that are remembered."""
        optimizer = self.engine.optimizer
        updates: list[Update] = []
        states: list[Tensor] = []
        keys: dict[Any, int] = {}
        for trained in self.parameters:
            assert trained.group is not None
            setup = self.setups[trained.group]
            state = optimizer.state[trained.tensor] if setup.names else {}
            taken = _taken(state)
            begun = bool(setup.names) and state.get(setup.names[0]) is not None
            key = (setup.basis, taken, begun)
            table = keys.setdefault(key, len(keys)) if setup.names and optimizer.counts[1] else None
            if setup.names and optimizer.counts_steps and "step" not in state:
                state["step"] = made(np.zeros((), np.float32))
            updates.append(Update(trained.group, setup.flags, setup.names, table))
            for name in setup.names:
                if state.get(name) is None:
                    held = as_lazy(trained.tensor)
                    state[name] = made(np.zeros(held.shape, held.dtype.numpy))
                states.append(state[name])
        tables = [
            np.array([optimizer.own_numbers(basis, taken + 1.0 + k, begun or k > 0) for k in range(count)], np.float64)
            for basis, taken, begun in keys
        ]
        return updates, tables, states

    def _count(self, updates: Sequence[Update], count: int) -> None:
        """Note in the state of each parameter how many steps it took."""
        optimizer = self.engine.optimizer
        if not optimizer.counts_steps:
            return
        for trained, update in zip(self.parameters, updates, strict=True):
            if update.kept:
                state = optimizer.state[trained.tensor]
                assign(state["step"], as_lazy(state["step"]), _taken(state) + count)

    def _unit(self, updates: Sequence[Update], single: bool) -> Callable[..., Any]:
        engine = self.engine
        key = (self.rows, self.whole, single, tuple(updates))
        unit = engine.kept.units.get(key)
        if unit is None:
            data = [Type(a.dtype.name, a.shape) for a in (*engine.inputs, engine.target)]
            function = loop_of(self.step, engine.optimizer, updates, data, whole=self.whole, single=single)
            unit = engine.kept.units[key] = unit_of(function, OPTIONS).builtin
        return unit


def _taken(state: dict[str, Any]) -> float:
    """How many steps a parameter has taken."""
    return float(state["step"].item()) if "step" in state else 0.0


def _content(found: Tensor | Captured) -> Any:
    """What is passed for a tensor, or for something outside the model."""
    content = found._elements if isinstance(found, Tensor) else found.read(objective)
    return content.item() if isinstance(content, np.integer | np.bool_) else content


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
