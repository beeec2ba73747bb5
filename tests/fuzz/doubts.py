"""Whether a disagreement comes of rounding: fused operations that decide a branch, and programs that are chaotic."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tests.fuzz.compiled import Compiled, Failure, Found, Options, along_direction, plain, same_bits
from tests.fuzz.generator import Program

__all__ = ["chaotic", "rounding_decides"]

NEIGHBOURS = 8  # inputs one unit in the last place away, asked where numbers differ


def rounding_decides(
    function: Any, program: Program, options: Options, arguments: tuple[Any, ...], expected: Found
) -> bool:
    """Whether the same program without fused operations gives CPython's bits."""
    found = Compiled(function, program, replace(options, strict=True)).call(arguments)
    return isinstance(found, Found) and program.exact and found.error is None and same_bits(found.value, expected.value)


def chaotic(program: Program, function: Any, options: Options, arguments: tuple[Any, ...], failure: Failure) -> bool:
    """Whether the number moves by as much where inputs move by one unit in the last place, or roundings are others.

    The first is asked of CPython, the second of the same program with and without fused operations.
    Only for programs that are not compared to the bit, and never for a gap that is not a number.
    """
    if program.exact or not np.isfinite(failure.gap):
        return False
    r = np.random.default_rng(program.seed)
    found = []
    if failure.word == "value":
        for strict in (True, False):
            again = Compiled(function, program, replace(options, strict=strict)).call(arguments)
            found.append(again.value if isinstance(again, Found) else None)
        if moves(found, failure.gap):
            return True
        found = []
    for _ in range(NEIGHBOURS):
        moved = [neighbour(r, a) for a in arguments]
        if failure.word == "value":
            found.append(plain(function, moved).value)
        else:
            dual = along_direction(program, tuple(moved), [])
            found.append(None if dual is None else dual.slope)
    return moves(found, failure.gap)


def moves(found: Sequence[Any], gap: float) -> bool:
    """Whether numbers are apart by about as much."""
    numbers = [float(v) for v in found if v is not None]
    return len(numbers) > 1 and max(numbers) - min(numbers) > 0.1 * gap


def neighbour(r: np.random.Generator, argument: Any) -> Any:
    """Floats moved to a neighbour, up or down; anything else as it is."""
    if isinstance(argument, bool | int):
        return argument
    moved = np.nextafter(argument, r.choice([-np.inf, np.inf], np.shape(argument)))
    return moved if isinstance(argument, np.ndarray) else float(moved)
