"""Trips of ``for`` loops: how many there are, and which one has an index."""

from __future__ import annotations

from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, WHILE, Node, Value
from symdiff.ops import REGISTRY
from symdiff.transform.levels import Level

__all__ = ["counters", "trip_count", "trip_number"]


def trip_count(build: Builder, start: Value, stop: Value, step: Value, sizes: set[Value]) -> Value:
    """How often a ``for`` runs, as a size (never negative); ``sizes`` are values known to be sizes."""
    first, stride = build.constant_of(start), build.constant_of(step)
    if first == 0 and stride == 1 and stop in sizes:
        return stop
    return build.add(REGISTRY["range_length"], start, stop, step, hint="trips")


def trip_number(build: Builder, node: Node, index: Value) -> Value:
    """Which trip, from 0, has this index."""
    start, _, step = node.inputs[:3]
    number, stride = index, build.constant_of(step)
    if stride == -1:
        return build.add(REGISTRY["subtract"], start, index, unchecked=True)
    if build.constant_of(start) != 0:
        number = build.add(REGISTRY["subtract"], number, start, unchecked=True)
    if stride != 1:
        number = build.add(REGISTRY["floor_divide"], number, step, unchecked=True)
    return number


def counters(level: Level, build: Builder) -> dict[Value, Value]:
    """What counts the trips of a ``while``, in terms of the trip's number: ``start + step * trip``."""
    node, trip = level.node, level.reverse_index
    found: dict[Value, Value] = {}
    if node is None or node.op is not WHILE or trip is None:
        return found
    body = node.blocks[-1]
    made = {o: n for n in body.nodes for o in n.outputs}
    build.raising = True
    for param, start, result in zip(body.params, node.inputs, body.results, strict=True):
        step = _step(made.get(result), param, level)
        if step is None or param.type != trip.type or start.type != trip.type:
            continue
        number = trip
        if build.constant_of(step) != 1:
            number = build.add(REGISTRY["multiply"], step, number, unchecked=True)
        if build.constant_of(start) != 0:
            number = build.add(REGISTRY["add"], start, number, unchecked=True)
        if number is trip and param is not body.params[-1]:
            build.name(trip, param.hint.removeprefix("next_").strip("_") or "i", force=trip.hint in ("", "_"))
        found[param] = number
    build.raising = False
    return found


def _step(made: Node | None, param: Value, level: Level) -> Value | None:
    """What each trip adds to a carried integer, if that is the same each time."""
    if made is None or made.op.name != "add" or made.inputs[0] is not param:
        return None
    step = made.inputs[1]
    inside = {o: n for n in level.block.nodes for o in n.outputs}
    if step not in level.defined:
        return step
    return step if step in inside and inside[step].op is CONSTANT else None
