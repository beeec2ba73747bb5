"""What can be iterated over: ranges and arrays at run time, everything else item by item while parsing."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from symdiff.errors import LocatedTypeError, LocatedValueError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Checkpointed,
    Complex,
    Counted,
    DictObject,
    Generated,
    Known,
    ListObject,
    Range,
    Sequence,
    Tuple,
    View,
    Zipped,
    root,
)
from symdiff.frontend.comparisons import compared
from symdiff.frontend.comprehensions import items_of
from symdiff.frontend.core import Parser
from symdiff.frontend.growing import item_at
from symdiff.frontend.operators import arithmetic
from symdiff.frontend.optional import never_none
from symdiff.frontend.rows import Rows
from symdiff.frontend.special_methods import method_of
from symdiff.frontend.statements import assign
from symdiff.frontend.structure import LONGEST
from symdiff.frontend.tables import package_of
from symdiff.ir.graph import Dim, Value

__all__ = [
    "Trips",
    "count_of",
    "is_runtime",
    "iterate",
    "known_items",
    "lengths_of",
    "lists_in",
    "require_unchanged",
    "trips_count",
    "trips_of",
]


@dataclass(frozen=True, eq=False)
class Trips:
    """A run-time loop: its range, and what its target is bound to in the trip with some index.

    ``plain`` says that the target is the index itself; ``over`` are the lists whose items it is bound to; ``segmented``
    that the reverse is to keep the history of a segment at a time.
    """

    bounds: tuple[Value, Value, Value]
    element: Callable[[Parser, Value], Abstract]
    plain: bool = False
    over: tuple[ListObject, ...] = ()
    segmented: bool = False

    def bind(self, p: Parser, target: ast.expr, index: Value) -> None:
        """Assign the loop's target."""
        p.at(target)
        assign(p, target, self.element(p, index))

    def known(self, p: Parser) -> range | None:
        """The range, if it is known while parsing."""
        found = [p.build.constant_of(bound) for bound in self.bounds]
        return None if None in found else range(*map(int, found))  # type: ignore[arg-type]

    def surely(self, p: Parser) -> bool:
        """Whether there is a first trip for certain."""
        known = self.known(p)
        return known is not None and len(known) > 0

    def runs(self, p: Parser) -> Value:
        """Whether there is a first trip."""
        start, stop, step = self.bounds
        known, stride = self.known(p), p.build.constant_of(step)
        if known is not None:
            return p.constant(len(known) > 0)
        if stride is None:
            return compared(p, "greater", p.emit("range_length", *self.bounds), p.constant(0))
        return compared(p, "less" if stride > 0 else "greater", start, stop)

    def starting(self, start: Value) -> Trips:
        """The trips from some index on."""
        return replace(self, bounds=(start, *self.bounds[1:]))

    def after_first(self, p: Parser) -> Trips:
        """The trips without the first one."""
        start, stop, step = self.bounds
        return replace(self, bounds=(arithmetic(p, "add", start, step), stop, step), over=())


def iterate(p: Parser, item: Abstract) -> Trips | tuple[Abstract, ...]:
    """How to run over something: a range of trips, or the items themselves."""
    item = never_none(p, item, iter)
    if isinstance(item, Checkpointed):
        return _segmented(p, item)
    if isinstance(item, Range):
        _check_step(p, item)
        return Trips((item.start, item.stop, item.step), lambda p, index: index, plain=True)
    if is_runtime(p, item):
        length, element = trips_of(p, item)
        return Trips((p.constant(0), length, p.constant(1)), element, over=lists_in(item))
    return known_items(p, item)


def _segmented(p: Parser, item: Checkpointed) -> Trips:
    trips = iterate(p, item.items)
    if isinstance(trips, Trips):
        return replace(trips, segmented=True)
    message = f"a loop over {p.describe(item.items)} is written out item by item, so there is nothing to checkpoint"
    p.unsupported(message, "leave sd.checkpointed out, or loop over a range or an array")


def trips_count(p: Parser, trips: Trips) -> Dim:
    """How often the body runs."""
    known = trips.known(p)
    if known is not None:
        return len(known)
    start, stop, step = trips.bounds
    if not trips.plain and p.build.constant_of(start) == 0 and p.build.constant_of(step) == 1:
        return p.build.dim(stop)  # the length of what is iterated over
    return p.build.dim(p.emit("range_length", start, stop, step, kind="python"))


def lists_in(item: Abstract) -> tuple[ListObject, ...]:
    """The lists that something runs over."""
    match item:
        case ListObject():
            return (item,)
        case Checkpointed() | Counted() | Sequence():
            return lists_in(item.items)
        case Zipped():
            return tuple(found for part in item.items for found in lists_in(part))
    return ()


def holders_in(item: Abstract) -> tuple[ListObject | DictObject | Array, ...]:
    """The lists, dicts and arrays that something runs over, whose items a loop may change."""
    match item:
        case Array() | View():
            return (root(item),)
        case Tuple(view=DictObject() as view):
            return (view,)
        case Complex():
            return holders_in(item.re) + holders_in(item.im)
        case Checkpointed() | Counted() | Sequence():
            return holders_in(item.items)
        case Zipped():
            return tuple(found for part in item.items for found in holders_in(part))
    return lists_in(item)


def lengths_of(p: Parser, lists: tuple[ListObject, ...]) -> list[int | Value]:
    """How long lists are now."""
    contents = [p.memory.content(found) for found in lists]
    return [content.count if isinstance(content, Rows) else len(content) for content in contents]


def require_unchanged(p: Parser, lists: tuple[ListObject, ...], before: list[int | Value]) -> None:
    """Python looks for the next item in the list as it is then; here the trips are known before the loop."""
    pairs = zip(before, lengths_of(p, lists), strict=True)
    if not all(a is b or (isinstance(a, int) and isinstance(b, int) and a == b) for a, b in pairs):
        p.unsupported("a list that changes its length while a loop runs over it is not supported", "run over a copy")


def _check_step(p: Parser, item: Range) -> None:
    if p.build.constant_of(item.step) == 0:
        p.refuse(LocatedValueError, "range() arg 3 must not be zero")


def is_runtime(p: Parser, item: Abstract) -> bool:
    """Whether something has as many items as only a run tells."""
    match item:
        case Range() | Array() | View() | Complex():
            return True
        case ListObject():
            return isinstance(p.memory.content(item), Rows)
        case Generated():
            return is_runtime(p, items_of(p, item))
        case Known(object=list()) if len(item.object) > LONGEST:
            return is_runtime(p, p.resolver.materialise(p.build, item))
        case Counted() | Sequence():
            return is_runtime(p, item.items)
        case Zipped():
            return all(is_runtime(p, part) for part in item.items)
    return False


def trips_of(p: Parser, item: Abstract) -> tuple[Value, Callable[[Parser, Value], Abstract]]:
    """Number of items, and the item at a position, of something with run-time length."""
    match item:
        case Range():
            return _range_trips(p, item)
        case Array() | View():
            shape = p.read(item).type.shape
            if not shape:
                p.refuse(LocatedTypeError, "iteration over a 0-d array")
            return p.build.size(shape[0]), lambda p, index: p.subscript(item, index)
        case ListObject() if isinstance(p.memory.content(item), Rows):
            return p.build.size(p.memory.content(item).count), lambda p, i: item_at(p, p.memory.content(item), i)
        case Generated():
            return trips_of(p, items_of(p, item))
        case Known(object=list()):
            return trips_of(p, p.resolver.materialise(p.build, item))
        case Complex():
            return trips_of(p, item.re)[0], lambda p, index: p.subscript(item, index)
        case Counted():
            length, element = trips_of(p, item.items)
            start = item.start
            return length, lambda p, i: Tuple((arithmetic(p, "add", start, i), element(p, i)))
        case Sequence():
            length, element = trips_of(p, item.items)
            last = arithmetic(p, "subtract", length, p.constant(1))
            return length, lambda p, i: element(p, arithmetic(p, "subtract", last, i))
        case Zipped():
            parts = [trips_of(p, part) for part in item.items]
            return _shortest(p, [part[0] for part in parts]), lambda p, i: Tuple(tuple(part[1](p, i) for part in parts))
    _refuse(p, item)


def _refuse(p: Parser, item: Abstract) -> NoReturn:
    if isinstance(item, Known) and isinstance(item.object, set | frozenset):
        p.unsupported("running over a set is not supported: it has no order", "use a tuple or a list")
    p.refuse(LocatedTypeError, f"{p.describe(item)} is not iterable")


def _range_trips(p: Parser, item: Range) -> tuple[Value, Callable[[Parser, Value], Abstract]]:
    _check_step(p, item)
    bounds = (item.start, item.stop, item.step)
    known = [p.build.constant_of(bound) for bound in bounds]
    length = p.emit("range_length", *bounds) if None in known else p.constant(len(range(*known)))  # type: ignore[arg-type]

    def element(p: Parser, index: Value) -> Value:
        if p.build.constant_of(item.step) != 1:
            index = arithmetic(p, "multiply", index, item.step)
        return index if p.build.constant_of(item.start) == 0 else arithmetic(p, "add", item.start, index)

    return length, element


def _shortest(p: Parser, lengths: list[Value]) -> Value:
    best = lengths[0]
    for other in lengths[1:]:
        if other is best:
            continue
        first, second = p.build.constant_of(best), p.build.constant_of(other)
        if first is not None and second is not None:
            best = p.constant(min(first, second))
        else:
            best = p.emit("minimum", best, other, kind="python")
    return best


# -- lengths known while parsing ---------------------------------------------------------------------------------------


def known_items(p: Parser, item: Abstract) -> tuple[Abstract, ...]:
    """All items of something whose length is known while parsing."""
    item = never_none(p, item, iter)
    match item:
        case Tuple(view=DictObject() as view):
            found = tuple(p.memory.content(view).values())
            return tuple(Tuple(pair) for pair in zip(p.items(view), found, strict=True)) if item.pairs else found
        case Tuple():
            return item.items
        case ListObject():
            content = p.memory.content(item)
            if not isinstance(content, Rows):
                return tuple(content)
            count = p.count(
                p.build.size(content.count),
                "a list of run-time length cannot be taken apart here",
                "write a 'for' loop, or make it an array",
            )
            return tuple(item_at(p, content, p.constant(i)) for i in range(count))
        case DictObject():
            return tuple(_key(p, key) for key in p.memory.content(item))
        case Known(object=dict()):
            p.resolver.guard(item.path, tuple(item.object), "keys")
            return tuple(_key(p, key) for key in item.object)
        case Known(object=tuple() | list()):
            return known_items(p, p.resolver.materialise(p.build, item))
        case Known(object=str()):
            return tuple(Known(character) for character in item.object)
        case Generated():
            return known_items(p, items_of(p, item))
        case Counted():
            return _counted(p, item)
        case Sequence():
            return tuple(reversed(known_items(p, item.items)))
        case Zipped():
            return _zipped(p, item)
        case Range() | Array() | View() | Complex():
            length, element = trips_of(p, item)
            count = p.count(
                length,
                f"{p.describe(item)} of run-time length cannot be taken apart here",
                "write a 'for' loop, or use NumPy's functions of whole arrays",
            )
            return tuple(element(p, p.constant(i)) for i in range(count))
    if (found := method_of(item, "__iter__")) is not None and package_of(found) is not None:
        return known_items(p, p.call(p.attribute(item, "__iter__"), [], {}))
    _refuse(p, item)


def _counted(p: Parser, item: Counted) -> tuple[Abstract, ...]:
    items = known_items(p, item.items)
    return tuple(Tuple((arithmetic(p, "add", item.start, p.constant(i)), found)) for i, found in enumerate(items))


def _zipped(p: Parser, item: Zipped) -> tuple[Abstract, ...]:
    known = [known_items(p, part) for part in item.items if not is_runtime(p, part)]
    shortest = min(len(found) for found in known)
    columns = []
    for part in item.items:
        if not is_runtime(p, part):
            columns.append(known_items(p, part))
            continue
        length, element = trips_of(p, part)
        count = p.count(
            length,
            "zip of a tuple or list with an array of run-time length is not supported",
            "make the tuple an array with np.array before the loop",
        )
        columns.append(tuple(element(p, p.constant(i)) for i in range(min(count, shortest))))
    return tuple(Tuple(row) for row in zip(*columns, strict=False))


def _key(p: Parser, key: object) -> Abstract:
    return p.constant(key) if isinstance(key, bool | int | float) else Known(key)


def count_of(p: Parser, item: Abstract) -> Value:
    """``len(item)``."""
    match item:
        case Array() | View():
            shape = p.read(item).type.shape
            if not shape:
                p.refuse(LocatedTypeError, "len() of a 0-d array")
            return p.build.size(shape[0])
        case Complex():
            return count_of(p, item.re)
        case Range():
            return trips_of(p, item)[0]
        case ListObject() if isinstance(p.memory.content(item), Rows):
            return p.build.size(p.memory.content(item).count)
        case Known(object=list()) if is_runtime(p, item):
            return trips_of(p, item)[0]
        case Known(object=tuple() | list()):
            p.resolver.guard(item.path, len(item.object), "len")
            return p.constant(len(item.object))
        case Known(object=str()):
            return p.constant(len(item.object))
        case Tuple() | ListObject() | DictObject() | Known(object=dict()):
            return p.constant(len(known_items(p, item)))
    if method_of(item, "__len__") is not None:
        return p.value(p.call(p.attribute(item, "__len__"), [], {}))
    p.refuse(LocatedTypeError, f"{p.describe(item)} has no len()")
