"""Losses of classifiers: one recorded operation each; the classes are inputs at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.nn.loss_functions import reduced, reduction_of, require_reduction
from symdiff.ops import REGISTRY as R
from symdiff.tensors import elementwise
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import int64
from symdiff.tensors.lazy import Lazy, as_array
from symdiff.tensors.operations import operation, positions, record
from symdiff.tensors.plans import materialise
from symdiff.tensors.requirements import is_traced, require
from symdiff.tensors.tensor import Tensor, as_lazy, wrap
from symdiff.tensors.tracing import Requirement

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's names in ``nn.functional``."""

NO_CLASS = -100


def _class_axis(x: Any) -> int:
    return 0 if len(x.shape) == 1 else 1


def _log_softmax(x: Any) -> Any:
    axis = (_class_axis(x),)
    shifted = x - R["stop_gradient"](R["max"](x, axis=axis, keepdims=True))
    return shifted - R["log"](R["sum"](R["exp"](shifted), axis=axis, keepdims=True))


def _over_classes(x: Any, weight: Any) -> Any:
    """The sum over the classes, each times its weight."""
    axis = _class_axis(x)
    if weight is not None:
        x = x * R["reshape"](weight, shape=(*weight.shape, *(1,) * (x.rank - 1 - axis)))
    return R["sum"](x, axis=(axis,), keepdims=False)


def _right_entries(x: Any, classes: Any) -> Any:
    """The entry of the right class, of each sample."""
    places: list[Any] = []
    for axis, size in enumerate(classes.shape):
        places.append(R["reshape"](positions(x, size), shape=(size, *(1,) * (classes.rank - 1 - axis))))
    places.insert(_class_axis(x), classes)
    entry = ("array",) if classes.rank else ("int",)
    return R["index"](x, *places, index=(entry,) * x.rank)


def _by_class(log_p: Any, target: Any, weight: Any, ignore_index: int, smoothing: float, reduction: str) -> Any:
    counts = R["not_equal"](target, ignore_index)
    classes = R["where"](counts, target, 0)
    losses = -_right_entries(log_p, classes)
    own: Any = 1.0
    if weight is not None:
        own = R["index"](weight, classes, index=((("array",) if classes.rank else ("int",)),))
        losses = losses * own
    if smoothing:
        spread = -_over_classes(log_p, weight) / float(log_p.shape[_class_axis(log_p)])
        losses = losses * (1.0 - smoothing) + spread * smoothing
    losses = R["where"](counts, losses, 0.0)
    if reduction != "mean":
        return reduced(losses, reduction)
    own = R["convert"](counts, dtype=log_p.type.dtype, kind="numpy") if weight is None else R["where"](counts, own, 0.0)
    return reduced(losses, "sum") / reduced(own, "sum")


def _by_probability(log_p: Any, target: Any, weight: Any, smoothing: float, reduction: str) -> Any:
    if smoothing:
        target = target * (1.0 - smoothing) + smoothing / float(log_p.shape[_class_axis(log_p)])
    losses = -_over_classes(log_p * target, weight)
    if reduction != "mean":
        return reduced(losses, reduction)
    count = 1
    for n in losses.shape:
        count *= n
    return reduced(losses, "sum") / float(count)


@operation("nll_loss", "NllLossBackward0")
def _nll_loss(x: Any, target: Any, *args: Any) -> Any:
    *weight, ignore_index, reduction = args
    return _by_class(x, target, weight[0] if weight else None, ignore_index, 0.0, reduction)


@operation("cross_entropy", "NllLossBackward0")
def _cross_entropy(x: Any, target: Any, *args: Any) -> Any:
    *weight, ignore_index, smoothing, reduction = args
    return _by_class(_log_softmax(x), target, weight[0] if weight else None, ignore_index, smoothing, reduction)


@operation("cross_entropy", "DivBackward1")
def _cross_entropy_of_probabilities(x: Any, target: Any, *args: Any) -> Any:
    *weight, smoothing, reduction = args
    return _by_probability(_log_softmax(x), target, weight[0] if weight else None, smoothing, reduction)


# -- checks ------------------------------------------------------------------------------------------------------------


def _require_classes(x: Lazy, target: Lazy, ignore_index: int) -> Lazy:
    """The classes, which are looked at: one that does not exist is an error on the user's line."""
    shape = (*x.shape[: _class_axis(x)], *x.shape[_class_axis(x) + 1 :])
    if target.dtype is not int64:
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.tensor_type[6:-6]}")
    if target.shape[:1] != shape[:1]:
        raise ValueError(
            f"Expected input batch_size ({shape[0] if shape else 1}) to match target batch_size "
            f"({target.shape[0] if target.shape else 1})."
        )
    if target.shape != shape:
        raise RuntimeError(f"Expected target size {list(shape)}, got {list(target.shape)}")
    count = x.shape[_class_axis(x)]
    require(Requirement(target, 0, count, IndexError, "Target {} is out of bounds.", ignore_index))
    return target


def _require_logits(x: Lazy, name: str) -> None:
    if not x.shape:
        raise RuntimeError(f"{name} takes an input with an axis of classes, not a scalar")
    if x.dtype.category < 2:
        raise NotImplementedError(
            f"\"log_softmax_lastdim_kernel_impl\" not implemented for '{x.dtype.tensor_type[6:-6]}'"
        )


def _weights(weight: Tensor | None, x: Lazy) -> tuple[Lazy, ...]:
    if weight is None:
        return ()
    found, count = as_lazy(weight), x.shape[_class_axis(x)]
    if found.shape != (count,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {count} classes or no classes but got weight tensor of "
            f"shape: {list(found.shape)}"
        )
    if found.dtype is not x.dtype:
        raise RuntimeError(
            f"expected scalar type {x.dtype.tensor_type[6:-6]} but found {found.dtype.tensor_type[6:-6]}"
        )
    return (found,)


# -- functions ---------------------------------------------------------------------------------------------------------


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = NO_CLASS,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the entries of the right classes.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities: classes are the second axis, or the only one.
    target : Tensor
        The class of each sample, int64.
    weight : Tensor, optional
        One for each class.
    ignore_index : int
        Samples of this class do not count.
    reduction : str
        ``mean``, which divides by the sum of the weights, ``sum`` or ``none``.

    Raises
    ------
    IndexError
        If there is no such class.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    require_reduction(reduction)
    x = as_lazy(input)
    _require_logits(x, "nll_loss")
    classes = _require_classes(x, as_lazy(target), ignore_index)
    return wrap(record(_nll_loss, (x, classes, *_weights(weight, x)), (int(ignore_index), reduction)))


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = NO_CLASS,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """`nll_loss` of the logarithm of the softmax; the target may be probabilities of all classes, too.

    ``label_smoothing`` is how much of the probability of the right class is shared out among all.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    require_reduction(reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    x, y = as_lazy(input), as_lazy(target)
    _require_logits(x, "cross_entropy")
    smoothing = float(label_smoothing)
    if y.shape == x.shape:
        if y.dtype.category < 2:
            raise RuntimeError(
                f"Expected floating point type for target with class probabilities, got {y.dtype.tensor_type[6:-6]}"
            )
        if ignore_index != NO_CLASS and ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        pair = (x, elementwise.convert(y, x.dtype))
        return wrap(record(_cross_entropy_of_probabilities, (*pair, *_weights(weight, x)), (smoothing, reduction)))
    classes = _require_classes(x, y, ignore_index)
    return wrap(record(_cross_entropy, (x, classes, *_weights(weight, x)), (int(ignore_index), smoothing, reduction)))


NO_BOUND = 1 << 62
_NEGATIVE_CLASS = "Class values must be non-negative."
_NO_SUCH_CLASS = "Class values must be smaller than num_classes."


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Vectors with a one at the place of the class, int64."""
    value = as_lazy(tensor)
    if value.dtype is not int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if num_classes > 0 and is_traced(value):
        require(Requirement(value, 0, NO_BOUND, RuntimeError, _NEGATIVE_CLASS))
        require(Requirement(value, -NO_BOUND, num_classes, RuntimeError, _NO_SUCH_CLASS))
        return (tensor.unsqueeze(-1) == made(np.arange(num_classes))).to(int64)  # type: ignore[attr-defined]
    materialise([value])
    array = as_array(value)
    if not array.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if array.size and array.min() < 0:
        raise RuntimeError(_NEGATIVE_CLASS)
    if array.size and 0 <= num_classes <= array.max():
        raise RuntimeError(_NO_SUCH_CLASS)
    count = int(array.max()) + 1 if num_classes < 0 else num_classes
    return made((array[..., None] == np.arange(count)).astype(np.int64))


for _function in (nll_loss, cross_entropy, one_hot):
    FUNCTIONS[_function.__name__] = _function
