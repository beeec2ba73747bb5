"""What is known of the scalars of a text when it runs: which are NumPy's, and which cannot be zero.

Python raises where NumPy follows IEEE arithmetic, so an operator stands for a node of NumPy's kind only where one of
its operands is NumPy's, or where the operation cannot fail.
"""

from __future__ import annotations

from typing import Any

from symdiff.ir.graph import CONSTANT, FOR, IF, TRY, WHILE, Block, Node, Value
from symdiff.ir.liveness import Needs, bounds_of, carried_of

__all__ = ["Facts"]

DIVISIONS = frozenset({"divide", "floor_divide", "remainder"})
LOGARITHMS = frozenset({"log", "log2", "log10"})
CHOICES = frozenset({"maximum", "minimum", "where"})


class Facts:
    """What is known of the scalars of one function."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        function = needs.function
        self._numbers: dict[Value, int] = {}
        self._keys: dict[object, int] = {}
        self._not_zero: set[int] = set()
        for node in needs.block_of:
            self._learn(node)
        self._promotes = any(v.type.dtype == "float32" for v in (*function.params, *self._numbers))
        self.numpy = {p for p in function.params if p.type.kind == "numpy"}
        self._visit(function.block)

    def by_operator(self, node: Node) -> bool:
        """Whether the operator, on what the operands are when the text runs, means what the node means."""
        type_ = node.outputs[0].type
        fallible = getattr(node.op, "fallible", False) and not node.attrs.get("unchecked")
        if type_.is_array or type_.kind == "python" or not fallible:
            return True
        if any(v in self.numpy or v.type.is_array for v in node.inputs):
            return True
        return node.op.name in DIVISIONS and self.number(node.inputs[1]) in self._not_zero

    def by_numpy(self, node: Node) -> bool:
        """Whether NumPy's function serves in place of :mod:`math`'s: the same bits, and a result to divide by."""
        fails = node in self.needs.bare or node in self.needs.tried or not node.attrs.get("unchecked")
        return node.op.name == "sqrt" and node.inputs[0] in self.numpy and not fails

    def is_bare(self, node: Node) -> bool:
        """Whether a constant made NumPy's may stay Python's: promotion beside a float32 would tell them apart."""
        if node.op.name != "convert" or node.output.type.is_array or self._promotes:
            return False
        made = self.needs.producer.get(node.inputs[0])
        return node.output.type.dtype == "float64" and made is not None and made.op is CONSTANT

    # -- NumPy's scalars -----------------------------------------------------------------------------------------------

    def _visit(self, block: Block) -> None:
        for node in block.nodes:
            if node.op is IF:
                self._visit_branch(node)
            elif node.op is FOR or node.op is WHILE:
                self._visit_loop(node)
            elif node.op is TRY:
                self._visit(node.blocks[0])
            elif node.op is CONSTANT:
                if self.needs.uses.get(node.output) and node.output.type.kind == "numpy":
                    self.numpy.add(node.output)
            elif len(node.outputs) == 1 and self._gives_numpy(node):
                self.numpy.add(node.outputs[0])

    def _visit_branch(self, node: Node) -> None:
        for block in node.blocks:
            self._visit(block)
        for k, output in enumerate(node.outputs):
            if all(b.results[k] in self.numpy for b in node.blocks):
                self.numpy.add(output)

    def _visit_loop(self, node: Node) -> None:
        """Carried values are NumPy's if the first is and the next stays it."""
        initials, body = node.inputs[bounds_of(node) :], node.blocks[-1]
        assumed = {k for k, v in enumerate(initials) if v in self.numpy}
        while True:
            before = set(self.numpy)
            for block in node.blocks:
                self.numpy.update(carried_of(node, block)[k] for k in assumed)
                self._visit(block)
            kept = {k for k in assumed if body.results[k] in self.numpy}
            if kept == assumed:
                break
            self.numpy, assumed = before, kept
        self.numpy.update(node.outputs[k] for k in assumed)

    def _gives_numpy(self, node: Node) -> bool:
        output, row = node.outputs[0].type, node.op
        if output.is_array or output.kind == "stack":
            return False
        operands = [v in self.numpy for v in node.inputs]
        if not getattr(row, "elementwise", False):
            return True
        if row.name in CHOICES:
            return all(operands[-2:])
        if getattr(row, "operator", None):
            return any(operands) or not self.by_operator(node)
        return self.by_numpy(node) or (output.kind == "numpy" and not self.is_bare(node))

    # -- divisors ------------------------------------------------------------------------------------------------------

    def number(self, value: Value) -> int:
        """A number that equal formulas share."""
        if value not in self._numbers:
            node = self.needs.producer.get(value)
            key: object = value if node is None else (self._key(node), node.outputs.index(value))
            self._numbers[value] = self._keys.setdefault(key, len(self._keys))
        return self._numbers[value]

    def _key(self, node: Node) -> object:
        if node.op is CONSTANT:
            return (CONSTANT, repr(node.attrs["value"]))
        if node.blocks or not getattr(node.op, "pure", False):
            return node
        attrs = tuple((k, v) for k, v in sorted(node.attrs.items()) if k not in ("kind", "unchecked"))
        # operands come first in the order of nodes, so this recursion is one level deep
        return (node.op, tuple(self.number(v) for v in node.inputs), attrs)

    def _learn(self, node: Node) -> None:
        """What Python was asked to divide by, or take the logarithm of, was not 0: it would have raised."""
        for output in node.outputs:
            self.number(output)
        name: Any = node.op.name
        if node.op is CONSTANT:
            if node.attrs["value"]:
                self._not_zero.add(self.number(node.output))
        elif node in self.needs.tried or node.attrs.get("unchecked"):
            return  # it may have raised and been caught
        elif not node.blocks and node.outputs and node.outputs[0].type.kind == "python":
            if name in DIVISIONS:
                self._not_zero.add(self.number(node.inputs[1]))
            elif name in LOGARITHMS:
                self._not_zero.add(self.number(node.inputs[0]))
