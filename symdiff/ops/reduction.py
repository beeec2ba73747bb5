"""Reductions. ``axis`` is a sorted tuple of non-negative ints; ``keepdims`` a bool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.errors import DtypeError, ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import reduced_shape
from symdiff.ops.comparison import equal, where
from symdiff.ops.elementary import sqrt
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.scan import exclusive_product
from symdiff.ops.shaping import broadcast_to, reshape
from symdiff.ops.sizes import at_least, plus, product

__all__ = [
    "all_",
    "any_",
    "argmax",
    "argmin",
    "keep_reduced",
    "max_",
    "mean",
    "min_",
    "norm",
    "prod",
    "std",
    "sum_",
    "var",
]

Axes = tuple[int, ...]


def keep_reduced(g: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """A reduced value with its axes put back as axes of size one."""
    if keepdims or not axis or (isinstance(g, Traced) and g.rank == 0):
        return g
    return reshape(g, shape=reduced_shape(x.shape, axis, True))


def _spread(g: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """A reduced value repeated over the axes it was reduced from."""
    return broadcast_to(keep_reduced(g, x, axis, keepdims), shape=x.shape) if x.shape else g


def _axis_text(rank: int, attrs: Any) -> str:
    """``axis=`` and ``keepdims=`` as a person writes them."""
    axis = tuple(attrs["axis"])
    parts = []
    if len(axis) != rank:
        parts.append(f"axis={axis[0] if len(axis) == 1 else axis}")
    if attrs["keepdims"]:
        parts.append("keepdims=True")
    if attrs.get("ddof"):
        parts.append(f"ddof={attrs['ddof']}")
    return "".join(f", {part}" for part in parts)


def _text(function: str) -> Callable[..., str]:
    # whoever prints adds the rank of the operand to the attributes
    def python(arguments: list[str], attrs: Any, show_shape: Any) -> str:
        return f"{function}({arguments[0]}{_axis_text(attrs.get('rank', -1), attrs)})"

    return python


def _infer(dtype_of: Callable[[str], str]) -> Callable[..., Type]:
    def infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
        (x,) = inputs
        dtype = dtype_of(x.type.dtype)
        return Type(dtype, reduced_shape(x.type.shape, attrs["axis"], attrs["keepdims"]), "numpy")

    return infer


def _summed(dtype: str) -> str:
    """Ints and truth values are added up in 64 bits."""
    return dtype if dtype.startswith("float") else "int64"


def _averaged(dtype: str) -> str:
    return dtype if dtype.startswith("float") else "float64"


def _numpy(function: Callable[..., Any]) -> Callable[..., Any]:
    def compute(x: Any, axis: Axes, keepdims: bool, **more: Any) -> Any:
        return function(x, axis=tuple(axis), keepdims=keepdims, **more)

    return compute


sum_: Primitive = primitive(
    "sum",
    infer=_infer(_summed),
    numpy=_numpy(np.sum),
    python=_text("np.sum"),
    vjp=(lambda g, y, x, axis, keepdims: _spread(g, x, axis, keepdims),),
    linear=True,
)


def _prod_rule(g: Any, y: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """Each entry times the product of the *others*, which a division by the entry would lose at 0."""
    return keep_reduced(g, x, axis, keepdims) * exclusive_product(x, axis=axis) if x.shape else g


prod: Primitive = primitive(
    "prod",
    infer=_infer(_summed),
    numpy=_numpy(np.prod),
    python=_text("np.prod"),
    vjp=(_prod_rule,),
)


def _extreme_rule(g: Any, y: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """Entries that tie for the extreme share the cotangent equally."""
    if not x.shape or not axis:
        return g
    attained = equal(x, keep_reduced(y, x, axis, keepdims))
    ties = sum_(where(attained, 1.0, 0.0), axis=axis, keepdims=True)
    return where(attained, keep_reduced(g, x, axis, keepdims) / ties, 0.0)


max_: Primitive = primitive(
    "max",
    infer=_infer(str),
    numpy=_numpy(np.max),
    python=_text("np.max"),
    vjp=(_extreme_rule,),
    kink="max",
)

min_: Primitive = primitive(
    "min",
    infer=_infer(str),
    numpy=_numpy(np.min),
    python=_text("np.min"),
    vjp=(_extreme_rule,),
    kink="max",
)

any_: Primitive = primitive(
    "any", infer=_infer(lambda d: "bool"), numpy=_numpy(np.any), python=_text("np.any"), vjp=(None,)
)
all_: Primitive = primitive(
    "all", infer=_infer(lambda d: "bool"), numpy=_numpy(np.all), python=_text("np.all"), vjp=(None,)
)


def _infer_position(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    if len(attrs["axis"]) not in (1, x.type.rank):
        build.refuse(ShapeError, "argmax and argmin take one axis or none")
    return Type("int64", reduced_shape(x.type.shape, attrs["axis"], attrs["keepdims"]), "numpy")


def _position(function: Callable[..., Any]) -> Callable[..., Any]:
    def compute(x: Any, axis: Axes, keepdims: bool) -> Any:
        one = axis[0] if len(axis) == 1 else None
        return function(x, axis=one, keepdims=keepdims)

    return compute


argmax: Primitive = primitive(
    "argmax", infer=_infer_position, numpy=_position(np.argmax), python=_text("np.argmax"), vjp=(None,)
)
argmin: Primitive = primitive(
    "argmin", infer=_infer_position, numpy=_position(np.argmin), python=_text("np.argmin"), vjp=(None,)
)


# -- built from the others ---------------------------------------------------------------------------------------------


def _count(x: Any, axis: Axes, less: int = 0) -> Any:
    """How many entries are reduced into one."""
    build = x.build
    count: Dim = product(build, [x.shape[i] for i in axis])
    if less:
        count = at_least(build, plus(build, count, -less), 0)
    return Traced(build, build.size(count))


def _mean(x: Any, axis: Axes, keepdims: bool) -> Any:
    return sum_(x, axis=axis, keepdims=keepdims) / _count(x, axis)


def _var(x: Any, axis: Axes, keepdims: bool, ddof: int = 0) -> Any:
    away = x - mean(x, axis=axis, keepdims=True)
    return sum_(away * away, axis=axis, keepdims=keepdims) / _count(x, axis, ddof)


def _var_rule(g: Any, y: Any, x: Any, axis: Axes, keepdims: bool, ddof: int = 0) -> Any:
    away = x - mean(x, axis=axis, keepdims=True)
    return keep_reduced(g, x, axis, keepdims) * (2.0 * away / _count(x, axis, ddof))


def _std_rule(g: Any, y: Any, x: Any, axis: Axes, keepdims: bool, ddof: int = 0) -> Any:
    """As the norm: 0 where nothing varies."""
    away = x - mean(x, axis=axis, keepdims=True)
    deviation = keep_reduced(y, x, axis, keepdims)
    slope = where(equal(deviation, 0), 0.0, away / (deviation * _count(x, axis, ddof)))
    return keep_reduced(g, x, axis, keepdims) * slope


mean: Primitive = primitive(
    "mean",
    infer=_infer(_averaged),
    numpy=_numpy(np.mean),
    python=_text("np.mean"),
    expand=_mean,
    vjp=(lambda g, y, x, axis, keepdims: _spread(g / _count(x, axis), x, axis, keepdims),),
    linear=True,
)

var: Primitive = primitive(
    "var",
    infer=_infer(_averaged),
    numpy=_numpy(np.var),
    python=_text("np.var"),
    expand=_var,
    vjp=(_var_rule,),
)

std: Primitive = primitive(
    "std",
    infer=_infer(_averaged),
    numpy=_numpy(np.std),
    python=_text("np.std"),
    expand=lambda x, **attrs: sqrt(_var(x, **attrs)),
    vjp=(_std_rule,),
    kink="norm",
)


def _infer_norm(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    if x.type.dtype == "bool":
        build.refuse(DtypeError, "norm takes numbers, not truth values", "convert with .astype(float)")
    return Type(_averaged(x.type.dtype), reduced_shape(x.type.shape, attrs["axis"], attrs["keepdims"]), "numpy")


def _norm_numpy(x: Any, axis: Axes, keepdims: bool) -> Any:
    return np.sqrt(
        np.sum(np.multiply(x, x, dtype=_averaged(str(np.asarray(x).dtype))), axis=tuple(axis), keepdims=keepdims)
    )


def _norm_rule(g: Any, y: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    length = keep_reduced(y, x, axis, keepdims)
    return keep_reduced(g, x, axis, keepdims) * where(equal(length, 0), 0.0, x / length)


def _norm_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    rank = attrs.get("rank", -1)
    if len(attrs["axis"]) > 1 and not _is_default_norm(rank, attrs["axis"]):
        return f"np.sqrt(np.sum(np.square({arguments[0]}){_axis_text(rank, attrs)}))"
    return f"np.linalg.norm({arguments[0]}{_axis_text(rank, attrs)})"


def _is_default_norm(rank: int, axis: Sequence[int]) -> bool:
    """Whether ``np.linalg.norm`` takes the root of the sum of squares of these axes."""
    return len(axis) in (1, 2) or len(axis) == rank


norm: Primitive = primitive(
    "norm",
    infer=_infer_norm,
    numpy=_norm_numpy,
    python=_norm_text,
    expand=lambda x, axis, keepdims: sqrt(sum_(x * x, axis=axis, keepdims=keepdims)),
    vjp=(_norm_rule,),
    kink="norm",
)
