"""Subscripts: reading, storing, and views that remember the array they show."""

from __future__ import annotations

import ast
import operator
from typing import Any

import numpy as np

from symdiff.errors import LocatedIndexError, LocatedKeyError, LocatedTypeError
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Complex,
    DictObject,
    Flat,
    Instance,
    Known,
    ListObject,
    Optional,
    Range,
    Record,
    Slice,
    Tuple,
    View,
)
from symdiff.frontend.complex_values import pair
from symdiff.frontend.core import NOT_NONE, Parser, is_array_like
from symdiff.frontend.growing import item_at, position_of, set_item, trim
from symdiff.frontend.masks import require_mask_fits
from symdiff.frontend.optional import never_none, none_counts, without_none
from symdiff.frontend.rows import Rows
from symdiff.frontend.special_methods import method_of
from symdiff.frontend.subscripts import FULL, Index, is_mask, make_index
from symdiff.frontend.tables import SUBSCRIPTS, expression
from symdiff.ir.build import Builder
from symdiff.ir.graph import Value
from symdiff.ops.primitive import REGISTRY

__all__ = ["index_view", "read_item", "store"]


@expression(ast.Subscript)
def subscript_expression(p: Parser, node: ast.Subscript) -> Abstract:
    """``a[key]``."""
    owner = p.evaluate(node.value)
    key = p.evaluate(node.slice)
    p.at(node)
    return read_item(p, owner, key)


@expression(ast.Slice)
def slice_expression(p: Parser, node: ast.Slice) -> Slice:
    """``start:stop:step``."""
    none = Known(None)
    parts = [none if part is None else p.evaluate(part) for part in (node.lower, node.upper, node.step)]
    return Slice(*parts)


# -- reading -----------------------------------------------------------------------------------------------------------


def read_item(p: Parser, owner: Abstract, key: Abstract) -> Abstract:
    """``owner[key]``."""
    if none_counts(p, [owner]) or (isinstance(key, Optional) and not is_array_like(owner)):
        return without_none(p, [owner, key], lambda items: _read_item(p, *items), operator.getitem)
    return _read_item(p, owner, key)


def _read_item(p: Parser, owner: Abstract, key: Abstract) -> Abstract:
    if isinstance(key, Optional):
        p.unsupported(f"an index that is {p.describe(key)}: None would make an axis more", NOT_NONE)
    match owner:
        case Array() | View():
            return _read_array(p, owner, key)
        case Complex(re=Array() | View()):
            return Complex(read_item(p, owner.re, key), read_item(p, owner.im, key))
        case Known(object=tuple() | list()):
            return _read_sequence(p, p.resolver.materialise(p.build, owner), key)
        case Known(object=dict()):
            return _read_known_dict(p, owner, key)
        case Tuple() | ListObject():
            return _read_sequence(p, owner, key)
        case DictObject():
            return _read_dict(p, owner, p.static(key, "a key of a dict"))
        case Known(object=found) if (handler := _special(found)) is not None:
            return handler(p, key)
        case Known(object=str()):
            return Known(owner.object[p.static(key, "the index of a string")])
        case Range():
            p.unsupported("indexing a range is not supported", "compute the number: start + i * step")
        case Record(cls=cls) | Instance(cls=cls) if hasattr(cls, "__getitem__"):
            return p.call(p.attribute(owner, "__getitem__"), [key], {})
        case Known() if method_of(owner, "__getitem__") is not None:
            return p.call(p.attribute(owner, "__getitem__"), [key], {})
        case Value() if owner.type.kind != "python":
            return _read_scalar(p, owner, key)
    p.refuse(LocatedTypeError, f"{p.describe(owner)} cannot be indexed")


def _special(found: Any) -> Any:
    """The handler of an object whose brackets have a meaning of their own."""
    return SUBSCRIPTS.get(found) if type(found).__hash__ is not None else None


def _keys(items: dict[Any, Any]) -> str:
    return f"its keys are {', '.join(map(repr, items))}" if items else "it is empty"


def _read_dict(p: Parser, owner: DictObject, key: Any) -> Abstract:
    items = p.memory.content(owner)
    if key not in items:
        if owner.factory is None:
            p.refuse(LocatedKeyError, f"the dict has no key {key!r}", _keys(items))
        made = p.call(owner.factory, [], {})
        p.memory.replace(owner, {**p.memory.content(owner), key: made})
        return made
    return items[key]


def _read_known_dict(p: Parser, owner: Known, key: Abstract) -> Abstract:
    found = p.static(key, "a key of a dict")
    if found not in owner.object:
        p.refuse(LocatedKeyError, f"the dict has no key {found!r}", _keys(owner.object))
    return p.resolver.item(p.build, owner, found)


def _read_scalar(p: Parser, owner: Value, key: Abstract) -> Abstract:
    """NumPy's scalars take ``()``, ``...`` and None."""
    index = make_index(p, owner, key)
    return p.wrap(p.emit("index", owner, *index.operands, index=index.key))


def _read_sequence(p: Parser, owner: Tuple | ListObject, key: Abstract) -> Abstract:
    content = p.memory.content(owner) if isinstance(owner, ListObject) else None
    if isinstance(content, Rows):
        if isinstance(key, Slice):
            return ListObject(_rows_between(p, trim(p, content), key))
        return item_at(p, content, position_of(p, content, key))
    items = p.items(owner)
    if isinstance(key, Slice):
        parts = [p.static(part, "a bound of a slice of a tuple or list") for part in (key.start, key.stop, key.step)]
        chosen = items[slice(*parts)]
        return Tuple(chosen) if isinstance(owner, Tuple) else ListObject(chosen)
    position = _position(p, items, key)
    if isinstance(position, Value):
        return _choose(p, owner, position)
    return items[position]


def _rows_between(p: Parser, rows: Rows, key: Slice) -> Rows:
    columns = []
    for column in rows.columns:
        index = make_index(p, column, key)
        columns.append(p.emit("index", column, *index.operands, index=index.key))
    if not columns:
        p.unsupported("a slice of a list that holds no numbers is not supported")
    return Rows(rows.form, tuple(columns), columns[0].type.shape[0])


def _position(p: Parser, items: tuple[Abstract, ...], key: Abstract) -> int | Value:
    if not isinstance(key, Value) or key.type.is_float:
        p.refuse(LocatedTypeError, f"indices of tuples and lists must be integers, not {p.describe(key)}")
    known = p.build.constant_of(key)
    if known is None:
        return key
    if not -len(items) <= int(known) < len(items):
        p.refuse(LocatedIndexError, f"index {int(known)} is out of range for {len(items)} items")
    return int(known)


def _choose(p: Parser, owner: Tuple | ListObject, position: Value) -> Abstract:
    """A run-time index: numbers of one type are packed into an array first."""
    items = p.items(owner)
    types = {(i.type.dtype, i.type.kind) for i in items if isinstance(i, Value) and not i.type.shape}
    if len(types) != 1 or not all(isinstance(i, Value) for i in items):
        p.static(position, "the index of a tuple or list of arrays or mixed objects")
    dtype, kind = types.pop()
    packed = p.emit("pack", *items, shape=(len(items),))
    found = p.emit("index", packed, position, index=(("int",),))
    return found if kind == "numpy" else p.emit("convert", found, dtype=dtype, kind="python")


def _read_array(p: Parser, owner: Array | View, key: Abstract) -> Abstract:
    content = p.read(owner)
    index = make_index(p, content, key)
    if index.has_arrays:
        return p.wrap(p.emit("index", content, *index.operands, index=index.key))
    found = index_view(p, owner, index)
    if isinstance(owner, Flat) and isinstance(found, View):
        return p.wrap(p.read(found))
    return found


def index_view(p: Parser, owner: Array | View, index: Index) -> Abstract:
    """What a basic index shows: an element is a number, anything else a view."""
    owner, index = _composed(p, owner, index)
    row, operands, key = REGISTRY["index"], tuple(index.operands), index.key
    if key and all(entry == FULL for entry in key):
        return View(owner, lambda build, x: x, lambda build, x, v: v, parts=index)
    if index.operands or not owner_rank(p, owner, index):
        # integers may be out of range, which is to be known here
        first = p.build.add(row, p.read(owner), *operands, index=key)
        if not first.type.shape:
            return first

    def read(build: Builder, x: Value) -> Value:
        return build.add(row, x, *operands, index=key)

    def write(build: Builder, x: Value, v: Value) -> Value:
        return build.add(REGISTRY["put"], x, v, *operands, index=key)

    return View(owner, read, write, parts=index)


def owner_rank(p: Parser, owner: Array | View, index: Index) -> int:
    """Number of axes that are left."""
    return sum(entry[0] != "int" for entry in index.entries)


def _composed(p: Parser, owner: Array | View, index: Index) -> tuple[Array | View, Index]:
    """``a[i][j]`` as ``a[i, j]``, so that a store into it is one store into ``a``."""
    if not isinstance(owner, View) or not isinstance(owner.parts, Index) or not owner.parts.is_prefix:
        return owner, index
    outer = owner.parts
    count = sum(entry[0] == "int" for entry in outer.entries)
    entries = [*outer.entries[:count], *index.entries]
    return owner.base, Index(entries, [*outer.operands, *index.operands])


# -- storing -----------------------------------------------------------------------------------------------------------


def store(p: Parser, owner: Abstract, key: Abstract, item: Abstract) -> None:
    """``owner[key] = item``."""
    owner = never_none(p, owner, lambda none: operator.setitem(none, 0, 0))
    match owner:
        case Array() | View():
            _store_array(p, owner, key, item)
        case Complex(re=Array() | View()):
            made = p.call(Known(np.array), [item], {}) if isinstance(item, Tuple | ListObject) else item
            re, im = (p.wrap(value) for value in pair(p, made))
            _store_array(p, owner.re, key, re)
            _store_array(p, owner.im, key, im)
        case ListObject(outside=True) | DictObject(outside=True) | Known(object=list() | dict()):
            p.unsupported("storing into a list or dict from outside the function is not supported", "return a new one")
        case ListObject() if isinstance(p.memory.content(owner), Rows) and not isinstance(key, Slice):
            rows = p.memory.content(owner)
            p.memory.replace(owner, set_item(p, rows, position_of(p, rows, key), item))
        case ListObject():
            items = list(p.items(owner))
            if isinstance(key, Slice):
                p.unsupported("storing into a slice of a list is not supported", "build a new list")
            position = _position(p, tuple(items), key)
            if isinstance(position, Value):
                p.static(position, "the index of a list that is stored into")
            items[position] = item  # type: ignore[index]
            p.memory.replace(owner, tuple(items))
        case DictObject():
            found = p.static(key, "a key of a dict")
            p.memory.replace(owner, {**p.memory.content(owner), found: item})
        case Instance() if method_of(owner, "__setitem__") is not None:
            p.call(p.attribute(owner, "__setitem__"), [key, item], {})
        case _:
            p.refuse(LocatedTypeError, f"{p.describe(owner)} does not support item assignment")


def _store_array(p: Parser, owner: Array | View, key: Abstract, item: Abstract) -> None:
    if isinstance(item, Tuple | ListObject):
        item = p.call(Known(np.array), [item], {})
    value = p.value(item)
    content = p.read(owner)
    if value.type.is_float and value.type.dtype != content.type.dtype and content.type.is_float:
        value = p.emit("convert", value, dtype=content.type.dtype, kind="numpy")
    if is_mask(p, key) and not value.type.shape and p.value(key).type.rank == content.type.rank:
        mask = p.value(key)
        require_mask_fits(p, content, mask, 0)
        p.memory.write(p.build, owner, p.emit("where", mask, _fitting(p, value, content), content))
        return
    index = make_index(p, content, key)
    while isinstance(owner, View) and not index.has_arrays:
        outer, composed = _composed(p, owner, index)
        if outer is owner:
            break
        owner, index = outer, composed
        content = p.read(owner)
    if index.entries and all(entry == FULL for entry in index.entries) and value.type.shape == content.type.shape:
        p.memory.write(p.build, owner, _same_dtype(p, value, content))
        return
    p.memory.write(p.build, owner, p.emit("put", content, value, *index.operands, index=index.key))


def _fitting(p: Parser, value: Value, content: Value) -> Value:
    """A number that is stored, as one of the array's type: floats are not cut."""
    if value.type.kind == "python" and not (value.type.is_float and not content.type.is_float):
        return value
    return _same_dtype(p, value, content)


def _same_dtype(p: Parser, value: Value, content: Value) -> Value:
    if value.type.dtype == content.type.dtype:
        return value
    if value.type.is_float:
        p.refuse(
            LocatedTypeError, f"storing {value.type.dtype} into an array of {content.type.dtype} would cut the fraction"
        )
    return p.emit("convert", value, dtype=content.type.dtype, kind="numpy")
