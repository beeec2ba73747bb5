"""A budget of work that is the same in every process: Python function calls, not seconds."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

__all__ = ["OverBudgetError", "within"]

T = TypeVar("T")


class OverBudgetError(BaseException):
    """The budget is spent. Not an `Exception`, which computer algebra catches here and there.

    Python takes a profile hook away when it raises. Where somebody swallows the exception nonetheless, it is put back
    as the exception is disposed of, so that the next call raises again.
    """

    def __init__(self, meter: _Meter) -> None:
        super().__init__("the budget is spent")
        self.meter = meter

    def __del__(self) -> None:
        self.meter.resume()


class _Meter:
    """Counts the calls of Python functions in one thread, and raises at each one past the budget."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.running = False
        self.thread = threading.get_ident()

    def hook(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self.left -= 1
            if self.left < 0 and self.running:
                raise OverBudgetError(self)

    def resume(self) -> None:
        if self.running and threading.get_ident() == self.thread:
            sys.setprofile(self.hook)


def within(calls: int, work: Callable[[], T]) -> T | None:
    """Run something within a budget.

    Parameters
    ----------
    calls : int
        How many calls of Python functions it may make.
    work : callable
        What to run. It must not depend on what ran before in the process, or its cost would.

    Returns
    -------
    object or None
        What it returned; None where the budget did not suffice.
    """
    meter, before = _Meter(calls), sys.getprofile()
    meter.running = True
    sys.setprofile(meter.hook)
    try:
        result = work()
    except OverBudgetError:
        return None
    finally:
        meter.running = False
        sys.setprofile(before)
    return result if meter.left >= 0 else None
