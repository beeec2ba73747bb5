"""``x[...]`` and stores into it, with PyTorch's rules; gathering and scattering."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.ops import REGISTRY as R
from symdiff.tensors import elementwise
from symdiff.tensors.arithmetic import first_operand, function
from symdiff.tensors.dtypes import bool_, int64
from symdiff.tensors.lazy import Lazy, as_array, known
from symdiff.tensors.operations import Operation, operation, record
from symdiff.tensors.plans import materialise
from symdiff.tensors.reductions import axis_of
from symdiff.tensors.requirements import require
from symdiff.tensors.storage import NUMPY_VIEWS, View
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy, attach, view_of, wrap
from symdiff.tensors.tracing import Requirement
from symdiff.tensors.views import reshaped

__all__ = ["added_at", "parsed_index", "stored_at"]

Entry = tuple[Any, ...]


@operation("slice", "SliceBackward0")
def _basic(x: Any, index: tuple[Entry, ...]) -> Any:
    """Slices and integers known beforehand."""
    key, operands = _split_static(index)
    return R["index"](x, *operands, index=key)


@operation("slice", "CopySlices")
def _put_basic(x: Any, value: Any, index: tuple[Entry, ...]) -> Any:
    key, operands = _split_static(index)
    return R["put"](x, value, *operands, index=key)


@operation("index", "IndexBackward0")
def _advanced(x: Any, *args: Any) -> Any:
    *indices, key = args
    return R["index"](x, *indices, index=key)


@operation("index_put", "IndexPutBackward0")
def _put_advanced(x: Any, value: Any, *args: Any) -> Any:
    *indices, key = args
    return R["put"](x, value, *indices, index=key)


@operation("index_add", "IndexAddBackward0")
def _add_advanced(x: Any, value: Any, *args: Any) -> Any:
    *indices, key = args
    return R["accumulate_at"](x, value, *indices, index=key)


_SELECT = Operation("slice", _basic.build, "SelectBackward0")
_ADD_AXIS = Operation("slice", _basic.build, "UnsqueezeBackward0")


def _step_of(entries: list[Entry], shape: tuple[int, ...]) -> Operation:
    """The operation, by PyTorch's name for the last of the steps that the brackets ask for."""
    sizes = iter(shape)
    found = _basic
    for entry in entries:
        if entry[0] == "new":
            found = _ADD_AXIS
            continue
        size = next(sizes)
        if entry[0] == "int":
            found = _SELECT
        elif entry[1:] != (0, size, 1):
            found = _basic
    return found


def _split_static(index: tuple[Entry, ...]) -> tuple[tuple[Entry, ...], list[int]]:
    """The row's attribute, and integers as its operands."""
    key = tuple(("int",) if e[0] == "int" else e for e in index)
    return key, [e[1] for e in index if e[0] == "int"]


def _numpy_basic(array: Any, index: tuple[Entry, ...]) -> Any:
    parts = {"int": lambda e: e[1], "new": lambda e: None, "slice": lambda e: slice(*e[1:])}
    return array[tuple(parts[e[0]](e) for e in index)]


NUMPY_VIEWS["slice"] = _numpy_basic


# -- what stands in the brackets ---------------------------------------------------------------------------------------


def parsed_index(shape: tuple[int, ...], index: Any) -> tuple[list[Entry], list[Lazy]]:
    """Entries for each axis, and the arrays among them.

    Raises
    ------
    IndexError
        If there are too many, or one is out of range.
    """
    items = list(index) if isinstance(index, tuple) else [index]
    items = _with_whole_axes(_unmasked(items, shape), len(shape))
    entries: list[Entry] = []
    arrays: list[Lazy] = []
    axis = 0
    for item in items:
        if item is None:
            entries.append(("new",))
            continue
        if axis >= len(shape):
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
        if isinstance(item, Lazy):
            entries.append(("array",))
            arrays.append(item)
        elif isinstance(item, slice):
            entries.append(("slice", *_bounds(item, shape[axis])))
        else:
            entries.append(("int", _place(item, shape[axis], axis)))
        axis += 1
    return entries, arrays


def _unmasked(items: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Tensors and sequences as arrays of positions; a mask counts for each of its axes."""
    found: list[Any] = []
    for item in items:
        if isinstance(item, list | tuple | range | np.ndarray):
            item = _positions_of(np.asarray(item))
        if isinstance(item, Tensor):
            item = as_lazy(item)
        if isinstance(item, Lazy) and item.dtype.category == 0:
            materialise([item])
            found += [_positions_of(p) for p in np.nonzero(as_array(item))]
        elif isinstance(item, Lazy) and item.dtype.category == 2:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        elif isinstance(item, Lazy) and not item.shape:
            materialise([item])
            found.append(int(item.array))
        else:
            found.append(item)
    return found


def _positions_of(array: np.ndarray[Any, Any]) -> Lazy:
    from_bool = array.dtype == bool
    kept = array if from_bool else array.astype(np.int64)
    return known(kept, bool_ if from_bool else int64, kept.shape)


def _with_whole_axes(items: list[Any], rank: int) -> list[Any]:
    """Without ``...``, and with a slice for each axis that is left."""
    used = sum(1 for item in items if item is not None and item is not Ellipsis)
    rest = [slice(None)] * max(0, rank - used)
    for k, item in enumerate(items):
        if item is Ellipsis:
            return [*items[:k], *rest, *items[k + 1 :]]
    return [*items, *rest]


def _bounds(item: slice, size: int) -> tuple[int, int, int]:
    step = 1 if item.step is None else int(item.step)
    if step <= 0:
        raise ValueError("step must be greater than zero")
    start, stop, step = slice(
        None if item.start is None else int(item.start), None if item.stop is None else int(item.stop), step
    ).indices(size)
    return start, max(start, stop), step


def _place(item: Any, size: int, axis: int) -> int:
    try:
        place = int(item.__index__())
    except AttributeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
            f"(got {type(item).__name__})"
        ) from None
    if not -size <= place < size:
        raise IndexError(f"index {place} is out of bounds for dimension {axis} with size {size}")
    return place % size


def _checked(arrays: list[Lazy], entries: list[Entry], shape: tuple[int, ...]) -> list[Lazy]:
    """Arrays of positions are known before they are used: an index that is out of range is an error at once."""
    axes = [k for k, e in enumerate(e for e in entries if e[0] != "new") if e[0] == "array"]
    for x, axis in zip(arrays, axes, strict=True):
        size = shape[axis]
        message = f"index {{}} is out of bounds for dimension {axis} with size {size}"
        require(Requirement(x, -size, size, IndexError, message))
    return arrays


# -- reading and storing -----------------------------------------------------------------------------------------------


def _read(self: Tensor, index: Any) -> Tensor:
    shape = self._value.shape
    entries, arrays = parsed_index(shape, index)
    if not arrays:
        key = tuple(entries)
        return view_of(
            self, View(_step_of(entries, shape), (key,), lambda base, new: record(_put_basic, (base, new), (key,)))
        )
    if any(e[0] == "int" for e in entries):
        return _read(_at_integers(self, entries), _without_integers(entries, arrays))
    static, operands = _with_operands(tuple(entries), _checked(arrays, entries, shape))
    return wrap(record(_advanced, (as_lazy(self), *operands), (static,)))


def _at_integers(tensor: Tensor, entries: list[Entry]) -> Tensor:
    """The part at the integers among the entries: they are looked at before arrays, which NumPy does not do."""
    return _read(tensor, tuple(e[1] if e[0] == "int" else slice(None) for e in entries if e[0] != "new"))


def _without_integers(entries: list[Entry], arrays: list[Lazy]) -> tuple[Any, ...]:
    rest = iter(arrays)
    kinds = {"new": lambda e: None, "slice": lambda e: slice(*e[1:]), "array": lambda e: wrap(next(rest))}
    return tuple(kinds[e[0]](e) for e in entries if e[0] != "int")


def _with_operands(key: tuple[Entry, ...], arrays: list[Lazy]) -> tuple[tuple[Entry, ...], list[Any]]:
    """Integers beside arrays are operands in their order."""
    rest = iter(arrays)
    operands: list[Any] = []
    for entry in key:
        if entry[0] == "array":
            operands.append(next(rest))
        elif entry[0] == "int":
            operands.append(entry[1])
    return tuple(("int",) if e[0] == "int" else e for e in key), operands


def _store(self: Tensor, index: Any, value: Any) -> None:
    x = as_lazy(self)
    entries, arrays = parsed_index(x.shape, index)
    new = as_lazy(value) if isinstance(value, Tensor) else value
    if not arrays:
        view = _read(self, index)
        target = as_lazy(view)
        overwrite(view, elementwise.expanded(_filler(new, target), target.shape))
        return
    if any(e[0] == "int" for e in entries):
        _store(_at_integers(self, entries), _without_integers(entries, arrays), value)
        return
    overwrite(self, _changed_at(_put_advanced, x, entries, arrays, new))


def _changed_at(op: Operation, x: Lazy, entries: list[Entry], arrays: list[Lazy], new: Any) -> Lazy:
    """The elements, with others in the place of some, or added to them."""
    static, operands = _with_operands(tuple(entries), _checked(arrays, entries, x.shape))
    target = record(_advanced, (x, *operands), (static,))
    filler = elementwise.expanded(_filler(new, target), target.shape)
    return record(op, (x, filler, *operands), (static,))


def _at(op: Operation, input: Tensor, index: tuple[Any, ...], values: Any) -> Tensor:
    x = as_lazy(input)
    new = as_lazy(values) if isinstance(values, Tensor) else values
    entries, arrays = parsed_index(x.shape, index)
    if not arrays:
        raise NotImplementedError("index_put: one of the indices has to be a tensor")
    return wrap(_changed_at(op, x, entries, arrays, new))


def stored_at(input: Tensor, index: tuple[Any, ...], values: Any) -> Tensor:
    """A tensor with other elements at the places that arrays, masks and slices give."""
    return _at(_put_advanced, input, index, values)


def added_at(input: Tensor, index: tuple[Any, ...], values: Any) -> Tensor:
    """A tensor with numbers added at the places that arrays, masks and slices give, as often as they occur."""
    return _at(_add_advanced, input, index, values)


def _filler(new: Any, target: Lazy) -> Lazy:
    """What is stored, in the target's dtype."""
    if isinstance(new, Lazy):
        lead = len(new.shape) - len(target.shape)
        if lead > 0 and all(n == 1 for n in new.shape[:lead]):
            new = reshaped(new, new.shape[lead:])
        return elementwise.convert(new, target.dtype)
    array = np.asarray(new, target.dtype.numpy)
    return known(array, target.dtype, array.shape)


attach("__getitem__", _read)
attach("__setitem__", _store)


# -- gather and scatter ------------------------------------------------------------------------------------------------


def _along(x: Lazy, index: Lazy, axis: int) -> tuple[list[Any], tuple[Entry, ...]]:
    """Operands that pick, for each position of ``index``, the element at that position along one axis."""
    size = x.shape[axis]
    message = f"index {{}} is out of bounds for dimension {axis} with size {size}"
    require(Requirement(index, 0, size, RuntimeError, message))
    grids = np.ogrid[tuple(slice(n) for n in index.shape)]
    operands: list[Any] = []
    for k in range(len(x.shape)):
        if k == axis:
            operands.append(index if index.dtype is int64 else elementwise.convert(index, int64))
            continue
        array = np.ascontiguousarray(np.broadcast_to(grids[k], index.shape))
        operands.append(known(array.astype(np.int64), int64, array.shape))
    return operands, (("array",),) * len(x.shape)


def _gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    x = first_operand(input, "gather")
    operands, key = _along(x, as_lazy(index), axis_of(dim, len(x.shape)))
    return wrap(record(_advanced, (x, *operands), (key,)))


def _used(src: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The part of a source that an index of some shape reads."""
    given = tuple(src.shape)
    if given == shape:
        return src
    if len(given) != len(shape) or any(n > m for n, m in zip(shape, given, strict=True)):
        raise RuntimeError(f"Expected index {list(shape)} to be no larger than src {list(given)} in any dimension")
    return src[tuple(slice(n) for n in shape)]  # type: ignore[index]


def _scatter(input: Tensor, dim: int, index: Tensor, src: Any, *, add: bool = False) -> Tensor:
    x, at = first_operand(input, "scatter"), as_lazy(index)
    operands, key = _along(x, at, axis_of(dim, len(x.shape)))
    value = as_lazy(_used(src, at.shape)) if isinstance(src, Tensor) else src
    filler = elementwise.expanded(_filler(value, x), at.shape)
    return wrap(record(_add_advanced if add else _put_advanced, (x, filler, *operands), (key,)))


def _scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    return _scatter(input, dim, index, src, add=True)


def _index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    axis = axis_of(dim, input.ndim)
    return input[(*(slice(None),) * axis, index)]  # type: ignore[index]


function("gather", _gather)
function("scatter", _scatter)
function("scatter_add", _scatter_add)
function("index_select", _index_select)
function("take_along_dim", lambda input, indices, dim: _gather(input, dim, indices))
attach(
    "scatter_",
    lambda self, dim, index, src=None, value=None: overwrite(
        self, as_lazy(_scatter(self, dim, index, value if src is None else src))
    ),
)
attach("scatter_add_", lambda self, dim, index, src: overwrite(self, as_lazy(_scatter_add(self, dim, index, src))))
