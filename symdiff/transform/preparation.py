"""What the adjoint needs of a function before it walks: positions, definitions, and counted trips."""

from __future__ import annotations

from symdiff.ir.build import Builder
from symdiff.ir.graph import WHILE, Block, Function, Node, Value
from symdiff.ops import REGISTRY

__all__ = ["all_definitions", "count_trips", "number_values"]


def number_values(function: Function) -> dict[Value, int]:
    """Position of every value of a function, in order of definition."""
    order: dict[Value, int] = {}
    stack: list[Block | Node] = [function.block]
    while stack:
        item = stack.pop()
        if isinstance(item, Block):
            for param in item.params:
                for dim in param.type.shape:
                    if isinstance(dim, Value):
                        order.setdefault(dim, len(order))
                order.setdefault(param, len(order))
            stack.extend(reversed(item.nodes))
        else:
            for block in reversed(item.blocks):
                stack.append(block)
            for output in item.outputs:
                order.setdefault(output, len(order))
    return order


def all_definitions(block: Block) -> dict[Value, Node]:
    """The node that defines each value, also inside blocks."""
    found: dict[Value, Node] = {}
    stack = list(block.nodes)
    while stack:
        node = stack.pop()
        found.update(dict.fromkeys(node.outputs, node))
        for inner in node.blocks:
            stack.extend(inner.nodes)
    return found


def count_trips(function: Function) -> Function:
    """Give every ``while`` one more carried value that counts its trips, so that a reverse loop can run as often."""
    return Function(function.name, _count_block(function.block))


def _count_block(block: Block) -> Block:
    nodes = [counted for node in block.nodes for counted in (_count_node(node) if node.blocks else [node])]
    return Block(block.params, tuple(nodes), block.results)


def _count_node(node: Node) -> list[Node]:
    blocks = tuple(_count_block(b) for b in node.blocks)
    if node.op is not WHILE:
        return [Node(node.op, node.inputs, node.outputs, node.attrs, blocks, node.where)]
    test, body = blocks
    before, inside = Builder(), Builder()
    zero = before.constant(0)
    in_test, in_body, after = (Value(zero.type, "trips", node.where) for _ in range(3))
    counted = inside.add(REGISTRY["add"], in_body, inside.constant(1), hint="trips", unchecked=True)
    body = Block((*body.params, in_body), (*body.nodes, *inside.nodes), (*body.results, counted))
    test = Block((*test.params, in_test), test.nodes, test.results)
    counting = Node(WHILE, (*node.inputs, zero), (*node.outputs, after), node.attrs, (test, body), node.where)
    return [*before.nodes, counting]
