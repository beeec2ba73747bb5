"""Lists joined, repeated and made arrays, where one of them is of run-time length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symdiff.errors import TypeConflictError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Counted,
    Generated,
    Known,
    ListObject,
    Range,
    Sequence,
    View,
    Zipped,
)
from symdiff.frontend.comprehensions import items_of
from symdiff.frontend.core import Parser
from symdiff.frontend.growing import FULL, append, form_of_all, join_forms, larger, reserve, trim, with_form
from symdiff.frontend.joined_types import Conflict
from symdiff.frontend.rows import Form, Growth, Rows
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.sizes import at_least, plus, times

__all__ = ["concatenated", "extend_list", "is_long", "repeated_list", "rows_as_array", "rows_of"]

REPEATS = 32  # a list is repeated item by item up to here


def rows_of(p: Parser, item: Abstract) -> Rows | None:
    """The items of a list or array of run-time length; None for what is taken apart while parsing."""
    item = p.resolver.materialise(p.build, item) if isinstance(item, Known) else item
    item = items_of(p, item) if isinstance(item, Generated) else item
    if isinstance(item, ListObject):
        content = p.memory.content(item)
        return trim(p, content) if isinstance(content, Rows) else None
    if isinstance(item, Array | View):
        value = p.read(item)
        if value.type.shape and isinstance(value.type.shape[0], Value):
            kind = "number" if value.type.rank == 1 else "array"
            form = Form(kind, Type(value.type.dtype, value.type.shape[1:], "numpy"))
            return Rows(form, (value,), value.type.shape[0])
    if isinstance(item, Range) and p.build.constant_of(p.call(Known(len), [item], {})) is None:
        length = p.build.dim(p.call(Known(len), [item], {}))
        value = p.emit("arange", item.start, item.step, length=length, dtype="int64")
        return Rows(Form("number", Type("int64", (), "python")), (value,), length)
    return None


def extend_list(p: Parser, owner: ListObject, items: Abstract) -> None:
    """``owner += items``."""
    more = rows_of(p, items)
    content = p.memory.content(owner)
    if more is None:
        if isinstance(items, Counted | Sequence | Zipped | Range):
            for_each = p.items(items)
            p.memory.replace(owner, append(p, content, for_each))
            return
        p.memory.replace(owner, append(p, content, p.items(items)))
        return
    p.memory.replace(owner, _joined(p, content, more))


def concatenated(p: Parser, a: ListObject, b: ListObject) -> ListObject:
    """``a + b`` of two lists."""
    left, right = p.memory.content(a), p.memory.content(b)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return ListObject((*left, *right))
    return ListObject(_joined(p, left, right))


def _joined(p: Parser, a: Rows | tuple[Abstract, ...], b: Rows | tuple[Abstract, ...]) -> Rows:
    if isinstance(b, tuple):
        assert isinstance(a, Rows)
        made: Rows = append(p, a, b)
        return made
    b = trim(p, b)
    form = _form(p, a, b)
    if isinstance(a, Rows) and (a.room or a.counting):
        return _stored_behind(p, with_form(p, a, form), with_form(p, b, form))
    growth = a.growth if isinstance(a, Rows) else Growth()
    left = reserve(p, a, form, _length(a)) if isinstance(a, tuple) else with_form(p, a, form)
    right = with_form(p, b, form)
    columns = tuple(p.emit("concatenate", x, y, axis=0) for x, y in zip(left.columns, right.columns, strict=True))
    count = columns[0].type.shape[0] if columns else plus(p.build, left.count, right.count)
    base = a.base if isinstance(a, Rows) else None
    return Rows(form, columns, count, _more(p, growth, b.count), base=base)


def _length(content: Rows | tuple[Abstract, ...]) -> Dim:
    return content.count if isinstance(content, Rows) else len(content)


def _form(p: Parser, a: Rows | tuple[Abstract, ...], b: Rows) -> Form:
    try:
        found = join_forms(a.form if isinstance(a, Rows) else form_of_all(p, a), b.form)
    except Conflict:
        p.refuse(
            TypeConflictError,
            "the items of two lists that are joined at run time must be of one kind",
            "use one list for each kind of item",
        )
    return found


def _more(p: Parser, growth: Growth, by: Dim) -> Growth:
    low, high = (None if x is None else plus(p.build, x, by) for x in (growth.low, growth.high))
    return Growth(low, high, larger(p, growth.peak, high))


def _stored_behind(p: Parser, a: Rows, b: Rows) -> Rows:
    """Items stored into the room behind the others."""
    count = plus(p.build, a.count, b.count)
    grown = replace(a, count=count, growth=_more(p, a.growth, b.count))
    if a.counting:
        return grown
    start, stop = p.build.size(a.count), p.build.size(count)
    columns = []
    for column, rows in zip(a.columns, b.columns, strict=True):
        index = (("slice", "in", "in", None), *[FULL] * (column.type.rank - 1))
        columns.append(p.emit("put", column, rows, start, stop, index=index))
    return replace(grown, columns=tuple(columns))


# -- repetition --------------------------------------------------------------------------------------------------------


def is_long(p: Parser, items: ListObject, count: Value) -> bool:
    """Whether ``items * count`` is a list of run-time length."""
    content, known = p.memory.content(items), p.build.constant_of(count)
    if isinstance(content, Rows):
        return True
    return known is None or (known > REPEATS and len(content) == 1 and isinstance(content[0], Value))


def repeated_list(p: Parser, items: ListObject, count: Value) -> ListObject:
    """``items * count``."""
    content = p.memory.content(items)
    times_ = at_least(p.build, p.build.dim(count), 0)
    if isinstance(content, tuple):
        form = form_of_all(p, content)
        if form is None:
            return ListObject(())
        content = reserve(p, content, form, len(content))
    rows = trim(p, content)
    length = times(p.build, times_, rows.count)
    columns = []
    for column in rows.columns:
        shape = (times_, *column.type.shape)
        wide = p.emit("broadcast_to", column, shape=shape)
        columns.append(p.emit("reshape", wide, shape=(length, *column.type.shape[1:])))
    return ListObject(Rows(rows.form, tuple(columns), length))


# -- arrays ------------------------------------------------------------------------------------------------------------


def rows_as_array(p: Parser, rows: Rows) -> Value:
    """``np.array(items)``."""
    rows = trim(p, rows)
    form = rows.form
    if form.kind in ("number", "array") or (form.kind == "rows" and form.parts[0].kind == "number"):
        return rows.columns[0]
    if form.kind not in ("tuple", "list") or {part.kind for part in form.parts} != {"number"}:
        p.unsupported("an array of this list is not supported", "make one array for each number of its items")
    parts = [Array(column) for column in rows.columns]
    return p.value(p.call(Known(np.stack), [ListObject(tuple(parts))], {"axis": p.constant(1)}))
