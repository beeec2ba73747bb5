"""A loop, and what is assumed of it while its body is parsed: by and by, until a trip bears it out."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from symdiff.errors import InternalError
from symdiff.frontend.abstract import Abstract, Array, ListObject, Marker, View
from symdiff.frontend.carried_leaves import Shape
from symdiff.frontend.core import Parser
from symdiff.frontend.iteration import Trips
from symdiff.frontend.memory import Stale
from symdiff.ir.graph import Value

__all__ = ["Loop", "Peel"]

PEELS = 3


class Peel(Exception):
    """A carried value is something else after the first trip: that trip is parsed on its own."""


@dataclass(eq=False)
class Loop:
    """A loop, and what is assumed of its body so far.

    Attributes
    ----------
    node : ast.For or ast.While
    trips : Trips or None
        Of a ``for``: its range, and what the target is bound to.
    peeled : int
        How many trips were parsed on their own before.
    names, cells : list
        Names, and objects with changing contents, that are carried.
    stale : dict
        Objects whose contents are not known after a trip.
    guard : callable or None
        A further condition of a ``while``, tested first.
    shape : Shape
        Types of carried values, and which arrays may overlap.
    defaults : dict
        What names without value before the loop start with.
    origin : Loop or None
        The ``for`` that this ``while`` stands for.
    """

    p: Parser
    node: ast.For | ast.While
    trips: Trips | None
    peeled: int = 0
    assigned: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    cells: list[Any] = field(default_factory=list)
    stale: dict[Any, Stale] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    defaults: dict[str, Abstract] = field(default_factory=dict)
    indices: set[Value] = field(default_factory=set)
    origin: Loop | None = None
    poisoned: dict[str, Marker] = field(default_factory=dict)  # what a trip may leave unreadable for the next one
    guard: Callable[[], Value] | None = None

    def body(self, index: Value | None) -> None:
        """One trip."""
        if self.trips is not None and index is not None:
            assert isinstance(self.node, ast.For)
            self.trips.bind(self.p, self.node.target, index)
        if self.p.block(self.node.body) is not None:
            raise InternalError("a return inside a loop passed the fence", self.p.build.where)

    @property
    def most(self) -> Trips | None:
        """The trips there are unless the loop is left."""
        return self.origin.trips if self.origin is not None else self.trips

    def first_condition(self) -> Value:
        """Whether there is a first trip."""
        if self.trips is None:
            assert isinstance(self.node, ast.While)
            return self.p.condition(self.node.test)
        return self.trips.runs(self.p)

    def rest(self) -> Loop:
        """The loop after its first trip."""
        trips = None if self.trips is None else self.trips.after_first(self.p)
        return Loop(self.p, self.node, trips, self.peeled + 1)

    def is_live(self, name: str) -> bool:
        """Whether a trip, or what follows the loop, may read what the name is before the trip."""
        return self.p.frame.live.is_live_in_loop(self.node, name)

    def only_augmented(self, name: str) -> bool:
        """An array that is only changed in place stays the same object: its content is carried, not the name."""
        if not isinstance(self.p.frame.names[name], Array | View | ListObject):
            return False
        nodes = list(ast.walk(self.node))
        augmented = {id(n.target) for n in nodes if isinstance(n, ast.AugAssign)}
        stores = [n for n in nodes if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
        return all(id(n) in augmented for n in stores)
