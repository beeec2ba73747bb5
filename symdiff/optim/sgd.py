"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from symdiff.optim.checks import check_at_least_zero, check_implementation, check_learning_rate
from symdiff.optim.native import Flags, NativeOptimizer, flag, number

__all__ = ["SGD"]


class SGD(NativeOptimizer):
    """Stochastic gradient descent, with momentum.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups.
    lr : float
    momentum : float
    dampening : float
        Of the gradient in the running sum of momentum.
    weight_decay : float
        Adds this multiple of the parameter to the gradient.
    nesterov : bool
        Look one step of momentum ahead.
    maximize : bool
        Go up instead of down.
    foreach, fused : bool, optional
        Accepted, without a meaning: all parameters are changed in one native call anyway.
    differentiable : bool
        Only False.
    """

    counts = (2, 2)
    counts_steps = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_learning_rate(lr)
        check_at_least_zero("momentum", momentum)
        check_at_least_zero("weight_decay", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_implementation(foreach, fused, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
                "fused": fused,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> Flags:
        return flag(group["momentum"]), group["nesterov"], flag(group["weight_decay"]), group["maximize"]

    def kept(self, flags: Flags) -> tuple[str, ...]:
        return ("momentum_buffer",) if flags[0] else ()

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        return number(group["lr"]), number(group["weight_decay"])

    def own_basis(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        return number(group["momentum"]), 1.0 - number(group["dampening"])

    def own_numbers(self, basis: tuple[float, ...], step: float, begun: bool) -> tuple[float, ...]:
        # the first gradient is taken as it is: the buffer it is added to is zero
        return basis if begun else (basis[0], 1.0)

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        has_momentum, nesterov, has_decay, maximize = flags
        lr, decay, *rest = numbers
        if maximize:
            g = -g
        if has_decay:
            g = g + decay * p
        if not has_momentum:
            return (p - lr * g,)
        momentum, share = rest
        buffer = kept[0] * momentum + share * g
        g = g + momentum * buffer if nesterov else buffer
        return p - lr * g, buffer
