"""What a kernel passes to Python in the middle of a call, as Python objects."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .kernel import Buffer, Invoke, Kernel
from .numpy_layout import DTYPES
from .signature import Signature
from .walk import walk


class Invoked:
    """
    Reads the words that an `Invoke` laid down, and calls a Python function with the values.

    Parameters
    ----------
    kernel : Kernel
        Its `Invoke` instructions say what each site passes.
    function : callable
        `function(site, values)`: floats, ints, bools, NumPy's float32, and arrays of their own; or, where the site
        has outputs, `function(site, values, outputs)`, which stores into these arrays.
    """

    def __init__(self, kernel: Kernel, function: Callable[..., object]) -> None:
        self.function = function
        self.calls = {step.site: step for step in walk(kernel.body) if isinstance(step, Invoke)}

    @staticmethod
    def of(kernel: Kernel, signature: Signature) -> Invoked | None:
        """For a kernel called with a signature; None where nothing is called back."""
        return None if signature.invoked is None else Invoked(kernel, signature.invoked)

    def __call__(self, site: int, address: int) -> None:
        values: list[Any] = []
        call = self.calls[site]
        for arg in call.args:
            if isinstance(arg, Buffer):
                values.append(_array(arg, address))
                address += 8 * (1 + arg.rank)
            else:
                values.append(_scalar(arg.type, address))
                address += 8
        outputs: list[Any] = []
        for buffer in call.outputs:
            outputs.append(_memory(buffer, address))
            address += 8 * (1 + buffer.rank)
        try:
            if outputs:
                self.function(site, values, outputs)
            else:
                self.function(site, values)
        except BaseException as error:
            # For who called the kernel, the error arises in what was called back, or above it: not in this frame.
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            raise


def _scalar(type: str, address: int) -> Any:
    if type[0] == "f":
        value = ctypes.c_double.from_address(address).value
        return value if type == "f64" else np.float32(value)
    number = ctypes.c_int64.from_address(address).value
    return bool(number) if type == "i1" else number


def _array(buffer: Buffer, address: int) -> np.ndarray[Any, Any]:
    """A copy: the kernel goes on writing to its memory."""
    return _memory(buffer, address).copy()


def _memory(buffer: Buffer, address: int) -> np.ndarray[Any, Any]:
    """The memory of the kernel itself, as an array that must not be kept."""
    data = ctypes.c_size_t.from_address(address).value
    sizes = [ctypes.c_int64.from_address(address + 8 * (axis + 1)).value for axis in range(buffer.rank)]
    dtype = np.dtype(DTYPES[buffer.type])
    if 0 in sizes:
        return np.empty(sizes, dtype)
    cells = (ctypes.c_byte * (dtype.itemsize * math.prod(sizes))).from_address(data)
    found: np.ndarray[Any, Any] = np.frombuffer(cells, dtype)  # type: ignore[call-overload]
    return found.reshape(sizes)
