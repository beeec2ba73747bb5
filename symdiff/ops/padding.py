"""Parts of an axis, and arrays with a border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.ops.creation import zeros
from symdiff.ops.indexing import index, put
from symdiff.ops.primitive import Traced
from symdiff.ops.sizes import plus

__all__ = ["section", "zero_padded"]

FULL = ("slice", None, None, None)


def section(x: Traced, axis: int, start: int | None, stop: int | None, step: int | None = None) -> Any:
    """``x[..., start:stop:step, ...]`` along one axis."""
    entries: list[Any] = [FULL] * x.rank
    entries[axis] = ("slice", start or None, stop, None if step == 1 else step)
    return index(x, index=tuple(entries))


def zero_padded(x: Traced, widths: Sequence[tuple[int, int]]) -> Any:
    """The array with a border of zeros: ``widths`` says how many before and after, for each of the last axes."""
    if not any(before or after for before, after in widths):
        return x
    first = x.rank - len(widths)
    entries: list[Any] = [FULL] * first
    sizes = []
    for size, (before, after) in zip(x.shape[first:], widths, strict=True):
        entries.append(("slice", before or None, -after or None, None))
        sizes.append(plus(x.build, size, before + after))
    border = zeros(x.build, (*x.shape[:first], *sizes), x.type.dtype)
    return put(border, x, index=tuple(entries))
