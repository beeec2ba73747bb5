"""Where the windows of pooling lie along each axis, as PyTorch has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.errors import ShapeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim
from symdiff.ops.arithmetic import remainder, subtract
from symdiff.ops.comparison import greater, less, where
from symdiff.ops.correlation import require_window
from symdiff.ops.creation import arange
from symdiff.ops.indexing import index
from symdiff.ops.padding import FULL, section
from symdiff.ops.primitive import Traced
from symdiff.ops.shaping import concatenate, reshape
from symdiff.ops.windows import window_count

__all__ = ["PooledAxis", "entries_at", "extended", "pooled_axes"]


@dataclass(frozen=True)
class PooledAxis:
    """An axis of ``size`` entries with ``count`` windows, the last of which may reach ``beyond`` the padding."""

    axis: int
    size: Dim
    kernel: int
    stride: int
    padding: int
    dilation: int
    count: Dim
    beyond: int

    def entry(self, place: int) -> tuple[Any, ...]:
        """What all windows have at a place: a slice of the padded axis, as the entry of an index."""
        start = place * self.dilation
        if isinstance(self.count, int):
            stop: int | None = start + (self.count - 1) * self.stride + 1
        else:
            stop = start - (self.kernel - 1) * self.dilation or None
        return ("slice", start or None, stop, None if self.stride == 1 else self.stride)

    def positions(self, build: Builder, place: int, rank: int) -> Any:
        """The positions in the axis that `entry` selects of the `extended` one, to be broadcast along the others."""
        ends = build.constant(place * self.dilation - self.padding), build.constant(self.stride)
        found: Any = Traced(build, build.add(arange, *ends, length=self.count, dtype="int64"))
        if isinstance(self.size, int) and (self.padding or self.beyond):
            last, d = self.size - 1, self.dilation
            found = where(less(found, 0), remainder(found, d), found)
            found = where(greater(found, last), subtract(last, remainder(subtract(last, found), d)), found)
        return reshape(found, shape=(self.count, *(1,) * (rank - 1 - self.axis)))


def pooled_axes(
    x: Traced,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil: bool,
) -> list[PooledAxis]:
    """What is done along each of the last axes."""
    first = x.rank - len(kernel)
    parts = zip(range(first, x.rank), kernel, stride, padding, dilation, strict=True)
    return [_pooled(x, *part, ceil) for part in parts]


def _pooled(x: Traced, axis: int, k: int, s: int, p: int, d: int, ceil: bool) -> PooledAxis:
    size, reach = x.shape[axis], (k - 1) * d + 1
    if 2 * p > k:
        x.build.refuse(ShapeError, f"padding by {p} is more than half of a window of {k} places")
    if not isinstance(size, int):
        if p or ceil:
            hint = "pool without padding and ceil_mode"
            x.build.refuse(ShapeError, "padded pooling needs an array of known shape", hint)
        require_window(x, (size,), (k,), (d,))
        return PooledAxis(axis, size, k, s, p, d, window_count(x.build, size, k, s, d), 0)
    padded = size + 2 * p
    count = (padded - reach + (s - 1 if ceil else 0)) // s + 1
    if ceil and (count - 1) * s >= size + p:
        count -= 1  # a window begins in the array or before it
    if count < 1 or size < 1:
        x.build.refuse(ShapeError, f"a window of {reach} does not fit into an axis of length {size}")
    beyond = max((count - 1) * s + reach - padded, 0)
    if (p or beyond) and size < d:
        x.build.refuse(ShapeError, f"pooling with a dilation of {d} and padding needs an axis of at least that length")
    return PooledAxis(axis, size, k, s, p, d, count, beyond)


def extended(x: Traced, pooled: PooledAxis) -> Any:
    """The array with a border in which each window finds an entry again that it has anyway."""
    axis, d = pooled.axis, pooled.dilation
    before = [-place % d for place in range(pooled.padding, 0, -1)]
    after = [-place % d for place in range(1, pooled.padding + pooled.beyond + 1)]
    if not before and not after:
        return x
    left = [section(x, axis, place, place + 1) for place in before]
    right = [section(x, axis, -1 - place, -place or None) for place in after]
    return concatenate(*left, x, *right, axis=axis)


def entries_at(x: Traced, pooled: Sequence[PooledAxis], places: Sequence[int]) -> Any:
    """What all windows along some axes of a padded array have at a place."""
    entries: list[Any] = [FULL] * x.rank
    for one, place in zip(pooled, places, strict=True):
        entries[one.axis] = one.entry(place)
    return index(x, index=tuple(entries))
