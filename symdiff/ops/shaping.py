"""Changing the shape of arrays, joining and building them."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.dtypes import promoted
from symdiff.ops.primitive import REGISTRY, EachArgument, Primitive, Traced, primitive
from symdiff.ops.sizes import at_most, plus, require_same_count

__all__ = ["broadcast_to", "concatenate", "diag", "diagonal", "pack", "reshape", "swap_last", "transpose"]


def _infer_reshape(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    shape = tuple(attrs["shape"])
    message = f"cannot reshape array of shape {show_shape(x.type.shape)} into shape {show_shape(shape)}"
    require_same_count(build, x.type.shape, shape, message)
    return Type(x.type.dtype, shape, "numpy")


reshape: Primitive = primitive(
    "reshape",
    infer=_infer_reshape,
    numpy=lambda x, shape: np.reshape(x, shape),
    python=lambda arguments, attrs, show_shape: f"np.reshape({arguments[0]}, {show_shape(attrs['shape'])})",
    vjp=(lambda g, y, x, shape: reshape(g, shape=x.shape),),
    linear=True,
)


def _infer_transpose(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    axes = tuple(attrs["axes"])
    if sorted(axes) != list(range(x.type.rank)):
        build.refuse(ShapeError, f"axes {axes} do not order the {x.type.rank} axes of the array")
    return Type(x.type.dtype, tuple(x.type.shape[axis] for axis in axes), "numpy")


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _transpose_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    axes = attrs["axes"]
    if axes == tuple(reversed(range(len(axes)))):
        return f"{arguments[0]}.T"
    return f"np.transpose({arguments[0]}, {axes})"


transpose: Primitive = primitive(
    "transpose",
    infer=_infer_transpose,
    numpy=lambda x, axes: np.transpose(x, axes),
    python=_transpose_text,
    vjp=(lambda g, y, x, axes: transpose(g, axes=_inverse(axes)),),
    linear=True,
)


def swap_last(x: Any) -> Any:
    """The last two axes exchanged: the transpose of each matrix."""
    rank = x.rank if isinstance(x, Traced) else np.ndim(x)
    return transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def _infer_broadcast_to(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    shape = tuple(attrs["shape"])
    message = f"cannot broadcast shape {show_shape(x.type.shape)} to shape {show_shape(shape)}"
    if x.type.rank > len(shape):
        build.refuse(ShapeError, message)
    for have, want in zip(reversed(x.type.shape), reversed(shape), strict=False):
        if have != 1:
            require_same(build, have, want, message)
    return Type(x.type.dtype, shape, "numpy")


# The walk sums a cotangent over the axes along which its value was broadcast, so the rule is g.
broadcast_to: Primitive = primitive(
    "broadcast_to",
    infer=_infer_broadcast_to,
    numpy=lambda x, shape: np.broadcast_to(x, shape).copy()[()],
    python=lambda arguments, attrs, show_shape: f"np.broadcast_to({arguments[0]}, {show_shape(attrs['shape'])})",
    vjp=(lambda g, y, x, shape: g,),
    linear=True,
)


def _infer_concatenate(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    axis = int(attrs["axis"])
    first = inputs[0].type
    length: Dim = 0
    for x in inputs:
        shapes = f"{show_shape(first.shape)} and {show_shape(x.type.shape)}"
        message = f"arrays of shapes {shapes} cannot be concatenated along axis {axis}"
        if x.type.rank != first.rank or not 0 <= axis < first.rank:
            build.refuse(ShapeError, message)
        for other, (a, b) in enumerate(zip(first.shape, x.type.shape, strict=True)):
            if other != axis:
                require_same(build, a, b, message)
        length = plus(build, length, x.type.shape[axis])
    shape = (*first.shape[:axis], length, *first.shape[axis + 1 :])
    return Type(promoted([x.type for x in inputs]), shape, "numpy")


def _concatenate_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    axis = f", axis={attrs['axis']}" if attrs["axis"] else ""
    return f"np.concatenate(({', '.join(arguments)}{',' * (len(arguments) == 1)}){axis})"


def _concatenate_rule(position: int) -> Any:
    """The part of the cotangent that argument ``position`` went to."""

    def rule(g: Any, y: Any, *xs: Any, axis: int) -> Any:
        build = g.build
        start: Dim = 0
        for x in xs[:position]:
            start = plus(build, start, x.shape[axis])
        stop = plus(build, start, xs[position].shape[axis])
        return _section(g, axis, start, stop, xs[position].shape)

    return rule


def _section(g: Any, axis: int, start: Dim, stop: Dim, shape: tuple[Dim, ...]) -> Any:
    """``g[..., start:stop, ...]`` along one axis, known to be of this shape."""
    bounds = [bound if isinstance(bound, int) else "in" for bound in (start, stop)]
    operands = [Traced(g.build, bound) for bound in (start, stop) if isinstance(bound, Value)]
    entries: list[tuple[Any, ...]] = [("slice", None, None, None)] * g.rank
    entries[axis] = ("slice", bounds[0] or None, bounds[1], None)
    return REGISTRY["index"](g, *operands, index=tuple(entries), shape=shape)


concatenate: Primitive = primitive(
    "concatenate",
    infer=_infer_concatenate,
    numpy=lambda *xs, axis: np.concatenate(xs, axis),
    python=_concatenate_text,
    vjp=EachArgument(_concatenate_rule),
    linear=True,
)


def _infer_pack(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    shape = tuple(attrs["shape"])
    if any(x.type.is_array for x in inputs) or int(np.prod(shape)) != len(inputs):
        build.refuse(ShapeError, f"{len(inputs)} values do not fill an array of shape {show_shape(shape)}")
    dtype = attrs.get("dtype") or promoted([Type(x.type.dtype, (), "numpy") for x in inputs])
    return Type(dtype, shape, "numpy")


def _pack_numpy(*xs: Any, shape: tuple[int, ...], dtype: str | None = None) -> Any:
    return np.array(xs, dtype).reshape(shape)


def _nested(items: list[str], shape: tuple[int, ...]) -> str:
    if not shape:
        return items[0]
    size = len(items) // shape[0] if shape[0] else 0
    rows = [_nested(items[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]
    return f"[{', '.join(rows)}]"


def _pack_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    dtype = attrs.get("dtype")
    suffix = f", dtype={'bool' if dtype == 'bool' else f'np.{dtype}'}" if dtype else ""
    return f"np.array({_nested(arguments, attrs['shape'])}{suffix})"


def _pack_rule(position: int) -> Any:
    def rule(g: Any, y: Any, *xs: Any, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        place = [g.build.constant(int(i)) for i in np.unravel_index(position, shape)]
        return REGISTRY["index"](g, *place, index=(("int",),) * len(shape))

    return rule


pack: Primitive = primitive(
    "pack",
    infer=_infer_pack,
    numpy=_pack_numpy,
    python=_pack_text,
    vjp=EachArgument(_pack_rule),
    linear=True,
)


def _infer_diag(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (v,) = inputs
    if v.type.rank != 1:
        build.refuse(ShapeError, f"diag takes a vector, not an array of shape {show_shape(v.type.shape)}")
    return Type(v.type.dtype, v.type.shape * 2, "numpy")


diag: Primitive = primitive(
    "diag",
    infer=_infer_diag,
    numpy=np.diag,
    python="np.diag({})",
    vjp=(lambda g, y, v: diagonal(g),),
    linear=True,
)


def _infer_diagonal(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (m,) = inputs
    if m.type.rank != 2:
        build.refuse(ShapeError, f"diagonal takes a matrix, not an array of shape {show_shape(m.type.shape)}")
    return Type(m.type.dtype, (at_most(build, *m.type.shape),), "numpy")


def _diagonal_rule(g: Any, y: Any, m: Any) -> Any:
    if m.shape[0] is m.shape[1] or m.shape[0] == m.shape[1]:
        return diag(g)
    build = g.build
    places = Traced(
        build, build.add(REGISTRY["arange"], *map(build.constant, (0, 1)), length=y.shape[0], dtype="int64")
    )
    zero = REGISTRY["full"](Traced(build, build.constant(0.0)), shape=m.shape, dtype=m.type.dtype)
    return REGISTRY["put"](zero, g, places, places, index=(("array",), ("array",)))


diagonal: Primitive = primitive(
    "diagonal",
    infer=_infer_diagonal,
    numpy=lambda m: np.diagonal(m).copy(),
    python="np.diagonal({})",
    vjp=(_diagonal_rule,),
    linear=True,
)
