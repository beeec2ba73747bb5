"""Comprehensions and generator expressions: functions of their first iterable, as CPython makes them.

``[f(x) for x in items if c]`` is a loop that appends to a list, so it may run over whatever a loop may. A generator is
lazy: ``sum``, ``any`` and ``all`` run it themselves and so stop where Python stops; everything else takes its items as
a list.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from symdiff.frontend.abstract import Abstract, Closure, DictObject, Generated, ListObject
from symdiff.frontend.core import Parser
from symdiff.frontend.frames import Frame
from symdiff.frontend.liveness import assigned_names
from symdiff.frontend.tables import expression

__all__ = ["anything", "everything", "items_of", "sum_of"]

# names that no program has; what is printed is the part before the space
ITEMS, RESULT, SOME = "items of it", "result of it", "some of it"
NO_ARRAYS = "the sum of no arrays is a number: give sum() a start of the shape of the items"


@expression(ast.ListComp)
def list_comprehension(p: Parser, node: ast.ListComp) -> ListObject:
    """``[f(x) for x in items]``."""
    first = p.evaluate(node.generators[0].iter)
    frame = p.frame
    frame.calling, before = node, frame.calling
    try:
        found = _run(p, node, frame, first)
    finally:
        frame.calling = before
    assert isinstance(found, ListObject)
    return found


@expression(ast.GeneratorExp)
def generator(p: Parser, node: ast.GeneratorExp) -> Generated:
    """Only its first iterable is evaluated now."""
    return Generated(node, p.frame, p.evaluate(node.generators[0].iter))


@expression(ast.DictComp)
def dict_comprehension(p: Parser, node: ast.DictComp) -> DictObject:
    """``{k: f(k) for k in keys}`` with keys known while parsing."""
    found = _run(p, node, p.frame, p.evaluate(node.generators[0].iter))
    assert isinstance(found, DictObject)
    return found


def items_of(p: Parser, found: Generated) -> ListObject:
    """All items of a generator, which is used up by it."""
    if found.made is None:
        made = _run(p, found.node, found.frame, found.first)
        assert isinstance(made, ListObject)
        found.made = made
    return found.made


def sum_of(p: Parser, found: Generated, start: Abstract, *, some: bool = False) -> Abstract:
    """``sum(f(x) for x in items)``; of ``some`` items, where the sum of none is of another type."""
    if not some:
        _use(p, found)
    return _run(p, found.node, found.frame, found.first, "sum of some" if some else "sum", start)


def anything(p: Parser, found: Generated) -> Abstract:
    """``any(f(x) for x in items)``: the items after the first true one are not computed."""
    _use(p, found)
    return _run(p, found.node, found.frame, found.first, "any")


def everything(p: Parser, found: Generated) -> Abstract:
    """``all(f(x) for x in items)``: the items after the first false one are not computed."""
    _use(p, found)
    return _run(p, found.node, found.frame, found.first, "all")


def _use(p: Parser, found: Generated) -> None:
    if found.used or found.made is not None:
        p.unsupported("a generator that is used twice is not supported", "make it a list")
    found.used = True


def _run(
    p: Parser,
    node: ast.ListComp | ast.GeneratorExp | ast.DictComp,
    frame: object,
    first: Abstract,
    way: str = "list",
    start: Abstract | None = None,
) -> Abstract:
    if way == "list" and any(isinstance(part, ast.NamedExpr) for part in ast.walk(node)):
        return _at_once(p, node, frame, first)
    key = (node, way)
    if key not in p.prepared:
        p.prepared[key] = _function(node, way)
    made: ast.FunctionDef = p.prepared[key]
    args = (first,) if start is None else (first, start)
    return p.call(Closure(made, frame, (), {}), args, {})


# -- with ``:=``, which binds a name of the function around ------------------------------------------------------------


def _at_once(p: Parser, node: ast.ListComp | ast.GeneratorExp | ast.DictComp, frame: Any, first: Abstract) -> Abstract:
    """Results for items known while parsing, in a scope of its own for the targets."""
    targets = assigned_names([ast.Expr(g.target) for g in node.generators])
    found: list[Abstract] = []
    outer, here = p.frame, frame
    items = p.items(first)
    p.frame = Frame(here.source, here.path, frozenset(targets), here.live, {}, here, here.depth, hidden=here.hidden)
    results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    try:
        _generate(p, list(node.generators), items, results, found)
    finally:
        p.frame = outer
    if isinstance(node, ast.DictComp):
        keys = [p.static(key, "a key of a dict") for key in found[::2]]
        return DictObject(dict(zip(keys, found[1::2], strict=True)))
    return ListObject(tuple(found))


def _generate(
    p: Parser,
    generators: list[ast.comprehension],
    items: Sequence[Abstract],
    results: Sequence[ast.expr],
    found: list[Any],
) -> None:
    head, *rest = generators
    for item in items:
        p.assign(head.target, item)
        if not all(_known_condition(p, test) for test in head.ifs):
            continue
        if rest:
            _generate(p, rest, p.items(p.evaluate(rest[0].iter)), results, found)
        else:
            found.extend(p.evaluate(result) for result in results)


def _known_condition(p: Parser, node: ast.expr) -> bool:
    decided = p.decided(p.condition(node))
    if decided is None:
        p.at(node)
        p.unsupported("a condition on run-time values beside ':=' in a comprehension is not supported", "write a loop")
    return decided


# -- the function ------------------------------------------------------------------------------------------------------


def _function(node: ast.ListComp | ast.GeneratorExp | ast.DictComp, way: str) -> ast.FunctionDef:
    """The function that runs the comprehension."""
    body: list[ast.stmt] = []
    names = [ITEMS]
    if isinstance(node, ast.DictComp):
        body.append(_assign(RESULT, ast.Dict([], [])))
        key = ast.Subscript(_read(RESULT), node.key, ast.Store())
        step: list[ast.stmt] = [ast.Assign([key], node.value)]
    elif way == "list":
        body.append(_assign(RESULT, ast.List([], ast.Load())))
        step = [ast.Expr(ast.Call(ast.Attribute(_read(RESULT), "append", ast.Load()), [node.elt], []))]
    elif way.startswith("sum"):
        names.append(RESULT)
        step = [_assign(RESULT, ast.BinOp(_read(RESULT), ast.Add(), node.elt))]
        if way == "sum of some":
            body.append(_assign(SOME, ast.Constant(False)))
            step.append(_assign(SOME, ast.Constant(True)))
    else:
        test = node.elt if way == "any" else ast.UnaryOp(ast.Not(), node.elt)
        step = [ast.If(test, [ast.Return(ast.Constant(way == "any"))], [])]
    body += _loops(node.generators, step)
    if way == "sum of some":
        error = ast.Call(ast.Name("ValueError", ast.Load()), [ast.Constant(NO_ARRAYS)], [])
        body.append(ast.If(ast.UnaryOp(ast.Not(), _read(SOME)), [ast.Raise(error)], []))
    body.append(ast.Return(ast.Constant(way == "all") if way in ("any", "all") else _read(RESULT)))
    name = {ast.ListComp: "<listcomp>", ast.DictComp: "<dictcomp>"}.get(type(node), "<genexpr>")
    arguments = ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])
    made = ast.FunctionDef(name, arguments, body, [])
    for part in _new(made, node):
        ast.copy_location(part, node.generators[0].iter if isinstance(part, ast.For) else node)
    return made


def _loops(generators: Sequence[ast.comprehension], step: list[ast.stmt]) -> list[ast.stmt]:
    for position, part in reversed(list(enumerate(generators))):
        for test in reversed(part.ifs):
            step = [ast.If(test, step, [])]
        step = [ast.For(part.target, part.iter if position else _read(ITEMS), step, [])]
    return step


def _read(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _new(made: ast.FunctionDef, node: ast.expr) -> list[ast.AST]:
    """The nodes that are not the user's."""
    theirs = set(ast.walk(node))
    return [part for part in ast.walk(made) if part not in theirs]
