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
from symdiff.frontend.abstract import Abstract, Array, Complex, DictObject, Known, ListObject, Tuple, View
from symdiff.frontend.complex_values import arithmetic_of
from symdiff.frontend.core import Parser, is_array_like
from symdiff.frontend.extending import concatenated, is_long, repeated_list
from symdiff.frontend.optional import none_counts, without_none
from symdiff.frontend.signals import Unknown
from symdiff.frontend.special_methods import binary_method, method_of
from symdiff.frontend.tables import expression
from symdiff.ir.graph import Value

__all__ = ["COMPARISONS", "IN_PYTHON", "OPERATORS", "binary", "unary"]

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
IN_PYTHON: dict[str, Callable[[Any, Any], Any]] = {
    **FOLDED,
    "divide": operator.truediv,
    "matmul": operator.matmul,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "left_shift": operator.lshift,
    "right_shift": operator.rshift,
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
UNARY: dict[type[ast.unaryop], str] = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}
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
    if none_counts(p, [a, b]):
        return without_none(p, [a, b], lambda items: _binary(p, name, *items), IN_PYTHON[name])
    return _binary(p, name, a, b)


def _binary(p: Parser, name: str, a: Abstract, b: Abstract) -> Abstract:
    special = binary_method(p, name, a, b)
    if special is None:
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
    folded = fold(p, name, a, b)
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


def fold(p: Parser, name: str, a: Value, b: Value) -> Value | None:
    """The result of an operator or a comparison whose operands are known; None where it is run-time data."""
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
    if isinstance(a, Known) and isinstance(a.object, tuple | list | dict):
        a = p.resolver.materialise(p.build, a)
    if isinstance(b, Known) and isinstance(b.object, tuple | list | dict):
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
    if name == "bitwise_or" and isinstance(a, DictObject) and isinstance(b, DictObject):
        return DictObject({**p.memory.content(a), **p.memory.content(b)}, factory=a.factory)
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
    if none_counts(p, [item]):
        in_python = getattr(operator, UNARY[type(node.op)])
        return without_none(p, [item], lambda items: _signed(p, node, items[0]), in_python)
    return _signed(p, node, item)


def _signed(p: Parser, node: ast.UnaryOp, item: Abstract) -> Abstract:
    if isinstance(item, Complex):
        return _complex_unary(p, node, item)
    special = UNARY[type(node.op)]
    if method_of(item, special) is not None:
        return p.call(p.attribute(item, special), [], {})
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
