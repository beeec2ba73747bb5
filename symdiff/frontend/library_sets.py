"""NumPy's functions of arrays as sets; how many values they find is known only at run time."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import is_inexact, refuse, stands_for

__all__: list[str] = []


def differs_from_last(a: Any, equal_nan: bool) -> Any:
    """Of a sorted vector: where another value than before begins."""
    fresh = np.ones(len(a), dtype=bool)
    if is_inexact(a) and equal_nan:
        fresh[1:] = (a[1:] != a[:-1]) & ~(np.isnan(a[1:]) & np.isnan(a[:-1]))
    else:
        fresh[1:] = a[1:] != a[:-1]
    return fresh


@stands_for(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The different values, sorted; each is the first of its equals, which is the one that it is a function of."""
    array = np.asarray(ar)
    if axis is not None:
        refuse("np.unique with axis= is not supported", "find the rows outside the function")
    if not sorted:
        refuse("np.unique with sorted=False is not supported", "leave it out")
    flat = np.ravel(array)
    order = np.argsort(flat, kind="stable")
    fresh = differs_from_last(flat[order], equal_nan)
    first = order[fresh]
    values = flat[first]
    if not (return_index or return_inverse or return_counts):
        return values
    found = [values]
    if return_index:
        found.append(first)
    if return_inverse:
        inverse = np.zeros(len(flat), dtype=int)
        inverse[order] = np.cumsum(fresh) - 1
        found.append(inverse.reshape(array.shape))
    if return_counts:
        ends = np.append(np.flatnonzero(fresh), len(flat))
        found.append(ends[1:] - ends[:-1])
    return tuple(found)
