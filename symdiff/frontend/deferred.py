"""Text and exceptions that are made of run-time numbers: expressions for Python, which runs them when they are needed.

Text of what is known while parsing is computed at once.
"""

from __future__ import annotations

import ast
import builtins
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.frontend.abstract import (
    Abstract,
    Array,
    Deferred,
    DictObject,
    Instance,
    Known,
    ListObject,
    Optional,
    Tuple,
    View,
)
from symdiff.frontend.core import Parser
from symdiff.frontend.signals import Unknown
from symdiff.frontend.tables import ARRAYS, SHOWN, expression, function
from symdiff.ir.graph import ACT, Node, Value
from symdiff.ir.sites import Site, hole

__all__ = ["act", "combined", "deferred", "deferred_call", "makes_text", "text_method", "text_operator"]


def is_text(item: Abstract) -> bool:
    """Whether an operand is a text, known or not."""
    if isinstance(item, Deferred):
        return item.cls is None
    return isinstance(item, Known) and isinstance(item.object, str | bytes)


def deferred(p: Parser, item: Abstract) -> Deferred:
    """Anything that can be shown, as an expression for Python."""
    match item:
        case Deferred():
            return item
        case Value() if p.build.constant_of(item) is not None and item.type.kind == "python":
            return Deferred(ast.Constant(p.build.constant_of(item)), {}, {}, p.describe(item))
        case Value() | Array() | View():
            value = p.value(item)
            name = f"_value_{id(value)}"
            return Deferred(_name(name), {name: value}, {}, p.describe(item))
        case Known():
            return _of_object(p, item)
        case Optional():
            parts = [deferred(p, item.none), deferred(p, item.item)]
            return combined(lambda trees: ast.IfExp(trees[0], ast.Constant(None), trees[1]), parts, p.describe(item))
        case Tuple() if item.cls is None:
            return combined(lambda parts: ast.Tuple(parts, ast.Load()), [deferred(p, i) for i in item.items], "a tuple")
        case ListObject():
            items = [deferred(p, i) for i in p.memory.content(item)]
            return combined(lambda parts: ast.List(parts, ast.Load()), items, "a list")
        case DictObject():
            content = p.memory.content(item)
            keys: list[ast.expr | None] = [ast.Constant(key) for key in content]
            return combined(lambda parts: ast.Dict(keys, parts), [deferred(p, i) for i in content.values()], "a dict")
        case Instance(cls=cls) if cls in SHOWN:
            parts = [_by_name(p, SHOWN[cls]), deferred(p, ARRAYS[cls](p, item))]
            return combined(lambda trees: ast.Call(trees[0], [trees[1]], []), parts, p.describe(item))
    p.unsupported(f"{p.describe(item)} cannot be shown", "show its numbers one by one")


def combined(
    make: Callable[[list[Any]], ast.expr], parts: Sequence[Deferred], what: str = "a text", cls: type | None = None
) -> Deferred:
    """An expression made of others."""
    values: dict[str, Value] = {}
    objects: dict[str, Any] = {}
    for part in parts:
        values |= part.values
        objects |= part.objects
    return Deferred(make([part.tree for part in parts]), values, objects, what, cls)


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _of_object(p: Parser, item: Known) -> Deferred:
    found = item.object
    if found is None or isinstance(found, str | bytes | bool | int | float | type(...)):
        return Deferred(ast.Constant(found), {}, {}, p.describe(item))
    if isinstance(found, tuple | list | dict):
        return deferred(p, p.resolver.materialise(p.build, item))
    for stream in ("stdout", "stderr"):
        if found is getattr(sys, stream):
            # looked up when it runs: it may be another one then
            return Deferred(ast.Attribute(_name(_spoken(p, "sys", sys)), stream, ast.Load()), {}, {"sys": sys})
    if isinstance(found, type | types.ModuleType | types.FunctionType | types.BuiltinFunctionType | BaseException):
        return _by_name(p, found)
    p.unsupported(f"{p.describe(item)} cannot be shown", "show its numbers one by one")


def _by_name(p: Parser, found: Any) -> Deferred:
    """An object as a person would name it."""
    for prefix, module in (("np.linalg", np.linalg), ("np", np)):
        own = getattr(found, "__name__", "")
        if vars(module).get(own) is found and str(getattr(found, "__module__", "")).startswith("numpy"):
            return Deferred(ast.parse(f"{prefix}.{own}", mode="eval").body, {}, {"np": np}, repr(own))
    own = getattr(found, "__name__", None) or type(found).__name__.lower()
    name = _spoken(p, own.rpartition(".")[2], found)
    objects = {} if getattr(builtins, name, None) is found else {name: found}
    return Deferred(_name(name), {}, objects, repr(own))


def _spoken(p: Parser, wanted: str, found: Any) -> str:
    """A name for an object that no other object has."""
    name, k = wanted, 1
    while p.spoken.setdefault(name, found) is not found or getattr(builtins, name, found) is not found:
        k += 1
        name = f"{wanted}_{k}"
    return name


# -- effects -----------------------------------------------------------------------------------------------------------


def act(
    p: Parser,
    statement: Callable[[ast.expr], ast.stmt],
    item: Deferred,
    *,
    raises: bool = False,
    kind: type[BaseException] | None = None,
) -> None:
    """Append the effect: a statement made of an expression."""
    if p.quiet > raises or (p.trials and not raises):
        return
    names = {name: hole(k) for k, name in enumerate(item.values)}
    tree = _Renamer(names).visit(ast.parse(ast.unparse(statement(item.tree))).body[0])
    frame = p.frame
    site = Site(tree, len(names), item.objects, frame.source.globals, p.build.where, raises, kind)
    p.build.append(Node(ACT, tuple(item.values.values()), (), {"site": site}, (), p.build.where))


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


# -- text --------------------------------------------------------------------------------------------------------------


def deferred_call(
    p: Parser,
    target: Deferred,
    args: Sequence[Abstract],
    kwargs: Mapping[str, Abstract],
    what: str = "a text",
    cls: type | None = None,
) -> Deferred:
    """A call that Python makes when the program runs."""
    parts = [target, *(deferred(p, a) for a in args), *(deferred(p, a) for a in kwargs.values())]

    def make(trees: list[ast.expr]) -> ast.Call:
        first, rest = trees[0], trees[1:]
        named = [ast.keyword(n, t) for n, t in zip(kwargs, rest[len(args) :], strict=True)]
        return ast.Call(first, rest[: len(args)], named)

    return combined(make, parts, what, cls)


def text_method(p: Parser, owner: Abstract, name: str, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Any:
    """``"...".format(x)`` and the like."""
    try:
        known = getattr(p.known(owner), name)(*map(p.known, args), **{k: p.known(v) for k, v in kwargs.items()})
        return p.resolver.wrap(p.build, known, None)
    except Unknown:
        pass
    base = deferred(p, owner)
    target = combined(lambda parts: ast.Attribute(parts[0], name, ast.Load()), [base])
    return deferred_call(p, target, args, kwargs)


def makes_text(p: Parser, operator: ast.operator, a: Abstract, b: Abstract) -> bool:
    """Whether an operator is one of text: ``%``, ``+`` of two texts, or a text repeated."""
    match operator:
        case ast.Mod():
            return is_text(a)
        case ast.Add():
            return is_text(a) and is_text(b)
        case ast.Mult():
            types = [p.type_of(item) for item in (a, b)]
            return is_text(a) != is_text(b) and any(t is not None and t.is_integer and not t.shape for t in types)
    return False


def text_operator(p: Parser, operator: ast.operator, a: Abstract, b: Abstract) -> Abstract:
    """``"%g" % x``, ``"a" + b`` and ``"-" * 10``."""
    trees = [deferred(p, a), deferred(p, b)]
    made = combined(lambda parts: ast.BinOp(parts[0], operator, parts[1]), trees)
    return _now(p, made)


def _now(p: Parser, made: Deferred) -> Abstract:
    """A text that does not depend on the run, computed."""
    if made.values or made.objects:
        return made
    whole = ast.fix_missing_locations(ast.Expression(made.tree))
    return Known(eval(compile(whole, "<text>", "eval"), {}))


@expression(ast.JoinedStr)
def formatted(p: Parser, node: ast.JoinedStr) -> Abstract:
    """An f-string."""
    parts = [_part(p, part) for part in node.values]
    p.at(node)
    return _now(p, combined(ast.JoinedStr, parts))


def _part(p: Parser, node: ast.expr) -> Deferred:
    if not isinstance(node, ast.FormattedValue):
        return deferred(p, p.evaluate(node))
    item = deferred(p, p.evaluate(node.value))
    if node.format_spec is None:
        return combined(lambda parts: ast.FormattedValue(parts[0], node.conversion, None), [item])
    assert isinstance(node.format_spec, ast.JoinedStr)
    spec = combined(ast.JoinedStr, [_part(p, part) for part in node.format_spec.values])
    return combined(lambda parts: ast.FormattedValue(parts[0], node.conversion, parts[1]), [item, spec])


@function(str)
def as_text(p: Parser, item: Abstract) -> Abstract:
    """``str(x)``."""
    return _now(p, deferred_call(p, _by_name(p, str), [item], {}))


@function(repr)
def as_repr(p: Parser, item: Abstract) -> Abstract:
    """``repr(x)``."""
    return _now(p, deferred_call(p, _by_name(p, repr), [item], {}))


@function(format)
def as_format(p: Parser, item: Abstract, spec: Abstract | None = None) -> Abstract:
    """``format(x, ".3f")``."""
    return _now(p, deferred_call(p, _by_name(p, format), [item, *(() if spec is None else (spec,))], {}))
