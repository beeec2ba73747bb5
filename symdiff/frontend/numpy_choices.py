"""NumPy's functions that call functions on parts of arrays, and other choices that need more than a formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Known, ListObject, Tuple, View
from symdiff.frontend.core import Parser
from symdiff.frontend.library_choices import rows_of_results
from symdiff.frontend.library_series import slopes, slopes_at
from symdiff.frontend.numpy_moving import parts_of
from symdiff.frontend.numpy_shaping import array_of, static_axis, transposed
from symdiff.frontend.tables import function, method
from symdiff.ir.graph import CONSTANT, Value
from symdiff.ir.shapes import normalise_axis
from symdiff.ops.primitive import Primitive

__all__: list[str] = []


@function(np.piecewise)
def piecewise(
    p: Parser, x: Abstract, condlist: Abstract, funclist: Abstract, *args: Abstract, **kw: Abstract
) -> Abstract:
    """Functions that act element by element, where their conditions hold."""
    item = array_of(p, x)
    if not p.value(item).type.is_float:
        p.unsupported("np.piecewise of integers cuts fractions, and is not supported", "convert x to float")
    conditions, functions = parts_of(p, condlist) or [condlist], parts_of(p, funclist) or [funclist]
    if len(functions) not in (len(conditions), len(conditions) + 1):
        p.refuse(LocatedValueError, f"with {len(conditions)} conditions, as many functions are expected, or one more")
    otherwise: Abstract = p.constant(0.0)
    if len(functions) > len(conditions):
        otherwise = _piece(p, functions[-1], item, args, kw)
    for condition, piece in zip(reversed(conditions), reversed(functions[: len(conditions)]), strict=True):
        otherwise = p.call(Known(np.where), [condition, _piece(p, piece, item, args, kw), otherwise], {})
    return p.wrap(p.emit("convert", p.value(otherwise), dtype=p.value(item).type.dtype, kind="numpy"))


def _piece(p: Parser, piece: Abstract, x: Abstract, args: tuple[Abstract, ...], kw: dict[str, Abstract]) -> Abstract:
    """A number, or what a function makes of x, if it treats each element by itself."""
    if isinstance(piece, Value | Array | View):
        return piece
    before = len(p.build.nodes)
    found = p.call(piece, [x, *args], kw)
    for node in p.build.nodes[before:]:
        if node.op is not CONSTANT and not (isinstance(node.op, Primitive) and node.op.elementwise):
            p.unsupported("a function of np.piecewise may only act element by element", "use np.where")
    return found


@function(np.gradient)
def gradient(
    p: Parser,
    f: Abstract,
    *varargs: Abstract,
    axis: Abstract | None = None,
    edge_order: Abstract | None = None,
) -> Abstract:
    """Central differences; one array for each axis, if there are several."""
    item = array_of(p, f)
    rank = p.value(item).type.rank
    given = None if axis is None else static_axis(p, axis)
    chosen = range(rank) if given is None else given if isinstance(given, tuple) else (given,)
    axes = [normalise_axis(p.build, i, rank) for i in chosen]
    steps = list(varargs) or [p.constant(1.0)]
    steps = steps * len(axes) if len(steps) == 1 and p.value(array_of(p, steps[0])).type.rank == 0 else steps
    if len(steps) != len(axes):
        p.refuse(LocatedValueError, f"{len(steps)} steps were given for {len(axes)} axes")
    order = p.constant(1) if edge_order is None else edge_order
    if p.static(order, "edge_order=") not in (1, 2):
        p.refuse(LocatedValueError, "'edge_order' greater than 2 not supported")
    found = [_slopes(p, item, i, array_of(p, step), order) for i, step in zip(axes, steps, strict=True)]
    return found[0] if len(found) == 1 else Tuple(tuple(found))


def _slopes(p: Parser, item: Abstract, axis: int, step: Abstract, order: Abstract) -> Abstract:
    rank = p.value(item).type.rank
    to_last = (*(i for i in range(rank) if i != axis), axis)
    moved = transposed(p, item, to_last)
    known: Any = slopes_at if p.value(step).type.rank else slopes
    found = p.call(Known(known), [moved, step, order], {})
    return transposed(p, found, tuple(to_last.index(i) for i in range(rank)))


@function(np.apply_along_axis)
def apply_along_axis(
    p: Parser, func1d: Abstract, axis: Abstract, arr: Abstract, *args: Abstract, **kwargs: Abstract
) -> Abstract:
    """A function of each vector along an axis of a matrix."""
    item = array_of(p, arr)
    rank = p.value(item).type.rank
    place = normalise_axis(p.build, static_axis(p, axis), rank)
    if kwargs or rank > 2:
        p.unsupported("np.apply_along_axis is supported for matrices, without named arguments", "write a loop")
    if rank == 1:
        return p.call(func1d, [item, *args], {})
    rows = transposed(p, item, (1 - place, place))
    found = p.call(Known(rows_of_results), [func1d, rows, Tuple(args)], {})
    many = p.value(found).type.rank == 2
    return transposed(p, found, (1, 0)) if many and place == 0 else found


@method(Array, "tolist")
def tolist(p: Parser, a: Abstract) -> Abstract:
    """Nested lists of Python numbers, where the sizes are known."""
    value = p.value(a)
    if not value.type.rank:
        return p.call(p.attribute(a, "item"), [], {})
    size = value.type.shape[0]
    if isinstance(size, Value):
        p.unsupported("tolist of an array whose size is known only at run time is not supported", "use the array")
    return ListObject(tuple(tolist(p, p.subscript(a, p.constant(i))) for i in range(size)))
