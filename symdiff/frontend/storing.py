"""Stores by functions: ``out=``, ``np.put``, ``np.copyto``, ``a.fill``, ``a.flat``, ``np.add.at`` and their like."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError, LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Flat, Known, Tuple, View
from symdiff.frontend.core import Parser
from symdiff.frontend.indexing import store
from symdiff.frontend.masks import holds
from symdiff.frontend.numpy_shaping import array_of
from symdiff.frontend.subscripts import FULL, make_index
from symdiff.frontend.tables import attribute, function, method
from symdiff.ir.graph import Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.primitive import REGISTRY
from symdiff.ops.sizes import at_most, product

__all__ = ["cast_same_kind", "store_result"]

NONE = Known(None)


def _target(p: Parser, item: Abstract, what: str) -> Array | View:
    if not isinstance(item, Array | View):
        p.refuse(LocatedTypeError, f"{what} must be an array, not {p.describe(item)}")
    return item


def store_result(p: Parser, out: Abstract, result: Abstract, *, broadcasts: bool) -> Abstract:
    """Put what a function computed into ``out``; only ufuncs broadcast it."""
    if isinstance(out, Tuple) and len(out.items) == 1:
        out = out.items[0]
    target = _target(p, out, "out=")
    content, value = p.read(target), p.value(result)
    have, want = value.type.shape, content.type.shape
    message = f"the result of shape {show_shape(have)} does not fit into out= of shape {show_shape(want)}"
    if len(have) > len(want) or (len(have) < len(want) and not broadcasts):
        p.refuse(LocatedValueError, message)
    if not broadcasts:
        for a, b in zip(have, want, strict=True):
            require_same(p.build, a, b, message)
    value = cast_same_kind(p, value, content.type.dtype)
    p.memory.write(p.build, target, p.emit("put", content, value, index=(FULL,) * len(want)))
    return target


def cast_same_kind(p: Parser, value: Value, dtype: str) -> Value:
    """A value as it is put into an array of another dtype, where NumPy allows it."""
    if value.type.dtype == dtype:
        return value
    if not np.can_cast(value.type.dtype, dtype, "same_kind"):
        message = f"cannot put {value.type.dtype} into an array of {dtype}"
        p.refuse(LocatedTypeError, message, "make the array with dtype=float")
    return p.emit("convert", value, dtype=dtype, kind="numpy")


# -- whole arrays ------------------------------------------------------------------------------------------------------


@function(np.copyto)
def copyto(
    p: Parser, dst: Abstract, src: Abstract, casting: Abstract | None = None, where: Abstract | None = None
) -> Known:
    """``np.copyto``, everywhere or where a mask holds."""
    if casting is not None and p.static(casting, "casting=") != "same_kind":
        p.unsupported("casting= of np.copyto is not supported", "convert with .astype")
    target = _target(p, dst, "the first argument of np.copyto")
    if where is None or (isinstance(where, Value) and p.build.constant_of(where) is True):
        store(p, target, Known(...), src)
        return NONE
    content = p.read(target)
    mask, value = p.value(array_of(p, where)), cast_same_kind(p, p.value(array_of(p, src)), content.type.dtype)
    chosen = p.emit("where", mask, value, content, kind="numpy")
    store_result(p, target, p.wrap(chosen), broadcasts=False)
    return NONE


@function(np.putmask)
def putmask(p: Parser, a: Abstract, mask: Abstract, values: Abstract) -> Known:
    """``np.putmask`` with a number, or values of the shape of the array."""
    content = p.value(_target(p, a, "the first argument of np.putmask"))
    if p.value(array_of(p, values)).type.rank not in (0, content.type.rank):
        p.unsupported("np.putmask with values of another shape is not supported", "use x[mask] = values")
    return copyto(p, a, values, None, mask)


@function(np.place)
def place(p: Parser, arr: Abstract, mask: Abstract, vals: Abstract) -> Known:
    """``np.place`` with as many values as the mask selects, or one."""
    where = p.wrap(holds(p, p.value(array_of(p, mask))))  # numbers are no positions here
    store(p, _target(p, arr, "the first argument of np.place"), where, array_of(p, vals))
    return NONE


@function(np.fill_diagonal)
def fill_diagonal(p: Parser, a: Abstract, val: Abstract, wrap: Abstract | None = None) -> Known:
    """``np.fill_diagonal`` of a matrix."""
    content = p.read(_target(p, a, "the first argument of np.fill_diagonal"))
    if content.type.rank != 2 or (wrap is not None and p.static(wrap, "wrap=")):
        p.unsupported("np.fill_diagonal is supported for matrices, without wrap=", "store with two index arrays")
    size = at_most(p.build, *content.type.shape)
    places = p.call(Known(np.arange), [p.build.size(size)], {})
    store(p, a, Tuple((places, places)), val)
    return NONE


# -- places in the raveled array ---------------------------------------------------------------------------------------


@attribute(Array, "flat")
def flat(p: Parser, a: Abstract) -> Abstract:
    """The elements in C order: stores go into the array, what is read is a copy."""
    if not isinstance(a, Array | View):
        return a
    row, shape = REGISTRY["reshape"], p.read(a).type.shape
    size = product(p.build, shape)
    return Flat(a, lambda b, x: b.add(row, x, shape=(size,)), lambda b, x, v: b.add(row, v, shape=shape))


@function(np.put)
@method(Array, "put")
def put(p: Parser, a: Abstract, indices: Abstract, values: Abstract, mode: Abstract | None = None) -> Known:
    """``np.put`` with a number, or as many values as indices."""
    if mode is not None and p.static(mode, "mode=") != "raise":
        p.unsupported("mode= of np.put is not supported", "take the indices modulo the size")
    target = _target(p, a, "the first argument of np.put")
    places, given = array_of(p, indices), array_of(p, values)
    have, want = p.value(given).type, p.value(places).type
    if have.shape and have.rank == want.rank:
        for x, y in zip(have.shape, want.shape, strict=True):
            require_same(p.build, x, y, "np.put takes one value, or as many as there are indices")
    elif have.shape:
        p.unsupported("np.put with values of another shape than the indices is not supported", "use x.flat[i] = v")
    store(p, flat(p, target), places, given)
    return NONE


@function(np.put_along_axis)
def put_along_axis(p: Parser, arr: Abstract, indices: Abstract, values: Abstract, axis: Abstract) -> Known:
    """``np.put_along_axis``; the other axes broadcast."""
    content, found = p.read(_target(p, arr, "the first argument of np.put_along_axis")), p.static(axis, "axis=")
    if found is None:
        store(p, flat(p, arr), indices, values)
        return NONE
    rank = content.type.rank
    keys: list[Abstract] = []
    for k, size in enumerate(content.type.shape):
        numbers = p.call(Known(np.arange), [p.build.size(size)], {})
        shape = Tuple(tuple(p.constant(-1 if i == k else 1) for i in range(rank)))
        keys.append(indices if k == found % rank else p.call(Known(np.reshape), [numbers, shape], {}))
    store(p, arr, Tuple(tuple(keys)), values)
    return NONE


# -- ufunc.at ----------------------------------------------------------------------------------------------------------


def _accumulated(p: Parser, a: Abstract, indices: Abstract, b: Abstract, *, negative: bool) -> Known:
    target = _target(p, a, "the first argument of ufunc.at")
    content = p.read(target)
    value = p.value(array_of(p, b))
    value = p.emit("negative", value) if negative else value
    value = cast_same_kind(p, value, content.type.dtype) if value.type.kind != "python" else value
    index = make_index(p, content, indices)
    new = p.emit("accumulate_at", content, value, *index.operands, index=index.key)
    p.memory.write(p.build, target, new)
    return NONE


@function(np.add.at)
def add_at(p: Parser, a: Abstract, indices: Abstract, b: Abstract) -> Known:
    """``a[indices] += b``, places that are named twice twice."""
    return _accumulated(p, a, indices, b, negative=False)


@function(np.subtract.at)
def subtract_at(p: Parser, a: Abstract, indices: Abstract, b: Abstract) -> Known:
    """``a[indices] -= b``, places that are named twice twice."""
    return _accumulated(p, a, indices, b, negative=True)


def _one_by_one(ufunc: Any) -> Any:
    """The function for ``ufunc.at`` of places along the first axis, in their order."""

    def apply_at(a: Any, places: Any, values: Any) -> Any:
        for k in range(len(places)):
            a[places[k]] = ufunc(a[places[k]], values[k])

    return apply_at


def _at_handler(ufunc: Any) -> Any:
    run = _one_by_one(ufunc)

    def handler(p: Parser, a: Abstract, indices: Abstract, b: Abstract) -> Known:
        target = _target(p, a, "the first argument of ufunc.at")
        key = p.call(Known(np.atleast_1d), [array_of(p, indices)], {})
        places = p.value(key)
        if not places.type.is_integer or places.type.rank != 1 or isinstance(indices, Tuple):
            p.unsupported("ufunc.at with this subscript is not supported", "give one array of integers")
        rest = Tuple(tuple(p.build.size(d) for d in (*places.type.shape, *p.read(target).type.shape[1:])))
        values = p.call(Known(np.broadcast_to), [array_of(p, b), rest], {})
        p.call(Known(run), [target, key, values], {})
        return NONE

    return handler


for _ufunc in (np.multiply, np.divide, np.power, np.maximum, np.minimum, np.logaddexp):
    function(_ufunc.at)(_at_handler(_ufunc))
