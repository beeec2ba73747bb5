"""Pooling: the largest entry or the mean of windows.

The names, and what parameters mean, are PyTorch's. A mean is the sum of as many slices as a window has places, one axis
after the other, so that loops run along memory and nothing is stored for a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.errors import DtypeError, ShapeError
from symdiff.ir.graph import Value
from symdiff.ir.shapes import show_shape
from symdiff.ops.convert import convert
from symdiff.ops.correlation import each_axis
from symdiff.ops.creation import arange
from symdiff.ops.extreme import maximum, minimum
from symdiff.ops.max_pooling import max_pool
from symdiff.ops.padding import section, zero_padded
from symdiff.ops.pooled_axes import PooledAxis, entries_at, pooled_axes
from symdiff.ops.primitive import Traced
from symdiff.ops.reduction import mean
from symdiff.ops.shaping import concatenate, reshape

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]

Parameter = int | Sequence[int]


def _arguments(
    x: Traced, n: int, kernel: Parameter, stride: Parameter | None, padding: Parameter, dilation: Parameter
) -> dict[str, tuple[int, ...]]:
    """What is said of windows, as one int for each axis."""
    if x.rank not in (n + 1, n + 2):
        x.build.refuse(ShapeError, f"pooling along {n} axes takes arrays of {n + 1} or {n + 2} axes, not {x.rank}")
    kernels = each_axis(x, "kernel_size", kernel, n, 1)
    return {
        "kernel": kernels,
        "stride": kernels if stride is None else each_axis(x, "stride", stride, n, 1),
        "padding": each_axis(x, "padding", padding, n, 0),
        "dilation": each_axis(x, "dilation", dilation, n, 1),
    }


# -- the largest -------------------------------------------------------------------------------------------------------


def max_pool1d(
    x: Traced,
    kernel_size: Parameter,
    stride: Parameter | None = None,
    padding: Parameter = 0,
    dilation: Parameter = 1,
    ceil_mode: bool = False,
) -> Any:
    """The largest entry of each window along the last axis of ``x[N, C, L]``."""
    return max_pool(x, **_arguments(x, 1, kernel_size, stride, padding, dilation), ceil=bool(ceil_mode))


def max_pool2d(
    x: Traced,
    kernel_size: Parameter,
    stride: Parameter | None = None,
    padding: Parameter = 0,
    dilation: Parameter = 1,
    ceil_mode: bool = False,
) -> Any:
    """The largest entry of each window of an image.

    The first of equal entries passes the gradient, a NaN is larger than any number, and the last of several is chosen.

    Parameters
    ----------
    x : Traced
        Shape ``[N, C, H, W]`` or ``[C, H, W]``.
    kernel_size, stride, dilation : int or two ints
        Windows do not overlap where there is no stride.
    padding : int or two ints
        How far windows reach over the edge, at most by half; what lies there is never chosen.
    ceil_mode : bool
        Whether a last window that reaches further over the edge counts too.
    """
    return max_pool(x, **_arguments(x, 2, kernel_size, stride, padding, dilation), ceil=bool(ceil_mode))


# -- the mean ----------------------------------------------------------------------------------------------------------


def avg_pool1d(
    x: Traced,
    kernel_size: Parameter,
    stride: Parameter | None = None,
    padding: Parameter = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window along the last axis of ``x[N, C, L]``."""
    pooled = pooled_axes(x, **_arguments(x, 1, kernel_size, stride, padding, 1), ceil=ceil_mode)
    return _average(x, pooled, count_include_pad, None)


def avg_pool2d(
    x: Traced,
    kernel_size: Parameter,
    stride: Parameter | None = None,
    padding: Parameter = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of an image.

    Parameters
    ----------
    x : Traced
        Shape ``[N, C, H, W]`` or ``[C, H, W]``, of floats.
    kernel_size, stride, padding, ceil_mode
        As of `max_pool2d`; padding is with zeros.
    count_include_pad : bool
        Whether the zeros count.
    divisor_override : int, optional
        What sums are divided by, in the place of the number of entries.
    """
    pooled = pooled_axes(x, **_arguments(x, 2, kernel_size, stride, padding, 1), ceil=ceil_mode)
    return _average(x, pooled, count_include_pad, divisor_override)


def _average(x: Traced, pooled: Sequence[PooledAxis], with_padding: bool, divisor: int | None) -> Any:
    if not x.type.is_float:
        x.build.refuse(DtypeError, f"the mean of windows is of floats, not of {x.type.dtype}")
    if divisor == 0:
        x.build.refuse(ShapeError, "divisor_override must not be 0")
    widths = [(p.padding, p.padding + p.beyond) for p in pooled]
    total = zero_padded(x, widths)
    for one in reversed(pooled):
        first, *others = (entries_at(total, [one], [place]) for place in range(one.kernel))
        for other in others:
            first = first + other
        total = first
    if divisor is not None:
        return total / float(divisor)
    count: Any = 1.0
    for one in pooled:
        count = count * _counted(x, one, with_padding)
    return total / count


def _counted(x: Traced, pooled: PooledAxis, with_padding: bool) -> Any:
    """How many entries each window has along an axis: a float, or floats along the axis."""
    p, size, build = pooled.padding, x.shape[pooled.axis], x.build
    partial = pooled.beyond or (p and not with_padding)
    if not partial or not isinstance(size, int):
        return float(pooled.kernel)
    low, high = (-p, size + p) if with_padding else (0, size)
    ends = build.constant(-p), build.constant(pooled.stride)
    starts = Traced(build, build.add(arange, *ends, length=pooled.count, dtype="int64"))
    counts = minimum(starts + pooled.kernel, high) - maximum(starts, low)
    counts = convert(counts, dtype=x.type.dtype, kind="numpy")
    return reshape(counts, shape=(pooled.count, *(1,) * (x.rank - 1 - pooled.axis)))


def adaptive_avg_pool1d(x: Traced, output_size: Parameter) -> Any:
    """Means of as many windows as ``output_size`` says, along the last axis."""
    return _adaptive(x, each_axis(x, "output_size", output_size, 1, 1))


def adaptive_avg_pool2d(x: Traced, output_size: Parameter) -> Any:
    """Means of as many windows as ``output_size`` says, along the last two axes: (1, 1) is the mean of each channel."""
    return _adaptive(x, each_axis(x, "output_size", output_size, 2, 1))


def _adaptive(x: Traced, counts: Sequence[int]) -> Any:
    if not x.type.is_float:
        x.build.refuse(DtypeError, f"the mean of windows is of floats, not of {x.type.dtype}")
    first = x.rank - len(counts)
    if all(count == 1 for count in counts):
        return mean(x, axis=tuple(range(first, x.rank)), keepdims=True)
    for axis, count in reversed(list(enumerate(counts, first))):
        size = x.shape[axis]
        if isinstance(size, Value):
            x.build.refuse(ShapeError, f"adaptive pooling needs an array of known shape, not {show_shape(x.shape)}")
        bounds = [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
        parts = [mean(section(x, axis, low, high), axis=(axis,), keepdims=True) for low, high in bounds]
        x = concatenate(*parts, axis=axis) if count > 1 else parts[0]
    return x
