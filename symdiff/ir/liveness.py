"""What a printed text mentions, and until where: the base of decisions about names and about storing in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symdiff.ir.graph import CONSTANT, FOR, IF, REQUIRE_EQUAL, WHILE, Block, Function, Node, Value

__all__ = ["Liveness", "Place", "mentions"]


def mentions(node: Node) -> Iterator[Value]:
    """Values the spelling of one node mentions: inputs, and sizes among the attributes."""
    yield from node.inputs
    for value in node.attrs.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Value):
                yield item


@dataclass(frozen=True)
class Place:
    """A point of the program: after node ``position`` of ``block``, inside the blocks above."""

    block: Block
    position: int
    above: Place | None = None
    loop: bool = False
    """Whether the block runs more than once."""


class Liveness:
    """Which nodes are printed, how often values are mentioned, and where for the last time."""

    def __init__(self, function: Function) -> None:
        self.needed: set[Value] = set()
        self.uses: dict[Value, int] = {}
        self.home: dict[Value, Block] = {}
        self.user: dict[Value, Node | Block] = {}
        self._last: dict[Block, dict[Value, int]] = {}
        self._mark(function)
        self._measure(function.block)

    # -- what is printed ---------------------------------------------------------------------------------------------

    def _mark(self, function: Function) -> None:
        """Values whose definitions are printed. Sizes that only types mention are not."""
        producers: dict[Value, Node] = {}
        owners: dict[Value, tuple[Node, int]] = {}
        blocks = [function.block]
        while blocks:
            block = blocks.pop()
            for node in block.nodes:
                producers.update(dict.fromkeys(node.outputs, node))
                for inner in node.blocks:
                    blocks.append(inner)
                    offset = 1 if node.op is FOR else 0
                    for k, param in enumerate(inner.params):
                        owners[param] = (node, k - offset)
        work = list(function.results)
        for node in _effects(function.block):
            work.extend(node.inputs)
        while work:
            value = work.pop()
            if value in self.needed:
                continue
            self.needed.add(value)
            if value in owners:
                node, k = owners[value]
                if k >= 0:
                    work.append(node.outputs[k])
            elif value in producers:
                work.extend(_demands(producers[value], value))

    def prints(self, node: Node) -> bool:
        """Whether the node stands in the text."""
        if node.op is REQUIRE_EQUAL:
            return False
        return any(o in self.needed for o in node.outputs) or getattr(node.op, "effect", False)

    # -- where -------------------------------------------------------------------------------------------------------

    def _measure(self, block: Block) -> dict[Value, None]:
        """Record last mentions in a block and those inside it; returns all values mentioned there."""
        last: dict[Value, int] = {}
        self.home.update(dict.fromkeys(block.params, block))
        for k, node in enumerate(block.nodes):
            self.home.update(dict.fromkeys(node.outputs, block))
            if not self.prints(node):
                continue
            for value in self._mentioned(node):
                last[value] = k
        for value in block.results:
            if value in self.needed:
                self._count(value, block)
                last[value] = len(block.nodes)
        self._last[block] = last
        return dict.fromkeys(last)

    def _mentioned(self, node: Node) -> dict[Value, None]:
        found: dict[Value, None] = {}
        for position, value in enumerate(node.inputs):
            if node.blocks and not self._carried_needed(node, position):
                continue
            self._count(value, node)
            found[value] = None
        for value in mentions(node):
            if value not in node.inputs:
                self._count(value, node)
                found[value] = None
        for block in node.blocks:
            found.update(self._measure(block))
        return found

    def _carried_needed(self, node: Node, position: int) -> bool:
        if node.op is IF:
            return True
        k = position - (3 if node.op is FOR else 0)
        return k < 0 or node.outputs[k] in self.needed

    def _count(self, value: Value, user: Node | Block) -> None:
        self.uses[value] = self.uses.get(value, 0) + 1
        self.user[value] = user

    def live(self, value: Value, place: Place) -> bool:
        """Whether the text mentions the value after this place, in this trip or the next."""
        here: Place | None = place
        while here is not None:
            last = self._last[here.block].get(value, -1)
            if last > here.position:
                return True
            if self.home.get(value) is here.block:
                return False
            if here.loop and last >= 0:
                return True
            here = here.above
        return False


def _effects(block: Block) -> Iterator[Node]:
    stack = [block]
    while stack:
        current = stack.pop()
        for node in current.nodes:
            if getattr(node.op, "effect", False):
                yield node
            stack.extend(node.blocks)


def _demands(node: Node, value: Value) -> Iterator[Value]:
    """What printing the definition of ``value`` needs."""
    if node.op is CONSTANT:
        return
    if not node.blocks:
        yield from mentions(node)
        return
    k = node.outputs.index(value)
    if node.op is IF:
        yield node.inputs[0]
        for block in node.blocks:
            yield block.results[k]
    elif node.op is FOR:
        yield from node.inputs[:3]
        yield node.inputs[3 + k]
        yield node.blocks[0].results[k]
    elif node.op is WHILE:
        yield node.inputs[k]
        yield from node.blocks[0].results
        yield node.blocks[1].results[k]
