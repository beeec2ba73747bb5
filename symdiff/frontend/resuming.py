"""A function that calls itself as a loop over the pieces between its calls.

A call of itself ends a piece: what is read after the call goes onto stacks, the parameters get their new values, and
the loop goes on with the first piece. A return ends a piece too: it takes from a stack which piece goes on::

    def f(x, n):                        state, states = 0, [-1]
        if n == 0:                      while state >= 0:
            return 1.0                      if state == 0:
        return x * f(x, n - 1)                  if n == 0:
                                                    result = 1.0; state = states.pop()
                                                else:
                                                    states.append(1); n = n - 1; state = 0
                                            else:
                                                result = x * result; state = states.pop()

Here the syntax tree is cut into such pieces; what they do with the stacks is in `recursion.py`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from symdiff.frontend.liveness import Liveness, walk_scope
from symdiff.frontend.normalise import STATEMENT_LIMIT

__all__ = ["Begin", "Finish", "Outcome", "Pieces", "Resume", "Suspend"]

STATE, DEPTH, STATES, RETURNED = "state 0", "depth 0", "states 0", "returned 0"
_PLAIN = (
    ast.BinOp,
    ast.UnaryOp,
    ast.Call,
    ast.Compare,
    ast.Subscript,
    ast.Attribute,
    ast.Tuple,
    ast.List,
    ast.Starred,
    ast.keyword,
)


class Begin(ast.expr):
    """Empty stacks, what stands for a result, the first state, and the depth.

    Attributes
    ----------
    names : tuple of str
        The names whose values are kept, a stack each.
    """

    names: tuple[str, ...]


class Suspend(ast.expr):
    """What a call of itself sets: stacks with more on them, the parameters, the state, and the depth."""

    _fields = ("call", "saved", "reads")
    call: ast.Call
    saved: list[ast.Name]
    reads: list[ast.Name]
    point: int
    parameters: tuple[str, ...]


class Resume(ast.expr):
    """What is found after a call: stacks with less on them, the names that were kept, and the result."""

    _fields = ("reads",)
    reads: list[ast.Name]
    names: tuple[str, ...]


class Finish(ast.expr):
    """What a return sets: the result, the stack of states, the state, and the depth."""

    _fields = ("value", "reads")
    value: ast.expr | None
    reads: list[ast.Name]


class Outcome(ast.expr):
    """The result of the outermost call."""

    _fields = ("reads",)
    reads: list[ast.Name]


class Pieces:
    """Cuts the body of a function at the calls of itself.

    Parameters
    ----------
    is_self : callable
        Whether an expression that is called is the function itself.
    local : set of str
        Names of the function.
    fixed : set of str
        Parameters that each call passes on as they are.
    parameters : sequence of str
        The other parameters.
    refuse : callable
        ``refuse(node, message, hint)`` raises a located error.
    """

    def __init__(
        self,
        is_self: Callable[[ast.expr], bool],
        local: Iterable[str],
        fixed: Iterable[str],
        parameters: Sequence[str],
        refuse: Callable[[ast.AST, str, str], NoReturn],
    ) -> None:
        self.is_self, self.refuse = is_self, refuse
        self.local, self.fixed = set(local), set(fixed)
        self.parameters = tuple(parameters)
        self.pieces: list[list[ast.stmt]] = []
        self.kept: set[str] = set()
        self.count = 0
        self.budget = STATEMENT_LIMIT

    def whole(self, statements: Sequence[ast.stmt], like: ast.AST) -> list[ast.stmt]:
        """The function as a loop; ``like`` is where it stands."""
        self.pieces.append([])
        self.pieces[0] = self.block(list(statements), like)
        branches = self.pieces[-1]
        for number in reversed(range(len(self.pieces) - 1)):
            test = ast.Compare(_read(STATE), [ast.Eq()], [ast.Constant(number)])
            branches = [ast.If(test, self.pieces[number], branches)]
        begin, outcome = Begin(), Outcome()
        begin.names = tuple(sorted(self.kept))
        outcome.reads = [_read(RETURNED)]
        names = [*map(stack_of, begin.names), RETURNED, STATES, STATE, DEPTH]
        goes_on = ast.Compare(_read(STATE), [ast.GtE()], [ast.Constant(0)])
        made: list[ast.stmt] = [_unpack(names, begin), ast.While(goes_on, branches, []), ast.Return(outcome)]
        for statement in made:
            for node in ast.walk(statement):
                if "lineno" in node._attributes and not hasattr(node, "lineno"):
                    ast.copy_location(node, like)
        self.local |= set(names)
        return made

    # -- statements ----------------------------------------------------------------------------------------------------

    def block(self, work: list[ast.stmt], like: ast.AST) -> list[ast.stmt]:
        """A piece: statements on each path of which the last one is a call of itself or a return."""
        done: list[ast.stmt] = []
        while work:
            node = work.pop(0)
            self.budget -= 1
            if self.budget < 0:
                hint = "assign the result of the call in the branches, and go on after them"
                self.refuse(node, "the branches around calls of itself multiply into too many statements", hint)
            if isinstance(node, ast.Return) and not self.calls(node):
                return [*done, self._finish(node.value, node)]
            if isinstance(node, ast.Raise) and not self.calls(node):
                return [*done, node]
            if not self.calls(node) and not _returns(node):
                done.append(node)
            elif isinstance(node, ast.If) and not self.calls(node.test):
                then, otherwise = ([*part, *work] for part in (node.body, node.orelse))
                pair = self.block(then, node), self.block(otherwise, node)
                return [*done, ast.copy_location(ast.If(node.test, *pair), node)]
            elif self._is_bare(node):
                return [*done, self._suspend(node, work)]
            else:
                work = [*self._flat(node), *work]
        return [*done, self._finish(None, like)]

    def calls(self, node: ast.AST) -> bool:
        """Whether a piece of syntax calls the function itself."""
        return any(isinstance(n, ast.Call) and self.is_self(n.func) for n in ast.walk(node))

    def _is_call(self, node: ast.AST) -> bool:
        """Whether this is a call of itself with arguments that are not."""
        parts = [*node.args, *node.keywords] if isinstance(node, ast.Call) and self.is_self(node.func) else None
        return parts is not None and not any(map(self.calls, parts))

    def _is_bare(self, node: ast.stmt) -> bool:
        """``name = f(...)``."""
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            return False
        return self._is_call(node.value)

    def _flat(self, node: ast.stmt) -> list[ast.stmt]:
        """The same with calls of itself in statements of their own, in the order of evaluation."""
        if isinstance(node, ast.Return) and isinstance(node.value, ast.IfExp):
            choice = node.value
            then, otherwise = (ast.copy_location(ast.Return(x), x) for x in (choice.body, choice.orelse))
            return [ast.copy_location(ast.If(choice.test, [then], [otherwise]), choice)]
        if isinstance(node, ast.If):
            before, test = self.hoist(node.test)
            return [*before, ast.copy_location(ast.If(test, node.body, node.orelse), node)]
        simple = isinstance(node, ast.Return | ast.Expr | ast.Assign | ast.AnnAssign)
        if isinstance(node, ast.AugAssign):
            simple = isinstance(node.target, ast.Name)
        value = getattr(node, "value", None)
        targets = [*getattr(node, "targets", ()), *([node.target] if isinstance(node, ast.AnnAssign) else ())]
        if not simple or value is None or any(map(self.calls, targets)):
            self._refuse_place(node)
        before, value = self.hoist(value)
        made = copy.copy(node)
        made.value = value  # type: ignore[attr-defined]
        return [*before, made]

    def _refuse_place(self, node: ast.AST) -> NoReturn:
        hint = "call it in a statement of its own, outside of loops: y = f(...)"
        self.refuse(node, "a function whose depth of recursion depends on data cannot call itself here", hint)

    # -- expressions ---------------------------------------------------------------------------------------------------

    def hoist(self, node: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        """The calls of itself in an expression as statements before it, and the expression without them."""
        if not self.calls(node):
            return [], node
        if isinstance(node, ast.IfExp | ast.BoolOp):
            return self._choice(node)
        if not isinstance(node, _PLAIN) or any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)):
            self._refuse_place(node)
        if isinstance(node, ast.Compare) and any(map(self.calls, node.comparators[1:])):
            self._refuse_place(node)  # a < b < f(x) may not call at all
        before, made = self._inside(node)
        if self._is_call(made):
            made = self._set_aside(made, before)
        return before, made

    def _inside(self, node: ast.expr | ast.keyword) -> tuple[list[ast.stmt], Any]:
        """As `hoist`, for the parts of an expression."""
        parts = list(_parts(node))
        last = max((i for i, part in enumerate(parts) if self.calls(part)), default=-1)
        if isinstance(node, ast.Call) and self.is_self(node.func) and not any(map(self.calls, parts[1:])):
            return [], node
        before: list[ast.stmt] = []
        made: list[Any] = []
        for position, part in enumerate(parts):
            if isinstance(part, ast.keyword | ast.Starred):
                if position < last and not _stays(part.value):
                    self._refuse_place(node)
                more, part = self._inside(part)
            elif position == 0 and isinstance(node, ast.Call) and self.is_self(node.func):
                more = []
            else:
                more, part = self.hoist(part)
            before += more
            if position < last and not isinstance(part, ast.keyword | ast.Starred) and not _stays(part):
                part = self._set_aside(part, before)
            made.append(part)
        return before, _with_parts(node, made)

    def _set_aside(self, value: ast.expr, before: list[ast.stmt]) -> ast.expr:
        """A name for a value."""
        name = self._fresh()
        before.append(ast.copy_location(ast.Assign([_write(name, value)], value), value))
        return _read(name, value)

    def _fresh(self) -> str:
        self.count += 1
        name = f"value {self.count}"
        self.local.add(name)
        return name

    def _choice(self, node: ast.IfExp | ast.BoolOp) -> tuple[list[ast.stmt], ast.expr]:
        """``a if c else b``, ``a and b``, ``a or b``: a statement each, so that no more is called than Python calls."""
        name = self._fresh()

        def assign(value: ast.expr) -> ast.stmt:
            return ast.copy_location(ast.Assign([_write(name, value)], value), value)

        if isinstance(node, ast.IfExp):
            made = ast.If(node.test, [assign(node.body)], [assign(node.orelse)])
            return [ast.copy_location(made, node)], _read(name, node)
        statements: list[ast.stmt] = []
        for value in reversed(node.values[1:]):
            test: ast.expr = _read(name, node)
            test = test if isinstance(node.op, ast.And) else ast.copy_location(ast.UnaryOp(ast.Not(), test), node)
            statements = [ast.copy_location(ast.If(test, [assign(value), *statements], []), node)]
        return [assign(node.values[0]), *statements], _read(name, node)

    # -- ends of pieces ------------------------------------------------------------------------------------------------

    def _suspend(self, node: Any, rest: list[ast.stmt]) -> ast.stmt:
        """The call, after which the next piece goes on."""
        target: str = node.targets[0].id
        point = len(self.pieces)
        self.pieces.append([])
        following = self.block(rest, node)
        live = Liveness().block(following, set())
        names = tuple(sorted((live & self.local) - self.fixed - {target}))
        self.kept.update(names)
        stacks = [stack_of(name) for name in names]
        resume, suspend = Resume(), Suspend()
        resume.names, resume.reads = names, [_read(name) for name in (*stacks, RETURNED)]
        suspend.call, suspend.saved = node.value, [_read(name) for name in names]
        suspend.reads = [_read(name) for name in (*stacks, STATES, DEPTH)]
        suspend.point, suspend.parameters = point, self.parameters
        found = _unpack([*stacks, *names, target], resume)
        for part in ast.walk(found):
            ast.copy_location(part, node)
        self.pieces[point] = [found, *following]
        made = _unpack([*stacks, STATES, *self.parameters, STATE, DEPTH], suspend)
        return ast.copy_location(made, node)

    def _finish(self, value: ast.expr | None, like: ast.AST) -> ast.stmt:
        finish = Finish()
        finish.value, finish.reads = value, [_read(STATES), _read(DEPTH)]
        ast.copy_location(finish, like)
        return ast.copy_location(_unpack([RETURNED, STATES, STATE, DEPTH], finish), like)


def stack_of(name: str) -> str:
    """The name of the stack for the values of a name."""
    word, _, rest = name.partition(" ")
    return f"{word}_stack {rest}"


def _returns(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Return) for node in walk_scope([statement]))


def _stays(node: ast.expr) -> bool:
    """Whether a call in between cannot change what an expression gives."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name | ast.Constant)


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


def _read(name: str, like: ast.AST | None = None) -> ast.Name:
    made = ast.Name(name, ast.Load())
    return made if like is None else ast.copy_location(made, like)


def _write(name: str, like: ast.AST) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Store()), like)


def _unpack(names: Sequence[str], value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())], value)
