"""NumPy's functions and methods of arrays: choices, reductions, questions about shapes."""

from __future__ import annotations

import operator

import numpy as np

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, Array, Known, Tuple, View, is_given
from symdiff.frontend.attributes import ndim, shape, size
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_shaping import array_of, dims_of, static_axis
from symdiff.frontend.operators import binary
from symdiff.frontend.tables import function, method
from symdiff.ir.graph import Type, Value
from symdiff.ir.shapes import broadcast_shapes
from symdiff.ops.sizes import product

__all__: list[str] = []


# -- choices -----------------------------------------------------------------------------------------------------------


@function(np.where)
def where(p: Parser, condition: Abstract, x: Abstract | None = None, y: Abstract | None = None) -> Abstract:
    """``np.where`` with three arguments."""
    if x is None or y is None:
        return p.call(Known(np.nonzero), [condition], {})
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
    if not is_given(bound):
        return None
    return p.value(array_of(p, bound))


@method(Array, "clip")
def clip_method(p: Parser, a: Abstract, min: Abstract | None = None, max: Abstract | None = None) -> Abstract:
    """``a.clip(low, high)``."""
    return clip(p, a, min, max)


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


# -- known while parsing -----------------------------------------------------------------------------------------------


@function(np.result_type, np.promote_types)
def result_type(p: Parser, *arrays_and_dtypes: Abstract) -> Known:
    """The type that values and types have together."""
    found = []
    for item in arrays_and_dtypes:
        if isinstance(item, Value | Array | View):
            type_ = p.value(item).type
            weak = {"float64": 0.0, "int64": 0, "bool": False} if type_.kind == "python" else {}
            found.append(weak.get(type_.dtype, np.dtype(type_.dtype)))
        else:
            found.append(p.static(item, "a type"))
    return Known(np.result_type(*found))


@function(np.broadcast_shapes)
def broadcast_shapes_of(p: Parser, *args: Abstract) -> Tuple:
    """The shape that arrays of these shapes have together."""
    shape_ = broadcast_shapes(p.build, [dims_of(p, item) for item in args])
    return Tuple(tuple(p.build.size(dim) for dim in shape_))


@function(np.unravel_index)
def unravel_index(p: Parser, indices: Abstract, shape: Abstract) -> Tuple:
    """Indices from the number of an element; a number that is too large gives a first index that is."""
    rest = array_of(p, indices)
    found: list[Abstract] = []
    for dim in reversed(dims_of(p, shape)[1:]):
        length = p.build.size(dim)
        found.insert(0, binary(p, "remainder", rest, length))
        rest = binary(p, "floor_divide", rest, length)
    return Tuple((rest, *found))
