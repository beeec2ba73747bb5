"""``for`` and ``while``: what a trip leaves for the next one is found by parsing the body until nothing changes.

A carried value starts with the type it has before the loop. If the body leaves another one, the two are joined and the
body is parsed again: an int that becomes a float is a float from the start. Where they cannot be joined (``s = 0`` that
becomes an array, ``last = None`` that becomes a number) the first trip is parsed on its own, under an ``if`` that asks
whether there is one, together with all that follows: so zero trips leave what Python leaves.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from symdiff.errors import LimitError, ShapeError, TypeConflictError, UnsupportedSyntaxError
from symdiff.frontend.abstract import Abstract, now
from symdiff.frontend.assumptions import Loop, Peel
from symdiff.frontend.attempt import Attempt
from symdiff.frontend.branches import fork
from symdiff.frontend.breakable import breakable
from symdiff.frontend.carried import Restart
from symdiff.frontend.core import UNROLL_LIMIT, Parser
from symdiff.frontend.extents import Sized
from symdiff.frontend.growing import join_forms
from symdiff.frontend.iteration import Trips, holders_in, iterate, known_items, lengths_of, lists_in, require_unchanged
from symdiff.frontend.lengths import lengths_by_running
from symdiff.frontend.liveness import BreakableFor, assigned_names
from symdiff.frontend.rebuilt import Rebuilt
from symdiff.frontend.reserving import make_room, seen_outside, start_growing
from symdiff.frontend.rows import Grows, Rows
from symdiff.frontend.signals import Diverged, Unroll
from symdiff.frontend.unbound import is_absent

__all__ = ["loop_statement"]

ATTEMPTS = 60
ITEM_LIMIT = 10_000
MOST_TAKEN_APART = 1024  # trips of loops in loops that are parsed one by one because they differ


def loop_statement(p: Parser, node: ast.For | ast.While, rest: Sequence[ast.stmt]) -> tuple[bool, Abstract | None]:
    """Execute a loop; whether the statements after it were executed with it, and what they returned."""
    if isinstance(node, ast.While):
        return _run(Loop(p, node, None), rest)
    item = p.evaluate(node.iter)
    p.at(node.iter)
    trips = iterate(p, item)
    if isinstance(trips, Trips):
        loop = Loop(p, node, trips)
        return _run(loop if not isinstance(node, BreakableFor) else breakable(loop), rest)
    if len(trips) > ITEM_LIMIT:
        p.refuse(LimitError, f"a loop over {len(trips)} items of a tuple or list is too long", "loop over an array")
    over = lists_in(item)
    lengths = lengths_of(p, over)
    _item_by_item(p, node, _when_reached(p, item, trips))
    require_unchanged(p, over, lengths)
    return False, None


def _when_reached(p: Parser, item: Abstract, items: Sequence[Abstract]) -> Iterator[Abstract]:
    """The items as they are when their trips start: a trip before may have stored into what the loop runs over."""
    over = holders_in(item)
    contents = [p.memory.kept(found) for found in over]
    for k in range(len(items)):
        now_held = [p.memory.kept(found) for found in over]
        if any(a is not b for a, b in zip(now_held, contents, strict=True)):
            items, contents = known_items(p, item), now_held
        if k >= len(items):
            return  # refused after the loop
        yield items[k]


def _item_by_item(p: Parser, node: ast.For, items: Iterable[Abstract]) -> None:
    """All trips in a row; an item is read when its trip starts."""
    from_where = p.build.where
    for item in items:
        p.build.where = from_where
        if isinstance(node, BreakableFor):
            _unless_stopped(p, node, item)
            continue
        p.assign(node.target, item)
        p.block(node.body)


def _unless_stopped(p: Parser, node: BreakableFor, item: Abstract) -> None:
    """One trip of a loop over items that may have been left."""

    def trip() -> None:
        p.assign(node.target, item)
        p.block(node.body)

    condition = p.condition(ast.copy_location(ast.UnaryOp(ast.Not(), node.stopped), node))
    p.at(node)
    decided = p.decided(condition)
    if decided is None:
        live = p.frame.live
        fork(p, condition, trip, lambda: None, lambda name: live.is_live_in_loop(node, name), loop=True)
    elif decided:
        trip()


def _run(loop: Loop, rest: Sequence[ast.stmt]) -> tuple[bool, Abstract | None]:
    p = loop.p
    try:
        run_loop(loop)
        return False, None
    except Unroll as found:
        if found.index not in loop.indices:
            raise
    except (Peel, Diverged):
        # a trip that always raises is like one that leaves other types: it is parsed on its own
        return True, _peeled(loop, rest)
    except (UnsupportedSyntaxError, ShapeError, TypeConflictError):
        # what cannot be the same in every trip may be said of each
        if not _few_trips(loop):
            raise
    node, trips = _as_written(loop)
    assert trips is not None and isinstance(node, ast.For)
    known = trips.known(p)
    assert known is not None
    before, p.taken_apart = p.taken_apart, p.taken_apart * max(len(known), 1)
    lengths = lengths_of(p, trips.over)
    try:
        _item_by_item(p, node, (trips.element(p, p.constant(i)) for i in known))
    finally:
        p.taken_apart = before
    require_unchanged(p, trips.over, lengths)
    return False, None


def _as_written(loop: Loop) -> tuple[ast.For | ast.While, Trips | None]:
    """The loop before its first trip was parsed on its own."""
    return (loop.node, loop.trips) if loop.origin is None else (loop.origin.node, loop.origin.trips)


def _few_trips(loop: Loop) -> bool:
    """Whether a loop can be parsed trip by trip; asks for arguments to be known if it depends on them."""
    p, (_, trips) = loop.p, _as_written(loop)
    if trips is None:
        return False
    known = trips.known(p)
    if known is None:
        for bound in trips.bounds:
            p.ask_for(bound)
        return False
    return len(known) <= UNROLL_LIMIT and len(known) * p.taken_apart <= MOST_TAKEN_APART


def _peeled(loop: Loop, rest: Sequence[ast.stmt]) -> Abstract | None:
    """The first trip, the loop over the others, and what follows; or only what follows."""
    p = loop.p
    p.at(loop.node)
    condition = loop.first_condition()
    p.at(loop.node)

    def some() -> Abstract | None:
        loop.body(loop.trips.bounds[0] if loop.trips is not None else None)
        p.at(loop.node)
        done, outcome = _run(loop.rest(), rest)
        return outcome if done else p.block(rest)

    decided = p.decided(condition)
    if decided is not None:
        return some() if decided else p.block(rest)
    live = p.frame.live
    last = rest[-1] if rest else loop.node
    return fork(p, condition, some, lambda: p.block(rest), lambda name: live.is_live_after(last, name), loop=True)


def run_loop(loop: Loop) -> None:
    """Parse the body until what is carried stays the same, then append the node."""
    p = loop.p
    targets = [loop.node.target] if isinstance(loop.node, ast.For) else []
    loop.assigned = sorted(assigned_names([*targets, *loop.node.body]))
    loop.names = [
        name
        for name in loop.assigned
        if not is_absent(p.frame.names.get(name)) and loop.is_live(name) and not loop.only_augmented(name)
    ]
    over = loop.most.over if loop.most is not None else ()
    lengths = lengths_of(p, over)
    for _ in range(ATTEMPTS):
        start = now()
        try:
            make_room(p, loop.shape.growing, loop.most, lambda keys: lengths_by_running(loop, keys, run_loop))
            attempt = Attempt(loop)
            attempt.run()
            require_unchanged(p, over, lengths)
            return
        except Sized:
            p.memory.bury(start, now())
            p.at(loop.node)
            continue
        except Restart:
            pass
        except Rebuilt as made:
            _rebuild(loop, made)
        except Grows as found:
            if found.cell.serial > start or found.cell in loop.shape.growing:
                raise
            loop.cells += [found.cell] if found.cell not in loop.cells else []
            before = p.memory.content(found.cell)
            start_growing(p, p.build, loop.shape.growing, found.cell, before, found.content, loop.trips)
        loop.shape.extents.forget()
        p.memory.bury(start, now())
        p.at(loop.node)
    p.refuse(LimitError, f"the types of what this loop carries do not settle in {ATTEMPTS} attempts")


def _rebuild(loop: Loop, made: Rebuilt) -> None:
    """Carry a list as columns whose length changes from trip to trip."""
    p, key = loop.p, (made.name,)
    found = loop.shape.growing.get(key)
    if found is None or not found.own:
        raise made  # this run is for the lengths of lists alone: the loop that asked for it takes note
    form = found.form
    if isinstance(made.content, Rows):
        form = join_forms(form, seen_outside(p, p.build, made.content.form))
    del loop.shape.growing[key]
    loop.shape.lists[key] = form
    initial = found.before.count if isinstance(found.before, Rows) else len(found.before)
    loop.shape.extents.add([(((*key, i), 0), initial) for i in range(len(form.leaves))])
