"""Stores and sums at places along one axis, or at places that a mask or several arrays give."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.tensors import elementwise
from symdiff.tensors.arithmetic import FUNCTIONS, first_operand, function, in_place
from symdiff.tensors.creation import made
from symdiff.tensors.indexing import added_at, stored_at
from symdiff.tensors.reductions import axis_of
from symdiff.tensors.tensor import Tensor, as_lazy, attach, wrap

__all__: list[str] = []


def _key(input: Any, dim: int, index: Any) -> tuple[Any, ...]:
    axis = axis_of(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError("index_copy_/index_add_/index_fill_(): Index is supposed to be a vector")
    return (*(slice(None),) * axis, index.reshape(-1))


def _index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Tensor:
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"index_add_(): self ({input.dtype.tensor_type[6:-6]}) and source ({source.dtype.tensor_type[6:-6]}) must "
            "have the same scalar type"
        )
    _check_source("index_add_", input, dim, index, source)
    return added_at(input, _key(input, dim, index), source if alpha == 1 else source * alpha)


def _check_source(name: str, input: Any, dim: int, index: Any, source: Any) -> None:
    if source.ndim != input.ndim:
        raise RuntimeError(f"{name}(): source has {source.ndim} dimensions, but self has {input.ndim}")
    axis = axis_of(dim, input.ndim)
    wanted = (*input.shape[:axis], index.numel(), *input.shape[axis + 1 :])
    if tuple(source.shape) != wanted:
        raise RuntimeError(
            f"{name}(): source of shape {list(source.shape)} does not fit self of shape {list(input.shape)} with "
            f"{index.numel()} places along dimension {axis}"
        )


def _index_copy(input: Any, dim: int, index: Any, source: Any) -> Tensor:
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype.tensor_type[6:-6]} and (source) {source.dtype.tensor_type[6:-6]}"
        )
    _check_source("index_copy_", input, dim, index, source)
    return stored_at(input, _key(input, dim, index), source)


def _index_fill(input: Any, dim: int, index: Any, value: Any) -> Tensor:
    return stored_at(input, _key(input, dim, index), value)


def _index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Tensor:
    if values.dtype is not input.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {input.dtype.tensor_type[6:-6]} for the "
            f"destination and {values.dtype.tensor_type[6:-6]} for the source."
        )
    return (added_at if accumulate else stored_at)(input, tuple(indices), values)


def _masked_scatter(input: Any, mask: Any, source: Any) -> Tensor:
    if source.dtype is not input.dtype:
        raise RuntimeError("masked_scatter: expected self and source to have same dtypes")
    spread = mask.expand(input.shape)
    count = int(spread.sum())
    if count > source.numel():
        raise RuntimeError("masked_scatter: expected the source to have as many elements as the mask has ones")
    return stored_at(input, (spread,), source.reshape(-1)[:count])


def _take(input: Any, index: Any) -> Tensor:
    found: Tensor = input.reshape(-1)[index.reshape(-1)].reshape(tuple(index.shape))
    return found


def _put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    flat, places = input.reshape(-1), (index.reshape(-1),)
    found: Any = (added_at if accumulate else stored_at)(flat, places, source.reshape(-1))
    return found.reshape(tuple(input.shape))


_AT = {"amax": np.maximum, "amin": np.minimum, "prod": np.multiply}


def _scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """Sums, means, products, or extremes of what is to be stored at a place, with what is there."""
    if reduce not in ("sum", "mean", *_AT):
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}."
        )
    if src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    src = src[tuple(slice(n) for n in index.shape)]
    counts = FUNCTIONS["scatter_add"](input.detach() * 0, dim, index, src.detach() * 0 + 1)
    if reduce in _AT:
        return _extreme(input, dim, index, src, reduce, include_self)
    start = input if include_self else FUNCTIONS["where"](counts > 0, 0, input)
    total = FUNCTIONS["scatter_add"](start, dim, index, src)
    if reduce == "sum":
        return total
    many = counts + 1 if include_self else counts.clamp(min=1)
    return total / many if input.dtype.category == 2 else total.div(many, rounding_mode="floor")


def _extreme(input: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool) -> Any:
    """Elements that are equal share the gradient, as in PyTorch."""
    ufunc, axis = _AT[reduce], axis_of(dim, input.ndim)
    array, places = np.array(input._array()), index._array()
    grids = list(np.ogrid[tuple(slice(n) for n in places.shape)])
    grids[axis] = places
    key = tuple(grids)
    if not include_self:
        kind = array.dtype
        low = -np.inf if kind.kind == "f" else np.iinfo(kind).min
        high = np.inf if kind.kind == "f" else np.iinfo(kind).max
        array[key] = {"amax": low, "amin": high, "prod": 1}[reduce]
    ufunc.at(array, key, src._array())
    best: Any = made(array)
    if not (input.requires_grad or src.requires_grad):
        return best
    if reduce == "prod":
        raise NotImplementedError("scatter_reduce: the gradient of reduce='prod' is not supported")
    where, add = FUNCTIONS["where"], FUNCTIONS["scatter_add"]
    touched = add(input.detach() * 0, dim, index, src.detach() * 0 + 1) > 0
    own = (input.detach() == best) if include_self else ~touched
    ones = src.detach() == FUNCTIONS["gather"](best, dim, index)
    many = add(own.to(input.dtype), dim, index, ones.to(input.dtype))
    shared = add(where(own, input, 0.0), dim, index, where(ones, src, 0.0)) / many
    return where((many == 1) | best.isinf(), shared, best + (shared - shared.detach()))


_CALLS: dict[str, Any] = {
    "index_add": _index_add, "index_copy": _index_copy, "index_fill": _index_fill, "index_put": _index_put,
    "masked_scatter": _masked_scatter, "put": _put, "scatter_reduce": _scatter_reduce,
}  # fmt: skip
for _name, _call in _CALLS.items():
    function(_name, _call)
    attach(f"{_name}_", in_place(_name))
function("take", _take)


def _fill(input: Any, value: Any) -> Tensor:
    x = first_operand(input, "fill")
    return wrap(elementwise.where(as_lazy(made(np.ones(x.shape, bool))), value, x))


function("fill", lambda input, value: _fill(input, value.item() if isinstance(value, Tensor) else value), method=False)
