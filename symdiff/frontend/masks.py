"""Arrays of truth values as subscripts: the positions where they hold, whose number is known only at run time."""

from __future__ import annotations

from symdiff.frontend.core import Parser
from symdiff.ir.graph import Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops.sizes import product

__all__ = ["holds", "positions", "require_mask_fits"]


def holds(p: Parser, value: Value) -> Value:
    """Where an array is not zero."""
    if value.type.dtype == "bool":
        return value
    return p.emit("not_equal", value, p.constant(0.0 if value.type.is_float else 0), kind="numpy")


def positions(p: Parser, mask: Value) -> list[Value]:
    """For each axis of a mask the indices at which it holds, in the order of the elements."""
    shape = mask.type.shape
    flat = mask if len(shape) == 1 else p.emit("reshape", mask, shape=(product(p.build, shape),))
    count = p.dim(p.emit("sum", flat, axis=(0,), keepdims=False))
    place = p.emit("flatnonzero", flat, length=count)
    found: list[Value] = []
    for dim in reversed(shape[1:]):
        size = p.build.size(dim)
        found.append(p.emit("remainder", place, size))
        place = p.emit("floor_divide", place, size)
    return [place, *reversed(found)]


def require_mask_fits(p: Parser, content: Value, mask: Value, axis: int) -> None:
    """A mask has the sizes of the axes that it selects from."""
    for k, size in enumerate(mask.type.shape):
        have = content.type.shape[axis + k]
        shown = show_shape((have,)).strip("(),"), show_shape((size,)).strip("(),")
        message = (
            f"boolean index did not match indexed array along axis {axis + k}; "
            f"size of axis is {shown[0]} but size of corresponding boolean axis is {shown[1]}"
        )
        require_same(p.build, have, size, message)
