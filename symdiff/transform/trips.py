"""Trips of ``for`` loops: how many there are, and which one has an index."""

from __future__ import annotations

from symdiff.ir.build import Builder
from symdiff.ir.graph import Node, Value
from symdiff.ops import REGISTRY

__all__ = ["trip_count", "trip_number"]


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
