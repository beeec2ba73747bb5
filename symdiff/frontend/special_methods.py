"""Operators of objects: the special methods of their classes, looked up and tried in the order of Python."""

from __future__ import annotations

import types
from typing import Any

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, Instance, Known, Record, Tuple
from symdiff.frontend.core import Parser

__all__ = ["binary_method", "in_place_method", "method_of"]

METHODS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "truediv",
    "floor_divide": "floordiv",
    "remainder": "mod",
    "power": "pow",
    "matmul": "matmul",
    "bitwise_and": "and",
    "bitwise_or": "or",
    "bitwise_xor": "xor",
    "left_shift": "lshift",
    "right_shift": "rshift",
}
COMPARISONS = {
    "less": ("__lt__", "__gt__"),
    "less_equal": ("__le__", "__ge__"),
    "greater": ("__gt__", "__lt__"),
    "greater_equal": ("__ge__", "__le__"),
    "equal": ("__eq__", "__eq__"),
    "not_equal": ("__ne__", "__ne__"),
}


def method_of(item: Abstract, name: str) -> Any:
    """The special method that the class of an object has from its source; None for numbers, arrays and so on."""
    cls = _class(item)
    found = getattr(cls, name, None) if cls is not None else None
    # what dataclasses and tuples have by themselves is known to the compiler
    return found if isinstance(found, types.FunctionType) and found.__code__.co_filename != "<string>" else None


def _class(item: Abstract) -> type | None:
    match item:
        case Record(cls=cls) | Instance(cls=cls) | Tuple(cls=cls):
            return cls
        case Known(object=found) if not isinstance(found, type | types.ModuleType | types.FunctionType):
            return type(found)
    return None


def binary_method(p: Parser, name: str, a: Abstract, b: Abstract) -> Abstract | None:
    """``a op b`` by a method of a or b; None where neither has one."""
    method, reflected = COMPARISONS[name] if name in COMPARISONS else (f"__{METHODS[name]}__", f"__r{METHODS[name]}__")
    attempts = [(a, b, method), (b, a, reflected)]
    first, second = _class(a), _class(b)
    if first is second and name in METHODS:
        attempts.pop()
    elif first is not None and second is not None and issubclass(second, first):
        attempts.reverse()
    tried = [(owner, other, called) for owner, other, called in attempts if method_of(owner, called) is not None]
    for owner, other, called in tried:
        found = p.call(p.attribute(owner, called), [other], {})
        if not (isinstance(found, Known) and found.object is NotImplemented):
            return found
    if tried and name not in ("equal", "not_equal"):
        p.refuse(LocatedTypeError, f"unsupported operand types: {p.describe(a)} and {p.describe(b)}")
    return None


def in_place_method(p: Parser, name: str, old: Abstract, value: Abstract) -> Abstract | None:
    """``old op= value`` by a method that changes the object; None where its class has none."""
    called = f"__i{METHODS[name]}__"
    return p.call(p.attribute(old, called), [value], {}) if method_of(old, called) is not None else None
