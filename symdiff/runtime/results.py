"""What a call returns: the nested structure that is made of the flat results of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.frontend.program import Program
from symdiff.frontend.structure import Structure, unflatten

__all__ = ["value_pack", "value_template", "with_same_objects"]


def value_pack(program: Program) -> Callable[[Sequence[Any]], Any]:
    """How the results of the graph form what the function returns."""

    def pack(results: Sequence[Any]) -> Any:
        return unflatten(program.result, program.unflatten_leaves(results))

    return pack


def with_same_objects(program: Program, results: Sequence[Any], given: Sequence[Any]) -> Any:
    """What the function returns, where some of it is an argument itself; ``given`` are the leaves of these."""
    leaves = program.unflatten_leaves(results)
    for position, leaf in program.same:
        leaves[position] = given[leaf]
    return unflatten(program.result, leaves)


def value_template(program: Program) -> Any:
    """The same for native code: tuples of slots, or None where Python must help."""
    if program.written or program.same or any(not isinstance(leaf, int) for leaf in program.result_leaves):
        return None
    return _template(program.result, iter(program.result_leaves))


def _template(structure: Structure, leaves: Any) -> Any:
    if structure.kind == "leaf":
        return next(leaves)
    if structure.kind != "tuple":
        return None
    parts = tuple(_template(child, leaves) for child in structure.children)
    return None if any(p is None for p in parts) else parts
