"""Simplification of regions by SymPy, under a budget and an examination.

Each region goes through the steps of :mod:`.identities`. What comes back is written as operations again; what is
cheaper is examined, cheapest first, and the first form that passes replaces the region. Results, also that there is
nothing to gain, are kept in files (:mod:`.shelf`), so SymPy is imported only where something new is met.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from symdiff.transform.algebra import Algebra, CannotConvertError
from symdiff.transform.budget import Budget
from symdiff.transform.examine import Examiner
from symdiff.transform.formula import Candidate, Formula, Operation, total_cost
from symdiff.transform.identities import STEPS, Change, Step
from symdiff.transform.recompose import recompose

__all__ = ["Attempt", "Outcome", "search"]

# Python calls that the search may make on a region, and one step of it, at a microsecond or two each. The sizes that
# steps accept keep them well below: how many calls SymPy makes varies by some per cent with the hashes of strings, and
# what is given up must not.
CALLS, CALLS_OF_A_STEP = 2_000_000, 500_000
# A form that costs this part of the region ends the search.
ENOUGH = 0.6
MOST_EXAMINED = 8
# Forms are written three times: with all operations of the region that fit, with those that cost something, with none.
REUSED = (0.0, 4.0, math.inf)
# What a reader pays for an operation that was not there before, in additions.
NOVELTY = 0.5
# What SymPy raises where it is out of its depth.
OUT_OF_DEPTH = (ArithmeticError, AttributeError, NotImplementedError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Attempt:
    """A form that was cheaper, or a step that came to nothing: its name, what it costs, and what became of it."""

    name: str
    operations: int
    verdict: str
    candidate: Candidate | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a region.

    Attributes
    ----------
    chosen : Candidate or None
        What replaces it.
    attempts : tuple of Attempt
        What was applied, refused or given up, in order.
    """

    chosen: Candidate | None
    attempts: tuple[Attempt, ...]


def search(formula: Formula, *, full: bool) -> Outcome:
    """Look for a cheaper formula that is no less accurate.

    Parameters
    ----------
    formula : Formula
        The region.
    full : bool
        Whether ``sympy.simplify`` is tried whatever the size.
    """
    with _reproducible():
        searching = _Search(formula, full=full)
        chosen = searching.run()
    return Outcome(chosen, tuple(searching.attempts))


class _Search:
    """One search: forms as they are found, those that are cheaper examined."""

    def __init__(self, formula: Formula, *, full: bool) -> None:
        self.formula, self.full = formula, full
        self.before = total_cost(formula.paid(formula.outputs))
        self.budget = Budget(CALLS)
        self.attempts: list[Attempt] = []
        self.found: dict[Candidate, tuple[float, int, str]] = {}
        self.examiner: Examiner | None = None

    def run(self) -> Candidate | None:
        algebra = self.budget.run(partial(_read, self.formula), CALLS_OF_A_STEP)
        if not isinstance(algebra, Algebra):
            self.gave_up("read", algebra)
            return None
        forms: dict[str, list[Any]] = {"": [form for _, form in algebra.targets()]}
        for step in STEPS:
            begin = forms.get(step.origin, forms[""])
            if not self.is_small_enough(step, begin, algebra):
                continue
            work = partial(_step, algebra, list(forms.values())[1:], begin, step.change)
            result = self.budget.run(work, CALLS_OF_A_STEP)
            if not isinstance(result, Stepped):
                self.gave_up(step.name, result)
                if result is None:
                    # the next step would not do better
                    break
                continue
            forms[step.name] = result.form
            self.note(step.name, result.candidates)
            if (chosen := self.examined(ENOUGH * self.before)) is not None:
                return chosen
        return self.examined(self.before)

    def is_small_enough(self, step: Step, form: Sequence[Any], algebra: Algebra) -> bool:
        size = sum(int(algebra.sp.count_ops(e)) for e in form)
        return size <= step.largest or (self.full and step is STEPS[-1])

    def gave_up(self, name: str, reason: str | None) -> None:
        self.attempts.append(Attempt(name, 0, f"gave up: {reason or 'budget'}"))

    def note(self, name: str, candidates: Sequence[Candidate]) -> None:
        """Keep candidates that are new, with what they cost: new operations a little more than those there were."""
        for candidate in candidates:
            cost = total_cost(candidate.paid(self.formula)) + NOVELTY * len(candidate.operations)
            self.found.setdefault(candidate, (cost, len(self.found), name))

    def examined(self, below: float) -> Candidate | None:
        """The cheapest form of those below a cost that passes; those that do not are put aside."""
        cheaper = sorted((score, c) for c, score in self.found.items() if score[0] < below)
        for (_, order, name), candidate in cheaper[:MOST_EXAMINED]:
            self.found[candidate] = (math.inf, order, name)
            self.examiner = self.examiner or Examiner(self.formula)
            examination = self.examiner.examine(candidate)
            verdict = "applied" if examination.agrees else f"refused by the examiner: {examination.reason}"
            self.attempts.append(Attempt(name, len(candidate.paid(self.formula)), verdict, candidate))
            if examination.agrees:
                return candidate
        return None


@dataclass(frozen=True)
class Stepped:
    """The form that a step led to, and what it is as operations: nothing where it is a form known already."""

    form: list[Any]
    candidates: list[Candidate]


def _step(algebra: Algebra, known: Sequence[list[Any]], begin: list[Any], change: Change) -> Stepped | str:
    """Run a step; a text says why it failed."""
    try:
        form = change(algebra.sp, begin)
        again = any(form == other for other in known)
        return Stepped(form, [] if again else [recompose(algebra, form, reuse_from=cost) for cost in REUSED])
    except CannotConvertError as error:
        return str(error)
    except OUT_OF_DEPTH as error:
        return f"SymPy failed with {type(error).__name__}"


def _read(formula: Formula) -> Algebra | str:
    try:
        return Algebra(formula)
    except CannotConvertError as error:
        return str(error)
    except OUT_OF_DEPTH as error:
        return f"SymPy failed with {type(error).__name__}"


@contextmanager
def _reproducible() -> Iterator[None]:
    """Put SymPy into a state in which work on a region takes the same number of calls whatever went before.

    It remembers results, and asks questions in random order.
    """
    from sympy.core import random as chance
    from sympy.core.cache import clear_cache

    _rehearse()
    sources = [s for name in ("rng", "_assumptions_rng") if (s := getattr(chance, name, None)) is not None]
    states = [source.getstate() for source in sources]
    clear_cache()
    chance.seed(0)
    try:
        yield
    finally:
        for source, state in zip(sources, states, strict=True):
            source.setstate(state)


@cache
def _rehearse() -> None:
    """Let SymPy import what it imports when something is used for the first time."""
    x, y, one = ("i", 0), ("i", 1), ("k", (1.0).hex())
    rows = [
        Operation("exp", (x,)),
        Operation("add", (("n", 0), one)),
        Operation("log", (("n", 1),)),
        Operation("divide", (y, ("n", 1))),
        Operation("erf", (("n", 3),)),
        Operation("sqrt", (x,)),
        Operation("multiply", (("n", 4), ("n", 5))),
        Operation("exp", (("n", 6),)),
        Operation("subtract", (("n", 7), ("n", 2))),
        Operation("sin", (("n", 8),)),
        Operation("multiply", (("n", 8), ("n", 9))),
    ]
    algebra = _read(Formula(2, tuple(rows), (10,)))
    assert isinstance(algebra, Algebra)
    begin = [form for _, form in algebra.targets()]
    for step in STEPS:
        _step(algebra, [], begin, step.change)
