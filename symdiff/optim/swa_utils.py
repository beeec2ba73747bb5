"""Averages of a model's parameters along a training: PyTorch's ``torch.optim.swa_utils``."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from symdiff.nn.module import Module
from symdiff.nn.normalisations import BatchNorm1d, BatchNorm2d
from symdiff.optim.lr_scheduler import LRScheduler
from symdiff.optim.lr_scheduler.base import checked_optimizer
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.names import NAMES as T
from symdiff.tensors.tensor import Tensor

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip

Average = Callable[[Any, Any, Any], Any]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """An average that forgets: ``decay`` of it stays with each update."""
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")

    def update(averaged: Any, current: Any, num_averaged: Any) -> Any:
        return decay * averaged + (1 - decay) * current

    return update


def get_swa_avg_fn() -> Average:
    """The mean of all."""

    def update(averaged: Any, current: Any, num_averaged: Any) -> Any:
        return averaged + (current - averaged) / (num_averaged + 1)

    return update


def _of_all(average: Average) -> Callable[[Sequence[Any], Sequence[Any], Any], None]:
    def update(averaged: Sequence[Any], current: Sequence[Any], num_averaged: Any) -> None:
        with no_grad():
            for a, b in zip(averaged, current, strict=True):
                a.copy_(average(a, b, num_averaged))

    return update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Sequence[Any], Sequence[Any], Any], None]:
    """As `get_ema_avg_fn`, of lists of tensors, in place."""
    return _of_all(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[[Sequence[Any], Sequence[Any], Any], None]:
    """As `get_swa_avg_fn`, of lists of tensors, in place."""
    return _of_all(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of a model whose parameters are averages.

    Parameters
    ----------
    model : Module
    device : optional
        The CPU.
    avg_fn : callable, optional
        ``avg_fn(averaged, current, num_averaged)`` gives the next average of one tensor; the mean of all without it.
    multi_avg_fn : callable, optional
        The same of lists of tensors, in place.
    use_buffers : bool
        Whether buffers are averaged, too; else they are copied.
    """

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Callable[..., None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        if device is not None:
            T["device"](device)
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", T["tensor"](0, dtype=T["long"]))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def _averaged(self, model: Module) -> list[Any]:
        if not self.use_buffers:
            return list(model.parameters())
        return list(itertools.chain(model.parameters(), model.buffers()))

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of the model, as they are now, into the average."""
        own, current = self._averaged(self.module), [x.detach() for x in self._averaged(model)]
        count: Any = self.n_averaged
        with no_grad():
            if int(count) == 0:
                for a, b in zip(own, current, strict=True):
                    a.copy_(b)
            elif self.multi_avg_fn is not None:
                self.multi_avg_fn([a.detach() for a in own], current, count)
            else:
                average = self.avg_fn or get_swa_avg_fn()
                for a, b in zip(own, current, strict=True):
                    a.copy_(average(a.detach(), b, count))
            if not self.use_buffers:
                for a, b in zip(self.module.buffers(), model.buffers(), strict=True):
                    a.copy_(b)  # type: ignore[attr-defined]
            count += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running means and variances of a model's batch normalisations anew, from all batches alike.

    Parameters
    ----------
    loader : iterable
        Batches; of a list or tuple the first item is what the model is given.
    model : Module
    device : optional
        The CPU.
    """
    if device is not None:
        T["device"](device)
    layers: list[Any] = [m for m in model.modules() if isinstance(m, BatchNorm1d | BatchNorm2d)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    was_training = model.training
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    model.train()
    try:
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, list | tuple) else batch)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        model.train(was_training)


_ANNEALS: dict[str, Callable[[float], float]] = {
    "cos": lambda t: (1 - math.cos(math.pi * t)) / 2,
    "linear": lambda t: t,
}


class SWALR(LRScheduler):
    """The learning rate goes to one value in some epochs, and stays there.

    Parameters
    ----------
    optimizer : Optimizer
    swa_lr : float or list of float
        That value, by group.
    anneal_epochs : int
    anneal_strategy : str
        ``cos`` or ``linear``.
    last_epoch : int
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in _ANNEALS:
            raise ValueError(f"anneal_strategy must by one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        groups = checked_optimizer(optimizer).param_groups
        rates = list(swa_lr) if isinstance(swa_lr, list | tuple) else [swa_lr] * len(groups)
        if len(rates) != len(groups):
            raise ValueError(f"swa_lr must have one entry for each of the {len(groups)} groups, got {len(rates)}")
        for rate, group in zip(rates, groups, strict=True):
            group["swa_lr"] = rate
        self.anneal_epochs, self._strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _part(self, step: int) -> float:
        return _ANNEALS[self._strategy](max(0.0, min(1.0, step / max(1, self.anneal_epochs))))

    def get_lr(self) -> list[Any]:
        """The learning rates of the groups at this epoch."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        found = []
        for group in self.optimizer.param_groups:
            rate, last = group["lr"], group["swa_lr"]
            first = last if before == 1 else (rate - before * last) / (1 - before)
            found.append(last * now + first * (1 - now))
        return [r.clone() if isinstance(r, Tensor) else r for r in found]  # type: ignore[attr-defined]
