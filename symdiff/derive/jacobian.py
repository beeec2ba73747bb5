"""Jacobians: by columns in forward mode or by rows in reverse mode, whichever takes fewer sweeps.

One forward sweep gives how all results move with one element of a parameter; one reverse sweep, how one element of a
result moves with all parameters. How many there are of each is a matter of shapes: where they are the same symbols (a
square Jacobian, a Hessian) forward mode is taken, which stores nothing; a known number is taken to be smaller than a
symbol; and where both are symbols the graph has both ways, and compares the sizes when it runs.

The sweeps stand in a loop of the graph, whose body is what depends on where a sweep starts; the rest stands before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from symdiff.derive.common import float_results, inputs_of, made_of, nested, own_draws, suffixed, with_arrays
from symdiff.errors import DtypeError
from symdiff.frontend.program import Argument, Program
from symdiff.frontend.structure import Static, Structure
from symdiff.ir.build import Builder
from symdiff.ir.graph import ACT, Block, Dim, Function, Node, Type, Value
from symdiff.ir.rewrite import references, renew, silent
from symdiff.ir.walk import all_nodes
from symdiff.ops import REGISTRY
from symdiff.ops.random import default_rng
from symdiff.ops.sizes import counting, plus, product
from symdiff.steps import Step
from symdiff.transform.adjoint import all_definitions, differentiate
from symdiff.transform.tangent import push_forward

__all__ = ["jacobian"]

FULL = ("slice", None, None, None)
INT = Type("int64", (), "python")


def jacobian(program: Program, step: Step, arguments: Sequence[Argument]) -> Program:
    """Jacobians of each float result by each parameter."""
    if any(_has_complex(s) for s in (program.result, *(arguments[k].structure for k in step.wrt))):
        raise DtypeError("a Jacobian of complex numbers is not supported", hint="take real and imaginary parts apart")
    positions, structure, leaves = inputs_of(program, step, arguments)
    active = float_results(program)
    targets = [program.result_leaves[n] for n in active]
    build = Builder(raising=False)
    build.definitions.update(all_definitions(program.graph.block))
    for node in program.graph.block.nodes:
        build.append(node)
    found = _Jacobian(program.graph, positions, targets).whole(build)  # type: ignore[arg-type]
    result_leaves: list[int | Static] = []
    for n, _ in enumerate(program.result_leaves):
        start = active.index(n) * len(positions) if n in active else None
        result_leaves += [
            Static(None) if start is None or not isinstance(leaf, int) else start + leaf for leaf in leaves
        ]
    name = suffixed(program.graph.name, "jacobian")
    graph = Function(name, Block(program.graph.params, tuple(build.nodes), tuple(found)))
    return made_of(program, graph, nested(program.result, with_arrays(structure)), tuple(result_leaves))


class _Jacobian:
    """The sweeps of one Jacobian; the nodes of the primal stand before them already.

    Parameters
    ----------
    positions : sequence of int
        Parameters to differentiate by.
    targets : sequence of int
        Results to differentiate.
    """

    def __init__(self, graph: Function, positions: Sequence[int], targets: Sequence[int]) -> None:
        results = tuple(graph.results[k] for k in targets)
        self.graph = Function(graph.name, Block(graph.params, graph.block.nodes, results))
        self.positions = positions
        self.params = [graph.params[k] for k in positions]
        self.known = set(graph.block.nodes)
        if any(_draws(inner) for node in graph.block.nodes for block in node.blocks for inner in all_nodes(block)):
            # each sweep runs such a loop or branch once more, so it starts from a generator of its own
            own_draws(graph, "the Jacobian")
            self.known -= _drawn(graph.block.nodes)

    def whole(self, build: Builder) -> list[Value]:
        """The Jacobian of each result by each parameter."""
        forward = self.choice(build)
        if isinstance(forward, bool):
            return self.columns(build) if forward else self.rows(build)
        blocks = []
        for make in (self.columns, self.rows):
            inner = build.inner()
            found = make(inner)
            blocks.append(inner.finish((), found))
        types = [Type(r.type.dtype, (*r.type.shape, *p.type.shape)) for r in self.graph.results for p in self.params]
        return list(build.if_(forward, blocks[0], blocks[1], ["jacobian"] * len(types), types))

    # -- forward or reverse --------------------------------------------------------------------------------------------

    def choice(self, build: Builder) -> bool | Value:
        """Whether to go forward; a condition of the graph where the sizes are only known when it runs."""
        inputs = [p.type.shape for p in self.params]
        outputs = [r.type.shape for r in self.graph.results]
        if Counter(map(_sorted, inputs)) == Counter(map(_sorted, outputs)):
            return True
        known_in, known_out = (
            all(isinstance(d, int) for shape in shapes for d in shape) for shapes in (inputs, outputs)
        )
        with counting(build):
            columns, rows = _total(build, inputs), _total(build, outputs)
            if isinstance(columns, int) and isinstance(rows, int):
                return columns <= rows
            if known_in or known_out:
                return known_in
            return build.add(REGISTRY["less_equal"], build.size(columns), build.size(rows))

    # -- sweeps --------------------------------------------------------------------------------------------------------

    def columns(self, build: Builder) -> list[Value]:
        """Forward mode, one element of a parameter after the other."""
        by_param = [self.by_param(k, param, build) for k, param in zip(self.positions, self.params, strict=True)]
        return [column for result in zip(*by_param, strict=True) for column in result]

    def by_param(self, position: int, param: Value, build: Builder) -> list[Value]:
        """How all results move with one parameter."""
        shape = param.type.shape
        seed = Value(Type(param.type.dtype, shape), f"{param.hint}_dot") if shape else param
        sweep = push_forward(self.graph, [position], [seed], name=self.graph.name, value=False)
        outer = [Type(r.type.dtype, r.type.shape) for r in self.graph.results]
        return self.sweeps(sweep, seed, outer, build, columns=True)

    def rows(self, build: Builder) -> list[Value]:
        """Reverse mode, one element of a result after the other."""
        return [row for k, _ in enumerate(self.graph.results) for row in self.of_result(k, build)]

    def of_result(self, k: int, build: Builder) -> list[Value]:
        """How one result moves with all parameters."""
        result = self.graph.results[k]
        shape = result.type.shape
        seed = Value(Type(result.type.dtype, shape), f"{result.hint or 'y'}_bar") if shape else result
        seeds = tuple(seed if j == k else None for j, _ in enumerate(self.graph.results))
        sweep = differentiate(self.graph, self.positions, seeds, name=self.graph.name, value=False)
        outer = [Type(p.type.dtype, p.type.shape) for p in self.params]
        return self.sweeps(sweep, seed, outer, build, columns=False)

    def sweeps(
        self, sweep: Function, seed: Value, types: Sequence[Type], build: Builder, *, columns: bool
    ) -> list[Value]:
        """A sweep for each element of the seed; what they give is put together."""
        single = not seed.type.shape
        before, within = _split(sweep.block.nodes, None if single else seed, self.known)
        mapping: dict[Value, Value] = {}
        for node in renew(silent(before), mapping):
            build.append(node)
        if not single:
            return self.loop(sweep, seed, within, mapping, types, build, columns)
        return [mapping.get(r, r) for r in sweep.results]

    def loop(
        self,
        sweep: Function,
        seed: Value,
        within: Sequence[Node],
        mapping: dict[Value, Value],
        types: Sequence[Type],
        build: Builder,
        columns: bool,
    ) -> list[Value]:
        shape, dtype = seed.type.shape, seed.type.dtype
        zero, one = build.constant(0.0), build.constant(1.0)
        with counting(build):
            size = product(build, shape)
        tables = [Type(t.dtype, (*t.shape, size) if columns else (size, *t.shape)) for t in types]
        initial = [build.add(REGISTRY["full"], zero, shape=t.shape, dtype=t.dtype) for t in tables]
        body = build.inner()
        index = Value(INT, "i")
        carried = [Value(t, "jacobian") for t in tables]
        start = body.add(REGISTRY["full"], zero, shape=(size,), dtype=dtype)
        start = body.add(REGISTRY["put"], start, one, index, index=(("int",),))
        mapping[seed] = start if len(shape) == 1 else body.add(REGISTRY["reshape"], start, shape=shape)
        for node in renew(silent(within), mapping):
            body.append(node)
        filled = []
        for table, part, type_ in zip(carried, sweep.results, types, strict=True):
            rest = (FULL,) * type_.rank
            place = (*rest, ("int",)) if columns else (("int",), *rest)
            filled.append(body.add(REGISTRY["put"], table, mapping.get(part, part), index, index=place))
        block = body.finish((index, *carried), filled)
        bounds = (build.constant(0), build.size(size), build.constant(1))
        done = build.for_(*bounds, initial, block, ["jacobian"] * len(tables))
        if len(shape) == 1:
            return list(done)
        whole = [(*t.shape, *shape) if columns else (*shape, *t.shape) for t in types]
        return [build.add(REGISTRY["reshape"], d, shape=w) for d, w in zip(done, whole, strict=True)]


def _has_complex(structure: Structure) -> bool:
    return structure.kind == "complex" or any(_has_complex(child) for child in structure.children)


def _draws(node: Node) -> bool:
    return node.op is not ACT and bool(getattr(node.op, "effect", False))


def _drawn(nodes: Sequence[Node]) -> set[Node]:
    """Nodes that make a generator, or depend on one."""
    depending, found = set[Value](), set[Node]()
    for node in nodes:
        if node.op is default_rng or any(v in depending for v in references(node)):
            depending.update(node.outputs)
            found.add(node)
    return found


def _sorted(shape: tuple[Dim, ...]) -> tuple[object, ...]:
    """A shape whatever the order of its axes, without those of size 1."""
    return tuple(sorted((d if isinstance(d, int) else id(d)) for d in shape if d != 1))


def _total(build: Builder, shapes: Iterable[Sequence[Dim]]) -> Dim:
    """How many elements arrays of these shapes have together."""
    total: Dim = 0
    for shape in shapes:
        total = plus(build, total, product(build, shape))
    return total


def _split(nodes: Sequence[Node], seed: Value | None, known: set[Node]) -> tuple[list[Node], list[Node]]:
    """Nodes that do not depend on the seed, without those that are known, and nodes that do depend on it.

    A stack is used up by a sweep, so what fills it runs again for each; so does what makes a generator, unless it is
    known: what draws from it outside loops and branches only.
    """
    depending, before, within = {seed}, list[Node](), list[Node]()
    for node in nodes:
        fills = seed is not None and any(o.type.kind == "stack" for o in node.outputs)
        fills = fills or (seed is not None and node.op is default_rng and node not in known)
        if fills or any(v in depending for v in references(node)):
            depending.update(node.outputs)
            within.append(node)
        elif node not in known:
            before.append(node)
    return before, within
