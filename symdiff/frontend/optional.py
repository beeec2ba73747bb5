"""Operations on what may be None: where it is None, Python's own error is raised.

The words are Python's: the operation is done on None, now, with something of the type of its other operands. Where
Python accepts None, both paths are taken.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.frontend.abstract import Abstract, Array, DictObject, Known, ListObject, Optional, Tuple, View, is_none
from symdiff.frontend.branches import fork
from symdiff.frontend.core import Parser
from symdiff.frontend.raising import raise_known
from symdiff.ir.graph import Value

__all__ = ["may_be_none", "never_none", "none_counts", "without_none"]

Operation = Callable[[Sequence[Abstract]], Any]
NONE = Known(None)


class _Unlike(Exception):
    """Nothing is like this operand."""


def may_be_none(items: Sequence[Abstract]) -> bool:
    """Whether None is possible for one of them, and not certain."""
    return any(isinstance(item, Optional) for item in items)


def none_counts(p: Parser, items: Sequence[Abstract]) -> bool:
    """Whether one of them may be None, or is None where only some runs lead: Python raises there, and only there."""
    return may_be_none(items) or (bool(p.facts) and any(is_none(item) for item in items))


def without_none(
    p: Parser, items: Sequence[Abstract], operate: Operation, in_python: Callable[..., Any] | None = None
) -> Any:
    """The result of an operation on operands of which some may be None.

    Parameters
    ----------
    p : Parser
    items : sequence of Abstract
        The operands.
    operate : callable
        The operation, of a sequence of operands none of which may be None without it being known.
    in_python : callable, optional
        The same on objects of Python's, to see whether it accepts None.
    """
    return _decide(p, items, operate, in_python, bool(p.facts) and any(is_none(item) for item in items))


def never_none(p: Parser, item: Abstract, in_python: Callable[[Any], Any]) -> Abstract:
    """What is not None from here on: Python's error where it is, which ``in_python(None)`` raises."""
    if not none_counts(p, [item]):
        return item
    found: Abstract = without_none(p, [item], lambda items: items[0], in_python)
    return found


def _decide(p: Parser, items: Sequence[Abstract], operate: Operation, in_python: Any, some: bool) -> Any:
    place = next((k for k, item in enumerate(items) if isinstance(item, Optional)), None)
    if place is None:
        error = _error(p, items, in_python) if some and in_python is not None else None
        if error is not None:
            raise_known(p, type(error), str(error))
        return operate(items)
    asked, where = items[place], p.build.where

    def go_on(item: Abstract, none: bool) -> Callable[[], Any]:
        replaced = [*items[:place], item, *items[place + 1 :]]

        def run() -> Any:
            p.build.where = where
            return _decide(p, replaced, operate, in_python, none)

        return run

    known = p.follows(asked.none)
    if known is not None:
        return go_on(NONE if known else asked.item, some or known)()
    result = fork(p, asked.none, go_on(NONE, True), go_on(asked.item, some), lambda name: True)
    p.build.where = where
    return result


def _error(p: Parser, items: Sequence[Abstract], in_python: Callable[..., Any]) -> Exception | None:
    """What Python raises for these operands because one is None."""
    try:
        alike = [_like(p, item) for item in items]
    except _Unlike:
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            in_python(*alike)
        except (TypeError, AttributeError) as error:
            return error if "None" in str(error) else None
        except (ValueError, ArithmeticError, LookupError):
            return None  # it is not for None that these stand-ins were refused
    return None


def _like(p: Parser, item: Abstract) -> Any:
    """An object of the type of an operand."""
    match item:
        case Value() if item.type.kind == "python":
            return {"bool": True, "int64": 1}.get(item.type.dtype, 1.0)
        case Value() if item.type.kind != "object":
            return np.dtype(item.type.dtype).type(1)
        case Array() | View():
            type_ = p.read(item).type
            return np.ones((1,) * type_.rank, type_.dtype)
        case Tuple() if item.cls is None:
            return tuple(_like(p, part) for part in item.items)
        case ListObject():
            return []
        case DictObject():
            return {}
        case Known(object=None | str() | bool() | int() | float()):
            return item.object
    if is_none(item):
        return None
    raise _Unlike
