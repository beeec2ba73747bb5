"""The largest elements of an array and their indices, in PyTorch's order, also among equal elements.

Which of several equal elements are taken, and in which order, is decided by the algorithm: PyTorch's CPU build for
Linux selects with the GNU C++ library's ``partial_sort``, or ``nth_element`` and ``sort``. Where elements that matter
are equal, the same steps are gone through here one by one; otherwise NumPy's sort gives the one possible answer.
"""

from __future__ import annotations

import numpy as np

__all__ = ["largest_indices"]

Item = tuple[float, int]  # a value and its index

SMALL = 16  # shorter ranges are left to the insertion sort


def largest_indices(values: np.ndarray, k: int) -> np.ndarray:
    """Return the indices of the ``k`` largest elements of each row, the largest first.

    Parameters
    ----------
    values : numpy.ndarray
        1-d or 2-d, without NaN.
    k : int
        From 1 to the number of elements of a row.
    """
    rows = np.atleast_2d(values)
    order = np.argsort(-rows, axis=1, kind="stable")
    ranked = np.take_along_axis(rows, order[:, : k + 1], axis=1)
    chosen = order[:, :k].copy()
    for row in np.flatnonzero((ranked[:, 1:] == ranked[:, :-1]).any(axis=1)):
        chosen[row] = _step_by_step(rows[row], k)
    return chosen.reshape((*values.shape[:-1], k))


def _step_by_step(row: np.ndarray, k: int) -> list[int]:
    items = list(zip(row.tolist(), range(row.size), strict=True))
    if k * 64 <= row.size:
        _partial_sort(items, 0, k, row.size)
    else:
        _nth_element(items, k - 1, row.size)
        _sort(items, k - 1)
    return [index for _, index in items[:k]]


def _before(x: Item, y: Item) -> bool:
    return x[0] > y[0]


# ---- heaps: of the items first ... last - 1, with the one that comes last in the order on top ------------------------


def _sift(items: list[Item], first: int, hole: int, length: int, value: Item) -> None:
    top = hole
    child = hole
    while child < (length - 1) // 2:
        child = 2 * (child + 1)
        if _before(items[first + child], items[first + child - 1]):
            child -= 1
        items[first + hole] = items[first + child]
        hole = child
    if length % 2 == 0 and child == (length - 2) // 2:
        child = 2 * (child + 1) - 1
        items[first + hole] = items[first + child]
        hole = child
    while hole > top and _before(items[first + (hole - 1) // 2], value):
        items[first + hole] = items[first + (hole - 1) // 2]
        hole = (hole - 1) // 2
    items[first + hole] = value


def _pop_to(items: list[Item], first: int, last: int, place: int) -> None:
    value, items[place] = items[place], items[first]
    _sift(items, first, 0, last - first, value)


def _heap_select(items: list[Item], first: int, middle: int, last: int) -> None:
    length = middle - first
    for parent in range((length - 2) // 2, -1, -1):
        _sift(items, first, parent, length, items[first + parent])
    for place in range(middle, last):
        if _before(items[place], items[first]):
            _pop_to(items, first, middle, place)


def _partial_sort(items: list[Item], first: int, middle: int, last: int) -> None:
    _heap_select(items, first, middle, last)
    for end in range(middle - 1, first, -1):
        _pop_to(items, first, end, end)


# ---- partitions ------------------------------------------------------------------------------------------------------


def _swap(items: list[Item], i: int, j: int) -> None:
    items[i], items[j] = items[j], items[i]


def _median(items: list[Item], a: int, b: int, c: int) -> int:
    if _before(items[a], items[b]):
        if _before(items[b], items[c]):
            return b
        return c if _before(items[a], items[c]) else a
    if _before(items[a], items[c]):
        return a
    return c if _before(items[b], items[c]) else b


def _partition(items: list[Item], first: int, last: int) -> int:
    """Split around the median of three, which goes to the front; return where the second part begins."""
    _swap(items, first, _median(items, first + 1, first + (last - first) // 2, last - 1))
    pivot = items[first]
    left, right = first + 1, last
    while True:
        while _before(items[left], pivot):
            left += 1
        right -= 1
        while _before(pivot, items[right]):
            right -= 1
        if left >= right:
            return left
        _swap(items, left, right)
        left += 1


def _nth_element(items: list[Item], nth: int, last: int) -> None:
    first, depth = 0, 2 * (last.bit_length() - 1)
    while last - first > 3:
        if depth == 0:
            _heap_select(items, first, nth + 1, last)
            _swap(items, first, nth)
            return
        depth -= 1
        cut = _partition(items, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insertion_sort(items, first, last)


def _sort(items: list[Item], last: int) -> None:
    if last > 1:
        _sort_coarsely(items, 0, last, 2 * (last.bit_length() - 1))
        _insertion_sort(items, 0, last)


def _sort_coarsely(items: list[Item], first: int, last: int, depth: int) -> None:
    while last - first > SMALL:
        if depth == 0:
            _partial_sort(items, first, last, last)
            return
        depth -= 1
        cut = _partition(items, first, last)
        _sort_coarsely(items, cut, last, depth)
        last = cut


def _insertion_sort(items: list[Item], first: int, last: int) -> None:
    for place in range(first + 1, last):
        value = items[place]
        while place > first and _before(value, items[place - 1]):
            items[place] = items[place - 1]
            place -= 1
        items[place] = value
