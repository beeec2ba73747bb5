"""SciPy's special functions as C functions, called from native code with no dispatch.

The module ``scipy.special.cython_special`` exports the functions behind its ufuncs with their C signatures. A kernel
refers to ``special_<name>``; the address is asked for when such a kernel is built, which only programs that use SciPy
lead to: SciPy is no dependency.
"""

from __future__ import annotations

import ctypes
import importlib
import re
from functools import cache
from typing import Any

__all__ = ["ARITY", "PREFIX", "symbol_address"]

PREFIX = "special_"

#: Functions of doubles that give a double, and how many arguments they take.
ARITY: dict[str, int] = {
    **dict.fromkeys(
        (
            "erfinv", "erfcinv", "erfcx", "dawsn", "ndtr", "ndtri", "log_ndtr", "psi", "gammaln", "rgamma", "expit",
            "logit", "log_expit", "i0", "i0e", "i1", "i1e", "k0", "k0e", "k1", "k1e", "j0", "j1", "y0", "y1", "entr",
            "exprel", "spence", "exp1", "expi", "ellipk", "ellipe", "cosm1", "erfi", "exp10", "sindg", "cosdg", "tandg",
            "cotdg", "gammasgn", "loggamma", "wrightomega", "zetac", "ndtri_exp",
        ),
        1,
    ),
    **dict.fromkeys(
        (
            "gammainc", "gammaincc", "gammaincinv", "gammainccinv", "beta", "betaln", "xlogy", "xlog1py", "iv", "ive",
            "kv", "kve", "jv", "yv", "rel_entr", "kl_div", "huber", "pseudo_huber", "poch", "binom", "stdtr",
            "stdtrit", "pdtr", "pdtrc", "boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p", "owens_t", "agm",
            "powm1", "ellipkinc", "ellipeinc", "chdtr", "chdtrc", "chdtri",
        ),
        2,
    ),
    **dict.fromkeys(
        (
            "betainc", "betaincc", "betaincinv", "betainccinv", "hyp1f1", "fdtr", "fdtrc", "fdtri", "gdtr", "gdtrc",
        ),
        3,
    ),
    "hyp2f1": 4,
}  # fmt: skip

_capsule_name = ctypes.pythonapi.PyCapsule_GetName
_capsule_name.restype, _capsule_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype, _capsule_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


@cache
def _exported() -> dict[str, Any]:
    return dict(importlib.import_module("scipy.special.cython_special").__pyx_capi__)


def symbol_address(symbol: str) -> int | None:
    """
    Return the address of a special function, or None for any other symbol.

    Raises
    ------
    LookupError
        If SciPy does not export the function for doubles.
    """
    name = symbol.removeprefix(PREFIX)
    if name == symbol or name not in ARITY:
        return None
    signature = re.compile(rf"double \((double, ){{{ARITY[name]}}}int __pyx_skip_dispatch\)")
    for key, capsule in _exported().items():
        if re.fullmatch(rf"(__pyx_fuse_\d)?{name}", key):
            form = _capsule_name(capsule)
            if form is not None and signature.fullmatch(form.decode()):
                address = _capsule_pointer(capsule, form)
                assert address is not None
                return int(address)
    raise LookupError(f"scipy.special.cython_special does not export {name} for doubles")
