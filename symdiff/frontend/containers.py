"""Methods of lists, dicts and tuples made in the function."""

from __future__ import annotations

from typing import Any

from symdiff.errors import LocatedIndexError, LocatedKeyError, LocatedValueError
from symdiff.frontend import growing
from symdiff.frontend.abstract import Abstract, DictObject, Known, ListObject, Tuple
from symdiff.frontend.core import Parser
from symdiff.frontend.extending import extend_list
from symdiff.frontend.rows import Rows
from symdiff.frontend.tables import method

__all__: list[str] = []


def _own(p: Parser, owner: ListObject | DictObject) -> None:
    if owner.outside:
        p.unsupported("changing a list or dict from outside the function is not supported", "return a new one")


@method(ListObject, "append")
def append(p: Parser, owner: ListObject, item: Abstract) -> Known:
    """``items.append(item)``."""
    _own(p, owner)
    p.memory.replace(owner, growing.append(p, p.memory.content(owner), [item]))
    return Known(None)


@method(ListObject, "extend")
def extend(p: Parser, owner: ListObject, items: Abstract) -> Known:
    """``items.extend(more)``."""
    _own(p, owner)
    extend_list(p, owner, items)
    return Known(None)


@method(ListObject, "insert")
def insert(p: Parser, owner: ListObject, position: Abstract, item: Abstract) -> Known:
    """``items.insert(position, item)``."""
    _own(p, owner)
    items = list(p.items(owner))
    items.insert(p.static(position, "the position in a list"), item)
    p.memory.replace(owner, tuple(items))
    return Known(None)


@method(ListObject, "pop")
def pop(p: Parser, owner: ListObject, position: Abstract | None = None) -> Abstract:
    """``items.pop()``."""
    _own(p, owner)
    content = p.memory.content(owner)
    if isinstance(content, Rows):
        if position is not None and p.static(position, "the position in a list") != -1:
            p.unsupported("taking an item out of the middle of a list of run-time length is not supported")
        item, rows = growing.pop_last(p, content)
        p.memory.replace(owner, rows)
        return item
    items = list(content)
    place = -1 if position is None else p.static(position, "the position in a list")
    if not -len(items) <= place < len(items):
        p.refuse(LocatedIndexError, "pop index out of range" if items else "pop from empty list")
    found = items.pop(place)
    p.memory.replace(owner, tuple(items))
    return found


@method(ListObject, "copy")
def copy_list(p: Parser, owner: ListObject) -> ListObject:
    """A new list of the same items."""
    content = p.memory.content(owner)
    return ListObject(growing.trim(p, content) if isinstance(content, Rows) else content)


@method(DictObject, "copy")
def copy_dict(p: Parser, owner: DictObject) -> DictObject:
    """A new dict of the same items."""
    return DictObject(dict(p.memory.content(owner)), factory=owner.factory)


@method(DictObject, "keys")
def keys(p: Parser, owner: DictObject) -> Tuple:
    """The keys, as of now."""
    return Tuple(p.items(owner))


@method(DictObject, "values")
def values(p: Parser, owner: DictObject) -> Tuple:
    """The values: those of the time when they are looked at."""
    return Tuple(tuple(p.memory.content(owner).values()), view=owner)


@method(DictObject, "items")
def pairs(p: Parser, owner: DictObject) -> Tuple:
    """Keys and values: those of the time when they are looked at."""
    found = p.memory.content(owner).values()
    return Tuple(tuple(Tuple(pair) for pair in zip(p.items(owner), found, strict=True)), view=owner, pairs=True)


@method(DictObject, "get")
def get(p: Parser, owner: DictObject, key: Abstract, default: Abstract | None = None) -> Abstract:
    """``d.get(key, default)``."""
    found = p.memory.content(owner).get(p.static(key, "a key of a dict"), default)
    return Known(None) if found is None else found


@method(Known, "get")
def get_outside(p: Parser, owner: Known, key: Abstract, default: Abstract | None = None) -> Abstract:
    """``d.get(key, default)`` of a dict outside, however many keys it has."""
    found = p.static(key, "a key of a dict")
    if found in owner.object:
        return p.resolver.item(p.build, owner, found)
    p.resolver.guard(owner.path, tuple(owner.object), "keys")
    return Known(None) if default is None else default


@method(DictObject, "update")
def update(p: Parser, owner: DictObject, other: Abstract | None = None, **more: Abstract) -> Known:
    """``d.update(other, a=1)``."""
    _own(p, owner)
    found = {} if other is None else items_of_dict(p, other)
    p.memory.replace(owner, {**p.memory.content(owner), **found, **more})
    return Known(None)


def items_of_dict(p: Parser, other: Abstract) -> dict[Any, Abstract]:
    """What ``dict(other)`` contains: the items of a dict, or pairs of a key and a value."""
    other = p.resolver.materialise(p.build, other) if isinstance(other, Known) else other
    if isinstance(other, DictObject):
        return dict(p.memory.content(other))
    found = {}
    for pair in p.items(other):
        parts = p.items(pair)
        if len(parts) != 2:
            p.refuse(LocatedValueError, f"a dict is made of pairs; this one has length {len(parts)}")
        found[p.static(parts[0], "a key of a dict")] = parts[1]
    return found


@method(DictObject, "pop")
def pop_key(p: Parser, owner: DictObject, key: Abstract, default: Abstract | None = None) -> Abstract:
    """``d.pop(key, default)``."""
    _own(p, owner)
    items, found = dict(p.memory.content(owner)), p.static(key, "a key of a dict")
    if found not in items and default is None:
        p.refuse(LocatedKeyError, f"the dict has no key {found!r}")
    item = items.pop(found, default)
    p.memory.replace(owner, items)
    return item


@method(DictObject, "setdefault")
def set_default(p: Parser, owner: DictObject, key: Abstract, default: Abstract) -> Abstract:
    """``d.setdefault(key, default)``."""
    _own(p, owner)
    items, found = p.memory.content(owner), p.static(key, "a key of a dict")
    if found not in items:
        p.memory.replace(owner, {**items, found: default})
    return p.memory.content(owner)[found]


@method(ListObject, "sort")
def sort(p: Parser, owner: ListObject, *, key: Abstract | None = None, reverse: Abstract | None = None) -> Known:
    """``items.sort(key=f)``."""
    _own(p, owner)
    named = {name: item for name, item in (("key", key), ("reverse", reverse)) if item is not None}
    p.memory.replace(owner, p.memory.content(p.call(Known(sorted), [owner], named)))
    return Known(None)


@method(ListObject, "reverse")
def reverse(p: Parser, owner: ListObject) -> Known:
    """``items.reverse()``."""
    _own(p, owner)
    content = p.memory.content(owner)
    if isinstance(content, Rows):
        p.unsupported("reversing a list of run-time length in place is not supported", "use items[::-1]")
    p.memory.replace(owner, tuple(reversed(content)))
    return Known(None)


@method(ListObject, "clear")
def clear(p: Parser, owner: ListObject) -> Known:
    """``items.clear()``."""
    _own(p, owner)
    p.memory.replace(owner, ())
    return Known(None)
