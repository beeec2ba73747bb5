"""NumPy's functions that give places: of a triangle, of a number in a grid, of the last of several keys."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import is_inexact, refuse, stands_for

__all__: list[str] = []


@stands_for(np.triu_indices)
def upper_places(n: int, k: int = 0, m: Any = None) -> Any:
    """Rows and columns of the places on and above a diagonal, row by row."""
    return places_between(n, n if m is None else m, k, True)


@stands_for(np.tril_indices)
def lower_places(n: int, k: int = 0, m: Any = None) -> Any:
    """Rows and columns of the places on and below a diagonal, row by row."""
    return places_between(n, n if m is None else m, k, False)


@stands_for(np.triu_indices_from)
def upper_places_of(arr: Any, k: int = 0) -> Any:
    """Those of a matrix."""
    return places_between(arr.shape[0], arr.shape[1], k, True)


@stands_for(np.tril_indices_from)
def lower_places_of(arr: Any, k: int = 0) -> Any:
    """Those of a matrix."""
    return places_between(arr.shape[0], arr.shape[1], k, False)


def places_between(rows: int, columns: int, k: int, upper: bool) -> Any:
    """The places are counted first, since they make the size of the result."""
    i = np.arange(rows)
    first = np.clip(i + k, 0, columns) if upper else 0 * i
    last = 0 * i + columns if upper else np.clip(i + k + 1, 0, columns)
    lengths = last - first
    ends = np.cumsum(lengths)
    place = np.arange(int(np.sum(lengths)))
    row = np.searchsorted(ends, place, side="right")
    return row, place - (ends[row] - lengths[row]) + first[row]


@stands_for(np.diag_indices)
def diagonal_places(n: int, ndim: int = 2) -> Any:
    """The same numbers for each axis."""
    return (np.arange(n),) * ndim


@stands_for(np.diag_indices_from)
def diagonal_places_of(arr: Any) -> Any:
    """Those of an array whose axes are equally long."""
    return (np.arange(arr.shape[0]),) * arr.ndim


@stands_for(np.lexsort)
def order_by_keys(keys: Any, axis: int = -1) -> Any:
    """By the last key, and where it ties by those before it."""
    if axis != -1:
        refuse("np.lexsort is supported along the last axis only")
    order = np.argsort(np.asarray(keys[0]))
    for key in keys[1:]:
        order = np.take_along_axis(order, np.argsort(np.take_along_axis(np.asarray(key), order, axis=-1)), axis=-1)
    return order


@stands_for(np.argpartition)
def sorted_places(a: Any, kth: Any, axis: int = -1) -> Any:
    """What is sorted is partitioned at every place."""
    return np.argsort(a, axis)


@stands_for(np.isin)
def is_among(element: Any, test_elements: Any, *, invert: bool = False) -> Any:
    """Whether each number is one of several."""
    element, wanted = np.asarray(element), np.ravel(np.asarray(test_elements))
    found = np.any(np.equal.outer(element, wanted), axis=-1)
    return np.logical_not(found) if invert else found


@stands_for(np.nanargmax)
def place_of_largest_number(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """NaN is smaller than any number."""
    a = np.asarray(a)
    if is_inexact(a):
        a = np.where(np.isnan(a), -np.inf, a)
    return np.argmax(a, axis, keepdims=keepdims)


@stands_for(np.nanargmin)
def place_of_smallest_number(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """NaN is larger than any number."""
    a = np.asarray(a)
    if is_inexact(a):
        a = np.where(np.isnan(a), np.inf, a)
    return np.argmin(a, axis, keepdims=keepdims)
