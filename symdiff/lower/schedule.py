"""Fusion: the nodes of a block in the order they are computed, with array operations gathered into groups.

A group is a set of operations over one iteration space that become one loop nest: elementwise operations, reductions,
and reads by arrays of integers. A node joins a group when everything it reads is there before the group runs, or is
computed by the group at the same index. Groups run in the order in which they were begun, and every node as early as
what it reads allows: its *level* is the number of the group after which it can run. Since nothing ever moves later, a
store in place (always a group of its own) never overtakes a read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from symdiff.ir.graph import CONSTANT, REQUIRE_EQUAL, Block, Dim, Node, Value
from symdiff.ir.rewrite import dims_of, references
from symdiff.lower.usage import STORES, Usage, Use, is_basic, is_virtual

__all__ = ["REDUCTIONS", "Group", "Plan", "Sizes", "is_fusible"]

REDUCTIONS = frozenset({"sum", "prod", "max", "min", "any", "all"})
# A node looks for a group to join among the last few only, so that planning takes linear time.
WINDOW = 16


@dataclass
class Group:
    """Operations that become one loop nest over ``space``; ``number`` is its place in the order."""

    number: int
    space: tuple[Dim, ...]
    members: list[Node] = field(default_factory=list)
    values: set[Value] = field(default_factory=set)


class Sizes:
    """Which dimensions are equal, from the checks made so far; a nested block sees those of the blocks around it."""

    def __init__(self, outer: Sizes | None = None) -> None:
        self.known: dict[Value, Dim] = dict(outer.known) if outer else {}

    def of(self, dim: Dim) -> Dim:
        """The one that stands for all that are equal."""
        while isinstance(dim, Value) and dim in self.known:
            dim = self.known[dim]
        return dim

    def unite(self, a: Dim, b: Dim) -> None:
        a, b = self.of(a), self.of(b)
        if a is b or a == b:
            return
        if isinstance(b, Value):
            self.known[b] = a
        elif isinstance(a, Value):
            self.known[a] = b

    def shape(self, shape: Sequence[Dim]) -> tuple[Dim, ...]:
        return tuple(self.of(d) for d in shape)

    def same(self, a: Sequence[Dim], b: Sequence[Dim]) -> bool:
        return len(a) == len(b) and all(x is y or x == y for x, y in zip(self.shape(a), self.shape(b), strict=True))


def is_fusible(node: Node) -> bool:
    """Whether a node over arrays can be a member of a group."""
    if len(node.outputs) != 1 or is_virtual(node) or not any(v.type.is_array for v in node.inputs):
        return False
    if node.op.name == "index":
        return not is_basic(node.attrs["index"])
    return node.op.name in REDUCTIONS or node.op.name == "diag" or bool(getattr(node.op, "elementwise", False))


class Plan:
    """The steps of one block.

    Attributes
    ----------
    steps : list of Group or Node
        What to emit, in order.
    stored : set of Value
        Values made by groups that something outside their group (or at another index) reads.
    """

    def __init__(self, block: Block, usage: Usage, sizes: Sizes) -> None:
        self.block, self.usage, self.sizes = block, usage, sizes
        self.number = -1
        self.level: dict[Value, int] = {}
        self.gate: dict[Value, int] = {}
        self.effect = -1
        self.groups: list[Group] = []
        self.group_of: dict[Value, Group] = {}
        self.stored: set[Value] = set()
        self.constants: dict[Value, int] = {}
        self.nodes_time: dict[Node, tuple[int, int]] = {}
        self._placed: list[tuple[int, int, int, Group | Node]] = []
        for position, node in enumerate(block.nodes):
            self._place(position, node)
        for result in block.results:
            self._store(result)
        self.steps = [item for *_, item in sorted(self._placed, key=lambda entry: entry[:3])]

    # -- placing -------------------------------------------------------------------------------------------------------

    def _place(self, position: int, node: Node) -> None:
        if node.op is CONSTANT:
            self._early(position, node, -1)
            if isinstance(node.attrs["value"], int):
                self.constants[node.output] = int(node.attrs["value"])
        elif node.op is REQUIRE_EQUAL:
            self._require(position, node)
        elif node.blocks:
            for value in references(node):
                self._store(value)
            self._alone(position, node)
        elif is_fusible(node):
            self._fuse(position, node)
        elif self._is_early(node):
            self._scalar(position, node)
        else:
            for value in node.inputs:
                self._store(value)
            self._alone(position, node)

    def _is_early(self, node: Node) -> bool:
        """Whether a node runs as soon as it can: scalar operations, and maps of indices, which cost nothing here."""
        if is_virtual(node) or getattr(node.op, "elementwise", False) or node.op.name in REDUCTIONS:
            return True
        if node.op.name in ("index", "reshape"):
            return True
        return node.op.name == "pack" and self.usage.is_small(node.output)

    def may_replace(self, result: Value, param: Value) -> bool:
        """Whether every read of one array is over when another is written: then they can share storage."""
        made = self.usage.definition.get(result)
        if made is None or self.usage.home.get(result) is not self.block or is_virtual(made):
            return False
        if made.blocks or made.op.name in STORES or made.op.name == "reshape":
            return False
        written = self.nodes_time[made]
        heirs = self._heirs(param)
        return all(self._is_over(use, heir, made, written) for heir in heirs for use in self.usage.all_uses(heir))

    def _heirs(self, param: Value) -> list[Value]:
        """Arrays that may live in the storage of one: itself, and what stores and loops make of it in place."""
        found = [param]
        for value in found:
            for use in self.usage.all_uses(value):
                position = self.usage.position_in(use, self.block)
                if position is None or position >= len(self.block.nodes):
                    continue
                node = self.block.nodes[position]
                if node.blocks or (node.op.name in STORES and use.operand == 0):
                    found += [v for v in node.outputs if v.type.is_array and v not in found]
        return found

    def _is_over(self, use: Use, param: Value, made: Node, written: tuple[int, int]) -> bool:
        position = self.usage.position_in(use, self.block)
        if position is None or position >= len(self.block.nodes):
            return False
        reader = self.block.nodes[position]
        if is_virtual(reader) or self.nodes_time[reader] < written:
            return True
        group = self.group_of.get(made.outputs[0])
        if group is None or reader not in group.members or REDUCTIONS & {made.op.name, reader.op.name}:
            return False
        # in one nest an element may be replaced at the index at which it was read
        aligned = all(same for leaf, same in self._leaves(reader, group.space) if leaf is param)
        return aligned and group.members.index(reader) <= group.members.index(made)

    def _early(self, position: int, node: Node, level: int) -> None:
        self._placed.append((level, 1, position, node))
        self.nodes_time[node] = (level, 1)
        for output in node.outputs:
            self.level[output] = level

    def _alone(self, position: int, node: Node) -> None:
        self.number += 1
        self.effect = self.number
        self._placed.append((self.number, 0, position, node))
        self.nodes_time[node] = (self.number, 0)
        for output in node.outputs:
            self.level[output] = self.number

    def _require(self, position: int, node: Node) -> None:
        a, b = (self.constants.get(v, v) for v in node.inputs)
        level = self.effect = max(self._ready(node.inputs), self.effect)
        self._early(position, node, level)
        self.sizes.unite(a, b)
        for dim in (a, b):
            if isinstance(dim, Value):
                self.gate[dim] = level

    def _scalar(self, position: int, node: Node) -> None:
        level = max(self._ready(node.inputs), self._ready(dims_of(node)), self._opened(node))
        if _may_fail(node):
            level = self.effect = max(level, self.effect)
        if not is_virtual(node):
            for value in node.inputs:
                self._store(value)
        self._early(position, node, level)

    def _ready(self, values: Iterable[Value]) -> int:
        return max((self.level.get(v, -1) for v in values), default=-1)

    def _opened(self, node: Node) -> int:
        """The level of the checks that allow a node to take some of its sizes for equal."""
        if not self.gate:
            return -1
        dims = (d for v in (*node.inputs, *node.outputs) for d in v.type.shape if isinstance(d, Value))
        return max((self.gate.get(d, -1) for d in dims), default=-1)

    # -- groups --------------------------------------------------------------------------------------------------------

    def _fuse(self, position: int, node: Node) -> None:
        shape = node.inputs[0].type.shape if node.op.name in REDUCTIONS else node.output.type.shape
        space = self.sizes.shape(shape)
        leaves = list(self._leaves(node, space))
        fails = node.op.name == "index"
        first = max(self._opened(node), self.effect if fails else -1, self._ready(dims_of(node)))
        group = self._joined(space, leaves, first)
        if group is None:
            self.number += 1
            # the sizes as the node has them: what stands for them may be computed later
            group = Group(self.number, tuple(shape))
            self.groups.append(group)
            self._placed.append((self.number, 0, position, group))
        if fails:
            self.effect = max(self.effect, group.number)
        for value, aligned in leaves:
            if not (aligned and value in group.values):
                self._store(value)
        group.members.append(node)
        self.nodes_time[node] = (group.number, 0)
        self.level[node.output] = group.number
        self.group_of[node.output] = group
        if node.op.name not in REDUCTIONS:
            group.values.add(node.output)
        else:
            self.stored.add(node.output)

    def _joined(self, space: tuple[Dim, ...], leaves: Sequence[tuple[Value, bool]], first: int) -> Group | None:
        for group in reversed(self.groups[-WINDOW:]):
            if first < group.number and self.sizes.same(space, group.space) and self._fits(group, leaves):
                return group
        return None

    def _fits(self, group: Group, leaves: Sequence[tuple[Value, bool]]) -> bool:
        return all(
            aligned if value in group.values else self.level.get(value, -1) < group.number for value, aligned in leaves
        )

    def _leaves(self, node: Node, space: tuple[Dim, ...]) -> Iterator[tuple[Value, bool]]:
        """What a member of a group reads, through maps of indices, and whether at the index of the nest itself."""
        for position, value in enumerate(node.inputs):
            aligned = self.sizes.same(value.type.shape, space)
            if node.op.name == "index":
                aligned = position > 0 and aligned and node.attrs["index"] == (("array",),)
            yield from self.usage.leaves(value, aligned and node.op.name != "diag")

    def _store(self, value: Value) -> None:
        for leaf, _ in self.usage.leaves(value):
            if leaf in self.group_of:
                self.stored.add(leaf)


def _may_fail(node: Node) -> bool:
    op: Any = node.op
    if op.name == "index":
        return any(entry[0] == "int" for entry in node.attrs["index"])
    if not getattr(op, "elementwise", False) or node.output.type.kind != "python":
        return False
    return bool(op.checks) or node.output.type.dtype == "int64"
