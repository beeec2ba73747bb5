"""Symbolic shapes: broadcasting, axes and sizes, where a dimension is an int or a value of the graph."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.errors import ShapeError, kind_named, located
from symdiff.ir.build import Builder
from symdiff.ir.graph import NO_ATTRS, REQUIRE_EQUAL, Dim, Node

__all__ = ["broadcast_shapes", "normalise_axes", "normalise_axis", "reduced_shape", "require_same", "show_shape"]

Shape = tuple[Dim, ...]


def show_shape(shape: Sequence[Dim]) -> str:
    """A shape as a reader would write it: ``(n, 3)``."""
    names = [str(d) if isinstance(d, int) else (d.hint or "?") for d in shape]
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def broadcast_shapes(build: Builder, shapes: Sequence[Shape]) -> Shape:
    """NumPy's broadcasting of symbolic shapes.

    Two different symbols on one axis must be equal when the program runs: a check is added at this place.

    Raises
    ------
    ShapeError
        When two known sizes differ and neither is 1.
    """
    rank = max((len(s) for s in shapes), default=0)
    result: list[Dim] = []
    for axis in range(-rank, 0):
        dims = [s[axis] for s in shapes if len(s) >= -axis]
        result.append(_broadcast_axis(build, dims, shapes))
    return tuple(result)


def _broadcast_axis(build: Builder, dims: Sequence[Dim], shapes: Sequence[Shape]) -> Dim:
    wide = [d for d in dims if d != 1]
    if not wide:
        return 1
    first = next((d for d in wide if isinstance(d, int)), wide[0])
    for other in wide:
        if other is not first:
            message = f"operands of shapes {' and '.join(map(show_shape, shapes))} cannot be broadcast together"
            require_same(build, first, other, message)
    return first


def require_same(build: Builder, a: Dim, b: Dim, message: str, error: str = "ShapeError") -> None:
    """Refuse, now or when the program runs, unless two sizes are equal.

    ``error`` may be the name of an exception that `errors.LOCATED` knows, for those who catch it.
    """
    if a is b or a == b:
        return
    if isinstance(a, int) and isinstance(b, int):
        raise located(kind_named(error), message, build.where)
    if build.known_equal(a, b):
        return
    pair = (build.size(a), build.size(b))
    attrs = {"message": message} if message else {}
    if error != "ShapeError":
        attrs["error"] = error
    build.append(Node(REQUIRE_EQUAL, pair, (), attrs or NO_ATTRS, (), build.where))


def normalise_axis(build: Builder, axis: int, rank: int) -> int:
    """An axis as 0 .. rank - 1.

    Raises
    ------
    ShapeError
        When the axis is out of bounds.
    """
    if not -rank <= axis < rank:
        build.refuse(ShapeError, f"axis {axis} is out of bounds for an array of {rank} dimensions")
    return axis % rank


def normalise_axes(build: Builder, axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """``axis=`` of a reduction as a sorted tuple; None means all axes."""
    if axis is None:
        return tuple(range(rank))
    axes = [axis] if isinstance(axis, int) else list(axis)
    found = sorted(normalise_axis(build, a, rank) for a in axes)
    if len(set(found)) != len(found):
        build.refuse(ShapeError, f"axis {tuple(axes)} names an axis twice")
    return tuple(found)


def reduced_shape(shape: Shape, axes: Sequence[int], keepdims: bool) -> Shape:
    """Shape after a reduction over ``axes``."""
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes)
