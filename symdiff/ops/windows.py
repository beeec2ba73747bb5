"""All windows of an array's last axes, and its adjoint: windows added up where they overlap.

With them a convolution is a product of matrices and an average over windows is a sum. Both rows are linear and each is
the derivative of the other, so derivatives of every order follow. Windows are never stored for their own sake: an
element of them is an element of the array, at ``stride * window + dilation * place``.

Three tuples have an entry for each of the last axes: ``kernel`` (places of a window), ``stride`` (from one window to
the next) and ``dilation`` (from one place to the next). Windows that do not fit do not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.errors import DtypeError, ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.complex_parts import helper_text
from symdiff.ops.primitive import Primitive, primitive
from symdiff.ops.sizes import at_least, ceil_divide, plus
from symdiff.ops.window_formulas import add_windows, windows_of

__all__ = ["overlap_add", "sliding_windows", "window_count"]


def window_count(build: Builder, size: Dim, kernel: int, stride: int, dilation: int) -> Dim:
    """How many windows fit into an axis."""
    starts = at_least(build, plus(build, size, -(kernel - 1) * dilation), 0)
    return ceil_divide(build, starts, stride)


def _windowed(build: Builder, shape: Sequence[Dim], attrs: dict[str, Any]) -> tuple[Dim, ...]:
    """The shape of all windows of an array of this shape."""
    kernel, stride, dilation = (tuple(attrs[name]) for name in ("kernel", "stride", "dilation"))
    n = len(kernel)
    if not len(stride) == len(dilation) == n or not all(part >= 1 for part in (*kernel, *stride, *dilation)):
        build.refuse(ShapeError, f"kernel {kernel}, stride {stride} and dilation {dilation} describe no windows")
    if len(shape) < n:
        build.refuse(ShapeError, f"an array of shape {show_shape(shape)} has no windows of {n} axes")
    first = len(shape) - n
    sizes = zip(shape[first:], kernel, stride, dilation, strict=True)
    return (*shape[:first], *(window_count(build, *axis) for axis in sizes), *kernel)


def _infer_windows(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (x,) = inputs
    shape = _windowed(build, x.type.shape, attrs)
    # a rule that knows the shape gives it, so that it is the same value
    return Type(x.type.dtype, tuple(attrs.get("shape") or shape), "numpy")


def _infer_overlap_add(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (windows,) = inputs
    if windows.type.dtype == "bool":
        build.refuse(DtypeError, "windows of truth values cannot be added up", "convert with .astype(float)")
    shape = tuple(attrs["shape"])
    wanted = _windowed(build, shape, attrs)
    given = windows.type.shape
    message = f"windows of shape {show_shape(given)} are not those of an array of shape {show_shape(shape)}"
    if len(given) != len(wanted):
        build.refuse(ShapeError, message)
    for have, want in zip(given, wanted, strict=True):
        require_same(build, have, want, message)
    return Type(windows.type.dtype, shape, "numpy")


WINDOWS_OF: Callable[..., Any] = windows_of
ADD_WINDOWS: Callable[..., Any] = add_windows


def _windows_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    return f"windows_of({arguments[0]}, {attrs['kernel']}, {attrs['stride']}, {attrs['dilation']})"


def _overlap_add_text(arguments: list[str], attrs: Any, show_shape: Any) -> str:
    return f"add_windows({arguments[0]}, {show_shape(attrs['shape'])}, {attrs['stride']}, {attrs['dilation']})"


sliding_windows: Primitive = primitive(
    "sliding_windows",
    infer=_infer_windows,
    numpy=lambda x, kernel, stride, dilation, shape=None: WINDOWS_OF(x, kernel, stride, dilation),
    python=_windows_text,
    helper=helper_text(windows_of),
    vjp=(
        lambda g, y, x, kernel, stride, dilation, shape=None: overlap_add(
            g, shape=x.shape, kernel=kernel, stride=stride, dilation=dilation
        ),
    ),
    linear=True,
)

overlap_add: Primitive = primitive(
    "overlap_add",
    infer=_infer_overlap_add,
    numpy=lambda windows, shape, kernel, stride, dilation: ADD_WINDOWS(windows, shape, stride, dilation),
    python=_overlap_add_text,
    helper=helper_text(add_windows),
    vjp=(
        lambda g, y, windows, shape, kernel, stride, dilation: sliding_windows(
            g, kernel=kernel, stride=stride, dilation=dilation, shape=windows.shape
        ),
    ),
    cost=4.0,
    linear=True,
)
