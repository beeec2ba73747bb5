"""What the adjoint needs of a function before it walks: positions, definitions, counted trips, and names."""

from __future__ import annotations

from symdiff.ir.build import Builder
from symdiff.ir.graph import FOR, WHILE, Block, Function, Node, Value
from symdiff.ir.telling import telling_name
from symdiff.ops import REGISTRY

__all__ = ["all_definitions", "count_trips", "name_values", "nickname", "number_values"]


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


# -- names -------------------------------------------------------------------------------------------------------------


def name_values(function: Function) -> None:
    """Suggest names for values that have none: a store goes by the array's name, what a loop carries by its first's.

    Names are cosmetic, so this is no change of the graph.
    """
    blocks = [function.block]
    while blocks:
        block = blocks.pop()
        for node in block.nodes:
            if getattr(node.op, "stores", False):
                _name(node.outputs[0], node.inputs[0].hint)
            elif node.op is FOR or node.op is WHILE:
                _name_carried(node)
            blocks.extend(node.blocks)


def _name_carried(node: Node) -> None:
    initials = node.inputs[3:] if node.op is FOR else node.inputs
    for k, (initial, output) in enumerate(zip(initials, node.outputs, strict=True)):
        params = [(b.params[1:] if node.op is FOR else b.params)[k] for b in node.blocks]
        hint = next((p.hint for p in params if p.hint), output.hint or initial.hint)
        for value in (*params, output):
            _name(value, hint)


def _name(value: Value, hint: str) -> None:
    if hint and not value.hint:
        Builder().name(value, hint)


WORDS = {
    **{"add": "total", "multiply": "product", "divide": "quotient", "subtract": "difference", "maximum": "larger"},
    **{"minimum": "smaller", "greater": "greater", "greater_equal": "greater", "less": "less", "less_equal": "less"},
    **{"equal": "equal", "not_equal": "differs", "index": "part", "logical_and": "both", "logical_or": "either"},
}


def nickname(value: Value, definitions: dict[Value, Node]) -> str:
    """A name for a value that has none, from how it is computed: ``a_i`` for ``a[i]``, ``r_squared``, ``exp``."""
    return value.hint or telling_name(value, definitions, lambda operand: operand.hint) or _plain(value, definitions)


def _plain(value: Value, definitions: dict[Value, Node]) -> str:
    node = definitions.get(value)
    return WORDS.get(node.op.name, "") if node is not None and not node.blocks else ""
