"""Calls of functions of libraries with arguments that may be None: it is asked first which of them are."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.frontend.abstract import Abstract, BoundMethod, DictObject, Known, ListObject
from symdiff.frontend.by_name import named
from symdiff.frontend.core import Parser
from symdiff.frontend.optional import may_be_none, without_none
from symdiff.frontend.tables import FUNCTIONS
from symdiff.ops import ROW_OF
from symdiff.ops.resolve import learn_scipy

__all__ = ["asks_for_none", "call_with_optional"]

SHOW_NONE = frozenset({print, str, repr, format, warnings.warn, dict, functools.partial, bool, dataclasses.replace})
"""Functions that take what may be None as it is."""
PURE = ("math", "builtins", "numpy")  # modules whose functions may be called to hear what they say of None


def asks_for_none(target: Abstract, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]) -> bool:
    """Whether it must be known of the arguments which are None: users' own functions take them as they are."""
    if not may_be_none((*args, *kwargs.values())):
        return False
    match target:
        case Known(object=found):
            return _of_library(found)
        case BoundMethod(function=str(), owner=owner):
            return not isinstance(owner, ListObject | DictObject | Known)
    return False


def _of_library(found: Any) -> bool:
    try:
        if found in SHOW_NONE:
            return False
    except TypeError:  # unhashable
        return False
    learn_scipy()
    return found in FUNCTIONS or found in ROW_OF or bool(named(found))


def call_with_optional(
    p: Parser, target: Abstract, args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Abstract:
    """The call, where it is known which arguments are None; Python's error where it accepts no None there."""
    count = len(args)

    def operate(items: Sequence[Abstract]) -> Abstract:
        return p.call(target, items[:count], dict(zip(kwargs, items[count:], strict=True)))

    def in_python(*items: Any) -> Any:
        return target.object(*items[:count], **dict(zip(kwargs, items[count:], strict=True)))

    found = target.object if isinstance(target, Known) else None
    pure = isinstance(found, np.ufunc) or getattr(found, "__module__", "") in PURE
    result: Abstract = without_none(p, [*args, *kwargs.values()], operate, in_python if pure else None)
    return result
