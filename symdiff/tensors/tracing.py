"""Recording while a program is compiled: tensors whose elements nobody knows yet.

Functions of tensors are called as ever, on tensors that hold nothing; what they record becomes part of the program.
Where one looks at elements in order to check them, the check becomes part of the program, too; where one needs them for
anything else, it cannot be part of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from symdiff.tensors.dtypes import DType
from symdiff.tensors.lazy import Lazy, known

__all__ = [
    "Drawing",
    "DrawsNumbers",
    "Requirement",
    "Trace",
    "ValuesNeeded",
    "current",
    "drawn",
    "for_training",
    "is_for_training",
    "is_unknown",
    "require_order_in_memory",
    "tracing",
]


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


class Drawing:
    """Random numbers that are drawn whenever they are asked for."""

    def __init__(self, draw: Callable[[], Any]) -> None:
        self.draw = draw

    @property
    def drawn(self) -> Any:
        """New ones."""
        return self.draw()


@dataclass(slots=True)
class Trace:
    """What a call of a function of tensors leaves besides its result."""

    requirements: list[Requirement] = field(default_factory=list)
    drawings: list[tuple[Drawing, Lazy]] = field(default_factory=list)
    contiguous: set[Lazy] = field(default_factory=set)
    """What came from the program, and surely lies in memory in C order."""


class _State(threading.local):
    trace: Trace | None = None
    training = False


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


@contextmanager
def for_training() -> Iterator[None]:
    """Compile steps of a training meanwhile: the caller draws their random numbers, in their order, before each run."""
    before, _state.training = _state.training, True
    try:
        yield
    finally:
        _state.training = before


def is_for_training() -> bool:
    """Whether it is a step of a training that is compiled."""
    return _state.training


def drawn(draw: Callable[[], Any], dtype: DType, shape: tuple[int, ...]) -> Lazy:
    """Random numbers: drawn now, or by the program that is compiled."""
    trace = _state.trace
    if trace is None:
        return known(draw(), dtype, shape)
    if not _state.training:
        raise DrawsNumbers
    made = Lazy(None, (), (), shape, dtype, False)
    trace.drawings.append((Drawing(draw), made))
    return made


def require_order_in_memory(value: Lazy) -> None:
    """That a value of a trace lies in memory in C order: what is drawn for it is drawn in that order."""
    trace = _state.trace
    if trace is not None and value.operation is None and value.array is None and value not in trace.contiguous:
        raise DrawsNumbers


def is_unknown(values: Sequence[Any]) -> bool:
    """Whether there is a value among these that only a run will tell."""
    return any(type(x) is Lazy and x.operation is None and x.array is None for x in values)
