"""Names without a value on some path: what stands in their place, so that paths can meet.

A name that only one of two paths assigns becomes a `Maybe`: a truth value that says whether it is bound, and a value
of its type. Reading it asks for the truth value; where the paths that read are those that assign, the answer is yes.
"""

from __future__ import annotations

from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Closure,
    Complex,
    DictObject,
    Instance,
    Known,
    ListObject,
    Marker,
    Maybe,
    Optional,
    Record,
    Tuple,
    View,
)
from symdiff.frontend.core import Parser
from symdiff.frontend.rows import Rows
from symdiff.frontend.scope import Scope
from symdiff.ir.graph import Type, Value

__all__ = ["is_absent", "placeholder"]


def is_absent(item: Abstract | None) -> bool:
    """Whether a name has no value, rather than one that cannot be read."""
    return item is None or (isinstance(item, Marker) and issubclass(item.error, UnboundLocalError))


def placeholder(p: Parser, item: Abstract, scope: Scope) -> Abstract | None:
    """Something of the type of an item, built in another block; None where nothing is of its type there."""
    match item:
        case Value() if not item.type.is_array:
            return _zero(p, item.type, scope)
        case Array() | View():
            return _zeros(p, item, scope)
        case Tuple():
            parts = [placeholder(p, part, scope) for part in item.items]
            return None if None in parts else Tuple(tuple(parts), item.cls)
        case Record():
            found = {name: placeholder(p, part, scope) for name, part in item.fields.items()}
            return None if None in found.values() else Record(item.cls, found)
        case DictObject() | Instance():
            found = {name: placeholder(p, part, scope) for name, part in p.memory.content(item).items()}
            if None in found.values():
                return None
            return Instance(item.cls, found) if isinstance(item, Instance) else DictObject(found)
        case ListObject() if not isinstance(p.memory.content(item), Rows):
            parts = [placeholder(p, part, scope) for part in p.memory.content(item)]
            return None if None in parts else ListObject(tuple(parts))
        case Known() | Closure():
            return item
        case Complex():
            re, im = placeholder(p, item.re, scope), placeholder(p, item.im, scope)
            return None if re is None or im is None else Complex(re, im)
        case Optional():
            return Known(None)
        case Maybe():
            return placeholder(p, item.item, scope)
    return None


def _zero(p: Parser, type_: Type, scope: Scope) -> Value:
    with p.inside(scope):
        if type_.kind == "python":
            return p.constant({"bool": False, "int64": 0}.get(type_.dtype, 0.0))
        return p.emit("convert", p.constant(0), dtype=type_.dtype, kind="numpy")


def _zeros(p: Parser, array: Array | View, scope: Scope) -> Array | None:
    type_ = p.read(array).type
    if not type_.shape:
        return Array(_zero(p, Type(type_.dtype, (), "numpy"), scope), contiguous=True)
    shape = tuple(p.build.hoist(dim) for dim in type_.shape)
    if not all(scope.sees(dim) for dim in shape):
        return None
    with p.inside(scope):
        zero = p.constant(False if type_.dtype == "bool" else 0.0 if type_.is_float else 0)
        return Array(p.emit("full", zero, shape=shape, dtype=type_.dtype), contiguous=True)
