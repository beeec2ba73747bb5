"""A budget of work that is the same in every process: Python function calls, not seconds."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from symdiff_codegen.call_meter import CallMeter

__all__ = ["Budget", "OverBudgetError"]

T = TypeVar("T")


class OverBudgetError(BaseException):
    """The budget is spent. Not an `Exception`, which computer algebra catches here and there.

    The meter raises once. Where somebody swallows the exception nonetheless, the meter is armed anew as the exception
    is disposed of, so that the next call raises again.
    """

    def __init__(self, meter: _Meter) -> None:
        super().__init__("the budget is spent")
        self.meter = meter

    def __del__(self) -> None:
        self.meter.resume()


class _Meter:
    """Counts the calls of Python functions in one thread, and raises at each one past the budget."""

    def __init__(self, calls: int) -> None:
        self.counter = CallMeter(calls, OverBudgetError, self)
        self.running = False
        self.thread = threading.get_ident()

    def resume(self) -> None:
        if self.running and threading.get_ident() == self.thread:
            self.counter.arm(True)


class Budget:
    """So many calls of Python functions, for several pieces of work together.

    Parameters
    ----------
    calls : int
        How many there are.

    Attributes
    ----------
    left : int
        How many are left.
    """

    def __init__(self, calls: int) -> None:
        self.left = calls

    def run(self, work: Callable[[], T], at_most: int) -> T | None:
        """Do a piece of work with a part of the budget.

        Parameters
        ----------
        work : callable
            What to do. It must not depend on what was done before in the process, or its cost would.
        at_most : int
            How many calls it may make, if there are as many left.

        Returns
        -------
        object or None
            What it returned; None where the calls did not suffice.
        """
        allowed = min(at_most, self.left)
        meter, before = _Meter(allowed), sys.getprofile()
        meter.running = True
        meter.counter.start()
        try:
            result = work()
        except OverBudgetError:
            return None
        finally:
            meter.running = False
            sys.setprofile(before)
            self.left -= allowed - max(meter.counter.left, 0)
        return result if meter.counter.left >= 0 else None
