"""From a program to the program of its derivative: which results get a cotangent, and how gradients are arranged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symdiff.errors import DtypeError, NotScalarError
from symdiff.frontend.program import Argument, Program
from symdiff.frontend.structure import LEAF, Static, Structure
from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Dim, Function, Node, Type, Value
from symdiff.ir.rewrite import references, substitute
from symdiff.ir.shapes import require_same
from symdiff.ops import REGISTRY
from symdiff.steps import Step
from symdiff.transform.adjoint import all_definitions, differentiate

__all__ = ["derive", "jacobian_rows"]


def derive(program: Program, step: Step, arguments: Sequence[Argument]) -> Program:
    """The program that computes a derivative of another."""
    if step.kind in ("grad", "value_and_grad"):
        return _gradient(program, step, arguments)
    if step.kind == "jacobian":
        return _jacobian(program, step, arguments)
    return _pullback(program, step, arguments)


def _inputs(program: Program, step: Step, arguments: Sequence[Argument]) -> tuple[list[int], Structure, list[Any]]:
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
    return positions, structures[0] if step.single else Structure("tuple", tuple, (), tuple(structures)), leaves


def _scalar_result(program: Program, step: Step) -> int:
    """Position of the result to differentiate."""
    structure = program.result
    if step.has_aux:
        if structure.kind != "tuple" or len(structure.children) != 2:
            raise NotScalarError("with has_aux=True the function must return (value, aux)")
        structure = structure.children[0]
    where = program.graph.results[0].where if program.graph.results else None
    first = program.result_leaves[0] if program.result_leaves else None
    if structure != LEAF:
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


def _gradient(program: Program, step: Step, arguments: Sequence[Argument]) -> Program:
    positions, structure, leaves = _inputs(program, step, arguments)
    target = _scalar_result(program, step)
    results = program.graph.results
    seeds = tuple(r if k == target else None for k, r in enumerate(results))
    keep = step.kind == "value_and_grad" or step.has_aux
    graph = differentiate(program.graph, positions, seeds, name=_name(program.graph.name, "grad"), value=keep)
    offset = len(results) if keep else 0
    gradient = tuple(leaf + offset if isinstance(leaf, int) else leaf for leaf in leaves)
    if step.kind == "value_and_grad":
        pair = Structure("tuple", tuple, (), (program.result, structure))
        return _program(program, graph, pair, (*program.result_leaves, *gradient))
    if step.has_aux:
        pair = Structure("tuple", tuple, (), (structure, program.result.children[1]))
        return _program(program, graph, pair, (*gradient, *program.result_leaves[1:]))
    return _program(program, graph, structure, gradient)


def _program(program: Program, graph: Function, structure: Structure, leaves: tuple[Any, ...]) -> Program:
    # what the function stores into its arguments is undone: a gradient call never changes the caller's arrays
    return replace(program, graph=graph, result=structure, result_leaves=leaves, written=(), same=())


def _name(name: str, suffix: str) -> str:
    return f"{name}_{suffix}" if name.isidentifier() else f"lambda_{suffix}"


def _pullback(program: Program, step: Step, arguments: Sequence[Argument]) -> Program:
    """The gradients as functions of the cotangents of the float results, which are further parameters."""
    positions, structure, leaves = _inputs(program, step, arguments)
    graph = program.graph
    taken = [(n, k) for n, k in enumerate(program.result_leaves) if isinstance(k, int) and _is_float(graph, k)]
    # one result for each leaf, so that a value returned twice gets two cotangents
    graph = Function(graph.name, Block(graph.params, graph.block.nodes, tuple(graph.results[k] for _, k in taken)))
    seeds = [_seed(r) for r in graph.results]
    made = differentiate(graph, positions, tuple(seeds), name=_name(graph.name, "vjp"), value=False)
    for seed in seeds:
        made = _with_own_sizes(made, seed, program.graph)
    return replace(_program(program, made, structure, tuple(leaves)), seeded=tuple(n for n, _ in taken))


def _is_float(graph: Function, result: int) -> bool:
    return graph.results[result].type.is_float


def _seed(result: Value) -> Value:
    return Value(Type(result.type.dtype, result.type.shape, result.type.kind), f"{result.hint or 'y'}_bar")


def _with_own_sizes(graph: Function, seed: Value, primal: Function) -> Function:
    """A cotangent whose sizes the function computes is passed with sizes of its own, compared with those where they
    are known.
    """
    bound = {d for d, _, _ in primal.bound_dimensions()}
    if all(isinstance(d, int) or d in bound for d in seed.type.shape):
        return graph
    size = Type("int64", (), "python")
    own = tuple(d if isinstance(d, int) or d in bound else Value(size, d.hint) for d in seed.type.shape)
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


# -- Jacobians
# -----------------------------------------------------------------------------------------------------------


def _jacobian(program: Program, step: Step, arguments: Sequence[Argument]) -> Program:
    """Jacobians of each float result by each parameter."""
    positions, structure, leaves = _inputs(program, step, arguments)
    graph = program.graph
    found: list[Value] = []
    result_leaves: list[Any] = []
    for leaf in program.result_leaves:
        if isinstance(leaf, int) and program.graph.results[leaf].type.is_float:
            result_leaves += [k + len(found) if isinstance(k, int) else k for k in leaves]
            graph = jacobian_rows(graph, leaf, positions)
            found += graph.results
            graph = Function(graph.name, Block(graph.params, graph.block.nodes, program.graph.results))
        else:
            result_leaves += [Static(None)] * len(leaves)
    graph = Function(_name(program.graph.name, "jacobian"), Block(graph.params, graph.block.nodes, tuple(found)))
    return _program(program, graph, _nested(program.result, structure), tuple(result_leaves))


def jacobian_rows(graph: Function, leaf: int, positions: Sequence[int]) -> Function:
    """The Jacobian of one result by each of some parameters, with the nodes of the graph before it.

    One reverse sweep a row, in a loop over the elements of the result; the forward sweep stands before the loop.
    """
    build = Builder(raising=False)
    build.definitions.update(all_definitions(graph.block))
    found = _rows(graph, leaf, positions, build)
    return Function(graph.name, Block(graph.params, tuple(build.nodes), tuple(found)))


def _nested(outer: Structure, inner: Structure) -> Structure:
    if outer.kind == "leaf":
        return inner
    return replace(outer, children=tuple(_nested(child, inner) for child in outer.children))


def _rows(graph: Function, leaf: int, positions: Sequence[int], build: Builder) -> list[Value]:
    """The Jacobian of one result by each parameter."""
    result = graph.results[leaf]
    seed = (
        result
        if not result.type.shape
        else Value(Type(result.type.dtype, result.type.shape), f"{result.hint or 'y'}_bar")
    )
    seeds = tuple(seed if k == leaf else None for k, _ in enumerate(graph.results))
    sweep = differentiate(graph, positions, seeds, name=graph.name, value=False)
    if not result.type.shape:
        for node in sweep.block.nodes:
            build.append(node)
        return list(sweep.results)
    before, within = _split(sweep.block.nodes, seed)
    for node in before:
        build.append(node)
    return _loop_over_rows(sweep, seed, within, [graph.params[k] for k in positions], build)


def _split(nodes: Sequence[Node], seed: Value) -> tuple[list[Node], list[Node]]:
    """Nodes that do not depend on the seed, and those that do.

    A stack is used up by a sweep, so what fills it runs again for each.
    """
    depending, before, within = {seed}, [], []
    for node in nodes:
        fills = any(o.type.kind == "stack" for o in node.outputs)
        if fills or any(v in depending for v in references(node)):
            depending.update(node.outputs)
            within.append(node)
        else:
            before.append(node)
    return before, within


def _loop_over_rows(
    sweep: Function, seed: Value, within: list[Node], params: Sequence[Value], build: Builder
) -> list[Value]:
    shape, dtype = seed.type.shape, seed.type.dtype
    size = _product(build, shape)
    zero, one = build.constant(0.0), build.constant(1.0)
    tables = [Type(p.type.dtype, (size, *p.type.shape)) for p in params]
    initial = [build.add(REGISTRY["full"], zero, shape=t.shape, dtype=t.dtype) for t in tables]
    body = build.inner()
    index = Value(Type("int64", (), "python"), "i")
    carried = [Value(t, "jacobian") for t in tables]
    flat = body.add(REGISTRY["full"], zero, shape=(size,), dtype=dtype)
    flat = body.add(REGISTRY["put"], flat, one, index, index=(("int",),))
    start = flat if len(shape) == 1 else body.add(REGISTRY["reshape"], flat, shape=shape)
    from_seed = {seed: start}
    for node in substitute(within, from_seed):
        body.append(node)
    rows = []
    for table, gradient, param in zip(carried, sweep.results, params, strict=True):
        entries = (("int",),) + (("slice", None, None, None),) * param.type.rank
        rows.append(body.add(REGISTRY["put"], table, from_seed.get(gradient, gradient), index, index=entries))
    block = body.finish((index, *carried), rows)
    filled = build.for_(
        build.constant(0), build.size(size), build.constant(1), initial, block, ["jacobian"] * len(params)
    )
    if len(shape) == 1:
        return list(filled)
    return [
        build.add(REGISTRY["reshape"], f, shape=(*shape, *p.type.shape)) for f, p in zip(filled, params, strict=True)
    ]


def _product(build: Builder, shape: Sequence[Dim]) -> Dim:
    total: Dim = 1
    for dim in shape:
        if isinstance(total, int) and isinstance(dim, int):
            total = total * dim
        elif total == 1:
            total = dim
        else:
            total = build.add(REGISTRY["multiply"], build.size(total), build.size(dim), unchecked=True)
    return total
