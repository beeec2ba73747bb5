"""Which arrays of a printed text are its own, so that storing into them in place changes nothing else."""

from __future__ import annotations

from bisect import bisect_left

from symdiff.ir.expressions import Expression
from symdiff.ir.graph import FOR, IF, WHILE, Block, Node, Value
from symdiff.ir.liveness import Liveness, Needs, Place, bounds_of, carried_of

__all__ = ["Aliases", "Ownership"]

VIEWS = frozenset({"reshape", "transpose", "broadcast_to", "diagonal", "index", "stop_gradient"})
STORES = frozenset({"put", "accumulate_at"})


class Aliases:
    """Arrays that may be one in memory.

    Views belong to what they view, a store to the array stored into, a loop's carried values to each other. A loop that
    stores into a carried array starts from an array of its own, so the initial value does not belong to them.
    """

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self._leader: dict[Value, Value] = {}
        self._stores: dict[tuple[Block, Value], list[int]] = {}
        self.stored: set[Value] = set()
        loops = [node for node in needs.block_of if node.op is FOR or node.op is WHILE]
        for node in needs.block_of:
            self._join_node(node)
        self.stored.update(self.leader(n.inputs[0]) for n in needs.block_of if n.op.name in STORES)
        for node in loops:
            for initial, output in zip(node.inputs[bounds_of(node) :], node.outputs, strict=True):
                if self.leader(output) not in self.stored:
                    self._join(initial, output)
        self._find_stores(needs.function.block)

    def leader(self, value: Value) -> Value:
        """What stands for the class of a value."""
        while (above := self._leader.setdefault(value, value)) is not value:
            self._leader[value] = self._leader.setdefault(above, above)
            value = above
        return value

    def _join(self, a: Value, b: Value) -> None:
        if a.type.is_array and b.type.is_array:
            first, second = self.leader(a), self.leader(b)
            self._leader[first] = second
            if first in self.stored:
                self.stored.add(second)

    def _join_node(self, node: Node) -> None:
        if node.op is FOR or node.op is WHILE:
            body = node.blocks[-1]
            for k, (param, result) in enumerate(zip(carried_of(node, body), body.results, strict=True)):
                self._join(param, result)
                self._join(param, node.outputs[k])
                if node.op is WHILE:
                    self._join(param, node.blocks[0].params[k])
        elif node.op is IF:
            for inner in node.blocks:
                for result, output in zip(inner.results, node.outputs, strict=True):
                    self._join(result, output)
        elif node.op.name in VIEWS or node.op.name in STORES:
            self._join(node.outputs[0], node.inputs[0])

    def _find_stores(self, block: Block) -> set[Value]:
        """Record where a block stores into each class, also inside its nodes."""
        found: set[Value] = set()
        for position, node in enumerate(block.nodes):
            here = {leader for inner in node.blocks for leader in self._find_stores(inner)}
            if node.op.name in STORES:
                here.add(self.leader(node.inputs[0]))
            for leader in here:
                self._stores.setdefault((block, leader), []).append(position)
            found |= here
        return found

    def stores(self, block: Block, value: Value) -> list[int]:
        """Positions of a block where something may be stored into the array."""
        return self._stores.get((block, self.leader(value)), [])


class Ownership:
    """Answers to whether the text may change an array."""

    def __init__(self, needs: Needs, aliases: Aliases, live: Liveness) -> None:
        self.needs, self.aliases, self.live = needs, aliases, live
        # for each class and block: where its members are defined, and until where the earliest so many are mentioned
        self._defined: dict[tuple[Value, Block], list[int]] = {}
        self._until: dict[tuple[Value, Block], list[int]] = {}
        self._from_outside: dict[tuple[Value, Block], int] = {}
        self._owned: dict[Value, bool] = {}
        self._index()

    def _index(self) -> None:
        for value, (block, position) in self.live.home.items():
            if value.type.is_array:
                key = (self.aliases.leader(value), block)
                until = self._until.setdefault(key, [])
                self._defined.setdefault(key, []).append(position)
                last = self.live.last[block].get(value, -1)
                until.append(max(last, until[-1]) if until else last)
        for block, mentioned in self.live.last.items():
            for value, last in mentioned.items():
                if value.type.is_array and self.live.home[value][0] is not block:
                    key = (self.aliases.leader(value), block)
                    self._from_outside[key] = max(last, self._from_outside.get(key, -1))

    # -- questions -----------------------------------------------------------------------------------------------------

    def read_later(self, value: Value, here: Place) -> bool:
        """Whether anything that exists here, and may be the same array, is mentioned after this place."""
        leader = self.aliases.leader(value)
        place: Place | None = here
        while place is not None:
            key = (leader, place.block)
            count = bisect_left(self._defined.get(key, []), place.position)
            if count and self._until[key][count - 1] > place.position:
                return True
            outside = self._from_outside.get(key, -1)
            if outside > place.position or (place.loop and outside >= 0):
                return True
            place = place.above
        return False

    def owned(self, value: Value) -> bool:
        """Whether an array was made by the text itself and is no view."""
        if value not in self._owned:
            self._owned[value] = self._is_owned(value)
        return self._owned[value]

    def _is_owned(self, value: Value) -> bool:
        node = self.needs.producer.get(value)
        if node is None or node.blocks:
            if node is not None and node.op is IF:
                k = node.outputs.index(value)
                return all(self.owned(b.results[k]) for b in node.blocks)
            carried = node is not None or value in self.needs.carrier
            return carried and self.aliases.leader(value) in self.aliases.stored
        return node.op.name not in VIEWS

    def in_place(self, node: Node, here: Place) -> bool:
        """Whether a store may change its array."""
        target, stored = node.inputs[0], node.inputs[1]
        if node.op.name == "accumulate_at" and self.aliases.leader(stored) is self.aliases.leader(target):
            # np.add.at may read again what it has changed
            return False
        return self.owned(target) and not self.read_later(target, here)

    # -- loops ---------------------------------------------------------------------------------------------------------

    def entering(self, node: Node, k: int, start: Expression, here: Place) -> Expression:
        """The initial value of a carried array: a copy where the loop stores into it and it may not be changed."""
        if not self._is_stored(node.outputs[k]):
            return start
        initial = node.inputs[bounds_of(node) + k]
        leader = self.aliases.leader(initial)
        others = [v for v in node.inputs[bounds_of(node) :] if v.type.is_array and self.aliases.leader(v) is leader]
        inside = any(self._from_outside.get((leader, block), -1) >= 0 for block in node.blocks)
        free = self.owned(initial) and len(others) == 1 and not inside and not self.read_later(initial, here)
        return start if free else start.copied()

    def returning(self, node: Node, k: int, end: Expression) -> Expression:
        """The next value of a carried array: a copy where it is not the loop's own, or is another one's too."""
        if not self._is_stored(node.outputs[k]):
            return end
        body = node.blocks[-1]
        result = body.results[k]
        own = carried_of(node, body)
        inside = result in own or self.live.home[result][0] is body
        origins = self._origins(result)
        before = (r for r in body.results[:k] if r.type.is_array)
        shared = any(origins & self._origins(r) for r in before)
        return end if inside and self.owned(result) and not shared else end.copied()

    def _is_stored(self, output: Value) -> bool:
        return output.type.is_array and self.aliases.leader(output) in self.aliases.stored

    def _origins(self, value: Value) -> set[Value]:
        """The values whose memory an owned array may be."""
        found: set[Value] = set()
        seen: set[Value] = set()
        work = [value]
        while work:
            current = work.pop()
            if current in seen:
                continue
            seen.add(current)
            node = self.needs.producer.get(current)
            if node is not None and node.op is IF:
                k = node.outputs.index(current)
                work.extend(b.results[k] for b in node.blocks)
            elif node is not None and node.op.name in STORES | VIEWS:
                work.append(node.inputs[0])
            else:
                found.add(current)
        return found
