"""Counting the calls of Python functions from native code: a hook in Python would take longer than what it counts."""

from __future__ import annotations

import ctypes
from functools import cache

from .loading import Loaded
from .python_api import function_address
from .targets import Options, optimise, target_machine, triple

__all__ = ["CallMeter"]

# What PyEval_SetProfile calls: with the object it was given, which is the address of the meter's cells as an int.
_HOOK = """
target triple = "{triple}"
target datalayout = "{layout}"

declare ptr @PyLong_AsVoidPtr(ptr)
declare void @PyErr_SetObject(ptr, ptr)

define i32 @count_call(ptr %address, ptr %frame, i32 %event, ptr %argument) {{
  %is_call = icmp eq i32 %event, 0
  br i1 %is_call, label %count, label %done
count:
  %left = call ptr @PyLong_AsVoidPtr(ptr %address)
  %before = load i64, ptr %left
  %after = sub i64 %before, 1
  store i64 %after, ptr %left
  %is_spent = icmp slt i64 %after, 0
  %armed = getelementptr i64, ptr %left, i64 1
  %is_armed = load i64, ptr %armed
  %raises = icmp sgt i64 %is_armed, 0
  %stops = and i1 %is_spent, %raises
  br i1 %stops, label %stop, label %done
stop:
  store i64 0, ptr %armed
  %kind_cell = getelementptr i64, ptr %left, i64 2
  %kind = load ptr, ptr %kind_cell
  %value_cell = getelementptr i64, ptr %left, i64 3
  %value = load ptr, ptr %value_cell
  call void @PyErr_SetObject(ptr %kind, ptr %value)
  ret i32 -1
done:
  ret i32 0
}}
"""


@cache
def _hook() -> Loaded:
    """The native function, made once and kept."""
    text = _HOOK.format(triple=triple(), layout=target_machine().target_data)
    names = ("PyLong_AsVoidPtr", "PyErr_SetObject")
    addresses = {name: function_address(name) for name in names}
    return Loaded(optimise(text, Options(level=1)).object_code, addresses, ("count_call",))


class CallMeter:
    """
    Counts the calls of Python functions in the thread that starts it, and raises past a limit.

    When it has raised it counts on, but does not raise again before it is armed again.

    Parameters
    ----------
    calls : int
        How many there may be.
    error : type
        The exception to raise; its argument is `value`. Whoever starts the meter keeps both alive.
    value : object
        What the exception is given.
    """

    def __init__(self, calls: int, error: type[BaseException], value: object) -> None:
        self._cells = (ctypes.c_int64 * 4)(calls, 0, id(error), id(value))

    @property
    def left(self) -> int:
        """How many calls are left; below 0 when the limit is passed."""
        return self._cells[0]

    def arm(self, on: bool) -> None:
        """Let it raise at the next call past the limit, or not."""
        self._cells[1] = on

    def start(self) -> None:
        """Count from here on, until another hook is set (`sys.setprofile`)."""
        address = ctypes.c_void_p(_hook().addresses["count_call"])
        set_profile = ctypes.pythonapi.PyEval_SetProfile
        set_profile.argtypes, set_profile.restype = [ctypes.c_void_p, ctypes.py_object], None
        self.arm(True)
        set_profile(address, ctypes.addressof(self._cells))
