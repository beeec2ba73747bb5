"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.optim.checks import check_at_least_zero, check_epsilon, check_implementation, check_learning_rate
from symdiff.optim.native import Flags, NativeOptimizer, flag, number

__all__ = ["RMSprop"]


class RMSprop(NativeOptimizer):
    """Divide the gradient by the root of the running mean of its square.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups.
    lr : float
    alpha : float
        Of the running mean.
    eps : float
        Added to the denominator.
    weight_decay : float
        Adds this multiple of the parameter to the gradient.
    momentum : float
    centered : bool
        Divide by the standard deviation instead.
    capturable, foreach : bool, optional
        Accepted, without a meaning.
    maximize : bool
        Go up instead of down.
    differentiable : bool
        Only False.
    """

    counts = (6, 0)

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        check_epsilon(eps)
        check_at_least_zero("momentum", momentum)
        check_at_least_zero("weight_decay", weight_decay)
        check_at_least_zero("alpha", alpha)
        check_implementation(foreach, None, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
                "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
                "differentiable": differentiable,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> Flags:
        return (
            flag(group["momentum"]), group["centered"], flag(group["weight_decay"]), group["maximize"],
            group["alpha"] > 0.5,
        )  # fmt: skip

    def kept(self, flags: Flags) -> tuple[str, ...]:
        return (
            "square_avg",
            *(("momentum_buffer",) if flags[0] else ()),
            *(("grad_avg",) if flags[1] else ()),
        )

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        alpha = number(group["alpha"])
        return (
            number(group["lr"]), number(group["weight_decay"]), alpha, 1.0 - alpha, number(group["eps"]),
            number(group["momentum"]),
        )  # fmt: skip

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        has_momentum, centered, has_decay, maximize, slow = flags
        lr, decay, alpha, share, eps, momentum = numbers
        if maximize:
            g = -g
        if has_decay:
            g = g + decay * p
        square = kept[0] * alpha + share * g * g
        state = [square]
        variance = square
        if centered:
            before = kept[-1]
            mean = before + share * (g - before) if slow else g - (g - before) * alpha
            variance = square - mean * mean
        denominator = R["sqrt"](variance) + eps
        if has_momentum:
            buffer = kept[1] * momentum + g / denominator
            state.append(buffer)
            new = p - lr * buffer
        else:
            new = p - lr * g / denominator
        return (new, *state, mean) if centered else (new, *state)
