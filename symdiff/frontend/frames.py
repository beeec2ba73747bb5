"""The calls that are being parsed: each has its names."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from symdiff.errors import Location
from symdiff.frontend.abstract import Abstract, Cell, now
from symdiff.frontend.cycles import Key
from symdiff.frontend.liveness import Liveness
from symdiff.frontend.program import Path
from symdiff.frontend.source import Source

__all__ = ["Frame"]


@dataclass(eq=False)
class Frame:
    """A call being parsed: the names of its function and what they stand for."""

    source: Source
    path: Path | None
    local: frozenset[str]
    live: Liveness
    names: dict[str, Abstract] = field(default_factory=dict)
    parent: Frame | None = None
    depth: int = 0
    places: dict[str, Location] = field(default_factory=dict)  # where names were assigned last
    returned: ast.AST | None = None
    cells: dict[str, Cell] = field(default_factory=dict)  # variables that functions inside assign
    outside: frozenset[str] = frozenset()  # names declared global
    hidden: bool = False  # a function of the library's own: what it does stands at the place of its call
    key: Key | None = None  # of the function
    calling: ast.expr | None = None  # the call that is being made from here
    serial: int = field(default_factory=now)
    reached: set[str] = field(default_factory=set)  # hidden names that an assignment was parsed of
    forgets: bool = False  # what it returns are numbers and arrays, so its lists and dicts are gone then
