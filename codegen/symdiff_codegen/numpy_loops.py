"""The C functions behind NumPy's ufuncs: their type, where they are, and the memory they are given."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import numpy_layout

__all__ = ["LOOP", "NO_DATA", "array_at", "loop_of"]

LOOP = ctypes.CFUNCTYPE(
    None,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(ctypes.c_ssize_t),
    ctypes.POINTER(ctypes.c_ssize_t),
    ctypes.c_void_p,
)

#: Loops that ignore their data are registered with NULL. A symbol needs an address, so they are given this one.
NO_DATA = ctypes.create_string_buffer(64)


def loop_of(ufunc: np.ufunc, fits: Callable[[str], bool]) -> tuple[int, int] | None:
    """
    Addresses of the first loop whose types fit, and of its data.

    Parameters
    ----------
    ufunc : np.ufunc
        Its object lies in memory as `numpy_layout` says.
    fits : callable
        `fits(types)`, with the types as NumPy writes them: `dd->d`.
    """
    for index, types in enumerate(ufunc.types):
        if fits(types):
            tables = (
                numpy_layout.word(id(ufunc) + offset)
                for offset in (numpy_layout.UFUNC_FUNCTIONS, numpy_layout.UFUNC_DATA)
            )
            # a ufunc without data has no table of them
            loop, data = (numpy_layout.word(table + 8 * index) if table else 0 for table in tables)
            return (loop, data or ctypes.addressof(NO_DATA)) if loop else None
    return None


def array_at(address: int, shape: Sequence[int], steps: Sequence[int], dtype: Any) -> np.ndarray[Any, Any]:
    """An array over memory that belongs to someone else; steps are never negative."""
    dtype = np.dtype(dtype)
    if 0 in shape:
        return np.zeros(shape, dtype)
    span = sum((size - 1) * step for size, step in zip(shape, steps, strict=True)) + dtype.itemsize
    memory = (ctypes.c_char * span).from_address(address)
    return np.ndarray(shape, dtype, memoryview(memory).cast("B"), 0, tuple(steps))
