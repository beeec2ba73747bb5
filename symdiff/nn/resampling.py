"""Layers that make images and signals larger, pad them, or put channels and places in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.nn import resampling_functions as functions
from symdiff.nn.linear_layers import fresh_parameter
from symdiff.nn.module import Module
from symdiff.nn.parameter import Parameter
from symdiff.nn.window_functions import FUNCTIONS as WINDOWS
from symdiff.nn.window_functions import each_axis
from symdiff.nn.windows import draw_kernels
from symdiff.tensors.dtypes import DType

__all__ = [
    "CircularPad1d", "CircularPad2d", "ConstantPad1d", "ConstantPad2d", "ConvTranspose1d", "ConvTranspose2d", "Fold",
    "PixelShuffle", "PixelUnshuffle", "ReflectionPad1d", "ReflectionPad2d", "ReplicationPad1d", "ReplicationPad2d",
    "Unfold", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d", "ZeroPad1d", "ZeroPad2d",
]  # fmt: skip

Sizes = int | Sequence[int]


class _Transposed(Module):
    """A transposed convolution: each element adds the kernel, times itself, to the result.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, output_padding : int or sequence of int
    groups : int
    bias : bool
    dilation : int or sequence of int
    padding_mode : str
        Only ``"zeros"``.
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
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{'in' if in_channels % groups else 'out'}_channels must be divisible by groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = each_axis(kernel_size, self.axes), each_axis(stride, self.axes)
        self.padding, self.dilation = each_axis(padding, self.axes), each_axis(dilation, self.axes)
        self.output_padding, self.padding_mode = each_axis(output_padding, self.axes), padding_mode
        self.weight = fresh_parameter((in_channels, out_channels // groups, *self.kernel_size), dtype, device)
        self.register_parameter("bias", fresh_parameter((out_channels,), dtype, device) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both uniformly, as a convolution does."""
        draw_kernels(self.weight, self.bias)

    def forward(self, input: Any, output_size: Sequence[int] | None = None) -> Any:
        extra = self.output_padding if output_size is None else self._extra(input, output_size)
        return functions.FUNCTIONS[f"conv_transpose{self.axes}d"](
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def _extra(self, input: Any, output_size: Sequence[int]) -> tuple[int, ...]:
        """How much has to be added at the end for the result to have a size."""
        wanted = tuple(output_size)[-self.axes :]
        found = []
        options = (input.shape[-self.axes :], self.stride, self.padding, self.dilation, self.kernel_size, wanted)
        for size, s, p, d, k, want in zip(*options, strict=True):
            least = (size - 1) * s - 2 * p + d * (k - 1) + 1
            if not least <= want <= least + s - 1:
                raise ValueError(
                    f"requested an output size of {list(wanted)}, but along an axis of {size} it is between {least} "
                    f"and {least + s - 1}"
                )
            found.append(want - least)
        return tuple(found)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            if getattr(self, name) != (usual,) * self.axes:
                text += f", {name}={getattr(self, name)}"
        text += f", groups={self.groups}" if self.groups != 1 else ""
        return text if self.bias is not None else text + ", bias=False"


class ConvTranspose1d(_Transposed):
    __doc__ = _Transposed.__doc__
    axes = 1


class ConvTranspose2d(_Transposed):
    __doc__ = _Transposed.__doc__
    axes = 2


class Upsample(Module):
    """Signals or images of another size.

    Parameters
    ----------
    size, scale_factor, mode, align_corners, recompute_scale_factor
        As of `nn.functional.interpolate`.
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.mode, self.align_corners = size, mode, align_corners
        self.scale_factor: Any = scale_factor
        if scale_factor is not None:
            many = isinstance(scale_factor, tuple)
            self.scale_factor = tuple(map(float, scale_factor)) if many else float(scale_factor)
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Any) -> Any:
        return functions.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        first = f"scale_factor={self.scale_factor!r}" if self.scale_factor is not None else f"size={self.size!r}"
        return f"{first}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """`Upsample` of images, by the nearest element."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """`Upsample` of images, linear along both axes, whose corners keep their places."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


class _Pad(Module):
    """A border.

    Parameters
    ----------
    padding : int or sequence of int
        Widths before and after, for the last axis first.
    """

    axes = 0
    mode = "constant"

    def __init__(self, padding: Sizes) -> None:
        super().__init__()
        self.padding = each_axis(padding, 2 * self.axes) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Any) -> Any:
        return WINDOWS["pad"](input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """A border of one number."""

    def __init__(self, padding: Sizes, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        return WINDOWS["pad"](input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


def _for_axes(name: str, base: type[_Pad], axes: int, mode: str) -> Any:
    return type(name, (base,), {"axes": axes, "mode": mode, "__doc__": base.__doc__, "__module__": __name__})


ZeroPad1d, ZeroPad2d = (_for_axes(f"ZeroPad{n}d", _Pad, n, "constant") for n in (1, 2))
ConstantPad1d, ConstantPad2d = (_for_axes(f"ConstantPad{n}d", _ConstantPad, n, "constant") for n in (1, 2))
ReflectionPad1d, ReflectionPad2d = (_for_axes(f"ReflectionPad{n}d", _Pad, n, "reflect") for n in (1, 2))
ReplicationPad1d, ReplicationPad2d = (_for_axes(f"ReplicationPad{n}d", _Pad, n, "replicate") for n in (1, 2))
CircularPad1d, CircularPad2d = (_for_axes(f"CircularPad{n}d", _Pad, n, "circular") for n in (1, 2))


class PixelShuffle(Module):
    """Channels become places."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Any) -> Any:
        return functions.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Places become channels."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Any) -> Any:
        return functions.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class Unfold(Module):
    """All windows of images as columns."""

    def __init__(self, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Any) -> Any:
        return functions.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        names = ("kernel_size", "dilation", "padding", "stride")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class Fold(Module):
    """Images of windows that are columns."""

    def __init__(
        self, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
    ) -> None:
        super().__init__()
        self.output_size, self.kernel_size, self.dilation = output_size, kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, input: Any) -> Any:
        return functions.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        names = ("output_size", "kernel_size", "dilation", "padding", "stride")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)
