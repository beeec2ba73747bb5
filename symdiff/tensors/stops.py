"""Where a backward pass stops: at values with hooks, at those asked for, and at calls with a rule of the user's."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable

from symdiff.tensors import anomaly
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.plans import gather

__all__ = ["Stops", "Until"]


class Until:
    """All values made no later than a time; none of them depends on a later one."""

    def __init__(self, serial: int) -> None:
        self.serial = serial

    def __contains__(self, value: object) -> bool:
        return isinstance(value, Lazy) and value.serial <= self.serial


class Stops:
    """The stops that are known and were not taken yet.

    What lies behind a call with a rule of the user's becomes known when that was called: `look` adds it.

    Parameters
    ----------
    asked : collection of Lazy
        Values whose cotangents are asked for.
    """

    def __init__(self, asked: Collection[Lazy]) -> None:
        self.asked = asked
        self.seen: set[Lazy] = set()
        self._heap: list[tuple[int, Lazy]] = []

    def look(self, values: Iterable[Lazy]) -> None:
        """Find the stops among some values and what they depend on."""
        values = list(values)
        piece = gather(values, through=True, barrier=self.seen)
        everything = anomaly.is_anomaly_enabled()
        for value in (*values, *piece.nodes, *(x for x in piece.leaves if type(x) is Lazy)):
            if value in self.seen or value.owner is not None:
                continue
            self.seen.add(value)
            if everything or value.hooks or value.custom is not None or value in self.asked:
                heapq.heappush(self._heap, (-value.serial, value))

    def next(self) -> Lazy | None:
        """The latest made of the stops, taken from them; None where there is no more."""
        return heapq.heappop(self._heap)[1] if self._heap else None
