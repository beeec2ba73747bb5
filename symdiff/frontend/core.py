"""The parser: its state, and what all handlers use of it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import Any, NoReturn

import numpy as np

from symdiff.errors import LocatedTypeError, UnsupportedSyntaxError, located
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    BoundMethod,
    Closure,
    Complex,
    Deferred,
    DictObject,
    Instance,
    Known,
    ListObject,
    Marker,
    Maybe,
    Optional,
    PartialCall,
    Range,
    Record,
    Tuple,
    View,
)
from symdiff.frontend.cycles import Cycles
from symdiff.frontend.facts import decide
from symdiff.frontend.frames import Frame
from symdiff.frontend.jumps import is_hidden
from symdiff.frontend.memory import Memory
from symdiff.frontend.program import StaticNeeded
from symdiff.frontend.resolve import Resolver
from symdiff.frontend.scope import Scope
from symdiff.frontend.signals import Diverged, StaticCapture, Unknown, Unroll
from symdiff.frontend.tables import EXPRESSIONS
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.primitive import REGISTRY, Primitive

__all__ = ["NOT_NONE", "REAL_PARTS", "Parser"]

UNROLL_LIMIT = 256
LONGEST_TAKEN_APART = 4096
NOT_NONE = "ask whether it is None first"
REAL_PARTS = "take .real, .imag or abs(...) of it"


class Parser:
    """Walks the syntax tree of a function and builds its graph."""

    def __init__(self, build: Scope, resolver: Resolver, arguments: Mapping[Value, int], hook: Any) -> None:
        self.build = build
        self.resolver = resolver
        self.memory = Memory(lambda: self.build.where)
        self.hook = hook
        self.frame: Frame
        self.frames: list[Frame] = []
        self.trials = 0  # how many runs around are made for the lengths of lists alone: they show nothing
        self.prepared: dict[Any, Any] = {}
        self.codes: dict[CodeType, None] = {}
        self.facts: list[tuple[Value, bool]] = []  # the conditions of the branches around
        self.argument_of = arguments  # position of a leaf of the arguments, by its value
        self.rules: dict[Any, Any] = {}  # rules that users give, by function and types of arguments
        self.spoken: dict[str, Any] = {}  # names of objects in statements that Python runs
        self.modes: dict[str, Any] = {}  # of libraries over the same graph, as contexts set them
        self.ignoring = ""  # whether a context catches warnings, and whether they are ignored
        self.quiet = 0  # which effects have had their time already: see `trying.py`
        self.handling: list[tuple[Frame, Callable[[], None]]] = []  # how to raise again what an `except` clause caught
        self.cycles = Cycles()  # functions whose recursion is a loop
        self.recursions: dict[Frame, Any] = {}  # the pieces of such loops around
        self.expecting: Any = None  # the loop that the next call goes on with, if it leads there
        self.rooms: dict[Value, Dim] = {}  # of sizes that change from trip to trip: the largest they can be
        self.indices: dict[Value, int] = {}  # number of trips of loops that can be unrolled, by their index
        self.taken_apart = 1  # how often a statement of the loops around is parsed that are parsed trip by trip
        self.bounds_of: dict[Value, tuple[Value, ...]] = {}  # where loops start and stop, by their index

    # -- places and errors ---------------------------------------------------------------------------------------------

    def at(self, node: ast.AST) -> None:
        """What is built from here on stands at this place of the source."""
        if not self.frame.hidden:
            self.build.where = self.frame.source.location(node)

    def refuse(self, kind: type[Exception], message: str, hint: str = "") -> NoReturn:
        """Raise a located error about the piece of syntax being parsed."""
        raise located(kind, message, self.build.where, hint)

    def unsupported(self, message: str, hint: str = "") -> NoReturn:
        """Refuse what is not in the language."""
        self.refuse(UnsupportedSyntaxError, message, hint)

    # -- syntax --------------------------------------------------------------------------------------------------------

    def evaluate(self, node: ast.expr) -> Abstract:
        """The abstract value of an expression; its nodes are appended."""
        self.at(node)
        handler = EXPRESSIONS.get(type(node))
        if handler is None:
            self.unsupported(f"this expression ({type(node).__name__}) is not supported")
        found = handler(self, node)
        return self.settled(found) if isinstance(found, Optional) else found

    def follows(self, condition: Value) -> bool | None:
        """What a truth value must be where this stands; None if it may be either."""
        return decide(self.build.definitions, [*self.facts, *self.build.assumptions()], condition)

    def settled(self, item: Optional) -> Abstract:
        """What may be None: None, or what it is otherwise, where it is known which."""
        none = self.follows(item.none)
        return item if none is None else Known(None) if none else item.item

    def evaluate_all(self, nodes: Sequence[ast.expr]) -> list[Abstract]:
        """Values of expressions in order, ``*items`` spliced in."""
        values: list[Abstract] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                values.extend(self.items(self.evaluate(node.value)))
            else:
                values.append(self.evaluate(node))
        return values

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, array: Array | View) -> Value:
        """Present content of an array."""
        return self.memory.read(self.build, array)

    def value(self, item: Abstract) -> Value:
        """A number or the content of an array, as an operand."""
        if isinstance(item, Value):
            return item
        if isinstance(item, Array | View):
            return self.read(item)
        if isinstance(item, Complex):
            self.refuse(LocatedTypeError, f"{self.describe(item)} cannot be used as a real one here", REAL_PARTS)
        if isinstance(item, Optional):
            self.unsupported(f"{self.describe(item)} cannot be used as a number here", NOT_NONE)
        self.refuse(LocatedTypeError, f"{self.describe(item)} cannot be used as a number")

    def wrap(self, value: Value, *, contiguous: bool = True) -> Abstract:
        """A result: arrays become new array objects."""
        if value.type.is_array:
            return Array(value, contiguous=contiguous, where=self.build.where)
        return value

    def type_of(self, item: Abstract) -> Type | None:
        """Type of a number or array; None for everything else."""
        if isinstance(item, Value | Array | View):
            return self.value(item).type
        return None

    def describe(self, item: Abstract) -> str:
        """What a value is, for a message."""
        match item:
            case Value() | Array() | View():
                type_ = self.value(item).type
                return f"an array of {type_.rank} dimensions" if type_.is_array else f"a number ({type_.dtype})"
            case Optional():
                return f"{self.describe(item.item)} or None"
            case Complex(re=Value()):
                return "a complex number"
            case Complex():
                return "a complex array"
            case Known(object=None):
                return "None"
            case Known(object=found):
                name = getattr(found, "__name__", None)
                return f"{name!r}" if name else f"an object of type {type(found).__name__!r}"
            case Tuple():
                return "a tuple"
            case ListObject():
                return "a list"
            case DictObject():
                return "a dict"
            case Record(cls=cls) | Instance(cls=cls):
                return f"an object of class {cls.__name__!r}"
            case Closure() | PartialCall() | BoundMethod():
                return "a function"
            case Range():
                return "a range"
            case Deferred():
                return item.what
        return f"a {type(item).__name__.lower()}"

    # -- numbers known while parsing -----------------------------------------------------------------------------------

    def known(self, item: Abstract) -> Any:
        """The Python object a value is known to be; raises `Unknown` if it is run-time data."""
        match item:
            case Value():
                found = self.build.constant_of(item)
                if found is None:
                    raise Unknown(item)
                return found
            case Known(object=tuple() | list() | dict()):
                return self.known(self.resolver.materialise(self.build, item))
            case Known():
                return item.object
            case Complex():
                return complex(self.known(item.re), self.known(item.im))
            case Tuple():
                return tuple(self.known(i) for i in item.items)
            case ListObject():
                return [self.known(i) for i in self.memory.content(item)]
        raise Unknown(item)

    def static(self, item: Abstract, what: str) -> Any:
        """As `known`; run-time ints make the function be parsed again with them as constants."""
        try:
            return self.known(item)
        except Unknown as unknown:
            found = unknown.item
        if isinstance(found, Value) and not found.type.is_float:
            self.ask_for(found)
        self.unsupported(f"{what} must be known before the function runs", "use a literal, or pass it as an argument")

    def count(self, length: Value, message: str, hint: str) -> int:
        """How many items there are, where they are taken apart; sizes of arguments are asked for, then refused."""
        known = self.build.constant_of(length)
        if known is None:
            self.ask_for(length)
        if known is None or known > LONGEST_TAKEN_APART:
            self.unsupported(message, hint)
        return int(known)

    def ask_for(self, value: Value) -> None:
        """Ask for what the value follows from to be known.

        That may be a captured int, an argument or its size, or the index of a short loop. Returns if it is none.
        """
        captured = {c.value: c.path for c in self.resolver.captured.values()}
        sizes = {dim: leaf for param, leaf in self.argument_of.items() for dim in param.type.shape}
        stack, seen = [value], {value}
        while stack:
            found = stack.pop()
            if found.type.is_float or found.type.is_array:
                continue
            if self.indices.get(found, UNROLL_LIMIT + 1) <= UNROLL_LIMIT:
                raise Unroll(found)
            if found in captured:
                raise StaticCapture(captured[found])
            if found in self.argument_of:
                raise StaticNeeded(self.argument_of[found], self.build.where)
            if found in sizes:
                raise StaticNeeded(sizes[found], self.build.where, size=True)
            node = self.build.definitions.get(found)
            before = self.bounds_of.get(found, node.inputs if node is not None and not node.blocks else ())
            for operand in before:
                if operand not in seen:
                    seen.add(operand)
                    stack.append(operand)

    def decided(self, condition: Value) -> bool | None:
        """Whether a condition is known while parsing, and how it comes out."""
        found = self.build.constant_of(condition)
        return None if found is None else bool(found)

    def dim(self, item: Abstract, what: str = "a length") -> Dim:
        """A size given by the user: an int, or an integer value."""
        value = self.value(item) if isinstance(item, Value | Array | View) else None
        if value is None or value.type.is_array or not (value.type.is_integer or value.type.dtype == "bool"):
            self.refuse(LocatedTypeError, f"{what} must be an int, not {self.describe(item)}")
        if value.type.kind != "python" and self.build.constant_of(value) is None:
            value = self.emit("convert", value, dtype="int64", kind="python")
        return self.build.hoist(self.build.dim(value))

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def constant(self, value: object) -> Value:
        """A literal."""
        return self.build.constant(value)

    def emit(self, row: str | Primitive, *operands: Value, kind: str | None = None, **attrs: Any) -> Value:
        """Append a node; ``kind`` is given only where the spelling decides and the operands do not say it."""
        primitive = row if isinstance(row, Primitive) else REGISTRY.get(row)
        if primitive is None:
            self.unsupported(f"{row!r} is not supported yet")
        if kind is not None:
            usual = "python" if operands and all(v.type.kind == "python" for v in operands) else "numpy"
            if kind != usual or primitive.name == "convert":
                attrs["kind"] = kind
        return self.build.add(primitive, *operands, **attrs)

    # -- what other files do; `parse.FunctionParser` leads there -------------------------------------------------------

    def items(self, item: Abstract) -> tuple[Abstract, ...]:
        """The items of something whose length is known while parsing."""
        raise NotImplementedError

    def truth(self, item: Abstract) -> Value:
        """``bool(item)``, as a condition."""
        raise NotImplementedError

    def condition(self, node: ast.expr) -> Value:
        """The truth of an expression; ``and``, ``or`` and ``not`` evaluate no more than Python does."""
        raise NotImplementedError

    def call(self, function: Abstract, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Abstract:
        """The result of a call."""
        raise NotImplementedError

    def parts_of_call(self, node: ast.Call) -> tuple[Abstract, list[Abstract], dict[str, Abstract]]:
        """What is called, and the arguments by position and by name."""
        raise NotImplementedError

    def assign(self, target: ast.expr, item: Abstract) -> None:
        """Bind a target."""
        raise NotImplementedError

    def block(self, statements: Sequence[ast.stmt]) -> Abstract | None:
        """Execute statements; what is returned, or None where the path goes on."""
        raise NotImplementedError

    def attribute(self, owner: Abstract, name: str) -> Abstract:
        """``owner.name``."""
        raise NotImplementedError

    def subscript(self, owner: Abstract, key: Abstract) -> Abstract:
        """``owner[key]``."""
        raise NotImplementedError

    def require_bound(self, name: str, bound: Value) -> None:
        """Raise what Python raises where a name has no value."""
        raise NotImplementedError

    @contextmanager
    def inside(self, build: Scope) -> Iterator[None]:
        """Append to another block meanwhile."""
        before, self.build = self.build, build
        try:
            yield
        finally:
            self.build = before

    # -- names ---------------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Abstract:
        """What a name stands for here."""
        frame: Frame | None = self.frame
        while frame is not None:
            if name in frame.local:
                cell = frame.cells.get(name)
                found = frame.names.get(name) if cell is None else self.memory.content(cell).get(name)
                if is_hidden(name) and (found is None or (isinstance(found, Marker) and found.retry is None)):
                    self._refuse_lost(frame, name)
                if found is None and self.facts:
                    # only some paths lead here
                    self.require_bound(name, self.constant(False))
                if found is None:
                    message = f"local variable {name!r} is read before it is assigned"
                    self.refuse(UnboundLocalError, message, f"assign {name!r} before this line")
                if isinstance(found, Maybe):
                    return found.item if is_hidden(name) else self._certain(frame, name, found)
                return self.checked(found)
            if frame.parent is None or name in frame.outside:
                return self.resolver.name(self.build, frame, name)
            frame = frame.parent
        raise AssertionError(name)

    def _refuse_lost(self, frame: Frame, name: str) -> NoReturn:
        """What was to be returned has no value after the loop: no path returns, or it could not be kept."""
        if name not in frame.reached:
            raise Diverged
        message = "what a loop returns here has no place that it can be kept in until the loop ends"
        self.unsupported(message, "return numbers, arrays, or containers of them")

    def checked(self, found: Abstract) -> Abstract:
        """The value itself, unless it is one that cannot be read."""
        if isinstance(found, Marker):
            if found.retry is not None:
                raise found.retry
            self.refuse(found.error, found.message, found.hint)
        return found

    def _certain(self, frame: Frame, name: str, found: Maybe) -> Abstract:
        """The value of a name that may have none: it is asked when the program runs, once on every path."""
        decided = self.follows(found.bound)
        if found.marker.retry is not None and decided is not True:
            raise found.marker.retry
        if decided is False and not self.facts:
            self.checked(found.marker)
        if decided is not True:
            self.require_bound(name, found.bound)
        if frame.cells.get(name) is None:
            frame.names[name] = found.item
        return found.item


def is_array_like(item: Abstract) -> bool:
    """Whether NumPy's rules hold: an array, or a NumPy scalar."""
    if isinstance(item, Complex):
        item = item.re
    return isinstance(item, Array | View) or (isinstance(item, Value) and item.type.kind != "python")


def as_dtype(found: Any) -> np.dtype[Any] | None:
    """A dtype given as an object of Python's, or None."""
    try:
        return np.dtype(found)
    except TypeError:
        return None
