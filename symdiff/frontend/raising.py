"""``raise`` and ``assert``: a path that ends in an exception, which Python makes when it gets there."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, Deferred, Known, Marker, is_none
from symdiff.frontend.branches import fork
from symdiff.frontend.core import Parser
from symdiff.frontend.deferred import act, combined, deferred, deferred_call
from symdiff.frontend.signals import Diverged
from symdiff.frontend.tables import statement
from symdiff.frontend.trying import raise_again
from symdiff.ir.graph import Value

__all__ = ["make_exception", "raise_known", "require_bound"]


def make_exception(p: Parser, cls: type, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Deferred:
    """An exception with its arguments; the class's own code runs when it is raised."""
    return deferred_call(p, deferred(p, Known(cls)), args, kwargs, "an exception", cls)


@statement(ast.Raise)
def raise_statement(p: Parser, node: ast.Raise) -> None:
    """``raise error`` and ``raise error from cause``."""
    if node.exc is None:
        raise_again(p)
        return
    parts = [_exception(p, node.exc)]
    if node.cause is not None and not _is_unreadable(p, node.cause):
        cause = p.evaluate(node.cause)
        none = is_none(cause)
        parts.append(deferred(p, cause) if none else _exception(p, node.cause, cause))
    p.at(node)
    _raise(p, parts)


def _is_unreadable(p: Parser, node: ast.expr) -> bool:
    """Whether a cause is what was caught, one of several exceptions: what is raised goes without its cause."""
    return isinstance(node, ast.Name) and isinstance(p.frame.names.get(node.id), Marker)


def _raise(p: Parser, parts: Sequence[Deferred]) -> NoReturn:
    # both in one expression while their values get their names
    whole = combined(lambda trees: ast.Tuple(trees, ast.Load()), parts)

    def make(tree: ast.expr) -> ast.Raise:
        assert isinstance(tree, ast.Tuple)
        return ast.Raise(tree.elts[0], tree.elts[1] if len(tree.elts) > 1 else None)

    act(p, make, whole, raises=True, kind=parts[0].cls)
    raise Diverged


def _exception(p: Parser, node: ast.expr, item: Abstract | None = None) -> Deferred:
    item = p.evaluate(node) if item is None else item
    p.at(node)
    if isinstance(item, Known):
        found = item.object
        if (isinstance(found, type) and issubclass(found, BaseException)) or isinstance(found, BaseException):
            cls = found if isinstance(found, type) else type(found)
            return replace(deferred(p, item), cls=cls)
    if isinstance(item, Deferred) and item.cls is not None:
        return item
    p.refuse(LocatedTypeError, f"exceptions must derive from BaseException, and this is {p.describe(item)}")


def raise_known(p: Parser, cls: type[Exception], message: str) -> NoReturn:
    """End the path in an exception that Python's own rules raise, with its words."""
    _raise(p, [make_exception(p, cls, [Known(message)], {})])


def require_bound(p: Parser, name: str, bound: Value) -> None:
    """Raise UnboundLocalError, in CPython's words, where a name has no value."""
    where = p.build.where

    def fails() -> None:
        p.build.where = where
        message = f"cannot access local variable {name!r} where it is not associated with a value"
        raise_known(p, UnboundLocalError, message)

    if p.decided(bound) is False:
        fails()
    fork(p, bound, lambda: None, fails, lambda name: True)
    p.build.where = where


@statement(ast.Assert)
def assertion(p: Parser, node: ast.Assert) -> None:
    """``assert condition, message``; under ``python -O`` a comment."""
    if not __debug__:
        return

    def fails() -> None:
        args = [] if node.msg is None else [p.evaluate(node.msg)]
        p.at(node)
        _raise(p, [make_exception(p, AssertionError, args, {})])

    condition = p.condition(node.test)
    p.at(node)
    decided = p.decided(condition)
    if decided is None:
        fork(p, condition, lambda: None, fails, lambda name: True)
    elif not decided:
        fails()
