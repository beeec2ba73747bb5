"""Lists that a trip makes anew, with another length: their columns are arrays whose sizes change from trip to trip."""

from __future__ import annotations

from typing import Any

from symdiff.frontend.abstract import ListObject
from symdiff.frontend.core import Parser
from symdiff.frontend.growing import form_of_all, join_forms, reserve, trim, with_form
from symdiff.frontend.joined_types import Conflict
from symdiff.frontend.rows import Form, Restart, Rows
from symdiff.ir.graph import Value

__all__ = ["Rebuilt", "as_rows", "enter_rebuilt", "leave_rebuilt", "rebuilt_after"]


class Rebuilt(Exception):
    """A list was taken for one that grows, where its length is counted, but a trip makes another one."""

    def __init__(self, name: str, content: Any) -> None:
        super().__init__()
        self.name, self.content = name, content


def as_rows(p: Parser, content: Any, form: Form) -> Rows:
    """The content in columns that are as long as it."""
    if isinstance(content, Rows):
        return trim(p, with_form(p, content, form))
    return reserve(p, content, form, len(content))


def enter_rebuilt(p: Parser, head: Any, content: Any, key: tuple[Any, ...], form: Form) -> Rows:
    """The content at the start of a trip."""
    columns: tuple[Value, ...] = head.columns(as_rows(p, content, form).columns, key)
    return Rows(form, columns, columns[0].type.shape[0], base=key)


def leave_rebuilt(p: Parser, head: Any, at_head: Rows, content: Any, key: tuple[Any, ...]) -> None:
    """Note what a trip leaves.

    Raises
    ------
    Restart
        Where there are items of another form.
    Conflict
        Where there are items that cannot lie in arrays.
    """
    have = at_head.form
    form = form_of_all(p, content, have) if isinstance(content, tuple) else join_forms(have, content.form)
    if form is None or not form.leaves:
        raise Conflict
    if form != at_head.form:
        head.shape.lists[key] = form
        raise Restart
    head.leave_items(at_head.columns, as_rows(p, content, form).columns, key)


def rebuilt_after(columns: tuple[Value, ...], form: Form) -> ListObject:
    """The list after the loop."""
    return ListObject(Rows(form, columns, columns[0].type.shape[0]))
