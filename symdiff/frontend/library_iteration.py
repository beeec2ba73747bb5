"""Functions over iterables of Python's standard library, written in Python: see `written.py`.

What is lazy in Python gives a list here: its items are computed at once.
"""

from __future__ import annotations

import functools
import itertools
import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.frontend.written import refuse, stands_for

__all__ = ["hypot_of_several", "sorted_by_key", "sorted_numbers"]


@stands_for(filter)
def _filter(function: Any, iterable: Any) -> Any:
    if function is None:
        return [item for item in iterable if item]
    return [item for item in iterable if function(item)]


@stands_for(functools.reduce)
def _reduce(function: Callable[..., Any], iterable: Any, *initial: Any) -> Any:
    items = list(iterable)
    if len(initial) == 1:
        result = initial[0]
        for item in items:
            result = function(result, item)
        return result
    first = items[0]
    for item in items[1:]:
        first = function(first, item)
    return first


@stands_for(itertools.accumulate)
def _accumulate(iterable: Any, func: Any = None, *, initial: Any = None) -> Any:
    items = list(iterable)
    sums = []
    if initial is not None:
        sums.append(initial)
        for item in items:
            sums.append(sums[-1] + item if func is None else func(sums[-1], item))
        return sums
    found = items[:1]
    for item in items[1:]:
        found.append(found[-1] + item if func is None else func(found[-1], item))
    return found


@stands_for(itertools.pairwise)
def _pairwise(iterable: Any) -> Any:
    items = list(iterable)
    return [(items[i], items[i + 1]) for i in range(len(items) - 1)]


@stands_for(itertools.product)
def _product(*iterables: Any, repeat: int = 1) -> Any:
    parts = [list(items) for items in iterables] * repeat
    if len(parts) == 2:
        return [(a, b) for a in parts[0] for b in parts[1]]
    rows: list[Any] = [()]
    for items in parts:
        rows = [(*row, item) for row in rows for item in items]
    return rows


@stands_for(itertools.combinations)
def _combinations(iterable: Any, r: int) -> Any:
    items = list(iterable)
    n = len(items)
    if r == 2:
        return [(items[i], items[j]) for i in range(n) for j in range(i + 1, n)]
    if r == 3:
        return [
            (items[i], items[j], items[k]) for i in range(n) for j in range(i + 1, n) for k in range(j + 1, n)
        ]
    refuse("itertools.combinations of other numbers than 2 and 3 is not supported", "write the loops")


@stands_for(itertools.chain)
def _chain(*iterables: Any) -> Any:
    return [item for items in iterables for item in items]


@stands_for(itertools.chain.from_iterable)
def _chain_from(iterable: Any) -> Any:
    return [item for items in iterable for item in items]


@stands_for(itertools.starmap)
def _starmap(function: Callable[..., Any], iterable: Any) -> Any:
    return [function(*row) for row in iterable]


@stands_for(itertools.islice)
def _islice(iterable: Any, *bounds: Any) -> Any:
    items = list(iterable)
    if len(bounds) == 1:
        return items[: bounds[0]]
    return items[bounds[0] : bounds[1]] if len(bounds) == 2 else items[bounds[0] : bounds[1] : bounds[2]]


@stands_for(itertools.repeat)
def _repeat(object: Any, times: int) -> Any:
    return [object] * times


@stands_for(math.prod)
def _prod(iterable: Any, *, start: Any = 1) -> Any:
    result = start
    for item in iterable:
        result = result * item
    return result


@stands_for(math.fsum)
def _fsum(seq: Any) -> float:
    """As if computed in three times the precision (CPython: exactly), and rounded then."""
    total, low, lower = 0.0, 0.0, 0.0
    for item in seq:
        new = total + item
        lost = (total - new) + item if abs(total) >= abs(item) else (item - new) + total
        total = new
        new = low + lost
        rest = (low - new) + lost if abs(low) >= abs(lost) else (lost - new) + low
        low = new
        lower = lower + rest
    return float(total + (low + lower))


@stands_for(statistics.mean, statistics.fmean)
def _mean(data: Any) -> Any:
    items = list(data)
    if len(items) == 0:
        raise statistics.StatisticsError("mean requires at least one data point")
    return math.fsum(items) / len(items)


@stands_for(statistics.variance)
def _variance(data: Any, xbar: Any = None) -> Any:
    items = list(data)
    if len(items) < 2:
        raise statistics.StatisticsError("variance requires at least two data points")
    return _squares(items, xbar) / (len(items) - 1)


@stands_for(statistics.pvariance)
def _pvariance(data: Any, mu: Any = None) -> Any:
    items = list(data)
    if len(items) < 1:
        raise statistics.StatisticsError("pvariance requires at least one data point")
    return _squares(items, mu) / len(items)


def _squares(items: Any, center: Any) -> Any:
    middle = math.fsum(items) / len(items) if center is None else center
    return math.fsum([(item - middle) ** 2 for item in items])


@stands_for(statistics.stdev)
def _stdev(data: Any, xbar: Any = None) -> Any:
    items = list(data)
    if len(items) < 2:
        raise statistics.StatisticsError("stdev requires at least two data points")
    return math.sqrt(_squares(items, xbar) / (len(items) - 1))


@stands_for(statistics.pstdev)
def _pstdev(data: Any, mu: Any = None) -> Any:
    items = list(data)
    if len(items) < 1:
        raise statistics.StatisticsError("pstdev requires at least one data point")
    return math.sqrt(_squares(items, mu) / len(items))


@stands_for(statistics.median)
def _median(data: Any) -> Any:
    items = np.array(list(data), dtype=float)
    if len(items) == 0:
        raise statistics.StatisticsError("no median for empty data")
    return np.median(items)


@stands_for(math.dist)
def _dist(p: Any, q: Any, /) -> float:
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    return math.sqrt(math.fsum([(a - b) ** 2 for a, b in zip(p, q)]))  # noqa: B905


def hypot_of_several(*coordinates: float) -> float:
    """``math.hypot`` of one, three or more numbers."""
    total = 0.0
    for coordinate in coordinates:
        total = math.hypot(total, coordinate)
    return total


def sorted_numbers(iterable: Any, reverse: bool) -> Any:
    """``sorted(numbers)``."""
    ordered = [float(value) for value in np.sort(np.array(list(iterable), dtype=float))]
    return list(reversed(ordered)) if reverse else ordered


def sorted_by_key(iterable: Any, key: Callable[[Any], Any], reverse: bool, arrays: bool) -> Any:
    """``sorted(items, key=key)``, of numbers or arrays of one shape; equal items keep their order, also reversed."""
    items = list(iterable)
    if reverse:
        items = list(reversed(items))
    order = np.argsort(np.array([key(item) for item in items], dtype=float), kind="stable")
    found = np.array(items) if arrays else items
    ordered = [found[i] for i in order]
    return list(reversed(ordered)) if reverse else ordered
