"""NumPy's reductions, with ``where=``, ``initial=`` and ``dtype=``, and the methods of ufuncs that reduce."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Known, is_given
from symdiff.frontend.core import Parser
from symdiff.frontend.library_choices import running_extreme, segment_sums
from symdiff.frontend.numpy_making import dtype_of
from symdiff.frontend.numpy_ordering import along
from symdiff.frontend.numpy_shaping import array_of, static_axis
from symdiff.frontend.operators import binary
from symdiff.frontend.tables import FUNCTIONS, function, method
from symdiff.ir.graph import Value
from symdiff.ir.shapes import broadcast_shapes, normalise_axes

__all__ = ["reduce"]


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


# -- options -----------------------------------------------------------------------------------------------------------

# what leaves a total as it is, and the operation that an initial value takes part in
IDENTITY = {"sum": 0, "prod": 1, "any": False, "all": True}
COMBINES = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}


def _converted(p: Parser, a: Abstract, dtype: Abstract | None) -> Abstract:
    item, found = array_of(p, a), dtype_of(p, dtype)
    if found is not None and p.value(item).type.dtype != found:
        item = p.wrap(p.emit("convert", p.value(item), dtype=found, kind="numpy"))
    return item


def _neutral(p: Parser, row: str, dtype: str) -> Value:
    """What a reduction makes nothing of, in the type of the entries."""
    if row in IDENTITY:
        return p.constant(np.dtype(dtype).type(IDENTITY[row]).item())
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return p.constant(-np.inf if row == "max" else np.inf)
    if kind.kind == "b":
        return p.constant(row == "min")
    limits = np.iinfo(kind)
    return p.constant(int(limits.min if row == "max" else limits.max))


def _chosen(p: Parser, row: str, item: Abstract, where: Abstract | None) -> Abstract:
    """The entries that count; the others are replaced by what changes nothing."""
    if where is None or p.build.constant_of(p.value(where)) is True:
        return item
    value, mask = p.value(item), p.value(array_of(p, where))
    return p.wrap(p.emit("where", mask, value, _neutral(p, row, value.type.dtype), kind="numpy"))


def optional(
    p: Parser,
    row: str,
    item: Abstract,
    axis: Abstract | None,
    keepdims: Abstract | None,
    initial: Abstract | None,
    where: Abstract | None,
) -> Abstract:
    """A reduction with its options."""
    masked = where is not None and p.build.constant_of(p.value(where)) is not True
    if masked and row in ("max", "min") and not is_given(initial):
        name = f"{row}imum"
        p.refuse(LocatedValueError, f"reduction operation '{name}' does not have an identity", "give initial=")
    chosen = _chosen(p, row, item, where)
    if row in ("max", "min") and is_given(initial):
        return _from(p, row, chosen, axis, keepdims, initial)
    result = reduce(p, row, chosen, axis, keepdims)
    return binary(p, COMBINES[row], result, initial) if is_given(initial) else result


def _from(
    p: Parser, row: str, item: Abstract, axis: Abstract | None, keepdims: Abstract | None, initial: Any
) -> Abstract:
    """An extreme that has a value to begin with: the array may be empty, so one neutral entry is put before it."""
    value = p.value(item)
    axes = normalise_axes(p.build, static_axis(p, axis), value.type.rank)
    neutral = _neutral(p, row, value.type.dtype)
    for i in axes:
        shape = tuple(1 if j == i else dim for j, dim in enumerate(value.type.shape))
        first = p.emit("full", neutral, shape=shape, dtype=value.type.dtype)
        value = p.emit("concatenate", first, value, axis=i)
    result = reduce(p, row, p.wrap(value), axis, keepdims)
    return p.wrap(p.emit(COMBINES[row], p.value(result), p.value(initial), kind="numpy"))


# -- functions ---------------------------------------------------------------------------------------------------------


def _total(row: str) -> Any:
    def handler(
        p: Parser,
        a: Abstract,
        axis: Abstract | None = None,
        dtype: Abstract | None = None,
        *,
        keepdims: Abstract | None = None,
        initial: Abstract | None = None,
        where: Abstract | None = None,
    ) -> Abstract:
        return optional(p, row, _converted(p, a, dtype), axis, keepdims, initial, where)

    return handler


def _extreme(row: str) -> Any:
    def handler(
        p: Parser,
        a: Abstract,
        axis: Abstract | None = None,
        *,
        keepdims: Abstract | None = None,
        initial: Abstract | None = None,
        where: Abstract | None = None,
    ) -> Abstract:
        return optional(p, row, array_of(p, a), axis, keepdims, initial, where)

    return handler


def _truths(p: Parser, item: Abstract) -> Abstract:
    """Which entries are not zero."""
    value = p.value(item)
    if value.type.dtype == "bool":
        return p.wrap(value)
    return p.wrap(p.emit("not_equal", value, p.constant(0), kind="numpy"))


def _truth(row: str) -> Any:
    def handler(
        p: Parser,
        a: Abstract,
        axis: Abstract | None = None,
        *,
        keepdims: Abstract | None = None,
        where: Abstract | None = None,
    ) -> Abstract:
        return optional(p, row, _truths(p, array_of(p, a)), axis, keepdims, None, where)

    return handler


def _position(row: str) -> Any:
    def handler(p: Parser, a: Abstract, axis: Abstract | None = None, *, keepdims: Abstract | None = None) -> Abstract:
        return reduce(p, row, a, axis, keepdims)

    return handler


def _count(p: Parser, item: Abstract, mask: Abstract, axis: Abstract | None, keepdims: Abstract | None) -> Abstract:
    """How many entries count, broadcast as the mask is against the array."""
    value, test = p.value(item), p.value(array_of(p, mask))
    shape = broadcast_shapes(p.build, [value.type.shape, test.type.shape])
    return reduce(p, "sum", p.wrap(p.emit("broadcast_to", test, shape=shape)), axis, keepdims)


@method(Array, "mean")
@function(np.mean)
def mean(
    p: Parser,
    a: Abstract,
    axis: Abstract | None = None,
    dtype: Abstract | None = None,
    *,
    keepdims: Abstract | None = None,
    where: Abstract | None = None,
) -> Abstract:
    """``np.mean``."""
    item = _converted(p, a, dtype)
    if where is None:
        return reduce(p, "mean", item, axis, keepdims)
    total = optional(p, "sum", item, axis, keepdims, None, where)
    return binary(p, "divide", total, _count(p, item, where, axis, keepdims))


def _spread(row: str) -> Any:
    def handler(
        p: Parser,
        a: Abstract,
        axis: Abstract | None = None,
        dtype: Abstract | None = None,
        *,
        ddof: Abstract | None = None,
        keepdims: Abstract | None = None,
        where: Abstract | None = None,
        correction: Abstract | None = None,
    ) -> Abstract:
        if ddof is not None and correction is not None:
            p.refuse(LocatedValueError, "ddof and correction can't be provided simultaneously")
        given = correction if ddof is None else ddof
        less = 0 if given is None else p.static(given, "ddof=")
        if where is not None:
            p.unsupported(f"np.{row} with where= is not supported", "use np.mean with where=, twice")
        return reduce(p, row, _converted(p, a, dtype), axis, keepdims, **({"ddof": less} if less else {}))

    return handler


for _row in ("sum", "prod"):
    method(Array, _row)(function(getattr(np, _row))(_total(_row)))
for _row, _other in (("max", np.amax), ("min", np.amin)):
    method(Array, _row)(function(getattr(np, _row))(_extreme(_row)))
    if _other not in FUNCTIONS:
        function(_other)(_extreme(_row))
for _row in ("any", "all"):
    method(Array, _row)(function(getattr(np, _row))(_truth(_row)))
for _row in ("argmax", "argmin"):
    method(Array, _row)(function(getattr(np, _row))(_position(_row)))
for _row in ("var", "std"):
    method(Array, _row)(function(getattr(np, _row))(_spread(_row)))


@function(np.ptp)
def ptp(p: Parser, a: Abstract, axis: Abstract | None = None, *, keepdims: Abstract | None = None) -> Abstract:
    """From the smallest to the largest."""
    return binary(p, "subtract", reduce(p, "max", a, axis, keepdims), reduce(p, "min", a, axis, keepdims))


@function(np.count_nonzero)
def count_nonzero(
    p: Parser, a: Abstract, axis: Abstract | None = None, *, keepdims: Abstract | None = None
) -> Abstract:
    """How many are not zero."""
    return reduce(p, "sum", _truths(p, array_of(p, a)), axis, keepdims)


# -- methods of ufuncs -------------------------------------------------------------------------------------------------

REDUCES = {
    np.add: "sum",
    np.multiply: "prod",
    np.maximum: "max",
    np.minimum: "min",
    np.logical_and: "all",
    np.logical_or: "any",
}
ACCUMULATES = {np.add: "cumsum", np.multiply: "cumprod"}


def _reduced(row: str) -> Any:
    def handler(
        p: Parser,
        array: Abstract,
        axis: Abstract | None = None,
        dtype: Abstract | None = None,
        *,
        keepdims: Abstract | None = None,
        initial: Abstract | None = None,
        where: Abstract | None = None,
    ) -> Abstract:
        item = _converted(p, array, dtype)
        if row in ("any", "all"):
            item = _truths(p, item)
        # the first axis, where none is named
        return optional(p, row, item, p.constant(0) if axis is None else axis, keepdims, initial, where)

    return handler


def _accumulated(row: str) -> Any:
    def handler(p: Parser, array: Abstract, axis: Abstract | None = None, dtype: Abstract | None = None) -> Abstract:
        value, found = along(p, _converted(p, array, dtype), p.constant(0) if axis is None else axis, 0)
        return p.wrap(p.emit(row, value, axis=found), contiguous=True)

    return handler


def _along_first(p: Parser, target: Any, array: Abstract, axis: Abstract | None, more: Abstract) -> Abstract:
    """What a function of the first axis gives along another one."""
    place = p.constant(0) if axis is None else axis
    moved = p.call(Known(np.moveaxis), [array_of(p, array), place, p.constant(0)], {})
    return p.call(Known(np.moveaxis), [p.call(Known(target), [moved, more], {}), p.constant(0), place], {})


def _running_extreme(largest: bool) -> Any:
    def handler(p: Parser, array: Abstract, axis: Abstract | None = None) -> Abstract:
        return _along_first(p, running_extreme, array, axis, p.constant(largest))

    return handler


@function(np.add.reduceat)
def sums_between(p: Parser, array: Abstract, indices: Abstract, axis: Abstract | None = None) -> Abstract:
    """``np.add.reduceat``."""
    return _along_first(p, segment_sums, array, axis, array_of(p, indices))


def _outer(ufunc: Any) -> Any:
    def handler(p: Parser, A: Abstract, B: Abstract) -> Abstract:
        first, second = p.value(array_of(p, A)), p.value(array_of(p, B))
        if second.type.rank and first.type.rank:
            first = p.emit("reshape", first, shape=(*first.type.shape, *(1,) * second.type.rank))
        return p.call(Known(ufunc), [p.wrap(first), p.wrap(second)], {})

    return handler


for _ufunc, _row in REDUCES.items():
    function(_ufunc.reduce)(_reduced(_row))
for _ufunc, _row in ACCUMULATES.items():
    function(_ufunc.accumulate)(_accumulated(_row))
function(np.maximum.accumulate)(_running_extreme(True))
function(np.minimum.accumulate)(_running_extreme(False))
for _pair in {u for u in vars(np).values() if isinstance(u, np.ufunc) and u.nin == 2 and u.nout == 1}:
    if _pair.signature is None:  # not those of vectors and matrices
        function(_pair.outer)(_outer(_pair))
