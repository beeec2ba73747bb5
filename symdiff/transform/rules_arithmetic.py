"""Rules of arithmetic, of choices and of constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.ir.graph import CONSTANT, Value
from symdiff.ops.primitive import numeric_attrs
from symdiff.transform.rules import DERIVATIVE, EXACT, STABLE, Match, Rule, other

__all__ = ["ARITHMETIC"]


def _is_float(value: Value) -> bool:
    return value.type.is_float


def _identity(m: Match) -> Value:
    return m.inputs[0]


# -- neutral elements --------------------------------------------------------------------------------------------------


def _divide_by_one(m: Match) -> Value | None:
    return m.inputs[0] if m.is_number(m.inputs[1], 1.0) else None


def _subtract_zero(m: Match) -> Value | None:
    return m.inputs[0] if m.is_number(m.inputs[1], 0.0) else None


def _add_zero(m: Match) -> Value | None:
    return other(m, 0.0)


def _zero_minus(m: Match) -> Value | None:
    if _is_float(m.node.output) and (m.is_number(m.inputs[0], 0.0) or m.is_number(m.inputs[0], -0.0)):
        return m.new("negative", m.inputs[1])
    return None


def _add_int_zero(m: Match) -> Value | None:
    return other(m, 0.0) if m.node.output.type.is_integer else None


# -- overflow ----------------------------------------------------------------------------------------------------------


def _logistic(m: Match) -> Value | None:
    """The derivative of ``1 / (1 + exp(u))`` and ``log1p(exp(u))``: as it comes, inf / inf where exp overflows."""
    for quotient, power in (m.inputs, m.inputs[::-1]):
        parts = m.operands(quotient, "divide")
        terms = m.operands(parts[1], "add") if parts else None
        if parts is None or terms is None or m.operands(power, "exp") is None or power not in terms:
            continue
        one = terms[0] if terms[1] is power else terms[1]
        like = m.node.output
        if m.is_number(one, 1.0) and power.type.shape == like.type.shape and like.type.kind == "numpy":
            inverse = m.new("divide", m.constant(1.0), power, attrs={"kind": "numpy"}, like=like)
            return m.new("divide", parts[0], m.new("add", m.constant(1.0), inverse, like=like), attrs={"kind": "numpy"})
    return None


# -- signs -------------------------------------------------------------------------------------------------------------


def _negated(m: Match, value: Value) -> Value | None:
    """What a float is the negation of."""
    found = m.operands(value, "negative")
    return found[0] if found and _is_float(value) else None


def _double_negative(m: Match) -> Value | None:
    return _negated(m, m.inputs[0])


def _is_product(m: Match, value: Value) -> bool:
    """Whether an addition of this value may be fused with the product it is; a rule must not change that."""
    return m.operands(value, "multiply") is not None


def _subtract_negative(m: Match) -> Value | None:
    a, b = m.inputs
    positive = _negated(m, b)
    return m.new("add", a, positive) if positive is not None and not _is_product(m, positive) else None


def _add_negative(m: Match) -> Value | None:
    a, b = m.inputs
    if (positive := _negated(m, b)) is not None and not _is_product(m, positive):
        return m.new("subtract", a, positive)
    if (positive := _negated(m, a)) is not None and not _is_product(m, positive):
        return m.new("subtract", b, positive)
    return None


def _subtract_negative_product(m: Match) -> Value | None:
    a, b = m.inputs
    positive = _negated(m, b)
    return m.new("add", a, positive) if positive is not None else None


def _add_negative_product(m: Match) -> Value | None:
    a, b = m.inputs
    if (positive := _negated(m, b)) is not None:
        return m.new("subtract", a, positive)
    return m.new("subtract", b, positive) if (positive := _negated(m, a)) is not None else None


def _minus_one(m: Match) -> Value | None:
    value = other(m, -1.0) if m.node.op.name == "multiply" else _quotient_by_minus_one(m)
    return m.new("negative", value) if value is not None and _is_float(value) else None


def _quotient_by_minus_one(m: Match) -> Value | None:
    return m.inputs[0] if m.is_number(m.inputs[1], -1.0) else None


def _negated_factor(m: Match) -> Value | None:
    """The sign moves out of a product or quotient, or into its constant."""
    a, b = m.inputs
    name = m.node.op.name
    for value, beside, first in ((a, b, True), (b, a, False)):
        positive = _negated(m, value)
        number = m.number(beside)
        if positive is None or not (_is_float(beside) or type(number) is int):
            continue
        if type(number) in (int, float) and not beside.type.shape:
            opposite = m.constant(-number)
            return m.new(name, *((positive, opposite) if first else (opposite, positive)))
        if not m.only_here(value):
            continue
        inner = m.new(name, *((positive, beside) if first else (beside, positive)), like=m.node.output)
        return m.new("negative", inner)
    return None


def _negated_constant_product(m: Match) -> Value | None:
    inputs = m.operands(m.inputs[0], "multiply")
    if inputs is None or not m.only_here(m.inputs[0]) or not _is_float(m.node.output):
        return None
    for k, value in enumerate(inputs):
        number = m.number(value)
        if type(number) in (int, float) and not value.type.shape:
            opposite = m.constant(-number)
            return m.new("multiply", *(opposite if j == k else v for j, v in enumerate(inputs)))
    return None


def _negated_difference(m: Match) -> Value | None:
    inputs = m.operands(m.inputs[0], "subtract")
    fits = inputs and m.only_here(m.inputs[0]) and _is_float(m.node.output)
    return m.new("subtract", inputs[1], inputs[0]) if inputs and fits else None


def _even(m: Match) -> Value | None:
    positive = _negated(m, m.inputs[0])
    return m.new(m.node.op.name, positive) if positive is not None else None


def _product_of_negatives(m: Match) -> Value | None:
    a, b = (_negated(m, v) for v in m.inputs)
    return m.new(m.node.op.name, a, b) if a is not None and b is not None else None


# -- powers ------------------------------------------------------------------------------------------------------------


def _power(exponent: float, make: Callable[[Match, Value], Value]) -> Callable[[Match], Value | None]:
    """A power with a known exponent. A power of Python floats fails where it overflows, and is left."""

    def apply(m: Match) -> Value | None:
        base, given = m.inputs
        fits = base.type == m.node.output.type and _is_float(base) and not given.type.shape
        safe = m.node.output.type.kind == "numpy" or bool(m.node.attrs.get("unchecked"))
        return make(m, base) if fits and (safe or exponent == 1) and m.is_number(given, exponent) else None

    return apply


def _reciprocal(m: Match, base: Value) -> Value:
    return m.new("divide", m.constant(1.0), base)


# -- choices -----------------------------------------------------------------------------------------------------------


def _same_arms(m: Match) -> Value | None:
    _, a, b = m.inputs
    if a is b:
        return a
    x, y = m.number(a), m.number(b)
    alike = x is not None and type(x) is type(y) and repr(x) == repr(y)
    return a if alike and a.type == m.node.output.type else None


def _known_condition(m: Match) -> Value | None:
    condition, a, b = m.inputs
    known = m.number(condition)
    return None if known is None else (a if known else b)


def _negated_condition(m: Match) -> Value | None:
    condition, a, b = m.inputs
    found = m.operands(condition, "logical_not")
    return m.new("where", found[0], b, a) if found and found[0].type.dtype == "bool" else None


def _repeated_condition(m: Match) -> Value | None:
    condition, a, b = m.inputs
    same = [v.type.dtype == m.node.output.type.dtype for v in (a, b)]
    inner = m.operands(a, "where")
    if inner and inner[0] is condition and same[0]:
        return m.new("where", condition, inner[1], b)
    inner = m.operands(b, "where")
    return m.new("where", condition, a, inner[2]) if inner and inner[0] is condition and same[1] else None


def _is_truth(value: Value) -> bool:
    return value.type.dtype == "bool"


def _double_not(m: Match) -> Value | None:
    found = m.operands(m.inputs[0], "logical_not")
    return found[0] if found and _is_truth(found[0]) else None


def _known_logic(m: Match) -> Value | None:
    """``x and True``, ``x or False``, and an operand twice."""
    a, b = m.inputs
    neutral = m.node.op.name == "logical_and"
    if not (_is_truth(a) and _is_truth(b)):
        return None
    if a is b:
        return a
    for value, beside in ((a, b), (b, a)):
        known = m.number(value)
        if known is not None and bool(known) == neutral:
            return beside
        if known is not None and value.type == m.node.output.type:
            return value
    return None


def _twice(m: Match) -> Value | None:
    return m.inputs[0] if m.inputs[0] is m.inputs[1] else None


# -- constants ---------------------------------------------------------------------------------------------------------

# Correctly rounded, so that folding gives the bits that running would give.
FOLDED = (
    *("add", "subtract", "multiply", "divide", "negative", "positive", "absolute", "convert"),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "isnan", "isinf", "isfinite"),
    *("logical_and", "logical_or", "logical_not"),
)
# On floats the sign of a zero may differ.
FOLDED_INTEGERS = ("floor_divide", "remainder", "maximum", "minimum")


def _fold(m: Match) -> Value | None:
    made = [m.definitions.get(v) for v in m.inputs]
    if m.node.output.type.shape or not all(n is not None and n.op is CONSTANT for n in made):
        return None
    result = _computed(m, [n.attrs["value"] for n in made if n is not None])
    return None if result is None else m.constant(result)


def _fold_integers(m: Match) -> Value | None:
    return _fold(m) if m.node.output.type.is_integer else None


def _computed(m: Match, operands: list[Any]) -> Any:
    """The value of the node, in the form its type says; None where it fails or does not fit."""
    row: Any = m.node.op
    type_ = m.node.output.type
    attrs = numeric_attrs(m.node.attrs)
    scalar = row.scalar if type_.kind == "python" else None
    try:
        with np.errstate(all="ignore"):
            result = (scalar or row.numpy)(*operands, **attrs)
    except (ArithmeticError, ValueError):
        # it fails when it runs, at the user's line
        return None
    if type_.is_integer and not -(2**63) <= result < 2**63:
        return None
    if type_.is_float and not math.isfinite(result):
        # shown as the operation that made it, not as a literal that has no spelling
        return None
    if type_.kind == "python":
        return {"float64": float, "int64": int, "bool": bool}[type_.dtype](result)
    return np.dtype(type_.dtype).type(result)


ARITHMETIC: tuple[Rule, ...] = (
    Rule("fold", FOLDED, EXACT, "an operation on literals is a literal", _fold),
    Rule("fold integers", FOLDED_INTEGERS, EXACT, "an operation on integer literals is a literal", _fold_integers),
    Rule("times one", ("multiply",), EXACT, "x * 1 = x", lambda m: other(m, 1.0)),
    Rule("divided by one", ("divide",), EXACT, "x / 1 = x", _divide_by_one),
    Rule("plus negative zero", ("add",), EXACT, "x + -0.0 = x", lambda m: other(m, -0.0)),
    Rule("plus integer zero", ("add",), EXACT, "n + 0 = n", _add_int_zero),
    Rule("minus zero", ("subtract",), EXACT, "x - 0.0 = x", _subtract_zero),
    Rule("plus zero", ("add",), DERIVATIVE, "x + 0.0 = x", _add_zero),
    Rule("zero minus", ("subtract",), DERIVATIVE, "0.0 - x = -x", _zero_minus),
    Rule("unary plus", ("positive",), EXACT, "+x = x", _identity),
    Rule("minus minus", ("negative",), EXACT, "-(-x) = x", _double_negative),
    Rule("times minus one", ("multiply", "divide"), EXACT, "x * -1 = x / -1 = -x", _minus_one),
    Rule("product of negatives", ("multiply", "divide"), EXACT, "-x * -y = x * y", _product_of_negatives),
    Rule("subtract a negative", ("subtract",), EXACT, "x - -y = x + y", _subtract_negative),
    Rule("add a negative", ("add",), EXACT, "x + -y = x - y", _add_negative),
    Rule("subtract a negative product", ("subtract",), DERIVATIVE, "x - -(a*b) = x + a*b", _subtract_negative_product),
    Rule("add a negative product", ("add",), DERIVATIVE, "x + -(a*b) = x - a*b", _add_negative_product),
    Rule("sign out of a product", ("multiply", "divide"), DERIVATIVE, "-x * y = -(x * y)", _negated_factor),
    Rule("sign into a literal", ("negative",), DERIVATIVE, "-(x * 2) = x * -2", _negated_constant_product),
    Rule("sign of a difference", ("negative",), DERIVATIVE, "-(x - y) = y - x", _negated_difference),
    Rule("even", ("absolute", "fabs", "square", "cos", "cosh"), EXACT, "f(-x) = f(x)", _even),
    Rule("power one", ("power", "math_pow"), EXACT, "x ** 1 = x", _power(1.0, lambda m, x: x)),
    Rule("power two", ("power",), EXACT, "x ** 2 = x * x", _power(2.0, lambda m, x: m.new("multiply", x, x))),
    Rule("power minus one", ("power",), EXACT, "x ** -1 = 1 / x", _power(-1.0, _reciprocal)),
    Rule("same arms", ("where",), EXACT, "where(c, x, x) = x", _same_arms),
    Rule("known condition", ("where",), EXACT, "where(True, x, y) = x", _known_condition),
    Rule("negated condition", ("where",), EXACT, "where(not c, x, y) = where(c, y, x)", _negated_condition),
    Rule("repeated condition", ("where",), EXACT, "where(c, where(c, x, y), z) = where(c, x, z)", _repeated_condition),
    Rule("not not", ("logical_not",), EXACT, "not not c = c", _double_not),
    Rule("known logic", ("logical_and", "logical_or"), EXACT, "(c and True) = (c or False) = c", _known_logic),
    Rule("logistic", ("multiply",), STABLE, "p / (1 + e**u) * e**u = p / (1 + 1 / e**u)", _logistic),
    Rule("extreme of one", ("maximum", "minimum", "fmax", "fmin"), EXACT, "maximum(x, x) = x", _twice),
)
