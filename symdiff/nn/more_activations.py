"""Activations that are seldom used, as modules."""

from __future__ import annotations

from typing import Any

from symdiff.nn import activation_functions, init
from symdiff.nn import more_activation_functions as functions
from symdiff.nn.activations import InPlace
from symdiff.nn.linear_layers import fresh_parameter
from symdiff.nn.module import Module
from symdiff.nn.parameter import Parameter
from symdiff.tensors.dtypes import DType
from symdiff.tensors.tensor import Tensor

__all__ = [
    "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "PReLU", "Softmax2d", "Softshrink", "Tanhshrink", "Threshold",
]  # fmt: skip


class Hardsigmoid(InPlace):
    """A line from 0 at -3 to 1 at 3, and constant outside."""

    def forward(self, input: Tensor) -> Tensor:
        return functions.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardswish(InPlace):
    """``x * hardsigmoid(x)``."""

    def forward(self, input: Tensor) -> Tensor:
        return functions.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class _Shrink(Module):
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(_Shrink):
    """x where its size is above a bound, else zero."""

    def forward(self, input: Tensor) -> Tensor:
        return functions.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """x moved towards zero by a number, but not past it."""

    def forward(self, input: Tensor) -> Tensor:
        return functions.softshrink(input, self.lambd)


class Tanhshrink(Module):
    """``x - tanh(x)``."""

    def forward(self, input: Tensor) -> Tensor:
        return functions.tanhshrink(input)


class Threshold(Module):
    """x where it is above a bound, else a number."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        return functions.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """x where it is positive, else times a weight that is learned.

    Parameters
    ----------
    num_parameters : int
        One weight for all, or one for each channel.
    init : float
        What the weights begin with.
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = fresh_parameter((num_parameters,), dtype, device)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """What the weights begin with."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return functions.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class GLU(Module):
    """The first half along an axis, times the sigmoid of the second."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Any:
        return functions.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax2d(Module):
    """The softmax over the channels, at each place of images."""

    def forward(self, input: Any) -> Any:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return activation_functions.FUNCTIONS["softmax"](input, -3)
