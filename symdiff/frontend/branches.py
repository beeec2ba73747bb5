"""``if`` statements and conditional expressions: two paths, and what is known after them."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from symdiff.errors import LocatedUnboundLocalError, TypeConflictError, UnsupportedSyntaxError, located
from symdiff.frontend.abstract import Abstract, Array, Cell, DictObject, Known, ListObject, Marker, Maybe, now
from symdiff.frontend.core import Parser
from symdiff.frontend.joined_types import Conflict
from symdiff.frontend.joining_lists import join_lists
from symdiff.frontend.joins import Join, Side, conflict
from symdiff.frontend.memory import Spoiled, Stale
from symdiff.frontend.owning import is_held
from symdiff.frontend.rows import Grows, Rows
from symdiff.frontend.scope import Scope
from symdiff.frontend.signals import Diverged
from symdiff.frontend.tables import expression, statement
from symdiff.frontend.unbound import is_absent
from symdiff.ir.graph import Value

__all__ = ["fork", "run_side"]

Thunk = Callable[[], Abstract | None]
NONE = Known(None)


def fork(
    p: Parser,
    condition: Value,
    then: Thunk,
    otherwise: Thunk,
    live: Callable[[str], bool],
    *,
    loop: bool = False,
    name: str = "result",
) -> Abstract | None:
    """Run one of two pieces of program, and join what they leave.

    Parameters
    ----------
    p : Parser
    condition : Value
        Run-time truth value.
    then, otherwise : callable
        Build the pieces; what they return is joined and returned.
    live : callable
        Whether a name may be read afterwards.
    loop : bool
        Whether the two are a loop that runs and one that does not, for messages.
    name : str
        What the joined result is known by.

    Returns
    -------
    Abstract or None
        The joined results; None where both pieces gave None.
    """
    start, where = now(), p.build.where
    before = p.frame.names
    sides = (run_side(p, then, before, (condition, True)), run_side(p, otherwise, before, (condition, False)))
    p.frame.names = dict(before)
    p.build.where = where
    if any(side.diverged for side in sides):
        return _only(p, condition, sides)
    join = Join(p, sides, start, condition)
    _join_memory(p, join)
    line = where.line if where else 0
    paths = _described(line, loop)
    _join_names(p, join, live, line, paths)
    outcome = _join_outcomes(p, join, paths, name)
    if join.types or any(side.build.nodes for side in sides):
        blocks = [side.build.finish((), side.results) for side in sides]
        outputs = p.build.if_(condition, blocks[0], blocks[1], join.hints, join.types)
        join.finish(outputs)
    return outcome[0] if outcome is not None else None


def _described(line: int, loop: bool) -> tuple[str, str]:
    """When either path is taken, in words."""
    if loop:
        return f"if the loop on line {line} runs", "if it runs zero times"
    return f"if the condition on line {line} holds", "if it does not"


def run_side(
    p: Parser, thunk: Thunk, before: dict[str, Abstract], fact: tuple[Value, bool] | None = None
) -> Side:
    """Run a piece of program into a block of its own; names and memory are as they were afterwards."""
    inner = p.build.inner()
    p.frame.names = dict(before)
    places, p.frame.places = p.frame.places, dict(p.frame.places)
    p.memory.push()
    known = [] if fact is None else [fact]
    p.facts += known
    try:
        diverged, outcome = False, None
        with p.inside(inner):
            try:
                outcome = thunk()
            except Diverged:
                diverged = True
        if p.frame.returned is not None and outcome is not None:
            p.frame.places["return"] = p.frame.source.location(p.frame.returned)
        return Side(inner, p.frame.names, p.memory.layers[-1], outcome, places=p.frame.places, diverged=diverged)
    finally:
        p.frame.names, p.frame.places = before, places
        p.memory.pop()
        del p.facts[len(p.facts) - len(known) :]


def _only(p: Parser, condition: Value, sides: tuple[Side, Side]) -> Abstract | None:
    """A path of two that ends in an exception leaves nothing: what follows is as the other path left it."""
    then, otherwise = ((side.build if side.diverged else Scope(p.build)).finish((), ()) for side in sides)
    p.build.if_(condition, then, otherwise)
    other = next((side for side in sides if not side.diverged), None)
    if other is None:
        raise Diverged
    p.build.absorb(other.build)
    p.build.assumed.append((condition, other is sides[0]))
    p.frame.names = other.names
    p.frame.places = other.places
    for item, content in other.layer.items():
        p.memory.replace(item, content)
    return other.outcome


def _join_names(p: Parser, join: Join, live: Callable[[str], bool], line: int, paths: tuple[str, str]) -> None:
    left, right = (side.names for side in join.sides)
    for name in dict.fromkeys((*left, *right)):
        a, b = left.get(name), right.get(name)
        if not live(name):
            p.frame.names.pop(name, None)
            continue
        if a is b and a is not None:
            p.frame.names[name] = a
            continue
        missing = is_absent(a) or is_absent(b)
        if isinstance(a, Marker) or isinstance(b, Marker) or missing or isinstance(a, Maybe) or isinstance(b, Maybe):
            _join_maybe(p, join, name, a, b, line)
            continue
        try:
            join.join(a, b, name, _setter(p.frame.names, name))
        except Conflict:
            p.frame.names[name] = conflict(p, name, a, b, *_paths(join, name, paths))


def _paths(join: Join, name: str, paths: tuple[str, str]) -> tuple[str, str]:
    """Where a name got its value on either path, if it is known."""
    places = [side.places.get(name) for side in join.sides]
    if None in places or places[0] == places[1]:
        return paths
    first, second = (place.line for place in places if place is not None)
    return f"on line {first}", f"on line {second}"


def _join_maybe(p: Parser, join: Join, name: str, a: Abstract | None, b: Abstract | None, line: int) -> None:
    """A name that may have no value."""
    marker = _unbound(name, a, b, line)
    p.frame.names[name] = marker
    poisoned = any(isinstance(item, Marker) and not is_absent(item) for item in (a, b))
    if poisoned or (is_absent(a) and is_absent(b)):
        return
    with contextlib.suppress(Conflict):
        join.join_maybe(a, b, name, marker, _setter(p.frame.names, name))


def _setter(table: dict[Any, Abstract], key: Any) -> Callable[[Abstract], None]:
    def use(item: Abstract) -> None:
        table[key] = item

    return use


def _unbound(name: str, a: Abstract | None, b: Abstract | None, line: int) -> Marker:
    for item in (a, b):
        if isinstance(item, Marker | Maybe):
            return item if isinstance(item, Marker) else item.marker
    path = "does not hold" if b is None else "holds"
    message = f"{name!r} has no value if the condition on line {line} {path}"
    return Marker(LocatedUnboundLocalError, message, f"assign {name!r} on both paths, or before the 'if'")


def _join_memory(p: Parser, join: Join) -> None:
    left, right = (side.layer for side in join.sides)
    for item in dict.fromkeys((*left, *right)):
        if item.serial > join.start or _is_gone(p, join, item):
            continue
        here = p.memory.kept(item)
        a, b = left.get(item, here), right.get(item, here)
        if a is b or isinstance(a, Spoiled):
            p.memory.replace(item, a)
        elif isinstance(b, Spoiled):
            p.memory.replace(item, b)
        elif isinstance(item, Array):
            if isinstance(a, Stale) or isinstance(b, Stale):
                p.memory.replace(item, a if isinstance(a, Stale) else b)
            else:
                join.pair(a, b, item.initial.hint, lambda output, item=item: p.memory.replace(item, output))  # type: ignore[misc]
        elif isinstance(item, Cell):
            _join_cell(p, join, item, a, b)
        else:
            _join_container(p, join, item, a, b)


def _is_gone(p: Parser, join: Join, item: Any) -> bool:
    """Whether nobody can reach an object of a call when both paths have returned."""
    if not p.frame.forgets or any(side.outcome is None for side in join.sides) or isinstance(item, Array):
        return False
    layers = [*p.memory.layers, *(side.layer for side in join.sides)]
    return item.serial > p.frame.serial and not is_held(p, item, layers, p.frame.serial)


def _join_cell(p: Parser, join: Join, cell: Cell, a: dict[str, Abstract], b: dict[str, Abstract]) -> None:
    """A variable that functions inside assign."""
    for name in dict.fromkeys((*a, *b)):
        left, right, line = a.get(name), b.get(name), p.build.where.line if p.build.where else 0
        use = lambda item, name=name: p.memory.replace(cell, {name: item})  # noqa: E731
        if left is None or right is None or isinstance(left, Marker) or isinstance(right, Marker):
            use(_unbound(name, left, right, line))
            continue
        try:
            join.join(left, right, name, use)
        except Conflict:
            paths = f"if the condition on line {line} holds", "if it does not"
            use(conflict(p, name, left, right, *paths))


def _join_container(p: Parser, join: Join, item: Any, a: Any, b: Any) -> None:
    try:
        if isinstance(item, ListObject) and (isinstance(a, Rows) or isinstance(b, Rows) or len(a) != len(b)):
            join_lists(p, join, a, b, lambda rows: p.memory.replace(item, rows))
            return
        if len(a) != len(b) or (isinstance(a, dict) and list(a) != list(b)):
            raise Conflict
        if isinstance(item, ListObject):
            join._join_items(a, b, "", lambda items: p.memory.replace(item, items))
            return
        values = list(a.values()), list(b.values())
        join._join_items(*values, "", lambda items: p.memory.replace(item, dict(zip(a, items, strict=True))))
    except Conflict:
        grown = next((c for c in (a, b) if isinstance(c, Rows)), None)
        if grown is not None and not grown.room and any(item.serial < start for start, _ in p.memory.loops):
            raise Grows(item, grown) from None
        kind = "list" if isinstance(item, ListObject) else "dict" if isinstance(item, DictObject) else "object"
        message = f"a {kind} that has other items, lengths or types after one branch than after the other"
        error = located(UnsupportedSyntaxError, message, p.build.where, f"build a new {kind} in each branch")
        p.memory.replace(item, Spoiled(error))
    except UnsupportedSyntaxError as error:  # what it holds is refused already, if it is read
        p.memory.replace(item, Spoiled(error))


def _join_outcomes(p: Parser, join: Join, paths: tuple[str, str], name: str) -> list[Abstract] | None:
    a, b = (side.outcome for side in join.sides)
    if a is None and b is None:
        return None
    found: list[Abstract] = []
    # a path that ends without 'return' returns None
    a, b = (NONE if item is None else item for item in (a, b))
    try:
        join.join(a, b, name, found.append)
    except Conflict:
        marker = conflict(p, "the result", a, b, *_paths(join, "return", paths))
        p.refuse(
            TypeConflictError,
            marker.message.replace("'the result'", "the result"),
            "return the same type on every path",
        )
    return found  # filled when the outputs exist, where it is empty now


@statement(ast.If)
def if_statement(p: Parser, node: ast.If) -> Abstract | None:
    """``if``: one branch where the condition is known, else both."""
    condition = p.condition(node.test)
    p.at(node.test)
    decided = p.decided(condition)
    if decided is not None:
        return p.block(node.body if decided else node.orelse)
    live = p.frame.live
    return fork(
        p,
        condition,
        lambda: p.block(node.body),
        lambda: p.block(node.orelse),
        lambda name: live.is_live_after(node, name),
    )


@expression(ast.IfExp)
def conditional_expression(p: Parser, node: ast.IfExp) -> Abstract:
    """``a if c else b``: a choice between values that are there already, or control flow."""
    condition = p.condition(node.test)
    decided = p.decided(condition)
    if decided is not None:
        return p.evaluate(node.body if decided else node.orelse)
    if _is_trivial(node.body) and _is_trivial(node.orelse):
        a, b = _assuming(p, condition, True, node.body), _assuming(p, condition, False, node.orelse)
        p.at(node)
        if isinstance(a, Value) and isinstance(b, Value) and a.type.kind == b.type.kind and a is not b:
            return p.emit("where", condition, a, b)
    p.at(node)
    then, otherwise = lambda: p.evaluate(node.body), lambda: p.evaluate(node.orelse)
    return fork(p, condition, then, otherwise, lambda name: True, name="")


def _assuming(p: Parser, condition: Value, holds: bool, node: ast.expr) -> Abstract:
    """A name or literal, as it is where the condition comes out so."""
    p.build.assumed.append((condition, holds))
    try:
        return p.evaluate(node)
    finally:
        p.build.assumed.remove((condition, holds))


def _is_trivial(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Constant)


def needed(names: Iterable[str]) -> Callable[[str], bool]:
    """A test of membership, as `fork` takes it."""
    found = frozenset(names)
    return lambda name: name in found
