"""Machine code in memory, from loading to unloading.

A unit of code has a linker of its own. What keeps it loaded is a `Handle`, and what keeps the handle is a `Code`, the
`self` of the builtin. Both are built so that code is unloaded in one place only, when the last reference is gone:

- A `Code` is a tuple, which the cycle collector traverses (cycles through the dispatcher are found) but never clears.
- A `Handle` is hidden from the cycle collector, which would finalise it before the other objects of its cycle are
  freed; but a builtin that is being freed, or looked at by the collector, reads its method table, and that lies in the
  code's own data.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import llvmlite.binding as llvm

from .targets import NativeBuildError, target_machine

_LOADED: dict[int, tuple[Any, Any]] = {}
# Functions may be called until the very end of the process, when modules are already torn down: never freed.
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_LOADED))


class Handle:
    """Keeps code loaded until its own memory is freed. It refers to nothing that the cycle collector has to know."""

    __slots__ = ("number",)

    def __init__(self, tracker: Any, linker: Any) -> None:
        self.number = id(linker)
        _LOADED[self.number] = (tracker, linker)
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(self))

    def __del__(
        self, loaded: dict[int, tuple[Any, Any]] = _LOADED, is_ending: Callable[[], bool] = sys.is_finalizing
    ) -> None:
        if is_ending():
            return
        tracker, linker = loaded.pop(self.number, (None, None))
        if tracker is not None:
            tracker.close()
            linker.close()


class Code(tuple[Any, ...]):
    """Code with all that it refers to: a handle, the objects, and a list of one item, the next variant or None."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<native code {self[0].number:#x}>"

    # Told apart by identity: comparing what the code refers to would mean nothing.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Loaded:
    """
    Linked code and the addresses of what it exports.

    Parameters
    ----------
    object_code : bytes
        An object file.
    addresses : mapping of str to int
        What its external names stand for. Functions of the C library need not be named.
    exports : iterable of str
        Names whose addresses are wanted.

    Raises
    ------
    NativeBuildError
        If a name has no address.
    """

    def __init__(self, object_code: bytes, addresses: Mapping[str, int], exports: Iterable[str]) -> None:
        # What goes wrong is raised below, and need not be printed as well.
        linker = llvm.create_lljit_compiler(target_machine(), suppress_errors=True)
        library = llvm.JITLibraryBuilder().add_object_img(object_code).add_current_process()
        for name, address in addresses.items():
            library.import_symbol(name, address)
        exports = tuple(exports)
        for name in exports:
            library.export_symbol(name)
        try:
            tracker = library.link(linker, "unit")
        except RuntimeError as error:
            raise NativeBuildError(f"code cannot be linked: {error}") from error
        self.addresses = {name: int(tracker[name]) for name in exports}
        self.handle = Handle(tracker, linker)


def new_builtin(code: Code, method: int) -> Callable[..., Any]:
    """A builtin function from the address of its PyMethodDef, with its code as `self`."""
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    builtin: Callable[..., Any] = make(method, code, None)
    return builtin


def set_next(code: Code, cell: int, builtin: Callable[..., Any] | None) -> None:
    """Put the next variant into a cell of the code. The cell changes before the old variant can go."""
    ctypes.c_void_p.from_address(cell).value = None if builtin is None else id(builtin)
    code[2][0] = builtin
