"""Sorting, the largest elements, positions in sorted numbers, and counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors.arithmetic import FUNCTIONS, first_operand, function
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import default_dtype, int32, int64
from symdiff.tensors.lazy import known
from symdiff.tensors.operations import operation, record
from symdiff.tensors.reductions import axis_of
from symdiff.tensors.requirements import is_traced, require
from symdiff.tensors.return_types import return_type
from symdiff.tensors.selection import largest_indices
from symdiff.tensors.tensor import Tensor, as_lazy, wrap
from symdiff.tensors.tracing import Requirement, ValuesNeeded, is_for_training

__all__ = ["pair_at"]

_PAIRS: dict[str, Any] = {
    name: return_type(name, "values", "indices")
    for name in ("sort", "topk", "kthvalue", "median", "cummax", "cummin", "mode", "nanmedian")
}


def _indices(places: np.ndarray[Any, Any]) -> Tensor:
    places = np.ascontiguousarray(places, np.int64)
    return wrap(known(places, int64, places.shape))


def _order(array: np.ndarray[Any, Any], axis: int, descending: bool) -> np.ndarray[Any, Any]:
    """Positions in order; equal elements stay in theirs, and a NaN is above all numbers."""
    if not descending:
        return np.argsort(array, axis=axis, kind="stable")
    turned = np.flip(array, axis)
    return array.shape[axis] - 1 - np.flip(np.argsort(turned, axis=axis, kind="stable"), axis)


@operation("argsort", "")
def _argsort_row(x: Any, axis: int) -> Any:
    return R["argsort"](x, axis=axis)


def _places(input: Any, axis: int, descending: bool) -> Tensor:
    """Positions in order, as a tensor; in a program that is compiled, it orders whenever it runs."""
    x = as_lazy(input)
    if not is_traced(x):
        return _indices(_order(input._array(), axis, descending))
    if x.dtype.category == 0:
        input = input.to(int64)
    if not descending:
        return wrap(record(_argsort_row, (as_lazy(input),), (axis,)))
    turned: Any = wrap(record(_argsort_row, (as_lazy(input.flip(axis)),), (axis,)))
    places: Tensor = x.shape[axis] - 1 - turned.flip(axis)
    return places


def pair_at(name: str, input: Any, axis: int, indices: Any, keepdim: bool = True) -> Any:
    """The elements at some places along an axis, and these places."""
    values: Any = FUNCTIONS["gather"](input, axis, indices)
    if keepdim:
        return _PAIRS[name](values, indices)
    return _PAIRS[name](values.squeeze(axis), indices.squeeze(axis))


def _sorted(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    x = first_operand(input, "sort")
    if not x.shape:
        return _PAIRS["sort"](input.clone(), made(np.zeros((), np.int64)))
    axis = axis_of(dim, len(x.shape))
    return pair_at("sort", input, axis, _places(input, axis, descending))


def _argsort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    if not input.ndim:
        return made(np.zeros((), np.int64))
    return _places(input, axis_of(dim, input.ndim), descending)


def _top(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    x = first_operand(input, "topk")
    if not x.shape:
        if k not in (0, 1):
            raise RuntimeError("selected index k out of range")
        return _PAIRS["topk"](input.clone(), made(np.zeros((), np.int64)))
    axis = axis_of(dim, len(x.shape))
    if not 0 <= k <= x.shape[axis]:
        raise RuntimeError("selected index k out of range")
    if is_traced(x):
        return pair_at("topk", input, axis, _best_of_run(input, k, largest, axis))
    return pair_at("topk", input, axis, _indices(_best(np.moveaxis(input._array(), axis, -1), k, largest, axis)))


def _best_of_run(input: Any, k: int, largest: bool, axis: int) -> Any:
    """The places of the largest, or smallest, of elements that a run will tell, which must not be equal."""
    if is_for_training():
        raise ValuesNeeded  # the training goes on with equal ones, too
    places: Any = _places(input, axis, largest)
    count = min(k + 1, input.shape[axis])
    ordered = FUNCTIONS["gather"](input, axis, places.narrow(axis, 0, count))
    if k > 0 and count > 1:
        equal = ordered.narrow(axis, 1, count - 1) == ordered.narrow(axis, 0, count - 1)
        require(Requirement(as_lazy(equal.to(int64)), 0, 1, RuntimeError, _EQUAL))
    return places.narrow(axis, 0, k)


_EQUAL = "topk of equal elements is not supported in a function that is compiled: which are taken has no rule"


def _best(array: np.ndarray[Any, Any], k: int, largest: bool, axis: int) -> np.ndarray[Any, Any]:
    """The places of the largest, or smallest, elements of each row, in PyTorch's order."""
    rows = array.reshape(-1, array.shape[-1])
    ranked = rows if largest else _reversed_order(rows)
    if k == 0 or rows.size == 0:
        places = np.zeros((len(rows), k), np.int64)
    elif ranked.dtype.kind == "f" and np.isnan(ranked).any():
        places = _order(rows, 1, largest)[:, :k]
    else:
        places = largest_indices(ranked, k)
    return np.moveaxis(places.reshape((*array.shape[:-1], k)), -1, axis)


def _reversed_order(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return -rows if rows.dtype.kind == "f" else np.invert(rows)


def _kth(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    axis = axis_of(dim, input.ndim)
    if not 1 <= k <= input.shape[axis]:
        raise RuntimeError("kthvalue(): selected number k out of range for dimension " + str(axis))
    places = _places(input, axis, False).narrow(axis, k - 1, 1)  # type: ignore[attr-defined]
    return pair_at("kthvalue", input, axis, places, keepdim)


def _median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower one of the two in the middle; a NaN where there is one."""
    if dim is None:
        found = _median(input.detach().reshape(-1), 0).values
        if not input.dtype.is_floating_point:
            return found
        # equal elements share the gradient
        chosen = FUNCTIONS["logical_or"](input == found, FUNCTIONS["isnan"](input))
        return FUNCTIONS["where"](chosen, input, -float("inf")).max()
    axis = axis_of(dim, input.ndim)
    places: Any = _places(input, axis, False).narrow(axis, (input.shape[axis] - 1) // 2, 1)  # type: ignore[attr-defined]
    if input.dtype.is_floating_point:
        missing = FUNCTIONS["isnan"](input).to(int64)
        first = missing.argmax(axis, keepdim=True)
        places = FUNCTIONS["where"](missing.amax(axis, keepdim=True) > 0, first, places)
    return pair_at("median", input, axis, places, keepdim)


def _searched(
    sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None
) -> Tensor:
    wanted = input._array() if isinstance(input, Tensor) else np.asarray(input)
    line = sorted_sequence._array()
    where: Any = "right" if right or side == "right" else "left"
    if line.ndim == 1:
        found = np.searchsorted(line, wanted, where)
    else:
        if line.shape[:-1] != wanted.shape[:-1]:
            raise RuntimeError(
                "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
                "boundaries tensor and input value tensor must match"
            )
        pairs = zip(line.reshape(-1, line.shape[-1]), wanted.reshape(-1, wanted.shape[-1]), strict=True)
        found = np.array([np.searchsorted(a, v, where) for a, v in pairs]).reshape(wanted.shape)
    return made(np.asarray(found, (int32 if out_int32 else int64).numpy))


def _bucketed(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    return _searched(boundaries, input, out_int32=out_int32, right=right)


def _unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    array = input._array()
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    inverse = inverse.reshape(array.shape if dim is None else -1)
    return _chosen(values, inverse, counts, return_inverse, return_counts)


def _unique_runs(input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    array = input._array() if dim is not None else input._array().reshape(-1)
    axis = axis_of(dim or 0, array.ndim)
    line = np.moveaxis(array, axis, 0)
    flat = line.reshape(len(line), -1)
    begins = np.ones(len(line), bool)
    begins[1:] = (flat[1:] != flat[:-1]).any(1)
    inverse = np.cumsum(begins) - 1
    values = np.moveaxis(line[begins], 0, axis)
    counts = np.bincount(inverse) if len(line) else inverse
    return _chosen(
        values, inverse.reshape(input.shape) if dim is None else inverse, counts, return_inverse, return_counts
    )


def _chosen(values: Any, inverse: Any, counts: Any, return_inverse: bool, return_counts: bool) -> Any:
    found = [made(np.ascontiguousarray(values))]
    found += [_indices(inverse)] if return_inverse else []
    found += [_indices(counts)] if return_counts else []
    return found[0] if len(found) == 1 else tuple(found)


def _count_nonzero(input: Any, dim: Any = None) -> Tensor:
    return (input != 0).sum(dim)


def _bincount(input: Any, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    array = input._array()
    if array.ndim != 1 or array.dtype.kind == "f" or (array.size and array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return made(np.bincount(array, minlength=minlength).astype(np.int64))
    kind = np.float32 if weights.dtype.name == "float32" else np.float64
    found = np.zeros(max(minlength, int(array.max(initial=-1)) + 1), kind)
    np.add.at(found, array, weights._array())  # in the order of the elements, in the weights' dtype
    return made(found)


def _histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    array = input._array()
    low, high = (array.min(), array.max()) if min == 0 == max else (min, max)
    if low == high:
        low, high = low - 1, high + 1
    counts, _ = np.histogram(array, bins, (float(low), float(high)))
    return made(counts.astype(array.dtype if array.dtype.kind == "f" else default_dtype().numpy))


def _is_in(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    arrays = [x._array() if isinstance(x, Tensor) else np.asarray(x) for x in (elements, test_elements)]
    return made(np.asarray(np.isin(arrays[0], arrays[1], invert=invert)))


_CALLS: dict[str, Any] = {
    "sort": _sorted, "argsort": _argsort, "topk": _top, "kthvalue": _kth, "median": _median, "unique": _unique,
    "unique_consecutive": _unique_runs, "count_nonzero": _count_nonzero, "bincount": _bincount, "histc": _histc,
    "msort": lambda input: _sorted(input, 0).values,
}  # fmt: skip
for _name, _call in _CALLS.items():
    function(_name, _call)
function("searchsorted", _searched, method=False)
function("bucketize", _bucketed, method=False)
function("isin", _is_in, method=False)
