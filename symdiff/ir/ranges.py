"""Loops over a range that may be left: a graph has a ``while`` with a flag, a text has ``for`` and ``break``."""

from __future__ import annotations

from dataclasses import dataclass

from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Node, Value
from symdiff.ir.liveness import Needs

__all__ = ["LeftRange", "left_range"]


@dataclass(frozen=True)
class LeftRange:
    """A ``while not stopped and index < stop`` as a range.

    Attributes
    ----------
    stop, step : Value
        Where the range ends, and its step.
    index, flag : int
        Positions of the carried values that are the index and the flag.
    """

    stop: Value
    step: Value
    index: int
    flag: int


def left_range(node: Node, needs: Needs) -> LeftRange | None:
    """The range of a ``while`` that runs over one until a flag is set; None where it is no such loop."""
    if node.op is not WHILE:
        return None
    test, body = node.blocks
    parts = _conjunction(test)
    if parts is None:
        return None
    made = {o: n for n in test.nodes for o in n.outputs}
    running, inside = made.get(parts[0]), parts[1]
    if running is None or running.op.name != "logical_not" or running.inputs[0] not in test.params:
        return None
    if inside.op.name not in ("less", "greater") or inside.inputs[0] not in test.params:
        return None
    flag, index = (test.params.index(n.inputs[0]) for n in (running, inside))
    stop, step = inside.inputs[1], _step(body, index, needs)
    known = made.get(stop)
    ours = stop in test.params or (known is not None and known.op is not CONSTANT)
    if ours or step is None or (needs.producer[step].attrs["value"] > 0) != (inside.op.name == "less"):
        return None
    start = needs.producer.get(node.inputs[flag])
    begins = start is not None and start.op is CONSTANT and start.attrs["value"] is False
    counted = needs.uses.get(node.outputs[index]) or needs.uses.get(body.params[flag])
    return LeftRange(stop, step, index, flag) if begins and not counted else None


def _conjunction(test: Block) -> tuple[Value, Node] | None:
    """The two conditions of a test, the second not asked for where the first is false."""
    made = {o: n for n in test.nodes for o in n.outputs}
    whole = made.get(test.results[0])
    if whole is not None and whole.op.name == "logical_and":
        second = made.get(whole.inputs[1])
        return (whole.inputs[0], second) if second is not None else None
    if whole is None or whole.op is not IF or any(n.op in (FOR, WHILE, IF) for b in whole.blocks for n in b.nodes):
        return None
    then, otherwise = whole.blocks
    last = next((n for n in then.nodes if then.results[0] in n.outputs), made.get(then.results[0]))
    other = next((n for n in otherwise.nodes if otherwise.results[0] in n.outputs), None)
    no = other is not None and other.op is CONSTANT and other.attrs["value"] is False
    return (whole.inputs[0], last) if no and last is not None and len(whole.outputs) == 1 else None


def _step(body: Block, index: int, needs: Needs) -> Value | None:
    """The literal that each trip adds to the index."""
    added = needs.producer.get(body.results[index])
    if added is None or added.op.name != "add" or added.inputs[0] is not body.params[index]:
        return None
    step = needs.producer.get(added.inputs[1])
    known = step.attrs["value"] if step is not None and step.op is CONSTANT else None
    return added.inputs[1] if type(known) is int and known and needs.uses.get(added.output) == 1 else None
