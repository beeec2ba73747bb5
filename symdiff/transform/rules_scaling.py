"""Rules of literal factors: scaling by a power of two changes no digit, and a factor that cancels is left out.

Each makes one operation of two, so it overflows and underflows at most where what it replaces does.
"""

from __future__ import annotations

import math
from typing import Any

from symdiff.ir.graph import Node, Value
from symdiff.transform.rules import STABLE, Match, Rule

__all__ = ["SCALING"]


def _factor(m: Match, value: Value) -> float | None:
    """The finite number other than 0 that a float scalar is known to be."""
    number = m.number(value)
    if type(number) not in (int, float) or value.type.shape or not number or not math.isfinite(number):
        return None
    return float(number)


def _is_power_of_two(number: float) -> bool:
    return abs(math.frexp(number)[0]) == 0.5


def _scaled(m: Match, value: Value, *, shared: bool = False) -> tuple[Value, float] | None:
    """What a float is a literal multiple of, and that literal; None where others read it too, unless that may be."""
    made = m.definitions.get(value)
    if made is None or made.op.name != "multiply" or not value.type.is_float:
        return None
    if not shared and not m.only_here(value):
        return None
    for factor, other in (made.inputs, made.inputs[::-1]):
        number = _factor(m, factor)
        if number is not None and other.type == value.type:
            return other, number
    return None


def _times(m: Match, value: Value, factor: float) -> Value:
    """The value, times a literal, in place of the node."""
    if factor == 1.0:
        return value
    return m.new("negative", value) if factor == -1.0 else m.new("multiply", m.constant(factor), value)


def _product(a: float, b: float) -> float | None:
    """The product of literals one of which is a power of two, if it is exact."""
    product = a * b
    fits = (_is_power_of_two(a) or _is_power_of_two(b)) and math.isfinite(product) and abs(product) > 1e-300
    return product if fits else None


def _scaled_twice(m: Match) -> Value | None:
    for value, beside in (m.inputs, m.inputs[::-1]):
        outer, inner = _factor(m, beside), _scaled(m, value)
        if outer is None or inner is None or inner[0].type != m.node.output.type:
            continue
        product = _product(outer, inner[1])
        if product is not None:
            return _times(m, inner[0], product)
    return None


def _halves_and_doubles(m: Match) -> Value | None:
    a, b = (_scaled(m, v) for v in m.inputs)
    if a is None or b is None or not (_is_power_of_two(a[1]) and _is_power_of_two(b[1])):
        return None
    product = a[1] * b[1]
    if abs(product) != 1.0:
        return None
    if product == 1.0:
        return m.new("multiply", a[0], b[0])
    return m.new("negative", m.new("multiply", a[0], b[0], like=m.node.output))


def _quotient(m: Match) -> tuple[Node, float] | None:
    """A quotient times a literal: the division, which cannot fail, and the literal's value."""
    for value, beside in (m.inputs, m.inputs[::-1]):
        made, factor = m.definitions.get(value), _factor(m, beside)
        if made is None or factor is None or made.op.name != "divide" or value.type != m.node.output.type:
            continue
        safe = value.type.kind == "numpy" or bool(made.attrs.get("unchecked"))
        if safe and value.type.is_float and m.only_here(value):
            return made, factor
    return None


def _scaled_quotient(m: Match) -> Value | None:
    found = _quotient(m)
    numerator = _factor(m, found[0].inputs[0]) if found else None
    product = _product(numerator, found[1]) if found and numerator is not None else None
    if found is None or product is None:
        return None
    return m.new("divide", m.constant(product), found[0].inputs[1], attrs=found[0].attrs)


def _cancelled(m: Match) -> Value | None:
    found = _quotient(m)
    below: Any = _scaled(m, found[0].inputs[1], shared=True) if found else None
    if found is None or below is None or below[1] != found[1]:
        return None
    return m.new("divide", found[0].inputs[0], below[0], attrs=found[0].attrs)


def _twice(m: Match) -> Value | None:
    a, b = m.inputs
    if a is not b or not a.type.is_float or a.type != m.node.output.type:
        return None
    return m.new("multiply", m.constant(2.0), a)


SCALING: tuple[Rule, ...] = (
    Rule("twice", ("add",), STABLE, "x + x = 2 * x", _twice),
    Rule("cancelled factor", ("multiply",), STABLE, "p / (3 * x) * 3 = p / x", _cancelled),
    Rule("scaled twice", ("multiply",), STABLE, "x * 0.5 * 3 = x * 1.5", _scaled_twice),
    Rule("halves and doubles", ("multiply",), STABLE, "(x * 0.5) * (2 * y) = x * y", _halves_and_doubles),
    Rule("scaled quotient", ("multiply",), STABLE, "(1 / x) * 3 = 3 / x", _scaled_quotient),
)
