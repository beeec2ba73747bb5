"""Lists of run-time length: their items lie in arrays, one array for each number (or array) an item consists of.

The content of a `ListObject` is a tuple of its items as long as their number is known while parsing. Where a loop or a
branch makes it grow, the content becomes `Rows`: the first ``count`` rows of some arrays. While a loop runs the arrays
have room for all its trips, so that an item more is a store; elsewhere they are as long as the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from symdiff.errors import LocatedIndexError, LocatedTypeError, TypeConflictError
from symdiff.frontend.abstract import Abstract, Array, Known, ListObject, Record, Tuple, View, root
from symdiff.frontend.core import Parser
from symdiff.frontend.joined_types import Conflict, convert_to, scalar_of
from symdiff.frontend.rows import Form, Growth, NeedsItems, Rows
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ir.shapes import require_same
from symdiff.ops.sizes import minus, plus

__all__ = [
    "append",
    "form_of",
    "form_of_all",
    "item_at",
    "item_of",
    "join_forms",
    "larger",
    "leaves_of",
    "pop_last",
    "position_of",
    "reserve",
    "set_item",
    "trim",
    "with_form",
]

FULL = ("slice", None, None, None)


# -- forms -------------------------------------------------------------------------------------------------------------


def form_of(p: Parser, item: Abstract) -> Form:
    """The form of an item; raises `Conflict` for what cannot lie in arrays."""
    match item:
        case Value():
            return Form("number", Type(item.type.dtype, (), item.type.kind))
        case Array() | View():
            type_ = p.read(item).type
            return Form("array", Type(type_.dtype, type_.shape, "numpy"))
        case Tuple():
            return Form("tuple", cls=item.cls, parts=tuple(form_of(p, part) for part in item.items))
        case ListObject() if isinstance(p.memory.content(item), Rows):
            rows = p.memory.content(item)
            if rows.counting:
                raise NeedsItems
            return Form("rows", parts=(rows.form,), length=rows.count)
        case ListObject():
            return Form("list", parts=tuple(form_of(p, part) for part in p.memory.content(item)))
        case Record():
            parts = tuple(form_of(p, part) for part in item.fields.values())
            return Form("record", cls=item.cls, names=tuple(item.fields), parts=parts)
        case Known(object=str() | None | bool()):
            return Form("known", known=item)
    raise Conflict


def join_forms(a: Form | None, b: Form) -> Form:
    """The form of items of two forms; raises `Conflict`."""
    if a is None or a == b:
        return b
    if (a.kind, a.cls, a.names, len(a.parts)) != (b.kind, b.cls, b.names, len(b.parts)):
        raise Conflict
    if a.kind == "known":
        if a.known is None or b.known is None or a.known.object != b.known.object:
            raise Conflict
        return a
    if a.type is not None and b.type is not None:
        if a.kind == "number":
            return replace(a, type=scalar_of(a.type, b.type))
        if a.type.dtype != b.type.dtype or a.type.rank != b.type.rank:
            raise Conflict
        known = [(x, y) for x, y in zip(a.type.shape, b.type.shape, strict=True) if isinstance(x, int)]
        if any(isinstance(y, int) and x != y for x, y in known):
            raise Conflict
        return a
    if isinstance(a.length, int) and isinstance(b.length, int) and a.length != b.length:
        raise Conflict
    return replace(a, parts=tuple(join_forms(x, y) for x, y in zip(a.parts, b.parts, strict=True)))


def form_of_all(p: Parser, items: Sequence[Abstract], form: Form | None = None) -> Form | None:
    """The common form of items, or a located error."""
    for item in items:
        try:
            form = join_forms(form, form_of(p, item))
        except Conflict:
            shown = f", not {p.describe(item)}" if form is None else f" of one kind, not also {p.describe(item)}"
            p.refuse(
                TypeConflictError,
                f"a list that grows at run time holds numbers, arrays of one shape, or tuples of them{shown}",
                "use one list for each kind of item",
            )
    return form


def leaves_of(p: Parser, form: Form, item: Abstract) -> list[Value]:
    """The numbers and arrays of an item, as the columns hold them."""
    if form.kind == "known":
        return []
    if form.type is not None:
        value = p.value(item)
        if form.kind == "number":
            return [convert_to(p, value, form.type)]
        for have, want in zip(value.type.shape, form.type.shape, strict=True):
            require_same(p.build, have, want, "the arrays in a list that grows at run time must have one shape")
        _freeze(p, item)
        return [value]
    if isinstance(item, ListObject):
        item.outside = True
        parts = p.memory.content(item)
        if isinstance(parts, Rows):
            return _leaves_of_rows(p, form, parts)
        if form.kind == "rows":
            return _leaves_of_rows(p, form, reserve(p, parts, form.parts[0], len(parts)))
    else:
        parts = item.items if isinstance(item, Tuple) else tuple(item.fields.values())
    return [leaf for part, x in zip(form.parts, parts, strict=True) for leaf in leaves_of(p, part, x)]


def _leaves_of_rows(p: Parser, form: Form, rows: Rows) -> list[Value]:
    message = "the lists in a list that grows at run time must have one length"
    assert form.length is not None
    require_same(p.build, rows.count, form.length, message)
    return list(trim(p, with_form(p, rows, form.parts[0])).columns)


def _freeze(p: Parser, item: Abstract) -> None:
    """What is stored into an array is seen in the list that holds it, so from here on it must not change."""
    owner = root(item)
    p.memory.freeze(p.build, owner)


def item_of(p: Parser, form: Form, values: Iterator[Value]) -> Abstract:
    """An item from its leaves."""
    if form.known is not None:
        return form.known
    if form.type is not None:
        value = next(values)
        if form.kind == "number":
            return convert_to(p, value, form.type)
        made = Array(value, where=p.build.where)
        p.memory.freeze(p.build, made)
        return made
    if form.length is not None:
        columns = tuple(next(values) for _ in form.leaves)
        return ListObject(Rows(form.parts[0], columns, form.length), outside=True)
    parts = tuple(item_of(p, part, values) for part in form.parts)
    if form.kind == "list":
        return ListObject(parts, outside=True)
    if form.kind == "tuple":
        return Tuple(parts, form.cls)
    assert form.cls is not None
    return Record(form.cls, dict(zip(form.names, parts, strict=True)))


# -- columns -----------------------------------------------------------------------------------------------------------


def _empty(p: Parser, type_: Type, length: Dim) -> Value:
    zero = p.constant(0.0 if type_.is_float else False if type_.dtype == "bool" else 0)
    return p.emit("full", zero, shape=(length, *type_.shape), dtype=type_.dtype)


def _entries(value: Value, *first: Any) -> tuple[Any, ...]:
    return (*first, *[FULL] * (value.type.rank - 1))


def _cut(p: Parser, column: Value, count: Dim) -> Value:
    """The first rows of a column."""
    length = column.type.shape[0]
    if length is count or (isinstance(length, int) and length == count):
        return column
    shape = (count, *column.type.shape[1:])
    if isinstance(count, int):
        return p.emit("index", column, index=_entries(column, ("slice", None, count, None)), shape=shape)
    return p.emit("index", column, count, index=_entries(column, ("slice", None, "in", None)), shape=shape)


def trim(p: Parser, rows: Rows) -> Rows:
    """The list in columns that are as long as it."""
    if rows.counting:
        raise NeedsItems
    columns = tuple(_cut(p, column, rows.count) for column in rows.columns) if rows.room else rows.columns
    return Rows(rows.form, columns, rows.count)


def with_form(p: Parser, rows: Rows, form: Form) -> Rows:
    """Ints become floats where other items are."""
    if rows.counting or form == rows.form:
        return replace(rows, form=form)
    columns = tuple(
        column if column.type.dtype == leaf.dtype else p.emit("convert", column, dtype=leaf.dtype, kind="numpy")
        for column, leaf in zip(rows.columns, form.leaves, strict=True)
    )
    return replace(rows, form=form, columns=columns)


def reserve(p: Parser, content: Any, form: Form, length: Dim) -> Rows:
    """The content in columns of a given length, of which it fills the first rows."""
    columns = [_empty(p, leaf, length) for leaf in form.leaves]
    if isinstance(content, Rows):
        old = trim(p, with_form(p, content, form))
        if old.count == 0:
            return Rows(form, tuple(columns), 0, room=True)
        filled = [_put_first(p, column, rows, old.count) for column, rows in zip(columns, old.columns, strict=True)]
        return Rows(form, tuple(filled), old.count, room=True)
    rows = Rows(form, tuple(columns), 0, room=True)
    for item in content:
        rows = _stored(p, rows, item)
    return replace(rows, growth=Growth())


def _put_first(p: Parser, column: Value, rows: Value, count: Dim) -> Value:
    if isinstance(count, int):
        return p.emit("put", column, rows, index=_entries(column, ("slice", None, count, None)))
    length = column.type.shape[0]
    if length is count:
        return rows
    return p.emit("put", column, rows, count, index=_entries(column, ("slice", None, "in", None)))


# -- items -------------------------------------------------------------------------------------------------------------


def append(p: Parser, content: Any, items: Sequence[Abstract]) -> Any:
    """The content with some items more."""
    if isinstance(content, tuple):
        return (*content, *items)
    form = form_of_all(p, items, content.form)
    assert form is not None
    rows: Rows = with_form(p, content, form)
    if not rows.room and not rows.counting:
        wider = reserve(p, rows, form, plus(p.build, rows.count, len(items)))
        rows = replace(wider, growth=rows.growth, base=rows.base)
        for item in items:
            rows = _stored(p, rows, item)
        return replace(rows, room=False)
    for item in items:
        rows = _stored(p, rows, item)
    return rows


def _stored(p: Parser, rows: Rows, item: Abstract) -> Rows:
    growth = _grown(p, rows.growth, 1)
    count = plus(p.build, rows.count, 1)
    if rows.counting:
        return replace(rows, count=count, growth=growth)
    position = p.build.size(rows.count)
    values = leaves_of(p, rows.form, item)
    columns = tuple(
        p.emit("put", column, value, position, index=_entries(column, ("int",)))
        for column, value in zip(rows.columns, values, strict=True)
    )
    return replace(rows, columns=columns, count=count, growth=growth)


def _grown(p: Parser, growth: Growth, by: int) -> Growth:
    low, high = (None if x is None else plus(p.build, x, by) for x in (growth.low, growth.high))
    if by <= 0:
        return Growth(low, high, growth.peak)
    return Growth(low, high, larger(p, growth.peak, high))


def larger(p: Parser, a: Dim | None, b: Dim | None) -> Dim | None:
    """The larger of two sizes, or at least a bound of both."""
    if a is None or b is None:
        return None
    if a is b:
        return a
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    gap = minus(p.build, b, a)
    if isinstance(gap, int):
        return b if gap > 0 else a
    return p.build.dim(p.emit("maximum", p.build.size(a), p.build.size(b), kind="python"))


def position_of(p: Parser, rows: Rows, key: Abstract) -> Value:
    """Where an item lies; IndexError where there is none."""
    if not isinstance(key, Value) or key.type.is_float or key.type.shape:
        p.refuse(LocatedTypeError, f"indices of lists must be integers, not {p.describe(key)}")
    known = p.build.constant_of(key)
    if known is not None and isinstance(rows.count, int):
        if not -rows.count <= int(known) < rows.count:
            p.refuse(LocatedIndexError, f"index {int(known)} is out of range for {rows.count} items")
        return p.constant(int(known) % rows.count)
    if key.type.kind != "python":
        key = p.emit("convert", key, dtype="int64", kind="python")
    return p.emit("list_position", key, p.build.size(rows.count), kind="python")


def item_at(p: Parser, rows: Rows, position: Value) -> Abstract:
    """The item in a row."""
    if rows.counting:
        raise NeedsItems
    found = [p.emit("index", column, position, index=_entries(column, ("int",))) for column in rows.columns]
    return item_of(p, rows.form, iter(found))


def set_item(p: Parser, rows: Rows, position: Value, item: Abstract) -> Rows:
    """The content with another item in a row."""
    form = form_of_all(p, [item], rows.form)
    assert form is not None
    if rows.counting:
        return replace(rows, form=form)
    rows = with_form(p, rows, form)
    columns = tuple(
        p.emit("put", column, value, position, index=_entries(column, ("int",)))
        for column, value in zip(rows.columns, leaves_of(p, form, item), strict=True)
    )
    return replace(rows, columns=columns)


def pop_last(p: Parser, rows: Rows) -> tuple[Abstract, Rows]:
    """The last item, and the content without it."""
    if rows.counting:
        raise NeedsItems
    position = position_of(p, rows, p.constant(-1))
    item = item_at(p, rows, position)
    shorter = replace(rows, count=p.build.dim(position), growth=_grown(p, rows.growth, -1))
    if not rows.room:
        shorter = replace(trim(p, replace(shorter, room=True)), growth=shorter.growth, base=rows.base)
    return item, shorter
