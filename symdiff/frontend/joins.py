"""Where paths meet: one abstract for two.

What cannot be joined is no error until it is read: a `Marker` takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symdiff.errors import Location, TypeConflictError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Complex,
    DictObject,
    Instance,
    Known,
    ListObject,
    Marker,
    Maybe,
    Optional,
    Record,
    Tuple,
    View,
    is_none,
    root,
)
from symdiff.frontend.complex_values import as_complex
from symdiff.frontend.core import Parser
from symdiff.frontend.joined_types import Conflict, convert_to, join_types
from symdiff.frontend.joining_optional import join_optional
from symdiff.frontend.memory import Layer, Stale, overlap
from symdiff.frontend.scope import Scope
from symdiff.frontend.unbound import is_absent, placeholder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import require_same, show_shape

__all__ = ["Join", "Side", "conflict"]


def conflict(p: Parser, name: str, a: Abstract, b: Abstract, where: str, other: str) -> Marker:
    """Marks a name that is of two types; ``where`` and ``other`` say when it is which."""
    left, right = _show(p, a), _show(p, b)
    message = f"{name!r} is {left} {where}, but {right} {other}"
    return Marker(TypeConflictError, message, f"give {name!r} the same type on every path, or use two names")


def _show(p: Parser, item: Abstract) -> str:
    if isinstance(item, Value):
        type_: Type = item.type
    elif isinstance(item, Array | View):
        content = p.memory.content(root(item))
        if isinstance(content, Stale):
            return "an array"
        type_ = p.read(item).type
    else:
        return p.describe(item)
    text = f"an array of shape {show_shape(type_.shape)}" if type_.is_array else f"a number ({type_.dtype})"
    if type_.is_array and type_.dtype != "float64":
        text += f" and dtype {type_.dtype}"
    return text


@dataclass(eq=False)
class Side:
    """One of two paths that meet: its block, and names and memory as they are at its end."""

    build: Scope
    names: dict[str, Abstract]
    layer: Layer
    outcome: Abstract | None = None
    places: dict[str, Location] = field(default_factory=dict)
    results: list[Value] = field(default_factory=list)
    diverged: bool = False


class Join:
    """Joins what two paths leave: scalars and contents of arrays become results of both blocks, in pairs.

    Parameters
    ----------
    p : Parser
    sides : two of Side
    start : int
        Serial number when the paths parted: older objects are known outside.
    condition : Value
        Holds on the first path.
    """

    def __init__(self, p: Parser, sides: tuple[Side, Side], start: int, condition: Value) -> None:
        self.p = p
        self.sides = sides
        self.start = start
        self.condition = condition
        self.types: list[Type] = []
        self.hints: list[str] = []
        self._memo: dict[tuple[int, int], Abstract] = {}
        self._keep: list[Any] = []
        self._slots: list[tuple[Callable[[Value], None], int]] = []
        self._arrays: list[tuple[Abstract, Abstract, Array]] = []
        self._stand_ins: dict[tuple[bool, int], Abstract] = {}

    # The outputs exist only once both blocks are finished, so what is built from them waits in `_slots`.

    def content(self, side: Side, array: Array | View) -> Value:
        """Content of an array at the end of a path."""
        p = self.p
        p.memory.push(side.layer)
        try:
            with p.inside(side.build):
                return p.read(array)
        finally:
            p.memory.pop()

    def pair(self, a: Value, b: Value, hint: str, use: Callable[[Value], None]) -> None:
        """Make two values a result of the blocks, and pass on the output."""
        p = self.p
        outer = p.build
        first, second = self._hoisted(a), self._hoisted(b)
        known = self._known_outside(first, second)
        joined = join_types(outer, *known, outer.constant_of(a), outer.constant_of(b))
        for side, value, have in zip(self.sides, (a, b), (first, second), strict=True):
            with p.inside(side.build):
                side.build.where = outer.where
                self._require_shape(have, joined, hint)
                side.results.append(convert_to(p, value, joined))
        self._slots.append((use, len(self.types)))
        self.types.append(joined)
        self.hints.append(hint.partition(" ")[0])

    def _hoisted(self, value: Value) -> Type:
        type_ = value.type
        if not type_.shape:
            return type_
        dims: tuple[Dim, ...] = tuple(self.p.build.hoist(d) for d in type_.shape)
        return Type(type_.dtype, dims, type_.kind)

    def _known_outside(self, a: Type, b: Type) -> tuple[Type, Type]:
        """The types, with a size that only one path knows replaced by the other's: it is required to be the same."""
        if a.rank != b.rank:
            return a, b
        sees = self.p.build.sees
        pairs = list(zip(a.shape, b.shape, strict=True))
        return (
            Type(a.dtype, tuple(m if sees(m) else n for m, n in pairs), a.kind),
            Type(b.dtype, tuple(n if sees(n) else m for m, n in pairs), b.kind),
        )

    def _require_shape(self, have: Type, want: Type, hint: str) -> None:
        from_, to = show_shape(have.shape), show_shape(want.shape)
        for a, b in zip(have.shape, want.shape, strict=True):
            message = f"{hint or 'a value'} has shape {to} on one path and {from_} on the other"
            require_same(self.p.build, b, a, message)

    def join(self, a: Abstract, b: Abstract, hint: str, use: Callable[[Abstract], None]) -> None:
        """Join two abstracts and pass on the result; raises `Conflict`."""
        if a is b:
            use(a)
            return
        key = (id(a), id(b))
        if key in self._memo:
            use(self._memo[key])
            return
        self._keep += [a, b]
        joined = self._join(a, b, hint, use)
        if joined is not None:
            self._memo[key] = joined
            use(joined)

    def join_maybe(
        self, a: Abstract | None, b: Abstract | None, hint: str, marker: Marker, use: Callable[[Abstract], None]
    ) -> None:
        """Join a name that has no value on one path, or none for certain; raises `Conflict`."""
        present = b if is_absent(a) else a
        bounds: list[Value] = []
        items: list[Abstract] = []
        for side, item in zip(self.sides, (a, b), strict=True):
            with self.p.inside(side.build):
                if isinstance(item, Maybe):
                    bounds.append(item.bound)
                    items.append(item.item)
                    continue
                bounds.append(self.p.constant(not is_absent(item)))
                items.append(item if not is_absent(item) else self.stand_in(side, present))
        found: dict[str, Abstract] = {}

        def note(key: str) -> Callable[[Abstract], None]:
            def keep(item: Abstract) -> None:
                found[key] = item
                if len(found) == 2:
                    use(Maybe(found["bound"], found["item"], marker))

            return keep

        self.join(items[0], items[1], hint, note("item"))
        self.join(bounds[0], bounds[1], f"{hint.partition(' ')[0]}_bound", note("bound"))

    def stand_in(self, side: Side, present: Abstract) -> Abstract:
        """What stands for a value on the path that has none, one for each; sizes are those of the other path."""
        other = self.sides[1 - self.sides.index(side)]
        key = (side is self.sides[0], id(present))
        if key in self._stand_ins:
            return self._stand_ins[key]
        self.p.memory.push(other.layer)
        try:
            with self.p.inside(other.build):
                found = placeholder(self.p, present, side.build)
        finally:
            self.p.memory.pop()
        if found is None:
            raise Conflict
        self._keep.append(present)
        return self._stand_ins.setdefault(key, found)

    def _join(self, a: Abstract, b: Abstract, hint: str, use: Callable[[Abstract], None]) -> Abstract | None:
        """The joined abstract where it exists already; else None, and ``use`` is called later."""
        if is_none(a) is not is_none(b) or isinstance(a, Optional) or isinstance(b, Optional):
            join_optional(self, a, b, hint, use)
            return None
        if isinstance(a, Value) and isinstance(b, Value):
            known = self._same_constant(a, b)
            if known is not None:
                return known
            self.pair(a, b, hint, use)
            return None
        if isinstance(a, Array | View) and isinstance(b, Array | View):
            return self._join_arrays(a, b, hint)
        if isinstance(a, Complex) or isinstance(b, Complex):
            left, right = (self._complex(side, item) for side, item in zip(self.sides, (a, b), strict=True))
            self._join_items((left.re, left.im), (right.re, right.im), hint, lambda parts: use(Complex(*parts)))
            return None
        if isinstance(a, Tuple) and isinstance(b, Tuple) and a.cls is b.cls and len(a.items) == len(b.items):
            self._join_items(a.items, b.items, hint, lambda items: use(Tuple(items, a.cls)))
            return None
        if isinstance(a, Record) and isinstance(b, Record) and a.cls is b.cls and list(a.fields) == list(b.fields):
            names = list(a.fields)
            values = list(a.fields.values()), list(b.fields.values())
            self._join_items(*values, hint, lambda items: use(Record(a.cls, dict(zip(names, items, strict=True)))))
            return None
        if isinstance(a, Known) and isinstance(b, Known) and _same_object(a, b):
            return a
        if isinstance(a, DictObject | Instance) and type(a) is type(b):
            found = self._items(0, a), self._items(1, b)
            same = list(found[0]) == list(found[1]) and getattr(a, "cls", None) is getattr(b, "cls", None)
            if same:
                keys = list(found[0])
                values = list(found[0].values()), list(found[1].values())
                either = self._either(a, b, use)
                self._join_items(*values, hint, lambda items: either(_keyed(a, dict(zip(keys, items, strict=True)))))
                return None
        if isinstance(a, ListObject) and isinstance(b, ListObject):
            items = self._items(0, a), self._items(1, b)
            if all(isinstance(part, tuple) for part in items) and len(items[0]) == len(items[1]):
                either = self._either(a, b, use)
                self._join_items(*items, hint, lambda joined: either(ListObject(joined)))
                return None
        raise Conflict

    def _either(self, a: Any, b: Any, use: Callable[[Abstract], None]) -> Callable[[Abstract], None]:
        """Objects from before the branch may have other names: from here on neither they nor the result may change."""
        if min(a.serial, b.serial) > self.start:
            return lambda item: use(self.p.memory.one_of(a, b, item))
        held = self.p.memory.twice

        def keep(item: Abstract) -> None:
            held.update((a, b, item))
            use(item)

        return keep

    def _complex(self, side: Side, item: Abstract) -> Complex:
        """A side of a complex number: a real one is one too."""
        if not isinstance(item, Complex | Value | Array | View):
            raise Conflict
        self.p.memory.push(side.layer)
        try:
            with self.p.inside(side.build):
                return as_complex(self.p, item)
        finally:
            self.p.memory.pop()

    def _items(self, side: int, item: ListObject | DictObject | Instance) -> Any:
        self.p.memory.push(self.sides[side].layer)
        try:
            return self.p.memory.content(item)
        finally:
            self.p.memory.pop()

    def _same_constant(self, a: Value, b: Value) -> Value | None:
        p = self.p
        first, second = p.build.constant_of(a), p.build.constant_of(b)
        if first is None or type(first) is not type(second) or repr(first) != repr(second):
            return None
        return p.constant(first)

    def _join_items(self, a: Any, b: Any, hint: str, use: Callable[[tuple[Abstract, ...]], None]) -> None:
        found: dict[int, Abstract] = {}
        count = len(a)

        def note(position: int) -> Callable[[Abstract], None]:
            def keep(item: Abstract) -> None:
                found[position] = item
                if len(found) == count:
                    use(tuple(found[i] for i in range(count)))

            return keep

        if not count:
            use(())
        for position, (left, right) in enumerate(zip(a, b, strict=True)):
            self.join(left, right, f"{hint}_{position}" if hint and count > 1 else hint, note(position))

    def _join_arrays(self, a: Array | View, b: Array | View, hint: str) -> Array:
        """A new array object that may be the one or the other."""
        left, right = self.content(self.sides[0], a), self.content(self.sides[1], b)
        joined = Array(left, where=left.where)  # the content is set when the blocks are finished

        def fill(output: Value) -> None:
            joined.initial = output

        self.pair(left, right, hint, fill)
        for item in (a, b):
            owner = root(item)
            if owner in self.p.memory.frozen:
                self.p.memory.frozen.add(joined)
            for partner in (owner, *self.p.memory.partners(owner)):
                if partner.serial <= self.start:
                    joined.may_share(partner)
        for other_a, other_b, other in self._arrays:
            if overlap(a, other_a) or overlap(b, other_b):
                joined.may_share(other)
        self._arrays.append((a, b, joined))
        return joined

    def finish(self, outputs: tuple[Value, ...]) -> None:
        """Pass the outputs to whoever waits for them."""
        for use, position in self._slots:
            use(outputs[position])


def _keyed(like: DictObject | Instance, items: dict[Any, Abstract]) -> DictObject | Instance:
    return Instance(like.cls, items) if isinstance(like, Instance) else DictObject(items)


def _same_object(a: Known, b: Known) -> bool:
    if a.object is b.object:
        return True
    simple = (str, bytes, type(None), np.dtype, type)
    return isinstance(a.object, simple) and type(a.object) is type(b.object) and bool(a.object == b.object)
