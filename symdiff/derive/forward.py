"""Forward mode of programs: value and derivative along tangents, which are one argument more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from symdiff.derive.common import float_results, made_of, pair, suffixed
from symdiff.errors import DtypeError, LocatedTypeError, ShapeError
from symdiff.frontend.program import Argument, Program
from symdiff.frontend.structure import LEAF, Static, Structure
from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.rewrite import substitute
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops import REGISTRY
from symdiff.steps import Step
from symdiff.transform.tangent import push_forward

__all__ = ["pushed"]

Leaf = Value | Static


def pushed(program: Program, step: Step, before: Sequence[Argument], after: Sequence[Argument]) -> Program:
    """The derivative along the tangents that the last argument holds."""
    along = after[-1]
    wanted = [before[k] for k in step.wrt]
    structure = wanted[0].structure if step.single else pair(*(a.structure for a in wanted))
    names = [a.name for a in wanted for _ in a.leaves]
    given = _matched(structure, along.structure, along.leaves)
    moving: dict[Value, Value] = {}
    for name, leaf, tangent in zip(names, (x for a in wanted for x in a.leaves), given, strict=True):
        if tangent is not None:
            moving[_varying(name, leaf)] = tangent
    if not moving:
        raise DtypeError("no tangent is given for an argument that holds floats")
    graph = _graph(program, moving, [leaf for leaf in along.leaves if isinstance(leaf, Value)], step)
    count = len(program.graph.results)
    floats = [k for k, r in enumerate(program.graph.results) if r.type.is_float]
    offset = count if step.kind == "jvp" else 0
    active = set(float_results(program))
    found: list[Any] = [
        offset + floats.index(k) if n in active and isinstance(k, int) else Static(None)
        for n, k in enumerate(program.result_leaves)
    ]
    if step.kind == "tangent":
        return made_of(program, graph, program.result, tuple(found))
    return made_of(program, graph, pair(program.result, program.result), (*program.result_leaves, *found))


def _varying(name: str, leaf: Leaf) -> Value:
    if not isinstance(leaf, Value) or not leaf.type.is_float:
        raise DtypeError(
            f"a tangent is given for argument {name}, which holds something that is no float", hint="give None for it"
        )
    return leaf


def _matched(wanted: Structure, given: Structure, leaves: Sequence[Leaf]) -> Iterator[Value | None]:
    """For each leaf of the arguments its tangent; None, for a leaf or for a part, where it is zero."""
    if given == LEAF:
        (leaf,) = leaves
        if isinstance(leaf, Static):
            if leaf.object is not None:
                raise LocatedTypeError(f"a tangent is a number or an array, not {leaf.object!r}")
            yield from [None] * wanted.count
            return
        if wanted != LEAF:
            raise LocatedTypeError("the tangents must have the structure of the arguments")
        yield leaf
        return
    parts, start = {}, 0
    for label, child in zip(given.labels, given.children, strict=True):
        parts[label] = (child, leaves[start : start + child.count])
        start += child.count
    # dicts are equal in whatever order their keys were set
    if (wanted.kind, wanted.cls, set(wanted.labels)) != (given.kind, given.cls, set(parts)):
        raise LocatedTypeError("the tangents must have the structure of the arguments")
    for label, child in zip(wanted.labels, wanted.children, strict=True):
        yield from _matched(child, *parts[label])


def _graph(program: Program, moving: dict[Value, Value], given: Sequence[Value], step: Step) -> Function:
    """The graph with the tangents as parameters, before the captured values."""
    graph = program.graph
    places = [graph.params.index(p) for p in moving]
    seeds = [Value(Type(p.type.dtype, p.type.shape, p.type.kind), f"{p.hint}_dot") for p in moving]
    name = suffixed(graph.name, "jvp")
    made = push_forward(graph, places, seeds, name=name, value=step.kind == "jvp")
    build = Builder(raising=False)
    mapping = {s: _like(build, t, p) for s, (p, t) in zip(seeds, moving.items(), strict=True)}
    results = made.results
    nodes = (*build.nodes, *substitute(made.block.nodes, mapping))
    own = len(graph.params) - len(program.captured)
    params = (*graph.params[:own], *dict.fromkeys(given), *graph.params[own:])
    return Function(name, Block(params, nodes, tuple(mapping.get(r, r) for r in results)))


def _like(build: Builder, tangent: Value, param: Value) -> Value:
    """A tangent as it was passed, in the type of its parameter."""
    wanted, shape = param.type, tangent.type.shape
    message = f"the tangent has shape {show_shape(shape)}, argument {param.hint} {show_shape(wanted.shape)}"
    if len(shape) != len(wanted.shape):
        build.refuse(ShapeError, message)
    for a, b in zip(shape, wanted.shape, strict=True):
        require_same(build, a, b, message)
    if tangent.type.dtype != wanted.dtype or tangent.type.kind != wanted.kind:
        tangent = build.add(REGISTRY["convert"], tangent, dtype=wanted.dtype, kind=wanted.kind)
    if any(a is not b and a != b for a, b in zip(shape, wanted.shape, strict=True)):
        tangent = build.add(REGISTRY["reshape"], tangent, shape=wanted.shape)
    return tangent
