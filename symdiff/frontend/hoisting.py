"""Calls inside expressions, put into statements of their own before them, in the order Python evaluates.

What is evaluated before a call but used after it gets a name, unless the call cannot change it. Comprehensions that
call become loops.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from symdiff.frontend.liveness import BreakableFor
from symdiff.frontend.walking import walk_scope

__all__ = ["Hoisting", "assigned", "location_like", "read_name"]

_PLAIN = (
    ast.BinOp,
    ast.UnaryOp,
    ast.Call,
    ast.Compare,
    ast.Subscript,
    ast.Slice,
    ast.Attribute,
    ast.Tuple,
    ast.List,
    ast.Starred,
    ast.keyword,
)
_COMPREHENSIONS = ast.ListComp | ast.GeneratorExp
_OURS = " of "  # in names that are made here
HINT = "call it in a statement of its own: y = f(...)"


class Hoisting:
    """Takes expressions of one function apart.

    Parameters
    ----------
    is_site : callable
        Whether an expression is one of the calls where the recursion goes on.
    is_builtin : callable
        ``is_builtin(node)`` gives the name of the builtin function that an expression stands for, or None.
    local : set of str
        Names of the function; those that are made here are added.
    cells : set of str
        Those of them that functions inside assign.
    refuse : callable
        ``refuse(node, message, hint)`` raises a located error.
    """

    def __init__(
        self,
        is_site: Callable[[ast.AST], bool],
        is_builtin: Callable[[ast.expr], str | None],
        local: set[str],
        cells: set[str],
        refuse: Callable[[ast.AST, str, str], NoReturn],
    ) -> None:
        self.is_site, self.is_builtin, self.refuse = is_site, is_builtin, refuse
        self.local, self.cells = local, cells
        self.own = frozenset(local - cells)
        self.count = 0

    def fresh(self, word: str) -> str:
        """A name that no program has."""
        self.count += 1
        name = f"{word}{_OURS}{self.count}"
        self.local.add(name)
        return name

    def calls(self, node: ast.AST) -> bool:
        """Whether the recursion goes on inside a piece of syntax."""
        return any(isinstance(n, ast.expr) and self.is_site(n) for n in walk_scope([node]))

    def calls_in(self, nodes: Iterable[ast.AST]) -> bool:
        return any(map(self.calls, nodes))

    def refuse_place(self, node: ast.AST) -> NoReturn:
        word, hint = "here", HINT
        if isinstance(node, ast.Try | ast.With):
            word = "in the body of a 'try' or 'with'"
            hint = "put it around the outermost call instead, or test before the call"
        self.refuse(node, f"a function whose depth of recursion depends on data cannot call itself {word}", hint)

    # -- statements ----------------------------------------------------------------------------------------------------

    def is_bare(self, node: ast.stmt) -> bool:
        """``target = f(...)``, with arguments that do not call."""
        return isinstance(node, ast.Assign) and self._is_call(node.value) and not self.calls_in(node.targets)

    def _is_call(self, node: ast.AST) -> bool:
        parts = [node.func, *node.args, *node.keywords] if isinstance(node, ast.Call) and self.is_site(node) else None
        return parts is not None and not self.calls_in(parts)

    def flat(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement that calls, and before it those that call for it."""
        if self.is_bare(node):
            return [node]
        if isinstance(node, ast.Return) and isinstance(node.value, ast.IfExp):
            choice = node.value
            then, otherwise = (ast.copy_location(ast.Return(x), x) for x in (choice.body, choice.orelse))
            return [ast.copy_location(ast.If(choice.test, [then], [otherwise]), choice)]
        if isinstance(node, ast.If | ast.Assert):
            before, test = self.hoist(node.test)
            made: Any = copy.copy(node)
            made.test = test
            return [*before, made]
        if isinstance(node, ast.AugAssign):
            return self._augmented(node)
        value = getattr(node, "value", None)
        targets = [*getattr(node, "targets", ()), *([node.target] if isinstance(node, ast.AnnAssign) else ())]
        simple = isinstance(node, ast.Return | ast.Expr | ast.Assign | ast.AnnAssign)
        if not simple or value is None or self.calls_in(targets):
            self.refuse_place(node)
        before, value = self.hoist(value)
        made = copy.copy(node)
        made.value = value
        return [*before, made]

    def _augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        """``a[i] += f(x)`` reads ``a[i]`` before the call."""
        before: list[ast.stmt] = []
        target = node.target
        if self.calls(target):
            self.refuse_place(node)
        if isinstance(target, ast.Subscript):
            owner, key = (x if self._stays(x) else self._set_aside(x, before) for x in (target.value, target.slice))
            target = ast.copy_location(ast.Subscript(owner, key, ast.Store()), target)
        elif isinstance(target, ast.Attribute):
            self.refuse_place(node)
        elif target.id in self.own:
            more, value = self.hoist(node.value)
            return [*more, ast.copy_location(ast.AugAssign(target, node.op, value), node)]
        now: Any = copy.copy(target)
        now.ctx = ast.Load()
        old = self._set_aside(now, before)
        assert isinstance(old, ast.Name)
        more, value = self.hoist(node.value)
        changed = ast.AugAssign(ast.Name(old.id, ast.Store()), node.op, value)
        return location_like([*before, *more, changed, ast.Assign([target], read_name(old.id))], node)

    # -- expressions ---------------------------------------------------------------------------------------------------

    def hoist(self, node: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        """The calls in an expression as statements before it, and the expression without them."""
        if not self.calls(node):
            return [], node
        if isinstance(node, ast.IfExp | ast.BoolOp):
            return self._choice(node)
        if isinstance(node, _COMPREHENSIONS):
            return self._list(node)
        reduced = self._reduction(node)
        if reduced is not None:
            return reduced
        if not isinstance(node, _PLAIN) or any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)):
            self.refuse_place(node)
        if isinstance(node, ast.Compare) and self.calls_in(node.comparators[1:]):
            self.refuse_place(node)  # a < b < f(x) may not call at all
        before, made = self._inside(node)
        if self._is_call(made):
            made = self._set_aside(made, before)
        return before, made

    def _inside(self, node: ast.expr | ast.keyword) -> tuple[list[ast.stmt], Any]:
        """As `hoist`, for the parts of an expression."""
        parts = list(_parts(node))
        last = max((i for i, part in enumerate(parts) if self.calls(part)), default=-1)
        before: list[ast.stmt] = []
        made: list[Any] = []
        for position, part in enumerate(parts):
            if isinstance(part, ast.keyword | ast.Starred):
                if position < last and not self._stays(part.value):
                    self.refuse_place(node)
                more, part = self._inside(part)
            else:
                more, part = self.hoist(part)
            before += more
            stays = self._stays(part) or (isinstance(node, ast.Call) and position == 0 and self._is_method(part))
            if position < last and not isinstance(part, ast.keyword | ast.Starred) and not stays:
                part = self._set_aside(part, before)
            made.append(part)
        return before, _with_parts(node, made)

    def _stays(self, node: ast.expr) -> bool:
        """Whether a call in between cannot change what an expression gives."""
        if isinstance(node, ast.Name):
            return node.id in self.own or _OURS in node.id
        return isinstance(node, ast.Constant)

    def _is_method(self, node: ast.expr) -> bool:
        """A function found by name, as ``np.sin`` or ``self.f``: nothing assigns those."""
        if not isinstance(node, ast.Attribute):
            return False
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and (self._stays(node) or node.id not in self.local)

    def _set_aside(self, value: ast.expr, before: list[ast.stmt]) -> ast.expr:
        """A name for a value."""
        name = self.fresh("value")
        before += location_like([assigned(name, value)], value)
        return ast.copy_location(read_name(name), value)

    def _choice(self, node: ast.IfExp | ast.BoolOp) -> tuple[list[ast.stmt], ast.expr]:
        """``a if c else b``, ``a and b``, ``a or b``: a statement each, so that no more is called than Python calls."""
        name = self.fresh("value")
        found = ast.copy_location(read_name(name), node)
        if isinstance(node, ast.IfExp):
            choice = ast.If(node.test, [assigned(name, node.body)], [assigned(name, node.orelse)])
            return location_like([choice], node), found
        statements: list[ast.stmt] = []
        for value in reversed(node.values[1:]):
            test: ast.expr = read_name(name)
            test = test if isinstance(node.op, ast.And) else ast.UnaryOp(ast.Not(), test)
            statements = [ast.If(test, [assigned(name, value), *statements], [])]
        return location_like([assigned(name, node.values[0]), *statements], node), found

    # -- comprehensions ------------------------------------------------------------------------------------------------

    def _list(self, node: ast.ListComp | ast.GeneratorExp) -> tuple[list[ast.stmt], ast.expr]:
        """``[f(x) for x in items]``."""
        name = self.fresh("list")
        step = ast.Expr(ast.Call(ast.Attribute(read_name(name), "append", ast.Load()), [node.elt], []))
        made = [assigned(name, ast.List([], ast.Load())), *self._loops(node, [step], None)]
        return location_like(made, node), ast.copy_location(read_name(name), node)

    def _reduction(self, node: ast.expr) -> tuple[list[ast.stmt], ast.expr] | None:
        """``sum``, ``any`` and ``all`` of a comprehension that calls."""
        if not isinstance(node, ast.Call) or not node.args or any(k.arg != "start" for k in node.keywords):
            return None
        over, *start = [*node.args, *(k.value for k in node.keywords)]
        if not isinstance(over, _COMPREHENSIONS) or not self.calls(over) or self.calls_in(start):
            return None
        kind = self.is_builtin(node.func)
        if kind == "sum" and len(start) < 2 and all(map(self._stays, start)):
            name = self.fresh("sum")
            step: ast.stmt = assigned(name, ast.BinOp(read_name(name), ast.Add(), over.elt))
            first: ast.expr = start[0] if start else ast.Constant(0)
            made = [assigned(name, first), *self._loops(over, [step], None)]
            return location_like(made, node), ast.copy_location(read_name(name), node)
        if kind not in ("any", "all") or start or isinstance(over, ast.ListComp):
            return None
        name = self.fresh("found")
        test = over.elt if kind == "any" else ast.UnaryOp(ast.Not(), over.elt)
        step = ast.If(test, [assigned(name, ast.Constant(True))], [])
        made = [assigned(name, ast.Constant(False)), *self._loops(over, [step], name)]
        result: ast.expr = read_name(name) if kind == "any" else ast.UnaryOp(ast.Not(), read_name(name))
        location_like([ast.Expr(result)], node)
        return location_like(made, node), result

    def _loops(
        self, node: ast.ListComp | ast.GeneratorExp, step: list[ast.stmt], stopped: str | None
    ) -> list[ast.stmt]:
        """The loops of a comprehension; its targets are names of their own."""
        targets = [n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)]
        rename = _Rename({name: self.fresh(name) for name in dict.fromkeys(targets)}, self.refuse_place)
        for position, part in reversed(list(enumerate(node.generators))):
            for test in reversed(part.ifs):
                step = [ast.If(rename.of(test), step, [])]
            over = rename.of(part.iter) if position else part.iter
            inner = step if position < len(node.generators) - 1 else [rename.of(s) for s in step]
            if stopped is None:
                step = [ast.For(rename.of(part.target), over, inner, [])]
                continue
            loop = BreakableFor(rename.of(part.target), over, inner, [])
            loop.stopped = read_name(stopped)
            step = [loop]
        return step


class _Rename(ast.NodeTransformer):
    """A copy with other names for the targets of a comprehension."""

    def __init__(self, names: dict[str, str], refuse: Callable[[ast.AST], NoReturn]) -> None:
        self.names, self.refuse = names, refuse

    def of(self, node: Any) -> Any:
        return self.visit(copy.deepcopy(node))

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        if any(arg.arg in self.names for arg in ast.walk(node.args) if isinstance(arg, ast.arg)):
            self.refuse(node)
        return self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        self.refuse(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        if any(n.id in self.names for n in ast.walk(node.target) if isinstance(n, ast.Name)):
            self.refuse(node.target)
        return self.generic_visit(node)


# -- pieces of syntax --------------------------------------------------------------------------------------------------


def _parts(node: ast.AST) -> Iterable[Any]:
    """The expressions an expression consists of, as they are evaluated."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.expr | ast.keyword):
            yield part


def _with_parts(node: ast.AST, parts: Sequence[Any]) -> Any:
    """A copy of an expression that consists of others."""
    made, rest = copy.copy(node), iter(parts)
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr | ast.keyword):
            setattr(made, field, next(rest))
        elif isinstance(value, list):
            items = [next(rest) if isinstance(item, ast.expr | ast.keyword) else item for item in value]
            setattr(made, field, items)
    return made


def read_name(name: str) -> ast.Name:
    """Reads a name; where it stands is said later."""
    return ast.Name(name, ast.Load())


def assigned(name: str, value: ast.expr) -> ast.stmt:
    """``name = value``."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def location_like(statements: list[ast.stmt], like: ast.AST) -> list[ast.stmt]:
    """The same; what has no place yet stands where ``like`` does."""
    for statement in statements:
        for node in ast.walk(statement):
            if "lineno" in node._attributes and not hasattr(node, "lineno"):
                ast.copy_location(node, like)
    return statements
