"""Quotients ``c / (1 + exp(t))``, whose rule would multiply 0 by inf where the exponential overflows.

The value is 0 there and so is the slope ``-y * e / (1 + e)``, with ``e / (1 + e)`` between 0 and 1. The rules of the
three operations, one after the other, would give ``0 * inf``. Their product in one is right for all ``t``.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def saturating_quotients(function: Function, definitions: Mapping[Value, Node]) -> dict[Node, Saturating]:
    """Such quotients, where sum and exponential are computed in the block of the division.

    Parameters
    ----------
    function : Function
        Where they are looked for.
    definitions : mapping of Value to Node
        What defines the values, also those from around the function: it may be the body of a loop, and the constant
        stand before it.
    """
    found: dict[Node, Saturating] = {}
    blocks = [function.block]
    while blocks:
        block = blocks.pop()
        _search(block, definitions, found)
        blocks += [inner for node in block.nodes for inner in node.blocks]
    return found


def _is_one(value: Value, definitions: Mapping[Value, Node]) -> bool:
    node = definitions.get(value)
    constant = node.attrs["value"] if node is not None and node.op is CONSTANT else None
    return isinstance(constant, (int, float)) and not isinstance(constant, bool) and constant == 1


def _search(block: Block, definitions: Mapping[Value, Node], found: dict[Node, Saturating]) -> None:
    made = {node.outputs[0]: node for node in block.nodes if len(node.outputs) == 1}
    for node in block.nodes:
        below = made.get(node.inputs[1]) if node.op.name == "divide" else None
        if below is None or below.op.name != "add":
            continue
        first, second = below.inputs
        other = second if _is_one(first, definitions) else first if _is_one(second, definitions) else None
        power = None if other is None else made.get(other)
        if power is not None and power.op.name == "exp":
            found[node] = Saturating(power.inputs[0], power.output)
