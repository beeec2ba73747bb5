"""``try``: first it is found out how the body ends, then what it computes is computed, or what the handler does.

The body is parsed twice. As the body of a node `TRY` it gives nothing but a number: 0 where it runs to its end, else
the clause that catches its exception. An ``if`` on that number follows, with the body once more (which is known not to
fail there) in one branch and the handlers in the others. So everything else, gradients above all, sees a branch. What
the body shows is shown the first time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from symdiff.errors import LocatedTypeError, UnsupportedSyntaxError
from symdiff.frontend.abstract import Abstract, Known, Marker, Tuple
from symdiff.frontend.branches import fork, run_side
from symdiff.frontend.core import Parser
from symdiff.frontend.deferred import act, deferred, deferred_call
from symdiff.frontend.failing import Stores, caught_as, refuse_half_done
from symdiff.frontend.joins import Side
from symdiff.frontend.signals import Diverged
from symdiff.frontend.tables import statement
from symdiff.ir.graph import TRY, Node, Type, Value
from symdiff.ir.sites import Clause
from symdiff.ir.walk import all_nodes, may_raise

__all__ = ["raise_again"]

SHOWN, DONE = 1, 2
"""How quiet effects are: what was shown is not shown again; what cannot raise any more does not raise."""
EVERYTHING = Clause((BaseException,), "BaseException", {})


@statement(ast.Try)
def try_statement(p: Parser, node: ast.Try) -> Abstract | None:
    """``try``, with any of its parts."""
    if node.finalbody:
        return _with_final(p, node)
    live = p.frame.live
    return _with_handlers(p, node, lambda name: live.is_live_after(node, name))


def _with_handlers(p: Parser, node: ast.Try, live: Callable[[str], bool]) -> Abstract | None:
    clauses = tuple(_clause(p, handler) for handler in node.handlers)
    p.at(node)
    refuse_half_done(p, node)
    names, depth = p.frame.names, len(p.memory.layers)
    stores = Stores(p, clauses)
    with stores:
        probe, number = _probe(p, node.body, clauses)

    def failed() -> Abstract | None:
        stores.spoil(probe.build.nodes)
        return handlers(0)

    def again() -> None:
        layers, p.memory.layers = p.memory.layers, [*p.memory.layers[:depth], {}]
        try:
            with quiet(p, SHOWN):
                _reached(p, node.body, names)
        finally:
            p.memory.layers = layers

    def handle(position: int) -> Abstract | None:
        handler = node.handlers[position]
        before = p.frame.names.get(handler.name or "")
        if handler.name:
            p.frame.names[handler.name] = caught_as(p, handler.name, clauses[position], probe.build.nodes)
        p.handling.append((p.frame, again))
        try:
            outcome = p.block(handler.body)
        finally:
            p.handling.pop()
        if handler.name:
            p.frame.names.pop(handler.name, None)
            if before is not None:
                message = f"{handler.name!r} has no value after the 'except' clause that binds it"
                p.frame.names[handler.name] = Marker(UnboundLocalError, message, "use another name in the clause")
        return outcome

    def handlers(position: int) -> Abstract | None:
        if position == len(clauses) - 1:
            return handle(position)
        p.at(node)
        assert number is not None
        condition = p.emit("equal", number, p.constant(position + 1))
        return fork(p, condition, lambda: handle(position), lambda: handlers(position + 1), live)

    return _after_probe(p, node.body, number, lambda: p.block(node.orelse), failed, live)


def _with_final(p: Parser, node: ast.Try) -> Abstract | None:
    """``finally``: everything before it is tried as a whole, and done again to raise what it raised."""
    body: list[ast.stmt] = node.body
    if node.handlers:
        body = [ast.copy_location(ast.Try(node.body, node.handlers, node.orelse, []), node)]
        p.frame.live.after[body[0]] = set(p.frame.local)
    names, depth = p.frame.names, len(p.memory.layers)
    refuse_half_done(p, ast.copy_location(ast.Try(body, [], [], node.finalbody), node))
    stores = Stores(p, (EVERYTHING,))
    with stores:
        probe, number = _probe(p, body, (EVERYTHING,))
    live = p.frame.live

    def failed() -> None:
        stores.spoil(probe.build.nodes)
        p.block(node.finalbody)
        layers, p.memory.layers = p.memory.layers, [*p.memory.layers[:depth], {}]
        try:
            with quiet(p, SHOWN):
                _reached(p, body, names)
        finally:
            p.memory.layers = layers

    final = lambda: p.block(node.finalbody)  # noqa: E731
    return _after_probe(p, body, number, final, failed, lambda name: live.is_live_after(node, name))


def _probe(p: Parser, body: Sequence[ast.stmt], clauses: tuple[Clause, ...]) -> tuple[Side, Value | None]:
    """Append the node that says how the body ends; None for a body that surely runs to its end."""
    where = p.build.where
    with quiet(p, min(p.quiet, SHOWN)):
        side = run_side(p, lambda: p.block(body), p.frame.names)
    p.build.where = where
    if side.outcome is not None:
        raise UnsupportedSyntaxError("a return in 'try' was left in place", where)
    block = side.build.finish((), ())
    for node in all_nodes(block):
        if getattr(node.op, "effect", False):
            message, hint = "random numbers drawn in 'try' are not supported", "draw them before the 'try'"
            raise UnsupportedSyntaxError(message, node.where, hint)
    if not side.diverged and not any(map(may_raise, all_nodes(block))):
        return side, None
    number = Value(Type("int64", (), "python"), "failed", where)
    p.build.append(Node(TRY, (), (number,), {"clauses": clauses}, (block,), where))
    return side, number


def _after_probe(
    p: Parser,
    body: Sequence[ast.stmt],
    number: Value | None,
    following: Callable[[], Abstract | None],
    failed: Callable[[], Abstract | None],
    live: Callable[[str], bool],
) -> Abstract | None:
    def succeeded() -> Abstract | None:
        with quiet(p, DONE):
            p.block(body)
        _cannot_fail(p.build.nodes)
        return following()

    if number is None:
        p.block(body)
        return following()
    condition = p.build.name(p.emit("equal", number, p.constant(0)), "succeeded")
    return fork(p, condition, succeeded, failed, live)


def _cannot_fail(nodes: Sequence[Node]) -> None:
    """Operations on floats that were tried need not be checked again."""
    for node in nodes:
        if node.op is TRY:
            continue
        for block in node.blocks:
            _cannot_fail(block.nodes)
        checks = getattr(node.op, "checks", ())
        if checks and len(node.outputs) == 1 and node.output.type.kind == "python" and node.output.type.is_float:
            object.__setattr__(node, "attrs", {**node.attrs, "unchecked": True})


def _reached(p: Parser, body: Sequence[ast.stmt], names: dict[str, Abstract]) -> None:
    """Run a body that is known to raise, with nothing around it that catches."""
    where = p.build.where
    side = run_side(p, lambda: p.block(body), names)
    p.build.where = where
    ended = Value(Type("int64", (), "python"), "", where)
    p.build.append(Node(TRY, (), (ended,), {"clauses": ()}, (side.build.finish((), ()),), where))
    error = deferred_call(p, deferred(p, Known(RuntimeError)), [Known("the exception was not raised again")], {})
    act(p, lambda tree: ast.Raise(tree, None), error, raises=True, kind=RuntimeError)
    raise Diverged


def raise_again(p: Parser) -> None:
    """``raise`` alone, in an ``except`` clause."""
    frame, again = p.handling[-1] if p.handling else (None, None)
    if frame is not p.frame or again is None:
        p.unsupported("'raise' without an exception is only supported in an 'except' clause", "raise an exception")
    again()


@contextmanager
def quiet(p: Parser, level: int) -> Iterator[None]:
    """Parse with effects this quiet."""
    before, p.quiet = p.quiet, level
    try:
        yield
    finally:
        p.quiet = before


# -- clauses -----------------------------------------------------------------------------------------------------------


def _clause(p: Parser, handler: ast.ExceptHandler) -> Clause:
    p.at(handler)
    if handler.type is None:
        return EVERYTHING
    item = p.evaluate(handler.type)
    p.at(handler.type)
    classes = tuple(_class(p, part) for part in (item.items if isinstance(item, Tuple) else _known_items(item)))
    text = deferred(p, item)
    return Clause(classes, ast.unparse(text.tree), text.objects)


def _known_items(item: Abstract) -> Sequence[Abstract]:
    if isinstance(item, Known) and isinstance(item.object, tuple):
        return [Known(part) for part in item.object]
    return [item]


def _class(p: Parser, item: Abstract) -> Any:
    found = item.object if isinstance(item, Known) else None
    if isinstance(found, type) and issubclass(found, BaseException):
        return found
    p.refuse(LocatedTypeError, f"'except' takes classes of exceptions, and this is {p.describe(item)}")

