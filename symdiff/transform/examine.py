"""The examiner: whether a candidate computes what the formula it would replace computes, no less accurately.

Both are evaluated in double precision and compared with the exact value, at points spread over narrow and enormous
ranges, with both signs, and at special values. Points come in small clusters, and the worst of a cluster counts, so
that no comparison hangs on a rounding that happened to be lucky. What is finite where an operand is infinite stays so.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from symdiff.ops import REGISTRY
from symdiff.transform.formula import Candidate, Formula, Operand, Operation, number
from symdiff.transform.truth import Exact, Truth

__all__ = ["Examination", "Examiner"]

# An error may grow by this factor, and by this many units in the last place.
FACTOR, SLACK = 4.0, 8.0
# Decades to either side of one that samples are spread over; how often; and how many lie how close together.
SPREADS = (0.05, 0.3, 0.3, 1.0, 1.0, 3.0, 8.0, 30.0, 150.0, 300.0)
CLUSTERS, MEMBERS = 2, 5
NEARBY = 2.0**-40
CLOSE = (1e-2, 1e-5, 1e-10)
SPECIAL = (0.0, 1.0, -1.0, 2.0, 1e16)
MOST_SPECIAL = 12

Point = tuple[float, ...]


@dataclass(frozen=True)
class Examination:
    """The result of an examination, with the reason for a refusal."""

    agrees: bool
    reason: str = ""


@cache
def clusters(inputs: int) -> tuple[tuple[Point, ...], ...]:
    """Where formulas of so many inputs are compared: the same points in every process."""
    choose = random.Random(inputs)
    found: list[tuple[Point, ...]] = []

    def spread(decades: float, signed: bool) -> Point:
        sizes = (10.0 ** choose.uniform(-decades, decades) for _ in range(inputs))
        return tuple(-x if signed and choose.random() < 0.5 else x for x in sizes)

    def near(centre: Point, fixed: tuple[int, ...]) -> tuple[Point, ...]:
        def moved(k: int) -> float:
            return centre[k] if k in fixed else centre[k] * (1.0 + choose.random() * NEARBY)

        return (centre, *(tuple(map(moved, range(inputs))) for _ in range(MEMBERS - 1)))

    for decades in SPREADS:
        for signed in (False, True) * CLUSTERS:
            found.append(near(spread(decades, signed), ()))
    for distance in CLOSE:
        # where differences, and what is near one, lose their digits
        for middle in (1.0, 10.0 ** choose.uniform(-1.0, 1.0)):
            found.append(near(tuple(middle * (1.0 + choose.uniform(-distance, distance)) for _ in range(inputs)), ()))
    for special in SPECIAL:
        found.append(((special,) * inputs,))
        for k in range(min(inputs, MOST_SPECIAL)):
            base = spread(0.3, False)
            found.append(near((*base[:k], special, *base[k + 1 :]), (k,)))
    return tuple(found)


@cache
def at_infinity(inputs: int) -> tuple[Point, ...]:
    """Points with one infinite number: what overflowed may arrive from outside the formula."""
    choose = random.Random(inputs)
    found = []
    for k in range(min(inputs, MOST_SPECIAL)):
        base = tuple(10.0 ** choose.uniform(-0.3, 0.3) for _ in range(inputs))
        found += [(*base[:k], infinite, *base[k + 1 :]) for infinite in (math.inf, -math.inf)]
    return tuple(found)


class Examiner:
    """Examines candidates for one formula."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.clusters = clusters(formula.inputs)
        points = [point for cluster in self.clusters for point in cluster]
        everywhere = (*points, *at_infinity(formula.inputs))
        self.inputs = [np.array(column) for column in zip(*everywhere, strict=True)]
        self.count = len(everywhere)
        truth = Truth(formula)
        self.exact = [truth.outputs(point) for point in points]
        self.values, self.fails = self.evaluate_formula()

    # -- in double precision -------------------------------------------------------------------------------------------

    def evaluate_formula(self) -> tuple[list[Any], list[Any]]:
        """The value of each operation at every point, and whether it fails there as Python does."""
        values: list[Any] = []
        fails: list[Any] = []
        for operation in self.formula.operations:
            value, failing = self.run(operation, values, [])
            for kind, k in operation.operands:
                if kind == "n":
                    failing = failing | fails[int(k)]
            values.append(value)
            fails.append(failing)
        return values, fails

    def run(self, operation: Operation, values: Sequence[Any], made: Sequence[Any]) -> tuple[Any, Any]:
        operands = [np.broadcast_to(self.operand(x, values, made), (self.count,)) for x in operation.operands]
        row = REGISTRY[operation.row]
        with np.errstate(all="ignore"):
            value = np.asarray(row.numpy(*operands), dtype=float)
        failing = np.zeros(self.count, bool)
        if operation.raises and row.scalar is not None:
            for k, arguments in enumerate(zip(*(x.tolist() for x in operands), strict=True)):
                try:
                    row.scalar(*arguments)
                except (ArithmeticError, ValueError):
                    failing[k] = True
        return value, failing

    def operand(self, operand: Operand, values: Sequence[Any], made: Sequence[Any]) -> Any:
        kind, k = operand
        if kind == "k":
            return number(operand)
        return {"i": self.inputs, "n": values, "o": made}[kind][int(k)]

    def evaluate(self, candidate: Candidate) -> tuple[list[Any], Any]:
        """Each output of a candidate at every point, and where it fails."""
        made: list[Any] = []
        for operation in candidate.operations:
            made.append(self.run(operation, self.values, made)[0])
        outputs = [np.broadcast_to(self.operand(x, self.values, made), (self.count,)) for x in candidate.outputs]
        return outputs, self.failing(candidate.reads())

    def failing(self, operations: set[int]) -> Any:
        """Where something fails that some operations need, or that runs in any case."""
        pinned = {k for k, op in enumerate(self.formula.operations) if op.pinned}
        found = np.zeros(self.count, bool)
        for k in operations | pinned:
            found = found | self.fails[k]
        return found

    # -- the comparison ------------------------------------------------------------------------------------------------

    def examine(self, candidate: Candidate) -> Examination:
        """Compare a candidate with the formula."""
        outputs, failing = self.evaluate(candidate)
        before = self.failing(set(self.formula.outputs))
        if refusal := self.silenced(before & ~failing):
            return Examination(False, refusal)
        for position, k in enumerate(self.formula.outputs):
            old, new = np.where(before, np.nan, self.values[k]), np.where(failing, np.nan, outputs[position])
            refusal = self.compare(position, old, new)
            if refusal:
                return Examination(False, refusal)
        return Examination(True)

    def silenced(self, points: Any) -> str:
        """Where something would no longer fail as Python does, though it is not defined; empty if nowhere."""
        all_points = [point for cluster in self.clusters for point in cluster]
        for k in np.flatnonzero(points[: len(self.exact)]):
            if any(_is_undefined(exact) for exact in self.exact[k]):
                return f"what fails would go on at {_shown(all_points[k])}"
        return ""

    def compare(self, position: int, old: Any, new: Any) -> str:
        """Why the new values of an output are no match for the old ones; empty if they are."""
        start = 0
        for cluster in self.clusters:
            worst_old = worst_new = 0.0
            for offset, point in enumerate(cluster):
                k = start + offset
                a, b, exact = float(old[k]), float(new[k]), self.exact[k][position]
                if refusal := _appearance(a, b, exact):
                    return f"{refusal} at {_shown(point)}"
                if isinstance(exact, Exact):
                    worst_old = max(worst_old, _error(a, exact))
                    worst_new = max(worst_new, _error(b, exact))
            if worst_new > FACTOR * worst_old + SLACK:
                return f"an error of {worst_old:.3g} ulp becomes {worst_new:.3g} ulp near {_shown(cluster[0])}"
            start += len(cluster)
        for k, point in enumerate(at_infinity(self.formula.inputs), start):
            if math.isfinite(old[k]) and not math.isfinite(new[k]):
                return f"{old[k]:.6g} becomes {new[k]} at {_shown(point)}"
        return ""


def _appearance(old: float, new: float, exact: Any) -> str:
    """Whether a finite result would no longer be one, or the other way round."""
    if math.isfinite(old) and not math.isfinite(new):
        return f"{old:.6g} becomes {new}"
    if _is_undefined(exact) and math.isfinite(new) and not math.isfinite(old):
        return f"{old} becomes {new:.6g}, which hides that it is not finite"
    return ""


def _is_undefined(exact: Any) -> bool:
    """Whether there is no finite double for a value."""
    return exact is None or (isinstance(exact, Exact) and not math.isfinite(_rounded(exact.value)))


def _rounded(exact: Any) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.copysign(math.inf, exact)


def _error(found: float, exact: Exact) -> float:
    """The error in units in the last place of the exact value, as far as that is known."""
    nearest = _rounded(exact.value)
    if not math.isfinite(found) or not math.isfinite(nearest):
        return 0.0 if found == nearest else math.inf
    error = abs(exact.value - found)
    if not exact.is_sharp:
        error = max(0, error - type(error)(2) ** exact.doubt)
    return _rounded(error / math.ulp(nearest))


def _shown(point: Point) -> str:
    return f"({', '.join(f'{x:.6g}' for x in point)})"
