"""What the steps share: which parameters vary, and how programs are made of graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symdiff.errors import DtypeError, UnsupportedSyntaxError, located
from symdiff.frontend.program import Argument, Program
from symdiff.frontend.structure import Static, Structure
from symdiff.ir.graph import Function, Value
from symdiff.ir.walk import all_nodes
from symdiff.ops.random import GENERATOR, default_rng
from symdiff.steps import Step

__all__ = ["float_results", "inputs_of", "made_of", "nested", "own_draws", "pair", "suffixed", "with_arrays"]


def inputs_of(program: Program, step: Step, arguments: Sequence[Argument]) -> tuple[list[int], Structure, list[Any]]:
    """Positions of the parameters to differentiate by; and how their gradients form the answer."""
    params = list(program.graph.params)
    positions: list[int] = []
    leaves: list[Any] = []
    for k in step.wrt:
        before = len(positions)
        for leaf in arguments[k].leaves:
            if isinstance(leaf, Value) and leaf.type.is_float:
                leaves.append(len(positions))
                positions.append(params.index(leaf))
            else:
                leaves.append(Static(None))
        if len(positions) == before and step.kind != "pullback":
            raise DtypeError(f"cannot differentiate with respect to argument {arguments[k].name}: it holds no floats")
    if not positions:
        raise DtypeError("no argument holds floats to differentiate by")
    structures = [arguments[k].structure for k in step.wrt]
    return positions, structures[0] if step.single else pair(*structures), leaves


def made_of(program: Program, graph: Function, structure: Structure, leaves: tuple[Any, ...]) -> Program:
    """The program with another graph and other results."""
    # what the function stores into its arguments is undone: a gradient call never changes the caller's arrays
    return replace(program, graph=graph, result=structure, result_leaves=leaves, written=(), same=())


def suffixed(name: str, suffix: str) -> str:
    """The name of a derivative."""
    return f"{name}_{suffix}" if name.isidentifier() else f"lambda_{suffix}"


def pair(*structures: Structure) -> Structure:
    """A tuple of structures."""
    return Structure("tuple", tuple, (), structures)


def nested(outer: Structure, inner: Structure) -> Structure:
    """A structure with another in the place of each leaf."""
    if outer.kind == "leaf":
        return inner
    if outer.kind == "rows":
        return nested(outer.children[0], inner)
    return replace(outer, children=tuple(nested(child, inner) for child in outer.children))


def with_arrays(structure: Structure) -> Structure:
    """Lists of numbers as arrays: a Jacobian by a list has an axis more than one by its items."""
    if structure.kind == "rows":
        return with_arrays(structure.children[0])
    return replace(structure, children=tuple(with_arrays(child) for child in structure.children))


def float_results(program: Program) -> list[int]:
    """The leaves of the result that are floats."""
    results = program.graph.results
    return [n for n, k in enumerate(program.result_leaves) if isinstance(k, int) and results[k].type.is_float]


def own_draws(graph: Function, what: str) -> None:
    """Refuse draws from a generator that the function does not make: whoever runs it again would get other numbers."""
    nodes = list(all_nodes(graph.block))
    made = {o for n in nodes if n.op is default_rng for o in n.outputs}
    for node in nodes:
        acts = node.op is not default_rng and getattr(node.op, "effect", False)
        if acts and any(v.type.dtype == GENERATOR.dtype and v not in made for v in node.inputs):
            message = f"{what} would draw again from a generator that the function does not make itself"
            hint = "draw the numbers outside and pass them as an array, or make the generator inside"
            raise located(UnsupportedSyntaxError, message, node.where, hint)
