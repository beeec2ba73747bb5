"""Results of branches that nothing reads where they come from: the text need not assign them.

What one arm saves for the reverse of the same arm, the other arm gives as zero; but the reverse of that arm does not
read it. A value is never a problem in a graph; a line that sets a variable for nobody is one in a text.
"""

from __future__ import annotations

from collections.abc import Collection

from symdiff.ir.facts import Facts
from symdiff.ir.graph import CONSTANT, IF, Block, Function, Node, Value
from symdiff.ir.liveness import Needs

__all__ = ["drop_unread", "is_unread"]

Path = tuple[tuple[int, int], ...]
"""The conditions under which a block is reached, and the arms taken."""


def drop_unread(function: Function, assigned: Collection[Value] = ()) -> Function:
    """The function with a placeholder for each result that is not read; the same object where there is none.

    The outputs in `assigned` get none: the text passes them on from one variable to another.
    """
    if not any(node.op is IF for node in function.block.nodes):
        return function
    found = _Search(function)
    dropped: dict[Block, dict[int, Value]] = {}
    for node in found.needs.block_of:
        for arm, block in enumerate(node.blocks if node.op is IF else ()):
            for k in found.needs.kept.get(node, ()):
                if node.outputs[k] in assigned:
                    continue
                if found.is_filler(block.results[k]) and found.unread(node, k, arm):
                    dropped.setdefault(block, {})[k] = Value(node.outputs[k].type)
    return Function(function.name, _without(function.block, dropped)) if dropped else function


def is_unread(node: Node | None) -> bool:
    """Whether a node is a placeholder."""
    return node is not None and node.op is CONSTANT and node.attrs["value"] is None


def _without(block: Block, dropped: dict[Block, dict[int, Value]]) -> Block:
    nodes = []
    for node in block.nodes:
        blocks = tuple(_without(b, dropped) for b in node.blocks)
        same = all(a is b for a, b in zip(blocks, node.blocks, strict=True))
        nodes.append(node if same else Node(node.op, node.inputs, node.outputs, node.attrs, blocks, node.where))
    placeholders = dropped.get(block, {})
    nodes += [Node(CONSTANT, (), (value,), {"value": None}) for value in placeholders.values()]
    results = tuple(placeholders.get(k, r) for k, r in enumerate(block.results))
    same = len(nodes) == len(block.nodes) and all(a is b for a, b in zip(nodes, block.nodes, strict=True))
    return block if same else Block(block.params, tuple(nodes), results)


class _Search:
    def __init__(self, function: Function) -> None:
        self.needs = Needs(function)
        self.facts = Facts(self.needs)
        self.paths: dict[Block, Path] = {function.block: ()}
        self.mentions: dict[Value, list[Block]] = {}
        self.given: dict[Value, list[Block]] = {}
        """The blocks that mention a value in a node, and those that have it as a result."""
        self._visit(function.block)
        for result in function.results:
            self.given.setdefault(result, []).append(function.block)

    def _visit(self, block: Block) -> None:
        for node in block.nodes:
            if not self.needs.prints(node):
                continue
            for value in self.needs.mentioned(node):
                self.mentions.setdefault(value, []).append(block)
            for arm, inner in enumerate(node.blocks):
                step = ((self.facts.number(node.inputs[0]), arm),) if node.op is IF else ()
                self.paths[inner] = self.paths[block] + step
                for result in self.needs.results(node, inner):
                    self.given.setdefault(result, []).append(inner)
                self._visit(inner)

    def is_filler(self, value: Value) -> bool:
        """Whether a result is a constant, or an array of one."""
        node = self.needs.producer.get(value)
        if node is not None and node.op.name == "full":
            node = self.needs.producer.get(node.inputs[0])
        return node is not None and node.op is CONSTANT

    def unread(self, node: Node, k: int, arm: int) -> bool:
        """Whether nothing reads an output of a branch where it comes from this arm."""
        here = dict((*self.paths[self.needs.block_of[node]], (self.facts.number(node.inputs[0]), arm)))
        work, seen = [node.outputs[k]], set[Value]()
        while work:
            value = work.pop()
            if value in seen:
                continue
            seen.add(value)
            if any(not self._excluded(block, here) for block in self.mentions.get(value, ())):
                return False
            for block in self.given.get(value, ()):
                if self._excluded(block, here):
                    continue
                owner = self.needs.owner.get(block)
                if owner is None or owner.op is not IF:
                    return False
                work += [owner.outputs[j] for j in self.needs.kept[owner] if block.results[j] is value]
        return True

    def _excluded(self, block: Block, here: dict[int, int]) -> bool:
        """Whether a block is not reached under these conditions."""
        return any(here.get(condition, arm) != arm for condition, arm in self.paths[block])
