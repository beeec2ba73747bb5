"""Which functions call each other in a circle that only run-time data end, and where in their text.

A circle is found while it is parsed: the same function is met again inside its own call. What is noted then are the
functions on the way and the expressions at which each calls the next; the parse starts again with that known.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from symdiff.errors import Location
from symdiff.frontend.source import Source

__all__ = ["Cycles", "Key", "Learned", "Site", "site_of"]

Key = tuple[str, Location]
Site = tuple[Location, int, int, type]


def site_of(source: Source, node: ast.AST) -> Site:
    """What tells an expression from all others, in every attempt at the program."""
    return source.location(node), getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0), type(node)


@dataclass(frozen=True)
class Cycles:
    """What is known of circles of calls.

    Attributes
    ----------
    groups : tuple of frozenset
        Functions that call each other.
    sites : frozenset
        Where they do.
    counts : mapping
        How many items a loop in them runs over, where that is known while parsing.
    """

    groups: tuple[frozenset[Key], ...] = ()
    sites: frozenset[Site] = frozenset()
    counts: Mapping[Site, int] = field(default_factory=dict)

    def group_of(self, key: Key) -> frozenset[Key]:
        """The functions of the circle of a function; none where it is in none."""
        return next((group for group in self.groups if key in group), frozenset())

    def with_circle(self, keys: frozenset[Key], sites: frozenset[Site]) -> Cycles:
        """With a circle more: those that share a function are one."""
        touched = [group for group in self.groups if group & keys]
        others = tuple(group for group in self.groups if not group & keys)
        return replace(self, groups=(*others, keys.union(*touched)), sites=self.sites | sites)

    def with_count(self, site: Site, count: int) -> Cycles:
        return replace(self, counts={**self.counts, site: count})


class Learned(Exception):
    """More is known of circles: the function is parsed again."""

    def __init__(self, cycles: Cycles) -> None:
        super().__init__()
        self.cycles: Any = cycles
