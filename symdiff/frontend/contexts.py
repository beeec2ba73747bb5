"""``with``: contexts that say what happens to warnings. Computed values do not depend on them."""

from __future__ import annotations

import ast
import warnings
from contextlib import ExitStack

import numpy as np

from symdiff.frontend.abstract import Abstract, Known
from symdiff.frontend.core import Parser
from symdiff.frontend.tables import CONTEXTS, function, statement

__all__ = ["with_statement"]

HINT = "np.errstate and warnings.catch_warnings are known; move other contexts outside the differentiated function"
QUIET = ("ignore", "warn")


@statement(ast.With)
def with_statement(p: Parser, node: ast.With) -> Abstract | None:
    """``with np.errstate(...)`` and ``with warnings.catch_warnings()``."""
    ignored = p.ignoring
    try:
        with ExitStack() as entered:
            for item in node.items:
                _enter(p, item, entered)
            return p.block(node.body)
    finally:
        p.ignoring = ignored


def _enter(p: Parser, item: ast.withitem, entered: ExitStack) -> None:
    call = item.context_expr
    p.at(call)
    if item.optional_vars is not None or not isinstance(call, ast.Call):
        p.unsupported("this context is not supported in 'with'", HINT)
    target = p.evaluate(call.func)
    found = target.object if isinstance(target, Known) else None
    if found in CONTEXTS and not call.keywords:
        entered.enter_context(CONTEXTS[found](p, *p.evaluate_all(call.args)))
        return
    if found is not np.errstate and found is not warnings.catch_warnings:
        p.at(call)
        p.unsupported("this context is not supported in 'with'", HINT)
    given = {keyword.arg: p.known(p.evaluate(keyword.value)) for keyword in call.keywords}
    p.at(call)
    if found is np.errstate:
        for name, setting in given.items():
            if call.args or name is None or setting not in QUIET:
                hint = "test the values with np.isfinite, or leave the setting at 'ignore'"
                p.unsupported(f"np.errstate with {name}={setting!r} is not supported", hint)
        return
    if call.args or given.get("record") or set(given) - {"record"}:
        p.unsupported("warnings.catch_warnings with arguments is not supported", "catch warnings outside the function")
    p.ignoring = p.ignoring or "inside"


@function(warnings.simplefilter, warnings.filterwarnings)
def filtered(p: Parser, action: Abstract, *args: Abstract, **options: Abstract) -> Known:
    """``warnings.simplefilter("ignore")`` under ``with warnings.catch_warnings()``: nothing that follows is shown."""
    if not p.ignoring or p.known(action) != "ignore" or args or options:
        message = "only simplefilter('ignore') under 'with warnings.catch_warnings()' is supported"
        p.unsupported(message, "set filters outside the differentiated function")
    p.ignoring = "everything"
    return Known(None)
