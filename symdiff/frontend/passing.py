"""What is passed and returned: leaves of nested structures as abstracts, and abstracts as leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Complex,
    DictObject,
    Instance,
    Known,
    ListObject,
    Optional,
    Record,
    Tuple,
    View,
    root,
)
from symdiff.frontend.core import Parser
from symdiff.frontend.growing import trim
from symdiff.frontend.program import Path
from symdiff.frontend.resolve import Resolver
from symdiff.frontend.rows import Form, Rows
from symdiff.frontend.scope import Scope
from symdiff.frontend.structure import LEAF, Static, Structure
from symdiff.frontend.tables import PASSED
from symdiff.ir.graph import Type, Value

__all__ = ["Passed", "Returned"]


class Passed:
    """Arguments; one array that is passed twice is one object."""

    def __init__(self, build: Scope, resolver: Resolver) -> None:
        self.build, self.resolver = build, resolver
        self.arrays: dict[Value, Array] = {}

    def abstract(self, structure: Structure, leaves: Iterator[Value | Static]) -> Abstract:
        """An argument of this structure, which takes its leaves from those that are left."""
        if structure.kind == "leaf":
            return self._leaf(next(leaves))
        if structure.kind == "rows":
            rows = next(leaves)
            assert isinstance(rows, Value)
            return _rows(rows)
        children = [self.abstract(child, leaves) for child in structure.children]
        if structure.kind in PASSED:
            return PASSED[structure.kind](self, structure, children)
        match structure.kind:
            case "tuple":
                return Tuple(tuple(children))
            case "complex":
                return Complex(*children)
            case "namedtuple":
                return Tuple(tuple(children), structure.cls)
            case "list":
                return ListObject(tuple(children), outside=True)
            case "dict":
                return DictObject(dict(zip(structure.keys, children, strict=True)), outside=True)
        assert structure.cls is not None
        return Record(structure.cls, dict(zip(structure.keys, children, strict=True)))

    def _leaf(self, leaf: Value | Static) -> Abstract:
        if isinstance(leaf, Static):
            found = leaf.object
            return self.build.constant(found) if isinstance(found, bool | int | float) else Known(found, Path(found))
        if not leaf.type.is_array:
            return leaf
        if leaf not in self.arrays:
            self.arrays[leaf] = Array(leaf, origin="argument")
        return self.arrays[leaf]


def _rows(leaf: Value) -> ListObject:
    """A long list of numbers."""
    form = Form("number", Type(leaf.type.dtype, (), "python"))
    return ListObject(Rows(form, (leaf,), leaf.type.shape[0]), outside=True)


class Returned:
    """Results.

    Attributes
    ----------
    results : list of Value
        Of the graph.
    leaves : list of int or Static
        Of what is returned: positions among the results, or objects known while parsing.
    same : list of (int, int)
        Leaves that are arguments themselves.
    """

    def __init__(self, p: Parser) -> None:
        self.p = p
        self.results: list[Value] = []
        self.leaves: list[int | Static] = []
        self.same: list[tuple[int, int]] = []

    def add(self, value: Value) -> int:
        """The position of a further result."""
        self.results.append(value)
        return len(self.results) - 1

    def structure_of(self, item: Abstract) -> Structure:
        """How an item is made of its leaves, which are added to those there are."""
        p = self.p
        item = p.resolver.materialise(p.build, item) if isinstance(item, Known) else item
        match item:
            case Value():
                self.leaves.append(self.add(item))
                return LEAF
            case Array() | View():
                owner = root(item)
                if isinstance(item, Array) and owner.origin == "argument":
                    self.same.append((len(self.leaves), p.argument_of[owner.initial]))
                self.leaves.append(self.add(p.read(item)))
                return LEAF
            case Complex():
                re = p.value(item.re).type
                cls = np.ndarray if re.shape else complex if re.kind == "python" else np.complexfloating
                return Structure("complex", cls, ("real", "imag"), self._parts((item.re, item.im)))
            case Tuple():
                kind = "namedtuple" if item.cls is not None else "tuple"
                return Structure(kind, item.cls or tuple, getattr(item.cls, "_fields", ()), self._parts(item.items))
            case ListObject() if isinstance(p.memory.content(item), Rows):
                rows = trim(p, p.memory.content(item))
                self.leaves += map(self.add, rows.columns)
                return Structure("rows", list, (), (_of_form(rows.form),))
            case ListObject():
                return Structure("list", list, (), self._parts(p.memory.content(item)))
            case DictObject():
                items = p.memory.content(item)
                return Structure("dict", dict, tuple(items), self._parts(items.values()))
            case Instance():
                fields = p.memory.content(item)
                kind = getattr(item.cls, "__symdiff_kind__", "object")
                return Structure(kind, item.cls, tuple(fields), self._parts(fields.values()))
            case Record():
                return Structure("object", item.cls, tuple(item.fields), self._parts(item.fields.values()))
            case Optional():
                return Structure("optional", None, (), self._parts((item.none, item.item)))
            case Known():
                self.leaves.append(Static(item.object))
                return LEAF
        p.unsupported(f"returning {p.describe(item)} is not supported", "return numbers, arrays, or containers of them")

    def _parts(self, items: Iterable[Abstract]) -> tuple[Structure, ...]:
        return tuple(self.structure_of(item) for item in items)


def _of_form(form: Form) -> Structure:
    """The structure of the items of a list of run-time length."""
    if form.type is not None:
        return LEAF
    if form.length is not None:
        raise located(UnsupportedSyntaxError, "a list of lists of run-time length cannot be returned")
    parts = tuple(_of_form(part) for part in form.parts)
    match form.kind:
        case "list":
            return Structure("list", list, (), parts)
        case "tuple":
            kind = "namedtuple" if form.cls is not None else "tuple"
            return Structure(kind, form.cls or tuple, getattr(form.cls, "_fields", ()), parts)
        case "record":
            return Structure("object", form.cls, form.names, parts)
    raise located(UnsupportedSyntaxError, "a list of run-time length that holds no numbers cannot be returned")
