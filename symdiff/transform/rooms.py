"""Sizes that a loop changes, and room for the largest, which is known at the top of the function.

What a subscript cuts out of an array is no larger than the array. So an array whose size is only known in a trip can be
kept in room that is known before the loop, wherever its size goes back to such a subscript.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Node, Value
from symdiff.ops.sizes import plus

__all__ = ["Rooms", "corner"]

Room = tuple[Value | None, int]
"""A value at the top of the function, and a known int more."""
DEEPEST = 30


class Rooms:
    """The largest that sizes can be.

    Parameters
    ----------
    definitions : dict
        The node of each value.
    top : collection of Value
        What is known at the top of the function.
    """

    def __init__(self, definitions: dict[Value, Node], top: Collection[Value]) -> None:
        self.definitions, self.top = definitions, top
        self._wider: dict[Value, list[Dim]] | None = None

    def has(self, dim: Dim) -> bool:
        """Whether room for a size is known."""
        return self._room(dim, 0) is not None

    def of(self, dim: Dim, build: Builder) -> Dim:
        """Room for a size, computed at the top."""
        found = self._room(dim, 0)
        assert found is not None
        base, more = found
        return more if base is None else plus(build, base, more)

    def unknown(self, value: Value) -> list[Value]:
        """The sizes of an array that are not known at the top themselves."""
        return [dim for dim in value.type.shape if isinstance(dim, Value) and dim not in self.top]

    def _room(self, dim: Dim, depth: int) -> Room | None:
        if isinstance(dim, int):
            return None, dim
        if dim in self.top:
            return dim, 0
        if depth > DEEPEST:
            return None
        for wider in self._cut_from(dim):
            found = self._room(wider, depth + 1)
            if found is not None:
                return found
        return self._of_formula(dim, depth + 1)

    def _cut_from(self, dim: Value) -> Iterable[Dim]:
        """Sizes of arrays that a part of this size was cut out of."""
        if self._wider is None:
            self._wider = {}
            for node in dict.fromkeys(self.definitions.values()):
                if node.op.name == "index":
                    self._learn(node)
        return self._wider.get(dim, ())

    def _learn(self, node: Node) -> None:
        entries = node.attrs["index"]
        if any(entry[0] not in ("slice", "int", "new") for entry in entries):
            return
        assert self._wider is not None
        before, after = iter(node.inputs[0].type.shape), iter(node.output.type.shape)
        for kind, *_ in entries:
            wide = next(before) if kind != "new" else 1
            part = next(after) if kind != "int" else 1
            if isinstance(part, Value) and part is not wide:
                self._wider.setdefault(part, []).append(wide)

    def _of_formula(self, dim: Value, depth: int) -> Room | None:
        """Of what is computed from sizes."""
        node = self.definitions.get(dim)
        if node is None or node.blocks or len(node.inputs) != 2:
            return None
        known = [self._int(v) for v in node.inputs]
        room = self._room(node.inputs[0], depth) if known[0] is None else (None, known[0])
        by = known[1]
        if node.op.name == "minimum":
            return room or self._room(node.inputs[1], depth)
        if room is None or by is None:
            return None
        if node.op.name in ("add", "subtract"):
            more = by if node.op.name == "add" else -by
            # what is taken away stays: sizes are not negative, and neither is their room
            return room[0], room[1] + (more if room[0] is None else max(more, 0))
        if node.op.name == "maximum" and (by <= 0 or room[0] is None):
            return (room[0], room[1]) if room[0] is not None else (None, max(room[1], by))
        return room if node.op.name == "floor_divide" and by > 0 and room[1] >= 0 else None

    def _int(self, value: Value) -> int | None:
        node = self.definitions.get(value)
        known = node.attrs["value"] if node is not None and node.op.name == "constant" else None
        return known if type(known) is int else None


def corner(rooms: tuple[Dim, ...], shape: tuple[Dim, ...]) -> tuple[tuple[object, ...], tuple[Value, ...]]:
    """The subscript of an array of a shape at the beginning of each axis of its room, with its operands."""
    entries: list[object] = []
    operands: list[Value] = []
    for room, dim in zip(rooms, shape, strict=True):
        if room is dim or isinstance(dim, int):
            entries.append(("slice", None, None, None))
        else:
            entries.append(("slice", None, "in", None))
            operands.append(dim)
    return tuple(entries), tuple(operands)
