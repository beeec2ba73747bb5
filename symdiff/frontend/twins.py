"""Functions of SciPy that NumPy has too.

SciPy is never imported: whoever passes one of its functions has done so.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from symdiff.frontend.abstract import Abstract, is_none
from symdiff.frontend.core import Parser

__all__ = ["twin_call"]

NAMES = frozenset(
    [
        "fft",
        "ifft",
        "fft2",
        "ifft2",
        "fftn",
        "ifftn",
        "rfft",
        "irfft",
        "rfft2",
        "irfft2",
        "rfftn",
        "irfftn",
        "hfft",
        "ihfft",
        "fftshift",
        "ifftshift",
        "fftfreq",
        "rfftfreq",
    ]
)
WITHOUT_MEANING = frozenset({"overwrite_x", "workers", "plan", "xp", "device"})


def twin_call(p: Parser, found: Any, kwargs: Mapping[str, Abstract]) -> tuple[Any, dict[str, Abstract]] | None:
    """NumPy's function of the same meaning, and the arguments by name as it has them; None if there is none."""
    if not str(getattr(found, "__module__", None)).startswith("scipy.fft"):
        return None
    name = getattr(found, "__name__", "")
    if name not in NAMES or getattr(sys.modules.get("scipy.fft"), name, None) is not found:
        return None
    named = {key: item for key, item in kwargs.items() if key not in WITHOUT_MEANING}
    for key in kwargs.keys() - named.keys():
        if key == "plan" and not is_none(kwargs[key]):
            p.unsupported("plan= is not supported in scipy.fft")
    if "x" in named and "shift" not in name:
        named["a"] = named.pop("x")
    return getattr(np.fft, name), named


