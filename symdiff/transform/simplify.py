"""Simplification: smaller graphs with the same meaning.

Two levels. Rules rewrite single operations (:mod:`.rules`), equal operations are shared (:mod:`.cse`), and what became
dead is dropped; this is repeated until nothing changes. Then regions of scalar operations that only derivatives depend
on go to SymPy (:mod:`.symbolic`), and what comes back is kept where it is cheaper and an examination finds it no less
accurate.

The results of the function itself, where they are returned beside its gradient, are *pinned*: they keep their bits, and
whatever is done to what they depend on is decided by looking at that alone. So it is done alike in the function and in
the function with its gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symdiff.errors import Location
from symdiff.ir.graph import CONSTANT, Function, Value
from symdiff.ir.walk import all_nodes, shown_values
from symdiff.transform.cse import share_equal
from symdiff.transform.dce import eliminate_dead_code
from symdiff.transform.describe import Describer
from symdiff.transform.joining import join_branches
from symdiff.transform.regionpass import Searched, simplify_regions
from symdiff.transform.replace import candidate_function, region_function
from symdiff.transform.rewriting import pinned_values, sizes_of
from symdiff.transform.rulepass import Applied, RulePass

__all__ = ["Rewrite", "simplify"]

# Every pass looks at each node once, so this bounds the visits to a node. Few functions need more than four.
PASSES = 20
# Texts are for a reader, and nobody reads more.
DESCRIBED = 1_000


@dataclass(frozen=True)
class Rewrite:
    """One simplification that was made, or was considered and refused.

    Attributes
    ----------
    name : str
        The rule, ``shared`` for equal operations, or ``symbolic``.
    where : Location or None
        The user's line that the operation stems from.
    operations_before, operations_after : int
        How many operations there were and are.
    before, after : str
        Both forms, as Python.
    verdict : str
        ``applied``, or why not.
    """

    name: str
    where: Location | None
    operations_before: int
    operations_after: int
    before: str = ""
    after: str = ""
    verdict: str = "applied"


def simplify(
    function: Function,
    level: str | bool,
    *,
    pinned: Iterable[Value] | None = None,
    derivative: bool = True,
    on_disk: bool = False,
) -> tuple[Function, list[Rewrite]]:
    """Simplify a function.

    Parameters
    ----------
    function : Function
        Any function.
    level : {"auto", "full", "rules", False}
        How hard to try: with "rules" nothing goes to SymPy, with False only dead code is dropped.
    pinned : iterable of Value, optional
        Results that must keep their bits; by default all of them.
    derivative : bool
        Whether the function computes a derivative; if not, all results are pinned.
    on_disk : bool
        Whether results of symbolic simplification are kept in files.

    Returns
    -------
    Function
        The simplified function.
    list of Rewrite
        What was done, in order; and what was refused, and why.
    """
    function = eliminate_dead_code(function)
    if level is False:
        return function, []
    kept = set(function.results if pinned is None or not derivative else pinned)
    positions = [k for k, result in enumerate(function.results) if result in kept]
    rewrites: list[Rewrite] = []
    function = _by_rules(function, positions, rewrites)
    if level != "rules" and len(positions) < len(function.results):
        function = _by_regions(function, positions, rewrites, full=level == "full", on_disk=on_disk)
    return function, rewrites


def _pinned(function: Function, positions: Sequence[int]) -> set[Value]:
    """What these results depend on; and what is shown, and what decides whether it is."""
    return pinned_values(function, [*(function.results[k] for k in positions), *shown_values(function.block)])


def _by_rules(function: Function, positions: Sequence[int], rewrites: list[Rewrite]) -> Function:
    """Apply rules and share equal operations until nothing changes."""
    single_precision = any(v.type.dtype == "float32" for v in (*function.params, *_outputs(function)))
    for _ in range(PASSES):
        before = function
        pinned = _pinned(function, positions)
        rules = RulePass(function, pinned, sizes_of(function), single_precision)
        function = rules.function(function)
        for applied in rules.applied:
            rewrites.append(_rewrite(applied, rules, described=len(rewrites) < DESCRIBED))
        pinned = _pinned(function, positions)
        function, shared = share_equal(function, pinned, single_precision=single_precision)
        if shared:
            rewrites.append(Rewrite("shared", None, shared, 0))
        function = eliminate_dead_code(function)
        if function is before:
            function, joined = join_branches(function, _pinned(function, positions))
            if not joined:
                return function
            rewrites.append(Rewrite("branches joined", None, joined, 0))
    rewrites.append(Rewrite("rules", None, 0, 0, verdict="gave up: budget"))
    return function


def _by_regions(
    function: Function, positions: Sequence[int], rewrites: list[Rewrite], *, full: bool, on_disk: bool
) -> Function:
    """Simplify regions symbolically, and what that left by rules again."""
    pinned = _pinned(function, positions)
    made, searched = simplify_regions(function, pinned, full=full, on_disk=on_disk)
    rewrites.extend(map(_searched, searched))
    return function if made is function else _by_rules(made, positions, rewrites)


def _outputs(function: Function) -> Iterable[Value]:
    return (output for node in all_nodes(function.block) for output in node.outputs)


def _rewrite(applied: Applied, rules: RulePass, *, described: bool) -> Rewrite:
    node, describer = applied.before, Describer()
    before = after = ""
    if described and not node.blocks:
        near = [n for v in node.inputs if (n := rules.definitions.get(v)) is not None]
        before = describer.text([*near, node], node.output)
        if applied.result is not None:
            after = describer.text([*near, *applied.after], applied.result, rules.definitions)
    made = sum(n.op is not CONSTANT for n in applied.after)
    return Rewrite(applied.name, node.where, 1, made, before, after)


def _searched(searched: Searched) -> Rewrite:
    """A form of a region, with the lines that compute it."""
    region, attempt = searched.region, searched.attempt
    where = region.nodes[region.formula.outputs[-1]].where
    before = len(region.formula.paid(region.formula.outputs))
    name = f"symbolic: {attempt.name}"
    if attempt.candidate is None:
        return Rewrite(name, where, before, before, verdict=attempt.verdict)
    describer = Describer()
    old, new = (
        describer.lines(part.block.nodes, part.block.results, region.literals)
        for part in (region_function(region), candidate_function(region, attempt.candidate))
    )
    return Rewrite(name, where, before, attempt.operations, old, new, attempt.verdict)
