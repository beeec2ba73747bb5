"""Flips, rolls, repetitions, and tensors put side by side."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors.arithmetic import FUNCTIONS, first_operand, function
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import int64
from symdiff.tensors.lazy import Lazy, known
from symdiff.tensors.operations import operation, record
from symdiff.tensors.reductions import axis_of
from symdiff.tensors.size import Size
from symdiff.tensors.tensor import Tensor, as_lazy, attach, wrap
from symdiff.tensors.views import reshaped, sizes_of

__all__: list[str] = []


@operation("flip", "FlipBackward0")
def _flip(x: Any, axes: tuple[int, ...]) -> Any:
    key = tuple(("slice", n - 1, -n - 1, -1) if k in axes and n else ("slice", 0, n, 1) for k, n in enumerate(x.shape))
    return R["index"](x, index=key)


@operation("roll", "RollBackward0")
def _roll(x: Any, shift: int, axis: int) -> Any:
    return R["roll"](x, shift, axis=axis)


@operation("repeat", "RepeatBackward0")
def _repeat(x: Any, counts: tuple[int, ...]) -> Any:
    sizes = (*[1] * (len(counts) - x.rank), *x.shape)
    apart = tuple(n for size in sizes for n in (1, size))
    spread = tuple(n for count, size in zip(counts, sizes, strict=True) for n in (count, size))
    whole = tuple(count * size for count, size in zip(counts, sizes, strict=True))
    return R["reshape"](R["broadcast_to"](R["reshape"](x, shape=apart), shape=spread), shape=whole)


def _dims(dims: Sequence[Any], rank: int) -> tuple[int, ...]:
    return tuple(axis_of(d, rank) for d in sizes_of(dims))


def _flipped(input: Tensor, *dims: Any) -> Tensor:
    x = first_operand(input, "flip")
    axes = _dims(dims, len(x.shape))
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"dim {axes[0]} appears multiple times in the list of dims")
    return wrap(record(_flip, (x,), (axes,)))


def _rolled(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    x = first_operand(input, "roll")
    if dims is None or dims == ():
        return wrap(reshaped(_shifted(reshaped(x, (Size(x.shape).numel(),)), int(shifts), 0), x.shape))
    steps, axes = ((v,) if isinstance(v, int) else tuple(v) for v in (shifts, dims))
    if len(steps) != len(axes):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}")
    for step, axis in zip(steps, axes, strict=True):
        x = _shifted(x, step, axis_of(axis, len(x.shape)))
    return wrap(x)


def _shifted(x: Lazy, step: int, axis: int) -> Lazy:
    return record(_roll, (x,), (step % max(x.shape[axis], 1), axis))


def _repeated(input: Tensor, *repeats: Any) -> Tensor:
    x = first_operand(input, "repeat")
    counts = sizes_of(repeats)
    if len(counts) < len(x.shape):
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    return wrap(record(_repeat, (x,), (counts,)))


def _tiled(input: Tensor, *dims: Any) -> Tensor:
    counts = sizes_of(dims)
    return _repeated(input, (*[1] * (input.ndim - len(counts)), *counts))


def _each_repeated(input: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    if dim is None:
        input, dim = input.reshape(-1), 0  # type: ignore[attr-defined]
    axis = axis_of(dim, input.ndim)
    counts = repeats._array() if isinstance(repeats, Tensor) else repeats
    places = np.repeat(np.arange(input.shape[axis]), counts).astype(np.int64)
    return input[(*(slice(None),) * axis, wrap(known(places, int64, places.shape)))]  # type: ignore[index]


def _turned(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    first, second = (axis_of(d, input.ndim) for d in dims)
    turns = k % 4
    if turns == 2:
        return _flipped(input, (first, second))
    if turns == 0:
        return input.clone()  # type: ignore[attr-defined]
    flipped = _flipped(input, second if turns == 1 else first)
    return flipped.transpose(first, second)  # type: ignore[attr-defined]


function("flip", _flipped)
function("fliplr", lambda input: _flipped(input, 1))
function("flipud", lambda input: _flipped(input, 0))
function("roll", _rolled)
function("tile", _tiled)
function("repeat_interleave", _each_repeated)
function("rot90", _turned)
attach("repeat", _repeated)


# -- axes --------------------------------------------------------------------------------------------------------------


def _moved(input: Tensor, source: Any, destination: Any) -> Tensor:
    rank = input.ndim
    origins, targets = (_dims((v,) if isinstance(v, int) else tuple(v), rank) for v in (source, destination))
    order = [k for k in range(rank) if k not in origins]
    for target, origin in sorted(zip(targets, origins, strict=True)):
        order.insert(target, origin)
    return input.permute(order)  # type: ignore[attr-defined]


def _at_least(rank: int) -> Any:
    def of_one(x: Tensor) -> Tensor:
        if rank == 3 and x.ndim == 2:
            return x.unsqueeze(2)  # type: ignore[attr-defined]
        if rank == 3 and x.ndim == 1:
            return x.reshape(1, -1, 1)  # type: ignore[attr-defined]
        shape = (*[1] * (rank - x.ndim), *x.shape)
        return x if x.ndim >= rank else x.reshape(shape)  # type: ignore[attr-defined]

    def call(*tensors: Any) -> Any:
        several = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
        found = tuple(of_one(x) for x in several)
        return found[0] if len(tensors) == 1 and isinstance(tensors[0], Tensor) else found

    return call


def _unflattened(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    axis = axis_of(dim, input.ndim)
    inner = list(sizes)
    if -1 in inner:
        rest = -int(np.prod(inner))
        inner[inner.index(-1)] = input.shape[axis] // max(rest, 1)
    return input.reshape((*input.shape[:axis], *inner, *input.shape[axis + 1 :]))  # type: ignore[attr-defined]


for _name in ("movedim", "moveaxis"):
    function(_name, _moved)
function("swapdims", lambda input, dim0, dim1: input.transpose(dim0, dim1))
function("unflatten", _unflattened)
for _rank in (1, 2, 3):
    function(f"atleast_{_rank}d", _at_least(_rank), method=False)


# -- several tensors ---------------------------------------------------------------------------------------------------


def _side_by_side(tensors: Sequence[Tensor]) -> Tensor:
    whole = FUNCTIONS["atleast_1d"](list(tensors))
    return FUNCTIONS["cat"](whole, 0 if whole[0].ndim == 1 else 1)


def _columns(tensors: Sequence[Tensor]) -> Tensor:
    return FUNCTIONS["cat"]([x.reshape(-1, 1) if x.ndim < 2 else x for x in tensors], 1)  # type: ignore[attr-defined]


def _on_top(rank: int, dim: int) -> Any:
    return lambda tensors: FUNCTIONS["cat"](FUNCTIONS[f"atleast_{rank}d"](list(tensors)), dim)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that shapes broadcast to."""
    whole = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    try:
        return Size(np.broadcast_shapes(*whole))
    except ValueError:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape: " + ", ".join(map(str, whole))
        ) from None


def _broadcast(*tensors: Any) -> tuple[Tensor, ...]:
    several = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    shape = broadcast_shapes(*[t.shape for t in several])
    return tuple(t.expand(shape) for t in several)


def _grid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    several = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    lines = [t.reshape(-1) for t in several]
    swapped = indexing == "xy" and len(lines) > 1
    if swapped:
        lines[0], lines[1] = lines[1], lines[0]
    shape = tuple(t.shape[0] for t in lines)
    grids = [
        t.reshape(tuple(n if k == at else 1 for k, n in enumerate(shape))).expand(shape) for at, t in enumerate(lines)
    ]
    if swapped:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def _products(*tensors: Tensor) -> Tensor:
    if len(tensors) == 1:
        return tensors[0]
    return FUNCTIONS["stack"]([g.reshape(-1) for g in _grid(*tensors)], 1)  # type: ignore[attr-defined]


def _combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.shape[0]), r)), np.int64).reshape(-1, r)
    return input[made(rows)]  # type: ignore[index]


_SEVERAL: dict[str, Any] = {
    "hstack": _side_by_side, "vstack": _on_top(2, 0), "row_stack": _on_top(2, 0), "dstack": _on_top(3, 2),
    "column_stack": _columns, "broadcast_tensors": _broadcast, "broadcast_shapes": broadcast_shapes,
    "meshgrid": _grid, "cartesian_prod": _products, "combinations": _combinations, "concatenate": FUNCTIONS["cat"],
}  # fmt: skip
for _name, _call in _SEVERAL.items():
    function(_name, _call, method=False)
function("broadcast_to", lambda input, size: input.expand(size))
function("masked_select", lambda input, mask: _selected(input, mask))


def _selected(input: Tensor, mask: Tensor) -> Tensor:
    shape = broadcast_shapes(input.shape, mask.shape)
    return input.expand(shape)[mask.expand(shape)]  # type: ignore[attr-defined]


def _nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    places = np.nonzero(np.atleast_1d(input._array()))
    if as_tuple:
        return tuple(made(p.astype(np.int64)) for p in places)
    rows = np.stack(places, 1).astype(np.int64)
    return made(rows if as_lazy(input).shape else np.zeros((len(rows), 0), np.int64))


function("nonzero", _nonzero)
function("argwhere", lambda input: _nonzero(input))
