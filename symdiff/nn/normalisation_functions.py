"""Normalisations, embedding and dropout, as functions of tensors: each one recorded operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors.distributions import dropout_mask
from symdiff.tensors.elementwise import BINARY
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import operation, record
from symdiff.tensors.requirements import compute_now, require
from symdiff.tensors.size import Size
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy, memory_layout, wrap
from symdiff.tensors.tracing import Requirement, drawn

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""

Axes = tuple[int, ...]
Parts = tuple[bool, bool]
"""Whether there is a weight, and whether there is a bias."""


def _standardised(x: Any, axes: Axes, eps: float) -> Any:
    centred = x - R["mean"](x, axis=axes, keepdims=True)
    return centred / R["sqrt"](R["mean"](centred * centred, axis=axes, keepdims=True) + eps)


def _scaled(y: Any, given: Sequence[Any], parts: Parts, shape: tuple[int, ...]) -> Any:
    """Times the weight, plus the bias, as far as they are there, in a shape that broadcasts."""
    rest = list(given)
    if parts[0]:
        y = y * R["reshape"](rest.pop(0), shape=shape)
    return y + R["reshape"](rest.pop(0), shape=shape) if parts[1] else y


@operation("layer_norm", "NativeLayerNormBackward0")
def _layer_norm(x: Any, *args: Any) -> Any:
    *given, shape, eps, parts = args
    axes = tuple(range(x.rank - len(shape), x.rank))
    return _scaled(_standardised(x, axes, eps), given, parts, shape)


@operation("rms_norm", "RmsNormBackward0")
def _rms_norm(x: Any, *args: Any) -> Any:
    *given, shape, eps, parts = args
    axes = tuple(range(x.rank - len(shape), x.rank))
    return _scaled(x / R["sqrt"](R["mean"](x * x, axis=axes, keepdims=True) + eps), given, parts, shape)


@operation("group_norm", "NativeGroupNormBackward0")
def _group_norm(x: Any, *args: Any) -> Any:
    *given, groups, eps, parts = args
    count = 1
    for n in x.shape[1:]:
        count *= n
    flat = R["reshape"](x, shape=(x.shape[0] * groups, count // groups))
    y = R["reshape"](_standardised(flat, (1,), eps), shape=tuple(x.shape))
    return _scaled(y, given, parts, (x.shape[1], *(1,) * (x.rank - 2)))


def _channels(x: Any) -> tuple[int, ...]:
    return (x.shape[1], *(1,) * (x.rank - 2))


def _all_but_channels(x: Any) -> Axes:
    return tuple(k for k in range(len(x.shape)) if k != 1)


@operation("batch_norm", "NativeBatchNormBackward0")
def _batch_norm(x: Any, *args: Any) -> Any:
    *given, eps, parts = args
    return _scaled(_standardised(x, _all_but_channels(x), eps), given, parts, _channels(x))


@operation("batch_norm", "NativeBatchNormBackward0")
def _batch_norm_by(x: Any, mean: Any, variance: Any, *args: Any) -> Any:
    *given, eps, parts = args
    shape = _channels(x)
    y = (x - R["reshape"](mean, shape=shape)) / R["sqrt"](R["reshape"](variance, shape=shape) + eps)
    return _scaled(y, given, parts, shape)


@operation("running_mean", "")
def _running_mean(x: Any, before: Any, momentum: Any) -> Any:
    return before * (1.0 - momentum) + R["mean"](x, axis=_all_but_channels(x), keepdims=False) * momentum


@operation("running_var", "")
def _running_var(x: Any, before: Any, momentum: Any) -> Any:
    now = R["var"](x, axis=_all_but_channels(x), keepdims=False, ddof=1)
    return before * (1.0 - momentum) + now * momentum


@operation("embedding", "EmbeddingBackward0")
def _embedding(indices: Any, weight: Any, padding: int) -> Any:
    rows = R["index"](
        weight, indices, index=((("array",) if indices.rank else ("int",)), ("slice", 0, weight.shape[1], 1))
    )
    if padding < 0:
        return rows
    # nothing flows to the row that stands for padding
    pads = R["reshape"](R["equal"](indices, padding), shape=(*indices.shape, 1))
    return R["where"](pads, R["stop_gradient"](rows), rows)


# -- functions ---------------------------------------------------------------------------------------------------------


def _given(x: Lazy, *tensors: Tensor | None) -> tuple[tuple[Lazy, ...], Parts]:
    found = [None if t is None else as_lazy(t) for t in tensors]
    for value in found:
        if value is not None and value.dtype is not x.dtype:
            raise RuntimeError(
                f"expected scalar type {x.dtype.tensor_type[6:-6]} but found {value.dtype.tensor_type[6:-6]}"
            )
    return tuple(v for v in found if v is not None), (found[0] is not None, found[-1] is not None)


def _require_shapes(x: Lazy, shape: tuple[int, ...], weight: Tensor | None, bias: Tensor | None) -> None:
    if x.dtype.category < 2:
        raise NotImplementedError(f"\"LayerNormKernelImpl\" not implemented for '{x.dtype.tensor_type[6:-6]}'")
    if x.shape[len(x.shape) - len(shape) :] != shape or not shape:
        wanted = ", ".join(["*", *map(str, shape)])
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [{wanted}], but got input of "
            f"size{list(x.shape)}"
        )
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and as_lazy(tensor).shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(tensor.shape)} and normalized_shape = {list(shape)}"
            )


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 over the last axes, then times the weight, plus the bias."""
    x, shape = as_lazy(input), tuple(normalized_shape)
    _require_shapes(x, shape, weight, bias)
    given, parts = _given(x, weight, bias)
    return wrap(record(_layer_norm, (x, *given), (shape, float(eps), parts)))


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divided by the root of the mean square over the last axes, then times the weight."""
    x, shape = as_lazy(input), tuple(normalized_shape)
    _require_shapes(x, shape, weight, None)
    given, parts = _given(x, weight, None)
    least = float(np.finfo(x.dtype.numpy).eps) if eps is None else float(eps)
    return wrap(record(_rms_norm, (x, *given), (shape, least, parts)))


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Mean 0 and variance 1 over groups of channels, then times the weight, plus the bias."""
    x = as_lazy(input)
    if len(x.shape) < 2 or x.shape[1] % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={num_groups}"
        )
    given, parts = _given(x, weight, bias)
    _require_channels(x, weight=weight, bias=bias)
    return wrap(record(_group_norm, (x, *given), (int(num_groups), float(eps), parts)))


def _require_channels(x: Lazy, **tensors: Tensor | None) -> None:
    for name, tensor in tensors.items():
        if tensor is not None and as_lazy(tensor).shape != (x.shape[1],):
            count = Size(tensor.shape).numel()
            raise RuntimeError(f"{name} should contain {x.shape[1]} elements not {count}")


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each channel, then times the weight, plus the bias.

    In training, they are the batch's, and the running ones move towards them by ``momentum``; else the running ones
    count.
    """
    x = as_lazy(input)
    _require_channels(x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    given, parts = _given(x, weight, bias)
    attrs = (float(eps), parts)
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
        return wrap(record(_batch_norm_by, (x, as_lazy(running_mean), as_lazy(running_var), *given), attrs))
    if Size(x.shape).numel() == x.shape[1]:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {Size(x.shape)!r}")
    if running_mean is not None and running_var is not None:
        _move(x, running_mean, running_var, momentum)
    return wrap(record(_batch_norm, (x, *given), attrs))


def _move(x: Lazy, running_mean: Tensor, running_var: Tensor, momentum: float) -> None:
    """Move the running statistics; they are computed at once, so that no chain of them grows with the steps.

    The input is kept with them: the next layer's statistics begin there, and not at the first layer again.
    """
    with no_grad():
        mean = record(_running_mean, (x, as_lazy(running_mean), float(momentum)))
        variance = record(_running_var, (x, as_lazy(running_var), float(momentum)))
    compute_now([x, mean, variance])
    with no_grad():
        overwrite(running_mean, mean)
        overwrite(running_var, variance)


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a matrix, by integers.

    Raises
    ------
    IndexError
        If there is no such row.
    """
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise NotImplementedError("embedding: max_norm, scale_grad_by_freq and sparse are not supported")
    indices, w = as_lazy(input), as_lazy(weight)
    if indices.dtype.category != 1:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{indices.dtype.tensor_type} instead (while checking arguments for embedding)"
        )
    if len(w.shape) != 2:
        raise RuntimeError("'weight' must be 2-D")
    require(Requirement(indices, 0, w.shape[0], IndexError, "index out of range in self"))
    padding = -1 if padding_idx is None else int(padding_idx)
    if padding_idx is not None and not -w.shape[0] <= padding < w.shape[0]:
        raise AssertionError("Padding_idx must be within num_embeddings")
    padding += w.shape[0] if padding_idx is not None and padding < 0 else 0
    return wrap(record(_embedding, (indices, w), (padding,)))


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero with probability ``p``, else times ``1 / (1 - p)``; the draws are PyTorch's for the same seed."""
    return _dropped(input, p, training, inplace, as_lazy(input).shape)


def _dropped(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    x = as_lazy(input)
    if not training or p == 0.0 or 0 in x.shape:
        return input
    if x.dtype.category < 2:
        raise RuntimeError("result type Float can't be cast to the desired output type Long")
    order = _order_in_memory(input)
    drawn_shape = tuple(shape[k] for k in order)
    mask = drawn(lambda: np.ascontiguousarray(
        dropout_mask(drawn_shape, p, x.dtype.numpy).transpose(np.argsort(order))), x.dtype, shape)  # fmt: skip
    result = record(BINARY["mul"], (x, mask))
    if not inplace:
        return wrap(result)
    result.replaces = x
    return overwrite(input, result)


def _order_in_memory(input: Tensor) -> tuple[int, ...]:
    """The axes as they lie in memory, the slowest first: PyTorch draws numbers in that order."""
    axes = range(input.ndim)
    if input._storage is None or not input._views:
        return tuple(axes)
    strides = memory_layout(input).strides
    return tuple(sorted(axes, key=lambda k: -strides[k]))


def _of_channels(name: str, rank: int) -> Callable[..., Tensor]:
    """Dropout of whole channels."""

    def call(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        shape = as_lazy(input).shape
        if len(shape) != rank:
            raise NotImplementedError(f"{name} takes an input of {rank} axes, not of {len(shape)}")
        return _dropped(input, p, training, inplace, (*shape[:2], *(1,) * (rank - 2)))

    call.__name__ = call.__qualname__ = name
    return call


dropout1d, dropout2d = _of_channels("dropout1d", 3), _of_channels("dropout2d", 4)

for _function in (layer_norm, rms_norm, group_norm, batch_norm, embedding, dropout, dropout1d, dropout2d):
    FUNCTIONS[_function.__name__] = _function
