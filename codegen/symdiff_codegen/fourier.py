"""Fourier transforms: the inner loops of NumPy's own generalised ufuncs as C functions.

As in :mod:`.blas`, a kernel refers to `fourier_<name>_<d|f>` and, for the last argument of the loop, to
`fourier_<name>_<d|f>_data`. The loops take an array, a factor for all results, and the array for these. Where NumPy's
objects lie in memory in another way, a callback with the same arguments calls NumPy's public function.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from . import numpy_layout
from .numpy_loops import LOOP, NO_DATA, array_at, loop_of
from .python_api import address_of

__all__ = ["TRANSFORMS", "Transform", "symbol_address"]

_SYMBOL = re.compile(r"fourier_(?P<name>\w+?)_(?P<type>[df])(?P<data>_data)?")


@dataclass(frozen=True)
class Transform:
    """
    One transform.

    Parameters
    ----------
    public : callable
        `public(array, length)`, unscaled, along the last axis.
    source, out : bool
        Whether what it takes and gives is complex.
    """

    public: Callable[[Any, int], Any]
    source: bool = True
    out: bool = True

    def types(self, type: str) -> str:
        """The types of the loop, as NumPy writes them: `Dd->D`."""
        source, out = (type.upper() if is_complex else type for is_complex in (self.source, self.out))
        return f"{source}{type}->{out}"


def _rfft(x: Any, length: int) -> Any:
    return np.fft.rfft(x)


TRANSFORMS: dict[str, Transform] = {
    "fft": Transform(np.fft.fft),
    "ifft": Transform(lambda z, length: np.fft.ifft(z, length, norm="forward")),
    "rfft_n_even": Transform(_rfft, source=False),
    "rfft_n_odd": Transform(_rfft, source=False),
    "irfft": Transform(lambda z, length: np.fft.irfft(z, length, norm="forward"), out=False),
}


def _own_loop(name: str, type: str) -> tuple[int, int] | None:
    """Addresses of a loop and of its data, from NumPy's ufunc object."""
    # a private module, without which the public functions serve
    ufunc = getattr(getattr(np.fft, "_pocketfft_umath", None), name, None)
    if not isinstance(ufunc, np.ufunc) or ufunc.signature is None or not numpy_layout.ufuncs_agree():
        return None
    if not re.fullmatch(r"\((\w)\),\(\)->\((?!\1)\w\)", ufunc.signature):
        return None
    wanted = TRANSFORMS[name].types(type)
    return loop_of(ufunc, lambda types: types == wanted)


def _run_public(transform: Transform, type: str, args: Any, dims: Any, steps: Any) -> None:
    """What a native loop does, by the public function, for every item of the outer loop."""
    source, out = (np.dtype(type.upper() if flag else type) for flag in (transform.source, transform.out))
    factor = array_at(args[1], (), (), type)[()]
    for item in range(dims[0]):
        given = array_at(args[0] + item * steps[0], (dims[1],), (steps[3],), source)
        result = array_at(args[2] + item * steps[2], (dims[2],), (steps[4],), out)
        result[...] = transform.public(given, dims[2]) * factor


@cache
def _public_loop(name: str, type: str) -> Any:
    """A C function with the arguments of a native loop. It is kept for good: code may call it at any time."""
    transform = TRANSFORMS[name]
    return LOOP(lambda args, dims, steps, _: _run_public(transform, type, args, dims, steps))


@cache
def loop_addresses(name: str, type: str) -> tuple[int, int]:
    """
    Addresses of the inner loop of a transform and of its data.

    Parameters
    ----------
    name : str
        A key of `TRANSFORMS`.
    type : {"d", "f"}
        Double or single precision.
    """
    own = _own_loop(name, type)
    return own if own is not None else (address_of(_public_loop(name, type)), ctypes.addressof(NO_DATA))


def symbol_address(symbol: str) -> int | None:
    """Address of `fourier_<name>_<d|f>` or of its `_data`; None for any other symbol."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None or match["name"] not in TRANSFORMS:
        return None
    loop, data = loop_addresses(match["name"], match["type"])
    return data if match["data"] else loop
