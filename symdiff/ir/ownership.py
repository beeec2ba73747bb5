"""Which arrays of a printed text are its own, so that storing into them in place changes nothing else."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from symdiff.ir.expressions import Expression
from symdiff.ir.graph import FOR, IF, WHILE, Block, Node, Value
from symdiff.ir.liveness import Liveness, Needs, Place, bounds_of, carried_of

__all__ = ["STORES", "Aliases", "Ownership", "is_view"]

VIEWS = frozenset({"reshape", "transpose", "broadcast_to", "diagonal", "index", "stop_gradient", "sliding_windows"})
STORES = frozenset({"put", "accumulate_at"})
UPDATES = frozenset({"add", "subtract"})


def is_view(node: Node) -> bool:
    """Whether NumPy gives a window into its operand."""
    if node.op.name == "index" and any(entry[0] == "array" for entry in node.attrs["index"]):
        return False
    return node.op.name in VIEWS and node.inputs[0].type.is_array


class _Classes:
    """A partition of arrays."""

    def __init__(self) -> None:
        self._leader: dict[Value, Value] = {}
        self.marked: set[Value] = set()
        """Leaders of the classes that were marked."""

    def leader(self, value: Value) -> Value:
        """What stands for the class of a value."""
        while (above := self._leader.setdefault(value, value)) is not value:
            self._leader[value] = self._leader.setdefault(above, above)
            value = above
        return value

    def join(self, a: Value, b: Value) -> None:
        if a.type.is_array and b.type.is_array:
            first, second = self.leader(a), self.leader(b)
            self._leader[first] = second
            if first in self.marked:
                self.marked.add(second)


class Aliases:
    """Arrays that may be one in memory, and where the text may change them.

    There are two partitions. Memory *flows*: through a loop it goes from carried value to carried value, and what is
    stored into anywhere on its way is *stored*. At any one time fewer arrays are the *same*: a store and the array
    stored into, a view and what it views; but a loop that stores into what it carries starts from arrays of its own, so
    its carried values differ from each other and from everything outside.

    Attributes
    ----------
    updates : set of Node
        Additions to a named array of the text that become ``+=``.
    """

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self.updates: set[Node] = set()
        self._flow, self._same = _Classes(), _Classes()
        self._stores: dict[tuple[Block, Value], list[int]] = {}
        self.loops = [node for node in needs.block_of if node.op is FOR or node.op is WHILE]
        for node in needs.block_of:
            if node.op is FOR or node.op is WHILE:
                self._join_loop(node, self._flow)
            else:
                self._join_node(node)
        self._flow.marked.update(self._flow.leader(n.inputs[0]) for n in needs.block_of if n.op.name in STORES)
        self._find_updates()
        for node in self.loops:
            for k, (initial, output) in enumerate(zip(node.inputs[bounds_of(node) :], node.outputs, strict=True)):
                if not self.is_stored(output):
                    self._flow.join(initial, output)
                    self._join_carried(node, k, self._same)
                    self._same.join(initial, output)
        self._find_stores(needs.function.block)

    # -- partitions ----------------------------------------------------------------------------------------------------

    def leader(self, value: Value) -> Value:
        """What stands for the arrays that may be the same as this one."""
        return self._same.leader(value)

    def is_stored(self, value: Value) -> bool:
        """Whether the text stores into the memory of an array anywhere."""
        return self._flow.leader(value) in self._flow.marked

    def _join_loop(self, node: Node, classes: _Classes) -> None:
        for k, _ in enumerate(node.outputs):
            self._join_carried(node, k, classes)

    def _join_carried(self, node: Node, k: int, classes: _Classes) -> None:
        body = node.blocks[-1]
        param = carried_of(node, body)[k]
        classes.join(param, body.results[k])
        classes.join(param, node.outputs[k])
        if node.op is WHILE:
            classes.join(param, node.blocks[0].params[k])

    def _join_node(self, node: Node) -> None:
        pairs: list[tuple[Value, Value]] = []
        if node.op is IF:
            pairs = [(r, o) for b in node.blocks for r, o in zip(b.results, node.outputs, strict=True)]
        elif node.op.name in STORES or (node.op.name in VIEWS and is_view(node)):
            pairs = [(node.outputs[0], node.inputs[0])]
        for a, b in pairs:
            self._flow.join(a, b)
            self._same.join(a, b)

    # -- additions in place --------------------------------------------------------------------------------------------

    def _find_updates(self) -> None:
        """``x_bar = x_bar + ...`` of arrays that the text made, which nothing else reads."""
        candidates = [node for node in self.needs.block_of if node.op.name in UPDATES]
        while True:
            found = [n for n in candidates if n not in self.updates and self._may_update(n.inputs[0], n.outputs[0])]
            if not found:
                break
            for node in found:
                self.updates.add(node)
                self._flow.join(node.inputs[0], node.outputs[0])
                self._same.join(node.inputs[0], node.outputs[0])
                self._flow.marked.add(self._flow.leader(node.outputs[0]))

    def _may_update(self, left: Value, out: Value) -> bool:
        if not out.type.is_array or not _same_shape(left, out) or not left.hint:
            return False
        return left.hint == (out.hint or self._becomes(out)) and self._is_new(left)

    def _becomes(self, value: Value) -> str:
        """The name of the carried value that a value is the next of."""
        user = self.needs.user.get(value)
        owner = self.needs.owner.get(user) if isinstance(user, Block) else None
        if owner is None or owner.op is not FOR:
            return ""
        return owner.blocks[0].params[1 + owner.blocks[0].results.index(value)].hint

    def _is_new(self, value: Value) -> bool:
        """Whether the text makes the array for this purpose alone."""
        if self.needs.uses.get(value) != 1:
            return False
        if value in self.needs.carrier:
            loop, k = self.needs.carrier[value]
            return loop.op is FOR and self._is_new(loop.inputs[bounds_of(loop) + k])
        node = self.needs.producer.get(value)
        if node is None or node.op is IF or node.op.name == "pop":
            return False
        if node.blocks:
            return self.is_stored(value)
        return not is_view(node)

    def _find_stores(self, block: Block) -> set[Value]:
        """Record where a block stores into each class, also inside its nodes."""
        found: set[Value] = set()
        for position, node in enumerate(block.nodes):
            here = {leader for inner in node.blocks for leader in self._find_stores(inner)}
            if node.op.name in STORES or node in self.updates:
                here.add(self.leader(node.inputs[0]))
            for leader in here:
                self._stores.setdefault((block, leader), []).append(position)
            found |= here
        return found

    def stores(self, block: Block, value: Value) -> list[int]:
        """Positions of a block where something may be stored into the array."""
        return self._stores.get((block, self.leader(value)), [])


def _same_shape(a: Value, b: Value) -> bool:
    """Whether two arrays have one dtype and shape; sizes that are values are equal where they meet."""
    ranks = a.type.dtype == b.type.dtype and a.type.rank == b.type.rank
    return ranks and all((m == 1) == (n == 1) for m, n in zip(a.type.shape, b.type.shape, strict=True))


class _Mentions:
    """Until where the members of each class are mentioned."""

    def __init__(self, live: Liveness, aliases: Aliases, is_member: Callable[[Value], bool]) -> None:
        self.aliases = aliases
        # for each class and block: where its members are defined, and until where the earliest so many are mentioned
        self._defined: dict[tuple[Value, Block], list[int]] = {}
        self._until: dict[tuple[Value, Block], list[int]] = {}
        self._from_outside: dict[tuple[Value, Block], int] = {}
        for value, (block, position) in live.home.items():
            if is_member(value):
                key = (aliases.leader(value), block)
                until = self._until.setdefault(key, [])
                self._defined.setdefault(key, []).append(position)
                last = live.last[block].get(value, -1)
                until.append(max(last, until[-1]) if until else last)
        for block, mentioned in live.last.items():
            for value, last in mentioned.items():
                if is_member(value) and live.home[value][0] is not block:
                    key = (aliases.leader(value), block)
                    self._from_outside[key] = max(last, self._from_outside.get(key, -1))

    def inside(self, leader: Value, block: Block) -> bool:
        """Whether a block mentions a member from outside."""
        return self._from_outside.get((leader, block), -1) >= 0

    def after(self, value: Value, here: Place) -> bool:
        """Whether a member of the value's class that exists here is mentioned after this place."""
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


class Ownership:
    """Answers to whether the text may change an array."""

    def __init__(self, needs: Needs, aliases: Aliases, live: Liveness) -> None:
        self.needs, self.aliases, self.live = needs, aliases, live
        self._owned: dict[Value, bool] = {}
        self._arrays = _Mentions(live, aliases, lambda value: value.type.is_array and not self._views(value))
        self._with_views = _Mentions(live, aliases, lambda value: value.type.is_array)

    def _views(self, value: Value) -> bool:
        node = self.needs.producer.get(value)
        return node is not None and is_view(node)

    # -- questions -----------------------------------------------------------------------------------------------------

    def read_later(self, value: Value, here: Place) -> bool:
        """Whether anything that exists here, and may be the same array, is mentioned after this place."""
        return self._arrays.after(value, here)

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
            return carried and self.aliases.is_stored(value)
        return not is_view(node) and node.op.name not in ("pop", "stop_gradient")

    def in_place(self, node: Node, here: Place) -> bool:
        """Whether a store may change its array."""
        target, stored = node.inputs[0], node.inputs[1]
        if node.op.name == "accumulate_at" and self.aliases.leader(stored) is self.aliases.leader(target):
            # np.add.at may read again what it has changed
            return False
        return self.owned(target) and not self.read_later(target, here)

    def outlives_a_store(self, node: Node) -> bool:
        """Whether a view is read after something may have been stored into what it views."""
        value = node.outputs[0]
        block, position = self.live.home[value]
        stores = self.aliases.stores(block, value)
        last = self.live.last[block].get(value, -1)
        following = stores[bisect_right(stores, position) :]
        # the statement that stores reads its operands first, a loop or branch does not
        return any(p < last or (p == last and p < len(block.nodes) and block.nodes[p].blocks) for p in following)

    # -- loops ---------------------------------------------------------------------------------------------------------

    def entering(self, node: Node, k: int, start: Expression, here: Place) -> Expression:
        """The initial value of a carried array: a copy where the loop stores into it and it may not be changed."""
        if not self._is_stored(node.outputs[k]):
            return start
        initial = node.inputs[bounds_of(node) + k]
        leader = self.aliases.leader(initial)
        others = [v for v in node.inputs[bounds_of(node) :] if v.type.is_array and self.aliases.leader(v) is leader]
        # a view of it is not copied on account of this loop, which counts as starting from an array of its own
        inside = any(self._with_views.inside(leader, block) for block in node.blocks)
        free = self.owned(initial) and len(others) == 1 and not inside and not self._with_views.after(initial, here)
        return start if free else start.copied()

    def returning(self, node: Node, k: int, end: Expression) -> Expression:
        """The next value of a carried array: a copy where it is not the loop's own, or is another one's too."""
        if not self._is_stored(node.outputs[k]):
            return end
        body = node.blocks[-1]
        result = body.results[k]
        origins = self._origins(result)
        inside = all(self._is_inside(self.live.home[v][0], body) for v in origins)
        before = (r for r in body.results[:k] if r.type.is_array)
        shared = any(origins & self._origins(r) for r in before)
        return end if inside and self.owned(result) and not shared else end.copied()

    def _is_inside(self, block: Block, outer: Block) -> bool:
        """Whether a block is this one or stands in it."""
        while block is not outer:
            above = self.needs.owner.get(block)
            if above is None:
                return False
            block = self.needs.block_of[above]
        return True

    def _is_stored(self, output: Value) -> bool:
        return output.type.is_array and self.aliases.is_stored(output)

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
            elif node is not None and (node.op.name in STORES | VIEWS or node in self.aliases.updates):
                work.append(node.inputs[0])
            else:
                found.add(current)
        return found
