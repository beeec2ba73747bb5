"""Convolutions of neural networks, which are cross-correlations: all windows as one matrix, times that of the weights.

The names, and what parameters mean, are PyTorch's. The rows below have rules made of each other, so gradients (the
transposed convolution, and the correlation of the input with what comes back) need nothing of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.errors import ShapeError
from symdiff.ir.graph import Dim
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.linalg import matmul
from symdiff.ops.padding import zero_padded
from symdiff.ops.primitive import Traced
from symdiff.ops.shaping import reshape, transpose
from symdiff.ops.sizes import at_least, product
from symdiff.ops.windows import sliding_windows, window_count

__all__ = ["conv1d", "conv2d", "each_axis", "require_window"]

Parameter = int | Sequence[int]


def conv1d(
    x: Traced,
    w: Traced,
    bias: Traced | None = None,
    stride: Parameter = 1,
    padding: Parameter | str = 0,
    dilation: Parameter = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation along one axis: ``x[N, C, L]`` with ``w[O, C / groups, k]`` gives ``[N, O, ...]``."""
    return _correlated(x, w, bias, 1, stride, padding, dilation, groups)


def conv2d(
    x: Traced,
    w: Traced,
    bias: Traced | None = None,
    stride: Parameter = 1,
    padding: Parameter | str = 0,
    dilation: Parameter = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation of images.

    Parameters
    ----------
    x : Traced
        Shape ``[N, C, H, W]``, or ``[C, H, W]`` for one image.
    w : Traced
        Shape ``[O, C / groups, kh, kw]``; the last two sizes must be known.
    bias : Traced, optional
        Shape ``[O]``.
    stride, dilation : int or two ints
    padding : int, two ints, ``"same"`` or ``"valid"``
        Zeros on both sides of each axis. ``"same"`` keeps the size, with the odd zero at the end.
    groups : int
        Into how many parts channels are divided, each of which is a convolution of its own.
    """
    return _correlated(x, w, bias, 2, stride, padding, dilation, groups)


def each_axis(x: Traced, name: str, given: Parameter, n: int, least: int) -> tuple[int, ...]:
    """A parameter as one int for each axis."""
    values = (given,) * n if isinstance(given, int) else tuple(given)
    values = values * n if len(values) == 1 else values
    if len(values) != n or any(value < least for value in values):
        kind = "positive" if least else "non-negative"
        x.build.refuse(ShapeError, f"{name} must be a {kind} integer, or {n} of them, not {given}")
    return values


def require_window(x: Traced, sizes: Sequence[Dim], kernel: Sequence[int], dilation: Sequence[int]) -> None:
    """Refuse, now or when the program runs, unless a window fits into each axis."""
    for size, k, d in zip(sizes, kernel, dilation, strict=True):
        message = f"a window of {(k - 1) * d + 1} does not fit into an axis of length {show_shape((size,))[1:-2]}"
        fitting = window_count(x.build, size, k, 1, d)
        require_same(x.build, at_least(x.build, fitting, 1), fitting, message)


def _correlated(
    x: Traced,
    w: Traced,
    bias: Traced | None,
    n: int,
    stride: Parameter,
    padding: Parameter | str,
    dilation: Parameter,
    groups: int,
) -> Any:
    _require_ranks(x, w, n)
    kernel = _known(w, w.shape[2:])
    steps, spread = each_axis(x, "stride", stride, n, 1), each_axis(x, "dilation", dilation, n, 1)
    widths = _widths(x, padding, kernel, steps, spread)
    batched = x if x.rank == n + 2 else reshape(x, shape=(1, *x.shape))
    _require_channels(batched, w, groups)
    padded = zero_padded(batched, widths)
    require_window(x, padded.shape[2:], kernel, spread)
    windows = sliding_windows(padded, kernel=kernel, stride=steps, dilation=spread)
    y = _product(windows, w, n, groups)
    if bias is not None:
        y = y + reshape(bias, shape=(*bias.shape, *(1,) * n))
    return y if x.rank == n + 2 else reshape(y, shape=y.shape[1:])


def _product(windows: Traced, w: Traced, n: int, groups: int) -> Any:
    """Channels and places of a window are what is summed over; all windows of all images are columns of one matrix."""
    build = w.build
    batch, outer = windows.shape[0], windows.shape[2 : 2 + n]
    inner = product(build, w.shape[1:])
    columns = product(build, (batch, *outer))
    last = 2 + n
    flat = transpose(windows, axes=(1, *range(last, last + n), 0, *range(2, last)))
    if groups == 1:
        y = matmul(reshape(w, shape=(w.shape[0], inner)), reshape(flat, shape=(inner, columns)))
    else:
        (channels,) = _known(w, w.shape[:1])
        left = reshape(w, shape=(groups, channels // groups, inner))
        y = matmul(left, reshape(flat, shape=(groups, inner, columns)))
    y = reshape(y, shape=(w.shape[0], batch, *outer))
    return transpose(y, axes=(1, 0, *range(2, last)))


def _known(w: Traced, sizes: Sequence[Dim]) -> tuple[int, ...]:
    if not all(isinstance(size, int) for size in sizes):
        w.build.refuse(ShapeError, f"a convolution needs weights of known shape, not {show_shape(w.shape)}")
    return tuple(size for size in sizes if isinstance(size, int))


def _require_ranks(x: Traced, w: Traced, n: int) -> None:
    if w.rank != n + 2 or x.rank not in (n + 1, n + 2):
        shapes = f"{show_shape(x.shape)} and {show_shape(w.shape)}"
        wanted = f"an input of {n + 1} or {n + 2} axes and weights of {n + 2}"
        x.build.refuse(ShapeError, f"a convolution along {n} axes takes {wanted}, not shapes {shapes}")
    if any(size == 0 for size in w.shape[1:]):
        x.build.refuse(ShapeError, f"a convolution with weights of shape {show_shape(w.shape)} sums over nothing")


def _require_channels(x: Traced, w: Traced, groups: int) -> None:
    build = x.build
    if groups < 1:
        build.refuse(ShapeError, f"groups must be a positive integer, not {groups}")
    if groups > 1 and _known(w, w.shape[:1])[0] % groups:
        build.refuse(ShapeError, f"{w.shape[0]} channels cannot be divided into {groups} groups")
    shapes = f"{show_shape(x.shape)} and weights of shape {show_shape(w.shape)}"
    message = f"an input of shape {shapes} do not fit for a convolution of {groups} groups"
    require_same(build, x.shape[1], product(build, (w.shape[1], groups)), message)


def _widths(
    x: Traced, padding: Parameter | str, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> list[tuple[int, int]]:
    """How many zeros come before and after, along each axis."""
    if not isinstance(padding, str):
        return [(p, p) for p in each_axis(x, "padding", padding, len(kernel), 0)]
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding != "same":
        x.build.refuse(ShapeError, f"padding must be 'same', 'valid' or integers, not {padding!r}")
    if any(s != 1 for s in stride):
        x.build.refuse(ShapeError, "padding 'same' is for a stride of 1")
    totals = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]
