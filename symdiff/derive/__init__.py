"""From a program to the program of its derivative: which parameters vary, and in what form answers are given.

One module for each family of steps: `gradient` (reverse mode), `forward` (along tangents), `jacobian` (either of them,
whichever needs fewer sweeps) and `mapping` (one program run on every row of arrays).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symdiff.derive.certain import with_floats
from symdiff.derive.forward import pushed
from symdiff.derive.gradient import gradient, pullback
from symdiff.derive.jacobian import jacobian
from symdiff.derive.mapping import mapped, row_arguments
from symdiff.frontend.program import Argument, Program
from symdiff.steps import ALONG, Step

__all__ = ["argument_levels", "derive"]

Arguments = Sequence[Argument]


def _as_before(make: Callable[[Program, Step, Arguments], Program]) -> Callable[..., Program]:
    """A step whose program takes the arguments that the one before took."""
    return lambda program, step, before, after: make(program, step, after)


STEPS: Mapping[str, Callable[[Program, Step, Arguments, Arguments], Program]] = {
    "grad": _as_before(gradient),
    "value_and_grad": _as_before(gradient),
    "jacobian": _as_before(jacobian),
    "pullback": _as_before(pullback),
    "jvp": pushed,
    "tangent": pushed,
    "vmap": mapped,
}


def derive(program: Program, step: Step, before: Arguments, after: Arguments) -> Program:
    """The program that a step makes of another.

    Parameters
    ----------
    program : Program
        What is derived from.
    step : Step
        What is asked.
    before, after : sequence of Argument
        The arguments of the program, and of the one to be made: see `argument_levels`.
    """
    if step.kind not in ("vmap", "pullback"):
        program = with_floats(program, first=step.has_aux)
    return STEPS[step.kind](program, step, before, after)


def argument_levels(steps: Sequence[Step], arguments: Arguments) -> list[Arguments]:
    """The arguments before the first step, between the steps and after the last, which are the ones given.

    A derivative along tangents takes one argument more than the function; a function that is mapped takes the rows.
    """
    levels = [tuple(arguments)]
    for step in reversed(steps):
        taken = levels[0]
        if step.kind in ALONG:
            taken = taken[:-1]
        elif step.kind == "vmap":
            taken = row_arguments(step, taken)
        levels.insert(0, taken)
    return list(levels)
