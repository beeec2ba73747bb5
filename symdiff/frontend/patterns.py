"""Syntax that other syntax says: ``match`` becomes ``if``, and a test of a ``while`` that assigns a statement.

The subject of a ``match`` gets a name of its own (with a space in it, so that it is nobody's)::

    match point:                    subject = point
        case (0, y):                if is_sequence(subject, 2) and subject[0] == 0:
            a                           y = subject[1]
        case x if x > 0:                a
            b                       else:
                                        x = subject
                                        if x > 0:
                                            b
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from typing import Any

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.frontend.source import Source
from symdiff.frontend.walking import walk

__all__ = ["is_mapping", "is_sequence", "without_patterns"]


def is_sequence(subject: Any, least: int, more: bool) -> bool:
    """Whether a sequence pattern may match: a sequence of as many items, or of more."""
    raise NotImplementedError


def is_mapping(subject: Any) -> bool:
    """Whether a mapping pattern may match."""
    raise NotImplementedError


def without_patterns(node: Any, source: Source) -> Any:
    """The function, or lambda, in plainer syntax; the tree itself stays as it is."""
    if not any(isinstance(n, ast.Match) or (isinstance(n, ast.While) and _assigns(n.test)) for n in walk(node)):
        return node
    return _Plainer(source).visit(copy.deepcopy(node))


def _assigns(test: ast.expr) -> bool:
    """Whether a test binds a name."""
    return any(isinstance(n, ast.NamedExpr) for n in walk(test))


class _Plainer(ast.NodeTransformer):
    def __init__(self, source: Source) -> None:
        self.source = source
        self.count = 0

    def fresh(self, word: str) -> str:
        """A name that no program has."""
        self.count += 1
        return f"{word} :{self.count}"

    # -- while ---------------------------------------------------------------------------------------------------------

    def visit_While(self, node: ast.While) -> Any:
        self.generic_visit(node)
        if not _assigns(node.test):
            return node
        if _assigns_late(node.test):
            # such names are bound where the test holds: the body stands under it
            leave: list[ast.stmt] = [ast.copy_location(ast.Break(), node)]
            body: list[ast.stmt] = [ast.copy_location(ast.If(node.test, node.body, leave), node)]
            if not node.orelse:
                return ast.copy_location(ast.While(_constant(True, node), body, []), node)
        # the test is asked before the loop and at the end of every trip, so the names it assigns are the function's
        going = self.fresh("going")
        ask = _set(going, _truth(node.test), node.test)
        body = [*_Continued(ask).statements(node.body), ask]
        loop = ast.While(_name(going, node.test), body, node.orelse)
        return [ask, ast.copy_location(loop, node)]

    # -- match ---------------------------------------------------------------------------------------------------------

    def visit_Match(self, node: ast.Match) -> Any:
        self.generic_visit(node)
        name = self.fresh("subject")
        return [_set(name, node.subject, node), *self._cases(name, node.cases, node)]

    def _cases(self, name: str, cases: Sequence[ast.match_case], place: ast.AST) -> list[ast.stmt]:
        if not cases:
            return [ast.copy_location(ast.Pass(), place)]
        case, *rest = cases
        found = _Found(self.source)
        found.match(case.pattern, _name(name, case.pattern))
        binds = [_assign(target, value) for target, value in found.captures]
        others = self._cases(name, rest, place)
        if case.guard is None:
            if not found.tests:
                return [*binds, *case.body]
            return [_if(found.tests, [*binds, *case.body], others, case.pattern)]
        if not found.tests:
            return [*binds, _if([case.guard], case.body, others, case.pattern)]
        if not binds:
            return [_if([*found.tests, case.guard], case.body, others, case.pattern)]
        # names are bound before the guard is asked, and stay bound: the other cases stand in both branches
        guarded = _if([case.guard], case.body, others, case.pattern)
        return [_if(found.tests, [*binds, guarded], others, case.pattern)]


def _assigns_late(test: ast.expr) -> bool:
    """Whether a part of a test that is not always evaluated assigns a name."""
    late: list[ast.expr] = []
    for node in walk(test):
        match node:
            case ast.BoolOp():
                late += node.values[1:]
            case ast.Compare():
                late += node.comparators[1:]
            case ast.IfExp():
                late += [node.body, node.orelse]
    return any(isinstance(n, ast.NamedExpr) for part in late for n in walk(part))


class _Continued(ast.NodeTransformer):
    """Puts a statement before every ``continue`` of a loop."""

    def __init__(self, before: ast.stmt) -> None:
        self.before = before

    def statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The body of the loop."""
        holder = self.visit(ast.Module(body, []))
        found: list[ast.stmt] = holder.body
        return found

    def visit_Continue(self, node: ast.Continue) -> Any:
        return [self.before, node]

    def _leave(self, node: ast.AST) -> ast.AST:
        return node

    visit_For = visit_While = visit_FunctionDef = visit_Lambda = _leave


class _Found:
    """What a pattern asks for, in order, and what it binds."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tests: list[ast.expr] = []
        self.captures: list[tuple[ast.expr, ast.expr]] = []

    def match(self, pattern: ast.pattern, subject: ast.expr) -> None:
        """Collect the tests and captures of a pattern."""
        match pattern:
            case ast.MatchValue():
                self.tests.append(_compare(subject, ast.Eq(), pattern.value, pattern))
            case ast.MatchSingleton():
                self.tests.append(_compare(subject, ast.Is(), _constant(pattern.value, pattern), pattern))
            case ast.MatchAs():
                if pattern.pattern is not None:
                    self.match(pattern.pattern, subject)
                self._capture(pattern.name, subject, pattern)
            case ast.MatchSequence():
                self._sequence(pattern, subject)
            case ast.MatchMapping(rest=None):
                self._mapping(pattern, subject)
            case ast.MatchOr():
                self._either(pattern, subject)
            case _:
                message = "this pattern is not supported"
                hint = "match literals, tuples and names; test for a class with isinstance"
                raise located(UnsupportedSyntaxError, message, self.source.location(pattern), hint)

    def _capture(self, name: str | None, subject: ast.expr, place: ast.AST) -> None:
        if name is not None:
            self.captures.append((ast.copy_location(ast.Name(name, ast.Store()), place), subject))

    def _sequence(self, pattern: ast.MatchSequence, subject: ast.expr) -> None:
        items = pattern.patterns
        stars = [i for i, item in enumerate(items) if isinstance(item, ast.MatchStar)]
        least = len(items) - len(stars)
        given = [subject, _constant(least, pattern), _constant(bool(stars), pattern)]
        self.tests.append(_call(is_sequence, given, pattern))
        for i, item in enumerate(items):
            if not isinstance(item, ast.MatchStar):
                place = i if not stars or i < stars[0] else i - len(items)
                self.match(item, _item(subject, _constant(place, item), item))
                continue
            if item.name is not None:
                stop = i + 1 - len(items)
                ends = [_constant(i, item), _constant(stop, item) if stop else None]
                part = _item(subject, ast.copy_location(ast.Slice(*ends), item), item)
                self._capture(item.name, _call(list, [part], item), item)

    def _mapping(self, pattern: ast.MatchMapping, subject: ast.expr) -> None:
        self.tests.append(_call(is_mapping, [subject], pattern))
        for key, item in zip(pattern.keys, pattern.patterns, strict=True):
            self.tests.append(_compare(key, ast.In(), subject, item))
            self.match(item, _item(subject, key, item))

    def _either(self, pattern: ast.MatchOr, subject: ast.expr) -> None:
        tests: list[ast.expr] = []
        for part in pattern.patterns:
            found = _Found(self.source)
            found.match(part, subject)
            if found.captures:
                message = "names inside '|' of a pattern are not supported"
                where = self.source.location(part)
                raise located(UnsupportedSyntaxError, message, where, "write a case for each")
            tests.append(_joined(found.tests, part))
        self.tests.append(ast.copy_location(ast.BoolOp(ast.Or(), tests), pattern))


# -- making syntax -----------------------------------------------------------------------------------------------------


def _name(name: str, place: ast.AST) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Load()), place)


def _constant(value: Any, place: ast.AST) -> ast.Constant:
    return ast.copy_location(ast.Constant(value), place)


def _set(name: str, value: ast.expr, place: ast.AST) -> ast.stmt:
    target = ast.copy_location(ast.Name(name, ast.Store()), place)
    return ast.copy_location(ast.Assign([target], value), place)


def _truth(test: ast.expr) -> ast.expr:
    """The test as a truth value."""
    negated = ast.copy_location(ast.UnaryOp(ast.Not(), test), test)
    return ast.copy_location(ast.UnaryOp(ast.Not(), negated), test)


def _assign(target: ast.expr, value: ast.expr) -> ast.stmt:
    return ast.copy_location(ast.Assign([target], value), target)


def _item(owner: ast.expr, key: ast.expr, place: ast.AST) -> ast.expr:
    return ast.copy_location(ast.Subscript(owner, key, ast.Load()), place)


def _compare(left: ast.expr, op: ast.cmpop, right: ast.expr, place: ast.AST) -> ast.expr:
    return ast.copy_location(ast.Compare(left, [op], [right]), place)


def _call(function: Any, arguments: list[ast.expr], place: ast.AST) -> ast.expr:
    """A call of an object itself, which no name of the program leads to."""
    return ast.copy_location(ast.Call(_constant(function, place), arguments, []), place)


def _joined(tests: list[ast.expr], place: ast.AST) -> ast.expr:
    if not tests:
        return _constant(True, place)
    return tests[0] if len(tests) == 1 else ast.copy_location(ast.BoolOp(ast.And(), tests), place)


def _if(tests: list[ast.expr], body: list[ast.stmt], orelse: list[ast.stmt], place: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.If(_joined(tests, place), body, orelse), place)
