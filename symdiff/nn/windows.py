"""Convolutions and pooling as modules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from symdiff.nn import init
from symdiff.nn import window_functions as functions
from symdiff.nn.linear_layers import fresh_parameter
from symdiff.nn.module import Module
from symdiff.nn.parameter import Parameter
from symdiff.nn.window_functions import each_axis
from symdiff.tensors.dtypes import DType
from symdiff.tensors.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "MaxPool1d",
    "MaxPool2d",
    "draw_kernels",
]

Sizes = int | Sequence[int]
FUNCTIONS = functions.FUNCTIONS
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def draw_kernels(weight: Parameter, bias: Parameter | None) -> None:
    """Draw both uniformly within one over the root of how many numbers each output is computed from."""
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    fan = math.prod(weight.shape[1:])
    if bias is not None and fan:
        bound = 1 / math.sqrt(fan)
        init.uniform_(bias, -bound, bound)


class _Convolution(Module):
    """Cross-correlation with kernels that are learned.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, dilation : int or sequence of int
    padding : int, sequence of int, ``"same"`` or ``"valid"``
    groups : int
        Into how many parts channels are divided, each with kernels of its own.
    bias : bool
    padding_mode : str
        What the border consists of: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
    """

    axes = 0
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = each_axis(kernel_size, self.axes), each_axis(stride, self.axes)
        self.padding = padding if isinstance(padding, str) else each_axis(padding, self.axes)
        self.dilation, self.padding_mode = each_axis(dilation, self.axes), padding_mode
        self._check()
        self.weight = fresh_parameter((out_channels, in_channels // groups, *self.kernel_size), dtype, device)
        self.register_parameter("bias", fresh_parameter((out_channels,), dtype, device) if bias else None)
        self.reset_parameters()

    def _check(self) -> None:
        if self.groups <= 0:
            raise ValueError("groups must be a positive integer")
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        if self.out_channels % self.groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(self.padding, str):
            if self.padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {self.padding!r}, should be one of {{'valid', 'same'}}")
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if self.padding_mode not in PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {set(PADDING_MODES)}, but got padding_mode='{self.padding_mode}'"
            )

    def reset_parameters(self) -> None:
        """Draw both uniformly within one over the root of how many numbers each output is computed from."""
        draw_kernels(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        call = FUNCTIONS[f"conv{self.axes}d"]
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = FUNCTIONS["pad"](input, self._border(), self.padding_mode), 0
        found: Tensor = call(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return found

    def _border(self) -> list[int]:
        """The widths of the border, for the last axis first."""
        if not isinstance(self.padding, str):
            return [p for p in self.padding[::-1] for _ in range(2)]
        totals = [d * (k - 1) if self.padding == "same" else 0
                  for d, k in zip(self.dilation[::-1], self.kernel_size[::-1], strict=True)]  # fmt: skip
        return [width for total in totals for width in (total // 2, total - total // 2)]

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.axes:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.axes:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        text += "" if self.bias is not None else ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class Conv1d(_Convolution):
    __doc__ = _Convolution.__doc__
    axes = 1


class Conv2d(_Convolution):
    __doc__ = _Convolution.__doc__
    axes = 2


class _MaxPool(Module):
    """The largest element of each window."""

    axes = 0

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = FUNCTIONS[f"max_pool{self.axes}d"](
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )
        return found

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    __doc__ = _MaxPool.__doc__
    axes = 1


class MaxPool2d(_MaxPool):
    __doc__ = _MaxPool.__doc__
    axes = 2


class AvgPool1d(Module):
    """The mean of each window of a signal."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = each_axis(kernel_size, 1)
        self.stride = self.kernel_size if stride is None else each_axis(stride, 1)
        self.padding, self.ceil_mode, self.count_include_pad = each_axis(padding, 1), ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = FUNCTIONS["avg_pool1d"](
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )
        return found

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """The mean of each window of an image."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = FUNCTIONS["avg_pool2d"](
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            divisor_override=self.divisor_override,
        )
        return found

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AdaptiveAvgPool(Module):
    """Means of as many windows as the output shall have."""

    axes = 0

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = FUNCTIONS[f"adaptive_avg_pool{self.axes}d"](input, self.output_size)
        return found

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    __doc__ = _AdaptiveAvgPool.__doc__
    axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    __doc__ = _AdaptiveAvgPool.__doc__
    axes = 2
