"""Regions: maximal groups of elementwise float operations of one block and one shape.

A region has no way out and back in: an operation that reads something which depends on the region, but does not belong
to it, begins a new one. So a region can be replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symdiff.ir.graph import CONSTANT, Block, Node, Value
from symdiff.ir.rewrite import free_values
from symdiff.transform.costs import TRIVIAL
from symdiff.transform.formula import Formula, Operand, Operation, literal
from symdiff.transform.truth import KNOWN_ROWS

__all__ = ["Region", "regions_of"]

# Nothing is found in less, and more does not fit the budget.
SMALLEST, LARGEST = 6, 120


@dataclass
class Region:
    """Some nodes of a block as a formula.

    Attributes
    ----------
    nodes : list of Node
        The operations, in order.
    inputs : list of Value
        What they read from outside, literals left out.
    formula : Formula
        The same without the graph.
    literals : dict
        The literals they read.
    """

    nodes: list[Node]
    inputs: list[Value] = field(default_factory=list)
    formula: Formula = field(default_factory=lambda: Formula(0, (), ()))
    literals: dict[Value, Node] = field(default_factory=dict)

    @property
    def outputs(self) -> list[Value]:
        return [self.nodes[k].output for k in self.formula.outputs]

    def worthwhile(self) -> bool:
        """Whether there may be something to find: enough operations, and some value read twice."""
        operations = self.formula.operations
        paid = [op for op in self.formula.paid(self.formula.outputs) if op.row not in TRIVIAL]
        powers = any(op.row == "power" for op in paid)
        if (len(paid) < SMALLEST and not (powers and len(paid) > 1)) or not self.formula.outputs:
            return False
        reads = [x for op in operations for x in op.operands if x[0] != "k"]
        return len(set(reads)) < len(reads)


def regions_of(block: Block, pinned: set[Value], definitions: Mapping[Value, Node]) -> Iterator[Region]:
    """The regions of a block, in order of their first operations.

    Parameters
    ----------
    block : Block
        The blocks inside it are not looked into.
    pinned : set of Value
        Values that stay: their operations are read through, but not replaced.
    definitions : mapping
        The node of each value, for literals.
    """
    groups = _grouped(block, definitions)
    parts = [group[start : start + LARGEST] for group in groups for start in range(0, len(group), LARGEST)]
    read = _read_outside(block, parts)
    for nodes in parts:
        yield _region(nodes, [n for n in nodes if n.output in read and n.output not in pinned], pinned, definitions)


def _belongs(node: Node, definitions: Mapping[Value, Node]) -> bool:
    """Whether a node is an operation on floats of double precision, element by element."""
    row: Any = node.op
    if row.name not in KNOWN_ROWS or node.output.type.dtype != "float64":
        return False
    if any(name not in ("kind", "unchecked") for name in node.attrs):
        return False
    return all(v.type.dtype == "float64" or _known(v, definitions) is not None for v in node.inputs)


def _known(value: Value, definitions: Mapping[Value, Node]) -> float | None:
    """The double that a value is known to be."""
    made = definitions.get(value)
    if made is None or made.op is not CONSTANT or isinstance(made.attrs["value"], bool | np.bool_):
        return None
    known = made.attrs["value"]
    return float(known) if abs(known) <= 2**53 or isinstance(known, float) else None


def _grouped(block: Block, definitions: Mapping[Value, Node]) -> list[list[Node]]:
    """Nodes that belong together, by shape and by how often a way to them has left their group."""
    kinds: dict[Node, Any] = {}
    levels: dict[Node, int] = {}
    made: dict[Value, Node] = {}
    groups: dict[tuple[Any, int], list[Node]] = {}
    for node in block.nodes:
        if node.op is CONSTANT:
            continue
        is_row = len(node.outputs) == 1 and not node.blocks
        # None stands for what belongs to no region
        kind = node.output.type.shape if is_row and _belongs(node, definitions) else None
        before = [made[v] for v in (node.inputs if not node.blocks else free_values([node])) if v in made]
        level = max((levels[n] + (kinds[n] is None or kinds[n] != kind) for n in before), default=0)
        kinds[node], levels[node] = kind, level
        made.update((output, node) for output in node.outputs)
        if kind is not None:
            groups.setdefault((kind, level), []).append(node)
    return [part for group in groups.values() for part in _connected(group)]


def _connected(nodes: list[Node]) -> list[list[Node]]:
    """Nodes of one group, apart where nothing connects them."""
    parent: dict[Node, Node] = {n: n for n in nodes}
    made = {n.output: n for n in nodes}

    def root(node: Node) -> Node:
        while parent[node] is not node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for node in nodes:
        for value in node.inputs:
            if value in made:
                parent[root(node)] = root(made[value])
    parts: dict[Node, list[Node]] = {}
    for node in nodes:
        parts.setdefault(root(node), []).append(node)
    return list(parts.values())


def _read_outside(block: Block, groups: Iterable[list[Node]]) -> set[Value]:
    """Values of regions that something else reads."""
    region: dict[Value, int] = {n.output: k for k, group in enumerate(groups) for n in group}
    found = set(block.results)
    for node in block.nodes:
        reads: Iterable[Value] = free_values([node]) if node.blocks else node.inputs
        own = region.get(node.outputs[0]) if node.outputs else None
        found.update(v for v in reads if own is None or region.get(v) != own)
        found.update(d for o in node.outputs for d in o.type.shape if isinstance(d, Value))
    return found


def _region(nodes: list[Node], outputs: list[Node], pinned: set[Value], definitions: Mapping[Value, Node]) -> Region:
    numbers = {n.output: k for k, n in enumerate(nodes)}
    inputs: dict[Value, int] = {}
    literals: dict[Value, Node] = {}

    def operand(value: Value) -> Operand:
        if value in numbers:
            return ("n", numbers[value])
        known = _known(value, definitions)
        if known is not None:
            literals[value] = definitions[value]
            return literal(known)
        return ("i", inputs.setdefault(value, len(inputs)))

    operations = tuple(
        Operation(n.op.name, tuple(map(operand, n.inputs)), _raises(n), n.output in pinned) for n in nodes
    )
    formula = Formula(len(inputs), operations, tuple(numbers[n.output] for n in outputs))
    return Region(nodes, list(inputs), formula, literals)


def _raises(node: Node) -> bool:
    checks = getattr(node.op, "checks", ())
    return bool(checks) and node.output.type.kind == "python" and not node.attrs.get("unchecked")
