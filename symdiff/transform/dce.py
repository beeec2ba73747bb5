"""Dead code: nodes whose outputs nothing reads, results of branches, and values that loops carry for nobody.

The size of a live value is live too. Checks of sizes and operations with an effect stay, and so does what may fail as
Python does (``math.log`` of a value nothing reads): a gradient raises where the function does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from symdiff.ir.graph import FOR, IF, TRY, WHILE, Block, Function, Node, Value
from symdiff.ir.rewrite import dims_of
from symdiff.ir.walk import all_nodes, can_fail, constants_of, has_effect, may_raise

__all__ = ["eliminate_dead_code"]

T = TypeVar("T")


def eliminate_dead_code(function: Function) -> Function:
    """The function without what does not contribute to its results; the same object where nothing is dead."""
    live = _Liveness(constants_of(function.block))
    live.add(function.results)
    live.add(function.params)
    live.mark(function.block)
    block = live.pruned(function.block, range(len(function.results)))
    return function if block is function.block else Function(function.name, block)


class _Liveness:
    """The values that are needed. Values are defined once, so one set serves all blocks."""

    def __init__(self, constants: dict[Value, Any]) -> None:
        self.constants = constants
        self.values: set[Value] = set()
        self.effects: dict[Node, bool] = {}

    def add(self, values: Iterable[Value]) -> None:
        """Values that are read, with the sizes of their types."""
        stack = list(values)
        while stack:
            value = stack.pop()
            if value not in self.values:
                self.values.add(value)
                if value.type.shape:
                    stack += [d for d in value.type.shape if isinstance(d, Value)]

    def needs(self, node: Node) -> bool:
        """Whether a node must run."""
        for output in node.outputs:
            if output in self.values:
                return True
        if node not in self.effects:
            self.effects[node] = has_effect(node) or self.fails(node)
        return self.effects[node]

    def fails(self, node: Node) -> bool:
        """Whether a node, or one inside, may raise."""
        inside = (inner for block in node.blocks for inner in all_nodes(block))
        return can_fail(node, self.constants) or any(can_fail(inner, self.constants) for inner in inside)

    # -- marking -------------------------------------------------------------------------------------------------------

    def mark(self, block: Block) -> None:
        """Add what the live values of a block need, last node first."""
        for node in reversed(block.nodes):
            if not self.needs(node):
                continue
            if node.op is IF:
                self.mark_branches(node)
            elif node.op is FOR or node.op is WHILE:
                self.mark_loop(node)
            elif node.op is TRY:
                self.mark_attempt(node.blocks[0])
            else:
                self.add(node.inputs)
                self.add(dims_of(node))

    def mark_branches(self, node: Node) -> None:
        self.add(node.inputs)
        for k in self.kept(node):
            self.add((node.outputs[k], *(b.results[k] for b in node.blocks)))
        for block in node.blocks:
            self.mark(block)

    def mark_attempt(self, body: Block) -> None:
        """All that may raise in the body of a ``try`` decides how it ends."""
        for node in all_nodes(body):
            risky = (inner for block in node.blocks for inner in all_nodes(block) if may_raise(inner))
            self.effects[node] = may_raise(node) or node.op is TRY or any(True for _ in risky)
        self.mark(body)

    def mark_loop(self, node: Node) -> None:
        """A carried value is live when it is read after the loop, or in a trip that makes a live one."""
        head, initials = _split(node)
        self.add(head)
        test = node.blocks[0].results if node.op is WHILE else ()
        self.add(test)
        known: list[int] = [-1]
        while known != (kept := self.kept(node)):
            known = kept
            for k in kept:
                self.add((initials[k], node.outputs[k], node.blocks[-1].results[k]))
                self.add(_carried(node, block)[k] for block in node.blocks)
            for block in node.blocks:
                self.mark(block)

    def kept(self, node: Node) -> list[int]:
        """Positions of the outputs of a structural node that stay."""
        params = [_carried(node, block) for block in node.blocks] if node.op is not IF else []
        return [
            k
            for k, output in enumerate(node.outputs)
            if output in self.values or any(carried[k] in self.values for carried in params)
        ]

    # -- rebuilding ----------------------------------------------------------------------------------------------------

    def pruned(self, block: Block, results: Sequence[int], params: tuple[Value, ...] | None = None) -> Block:
        """A block without dead nodes, with these of its results."""
        nodes = tuple(self.pruned_node(node) for node in block.nodes if self.needs(node))
        kept = block.params if params is None else params
        chosen = tuple(_take(block.results, results))
        if nodes == block.nodes and kept == block.params and chosen == block.results:
            return block
        return Block(kept, nodes, chosen)

    def pruned_node(self, node: Node) -> Node:
        if not node.blocks:
            return node
        if node.op is TRY:
            block = self.pruned(node.blocks[0], ())
            same = block is node.blocks[0]
            return node if same else Node(node.op, (), node.outputs, node.attrs, (block,), node.where)
        kept = self.kept(node)
        if node.op is IF:
            inputs = node.inputs
            blocks = tuple(self.pruned(block, kept) for block in node.blocks)
        else:
            head, initials = _split(node)
            inputs = (*head, *_take(initials, kept))
            blocks = tuple(self.pruned_part(node, block, kept) for block in node.blocks)
        outputs = tuple(_take(node.outputs, kept))
        if outputs == node.outputs and all(a is b for a, b in zip(blocks, node.blocks, strict=True)):
            return node
        return Node(node.op, inputs, outputs, node.attrs, blocks, node.where)

    def pruned_part(self, node: Node, block: Block, kept: Sequence[int]) -> Block:
        """The test or the body of a loop."""
        carried = _carried(node, block)
        own = block.params[: len(block.params) - len(carried)]
        is_test = node.op is WHILE and block is node.blocks[0]
        return self.pruned(block, [0] if is_test else kept, (*own, *_take(carried, kept)))


def _split(node: Node) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """The inputs of a loop: its bounds, and the initial values of what it carries."""
    count = 3 if node.op is FOR else 0
    return node.inputs[:count], node.inputs[count:]


def _carried(node: Node, block: Block) -> tuple[Value, ...]:
    """The params of a loop's block that are carried values."""
    return block.params[1:] if node.op is FOR else block.params


def _take(items: Sequence[T], positions: Iterable[int]) -> list[T]:
    return [items[k] for k in positions]
