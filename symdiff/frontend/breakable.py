"""A ``for`` that can be left is a ``while`` over the same range: the index is carried, the flag is part of the test."""

from __future__ import annotations

import ast

from symdiff.frontend.abstract import Abstract
from symdiff.frontend.assumptions import Loop
from symdiff.frontend.core import Parser
from symdiff.frontend.iteration import Trips
from symdiff.frontend.liveness import BreakableFor
from symdiff.frontend.operators import arithmetic
from symdiff.frontend.tables import expression, statement
from symdiff.ir.graph import Value

__all__ = ["breakable"]


class GoesOn(ast.expr):
    """Whether the index is inside the range."""

    _fields = ("index",)

    def __init__(self, index: ast.Name, trips: Trips) -> None:
        super().__init__()
        self.index, self.trips = index, trips


class NextItem(ast.stmt):
    """Binds the target to the item at the index, and moves the index on."""

    _fields = ("index", "read", "target")

    def __init__(self, index: ast.Name, read: ast.Name, target: ast.expr, trips: Trips) -> None:
        super().__init__()
        self.index, self.read, self.target, self.trips = index, read, target, trips


def breakable(loop: Loop) -> Loop:
    """The loop as a ``while``; its index starts where the range does."""
    p, node, trips = loop.p, loop.node, loop.trips
    assert isinstance(node, BreakableFor) and trips is not None
    target = node.target.id if isinstance(node.target, ast.Name) and trips.plain else "i"
    name = f"next_{target} {node.lineno}.{node.col_offset}"
    p.frame.local |= {name}
    p.frame.names[name] = trips.bounds[0]
    test = ast.copy_location(ast.BoolOp(ast.And(), [_running(node), _goes_on(node, name, trips)]), node)
    made = ast.copy_location(ast.While(test, [_next_item(node, name, trips), *node.body], []), node)
    live = p.frame.live
    live.after[made] = live.after.get(node, set())
    live.head[made] = live.head.get(node, set())
    live.always.add(name)
    return Loop(p, made, None, origin=loop)


def _running(node: BreakableFor) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), node.stopped), node)


def _goes_on(node: ast.For, name: str, trips: Trips) -> GoesOn:
    return ast.copy_location(GoesOn(ast.copy_location(ast.Name(name, ast.Load()), node), trips), node.iter)


def _next_item(node: ast.For, name: str, trips: Trips) -> NextItem:
    index = ast.copy_location(ast.Name(name, ast.Store()), node)
    read = ast.copy_location(ast.Name(name, ast.Load()), node)
    return ast.copy_location(NextItem(index, read, node.target, trips), node.target)


@expression(GoesOn)
def goes_on(p: Parser, node: GoesOn) -> Value:
    """``index < stop``, or ``>`` where the range descends."""
    return node.trips.starting(p.evaluate(node.index)).runs(p)


@statement(NextItem)
def next_item(p: Parser, node: NextItem) -> None:
    """``target = items[index]; index += step``."""
    index: Abstract = p.evaluate(node.read)
    step = node.trips.bounds[2]
    node.trips.bind(p, node.target, index)
    p.at(node)
    p.assign(node.index, arithmetic(p, "add", index, step))
