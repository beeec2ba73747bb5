"""A line search: a length along a direction for which the loss and its slope are small enough (strong Wolfe)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["strong_wolfe"]

Array = np.ndarray[Any, Any]
ENOUGH, FLAT = 1e-4, 0.9
"""How much of what the slope promises the loss must fall, and to what part the slope must."""
MOST = 25


@dataclass(slots=True)
class _Point:
    """A length, with the loss, the gradient and the slope there."""

    length: float
    loss: float
    gradient: Array
    slope: float


def strong_wolfe(
    at: Callable[[float], tuple[float, Array]],
    direction: Array,
    length: float,
    loss: float,
    gradient: Array,
    slope: float,
    *,
    tolerance: float,
) -> tuple[float, Array, float, int]:
    """A length that fulfils both conditions, or the best one found.

    Parameters
    ----------
    at : callable
        Gives the loss and the gradient at a length.
    direction : array
    length : float
        The first one that is tried.
    loss, gradient, slope
        At length zero.
    tolerance : float
        Where an interval is so short, the search ends.

    Returns
    -------
    tuple
        The loss and the gradient there, the length, and how many lengths were tried.
    """
    largest = float(abs(direction).max())

    def point(where: float) -> _Point:
        f, g = at(where)
        return _Point(where, f, g, float(g @ direction))

    start = _Point(0.0, loss, gradient, slope)
    bracket, count, done = _bracket(point, start, length)
    low = 0 if bracket[0].loss <= bracket[-1].loss else 1
    stuck = False
    while not done and count < MOST:
        high = 1 - low
        if abs(bracket[1].length - bracket[0].length) * largest < tolerance:
            break
        where, stuck = _inside(bracket, stuck)
        new = point(where)
        count += 1
        if new.loss > loss + ENOUGH * where * slope or new.loss >= bracket[low].loss:
            bracket[high] = new
            low = 0 if bracket[0].loss <= bracket[1].loss else 1
            continue
        if abs(new.slope) <= -FLAT * slope:
            done = True
        elif new.slope * (bracket[high].length - bracket[low].length) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = new
    best = bracket[low if len(bracket) > 1 else 0]
    return best.loss, best.gradient, best.length, count


def _bracket(point: Callable[[float], _Point], start: _Point, length: float) -> tuple[list[_Point], int, bool]:
    """Two lengths between which there is one that fulfils both conditions; or that one."""
    before, new, count = start, point(length), 1
    for k in range(MOST):
        if new.loss > start.loss + ENOUGH * new.length * start.slope or (k > 0 and new.loss >= before.loss):
            return [before, new], count, False
        if abs(new.slope) <= -FLAT * start.slope:
            return [new], count, True
        if new.slope >= 0:
            return [before, new], count, False
        least = new.length + 0.01 * (new.length - before.length)
        where = _cubic(before, new, least, new.length * 10)
        before, new = new, point(where)
        count += 1
    return [start, new], count, False


def _inside(bracket: list[_Point], stuck: bool) -> tuple[float, bool]:
    """The next length between two; twice too near to an end, it keeps a distance."""
    ends = sorted(p.length for p in bracket)
    where = _cubic(bracket[0], bracket[1], *ends)
    margin = 0.1 * (ends[1] - ends[0])
    if min(ends[1] - where, where - ends[0]) >= margin:
        return where, False
    if stuck or where >= ends[1] or where <= ends[0]:
        return (ends[1] - margin if abs(where - ends[1]) < abs(where - ends[0]) else ends[0] + margin), False
    return where, True


def _cubic(a: _Point, b: _Point, low: float, high: float) -> float:
    """Where the cubic through two points with their slopes is least, between two bounds."""
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    root = math.sqrt(square)
    if a.length <= b.length:
        where = b.length - (b.length - a.length) * ((b.slope + root - d1) / (b.slope - a.slope + 2 * root))
    else:
        where = a.length - (a.length - b.length) * ((a.slope + root - d1) / (a.slope - b.slope + 2 * root))
    return min(max(where, low), high)
