"""What all schedules share: the epoch they are in, and how they set the learning rates of the groups."""

from __future__ import annotations

import warnings
from typing import Any

from symdiff.optim.optimizer import Optimizer
from symdiff.tensors import grad_mode
from symdiff.tensors.tensor import Tensor

__all__ = ["LRScheduler", "checked_optimizer", "store_option"]


def checked_optimizer(optimizer: Any) -> Optimizer:
    """The optimiser itself, if it is one."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def store_option(group: dict[str, Any], name: str, new: Any) -> None:
    """Change an option of a group; a tensor remains the same one, with another element."""
    before = group[name]
    if not isinstance(before, Tensor):
        group[name] = new
        return
    with grad_mode.no_grad():
        before.fill_(new.item() if isinstance(new, Tensor) else new)  # type: ignore[attr-defined]


def copied(option: Any) -> Any:
    """An option that does not change when a tensor is stored into."""
    return option.detach().clone() if isinstance(option, Tensor) else option  # type: ignore[attr-defined]


class LRScheduler:
    """The base of schedules.

    Parameters
    ----------
    optimizer : Optimizer
    last_epoch : int
        The epoch before the next one; -1 to begin.

    Attributes
    ----------
    base_lrs : list of float
        What the schedule began with, by group.
    last_epoch : int
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked_optimizer(optimizer)
        for k, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{k}] when resuming scheduler with "
                    "last_epoch >= 0. Load the optimizer's state before the scheduler is made."
                )
        self.base_lrs: list[Any] = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        optimizer.watch()
        self._step_count = 0
        self._is_initial = False
        self._get_lr_called_within_step = False
        self._last_lr: list[Any] = []
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_last_lr(self) -> list[Any]:
        """The learning rates that were set last, by group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The learning rates of this epoch, from those of the epoch before."""
        raise NotImplementedError

    def _closed_form(self) -> list[Any]:
        """The learning rates of this epoch, from those of the beginning."""
        return self.get_lr()

    def _lrs(self) -> list[Any]:
        return [copied(group["lr"]) for group in self.optimizer.param_groups]

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or to a given one."""
        if self._step_count == 1 and not self.optimizer.stepped_since_watched():
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite order: "
                "otherwise the first learning rate of the schedule is skipped.",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(
                "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. "
                "Please use `scheduler.step()` to step the scheduler.",
                UserWarning,
                stacklevel=2,
            )
        self._go_to(epoch)

    def _go_to(self, epoch: int | None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                found = self.get_lr()
            else:
                self.last_epoch = epoch
                found = self._closed_form()
        finally:
            self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, found, strict=True):
            store_option(group, "lr", lr)
        self._last_lr = self._lrs()

    def state_dict(self) -> dict[str, Any]:
        """All but the optimiser."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        vars(self).update(state_dict)
