"""Ctrl-C between the steps of a training, never within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, TypeVar

__all__ = ["Interrupts"]

T = TypeVar("T")


class Interrupts:
    """Context in which Ctrl-C waits for the end of a step; a second Ctrl-C does not wait.

    It changes only Python's own handling of Ctrl-C, which raises `KeyboardInterrupt` anywhere: half of an optimiser's
    update may be done then. Another handler, or another thread than the main one, is left alone.
    """

    def __init__(self) -> None:
        self._busy = self._pending = self._installed = False

    def __enter__(self) -> Interrupts:
        own = threading.current_thread() is threading.main_thread()
        if own and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._busy and not self._pending:
            self._pending = True
        else:
            signal.default_int_handler(number, frame)

    def step(self, call: Callable[..., T], *args: Any) -> T:
        """Do a step to its end, then raise what came meanwhile."""
        self._busy = True
        try:
            found = call(*args)
        finally:
            self._busy = False
        if self._pending:
            raise KeyboardInterrupt
        return found
