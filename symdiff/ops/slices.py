"""How long a slice is: readable formulas for the slices people write, one general formula for the others."""

from __future__ import annotations

from typing import Any

from symdiff.errors import located
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Value
from symdiff.ops.arithmetic import add, floor_divide, negative, subtract
from symdiff.ops.comparison import greater_equal, less, where
from symdiff.ops.extreme import maximum, minimum
from symdiff.ops.primitive import Traced
from symdiff.ops.sizes import at_least, at_most, ceil_divide, counting, minus, plus

__all__ = ["slice_bounds", "slice_length"]

Part = Value | int | None


def slice_length(build: Builder, size: Dim, start: Part, stop: Part, step: Part) -> Dim:
    """Length of ``range(size)[start:stop:step]``."""
    start, stop, step = (_known(build, part) for part in (start, stop, step))
    stride = 1 if step is None else step
    if stride == 0:
        raise located(ValueError, "slice step cannot be zero", build.where)
    if isinstance(size, int) and not any(isinstance(part, Value) for part in (start, stop, step)):
        return len(range(*slice(start, stop, step).indices(size)))
    usual = _usual_length(build, size, start, stop, stride)
    return _general_length(build, size, start, stop, stride) if usual is None else usual


def _known(build: Builder, part: Part) -> Part:
    known = build.constant_of(part) if isinstance(part, Value) else part
    return part if known is None else int(known)


def _usual_length(build: Builder, size: Dim, start: Part, stop: Part, step: Value | int) -> Dim | None:
    """Slices between known bounds, in a formula without a clamp where none is needed."""
    if isinstance(step, Value):
        return None
    if step < 0:
        return ceil_divide(build, size, -step) if start is None and stop is None else None
    if isinstance(start, Value) or isinstance(stop, Value):
        return None
    length = _distance(build, size, start or 0, stop)
    return None if length is None else ceil_divide(build, length, step)


def _distance(build: Builder, size: Dim, start: int, stop: int | None) -> Dim | None:
    """``stop - start`` after clamping."""
    if start >= 0 and stop is not None and stop >= 0:
        return (
            at_least(build, plus(build, at_most(build, size, stop), -start), 0) if start else at_most(build, size, stop)
        )
    if start >= 0:
        cut = start - (stop or 0)
        return at_least(build, plus(build, size, -cut), 0) if cut else size
    if stop is None:
        return at_most(build, size, -start)
    if stop < 0:
        return 0 if stop <= start else at_most(build, at_least(build, plus(build, size, stop), 0), stop - start)
    return None


def _general_length(build: Builder, size: Dim, start: Part, stop: Part, step: Value | int) -> Dim:
    first, last = slice_bounds(build, size, start, stop, step)
    if step == 1:
        if first == 0:
            return last
        return at_least(build, minus(build, last, first), 0)
    with counting(build):
        begin, end, stride = (Traced(build, build.size(d)) for d in (first, last, step))
        if isinstance(step, int):
            distance = subtract(end, begin) if step > 0 else subtract(begin, end)
            count = floor_divide(add(distance, abs(step) - 1), abs(step))
        else:
            forward = floor_divide(add(subtract(end, begin), subtract(stride, 1)), stride)
            backward = floor_divide(add(subtract(begin, end), subtract(negative(stride), 1)), negative(stride))
            count = where(greater_equal(stride, 0), forward, backward)
        return build.dim(maximum(count, 0).value)


def slice_bounds(build: Builder, size: Dim, start: Part, stop: Part, step: Value | int) -> tuple[Dim, Dim]:
    """Where a slice begins and ends (exclusive), clamped as ``slice.indices`` does."""
    if isinstance(step, int):
        down = step < 0
        low, high = (-1, minus(build, size, 1)) if down else (0, size)
        first = (high if down else low) if start is None else _clamped(build, start, size, low, high)
        last = (low if down else high) if stop is None else _clamped(build, stop, size, low, high)
        return first, last
    upward = slice_bounds(build, size, start, stop, 1)
    downward = slice_bounds(build, size, start, stop, -1)
    with counting(build):
        rising = greater_equal(Traced(build, step), 0)
        pairs = zip(upward, downward, strict=True)
        first, last = (build.dim(where(rising, *(Traced(build, build.size(d)) for d in pair)).value) for pair in pairs)
    return first, last


def _clamped(build: Builder, part: Value | int, size: Dim, low: int, high: Dim) -> Dim:
    """``min(max(part + size if part < 0 else part, low), high)``."""
    if isinstance(part, int):
        if part < 0:
            return at_least(build, plus(build, size, part), low)
        return at_most(build, high, part)
    with counting(build):
        given, limit, full_size = (Traced(build, build.size(d)) for d in (part, high, size))
        wrapped: Any = maximum(add(given, full_size), low)
        return build.dim(where(less(given, 0), wrapped, minimum(given, limit)).value)
