# mypy: disable-error-code="no-untyped-def, no-untyped-call, arg-type, union-attr"
"""What the rows of :mod:`.windows` mean with NumPy; their text is printed above programs that use them."""

import numpy as np

__all__ = ["add_windows", "largest_of_windows", "windows_of"]


def windows_of(x, kernel, stride, dilation):
    """All windows of the last axes of x: a view whose last axes are the places of a window."""
    first = x.ndim - len(kernel)
    axes = list(zip(x.shape[first:], x.strides[first:], kernel, stride, dilation, strict=True))
    counts = [max(size - (k - 1) * d + s - 1, 0) // s for size, _, k, s, d in axes]
    steps = [s * step for _, step, _, s, _ in axes] + [d * step for _, step, _, _, d in axes]
    shape = (*x.shape[:first], *counts, *kernel)
    return np.lib.stride_tricks.as_strided(x, shape, (*x.strides[:first], *steps), writeable=False)


def add_windows(windows, shape, stride, dilation):
    """The array of this shape in which windows, as windows_of gives them, are added up."""
    total = np.zeros(shape, windows.dtype)
    last = windows.ndim - len(stride)
    counts = windows.shape[last - len(stride) : last]
    for place in np.ndindex(*windows.shape[last:]):
        parts = zip(place, counts, stride, dilation, strict=True)
        part = [slice(i * d, i * d + n * s, s) for i, n, s, d in parts]
        total[(..., *part)] += windows[(..., *place)]
    return total


def largest_of_windows(x, kernel, stride, padding, dilation, ceil):
    """The largest entry of each window of the last axes of x; the first of equal ones, and NaN where there is one."""
    first = x.ndim - len(kernel)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    widths, parts = [(0, 0)] * first, []
    for size, k, s, p, d in zip(x.shape[first:], kernel, stride, padding, dilation, strict=True):
        room = size + 2 * p - (k - 1) * d - 1
        count = (room + s - 1 if ceil else room) // s + 1
        count -= ceil and (count - 1) * s >= size + p
        widths.append((p, p + max((count - 1) * s - room, 0)))
        parts.append([slice(i * d, i * d + (count - 1) * s + 1, s) for i in range(k)])
    padded, best = np.pad(x, widths, constant_values=lowest), None
    for place in np.ndindex(*kernel):
        other = padded[(..., *(part[i] for part, i in zip(parts, place, strict=True)))]
        best = other if best is None else np.where((other > best) | np.isnan(other), other, best)
    return best.copy()
