"""Quotients ``c / (1 + exp(t))``, whose rule would multiply 0 by inf where the exponential overflows.

The value is 0 there and so is the slope ``-y * e / (1 + e)``, with ``e / (1 + e)`` between 0 and 1. The rules of the
three operations, one after the other, would give ``0 * inf``. Their product in one is right for all ``t``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symdiff.ir.graph import CONSTANT, Block, Function, Node, Value
from symdiff.ops import Traced

__all__ = ["Saturating", "saturating_quotients"]


@dataclass(frozen=True)
class Saturating:
    """A quotient ``y = c / (1 + e)`` with ``e = exp(t)``."""

    exponent: Value
    exponential: Value

    def cotangent(self, g: Traced, y: Traced) -> Traced:
        """What flows to the exponent: ``e`` may be 0 and may be inf."""
        e: Any = Traced(y.build, self.exponential)
        flows: Traced = -(g * y) / (1.0 + 1.0 / e)
        return flows


def saturating_quotients(function: Function) -> dict[Node, Saturating]:
    """Such quotients, where sum and exponential are computed in the block of the division."""
    found: dict[Node, Saturating] = {}
    ones: set[Value] = set()
    blocks = [function.block]
    while blocks:
        block = blocks.pop()
        ones.update(n.output for n in block.nodes if n.op is CONSTANT and _is_one(n.attrs["value"]))
        _search(block, ones, found)
        blocks += [inner for node in block.nodes for inner in node.blocks]
    return found


def _is_one(constant: object) -> bool:
    return isinstance(constant, (int, float)) and not isinstance(constant, bool) and constant == 1


def _search(block: Block, ones: set[Value], found: dict[Node, Saturating]) -> None:
    made = {node.outputs[0]: node for node in block.nodes if len(node.outputs) == 1}
    for node in block.nodes:
        below = made.get(node.inputs[1]) if node.op.name == "divide" else None
        if below is None or below.op.name != "add":
            continue
        first, second = below.inputs
        other = second if first in ones else first if second in ones else None
        power = made.get(other) if other is not None else None
        if power is not None and power.op.name == "exp":
            found[node] = Saturating(power.inputs[0], power.output)
