"""Which values are written where they are used, as part of a larger expression, and not kept in a variable.

A value mentioned once, in the block that computes it, and not named by the user, can be. The text is then evaluated
later than where the node stands, so nothing in between may store into an array that it reads; and an expression does
not grow longer than a line.
"""

from __future__ import annotations

from bisect import bisect_right

from symdiff.ir.graph import ACT, CONSTANT, IF, REQUIRE_EQUAL, Block, Node, Value
from symdiff.ir.liveness import Needs, is_act
from symdiff.ir.ownership import Aliases
from symdiff.ir.rewrite import references
from symdiff.ir.unread import is_unread

__all__ = ["Inlining"]

LONGEST = 74
"""Characters of an expression."""
NAME = 3
CONDITIONAL_NODES = 3
"""How many operations an arm of a conditional expression may have."""
STATEMENTS = frozenset({"pop"})


class Inlining:
    """The decision for every value of a function.

    Attributes
    ----------
    values : set of Value
        Those without a variable.
    roots : dict
        For each printed node the position of the statement that its text is part of.
    short : set of Node
        Branches printed as conditional expressions.
    """

    def __init__(self, needs: Needs, aliases: Aliases) -> None:
        self.needs, self.aliases = needs, aliases
        self.values: set[Value] = set()
        self.roots: dict[Node, int] = {}
        self.short: set[Node] = set()
        self._length: dict[Value, int] = {}
        self._too_long: set[Value] = set()
        self._acting: dict[Block, list[int]] = {}
        block = needs.function.block
        self._measure(block)
        self._settle(block, None)

    # -- lengths, operands first ---------------------------------------------------------------------------------------

    def _measure(self, block: Block) -> None:
        for node in block.nodes:
            if not self.needs.prints(node):
                continue
            for inner in node.blocks:
                self._measure(inner)
            if node.op is CONSTANT:
                self._length[node.output] = len(repr(node.attrs["value"]))
            elif node.op is IF:
                self._measure_branch(node)
            elif not node.blocks and len(node.outputs) == 1:
                self._limit(node.output, _own_length(node) + sum(map(self._operand, node.inputs)))

    def _operand(self, value: Value, *, named: bool = True) -> int:
        """Length of a mention, by its name if it has one and may keep it."""
        node = self.needs.producer.get(value)
        if node is not None and node.op is CONSTANT:
            return self._length[value]
        own = named and self.needs.is_named(value) and node is not None and not node.blocks
        if value in self._length and value not in self._too_long and self._once(value) and not own:
            return self._length[value] + 2
        return len(value.hint) or NAME

    def _limit(self, value: Value, length: int) -> None:
        self._length[value] = length
        if length > LONGEST:
            self._too_long.add(value)

    def _measure_branch(self, node: Node) -> None:
        kept = self.needs.kept[node]
        if len(kept) != 1 or not all(self._is_short(b, b.results[kept[0]]) for b in node.blocks):
            return
        results = [b.results[kept[0]] for b in node.blocks]
        output = node.outputs[kept[0]]
        if any(self._passes_through(b, r, output) for b, r in zip(node.blocks, results, strict=True)):
            return
        length = 9 + self._operand(node.inputs[0]) + sum(self._operand(r, named=False) for r in results)
        if length <= LONGEST:
            self.short.add(node)
            self._limit(output, length)

    def _passes_through(self, block: Block, result: Value, output: Value) -> bool:
        """Whether an arm leaves a variable as it is: a statement in the other arm says so best."""
        node = self.needs.producer.get(result)
        if is_unread(node):
            return True
        outside = node is None or self.needs.block_of[node] is not block
        return outside and (node is None or node.op is not CONSTANT) and result.hint == output.hint != ""

    def _is_short(self, block: Block, result: Value) -> bool:
        """Whether a block is one expression: few operations, each mentioned once, no statements."""
        count = 0
        for node in block.nodes:
            if not self.needs.prints(node) or node.op is CONSTANT:
                continue
            if node.op in (ACT, REQUIRE_EQUAL) or node in self.needs.acting or node in self.needs.bare:
                return False
            value = node.outputs[0]
            if node.op is IF:
                value = node.outputs[self.needs.kept[node][0]] if node in self.short else value
            if (node.op is IF and node not in self.short) or self._is_statement(node) or value in self._too_long:
                return False
            named = self.needs.is_named(value) and value is not result
            if self.needs.uses.get(value, 0) > 1 or named or value.type.is_array:
                return False
            count += 1
        return count <= CONDITIONAL_NODES

    # -- decisions, users first ----------------------------------------------------------------------------------------

    def _settle(self, block: Block, owner: Node | None) -> None:
        in_expression = owner in self.short
        for position, node in reversed(list(enumerate(block.nodes))):
            self.roots[node] = position
            if not self.needs.prints(node):
                continue
            if self._is_elif(node, owner):
                self.short.discard(node)
            value = self._candidate(node)
            if value is not None and (in_expression or self._may_move(node, value, position, owner is not None)):
                self.values.add(value)
                self.roots[node] = self._root_of_user(value, block)
            for inner in node.blocks:
                self._settle(inner, node)

    def _is_elif(self, node: Node, owner: Node | None) -> bool:
        """Whether a branch is what an arm of a statement gives: it continues the statement."""
        if node not in self.short or owner is None or owner.op is not IF or owner in self.short:
            return False
        return isinstance(self.needs.user.get(node.outputs[self.needs.kept[node][0]]), Block)

    def _candidate(self, node: Node) -> Value | None:
        """The value of a node that is an expression."""
        if node.op is CONSTANT or node in self.needs.bare or self._is_statement(node):
            return None
        if node.op is IF:
            return node.outputs[self.needs.kept[node][0]] if node in self.short else None
        return node.output

    def _is_statement(self, node: Node) -> bool:
        if node.op is IF:
            return node not in self.short
        stores = getattr(node.op, "stores", False) or node in self.aliases.updates
        return bool(node.blocks) or stores or node.op in (ACT, REQUIRE_EQUAL) or node.op.name in STATEMENTS

    def _once(self, value: Value) -> bool:
        return self.needs.uses.get(value) == 1

    def _root_of_user(self, value: Value, block: Block) -> int:
        user = self.needs.user[value]
        return len(block.nodes) if isinstance(user, Block) else self.roots[user]

    def _may_move(self, node: Node, value: Value, position: int, nested: bool) -> bool:
        if not self._once(value) or value in self._too_long:
            return False
        user, block = self.needs.user[value], self.needs.block_of[node]
        if isinstance(user, Block):
            # the results of a nested block get the names of what they become
            if user is not block or (self.needs.is_named(value) and not nested):
                return False
        elif self.needs.block_of[user] is not block or self.needs.is_named(value):
            return False
        return not self._disturbed(node, block, position, self._root_of_user(value, block))

    def _acts(self, block: Block) -> list[int]:
        """Positions of the nodes of a block that have an effect, or one inside."""
        if block not in self._acting:
            acting = self.needs.acting
            self._acting[block] = [k for k, n in enumerate(block.nodes) if is_act(n) or n in acting]
        return self._acting[block]

    def _disturbed(self, node: Node, block: Block, position: int, root: int) -> bool:
        """Whether something is stored, between node and root, into an array that the node reads; or shown, where the
        node may fail.
        """
        if any(position < k < root for k in self._acts(block)) and _may_fail(node):
            return True
        read = references(node) if node.blocks else node.inputs
        for value in read:
            if not value.type.is_array:
                continue
            stores = self.aliases.stores(block, value)
            later = bisect_right(stores, position)
            if later < len(stores) and stores[later] < root:
                return True
        return False


def _may_fail(node: Node) -> bool:
    if node.blocks:
        return True
    return node.outputs[0].type.kind == "python" and bool(getattr(node.op, "fallible", False))


def _own_length(node: Node) -> int:
    """Characters of the spelling without the operands, roughly."""
    operator = getattr(node.op, "operator", None)
    if operator:
        return len(operator) + 2
    name: str = node.op.name
    return 6 + len(name) + sum(2 + len(str(v)) for v in node.attrs.values() if isinstance(v, (int, str)))
