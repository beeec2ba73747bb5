"""Where fields lie in the C structs of CPython and NumPy, confirmed against real objects of this process.

Generated code reads a float, the head of a tuple and the fields of an array directly. The positions are those of the
public headers of the builds this package knows; `check` compares them with objects whose contents Python tells, and
where anything differs (free-threaded and debug builds have another object head) nothing is read directly.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import numpy as np

# CPython: the head of every object, a float's value, a tuple's size and items.
TYPE: Final = 8
FLOAT_VALUE: Final = 16
TUPLE_SIZE: Final = 16
TUPLE_ITEMS: Final = tuple.__basicsize__

# NumPy: PyArrayObject_fields, PyArray_Descr, PyFloatScalarObject and PyUFuncObject.
ARRAY_DATA: Final = 16
ARRAY_NDIM: Final = 24
ARRAY_DIMENSIONS: Final = 32
ARRAY_STRIDES: Final = 40
ARRAY_DESCR: Final = 56
ARRAY_FLAGS: Final = 64
DESCR_KIND: Final = 24
DESCR_BYTEORDER: Final = 26
DESCR_TYPE_NUMBER: Final = 28
DESCR_ITEMSIZE: Final = 40
SCALAR_VALUE: Final = 16
UFUNC_NARGS: Final = 24
UFUNC_FUNCTIONS: Final = 32
UFUNC_DATA: Final = 40
UFUNC_NTYPES: Final = 48
UFUNC_TYPES: Final = 64

C_CONTIGUOUS: Final = 0x001
ALIGNED: Final = 0x100
WRITEABLE: Final = 0x400

#: Type numbers from here on are not NumPy's own.
BUILTIN_TYPE_NUMBERS: Final = 24

#: How a kernel's scalar types are stored in arrays.
DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "f64": np.dtype(np.float64),
    "f32": np.dtype(np.float32),
    "i64": np.dtype(np.int64),
    "i32": np.dtype(np.int32),
    "i1": np.dtype(np.bool_),
}

#: Positions in NumPy's C-API table; part of its stable ABI.
_API_SLOTS: Final = {
    "PyArray_DescrFromType": 45,
    "PyArray_Scalar": 60,
    "PyArray_New": 93,
    "PyArray_Zeros": 183,
}
_ARRAY_TYPE_SLOT: Final = 2


def word(address: int) -> int:
    """The pointer-sized word at an address, 0 for NULL."""
    return ctypes.c_void_p.from_address(address).value or 0


def integer(address: int) -> int:
    """The C int at an address."""
    return ctypes.c_int.from_address(address).value


@cache
def _api_table() -> int:
    from_capsule = ctypes.pythonapi.PyCapsule_GetPointer
    from_capsule.restype = ctypes.c_void_p
    from_capsule.argtypes = [ctypes.py_object, ctypes.c_char_p]
    table: int = from_capsule(np._core._multiarray_umath._ARRAY_API, None)  # type: ignore[attr-defined]
    return table


def api_address(name: str) -> int:
    """Address of a function of NumPy's C-API."""
    return word(_api_table() + _API_SLOTS[name] * ctypes.sizeof(ctypes.c_void_p))


def _samples() -> Iterator[np.ndarray[Any, Any]]:
    """Arrays that differ in every field that is read."""
    for index, dtype in enumerate(DTYPES.values()):
        yield np.zeros((index + 2, 3, 5), dtype)
        yield np.zeros((index + 3, 7), dtype).T
    yield np.zeros(6)[::2]
    yield np.zeros(4, dtype=">f8")
    yield np.zeros((), dtype=np.float32)
    read_only = np.zeros((0, 3))
    read_only.flags.writeable = False
    yield read_only
    yield np.frombuffer(b"x" * 25, dtype=np.uint8)[1:].view(np.float64)


def _array_agrees(array: np.ndarray[Any, Any]) -> bool:
    start = id(array)
    flags = array.flags
    expected = C_CONTIGUOUS * flags.c_contiguous | ALIGNED * flags.aligned | WRITEABLE * flags.writeable
    heads = (
        word(start + TYPE) == id(np.ndarray)
        and word(start + ARRAY_DATA) == array.__array_interface__["data"][0]
        and integer(start + ARRAY_NDIM) == array.ndim
        and word(start + ARRAY_DESCR) == id(array.dtype)
        and integer(start + ARRAY_FLAGS) & (C_CONTIGUOUS | ALIGNED | WRITEABLE) == expected
    )
    # The pointers to sizes and strides are followed only once all their neighbours are where they belong.
    return heads and all(
        ctypes.c_ssize_t.from_address(word(start + offset) + 8 * axis).value == values[axis]
        for offset, values in ((ARRAY_DIMENSIONS, array.shape), (ARRAY_STRIDES, array.strides))
        for axis in range(array.ndim)
    )


def _descr_agrees(dtype: np.dtype[Any]) -> bool:
    start = id(dtype)
    return (
        ctypes.c_char.from_address(start + DESCR_KIND).value == dtype.kind.encode()
        and ctypes.c_char.from_address(start + DESCR_BYTEORDER).value == dtype.byteorder.encode()
        and integer(start + DESCR_TYPE_NUMBER) == dtype.num
        and ctypes.c_ssize_t.from_address(start + DESCR_ITEMSIZE).value == dtype.itemsize
    )


def _floats_agree() -> bool:
    for value in (1.5, -3.0e300, 5e-324):
        for boxed in (value, np.float64(value)):
            if ctypes.c_double.from_address(id(boxed) + FLOAT_VALUE).value != value:
                return False
    single = np.float32(1.25)
    return ctypes.c_float.from_address(id(single) + SCALAR_VALUE).value == 1.25


def _tuples_agree() -> bool:
    first, second = object(), object()
    pair = (first, second)
    start = id(pair)
    return (
        word(start + TYPE) == id(tuple)
        and word(start + TUPLE_SIZE) == 2
        and [word(start + TUPLE_ITEMS + 8 * index) for index in range(2)] == [id(first), id(second)]
    )


def _ufunc_agrees(ufunc: np.ufunc) -> bool:
    start = id(ufunc)
    if integer(start + UFUNC_NARGS) != ufunc.nargs or integer(start + UFUNC_NTYPES) != ufunc.ntypes:
        return False
    numbers = [np.dtype(char).num for types in ufunc.types for char in types.replace("->", "")]
    return ctypes.string_at(word(start + UFUNC_TYPES), len(numbers)) == bytes(numbers)


def _api_agrees() -> bool:
    if word(_api_table() + 8 * _ARRAY_TYPE_SLOT) != id(np.ndarray):
        return False
    prototype = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_int)
    descr_from_type = prototype(api_address("PyArray_DescrFromType"))
    return all(descr_from_type(dtype.num) == dtype for dtype in DTYPES.values())


def _known_build() -> bool:
    return (
        sys.implementation.name == "cpython"
        and ctypes.sizeof(ctypes.c_void_p) == 8
        and sys.byteorder == "little"
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and not hasattr(sys, "gettotalrefcount")
    )


def _agrees(test: Callable[[], bool]) -> bool:
    # A build that hides an attribute these tests need is one whose layout is unknown.
    try:
        return test()
    except (AttributeError, KeyError, ValueError):
        return False


@cache
def ufuncs_agree() -> bool:
    """Whether the inner loops of ufuncs can be read from their objects."""
    return _known_build() and _agrees(lambda: all(map(_ufunc_agrees, (np.matmul, np.add, np.divmod, np.sqrt))))


@cache
def check() -> bool:
    """
    Whether objects of this process lie in memory as this module says.

    Returns
    -------
    bool
        False on builds whose objects have another head, or when any sample disagrees.
    """
    return (
        _known_build()
        and word(id(1.5) + TYPE) == id(float)
        and _agrees(_floats_agree)
        and _agrees(_tuples_agree)
        and _agrees(lambda: all(_array_agrees(array) and _descr_agrees(array.dtype) for array in _samples()))
        and _agrees(_api_agrees)
    )
