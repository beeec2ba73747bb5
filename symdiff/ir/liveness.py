"""What a printed text mentions, and until where: the base of decisions about names and about storing in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from symdiff.ir.graph import ACT, CONSTANT, FOR, IF, REQUIRE_EQUAL, TRY, WHILE, Block, Function, Node, Value, dims_in
from symdiff.ir.walk import all_nodes, can_fail, constants_of, may_raise

__all__ = ["Liveness", "Needs", "Place", "bounds_of", "carried_of", "is_act", "mentions"]


def mentions(node: Node) -> Sequence[Value]:
    """Values the spelling of one node mentions: inputs, and sizes among the attributes."""
    return (*node.inputs, *dims_in(node.attrs)) if node.attrs else node.inputs


def bounds_of(node: Node) -> int:
    """How many inputs of a loop come before the initial values."""
    return 3 if node.op is FOR else 0


def carried_of(node: Node, block: Block) -> tuple[Value, ...]:
    """The carried values among the parameters of a loop's block."""
    return block.params[1:] if node.op is FOR else block.params


def is_act(node: Node) -> bool:
    """Whether a node is a statement for its effect alone."""
    return node.op is ACT or bool(getattr(node.op, "effect", False))


@dataclass(frozen=True)
class Place:
    """A point of the program: after node ``position`` of ``block``, inside the blocks above."""

    block: Block
    position: int
    above: Place | None = None
    loop: bool = False
    """Whether the block runs more than once."""


class Needs:
    """Which nodes are printed, and how often each value is mentioned.

    Attributes
    ----------
    producer : dict
        The node that defines a value.
    block_of, owner : dict
        The block a node stands in, and the node that has a block.
    hints : set of str
        The names suggested for what is computed, but not those of what is read from tapes.
    uses, user : dict
        How often the text mentions a value, and where last: in a node, or as a result of a block.
    tried : set of Node
        What stands in the body of a ``try``.
    bare : set of Node
        Operations that are printed because they may fail, though nothing reads what they give.
    kept : dict
        For control nodes, the positions of the outputs that the text computes.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.producer: dict[Value, Node] = {}
        self.block_of: dict[Node, Block] = {}
        self.owner: dict[Block, Node] = {}
        self.carrier: dict[Value, tuple[Node, int]] = {}
        self.needed: set[Value] = set()
        self.uses: dict[Value, int] = {}
        self.user: dict[Value, Node | Block] = {}
        self.kept: dict[Node, list[int]] = {}
        self.acting: set[Node] = set()
        self.bare: set[Node] = set()
        self.tried: set[Node] = set()
        self.hints: set[str] = {p.hint for p in function.params}
        self._collect(function.block)
        self._mark(function)
        self._count(function.block, function.results)

    def _collect(self, function_block: Block) -> None:
        blocks = [function_block]
        while blocks:
            block = blocks.pop()
            for node in block.nodes:
                self.block_of[node] = block
                self.producer.update(dict.fromkeys(node.outputs, node))
                self._collect_names(node)
                blocks.extend(node.blocks)
                self.owner.update(dict.fromkeys(node.blocks, node))
                if node.op is FOR or node.op is WHILE:
                    for inner in node.blocks:
                        for k, param in enumerate(carried_of(node, inner)):
                            self.carrier[param] = (node, k)

    def _collect_names(self, node: Node) -> None:
        for output in node.outputs:
            if node.op.name != "range_length" and not _is_of_tape(node, output):
                self.hints.add(output.hint)
        for block in node.blocks:
            self.hints.update(p.hint for p in block.params)

    def is_named(self, value: Value) -> bool:
        """Whether a value has a name that a reader expects: the user's, or that of a cotangent.

        What a tape holds may be known by a name that says how it was computed; that is no more than a suggestion.
        """
        return value.hint in self.hints and value.hint != ""

    # -- what is printed -----------------------------------------------------------------------------------------------

    def _mark(self, function: Function) -> None:
        """Values whose definitions are printed. Sizes that only types mention are not."""
        work = list(function.results)
        for node in self.block_of:
            if is_act(node) or (node.op is TRY and not node.attrs["clauses"]):
                self._acting(node, work)
        self._reach(work)
        self._attempts(function.block)
        # what may fail is asked for even where nothing reads what it gives
        constants = constants_of(function.block)
        for node in self.block_of:
            risky = can_fail(node, constants) or (node in self.tried and may_raise(node) and len(node.outputs) == 1)
            if risky and node.outputs[0] not in self.needed:
                self.bare.add(node)
        for node in (*self.bare, *(n for n in self.tried if n.op is REQUIRE_EQUAL)):
            self._acting(node, work)
        self._reach(work)
        # one of them may read another
        self.bare = {node for node in self.bare if node.outputs[0] not in self.needed}

    def _attempts(self, block: Block) -> None:
        """What stands in the body of a ``try``."""
        for node in all_nodes(block):
            if node.op is TRY:
                self.tried.update(all_nodes(node.blocks[0]))

    def _reach(self, work: list[Value]) -> None:
        while work:
            value = work.pop()
            if value in self.needed:
                continue
            self.needed.add(value)
            if value in self.carrier:
                node, k = self.carrier[value]
                work.append(node.outputs[k])
            elif value in self.producer:
                work.extend(_demands(self.producer[value], value))

    def _acting(self, node: Node, work: list[Value]) -> None:
        """An effect is printed with its operands, and with the branches and loops that it stands in."""
        work += node.inputs
        while (owner := self.owner.get(self.block_of[node])) is not None:
            self.acting.add(owner)
            work += owner.outputs if owner.op is TRY else ()
            work += owner.inputs[: 1 if owner.op is IF else bounds_of(owner)]
            if owner.op is WHILE:
                work += owner.blocks[0].results
            node = owner

    def prints(self, node: Node) -> bool:
        """Whether the node stands in the text."""
        if node.op is REQUIRE_EQUAL:
            return node in self.tried
        if node.op is TRY and not node.attrs["clauses"]:
            return True
        for output in node.outputs:
            if output in self.needed:
                return True
        return is_act(node) or node in self.acting or node in self.bare

    # -- mentions ------------------------------------------------------------------------------------------------------

    def _count(self, block: Block, results: tuple[Value, ...] | list[Value]) -> None:
        for node in block.nodes:
            if not self.prints(node):
                continue
            for value in self.mentioned(node):
                self._use(value, node)
            for inner in node.blocks:
                self._count(inner, self.results(node, inner))
        for value in results:
            self._use(value, block)

    def _use(self, value: Value, user: Node | Block) -> None:
        self.uses[value] = self.uses.get(value, 0) + 1
        self.user[value] = user

    def mentioned(self, node: Node) -> Iterator[Value]:
        """Values that the text of a node mentions, those inside its blocks excepted."""
        if not node.blocks:
            yield from mentions(node)
            return
        self.kept[node] = kept = [k for k, o in enumerate(node.outputs) if o in self.needed]
        offset = bounds_of(node)
        if node.op is TRY:
            return
        yield from node.inputs[: 1 if node.op is IF else offset]
        if node.op is not IF:
            yield from (node.inputs[offset + k] for k in kept)

    def results(self, node: Node, block: Block) -> list[Value]:
        """The results of a node's block that the text computes."""
        if node.op is WHILE and block is node.blocks[0]:
            return list(block.results)
        if node.op is TRY:
            return []
        return [block.results[k] for k in self.kept[node]]


def _is_of_tape(node: Node, value: Value) -> bool:
    """Whether a value is read from where the forward sweep put it."""
    return node.op.name in ("index", "pop") and bool(value.hint) and node.inputs[0].hint == f"{value.hint}_tape"


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


class Liveness:
    """Where the text mentions each value for the last time.

    Parameters
    ----------
    needs : Needs
        What is printed.
    roots : mapping
        For each printed node the position, in its block, of the statement that its text is part of.
    """

    def __init__(self, needs: Needs, roots: Mapping[Node, int]) -> None:
        self.needs, self.roots = needs, roots
        self.home: dict[Value, tuple[Block, int]] = {}
        self.last: dict[Block, dict[Value, int]] = {}
        function = needs.function
        for dim, _, _ in function.bound_dimensions():
            self.home[dim] = (function.block, -1)
        self._measure(function.block, list(function.results))

    def _measure(self, block: Block, results: list[Value]) -> dict[Value, int]:
        """Record last mentions in a block and those inside it."""
        last: dict[Value, int] = {}
        self.home.update(dict.fromkeys(block.params, (block, -1)))
        for k, node in enumerate(block.nodes):
            self.home.update(dict.fromkeys(node.outputs, (block, k)))
            if not self.needs.prints(node):
                continue
            root = self.roots[node]
            for value in self._mentioned(node):
                last[value] = max(root, last.get(value, -1))
        last.update(dict.fromkeys(results, len(block.nodes)))
        self.last[block] = last
        return last

    def _mentioned(self, node: Node) -> dict[Value, None]:
        found = dict.fromkeys(self.needs.mentioned(node))
        for block in node.blocks:
            measured = self._measure(block, self.needs.results(node, block))
            found.update((v, None) for v in measured if self.home[v][0] is not block)
        if node.op is WHILE:
            # what the test reads is read again after the body
            test, body = node.blocks
            for value in self.last[test]:
                if self.home[value][0] is not test:
                    self.last[body][value] = len(body.nodes) + 1
        return found

    def live(self, value: Value, place: Place) -> bool:
        """Whether the text mentions the value after this place, in this trip or the next."""
        home = self.home[value][0]
        here: Place | None = place
        while here is not None:
            last = self.last[here.block].get(value, -1)
            if last > here.position:
                return True
            if home is here.block:
                return False
            if here.loop and last >= 0:
                return True
            here = here.above
        return False
