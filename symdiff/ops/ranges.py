"""Sizes of ranges and places in them: how often a loop runs, which item of a list is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.ops.primitive import Check, Domain, elementwise

__all__ = ["list_position", "range_length"]

STEP = Domain(1, 4, integer=True)
BOUND = Domain(0, 20, integer=True)


def _kernel(k: Any, start: Any, stop: Any, step: Any) -> Any:
    """``max(0, ceil((stop - start) / step))`` in integers, for steps of either sign."""
    up = k.floordiv(k.sub(k.add(k.sub(stop, start), step), 1), step)
    down = k.floordiv(k.add(k.add(k.sub(stop, start), step), 1), step)
    return k.max(k.select(k.gt(step, 0), up, down), 0)


def _python(arguments: Sequence[str], attrs: dict[str, Any], show_shape: Callable[..., str]) -> str:
    start, stop, step = arguments
    if step != "1":
        return f"len(range({start}, {stop}, {step}))"
    return f"max({stop}, 0)" if start == "0" else f"len(range({start}, {stop}))"


def _length(start: Any, stop: Any, step: Any) -> int:
    return len(range(int(start), int(stop), int(step)))


range_length = elementwise(
    "range_length",
    numpy=np.vectorize(_length, otypes=[np.int64]),
    scalar=_length,
    result="int",
    kernel=_kernel,
    python=_python,
    sympy=lambda sp, start, stop, step: sp.Max(0, sp.ceiling((stop - start) / step)),
    vjp=(None, None, None),
    domain=(BOUND, BOUND, STEP),
)


def _inside(k: Any, position: Any, length: Any) -> Any:
    return k.and_(k.le(k.neg(length), position), k.lt(position, length))


def _position(position: int, length: int) -> int:
    if not -length <= position < length:
        raise IndexError("list index out of range")
    return int(position + length if position < 0 else position)


def _positions(position: Any, length: Any) -> Any:
    if np.result_type(position, length).kind != "i":
        raise TypeError("list indices must be integers")
    return np.where(np.less(position, 0), np.add(position, length), position).astype(np.int64)


# A list of run-time length lies in an array that may have room for more items, so its own length is what counts.
list_position = elementwise(
    "list_position",
    numpy=_positions,
    scalar=_position,
    result="int",
    kernel=lambda k, position, length: k.select(k.lt(position, 0), k.add(position, length), position),
    python="range({1})[{0}]",
    spelling="range({1})[{0}]",
    sympy=lambda sp, position, length: sp.Piecewise((position + length, position < 0), (position, True)),
    vjp=(None, None),
    domain=(BOUND, Domain(30, 40, integer=True)),
    checks=(Check(_inside, "IndexError", "list index out of range"),),
)
