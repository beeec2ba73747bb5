"""Attributes: of arrays and NumPy's scalars, of objects passed as arguments, and of modules and objects outside."""

from __future__ import annotations

import ast
import types
from typing import Any

import numpy as np

from symdiff.errors import LocatedAttributeError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    BoundMethod,
    Complex,
    Deferred,
    DictObject,
    Instance,
    Known,
    ListObject,
    RandomSource,
    Record,
    SuperOf,
    Tuple,
    View,
)
from symdiff.frontend.complex_calls import has_method
from symdiff.frontend.core import REAL_PARTS, Parser
from symdiff.frontend.deferred import combined
from symdiff.frontend.numpy_shaping import transposed
from symdiff.frontend.optional import none_counts, without_none
from symdiff.frontend.program import Path
from symdiff.frontend.source import OWN_WRAPPER
from symdiff.frontend.tables import ATTRIBUTES, METHODS, attribute
from symdiff.ir.graph import Value
from symdiff.ops.sizes import product

__all__ = ["read_attribute"]


def read_attribute(p: Parser, owner: Abstract, name: str) -> Abstract:
    """``owner.name``."""
    if none_counts(p, [owner]):
        return without_none(p, [owner], lambda items: _attribute(p, items[0], name), lambda o: getattr(o, name))
    return _attribute(p, owner, name)


def _attribute(p: Parser, owner: Abstract, name: str) -> Abstract:
    if p.hook is not None and isinstance(owner, Known | BoundMethod):
        asked = p.hook.attribute(owner, p, name)
        if asked is not NotImplemented:
            return asked
    match owner:
        case Known(object=str() as text) if (Known, name) not in METHODS and hasattr(text, name):
            return Known(getattr(text, name))
        case Known(object=dict()) if (Known, name) in METHODS:
            return BoundMethod(name, owner)
        case Known(object=tuple() | list() | dict() | str()) if (list, name) in METHODS or not _is_named(owner.object):
            return _container_method(p, p.resolver.materialise(p.build, owner), name)
        case Known():
            found = p.resolver.attribute(p.build, owner, name)
            if isinstance(found, BoundMethod) and found.function == "property":
                return p.call(found.owner, (), {})
            return found
        case Value() | Array() | View():
            return _of_number(p, owner, name)
        case Complex():
            return _of_complex(p, owner, name)
        case Tuple() if owner.cls is not None:
            return _of_named_tuple(p, owner, name)
        case Deferred():
            return combined(lambda trees: ast.Attribute(trees[0], name, ast.Load()), [owner])
        case Instance():
            content = p.memory.content(owner)
            return content[name] if name in content else _of_class(p, owner, owner.cls, name)
        case SuperOf():
            return _behind(p, owner, name)
        case Record():
            return owner.fields[name] if name in owner.fields else _of_class(p, owner, owner.cls, name)
    return _container_method(p, owner, name)


def _behind(p: Parser, found: SuperOf, name: str) -> Abstract:
    """A method of the first class behind another in the order of the object's own class."""
    order = (type(found.owner.object) if isinstance(found.owner, Known) else found.owner.cls).__mro__
    for cls in order[order.index(found.cls) + 1 :]:
        if name not in vars(cls):
            continue
        method = vars(cls)[name]
        if isinstance(method, types.FunctionType):
            path = Path(cls, (("attr", name),))
            p.resolver.guard(path, method.__code__, "code")
            return BoundMethod(Known(method, path), found.owner)
        if cls is object and name == "__init__":
            return BoundMethod(Known(_initialise), found.owner)
        p.unsupported(f"super().{name} is not supported for what is no method", "name the class")
    p.refuse(LocatedAttributeError, f"'super' object has no attribute {name!r}")


def _initialise(self: Any) -> None:
    """What ``object.__init__`` does."""


def _is_named(found: Any) -> bool:
    return isinstance(found, tuple) and hasattr(type(found), "_fields")


def _of_number(p: Parser, owner: Value | Array | View, name: str) -> Abstract:
    handler = ATTRIBUTES.get((Array, name))
    if isinstance(owner, Value) and owner.type.kind == "object":
        if (RandomSource, name) not in METHODS:
            p.unsupported(f"{name!r} of a random generator is not supported", "draw the numbers outside the function")
        return BoundMethod(name, owner)
    if isinstance(owner, Value) and owner.type.kind == "python" and name not in ("real", "imag"):
        p.refuse(
            LocatedAttributeError, f"a Python {owner.type.dtype.rstrip('0123456789')} has no attribute {name!r} here"
        )
    if handler is not None:
        result: Abstract = handler(p, owner)
        return result
    if (Array, name) in METHODS:
        return BoundMethod(name, owner)
    if hasattr(np.ndarray, name):
        p.unsupported(f"the array attribute {name!r} is not supported yet")
    p.refuse(LocatedAttributeError, f"an array has no attribute {name!r}")


def _of_complex(p: Parser, owner: Complex, name: str) -> Abstract:
    if name in ("real", "imag"):
        return owner.re if name == "real" else owner.im
    if name == "dtype":
        return Known(np.result_type(p.value(owner.re).type.dtype, np.complex64))
    if name == "T":
        return Complex(p.attribute(owner.re, name), p.attribute(owner.im, name))
    if name in ("shape", "ndim", "size"):
        return p.attribute(owner.re, name)
    if has_method(name):
        return BoundMethod(name, owner)
    p.unsupported(f"the attribute {name!r} of complex numbers is not supported", REAL_PARTS)


def _of_named_tuple(p: Parser, owner: Tuple, name: str) -> Abstract:
    assert owner.cls is not None
    fields: tuple[str, ...] = getattr(owner.cls, "_fields", ())
    if name in fields:
        return owner.items[fields.index(name)]
    if (Tuple, name) in METHODS:
        return BoundMethod(name, owner)
    return _of_class(p, owner, owner.cls, name)


def _of_class(p: Parser, owner: Abstract, cls: type, name: str) -> Abstract:
    """A method, property or constant of the class of an object that was passed as argument."""
    if not hasattr(cls, name):
        p.refuse(LocatedAttributeError, f"{cls.__name__!r} object has no attribute {name!r}")
    for holder in cls.__mro__:
        if name in vars(holder):
            found = vars(holder)[name]
            break
    path = Path(cls, (("attr", name),))
    if isinstance(found, property):
        return p.call(Known(found.fget, Path(found.fget)), (owner,), {})
    if isinstance(found, types.FunctionType):
        p.resolver.guard(path, found.__code__, "code")
        return BoundMethod(Known(found, path), owner)
    if isinstance(found, staticmethod):
        return p.resolver.wrap(p.build, found.__func__, path, name)
    if isinstance(found, classmethod):
        return BoundMethod(Known(found.__func__, Path(found.__func__)), Known(cls))
    if getattr(type(found), OWN_WRAPPER, False):
        return BoundMethod(Known(found, path), owner)
    return p.resolver.wrap(p.build, found, path, name)


def _container_method(p: Parser, owner: Abstract, name: str) -> Abstract:
    if isinstance(owner, ListObject | DictObject | Tuple) and (type(owner), name) in METHODS:
        return BoundMethod(name, owner)
    if isinstance(owner, ListObject | DictObject) and getattr(owner, "outside", False):
        p.unsupported(f"{name!r} of a list or dict from outside the function is not supported", "work on a copy")
    p.refuse(LocatedAttributeError, f"{p.describe(owner)} has no attribute {name!r} that is supported")


# -- attributes of arrays ----------------------------------------------------------------------------------------------


@attribute(Array, "shape")
def shape(p: Parser, item: Abstract) -> Tuple:
    """Its sizes, as ints."""
    return Tuple(tuple(p.build.size(dim) for dim in p.value(item).type.shape))


@attribute(Array, "ndim")
def ndim(p: Parser, item: Abstract) -> Value:
    """Number of axes, known while parsing."""
    return p.constant(p.value(item).type.rank)


@attribute(Array, "size")
def size(p: Parser, item: Abstract) -> Value:
    """Number of elements."""
    return p.build.size(product(p.build, p.value(item).type.shape))


@attribute(Array, "dtype")
def dtype(p: Parser, item: Abstract) -> Known:
    """Type of the elements, known while parsing."""
    return Known(np.dtype(p.value(item).type.dtype))


@attribute(Array, "T")
def transpose(p: Parser, item: Abstract) -> Abstract:
    """The array with its axes reversed, as a view."""
    rank = p.value(item).type.rank
    return transposed(p, item, tuple(reversed(range(rank))))


@attribute(Array, "real")
def real(p: Parser, item: Abstract) -> Abstract:
    """All numbers are real here."""
    return item
