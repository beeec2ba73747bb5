"""Simplification of regions by SymPy, under a budget and an examination.

Each region goes through the steps of :mod:`.identities`. What comes back is written as operations again; what is
cheaper is examined, cheapest first, and the first form that passes replaces the region. Results, also that there is
nothing to gain, are kept in files (:mod:`.shelf`), so SymPy is imported only where something new is met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from symdiff.transform.algebra import Algebra, CannotConvertError
from symdiff.transform.budget import within
from symdiff.transform.examine import Examiner
from symdiff.transform.formula import Candidate, Formula, Operation, total_cost
from symdiff.transform.identities import Change, steps
from symdiff.transform.recompose import recompose

__all__ = ["Attempt", "Outcome", "search"]

# Python calls that one step may make on a region: a third of a second or so.
CALLS = 200_000
MOST_EXAMINED = 8
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
    found, attempts = _candidates(formula, full)
    before = total_cost(formula.paid(formula.outputs))
    cheaper = [(score, k) for k, (_, c) in enumerate(found) if (score := _score(formula, c)) < before]
    if not cheaper:
        return Outcome(None, tuple(attempts))
    examiner = Examiner(formula)
    for _, k in sorted(cheaper)[:MOST_EXAMINED]:
        name, candidate = found[k]
        examination = examiner.examine(candidate)
        operations = len(candidate.paid(formula))
        if examination.agrees:
            attempts.append(Attempt(name, operations, "applied", candidate))
            return Outcome(candidate, tuple(attempts))
        verdict = f"refused by the examiner: {examination.reason}"
        attempts.append(Attempt(name, operations, verdict, candidate))
    return Outcome(None, tuple(attempts))


def _score(formula: Formula, candidate: Candidate) -> float:
    """What a candidate costs, new operations a little more than those there were."""
    return total_cost(candidate.paid(formula)) + NOVELTY * len(candidate.operations)


def _candidates(formula: Formula, full: bool) -> tuple[list[tuple[str, Candidate]], list[Attempt]]:
    """Forms of a formula as operations, each different one once; and the steps that came to nothing."""
    _warm_up()
    algebra = within(CALLS, lambda: _read(formula))
    if algebra is None:
        return [], [Attempt("read", 0, "gave up: budget")]
    if isinstance(algebra, str):
        return [], [Attempt("read", 0, f"gave up: {algebra}")]
    return _run_steps(algebra, full)


def _run_steps(algebra: Algebra, full: bool) -> tuple[list[tuple[str, Candidate]], list[Attempt]]:
    forms: dict[str, list[Any]] = {"": [form for _, form in algebra.targets()]}
    found: dict[Candidate, str] = {}
    attempts: list[Attempt] = []
    for name, origin, change in steps(full=full):
        work = partial(_step, algebra, list(forms.values())[1:], forms.get(origin, forms[""]), change)
        result = within(CALLS, work)
        if isinstance(result, Stepped):
            forms[name] = result.form
            for candidate in result.candidates:
                found.setdefault(candidate, name)
        else:
            attempts.append(Attempt(name, 0, f"gave up: {result or 'budget'}"))
    return [(name, candidate) for candidate, name in found.items()], attempts


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
        modes = () if again else (True, False)
        return Stepped(form, [recompose(algebra, form, reuse=reuse) for reuse in modes])
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


def _warm_up() -> None:
    """Put SymPy into the state in which work on a region takes the same number of calls in every process."""
    from sympy.core.cache import clear_cache

    _rehearse()
    clear_cache()


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
    if isinstance(algebra, Algebra):
        _run_steps(algebra, False)
