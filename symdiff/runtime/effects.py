"""What native code has Python do in the middle of a call: run the user's statements, and raise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from symdiff.ir.graph import ACT, Function
from symdiff.ir.walk import all_nodes
from symdiff.lower.draws import Drawing
from symdiff.lower.lower import Lowered
from symdiff.runtime.generators import run_drawing
from symdiff.tracebacks import hide_frames

__all__ = ["invoking", "may_show", "showing"]


class Shown:
    """How many effects of a call have run, and how many of them are not to be repeated.

    A call that finds that it needs a variant of known sizes begins anew, and meets what it has shown once more.
    """

    def __init__(self) -> None:
        self.count = self.skip = 0

    def again(self) -> None:
        """The call begins anew."""
        self.count, self.skip = 0, max(self.count, self.skip)

    def next(self) -> bool:
        """Whether the effect that is met now is to run."""
        self.count += 1
        return self.count > self.skip


_calls = threading.local()


@contextmanager
def showing() -> Iterator[Shown]:
    """Count the effects of a call; calls may be made within an effect of another."""
    before = getattr(_calls, "shown", None)
    _calls.shown = shown = Shown()
    try:
        yield shown
    finally:
        _calls.shown = before


def may_show(graph: Function) -> bool:
    """Whether a function has effects besides exceptions."""
    return any(node.op is ACT and not node.attrs["site"].raises for node in all_nodes(graph.block))


def run_site(site: tuple[Any, tuple[str, ...]], values: Sequence[Any], outputs: Sequence[Any] = ()) -> None:
    """Run a statement of the user's in the middle of a native call, or draw random numbers."""
    statement, kinds = site
    if isinstance(statement, Drawing):
        run_drawing(statement, values, outputs)
        return
    shown = getattr(_calls, "shown", None)
    if not statement.raises and shown is not None and not shown.next():
        return
    statement.run([_typed(value, kind) for value, kind in zip(values, kinds, strict=True)])


def invoking(lowered: Lowered) -> Callable[..., None] | None:
    """What native code calls back; None where it calls nothing."""

    def invoked(number: int, values: list[Any], outputs: Sequence[Any] = ()) -> None:
        with hide_frames():
            run_site(lowered.sites[number], values, outputs)

    return invoked if lowered.sites else None


def _typed(value: Any, kind: str) -> Any:
    """A value that native code passes, as the scalar of NumPy's that the user's statement would have."""
    plain = kind.startswith("python") or isinstance(value, np.ndarray)
    return value if plain else np.dtype(kind.split()[1]).type(value)
