"""Walks over a function that may replace values on the way: the base of the rule pass and of sharing.

A walk visits nodes first to last, so what a node reads is in its final form when the node is looked at. Values that
stay keep their identity. A walk recurses into blocks, never along a block, so its depth is the nesting of the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symdiff.ir.graph import FOR, IF, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.rewrite import dims_of, map_attrs, map_type
from symdiff.ir.walk import all_blocks, all_nodes

__all__ = ["Walker", "carried_params", "loop_parts", "pinned_values", "sizes_of"]


def loop_parts(node: Node) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """The inputs of a loop: its bounds, and the initial values of what it carries."""
    count = 3 if node.op is FOR else 0
    return node.inputs[:count], node.inputs[count:]


def carried_params(node: Node, block: Block) -> tuple[Value, ...]:
    """The params of a loop's block that are carried values."""
    return block.params[1:] if node.op is FOR else block.params


def sizes_of(function: Function) -> set[Value]:
    """Every value that is the size of something."""
    found = {d for n in all_nodes(function.block) for d in dims_of(n)}
    for block in all_blocks(function.block):
        found.update(d for p in block.params for d in p.type.shape if isinstance(d, Value))
    return found


class Walker:
    """Rebuilds a function; a subclass says what becomes of each node.

    Attributes
    ----------
    mapping : dict
        What values were replaced by.
    definitions : dict
        The node that defines each value of the new function, as far as the walk has come.
    """

    def __init__(self) -> None:
        self.mapping: dict[Value, Value] = {}
        self.definitions: dict[Value, Node] = {}
        self.sizes_replaced = False

    def function(self, function: Function) -> Function:
        """The rebuilt function; the same object where nothing changed."""
        block = self.block(function.block)
        return function if block is function.block else Function(function.name, block)

    # -- what a subclass overrides -------------------------------------------------------------------------------------

    def visit(self, node: Node, nodes: list[Node]) -> None:
        """Add an operation, whose inputs are mapped already, to the new nodes; or replace its outputs."""
        self.add(node, nodes)

    def chosen(self, node: Node) -> Block | None:
        """The block that always runs, of an ``if`` whose condition is known."""
        return None

    def prepared(self, node: Node) -> Node:
        """A loop or branch before its blocks are visited."""
        return node

    def entered(self) -> None:
        """A block begins."""

    def left(self) -> None:
        """A block ends."""

    # -- the walk ------------------------------------------------------------------------------------------------------

    def add(self, node: Node, nodes: list[Node]) -> None:
        nodes.append(node)
        for output in node.outputs:
            self.definitions[output] = node

    def value(self, value: Value) -> Value:
        """What a value became; one whose type changed may have been replaced after that."""
        while (found := self.mapping.get(value)) is not None:
            value = found
        return value

    def block(self, block: Block) -> Block:
        """Visit the nodes of a block, in order."""
        self.entered()
        params = tuple(self.renewed(p) for p in block.params)
        nodes: list[Node] = []
        # an `if` that is decided puts its nodes, and then the naming of its outputs, in its own place
        pending: list[Node | tuple[Node, Block]] = list(reversed(block.nodes))
        while pending:
            item = pending.pop()
            if isinstance(item, tuple):
                owner, taken = item
                self.replace(owner.outputs, [self.value(r) for r in taken.results])
                continue
            node = self.mapped(item)
            if not node.blocks:
                self.visit(node, nodes)
            elif (taken_block := self.chosen(node)) is not None:
                pending.append((node, taken_block))
                pending.extend(reversed(taken_block.nodes))
            else:
                self.control(self.prepared(node), nodes)
        self.left()
        results = tuple(map(self.value, block.results))
        same = params == block.params and results == block.results and len(nodes) == len(block.nodes)
        if same and all(a is b for a, b in zip(nodes, block.nodes, strict=True)):
            return block
        return Block(params, tuple(nodes), results)

    def control(self, node: Node, nodes: list[Node]) -> None:
        """Rebuild a loop or branch."""
        blocks = tuple(map(self.block, node.blocks))
        if any(a is not b for a, b in zip(blocks, node.blocks, strict=True)):
            node = Node(node.op, node.inputs, node.outputs, node.attrs, blocks, node.where)
        self.add(node, nodes)

    def replace(self, outputs: Sequence[Value], values: Sequence[Value]) -> None:
        for output, value in zip(outputs, values, strict=True):
            if output is not value:
                self.mapping[output] = value
                self.sizes_replaced |= output.type.is_integer

    def mapped(self, node: Node) -> Node:
        """A node reading what its inputs became; its blocks are not looked at."""
        mapping = self.mapping
        if not mapping:
            return node
        inputs = node.inputs
        if any(v in mapping for v in inputs):
            inputs = tuple(map(self.value, inputs))
        if not self.sizes_replaced:
            if inputs is node.inputs:
                return node
            return Node(node.op, inputs, node.outputs, node.attrs, node.blocks, node.where)
        attrs = map_attrs(node.attrs, mapping)
        outputs = tuple(map(self.renewed, node.outputs))
        if inputs == node.inputs and attrs is node.attrs and outputs == node.outputs:
            return node
        return Node(node.op, inputs, outputs, attrs, node.blocks, node.where)

    def renewed(self, value: Value) -> Value:
        """A value whose type mentions what its sizes became."""
        type_: Type = map_type(value.type, self.mapping) if self.sizes_replaced else value.type
        if type_ is value.type:
            return value
        self.mapping[value] = Value(type_, value.hint, value.where)
        return self.mapping[value]


# -- what results depend on --------------------------------------------------------------------------------------------


def pinned_values(function: Function, results: Iterable[Value]) -> set[Value]:
    """Every value that some results depend on.

    Parameters
    ----------
    function : Function
        Any function.
    results : iterable of Value
        Results whose bits may not change.

    Returns
    -------
    set of Value
        The results, what they are computed from, and what decides how loops and branches on the way run.
    """
    found: set[Value] = set()
    stack = list(results)
    reads = _dependencies(function) if stack else {}
    while stack:
        value = stack.pop()
        if value in found:
            continue
        found.add(value)
        stack.extend(d for d in value.type.shape if isinstance(d, Value))
        stack.extend(reads.get(value, ()))
    return found


def _dependencies(function: Function) -> dict[Value, tuple[Value, ...]]:
    """What each value is computed from, in one step."""
    reads: dict[Value, tuple[Value, ...]] = {}
    for node in all_nodes(function.block):
        if node.op is IF:
            for output, *results in zip(node.outputs, *(b.results for b in node.blocks), strict=True):
                reads[output] = (*node.inputs, *results)
        elif node.op is FOR or node.op is WHILE:
            reads.update(_loop_dependencies(node))
        else:
            needed = (*node.inputs, *dims_of(node))
            reads.update(dict.fromkeys(node.outputs, needed))
    return reads


def _loop_dependencies(node: Node) -> dict[Value, tuple[Value, ...]]:
    head, initials = loop_parts(node)
    if node.op is WHILE:
        head = node.blocks[0].results
    body = node.blocks[-1]
    reads = {body.params[0]: head} if node.op is FOR else {}
    carried = [carried_params(node, block) for block in node.blocks]
    for output, initial, result, *params in zip(node.outputs, initials, body.results, *carried, strict=True):
        reads.update(dict.fromkeys((output, *params), (*head, initial, result)))
    return reads
