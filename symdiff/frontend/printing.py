"""``print``, ``warnings.warn`` and loggers: they show the real values, when the program gets there."""

from __future__ import annotations

import ast
import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from symdiff.frontend.abstract import Abstract, Deferred, Known, is_none
from symdiff.frontend.core import Parser
from symdiff.frontend.deferred import act, combined, deferred, deferred_call
from symdiff.frontend.tables import function

__all__ = ["log"]

NONE = Known(None)
LEVELS = ("debug", "info", "warning", "error", "critical", "exception", "log")


def _show(p: Parser, call: Deferred) -> Known:
    act(p, ast.Expr, call)
    return NONE


@function(print)
def printed(p: Parser, *items: Abstract, **options: Abstract) -> Known:
    """``print(a, b, sep=", ", end="", file=sys.stderr)``."""
    file = options.get("file")
    streams = (None, sys.stdout, sys.stderr)
    if file is not None and not (isinstance(file, Known) and any(file.object is s for s in streams)):
        p.unsupported("printing to another file than sys.stdout and sys.stderr is not supported", "return the values")
    return _show(p, deferred_call(p, deferred(p, Known(print)), items, options))


@function(warnings.warn)
def warned(p: Parser, message: Abstract, category: Abstract = NONE, **options: Abstract) -> Known:
    """``warnings.warn("text", RuntimeWarning)``; the warning names this line, whatever ``stacklevel`` says."""
    for name in options:
        if name != "stacklevel":
            p.unsupported(f"warnings.warn with {name}= is not supported", "leave it out: the warning names this line")
    if p.ignoring == "everything":
        return NONE
    args = [message] if is_none(category) else [message, category]
    return _show(p, deferred_call(p, _attribute(p, warnings, "warn"), args, {}))


def _attribute(p: Parser, module: Any, name: str) -> Deferred:
    return combined(lambda trees: ast.Attribute(trees[0], name, ast.Load()), [deferred(p, Known(module))])


def log(p: Parser, found: Any, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> Any:
    """A call of a function of `logging` that writes a record, or of a logger's method; else NotImplemented."""
    name = getattr(found, "__name__", "")
    owner = getattr(found, "__self__", None)
    if name not in LEVELS:
        return NotImplemented
    if getattr(logging.Logger, name) is found and args and isinstance(args[0], Known):
        owner, args = args[0].object, args[1:]
    if isinstance(owner, logging.Logger):
        return _show(p, deferred_call(p, _method(p, owner, name), args, kwargs))
    if getattr(logging, name, None) is found:
        return _show(p, deferred_call(p, _attribute(p, logging, name), args, kwargs))
    return NotImplemented


def _method(p: Parser, logger: logging.Logger, name: str) -> Deferred:
    """The logger is found again by its name."""
    get = _attribute(p, logging, "getLogger")
    args = [] if isinstance(logger, logging.RootLogger) else [Known(logger.name)]
    made = deferred_call(p, get, args, {})
    return combined(lambda trees: ast.Attribute(trees[0], name, ast.Load()), [made])
