"""Returns in tail position: ``if c: return a`` and what follows becomes ``if c: return a`` ``else: ...``.

Jumps out of loops are flags by then (`jumps.py`). After this, a path through a function ends where its statements end,
and no flag is needed to say "already returned".
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from symdiff.errors import LimitError, located
from symdiff.frontend.jumps import lower_jumps
from symdiff.frontend.source import Source
from symdiff.frontend.walking import walk_scope

__all__ = ["STATEMENT_LIMIT", "body_of", "tail_returns"]

STATEMENT_LIMIT = 5000


def body_of(node: ast.FunctionDef | ast.Lambda, source: Source) -> list[ast.stmt]:
    """The statements of a function or lambda, every return at the end of its path."""
    if isinstance(node, ast.Lambda):
        return [ast.copy_location(ast.Return(node.body), node.body)]
    return tail_returns(lower_jumps(node.body), source)


def tail_returns(statements: Sequence[ast.stmt], source: Source) -> list[ast.stmt]:
    """Move what follows a conditional return into its other branch.

    Where both branches can go on, what follows is repeated in both.
    """
    budget = [STATEMENT_LIMIT]
    return _tail(list(statements), source, budget)


def _tail(statements: list[ast.stmt], source: Source, budget: list[int]) -> list[ast.stmt]:
    budget[0] -= len(statements)
    for position, statement in enumerate(statements):
        if isinstance(statement, ast.Return | ast.Raise):
            return statements[: position + 1]
        if isinstance(statement, ast.If) and _returns(statement):
            if budget[0] < 0:
                message = f"the early returns of this function multiply into more than {STATEMENT_LIMIT} statements"
                where = source.location(statement)
                raise located(LimitError, message, where, "assign the result in the branches and return it once")
            rest = statements[position + 1 :]
            body = _tail([*statement.body, *rest], source, budget)
            orelse = _tail([*statement.orelse, *rest], source, budget)
            joined = ast.copy_location(ast.If(statement.test, body, orelse), statement)
            return [*statements[:position], joined]
        if isinstance(statement, ast.Try) and _returns(statement):
            # nothing follows: see `jumps.py`
            handlers = [
                ast.copy_location(ast.ExceptHandler(h.type, h.name, _tail(h.body, source, budget)), h)
                for h in statement.handlers
            ]
            tried = ast.Try(statement.body, handlers, _tail(statement.orelse, source, budget), statement.finalbody)
            return [*statements[:position], ast.copy_location(tried, statement)]
    return statements


def _returns(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Return) for node in walk_scope([statement]))
