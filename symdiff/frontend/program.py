"""What parsing takes and gives: arguments, the graph, and what of the surroundings the graph depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from symdiff.errors import Location
from symdiff.frontend.structure import LEAF, Static, Structure, as_rows
from symdiff.ir.graph import Function, Type, Value

__all__ = ["FUNCTION", "MISSING", "Argument", "Captured", "Guard", "Path", "Program", "Written"]


class _Sentinel:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


FUNCTION = _Sentinel("FUNCTION")  # the root of paths: the function that is called, whichever of its equals it is
MISSING = _Sentinel("MISSING")


@dataclass(frozen=True)
class Argument:
    """One parameter of the function and what is passed for it.

    Attributes
    ----------
    name : str
        The parameter's name; ``*args`` is a tuple, ``**kwargs`` a dict.
    structure : Structure
        How the leaves form the argument.
    leaves : tuple of Value or Static
        Parameters of the graph, and what is known while parsing. One array passed twice is one value.
    """

    name: str
    structure: Structure = LEAF
    leaves: tuple[Value | Static, ...] = ()


@dataclass(frozen=True)
class Path:
    """How to find an object again at each call: a root and steps.

    Steps are ``("closure", name)``, ``("global", name)``, ``("attr", name)`` and ``("item", key)``. With the root
    `FUNCTION` the path starts at the function that is called, so a fresh lambda reads its own closure.
    """

    root: Any
    steps: tuple[tuple[str, Any], ...] = ()

    def __hash__(self) -> int:
        return hash((id(self.root), self.steps))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and self.root is other.root and self.steps == other.steps

    def then(self, how: str, key: Any) -> Path:
        """The path one step further."""
        return Path(self.root, (*self.steps, (how, key)))

    def container(self, function: Any) -> tuple[Any, str, Any]:
        """Where the object stands: ``(container, "item" | "attr", key)``, ready to be looked up again and again."""
        *before, (how, key) = self.steps
        holder = Path(self.root, tuple(before)).read(function)
        if how == "closure":
            return _cells(holder)[key], "attr", "cell_contents"
        if how == "global":
            return plain_function(holder).__globals__, "item", key
        return holder, how, key

    def read(self, function: Any) -> Any:
        """The object that is there now; `MISSING` if none is."""
        if not self.steps:
            return function if self.root is FUNCTION else self.root
        try:
            container, how, key = self.container(function)
            return container[key] if how == "item" else getattr(container, key)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            return MISSING

    def __str__(self) -> str:
        text = "" if self.root is FUNCTION else getattr(self.root, "__name__", type(self.root).__name__)
        for how, key in self.steps:
            text += f"[{key!r}]" if how == "item" else f".{key}" if text else str(key)
        return text or "the function"


def plain_function(function: Any) -> Any:
    """The Python function behind methods, partials and wrappers that keep it in ``__wrapped__``."""
    while not hasattr(function, "__globals__"):
        for name in ("__func__", "__wrapped__", "func", "fget"):
            if hasattr(function, name):
                function = getattr(function, name)
                break
        else:
            return type(function).__call__
    return function


def _cells(function: Any) -> dict[str, Any]:
    function = plain_function(function)
    return dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))


@dataclass(frozen=True)
class Captured:
    """A number or array outside the function, read at each call: a parameter of the graph after the arguments."""

    path: Path
    value: Value

    @property
    def type(self) -> Type:
        return self.value.type

    def read(self, function: Any) -> Any:
        """What to pass for it now."""
        found = self.path.read(function)
        rows = as_rows(found) if type(found) is list else None
        return found if rows is None else rows


@dataclass(frozen=True)
class Guard:
    """What must be as it was while parsing, or the graph is not the function's any more.

    ``by`` says how to compare: ``is``, ``equal``, ``code`` (functions with the same code), ``type``, ``len``, ``keys``,
    or ``by``, where what is expected is asked itself.
    """

    path: Path
    expected: Any
    by: str = "is"

    def __hash__(self) -> int:
        return hash((self.path, self.by))

    def holds(self, function: Any) -> bool:
        """Whether the graph still fits."""
        found = self.path.read(function)
        return bool(COMPARE[self.by](found, self.expected))


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "is": lambda found, expected: found is expected,
    "equal": lambda found, expected: type(found) is type(expected) and bool(np.all(found == expected)),
    "code": lambda found, expected: getattr(found, "__code__", None) is expected,
    "type": lambda found, expected: type(found) is expected,
    "len": lambda found, expected: hasattr(found, "__len__") and len(found) == expected,
    "keys": lambda found, expected: isinstance(found, dict) and tuple(found) == expected,
    "by": lambda found, expected: expected(found),
}


@dataclass(frozen=True)
class Written:
    """An argument stored into: its leaf (counted over all arguments) and the position of the result to copy back."""

    leaf: int
    result: int
    where: Location | None = None


@dataclass(frozen=True)
class Program:
    """A parsed function.

    Attributes
    ----------
    graph : Function
        Parameters: the values among the leaves of the arguments in order, each once, then one a captured object.
        Results: the values among the leaves of what is returned, then the new contents of the arguments written to.
    result : Structure
        How the leaves of the result form what Python gets.
    result_leaves : tuple of int or Static
        Per leaf: the position among the graph's results, or an object known while parsing.
    captured : tuple of Captured
        What to pass after the arguments.
    guards : tuple of Guard
        What the graph relies on.
    codes : tuple of code
        The function and every helper it was inlined from.
    written : tuple of Written
        Arguments stored into, for a plain call to copy back.
    same : tuple of (int, int)
        Positions of result leaves that *are* an argument leaf (the same array object).
    seeded : tuple of int
        Of a pullback: the leaves of the function's result that the last parameters are cotangents of.
    seeded_as : Structure
        Of a pullback: how the function's result is made of its leaves.
    """

    graph: Function
    result: Structure
    result_leaves: tuple[int | Static, ...]
    captured: tuple[Captured, ...]
    guards: tuple[Guard, ...]
    codes: tuple[CodeType, ...]
    written: tuple[Written, ...] = ()
    same: tuple[tuple[int, int], ...] = ()
    seeded: tuple[int, ...] = ()
    seeded_as: Structure = LEAF

    def unflatten_leaves(self, results: Sequence[Any]) -> list[Any]:
        """The leaves of the result, given the graph's results."""
        return [leaf.object if isinstance(leaf, Static) else results[leaf] for leaf in self.result_leaves]


class StaticNeeded(Exception):
    """Raised when an int that is run-time data must be known while parsing, as ``axis=k`` must.

    The caller parses again with this leaf of the arguments as `Static`, or with its sizes known where they are asked.
    """

    def __init__(self, leaf: int, where: Location | None, *, size: bool = False) -> None:
        super().__init__(f"leaf {leaf} must be known while parsing")
        self.leaf, self.where, self.size = leaf, where, size
