"""Gradients of recorded graphs: the compiler's own reverse mode, applied to a piece of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.ir.graph import Function, Type, Value
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.plans import gather, keep, plan_for, primal
from symdiff.transform.adjoint import differentiate
from symdiff.transform.simplify import simplify

__all__ = ["gradients"]


def gradients(root: Lazy, seed: Lazy | None, wrt: Sequence[Lazy]) -> list[Any]:
    """Cotangents of some values.

    Parameters
    ----------
    root : Lazy
        What is differentiated; it becomes known.
    seed : Lazy or None
        Its cotangent; one where it is None.
    wrt : sequence of Lazy
        Leaves of the graph.

    Returns
    -------
    list of array or scalar
        One for each of ``wrt``.
    """
    piece = gather([root], through=True)
    place = {leaf: k for k, leaf in enumerate(piece.leaves) if type(leaf) is Lazy}
    positions = tuple(place[v] for v in wrt)
    key = ("backward", piece.key, positions, seed is None)
    plan = plan_for(key, lambda: _adjoint(primal(piece, [root]), positions, seeded=seed is not None))
    results = plan.run(piece.leaves if seed is None else [*piece.leaves, seed])
    if root.array is None:
        keep([root], results[:1])
    return list(results[1:])


def _adjoint(function: Function, positions: Sequence[int], *, seeded: bool) -> Function:
    (result,) = function.results
    seed = Value(Type(result.type.dtype, result.type.shape, "numpy"), "y_bar") if seeded else result
    found = differentiate(function, positions, (seed,), name="backward", value=True)
    return simplify(found, "rules", pinned=[found.results[0]])[0]
