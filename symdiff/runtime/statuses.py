"""What native code says with its status: that a check failed, or that the call needs a graph for its very sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.errors import ShapeError, SymdiffError, kind_named, located
from symdiff.lower.lower import Lowered
from symdiff.tracebacks import hide_frames

__all__ = ["RESPECIALISE", "Respecialise", "raising"]

RESPECIALISE = 1
HINT_OF_ONE = "a single item broadcasts as a number does: treat that case apart, with its item [0]"


class Respecialise(Exception):
    """A size that was assumed not to be 1 is 1: the graph must be built for these very sizes."""

    def __init__(self, site: Any) -> None:
        super().__init__(site)
        self.site = site

    def refused(self) -> SymdiffError:
        """The error where the graph was built for these very sizes, and others follow from data."""
        message = f"{self.site.message or 'sizes differ'}: a size that depends on data is 1 here, and would broadcast"
        return located(ShapeError, message, self.site.where, HINT_OF_ONE)


def raising(lowered: Lowered) -> Callable[[int, tuple[int, ...]], Any]:
    """Raises what a status of this native code stands for, with the values that it stored for the message."""

    def native_error(status: int, cells: tuple[int, ...]) -> Any:
        if status == RESPECIALISE:
            raise Respecialise(lowered.broadcasts[cells[0]])
        site = lowered.errors[status]
        with hide_frames():
            raise located(kind_named(site.exception), site.message.format(*cells), site.where)

    return native_error
