"""Arguments that a function stores into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.errors import located
from symdiff.frontend.program import Program, Written
from symdiff.runtime.arguments import overlapping
from symdiff.runtime.binding import Call

__all__ = ["refuse_overlap", "write_back"]


def write_back(program: Program, call: Call, results: Sequence[Any]) -> None:
    """Give the caller's arrays the content that the function stored into them.

    Raises
    ------
    ValueError
        If such an array is read-only, before anything is changed.
    """
    for written in program.written:
        array = call.leaves[written.leaf]
        if isinstance(array, np.ndarray) and not array.flags.writeable:
            raise located(ValueError, "assignment destination is read-only", written.where)
    for written in program.written:
        call.leaves[written.leaf][...] = results[written.result]


def refuse_overlap(stores: Sequence[Written], call: Call, captured: Sequence[tuple[str, Any]]) -> None:
    """Refuse a call where an array that is stored into shares memory with another argument or captured array.

    ``captured`` has names and objects.

    Raises
    ------
    ValueError
        Naming both.
    """
    others = [*zip(call.names, call.leaves, strict=True), *captured]
    for written in stores:
        own = call.leaves[written.leaf]
        for k, (name, other) in enumerate(others):
            if k != written.leaf and isinstance(other, np.ndarray) and overlapping([own, other]):
                message = f"argument {call.names[written.leaf]} is stored into and shares memory with {name}"
                raise located(ValueError, message, written.where, "pass a copy of one of them")
