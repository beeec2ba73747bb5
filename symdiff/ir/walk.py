"""Going over all nodes of a graph, and what a node does besides computing."""

from __future__ import annotations

from collections.abc import Iterator

from symdiff.ir.graph import REQUIRE_EQUAL, Block, Node

__all__ = ["all_blocks", "all_nodes", "has_effect"]


def all_nodes(block: Block) -> Iterator[Node]:
    """Every node of a block and of the blocks inside it, each before those inside it."""
    stack: list[Iterator[Node]] = [iter(block.nodes)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        yield node
        stack.extend(iter(inner.nodes) for inner in reversed(node.blocks))


def all_blocks(block: Block) -> Iterator[Block]:
    """The block and every block inside it."""
    yield block
    for node in all_nodes(block):
        yield from node.blocks


def has_effect(node: Node) -> bool:
    """Whether a node must run though nothing reads its outputs: a check of sizes, an effect, or a block with one."""
    return _acts(node) or any(_acts(inner) for block in node.blocks for inner in all_nodes(block))


def _acts(node: Node) -> bool:
    return node.op is REQUIRE_EQUAL or bool(getattr(node.op, "effect", False))
