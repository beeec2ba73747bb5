"""Matrix products and linear algebra: the inner loops of NumPy's own generalised ufuncs as C functions.

A gufunc's object holds, for every type signature, the address of a C function
`(char **args, intp *dims, intp *steps, void *data)`; calling it from native code costs neither dispatch nor further
dependencies. A kernel refers to `gufunc_<name>_<d|f>` and, for the last argument, `gufunc_<name>_<d|f>_data`. The loops
report a singular or unfit matrix by the floating-point flag `invalid`. Where NumPy does not have a name, or its objects
lie in memory in another way, a callback with the same arguments calls NumPy's public function.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.linalg import _umath_linalg

from . import numpy_layout
from .numpy_loops import LOOP, NO_DATA, array_at, loop_of
from .python_api import FE_INVALID, address_of, function_address

_SYMBOL = re.compile(r"gufunc_(?P<name>\w+)_(?P<type>[df])(?P<data>_data)?")


@dataclass(frozen=True)
class Gufunc:
    """
    One function of linear algebra.

    Parameters
    ----------
    signature : str
        Core dimensions of each operand, as NumPy writes them.
    public : callable
        The public function that does the same, giving one array or a tuple of arrays.
    """

    signature: str
    public: Callable[..., Any]

    @property
    def operands(self) -> tuple[tuple[str, ...], ...]:
        """Names of the core dimensions of each operand, inputs first."""
        groups = re.findall(r"\(([^)]*)\)", self.signature)
        return tuple(tuple(name.strip() for name in group.split(",") if name.strip()) for group in groups)

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return self.signature.split("->")[0].count("(")


def _cholesky_upper(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.linalg.cholesky(a, upper=True)


def _svd(a: np.ndarray[Any, Any]) -> Any:
    return np.linalg.svd(a, full_matrices=False)


def _reflections(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """As LAPACK, which puts them in the place of the matrix."""
    packed, factors = np.linalg.qr(a, "raw")
    a[...] = packed.T
    return factors


def _orthogonal(packed: np.ndarray[Any, Any], factors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    q = np.eye(len(packed), len(factors))
    for k in reversed(range(len(factors))):
        v = np.concatenate((np.zeros(k), np.ones(1), packed[k + 1 :, k]))
        q -= factors[k] * np.outer(v, v @ q)
    return q


GUFUNCS: dict[str, Gufunc] = {
    "matmul": Gufunc("(n,k),(k,m)->(n,m)", np.matmul),
    "solve": Gufunc("(m,m),(m,n)->(m,n)", np.linalg.solve),
    "solve1": Gufunc("(m,m),(m)->(m)", np.linalg.solve),
    "inv": Gufunc("(m,m)->(m,m)", np.linalg.inv),
    "cholesky_lo": Gufunc("(m,m)->(m,m)", np.linalg.cholesky),
    "cholesky_up": Gufunc("(m,m)->(m,m)", _cholesky_upper),
    "det": Gufunc("(m,m)->()", np.linalg.det),
    "slogdet": Gufunc("(m,m)->(),()", np.linalg.slogdet),
    "eigh_lo": Gufunc("(m,m)->(m),(m,m)", np.linalg.eigh),
    "eigh_up": Gufunc("(m,m)->(m),(m,m)", lambda a: np.linalg.eigh(a, "U")),
    "eigvalsh_lo": Gufunc("(m,m)->(m)", np.linalg.eigvalsh),
    "eigvalsh_up": Gufunc("(m,m)->(m)", lambda a: np.linalg.eigvalsh(a, "U")),
    "svd": Gufunc("(m,n)->(p)", lambda a: np.linalg.svd(a, compute_uv=False)),
    "svd_s": Gufunc("(m,n)->(m,p),(p),(p,n)", _svd),
    "svd_f": Gufunc("(m,n)->(m,m),(p),(n,n)", np.linalg.svd),
    "qr_r_raw": Gufunc("(m,n)->(p)", _reflections),
    "qr_reduced": Gufunc("(m,n),(k)->(m,k)", _orthogonal),
}


def _own_ufunc(name: str) -> np.ufunc | None:
    """NumPy's gufunc, if it is there and means what the table says."""
    found = np.matmul if name == "matmul" else getattr(_umath_linalg, name, None)
    if not isinstance(found, np.ufunc) or found.signature is None:
        return None
    actual = Gufunc(found.signature.replace("?", ""), found)
    return found if actual.operands == GUFUNCS[name].operands else None


def _own_loop(name: str, type: str) -> tuple[int, int] | None:
    """Addresses of a loop and of its data, from NumPy's ufunc object."""
    ufunc = _own_ufunc(name)
    if ufunc is None or not numpy_layout.ufuncs_agree():
        return None
    return loop_of(ufunc, lambda types: set(types) <= {type, "-", ">"})


def _raise_invalid() -> None:
    """Set the flag by which the native loops report a matrix that does not fit."""
    ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(function_address("feraiseexcept"))(FE_INVALID)


def _run_public(gufunc: Gufunc, type: str, args: Any, dims: Any, steps: Any) -> None:
    """What a native loop does, by the public function, for every item of the outer loop."""
    operands = gufunc.operands
    names = list(dict.fromkeys(name for operand in operands for name in operand))
    sizes = {name: dims[1 + index] for index, name in enumerate(names)}
    position = len(operands)
    core_steps = []
    for operand in operands:
        core_steps.append([steps[position + axis] for axis in range(len(operand))])
        position += len(operand)
    unfit = False
    for item in range(dims[0]):
        views = [
            array_at(args[index] + item * steps[index], [sizes[name] for name in operand], core_steps[index], type)
            for index, operand in enumerate(operands)
        ]
        outputs = views[gufunc.inputs :]
        try:
            answer = gufunc.public(*views[: gufunc.inputs])
        except (np.linalg.LinAlgError, MemoryError):
            unfit, answer = True, (np.nan,) * len(outputs)
        for output, value in zip(outputs, answer if isinstance(answer, tuple) else (answer,), strict=True):
            output[...] = value
    if unfit:
        # Last, since assignments clear the flags.
        _raise_invalid()


@cache
def _public_loop(name: str, type: str) -> Any:
    """A C function with the arguments of a native loop. It is kept for good: code may call it at any time."""
    gufunc = GUFUNCS[name]
    return LOOP(lambda args, dims, steps, _: _run_public(gufunc, type, args, dims, steps))


@cache
def loop_addresses(name: str, type: str) -> tuple[int, int]:
    """
    Addresses of the inner loop of a gufunc and of its data.

    Parameters
    ----------
    name : str
        A key of `GUFUNCS`.
    type : {"d", "f"}
        Double or single precision for every operand.
    """
    if name not in GUFUNCS:
        raise LookupError(f"no function of linear algebra is called {name!r}")
    own = _own_loop(name, type)
    return own if own is not None else (address_of(_public_loop(name, type)), ctypes.addressof(NO_DATA))


def symbol_address(symbol: str) -> int | None:
    """Address of `gufunc_<name>_<d|f>` or of its `_data`; None for any other symbol."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None or match["name"] not in GUFUNCS:
        return None
    loop, data = loop_addresses(match["name"], match["type"])
    return data if match["data"] else loop
