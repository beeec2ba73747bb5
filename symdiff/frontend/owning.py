"""Which objects of a call nothing else holds: they may be stored into after a recursion kept them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from symdiff.frontend.abstract import (
    Abstract,
    Array,
    BoundMethod,
    Closure,
    Complex,
    Counted,
    DictObject,
    Instance,
    ListObject,
    Maybe,
    PartialCall,
    Record,
    Tuple,
    View,
    Zipped,
    root,
)
from symdiff.frontend.abstract import Sequence as Backwards
from symdiff.frontend.core import Parser
from symdiff.frontend.keeping import Before, parts_of
from symdiff.frontend.memory import Layer
from symdiff.ir.graph import Value

__all__ = ["array_of", "content_of", "is_held", "owned_by"]


def owned_by(p: Parser, items: Sequence[Abstract | None], before: Before) -> frozenset[Any]:
    """The arrays, lists and dicts of one call that nothing but one of these items holds, and that once."""
    found = [part for item in items for part in _held(p, item)]
    times = [_owner(x) for x in found]
    others = [pair for layer in p.memory.layers for pair in layer.items() if pair[0] not in times]
    elsewhere = {_owner(x) for _, content in others for x in _inside(p, content)}

    def is_own(item: Any) -> bool:
        if isinstance(item, View | Instance) or item.serial < before.moment or item in elsewhere:
            return False
        shared = item in p.memory.twice
        if isinstance(item, Array):
            shared = bool(p.memory.partners(item)) or item in p.memory.heads or item in p.memory.frozen
        return not shared and times.count(item) == 1

    return frozenset(item for item in found if is_own(item))


def is_held(p: Parser, item: Any, layers: Sequence[Layer], moment: int) -> bool:
    """Whether an object that existed at a moment holds another one in some of these layers."""
    older = [content for layer in layers for holder, content in layer.items() if holder.serial < moment]
    return any(item is _owner(part) for content in older for part in _inside(p, content))


def _owner(item: Any) -> Any:
    return root(item) if isinstance(item, View) else item


def _inside(p: Parser, content: Any) -> Iterator[Any]:
    """The objects in the content of a list, a dict or an object."""
    parts = content.values() if isinstance(content, dict) else content if isinstance(content, tuple) else ()
    for part in parts:
        yield from _held(p, part)


def _held(p: Parser, item: Abstract | None) -> Iterator[Any]:
    """The objects with changing contents that an item is or holds."""
    match item:
        case Array() | View():
            yield item
        case Maybe():
            yield from _held(p, item.item)
        case ListObject() | DictObject() | Instance():
            yield item
            yield from _inside(p, p.memory.content(item))
        case Tuple() | Record() | Complex() | Counted() | Zipped() | Backwards():
            for part in parts_of(p, item):
                yield from _held(p, part)
        case BoundMethod():
            yield from _held(p, item.owner)
        case PartialCall():
            for part in (*item.args, *item.kwargs.values()):
                yield from _held(p, part)
        case Closure():
            for part in (*item.defaults, *item.keyword_defaults.values()):
                yield from _held(p, part)


def content_of(p: Parser, item: Abstract, own: bool) -> Value:
    """What a leaf contains; an array that others may hold does not change from here on."""
    if isinstance(item, Array | View) and not own:
        value = p.read(item)
        p.memory.freeze(p.build, root(item))
        return value
    return p.value(item)


def array_of(p: Parser, value: Value, own: bool) -> Abstract:
    """A leaf from its content."""
    if not value.type.shape:
        return value
    made = Array(value, contiguous=own, where=p.build.where)
    if not own:
        p.memory.freeze(p.build, made)
    return made
