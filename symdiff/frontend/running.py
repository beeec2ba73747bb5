"""Functions of the user's: what is known of one before it is called, and a call of it at its place."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from symdiff.frontend.abstract import Abstract, Cell, Known, Marker
from symdiff.frontend.circling import is_repeated, learn_circle, machine_of
from symdiff.frontend.core import Parser
from symdiff.frontend.frames import Frame
from symdiff.frontend.liveness import Liveness, names_bound_in, nonlocal_names
from symdiff.frontend.machine import Reached, key_of
from symdiff.frontend.normalise import body_of
from symdiff.frontend.program import Path
from symdiff.frontend.recursion import as_loop
from symdiff.frontend.source import Source
from symdiff.frontend.walking import walk_scope

__all__ = ["Prepared", "prepare", "run_function"]

RECURSION_LIMIT = 40
RECURSION_SEEN = 6  # where our own stack ends before that
DEPTH_LIMIT = 120


@dataclass(frozen=True)
class Prepared:
    """A function ready to be parsed: checked, its returns in tail position, its names analysed."""

    source: Source
    node: ast.FunctionDef | ast.Lambda
    statements: list[ast.stmt]
    local: frozenset[str]
    live: Liveness
    cells: frozenset[str]
    outside: frozenset[str]

    def frame(self, p: Parser, path: Path | None, names: dict[str, Abstract], **more: Any) -> Frame:
        """A call of it, at its start."""
        cells = {name: Cell({name: names.pop(name)} if name in names else {}) for name in sorted(self.cells)}
        depth = len(p.frames)
        return Frame(
            self.source, path, self.local, self.live, names, depth=depth, cells=cells, outside=self.outside, **more
        )


def prepare(source: Source, node: ast.FunctionDef | ast.Lambda) -> Prepared:
    """Analyse a function or lambda."""
    statements = body_of(node, source)
    arguments = node.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    parameters = {arg.arg for arg in given if arg is not None}
    scope = list(walk_scope(statements))
    outside = frozenset(name for n in scope if isinstance(n, ast.Global) for name in n.names)
    around = {name for n in scope if isinstance(n, ast.Nonlocal) for name in n.names}
    local = frozenset(parameters | (names_bound_in(scope) - outside - around))
    inner = [n for n in scope if isinstance(n, ast.FunctionDef)]
    cells = local & nonlocal_names(inner)
    return Prepared(source, node, statements, local, Liveness.of(statements, scope), cells, outside)


def run_function(p: Parser, frame: Frame, ready: Prepared, name: str, itself: Abstract) -> Abstract:
    """The result of a call; ``frame`` has the parameters."""
    expecting, p.expecting = p.expecting, None
    key = frame.key = key_of(ready, name)
    reached = Reached(frame, ready, itself, name)
    machine = machine_of(p, key)
    if machine is not None and expecting is machine:
        raise reached
    if is_repeated(p, key):
        learn_circle(p, key, p.frames)
    seen = sum(other.key == key for other in p.frames)
    if seen >= RECURSION_LIMIT or (seen >= RECURSION_SEEN and len(p.frames) >= DEPTH_LIMIT):
        learn_circle(p, key, p.frames)
    if len(p.frames) >= DEPTH_LIMIT:
        p.unsupported(f"helpers call each other more than {DEPTH_LIMIT} deep", "write the recursion as a loop")
    where, before = p.build.where, getattr(p, "frame", None)
    if p.cycles.group_of(key) and machine is None:
        frame.key = None  # the frames of its pieces have it
    p.frames.append(frame)
    p.frame = frame
    try:
        outcome = as_loop(p, reached) if frame.key is None else p.block(ready.statements)
    except RecursionError:
        if frame.key is not None and sum(other.key == key for other in p.frames) >= RECURSION_SEEN:
            learn_circle(p, key, p.frames[:-1])
        raise
    finally:
        p.frames.pop()
        if before is not None:
            p.frame = before
    p.build.where = where
    return Known(None) if outcome is None else p.checked(outcome) if isinstance(outcome, Marker) else outcome
