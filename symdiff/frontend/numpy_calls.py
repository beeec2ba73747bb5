"""NumPy's functions and methods of arrays: choices, reductions, questions about shapes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError, LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Known, Tuple, View
from symdiff.frontend.attributes import ndim, shape, size
from symdiff.frontend.core import FUNCTIONS, Parser, function, method
from symdiff.frontend.numpy_making import dtype_of
from symdiff.frontend.numpy_shaping import array_of, static_axis
from symdiff.frontend.operators import binary
from symdiff.ir.graph import Type, Value
from symdiff.ir.shapes import normalise_axes
from symdiff.ops.sizes import product

__all__: list[str] = []


# -- choices -----------------------------------------------------------------------------------------------------------


@function(np.where)
def where(p: Parser, condition: Abstract, x: Abstract | None = None, y: Abstract | None = None) -> Abstract:
    """``np.where`` with three arguments."""
    if x is None or y is None:
        p.unsupported("np.where with one argument is not supported: the number of results is known only at run time")
    test, a, b = (p.value(array_of(p, item)) for item in (condition, x, y))
    if test.type.dtype != "bool":
        test = p.emit("not_equal", test, p.constant(0))
    return p.wrap(p.emit("where", test, a, b, kind="numpy"))


@function(np.clip)
def clip(
    p: Parser, a: Abstract, a_min: Abstract | None = None, a_max: Abstract | None = None, **named: Abstract
) -> Abstract:
    """``np.clip``; a bound may be None."""
    a_min, a_max = named.pop("min", a_min), named.pop("max", a_max)
    if named:
        p.unsupported(f"the argument {next(iter(named))!r} of np.clip is not supported")
    value = p.value(array_of(p, a))
    bounds = [_bound(p, bound) for bound in (a_min, a_max)]
    if value.type.is_float:
        low, high = (b if b is not None else p.constant(inf) for b, inf in zip(bounds, (-np.inf, np.inf), strict=True))
        return p.wrap(p.emit("clip", value, low, high, kind="numpy"))
    for bound, row in zip(bounds, ("maximum", "minimum"), strict=True):
        if bound is not None:
            value = p.emit(row, value, bound, kind="numpy")
    return p.wrap(value)


def _bound(p: Parser, bound: Abstract | None) -> Value | None:
    if bound is None or (isinstance(bound, Known) and bound.object is None):
        return None
    return p.value(array_of(p, bound))


@method(Array, "clip")
def clip_method(p: Parser, a: Abstract, min: Abstract | None = None, max: Abstract | None = None) -> Abstract:
    """``a.clip(low, high)``."""
    return clip(p, a, min, max)


# -- reductions --------------------------------------------------------------------------------------------------------


def reduce(
    p: Parser, row: str, a: Abstract, axis: Abstract | None, keepdims: Abstract | None, **attrs: Any
) -> Abstract:
    """A reduction over some axes, or all."""
    value = p.value(array_of(p, a))
    axes = normalise_axes(p.build, static_axis(p, axis), value.type.rank)
    keep = keepdims is not None and bool(p.static(keepdims, "keepdims="))
    if row in ("max", "min", "argmax", "argmin") and any(value.type.shape[i] == 0 for i in axes):
        p.refuse(LocatedValueError, f"zero-size array to reduction operation {row} which has no identity")
    return p.wrap(p.emit(row, value, axis=axes, keepdims=keep, **attrs))


def _with_dtype(row: str) -> Any:
    def handler(
        p: Parser,
        a: Abstract,
        axis: Abstract | None = None,
        dtype: Abstract | None = None,
        keepdims: Abstract | None = None,
    ) -> Abstract:
        item, found = array_of(p, a), dtype_of(p, dtype)
        if found is not None and p.value(item).type.dtype != found:
            item = p.wrap(p.emit("convert", p.value(item), dtype=found, kind="numpy"))
        return reduce(p, row, item, axis, keepdims)

    return handler


def _plain(row: str) -> Any:
    def handler(p: Parser, a: Abstract, axis: Abstract | None = None, *, keepdims: Abstract | None = None) -> Abstract:
        return reduce(p, row, a, axis, keepdims)

    return handler


def _spread(row: str) -> Any:
    def handler(
        p: Parser,
        a: Abstract,
        axis: Abstract | None = None,
        *,
        ddof: Abstract | None = None,
        keepdims: Abstract | None = None,
    ) -> Abstract:
        less = 0 if ddof is None else p.static(ddof, "ddof=")
        return reduce(p, row, a, axis, keepdims, **({"ddof": less} if less else {}))

    return handler


for _row in ("sum", "prod", "mean"):
    method(Array, _row)(function(getattr(np, _row))(_with_dtype(_row)))
for _row in ("max", "min", "any", "all", "argmax", "argmin"):
    method(Array, _row)(function(getattr(np, _row))(_plain(_row)))
for _row in ("var", "std"):
    method(Array, _row)(function(getattr(np, _row))(_spread(_row)))
for _row, _other in (("max", np.amax), ("min", np.amin)):
    if _other not in FUNCTIONS:
        function(_other)(_plain(_row))


@function(np.ptp)
def ptp(p: Parser, a: Abstract, axis: Abstract | None = None) -> Abstract:
    """From the smallest to the largest."""
    return binary(p, "subtract", reduce(p, "max", a, axis, None), reduce(p, "min", a, axis, None))


@function(np.average)
def average(p: Parser, a: Abstract, axis: Abstract | None = None, weights: Abstract | None = None) -> Abstract:
    """The mean, or the weighted one with weights of the same shape."""
    if weights is None:
        return reduce(p, "mean", a, axis, None)
    item, weight = array_of(p, a), array_of(p, weights)
    if p.value(item).type.rank != p.value(weight).type.rank:
        p.unsupported("np.average with weights of another shape is not supported", "write the sums")
    weighted = reduce(p, "sum", binary(p, "multiply", item, weight), axis, None)
    return binary(p, "divide", weighted, reduce(p, "sum", weight, axis, None))


@function(np.count_nonzero)
def count_nonzero(p: Parser, a: Abstract, axis: Abstract | None = None) -> Abstract:
    """How many are not zero."""
    value = p.value(array_of(p, a))
    test = value if value.type.dtype == "bool" else p.emit("not_equal", value, p.constant(0), kind="numpy")
    return reduce(p, "sum", p.wrap(test), axis, None)


# -- questions about shapes --------------------------------------------------------------------------------------------


@function(np.shape)
def shape_of(p: Parser, a: Abstract) -> Tuple:
    """``np.shape``."""
    return shape(p, array_of(p, a))


@function(np.ndim)
def ndim_of(p: Parser, a: Abstract) -> Value:
    """``np.ndim``."""
    return ndim(p, array_of(p, a))


@function(np.size)
def size_of(p: Parser, a: Abstract, axis: Abstract | None = None) -> Value:
    """``np.size``."""
    item = array_of(p, a)
    if axis is None or static_axis(p, axis) is None:
        return size(p, item)
    return p.build.size(product(p.build, [p.value(item).type.shape[static_axis(p, axis)]]))


@function(np.isscalar)
def isscalar(p: Parser, element: Abstract) -> Value:
    """Decided while parsing."""
    return p.constant(isinstance(element, Value) or (isinstance(element, Known) and isinstance(element.object, str)))


@method(Array, "item")
def item_method(p: Parser, a: Abstract, *index: Abstract) -> Value:
    """An element as a Python number."""
    found = a
    if index:
        found = p.subscript(a, index[0] if len(index) == 1 else Tuple(index))
    value = p.value(found)
    if value.type.shape:
        if not all(dim == 1 for dim in value.type.shape):
            p.refuse(LocatedTypeError, "item() of an array of more than one element", "index it first")
        value = p.emit("reshape", value, shape=())
    return p.emit("convert", value, dtype=_wide(value.type), kind="python")


def _wide(type_: Type) -> str:
    return "bool" if type_.dtype == "bool" else "float64" if type_.is_float else "int64"


@method(Array, "fill")
def fill(p: Parser, a: Abstract, value: Abstract) -> Known:
    """``a.fill(number)``."""
    if not isinstance(a, Array | View):
        p.unsupported("fill of a number is not supported")
    content = p.read(a)
    number = p.value(value)
    p.memory.write(p.build, a, p.emit("full", number, shape=content.type.shape, dtype=content.type.dtype))
    return Known(None)


@method(Array, "conj", "conjugate")
def conjugate(p: Parser, a: Abstract) -> Abstract:
    """All numbers are real here."""
    return p.wrap(p.emit("positive", p.value(a)))


@function(np.square)
def square(p: Parser, x: Abstract) -> Abstract:
    """``np.square``."""
    return p.wrap(p.emit("square", p.value(array_of(p, x)), kind="numpy"))


@function(operator.matmul)
def matmul_operator(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``operator.matmul``."""
    return binary(p, "matmul", a, b)
