"""``vmap``: a program run on every row of its arguments, in a loop of the graph that stores each result into arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from symdiff.derive.common import made_of, suffixed
from symdiff.errors import LocatedTypeError, UnsupportedSyntaxError, located
from symdiff.frontend.program import Argument, Program
from symdiff.frontend.structure import LEAF, Static, Structure, has_optional
from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Dim, Function, Node, Type, Value
from symdiff.ir.rewrite import references, substitute
from symdiff.ir.shapes import require_same
from symdiff.ir.walk import has_effect
from symdiff.ops import REGISTRY
from symdiff.steps import Step

__all__ = ["mapped", "row_arguments"]

FULL = ("slice", None, None, None)
Leaf = Value | Static


def row_arguments(step: Step, arguments: Sequence[Argument]) -> tuple[Argument, ...]:
    """The arguments of one call: where an axis is mapped, a row in the place of the array.

    Raises
    ------
    TypeError, ValueError
        Where the axes do not fit the arguments.
    """
    found = []
    for argument, axes in zip(arguments, _axes_of(step, arguments), strict=True):
        leaves = tuple(_row(leaf, axis, argument.name) for leaf, axis in zip(argument.leaves, axes, strict=True))
        found.append(Argument(argument.name, argument.structure, leaves))
    return tuple(found)


def _row(leaf: Leaf, axis: int | None, name: str) -> Leaf:
    if axis is None or isinstance(leaf, Static):
        return leaf
    rank = leaf.type.rank
    if not rank:
        raise located(
            ValueError, f"vmap maps over argument {name}, which is a number", hint="give None for it in in_axes"
        )
    if not -rank <= axis < rank:
        raise located(ValueError, f"vmap maps argument {name} over axis {axis}, but it has {rank} axes")
    shape = _without(leaf.type.shape, axis % rank)
    return Value(Type(leaf.type.dtype, shape), f"{leaf.hint}_row" if leaf.hint else "", leaf.where)


def _without(shape: tuple[Dim, ...], axis: int) -> tuple[Dim, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def _axes_of(step: Step, arguments: Sequence[Argument]) -> list[list[int | None]]:
    """The axis of every leaf of every argument."""
    assert step.axes is not None
    axes = step.axes.inputs
    if isinstance(axes, int):
        axes = tuple((k, axes) for k, _ in enumerate(arguments))
    if len(axes) != len(arguments):
        raise located(ValueError, f"in_axes has {len(axes)} entries for {len(arguments)} arguments")
    return [list(_spread(entry, a.structure, a.name)) for (_, entry), a in zip(axes, arguments, strict=True)]


def _spread(axes: Any, structure: Structure, name: str) -> Iterator[int | None]:
    """What in_axes says of an argument, for each of its leaves."""
    if axes is None or isinstance(axes, int):
        yield from [axes] * structure.count
        return
    entries = dict(axes)
    # dicts by key, whatever the order; other containers may be written as tuples
    labels: Sequence[Any] = structure.labels
    if set(entries) != set(labels):
        labels = range(len(structure.children))
    if structure == LEAF or set(entries) != set(labels):
        raise LocatedTypeError(f"in_axes does not have the structure of argument {name}")
    for label, child in zip(labels, structure.children, strict=True):
        yield from _spread(entries[label], child, name)


def mapped(program: Program, step: Step, before: Sequence[Argument], after: Sequence[Argument]) -> Program:
    """The program of all rows."""
    assert step.axes is not None
    if program.written:
        message = "a function that stores into its arguments cannot be mapped"
        raise located(UnsupportedSyntaxError, message, program.written[0].where, "store into a copy")
    if has_optional(program.result):
        where = program.graph.results[0].where
        message = "a function that returns None for some rows cannot be mapped"
        raise located(UnsupportedSyntaxError, message, where, "return math.nan for them, or raise an exception")
    rows: dict[Value, tuple[Value, int]] = {}
    for inner, outer, axes in zip(before, after, _axes_of(step, after), strict=True):
        for row, whole, axis in zip(inner.leaves, outer.leaves, axes, strict=True):
            if axis is not None and isinstance(row, Value) and isinstance(whole, Value):
                rows[row] = (whole, axis % whole.type.rank)
    if not rows:
        raise located(ValueError, "vmap needs an argument to map over", hint="in_axes is None for all of them")
    params = tuple(rows[p][0] if p in rows else p for p in program.graph.params)
    name = suffixed(program.graph.name, "vmap")
    block = _loop(program, rows, params, step.axes.output)
    return made_of(program, Function(name, block), program.result, program.result_leaves)


def _loop(program: Program, rows: dict[Value, tuple[Value, int]], params: tuple[Value, ...], output: int) -> Block:
    """The loop over the rows."""
    graph = program.graph
    build = Builder()
    size = _common_size(build, rows)
    first, rest = _sizes_first(graph, rows)
    for node in first:
        build.append(node)
    places = [_place(r.type.rank, output) for r in graph.results]
    tables = [_table(r.type, size, place) for r, place in zip(graph.results, places, strict=True)]
    initial = [_empty(build, table) for table in tables]
    body = build.inner()
    index = Value(Type("int64", (), "python"), "i")
    carried = [Value(t, r.hint) for t, r in zip(tables, graph.results, strict=True)]
    mapping: dict[Value, Value] = {}
    for row, (whole, axis) in rows.items():
        mapping[row] = body.add(
            REGISTRY["index"], whole, index, index=_entries(row.type.rank, axis), shape=row.type.shape, hint=row.hint
        )
    for node in substitute(rest, mapping):
        body.append(node)
    stored = []
    for table, result, place in zip(carried, graph.results, places, strict=True):
        entries = _entries(result.type.rank, place)
        stored.append(body.add(REGISTRY["put"], table, mapping.get(result, result), index, index=entries))
    block = body.finish((index, *carried), stored)
    hints = [r.hint for r in graph.results]
    found = build.for_(build.constant(0), build.size(size), build.constant(1), initial, block, hints)
    return Block(params, tuple(build.nodes), found)


def _common_size(build: Builder, rows: dict[Value, tuple[Value, int]]) -> Dim:
    """How many rows there are, the same in all arguments."""
    sizes = [whole.type.shape[axis] for whole, axis in rows.values()]
    for (whole, axis), size in zip(rows.values(), sizes, strict=True):
        message = f"vmap got arguments of different sizes along the mapped axes (axis {axis} of {whole.hint})"
        require_same(build, sizes[0], size, message)
    return sizes[0]


def _entries(rank: int, axis: int) -> tuple[Any, ...]:
    return (*[FULL] * axis, ("int",), *[FULL] * (rank - axis))


def _place(rank: int, output: int) -> int:
    if not -rank - 1 <= output <= rank:
        raise located(ValueError, f"out_axes is {output}, but a result has {rank + 1} axes with the mapped one")
    return output % (rank + 1)


def _table(type_: Type, size: Dim, place: int) -> Type:
    return Type(type_.dtype, (*type_.shape[:place], size, *type_.shape[place:]))


def _empty(build: Builder, table: Type) -> Value:
    zero = build.constant(0.0 if table.is_float else False if table.dtype == "bool" else 0)
    return build.add(REGISTRY["full"], zero, shape=table.shape, dtype=table.dtype)


def _sizes_first(graph: Function, rows: dict[Value, tuple[Value, int]]) -> tuple[list[Node], list[Node]]:
    """The nodes that the sizes of the results follow from, which are computed once, and the others.

    Raises
    ------
    UnsupportedSyntaxError
        Where a size follows from what a row holds.
    """
    nodes = graph.block.nodes
    defined = {o: n for n in nodes for o in n.outputs}
    pending = [(d, r) for r in graph.results for d in r.type.shape if isinstance(d, Value)]
    chosen: set[Node] = set()
    while pending:
        dim, result = pending.pop()
        node = defined.get(dim)
        if dim in rows or (node is not None and has_effect(node)):
            message = "the shape of a result of a mapped function depends on what the rows hold"
            raise located(UnsupportedSyntaxError, message, result.where, "write the loop, and pad the results")
        if node is not None and node not in chosen:
            chosen.add(node)
            own = set(graph.params)
            pending += [(v, result) for v in references(node) if v in defined or v in own]
    return [n for n in nodes if n in chosen], [n for n in nodes if n not in chosen]
