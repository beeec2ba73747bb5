"""Rewrites as text: what an expression was, and what it became."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from symdiff.ir.expressions import ATOM, BINARY, POWER, UNARY, Expression, literal
from symdiff.ir.graph import CONSTANT, Dim, Node, Value

__all__ = ["Describer"]

LETTERS = "abcdefghijklmnopqrstuvwxyz"
LONGEST = 200


class Describer:
    """Spells expressions; values without a name of their own get letters, the same ones in every text it makes."""

    def __init__(self) -> None:
        self.names: dict[Value, str] = {}
        self.unnamed = 0

    def text(self, nodes: Sequence[Node], result: Value, known: dict[Value, Node] | None = None) -> str:
        """The expression for a value made by some nodes.

        Parameters
        ----------
        nodes : sequence of Node
            Operations in order; those of rows with one output are spelled out.
        result : Value
            The value to spell.
        known : dict, optional
            Further definitions; the literals among them are written as such.
        """
        made: dict[Value, Expression] = {}
        known = known or {}
        for node in nodes:
            if node.op is CONSTANT:
                made[node.output] = literal(node.attrs["value"])
            elif len(node.outputs) == 1 and not node.blocks:
                made[node.output] = self.spelled(node, [self.operand(v, made, known) for v in node.inputs])
        text = self.operand(result, made, known).text
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."

    def lines(self, nodes: Sequence[Node], results: Sequence[Value], known: dict[Value, Node]) -> str:
        """Several values as one text: what is read more than once gets a line of its own."""
        reads = Counter(v for node in nodes for v in node.inputs)
        reads.update(results)
        needed = _needed(nodes, results)
        lines: list[str] = []
        made: dict[Value, Expression] = {}
        for node in nodes:
            if not any(output in needed for output in node.outputs):
                continue  # a check has no outputs
            (output,) = node.outputs
            if node.op is CONSTANT:
                made[output] = literal(node.attrs["value"])
                continue
            expression = self.spelled(node, [self.operand(v, made, known) for v in node.inputs])
            if reads[output] > 1:
                lines.append(f"{self.fresh(output)} = {expression.text}")
                expression = Expression(self.names[output])
            made[output] = expression
        lines += [self.operand(result, made, known).text for result in results]
        return "\n".join(lines)

    def fresh(self, value: Value) -> str:
        """A letter for a value, whatever it is called in the program."""
        if value not in self.names:
            self.names[value] = _letter(self.unnamed)
            self.unnamed += 1
        return self.names[value]

    def spelled(self, node: Node, operands: list[Expression]) -> Expression:
        """An operation, written as what it is: no operand is brought into another form."""
        row: Any = node.op
        texts = [o.text for o in operands]
        if row.name == "put" or not hasattr(row, "python"):
            # a store is a statement; as an expression it is what it makes
            made = Expression(f"{row.name}({', '.join(texts)})")
        elif row.operator:
            made = _operation(row.operator, operands)
        elif callable(row.python):
            attrs = {**node.attrs, "rank": node.inputs[0].type.rank if node.inputs else 0}
            made = Expression(row.python(texts, attrs, self.shape))
        else:
            python_kind = node.output.type.kind == "python"
            made = Expression((row.spelling if python_kind and row.spelling else row.python).format(*texts))
        return made if len(made.text) <= LONGEST else Expression(f"{made.text[: LONGEST - 3]}...")

    def shape(self, shape: Sequence[Dim]) -> str:
        parts = [str(d) if isinstance(d, int) else self.name(d) for d in shape]
        return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"

    def operand(self, value: Value, made: dict[Value, Expression], known: dict[Value, Node]) -> Expression:
        if value in made:
            return made[value]
        node = known.get(value)
        if node is not None and node.op is CONSTANT:
            return literal(node.attrs["value"])
        return Expression(self.name(value))

    def name(self, value: Value) -> str:
        return value.hint if value.hint and value not in self.names else self.fresh(value)


def _needed(nodes: Sequence[Node], results: Sequence[Value]) -> set[Value]:
    """What results are computed from."""
    needed = set(results)
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
    return needed


def _operation(operator: str, operands: Sequence[Expression]) -> Expression:
    if len(operands) == 1:
        return Expression(f"{operator}{operands[0].at(POWER)}", UNARY)
    left, right = operands
    if operator == "**":
        return Expression(f"{left.at(ATOM)}**{right.at(UNARY)}", POWER)
    level = BINARY[operator]
    return Expression(f"{left.at(level)} {operator} {right.at(level + 1)}", level)


def _letter(number: int) -> str:
    suffix = number // len(LETTERS)
    return LETTERS[number % len(LETTERS)] + (str(suffix) if suffix else "")
