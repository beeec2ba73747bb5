"""A function that calls itself, cut at those calls: each piece begins where a call returned.

A call ends a piece: what is read after it goes onto stacks, the parameters get their new values, and a loop goes on
with the first piece of the function that is called. A return ends a piece too: it takes from a stack which piece goes
on::

    def f(x, n):                        state, states = 0, [-1]
        if n == 0:                      while state >= 0:
            return 1.0                      if state == 0:
        return x * f(x, n - 1)                  if n == 0:
                                                    result = 1.0; state = states.pop()
                                                else:
                                                    states.append(1); n = n - 1; state = 0
                                            else:
                                                result = x * result; state = states.pop()

Functions that call each other are pieces of one loop. A loop around such a call is cut at its head, to which its body
leads back. Here the syntax tree is cut; what the ends of pieces do with the stacks is in `recursion.py`, and
`hoisting.py` puts calls inside expressions into statements of their own.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from symdiff.frontend.hoisting import Hoisting, assigned, location_like, read_name
from symdiff.frontend.liveness import BreakableFor, Liveness
from symdiff.frontend.normalise import STATEMENT_LIMIT
from symdiff.frontend.walking import walk_scope

__all__ = ["Again", "Element", "Finish", "Items", "More", "Next", "Piece", "Pieces", "Start", "Suspend", "Unchanged"]


Node = TypeVar("Node", bound=ast.expr)

# -- what is evaluated in pieces ---------------------------------------------------------------------------------------


class Again(ast.expr):
    """Goes on with another piece of the same call."""

    _fields = ("saved",)
    saved: list[ast.Name]
    point: int


class Suspend(ast.expr):
    """A call: what is read after it is kept."""

    _fields = ("call", "saved")
    call: ast.Call
    saved: list[ast.Name]
    point: int


class Finish(ast.expr):
    """A return."""

    _fields = ("value",)
    value: ast.expr | None


class Items(ast.expr):
    """What a loop runs over; ``count`` is None where it has a head, else how often its body stands there."""

    _fields = ("value",)
    value: ast.expr
    place: ast.expr
    count: int | None


class Start(ast.expr):
    """The index of the first trip."""

    _fields = ("items",)
    items: ast.expr


class More(ast.expr):
    """Whether there is a trip with an index."""

    _fields = ("items", "index")
    items: ast.expr
    index: ast.expr


class Next(More):
    """The index of the next trip."""


class Element(More):
    """What the target of the loop is bound to in the trip with an index."""


class Unchanged(ast.expr):
    """Refuses a list that changed its length while the loop ran over it."""

    _fields = ("items",)
    items: ast.expr
    count: int


def made(kind: type[Node], **fields: Any) -> Node:
    """A node with these fields."""
    node = kind()
    for name, value in fields.items():
        setattr(node, name, value)
    return node


# -- pieces ------------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Piece:
    """What runs between two calls.

    Attributes
    ----------
    statements : list of ast.stmt
        Each path through them ends in a ``return`` of an end of a piece.
    result : str or None
        The name of what the call returned after which the piece goes on.
    names : tuple of str
        What the piece finds kept.
    """

    statements: list[ast.stmt] = field(default_factory=list)
    result: str | None = None
    names: tuple[str, ...] = ()
    live: Liveness = field(default_factory=Liveness)


class Pieces:
    """Cuts the body of a function.

    Parameters
    ----------
    is_site : callable
        Whether an expression is one of the calls where the recursion goes on.
    is_builtin : callable
        ``is_builtin(node)`` gives the name of the builtin function that an expression stands for, or None.
    unrolled : callable
        How often the body of a ``for`` stands there, if it runs over items known while parsing, else None.
    local : set of str
        Names of the function.
    refuse : callable
        ``refuse(node, message, hint)`` raises a located error.
    """

    def __init__(
        self,
        is_site: Callable[[ast.AST], bool],
        is_builtin: Callable[[ast.expr], str | None],
        unrolled: Callable[[ast.AST], int | None],
        local: Iterable[str],
        cells: Iterable[str],
        refuse: Callable[[ast.AST, str, str], NoReturn],
    ) -> None:
        self.unrolled, self.refuse = unrolled, refuse
        self.local = set(local)
        self.hoisting = Hoisting(is_site, is_builtin, self.local, set(cells), refuse)
        self.calls = self.hoisting.calls
        self.pieces: list[Piece] = []
        self.ends: list[Again | Suspend] = []
        self.makers: dict[str, ast.stmt] = {}
        self.budget = STATEMENT_LIMIT

    def cut(self, statements: Sequence[ast.stmt], like: ast.AST) -> list[Piece]:
        """The pieces of a function; ``like`` is where it stands."""
        self.makers = _makers(statements)
        first = self._new()
        first.statements = self.block(list(statements), like)
        self._settle()
        return self.pieces

    def _new(self) -> Piece:
        self.pieces.append(Piece())
        return self.pieces[-1]

    # -- statements ----------------------------------------------------------------------------------------------------

    def block(self, work: list[ast.stmt], like: ast.AST) -> list[ast.stmt]:
        """Statements on each path of which the last one is the end of a piece."""
        done: list[ast.stmt] = []
        while work:
            node = work.pop(0)
            self.budget -= 1
            if self.budget < 0:
                hint = "assign the result of the call in the branches, and go on after them"
                self.refuse(node, "the branches around calls of itself multiply into too many statements", hint)
            calls = self.calls(node)
            if isinstance(node, ast.Return) and isinstance(node.value, Again):
                return [*done, node]
            if isinstance(node, ast.Return) and not calls:
                return [*done, _end(made(Finish, value=node.value), node)]
            if isinstance(node, ast.Raise) and not calls:
                return [*done, node]
            if not calls and not _returns(node):
                done.append(node)
            elif isinstance(node, ast.If) and not self.calls(node.test):
                return [*done, self._branches(node, work)]
            elif isinstance(node, ast.Try) and not self.hoisting.calls_in(node.body) and not node.finalbody:
                return [*done, self._try(node, work)]
            elif isinstance(node, ast.For):
                work = [*self._for(node), *work]
            elif isinstance(node, ast.While):
                return [*done, self._while(node, work)]
            elif isinstance(node, _Bare):
                return [*done, self._suspend(node, work)]
            else:
                work = [*self._flat(node), *work]
        return [*done, _end(made(Finish, value=None), like)]

    def _flat(self, node: ast.stmt) -> list[ast.stmt]:
        """The same with the calls in statements of their own."""
        return [_Bare.of(s) if self.hoisting.is_bare(s) else s for s in self.hoisting.flat(node)]

    def _branches(self, node: ast.If, work: list[ast.stmt]) -> ast.stmt:
        follows = self._shared([node.body, node.orelse], work, node)
        pair = [self.block([*part, *follows], node) for part in (node.body, node.orelse)]
        return ast.copy_location(ast.If(node.test, *pair), node)

    def _try(self, node: ast.Try, work: list[ast.stmt]) -> ast.stmt:
        """A ``try`` whose body does not call; what follows it is not guarded, so it goes into the other parts."""
        follows = self._shared([node.orelse, *(h.body for h in node.handlers)], work, node)
        handlers = [
            ast.copy_location(ast.ExceptHandler(h.type, h.name, self.block([*h.body, *follows], h)), h)
            for h in node.handlers
        ]
        tried = ast.Try(node.body, handlers, self.block([*node.orelse, *follows], node), [])
        return ast.copy_location(tried, node)

    def _shared(self, parts: Sequence[list[ast.stmt]], work: list[ast.stmt], like: ast.AST) -> list[ast.stmt]:
        """What follows on several paths: the statements, or, where they call, the piece that has them once."""
        if sum(not _ends(part) for part in parts) < 2 or not any(map(self.calls, work)):
            return work
        point = len(self.pieces)
        piece = self._new()
        piece.statements = self.block(work, like)
        return [self._again(point, like)]

    # -- loops ---------------------------------------------------------------------------------------------------------

    def _while(self, node: ast.While, work: list[ast.stmt]) -> ast.stmt:
        """A piece that begins with the test; the body leads back to it."""
        point = len(self.pieces)
        head = self._new()
        whole = ast.If(node.test, [*node.body, self._again(point, node)], [*node.orelse, *work])
        head.statements = self.block([ast.copy_location(whole, node)], node)
        return self._again(point, node)

    def _for(self, node: ast.For) -> list[ast.stmt]:
        """A ``while`` over the index, or the body as often as there are items."""
        before, iterable = self.hoisting.hoist(node.iter)
        items, count = self.hoisting.fresh("items"), self.unrolled(node.iter)
        done = [*before, assigned(items, made(Items, value=iterable, place=node.iter, count=count))]
        stopped = node.stopped if isinstance(node, BreakableFor) else None
        if count is not None:
            return location_like([*done, *self._each(node, items, count, stopped)], node)
        index = self.hoisting.fresh("index")
        both = {"items": read_name(items), "index": read_name(index)}
        bind = ast.Assign([node.target], made(Element, **both))
        test: ast.expr = made(More, **both)
        if stopped is not None:
            test = ast.BoolOp(ast.And(), [ast.UnaryOp(ast.Not(), stopped), test])
        loop = ast.While(test, [bind, assigned(index, made(Next, **both)), *node.body], [])
        return location_like([*done, assigned(index, made(Start, items=both["items"])), loop], node)

    def _each(self, node: ast.For, items: str, count: int, stopped: ast.expr | None) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for position in range(count):
            element = made(Element, items=read_name(items), index=ast.Constant(position))
            trip = [ast.Assign([node.target], element), *node.body]
            done += trip if stopped is None else [ast.If(ast.UnaryOp(ast.Not(), stopped), trip, [])]
        return [*done, ast.Expr(made(Unchanged, items=read_name(items), count=count))]

    # -- ends of pieces ------------------------------------------------------------------------------------------------

    def _again(self, point: int, like: ast.AST) -> ast.stmt:
        end = made(Again, point=point, saved=[])
        self.ends.append(end)
        return _end(end, like)

    def _suspend(self, node: _Bare, rest: list[ast.stmt]) -> ast.stmt:
        """The call, after which the next piece goes on."""
        end = made(Suspend, call=node.value, point=len(self.pieces), saved=[])
        self.ends.append(end)
        piece = self._new()
        piece.result = self.hoisting.fresh("result")
        found = copy.copy(node.plain)
        found.value = ast.copy_location(read_name(piece.result), node)
        piece.statements = [found, *self.block(rest, node)]
        return _end(end, node)

    def _settle(self) -> None:
        """What is read after each end, through whatever pieces: the least set that agrees with itself."""
        entries: list[set[str]] = [set() for _ in self.pieces]
        changed = True
        while changed:
            changed = False
            for position in reversed(range(len(self.pieces))):
                piece = self.pieces[position]
                found = self._with_makers(Liveness().block(piece.statements, set()) & self.local)
                changed |= found != entries[position]
                entries[position] = found
            for end in self.ends:
                names = sorted(entries[end.point] - {self.pieces[end.point].result})
                end.saved = [ast.copy_location(read_name(name), end) for name in names]
        for piece, found in zip(self.pieces, entries, strict=True):
            piece.names = tuple(sorted(found - {piece.result}))
            piece.live = Liveness.of(piece.statements)

    def _with_makers(self, names: set[str]) -> set[str]:
        """With what functions inside read, which are made again after a call."""
        found, stack = set(names), [*names]
        while stack:
            maker = self.makers.get(stack.pop())
            nodes = ast.walk(maker) if maker is not None else ()
            read = {n.id for n in nodes if isinstance(n, ast.Name)} & self.local
            stack += sorted(read - found)
            found |= read
        return found


class _Bare(ast.Assign):
    """``target = f(...)``, with a call and nothing else."""

    plain: ast.Assign
    value: ast.Call

    @classmethod
    def of(cls, node: ast.stmt) -> _Bare:
        assert isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        bare = ast.copy_location(cls(node.targets, node.value), node)
        bare.plain = node
        return bare


def _end(value: ast.expr, like: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Return(ast.copy_location(value, like)), like)


def _returns(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Return) for node in walk_scope([statement]))


def _ends(statements: Sequence[ast.stmt]) -> bool:
    """Whether no path goes on after these statements."""
    for node in statements:
        if isinstance(node, ast.Return | ast.Raise):
            return True
        if isinstance(node, ast.If) and _ends(node.body) and _ends(node.orelse):
            return True
    return False


def _makers(statements: Sequence[ast.stmt]) -> dict[str, ast.stmt]:
    """Functions inside that are made at one place, from nothing but the variables around them."""
    scope = list(walk_scope(statements))
    stores = [n.id for n in scope if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
    stores += [n.name for n in scope if isinstance(n, ast.FunctionDef)]
    found: dict[str, ast.stmt] = {}
    for node in scope:
        match node:
            case ast.FunctionDef(name=name, args=args):
                decorated = bool(node.decorator_list)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=args)):
                decorated = False
            case _:
                continue
        plain = not args.defaults and not args.kw_defaults and not decorated
        if plain and stores.count(name) == 1:
            found[name] = node
    return found
