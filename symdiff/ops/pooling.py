"""Pooling: the largest entry or the mean of windows, one axis after the other.

The names, and what parameters mean, are PyTorch's. An axis is pooled by as many slices as a window has places, so that
loops run along memory and nothing is stored for a window. Rows of an image are pooled first: then the first of equal
entries in the order of memory is the one chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.errors import DtypeError, ShapeError
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import show_shape
from symdiff.ops.comparison import greater, isnan, logical_or, where
from symdiff.ops.convert import convert
from symdiff.ops.correlation import each_axis, require_window
from symdiff.ops.creation import arange
from symdiff.ops.extreme import maximum, minimum
from symdiff.ops.padding import section, zero_padded
from symdiff.ops.primitive import Traced
from symdiff.ops.reduction import mean
from symdiff.ops.shaping import concatenate, reshape
from symdiff.ops.windows import window_count

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]

Parameter = int | Sequence[int]


@dataclass(frozen=True)
class _Pooling:
    """How one axis of ``x`` is pooled: ``count`` windows, the last of which may reach ``beyond`` the padding."""

    axis: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    count: Dim
    beyond: int

    def places(self, x: Traced) -> list[Any]:
        """For each place of a window, the entries that all windows have there."""
        last = self.count * self.stride if isinstance(self.count, int) else None
        starts = [place * self.dilation for place in range(self.kernel)]
        if last is not None:
            return [section(x, self.axis, start, start + last - self.stride + 1, self.stride) for start in starts]
        reach = (self.kernel - 1) * self.dilation
        return [section(x, self.axis, start, start - reach or None, self.stride) for start in starts]


def _poolings(
    x: Traced, n: int, kernel: Parameter, stride: Parameter | None, padding: Parameter, dilation: Parameter, ceil: bool
) -> list[_Pooling]:
    """What is done along each axis, the last axis first."""
    if x.rank not in (n + 1, n + 2):
        x.build.refuse(ShapeError, f"pooling along {n} axes takes arrays of {n + 1} or {n + 2} axes, not {x.rank}")
    kernels = each_axis(x, "kernel_size", kernel, n, 1)
    strides = kernels if stride is None else each_axis(x, "stride", stride, n, 1)
    paddings, spread = each_axis(x, "padding", padding, n, 0), each_axis(x, "dilation", dilation, n, 1)
    parts = zip(range(x.rank - n, x.rank), kernels, strides, paddings, spread, strict=True)
    return [_pooling(x, *part, ceil) for part in parts][::-1]


def _pooling(x: Traced, axis: int, k: int, s: int, p: int, d: int, ceil: bool) -> _Pooling:
    size, reach = x.shape[axis], (k - 1) * d + 1
    if 2 * p > k:
        x.build.refuse(ShapeError, f"padding by {p} is more than half of a window of {k} places")
    if not isinstance(size, int):
        if p or ceil:
            hint = "pool without padding and ceil_mode"
            x.build.refuse(ShapeError, "padded pooling needs an array of known shape", hint)
        require_window(x, (size,), (k,), (d,))
        return _Pooling(axis, k, s, p, d, window_count(x.build, size, k, s, d), 0)
    padded = size + 2 * p
    count = (padded - reach + (s - 1 if ceil else 0)) // s + 1
    if ceil and (count - 1) * s >= size + p:
        count -= 1  # a window begins in the array or before it
    if count < 1 or size < 1:
        x.build.refuse(ShapeError, f"a window of {reach} does not fit into an axis of length {size}")
    return _Pooling(axis, k, s, p, d, count, max((count - 1) * s + reach - padded, 0))


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
    return _largest(x, _poolings(x, 1, kernel_size, stride, padding, dilation, ceil_mode))


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
    return _largest(x, _poolings(x, 2, kernel_size, stride, padding, dilation, ceil_mode))


def _largest(x: Traced, poolings: Sequence[_Pooling]) -> Any:
    for pooling in poolings:
        best, *others = pooling.places(_extended(x, pooling))
        for other in others:
            better = greater(other, best)
            better = logical_or(better, isnan(other)) if other.type.is_float else better
            best = where(better, other, best)
        x = best
    return x


def _extended(x: Traced, pooling: _Pooling) -> Any:
    """The array with a border in which each window finds an entry again that it has anyway."""
    axis, d, size = pooling.axis, pooling.dilation, x.shape[pooling.axis]
    before = [-place % d for place in range(pooling.padding, 0, -1)]
    after = [-place % d for place in range(1, pooling.padding + pooling.beyond + 1)]
    if not before and not after:
        return x
    if isinstance(size, int) and size < d:
        x.build.refuse(ShapeError, f"pooling with a dilation of {d} and padding needs an axis of at least that length")
    left = [section(x, axis, place, place + 1) for place in before]
    right = [section(x, axis, -1 - place, -place or None) for place in after]
    return concatenate(*left, x, *right, axis=axis)


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
    return _average(x, _poolings(x, 1, kernel_size, stride, padding, 1, ceil_mode), count_include_pad, None)


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
    poolings = _poolings(x, 2, kernel_size, stride, padding, 1, ceil_mode)
    return _average(x, poolings, count_include_pad, divisor_override)


def _average(x: Traced, poolings: Sequence[_Pooling], with_padding: bool, divisor: int | None) -> Any:
    if not x.type.is_float:
        x.build.refuse(DtypeError, f"the mean of windows is of floats, not of {x.type.dtype}")
    if divisor == 0:
        x.build.refuse(ShapeError, "divisor_override must not be 0")
    widths = [(p.padding, p.padding + p.beyond) for p in poolings[::-1]]
    total = zero_padded(x, widths)
    for pooling in poolings:
        first, *others = pooling.places(total)
        for other in others:
            first = first + other
        total = first
    if divisor is not None:
        return total / float(divisor)
    count: Any = 1.0
    for pooling in poolings:
        count = count * _counted(x, pooling, with_padding)
    return total / count


def _counted(x: Traced, pooling: _Pooling, with_padding: bool) -> Any:
    """How many entries each window has along an axis: a float, or floats along the axis."""
    p, size, build = pooling.padding, x.shape[pooling.axis], x.build
    partial = pooling.beyond or (p and not with_padding)
    if not partial or not isinstance(size, int):
        return float(pooling.kernel)
    low, high = (-p, size + p) if with_padding else (0, size)
    ends = build.constant(-p), build.constant(pooling.stride)
    starts = Traced(build, build.add(arange, *ends, length=pooling.count, dtype="int64"))
    counts = minimum(starts + pooling.kernel, high) - maximum(starts, low)
    counts = convert(counts, dtype=x.type.dtype, kind="numpy")
    return reshape(counts, shape=(pooling.count, *(1,) * (x.rank - 1 - pooling.axis)))


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
