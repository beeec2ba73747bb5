"""Which entry goes where, for NumPy's functions that repeat and pad."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["places_of_padding", "places_of_repeats", "require_no_rest", "require_places", "require_several"]


def places_of_repeats(repeats: Any, size: int) -> Any:
    """Which of ``size`` entries each entry of the result is; a negative number of times is an error."""
    counts = np.where(repeats < 0, 0, repeats) + np.zeros(size, np.int64)
    found = np.searchsorted(np.cumsum(counts), np.arange(int(np.sum(counts))), side="right")
    return np.where(np.any(repeats < 0), size, found)


def places_of_padding(size: int, before: int, after: int, mode: str) -> Any:
    """Which of ``size`` entries each entry of the padded axis is."""
    place = np.arange(-before, size + after)
    if mode == "edge":
        return np.clip(place, 0, size - 1)
    if mode == "wrap":
        return np.remainder(place, size)
    if mode == "symmetric":
        turned = np.remainder(place, 2 * size)
        return np.where(turned < size, turned, 2 * size - 1 - turned)
    last = size - 1
    return last - np.abs(np.remainder(place, np.maximum(2 * last, 1)) - last)


def require_several(size: int) -> None:
    """For functions that give a number where there is one row."""
    if size == 1:
        raise ValueError("the number of rows is computed by the program, and 1 gives a result of another shape")


def require_places(size: int, least: int) -> None:
    """For functions that take known places of an axis."""
    if size < least:
        raise IndexError("a place is out of bounds for the axis")


def require_one_to_concatenate(count: int) -> None:
    """For functions that join as many arrays as only a run tells."""
    if count == 0:
        raise ValueError("need at least one array to concatenate")


def require_one_to_stack(count: int) -> None:
    """For ``np.stack`` of as many arrays as only a run tells."""
    if count == 0:
        raise ValueError("need at least one array to stack")


def require_no_rest(rest: int) -> None:
    """For functions that split into equal parts."""
    if rest != 0:
        raise ValueError("array split does not result in an equal division")
