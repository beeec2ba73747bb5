"""Abstract values as trees: taken apart into numbers and array contents, and put together again as new objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from symdiff.frontend.abstract import (
    Abstract,
    Array,
    DictObject,
    Instance,
    Known,
    ListObject,
    Optional,
    Record,
    Tuple,
    View,
    is_none,
)
from symdiff.frontend.core import Parser
from symdiff.frontend.structure import LEAF, Static, Structure
from symdiff.frontend.tables import MADE
from symdiff.ir.graph import Value

__all__ = ["map_numbers", "put_together", "take_apart"]

Leaf = Value | Static


def take_apart(p: Parser, item: Abstract) -> tuple[Structure, list[Leaf]]:
    """The structure of a value, and its leaves.

    Numbers and contents of arrays are values of the graph. What else there is (a function, a string) is `Static` and
    holds the abstract value, but for None, which it holds itself.
    """
    leaves: list[Leaf] = []
    return _take_apart(p, item, leaves), leaves


def _take_apart(p: Parser, item: Abstract, leaves: list[Leaf]) -> Structure:
    item = p.resolver.materialise(p.build, item) if isinstance(item, Known) else item
    match item:
        case Value():
            leaves.append(item)
            return LEAF
        case Array() | View():
            leaves.append(p.read(item))
            return LEAF
        case Tuple():
            kind = "namedtuple" if item.cls is not None else "tuple"
            return Structure(kind, item.cls or tuple, getattr(item.cls, "_fields", ()), _parts(p, item.items, leaves))
        case ListObject():
            return Structure("list", list, (), _parts(p, p.memory.content(item), leaves))
        case DictObject():
            items = p.memory.content(item)
            return Structure("dict", dict, tuple(items), _parts(p, tuple(items.values()), leaves))
        case Optional():
            return Structure("optional", None, (), _parts(p, (item.none, item.item), leaves))
        case Record():
            parts = _parts(p, tuple(item.fields.values()), leaves)
            return Structure("object", item.cls, tuple(item.fields), parts)
        case Instance() if (kind := getattr(item.cls, "__symdiff_kind__", "")) in MADE:
            fields = p.memory.content(item)
            return Structure(kind, item.cls, tuple(fields), _parts(p, tuple(fields.values()), leaves))
    leaves.append(Static(None) if is_none(item) else Static(item))
    return LEAF


def _parts(p: Parser, items: Sequence[Abstract], leaves: list[Leaf]) -> tuple[Structure, ...]:
    return tuple(_take_apart(p, item, leaves) for item in items)


def put_together(structure: Structure, leaves: Sequence[Leaf], as_item: Callable[[Value], Abstract]) -> Abstract:
    """The value with this structure; ``as_item`` makes a number or a new array of each value of the graph."""
    return _put_together(structure, iter(leaves), as_item)


def _put_together(structure: Structure, leaves: Iterator[Leaf], as_item: Callable[[Value], Abstract]) -> Abstract:
    if structure.kind == "leaf":
        leaf = next(leaves)
        if isinstance(leaf, Value):
            return as_item(leaf)
        return Known(None) if leaf.object is None else leaf.object
    if structure.kind in MADE:
        return MADE[structure.kind](next(leaves))
    children = tuple(_put_together(child, leaves, as_item) for child in structure.children)
    match structure.kind:
        case "optional":
            return Optional(*children)
        case "tuple":
            return Tuple(children)
        case "namedtuple":
            return Tuple(children, structure.cls)
        case "list":
            return ListObject(children)
        case "dict":
            return DictObject(dict(zip(structure.keys, children, strict=True)))
    assert structure.cls is not None
    return Record(structure.cls, dict(zip(structure.keys, children, strict=True)))


def map_numbers(p: Parser, item: Abstract, change: Callable[[Value], Value]) -> Abstract:
    """The tree with every number and array replaced."""
    structure, leaves = take_apart(p, item)
    changed = [change(leaf) if isinstance(leaf, Value) else leaf for leaf in leaves]
    return put_together(structure, changed, p.wrap)
