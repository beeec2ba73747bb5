"""Small pieces of syntax: ``:=``, ``del``, ``import`` inside a function, and the questions that patterns ask."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import operator
import sys
from typing import Any

import numpy as np

from symdiff.errors import (
    LocatedIndexError,
    LocatedKeyError,
    LocatedTypeError,
    LocatedUnboundLocalError,
    LocatedValueError,
    MissingExtraError,
    located,
)
from symdiff.frontend.abstract import Abstract, Array, DictObject, Known, ListObject, Marker, Range, Slice, Tuple, View
from symdiff.frontend.comparisons import compared
from symdiff.frontend.core import Parser
from symdiff.frontend.iteration import count_of
from symdiff.frontend.liveness import bound_name
from symdiff.frontend.patterns import is_mapping, is_sequence
from symdiff.frontend.statements import assign_name, frame_of
from symdiff.frontend.tables import FUNCTIONS, expression, function, statement
from symdiff.ir.graph import Value

__all__: list[str] = []


@expression(ast.NamedExpr)
def named(p: Parser, node: ast.NamedExpr) -> Abstract:
    """``name := value``; inside a comprehension the name is the function's."""
    item = p.evaluate(node.value)
    p.at(node)
    assign_name(p, node.target.id, item)
    return item


@expression(ast.Set, ast.SetComp)
def set_display(p: Parser, node: ast.expr) -> Abstract:
    """One of literals, to ask what is in it; else refused where it is reached: libraries make sets on other paths."""
    if isinstance(node, ast.Set):
        items = p.evaluate_all(node.elts)
        if all(isinstance(item, Known) or p.build.constant_of(p.value(item)) is not None for item in items):
            return Known(frozenset(p.known(item) for item in items))
        p.at(node)
    p.unsupported("a set is not supported", "use a tuple or a list")


# -- del ---------------------------------------------------------------------------------------------------------------


@statement(ast.Delete)
def delete(p: Parser, node: ast.Delete) -> None:
    """``del name`` and ``del items[key]``."""
    for target in node.targets:
        _delete(p, target)


def _delete(p: Parser, target: ast.expr) -> None:
    p.at(target)
    match target:
        case ast.Name():
            p.lookup(target.id)
            line = p.build.where.line if p.build.where else 0
            message = f"{target.id!r} was deleted on line {line}"
            gone = Marker(LocatedUnboundLocalError, message, "leave out the 'del', or assign the name again")
            frame = frame_of(p, target.id)
            if target.id in frame.cells:
                p.memory.replace(frame.cells[target.id], {target.id: gone})
            else:
                frame.names[target.id] = gone
        case ast.Tuple() | ast.List():
            for part in target.elts:
                _delete(p, part)
        case ast.Subscript():
            owner, key = p.evaluate(target.value), p.evaluate(target.slice)
            p.at(target)
            _delete_item(p, owner, key)
        case _:
            p.unsupported("deleting an attribute is not supported", "return a new object without it")


def _delete_item(p: Parser, owner: Abstract, key: Abstract) -> None:
    match owner:
        case ListObject(outside=True) | DictObject(outside=True) | Known(object=list() | dict()):
            p.unsupported("changing a list or dict from outside the function is not supported", "return a new one")
        case DictObject():
            items = dict(p.memory.content(owner))
            found = p.static(key, "a key of a dict")
            if found not in items:
                p.refuse(LocatedKeyError, f"the dict has no key {found!r}")
            del items[found]
            p.memory.replace(owner, items)
        case ListObject():
            p.memory.replace(owner, _without(p, list(p.items(owner)), key))
        case Array() | View():
            p.refuse(LocatedValueError, "cannot delete array elements", "use np.delete, which makes a new array")
        case _:
            p.refuse(LocatedTypeError, f"{p.describe(owner)} does not support item deletion")


def _without(p: Parser, items: list[Abstract], key: Abstract) -> tuple[Abstract, ...]:
    if isinstance(key, Slice):
        parts = (p.static(part, "a bound of a slice of a list") for part in (key.start, key.stop, key.step))
        del items[slice(*parts)]
        return tuple(items)
    place = p.static(key, "the position in a list")
    if not -len(items) <= place < len(items):
        p.refuse(LocatedIndexError, f"index {place} is out of range for {len(items)} items")
    del items[place]
    return tuple(items)


# -- import ------------------------------------------------------------------------------------------------------------


@statement(ast.Import)
def import_statement(p: Parser, node: ast.Import) -> None:
    """``import a.b`` binds ``a``; ``import a.b as c`` binds the module itself."""
    for alias in node.names:
        module = _module(p, alias.name, 0)
        found = module if alias.asname else sys.modules[alias.name.partition(".")[0]]
        assign_name(p, bound_name(alias), Known(found))


@statement(ast.ImportFrom)
def import_from(p: Parser, node: ast.ImportFrom) -> None:
    """``from a import b``: what the module's attribute is, by identity."""
    module = _module(p, node.module or "", node.level)
    for alias in node.names:
        if alias.name == "*":
            p.unsupported("'import *' is not supported", "import the names that are used")
        if not hasattr(module, alias.name) and hasattr(module, "__path__"):
            _module(p, f"{module.__name__}.{alias.name}", 0)
        assign_name(p, bound_name(alias), p.resolver.attribute(p.build, Known(module), alias.name))


def _module(p: Parser, name: str, level: int) -> Any:
    """A module; one that is not loaded yet is loaded only where the statement surely runs."""
    package = p.frame.source.globals.get("__package__") or ""
    try:
        full = importlib.util.resolve_name("." * level + name, package) if level else name
        if full not in sys.modules and p.build.parent is not None:
            p.unsupported(
                f"importing {full!r} under a run-time condition is not supported", "import at the top of the module"
            )
        return importlib.import_module(full)
    except ImportError as error:
        raise located(MissingExtraError, str(error), p.build.where, "install it, or correct the name") from None


# -- slices ------------------------------------------------------------------------------------------------------------


@function(slice)
def slice_object(p: Parser, first: Abstract, second: Abstract | None = None, third: Abstract | None = None) -> Slice:
    """``slice(stop)`` and ``slice(start, stop, step)``."""
    none = Known(None)
    if second is None:
        return Slice(none, first, none)
    return Slice(first, second, none if third is None else third)


@function(np.iterable)
def iterable(p: Parser, y: Abstract) -> Value:
    """Decided while parsing: everything but numbers, and objects without ``__iter__``."""
    if isinstance(y, Known):
        return p.constant(np.iterable(y.object))
    if isinstance(y, Value):
        return p.constant(False)
    return p.constant(isinstance(y, Array | View | Tuple | ListObject | DictObject | Range))


def _of_types(found: Any) -> None:
    """Register a question about dtypes, which are known while parsing."""

    def handler(p: Parser, *types: Abstract) -> Abstract:
        return p.resolver.wrap(p.build, found(*(p.static(item, "a dtype") for item in types)), None)

    function(found)(handler)


for _question in (getattr(np, name, None) for name in ("isdtype", "issubdtype", "promote_types")):
    if _question is not None and _question not in FUNCTIONS:
        _of_types(_question)


@function(operator.getitem)
def get_item(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``operator.getitem``."""
    return p.subscript(a, b)


# -- patterns ----------------------------------------------------------------------------------------------------------


@function(is_sequence)
def matches_sequence(p: Parser, subject: Abstract, least: Abstract, more: Abstract) -> Value:
    """Tuples, lists and ranges are sequences for ``match``; arrays and strings are not."""
    known = isinstance(subject, Known) and isinstance(subject.object, tuple | list | range)
    if not known and not isinstance(subject, Tuple | ListObject | Range):
        return p.constant(False)
    name = "greater_equal" if p.known(more) else "equal"
    return compared(p, name, count_of(p, subject), p.value(least))


@function(is_mapping)
def matches_mapping(p: Parser, subject: Abstract) -> Value:
    """Decided while parsing."""
    known = isinstance(subject, Known) and isinstance(subject.object, dict)
    return p.constant(known or isinstance(subject, DictObject))
