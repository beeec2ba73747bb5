"""Activations that are seldom used, as functions of tensors: each one recorded operation, but for `glu`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.nn.activation_functions import stored
from symdiff.ops import REGISTRY as R
from symdiff.tensors.operations import operation, record
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""


@operation("hardsigmoid", "HardsigmoidBackward0")
def _hardsigmoid(x: Any) -> Any:
    return R["where"](x <= -3.0, 0.0, R["where"](x >= 3.0, 1.0, x / 6.0 + 0.5))


@operation("hardswish", "HardswishBackward0")
def _hardswish(x: Any) -> Any:
    return R["where"](x <= -3.0, 0.0, R["where"](x >= 3.0, x, x * (x + 3.0) / 6.0))


@operation("hardshrink", "HardshrinkBackward0")
def _hardshrink(x: Any, size: float) -> Any:
    return R["where"](R["absolute"](x) <= size, 0.0, x)


@operation("softshrink", "SoftshrinkBackward0")
def _softshrink(x: Any, size: float) -> Any:
    return R["where"](x > size, x - size, R["where"](x < -size, x + size, 0.0))


@operation("tanhshrink", "SubBackward0")
def _tanhshrink(x: Any) -> Any:
    return x - R["tanh"](x)


@operation("threshold", "ThresholdBackward0")
def _threshold(x: Any, above: float, value: float) -> Any:
    return R["where"](x <= above, value, x)


@operation("prelu", "PreluKernelBackward0")
def _prelu(x: Any, weight: Any) -> Any:
    return R["where"](x > 0, x, x * weight)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """A line from 0 at -3 to 1 at 3, and constant outside."""
    return stored(input, record(_hardsigmoid, (as_lazy(input),)), inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * hardsigmoid(x)``."""
    return stored(input, record(_hardswish, (as_lazy(input),)), inplace)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where its size is above a bound, else zero."""
    return wrap(record(_hardshrink, (as_lazy(input),), (float(lambd),)))


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards zero by a number, but not past it."""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return wrap(record(_softshrink, (as_lazy(input),), (float(lambd),)))


def tanhshrink(input: Tensor) -> Tensor:
    """``x - tanh(x)``."""
    return wrap(record(_tanhshrink, (as_lazy(input),)))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it is above a bound, else a number."""
    return stored(input, record(_threshold, (as_lazy(input),), (float(threshold), float(value))), inplace)


def prelu(input: Any, weight: Any) -> Tensor:
    """x where it is positive, else times a weight: one for all, or one for each channel."""
    count = weight.numel()
    if count != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if count != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {count} and channel "
                f"size = {channels}."
            )
        weight = weight.reshape((count, *[1] * (input.ndim - 2)))
    return wrap(record(_prelu, (as_lazy(input), as_lazy(weight))))


def glu(input: Any, dim: int = -1) -> Any:
    """The first half along an axis, times the sigmoid of the second."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    if input.shape[dim] % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.ndim} is size {input.shape[dim]}"
        )
    first, second = input.chunk(2, dim)
    return first * second.sigmoid()


for _function in (hardsigmoid, hardswish, hardshrink, softshrink, tanhshrink, threshold, prelu, glu):
    FUNCTIONS[_function.__name__] = _function
