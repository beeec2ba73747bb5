"""Handlers for the functions of `written.py`: they parse what stands for a function at the place of its call."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from symdiff.frontend import (
    library_choices,
    library_elements,
    library_fourier,
    library_iteration,
    library_linalg,
    library_moving,
    library_places,
    library_series,
    library_sets,
    library_special,
    library_statistics,
    library_stats,
    library_windows,
)
from symdiff.frontend.abstract import Abstract, Array, Known
from symdiff.frontend.calls import inline_known
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_shaping import array_of, reshaped, static_axis, transposed
from symdiff.frontend.program import Path
from symdiff.frontend.tables import function, method
from symdiff.frontend.written import (
    METHODS_WRITTEN,
    WRITTEN,
    convolved,
    is_inexact,
    is_single,
    lined_up,
    refuse,
    totals,
    with_axes,
)
from symdiff.ir.graph import Value
from symdiff.ir.shapes import normalise_axes, reduced_shape
from symdiff.ops.sizes import product

__all__: list[str] = []

# Imported so that their functions are in the table.
LIBRARY = (
    library_choices,
    library_elements,
    library_fourier,
    library_iteration,
    library_linalg,
    library_places,
    library_series,
    library_sets,
    library_special,
    library_statistics,
    library_stats,
    library_windows,
)


def _handler(written: Any) -> Callable[..., Abstract]:
    """A handler with the signature of a function of the library."""

    # some of the functions have a parameter `p` of their own
    def handler(_parser: Parser, /, *args: Abstract, **kwargs: Abstract) -> Abstract:
        return inline_known(_parser, written, Path(written), args, kwargs)

    parser = inspect.Parameter("_parser", inspect.Parameter.POSITIONAL_ONLY)
    given = inspect.signature(written).parameters.values()
    handler.__signature__ = inspect.Signature([parser, *given])  # type: ignore[attr-defined]
    return handler


for _function, _written in WRITTEN.items():
    function(_function)(_handler(_written))
for _name, _written in METHODS_WRITTEN.items():
    method(Array, _name)(_handler(_written))


@function(refuse)
def _refuse(p: Parser, message: Abstract, hint: Abstract | None = None) -> Abstract:
    p.unsupported(str(p.known(message)), "" if hint is None else str(p.known(hint)))


@function(library_stats.distribution)
def _distribution(p: Parser, dist: Abstract) -> Abstract:
    found = p.known(dist)
    name = getattr(found, "name", "")
    public: Any = getattr(sys.modules.get("scipy.stats"), name, None)
    # one that is given its parameters has a copy of the distribution
    if type(found) is not type(public) or (found.a, found.b) != (public.a, public.b):
        p.unsupported("distributions of your own are not supported", "write their density as a function")
    return Known(name)


@function(is_inexact)
def _is_inexact(p: Parser, x: Abstract) -> Value:
    return p.constant(p.value(array_of(p, x)).type.is_float)


@function(is_single)
def _is_single(p: Parser, a: Abstract) -> Value:
    size = p.value(a).type.shape[0]
    if isinstance(size, Value) and size in p.build.definitions:  # that of an argument is never 1 where it is a symbol
        p.call(Known(library_moving.require_several), [p.build.size(size)], {})
    return p.constant(size == 1)


@function(lined_up)
def _lined_up(p: Parser, a: Abstract, axis: Abstract) -> Abstract:
    shape = p.value(a).type.shape
    axes = normalise_axes(p.build, static_axis(p, axis), len(shape))
    kept = tuple(i for i in range(len(shape)) if i not in axes)
    moved = transposed(p, a, (*kept, *axes))
    if len(axes) == 1:
        return moved
    return reshaped(p, moved, (*(shape[i] for i in kept), product(p.build, [shape[i] for i in axes])))


@function(with_axes)
def _with_axes(p: Parser, result: Abstract, a: Abstract, axis: Abstract, keepdims: Abstract) -> Abstract:
    if not p.static(keepdims, "keepdims="):
        return result
    shape = p.value(a).type.shape
    axes = normalise_axes(p.build, static_axis(p, axis), len(shape))
    return p.wrap(p.emit("reshape", p.value(result), shape=reduced_shape(shape, axes, True)))


@function(totals)
def _totals(p: Parser, places: Abstract, weights: Abstract, size: Abstract) -> Abstract:
    number, length = p.value(weights), p.dim(size)
    dtype = number.type.dtype if number.type.dtype != "bool" else "int64"
    nothing = p.emit("full", p.constant(0.0 if number.type.is_float else 0), shape=(length,), dtype=dtype)
    added = p.emit("accumulate_at", nothing, number, p.value(places), index=(("array",),))
    return p.wrap(added, contiguous=True)


@function(convolved)
def _convolved(p: Parser, a: Abstract, v: Abstract) -> Abstract:
    return p.wrap(p.emit("convolve", p.value(a), p.value(v), mode="full"), contiguous=True)
