"""Functions of Python's written in Python: they are parsed where they are called with run-time lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "best_by",
    "largest",
    "listed",
    "mapped",
    "multiplied",
    "require_exponent",
    "require_no_negative_shift",
    "require_same_length",
    "smallest",
    "total",
    "total_of_some",
]


def total(items: Any, start: Any) -> Any:
    """``sum(items, start)``: one by one, in order."""
    result = start
    for item in items:
        result = result + item
    return result


def total_of_some(items: Any, start: Any) -> Any:
    """The sum of at least one item: of none it would not have the type of the others."""
    result = start
    some = False
    for item in items:
        result = result + item
        some = True
    if not some:
        raise ValueError("the sum of no arrays is a number: give sum() a start of the shape of the items")
    return result


def listed(items: Any) -> Any:
    """``list(items)``."""
    return [item for item in items]  # noqa: C416 - this is what list() means


def multiplied(items: Any) -> Any:
    """``np.prod(items)`` of complex numbers: one by one, in order."""
    result = complex(1.0, 0.0)
    for item in items:
        result = result * item
    return result


def largest(items: Any) -> Any:
    """``max(items)``: the first of those that nothing exceeds."""
    if len(items) == 0:
        raise ValueError("max() arg is an empty sequence")
    best = items[0]
    for i in range(1, len(items)):
        best = items[i] if items[i] > best else best
    return best


def smallest(items: Any) -> Any:
    """``min(items)``: the first of those that exceed nothing."""
    if len(items) == 0:
        raise ValueError("min() arg is an empty sequence")
    best = items[0]
    for i in range(1, len(items)):
        best = items[i] if items[i] < best else best
    return best


def best_by(items: Any, key: Any, sign: int) -> Any:
    """``max(items, key=key)``, or ``min`` with a sign of -1."""
    found = list(items)
    if len(found) == 0:
        raise ValueError("max() or min() of an empty sequence")
    best, most = found[0], key(found[0])
    for item in found[1:]:
        value = key(item)
        if value * sign > most * sign:
            best, most = item, value
    return best


def mapped(function: Any, items: Any) -> Any:
    """``map(function, items)``."""
    return [function(item) for item in items]


def require_same_length(first: int, other: int) -> None:
    """What ``zip(..., strict=True)`` asks for."""
    if first != other:
        raise ValueError("zip() arguments are of different lengths")


def require_exponent(exponent: Any) -> None:
    """What NumPy asks for where the base is an integer too."""
    if np.any(exponent < 0):
        raise ValueError("Integers to negative integer powers are not allowed.")


def require_within(array: Any, low: int, high: int, error: Any, message: str) -> None:
    """That all integers of an array lie in a range, which holds 0."""
    if np.any((array < low) | (array >= high)):
        largest = np.max(array)
        raise error(message.format(largest if largest >= high else np.min(array)))


def require_within_or(array: Any, low: int, high: int, besides: int, error: Any, message: str) -> None:
    """That all integers of an array lie in a range, which holds 0, or are another one."""
    require_within(np.where(array == besides, 0, array), low, high, error, message)


def require_no_negative_shift(count: int) -> None:
    """What Python's shifts ask for."""
    if count < 0:
        raise ValueError("negative shift count")
