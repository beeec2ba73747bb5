"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.optim.checks import check_at_least_zero, check_epsilon, check_implementation, check_learning_rate
from symdiff.optim.native import Flags, NativeOptimizer, flag, number

__all__ = ["Adam", "AdamW"]


class Adam(NativeOptimizer):
    """Adaptive moments.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups.
    lr : float
    betas : tuple of float
        Of the running means of the gradient and of its square.
    eps : float
        Added to the denominator.
    weight_decay : float
        Adds this multiple of the parameter to the gradient.
    amsgrad : bool
        Divide by the largest mean square so far.
    maximize : bool
        Go up instead of down.
    decoupled_weight_decay : bool
        Shrink the parameter itself instead of adding to the gradient.
    foreach, fused, capturable : bool, optional
        Accepted, without a meaning.
    differentiable : bool
        Only False.
    """

    counts = (6, 2)

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_learning_rate(lr)
        check_epsilon(eps)
        for k in range(2):
            if not 0.0 <= betas[k] < 1.0:
                raise ValueError(f"Invalid beta parameter at index {k}: {betas[k]}")
        check_at_least_zero("weight_decay", weight_decay)
        check_implementation(foreach, fused, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
                "maximize": maximize, "foreach": foreach, "capturable": capturable,
                "differentiable": differentiable, "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> Flags:
        decay = flag(group["weight_decay"])
        decoupled = decay and group["decoupled_weight_decay"]
        return group["amsgrad"], decay and not decoupled, decoupled, group["maximize"], group["betas"][0] > 0.5

    def kept(self, flags: Flags) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if flags[0] else ("exp_avg", "exp_avg_sq")

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        lr, decay = number(group["lr"]), number(group["weight_decay"])
        beta1, beta2 = map(number, group["betas"])
        shrink = 1.0 - lr * decay
        return (shrink if flags[2] else decay), beta1, 1.0 - beta1, beta2, 1.0 - beta2, number(group["eps"])

    def own_basis(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        beta1, beta2 = map(number, group["betas"])
        return number(group["lr"]), beta1, beta2

    def own_numbers(self, basis: tuple[float, ...], step: float, begun: bool) -> tuple[float, ...]:
        lr, beta1, beta2 = basis
        return lr / (1.0 - beta1**step), sqrt(1.0 - beta2**step)

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        amsgrad, decay_in_gradient, decoupled, maximize, slow = flags
        decay, beta1, share1, beta2, share2, eps, size, correction = numbers
        mean, square = kept[:2]
        if maximize:
            g = -g
        if decay_in_gradient:
            g = g + decay * p
        if decoupled:
            p = p * decay
        mean = mean + share1 * (g - mean) if slow else g - (g - mean) * beta1
        square = square * beta2 + share2 * g * g
        largest = R["maximum"](kept[2], square) if amsgrad else square
        denominator = R["sqrt"](largest) / correction + eps
        new = p - size * mean / denominator
        return (new, mean, square, largest) if amsgrad else (new, mean, square)


class AdamW(Adam):
    """Adam that shrinks the parameters by themselves: weight decay is no part of the gradient.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups.
    lr, betas, eps, amsgrad, maximize, foreach, capturable, differentiable, fused
        As of `Adam`.
    weight_decay : float
        Each step multiplies the parameters by ``1 - lr * weight_decay`` first.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad,
            foreach=foreach, maximize=maximize, capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=True,
        )  # fmt: skip
