"""What array, list and dict objects contain at this point of the program.

Contents are layered: a branch or a loop body writes into a layer of its own, so that what it stored is known when it
ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.errors import Location, SymdiffError, UnsupportedSyntaxError, located
from symdiff.frontend.abstract import Array, DictObject, Instance, ListObject, View, root
from symdiff.frontend.scope import Scope
from symdiff.ir.graph import Value

__all__ = ["Layer", "Memory", "Spoiled", "Stale"]

Layer = dict[Any, Any]
_TWICE = "this may be the object that another name holds too, from before a loop or branch that binds one of them anew"
_KEPT = "storing into an array that a list of run-time length or a recursion keeps is not supported"


class Stale:
    """Content that is not known: an array that may overlap was stored into."""

    def __init__(self, where: Location | None) -> None:
        self.where = where


class Spoiled:
    """Content that differs between paths in a way nothing can stand for: refused where it is read, if it ever is."""

    def __init__(self, error: SymdiffError) -> None:
        self.error = error


class Memory:
    """Contents of objects, by identity."""

    def __init__(self, where: Callable[[], Location | None]) -> None:
        self.where = where
        self.layers: list[Layer] = [{}]
        self.loops: list[tuple[int, int]] = []  # of the loops around: the moment they start, and their layer
        self.heads: set[Array] = set()  # arrays as a trip finds them
        self.frozen: set[Array] = set()
        self._buried: list[tuple[int, int]] = []
        self._joined: dict[Any, set[Any]] = {}
        self.watching: list[Callable[[Any], None]] = []  # told of each object before its content is replaced
        self.twice: set[Any] = set()  # lists, dicts and objects that may be one with another, which a name still holds

    def push(self, layer: Layer | None = None) -> None:
        """Enter a block."""
        self.layers.append({} if layer is None else layer)

    def pop(self) -> Layer:
        """Leave a block, with what it wrote."""
        return self.layers.pop()

    def content(self, item: Array | ListObject | DictObject | Instance) -> Any:
        """What the object contains."""
        found = self.kept(item)
        if isinstance(found, Spoiled):
            raise found.error
        return found

    def kept(self, item: Array | ListObject | DictObject | Instance) -> Any:
        """What is noted of the object: its content, `Stale` or `Spoiled`."""
        for layer in reversed(self.layers):
            if item in layer:
                return layer[item]
        return item.initial

    def replace(self, item: Any, content: Any) -> None:
        """Set what the object contains."""
        if item in self.twice:
            raise located(UnsupportedSyntaxError, _TWICE, self.where(), "make the copy that is meant")
        for note in self.watching:
            note(item)
        self.layers[-1][item] = content

    def one_of(self, a: Any, b: Any, joined: Any) -> Any:
        """An object that is one of two; another that is one of them too may be the same object."""
        for item in (a, b):
            found = self._joined.setdefault(item, set())
            found.add(joined)
            self.twice |= found if len(found) > 1 else set()
        return joined

    # -- which arrays may overlap --------------------------------------------------------------------------------------

    def bury(self, start: int, stop: int) -> None:
        """Forget the arrays made between two moments: nobody can reach them any more."""
        self._buried.append((start, stop))

    def partners(self, array: Array) -> list[Array]:
        """Arrays that may overlap this one."""
        alive = [a for a in array.shares if not any(start < a.serial < stop for start, stop in self._buried)]
        return sorted(alive, key=lambda a: a.serial)

    # -- items of lists of run-time length -----------------------------------------------------------------------------

    def freeze(self, build: Scope, array: Array) -> None:
        """From here on the array does not change: a list holds it, and would have to change too."""
        self.frozen.add(array)
        for start, depth in self.loops:
            # an earlier trip may have put the same array into the list
            if array.serial < start or array in self.heads:
                self.refuse_stored(build, array, depth)

    def refuse_stored(self, build: Scope, array: Array, depth: int) -> None:
        """Refuse an array in a list that is stored into since a layer was entered."""
        if any(array in layer for layer in self.layers[depth:]):
            build.refuse(UnsupportedSyntaxError, _KEPT, "make the copy that is meant: items.append(x.copy())")

    # -- arrays --------------------------------------------------------------------------------------------------------

    def read(self, build: Scope, array: Array | View) -> Value:
        """Content of an array, or of a view."""
        if isinstance(array, View):
            return array.read(build, self.read(build, array.base))
        content = self.content(array)
        if isinstance(content, Stale):
            build.refuse(
                UnsupportedSyntaxError,
                f"this array may share memory with one that was stored into at {content.where}, "
                "so what it contains is not known",
                "make the copy that is meant with .copy()",
            )
        assert isinstance(content, Value)
        return content

    def write(self, build: Scope, array: Array | View, content: Value) -> None:
        """Change the content of an array, or of what a view shows."""
        if isinstance(array, View):
            if array.write is None:
                build.refuse(UnsupportedSyntaxError, array.refusal, "store into the array itself, or into a .copy()")
            self.write(build, array.base, array.write(build, self.read(build, array.base), content))
            return
        if array.origin == "captured":
            build.refuse(
                UnsupportedSyntaxError,
                "storing into an array from outside the function is not supported",
                "pass the array as an argument, or store into a .copy() and return it",
            )
        if array in self.frozen or not self.frozen.isdisjoint(array.shares):
            build.refuse(UnsupportedSyntaxError, _KEPT, "make the copy that is meant: items.append(x.copy())")
        self.replace(array, content)
        for other in self.partners(array):
            self.replace(other, Stale(build.where))


def overlap(a: Array | View, b: Array | View) -> bool:
    """Whether a store through one may be seen through the other."""
    first, second = root(a), root(b)
    return first is second or second in first.shares
