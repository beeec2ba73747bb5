"""Functions of libraries that need not be installed: they are known by module and name, and never imported.

A function is found as the object that its module has under its own name, so that wrappers, aliases and names imported
from elsewhere all lead to it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

__all__ = ["BY_NAME", "MODULES", "NOT_THESE", "SPECIAL", "named", "stands_for_named"]

Written = TypeVar("Written", bound=Callable[..., Any])

SPECIAL = "scipy.special"
MODULES = ("scipy.linalg", SPECIAL)
"""Modules of which every function is either known or refused: their source is not what is to be parsed."""

READABLE = ("scipy.linalg._special_matrices",)
"""Parts of them whose functions are parsed from their source, where they are not known: it is plain NumPy."""

BY_NAME: dict[str, Any] = {}
"""What calls of a function mean, by ``module.name``: functions of a library module, parsed where they are called."""

METHODS_BY_NAME: set[str] = set()
"""Those of them that are methods of a class, whose name stands in between."""

NOT_THESE: dict[str, str] = {}
"""What to do instead of functions that are refused."""


def stands_for_named(module: str, *names: str) -> Callable[[Written], Written]:
    """Register a function of a library module: it is what calls of the functions of these names mean."""

    def register(written: Written) -> Written:
        for name in names or (written.__name__,):
            if f"{module}.{name}" in BY_NAME:
                raise ValueError(f"{module}.{name} is written twice")
            BY_NAME[f"{module}.{name}"] = written
            if "." in name:
                METHODS_BY_NAME.add(f"{module}.{name}")
        return written

    return register


def named(found: Any) -> str:
    """``scipy.linalg.solve`` for that function, and ``""`` for what is in none of the modules."""
    name, home = getattr(found, "__name__", None), getattr(found, "__module__", None)
    if isinstance(found, np.ufunc) and isinstance(name, str):  # those of SciPy do not say where they are from
        return f"{SPECIAL}.{name}" if getattr(sys.modules.get(SPECIAL), name, None) is found else ""
    if not isinstance(name, str) or not isinstance(home, str):
        return ""
    if f"{home}.{found.__qualname__}" in METHODS_BY_NAME:
        return f"{home}.{found.__qualname__}"
    for module in MODULES:
        if home in READABLE and f"{module}.{name}" not in BY_NAME:
            continue
        if home.startswith(module) and getattr(sys.modules.get(module), name, None) is found:
            return f"{module}.{name}"
    return ""
