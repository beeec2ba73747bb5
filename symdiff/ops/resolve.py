"""From the functions users call to rows, by identity.

``math.sin``, ``np.sin`` and ``from math import sin as s`` are one row.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.ops.primitive import REGISTRY, Primitive
from symdiff.ops.scipy_row import CALLS, SCIPY, LazyFunction

__all__ = ["KIND_OF", "ROW_OF", "learn_scipy"]

ROW_OF: dict[Callable[..., Any], Primitive] = {}
"""Row of each function; the caller brings other arguments (``np.sum`` and its ``axis``) into the row's form."""

KIND_OF: dict[Callable[..., Any], str] = {}
"""What a spelling says of its result: ``python`` (:mod:`math`), ``numpy``, or nothing where the operands decide."""

# Where a row's `numpy` column is not the function users call.
SPELLED: dict[Callable[..., Any], str] = {
    np.sum: "sum",
    np.prod: "prod",
    np.max: "max",
    np.min: "min",
    np.amax: "max",
    np.amin: "min",
    np.any: "any",
    np.all: "all",
    np.argmax: "argmax",
    np.argmin: "argmin",
    np.mean: "mean",
    np.var: "var",
    np.std: "std",
    np.linalg.norm: "norm",
    np.sort: "sort",
    np.argsort: "argsort",
    np.searchsorted: "searchsorted",
    np.cumsum: "cumsum",
    np.cumprod: "cumprod",
    np.full: "full",
    np.arange: "arange",
    np.linspace: "linspace",
    np.reshape: "reshape",
    np.transpose: "transpose",
    np.broadcast_to: "broadcast_to",
    np.concatenate: "concatenate",
    np.diagonal: "diagonal",
    math.floor: "floor_to_int",
    math.ceil: "ceil_to_int",
    math.trunc: "trunc_to_int",
    round: "round_to_int",
    abs: "absolute",
    pow: "power",
    math.erf: "erf",
}


def _register(function: Callable[..., Any], row: Primitive) -> None:
    module = getattr(function, "__module__", None) or ""
    ROW_OF[function] = row
    KIND_OF[function] = "python" if module == "math" else "" if module in ("builtins", "_operator") else "numpy"


def _fill() -> None:
    for row in REGISTRY.values():
        for function in (row.numpy, row.scalar, *row.also):
            if function is not None and _is_public(function):
                _register(function, row)
    for function, name in SPELLED.items():
        _register(function, REGISTRY[name])
    for name, row in {**SCIPY, "stop_gradient": REGISTRY["stop_gradient"]}.items():
        CALLS[name] = LazyFunction(name)
        _register(CALLS[name], row)


def _is_public(function: Callable[..., Any]) -> bool:
    """Whether it is a function of NumPy, ``math`` or ``operator``, and not one of ours."""
    if function in (max, min):  # Python's own are a choice between operands, which the front end writes out
        return False
    if isinstance(function, np.ufunc):
        return True
    return (getattr(function, "__module__", None) or "").split(".")[0] in ("numpy", "math", "_operator")


# Functions that SciPy has too.
SHARED = {"expm1": "expm1", "log1p": "log1p", "exp2": "exp2", "cbrt": "cbrt", "round": "rint"}


def learn_scipy() -> bool:
    """Add the functions of `scipy.special` once the user's program has imported it; whether there was something new."""
    module = sys.modules.get("scipy.special")
    rows = {**SCIPY, **{name: REGISTRY[row] for name, row in SHARED.items()}}
    named = {name: getattr(module, name, None) for name in rows} if module is not None else {}
    found = {f: rows[name] for name, f in named.items() if f is not None and f not in ROW_OF}
    ROW_OF.update(found)
    KIND_OF.update(dict.fromkeys(found, "numpy"))
    return bool(found)


_fill()
assert operator.add in ROW_OF
