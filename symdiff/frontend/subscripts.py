"""A subscript of an array, as the row ``index`` takes it: an ellipsis and missing axes written out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symdiff.errors import LocatedIndexError, LocatedTypeError
from symdiff.frontend.abstract import Abstract, Array, Known, ListObject, Slice, Tuple, View, is_none
from symdiff.frontend.core import Parser
from symdiff.frontend.masks import positions, require_mask_fits
from symdiff.ir.graph import Value
from symdiff.ir.shapes import show_shape


@dataclass
class Index:
    """A subscript of an array: entries as the row ``index`` takes them, and their operands."""

    entries: list[tuple[Any, ...]] = field(default_factory=list)
    operands: list[Value] = field(default_factory=list)

    @property
    def key(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(self.entries)

    @property
    def has_arrays(self) -> bool:
        return any(entry[0] == "array" for entry in self.entries)

    @property
    def is_prefix(self) -> bool:
        """Integers first, then nothing but full slices."""
        kinds = [entry[0] if entry != FULL else "full" for entry in self.entries]
        return kinds == ["int"] * kinds.count("int") + ["full"] * kinds.count("full")


FULL = ("slice", None, None, None)


def is_mask(p: Parser, key: Abstract) -> bool:
    """Whether a subscript is an array of truth values, or one of them."""
    if isinstance(key, Array | View):
        return p.read(key).type.dtype == "bool"
    return isinstance(key, Value) and key.type.dtype == "bool"


def make_index(p: Parser, content: Value, key: Abstract) -> Index:
    """Entries of a subscript, an ellipsis and missing axes written out."""
    keys = list(key.items) if isinstance(key, Tuple) else [key]
    rank = content.type.rank
    keys = [_as_array(p, k) for k in keys]
    used = sum(_axes_of(p, k) for k in keys)
    if used > rank:
        shape = show_shape(content.type.shape)
        p.refuse(
            LocatedIndexError, f"too many indices: the array has {rank} axes (shape {shape}), but {used} were indexed"
        )
    ellipses = [i for i, k in enumerate(keys) if isinstance(k, Known) and k.object is ...]
    if len(ellipses) > 1:
        p.refuse(LocatedIndexError, "an index can only have a single ellipsis ('...')")
    index = Index()
    for part in keys:
        if isinstance(part, Known) and part.object is ...:
            index.entries += [FULL] * (rank - used)
        else:
            _add_entry(p, index, part, content)
    if not ellipses:
        index.entries += [FULL] * (rank - used)
    return index


def _as_array(p: Parser, key: Abstract) -> Abstract:
    """A part of a subscript, lists as arrays."""
    is_list = isinstance(key, ListObject) or (isinstance(key, Known) and isinstance(key.object, list))
    return p.call(Known(np.array), [key], {}) if is_list else key


def _axes_of(p: Parser, key: Abstract) -> int:
    """How many axes a part of a subscript takes: a mask as many as it has."""
    if isinstance(key, Known) and (key.object is None or key.object is ...):
        return 0
    return p.value(key).type.rank if isinstance(key, Array | View) and is_mask(p, key) else 1


def _add_entry(p: Parser, index: Index, part: Abstract, content: Value) -> None:
    match part:
        case Known(object=None):
            index.entries.append(("new",))
        case Slice():
            parts = [_slice_part(p, index, item) for item in (part.start, part.stop, part.step)]
            index.entries.append(("slice", *parts))
        case Known(object=slice()):
            found = part.object
            bounds = (_constant_part(p, x) for x in (found.start, found.stop, found.step))
            _add_entry(p, index, Slice(*bounds), content)
        case Value() if part.type.dtype == "bool":
            p.unsupported("indexing with a truth value is not supported", "use an 'if', or np.where")
        case Value() if part.type.is_integer:
            index.entries.append(("int",))
            index.operands.append(part)
        case Array() | View():
            _add_array(p, index, p.read(part), content)
        case _:
            message = f"only integers, slices, '...', None and integer arrays are valid indices, not {p.describe(part)}"
            p.refuse(LocatedIndexError, message)


def _constant_part(p: Parser, found: Any) -> Abstract:
    return Known(None) if found is None else p.constant(int(found))


def _add_array(p: Parser, index: Index, value: Value, content: Value) -> None:
    if value.type.dtype == "bool" and value.type.shape:
        require_mask_fits(p, content, value, sum(entry[0] != "new" for entry in index.entries))
        found = positions(p, value)
        index.entries += [("array",)] * len(found)
        index.operands += found
        return
    if not value.type.is_integer:
        message = f"arrays used as indices must be of integer type, not {value.type.dtype}"
        p.refuse(LocatedIndexError, message, "convert with .astype(int)")
    index.entries.append(("array",) if value.type.shape else ("int",))
    index.operands.append(value)


def _slice_part(p: Parser, index: Index, item: Abstract) -> int | str | None:
    if is_none(item):
        return None
    value = p.value(item) if isinstance(item, Value | Array | View) else None
    if value is None or value.type.shape or not value.type.is_integer:
        p.refuse(LocatedTypeError, f"slice indices must be integers or None, not {p.describe(item)}")
    known = p.build.constant_of(value)
    if known is not None:
        return int(known)
    index.operands.append(value)
    return "in"
