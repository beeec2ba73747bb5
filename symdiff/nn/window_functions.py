"""Convolutions, pooling and padding, as functions of tensors: each one recorded operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.nn.border_functions import pad_by_index
from symdiff.ops import REGISTRY as R
from symdiff.ops import Traced, correlation, padding, pooling
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import Operation, record
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["FUNCTIONS", "each_axis"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""

Sizes = int | Sequence[int]


def each_axis(given: Any, n: int) -> tuple[int, ...]:
    """A parameter as one int for each axis."""
    if isinstance(given, int):
        return (given,) * n
    values = tuple(int(v) for v in given)
    return values * n if len(values) == 1 else values


# -- convolutions ------------------------------------------------------------------------------------------------------


def _convolution(n: int) -> Operation:
    row = correlation.conv1d if n == 1 else correlation.conv2d

    def build(x: Any, w: Any, *args: Any) -> Any:
        *bias, stride, pad, dilation, groups = args
        return row(x, w, bias[0] if bias else None, stride, pad, dilation, groups)

    return Operation(f"conv{n}d", build, "ConvolutionBackward0")


def _check_convolution(x: Lazy, w: Lazy, bias: Lazy | None, n: int, pads: Any, dilation: Any, groups: int) -> None:
    for value, what in ((w, "weight"), *([(bias, "bias")] if bias is not None else ())):
        if value.dtype is not x.dtype:
            names = (v.dtype.tensor_type[6:-6].lower() for v in (x, value))
            raise RuntimeError(f"Input type ({next(names)}) and {what} type ({next(names)}) should be the same")
    if len(x.shape) not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to conv{n}d, but got input of size: "
            f"{list(x.shape)}"
        )
    channels = x.shape[-n - 1]
    if channels != w.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(w.shape)}, expected input{list(x.shape)} to have "
            f"{w.shape[1] * groups} channels, but got {channels} channels instead"
        )
    if isinstance(pads, str):
        return
    sizes = [size + 2 * p for size, p in zip(x.shape[-n:], pads, strict=True)]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    if any(r > size for r, size in zip(reach, sizes, strict=True)):
        text = (" x ".join(map(str, values)) for values in (sizes, reach))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({next(text)}). Kernel size: ({next(text)}). Kernel size "
            "can't be greater than actual input size"
        )


def _convolve(n: int) -> Callable[..., Tensor]:
    op = _convolution(n)

    def call(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Tensor:
        """Cross-correlation with a kernel, of each image or signal."""
        x, w = as_lazy(input), as_lazy(weight)
        b = None if bias is None else as_lazy(bias)
        pads = padding if isinstance(padding, str) else each_axis(padding, n)
        steps, spread = each_axis(stride, n), each_axis(dilation, n)
        if pads == "same" and any(s != 1 for s in steps):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        _check_convolution(x, w, b, n, pads, spread, groups)
        return wrap(record(op, (x, w) if b is None else (x, w, b), (steps, pads, spread, int(groups))))

    call.__name__ = call.__qualname__ = f"conv{n}d"
    return call


# -- pooling -----------------------------------------------------------------------------------------------------------

_MAX = {
    n: Operation(f"max_pool{n}d", row, "MaxPool2DWithIndicesBackward0")
    for n, row in ((1, pooling.max_pool1d), (2, pooling.max_pool2d))
}
_AVERAGE = {
    n: Operation(f"avg_pool{n}d", row, f"AvgPool{n}DBackward0")
    for n, row in ((1, pooling.avg_pool1d), (2, pooling.avg_pool2d))
}
_ADAPTIVE = {
    n: Operation(f"adaptive_avg_pool{n}d", row, f"AdaptiveAvgPool{n}DBackward0")
    for n, row in ((1, pooling.adaptive_avg_pool1d), (2, pooling.adaptive_avg_pool2d))
}


def _check_pooling(x: Lazy, n: int, kernel: Sequence[int], pads: Sequence[int], dilation: Sequence[int]) -> None:
    if len(x.shape) not in (n + 1, n + 2) or 0 in x.shape[-n - 1 :]:
        raise RuntimeError(f"non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input")
    for k, p, d in zip(kernel, pads, dilation, strict=True):
        if 2 * p > (k - 1) * d + 1 or p < 0:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )


def _pooled(op: Operation, x: Lazy, n: int, attrs: tuple[Any, ...]) -> Tensor:
    try:
        return wrap(record(op, (x,), attrs))
    except RuntimeError as error:
        raise RuntimeError(f"{error}: Output size is too small") from error


def _max_pool(n: int) -> Callable[..., Tensor]:
    def call(
        input: Tensor,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Tensor:
        """The largest element of each window."""
        if return_indices:
            raise NotImplementedError("pooling with return_indices=True is not supported")
        kernel = each_axis(kernel_size, n)
        steps = kernel if stride is None or stride == () else each_axis(stride, n)
        pads, spread = each_axis(padding, n), each_axis(dilation, n)
        x = as_lazy(input)
        _check_pooling(x, n, kernel, pads, spread)
        return _pooled(_MAX[n], x, n, (kernel, steps, pads, spread, bool(ceil_mode)))

    call.__name__ = call.__qualname__ = f"max_pool{n}d"
    return call


def _avg_pool(n: int) -> Callable[..., Tensor]:
    def call(
        input: Tensor,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        **rest: Any,
    ) -> Tensor:
        """The mean of each window."""
        divisor = rest.pop("divisor_override", None)
        if rest or (n == 1 and divisor is not None):
            raise TypeError(f"avg_pool{n}d() got an unexpected keyword argument")
        kernel = each_axis(kernel_size, n)
        steps = kernel if stride is None or stride == () else each_axis(stride, n)
        pads, x = each_axis(padding, n), as_lazy(input)
        if x.dtype.category < 2:
            raise NotImplementedError(f"\"avg_pool{n}d\" not implemented for '{x.dtype.tensor_type[6:-6]}'")
        _check_pooling(x, n, kernel, pads, (1,) * n)
        extra = () if n == 1 else (divisor,)
        return _pooled(_AVERAGE[n], x, n, (kernel, steps, pads, bool(ceil_mode), bool(count_include_pad), *extra))

    call.__name__ = call.__qualname__ = f"avg_pool{n}d"
    return call


def _adaptive_pool(n: int) -> Callable[..., Tensor]:
    def call(input: Tensor, output_size: Any) -> Tensor:
        """Means of as many windows as the output shall have."""
        x = as_lazy(input)
        _check_pooling(x, n, (), (), ())
        wanted = (output_size,) * n if output_size is None or isinstance(output_size, int) else tuple(output_size)
        sizes = tuple(have if want is None else int(want) for want, have in zip(wanted, x.shape[-n:], strict=True))
        return wrap(record(_ADAPTIVE[n], (x,), (sizes,)))

    call.__name__ = call.__qualname__ = f"adaptive_avg_pool{n}d"
    return call


# -- padding -----------------------------------------------------------------------------------------------------------


def _padded(x: Any, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
    """Cut where a width is negative, then with a border."""
    first = x.rank - len(widths)
    for k, (before, after) in enumerate(widths):
        if before < 0 or after < 0:
            x = padding.section(x, first + k, max(-before, 0), x.shape[first + k] - max(-after, 0))
    wide = [(max(before, 0), max(after, 0)) for before, after in widths]
    if not value:
        return padding.zero_padded(x, wide)
    for k, (before, after) in enumerate(wide):
        parts = [_block(x, first + k, before, value), x, _block(x, first + k, after, value)]
        parts = [part for part in parts if part is not None]
        x = R["concatenate"](*parts, axis=first + k) if len(parts) > 1 else x
    return x


def _block(x: Any, axis: int, width: int, value: Any) -> Any:
    if not width:
        return None
    shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
    build = x.build
    return Traced(build, build.add(R["full"], build.constant(value), shape=shape, dtype=x.type.dtype))


_PAD = Operation("pad", _padded, "ConstantPadNdBackward0")


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """A border of one number: two widths for each axis, the last axis first; negative ones cut.

    Modes ``reflect``, ``replicate`` and ``circular`` make the border of elements that are there.
    """
    x = as_lazy(input)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(x.shape):
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {len(x.shape)}"
        )
    if mode in ("reflect", "replicate", "circular"):
        return pad_by_index(input, pad, mode)
    if mode != "constant":
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    pairs = [(int(pad[k]), int(pad[k + 1])) for k in range(0, len(pad), 2)]
    for (before, after), size in zip(pairs, x.shape[::-1], strict=False):
        if size + min(before, 0) + min(after, 0) < 0 or size + before + after < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
    number = x.dtype.numpy.type(0 if value is None else value).item()
    return wrap(record(_PAD, (x,), (tuple(pairs[::-1]), number)))


for _n in (1, 2):
    for _function in (_convolve(_n), _max_pool(_n), _avg_pool(_n), _adaptive_pool(_n)):
        FUNCTIONS[_function.__name__] = _function
FUNCTIONS["pad"] = pad
