"""Whether the elements of an array surely lie in C order, so that ``ravel`` and ``reshape`` show it instead of copying.

NumPy's elementwise functions keep the order of their operands, and nobody knows the order of an argument: what is made
from arguments of two axes or more may be in any order.
"""

from __future__ import annotations

from symdiff.frontend.abstract import Array, View
from symdiff.frontend.core import Parser
from symdiff.ir.graph import CONSTANT, Value
from symdiff.ops.primitive import Primitive

__all__ = ["ORDERED", "is_ordered"]

# What a view says of itself that shows its base in the same order.
ORDERED = "ordered"
FRESH = frozenset({"full", "pack", "arange", "linspace", "matmul", "dot", "outer", "inv", "diag", "broadcast_to"})
KEEP = frozenset({"put", "accumulate_at", "sort", "argsort", "cumsum", "cumprod", "concatenate", "reshape", "tril"})
DEPTH = 400


def is_ordered(p: Parser, item: Array | View) -> bool:
    """Whether the elements surely lie one after the other, last axis fastest."""
    while isinstance(item, View):
        if item.parts != ORDERED and not getattr(item.parts, "is_prefix", False):
            return False
        item = item.base
    return item.contiguous and _in_order(p, item.initial)


def _in_order(p: Parser, value: Value) -> bool:
    """Whether NumPy makes this in C order: what it is computed from is."""
    pending, seen = [value], {value}
    while pending:
        found = pending.pop()
        node = p.build.definitions.get(found)
        if found.type.rank < 2 or (node is not None and (node.op is CONSTANT or node.op.name in FRESH)):
            continue
        if node is None or len(seen) > DEPTH or not isinstance(node.op, Primitive):
            return False
        if not node.op.elementwise and node.op.name not in KEEP:
            return False
        operands = node.inputs[:1] if node.op.name in ("put", "accumulate_at") else node.inputs
        pending += [v for v in operands if v not in seen]
        seen.update(operands)
    return True
