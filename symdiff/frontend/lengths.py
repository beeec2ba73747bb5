"""The room lists need for a loop that must be run to know it: the loop is run for their lengths alone.

Where the loop reads no item of them, one run counts. Where it does, runs with more and more room are made until one
comes to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from symdiff.frontend.abstract import Abstract
from symdiff.frontend.assumptions import Loop
from symdiff.frontend.carried_leaves import Shape
from symdiff.frontend.comparisons import both, compared, logical_not
from symdiff.frontend.core import Parser
from symdiff.frontend.growing import reserve
from symdiff.frontend.rows import Growth, NeedsItems, Rows
from symdiff.frontend.rows_carried import Growing
from symdiff.ir.graph import Dim, Node, Type, Value
from symdiff.ops.sizes import plus
from symdiff.ops.stacks import new_stack, push

__all__ = ["lengths_by_running"]

Run = Callable[[Loop], None]
FIRST_ROOM = 64


def lengths_by_running(loop: Loop, keys: list[Any], run: Run) -> dict[Any, Dim]:
    """How long lists get in a loop.

    Parameters
    ----------
    loop : Loop
    keys : list
        The lists: objects, or names as tuples of one.
    run : callable
        Parses a loop.
    """
    try:
        return _counted(loop, keys, run)
    except NeedsItems:
        return _doubled(loop, keys, run)


def _counted(loop: Loop, keys: list[Any], run: Run) -> dict[Any, Dim]:
    p = loop.p
    with _trial(p):
        trial = Loop(p, loop.node, loop.trips, origin=loop.origin)
        for key in keys:
            found = loop.shape.growing[key]
            rows = Rows(found.form, (), _length(found.before), counting=True)
            unknown = Growth(None, None, None)
            trial.shape.growing[key] = Growing(rows, found.form, unknown, False, loop.trips is not None)
            if not isinstance(key, tuple):
                trial.cells.append(key)
        run(trial)
        return {key: _content(p, key).count for key in keys}


def _length(content: Any) -> Dim:
    return content.count if isinstance(content, Rows) else len(content)


def _content(p: Parser, key: Any) -> Rows:
    found = p.memory.content(p.frame.names[key[0]] if isinstance(key, tuple) else key)
    assert isinstance(found, Rows)
    return found


@contextmanager
def _trial(p: Parser) -> Iterator[None]:
    """What the run leaves is forgotten."""
    names, where, start = p.frame.names, p.build.where, len(p.build.nodes)
    p.frame.names = {name: _another(p, item) for name, item in names.items()}
    p.memory.push()
    p.trials += 1
    try:
        yield
        if any(getattr(node.op, "effect", False) for node in _below(p.build.nodes[start:])):
            p.unsupported("a list cannot grow in a loop that must be run twice, and has effects")
    finally:
        p.frame.names, p.build.where = names, where
        p.memory.pop()
        p.trials -= 1


def _another(p: Parser, item: Abstract) -> Abstract:
    """The same, but of a stack one more like it: it is changed where it is, so each run takes its own."""
    if not isinstance(item, Value) or item.type.kind != "stack":
        return item
    node = p.build.definitions[item]
    if node.op is new_stack:
        return p.build.add(new_stack, **node.attrs)
    if node.op is not push:
        p.unsupported("a list cannot grow in a loop that must be run twice, and goes on with a recursion around it")
    return p.emit("push", p.value(_another(p, node.inputs[0])), node.inputs[1])


def _below(nodes: list[Node]) -> Iterator[Node]:
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(inner for block in node.blocks for inner in block.nodes)


# -- with room that is doubled -----------------------------------------------------------------------------------------


def _doubled(loop: Loop, keys: list[Any], run: Run) -> dict[Any, Dim]:
    p = loop.p
    if loop.most is not None:
        p.unsupported(
            "a list that is read while inner loops of varying length make it grow is not supported",
            "make an array with np.zeros before the loop and store into it",
        )
    test, body = p.build.inner(), p.build.inner()
    rooms = [Value(Type("int64", (), "python"), "room", p.build.where) for _ in range(2)]
    for block, room in zip((test, body), rooms, strict=True):
        block.adopt([room])
    with p.inside(test), _trial(p):
        short = _runs_short(loop, keys, rooms[0], run)
    with p.inside(body):
        more = p.emit("multiply", rooms[1], p.constant(2))
    start = p.constant(FIRST_ROOM)
    found = p.build.while_([start], test.finish([rooms[0]], [short]), body.finish([rooms[1]], [more]), ["room"])[0]
    return {key: plus(p.build, _length(loop.shape.growing[key].before), found) for key in keys}


def _runs_short(loop: Loop, keys: list[Any], room: Value, run: Run) -> Value:
    """Run the loop as long as there is room; whether it stopped for lack of it."""
    p = loop.p
    trial = Loop(p, loop.node, None, shape=Shape())
    lengths: dict[Any, Dim] = {}
    for key in keys:
        found = loop.shape.growing[key]
        lengths[key] = plus(p.build, _length(found.before), room)
        rows = reserve(p, found.before, found.form, lengths[key])
        trial.shape.growing[key] = Growing(rows, found.form, Growth(None, None, None), False, loop.trips is not None)
        if not isinstance(key, tuple):
            trial.cells.append(key)

    def fits() -> Value:
        test = p.constant(True)
        for key in keys:
            peak = trial.shape.growing[key].growth.peak
            if peak is None:
                p.unsupported(
                    "a list that is read while it grows by a varying number of items in a trip is not supported",
                    "make an array with np.zeros before the loop and store into it",
                )
            need = plus(p.build, _content(p, key).count, peak)
            test = both(p, test, compared(p, "less_equal", p.build.size(need), p.build.size(lengths[key])))
        return test

    trial.guard = fits
    run(trial)
    return logical_not(p, fits())
