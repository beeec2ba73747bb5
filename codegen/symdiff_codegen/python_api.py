"""Functions and objects of CPython, NumPy and the C library as named external symbols of an LLVM module.

Generated code never holds an address as an integer constant: LLVM may rewrite arithmetic on pointers made from integers
into something else. A `Symbols` declares what the code refers to, and the linker binds each name to an address when the
code is loaded.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Mapping

from llvmlite import ir

from . import numpy_layout
from .context import I8, I32, I64, POINTER, VOID

DOUBLE = ir.DoubleType()


def _function(result: ir.Type, *arguments: ir.Type, variadic: bool = False) -> ir.FunctionType:
    return ir.FunctionType(result, arguments, var_arg=variadic)


#: Functions exported by the interpreter. Only API, never inline field access, so that they hold for every version.
PYTHON_FUNCTIONS: Mapping[str, ir.FunctionType] = {
    "PyBool_FromLong": _function(POINTER, I64),
    "PyCell_Get": _function(POINTER, POINTER),
    "PyDict_GetItemWithError": _function(POINTER, POINTER, POINTER),
    "PyErr_CheckSignals": _function(I32),
    "PyErr_Clear": _function(VOID),
    "PyErr_NoMemory": _function(POINTER),
    "PyEval_RestoreThread": _function(VOID, POINTER),
    "PyEval_SaveThread": _function(POINTER),
    "PyFloat_FromDouble": _function(POINTER, DOUBLE),
    "PyLong_AsLongLongAndOverflow": _function(I64, POINTER, POINTER),
    "PyLong_FromLongLong": _function(POINTER, I64),
    "PyObject_CallFunction": _function(POINTER, POINTER, POINTER, variadic=True),
    "PyObject_Vectorcall": _function(POINTER, POINTER, POINTER, I64, POINTER),
    "PyTuple_New": _function(POINTER, I64),
    "PyTuple_SetItem": _function(I32, POINTER, I64, POINTER),
    "Py_DecRef": _function(VOID, POINTER),
    "Py_IncRef": _function(VOID, POINTER),
}

#: Entries of NumPy's C-API table; `numpy_layout` knows their addresses.
NUMPY_FUNCTIONS: Mapping[str, ir.FunctionType] = {
    "PyArray_DescrFromType": _function(POINTER, I32),
    "PyArray_New": _function(POINTER, POINTER, I32, POINTER, I32, POINTER, POINTER, I32, I32, POINTER),
    "PyArray_Scalar": _function(POINTER, POINTER, POINTER, POINTER),
    "PyArray_Zeros": _function(POINTER, I32, POINTER, POINTER, I32),
}

#: Functions of the C library.
C_FUNCTIONS: Mapping[str, ir.FunctionType] = {
    "clock_gettime": _function(I32, I32, POINTER),
    "feclearexcept": _function(I32, I32),
    "fetestexcept": _function(I32, I32),
}

FUNCTIONS: Mapping[str, ir.FunctionType] = {**PYTHON_FUNCTIONS, **NUMPY_FUNCTIONS, **C_FUNCTIONS}

#: FE_INVALID of fenv.h: 1 in the libraries of Linux and macOS on x86-64 and on ARM, 16 in Microsoft's.
FE_INVALID = 0x10 if sys.platform == "win32" else 0x01

#: Identifier of the monotonic clock for `clock_gettime`, or None where the system has no such function.
MONOTONIC_CLOCK: int | None = getattr(time, "CLOCK_MONOTONIC", None)


def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)


def address_of(function: object) -> int:
    """Address of a function that ctypes has found."""
    address = ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]
    if address is None:
        raise LookupError(f"{function!r} has no address")
    return address


def function_address(name: str) -> int:
    """
    Address of a function.

    Parameters
    ----------
    name : str
        A key of `FUNCTIONS`, or any function of the C library.

    Raises
    ------
    LookupError
        If this process does not have the function.
    """
    if name in NUMPY_FUNCTIONS:
        return numpy_layout.api_address(name)
    found = getattr(ctypes.pythonapi, name, None) if name in PYTHON_FUNCTIONS else getattr(_c_library(), name, None)
    if found is None:
        raise LookupError(f"this process has no function {name!r}")
    return address_of(found)


class Symbols:
    """
    The external names of one module, with the addresses they are bound to.

    Parameters
    ----------
    module : ir.Module
        Where the names are declared.

    Attributes
    ----------
    addresses : dict[str, int]
        What every declared name stands for.
    kept : list[object]
        Objects the code refers to. The owner of the code must keep them alive as long as the code.
    """

    def __init__(self, module: ir.Module) -> None:
        self.module = module
        self.addresses: dict[str, int] = {}
        self.kept: list[object] = []
        self._objects: dict[int, ir.GlobalVariable] = {}

    def function(self, name: str) -> ir.Function:
        """Declaration of a function of `FUNCTIONS`, the same one at every call."""
        self.addresses.setdefault(name, function_address(name))
        declared = self.module.globals.get(name)
        return declared if declared is not None else ir.Function(self.module, FUNCTIONS[name], name)

    def data(self, name: str, address: int) -> ir.GlobalVariable:
        """External data of unknown size; its value in LLVM is the address."""
        self.addresses[name] = address
        declared = self.module.globals.get(name)
        return declared if declared is not None else ir.GlobalVariable(self.module, I8, name)

    def object(self, value: object) -> ir.GlobalVariable:
        """A Python object, kept alive; its value in LLVM is the `PyObject *`."""
        known = self._objects.get(id(value))
        if known is None:
            # Numbers in order of first use: the text of a module is the same in every process.
            known = self.data(f"object.{len(self._objects)}", id(value))
            self._objects[id(value)] = known
            self.kept.append(value)
        return known


def is_declaration(value: object) -> bool:
    """Whether a global of an LLVM module is declared but not defined in it."""
    if isinstance(value, ir.Function):
        return not value.blocks
    return isinstance(value, ir.GlobalVariable) and value.initializer is None
