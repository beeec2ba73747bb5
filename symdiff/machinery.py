"""Everything that compiles, loaded when something is first compiled: importing symdiff stays quick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff import stages
from symdiff.errors import located
from symdiff.frontend.program import Argument, Program
from symdiff.inspection import Stages
from symdiff.nested import TransformHook
from symdiff.ops import REGISTRY
from symdiff.ops.from_sympy import steps_of
from symdiff.ops.kinks import KINKS, changeable
from symdiff.runtime.arguments import prepare, snapshot
from symdiff.runtime.call import Dispatcher

__all__ = ["REGISTRY", "Dispatcher", "Stages", "TransformHook", "parser", "prepare", "snapshot", "stages", "steps_of"]


def parser(hook: TransformHook, at_kink: Sequence[tuple[str, float]] | None) -> Any:
    """A front end that knows our own functions, and the slopes at kinks that were chosen.

    Raises
    ------
    ValueError
        For a convention that is not in the table, or cannot be changed.
    """
    slopes = dict(at_kink or ())
    for name in slopes:
        if name not in changeable():
            problem = "cannot be changed" if name in KINKS else "is not in the table of conventions"
            hint = f"those that can be changed are {', '.join(changeable())}"
            raise located(ValueError, f"option at_kink: {name!r} {problem}", hint=hint)

    def parse(function: Any, arguments: Sequence[Argument]) -> Program:
        return stages.front(function, arguments, hook, slopes)

    return parse
