"""The largest entry of each window: one row.

Going forward it is a chain of comparisons of slices, one for each place of a window, so that loops run along memory.
Coming back the chain is run again, for the positions of the entries chosen, and cotangents are added there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from symdiff.errors import DtypeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.comparison import greater, isnan, logical_or, where
from symdiff.ops.complex_parts import helper_text
from symdiff.ops.creation import arange, zeros_like
from symdiff.ops.indexing import accumulate_at, index
from symdiff.ops.pooled_axes import PooledAxis, entries_at, extended, pooled_axes
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.shaping import reshape
from symdiff.ops.sizes import product
from symdiff.ops.window_formulas import largest_of_windows

__all__ = ["max_pool"]

# Windows of more places are reduced axis by axis: the last axis first, so that of equal entries the first is chosen.
AT_ONCE = 16


def _infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    if x.type.dtype not in ("float64", "float32", "int64", "int32"):
        build.refuse(DtypeError, f"the largest of windows is of floats or integers, not of {x.type.dtype}")
    pooled = pooled_axes(Traced(build, x), **attrs)
    lead = x.type.shape[: x.type.rank - len(pooled)]
    return Type(x.type.dtype, (*lead, *(one.count for one in pooled)), "numpy")


def _passes(pooled: Sequence[PooledAxis]) -> list[list[PooledAxis]]:
    """Which axes are reduced together."""
    if math.prod(one.kernel for one in pooled) <= AT_ONCE:
        return [list(pooled)]
    return [[one] for one in reversed(pooled)]


def _bordered(x: Any, pooled: Sequence[PooledAxis]) -> Any:
    for one in pooled:
        x = extended(x, one)
    return x


def _better(other: Traced, best: Traced) -> Any:
    """Whether an entry is chosen in the place of the best before it: a NaN is, whatever that is."""
    larger = greater(other, best)
    return logical_or(larger, isnan(other)) if other.type.is_float else larger


def _expand(x: Any, **attrs: Any) -> Any:
    for pooled in _passes(pooled_axes(x, **attrs)):
        padded = _bordered(x, pooled)
        best, *others = (entries_at(padded, pooled, places) for places in _places(pooled))
        for other in others:
            best = where(_better(other, best), other, best)
        x = best
    return x


def _places(pooled: Sequence[PooledAxis]) -> list[tuple[int, ...]]:
    """The places of a window, in the order of memory."""
    return list(itertools.product(*(range(one.kernel) for one in pooled)))


def _chosen(x: Any, attrs: dict[str, Any]) -> Any:
    """The positions of the entries chosen, each in the axes that are pooled, counted as one."""
    shape, positions = x.shape, None
    for pooled in _passes(pooled_axes(x, **attrs)):
        padded = _bordered(x, pooled)
        known = None if positions is None else _bordered(positions, pooled)
        best = None
        for places in _places(pooled):
            other, here = entries_at(padded, pooled, places), _positions(known, pooled, places, x, shape)
            if best is None:
                best, positions = other, here
            else:
                better: Any = _better(other, best)
                best, positions = where(better, other, best), where(better, here, positions)
        x = best
    return positions


def _positions(known: Any, pooled: Sequence[PooledAxis], places: Sequence[int], x: Any, shape: tuple[Dim, ...]) -> Any:
    """Where what all windows have at a place was in an array of this shape; `known` is where it is along later axes."""
    total = None if known is None else entries_at(known, pooled, places)
    for one, place in zip(pooled, places, strict=True):
        step = Traced(x.build, x.build.size(product(x.build, shape[one.axis + 1 :])))
        part = one.positions(x.build, place, x.rank) * step
        total = part if total is None else total + part
    return total


def _flat(x: Any, y: Any, attrs: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, Any]]:
    """The shapes of input and output with the axes before and those pooled as one each; the positions as an index."""
    build, n = x.build, len(attrs["kernel"])
    lead, plane, count = (product(build, shape) for shape in (x.shape[:-n], x.shape[-n:], y.shape[-n:]))
    chosen = _chosen(x, attrs)
    rows = Traced(build, build.add(arange, build.constant(0), build.constant(1), length=lead, dtype="int64"))
    return (lead, plane), (lead, count), (reshape(rows, shape=(lead, 1)), reshape(chosen, shape=(lead, count)))


BOTH = (("array",), ("array",))


def _back(g: Any, y: Any, x: Any, **attrs: Any) -> Any:
    planes, counts, places = _flat(x, y, attrs)
    found = accumulate_at(reshape(zeros_like(x), shape=planes), reshape(g, shape=counts), *places, index=BOTH)
    return reshape(found, shape=x.shape)


def _forward(tangents: Any, y: Any, x: Any, **attrs: Any) -> Any:
    planes, _, places = _flat(x, y, attrs)
    return reshape(index(reshape(tangents[0], shape=planes), *places, index=BOTH), shape=y.shape)


def _text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    names = ("kernel", "stride", "padding", "dilation", "ceil")
    return f"largest_of_windows({arguments[0]}, {', '.join(str(attrs[name]) for name in names)})"


FORMULA: Callable[..., Any] = largest_of_windows

max_pool: Primitive = primitive(
    "max_pool",
    infer=_infer,
    numpy=lambda x, kernel, stride, padding, dilation, ceil: FORMULA(x, kernel, stride, padding, dilation, ceil),
    python=_text,
    helper=helper_text(largest_of_windows),
    expand=_expand,
    vjp=(_back,),
    jvp=_forward,
    cost=10.0,
)
