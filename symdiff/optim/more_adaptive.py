"""Adadelta, Adamax, RAdam and Rprop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any

from symdiff.ops import REGISTRY as R
from symdiff.optim.checks import check_at_least_zero, check_epsilon, check_implementation, check_learning_rate
from symdiff.optim.native import Flags, NativeOptimizer, flag, number

__all__ = ["Adadelta", "Adamax", "RAdam", "Rprop", "check_betas"]


def check_betas(betas: tuple[float, float]) -> None:
    """Refuse what no running mean has."""
    for k in range(2):
        if not 0.0 <= betas[k] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {k}: {betas[k]}")


class Adadelta(NativeOptimizer):
    """Steps as large as the running mean of former ones, in proportion to that of the gradients.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups.
    lr : float
    rho : float
        Of the running means.
    eps : float
        Added under the roots.
    weight_decay : float
        Adds this multiple of the parameter to the gradient.
    foreach, capturable : bool, optional
        Accepted, without a meaning.
    maximize : bool
        Go up instead of down.
    differentiable : bool
        Only False.
    """

    counts = (5, 0)

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_epsilon(eps)
        check_at_least_zero("weight_decay", weight_decay)
        check_implementation(foreach, None, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
                "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> Flags:
        return flag(group["weight_decay"]), group["maximize"]

    def kept(self, flags: Flags) -> tuple[str, ...]:
        return ("square_avg", "acc_delta")

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        rho = number(group["rho"])
        return number(group["lr"]), rho, 1.0 - rho, number(group["eps"]), number(group["weight_decay"])

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        lr, rho, share, eps, decay = numbers
        if flags[1]:
            g = -g
        if flags[0]:
            g = g + decay * p
        square = kept[0] * rho + share * g * g
        change = R["sqrt"](kept[1] + eps) / R["sqrt"](square + eps) * g
        return p - lr * change, square, kept[1] * rho + share * change * change


class Adamax(NativeOptimizer):
    """Adam with the largest gradient, fading, in the place of the mean square.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups.
    lr : float
    betas : tuple of float
        Of the running mean, and by which the largest fades.
    eps : float
        Added to the sizes of gradients.
    weight_decay : float
        Adds this multiple of the parameter to the gradient.
    foreach, capturable : bool, optional
        Accepted, without a meaning.
    maximize : bool
        Go up instead of down.
    differentiable : bool
        Only False.
    """

    counts = (5, 1)

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        check_epsilon(eps)
        check_betas(betas)
        check_at_least_zero("weight_decay", weight_decay)
        check_implementation(foreach, None, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
                "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> Flags:
        return flag(group["weight_decay"]), group["maximize"], group["betas"][0] > 0.5

    def kept(self, flags: Flags) -> tuple[str, ...]:
        return ("exp_avg", "exp_inf")

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        beta1, beta2 = map(number, group["betas"])
        return beta1, 1.0 - beta1, beta2, number(group["eps"]), number(group["weight_decay"])

    def own_basis(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        return number(group["lr"]), number(group["betas"][0])

    def own_numbers(self, basis: tuple[float, ...], step: float, begun: bool) -> tuple[float, ...]:
        return (basis[0] / (1.0 - basis[1] ** step),)

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        beta1, share, beta2, eps, decay, size = numbers
        before, largest = kept
        if flags[1]:
            g = -g
        if flags[0]:
            g = g + decay * p
        mean = before + share * (g - before) if flags[2] else g - (g - before) * beta1
        largest = R["maximum"](largest * beta2, R["absolute"](g) + eps)
        return p - size * mean / largest, mean, largest


class RAdam(NativeOptimizer):
    """Adam that does not divide by the mean square until enough steps have made it reliable.

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
    decoupled_weight_decay : bool
        Shrink the parameter itself instead.
    foreach, capturable : bool, optional
        Accepted, without a meaning.
    maximize : bool
        Go up instead of down.
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
        check_implementation(foreach, None, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
                "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> Flags:
        decay = flag(group["weight_decay"])
        return (
            decay and not group["decoupled_weight_decay"], decay and group["decoupled_weight_decay"],
            group["maximize"], group["betas"][0] > 0.5,
        )  # fmt: skip

    def kept(self, flags: Flags) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        lr, decay = number(group["lr"]), number(group["weight_decay"])
        beta1, beta2 = map(number, group["betas"])
        return (1.0 - lr * decay if flags[1] else decay), beta1, 1.0 - beta1, beta2, 1.0 - beta2, number(group["eps"])

    def own_basis(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        return number(group["lr"]), *map(number, group["betas"])

    def own_numbers(self, basis: tuple[float, ...], step: float, begun: bool) -> tuple[float, ...]:
        lr, beta1, beta2 = basis
        most = 2.0 / (1.0 - beta2) - 1.0
        length = most - 2.0 * step * beta2**step / (1.0 - beta2**step)
        rectified = 0.0
        if length > 5.0:
            share = (length - 4.0) * (length - 2.0) * most / ((most - 4.0) * (most - 2.0) * length)
            rectified = sqrt(share) * sqrt(1.0 - beta2**step)
        return lr / (1.0 - beta1**step), rectified

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        in_gradient, decoupled, maximize, slow = flags
        decay, beta1, share1, beta2, share2, eps, size, rectified = numbers
        before, square = kept
        if maximize:
            g = -g
        if in_gradient:
            g = g + decay * p
        if decoupled:
            p = p * decay
        mean = before + share1 * (g - before) if slow else g - (g - before) * beta1
        square = square * beta2 + share2 * g * g
        by_size = rectified / (R["sqrt"](square) + eps)
        return p - size * mean * R["where"](rectified > 0.0, by_size, 1.0), mean, square


class Rprop(NativeOptimizer):
    """Steps whose sizes grow while the sign of the gradient stays, and shrink when it changes.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups.
    lr : float
        The size of the first step.
    etas : tuple of float
        By which sizes shrink and grow.
    step_sizes : tuple of float
        The smallest and the largest size.
    capturable, foreach : bool, optional
        Accepted, without a meaning.
    maximize : bool
        Go up instead of down.
    differentiable : bool
        Only False.
    """

    counts = (5, 1)

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        check_implementation(foreach, None, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
                "differentiable": differentiable, "capturable": capturable,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> Flags:
        return (group["maximize"],)

    def kept(self, flags: Flags) -> tuple[str, ...]:
        return ("prev", "step_size")

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        return number(group["lr"]), *map(number, group["etas"]), *map(number, group["step_sizes"])

    def own_numbers(self, basis: tuple[float, ...], step: float, begun: bool) -> tuple[float, ...]:
        return (1.0 if begun else 0.0,)

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        lr, shrink, grow, least, most, begun = numbers
        before, size = kept
        if flags[0]:
            g = -g
        size = R["where"](begun > 0.0, size, lr)
        same = g * before
        factor = R["where"](same > 0.0, grow, R["where"](same < 0.0, shrink, 1.0))
        size = R["minimum"](R["maximum"](size * factor, least), most)
        g = R["where"](same < 0.0, 0.0, g)
        return p - R["sign"](g) * size, g, size
