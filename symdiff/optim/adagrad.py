"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.optim.checks import check_at_least_zero, check_epsilon, check_implementation, check_learning_rate
from symdiff.optim.native import Flags, NativeOptimizer, flag, number
from symdiff.tensors.creation import made
from symdiff.tensors.tensor import as_lazy

__all__ = ["Adagrad"]


class Adagrad(NativeOptimizer):
    """Divide the gradient by the root of the sum of its squares so far.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups.
    lr : float
    lr_decay : float
        The rate of step ``n`` is divided by ``1 + (n - 1) * lr_decay``.
    weight_decay : float
        Adds this multiple of the parameter to the gradient.
    initial_accumulator_value : float
        What the sum begins with.
    eps : float
        Added to the denominator.
    foreach, fused : bool, optional
        Accepted, without a meaning.
    maximize : bool
        Go up instead of down.
    differentiable : bool
        Only False.
    """

    counts = (2, 1)

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_learning_rate(lr)
        check_at_least_zero("lr_decay", lr_decay)
        check_at_least_zero("weight_decay", weight_decay)
        check_at_least_zero("initial_accumulator_value", initial_accumulator_value)
        check_epsilon(eps)
        check_implementation(foreach, fused, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
                "differentiable": differentiable, "fused": fused,
            },
        )  # fmt: skip

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimise further parameters; what is remembered of them begins at once."""
        super().add_param_group(param_group)
        first = self.defaults["initial_accumulator_value"]
        for p in self.param_groups[-1]["params"]:
            value = as_lazy(p)
            self.state[p] = {
                "step": made(np.zeros((), np.float32)),
                "sum": made(np.full(value.shape, first, value.dtype.numpy)),
            }

    def flags(self, group: dict[str, Any]) -> Flags:
        return flag(group["weight_decay"]), group["maximize"]

    def kept(self, flags: Flags) -> tuple[str, ...]:
        return ("sum",)

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        return number(group["weight_decay"]), number(group["eps"])

    def own_basis(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        return number(group["lr"]), number(group["lr_decay"])

    def own_numbers(self, basis: tuple[float, ...], step: float, begun: bool) -> tuple[float, ...]:
        lr, decay = basis
        return (lr / (1.0 + (step - 1.0) * decay),)

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        has_decay, maximize = flags
        decay, eps, rate = numbers
        if maximize:
            g = -g
        if has_decay:
            g = g + decay * p
        total = kept[0] + g * g
        return p - rate * g / (R["sqrt"](total) + eps), total
