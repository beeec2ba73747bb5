"""Which names a function assigns, and which of them may still be read after a statement.

Branches and loops join only names that are read later: a helper variable that is an array on one path and a number on
the other is no conflict when nobody looks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from symdiff.frontend.walking import walk, walk_scope

__all__ = ["BreakableFor", "Liveness", "assigned_names", "bound_name", "names_bound_in", "nonlocal_names"]

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class BreakableFor(ast.For):
    """A ``for`` that runs only while a flag is not set.

    Attributes
    ----------
    stopped : ast.Name
        Reads the flag.
    """

    stopped: ast.Name


def assigned_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names bound by statements: assignment, loops, nested functions; targets of comprehensions are their own."""
    return names_bound_in(list(walk_scope(nodes)))


def names_bound_in(scope: Sequence[ast.AST]) -> set[str]:
    """Names that the nodes of a scope bind."""
    names: set[str] = set()
    own: set[ast.AST] = set()
    for node in scope:
        if isinstance(node, _COMPREHENSIONS):
            own.update(n for g in node.generators for n in walk(g.target))
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(bound_name(alias) for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    for node in scope:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del) and node not in own:
            names.add(node.id)
    return names


def bound_name(alias: ast.alias) -> str:
    """The name that a part of an ``import`` binds: ``import a.b`` binds ``a``."""
    return alias.asname or alias.name.partition(".")[0]


def nonlocal_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that functions inside these statements assign through ``nonlocal``."""
    found: set[str] = set()
    for node in nodes:
        found.update(name for n in walk(node) if isinstance(n, ast.Nonlocal) for name in n.names)
    return found


def _reads(node: ast.AST) -> set[str]:
    """Names an expression (or a nested function) may read, at any depth."""
    return {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _targets(node: ast.expr) -> tuple[set[str], set[str]]:
    """Names a target binds, and names it reads (``a[i] = ...`` reads both)."""
    if isinstance(node, ast.Name):
        return {node.id}, set()
    if isinstance(node, ast.Tuple | ast.List):
        parts = [_targets(item) for item in node.elts]
        return set().union(*(p[0] for p in parts)), set().union(*(p[1] for p in parts))
    if isinstance(node, ast.Starred):
        return _targets(node.value)
    return set(), _reads(node)


@dataclass
class Liveness:
    """Names that may be read, per statement of one function.

    Attributes
    ----------
    always : set of str
        Read by nested functions, at a time nobody knows.
    after : dict
        Per statement: names that may be read after it.
    head : dict
        Per loop: names that may be read at the start of a trip before the trip assigns them.
    """

    always: set[str] = field(default_factory=set)
    after: dict[ast.AST, set[str]] = field(default_factory=dict)
    head: dict[ast.AST, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Sequence[ast.stmt], scope: Iterable[ast.AST] | None = None) -> Liveness:
        """Analyse the body of a function; ``scope`` is all its nodes, where they are known."""
        live = cls()
        for node in walk_scope(body) if scope is None else scope:
            if isinstance(node, _SCOPES):
                inner = node.body if isinstance(node.body, list) else [node.body]
                live.always.update(*(_reads(n) for n in inner))
        live.block(body, set())
        return live

    def is_live_after(self, statement: ast.AST, name: str) -> bool:
        return name in self.always or name in self.after.get(statement, ())

    def is_live_in_loop(self, loop: ast.AST, name: str) -> bool:
        """Whether a loop must carry the name: it is read at the start of a trip, or after the loop."""
        return name in self.head.get(loop, ()) or self.is_live_after(loop, name)

    def block(self, statements: Sequence[ast.stmt], after: set[str]) -> set[str]:
        """Names live before a list of statements, given those live after it."""
        for statement in reversed(statements):
            self.after.setdefault(statement, set()).update(after)
            after = self._statement(statement, after)
        return after

    def _statement(self, node: ast.stmt, after: set[str]) -> set[str]:
        match node:
            case ast.Assign():
                bound, read = set[str](), _reads(node.value)
                for target in node.targets:
                    names, others = _targets(target)
                    bound, read = bound | names, read | others
                return (after - bound) | read
            case ast.AnnAssign():
                bound, read = _targets(node.target)
                return (after - bound) | read | _reads(node.value) if node.value is not None else after
            case ast.AugAssign():
                bound, read = _targets(node.target)
                return after | bound | read | _reads(node.value)
            case ast.If():
                return self.block(node.body, after) | self.block(node.orelse, after) | _reads(node.test)
            case ast.For() | ast.While():
                return self._loop(node, after)
            case ast.FunctionDef():
                outside = [*node.args.defaults, *(d for d in node.args.kw_defaults if d), *node.decorator_list]
                return (after - {node.name}).union(*(_reads(n) for n in outside))
            case ast.Import() | ast.ImportFrom():
                return after - {bound_name(alias) for alias in node.names}
            case ast.Delete():
                bound, read = set[str](), set[str]()
                for target in node.targets:
                    names, others = _targets(target)
                    bound, read = bound | names, read | others
                return (after - bound) | read | bound
            case ast.Return():
                return _reads(node.value) if node.value is not None else set()
            case ast.Try():
                return self._try(node, after)
            case ast.With():
                return self.block(node.body, after).union(*(_reads(item) for item in node.items))
            case ast.Raise():
                return _reads(node)
        return after | _reads(node)

    def _try(self, node: ast.Try, after: set[str]) -> set[str]:
        """A failure leads to the handlers from anywhere in the body."""
        after = self.block(node.finalbody, after)
        failed = set(after) if node.finalbody else set[str]()
        for handler in node.handlers:
            read = _reads(handler.type) if handler.type is not None else set[str]()
            failed |= (self.block(handler.body, after) - {handler.name or ""}) | read
        body = self.block(node.body, self.block(node.orelse, after) | failed)
        return body | failed

    def _loop(self, node: ast.For | ast.While, after: set[str]) -> set[str]:
        after = self.block(node.orelse, after)
        head = set(after)
        bound, read = _targets(node.target) if isinstance(node, ast.For) else (set[str](), _reads(node.test))
        if isinstance(node, BreakableFor):
            read = read | _reads(node.stopped)
        # what the second round adds, a third one would not: a name is live at the head or it is not
        for _ in range(2):
            head = head | ((self.block(node.body, head) - bound) | read)
        self.head.setdefault(node, set()).update(head)
        return head | _reads(node.iter) if isinstance(node, ast.For) else head
