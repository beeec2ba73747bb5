"""What a name can stand for while a function is parsed.

A scalar is a `Value` of the graph: it never changes. Arrays, lists and dicts are objects that several names can share,
so they have an identity here and their content is kept in `memory.py`. Everything else (modules, functions, None,
strings) is `Known`.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from symdiff.errors import Location
from symdiff.frontend.program import Path
from symdiff.ir.build import Builder
from symdiff.ir.graph import Value

__all__ = [
    "Abstract",
    "Array",
    "BoundMethod",
    "Cell",
    "Checkpointed",
    "Closure",
    "Complex",
    "Counted",
    "Deferred",
    "DictObject",
    "Flat",
    "Generated",
    "Instance",
    "Known",
    "ListObject",
    "Marker",
    "Maybe",
    "Optional",
    "PartialCall",
    "RandomSource",
    "Range",
    "Record",
    "Sequence",
    "Slice",
    "SuperOf",
    "Tuple",
    "View",
    "Zipped",
    "is_given",
    "is_none",
    "now",
    "root",
]

# Any: the union of the classes below and Value, looked at with isinstance and match
Abstract = Any

_serial = itertools.count()


def now() -> int:
    """A number larger than that of every object made so far."""
    return next(_serial)


class Array:
    """An array object: all names bound to it see what is stored into it.

    Attributes
    ----------
    initial : Value
        Its content until something is stored.
    shares : set of Array
        Arrays that may overlap it in memory, without our knowing whether and where.
    origin : str
        ``""``, ``argument`` or ``captured``.
    contiguous : bool
        Whether its elements surely lie in C order, so that ``reshape`` gives a view.
    """

    __slots__ = ("contiguous", "initial", "origin", "serial", "shares", "where")

    def __init__(
        self, initial: Value, *, origin: str = "", contiguous: bool = False, where: Location | None = None
    ) -> None:
        self.initial = initial
        self.origin = origin
        self.contiguous = contiguous
        self.where = where
        self.shares: set[Array] = set()
        self.serial = now()

    def may_share(self, other: Array) -> None:
        """Note that the two may overlap."""
        if other is not self:
            self.shares.add(other)
            other.shares.add(self)

    def may_share_all(self, other: Array) -> None:
        """Note that it may overlap another, and all that the other may overlap."""
        for found in (other, *other.shares):
            self.may_share(found)


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """Part of another array: its content is computed from the other's whenever it is read.

    Attributes
    ----------
    base : Array or View
    read : callable
        ``read(build, content of the base)`` gives the content of the view.
    write : callable or None
        ``write(build, content of the base, new content of the view)`` gives the new content of the base.
    refusal : str
        Why it cannot be written.
    parts : tuple or None
        For views by basic index: the operands and entries, so that an index of the view is one index of the base.
    """

    base: Any
    read: Callable[[Builder, Value], Value]
    write: Callable[[Builder, Value, Value], Value] | None
    refusal: str = ""
    parts: Any = None
    serial: int = field(default_factory=now)


@dataclass(frozen=True, eq=False, slots=True)
class Flat(View):
    """``a.flat``: what is stored goes into the array, what is read is a copy."""


def root(array: Array | View) -> Array:
    """The array object that owns the memory."""
    while isinstance(array, View):
        array = array.base
    return array


@dataclass(frozen=True, eq=False, slots=True)
class Complex:
    """A complex number or array: two real ones of one shape, dtype and kind.

    The parts of an array are objects of their own, so that stores and views act on both, and ``z.real`` is a view.
    """

    re: Any
    im: Any


@dataclass(frozen=True, eq=False, slots=True)
class Tuple:
    """A tuple; a named one has its class, and what ``values()`` or ``items()`` gave has the dict that it looks into."""

    items: tuple[Abstract, ...]
    cls: type | None = None
    view: DictObject | None = None
    pairs: bool = False


class ListObject:
    """A list; its content is kept in memory under this object: a tuple of its items, or `growing.Rows`."""

    __slots__ = ("initial", "outside", "serial")

    def __init__(self, items: Any, *, outside: bool = False) -> None:
        self.initial = items
        self.outside = outside
        self.serial = now()


class DictObject:
    """A dict with keys that are known; its items are kept in memory under this object.

    A `collections.defaultdict` has a factory, which is called for a key that is missing.
    """

    __slots__ = ("factory", "initial", "outside", "serial")

    def __init__(
        self, items: dict[Any, Abstract], *, outside: bool = False, factory: Abstract | None = None
    ) -> None:
        self.initial = items
        self.factory = factory
        self.outside = outside
        self.serial = now()


class Cell(DictObject):
    """A variable that a function inside assigns through ``nonlocal``: its value is kept in memory under its name."""

    __slots__ = ()


class Instance:
    """An object of a user's class made in the function; its attributes are kept in memory under this object."""

    __slots__ = ("cls", "initial", "serial")

    def __init__(self, cls: type, fields: dict[str, Abstract]) -> None:
        self.cls = cls
        self.initial = fields
        self.serial = now()


@dataclass(frozen=True, eq=False, slots=True)
class Record:
    """An object whose attributes are values: a dataclass, or an instance passed as argument."""

    cls: type
    fields: dict[str, Abstract]


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """An object of Python's that is known while parsing, and how it was reached (None: it cannot change)."""

    object: Any
    path: Path | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Deferred:
    """What only Python can make, when the program runs, and what only effects use: text with numbers, an exception.

    Attributes
    ----------
    tree : ast.expr
        The expression; names stand for values and objects.
    values : dict
        The values it reads.
    objects : dict
        The classes, functions and modules it names.
    what : str
        What it is, for messages.
    cls : type or None
        Of an exception.
    """

    tree: ast.expr
    values: dict[str, Value]
    objects: dict[str, Any]
    what: str = "a text"
    cls: type | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Slice:
    """``start:stop:step`` in a subscript."""

    start: Abstract
    stop: Abstract
    step: Abstract


@dataclass(frozen=True, eq=False, slots=True)
class Closure:
    """A function defined inside the function being parsed."""

    node: ast.FunctionDef | ast.Lambda
    frame: Any
    defaults: tuple[Abstract, ...]
    keyword_defaults: dict[str, Abstract]


@dataclass(frozen=True, eq=False, slots=True)
class BoundMethod:
    """A method of an array, list, dict or record, or a Python function with its ``self``."""

    function: Any
    owner: Abstract


@dataclass(frozen=True, eq=False, slots=True)
class SuperOf:
    """``super()``: an object whose methods are looked up behind a class of its own."""

    cls: type
    owner: Instance | Record | Known


@dataclass(frozen=True, eq=False, slots=True)
class PartialCall:
    """A functools.partial made inside the function."""

    function: Abstract
    args: tuple[Abstract, ...]
    kwargs: dict[str, Abstract]


class RandomSource:
    """What the methods of random generators are registered for; a generator itself is a `Value`."""


@dataclass(frozen=True, eq=False, slots=True)
class Range:
    """``range(start, stop, step)`` of run-time integers."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True, eq=False, slots=True)
class Checkpointed:
    """``sd.checkpointed(items)``: what a loop runs over whose reverse keeps the history of a segment at a time."""

    items: Abstract


@dataclass(frozen=True, eq=False, slots=True)
class Counted:
    """``enumerate(items, start)``."""

    items: Abstract
    start: Value


@dataclass(frozen=True, eq=False, slots=True)
class Zipped:
    """``zip(...)``."""

    items: tuple[Abstract, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Sequence:
    """``reversed(...)`` of something with run-time length."""

    items: Abstract


@dataclass(frozen=True, eq=False, slots=True)
class Maybe:
    """A name that has a value on some paths only.

    Attributes
    ----------
    bound : Value
        Whether it has one.
    item : Abstract
        The value; anything of its type where there is none.
    marker : Marker
        Says on which path it has none.
    """

    bound: Value
    item: Abstract
    marker: Marker


@dataclass(frozen=True, eq=False, slots=True)
class Optional:
    """What is None on some paths.

    Attributes
    ----------
    none : Value
        Whether it is None.
    item : Abstract
        What it is otherwise, never None; anything of its type where it is None.
    """

    none: Value
    item: Abstract


@dataclass(eq=False, slots=True)
class Generated:
    """A generator expression, whose items are not computed yet.

    Attributes
    ----------
    node : ast.GeneratorExp
    frame : Frame
        Where it was made.
    first : Abstract
        What its first ``for`` runs over.
    made : ListObject or None
        Its items, once all of them were asked for.
    used : bool
        Whether it was run.
    """

    node: ast.GeneratorExp
    frame: Any
    first: Abstract
    made: ListObject | None = None
    used: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Marker:
    """Stands for a value that cannot be read: unbound on some path, or of two types. Reading it raises."""

    error: type[Exception]
    message: str
    hint: str = ""
    retry: type[Exception] | None = None  # raised instead, where parsing in another way may help


def is_none(item: Abstract) -> bool:
    """Whether it is None, which is known while parsing."""
    return isinstance(item, Known) and item.object is None


def is_given(item: Abstract | None) -> bool:
    """Whether an argument was passed, and not as None."""
    return item is not None and not is_none(item)
