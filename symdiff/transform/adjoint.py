"""Reverse mode: from a graph to the graph of its value and gradient.

The walk visits nodes last first and passes each cotangent through the rule of its row. What rules do not know is
handled here, once: which values need a cotangent (:mod:`.activity`), sums over axes that broadcasting repeated,
dtypes, adding up contributions, and selects. A cotangent may carry a *mask*: the select that ``where`` puts on it.
Rules are linear in the cotangent, so the mask travels unapplied through elementwise rules and selects at the
accumulation, where a branch not taken cannot poison the sum with ``0 * inf``.

Control flow is mirrored: the reverse of a branch is the same branch, that of a loop is the loop run backwards,
carrying the cotangents of the carried values and of what the body reads from outside. The reverse blocks mention
primal values freely; :mod:`.history` decides afterwards which are saved and which computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symdiff.errors import InternalError
from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, FOR, IF, REQUIRE_EQUAL, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.rewrite import definitions
from symdiff.ir.walk import all_nodes
from symdiff.ops import REGISTRY, Traced
from symdiff.ops.given import arguments_of, given
from symdiff.transform.activity import (
    can_vary,
    carried,
    varied_values,
    wanted_carried,
    wanted_values,
)
from symdiff.transform.cotangents import (
    Contribution,
    Cotangents,
    carrier_of,
    fitted,
    hint_of,
    joined,
    named,
    zero_of,
)
from symdiff.transform.given import is_elementwise, is_linear, pulled
from symdiff.transform.history import History
from symdiff.transform.levels import Level, stack_at
from symdiff.transform.measures import Measure
from symdiff.transform.paths import Trips, keeps_much, only_sums, times, trip_as_function
from symdiff.transform.preparation import all_definitions, count_trips, name_values, number_values
from symdiff.transform.rowsweep import RowSweep
from symdiff.transform.saturating import saturating_quotients
from symdiff.transform.segments import MARK, has_budget, in_segments, once_more, segment_as_function, segment_of
from symdiff.transform.selects import ALWAYS, Arms, selected_values

__all__ = ["all_definitions", "differentiate"]


def differentiate(
    function: Function, wrt: Sequence[int], seeds: Sequence[Value | None], *, name: str, value: bool
) -> Function:
    """Gradient of a function as a function.

    Parameters
    ----------
    function : Function
        The primal.
    wrt : sequence of int
        Positions of the parameters to differentiate by.
    seeds : sequence of Value or None
        For each result: None if its cotangent is zero, a new value that becomes a parameter and holds it, or the
        primal's own result to mean a cotangent of one.
    name : str
        Name of the new function.
    value : bool
        Whether the primal's results are returned, before the gradients.

    Returns
    -------
    Function
        Parameters: those of the primal, then the seeds. Results: those of the primal if asked for, then one cotangent
        for each position in ``wrt``, of its parameter's dtype and shape.
    """
    adjoint = _Adjoint(count_trips(in_segments(function, wrt, {})), wrt, seeds)
    made = adjoint.build(name, value)
    if has_budget(function):
        # what loops keep is known now: they are cut again, to fit
        adjoint.note_segments()
        made = _Adjoint(count_trips(in_segments(function, wrt, adjoint.measures)), wrt, seeds).build(name, value)
    return made


class _Adjoint(RowSweep):
    def __init__(
        self,
        function: Function,
        wrt: Sequence[int],
        seeds: Sequence[Value | None],
        around: Mapping[Value, Node] | None = None,
        through: Mapping[Value, Arms] | None = None,
    ) -> None:
        name_values(function)
        self.function, self.wrt, self.seeds = function, wrt, seeds
        self.order = number_values(function)
        self.root = Builder(raising=False)
        self.root.definitions.update(around or {})
        self.root.definitions.update(all_definitions(function.block))
        self.varied = varied_values(function.block, [function.params[i] for i in wrt if can_vary(function.params[i])])
        seeded = [r for r, s in zip(function.results, seeds, strict=True) if s is not None]
        self.wanted = wanted_values(function.block, seeded, self.varied)
        self.selected = selected_values(function, {r: (through or {}).get(r, ALWAYS) for r in seeded}, self.varied)
        self.saturating = saturating_quotients(function, self.root.definitions)
        self.history = History(function, self.order, self.root.definitions)
        self.measures: dict[int, Measure] = {}
        """What loops that are cut into segments keep, by their number."""

    def note_segments(self) -> None:
        """Add what is kept of each segment to the measures."""
        for block, saved in self.history.saved_in.items():
            number = segment_of(block)
            if number is not None and number in self.measures:
                self.measures[number].note(self.history, saved, self.measures[number].of_segment)

    def build(self, name: str, value: bool) -> Function:
        function, reverse = self.function, self.root
        cotangents = Cotangents()
        params: list[Value] = []
        for result, seed in zip(function.results, self.seeds, strict=True):
            if seed is None or result not in self.varied:
                continue
            start = reverse.constant(1.0) if seed is result else seed
            cotangents.put(result, Contribution(Traced(reverse, start)))
        params = [s for r, s in zip(function.results, self.seeds, strict=True) if s is not None and s is not r]
        self.block(Level(None, None, function.block), cotangents, reverse)
        gradients = [self.gradient(function.params[i], cotangents, reverse) for i in self.wrt]
        results = (*(function.results if value else ()), *gradients)
        return Function(name, Block((*function.params, *params), self.both_sweeps(), results))

    def both_sweeps(self) -> tuple[Node, ...]:
        """The forward sweep, which keeps what the reverse sweep asked for, and the reverse sweep."""
        whole = Builder(raising=False)
        whole.definitions = self.root.definitions
        self.history.forward(self.function, whole)
        return (*whole.nodes, *self.root.nodes)

    def gradient(self, param: Value, cotangents: Cotangents, build: Builder) -> Value:
        found = self.total(param, cotangents, build)
        same = zip(found.type.shape, param.type.shape, strict=False)
        fits = found.type.rank == param.type.rank and found.type.dtype == param.type.dtype
        if not fits or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in same):
            raise InternalError(f"the gradient by {param!r} is {found.value!r}", param.where)
        return found.value

    # -- one block -----------------------------------------------------------------------------------------------------

    def block(self, level: Level, cotangents: Cotangents, build: Builder) -> None:
        """Reverse the nodes of a level's block into ``build``."""
        for node in reversed(level.block.nodes):
            if not any(o in cotangents for o in node.outputs):
                continue
            build.where = node.where
            if node.op is IF:
                self.branch(node, level, cotangents, build)
            elif node.op is FOR or node.op is WHILE:
                self.loop(node, level, cotangents, build)
            elif node.op.name in ("push", "pop"):
                self.stack(node, cotangents, build)
            elif node.op is given:
                self.given(node, cotangents, build)
            elif node.op is not CONSTANT and node.op is not REQUIRE_EQUAL:
                self.primitive(node, cotangents, build)

    def given(self, node: Node, cotangents: Cotangents, build: Builder) -> None:
        """Pass cotangents through a rule of the user's."""
        rule = node.attrs["rule"]
        parts = [cotangents.combined(o) for o in node.outputs]
        gs = [
            zero_of(o, build) if part is None else named(part.selected(), o)
            for o, part in zip(node.outputs, parts, strict=True)
        ]
        mask = self.mask_of(node, parts[0], gs[0]) if len(gs) == 1 else None
        found = pulled(node, [g.value for g in gs], build, differentiate)
        for x, part in zip(arguments_of(node), found, strict=True):
            if part is None or x not in self.varied:
                continue
            fits = mask is not None and (not mask.shape or (mask.shape == x.type.shape and is_elementwise(rule)))
            cotangents.put(x, fitted(Contribution(Traced(build, part), mask if fits else None), x.type))

    def mask_of(self, node: Node, part: Contribution | None, g: Traced) -> Traced | None:
        """Where what a rule of the user's makes of a cotangent is zero, if it is linear."""
        if part is None or not is_linear(node.attrs["rule"], differentiate):
            return None
        if part.mask is None and node.output in self.selected and node.output.type.kind != "python":
            return REGISTRY["not_equal"](g, 0.0)  # type: ignore[no-any-return]
        return part.mask

    # -- control flow --------------------------------------------------------------------------------------------------

    def outside(self, blocks: Iterable[tuple[Block, Iterable[Value]]]) -> list[Value]:
        """Values from around the blocks that get a cotangent inside, given the results that have one."""
        found: dict[Value, None] = {}
        for block, results in blocks:
            inside = {v for n in block.nodes for v in definitions(n)} | set(block.params)
            found.update(dict.fromkeys(v for v in wanted_values(block, results, self.varied) if v not in inside))
        return sorted(found, key=self.order.__getitem__)

    def branch(self, node: Node, level: Level, cotangents: Cotangents, build: Builder) -> None:
        incoming = {k: self.total(o, cotangents, build) for k, o in enumerate(node.outputs) if o in cotangents}
        outer = self.outside((b, [b.results[k] for k in incoming]) for b in node.blocks)
        bases = {v: self.total(v, cotangents, build) for v in outer if v in cotangents}
        arms = [self.arm(node, block, level, incoming, bases, outer, build) for block in node.blocks]
        kept = [j for j, v in enumerate(outer) if v not in bases or any(a[2][j] is not bases[v].value for a in arms)]
        resolved = [self.history.resolve(below, inner, [totals[j] for j in kept]) for below, inner, totals in arms]
        threads = list(dict.fromkeys(s for below, _, _ in arms for s in below.stacks_after))
        blocks = []
        for (below, inner, _), results in zip(arms, resolved, strict=True):
            stacks = [below.stacks_after.get(s, stack_at(level, s)) for s in threads]
            blocks.append(inner.finish((), (*results, *stacks)))
        types = [joined(outer[j].type) for j in kept] + [s.final.type for s in threads]
        hints = [hint_of(outer[j]) for j in kept] + [s.final.hint for s in threads]
        outputs = build.if_(node.inputs[0], blocks[0], blocks[1], hints, types)
        after = dict(zip(kept, outputs, strict=False))
        for j, v in enumerate(outer):
            cotangents.put(v, Contribution(Traced(build, after[j]) if j in after else bases[v]))
        level.stacks_after.update(zip(threads, outputs[len(kept) :], strict=True))

    def arm(
        self,
        node: Node,
        block: Block,
        level: Level,
        incoming: dict[int, Traced],
        bases: dict[Value, Traced],
        outer: Sequence[Value],
        build: Builder,
    ) -> tuple[Level, Builder, list[Value]]:
        """Reverse one arm: it adds to the cotangents that values from outside have so far."""
        inner, inside = build.inner(), Cotangents()
        inner.where = node.where
        below = Level(level, node, block)
        for v, base in bases.items():
            inside.put(v, Contribution(Traced(inner, base.value)))
        for k, g in incoming.items():
            if block.results[k] in self.varied:
                inside.put(block.results[k], Contribution(Traced(inner, g.value)))
        self.block(below, inside, inner)
        return below, inner, [self.total(v, inside, inner).value for v in outer]

    def loop(self, node: Node, level: Level, cotangents: Cotangents, build: Builder) -> None:
        initials, params = carried(node)
        body = node.blocks[-1]
        live, _ = wanted_carried(node, {o for o in node.outputs if o in cotangents}, self.varied)
        outer = self.outside([(body, [body.results[k] for k in live])])
        if node.op is FOR and MARK not in node.attrs and self.apart(node, level, live, outer, cotangents, build):
            return
        if MARK in node.attrs:
            self.segment(node, live, outer, cotangents, build)
            return
        states = [node.outputs[k] for k in live]
        entering = [self.total(v, cotangents, build).value for v in (*states, *outer)]
        carriers = [carrier_of(params[k], node.where) for k in live]
        carriers += [carrier_of(v, node.where) for v in outer]
        inner, inside = build.inner(), Cotangents()
        inner.where = node.where
        below = self.enter_loop(node, level, body)
        for v, carrier in zip(outer, carriers[len(live) :], strict=True):
            inside.put(v, Contribution(Traced(inner, carrier)))
        for k, carrier in zip(live, carriers, strict=False):
            if body.results[k] in self.varied:
                inside.put(body.results[k], Contribution(Traced(inner, carrier)))
        self.block(below, inside, inner)
        leaving = [self.total(v, inside, inner).value for v in (*(params[k] for k in live), *outer)]
        leaving = self.history.resolve(below, inner, leaving)
        outputs = self.close_loop(node, below, inner, carriers, entering, leaving, build)
        targets = list(zip([*(initials[k] for k in live), *outer], outputs, strict=False))
        for v, output in [*targets[len(live) :], *targets[: len(live)]]:
            if v in self.varied:
                cotangents.put(v, Contribution(Traced(build, output)))

    def apart(
        self,
        node: Node,
        level: Level,
        live: Sequence[int],
        outer: Sequence[Value],
        cotangents: Cotangents,
        build: Builder,
    ) -> bool:
        """Reverse each trip of a loop right after it, where trips share nothing but sums and much would be kept."""
        if not only_sums(node, live, self.wanted & self.varied) or not self.history.lasts(outer):
            return False
        rules = [inner.attrs["rule"] for inner in all_nodes(node.blocks[0]) if inner.op is given]
        if not all(is_linear(rule, differentiate) for rule in rules):
            # a trip is reversed by a cotangent of one, and what comes of it multiplied by the cotangent of the sum
            return False
        trips, function = Trips(node, live, outer), trip_as_function(node, live, outer)
        last = range(len(function.params) - len(outer), len(function.params))
        trip = _Adjoint(function, last, function.results, self.root.definitions)
        trip.measures = self.measures
        for k, carriers in trips.carriers.items():
            seeds = {node.blocks[0].results[k]: trip.root.constant(1.0)}
            trips.gradients[k] = trip.sweep(seeds, dict(zip(outer, carriers, strict=True)), outer)
        if not keeps_much(trip.history, self.history, Level(level, node, node.blocks[0]), trip.root.nodes):
            return False
        nodes, rows = trips.rebuilt(trip.both_sweeps())
        self.history.replace(level, node, nodes)
        for k in live:
            build.where = node.where
            g = self.total(node.outputs[k], cotangents, build)
            for v, part in zip(outer, times(g, rows[k], node, node.outputs[k] in self.selected), strict=True):
                cotangents.put(v, fitted(part, v.type))
            cotangents.put(node.inputs[3 + k], Contribution(g))
        return True

    def sweep(self, seeds: Mapping[Value, Value], known: Mapping[Value, Value], wanted: Sequence[Value]) -> list[Value]:
        """Reverse the function by cotangents of its results, adding to those that parameters have so far."""
        cotangents, reverse = Cotangents(), self.root
        for v, carrier in known.items():
            cotangents.put(v, Contribution(Traced(reverse, carrier)))
        for result, seed in seeds.items():
            if result in self.varied:
                cotangents.put(result, Contribution(Traced(reverse, seed)))
        self.block(Level(None, None, self.function.block), cotangents, reverse)
        return [self.total(v, cotangents, reverse).value for v in wanted]

    def segment(
        self, node: Node, live: Sequence[int], outer: Sequence[Value], cotangents: Cotangents, build: Builder
    ) -> None:
        """Reverse a segment of a loop by running it once more."""
        initials, _ = carried(node)
        moving = list(dict.fromkeys([*(initials[k] for k in live if initials[k] in self.varied), *outer]))
        function = segment_as_function(node, live, moving)
        last = range(len(function.params) - len(moving), len(function.params))
        selected = {node.outputs[k]: frozenset({(node, 0)}) for k in live if node.outputs[k] in self.selected}
        again = _Adjoint(function, last, function.results, self.root.definitions, selected)
        seeds = {node.outputs[k]: self.total(node.outputs[k], cotangents, build).value for k in live}
        known = {v: self.total(v, cotangents, build).value for v in moving if v in cotangents}
        found = again.sweep(seeds, known, moving)
        measure = self.measures.setdefault(node.attrs[MARK], Measure())
        for saved in again.history.saved_in.values():
            measure.note(again.history, saved, measure.of_trip)
        given = [*seeds.values(), *known.values()]
        for v, total in zip(moving, once_more(function, again.both_sweeps(), given, found, build), strict=True):
            cotangents.put(v, Contribution(Traced(build, total)))

    def enter_loop(self, node: Node, level: Level, body: Block) -> Level:
        index = body.params[0] if node.op is FOR else None
        if index is None:
            return Level(level, node, body, None, Value(Type("int64", (), "python"), "_", node.where))
        return Level(level, node, body, index, Value(index.type, index.hint, index.where))

    def close_loop(
        self,
        node: Node,
        below: Level,
        inner: Builder,
        carriers: list[Value],
        entering: list[Value],
        leaving: list[Value],
        build: Builder,
    ) -> tuple[Value, ...]:
        """Append the reverse loop, with the stacks it consumes carried along."""
        assert below.parent is not None and below.reverse_index is not None
        threads = list(below.stacks)
        block = inner.finish(
            (below.reverse_index, *carriers, *(below.stacks[s] for s in threads)),
            (*leaving, *(below.stacks_after[s] for s in threads)),
        )
        initial = [*entering, *(stack_at(below.parent, s) for s in threads)]
        hints = [*(c.hint for c in carriers), *(s.final.hint for s in threads)]
        if node.op is FOR:
            start, stop, step = node.inputs[:3]
            outputs = build.for_(
                start, stop, step, initial, block, hints, reverse=not node.attrs.get("reversed", False)
            )
        else:
            trips = node.outputs[-1]
            outputs = build.for_(build.constant(0), trips, build.constant(1), initial, block, hints, reverse=True)
        below.parent.stacks_after.update(zip(threads, outputs[len(carriers) :], strict=True))
        return outputs
