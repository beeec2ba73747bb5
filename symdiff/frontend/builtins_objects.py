"""Python's built-in functions that ask about objects: their classes and attributes."""

from __future__ import annotations

import functools

import numpy as np

from symdiff.frontend.abstract import (
    Abstract,
    Array,
    BoundMethod,
    Closure,
    Complex,
    DictObject,
    Instance,
    Known,
    ListObject,
    PartialCall,
    Range,
    Record,
    Slice,
    Tuple,
    View,
)
from symdiff.frontend.core import Parser
from symdiff.frontend.tables import function
from symdiff.ir.graph import Value


@function(isinstance)
def is_instance(p: Parser, item: Abstract, classes: Abstract) -> Value:
    """Decided while parsing."""
    found = p.known(classes) if not isinstance(classes, Tuple) else tuple(p.known(c) for c in classes.items)
    return p.constant(issubclass(_class_of(p, item), found))


@function(type)
def type_of(p: Parser, item: Abstract) -> Known:
    """The class, known while parsing."""
    return Known(_class_of(p, item))


def _class_of(p: Parser, item: Abstract) -> type:
    match item:
        case Value():
            if item.type.kind == "python":
                return {"float64": float, "int64": int, "bool": bool}[item.type.dtype]
            return np.dtype(item.type.dtype).type
        case Complex(re=Value()):
            return complex if item.re.type.kind == "python" else np.result_type(item.re.type.dtype, np.complex64).type
        case Array() | View() | Complex():
            return np.ndarray
        case Tuple(cls=cls):
            return cls or tuple
        case ListObject():
            return list
        case DictObject():
            return dict
        case Record(cls=cls) | Instance(cls=cls):
            return cls
        case Known():
            return type(item.object)
        case Closure() | PartialCall() | BoundMethod():
            return type(_class_of)
        case Range():
            return range
        case Slice():
            return slice
    p.unsupported(f"the type of {p.describe(item)} is not known")


@function(callable)
def is_callable(p: Parser, item: Abstract) -> Value:
    """Decided while parsing."""
    if isinstance(item, Known):
        return p.constant(callable(item.object))
    return p.constant(isinstance(item, Closure | PartialCall | BoundMethod))


@function(getattr)
def get_attribute(p: Parser, owner: Abstract, name: Abstract, default: Abstract | None = None) -> Abstract:
    """``getattr(owner, "name")``."""
    found = p.static(name, "the name of an attribute")
    if default is not None and not p.decided(has_attribute(p, owner, name)):
        return default
    return p.attribute(owner, found)


@function(hasattr)
def has_attribute(p: Parser, owner: Abstract, name: Abstract) -> Value:
    """Decided while parsing."""
    found = p.static(name, "the name of an attribute")
    if isinstance(owner, Known):
        return p.constant(hasattr(owner.object, found))
    if isinstance(owner, Record):
        return p.constant(found in owner.fields or hasattr(owner.cls, found))
    return p.constant(hasattr(_class_of(p, owner), found))


@function(functools.partial)
def partial(p: Parser, target: Abstract, *args: Abstract, **kwargs: Abstract) -> PartialCall:
    """``functools.partial`` made inside the function."""
    return PartialCall(target, args, kwargs)
