"""What a recursion on run-time data keeps while it calls itself, taken apart into numbers and arrays.

A name that is the same object in all calls (a function, an array of the caller's, a literal) is not kept at all. The
numbers and arrays that others consist of are its leaves; the layout says how they are put together again. Which layout
serves all calls is found as the types of what a loop carries are: by parsing until it stays the same.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symdiff.errors import LocatedUnboundLocalError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    BoundMethod,
    Closure,
    Complex,
    Counted,
    DictObject,
    Instance,
    Known,
    ListObject,
    Marker,
    Maybe,
    PartialCall,
    Range,
    Record,
    Tuple,
    View,
    Zipped,
)
from symdiff.frontend.abstract import Sequence as Backwards
from symdiff.frontend.core import Parser
from symdiff.frontend.joined_types import Conflict, convert_to, scalar_of
from symdiff.frontend.rows import Rows
from symdiff.frontend.scope import Scope
from symdiff.frontend.unbound import is_absent
from symdiff.ir.graph import Type, Value

__all__ = [
    "Before",
    "Layout",
    "assemble",
    "is_one",
    "join_layouts",
    "layout_of",
    "leaves_of",
    "made_again",
    "parts_of",
    "same_shape",
    "stand_ins",
]


@dataclass(frozen=True)
class Before:
    """What existed before the recursion began: it is the same object in all calls.

    Attributes
    ----------
    build : Scope
        The block around.
    moment : int
        Objects made later belong to one call.
    """

    build: Scope
    moment: int

    def has(self, p: Parser, item: Abstract) -> bool:
        """Whether an object is older."""
        match item:
            case Value():
                return p.build.constant_of(item) is None and self.build.sees(item)
            case Array() | ListObject() | DictObject() | Instance():
                return item.serial < self.moment
            case Closure():
                return bool(item.frame.serial < self.moment)
            case BoundMethod():
                return self.has(p, item.owner) and (isinstance(item.function, str) or self.has(p, item.function))
            case PartialCall():
                return all(self.has(p, x) for x in (item.function, *item.args, *item.kwargs.values()))
            case Tuple() | Record() | Complex():
                return all(self.has(p, part) for part in parts_of(p, item))
        return isinstance(item, Known)


@dataclass(frozen=True)
class Layout:
    """How the leaves of an item are put together.

    Attributes
    ----------
    kind : str
        ``same`` (one object), ``literal``, ``number``, ``array``, ``absent``, ``maybe``, ``marker``, ``made`` (by a
        ``def`` that is run again), or ``group``.
    item : object
        The object, the literal, the marker, or the ``def``.
    type : Type or None
        Of a number or an array.
    own : bool
        Whether nothing else holds the array, list or dict, so that it may be stored into after it was kept.
    cls, names : type, tuple
        Of a group: what makes it, and the names of its parts.
    parts : tuple of Layout
        Of a group; of a name that may have no value: the value's.
    """

    kind: str
    item: Any = None
    type: Type | None = None
    own: bool = False
    cls: Any = None
    names: tuple[Any, ...] = ()
    parts: tuple[Layout, ...] = ()

    @property
    def leaves(self) -> tuple[Type, ...]:
        """Types of the leaves."""
        own = () if self.type is None else (self.type,)
        return own + tuple(leaf for part in self.parts for leaf in part.leaves)

    @property
    def owned(self) -> tuple[bool, ...]:
        """Which leaves may be stored into."""
        own = () if self.type is None else (self.own,)
        return own + tuple(leaf for part in self.parts for leaf in part.owned)


ABSENT = Layout("absent")
FLAG = Type("bool", (), "python")


def layout_of(
    p: Parser, item: Abstract | None, before: Before, own: Collection[Any] = (), *, apart: bool = False
) -> Layout:
    """The layout of an item; ``apart`` asks for one by its parts even if it is older. Raises `Conflict`."""
    if item is None or is_absent(item):
        return ABSENT
    if isinstance(item, Marker):
        return Layout("marker", item)
    if isinstance(item, Maybe):
        return Layout("maybe", item.marker, FLAG, parts=(layout_of(p, item.item, before, own),))
    if not apart and before.has(p, item):
        return Layout("same", item)
    match item:
        case Value() if item.type.kind in ("python", "numpy"):
            known = p.build.constant_of(item)
            if known is not None and item.type.kind == "python" and not apart:
                return Layout("literal", known, names=(type(known), repr(known)))
            return Layout("number", type=Type(item.type.dtype, item.type.shape, item.type.kind))
        case Array() | View():
            type_ = p.read(item).type
            shape = tuple(p.build.hoist(dim) for dim in type_.shape)
            return Layout("array", type=Type(type_.dtype, shape, "numpy"), own=item in own)
    cls, names = _class_of(p, item)
    parts = tuple(layout_of(p, part, before, own) for part in parts_of(p, item))
    return Layout("group", cls=cls, names=names, parts=parts, own=item in own)


def _class_of(p: Parser, item: Abstract) -> tuple[Any, tuple[Any, ...]]:
    match item:
        case Tuple():
            return (Tuple, item.cls), ()
        case Record():
            return (Record, item.cls), tuple(item.fields)
        case Complex() | Range() | Counted() | Zipped() | Backwards():
            return (type(item), None), ()
        case ListObject() if not isinstance(p.memory.content(item), Rows):
            return (ListObject, None), ()
        case DictObject():
            return (DictObject, None), tuple(p.memory.content(item))
    raise Conflict


def parts_of(p: Parser, item: Abstract) -> tuple[Abstract, ...]:
    match item:
        case Tuple() | Zipped():
            return item.items
        case Record():
            return tuple(item.fields.values())
        case Complex():
            return (item.re, item.im)
        case Range():
            return (item.start, item.stop, item.step)
        case Counted():
            return (item.items, item.start)
        case Backwards():
            return (item.items,)
        case ListObject():
            return tuple(p.memory.content(item))
        case DictObject():
            return tuple(p.memory.content(item).values())
    raise Conflict


# -- two layouts -------------------------------------------------------------------------------------------------------


def join_layouts(p: Parser, a: Layout | None, b: Layout, before: Before) -> Layout:
    """A layout that serves two items; raises `Conflict`."""
    if a is None or a == b:
        return b
    if "marker" in (a.kind, b.kind):
        return a if a.kind == "marker" else b
    if "maybe" in (a.kind, b.kind) or "absent" in (a.kind, b.kind):
        return _maybe(p, a, b, before)
    if a.kind == b.kind == "same" and is_one(a.item, b.item):
        return a
    a, b = _apart(p, a, before), _apart(p, b, before)
    if (a.kind, a.cls, a.names, len(a.parts)) != (b.kind, b.cls, b.names, len(b.parts)) or a.kind in ("same", "made"):
        raise Conflict
    if a.type is not None and b.type is not None:
        return replace(a, type=_joined_type(a, b), own=a.own and b.own)
    parts = tuple(join_layouts(p, x, y, before) for x, y in zip(a.parts, b.parts, strict=True))
    return replace(a, parts=parts, own=a.own and b.own)


def _maybe(p: Parser, a: Layout, b: Layout, before: Before) -> Layout:
    """A name that has no value in some calls."""
    inner: Layout | None = None
    marker = None
    for layout in (a, b):
        if layout.kind == "maybe":
            marker = marker or layout.item
            inner = join_layouts(p, inner, layout.parts[0], before)
        elif layout.kind != "absent":
            inner = join_layouts(p, inner, layout, before)
    return ABSENT if inner is None else Layout("maybe", marker, FLAG, parts=(inner,))


def _apart(p: Parser, layout: Layout, before: Before) -> Layout:
    """The layout with leaves in the place of one object."""
    if layout.kind == "literal":
        return Layout("number", type=p.constant(layout.item).type)
    if layout.kind != "same":
        return layout
    if isinstance(layout.item, Known | Closure | BoundMethod | PartialCall):
        raise Conflict
    return layout_of(p, layout.item, before, apart=True)


def is_one(a: Abstract, b: Abstract) -> bool:
    """Whether two items are one object."""
    if isinstance(a, Known) and isinstance(b, Known):
        plain = (str, bytes, bool, type(None))
        alike = isinstance(a.object, plain) and type(a.object) is type(b.object) and a.object == b.object
        return a.object is b.object or bool(alike)
    if isinstance(a, Closure) and isinstance(b, Closure):
        return a is b or (a.node is b.node and a.frame is b.frame and not a.defaults and not a.keyword_defaults)
    if isinstance(a, BoundMethod) and isinstance(b, BoundMethod):
        functions = a.function == b.function if isinstance(a.function, str) else is_one(a.function, b.function)
        return functions and is_one(a.owner, b.owner)
    return a is b


def _joined_type(a: Layout, b: Layout) -> Type:
    assert a.type is not None and b.type is not None
    if a.kind == "number" and not a.type.shape and not b.type.shape:
        return scalar_of(a.type, b.type)
    if a.type.dtype != b.type.dtype or not same_shape(a.type, b.type):
        raise Conflict
    return a.type


def same_shape(a: Type, b: Type) -> bool:
    """Whether two shapes are the same for certain."""
    pairs = zip(a.shape, b.shape, strict=False)
    return a.rank == b.rank and all(x is y or (isinstance(x, int) and x == y) for x, y in pairs)


# -- leaves ------------------------------------------------------------------------------------------------------------


def leaves_of(p: Parser, layout: Layout, item: Abstract | None) -> list[Abstract]:
    """The leaves of an item: numbers of the types of the layout, and array objects."""
    if layout.kind == "number":
        assert layout.type is not None
        return [convert_to(p, p.value(item), layout.type)]
    if layout.kind == "array":
        return [item]
    if layout.kind == "maybe":
        if item is None or is_absent(item):
            return [p.constant(False), *stand_ins(p, layout.parts)]
        bound = item.bound if isinstance(item, Maybe) else p.constant(True)
        return [bound, *leaves_of(p, layout.parts[0], item.item if isinstance(item, Maybe) else item)]
    if layout.kind != "group":
        return []
    if isinstance(item, ListObject | DictObject) and not layout.own:
        item.outside = True
    return [leaf for part, x in zip(layout.parts, parts_of(p, item), strict=True) for leaf in leaves_of(p, part, x)]


def stand_in(p: Parser, type_: Type) -> Abstract:
    """Something of the type of a leaf, where there is no value."""
    zero = p.constant(False if type_.dtype == "bool" else 0.0 if type_.is_float else 0)
    if not type_.shape:
        return convert_to(p, zero, type_)
    return Array(p.emit("full", zero, shape=type_.shape, dtype=type_.dtype), contiguous=True)


def stand_ins(p: Parser, layouts: Sequence[Layout]) -> list[Abstract]:
    return [stand_in(p, type_) for layout in layouts for type_ in layout.leaves]


def assemble(p: Parser, layout: Layout, leaves: Iterator[Abstract], name: str) -> Abstract | None:
    """An item from its leaves; None for a name without value."""
    match layout.kind:
        case "same" | "marker":
            return layout.item
        case "literal":
            return p.constant(layout.item)
        case "number" | "array":
            return next(leaves)
        case "absent":
            return None
        case "maybe":
            bound = next(leaves)
            item = assemble(p, layout.parts[0], leaves, name)
            message = f"{name!r} has no value here on the path that was taken"
            marker = layout.item or Marker(LocatedUnboundLocalError, message, f"assign {name!r} on all paths")
            return Maybe(bound, item, marker)
    parts = tuple(assemble(p, part, leaves, name) for part in layout.parts)
    return _group(layout, parts)


def _group(layout: Layout, parts: tuple[Abstract, ...]) -> Abstract:
    kind, cls = layout.cls
    if kind is Tuple:
        return Tuple(parts, cls)
    if kind is Record:
        return Record(cls, dict(zip(layout.names, parts, strict=True)))
    if kind is Zipped:
        return Zipped(parts)
    if kind is ListObject:
        return ListObject(parts, outside=not layout.own)
    if kind is DictObject:
        return DictObject(dict(zip(layout.names, parts, strict=True)), outside=not layout.own)
    return kind(*parts)


def made_again(item: Abstract | None, frame: Any, maker: ast.stmt | None) -> Layout | None:
    """The layout of a function that a ``def`` of this call made; None for anything else."""
    if not isinstance(item, Closure) or maker is None or item.frame is not frame:
        return None
    node = maker.value if isinstance(maker, ast.Assign) else maker
    return Layout("made", node) if item.node is node else None
