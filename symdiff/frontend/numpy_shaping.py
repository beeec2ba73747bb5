"""NumPy's functions and methods that change the shape of arrays, join them, or show them differently."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError, LocatedValueError, ShapeError
from symdiff.frontend.abstract import Abstract, Array, BoundMethod, Known, ListObject, Tuple, View, root
from symdiff.frontend.core import Parser
from symdiff.frontend.indexing import index_view
from symdiff.frontend.layout import ORDERED, is_ordered
from symdiff.frontend.subscripts import FULL, Index
from symdiff.frontend.tables import function, method
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import normalise_axis, require_same, show_shape
from symdiff.ops.primitive import REGISTRY
from symdiff.ops.sizes import product

__all__ = [
    "array_of",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "dims_of",
    "flip",
    "ravel",
    "reshaped",
    "static_axis",
    "transposed",
    "with_entries",
]

NEW: tuple[Any, ...] = ("new",)


def array_of(p: Parser, item: Abstract) -> Abstract:
    """What a NumPy function makes of an argument: tuples and lists become arrays, numbers stay."""
    if isinstance(item, Tuple | ListObject) or (isinstance(item, Known) and isinstance(item.object, tuple | list)):
        return p.call(Known(np.array), [item], {})
    return item


def dims_of(p: Parser, item: Abstract) -> tuple[Dim, ...]:
    """A shape given by the user: an int or several."""
    if isinstance(item, Tuple | ListObject) or (isinstance(item, Known) and isinstance(item.object, tuple | list)):
        return tuple(p.dim(part) for part in p.items(item))
    if isinstance(item, Array):
        return tuple(p.dim(part) for part in p.items(item))
    return (p.dim(item),)


def static_axis(p: Parser, axis: Abstract | None) -> Any:
    """``axis=`` as an int, a tuple of ints or None."""
    if axis is None:
        return None
    found = p.static(axis, "axis=")
    return tuple(int(a) for a in found) if isinstance(found, tuple | list) else None if found is None else int(found)


# -- views -------------------------------------------------------------------------------------------------------------


def transposed(p: Parser, item: Abstract, axes: tuple[int, ...]) -> Abstract:
    """The array with its axes in another order, as a view."""
    if not isinstance(item, Array | View) or axes == tuple(range(len(axes))):
        return item
    row = REGISTRY["transpose"]
    back = tuple(sorted(range(len(axes)), key=axes.__getitem__))
    return View(item, lambda build, x: build.add(row, x, axes=axes), lambda build, x, v: build.add(row, v, axes=back))


@function(np.transpose)
def transpose(p: Parser, a: Abstract, axes: Abstract | None = None) -> Abstract:
    """``np.transpose``."""
    item = array_of(p, a)
    rank = p.value(item).type.rank
    found = None if axes is None else p.static(axes, "axes=")
    if found is None:
        return transposed(p, item, tuple(reversed(range(rank))))
    order = tuple(normalise_axis(p.build, int(axis), rank) for axis in found)
    if sorted(order) != list(range(rank)):
        p.refuse(LocatedValueError, f"axes {tuple(found)} do not order the {rank} axes of the array")
    return transposed(p, item, order)


@method(Array, "transpose")
def transpose_method(p: Parser, a: Abstract, *axes: Abstract) -> Abstract:
    """``a.transpose(1, 0)``."""
    if not axes:
        return transpose(p, a)
    return transpose(p, a, axes[0] if len(axes) == 1 else Tuple(axes))


@function(np.swapaxes)
@method(Array, "swapaxes")
def swapaxes(p: Parser, a: Abstract, axis1: Abstract, axis2: Abstract) -> Abstract:
    """``np.swapaxes``."""
    item = array_of(p, a)
    rank = p.value(item).type.rank
    first, second = (normalise_axis(p.build, static_axis(p, axis), rank) for axis in (axis1, axis2))
    order = list(range(rank))
    order[first], order[second] = second, first
    return transposed(p, item, tuple(order))


@function(np.moveaxis)
def moveaxis(p: Parser, a: Abstract, source: Abstract, destination: Abstract) -> Abstract:
    """``np.moveaxis``."""
    item = array_of(p, a)
    rank = p.value(item).type.rank
    pairs = (static_axis(p, axis) for axis in (source, destination))
    given, wanted = ((axes if isinstance(axes, tuple) else (axes,)) for axes in pairs)
    if len(given) != len(wanted):
        p.refuse(LocatedValueError, "`source` and `destination` arguments must have the same number of elements")
    moved = [normalise_axis(p.build, axis, rank) for axis in given]
    places = [normalise_axis(p.build, axis, rank) for axis in wanted]
    order = [axis for axis in range(rank) if axis not in moved]
    for place, axis in sorted(zip(places, moved, strict=True)):
        order.insert(place, axis)
    return transposed(p, item, tuple(order))


def reshaped(p: Parser, item: Abstract, shape: tuple[Dim, ...], *, copies: bool = False) -> Abstract:
    """The array in another shape: a view where its memory is known to be in order, else maybe one.

    One axis can always be split; ``copies`` says that the function copies whatever is not in order.
    """
    value = p.value(item)
    old = value.type.shape
    if not isinstance(item, Array | View):
        return item if _same_shape(old, shape) else p.wrap(p.emit("reshape", value, shape=shape))
    row, ordered = REGISTRY["reshape"], is_ordered(p, item)
    splits = len(old) <= 1 or _same_shape(*(tuple(d for d in dims if d != 1) for dims in (old, shape)))
    if ordered or (splits and not copies):
        parts = ORDERED if ordered else None
        if _same_shape(old, shape):
            return View(item, lambda build, x: x, lambda build, x, v: v, parts=parts)
        to, back = (lambda build, x: build.add(row, x, shape=shape)), (lambda build, x, v: build.add(row, v, shape=old))
        return View(item, to, back, parts=parts)
    result = Array(p.emit("reshape", value, shape=shape), where=p.build.where)
    owner = root(item)
    for partner in (owner, *p.memory.partners(owner)):
        result.may_share(partner)
    return result


def _same_shape(a: tuple[Dim, ...], b: tuple[Dim, ...]) -> bool:
    return len(a) == len(b) and all(x is y or (isinstance(x, int) and x == y) for x, y in zip(a, b, strict=True))


def is_fortran(p: Parser, order: Abstract | None) -> bool:
    """Whether elements are counted with the first index fastest; in the order they have in memory they are not."""
    found = "C" if order is None else p.static(order, "order=")
    if found not in ("C", "F"):
        p.unsupported(f"order={found!r} is not supported", "use 'C' or 'F'")
    return bool(found == "F")


def reversed_axes(p: Parser, item: Abstract) -> Abstract:
    """The transpose."""
    return transposed(p, item, tuple(reversed(range(p.value(item).type.rank))))


@function(np.reshape)
def reshape(
    p: Parser, a: Abstract, shape: Abstract, order: Abstract | None = None, *, copy: Abstract | None = None
) -> Abstract:
    """``np.reshape``; one size may be -1."""
    item = array_of(p, a)
    dims = _completed(p, p.value(item), dims_of(p, shape))
    if is_fortran(p, order):
        flat = reshaped(p, reversed_axes(p, item), tuple(reversed(dims)))
        return reversed_axes(p, flat)
    found = reshaped(p, item, dims)
    wanted = None if copy is None else p.static(copy, "copy=")
    if wanted is False:
        p.unsupported("np.reshape with copy=False is not supported", "leave copy out")
    return p.wrap(p.value(found), contiguous=True) if wanted else found


@method(Array, "reshape")
def reshape_method(p: Parser, a: Abstract, *shape: Abstract, order: Abstract | None = None) -> Abstract:
    """``a.reshape(2, -1)`` and ``a.reshape((2, -1))``."""
    return reshape(p, a, shape[0] if len(shape) == 1 else Tuple(shape), order)


def _completed(p: Parser, value: Value, shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """The shape with -1 replaced by what is left."""
    unknown = [i for i, dim in enumerate(shape) if isinstance(dim, int) and dim < 0]
    if not unknown:
        return shape
    if len(unknown) > 1:
        p.refuse(LocatedValueError, "can only specify one unknown dimension")
    left, rest = list(value.type.shape), []
    for dim in (d for d in shape if not (isinstance(d, int) and d < 0)):
        same = next((i for i, have in enumerate(left) if have is dim or (isinstance(dim, int) and have == dim)), None)
        if same is None:
            rest.append(dim)
        else:
            left.pop(same)
    total, part = product(p.build, left), product(p.build, rest)
    if isinstance(total, int) and isinstance(part, int):
        if part == 0 or total % part:
            shown = show_shape(value.type.shape), show_shape(shape)
            p.refuse(ShapeError, f"cannot reshape array of shape {shown[0]} into shape {shown[1]}")
        size: Dim = total // part
    elif part == 1:
        size = total
    else:
        size = p.build.dim(p.emit("floor_divide", p.build.size(total), p.build.size(part)))
    return tuple(size if i in unknown else dim for i, dim in enumerate(shape))


@function(np.ravel)
@method(Array, "ravel")
def ravel(p: Parser, a: Abstract, order: Abstract | None = None) -> Abstract:
    """``np.ravel``."""
    item = array_of(p, a)
    fortran = is_fortran(p, order)
    item = reversed_axes(p, item) if fortran else item
    return reshaped(p, item, (product(p.build, p.value(item).type.shape),), copies=True)


@method(Array, "flatten")
def flatten(p: Parser, a: Abstract, order: Abstract | None = None) -> Abstract:
    """A copy with one axis."""
    return p.wrap(p.value(ravel(p, a, order)), contiguous=True)


@function(np.squeeze)
@method(Array, "squeeze")
def squeeze(p: Parser, a: Abstract, axis: Abstract | None = None) -> Abstract:
    """Without axes of size 1."""
    item = array_of(p, a)
    type_ = p.value(item).type
    found = static_axis(p, axis)
    if found is None:
        axes = {i for i, dim in enumerate(type_.shape) if isinstance(dim, int) and dim == 1}
        # the size of an argument's axis is not 1 where it is a symbol; that of a slice may be
        if any(isinstance(dim, Value) and dim in p.build.definitions for dim in type_.shape):
            p.unsupported(
                "squeeze of an array whose sizes are computed at run time is not supported", "say which axis="
            )
    else:
        axes = {normalise_axis(p.build, i, type_.rank) for i in (found if isinstance(found, tuple) else (found,))}
        for i in axes:
            message = f"cannot squeeze axis {i} of {show_shape(type_.shape)}, whose size is not 1"
            require_same(p.build, type_.shape[i], 1, message)
    if isinstance(item, Value):
        return p.emit("convert", item, dtype=type_.dtype, kind="numpy") if type_.kind == "python" else item
    if not isinstance(item, Array | View):
        return item
    entries = [("int",) if i in axes else FULL for i in range(type_.rank)]
    return index_view(p, item, Index(entries, [p.constant(0)] * len(axes)))


@function(np.expand_dims)
def expand_dims(p: Parser, a: Abstract, axis: Abstract) -> Abstract:
    """With new axes of size 1."""
    item = array_of(p, a)
    found = static_axis(p, axis)
    axes = found if isinstance(found, tuple) else (found,)
    rank = p.value(item).type.rank + len(axes)
    places = {normalise_axis(p.build, i, rank) for i in axes}
    return with_entries(p, item, [NEW if i in places else FULL for i in range(rank)])


def with_entries(p: Parser, item: Abstract, entries: list[tuple[Any, ...]]) -> Abstract:
    if isinstance(item, Array | View):
        return index_view(p, item, Index(entries))
    value = p.value(item)
    if value.type.kind == "python":
        value = p.emit("convert", value, dtype=value.type.dtype, kind="numpy")
    return p.wrap(p.emit("reshape", value, shape=(1,) * len(entries)))


def _at_least(entries: dict[int, list[tuple[Any, ...]]]) -> Any:
    """A function of arrays that gives each the axes it lacks; ``entries`` are those of an index, by rank."""

    def raised(p: Parser, item: Abstract) -> Abstract:
        array = array_of(p, item)
        lacking = entries.get(p.value(array).type.rank)
        return array if lacking is None else with_entries(p, array, lacking)

    def handler(p: Parser, *arys: Abstract) -> Abstract:
        found = tuple(raised(p, item) for item in arys)
        return found[0] if len(found) == 1 else Tuple(found)

    return handler


atleast_1d = function(np.atleast_1d)(_at_least({0: [NEW]}))
atleast_2d = function(np.atleast_2d)(_at_least({0: [NEW, NEW], 1: [NEW, FULL]}))
atleast_3d = function(np.atleast_3d)(_at_least({0: [NEW, NEW, NEW], 1: [NEW, FULL, NEW], 2: [FULL, FULL, NEW]}))


@function(np.broadcast_to)
def broadcast_to(p: Parser, array: Abstract, shape: Abstract) -> Abstract:
    """A view that cannot be written."""
    item, dims = array_of(p, array), dims_of(p, shape)
    row = REGISTRY["broadcast_to"]
    if isinstance(item, Array | View):
        return View(item, lambda build, x: build.add(row, x, shape=dims), None, "a broadcast array cannot be written")
    return p.wrap(p.emit("broadcast_to", p.value(item), shape=dims))


@function(np.flip)
def flip(p: Parser, m: Abstract, axis: Abstract | None = None) -> Abstract:
    """The elements of some axes backwards, as a view."""
    item = array_of(p, m)
    rank = p.value(item).type.rank
    found = static_axis(p, axis)
    chosen = range(rank) if found is None else found if isinstance(found, tuple) else (found,)
    axes = {normalise_axis(p.build, i, rank) for i in chosen}
    return with_entries(p, item, [("slice", None, None, -1) if i in axes else FULL for i in range(rank)])


@function(np.flipud)
def flipud(p: Parser, m: Abstract) -> Abstract:
    """Rows backwards."""
    return flip(p, m, p.constant(0))


@function(np.fliplr)
def fliplr(p: Parser, m: Abstract) -> Abstract:
    """Columns backwards."""
    return flip(p, m, p.constant(1))


# -- copies ------------------------------------------------------------------------------------------------------------


@method(Array, "copy")
@function(np.copy)
def copy(p: Parser, a: Abstract, order: Abstract | None = None) -> Abstract:
    """A new array object with the same content."""
    item = array_of(p, a)
    if not isinstance(item, Array | View):
        return item
    return Array(p.read(item), contiguous=True, where=p.build.where)


@method(Array, "astype")
def astype(p: Parser, a: Abstract, dtype: Abstract, *, copy: Abstract | None = None) -> Abstract:
    """A converted copy; with ``copy=False`` the array itself where it has the type already."""
    always = copy is None or bool(p.static(copy, "copy="))
    found = np.dtype(p.static(dtype, "dtype="))
    value = p.value(a)
    if value.type.kind == "python":
        p.refuse(LocatedTypeError, "a Python number has no method 'astype'")
    if str(found) == value.type.dtype:
        return p.call(BoundMethod("copy", a), (), {}) if always else a
    return p.wrap(p.emit("convert", value, dtype=str(found), kind="numpy"))
