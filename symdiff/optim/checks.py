"""Checks of the options that optimisers share."""

from __future__ import annotations

from typing import Any

from symdiff.tensors.tensor import Tensor, as_lazy

__all__ = ["check_at_least_zero", "check_epsilon", "check_implementation", "check_learning_rate"]


def check_learning_rate(lr: Any) -> None:
    """A number that is not negative; it may be a tensor of one element."""
    if isinstance(lr, Tensor):
        count = 1
        for n in as_lazy(lr).shape:
            count *= n
        if count != 1:
            raise ValueError("Tensor lr must be 1-element")
        lr = lr.item()
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_at_least_zero(name: str, option: Any) -> None:
    """An option that must not be negative."""
    if not option >= 0.0:
        raise ValueError(f"Invalid {name} value: {option}")


def check_epsilon(eps: float) -> None:
    """What is added to a denominator."""
    if not eps >= 0.0:
        raise ValueError(f"Invalid epsilon value: {eps}")


def check_implementation(foreach: bool | None, fused: bool | None, differentiable: bool) -> None:
    """Options that choose among PyTorch's implementations; there is one here."""
    if differentiable:
        raise NotImplementedError("differentiable=True: a step of an optimizer is not recorded; write it with tensors")
    if foreach and fused:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
