"""Everything that compiles, loaded when something is first compiled: importing symdiff stays quick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff import stages
from symdiff.frontend.program import Argument, Program
from symdiff.inspection import Stages
from symdiff.nested import TransformHook
from symdiff.runtime.arguments import prepare, snapshot
from symdiff.runtime.call import Dispatcher

__all__ = ["Dispatcher", "Stages", "TransformHook", "parser", "prepare", "snapshot", "stages"]


def parser(hook: TransformHook) -> Any:
    """A front end that knows our own functions."""

    def parse(function: Any, arguments: Sequence[Argument]) -> Program:
        return stages.front(function, arguments, hook)

    return parse
