"""What is raised while parsing and caught there: a path has ended, or something must be parsed anew with more known."""

from __future__ import annotations

from symdiff.frontend.abstract import Abstract
from symdiff.frontend.program import Path
from symdiff.ir.graph import Value

__all__ = ["Diverged", "StaticCapture", "Unknown", "Unroll"]


class StaticCapture(Exception):
    """Raised when a captured int must be known while parsing: the function is parsed again with it as a constant."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class Diverged(Exception):
    """Raised when nothing can run after what was just parsed: the path has ended in an exception."""


class Unroll(Exception):
    """Raised when the index of a loop must be known while parsing."""

    def __init__(self, index: Value) -> None:
        super().__init__()
        self.index = index


class Unknown(Exception):
    """A value is run-time data."""

    def __init__(self, item: Abstract) -> None:
        super().__init__()
        self.item = item
