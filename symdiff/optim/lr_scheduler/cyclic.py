"""The learning rate up and down between two bounds, again and again; momentum goes the other way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from symdiff.optim.lr_scheduler.base import LRScheduler, checked_optimizer, store_option
from symdiff.optim.optimizer import Optimizer

__all__ = ["CyclicLR"]

_SCALES: dict[str, Callable[[float, float], float]] = {
    "triangular": lambda gamma, x: 1.0,
    "triangular2": lambda gamma, x: 1 / (2.0 ** (x - 1)),
    "exp_range": lambda gamma, x: gamma**x,
}


class CyclicLR(LRScheduler):
    """Cycles of the learning rate, a step after each batch.

    Parameters
    ----------
    optimizer : Optimizer
    base_lr, max_lr : float or list of float
        The bounds.
    step_size_up, step_size_down : int
        Steps of the rising half, and of the falling one, which has as many if nothing is said.
    mode : str
        ``triangular``; ``triangular2`` halves the height with each cycle; ``exp_range`` multiplies it by ``gamma`` with
        each step.
    gamma : float
    scale_fn : callable, optional
        The height, instead of ``mode``: of the cycle, or of the step.
    scale_mode : str
        ``cycle`` or ``iterations``: what ``scale_fn`` is of.
    cycle_momentum : bool
    base_momentum, max_momentum : float or list of float
    last_epoch : int
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        groups = optimizer.param_groups
        base_lrs = _each("base_lr", groups, base_lr)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, groups, strict=True):
                store_option(group, "lr", lr)
        self.max_lrs = _each("max_lr", groups, max_lr)
        down = float(step_size_up if step_size_down is None else step_size_down)
        self.total_size = float(step_size_up) + down
        self.step_ratio = float(step_size_up) / self.total_size
        if mode not in _SCALES and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._set_momenta(base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def _set_momenta(self, base: float | list[float], top: float | list[float], last_epoch: int) -> None:
        groups, defaults = self.optimizer.param_groups, self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        self.use_beta1 = "betas" in defaults
        self.base_momentums = _each("base_momentum", groups, base)
        self.max_momentums = _each("max_momentum", groups, top)
        if last_epoch == -1:
            for high, low, group in zip(self.max_momentums, self.base_momentums, groups, strict=True):
                self._store_momentum(group, high)
                group["max_momentum"], group["base_momentum"] = high, low

    def _store_momentum(self, group: dict[str, Any], momentum: float) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum

    def scale_fn(self, x: float) -> float:
        """The height of a cycle, or at a step."""
        own = self._scale_fn_custom
        return own(x) if own is not None else _SCALES[self.mode](self.gamma, x)

    def get_lr(self) -> list[Any]:
        """The learning rates of the groups at this step; the momenta are set, too."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            pairs = zip(self.base_momentums, self.max_momentums, self.optimizer.param_groups, strict=True)
            for base, top, group in pairs:
                self._store_momentum(group, top - (top - base) * height)
        return [base + (top - base) * height for base, top in zip(self.base_lrs, self.max_lrs, strict=True)]


def _each(name: str, groups: list[Any], given: float | list[float]) -> list[float]:
    """One number for each group."""
    if not isinstance(given, list | tuple):
        return [given] * len(groups)
    if len(given) != len(groups):
        raise ValueError(f"{name} must have one entry for each of the {len(groups)} groups, got {len(given)}")
    return list(given)
