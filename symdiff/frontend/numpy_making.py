"""NumPy's functions that make arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import DtypeError, LocatedTypeError, LocatedValueError, ShapeError
from symdiff.frontend.abstract import Abstract, Array, Known, ListObject, Tuple, View
from symdiff.frontend.core import Parser, as_dtype
from symdiff.frontend.extending import rows_as_array
from symdiff.frontend.numpy_joining import stack
from symdiff.frontend.numpy_shaping import dims_of
from symdiff.frontend.operators import arithmetic
from symdiff.frontend.rows import Rows
from symdiff.frontend.tables import function
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import require_same
from symdiff.ops.dtypes import SUPPORTED_DTYPES
from symdiff.ops.sizes import at_least

__all__ = ["dtype_of"]

NEGATIVE = "negative dimensions are not allowed"


def dtype_of(p: Parser, dtype: Abstract | None) -> str | None:
    """``dtype=`` as NumPy's name; None where it is not given."""
    if dtype is None:
        return None
    given = p.static(dtype, "dtype=")
    if given is None:
        return None
    found = as_dtype(given)
    if found is None or str(found) not in SUPPORTED_DTYPES:
        p.refuse(DtypeError, f"dtype {given!r} is not supported", f"use one of {', '.join(sorted(SUPPORTED_DTYPES))}")
    return str(found)


def _not_negative(p: Parser, size: Dim) -> None:
    """Refuse a negative size, now or when the program runs."""
    if isinstance(size, int):
        if size < 0:
            p.refuse(LocatedValueError, NEGATIVE)
    elif not any(size is dim for param in p.argument_of for dim in param.type.shape):
        require_same(p.build, size, at_least(p.build, size, 0), NEGATIVE)


def _filled(p: Parser, value: Value, shape: tuple[Dim, ...], dtype: str) -> Abstract:
    for dim in shape:
        _not_negative(p, dim)
    known = p.build.constant_of(value)
    if known is not None and value.type.dtype != dtype:
        value = p.constant(np.dtype(dtype).type(known).item())
    if not shape:
        return Array(p.emit("convert", value, dtype=dtype, kind="numpy"), contiguous=True)
    return p.wrap(p.emit("full", value, shape=shape, dtype=dtype), contiguous=True)


@function(np.zeros, np.empty)
def zeros(p: Parser, shape: Abstract, dtype: Abstract | None = None) -> Abstract:
    """Zeros; what ``np.empty`` contains nobody may rely on."""
    return _filled(p, p.constant(0.0), dims_of(p, shape), dtype_of(p, dtype) or "float64")


@function(np.ones)
def ones(p: Parser, shape: Abstract, dtype: Abstract | None = None) -> Abstract:
    """Ones."""
    return _filled(p, p.constant(1.0), dims_of(p, shape), dtype_of(p, dtype) or "float64")


@function(np.full)
def full(p: Parser, shape: Abstract, fill_value: Abstract, dtype: Abstract | None = None) -> Abstract:
    """One number everywhere."""
    value = p.value(fill_value)
    found = dtype_of(p, dtype) or value.type.dtype
    if value.type.shape:
        dims = dims_of(p, shape)
        return p.wrap(p.emit("broadcast_to", value, shape=dims))
    return _filled(p, value, dims_of(p, shape), found)


def _like(p: Parser, a: Abstract, value: Value, dtype: Abstract | None, shape: Abstract | None) -> Abstract:
    type_ = p.value(_made(p, a)).type
    dims = type_.shape if shape is None else dims_of(p, shape)
    return _filled(p, value, dims, dtype_of(p, dtype) or type_.dtype)


@function(np.zeros_like, np.empty_like)
def zeros_like(p: Parser, a: Abstract, dtype: Abstract | None = None, *, shape: Abstract | None = None) -> Abstract:
    """Zeros in the shape and type of another array."""
    return _like(p, a, p.constant(0.0), dtype, shape)


@function(np.ones_like)
def ones_like(p: Parser, a: Abstract, dtype: Abstract | None = None, *, shape: Abstract | None = None) -> Abstract:
    """Ones in the shape and type of another array."""
    return _like(p, a, p.constant(1.0), dtype, shape)


@function(np.full_like)
def full_like(
    p: Parser, a: Abstract, fill_value: Abstract, dtype: Abstract | None = None, *, shape: Abstract | None = None
) -> Abstract:
    """One number in the shape and type of another array."""
    return _like(p, a, p.value(fill_value), dtype, shape)


@function(np.arange)
def arange(
    p: Parser,
    start: Abstract,
    stop: Abstract | None = None,
    step: Abstract | None = None,
    dtype: Abstract | None = None,
) -> Abstract:
    """``np.arange``: of ints of any kind, of floats that are known while parsing."""
    first, last = (p.constant(0), p.value(start)) if stop is None else (p.value(start), p.value(stop))
    stride = p.constant(1) if step is None else p.value(step)
    parts = (first, last, stride)
    natural = "float64" if any(v.type.is_float for v in parts) else "int64"
    found = dtype_of(p, dtype) or natural
    if natural == "float64" and not found.startswith("float"):
        p.unsupported("np.arange of floats as integers is not supported", "convert the result with .astype(int)")
    known = [p.build.constant_of(v) for v in parts]
    if None not in known:
        length: Dim = len(np.arange(*known))  # type: ignore[arg-type]
    elif natural == "int64":
        length = p.build.dim(p.emit("range_length", *parts, kind="python"))
    else:
        length = _float_length(p, *parts)
    if natural == "float64" and known[0] != 0:
        # NumPy takes the step from the first two entries it has computed
        stride = arithmetic(p, "subtract", arithmetic(p, "add", first, stride), first)
    return p.wrap(p.emit("arange", first, stride, length=p.build.hoist(length), dtype=found), contiguous=True)


def _float_length(p: Parser, first: Value, last: Value, stride: Value) -> Dim:
    """``ceil((stop - start) / step)``, as NumPy has it."""
    distance = p.emit("divide", p.emit("subtract", last, first), stride)
    count = p.emit("ceil_to_int", distance, kind="python")
    return p.build.dim(p.emit("maximum", count, p.constant(0), kind="python"))


def _cast(p: Parser, value: Value, dtype: str | None) -> Value:
    return value if dtype is None or dtype == value.type.dtype else p.emit("convert", value, dtype=dtype, kind="numpy")


# -- from what is there ------------------------------------------------------------------------------------------------


@function(np.array)
def array(
    p: Parser,
    object: Abstract,
    dtype: Abstract | None = None,
    *,
    copy: Abstract | None = None,
    ndmin: Abstract | None = None,
) -> Abstract:
    """A new array: of numbers, of rows, or a copy."""
    found = dtype_of(p, dtype)
    if ndmin is not None:
        p.unsupported("np.array with ndmin is not supported", "index with None")
    item = p.resolver.materialise(p.build, object) if isinstance(object, Known) else object
    if isinstance(item, Tuple | ListObject):
        return _packed(p, item, found)
    value = p.value(item)
    if not value.type.shape:
        kind = found or value.type.dtype
        return Array(p.emit("convert", value, dtype=kind, kind="numpy"), contiguous=True, where=p.build.where)
    return Array(_cast(p, value, found), where=p.build.where)


def _made(p: Parser, item: Abstract) -> Abstract:
    item = p.resolver.materialise(p.build, item) if isinstance(item, Known) else item
    return array(p, item) if isinstance(item, Tuple | ListObject) else item


def _packed(p: Parser, item: Tuple | ListObject, dtype: str | None) -> Abstract:
    content = p.memory.content(item) if isinstance(item, ListObject) else None
    if isinstance(content, Rows):
        return p.wrap(_cast(p, rows_as_array(p, content), dtype), contiguous=True)
    rows = any(isinstance(part, Array | View) and p.read(part).type.shape for part in p.items(item))
    shape, leaves = _nested(p, item) if not rows else ((), [])
    if not leaves and not rows:
        return _filled(p, p.constant(0.0), shape, dtype or "float64")
    if not rows and all(isinstance(leaf, Value) for leaf in leaves):
        attrs = {} if dtype is None else {"dtype": dtype}
        return p.wrap(p.emit("pack", *leaves, shape=shape, **attrs), contiguous=True)
    # rows are arrays: join them from the inside out
    parts = [_stacked(p, part) for part in p.items(item)]
    made = stack(p, Tuple(tuple(parts)))
    return p.wrap(_cast(p, p.value(made), dtype), contiguous=True)


def _stacked(p: Parser, item: Abstract) -> Abstract:
    item = p.resolver.materialise(p.build, item) if isinstance(item, Known) else item
    if isinstance(item, Tuple | ListObject):
        return _packed(p, item, None)
    return item


def _nested(p: Parser, item: Abstract) -> tuple[tuple[int, ...], list[Abstract]]:
    """Shape of nested tuples and lists, and what they hold in order."""
    item = p.resolver.materialise(p.build, item) if isinstance(item, Known) else item
    if isinstance(item, Tuple | ListObject):
        found = [_nested(p, part) for part in p.items(item)]
        shapes = {shape for shape, _ in found}
        if len(shapes) > 1:
            p.refuse(ShapeError, "the rows of an array must have equal lengths")
        return (len(found), *(shapes.pop() if shapes else ())), [leaf for _, leaves in found for leaf in leaves]
    if isinstance(item, Array | View):
        value = p.read(item)
        return (), [item if value.type.shape else value]
    if isinstance(item, Value):
        return (), [item]
    p.refuse(LocatedTypeError, f"an array cannot be made of {p.describe(item)}")


@function(np.asarray, np.asanyarray)
def asarray(p: Parser, a: Abstract, dtype: Abstract | None = None, order: Abstract | None = None) -> Abstract:
    """The array itself where it has the type already."""
    layout = str(p.static(order, "order=") or "K").upper() if order is not None else "K"
    if layout == "C":
        return ascontiguousarray(p, a, dtype)
    if layout not in ("K", "A"):
        p.unsupported("order= of np.asarray is not supported", "leave it out")
    found = dtype_of(p, dtype)
    if isinstance(a, Array | View) and found in (None, p.read(a).type.dtype):
        return a
    return array(p, a, dtype)


@function(np.ascontiguousarray)
def ascontiguousarray(p: Parser, a: Abstract, dtype: Abstract | None = None) -> Abstract:
    """Maybe the array itself."""
    made = asarray(p, a, dtype)
    if made is not a or not isinstance(a, Array | View):
        return made
    result = Array(p.read(a), where=p.build.where)
    owner: Any = a
    while isinstance(owner, View):
        owner = owner.base
    for partner in (owner, *p.memory.partners(owner)):
        result.may_share(partner)
    return result


def _scalar_type(dtype: str) -> Any:
    def convert(p: Parser, x: Abstract) -> Abstract:
        value = p.value(_made(p, x))
        if value.type.dtype == dtype and value.type.kind == "numpy":
            return p.wrap(value)
        return p.wrap(p.emit("convert", value, dtype=dtype, kind="numpy"))

    return convert


for _type in (np.float64, np.float32, np.int64, np.int32, np.bool_):
    function(_type)(_scalar_type(np.dtype(_type).name))


@function(np.finfo, np.iinfo)
def limits(p: Parser, dtype: Abstract) -> Known:
    """Limits of a floating-point or integer type."""
    found = p.known(dtype) if not isinstance(dtype, Value) else np.dtype(dtype.type.dtype)
    known = np.dtype(found)
    return Known(np.finfo(known) if known.kind == "f" else np.iinfo(known))
