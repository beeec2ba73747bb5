"""Programs whose results may be None: where one is, there is nothing to differentiate, so their derivatives raise."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from symdiff.derive.common import float_results, pair
from symdiff.errors import NotScalarError
from symdiff.frontend.program import Program
from symdiff.frontend.structure import Structure
from symdiff.ir.build import Builder
from symdiff.ir.graph import ACT, Block, Function, Node, Value
from symdiff.ir.sites import Site

__all__ = ["with_floats"]

MESSAGE = "the derivative needs a number, but here the function returns None"


def with_floats(program: Program, *, first: bool = False) -> Program:
    """The program, raising where a result is None that may be a float; or only where the first of two is."""
    found = _Certain(program)
    leaves = iter(range(len(program.result_leaves)))
    if first and program.result.kind == "tuple" and len(program.result.children) == 2:
        value, aux = program.result.children
        structure, kept = found.walk(value, leaves)
        structure, kept = pair(structure, aux), [*kept, *leaves]
    else:
        structure, kept = found.walk(program.result, leaves)
    if not found.nones:
        return program
    graph, build = program.graph, Builder()
    for none in found.nones:
        _refuse(build, none)
    block = Block(graph.params, (*graph.block.nodes, *build.nodes), graph.results)
    return replace(
        program,
        graph=Function(graph.name, block),
        result=structure,
        result_leaves=tuple(program.result_leaves[n] for n in kept),
        same=tuple((kept.index(n), leaf) for n, leaf in program.same if n in kept),
    )


@dataclass
class _Certain:
    """Goes over the result of a program, and notes the truth values that say what of it is None."""

    program: Program
    nones: list[Value] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.floats = set(float_results(self.program))

    def walk(self, structure: Structure, leaves: Iterator[int]) -> tuple[Structure, list[int]]:
        """The structure with floats that are never None, and which leaves remain."""
        if structure.kind == "leaf":
            return structure, [next(leaves)]
        if structure.kind == "optional":
            return self._optional(structure, leaves)
        parts = [self.walk(child, leaves) for child in structure.children]
        made = replace(structure, children=tuple(child for child, _ in parts))
        return made, [n for _, kept in parts for n in kept]

    def _optional(self, structure: Structure, leaves: Iterator[int]) -> tuple[Structure, list[int]]:
        flag = next(leaves)
        item, kept = self.walk(structure.children[1], leaves)
        place = self.program.result_leaves[flag]
        if self.floats.isdisjoint(kept) or not isinstance(place, int):
            return structure, [flag, *kept]
        self.nones.append(self.program.graph.results[place])
        return item, kept


def _refuse(build: Builder, none: Value) -> None:
    """Raise where this holds."""
    fails, goes_on = build.inner(), build.inner()
    statement = ast.parse(f"raise NotScalarError({MESSAGE!r})").body[0]
    objects = {"NotScalarError": NotScalarError}
    site = Site(statement, 0, objects, {"__builtins__": builtins}, none.where, True, NotScalarError)
    fails.append(Node(ACT, (), (), {"site": site}, (), none.where))
    build.if_(none, fails.finish((), ()), goes_on.finish((), ()), types=[])
