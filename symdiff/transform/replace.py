"""Putting formulas back into the graph."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Node, Type, Value
from symdiff.ir.rewrite import dims_of, free_values, substitute
from symdiff.ops import REGISTRY
from symdiff.transform.formula import Candidate, Operand, number
from symdiff.transform.regions import Region

__all__ = ["candidate_function", "region_function", "replaced"]


class _Writer:
    """Builds the operations of candidates as nodes."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.build = Builder(raising=False)
        self.made: list[Value] = []

    def write(self, candidate: Candidate) -> list[Value]:
        """The values of the candidate's outputs."""
        for operation in candidate.operations:
            self.made.append(self.build.add(REGISTRY[operation.row], *map(self.value, operation.operands)))
        return [self.value(x) for x in candidate.outputs]

    def value(self, operand: Operand) -> Value:
        kind, k = operand
        if kind == "k":
            return self.build.constant(number(operand))
        if kind == "n":
            return self.region.nodes[int(k)].output
        return self.region.inputs[int(k)] if kind == "i" else self.made[int(k)]

    def fitted(self, value: Value, wanted: Type) -> Value:
        """A value in the shape and kind of the one it replaces."""
        if value.type.shape != wanted.shape:
            value = self.build.add(REGISTRY["broadcast_to"], value, shape=wanted.shape)
        if value.type.kind != wanted.kind and wanted.kind == "python":
            value = self.build.add(REGISTRY["convert"], value, dtype=wanted.dtype, kind="python")
        return value


def replaced(block: Block, changes: Sequence[tuple[Region, Candidate]]) -> Block:
    """A block with some of its regions replaced.

    What the old operations leave behind is not removed, and blocks inside read the new values.
    """
    for region, candidate in changes:
        writer = _Writer(region)
        mapping: dict[Value, Value] = {}
        for old, new in zip(region.outputs, writer.write(candidate), strict=True):
            mapping[old] = writer.fitted(new, old.type)
            if mapping[old] in writer.build.definitions:
                writer.build.name(mapping[old], old.hint)
        # a candidate may read old operations of its region, which read each other as before
        own = {n.output for n in region.nodes}
        nodes = [n if own.intersection(n.outputs) else substitute([n], mapping)[0] for n in block.nodes]
        results = tuple(mapping.get(r, r) for r in block.results)
        block = Block(block.params, in_order([*nodes, *writer.build.nodes]), results)
        _rename([other for other, _ in changes], mapping)
    return block


def _rename(regions: Iterable[Region], mapping: dict[Value, Value]) -> None:
    """Let regions read what other ones became."""
    for region in regions:
        region.inputs = [mapping.get(v, v) for v in region.inputs]


def in_order(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Nodes so that each comes after what it reads, otherwise as they were."""
    position = {output: k for k, node in enumerate(nodes) for output in node.outputs}
    waiting: list[int] = []
    readers: dict[int, list[int]] = {}
    for k, node in enumerate(nodes):
        needs = {position[v] for v in _reads(node) if v in position}
        waiting.append(len(needs))
        for j in needs:
            readers.setdefault(j, []).append(k)
    ready = [k for k, count in enumerate(waiting) if not count]
    heapq.heapify(ready)
    order: list[Node] = []
    while ready:
        k = heapq.heappop(ready)
        order.append(nodes[k])
        for j in readers.get(k, ()):
            waiting[j] -= 1
            if not waiting[j]:
                heapq.heappush(ready, j)
    return tuple(order)


def _reads(node: Node) -> Iterator[Value]:
    yield from free_values([node]) if node.blocks else (*node.inputs, *dims_of(node))


# -- for showing -------------------------------------------------------------------------------------------------------


def region_function(region: Region) -> Function:
    """The outputs of a region as a function of its inputs."""
    return _as_function(region, region.nodes, region.outputs)


def candidate_function(region: Region, candidate: Candidate) -> Function:
    """The same by a candidate."""
    writer = _Writer(region)
    outputs = writer.write(candidate)
    return _as_function(region, (*region.nodes, *writer.build.nodes), outputs)


def _as_function(region: Region, nodes: Iterable[Node], outputs: Sequence[Value]) -> Function:
    nodes = tuple(nodes)
    return Function("region", Block(tuple(free_values(nodes, outputs)), nodes, tuple(outputs)))
