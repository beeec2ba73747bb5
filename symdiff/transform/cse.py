"""Common subexpressions: an operation that was already made where a block can see it is not made again.

Two nodes are equal when their rows, inputs, attributes and kinds are. Sharing changes no bits, and not how a product
and a sum are fused either, which depends on the operands alone. Operands of commutative rows are put in order only
where no value of the function itself is concerned: the sum of two products is fused with the first.
"""

from __future__ import annotations

from typing import Any

from symdiff.ir.graph import CONSTANT, Function, Node, Value
from symdiff.transform.rewriting import Walker
from symdiff.transform.rules import replaces

__all__ = ["share_equal"]

Key = tuple[Any, ...]

COMMUTATIVE = frozenset(
    {"add", "multiply", "equal", "not_equal", "logical_and", "logical_or", "maximum", "minimum", "fmax", "fmin"}
)


def share_equal(function: Function, pinned: set[Value], *, single_precision: bool) -> tuple[Function, int]:
    """Share equal operations.

    Parameters
    ----------
    function : Function
        Any function.
    pinned : set of Value
        Values that must keep their bits.
    single_precision : bool
        Whether the function has values of float32.

    Returns
    -------
    Function
        The function with equal operations shared; the same object where there are none.
    int
        How many operations were found to be equal to another.
    """
    sharing = _Sharing(pinned, single_precision)
    return sharing.function(function), sharing.count


class _Sharing(Walker):
    """Numbers the values of each block, those of the blocks around it included."""

    def __init__(self, pinned: set[Value], single_precision: bool) -> None:
        super().__init__()
        self.pinned, self.single_precision = pinned, single_precision
        self.known: dict[Key, Value] = {}
        self.scopes: list[list[Key]] = []
        self.numbers: dict[Value, int] = {}
        self.count = 0

    def entered(self) -> None:
        self.scopes.append([])

    def left(self) -> None:
        for key in self.scopes.pop():
            del self.known[key]

    def visit(self, node: Node, nodes: list[Node]) -> None:
        key = self.key(node)
        known = None if key is None else self.find(key)
        if known is not None and replaces(node.output.type, known.type, single_precision=self.single_precision):
            self.count += 1
            self.replace(node.outputs, (known,))
            return
        if key is not None and known is None:
            self.known[key] = node.output
            self.scopes[-1].append(key)
        self.add(node, nodes)

    def find(self, key: Key) -> Value | None:
        """An equal value: what raises may stand for what does not, but not the other way round."""
        *operation, raising = key
        known = self.known.get(key)
        return known if known is not None or raising else self.known.get((*operation, True))

    def key(self, node: Node) -> Key | None:
        """What makes a node equal to another, and whether it raises; None for what is never shared."""
        if node.op is CONSTANT:
            value = node.attrs["value"]
            # repr tells 0.0 from -0.0 and 1 from 1.0 and True, and finds nan again
            return (CONSTANT, type(value), repr(value), False)
        if not getattr(node.op, "pure", False) or len(node.outputs) != 1:
            return None
        attrs = tuple(sorted((k, v) for k, v in node.attrs.items() if k not in ("unchecked", "kind")))
        type_ = node.output.type
        raises = bool(getattr(node.op, "checks", ())) and type_.kind == "python" and not node.attrs.get("unchecked")
        return (node.op, self.ordered(node), attrs, type_.dtype, raises)

    def ordered(self, node: Node) -> tuple[Value, ...]:
        if node.op.name not in COMMUTATIVE or node.output in self.pinned:
            return node.inputs
        return tuple(sorted(node.inputs, key=self.number))

    def number(self, value: Value) -> int:
        return self.numbers.setdefault(value, len(self.numbers))
