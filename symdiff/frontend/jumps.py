"""``break``, ``continue`` and ``return`` inside loops become flags: every path through a body ends at its end.

A loop that can be left sets a flag and asks for it before the next trip; what would have followed the jump stands in
the other branch, or under a test of the flag. A ``return`` inside a loop sets what it returns aside, and the function
returns it after the loop::

    for i in range(n):              stopped = returned = False
        if v > 30:                  for i in range(n):             # while not stopped
            return v                    if v > 30:
        v = v * x                           result = v; stopped = returned = True
                                        else:
                                            v = v * x
                                    if returned:
                                        return result

The names of the flags contain a space, so that they are nobody's; what is printed is the part before it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from symdiff.frontend.liveness import BreakableFor
from symdiff.frontend.walking import children, walk_scope

__all__ = ["is_hidden", "lower_jumps"]

_LOOPS = (ast.For, ast.While)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_GUARDED = (ast.Try, ast.With)


def is_hidden(name: str) -> bool:
    """Whether a name is one of ours."""
    return " " in name


def lower_jumps(statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The body of a function without jumps out of loops; loops that can be left are `BreakableFor` or test a flag."""
    return _Jumps().block(list(statements), None)


@dataclass(frozen=True)
class _Context:
    """Where jumps lead: the flags they set.

    Attributes
    ----------
    stopped : str or None
        Ends the loop around; None where there is none.
    returned, result : str
        Set by a ``return``.
    left : tuple of str
        Set by every jump: what would follow is skipped.
    """

    stopped: str | None
    returned: str
    result: str
    left: tuple[str, ...] = ()


class _Jumps:
    def __init__(self) -> None:
        self.count = 0

    def fresh(self, word: str) -> str:
        """A name that no program has."""
        self.count += 1
        return f"{word} {self.count}"

    def block(self, statements: list[ast.stmt], context: _Context | None) -> list[ast.stmt]:
        """Statements without jumps; ``context`` is None where a ``return`` may stay."""
        done: list[ast.stmt] = []
        for position, node in enumerate(statements):
            rest = statements[position + 1 :]
            if context is not None and isinstance(node, ast.Break | ast.Continue | ast.Return):
                return [*done, *self._jump(node, context)]
            if isinstance(node, ast.Return | ast.Raise):
                return [*done, node]
            if isinstance(node, _LOOPS):
                loop, after = self._loop(node, context)
                if loop == [node]:
                    done.append(node)
                    continue
                return [*done, *loop, *self.block([*after, *rest], context)]
            if isinstance(node, _GUARDED) and _has_jump(node):
                return [*done, *self._guarded(node, rest, context)]
            if isinstance(node, _GUARDED) and _is_compound([node]):
                done.append(self._inside(node, context))
                continue
            if isinstance(node, ast.If) and context is not None and _has_jump(node):
                return [*done, *self._branches(node, rest, context)]
            if isinstance(node, ast.If):
                done.append(self._plain(node, context))
                continue
            done.append(node)
        return done

    def _plain(self, node: ast.If, context: _Context | None) -> ast.stmt:
        """A branch whose loops may have jumps of their own; its returns are the function's."""
        if not _is_compound([node]):
            return node
        body, orelse = self.block(node.body, context), self.block(node.orelse, context)
        return ast.copy_location(ast.If(node.test, body or [_pass(node)], orelse), node)

    # -- jumps ---------------------------------------------------------------------------------------------------------

    def _jump(self, node: ast.stmt, context: _Context) -> list[ast.stmt]:
        flags = list(context.left)
        made: list[ast.stmt] = []
        if isinstance(node, ast.Return):
            value = node.value or ast.copy_location(ast.Constant(None), node)
            made.append(_assign(context.result, value, node))
            flags.append(context.returned)
        if not isinstance(node, ast.Continue) and context.stopped is not None:
            flags.append(context.stopped)
        return made + [_set(name, True, node) for name in flags] or [_pass(node)]

    def _branches(self, node: ast.If, rest: list[ast.stmt], context: _Context) -> list[ast.stmt]:
        """What follows an ``if`` that jumps goes into the branch that goes on; where both do, under a flag."""
        body, orelse = node.body, node.orelse
        if _ends(body) or _ends(orelse):
            then = self.block(body if _ends(body) else [*body, *rest], context)
            otherwise = self.block(orelse if _ends(orelse) else [*orelse, *rest], context)
            return [ast.copy_location(ast.If(node.test, then or [_pass(node)], otherwise), node)]
        inner, left = self._skipping(context)
        branch = ast.If(node.test, self.block(body, inner) or [_pass(node)], self.block(orelse, inner))
        made = [_set(left, False, node), ast.copy_location(branch, node)]
        return [*made, *self._unless(left, rest, node, context)]

    def _skipping(self, context: _Context) -> tuple[_Context, str]:
        left = self.fresh("left")
        return replace(context, left=(*context.left, left)), left

    def _unless(self, flag: str, rest: list[ast.stmt], node: ast.stmt, context: _Context | None) -> list[ast.stmt]:
        """What follows, where the flag is not set."""
        following = self.block(rest, context)
        if not following:
            return []
        return [ast.copy_location(ast.If(_not(_read(flag, node), node), following, []), node)]

    def _guarded(self, node: ast.Try | ast.With, rest: list[ast.stmt], context: _Context | None) -> list[ast.stmt]:
        """``try`` and ``with``: what follows cannot move inside, so every jump sets a flag.

        Unless the body of a ``try`` itself has none: its ``else`` is not guarded, so what follows can move there.
        """
        made: list[ast.stmt] = []
        if isinstance(node, ast.Try) and (moved := self._in_else(node, rest, context)) is not None:
            return moved
        if context is None:
            outer = _Context(None, self.fresh("returned"), self.fresh("result"))
            made.append(_set(outer.returned, False, node))
        else:
            outer = context
        inner, left = self._skipping(outer)
        made += [_set(left, False, node), self._inside(node, inner)]
        if context is None:
            back = ast.copy_location(ast.Return(_read(outer.result, node)), node)
            if _ends([node]):
                return [*made, back]
            after = self.block(rest, None)
            return [*made, ast.copy_location(ast.If(_read(outer.returned, node), [back], after), node)]
        return [*made, *self._unless(left, rest, node, context)]

    def _in_else(self, node: ast.Try, rest: list[ast.stmt], context: _Context | None) -> list[ast.stmt] | None:
        """A ``try`` with what follows in its ``else`` and in the clauses that go on; None where that does not do."""
        body, orelse = list(node.body), list(node.orelse)
        if isinstance(body[-1], ast.Return):
            last = body[-1]
            result = self.fresh("result")
            body[-1] = _assign(result, last.value or ast.copy_location(ast.Constant(None), last), last)
            orelse = [ast.copy_location(ast.Return(_read(result, last)), last)]
        open_ends = [part for part in (orelse, *(h.body for h in node.handlers)) if not _ends(part)]
        if node.finalbody or _jumps(body) or len(open_ends) > 1:
            return None

        def run(part: list[ast.stmt]) -> list[ast.stmt]:
            return self.block(part if _ends(part) else [*part, *rest], context)

        handlers = [
            ast.copy_location(ast.ExceptHandler(h.type, h.name, run(h.body) or [_pass(node)]), h) for h in node.handlers
        ]
        made = ast.Try(self.block(body, context), handlers, run(orelse), [])
        return [ast.copy_location(made, node)]

    def _inside(self, node: ast.Try | ast.With, context: _Context | None) -> ast.stmt:
        def run(statements: list[ast.stmt]) -> list[ast.stmt]:
            return self.block(statements, context) or [_pass(node)]

        if isinstance(node, ast.With):
            return ast.copy_location(ast.With(node.items, run(node.body)), node)
        handlers = [ast.copy_location(ast.ExceptHandler(h.type, h.name, run(h.body)), h) for h in node.handlers]
        orelse = run(node.orelse) if node.orelse else []
        final = run(node.finalbody) if node.finalbody else []
        return ast.copy_location(ast.Try(run(node.body), handlers, orelse, final), node)

    # -- loops ---------------------------------------------------------------------------------------------------------

    def _loop(self, node: ast.For | ast.While, outer: _Context | None) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """A loop and what prepares it; and what follows it, whose jumps are those of the place around."""
        jumps = [*_jumps(node.body)]
        leaves = any(isinstance(j, ast.Break | ast.Return) for j in jumps)
        if not jumps and not node.orelse and not _is_compound(node.body):
            return [node], []
        stopped = self.fresh("stopped")
        around = outer or _Context(None, self.fresh("returned"), self.fresh("result"))
        inner = _Context(stopped, around.returned, around.result)
        body = self.block(node.body, inner) or [_pass(node)]
        returns = any(isinstance(j, ast.Return) for j in jumps)
        if not leaves:
            made = _like(node, body)
            return [made], list(node.orelse)
        before = [_set(stopped, False, node)]
        if returns and outer is None:
            before.append(_set(around.returned, False, node))
        # a trip begins only where nothing has left the loop
        body = [_set(name, False, node) for name in (stopped, *([around.returned] if returns else []))] + body
        return [*before, _stopping(node, body, stopped)], self._after(node, stopped, around, outer, jumps)

    def _after(
        self, node: ast.For | ast.While, stopped: str, around: _Context, outer: _Context | None, jumps: list[ast.stmt]
    ) -> list[ast.stmt]:
        """``if returned: return result`` and the loop's ``else``."""
        after = list(node.orelse)
        if after and any(isinstance(j, ast.Break) for j in jumps):
            after = [ast.copy_location(ast.If(_not(_read(stopped, node), node), after, []), node)]
        if not any(isinstance(j, ast.Return) for j in jumps):
            return after
        # in a loop the flags are set already: it is left as by a break
        back: ast.stmt = ast.Return(_read(around.result, node)) if outer is None else _Leave()
        back = ast.copy_location(back, node)
        if _endless(node) and all(isinstance(j, ast.Return | ast.Continue) for j in jumps):
            return [back]
        return [ast.copy_location(ast.If(_read(around.returned, node), [back], []), node), *after]


class _Leave(ast.Break):
    """Leaves the loop around after a ``return`` in a loop inside it."""


def _stopping(node: ast.For | ast.While, body: list[ast.stmt], stopped: str) -> ast.stmt:
    """The loop, run only while the flag is not set."""
    if isinstance(node, ast.For):
        made = BreakableFor(node.target, node.iter, body, [])
        made.stopped = _read(stopped, node)
        return ast.copy_location(made, node)
    goes_on = _not(_read(stopped, node.test), node.test)
    test = ast.copy_location(ast.BoolOp(ast.And(), [goes_on, node.test]), node.test)
    return ast.copy_location(ast.While(test, body, []), node)


def _like(node: ast.For | ast.While, body: list[ast.stmt]) -> ast.stmt:
    if isinstance(node, ast.For):
        return ast.copy_location(ast.For(node.target, node.iter, body, []), node)
    return ast.copy_location(ast.While(node.test, body, []), node)


def _endless(node: ast.For | ast.While) -> bool:
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)


# -- what jumps --------------------------------------------------------------------------------------------------------


def _is_compound(statements: Sequence[ast.stmt]) -> bool:
    """Whether there is anything whose body may have jumps of its own."""
    return any(isinstance(node, (*_LOOPS, *_GUARDED)) for node in walk_scope(statements))


def _jumps(statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Jumps that leave a body: its own, and the returns of loops inside."""
    found: list[ast.stmt] = []
    stack: list[tuple[ast.AST, bool]] = [(s, False) for s in statements]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break | ast.Continue) and not inside):
            found.append(node)
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, _LOOPS):
            stack += [(n, True) for n in node.body]
            stack += [(n, inside) for n in node.orelse]
        else:
            stack += [(n, inside) for n in children(node) if not isinstance(n, ast.expr)]
    return found


def _has_jump(node: ast.stmt) -> bool:
    return bool(_jumps([node]))


def _ends(statements: Sequence[ast.stmt]) -> bool:
    """Whether no path goes on after these statements."""
    for node in statements:
        if isinstance(node, ast.Break | ast.Continue | ast.Return | ast.Raise):
            return True
        if isinstance(node, ast.If) and _ends(node.body) and _ends(node.orelse):
            return True
        if isinstance(node, ast.With) and _ends(node.body):
            return True
        if isinstance(node, ast.Try) and _try_ends(node):
            return True
        if (
            isinstance(node, ast.While)
            and _endless(node)
            and not any(isinstance(j, ast.Break) for j in _jumps(node.body))
        ):
            return True
    return False


def _try_ends(node: ast.Try) -> bool:
    body = _ends(node.body) or _ends(node.orelse)
    return _ends(node.finalbody) or (body and all(_ends(handler.body) for handler in node.handlers))


# -- pieces of syntax --------------------------------------------------------------------------------------------------


def _read(name: str, node: ast.AST) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Load()), node)


def _not(test: ast.expr, node: ast.AST) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), node)


def _assign(name: str, value: ast.expr, node: ast.stmt) -> ast.stmt:
    target = ast.copy_location(ast.Name(name, ast.Store()), node)
    return ast.copy_location(ast.Assign([target], value), node)


def _set(name: str, value: bool, node: ast.stmt) -> ast.stmt:
    return _assign(name, ast.copy_location(ast.Constant(value), node), node)


def _pass(node: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Pass(), node)
