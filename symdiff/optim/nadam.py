"""Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from symdiff.optim.checks import check_at_least_zero, check_epsilon, check_implementation, check_learning_rate
from symdiff.optim.more_adaptive import check_betas
from symdiff.optim.native import counted, number
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors import grad_mode
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import default_dtype

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam that goes on with the momentum of the next step.

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
    momentum_decay : float
        How soon the momentum grows to its full size.
    decoupled_weight_decay : bool
        Shrink the parameter itself instead.
    foreach, capturable : bool, optional
        Accepted, without a meaning.
    maximize : bool
        Go up instead of down.
    differentiable : bool
        Only False.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        check_epsilon(eps)
        check_betas(betas)
        check_at_least_zero("weight_decay", weight_decay)
        check_at_least_zero("momentum_decay", momentum_decay)
        check_implementation(foreach, None, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
                "capturable": capturable, "differentiable": differentiable,
            },
        )  # fmt: skip

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by their gradients."""
        loss = None
        if closure is not None:
            with grad_mode.enable_grad():
                loss = closure()
        with grad_mode.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p._grad is not None:
                        self._change(p, p._grad, group)
        return loss

    def _change(self, p: Any, g: Any, group: dict[str, Any]) -> None:
        state = self.state[p]
        if "exp_avg" not in state:
            kind = p.dtype.numpy
            state["step"] = made(np.zeros((), np.float32))
            state["mu_product"] = made(np.ones((), default_dtype().numpy))
            state["exp_avg"], state["exp_avg_sq"] = (made(np.zeros(tuple(p.shape), kind)) for _ in range(2))
        step = counted(state)
        lr, (beta1, beta2) = number(group["lr"]), map(number, group["betas"])
        decay, slowing = number(group["weight_decay"]), number(group["momentum_decay"])
        g = -g if group["maximize"] else g
        if decay and group["decoupled_weight_decay"]:
            p.mul_(1.0 - lr * decay)
        elif decay:
            g = g.add(p, alpha=decay)
        now, after = (beta1 * (1.0 - 0.5 * 0.96 ** (k * slowing)) for k in (step, step + 1.0))
        state["mu_product"].mul_(now)
        product = state["mu_product"].item()
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        mean.lerp_(g, 1.0 - beta1)
        square.mul_(beta2).addcmul_(g, g, value=1.0 - beta2)
        root = square.div(1.0 - beta2**step).sqrt().add(group["eps"])
        p.addcdiv_(g, root, value=-lr * (1.0 - now) / (1.0 - product))
        p.addcdiv_(mean, root, value=-lr * after / (1.0 - product * after))
