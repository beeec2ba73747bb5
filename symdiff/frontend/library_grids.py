"""Grids by comparing rows and columns."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["band", "diagonal_matrix", "steps_between"]


def band(shape: Any, k: int, which: str) -> Any:
    """Which places of a matrix lie on, below or above a diagonal."""
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
    if which == "lower":
        return columns - rows <= k
    if which == "upper":
        return columns - rows >= k
    return columns - rows == k


def diagonal_matrix(v: Any, k: int) -> Any:
    """A matrix with these entries on a diagonal."""
    size = len(v) + abs(k)
    places = np.arange(len(v))
    found = np.zeros((size, size), v.dtype)
    found[places + max(-k, 0), places + max(k, 0)] = v
    return found


def steps_between(start: Any, stop: Any, num: int, endpoint: bool) -> Any:
    """``np.linspace`` between arrays, along a new first axis."""
    distance = stop - start * 1.0
    pieces = max(num - 1, 1) if endpoint else max(num, 1)
    share = np.reshape(np.arange(num), (num, *(1,) * np.ndim(distance)))
    found = start + share * (distance / pieces)
    return np.where(share == num - 1, stop, found) if endpoint and num > 1 else found
