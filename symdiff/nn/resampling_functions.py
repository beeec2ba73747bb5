"""Images and signals made larger: transposed convolutions, interpolation, padding by what is there, pixel shuffles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.nn.window_functions import FUNCTIONS as WINDOWS
from symdiff.nn.window_functions import each_axis
from symdiff.tensors.creation import made
from symdiff.tensors.tensor import Tensor

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""

Sizes = int | Sequence[int]


# -- transposed convolutions -------------------------------------------------------------------------------------------


def _transposed(n: int) -> Callable[..., Any]:
    def call(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        dilation: Sizes = 1,
    ) -> Any:
        """What a convolution does to gradients: each element adds the kernel, times itself, to the result."""
        steps, pads, extra, spread = (each_axis(v, n) for v in (stride, padding, output_padding, dilation))
        for o, s, d in zip(extra, steps, spread, strict=True):
            if o >= max(s, d):
                raise RuntimeError(
                    f"output padding must be smaller than either stride or dilation, but got output_padding: {o}, "
                    f"stride: {s} and dilation: {d}"
                )
        if input.ndim not in (n + 1, n + 2):
            raise RuntimeError(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to conv_transpose{n}d, but got input of "
                f"size: {list(input.shape)}"
            )
        if input.shape[-n - 1] != weight.shape[0]:
            raise RuntimeError(
                f"Given transposed=1, weight of size {list(weight.shape)}, expected input{list(input.shape)} to have "
                f"{weight.shape[0]} channels, but got {input.shape[-n - 1]} channels instead"
            )
        x = _apart(input if input.ndim == n + 2 else input.unsqueeze(0), steps)
        reach = [d * (k - 1) for d, k in zip(spread, weight.shape[2:], strict=True)]
        widths = [(r - p, r - p + o) for r, p, o in zip(reach, pads, extra, strict=True)]
        x = WINDOWS["pad"](x, [w for pair in widths[::-1] for w in pair])
        y = WINDOWS[f"conv{n}d"](x, _turned(weight, groups), bias, 1, 0, spread, groups)
        return y if input.ndim == n + 2 else y.squeeze(0)

    call.__name__ = call.__qualname__ = f"conv_transpose{n}d"
    return call


def _apart(x: Any, steps: Sequence[int]) -> Any:
    """With zeros between the elements of the last axes."""
    for back, step in zip(range(len(steps), 0, -1), steps, strict=True):
        if step > 1:
            size = x.shape[-back]
            wide = WINDOWS["pad"](x.unsqueeze(-back if back > 1 else x.ndim), [0, 0] * (back - 1) + [0, step - 1])
            flat = wide.reshape((*x.shape[:-back], size * step, *x.shape[x.ndim - back + 1 :]))
            x = flat.narrow(flat.ndim - back, 0, (size - 1) * step + 1)
    return x


def _turned(weight: Any, groups: int) -> Any:
    """The kernels of the convolution that is the transposed one: turned around, channels in the other order."""
    inputs, outputs, *kernel = weight.shape
    apart = weight.reshape((groups, inputs // groups, outputs, *kernel)).transpose(1, 2)
    return apart.reshape((groups * outputs, inputs // groups, *kernel)).flip(tuple(range(2, 2 + len(kernel))))


# -- interpolation -----------------------------------------------------------------------------------------------------

MODES = {"nearest": (1, 2), "nearest-exact": (1, 2), "linear": (1,), "bilinear": (2,), "area": (1, 2)}


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """Signals or images of another size.

    Parameters
    ----------
    input : Tensor
        With axes for the batch and for channels first.
    size : int or sequence of int, optional
    scale_factor : float or sequence of float, optional
        In the place of ``size``.
    mode : str
        ``"nearest"``, ``"nearest-exact"``, ``"linear"``, ``"bilinear"`` or ``"area"``.
    align_corners : bool, optional
        Whether the outermost elements keep their places; of linear modes only.
    recompute_scale_factor : bool, optional
        Whether places are computed from the sizes.

    Raises
    ------
    NotImplementedError
        For other modes, and for volumes.
    """
    n = input.ndim - 2
    if antialias or n not in MODES.get(mode, ()):
        raise NotImplementedError(
            f"interpolate with mode={mode!r}, antialias={antialias} of {input.ndim} axes is not supported"
        )
    if align_corners is not None and "linear" not in mode:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if (size is None) == (scale_factor is None):
        raise ValueError("either size or scale_factor should be defined" if size is None else
                         "only one of size or scale_factor should be defined")  # fmt: skip
    scales: Sequence[float | None] = [None] * n
    if size is None:
        factors = [float(scale_factor)] * n if isinstance(scale_factor, int | float) else list(map(float, scale_factor))
        sizes = [math.floor(have * f) for have, f in zip(input.shape[2:], factors, strict=True)]
        scales = [None] * n if recompute_scale_factor else factors
    else:
        sizes = [size] * n if isinstance(size, int) else [int(s) for s in size]
    if mode == "area":
        return WINDOWS[f"adaptive_avg_pool{n}d"](input, tuple(sizes))
    for k, (want, scale) in enumerate(zip(sizes, scales, strict=True)):
        input = _along(input, 2 + k, want, scale, mode, bool(align_corners))
    return input


def _along(x: Any, axis: int, want: int, scale: float | None, mode: str, aligned: bool) -> Any:
    """Interpolated along one axis; places are computed in the tensor's dtype, as PyTorch does."""
    have, kind = x.shape[axis], x.dtype.numpy
    step = kind.type(1.0 / scale) if scale is not None else kind.type(have) / kind.type(want)
    k = np.arange(want).astype(kind)
    if mode.startswith("nearest"):
        # `nearest` reckons in float32 always
        small = np.arange(want).astype(np.float32)
        shift = np.float32(0.5) if mode == "nearest-exact" else np.float32(0)
        places = np.minimum(np.floor((small + shift) * np.float32(step)).astype(np.int64), have - 1)
        return x.index_select(axis, made(places))
    if aligned:
        where = k * (kind.type(have - 1) / kind.type(want - 1) if want > 1 else kind.type(0))
    else:
        where = np.maximum(step * (k + kind.type(0.5)) - kind.type(0.5), kind.type(0))
    low = np.minimum(where.astype(np.int64), have - 1)
    high = np.minimum(low + 1, have - 1)
    share: Any = made((where - low).astype(kind).reshape((-1, *[1] * (x.ndim - axis - 1))))
    below, above = (x.index_select(axis, made(places)) for places in (low, high))
    return below * (1 - share) + above * share


# -- shuffles ----------------------------------------------------------------------------------------------------------


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Channels become places: ``(C * r * r, H, W)`` gives ``(C, H * r, W * r)``."""
    *lead, channels, height, width = input.shape
    r = upscale_factor
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {r * r}"
        )
    x = input.reshape((-1, channels // (r * r), r, r, height, width)).permute(0, 1, 4, 2, 5, 3)
    return x.reshape((*lead, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """Places become channels: what `pixel_shuffle` undoes."""
    *lead, channels, height, width = input.shape
    r = downscale_factor
    if height % r or width % r:
        raise RuntimeError(
            "pixel_unshuffle expects height and width to be divisible by downscale_factor, but they are "
            f"{height} and {width}"
        )
    x = input.reshape((-1, channels, height // r, r, width // r, r)).permute(0, 1, 3, 5, 2, 4)
    return x.reshape((*lead, channels * r * r, height // r, width // r))


# -- windows as columns ------------------------------------------------------------------------------------------------


def _window_places(
    sizes: Sequence[int], kernel: Sequence[int], spread: Sequence[int], steps: Sequence[int]
) -> tuple[np.ndarray[Any, Any], int]:
    """For each place in a window and each window, its place in the image as one number; and how many windows."""
    lines = []
    for size, k, d, s in zip(sizes, kernel, spread, steps, strict=True):
        count = (size - d * (k - 1) - 1) // s + 1
        if count < 1:
            raise RuntimeError(f"a window of {d * (k - 1) + 1} does not fit into an axis of {size}")
        lines.append(np.arange(k)[:, None] * d + np.arange(count)[None] * s)
    rows, columns = lines
    places = rows[:, None, :, None] * sizes[1] + columns[None, :, None, :]
    return places.reshape(kernel[0] * kernel[1], -1).astype(np.int64), rows.shape[1] * columns.shape[1]


def unfold(
    input: Any, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> Any:
    """All windows of images as columns: ``(N, C * kernel, windows)``."""
    kernel, spread, pads, steps = (each_axis(v, 2) for v in (kernel_size, dilation, padding, stride))
    x = input if input.ndim == 4 else input.unsqueeze(0)
    x = WINDOWS["pad"](x, [pads[1], pads[1], pads[0], pads[0]]) if any(pads) else x
    places, count = _window_places(x.shape[2:], kernel, spread, steps)
    found = x.flatten(2).index_select(2, made(places.reshape(-1)))
    found = found.reshape((x.shape[0], x.shape[1] * len(places), count))
    return found if input.ndim == 4 else found.squeeze(0)


def fold(
    input: Any,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Any:
    """Images of windows that are columns: where they overlap they are added."""
    kernel, spread, pads, steps = (each_axis(v, 2) for v in (kernel_size, dilation, padding, stride))
    sizes = [size + 2 * p for size, p in zip(each_axis(output_size, 2), pads, strict=True)]
    places, count = _window_places(sizes, kernel, spread, steps)
    x = input if input.ndim == 3 else input.unsqueeze(0)
    channels = x.shape[1] // len(places)
    if x.shape[1] % len(places) or x.shape[2] != count:
        raise RuntimeError(
            f"fold: an input of shape {list(input.shape)} does not fit {count} windows of {len(places)} places"
        )
    flat = x.reshape((x.shape[0], channels, len(places) * count))
    start = x.new_zeros((x.shape[0], channels, sizes[0] * sizes[1]))
    found = start.index_add(2, made(places.reshape(-1)), flat).reshape((x.shape[0], channels, *sizes))
    found = found[..., pads[0] : sizes[0] - pads[0], pads[1] : sizes[1] - pads[1]]
    return found if input.ndim == 3 else found.squeeze(0)


for _function in (
    _transposed(1), _transposed(2), interpolate, pixel_shuffle, pixel_unshuffle, unfold, fold,
):  # fmt: skip
    FUNCTIONS[_function.__name__] = _function


def _upsample(input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
              align_corners: bool | None = None) -> Any:  # fmt: skip
    return interpolate(input, size, scale_factor, mode, align_corners)


FUNCTIONS["upsample"] = _upsample
