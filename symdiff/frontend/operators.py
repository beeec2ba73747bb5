"""Operators on abstracts: numbers and arrays make nodes, tuples, lists and known objects are computed at once."""

from __future__ import annotations

import ast
import math
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError, LocatedValueError
from symdiff.frontend import library
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Closure,
    Complex,
    DictObject,
    Instance,
    Known,
    ListObject,
    Range,
    Record,
    Tuple,
    View,
)
from symdiff.frontend.complex_values import arithmetic_of, compared_parts
from symdiff.frontend.core import Parser, is_array_like
from symdiff.frontend.extending import concatenated, is_long, repeated_list
from symdiff.frontend.rows import Rows
from symdiff.frontend.signals import Unknown
from symdiff.frontend.tables import expression
from symdiff.ir.graph import Value

__all__ = ["COMPARISONS", "OPERATORS", "binary", "compare", "truth", "unary"]

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
    ast.Pow: "power",
    ast.MatMult: "matmul",
    ast.BitAnd: "bitwise_and",
    ast.BitOr: "bitwise_or",
    ast.BitXor: "bitwise_xor",
    ast.LShift: "left_shift",
    ast.RShift: "right_shift",
}
FOLDED: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "remainder": "%",
    "power": "**",
    "matmul": "@",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}


def binary(p: Parser, name: str, a: Abstract, b: Abstract) -> Abstract:
    """``a op b``."""
    special = _containers(p, name, a, b)
    if special is not None:
        return special
    if is_array_like(a) and isinstance(b, Tuple | ListObject):
        b = as_array(p, b)
    elif is_array_like(b) and isinstance(a, Tuple | ListObject):
        a = as_array(p, a)
    if isinstance(a, Complex) or isinstance(b, Complex):
        return arithmetic_of(p, name, a, b)
    left, right = _operand(p, name, a, b), _operand(p, name, b, a)
    return p.wrap(arithmetic(p, name, left, right))


def _types(*items: Abstract) -> bool:
    """Whether they make a union of types, as `isinstance` takes it: ``int | None``."""
    found = [item.object for item in items if isinstance(item, Known)]
    kinds = [one for one in found if isinstance(one, type | types.UnionType)]
    return len(found) == len(items) and bool(kinds) and len(kinds) + found.count(None) == len(items)


def as_array(p: Parser, item: Abstract) -> Abstract:
    """What NumPy makes of a tuple or list beside an array."""
    return p.call(Known(np.array), [item], {})


def _operand(p: Parser, name: str, item: Abstract, other: Abstract) -> Value:
    if not isinstance(item, Value | Array | View):
        symbol = SYMBOLS.get(name, name)
        p.refuse(LocatedTypeError, f"unsupported operand of {symbol}: {p.describe(item)}")
    return p.value(item)


def arithmetic(p: Parser, name: str, a: Value, b: Value) -> Value:
    """An operator on two operands of the graph; Python ints that are known are computed at once."""
    if name in ("left_shift", "right_shift"):
        return _shifted(p, name, a, b)
    folded = _fold(p, name, a, b)
    if folded is not None:
        return folded
    if name == "power":
        return _power(p, a, b)
    if name == "matmul":
        return p.emit("matmul", a, b)
    return p.emit(name, a, b)


def _shifted(p: Parser, name: str, a: Value, b: Value) -> Value:
    """Python's ints are multiplied or divided by a power of two, which tells when the result does not fit."""
    if a.type.is_float or b.type.is_float:
        p.refuse(LocatedTypeError, f"unsupported operand of {'<<' if name == 'left_shift' else '>>'}: a float")
    if a.type.kind == b.type.kind == "python":
        p.call(Known(library.require_no_negative_shift), [b], {})
        power = arithmetic(p, "power", p.constant(2), b)
        return arithmetic(p, "multiply" if name == "left_shift" else "floor_divide", a, power)
    return p.value(p.call(Known(getattr(np, name)), [p.wrap(a), p.wrap(b)], {}))


def _fold(p: Parser, name: str, a: Value, b: Value) -> Value | None:
    first, second = p.build.constant_of(a), p.build.constant_of(b)
    if name in COMPARISONS.values() and isinstance(first, int | float) and isinstance(second, int | float):
        return p.constant(bool(FOLDED[name](first, second)))
    if not isinstance(first, int) or not isinstance(second, int) or name not in FOLDED:
        return None
    if (name in ("floor_divide", "remainder") and second == 0) or (name == "power" and not 0 <= second <= 64):
        return None
    result = FOLDED[name](first, second)
    return p.constant(result) if abs(result) < 2**63 else None


def _power(p: Parser, a: Value, b: Value) -> Value:
    """A Python int to a negative power is a float."""
    exponent = p.build.constant_of(b)
    if a.type.kind == b.type.kind == "python" and not a.type.is_float and not b.type.is_float:
        if exponent is not None and exponent < 0:
            a = p.emit("convert", a, dtype="float64", kind="python")
    elif exponent is not None and not a.type.is_float and not b.type.is_float and exponent < 0:
        p.refuse(LocatedValueError, "Integers to negative integer powers are not allowed.", "use a float base")
    if not a.type.kind == b.type.kind == "python":
        check_exponent(p, a, b)
    return p.emit("power", a, b)


def check_exponent(p: Parser, a: Value, b: Value) -> None:
    """NumPy's integers have no negative powers."""
    if a.type.is_float or b.type.is_float or b.type.dtype == "bool" or p.build.constant_of(b) is not None:
        return
    p.call(Known(library.require_exponent), [p.wrap(b)], {})


def _containers(p: Parser, name: str, a: Abstract, b: Abstract) -> Abstract | None:
    """Concatenation and repetition of tuples and lists, and operators on known objects such as strings."""
    if isinstance(a, Known) and isinstance(a.object, tuple | list):
        a = p.resolver.materialise(p.build, a)
    if isinstance(b, Known) and isinstance(b.object, tuple | list):
        b = p.resolver.materialise(p.build, b)
    if name == "add" and isinstance(a, Tuple) and isinstance(b, Tuple):
        return Tuple((*a.items, *b.items))
    if name == "add" and isinstance(a, ListObject) and isinstance(b, ListObject):
        return concatenated(p, a, b)
    if name == "multiply":
        for items, count in ((a, b), (b, a)):
            if isinstance(items, Tuple | ListObject) and isinstance(count, Value) and count.type.is_integer:
                if count.type.kind != "python":
                    return None
                if isinstance(items, ListObject) and is_long(p, items, count):
                    return repeated_list(p, items, count)
                times = p.static(count, "how often a tuple or list is repeated")
                repeated = p.items(items) * times
                return Tuple(repeated) if isinstance(items, Tuple) else ListObject(repeated)
    if name == "bitwise_or" and _types(a, b):
        return Known(p.known(a) | p.known(b))
    if isinstance(a, Known) and isinstance(a.object, str):
        try:
            return Known(
                {"add": operator.add, "remainder": operator.mod, "multiply": operator.mul}[name](a.object, p.known(b))
            )
        except (Unknown, KeyError, TypeError):
            p.unsupported("computing a string from run-time values is not supported")
    return None


# -- unary -------------------------------------------------------------------------------------------------------------


@expression(ast.UnaryOp)
def unary(p: Parser, node: ast.UnaryOp) -> Abstract:
    """``-a``, ``+a``, ``~a`` and ``not a``."""
    if isinstance(node.op, ast.Not):
        return p.condition(node)
    if (
        isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
        and isinstance(node.operand.value, int | float)
    ):
        if node.operand.value == 0 and isinstance(node.operand.value, int):
            return p.constant(0)
        return p.constant(-node.operand.value)
    item = p.evaluate(node.operand)
    p.at(node)
    if isinstance(item, Complex):
        return _complex_unary(p, node, item)
    value = _operand(p, "-", item, item)
    if isinstance(node.op, ast.Invert):
        if value.type.dtype == "bool" and value.type.kind == "python":
            p.unsupported("'~' of a bool is not its negation", "use 'not'")
        return p.wrap(p.emit("bitwise_not", value))
    known = p.build.constant_of(value)
    negate = isinstance(node.op, ast.USub)
    if type(known) in (int, bool) or known == math.inf:  # an order of a norm, or a bound, is often -np.inf
        return p.constant(-known if negate else +known)  # type: ignore[operator]
    if value.type.dtype == "bool" and value.type.kind != "python":
        p.refuse(
            LocatedTypeError, "NumPy does not negate truth values with '-'", "use '~', or convert with .astype(float)"
        )
    return p.wrap(p.emit("negative" if negate else "positive", value))


def _complex_unary(p: Parser, node: ast.UnaryOp, item: Complex) -> Abstract:
    if isinstance(node.op, ast.Invert):
        p.refuse(LocatedTypeError, "bad operand type for unary ~: 'complex'")
    return p.call(Known(operator.neg), [item], {}) if isinstance(node.op, ast.USub) else item


# -- comparison --------------------------------------------------------------------------------------------------------


def compare(p: Parser, op: ast.cmpop, a: Abstract, b: Abstract) -> Abstract:
    """``a op b``, one link of a chain."""
    if isinstance(op, ast.Is | ast.IsNot):
        return p.constant(_is(p, a, b) is isinstance(op, ast.Is))
    if isinstance(op, ast.In | ast.NotIn):
        found = _contains(p, b, a)
        return logical_not(p, found) if isinstance(op, ast.NotIn) else found
    name = COMPARISONS[type(op)]
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


def binary_comparison(p: Parser, name: str, a: Abstract, b: Abstract) -> Abstract:
    """An elementwise comparison."""
    return p.wrap(compared(p, name, p.value(a), p.value(b)))


def compared(p: Parser, name: str, a: Value, b: Value) -> Value:
    """A comparison of operands of the graph."""
    folded = _fold(p, name, a, b)
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
    return bool(a is b)


def _contains(p: Parser, container: Abstract, item: Abstract) -> Value:
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


# -- truth -------------------------------------------------------------------------------------------------------------


def truth(p: Parser, item: Abstract) -> Value:
    """``bool(item)``."""
    match item:
        case Value():
            return _number_truth(p, item)
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
