"""Which arrays of a printed text are its own, so that storing into them in place changes nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from symdiff.ir.expressions import ATOM, Expression
from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Function, Node, Value
from symdiff.ir.liveness import Liveness, Place
from symdiff.ir.rewrite import references

__all__ = ["Ownership"]

VIEWS = frozenset({"reshape", "transpose", "broadcast_to", "diagonal", "convert", "stop_gradient", "index", "positive"})
STORES = frozenset({"put", "accumulate_at"})


class Ownership:
    """Aliases among the arrays of a function.

    Values that may be one array in memory form a class: views with what they view, a store with the array stored into, a
    loop's carried values with each other. A loop whose body stores into a carried array starts from an array of its own.
    """

    def __init__(self, function: Function, live: Liveness) -> None:
        self.live = live
        self.producer: dict[Value, Node] = {}
        self.carrier: dict[Value, tuple[Node, int]] = {}
        self._leader: dict[Value, Value] = {}
        self._inside: dict[Node, set[Value]] = {}
        self.safe_divisors: set[Value] = set()
        self.loops: list[Node] = []
        self._collect(function.block)
        self.stored = {self.leader(n.inputs[0]) for n in self.producer.values() if n.op.name in STORES}
        self.members: dict[Value, list[Value]] = {}
        self._join_entries()
        for value in list(self._leader):
            self.members.setdefault(self.leader(value), []).append(value)

    # -- classes -------------------------------------------------------------------------------------------------------

    def leader(self, value: Value) -> Value:
        while (above := self._leader.setdefault(value, value)) is not value:
            value = above
        return value

    def join(self, a: Value, b: Value) -> None:
        if a.type.is_array and b.type.is_array:
            self._leader[self.leader(a)] = self.leader(b)

    def _collect(self, block: Block) -> None:
        for node in block.nodes:
            self.producer.update(dict.fromkeys(node.outputs, node))
            if node.op is FOR or node.op is WHILE:
                self.loops.append(node)
                body = node.blocks[-1]
                params = body.params[1:] if node.op is FOR else body.params
                for k, (param, result) in enumerate(zip(params, body.results, strict=True)):
                    self.carrier[param] = (node, k)
                    self.join(param, result)
                    self.join(param, node.outputs[k])
            elif node.op is IF:
                for inner in node.blocks:
                    for result, output in zip(inner.results, node.outputs, strict=True):
                        self.join(result, output)
            elif node.op.name in VIEWS or node.op.name in STORES:
                self.join(node.output, node.inputs[0])
            elif node.op is CONSTANT and node.attrs["value"] != 0:
                self.safe_divisors.add(node.output)
            if node.op.name in ("divide", "remainder", "floor_divide") and node.output.type.kind == "python":
                self.safe_divisors.add(node.inputs[1])
            if node.op.name == "index":
                # an element of an array is NumPy's own scalar
                self.safe_divisors.add(node.output)
            for inner in node.blocks:
                self._collect(inner)

    def _join_entries(self) -> None:
        """A loop that stores into a carried array gets an array of its own; others start with the one they are given."""
        for node in self.loops:
            offset = 3 if node.op is FOR else 0
            for k, output in enumerate(node.outputs):
                if self.leader(output) not in self.stored:
                    self.join(node.inputs[offset + k], output)

    # -- questions -----------------------------------------------------------------------------------------------------

    def inside(self, node: Node) -> set[Value]:
        """Every value mentioned in the blocks of a node."""
        if node not in self._inside:
            found: set[Value] = set()
            for block in node.blocks:
                found.update(block.results)
                for inner in block.nodes:
                    found.update(references(inner))
            self._inside[node] = found
        return self._inside[node]

    def names_of(self, value: Value, holders: Mapping[str, Value | None]) -> set[str]:
        """The variables that may hold the same memory as a value."""
        leader = self.leader(value)
        return {name for name, held in holders.items() if held is not None and self.leader(held) is leader}

    def owned(self, value: Value) -> bool:
        """Whether an array was made by the text itself and is no view."""
        seen: set[Value] = set()
        work = [value]
        while work:
            current = work.pop()
            if current in seen:
                continue
            seen.add(current)
            if current in self.carrier:
                if self.leader(current) not in self.stored:
                    return False
                continue
            node = self.producer.get(current)
            if node is None or node.op.name in VIEWS:
                return False
            if node.op is IF:
                k = node.outputs.index(current)
                work.extend(b.results[k] for b in node.blocks)
            elif node.blocks and self.leader(current) not in self.stored:
                return False
        return True

    def alone(self, value: Value, here: Place) -> bool:
        """Whether nothing that may be the same memory is read after this place."""
        members = self.members.get(self.leader(value), [value])
        return not any(self.live.live(m, here) for m in members if m is not value) and not self.live.live(value, here)

    def in_place(self, node: Node, here: Place) -> bool:
        """Whether a store may change its array."""
        target, out = node.inputs[0], node.output
        if not self.owned(target) or self.live.live(target, here):
            return False
        members = self.members.get(self.leader(target), [])
        later = self._successors(out)
        return not any(self.live.live(m, here) for m in members if m is not target and m not in later)

    def _successors(self, out: Value) -> set[Value]:
        """Values that do not exist yet when ``out`` is made: everything but what is held now."""
        node = self.producer[out]
        position = {out}
        block = self.live.home[out]
        start = next(k for k, n in enumerate(block.nodes) if n is node)
        for later in block.nodes[start:]:
            position.update(later.outputs)
        for value in self.members.get(self.leader(out), []):
            if self.live.home.get(value) is not block and not self._encloses(value, block):
                position.add(value)
            if value in self.carrier or (value in self.producer and self.producer[value].blocks):
                position.add(value)
        return position

    def _encloses(self, value: Value, block: Block) -> bool:
        """Whether a value was defined in a block around this one."""
        home = self.live.home.get(value)
        if home is None:
            return True
        work = list(home.nodes)
        while work:
            node = work.pop()
            if block in node.blocks:
                return True
            for inner in node.blocks:
                work.extend(inner.nodes)
        return False

    def entering(self, node: Node, k: int, initial: Value, start: Expression, here: Place) -> Expression:
        """The initial value of a carried array: a copy where the loop stores into it and it is not free to be changed."""
        output = node.outputs[k]
        if not output.type.is_array or self.leader(output) not in self.stored:
            return start
        fresh = self.owned(initial) and self.alone(initial, here) and initial not in self.inside(node)
        first = sum(v is initial for v in node.inputs) == 1
        return start if fresh and first else Expression(f"{start.at(ATOM)}.copy()", ATOM, start.reads)
