"""Which parameters a loss has gradients by: on every path through the program, or on some only.

In a loop that is written out, a parameter that a batch does not lead to has no gradient, and is not stepped: weight
decay and momentum leave it alone, too. One native loop steps the same parameters each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Node, Value
from symdiff.transform.activity import carried

__all__ = ["dependence"]

MOST_TRIPS = 1000
"""Loops of more trips are followed as if nobody knew how many they have."""

Reach = tuple[int, int]
"""Sets of parameters, as bits: those a value depends on for sure, and those it may depend on."""
NOTHING: Reach = (0, 0)


def dependence(
    block: Block, params: Sequence[Value], result: Value, others: Sequence[Value] = ()
) -> tuple[set[Value], set[Value], bool]:
    """The parameters that a result depends on for sure, those that it may depend on, and whether it does on any.

    Parameters
    ----------
    block : Block
    params : sequence of Value
        Parameters of the block.
    result : Value
    others : sequence of Value
        More parameters, which count where it is asked whether it depends on any.
    """
    walk, one_of_them = Walk(), 1 << len(params)
    walk.reach = dict.fromkeys(others, (one_of_them, one_of_them))
    walk.reach.update({param: (1 << k | one_of_them,) * 2 for k, param in enumerate(params)})
    walk.block(block)
    sure, possible = walk.of(result)
    chosen = [{p for k, p in enumerate(params) if bits >> k & 1} for bits in (sure, possible)]
    return chosen[0], chosen[1], bool(sure & one_of_them)


class Walk:
    """What the values of a block depend on.

    Attributes
    ----------
    met : dict
        Of each loop, and each value that it carries, the parameters that it may depend on in some trip, as bits.
    """

    def __init__(self) -> None:
        self.reach: dict[Value, Reach] = {}
        self.constants: dict[Value, Any] = {}
        self.met: dict[Node, list[int]] = {}

    @classmethod
    def of_params(cls, block: Block, params: Sequence[Value]) -> Walk:
        """A walk that was done, from some parameters on."""
        walk = cls()
        walk.reach = {param: (1 << k, 1 << k) for k, param in enumerate(params)}
        walk.block(block)
        return walk

    def of(self, value: Value) -> Reach:
        """What a value depends on, through derivatives."""
        return self.reach.get(value, NOTHING)

    def block(self, block: Block) -> None:
        """Follow the nodes of a block."""
        for node in block.nodes:
            if node.op is CONSTANT:
                self.constants[node.output] = node.attrs["value"]
            elif node.op is IF:
                self._branches(node)
            elif node.op is FOR or node.op is WHILE:
                self._loop(node)
            elif getattr(node.op, "name", "") != "stop_gradient":
                self._note(node.outputs, [_either(map(self.of, node.inputs))] * len(node.outputs))

    def _note(self, values: Sequence[Value], found: Sequence[Reach]) -> None:
        for value, reach in zip(values, found, strict=True):
            self.reach[value] = reach if value.type.is_float else NOTHING

    def _branches(self, node: Node) -> None:
        for branch in node.blocks:
            self.block(branch)
        ways = [[self.of(branch.results[k]) for branch in node.blocks] for k in range(len(node.outputs))]
        self._note(node.outputs, [_one_of(way) for way in ways])

    def _loop(self, node: Node) -> None:
        initials, params = carried(node)
        trips = self._trips(node)
        found = list(map(self.of, initials))
        states = [tuple(found)]
        while trips is None or len(states) <= trips:
            self._note(params, found)
            self.block(node.blocks[-1])
            found = list(map(self.of, node.blocks[-1].results))
            if tuple(found) in states:
                break
            states.append(tuple(found))
        before = self.met.get(node, [0] * len(params))
        self.met[node] = [bits | _one_of(way)[1] for bits, way in zip(before, zip(*states, strict=True), strict=True)]
        if trips is None:
            found = [_one_of(way) for way in zip(*states, strict=True)]
        elif len(states) <= trips:  # from some trip on they come again
            again = states[states.index(tuple(found)) :]
            found = [_one_of(way) for way in zip(*again, strict=True)]
        self._note(node.outputs, found)

    def _trips(self, node: Node) -> int | None:
        """How many trips a loop has, where that is known."""
        if node.op is WHILE or not all(v in self.constants for v in node.inputs[:3]):
            return None
        start, stop, step = (int(self.constants[v]) for v in node.inputs[:3])
        count = len(range(start, stop, step)) if step else MOST_TRIPS + 1
        return count if count <= MOST_TRIPS else None


def _either(found: Iterable[Reach]) -> Reach:
    """What depends on all of these."""
    sure = possible = 0
    for s, p in found:
        sure, possible = sure | s, possible | p
    return sure, possible


def _one_of(found: Sequence[Reach]) -> Reach:
    """What is one of these."""
    sure, possible = found[0]
    for s, p in found[1:]:
        sure, possible = sure & s, possible | p
    return sure, possible
