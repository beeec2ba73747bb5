"""Running sums and products, and the linear recurrence along the last axis that derivatives of products are made of.

``linear_scan(a, b)[i]`` is the state before entry i, where the state begins at ``start`` and becomes
``a[i] * state + b[i]`` at each entry. Its derivative is the same recurrence run the other way, so products can be
differentiated any number of times, in time proportional to their length, and entries that are 0 need no care.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.arithmetic import add, multiply
from symdiff.ops.convert import convert
from symdiff.ops.creation import ones, zeros, zeros_like
from symdiff.ops.dtypes import promoted
from symdiff.ops.indexing import index, put
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.shaping import reshape, transpose
from symdiff.ops.sizes import minus, product

__all__ = ["cumprod", "cumsum", "exclusive_product", "linear_scan"]


def _infer_scan(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    a, b = inputs
    message = f"shapes {show_shape(a.type.shape)} and {show_shape(b.type.shape)} differ"
    if a.type.rank != b.type.rank or not a.type.rank:
        build.refuse(ShapeError, message)
    for one, other in zip(a.type.shape, b.type.shape, strict=True):
        require_same(build, one, other, message)
    return Type(promoted([a.type, b.type]), a.type.shape, "numpy")


def _scan_numpy(a: Any, b: Any, start: float, reverse: bool = False) -> Any:
    out = np.empty(a.shape, np.result_type(a, b))
    state = np.full(a.shape[:-1], start, out.dtype)
    for i in reversed(range(a.shape[-1])) if reverse else range(a.shape[-1]):
        out[..., i] = state
        state = a[..., i] * state + b[..., i]
    return out


HELPER = '''\
def linear_scan(a, b, start, reverse=False):
    """The states of `state = a[i] * state + b[i]` before each entry of the last axis."""
    out = np.empty(a.shape)
    state = np.full(a.shape[:-1], start)
    n = a.shape[-1]
    for k in range(n):
        i = n - 1 - k if reverse else k
        out[..., i] = state
        state = a[..., i] * state + b[..., i]
    return out
'''


def _scan_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    reverse = ", reverse=True" if attrs.get("reverse") else ""
    return f"linear_scan({', '.join(arguments)}, {attrs['start']!r}{reverse})"


def _scan_expand(a: Any, b: Any, start: float, reverse: bool = False) -> Any:
    """The loop."""
    build = a.build
    length = a.shape[-1]
    entry = (*[("slice", None, None, None)] * (a.rank - 1), ("int",))
    state_type = Type(a.type.dtype, a.shape[:-1], "numpy")
    first = zeros(build, state_type.shape, state_type.dtype) + np.dtype(state_type.dtype).type(start)
    body = build.inner()
    i, state, out = (Value(t) for t in (Type("int64", (), "python"), state_type, a.type))
    here, now, old = (Traced(body, v) for v in (i, state, out))
    new = put(old, now, here, index=entry)
    following = add(
        multiply(index(Traced(body, a.value), here, index=entry), now), index(Traced(body, b.value), here, index=entry)
    )
    block = body.finish((i, state, out), (following.value, new.value))
    last = minus(build, length, 1)
    bounds = (last, -1, -1) if reverse else (0, length, 1)
    trips = [build.size(bound) for bound in bounds]
    results = build.for_(*trips, [first.value, zeros_like(a).value], block)
    return Traced(build, results[1])


def _other_way(g: Any, a: Any, reverse: bool) -> Any:
    return linear_scan(a, g, start=0.0, reverse=not reverse)


linear_scan: Primitive = primitive(
    "linear_scan",
    infer=_infer_scan,
    numpy=_scan_numpy,
    python=_scan_text,
    helper=HELPER,
    expand=_scan_expand,
    vjp=(
        lambda g, y, a, b, start, reverse=False: _other_way(g, a, reverse) * y,
        lambda g, y, a, b, start, reverse=False: _other_way(g, a, reverse),
    ),
    cost=4.0,
)


def exclusive_product(x: Any, axis: tuple[int, ...]) -> Any:
    """For each entry the product of the others along ``axis`` (several axes count as one)."""
    rank = x.rank if isinstance(x, Traced) else np.ndim(x)
    rest = tuple(i for i in range(rank) if i not in axis)
    order = (*rest, *axis)
    moved = x if order == tuple(range(rank)) else transpose(x, axes=order)
    flat = reshape(moved, shape=(*moved.shape[: len(rest)], _merged(moved, len(rest)))) if len(axis) != 1 else moved
    nothing = zeros_like(flat)
    others = linear_scan(flat, nothing, start=1.0) * linear_scan(flat, nothing, start=1.0, reverse=True)
    others = reshape(others, shape=moved.shape) if len(axis) != 1 else others
    return others if moved is x else transpose(others, axes=tuple(order.index(i) for i in range(rank)))


def _merged(x: Any, rest: int) -> Any:
    return product(x.build, x.shape[rest:]) if isinstance(x, Traced) else math.prod(x.shape[rest:])


# -- running sums and products -----------------------------------------------------------------------------------------


def _infer_running(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    if not 0 <= attrs["axis"] < x.type.rank:
        build.refuse(ShapeError, f"an array of shape {show_shape(x.type.shape)} has no axis {attrs['axis']}")
    return Type(_summed(x.type.dtype), x.type.shape, "numpy")


def _summed(dtype: str) -> str:
    """Ints and truth values are added up in 64 bits."""
    return dtype if dtype.startswith("float") else "int64"


def _running_text(function: str) -> Callable[..., str]:
    def python(arguments: list[str], attrs: Any, show_shape: Any) -> str:
        # without axis= NumPy flattens
        axis = "" if attrs.get("rank", 0) == 1 else f", axis={attrs['axis']}"
        return f"{function}({arguments[0]}{axis})"

    return python


def _running(combine: Primitive, first: int) -> Callable[..., Any]:
    """The loop along the axis; it carries one total for each of the other places."""

    def expand(x: Any, axis: int) -> Any:
        build = x.build
        dtype = _summed(x.type.dtype)
        x = x if x.type.dtype == dtype else convert(x, dtype=dtype, kind="numpy")
        entry = tuple(("int",) if i == axis else ("slice", None, None, None) for i in range(x.rank))
        total_type = Type(dtype, tuple(d for i, d in enumerate(x.shape) if i != axis), "numpy")
        start = (zeros if first == 0 else ones)(build, total_type.shape, dtype)
        body = build.inner()
        i, total, out = (Value(t) for t in (Type("int64", (), "python"), total_type, x.type))
        here, before, old = (Traced(body, v) for v in (i, total, out))
        now = combine(before, index(Traced(body, x.value), here, index=entry))
        block = body.finish((i, total, out), (now.value, put(old, now, here, index=entry).value))
        trips = [build.size(bound) for bound in (0, x.shape[axis], 1)]
        return Traced(build, build.for_(*trips, [start.value, zeros_like(x).value], block)[1])

    return expand


def _backwards(x: Any, axis: int) -> Any:
    """The entries along an axis from the last to the first."""
    rank = x.rank if isinstance(x, Traced) else np.ndim(x)
    entries = tuple(("slice", None, None, -1 if i == axis else None) for i in range(rank))
    return index(x, index=entries, shape=x.shape)


cumsum: Primitive = primitive(
    "cumsum",
    infer=_infer_running,
    numpy=lambda x, axis: np.cumsum(x, axis=axis),
    python=_running_text("np.cumsum"),
    expand=_running(add, 0),
    vjp=(lambda g, y, x, axis: _backwards(cumsum(_backwards(g, axis), axis=axis), axis),),
    cost=2.0,
    linear=True,
)


def _cumprod_rule(g: Any, y: Any, x: Any, axis: int) -> Any:
    """To each entry: the product of those before it, times what flows from the products behind it.

    No entry is divided by, so that entries of 0 need no care.
    """
    rank = x.rank if isinstance(x, Traced) else np.ndim(x)
    order = (*(i for i in range(rank) if i != axis), axis)
    back = tuple(order.index(i) for i in range(rank))
    if axis != rank - 1:
        g, x = transpose(g, axes=order), transpose(x, axes=order)
    behind = g + linear_scan(x, x * g, start=0.0, reverse=True)
    result = linear_scan(x, zeros_like(x), start=1.0) * behind
    return result if axis == rank - 1 else transpose(result, axes=back)


cumprod: Primitive = primitive(
    "cumprod",
    infer=_infer_running,
    numpy=lambda x, axis: np.cumprod(x, axis=axis),
    python=_running_text("np.cumprod"),
    expand=_running(multiply, 1),
    vjp=(_cumprod_rule,),
    cost=2.0,
)
