"""Where a cotangent can be zero because something else was selected.

``np.where`` and branches leave the cotangent of what was not chosen at zero, and a zero times an infinite slope would
be NaN. Inside a block the walk carries the select itself (:mod:`.cotangents`); where it cannot, because the cotangent
leaves a branch or a loop, was added up or went through a matrix product, what is known of the select is the zero. This
analysis finds the values concerned: those whose every contribution came through a select.
"""

from __future__ import annotations

from collections.abc import Mapping

from symdiff.ir.graph import CONSTANT, FOR, IF, REQUIRE_EQUAL, WHILE, Block, Function, Node, Value
from symdiff.ir.rewrite import definitions
from symdiff.transform.activity import carried, differentiable_inputs

__all__ = ["ALWAYS", "Arms", "selected_values"]

Arms = frozenset[tuple[Node, int]]
"""The arms of selects one of which let the cotangent through; empty if it always comes."""
ALWAYS: Arms = frozenset()


def selected_values(function: Function, results: Mapping[Value, Arms], varied: set[Value]) -> set[Value]:
    """Values whose cotangent may be zero because a select did not choose them.

    Parameters
    ----------
    function : Function
        Where they are looked for.
    results : mapping of Value to Arms
        Its results that have a cotangent, and what that came through.
    varied : set of Value
        Values that get a cotangent.
    """
    states = _States(varied)
    for result, arms in results.items():
        states.add(result, arms)
    states.walk(function.block)
    return {value for value, arms in states.known.items() if arms} | states.inside


class _States:
    """What is known of each value's cotangent, in one block and those around it."""

    def __init__(self, varied: set[Value]) -> None:
        self.varied = varied
        self.known: dict[Value, Arms] = {}
        self.inside: set[Value] = set()
        """Values selected within blocks that were left."""

    def add(self, value: Value, arms: Arms) -> bool:
        """Join a contribution; whether that says something new."""
        if value not in self.varied:
            return False
        before = self.known.get(value)
        if before is None:
            joined = arms
        elif not before or not arms:
            joined = ALWAYS
        else:
            joined = before | arms
            if any((node, 1 - arm) in joined for node, arm in joined):
                joined = ALWAYS
        self.known[value] = joined
        return joined != before

    def walk(self, block: Block) -> None:
        for node in reversed(block.nodes):
            if not any(output in self.known for output in node.outputs):
                continue
            if node.op is IF:
                self.branch(node)
            elif node.op is FOR or node.op is WHILE:
                self.loop(node)
            elif node.op is not CONSTANT and node.op is not REQUIRE_EQUAL:
                self.row(node)

    def row(self, node: Node) -> None:
        arms = next(self.known[o] for o in node.outputs if o in self.known)
        for i in differentiable_inputs(node):
            own = frozenset({(node, i - 1)}) if node.op.name == "where" else ALWAYS
            self.add(node.inputs[i], arms or own)

    def branch(self, node: Node) -> None:
        """Within an arm the cotangent comes as it comes to the branch; what is outside gets it by that arm only."""
        for k, block in enumerate(node.blocks):
            arm = _States(self.varied)
            for result, output in zip(block.results, node.outputs, strict=True):
                if output in self.known:
                    arm.add(result, self.known[output])
            arm.walk(block)
            own = {o for n in block.nodes for o in definitions(n)}
            self.inside |= arm.inside | {v for v in own if arm.known.get(v)}
            for value, arms in arm.known.items():
                if value not in own:
                    self.add(value, arms or frozenset({(node, k)}))

    def loop(self, node: Node) -> None:
        initials, params = carried(node)
        body = node.blocks[-1]
        for result, output in zip(body.results, node.outputs, strict=True):
            if output in self.known:
                self.add(result, self.known[output])
        changed = True
        while changed:
            self.walk(body)
            changed = False
            for result, param in zip(body.results, params, strict=True):
                changed |= param in self.known and self.add(result, self.known[param])
        for initial, param in zip(initials, params, strict=True):
            if param in self.known:
                self.add(initial, self.known[param])
