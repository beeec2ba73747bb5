"""What is known of a list of run-time length: the form of its items, the arrays they lie in, and how it grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symdiff.frontend.abstract import Known, ListObject
from symdiff.ir.graph import Dim, Type, Value

__all__ = ["Form", "Grows", "Growth", "NeedsItems", "Restart", "Rows"]


class Restart(Exception):
    """What was assumed of a carried value does not hold: the body is parsed again."""


class Grows(Exception):
    """A list turns out to be of run-time length inside a loop."""

    def __init__(self, cell: ListObject, content: Any) -> None:
        super().__init__()
        self.cell, self.content = cell, content


class NeedsItems(Exception):
    """The items of a list are asked for where only their number is computed."""


@dataclass(frozen=True)
class Form:
    """What the items of a list have in common.

    Attributes
    ----------
    kind : str
        ``number``, ``array``, ``tuple``, ``list``, ``record``, ``known``, or ``rows``: lists of one length that only a
        run tells.
    type : Type or None
        Of numbers and arrays.
    cls : type or None
        Of named tuples and records.
    names : tuple of str
        Attributes of a record.
    parts : tuple of Form
        Of tuples, lists and records.
    known : Known or None
        The object itself, the same in all items.
    length : Dim or None
        Of ``rows``.
    """

    kind: str
    type: Type | None = None
    cls: Any = None
    names: tuple[str, ...] = ()
    parts: tuple[Form, ...] = ()
    known: Known | None = None
    length: Dim | None = None

    @property
    def leaves(self) -> tuple[Type, ...]:
        """Types of the numbers and arrays an item consists of."""
        if self.type is not None:
            return (self.type,)
        below = tuple(leaf for part in self.parts for leaf in part.leaves)
        if self.length is None:
            return below
        return tuple(Type(leaf.dtype, (self.length, *leaf.shape), "numpy") for leaf in below)


@dataclass(frozen=True)
class Growth:
    """By how many items a list grew since the start of a trip: at least, at most, and at most at any time.

    None stands for a number that is not known outside the loop.
    """

    low: Dim | None = 0
    high: Dim | None = 0
    peak: Dim | None = 0

    @property
    def exact(self) -> bool:
        return self.low is not None and (self.low is self.high or (isinstance(self.low, int) and self.low == self.high))


@dataclass(frozen=True, eq=False)
class Rows:
    """Content of a list of run-time length.

    Attributes
    ----------
    form : Form
        What an item is.
    columns : tuple of Value
        One array for each leaf of the form, with a row an item.
    count : Dim
        How many rows are items.
    growth : Growth
        Since the start of the trip of the loop around.
    room : bool
        Whether a loop made the columns long enough for what it appends; else they are as long as the list.
    counting : bool
        Whether only the number of items is computed; there are no columns then.
    base : object
        The list at the start of the trip that ``growth`` is counted from.
    """

    form: Form
    columns: tuple[Value, ...]
    count: Dim
    growth: Growth = Growth()
    room: bool = False
    counting: bool = False
    base: Any = None
