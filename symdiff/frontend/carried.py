"""What a loop carries: names and contents of objects, taken apart into values at the head and put together after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Closure,
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
from symdiff.frontend.carried_leaves import Key, Leaf, Shape
from symdiff.frontend.complex_values import as_complex
from symdiff.frontend.core import Parser
from symdiff.frontend.extents import Extent, first_part, resized, sizes_after
from symdiff.frontend.iteration import Trips
from symdiff.frontend.joined_types import Conflict, join_types
from symdiff.frontend.memory import overlap
from symdiff.frontend.rebuilt import enter_rebuilt, leave_rebuilt, rebuilt_after
from symdiff.frontend.rows import Restart, Rows
from symdiff.frontend.rows_carried import enter_rows, leave_rows
from symdiff.frontend.scope import Scope
from symdiff.frontend.unbound import placeholder
from symdiff.ir.graph import Dim, Value

__all__ = ["Head", "Restart"]


@dataclass(eq=False)
class Head:
    """The carried values of one attempt at the body."""

    p: Parser
    shape: Shape
    start: int
    block: Scope
    """What is carried are its parameters."""
    others: set[Any] = field(default_factory=set)  # that names reach which the loop does not bind anew
    trips: Trips | None = None
    index: Value | None = None
    sizes: dict[Extent, Dim] = field(default_factory=dict)  # that change from trip to trip, as this one finds them
    unbounded: dict[Extent, Dim] = field(default_factory=dict)  # at the end of a trip, where no formula bounds them
    leaves: list[Leaf] = field(default_factory=list)
    named: list[Any] = field(default_factory=list)
    single: set[Key] = field(default_factory=set)
    left: dict[int, Key] = field(default_factory=dict)
    is_new: bool = False  # whether more may be None than was assumed

    # -- before the body -----------------------------------------------------------------------------------------------

    def enter(self, item: Abstract, key: Key) -> Abstract:
        """What the item is at the start of a trip; called with the builder of the block around the loop."""
        if key in self.shape.optional and not isinstance(item, Optional):
            none = is_none(item)
            item = Optional(self.p.constant(none), self.shape.optional[key] if none else item)
        made = self._entered(item, key)
        if key in self.shape.twice:
            self.p.memory.twice.add(made.item if isinstance(made, Optional) else made)
        return made

    def _entered(self, item: Abstract, key: Key) -> Abstract:
        if key in self.shape.complex and isinstance(item, Value | Array | View):
            item = as_complex(self.p, item)
        match item:
            case Optional():
                return Optional(self.enter(item.none, (*key, "is_none")), self._entered(item.item, key))
            case Value():
                return self._leaf(item, item, key, None).shown
            case Array() | View():
                return self._array(item, key)
            case Complex():
                return Complex(*self._items((item.re, item.im), key))
            case Tuple():
                return Tuple(self._items(item.items, key), item.cls)
            case Record():
                values = self._items(tuple(item.fields.values()), key)
                return Record(item.cls, dict(zip(item.fields, values, strict=True)))
            case DictObject() | Instance():
                return self._keyed(item, key)
            case ListObject():
                self._once(item)
                content = self.p.memory.content(item)
                if key in self.shape.lists:
                    rows = enter_rebuilt(self.p, self, content, key, self.shape.lists[key])
                    return self._copied(item, ListObject(rows))
                found = self.shape.growing.get(key)
                if found is not None or isinstance(content, Rows):
                    return self._copied(item, ListObject(enter_rows(self.p, self, content, key, found)))
                outside = item.outside or key in self.shape.frozen
                return self._copied(item, ListObject(self._items(content, key), outside=outside))
            case Maybe():
                return Maybe(self.enter(item.bound, (*key, "bound")), self.enter(item.item, key), item.marker)
        return item

    def _keyed(self, item: DictObject | Instance, key: Key) -> DictObject | Instance:
        """A dict, or an object made in the function, that a name is bound to anew in each trip."""
        self._once(item)
        fields = {name: self.enter(part, (*key, name)) for name, part in self.p.memory.content(item).items()}
        made = Instance(item.cls, fields) if isinstance(item, Instance) else _like(item, fields)
        return self._copied(item, made)

    def _is_held(self, item: Abstract) -> bool:
        """Whether an object is carried by itself, wherever it is found."""
        return isinstance(item, ListObject | DictObject | Instance) and item.serial < self.start

    def _once(self, item: Any) -> None:
        if any(item is other for other in self.named):
            self.p.unsupported("two names for one object, both bound anew in a loop, are not supported", "make a copy")
        self.named.append(item)

    def _copied(self, item: Any, copy: Any) -> Any:
        """A copy that may stand for the very object that another name holds, neither of which is changed then."""
        if item in self.others or item in self.p.memory.twice:
            self.p.memory.twice |= {item, copy}
        return copy

    def _items(self, items: tuple[Abstract, ...], key: Key) -> tuple[Abstract, ...]:
        return tuple(self.enter(item, self.part_of(key, i, len(items))) for i, item in enumerate(items))

    def part_of(self, key: Key, position: int, count: int) -> Key:
        """The key of one of so many parts; the only one goes by the name of the whole."""
        part = (*key, position)
        if count == 1:
            self.single.add(part)
        return part

    def _leaf(self, initial: Value, source: Abstract, key: Key, array: Array | None) -> Leaf:
        type_ = self.shape.types.get(key, initial.type)
        named = [part for k, part in enumerate(key) if isinstance(part, str | int) and key[: k + 1] not in self.single]
        hint = "_".join(str(part).partition(" ")[0] for part in named)
        extents = self.shape.extents.of(key, type_.rank)
        self.block.adopt([self.shape.extents.unknown])
        sizes = {axis: self._size(extent, key) for axis, extent in extents}
        rooms = {axis: self.shape.extents.room(extent) for axis, extent in extents}
        param = Value(resized(type_, rooms), hint, self.p.build.where)
        self.block.adopt([param])
        with self.p.inside(self.block):
            shown = first_part(self.p, param, resized(type_, sizes).shape)
        leaf = Leaf(key, initial, param, array, source, shown, extents)
        self.leaves.append(leaf)
        return leaf

    def columns(self, columns: tuple[Value, ...], key: Key) -> tuple[Value, ...]:
        """The columns of a list at the start of a trip."""
        return tuple(self._leaf(column, column, (*key, i), None).shown for i, column in enumerate(columns))

    def _size(self, extent: Extent, key: Key) -> Dim:
        """A size that changes from trip to trip: by a formula, or carried."""
        if extent in self.sizes:
            return self.sizes[extent]
        if extent.formula is not None and self.index is not None and self.trips is not None:
            with self.p.inside(self.block):
                found = extent.formula.at(self.p, extent.initial, self.trips, self.index, extent.natural)
        else:
            initial = self.p.build.size(extent.initial)
            found = self._leaf(initial, initial, (f"{key[0]}_size", extent), None).param
        self.sizes[extent] = found
        if isinstance(found, Value):
            self.p.rooms[found] = self.shape.extents.room(extent)
        return found

    def _array(self, item: Array | View, key: Key) -> Array:
        if key not in self.shape.separate:
            for leaf in self.leaves:
                if leaf.source is item and leaf.array is not None and leaf.key not in self.shape.separate:
                    return leaf.array
        leaf = self._leaf(self.p.read(item), item, key, None)
        leaf.array = Array(leaf.shown, where=leaf.initial.where)
        self.p.memory.heads.add(leaf.array)
        owner = root(item)
        for partner in (owner, *self.p.memory.partners(owner), *self.shape.shares.get(key, ())):
            if partner.serial <= self.start:  # the heads of other names share where they are found to
                leaf.array.may_share(partner)
        for other in self.leaves[:-1]:
            if other.array is not None:
                both = frozenset((key, other.key))
                if overlap(item, other.source) or both in self.shape.mixes:
                    leaf.array.may_share(other.array)
        return leaf.array

    # -- after the body ------------------------------------------------------------------------------------------------

    def leave(self, head: Abstract, end: Abstract, key: Key) -> None:
        """Note what the item is at the end of a trip.

        Raises
        ------
        Conflict
            When it is something else than at the start.
        """
        if head is end and self._is_held(head):
            return
        if isinstance(head, Optional):
            self._leave_optional(head, end, key)
            return
        if isinstance(end, ListObject | DictObject | Instance):
            self._note_twice(end, key)
        if key not in self.shape.optional and (isinstance(end, Optional) or is_none(end) is not is_none(head)):
            self._find_optional(head, end, key)
            return
        if isinstance(end, Complex) and isinstance(head, Value | Array) and key not in self.shape.complex:
            # real before the loop, complex after a trip
            self.shape.complex.add(key)
            raise Restart
        if isinstance(head, Complex):
            if not isinstance(end, Complex | Value | Array | View):
                raise Conflict
            end = as_complex(self.p, end)
            self.leave_items((head.re, head.im), (end.re, end.im), key)
        elif isinstance(head, Maybe):
            surely = not isinstance(end, Maybe)
            self.leave(head.bound, self.p.constant(True) if surely else end.bound, (*key, "bound"))
            self.leave(head.item, end if surely else end.item, key)
        elif isinstance(head, Value):
            leaf = next(found for found in self.leaves if found.shown is head)
            if not isinstance(end, Value):
                raise Conflict
            leaf.end = end
            self._widen(leaf, end)
        elif isinstance(head, Array) and any(leaf.array is head for leaf in self.leaves):
            self._leave_array(head, end, key)
        elif isinstance(head, Tuple) and isinstance(end, Tuple) and head.cls is end.cls:
            self.leave_items(head.items, end.items, key)
        elif isinstance(head, Record) and isinstance(end, Record) and head.cls is end.cls:
            self.leave_items(tuple(head.fields.values()), tuple(end.fields.values()), key)
        elif isinstance(head, DictObject | Instance) and type(head) is type(end):
            self._leave_keyed(head, end, key)
        elif isinstance(head, ListObject) and isinstance(end, ListObject):
            self._leave_list(head, end, key)
        elif not (head is end or _same(head, end)):
            raise Conflict

    def _leave_optional(self, head: Optional, end: Abstract, key: Key) -> None:
        if not isinstance(end, Optional):
            item = placeholder(self.p, head.item, self.p.build) if is_none(end) else end
            end = Optional(self.p.constant(is_none(end)), item)
        if end.item is None:
            raise Conflict
        self.leave(head.none, end.none, (*key, "is_none"))
        self.leave(head.item, end.item, key)

    def _find_optional(self, head: Abstract, end: Abstract, key: Key) -> None:
        """What turns out to be None at the start of some trips."""
        stand_in = None
        if is_none(head):
            outer = self.p.build.parent
            assert outer is not None
            stand_in = placeholder(self.p, end.item if isinstance(end, Optional) else end, outer)
            # a text or a function is better known: the first trip is parsed on its own
            if stand_in is None or isinstance(end, Known | Closure):
                raise Conflict
        self.shape.optional[key] = stand_in
        self.is_new = True

    def _note_twice(self, end: Any, key: Key) -> None:
        """Two names for one object at the end of a trip: at the start of the next they are two objects here."""
        other = self.left.setdefault(id(end), key)
        if other != key and not {key, other} <= self.shape.twice:
            self.shape.twice |= {key, other}
            raise Restart

    def leave_items(self, heads: Any, ends: Any, key: Key) -> None:
        if len(heads) != len(ends):
            raise Conflict
        for i, (head, end) in enumerate(zip(heads, ends, strict=True)):
            self.leave(head, end, (*key, i))

    def _leave_keyed(self, head: DictObject | Instance, end: DictObject | Instance, key: Key) -> None:
        content = self.p.memory.content(end)
        same = getattr(head, "cls", None) is getattr(end, "cls", None) and list(content) == list(head.initial)
        if not same or getattr(head, "outside", False) is not getattr(end, "outside", False):
            raise Conflict
        for name, part in head.initial.items():
            self.leave(part, content[name], (*key, name))

    def _leave_list(self, head: ListObject, end: ListObject, key: Key) -> None:
        content = self.p.memory.content(end)
        if key in self.shape.lists:
            leave_rebuilt(self.p, self, head.initial, content, key)
            return
        if isinstance(head.initial, Rows):
            leave_rows(self.p, self, head.initial, content, key, self.shape.growing.get(key))
            return
        if isinstance(content, Rows):
            raise Conflict
        if end.outside and not head.outside:  # it went into a list of run-time length
            self.shape.frozen.add(key)
            raise Restart
        self.leave_items(head.initial, content, key)

    def _widen(self, leaf: Leaf, end: Value) -> None:
        p = self.p
        if leaf.param.type.shape or end.type.shape:  # contents of arrays; sizes are compared when the loop is finished
            if leaf.param.type.rank != end.type.rank or leaf.param.type.dtype != end.type.dtype:
                raise Conflict
            return
        known = p.build.constant_of(leaf.initial)
        joined = join_types(p.build, leaf.param.type, end.type, known, p.build.constant_of(end))
        if joined != leaf.param.type:
            self.shape.types[leaf.key] = joined
            raise Restart

    def _leave_array(self, head: Array, end: Abstract, key: Key) -> None:
        p = self.p
        leaf = next(found for found in self.leaves if found.array is head)
        if not isinstance(end, Array | View):
            raise Conflict
        if leaf.finish is not None and leaf.finish is not end:
            # two names for one object before the trip, two objects after it
            self.shape.separate |= {leaf.key, key}
            self.shape.mixes.add(frozenset((leaf.key, key)))
            raise Restart
        leaf.finish, leaf.end = end, p.read(end)
        if leaf.end.type.dtype != leaf.param.type.dtype or leaf.end.type.rank != leaf.param.type.rank:
            raise Conflict

    def check_shares(self) -> None:
        """Arrays that meet at the end of a trip may overlap at the start of the next one."""
        arrays = [leaf for leaf in self.leaves if leaf.array is not None and leaf.finish is not None]
        memory = self.p.memory
        for leaf in arrays:
            assert leaf.array is not None
            if root(leaf.finish) in memory.frozen:  # type: ignore[arg-type]
                memory.refuse_stored(self.p.build, leaf.array, -1)
        for position, leaf in enumerate(arrays):
            assert leaf.array is not None
            owner = root(leaf.finish)  # type: ignore[arg-type]
            older = {a for a in (owner, *self.p.memory.partners(owner)) if a.serial <= self.start}
            missing = older - leaf.array.shares
            if missing:
                self.shape.shares.setdefault(leaf.key, set()).update(missing)
                raise Restart
            for other in arrays[:position]:
                assert other.array is not None
                if other.array not in leaf.array.shares and overlap(leaf.finish, other.finish):  # type: ignore[arg-type]
                    self.shape.mixes.add(frozenset((leaf.key, other.key)))
                    raise Restart

    # -- after the loop ------------------------------------------------------------------------------------------------

    def result(self, head: Abstract, outputs: dict[Leaf, Abstract]) -> Abstract:
        """What the item is after the loop."""
        if self._is_held(head):
            return head
        for leaf in self.leaves:
            if head is leaf.shown or (leaf.array is not None and head is leaf.array):
                return outputs[leaf]
        match head:
            case Complex():
                return Complex(self.result(head.re, outputs), self.result(head.im, outputs))
            case Tuple():
                return Tuple(tuple(self.result(item, outputs) for item in head.items), head.cls)
            case Record():
                return Record(head.cls, {name: self.result(item, outputs) for name, item in head.fields.items()})
            case Instance():
                fields = {n: self.result(item, outputs) for n, item in head.initial.items()}
                return self._copied(head, Instance(head.cls, fields))
            case DictObject():
                parts = {n: self.result(item, outputs) for n, item in head.initial.items()}
                return self._copied(head, _like(head, parts))
            case ListObject() if isinstance(head.initial, Rows):
                columns = tuple(self.result(column, outputs) for column in head.initial.columns)
                return self._copied(head, rebuilt_after(columns, head.initial.form))
            case ListObject():
                return self._copied(head, ListObject(tuple(self.result(item, outputs) for item in head.initial)))
            case Optional():
                return Optional(self.result(head.none, outputs), self.result(head.item, outputs))
            case Maybe():
                return Maybe(self.result(head.bound, outputs), self.result(head.item, outputs), head.marker)
        return head

    def outputs(self, values: tuple[Value, ...]) -> dict[Leaf, Abstract]:
        """The carried values after the loop, arrays as objects that share what they shared."""
        found: dict[Leaf, Abstract] = {}
        params = {leaf.param: value for leaf, value in zip(self.leaves, values, strict=True)}
        sizes = sizes_after(self.p, self.sizes, params, self.trips)
        for leaf, output in zip(self.leaves, values, strict=True):
            after = {axis: sizes[extent] for axis, extent in leaf.extents}
            value = first_part(self.p, output, resized(output.type, after).shape)
            found[leaf] = value if leaf.array is None else Array(value, where=value.where)
        for leaf, made in found.items():
            if leaf.array is None:
                continue
            finish = leaf.array if leaf.finish is None else root(leaf.finish)
            if not self.p.memory.frozen.isdisjoint((leaf.array, finish)):
                self.p.memory.frozen.add(made)
            for other, others in found.items():
                if other is not leaf and other.array in leaf.array.shares:
                    made.may_share(others)
            for partner in self.p.memory.partners(leaf.array):
                if partner.serial <= self.start:
                    made.may_share(partner)
        return found


def _same(a: Abstract, b: Abstract) -> bool:
    if isinstance(a, Known) and isinstance(b, Known):
        return a.object is b.object or (type(a.object) is str and a.object == b.object)
    return isinstance(a, Marker) and isinstance(b, Marker)


def _like(item: DictObject, items: dict[Any, Abstract]) -> DictObject:
    """A dict of the same kind with other items."""
    return DictObject(items, outside=item.outside, factory=item.factory)
