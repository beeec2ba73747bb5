"""Reverse mode of programs: which results get a cotangent, and how gradients are arranged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symdiff.derive.certain import with_floats
from symdiff.derive.common import float_results, inputs_of, made_of, own_draws, pair, suffixed
from symdiff.errors import DtypeError, NotScalarError
from symdiff.frontend.program import Argument, Program
from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.rewrite import references, silent, substitute
from symdiff.ir.shapes import require_same
from symdiff.ops import REGISTRY
from symdiff.steps import Step
from symdiff.transform.adjoint import differentiate

__all__ = ["gradient", "pullback"]


def _scalar_result(program: Program, step: Step) -> int:
    """Position of the result to differentiate."""
    structure = program.result
    if step.has_aux:
        if structure.kind != "tuple" or len(structure.children) != 2:
            raise NotScalarError("with has_aux=True the function must return (value, aux)")
        structure = structure.children[0]
    where = program.graph.results[0].where if program.graph.results else None
    first = program.result_leaves[0] if program.result_leaves else None
    if structure.kind == "complex":
        raise NotScalarError(
            "the gradient needs a real result, but the function returns complex numbers",
            where,
            "return abs(...), .real or .imag of them",
        )
    if structure.kind not in ("leaf", "tensor"):
        raise NotScalarError(
            "the gradient needs a function that returns one number", where, "use sd.jacobian or sd.vjp"
        )
    if not isinstance(first, int):
        raise NotScalarError("the gradient needs a function that returns a number", where)
    value = program.graph.results[first]
    if value.type.shape:
        raise NotScalarError(
            f"the gradient needs a scalar result, but the function returns an array of {value.type.rank} dimensions",
            where,
            "use sd.jacobian or sd.vjp, or return a sum",
        )
    if not value.type.is_float:
        raise DtypeError(f"the gradient needs a float result, but the function returns {value.type.dtype}", where)
    return first


def gradient(program: Program, step: Step, arguments: Sequence[Argument]) -> Program:
    """The gradient of a program that gives one number."""
    positions, structure, leaves = inputs_of(program, step, arguments)
    target = _scalar_result(program, step)
    results = program.graph.results
    seeds = tuple(r if k == target else None for k, r in enumerate(results))
    keep = step.kind == "value_and_grad" or step.has_aux
    graph = differentiate(program.graph, positions, seeds, name=suffixed(program.graph.name, "grad"), value=keep)
    offset = len(results) if keep else 0
    found = tuple(leaf + offset if isinstance(leaf, int) else leaf for leaf in leaves)
    if step.kind == "value_and_grad":
        return made_of(program, graph, pair(program.result, structure), (*program.result_leaves, *found))
    if step.has_aux:
        both = pair(structure, program.result.children[1])
        return made_of(program, graph, both, (*found, *program.result_leaves[1:]))
    return made_of(program, graph, structure, found)


def pullback(program: Program, step: Step, arguments: Sequence[Argument]) -> Program:
    """The gradients as functions of the cotangents of the float results, which are further parameters."""
    positions, structure, leaves = inputs_of(program, step, arguments)
    # the function has run for its value, and shown what it shows
    own_draws(program.graph, "the pullback")
    block = program.graph.block
    shown = Function(program.graph.name, Block(block.params, silent(block.nodes), block.results))
    program = with_floats(replace(program, graph=shown))
    graph = program.graph
    seeded = float_results(program)
    # one result for each leaf, so that a value returned twice gets two cotangents
    results = tuple(graph.results[program.result_leaves[n]] for n in seeded)  # type: ignore[index]
    graph = Function(graph.name, Block(graph.params, graph.block.nodes, results))
    seeds = [_seed(r) for r in graph.results]
    made = differentiate(graph, positions, tuple(seeds), name=suffixed(graph.name, "vjp"), value=False)
    for seed, ones in zip(seeds, step.ones or ((),) * len(seeds), strict=True):
        made = _with_own_sizes(made, seed, ones, program.graph)
    found = made_of(program, made, structure, tuple(leaves))
    return replace(found, seeded=tuple(seeded), seeded_as=program.result)


def _seed(result: Value) -> Value:
    return Value(Type(result.type.dtype, result.type.shape, result.type.kind), f"{result.hint or 'y'}_bar")


def _with_own_sizes(graph: Function, seed: Value, ones: tuple[bool, ...], primal: Function) -> Function:
    """A cotangent whose sizes the function computes is passed with sizes of its own, compared with those where they
    are known. A size that a parameter binds is never 1, so that one is known beforehand.
    """
    bound = {d for d, _, _ in primal.bound_dimensions()}
    if all(isinstance(d, int) or d in bound for d in seed.type.shape):
        return graph
    size = Type("int64", (), "python")
    own = tuple(
        d if isinstance(d, int) or d in bound else 1 if one else Value(size, d.hint)
        for d, one in zip(seed.type.shape, ones or (False,) * seed.type.rank, strict=True)
    )
    passed = Value(Type(seed.type.dtype, own, seed.type.kind), seed.hint)
    build = Builder(raising=False)
    for given, wanted in zip(own, seed.type.shape, strict=True):
        require_same(build, given, wanted, "the cotangent must have the shape of the value")
    same = build.add(REGISTRY["reshape"], passed, shape=seed.type.shape)
    nodes = list(graph.block.nodes)
    first = next((k for k, n in enumerate(nodes) if seed in set(references(n))), len(nodes))
    mapping = {seed: same}
    after = substitute(nodes[first:], mapping)
    found = tuple(mapping.get(r, r) for r in graph.results)
    params = tuple(passed if p is seed else p for p in graph.params)
    return Function(graph.name, Block(params, (*nodes[:first], *build.nodes, *after), found))
