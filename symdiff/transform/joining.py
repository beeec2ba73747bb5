"""Two branches on one condition become one, where what stands between them needs nothing of the first.

Reverse mode mirrors every branch. Where nothing but the branch itself lies between it and its mirror, each arm can go
on with its own reverse, and what one handed to the other through the join is at hand.
"""

from __future__ import annotations

from collections.abc import Collection

from symdiff.ir.graph import IF, Block, Function, Node, Value
from symdiff.ir.rewrite import references, substitute
from symdiff.ir.walk import all_nodes, can_fail, constants_of, has_effect

__all__ = ["join_branches"]

FARTHEST = 400
"""Nodes between two branches that are looked at."""


def join_branches(function: Function, pinned: Collection[Value]) -> tuple[Function, int]:
    """The function with branches joined, and how many were.

    Parameters
    ----------
    function : Function
        Any function.
    pinned : collection of Value
        Values that must keep their bits: a branch that gives one is not moved into another.
    """
    joiner = _Joiner(function, pinned)
    block = joiner.block(function.block)
    return (Function(function.name, block), joiner.count) if joiner.count else (function, 0)


class _Joiner:
    def __init__(self, function: Function, pinned: Collection[Value]) -> None:
        self.pinned, self.count = pinned, 0
        self.constants = constants_of(function.block)

    def block(self, block: Block) -> Block:
        """A block with the branches of it, and of those inside, joined."""
        nodes = [self.inside(node) for node in block.nodes]
        position = 0
        while position < len(nodes):
            joined = self.joined(nodes, position) if nodes[position].op is IF else None
            if joined is None:
                position += 1
            else:
                nodes = joined
                self.count += 1
        same = len(nodes) == len(block.nodes) and all(a is b for a, b in zip(nodes, block.nodes, strict=True))
        return block if same else Block(block.params, tuple(nodes), block.results)

    def inside(self, node: Node) -> Node:
        blocks = tuple(map(self.block, node.blocks))
        if all(a is b for a, b in zip(blocks, node.blocks, strict=True)):
            return node
        return Node(node.op, node.inputs, node.outputs, node.attrs, blocks, node.where)

    def joined(self, nodes: list[Node], position: int) -> list[Node] | None:
        """The nodes with the branch there joined by the next on its condition; None where there is none."""
        first = nodes[position]
        for k in range(position + 1, min(len(nodes), position + FARTHEST)):
            second = nodes[k]
            if second.op is not IF or second.inputs[0] is not first.inputs[0]:
                continue
            between = nodes[position + 1 : k]
            before = self.needed(first, second, between)
            if before is None or not self.fits(first, second, between):
                return None
            after = [n for n in between if n not in before]
            return [*nodes[:position], *before, _join(first, second), *after, *nodes[k + 1 :]]
        return None

    def needed(self, first: Node, second: Node, between: list[Node]) -> list[Node] | None:
        """What the second reads of the nodes between, which must come before both; None where it cannot."""
        wanted = set(references(second))
        found: list[Node] = []
        for node in reversed(between):
            if not wanted.isdisjoint(node.outputs):
                found.append(node)
                wanted.update(references(node))
        outputs = set(first.outputs)
        if any(self.acts(node) or not outputs.isdisjoint(references(node)) for node in found):
            return None
        return found[::-1]

    def acts(self, node: Node) -> bool:
        """Whether a node does something besides computing, or may fail."""
        inner = (n for block in node.blocks for n in all_nodes(block))
        return has_effect(node) or any(can_fail(n, self.constants) for n in (node, *inner))

    def fits(self, first: Node, second: Node, between: list[Node]) -> bool:
        """Whether the second may run where the first does, with what the arms give in place of its outputs."""
        if any(o in self.pinned for o in second.outputs):
            return False
        if self.acts(second) and any(map(self.acts, between)):
            return False
        read = set(references(second))
        for block in first.blocks:
            for output, result in zip(first.outputs, block.results, strict=True):
                if output in read and output.type != result.type:
                    return False
        return True


def _join(first: Node, second: Node) -> Node:
    blocks = []
    for a, b in zip(first.blocks, second.blocks, strict=True):
        mapping = dict(zip(first.outputs, a.results, strict=True))
        nodes = substitute(b.nodes, mapping)
        blocks.append(Block((), (*a.nodes, *nodes), (*a.results, *(mapping.get(r, r) for r in b.results))))
    return Node(IF, first.inputs, (*first.outputs, *second.outputs), first.attrs, tuple(blocks), first.where)
