"""NumPy's functions that choose among entries and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import refuse, stands_for

__all__ = ["rows_of_results", "running_extreme", "segment_sums"]


@stands_for(np.take, method="take")
def take(a: Any, indices: Any, axis: Any = None, *, mode: str = "raise") -> Any:
    """The entries at places of an axis, or of the flattened array."""
    indices = np.asarray(indices)
    if axis is None:
        rows = np.ravel(np.asarray(a))
        return np.copy(rows[wrapped_places(indices, len(rows), mode)])
    if np.ndim(indices) == 0:
        moved = np.moveaxis(np.asarray(a), axis, 0)
        return np.copy(moved[wrapped_places(indices, len(moved), mode)])
    if np.ndim(indices) > 1:
        if axis != 0:
            refuse("np.take of several rows of places along another axis than 0 is not supported", "index the array")
        return np.asarray(a)[wrapped_places(indices, len(a), mode)]
    moved = np.moveaxis(np.asarray(a), axis, 0)
    return np.moveaxis(moved[wrapped_places(indices, len(moved), mode)], 0, axis)


def wrapped_places(indices: Any, size: int, mode: str) -> Any:
    """Places from 0, as the mode has it."""
    if mode == "wrap":
        return np.remainder(indices, size)
    if mode == "clip":
        return np.clip(indices, 0, size - 1)
    return indices


@stands_for(np.choose)
def choose(a: Any, choices: Any, *, mode: str = "raise") -> Any:
    """From one of several arrays at each place."""
    found = np.stack(np.broadcast_arrays(*choices))
    places = wrapped_places(np.asarray(a), len(found), mode)
    # a negative number is an error, not a place from the end
    places = np.where(places < 0, len(found), places) + np.zeros(found.shape[1:], np.int64)
    return np.take_along_axis(found + 0 * places, places[None], axis=0)[0]


@stands_for(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The first array whose condition holds."""
    if len(condlist) != len(choicelist):
        refuse("np.select takes as many conditions as choices")
    if len(condlist) == 1:
        return np.where(condlist[0], choicelist[0], default)
    return np.where(condlist[0], choicelist[0], np.select(condlist[1:], choicelist[1:], default))


# -- for methods of ufuncs ---------------------------------------------------------------------------------------------


def running_extreme(a: Any, largest: bool) -> Any:
    """The extreme of the entries so far, along the first axis."""
    found = np.copy(a)
    for i in range(1, len(a)):
        found[i] = np.maximum(found[i - 1], a[i]) if largest else np.minimum(found[i - 1], a[i])
    return found


def segment_sums(array: Any, indices: Any) -> Any:
    """Sums from each place to the next; a place that is not before the next stands for its entry."""
    size = len(array)
    found = np.zeros((len(indices), *array.shape[1:]), array.dtype)
    for i in range(len(indices)):
        # a negative place is an error, not one from the end
        start = np.where(indices[i] < 0, size, indices[i])
        stop = indices[i + 1] if i + 1 < len(indices) else size
        found[i] = np.sum(array[start:stop], axis=0) if stop > start else array[start]
    return found


# -- products ----------------------------------------------------------------------------------------------------------


@stands_for(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Sums of products over the last axes."""
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim == 1 and b.ndim == 1:
        return np.dot(a, b)
    if a.ndim == 1:
        return b @ a
    if b.ndim == 1:
        return a @ b
    if a.ndim == 2 and b.ndim == 2:
        return a @ b.T
    rows = np.reshape(a, (np.size(a) // max(a.shape[-1], 1), a.shape[-1]))
    others = np.reshape(b, (np.size(b) // max(b.shape[-1], 1), b.shape[-1]))
    return np.reshape(rows @ others.T, a.shape[:-1] + b.shape[:-1])


@stands_for(np.vdot)
def inner_of_all(a: Any, b: Any) -> Any:
    """The inner product of the flattened arrays."""
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 and b.ndim == 0:
        return a * b
    return np.dot(np.ravel(np.atleast_1d(a)), np.ravel(np.atleast_1d(b)))


def rows_of_results(function: Any, rows: Any, args: Any) -> Any:
    """What a function makes of each row."""
    first = function(rows[0], *args)
    found = np.zeros((len(rows), *np.shape(first)), np.asarray(first).dtype)
    found[0] = first
    for i in range(1, len(rows)):
        found[i] = function(rows[i], *args)
    return found
