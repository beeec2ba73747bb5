"""The loss of a classifier: how improbable it finds the right classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.errors import DtypeError, ShapeError
from symdiff.ir.graph import Dim
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.activations import log_softmax
from symdiff.ops.arithmetic import divide
from symdiff.ops.comparison import less, not_equal, where
from symdiff.ops.creation import arange, ones
from symdiff.ops.indexing import index
from symdiff.ops.primitive import Traced
from symdiff.ops.reduction import sum_
from symdiff.ops.shaping import reshape
from symdiff.ops.sizes import product

__all__ = ["cross_entropy", "nll_loss"]

NO_CLASS = -100


def nll_loss(
    log_p: Traced,
    target: Traced,
    weight: Traced | None = None,
    ignore_index: int = NO_CLASS,
    reduction: str = "mean",
) -> Any:
    """The negative logarithms of the probabilities of the right classes.

    Parameters
    ----------
    log_p : Traced
        Shape ``[N, C, ...]``, or ``[C]`` for one sample.
    target : Traced
        Integers of shape ``[N, ...]``. A class that does not exist is an IndexError when the program runs.
    weight : Traced, optional
        A weight for each class, shape ``[C]``.
    ignore_index : int
        The number in ``target`` that means no class; such a sample counts nothing.
    reduction : str
        ``"mean"`` (weighted), ``"sum"`` or ``"none"``.
    """
    return _classified(log_p, target, weight, ignore_index, reduction, 0.0)


def cross_entropy(
    x: Traced,
    target: Traced,
    weight: Traced | None = None,
    ignore_index: int = NO_CLASS,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """`nll_loss` of the logarithm of the softmax over the classes.

    With ``label_smoothing``, all classes have an equal share of that much of the probability of the right one. A
    ``target`` of floats of the shape of ``x`` is the probability of each class.
    """
    if not 0.0 <= label_smoothing <= 1.0:
        x.build.refuse(ShapeError, f"label_smoothing must be between 0 and 1, not {label_smoothing}")
    log_p = log_softmax(x, _axis(x))
    if target.type.is_float:
        return _expected(log_p, target, weight, reduction, label_smoothing)
    return _classified(log_p, target, weight, ignore_index, reduction, label_smoothing)


def _classified(
    log_p: Traced, target: Traced, weight: Traced | None, ignore_index: int, reduction: str, smoothing: float
) -> Any:
    """The loss where the class of each sample is given."""
    build, shape = log_p.build, (*log_p.shape[: _axis(log_p)], *log_p.shape[_axis(log_p) + 1 :])
    if target.type.dtype not in ("int64", "int32"):
        build.refuse(DtypeError, f"classes are integers, not {target.type.dtype}")
    _require_shape(target, shape, "the classes")
    counts = not_equal(target, ignore_index)
    classes = where(counts, target, 0)
    # a negative class would count from the end: it becomes one that does not exist either
    classes = where(less(classes, 0), _count(log_p, _axis(log_p)), classes)
    entry = ("array",) if target.rank else ("int",)
    picked = index(log_p, *_places(log_p, classes), index=(entry,) * log_p.rank)
    own = ones(build, shape, log_p.type.dtype) if weight is None else index(weight, classes, index=(entry,))
    losses = -picked * own
    if smoothing:
        spread = -_over_classes(log_p, weight) / _count(log_p, _axis(log_p))
        losses = (1.0 - smoothing) * losses + smoothing * spread
    return _reduced(where(counts, losses, 0.0), reduction, lambda: _total(where(counts, own, 0.0)))


def _expected(log_p: Traced, target: Traced, weight: Traced | None, reduction: str, smoothing: float) -> Any:
    """The loss where the probability of each class is given."""
    _require_shape(target, log_p.shape, "the probabilities of classes")
    if smoothing:
        target = target * (1.0 - smoothing) + divide(smoothing, _count(log_p, _axis(log_p)))
    losses = -_over_classes(log_p * target, weight)
    return _reduced(losses, reduction, lambda: _count(losses, *range(losses.rank)))


def _axis(x: Traced) -> int:
    """The axis of the classes."""
    return 0 if x.rank == 1 else 1


def _require_shape(x: Traced, shape: tuple[Dim, ...], what: str) -> None:
    message = f"{what} have shape {show_shape(x.shape)}, where {show_shape(shape)} is needed"
    if x.rank != len(shape):
        x.build.refuse(ShapeError, message)
    for have, want in zip(x.shape, shape, strict=True):
        require_same(x.build, have, want, message)


def _count(x: Traced, *axes: int) -> Traced:
    """How many entries there are along axes, as a number of the graph."""
    return Traced(x.build, x.build.size(product(x.build, [x.shape[axis] for axis in axes])))


def _places(log_p: Traced, classes: Traced) -> list[Any]:
    """The index of the right class of each sample: one array for each axis, broadcast together."""
    build, places = log_p.build, [classes]
    ends = (build.constant(0), build.constant(1))
    for axis, size in enumerate(classes.shape):
        numbers = Traced(build, build.add(arange, *ends, length=size, dtype="int64"))
        numbers = reshape(numbers, shape=(size, *(1,) * (classes.rank - 1 - axis)))
        places.insert(axis + (axis > 0), numbers)
    return places


def _over_classes(x: Traced, weight: Traced | None) -> Any:
    """The sum over classes, each times its weight."""
    axis = _axis(x)
    if weight is not None:
        x = x * reshape(weight, shape=(*weight.shape, *(1,) * (x.rank - 1 - axis)))
    return sum_(x, axis=(axis,), keepdims=False)


def _total(x: Traced) -> Any:
    return sum_(x, axis=tuple(range(x.rank)), keepdims=False) if x.rank else x


def _reduced(losses: Traced, reduction: str, count: Callable[[], Any]) -> Any:
    if reduction == "none":
        return losses
    if reduction == "sum":
        return _total(losses)
    if reduction != "mean":
        losses.build.refuse(ShapeError, f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    return _total(losses) / count()
