"""Python's garbage collector, less often while the compiler works.

Graphs are very many small objects. At the collector's usual pace it looks through all of them again and again, and
through everything else in the process, which takes a quarter of the time of a compile.

Functions that are dropped are found by it alone, and it does not know how much native memory they hold: of that many
contexts, one ends with a collection of everything.
"""

from __future__ import annotations

import gc
import os
import threading

__all__ = ["CONTEXTS", "PACE", "seldom_collected"]

# New objects per collection: more would find less of what is used in the processor's caches.
PACE = 20_000
CONTEXTS = 100


class _Seldom:
    """A context that several threads may be in at once; the last to leave restores the pace there was."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = self.left = 0
        self.before = self.during = gc.get_threshold()

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            if self.inside == 1:
                self.before = gc.get_threshold()
                self.during = slowed(self.before)
                gc.set_threshold(*self.during)

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.inside = max(0, self.inside - 1)  # a child that was forked in here begins at 0
            self.left += 1
            # a pace that somebody has set in the meantime is left
            if self.inside == 0 and gc.get_threshold() == self.during:
                gc.set_threshold(*self.before)
            due = self.left % CONTEXTS == 0
        if due and gc.isenabled() and gc.get_threshold()[0]:
            gc.collect()

    def renew(self) -> None:
        """In a forked child: threads of the parent may have held the lock, or been inside, and are not there."""
        self.lock = threading.Lock()
        if self.inside and gc.get_threshold() == self.during:
            gc.set_threshold(*self.before)
        self.inside = 0


def slowed(thresholds: tuple[int, int, int]) -> tuple[int, int, int]:
    """The collector's thresholds while the compiler works; 0 means that it is off, and stays."""
    first, second, third = thresholds
    return (max(first, PACE) if first else 0, second, third)


seldom_collected = _Seldom()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=seldom_collected.renew)
