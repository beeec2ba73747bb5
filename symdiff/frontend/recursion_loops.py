"""Loops in whose bodies a recursion goes on: their index is a name, so that a call in between keeps it."""

from __future__ import annotations

import ast

from symdiff.frontend.abstract import Abstract, Generated, Known, ListObject
from symdiff.frontend.comprehensions import items_of
from symdiff.frontend.core import Parser
from symdiff.frontend.cycles import Learned, site_of
from symdiff.frontend.iteration import Trips, is_runtime, iterate
from symdiff.frontend.operators import arithmetic
from symdiff.frontend.resuming import Element, Items, More, Next, Start, Unchanged
from symdiff.frontend.tables import expression
from symdiff.ir.graph import Value

__all__ = ["items"]


@expression(Items)
def items(p: Parser, node: Items) -> Abstract:
    """What a loop runs over."""
    item = p.evaluate(node.value)
    p.at(node.value)
    if isinstance(item, Generated):
        item = items_of(p, item)
    if isinstance(item, Known) and isinstance(item.object, list):
        item = p.resolver.materialise(p.build, item)
    if is_runtime(p, item):
        if node.count is not None:
            _refuse(p)
        return item
    count = len(p.items(item))
    if node.count is None:
        raise Learned(p.cycles.with_count(site_of(p.frame.source, node.place), count))
    if node.count != count:
        _refuse(p)
    return item


def _refuse(p: Parser) -> None:
    p.unsupported(
        "a loop over tuples or lists of different lengths in a recursion that depends on data is not supported",
        "run over an array, or over a range of places in it",
    )


def _trips(p: Parser, node: ast.expr) -> Trips:
    trips = iterate(p, p.evaluate(node))
    assert isinstance(trips, Trips)
    return trips


@expression(Start)
def start(p: Parser, node: Start) -> Abstract:
    """The index of the first trip."""
    return _trips(p, node.items).bounds[0]


@expression(More)
def more(p: Parser, node: More) -> Value:
    """Whether there is a trip; a list that grew meanwhile has more, as in Python."""
    index = p.value(p.evaluate(node.index))
    return _trips(p, node.items).starting(index).runs(p)


@expression(Next)
def following(p: Parser, node: Next) -> Value:
    """The index of the next trip."""
    index = p.value(p.evaluate(node.index))
    return arithmetic(p, "add", index, _trips(p, node.items).bounds[2])


@expression(Element)
def element(p: Parser, node: Element) -> Abstract:
    """What the target is bound to."""
    item, index = p.evaluate(node.items), p.value(p.evaluate(node.index))
    p.at(node)
    if not is_runtime(p, item):
        return p.items(item)[int(p.known(index))]
    return _trips(p, node.items).element(p, index)


@expression(Unchanged)
def unchanged(p: Parser, node: Unchanged) -> Known:
    """Python looks for the next item in the list as it is then."""
    item = p.evaluate(node.items)
    if isinstance(item, ListObject) and len(p.items(item)) != node.count:
        p.unsupported("a list that changes its length while a loop runs over it is not supported", "run over a copy")
    return Known(None)
