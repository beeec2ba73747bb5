"""Functions of Python's written in Python: they are parsed where they are called with run-time lengths."""

from __future__ import annotations

from typing import Any

__all__ = ["largest", "smallest", "total"]


def total(items: Any, start: Any) -> Any:
    """``sum(items, start)``: one by one, in order."""
    result = start
    for item in items:
        result = result + item
    return result


def largest(items: Any) -> Any:
    """``max(items)``: the first of those that nothing exceeds."""
    best = items[0]
    for i in range(1, len(items)):
        best = items[i] if items[i] > best else best
    return best


def smallest(items: Any) -> Any:
    """``min(items)``: the first of those that exceed nothing."""
    best = items[0]
    for i in range(1, len(items)):
        best = items[i] if items[i] < best else best
    return best
