"""Lists of run-time length as a loop carries them: their columns, and their length where it varies by the trip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from symdiff.frontend.core import Parser
from symdiff.frontend.joined_types import Conflict
from symdiff.frontend.rows import Form, Growth, Restart, Rows
from symdiff.frontend.scope import Scope
from symdiff.ir.graph import Dim

__all__ = ["Growing", "enter_rows", "leave_rows"]


@dataclass
class Growing:
    """What is assumed of a list that grows in a loop.

    Attributes
    ----------
    before : tuple or Rows
        Its content before the loop.
    form : Form
        Of its items, also of those that the loop adds.
    growth : Growth
        What a trip adds.
    own : bool
        Whether the room is made for this loop, and not by a loop around it.
    indexed : bool
        Whether the trips are those of a range.
    start : Rows or None
        The content with that room.
    """

    before: Any
    form: Form
    growth: Growth
    own: bool
    indexed: bool
    start: Rows | None = None

    @property
    def exact(self) -> bool:
        """Whether the length in a trip follows from the index."""
        return self.indexed and self.growth.exact


def enter_rows(p: Parser, head: Any, rows: Rows, key: tuple[Any, ...], found: Growing | None) -> Rows:
    """The content at the start of a trip; its length is carried where it does not follow from the index."""
    if found is not None and found.start is not None:
        rows = found.start
    several = len(rows.columns)
    columns = tuple(head.enter(column, head.part_of(key, i, several)) for i, column in enumerate(rows.columns))
    count = rows.count
    if found is not None and not found.exact:
        count = head.enter(p.build.size(count), (*key, "count"))
    return replace(rows, columns=columns, count=count, growth=Growth(), base=key)


def leave_rows(p: Parser, head: Any, at_head: Rows, content: Any, key: tuple[Any, ...], found: Growing | None) -> None:
    """Compare the content at the end of a trip with what was assumed.

    Raises
    ------
    Restart
        Where a trip adds more, or other items.
    Conflict
        Where it is no list that grows.
    """
    if not isinstance(content, Rows):
        raise Conflict
    if found is None:
        grown = content.base != at_head.base or content.growth != Growth()
        other = at_head.room or content.room or not _is_same(content.count, at_head.count)
        if content.form != at_head.form or (grown and other):
            raise Conflict
    else:
        if content.base != at_head.base:
            raise Conflict
        outer = p.build.parent
        assert outer is not None
        growth = Growth(*(_outside(p, outer, dim) for dim in _dims(content.growth)))
        if content.form != found.form or not _same(growth, found.growth):
            found.form, found.growth = content.form, growth
            raise Restart
        if not found.exact:
            head.leave(at_head.count, p.build.size(content.count), (*key, "count"))
    head.leave_items(at_head.columns, content.columns, key)


def _dims(growth: Growth) -> tuple[Dim | None, ...]:
    return growth.low, growth.high, growth.peak


def _same(a: Growth, b: Growth) -> bool:
    pairs = zip(_dims(a), _dims(b), strict=True)
    return all(_is_same(x, y) for x, y in pairs)


def _is_same(a: Dim | None, b: Dim | None) -> bool:
    return a is b or (isinstance(a, int) and isinstance(b, int) and a == b)


def _outside(p: Parser, outer: Scope, dim: Dim | None) -> Dim | None:
    """A number of items as it is known before the loop; None where it is not."""
    if dim is None or isinstance(dim, int):
        return dim
    found = p.build.hoist(dim)
    return found if outer.sees(found) else None
