"""Calls with complex numbers among the arguments: which handler answers.

Functions that are linear and those that only move elements act on both parts: the handler of the real function runs
twice. What has a formula of its own is in `complex_functions.py`; everything else of NumPy is refused.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.errors import DtypeError
from symdiff.frontend import library
from symdiff.frontend.abstract import Abstract, Array, Complex, Known, ListObject, Slice, Tuple, View
from symdiff.frontend.complex_functions import complex_like
from symdiff.frontend.complex_values import as_complex, contracted, made, negated, pair
from symdiff.frontend.core import REAL_PARTS, Parser
from symdiff.frontend.numpy_shaping import array_of
from symdiff.frontend.rows import Rows
from symdiff.frontend.tables import COMPLEX, FUNCTIONS, METHODS, Handler, complex_function
from symdiff.ir.graph import Value

__all__ = ["complex_handler", "complex_method", "has_method"]

DTYPES: dict[Any, str] = {complex: "float64", np.complex128: "float64", np.complex64: "float32"}
NAMES = {"complex": "float64", "complex128": "float64", "c16": "float64", "complex64": "float32", "c8": "float32"}

# Functions that are linear in these arguments, and act on real and imaginary parts alike.
LINEAR: dict[Any, tuple[str, ...]] = {
    np.sum: ("a",),
    np.mean: ("a",),
    np.average: ("a",),
    np.cumsum: ("a",),
    np.diff: ("a",),
    np.trapezoid: ("y",),
    np.trace: ("a",),
    np.diagonal: ("a",),
    np.diag: ("v",),
    np.tril: ("m",),
    np.triu: ("m",),
    np.reshape: ("a",),
    np.ravel: ("a",),
    np.transpose: ("a",),
    np.swapaxes: ("a",),
    np.moveaxis: ("a",),
    np.squeeze: ("a",),
    np.expand_dims: ("a",),
    np.atleast_1d: ("a",),
    np.atleast_2d: ("a",),
    np.broadcast_to: ("array",),
    np.flip: ("m",),
    np.flipud: ("m",),
    np.fliplr: ("m",),
    np.rot90: ("m",),
    np.roll: ("a",),
    np.repeat: ("a",),
    np.tile: ("A",),
    np.take: ("a",),
    np.pad: ("array",),
    np.split: ("ary",),
    np.copy: ("a",),
    np.concatenate: ("arrays",),
    np.stack: ("arrays",),
    np.vstack: ("tup",),
    np.hstack: ("tup",),
    np.column_stack: ("tup",),
    np.append: ("arr", "values"),
    np.where: ("x", "y"),
    np.array: ("object",),
    np.asarray: ("a",),
    np.asanyarray: ("a",),
    np.ascontiguousarray: ("a",),
    np.full: ("fill_value",),
    np.zeros_like: ("a",),
    np.empty_like: ("a",),
    np.full_like: ("a", "fill_value"),
    np.linspace: ("start", "stop"),
    np.fft.fftshift: ("x",),
    np.fft.ifftshift: ("x",),
}
# Functions that make arrays of real numbers, asked for a complex dtype.
MAKERS = (np.zeros, np.empty, np.ones, np.eye, np.identity, np.arange)
LINEAR_METHODS = frozenset(
    [
        "sum",
        "mean",
        "cumsum",
        "trace",
        "diagonal",
        "reshape",
        "ravel",
        "flatten",
        "transpose",
        "swapaxes",
        "squeeze",
        "copy",
        "repeat",
        "take",
        "item",
    ]
)
BY_FUNCTION: dict[str, Any] = {"dot": np.dot, "prod": np.prod, "conj": np.conjugate, "conjugate": complex.conjugate}


# -- which handler -----------------------------------------------------------------------------------------------------


def complex_handler(p: Parser, found: Any, args: Iterable[Abstract], name: str) -> Handler | None:
    """The handler of a call, if one of its arguments is complex and the handler of real ones does not serve."""
    if not any(_is_complex(p, item) for item in args):
        return None
    if found in COMPLEX:
        return COMPLEX[found]
    handler = FUNCTIONS.get(found)
    if found in LINEAR and handler is not None:
        return _on_parts(handler, LINEAR[found])
    if found in MAKERS and handler is not None:
        return _maker(handler)
    if handler is None or (getattr(found, "__module__", None) or "").partition(".")[0] in ("numpy", "math", "scipy"):
        p.unsupported(f"{name} of complex numbers is not supported", REAL_PARTS)
    return None


def complex_method(p: Parser, owner: Abstract, name: str, args: Iterable[Abstract]) -> Handler | None:
    """The handler of a method of a complex array, or of a real one with complex arguments; None where it is real."""
    if not isinstance(owner, Complex):
        if not any(_is_complex(p, item) for item in args) or not isinstance(owner, Value | Array | View):
            return None
        return COMPLEX[np.dot] if name == "dot" else _astype if name == "astype" else None
    if name == "astype":
        return _astype
    if name in BY_FUNCTION:
        return COMPLEX[BY_FUNCTION[name]]
    return _on_parts(METHODS[Array, name], ("a",))


def has_method(name: str) -> bool:
    """Whether complex arrays have a method."""
    return name in BY_FUNCTION or name == "astype" or (name in LINEAR_METHODS and (Array, name) in METHODS)


def _is_complex(p: Parser, item: Abstract) -> bool:
    """Whether an argument is, or holds, a complex number, or is a complex dtype."""
    match item:
        case Complex():
            return True
        case Tuple():
            return any(_is_complex(p, part) for part in item.items)
        case ListObject():
            content = p.memory.content(item)
            return not isinstance(content, Rows) and any(_is_complex(p, part) for part in content)
        case Known(object=tuple() | list()):
            return any(isinstance(part, complex | np.complexfloating) for part in item.object)
        case Known():
            return _part_dtype(item.object) is not None
    return False


def _part_dtype(found: Any) -> str | None:
    """The dtype of the parts of a complex dtype; None for any other object."""
    if isinstance(found, str):
        return NAMES.get(found)
    if isinstance(found, np.dtype):
        return DTYPES.get(found.type)
    return DTYPES.get(found) if isinstance(found, type) else None


# -- both parts --------------------------------------------------------------------------------------------------------


def _on_parts(handler: Handler, data: tuple[str, ...]) -> Handler:
    """The handler run on the real parts and on the imaginary parts."""
    signature = inspect.signature(handler)

    @functools.wraps(handler)
    def on_parts(p: Parser, *args: Abstract, **kwargs: Abstract) -> Abstract:
        results = []
        for imaginary in (False, True):
            bound = signature.bind(p, *args, **kwargs)
            for name, item in bound.arguments.items():
                if name in data:
                    bound.arguments[name] = _part(p, item, imaginary)
                elif name == "dtype":
                    bound.arguments[name] = _real_dtype(p, item)
            results.append(handler(*bound.args, **bound.kwargs))
        return _combined(p, *results)

    return on_parts


def _part(p: Parser, item: Abstract, imaginary: bool) -> Abstract:
    match item:
        case Complex():
            return item.im if imaginary else item.re
        case Known(object=None):
            return item
        case Known():
            found = p.resolver.materialise(p.build, item)
            return item if found is item else _part(p, found, imaginary)
        case Tuple():
            return Tuple(tuple(_part(p, part, imaginary) for part in item.items), item.cls)
        case ListObject():
            return ListObject(tuple(_part(p, part, imaginary) for part in p.memory.content(item)))
        case Value() | Array() | View() if imaginary:
            return p.wrap(pair(p, item)[1])
    return item


def _combined(p: Parser, re: Abstract, im: Abstract) -> Abstract:
    if isinstance(re, Tuple) and isinstance(im, Tuple):
        return Tuple(tuple(_combined(p, *parts) for parts in zip(re.items, im.items, strict=True)), re.cls)
    if isinstance(re, ListObject) and isinstance(im, ListObject):
        parts = zip(p.memory.content(re), p.memory.content(im), strict=True)
        return ListObject(tuple(_combined(p, *both) for both in parts))
    if isinstance(re, Value) and isinstance(im, Value):
        return made(p, re, im)
    return Complex(re, im)


def _real_dtype(p: Parser, dtype: Abstract) -> Abstract:
    """``dtype=`` of the parts."""
    given = p.static(dtype, "dtype=")
    if given is None:
        return dtype
    found = _part_dtype(given)
    if found is None:
        p.refuse(DtypeError, f"complex numbers do not become {given!r}", REAL_PARTS)
    return Known(np.dtype(found))


def _maker(handler: Handler) -> Handler:
    signature = inspect.signature(handler)

    @functools.wraps(handler)
    def make(p: Parser, *args: Abstract, **kwargs: Abstract) -> Abstract:
        bound = signature.bind(p, *args, **kwargs)
        if "dtype" not in bound.arguments:
            p.unsupported("complex numbers are not supported here", REAL_PARTS)
        bound.arguments["dtype"] = _real_dtype(p, bound.arguments["dtype"])
        return as_complex(p, handler(*bound.args, **bound.kwargs))

    return make


def _astype(p: Parser, a: Abstract, dtype: Abstract) -> Abstract:
    """``a.astype(complex)``."""
    found = p.static(_real_dtype(p, dtype), "dtype=")
    re, im = (p.emit("convert", v, dtype=str(found), kind="numpy") for v in pair(p, a))
    return made(p, re, im)


# -- functions with a rule of their own --------------------------------------------------------------------------------


@complex_function(np.ones_like)
def ones_like(p: Parser, a: Abstract, dtype: Abstract | None = None) -> Abstract:
    """Ones in the shape of another array."""
    like = a.re if isinstance(a, Complex) else a
    kind = [] if dtype is None else [_real_dtype(p, dtype)]
    return as_complex(p, p.call(Known(np.ones_like), [like, *kind], {}))


@complex_function(np.dot)
def dot(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``np.dot``."""
    return contracted(p, "dot", pair(p, array_of(p, a)), pair(p, array_of(p, b)))


@complex_function(np.inner)
def inner(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``np.inner`` of vectors."""
    z, w = pair(p, array_of(p, a)), pair(p, array_of(p, b))
    if z[0].type.rank > 1 or w[0].type.rank > 1:
        p.unsupported("np.inner and np.vdot are supported for vectors only", "use np.sum(a * b), or a @ b.T")
    return contracted(p, "dot", z, w)


@complex_function(np.vdot)
def vdot(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``np.vdot`` takes the conjugate of its first argument."""
    flat = [p.call(Known(np.ravel), [array_of(p, item)], {}) for item in (a, b)]
    re, im = pair(p, flat[0])
    return contracted(p, "dot", (re, negated(p, im)), pair(p, flat[1]))


@complex_function(np.outer)
def outer(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``np.outer``."""
    z, w = (pair(p, p.call(Known(np.ravel), [array_of(p, item)], {})) for item in (a, b))
    return contracted(p, "outer", z, w)


@complex_function(np.prod)
def prod(p: Parser, a: Abstract, axis: Abstract | None = None) -> Abstract:
    """``np.prod`` of all elements."""
    if axis is not None and p.static(axis, "axis=") is not None:
        p.unsupported("np.prod of complex numbers along an axis is not supported", "write a loop over that axis")
    flat = p.call(Known(np.ravel), [array_of(p, a)], {})
    return complex_like(p, p.call(Known(library.multiplied), [flat], {}), "numpy")


def _squares(p: Parser, found: Any, a: Abstract, kwargs: Mapping[str, Abstract]) -> Value:
    re, im = (p.call(Known(found), [part], kwargs) for part in pair_of_objects(p, a))
    return p.emit("add", p.value(re), p.value(im))


def pair_of_objects(p: Parser, item: Abstract) -> Sequence[Abstract]:
    """Both parts as objects."""
    whole = as_complex(p, array_of(p, item))
    return whole.re, whole.im


@complex_function(np.var)
def var(p: Parser, a: Abstract, **kwargs: Abstract) -> Abstract:
    """``np.var``: of the distances from the mean."""
    return p.wrap(_squares(p, np.var, a, kwargs))


@complex_function(np.std)
def std(p: Parser, a: Abstract, **kwargs: Abstract) -> Abstract:
    """``np.std``: of the distances from the mean."""
    return p.wrap(p.emit("sqrt", _squares(p, np.var, a, kwargs)))


@complex_function(np.linalg.norm)
def norm(p: Parser, x: Abstract, ord: Abstract | None = None, **kwargs: Abstract) -> Abstract:
    """Norms that follow from the absolute values."""
    item = array_of(p, x)
    kind = None if ord is None else p.static(ord, "ord=")
    axis = p.static(kwargs["axis"], "axis=") if "axis" in kwargs else None
    vectors = isinstance(axis, int) or (axis is None and pair(p, item)[0].type.rank == 1)
    if not vectors and kind not in (None, "fro"):
        p.unsupported(f"np.linalg.norm of a complex matrix with ord={kind!r} is not supported", "write it with np.abs")
    sizes = p.call(Known(np.absolute), [item], {})
    return p.call(Known(np.linalg.norm), [sizes] if ord is None else [sizes, ord], kwargs)


@complex_function(np.count_nonzero)
def count_nonzero(p: Parser, a: Abstract, axis: Abstract | None = None) -> Abstract:
    """How many are not zero."""
    test = p.call(Known(np.not_equal), [array_of(p, a), p.constant(0.0)], {})
    return p.call(Known(np.count_nonzero), [test] if axis is None else [test, axis], {})


# -- systems of equations ----------------------------------------------------------------------------------------------


def _block(p: Parser, a: Abstract) -> Abstract:
    """The real matrix of twice the size that does what a complex one does."""
    re, im = pair_of_objects(p, a)
    minus = p.wrap(p.emit("negative", p.value(im)))
    rows = [p.call(Known(np.hstack), [Tuple(row)], {}) for row in ((re, minus), (im, re))]
    return p.call(Known(np.vstack), [Tuple(tuple(rows))], {})


def _matrix(p: Parser, a: Abstract, name: str) -> Value:
    size = pair(p, array_of(p, a))[0]
    if size.type.rank != 2:
        p.unsupported(f"{name} of stacks of complex matrices is not supported", "loop over the first axis")
    return p.build.size(size.type.shape[0])


def _halved(p: Parser, found: Abstract, size: Value) -> Complex:
    """The upper half as real part, the lower one as imaginary part."""
    none = Known(None)
    halves = Slice(none, size, none), Slice(size, none, none)
    return made(p, *(p.value(p.subscript(found, half)) for half in halves))


@complex_function(np.linalg.solve)
def solve(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``np.linalg.solve``, as a real system of twice the size."""
    size = _matrix(p, a, "np.linalg.solve")
    right = p.call(Known(np.concatenate), [Tuple(tuple(pair_of_objects(p, b)))], {})
    return _halved(p, p.call(Known(np.linalg.solve), [_block(p, a), right], {}), size)


@complex_function(np.linalg.inv)
def inv(p: Parser, a: Abstract) -> Abstract:
    """``np.linalg.inv``, from the inverse of a real matrix of twice the size."""
    size = _matrix(p, a, "np.linalg.inv")
    whole = _halved(p, p.call(Known(np.linalg.inv), [_block(p, a)], {}), size)
    none = Known(None)
    left = Tuple((Slice(none, none, none), Slice(none, size, none)))
    return Complex(p.subscript(whole.re, left), p.subscript(whole.im, left))
