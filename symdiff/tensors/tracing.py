"""Recording while a program is compiled: tensors whose elements nobody knows yet.

Functions of tensors are called as ever, on tensors that hold nothing; what they record becomes part of the program.
Where one looks at elements in order to check them, the check becomes part of the program, too; where one needs them for
anything else, it cannot be part of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from symdiff.tensors.lazy import Lazy

__all__ = ["DrawsNumbers", "Requirement", "Trace", "ValuesNeeded", "current", "is_unknown", "tracing"]


class ValuesNeeded(Exception):
    """The elements of a tensor are needed that only a run will tell."""


class DrawsNumbers(Exception):
    """Random numbers would be drawn now, and not whenever the program runs."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """Integers that must lie in a range.

    Attributes
    ----------
    value : Lazy
    low, high : int
        The range, without its end.
    error : type of Exception
    message : str
        Said of a number that is not in it.
    besides : int or None
        Another number that is allowed.
    """

    value: Lazy
    low: int
    high: int
    error: type[Exception]
    message: str
    besides: int | None = None


@dataclass(slots=True)
class Trace:
    """What a call of a function of tensors leaves besides its result."""

    requirements: list[Requirement] = field(default_factory=list)


class _State(threading.local):
    trace: Trace | None = None


_state = _State()


def current() -> Trace | None:
    """The trace of the call that is recorded for a program, if one is."""
    return _state.trace


@contextmanager
def tracing() -> Iterator[Trace]:
    """Record what follows for a program."""
    before, made = _state.trace, Trace()
    _state.trace = made
    try:
        yield made
    finally:
        _state.trace = before


def is_unknown(values: Sequence[Any]) -> bool:
    """Whether there is a value among these that only a run will tell."""
    return any(type(x) is Lazy and x.operation is None and x.array is None for x in values)
