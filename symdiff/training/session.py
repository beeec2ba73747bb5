"""Calls of a native training loop: what a call reads, and what becomes of its results."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.config import Options
from symdiff.frontend.program import Captured
from symdiff.ir.graph import Type
from symdiff.optim.native import NativeOptimizer
from symdiff.runtime.units import unit_of
from symdiff.tensors.assign import assign
from symdiff.tensors.creation import made
from symdiff.tensors.tensor import Tensor, as_lazy
from symdiff.training.engine import Array
from symdiff.training.interrupts import Interrupts
from symdiff.training.loop import Update, loop_of
from symdiff.training.step import Step, objective

__all__ = ["MOST_STEPS", "Session"]

OPTIONS = Options(strict=True)
"""No fused multiply-add across operations, as in the eager loop."""
LONG_STEP = 0.1
"""Seconds. Ctrl-C ends a call of one step that takes longer, or as long as nobody knows; else it waits for its end."""
MOST_STEPS = 1_000_000
DRAWN_BYTES = 1 << 24
"""Random numbers are drawn for as many steps as take this much memory."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What the optimiser remembers of a parameter under one name."""

    state: dict[str, Any]
    name: str
    parameter: Tensor

    def content(self) -> Any:
        """It, or zeros before the first step."""
        found = self.state.get(self.name)
        if found is not None:
            return _content(found)
        held = as_lazy(self.parameter)
        return np.zeros(held.shape, held.dtype.numpy)[()]

    def keep(self, array: Any) -> None:
        """Replace it."""
        found = self.state.get(self.name)
        if found is None:
            self.state[self.name] = made(np.asarray(array))
        else:
            assign(found, as_lazy(found), array)


class Session:
    """Calls with batches of one size.

    Parameters
    ----------
    step : Step
    optimizer : NativeOptimizer
    data : sequence of array
        The inputs and the target: all rows.
    units : dict
        Native loops made before, and now.
    whole : bool
        Whether each batch is all rows in their order.
    """

    def __init__(
        self,
        step: Step,
        optimizer: NativeOptimizer,
        data: Sequence[Array],
        units: dict[Any, Callable[..., Any]],
        whole: bool,
    ) -> None:
        self.step, self.optimizer, self.data, self.units, self.whole = step, optimizer, data, units, whole
        self.setups = [optimizer._setup(group) for group in optimizer.param_groups]
        self.parameters = [t for t in step.trained if t.group is not None]

    def most_steps(self) -> int:
        """How many steps a call may have, so that their random numbers take no more than some megabytes."""
        size = 0
        for captured in self.step.drawn:
            size += int(np.prod(captured.type.shape)) * np.dtype(captured.type.dtype).itemsize  # type: ignore[arg-type]
        return max(1, DRAWN_BYTES // size) if size else MOST_STEPS

    def advance(self, batches: Array, interrupts: Interrupts, pace: float) -> tuple[Array, float]:
        """Do some steps; if that fails, or is interrupted, nothing has changed.

        Parameters
        ----------
        batches : array
            The rows of each.
        interrupts : Interrupts
        pace : float
            Seconds that a step took before; 0 if that is not known yet.

        Returns
        -------
        array
            The losses.
        float
            Seconds that a step took.
        """
        count = len(batches)
        updates, keys, remembered = self._updates()
        unit = self._unit(updates)
        args = self._arguments(batches, updates, self._tables(keys, count), remembered)

        def compute() -> tuple[Any, float]:
            start = time.perf_counter()
            return unit(*args), (time.perf_counter() - start) / count

        def commit(results: Sequence[Any]) -> Array:
            losses, *changed = results
            self._keep(updates, remembered, changed, count)
            return np.asarray(losses)[:count]

        if not 0.0 < pace <= LONG_STEP:
            results, took = compute()
            return interrupts.step(commit, results), took

        def whole() -> tuple[Array, float]:
            results, took = compute()
            return commit(results), took

        return interrupts.step(whole)

    def _arguments(
        self, batches: Array, updates: Sequence[Update], tables: Sequence[Array], remembered: Sequence[_Remembered]
    ) -> list[Any]:
        groups = sorted({u.group for u in updates})
        count = len(batches)
        return [
            count,
            *[x for g in groups for x in self.setups[g].shared],
            *tables,
            *([] if self.whole else [_at_least_two(np.ascontiguousarray(batches))]),
            *self._drawn(count),
            *self.data,
            *map(_content, self.step.constants),
            np.zeros(max(count, 2)),
            *[_content(t.tensor) for t in self.step.trained],
            *[x.content() for x in remembered],
            *[0 for u in updates if u.asked],
        ]

    def _drawn(self, count: int) -> list[Array]:
        """Random numbers of some steps, drawn in the order in which the steps would draw them."""
        if not self.step.drawn:
            return []
        trips = [[c.read(objective) for c in self.step.drawn] for _ in range(count)]
        return [_at_least_two(np.stack(parts)) for parts in zip(*trips, strict=True)]

    def _updates(self) -> tuple[list[Update], list[Any], list[_Remembered]]:
        """How each parameter is changed, what tables of own numbers follow from, and what is remembered."""
        updates: list[Update] = []
        remembered: list[_Remembered] = []
        keys: dict[Any, int] = {}
        for trained in self.parameters:
            assert trained.group is not None
            setup = self.setups[trained.group]
            state = self.optimizer.state[trained.tensor] if setup.names else {}
            begun = bool(setup.names) and state.get(setup.names[0]) is not None
            key = (setup.basis, _taken(state), begun)
            table = keys.setdefault(key, len(keys)) if setup.names and self.optimizer.counts[1] else None
            updates.append(Update(trained.group, setup.flags, setup.names, table, trained.asked))
            remembered += [_Remembered(state, name, trained.tensor) for name in setup.names]
        return updates, list(keys), remembered

    def _tables(self, keys: Sequence[Any], count: int) -> list[Array]:
        """A row of own numbers for each step."""
        own = self.optimizer.own_numbers
        return [
            _at_least_two(np.array([own(basis, taken + 1.0 + k, begun or k > 0) for k in range(count)], np.float64))
            for basis, taken, begun in keys
        ]

    def _keep(
        self, updates: Sequence[Update], remembered: Sequence[_Remembered], changed: Sequence[Any], count: int
    ) -> None:
        """Give parameters, buffers and the optimiser what the steps made of them."""
        own = iter(changed[len(self.step.trained) + len(remembered) :])
        steps = [int(next(own)) if update.asked else count for update in updates]
        kept = iter(zip(remembered, changed[len(self.step.trained) :], strict=False))
        for trained, array in zip(self.step.trained, changed, strict=False):
            assign(trained.tensor, as_lazy(trained.tensor), array)
        for trained, update, taken in zip(self.parameters, updates, steps, strict=True):
            if update.kept and self.optimizer.counts_steps and taken:
                state = self.optimizer.state[trained.tensor]
                step = state.setdefault("step", made(np.zeros((), np.float32)))
                assign(step, as_lazy(step), _taken(state) + taken)
            for _ in update.kept:
                place, array = next(kept)
                if taken:  # nothing is remembered of a parameter before its first step
                    place.keep(array)
        self.optimizer.steps_taken += count

    def _unit(self, updates: Sequence[Update]) -> Callable[..., Any]:
        rows = self.step.function.params[0].type.shape[0]
        key = (rows, self.whole, tuple(updates))
        unit = self.units.get(key)
        if unit is None:
            data = [Type(a.dtype.name, a.shape) for a in self.data]
            function = loop_of(self.step, self.optimizer, updates, data, whole=self.whole)
            unit = self.units[key] = unit_of(function, OPTIONS).builtin
        return unit


def _taken(state: dict[str, Any]) -> float:
    """How many steps a parameter has taken."""
    return float(state["step"].item()) if "step" in state else 0.0


def _content(found: Tensor | Captured) -> Any:
    """What is passed for a tensor, or for something outside the model."""
    content = found._elements if isinstance(found, Tensor) else found.read(objective)
    return content.item() if isinstance(content, np.integer | np.bool_) else content


def _at_least_two(array: Array) -> Array:
    """What is passed for steps has two rows or more: an axis of one is another type."""
    return array if len(array) > 1 else np.concatenate([array, array])
