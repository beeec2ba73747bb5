"""Comparisons, ``in`` and ``is``, and what counts as true."""

from __future__ import annotations

import ast

import numpy as np

from symdiff.errors import LocatedTypeError, LocatedValueError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Closure,
    Complex,
    DictObject,
    Instance,
    Known,
    ListObject,
    Optional,
    Range,
    Record,
    Tuple,
    View,
    is_none,
)
from symdiff.frontend.complex_values import compared_parts
from symdiff.frontend.core import Parser, is_array_like
from symdiff.frontend.operators import COMPARISONS, FOLDED, IN_PYTHON, SYMBOLS, as_array, fold
from symdiff.frontend.optional import may_be_none, never_none, none_counts, without_none
from symdiff.frontend.rows import Rows
from symdiff.frontend.special_methods import binary_method, method_of
from symdiff.ir.graph import Value

__all__ = ["compare", "truth"]


def compare(p: Parser, op: ast.cmpop, a: Abstract, b: Abstract) -> Abstract:
    """``a op b``, one link of a chain."""
    ordered = isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) and none_counts(p, [a, b])
    if (ordered or may_be_none([a, b])) and not isinstance(op, ast.In | ast.NotIn):
        return _compare_optional(p, op, a, b)
    return _compare(p, op, a, b)


def _compare(p: Parser, op: ast.cmpop, a: Abstract, b: Abstract) -> Abstract:
    if isinstance(op, ast.Is | ast.IsNot):
        return p.constant(_is(p, a, b) is isinstance(op, ast.Is))
    if isinstance(op, ast.In | ast.NotIn):
        found = _contains(p, b, a)
        return logical_not(p, found) if isinstance(op, ast.NotIn) else found
    name = COMPARISONS[type(op)]
    special = binary_method(p, name, a, b)
    if special is not None:
        return special
    numbers = Value | Array | View
    if isinstance(a, Complex | numbers) and isinstance(b, Complex | numbers) and Complex in (type(a), type(b)):
        return p.wrap(compared_parts(p, name, a, b))
    if isinstance(a, numbers) and isinstance(b, numbers):
        return p.wrap(compared(p, name, p.value(a), p.value(b)))
    if is_array_like(a) and isinstance(b, Tuple | ListObject):
        return binary_comparison(p, name, a, as_array(p, b))
    if is_array_like(b) and isinstance(a, Tuple | ListObject):
        return binary_comparison(p, name, as_array(p, a), b)
    if name in ("equal", "not_equal"):
        return _equal(p, name, a, b)
    if isinstance(a, Known) and isinstance(b, Known):
        try:
            return p.constant(bool(FOLDED[name](a.object, b.object)))
        except TypeError as error:
            p.refuse(LocatedTypeError, str(error))
    p.refuse(LocatedTypeError, f"'{SYMBOLS[name]}' is not supported between {p.describe(a)} and {p.describe(b)}")


def _compare_optional(p: Parser, op: ast.cmpop, a: Abstract, b: Abstract) -> Abstract:
    """A comparison of what may be None; with None itself it is known to be."""
    if isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq) and (is_none(a) or is_none(b)):
        none = (b if is_none(a) else a).none
        return none if isinstance(op, ast.Is | ast.Eq) else logical_not(p, none)
    in_python = IN_PYTHON.get(COMPARISONS.get(type(op), ""))
    return without_none(p, [a, b], lambda items: _compare(p, op, *items), in_python)


def binary_comparison(p: Parser, name: str, a: Abstract, b: Abstract) -> Abstract:
    """An elementwise comparison."""
    return p.wrap(compared(p, name, p.value(a), p.value(b)))


def compared(p: Parser, name: str, a: Value, b: Value) -> Value:
    """A comparison of operands of the graph."""
    folded = fold(p, name, a, b)
    if folded is not None:
        return folded
    if a is b and not a.type.is_float and not a.type.shape and a.type.kind == "python":
        return p.constant(name in ("equal", "less_equal", "greater_equal"))
    return p.emit(name, a, b)


def _equal(p: Parser, name: str, a: Abstract, b: Abstract) -> Value:
    """``==`` and ``!=`` where an operand is no number: decided now, item by item for tuples and lists."""
    if isinstance(a, Tuple | ListObject) and type(a) is type(b):
        left, right = p.items(a), p.items(b)
        same = p.constant(len(left) == len(right))
        if len(left) == len(right):
            for x, y in zip(left, right, strict=True):
                same = both(p, same, p.truth(compare(p, ast.Eq(), x, y)))
        return same if name == "equal" else logical_not(p, same)
    if isinstance(a, Known) and isinstance(b, Known):
        return p.constant(bool(a.object == b.object) is (name == "equal"))
    if isinstance(a, Known | Closure) or isinstance(b, Known | Closure):
        return p.constant(name != "equal")
    p.unsupported(f"comparing {p.describe(a)} with {p.describe(b)} is not supported")


def both(p: Parser, a: Value, b: Value) -> Value:
    """``a and b`` of truth values, known ones computed at once."""
    first, second = p.decided(a), p.decided(b)
    if first is not None:
        return b if first else a
    if second is not None:
        return a if second else b
    return p.emit("logical_and", a, b)


def logical_not(p: Parser, a: Abstract) -> Value:
    """``not a`` of a truth value."""
    value = p.value(a)
    decided = p.decided(value)
    if decided is not None:
        return p.constant(not decided)
    return p.emit("logical_not", value, kind="python")


def _is(p: Parser, a: Abstract, b: Abstract) -> bool:
    if isinstance(a, Known) and isinstance(b, Known):
        return bool(a.object is b.object)
    constants = [p.build.constant_of(x) if isinstance(x, Value) else None for x in (a, b)]
    if all(isinstance(c, bool) for c in constants):
        return constants[0] is constants[1]
    if isinstance(a, Known) or isinstance(b, Known):
        return False
    if isinstance(a, Value) and isinstance(b, Value):
        p.unsupported("'is' between numbers has no defined result", "compare with '=='")
    containers = ListObject | DictObject | Instance
    if a is not b and isinstance(a, containers) and isinstance(b, containers) and p.memory.twice & {a, b}:
        p.unsupported("whether these are one object depends on the path taken", "compare what they hold")
    return bool(a is b)


def _contains(p: Parser, container: Abstract, item: Abstract) -> Value:
    container = never_none(p, container, lambda none: 0 in none)
    if isinstance(container, DictObject) or (isinstance(container, Known) and isinstance(container.object, dict)):
        keys = container.object if isinstance(container, Known) else p.memory.content(container)
        if isinstance(container, Known):
            p.resolver.guard(container.path, tuple(keys), "keys")
        return p.constant(p.static(item, "a key") in keys)
    if isinstance(container, Known) and isinstance(container.object, str):
        return p.constant(p.static(item, "a part of a string") in container.object)
    if isinstance(container, Known) and isinstance(container.object, set | frozenset):
        p.resolver.guard(container.path, container.object.copy(), "equal")
        return p.constant(p.static(item, "what a set may hold") in container.object)
    if isinstance(container, Range):
        p.unsupported("'in' with a range is not supported", "compare with its bounds")
    if isinstance(container, Array | View):
        return p.value(p.call(Known(np.any), [compare(p, ast.Eq(), container, item)], {}))
    result = p.constant(False)
    for member in p.items(container):
        found = p.truth(compare(p, ast.Eq(), item, member))
        if p.decided(found):
            return p.constant(True)
        if p.decided(found) is None:
            result = found if p.decided(result) is False else p.emit("logical_or", result, found)
    return result


def truth(p: Parser, item: Abstract) -> Value:
    """``bool(item)``."""
    match item:
        case Value():
            return _number_truth(p, item)
        case Optional():
            return both(p, logical_not(p, item.none), truth(p, item.item))
        case Complex():
            return truth(p, compare(p, ast.NotEq(), item, p.constant(0.0)))
        case Array() | View():
            value = p.read(item)
            if value.type.shape:
                p.refuse(
                    LocatedValueError,
                    "the truth value of an array is ambiguous",
                    "use np.any or np.all, or compare one element; np.where chooses element by element",
                )
            return _number_truth(p, value)
        case Tuple():
            return p.constant(bool(item.items))
        case ListObject() if isinstance(p.memory.content(item), Rows):
            return compared(p, "greater", p.build.size(p.memory.content(item).count), p.constant(0))
        case ListObject() | DictObject():
            return p.constant(bool(p.memory.content(item)))
        case Known(object=tuple() | list() | dict()):
            p.resolver.guard(item.path, len(item.object), "len")
            return p.constant(bool(item.object))
        case Known():
            return p.constant(bool(item.object))
        case Record() | Instance() if method_of(item, "__bool__") is not None:
            return truth(p, p.call(p.attribute(item, "__bool__"), [], {}))
        case Record() | Instance() if method_of(item, "__len__") is not None:
            return truth(p, p.call(p.attribute(item, "__len__"), [], {}))
        case Record(cls=cls) | Instance(cls=cls) if hasattr(cls, "__bool__") or hasattr(cls, "__len__"):
            p.unsupported(f"the truth value of {p.describe(item)} is not supported")
    return p.constant(True)


def _number_truth(p: Parser, value: Value) -> Value:
    known = p.build.constant_of(value)
    if known is not None:
        return p.constant(bool(known))
    if value.type.dtype == "bool":
        return value
    return p.emit("not_equal", value, p.constant(0.0 if value.type.is_float else 0))
