"""Spelling one operation: precedence, parentheses, literals."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symdiff.ir.facts import Facts
from symdiff.ir.graph import Dim, Node

__all__ = ["ATOM", "CONDITIONAL", "Expression", "conditional", "literal", "spell"]

# Python's precedences, loosest first
CONDITIONAL, OR, AND, NOT, COMPARISON, SUM, PRODUCT, UNARY, POWER, ATOM = range(10)
BINARY = {
    "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "@": PRODUCT, "**": POWER,
    "<": COMPARISON, "<=": COMPARISON, ">": COMPARISON, ">=": COMPARISON, "==": COMPARISON, "!=": COMPARISON,
}  # fmt: skip
LOGIC = {"logical_not": ("not", NOT), "logical_and": ("and", AND), "logical_or": ("or", OR)}


@dataclass(frozen=True)
class Expression:
    """Text, how tightly it binds, and which variables it reads.

    Attributes
    ----------
    parts : tuple of str or None
        Left operand, operator and right operand of a binary operation, from which ``x += y`` can be made.
    minus : Expression or None
        What this is the negative of: a sum with it is a difference.
    """

    text: str
    precedence: int = ATOM
    reads: frozenset[str] = frozenset()
    parts: tuple[str, str, str] | None = None
    minus: Expression | None = None

    def at(self, precedence: int) -> str:
        """The text, in parentheses if it binds less tightly than this."""
        return self.text if self.precedence >= precedence else f"({self.text})"

    def copied(self) -> Expression:
        """A copy of the array."""
        return Expression(f"{self.at(ATOM)}.copy()", ATOM, self.reads)


def _digits(value: np.floating[Any]) -> str:
    """As few digits as give a number of 32 bits back, by way of Python's float."""
    short = str(value)
    return short if value.dtype.type(float(short)) == value else repr(float(value))


def literal(value: Any) -> Expression:
    """A constant as Python writes it, with every digit."""
    if isinstance(value, (bool, np.bool_)):
        return Expression(str(bool(value)))
    if isinstance(value, np.floating) and value.dtype != np.float64:
        inner = _digits(value) if math.isfinite(value) else f"np.{float(value)}"
        return Expression(f"np.{value.dtype}({inner})")
    if isinstance(value, (int, np.integer)):
        return Expression(str(int(value)), ATOM if value >= 0 else UNARY)
    number = float(value)
    if math.isnan(number):
        return Expression("np.nan")
    if math.isinf(number):
        return Expression("np.inf") if number > 0 else Expression("-np.inf", UNARY)
    if math.copysign(1.0, number) > 0:
        return Expression(repr(number))
    return Expression(repr(number), UNARY, minus=Expression(repr(-number)))


def conditional(condition: Expression, then: Expression, otherwise: Expression) -> Expression:
    """``then if condition else otherwise``, and the shorter spellings of logic."""
    reads = condition.reads | then.reads | otherwise.reads
    if (then.text, otherwise.text) == ("True", "False"):
        return condition
    if otherwise.text == "False":
        return Expression(f"{condition.at(AND)} and {then.at(AND)}", AND, reads)
    if then.text == "True":
        return Expression(f"{condition.at(OR)} or {otherwise.at(OR)}", OR, reads)
    text = f"{then.at(OR)} if {condition.at(OR)} else {otherwise.at(CONDITIONAL)}"
    return Expression(text, CONDITIONAL, reads)


def spell(
    node: Node, operands: Sequence[Expression], show_shape: Callable[[Sequence[Dim]], str], facts: Facts
) -> Expression:
    """A row applied to operands, as a person writes it."""
    row: Any = node.op
    reads = frozenset().union(*(o.reads for o in operands)) if operands else frozenset()
    type_ = node.outputs[0].type
    if row.operator and facts.by_operator(node):
        return _operation(row.operator, operands, reads)
    if row.name == "where" and not type_.shape:
        return conditional(*operands)
    if type_.kind == "python" and not facts.by_numpy(node) and row.spelling:
        if row.name in LOGIC:
            return _logic(*LOGIC[row.name], operands, reads)
        return _filled(row.spelling, operands, reads)
    if callable(row.python):
        return _called(row, node, operands, show_shape, reads)
    return _filled(row.python, operands, reads)


def _logic(word: str, level: int, operands: Sequence[Expression], reads: frozenset[str]) -> Expression:
    """``not a``, ``a and b``, ``a or b``."""
    *first, last = [o.at(level) for o in operands]
    return Expression(" ".join([*first, word, last]), level, reads)


def _operation(operator: str, operands: Sequence[Expression], reads: frozenset[str]) -> Expression:
    if len(operands) == 1:
        return Expression(f"{operator}{operands[0].at(POWER)}", UNARY, reads, minus=_negated(operator, operands[0]))
    level = BINARY[operator]
    left, right = operands
    if operator == "**":
        return Expression(f"{left.at(ATOM)}**{right.at(UNARY)}", level, reads)
    if operator in "+-" and right.minus is not None:
        # a + -b is a - b to the last bit
        return _operation("-" if operator == "+" else "+", (left, right.minus), reads)
    first = left.at(level + (level == COMPARISON))
    made = Expression(f"{first} {operator} {right.at(level + 1)}", level, reads, (first, operator, right.text))
    return replace(made, minus=_negated_product(operator, left, right, reads))


def _negated(operator: str, operand: Expression) -> Expression | None:
    return operand if operator == "-" else None


def _negated_product(
    operator: str, left: Expression, right: Expression, reads: frozenset[str]
) -> Expression | None:
    """What a product or quotient with a negative factor is the negative of."""
    if operator not in ("*", "/"):
        return None
    if left.minus is not None:
        return _operation(operator, (left.minus, right), reads)
    return _operation(operator, (left, right.minus), reads) if right.minus is not None else None


def _filled(template: str, operands: Sequence[Expression], reads: frozenset[str]) -> Expression:
    return Expression(_fill(template, operands), ATOM if _is_atom(template) else CONDITIONAL, reads)


def _fill(template: str, operands: Sequence[Expression]) -> str:
    """Operands in a template: bare between the parentheses of a call, else in parentheses of their own."""
    call = re.match(r"[\w.]+\(", template) is not None
    level = COMPARISON if template.startswith("(") else ATOM
    alone = {int(k) for k in re.findall(r"\w\(\{(\d)\}\)", template)}
    return template.format(*(o.text if call or k in alone else o.at(level) for k, o in enumerate(operands)))


def _called(
    row: Any,
    node: Node,
    operands: Sequence[Expression],
    show_shape: Callable[[Sequence[Dim]], str],
    reads: frozenset[str],
) -> Expression:
    texts = [o.text for o in operands]
    attrs = {**node.attrs, "rank": node.inputs[0].type.rank if node.inputs else 0}
    text = row.python(texts, attrs, show_shape)
    if operands and text.startswith(texts[0]) and operands[0].precedence < ATOM:
        text = row.python([f"({texts[0]})", *texts[1:]], attrs, show_shape)
    return Expression(text, ATOM if _is_atom(text) else CONDITIONAL, reads)


def _is_atom(text: str) -> bool:
    """Whether a text binds tightly: no space or sign outside of brackets."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if not depth and character in " +-*/":
            return False
    return True
