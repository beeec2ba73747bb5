"""Losses that compare numbers with numbers: each one recorded operation, a graph over the rows of the compiler."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors import elementwise, linear
from symdiff.tensors.lazy import Lazy, as_array
from symdiff.tensors.operations import Operation, common_dtype, operation, record
from symdiff.tensors.plans import materialise
from symdiff.tensors.requirements import is_traced, require
from symdiff.tensors.size import Size
from symdiff.tensors.tensor import Tensor, as_lazy, wrap
from symdiff.tensors.tracing import Requirement

__all__ = ["FUNCTIONS", "reduced", "reduction_of", "require_reduction"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""

REDUCTIONS = ("mean", "sum", "none")


def require_reduction(reduction: str) -> None:
    """Refuse what is none of ``mean``, ``sum`` and ``none``."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that the two older arguments mean, if one is given."""
    if size_average is None and reduce is None:
        return reduction
    found = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{found}' instead.",
        UserWarning,
        stacklevel=3,
    )
    return found


def reduced(x: Any, reduction: str) -> Any:
    """The mean or sum of all elements, or these themselves, as graph."""
    if reduction == "none" or not x.rank:
        return x
    return R[reduction](x, axis=tuple(range(x.rank)), keepdims=False)


def _pair(input: Tensor, target: Tensor, name: str) -> tuple[Lazy, Lazy]:
    """Both in one dtype; other shapes than each other's get PyTorch's warning."""
    x, y = as_lazy(input), as_lazy(target)
    if x.shape != y.shape:
        warnings.warn(
            f"Using a target size ({Size(y.shape)!r}) that is different to the input size ({Size(x.shape)!r}). This "
            "will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            UserWarning,
            stacklevel=3,
        )
    if x.dtype is not y.dtype:
        dtype = common_dtype((x, y))
        x, y = elementwise.convert(x, dtype), elementwise.convert(y, dtype)
    if x.dtype.category < 2:
        raise NotImplementedError(f"\"{name}\" not implemented for '{x.dtype.tensor_type[6:-6]}'")
    return x, y


def _check_broadcast(x: Lazy, y: Lazy, *attrs: Any) -> None:
    check = elementwise.BINARY["sub"].check
    assert check is not None
    check(x, y)


@operation("l1_loss", "MeanBackward0", _check_broadcast)
def _l1(x: Any, y: Any, reduction: str) -> Any:
    return reduced(R["absolute"](x - y), reduction)


@operation("smooth_l1_loss", "SmoothL1LossBackward0", _check_broadcast)
def _smooth_l1(x: Any, y: Any, beta: float, reduction: str) -> Any:
    d = x - y
    size = R["absolute"](d)
    return reduced(R["where"](size < beta, 0.5 * d * d / beta, size - 0.5 * beta), reduction)


@operation("huber_loss", "HuberLossBackward0", _check_broadcast)
def _huber(x: Any, y: Any, delta: float, reduction: str) -> Any:
    d = x - y
    size = R["absolute"](d)
    return reduced(R["where"](size <= delta, 0.5 * d * d, delta * (size - 0.5 * delta)), reduction)


def _weighted(losses: Any, weight: tuple[Any, ...], reduction: str) -> Any:
    return reduced(losses * weight[0] if weight else losses, reduction)


def _bounded_log(x: Any) -> Any:
    """The logarithm, not below -100, as PyTorch has it: a wrong answer given with certainty has a finite loss."""
    least = 3.720075976020836e-44  # exp(-100)
    return R["where"](x > least, R["log"](R["where"](x > least, x, 1.0)), -100.0)


@operation("binary_cross_entropy", "BinaryCrossEntropyBackward0")
def _cross_entropy_of_probabilities(x: Any, y: Any, *args: Any) -> Any:
    *weight, reduction = args
    return _weighted((y - 1.0) * _bounded_log(1.0 - x) - y * _bounded_log(x), tuple(weight), reduction)


def _minus_log_sigmoid(x: Any) -> Any:
    return R["logaddexp"](-x, 0.0)


@operation("binary_cross_entropy_with_logits", "BinaryCrossEntropyWithLogitsBackward0")
def _cross_entropy_of_logits(x: Any, y: Any, *args: Any) -> Any:
    *weight, reduction = args
    return _weighted((1.0 - y) * x + _minus_log_sigmoid(x), tuple(weight), reduction)


@operation("binary_cross_entropy_with_logits", "BinaryCrossEntropyWithLogitsBackward0")
def _cross_entropy_of_logits_weighted(x: Any, y: Any, positive: Any, *args: Any) -> Any:
    *weight, reduction = args
    own = (positive - 1.0) * y + 1.0
    return _weighted((1.0 - y) * x + own * _minus_log_sigmoid(x), tuple(weight), reduction)


@operation("kl_div", "DivBackward0", _check_broadcast)
def _kl_div(x: Any, y: Any, log_target: bool, reduction: str) -> Any:
    if log_target:
        losses = R["exp"](y) * (y - x)
    else:
        some = y > 0
        losses = R["where"](some, y * R["log"](R["where"](some, y, 1.0)), y * 0.0) - y * x
    if reduction != "batchmean":
        return reduced(losses, reduction)
    total = reduced(losses, "sum")
    return total / float(x.shape[0]) if x.rank else total


# -- functions ---------------------------------------------------------------------------------------------------------


def mse_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """The squares of the differences, their mean or their sum."""
    if size_average is not None or reduce is not None:
        reduction = reduction_of(size_average, reduce, reduction)
    x, y = as_lazy(input), as_lazy(target)
    if reduction not in REDUCTIONS or x.shape != y.shape or x.dtype is not y.dtype or x.dtype.category < 2:
        require_reduction(reduction)
        x, y = _pair(input, target, "mse_cpu")
        _check_broadcast(x, y)
    return wrap(linear.mse_loss(x, y, reduction))


def l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """The sizes of the differences, their mean or their sum."""
    reduction = reduction_of(size_average, reduce, reduction)
    require_reduction(reduction)
    return wrap(record(_l1, _pair(input, target, "abs_cpu"), (reduction,)))


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Half the squares of differences smaller than ``beta``, over it; else their sizes less ``beta / 2``."""
    reduction = reduction_of(size_average, reduce, reduction)
    require_reduction(reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    pair = _pair(input, target, "smooth_l1_cpu")
    if beta == 0:
        return wrap(record(_l1, pair, (reduction,)))
    return wrap(record(_smooth_l1, pair, (float(beta), reduction)))


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """Half the squares of differences up to ``delta``; ``delta`` times their sizes less ``delta / 2`` beyond."""
    require_reduction(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    pair = _pair(input, target, "huber_cpu")
    if weight is None:
        return wrap(record(_huber, pair, (float(delta), reduction)))
    raise NotImplementedError("huber_loss with weights: multiply the losses that reduction='none' gives")


def _require_dtype(x: Lazy, y: Lazy) -> None:
    if x.dtype.category < 2:
        raise NotImplementedError(f"\"binary_cross_entropy\" not implemented for '{x.dtype.tensor_type[6:-6]}'")
    if y.dtype is not x.dtype:
        raise RuntimeError(f"Found dtype {y.dtype.tensor_type[6:-6]} but expected {x.dtype.tensor_type[6:-6]}")


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the logarithm of the probability that was given to what is the case.

    Raises
    ------
    RuntimeError
        If an element of the input is no probability. It is computed first for that.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    require_reduction(reduction)
    x, y = as_lazy(input), as_lazy(target)
    if x.shape != y.shape:
        raise ValueError(
            f"Using a target size ({Size(y.shape)!r}) that is different to the input size ({Size(x.shape)!r}) is "
            "deprecated. Please ensure they have the same size."
        )
    _require_dtype(x, y)
    _require_probabilities(x)
    extra = () if weight is None else (_weight(weight, x),)
    return wrap(record(_cross_entropy_of_probabilities, (x, y, *extra), (reduction,)))


_NO_PROBABILITY = "all elements of input should be between 0 and 1"


@operation("no_probability", "")
def _no_probability(x: Any) -> Any:
    return R["where"](x >= 0.0, R["where"](x <= 1.0, 0, 1), 1)


def _require_probabilities(x: Lazy) -> None:
    if is_traced(x):
        require(Requirement(record(_no_probability, (x,)), 0, 1, RuntimeError, _NO_PROBABILITY))
        return
    materialise([x])
    array = as_array(x)
    if not np.all((array >= 0) & (array <= 1)):
        raise RuntimeError(_NO_PROBABILITY)


def _weight(weight: Tensor, x: Lazy) -> Lazy:
    found = elementwise.convert(as_lazy(weight), x.dtype)
    if len(found.shape) > len(x.shape) or any(
        m not in (1, n) for m, n in zip(found.shape[::-1], x.shape[::-1], strict=False)
    ):
        raise RuntimeError(f"a weight of shape {list(found.shape)} does not fit an input of shape {list(x.shape)}")
    return found


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of the sigmoid, without its overflow."""
    reduction = reduction_of(size_average, reduce, reduction)
    require_reduction(reduction)
    x, y = as_lazy(input), as_lazy(target)
    if x.shape != y.shape:
        raise ValueError(f"Target size ({Size(y.shape)!r}) must be the same as input size ({Size(x.shape)!r})")
    if y.dtype.category < 2 or x.dtype.category < 2:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {min(x, y, key=_rank).dtype.tensor_type[6:-6]}"
        )
    if x.dtype is not y.dtype:
        dtype = common_dtype((x, y))
        x, y = elementwise.convert(x, dtype), elementwise.convert(y, dtype)
    inputs: tuple[Lazy, ...] = (x, y)
    op: Operation = _cross_entropy_of_logits
    if pos_weight is not None:
        inputs, op = (x, y, _weight(pos_weight, x)), _cross_entropy_of_logits_weighted
    if weight is not None:
        inputs = (*inputs, _weight(weight, x))
    return wrap(record(op, inputs, (reduction,)))


def _rank(x: Lazy) -> int:
    return x.dtype.category


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """How far a distribution is from one whose logarithm is given: ``target * (log(target) - input)``.

    ``"batchmean"`` divides the sum by the size of the first axis, as the definition has it.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if reduction != "batchmean":
        require_reduction(reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides "
            "only by the batch size, and aligns with the definition of the KL divergence.",
            UserWarning,
            stacklevel=2,
        )
    x, y = as_lazy(input), as_lazy(target)
    dtype = common_dtype((x, y))
    pair = (elementwise.convert(x, dtype), elementwise.convert(y, dtype))
    return wrap(record(_kl_div, pair, (bool(log_target), reduction)))


for _function in (
    *(mse_loss, l1_loss, smooth_l1_loss, huber_loss),
    *(binary_cross_entropy, binary_cross_entropy_with_logits, kl_div),
):
    FUNCTIONS[_function.__name__] = _function
