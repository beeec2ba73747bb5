"""Who reads what, and until when: the facts that let arrays be written in place, and small ones live in registers."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.walk import all_blocks

__all__ = ["SMALL_ARRAY", "Usage", "is_basic", "is_merely_ones", "is_virtual", "static_shape"]

# Arrays of known shape with at most so many elements are scalars.
SMALL_ARRAY = 9
CHEAP = frozenset({"convert", "negative", "positive", "stop_gradient"})
INDEX_MAPS = frozenset({"broadcast_to", "transpose", "diagonal", "sliding_windows"})
MAKERS = frozenset({"full", "arange"})
STORES = frozenset({"put", "accumulate_at"})


def static_shape(type_: Type) -> tuple[int, ...] | None:
    """The shape, where all of it is known."""
    return type_.shape if all(isinstance(d, int) for d in type_.shape) else None  # type: ignore[return-value]


def is_basic(index: Sequence[tuple[Any, ...]]) -> bool:
    """Whether a subscript has no arrays of integers."""
    return all(entry[0] != "array" for entry in index)


def is_merely_ones(node: Node) -> bool:
    """Whether a reshape only adds and removes axes of length 1."""
    before, after = ([d for d in v.type.shape if d != 1] for v in (node.inputs[0], node.outputs[0]))
    return len(before) == len(after) and all(a is b or a == b for a, b in zip(before, after, strict=True))


def is_virtual(node: Node) -> bool:
    """Whether a node's elements are found by a map of indices (or at no cost), so that it needs no storage."""
    if len(node.outputs) != 1 or not node.outputs[0].type.is_array:
        return False
    name = node.op.name
    if name in INDEX_MAPS or name in MAKERS:
        return True
    if name == "reshape":
        return is_merely_ones(node)
    if name == "index":
        return is_basic(node.attrs["index"])
    return name in CHEAP and node.inputs[0].type.is_array


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a value is read: by a node of a block, or (``position`` past the end) as a block's result."""

    block: Block
    position: int
    operand: int


class Usage:
    """Uses of every array of a function, and which small arrays are scalars.

    Parameters
    ----------
    function : Function
        The prepared graph.
    """

    def __init__(self, function: Function) -> None:
        self.uses: dict[Value, list[Use]] = {}
        self.home: dict[Value, Block] = {}
        self.parent: dict[Block, tuple[Block, int, Node]] = {}
        self.aliases: dict[Value, list[Value]] = {}
        self.definition: dict[Value, Node] = {}
        self.position: dict[Node, int] = {}
        self._webs = _Webs()
        for block in all_blocks(function.block):
            self._scan(block)
        for param in function.params:
            self.home[param] = function.block

    def _scan(self, block: Block) -> None:
        for param in block.params:
            self.home[param] = block
        for position, node in enumerate(block.nodes):
            self.position[node] = position
            for operand, value in enumerate(node.inputs):
                self.uses.setdefault(value, []).append(Use(block, position, operand))
            for output in node.outputs:
                self.home[output] = block
                self.definition[output] = node
            for inner in node.blocks:
                self.parent[inner] = (block, position, node)
            if _is_alias(node):
                self.aliases.setdefault(node.inputs[0], []).append(node.outputs[0])
            self._webs.join(node)
        for operand, value in enumerate(block.results):
            self.uses.setdefault(value, []).append(Use(block, len(block.nodes), operand))

    # -- life ----------------------------------------------------------------------------------------------------------

    def all_uses(self, value: Value) -> Iterator[Use]:
        """Uses of a value and of everything that reads its storage later."""
        pending = [value]
        while pending:
            current = pending.pop()
            yield from self.uses.get(current, ())
            pending.extend(self.aliases.get(current, ()))

    def dies(self, value: Value, block: Block, position: int, operand: int | None) -> bool:
        """Whether nothing reads a value after a node of a block, nor in that node except as the operand given.

        With None, it does not matter how the node itself (with its blocks) reads it.
        """
        own = block
        uses = [use for use in self.all_uses(value) if use != Use(block, position, -1 if operand is None else operand)]
        while True:
            for use in uses:
                at = self.position_in(use, block)
                if at is None or at < position:
                    continue
                if at > position or (block is own and operand is not None):
                    return False
            if self.home.get(value) is block:
                return True
            if block not in self.parent:
                return False
            block, position, node = self.parent[block]
            if node.op is not IF:
                return False

    def position_in(self, use: Use, block: Block) -> int | None:
        inner, position = use.block, use.position
        while inner is not block:
            if inner not in self.parent:
                return None
            inner, position, _ = self.parent[inner]
        return position

    def leaves(self, value: Value, aligned: bool = False) -> Iterator[tuple[Value, bool]]:
        """What is read, through maps of indices, where a value is read; and whether still at the same index."""
        while (node := self.definition.get(value)) is not None and is_virtual(node):
            if node.op.name == "arange":
                yield value, False
            if not node.inputs:
                return
            source, *others = node.inputs
            yield from ((other, True) for other in others)
            aligned = node.op.name == "full" or (aligned and node.op.name in CHEAP)
            value = source
        yield value, aligned

    # -- small arrays --------------------------------------------------------------------------------------------------

    def is_small(self, value: Value) -> bool:
        """Whether an array is kept as one scalar an element."""
        return _is_small_type(value.type) and self._webs.root(value) not in self._webs.addressed


def _is_small_type(type_: Type) -> bool:
    shape = static_shape(type_)
    return bool(shape) and type_.kind != "stack" and math.prod(shape or ()) <= SMALL_ARRAY


def _is_alias(node: Node) -> bool:
    return node.op.name == "reshape" or (is_virtual(node) and bool(node.inputs) and node.inputs[0].type.is_array)


class _Webs:
    """Arrays that share one storage: joined by stores, loops and branches."""

    def __init__(self) -> None:
        self.parents: dict[Value, Value] = {}
        self.constants: set[Value] = set()
        self._addressed: list[Value] = []

    @functools.cached_property
    def addressed(self) -> set[Value]:
        """Roots of the webs that are read or written at a place known only at run time."""
        return {self.root(v) for v in self._addressed}

    def root(self, value: Value) -> Value:
        while (above := self.parents.get(value)) is not None:
            if (further := self.parents.get(above)) is not None:
                self.parents[value] = further
            value = above
        return value

    def _union(self, a: Value, b: Value) -> None:
        a, b = self.root(a), self.root(b)
        if a is not b:
            self.parents[a] = b

    def join(self, node: Node) -> None:
        if node.op is CONSTANT:
            self.constants.update(node.outputs)
        elif node.op in (FOR, WHILE):
            self._join_loop(node)
        elif node.op is IF:
            for output, *results in zip(node.outputs, *(b.results for b in node.blocks), strict=True):
                for result in results:
                    self._union(result, output)
        elif node.op.name in STORES:
            self._union(node.inputs[0], node.outputs[0])
            self._address(node)
        elif node.op.name == "index":
            self._address(node)

    def _join_loop(self, node: Node) -> None:
        first = 3 if node.op is FOR else 0
        for position, output in enumerate(node.outputs):
            for block in node.blocks:
                self._union(block.params[len(block.params) - len(node.outputs) + position], output)
            self._union(node.blocks[-1].results[position], output)
            self._union(node.inputs[first + position], output)

    def _address(self, node: Node) -> None:
        first = 2 if node.op.name in STORES else 1
        if not is_basic(node.attrs["index"]) or any(v not in self.constants for v in node.inputs[first:]):
            self._addressed.append(node.inputs[0])
