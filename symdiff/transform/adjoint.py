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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, FOR, IF, REQUIRE_EQUAL, WHILE, Block, Function, Node, Type, Value
from symdiff.ir.rewrite import definitions
from symdiff.ops import REGISTRY, Primitive, Traced
from symdiff.transform.activity import (
    can_vary,
    carried,
    differentiable_inputs,
    varied_values,
    wanted_carried,
    wanted_values,
)
from symdiff.transform.history import History, Level, stack_at

__all__ = ["differentiate"]


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
    return _Adjoint(count_trips(function), wrt, seeds).build(name, value)


@dataclass(frozen=True)
class Contribution:
    """A part of a cotangent, to be selected by ``mask`` where there is one."""

    value: Traced
    mask: Traced | None = None


@dataclass
class Cotangents:
    """The contributions gathered so far for each value, in the order they came."""

    parts: dict[Value, list[Contribution]] = field(default_factory=dict)

    def __contains__(self, value: Value) -> bool:
        return value in self.parts

    def put(self, value: Value, contribution: Contribution) -> None:
        self.parts.setdefault(value, []).append(contribution)

    def take(self, value: Value) -> list[Contribution]:
        return self.parts.pop(value, [])


class _Adjoint:
    def __init__(self, function: Function, wrt: Sequence[int], seeds: Sequence[Value | None]) -> None:
        self.function, self.wrt, self.seeds = function, wrt, seeds
        self.order = number_values(function)
        self.root = Builder(raising=False)
        self.root.definitions.update(all_definitions(function.block))
        self.varied = varied_values(function.block, [function.params[i] for i in wrt if can_vary(function.params[i])])
        seeded = [r for r, s in zip(function.results, seeds, strict=True) if s is not None]
        self.wanted = wanted_values(function.block, seeded, self.varied)
        self.history = History(function, self.order, self.root.definitions)

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
        whole = Builder(raising=False)
        whole.definitions = reverse.definitions
        self.history.forward(function, whole)
        nodes = (*whole.nodes, *reverse.nodes)
        results = (*(function.results if value else ()), *gradients)
        return Function(name, Block((*function.params, *params), nodes, results))

    def gradient(self, param: Value, cotangents: Cotangents, build: Builder) -> Value:
        total = self.total(param, cotangents, build)
        return total.value if total is not None else self.zero(param, build).value

    # -- one block
    # -------------------------------------------------------------------------------------------------------

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
            elif node.op is not CONSTANT and node.op is not REQUIRE_EQUAL:
                self.primitive(node, cotangents, build)

    def primitive(self, node: Node, cotangents: Cotangents, build: Builder) -> None:
        """Pass a cotangent through the rules of a row, to each input that wants one."""
        row, output = node.op, node.output
        assert isinstance(row, Primitive)
        parts = cotangents.take(output)
        if row.elementwise and len(parts) == 1:
            g, mask = parts[0].value, parts[0].mask
        else:
            total = self.sum(parts, output, build)
            g, mask = total, None
        inputs = [Traced(build, v) for v in node.inputs]
        attrs = {k: v for k, v in node.attrs.items() if k not in ("kind", "unchecked")}
        wanted = differentiable_inputs(node)
        # what a store put down is read from the cotangent before the place is cleared, so that clearing may happen
        # in place
        for i in reversed(wanted) if row.stores else wanted:
            if node.inputs[i] not in self.varied:
                continue
            if row.name == "where":
                self.contribute(node.inputs[i], g, self.narrowed(mask, inputs[0], positive=i == 1), cotangents, build)
            elif i == 0 and row.accumulate is not None:
                base = self.total(node.inputs[0], cotangents, build) or self.zero(node.inputs[0], build)
                added = row.accumulate(base, g, *inputs, **attrs)
                cotangents.put(node.inputs[0], Contribution(self.named(added, node.inputs[0])))
            else:
                contribution = row.vjp[i](g, Traced(build, output), *inputs, **attrs)  # type: ignore[misc]
                if contribution is not None:
                    self.contribute(node.inputs[i], contribution, mask, cotangents, build)

    def narrowed(self, mask: Traced | None, condition: Traced, *, positive: bool) -> Traced:
        """The mask of one arm of a ``where``, inside the mask that is there already."""
        arm = condition if positive else REGISTRY["logical_not"](condition)
        return arm if mask is None else REGISTRY["logical_and"](mask, arm)

    # -- contributions
    # ---------------------------------------------------------------------------------------------------

    def contribute(
        self, value: Value, part: Any, mask: Traced | None, cotangents: Cotangents, build: Builder
    ) -> None:
        """Add a contribution, fitted to the shape and dtype of the value."""
        part = part if isinstance(part, Traced) else Traced(build, build.constant(part))
        if mask is not None and (mask.shape != value.type.shape or part.shape != value.type.shape):
            part, mask = REGISTRY["where"](mask, part, 0.0), None
        cotangents.put(value, Contribution(self.fit(part, value.type), mask))

    def fit(self, part: Traced, wanted: Type) -> Traced:
        """Undo broadcasting: sum over the axes that were repeated; and convert the dtype."""
        extra = part.rank - wanted.rank
        if extra > 0 or any(w == 1 and p != 1 for w, p in zip(wanted.shape, part.shape[max(extra, 0) :], strict=False)):
            axes = [
                *range(extra),
                *(k + extra for k, w in enumerate(wanted.shape) if w == 1 and part.shape[k + extra] != 1),
            ]
            part = REGISTRY["sum"](part, axis=tuple(axes), keepdims=False)
        if part.rank != wanted.rank and part.rank and _same_but_ones(part, wanted):
            part = REGISTRY["reshape"](part, shape=wanted.shape)
        elif part.rank != wanted.rank or any(p == 1 and w != 1 for p, w in zip(part.shape, wanted.shape, strict=True)):
            part = REGISTRY["broadcast_to"](part, shape=wanted.shape)
        if part.type.dtype != wanted.dtype and not (
            part.type.kind == "python" and part.type.is_float and not wanted.shape
        ):
            part = REGISTRY["convert"](part, dtype=wanted.dtype, kind="numpy")
        return part

    def sum(self, parts: Sequence[Contribution], value: Value, build: Builder) -> Traced:
        """Add up contributions, applying masks."""
        total: Traced | None = None
        for part in parts:
            term = part.value if part.mask is None else REGISTRY["where"](part.mask, part.value, 0.0)
            total = term if total is None else total + term
            self.named(total, value)
        return total if total is not None else self.zero(value, build)

    def total(self, value: Value, cotangents: Cotangents, build: Builder) -> Traced | None:
        """Take the sum of the contributions to a value; None if it has none."""
        parts = cotangents.take(value)
        return self.sum(parts, value, build) if parts else None

    def zero(self, value: Value, build: Builder) -> Traced:
        hint = f"{value.hint}_bar" if value.hint else ""
        type_ = value.type
        if type_.kind == "stack":
            return Traced(build, build.add(REGISTRY["new_stack"], dtype=type_.dtype, shape=type_.shape, hint=hint))
        zero = build.constant(0.0)
        if not type_.shape:
            return Traced(build, zero)
        return Traced(build, build.add(REGISTRY["full"], zero, shape=type_.shape, dtype=type_.dtype, hint=hint))

    def named(self, traced: Traced, value: Value) -> Traced:
        node = traced.build.definitions.get(traced.value)
        if value.hint and node is not None and node.op is not CONSTANT:
            traced.build.name(traced.value, f"{value.hint}_bar")
        return traced

    # -- stacks
    # ----------------------------------------------------------------------------------------------------------

    def stack(self, node: Node, cotangents: Cotangents, build: Builder) -> None:
        """The adjoint of a push is a pop, and the other way round."""
        before = node.inputs[0]
        if before not in self.varied:
            return
        after = self.total(node.outputs[0], cotangents, build) or self.zero(node.outputs[0], build)
        if node.op.name == "push":
            rest, value = build.add_many(REGISTRY["pop"], (after.value,), {})
            if node.inputs[1] in self.varied:
                cotangents.put(node.inputs[1], Contribution(self.named(Traced(build, value), node.inputs[1])))
        else:
            popped = self.total(node.outputs[1], cotangents, build) or self.zero(node.outputs[1], build)
            rest = build.add(REGISTRY["push"], after.value, popped.value)
        cotangents.put(before, Contribution(self.named(Traced(build, rest), before)))

    # -- control flow
    # ----------------------------------------------------------------------------------------------------

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
        levels, builders, totals = [], [], []
        for block in node.blocks:
            inner, inside = build.inner(), Cotangents()
            inner.where = node.where
            below = Level(level, node, block)
            for v, base in bases.items():
                if base is not None:
                    inside.put(v, Contribution(Traced(inner, base.value)))
            for k, g in incoming.items():
                if g is not None and block.results[k] in self.varied:
                    inside.put(block.results[k], Contribution(Traced(inner, g.value)))
            self.block(below, inside, inner)
            totals.append([(self.total(v, inside, inner) or self.zero(v, inner)).value for v in outer])
            levels.append(below)
            builders.append(inner)
        kept = [j for j, v in enumerate(outer) if any(t[j] is not _base(bases, v) for t in totals)]
        blocks = []
        resolved = [
            self.history.resolve(lv, b, [t[j] for j in kept]) for lv, b, t in zip(levels, builders, totals, strict=True)
        ]
        threads = list(dict.fromkeys(s for lv in levels for s in (*lv.stacks_after,)))
        for below, inner, results in zip(levels, builders, resolved, strict=True):
            stacks = [below.stacks_after.get(s, stack_at(level, s)) for s in threads]
            blocks.append(inner.finish((), (*results, *stacks)))
        types = [_joined(outer[j].type) for j in kept] + [s.final.type for s in threads]
        hints = [_bar(outer[j]) for j in kept] + [s.final.hint for s in threads]
        outputs = build.if_(node.inputs[0], blocks[0], blocks[1], hints, types)
        for j, output in zip(kept, outputs, strict=False):
            cotangents.put(outer[j], Contribution(Traced(build, output)))
        for j, v in enumerate(outer):
            base = bases.get(v)
            if j not in kept and base is not None:
                cotangents.put(v, Contribution(base))
        level.stacks_after.update(zip(threads, outputs[len(kept) :], strict=True))

    def loop(self, node: Node, level: Level, cotangents: Cotangents, build: Builder) -> None:
        initials, params = carried(node)
        body = node.blocks[-1]
        live, _ = wanted_carried(node, {o for o in node.outputs if o in cotangents}, self.varied)
        outer = self.outside([(body, [body.results[k] for k in live])])
        states = [node.outputs[k] for k in live]
        entering = [self.total(v, cotangents, build) or self.zero(v, build) for v in (*states, *outer)]
        carriers = [Value(_joined(params[k].type), _bar(params[k]), node.where) for k in live]
        carriers += [Value(_joined(v.type), _bar(v), node.where) for v in outer]
        inner, inside = build.inner(), Cotangents()
        inner.where = node.where
        below = self.enter_loop(node, level, body)
        for v, carrier in zip(outer, carriers[len(live) :], strict=True):
            inside.put(v, Contribution(Traced(inner, carrier)))
        for k, carrier in zip(live, carriers, strict=False):
            if body.results[k] in self.varied:
                inside.put(body.results[k], Contribution(Traced(inner, carrier)))
        self.block(below, inside, inner)
        leaving = [
            (self.total(v, inside, inner) or self.zero(v, inner)).value for v in (*(params[k] for k in live), *outer)
        ]
        leaving = self.history.resolve(below, inner, leaving)
        outputs = self.close_loop(node, below, inner, carriers, [e.value for e in entering], leaving, build)
        targets = list(zip([*(initials[k] for k in live), *outer], outputs, strict=False))
        for v, output in [*targets[len(live) :], *targets[: len(live)]]:
            if v in self.varied:
                cotangents.put(v, Contribution(Traced(build, output)))

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


def _bar(value: Value) -> str:
    return f"{value.hint}_bar" if value.hint else ""


def _base(bases: dict[Value, Traced | None], value: Value) -> Value | None:
    base = bases.get(value)
    return None if base is None else base.value


def _joined(type_: Type) -> Type:
    """Type of a carried cotangent: Python and NumPy scalars may both arrive."""
    return type_ if type_.kind == "stack" else Type(type_.dtype, type_.shape, "numpy")


def _same_but_ones(part: Traced, wanted: Type) -> bool:
    """Whether two shapes differ by axes of size 1 only, so that a reshape leads from one to the other."""
    return [d for d in part.shape if d != 1] == [d for d in wanted.shape if d != 1]


# -- preparation
# ---------------------------------------------------------------------------------------------------------


def number_values(function: Function) -> dict[Value, int]:
    """Position of every value of a function, in order of definition."""
    order: dict[Value, int] = {}
    stack: list[Block | Node] = [function.block]
    while stack:
        item = stack.pop()
        if isinstance(item, Block):
            for param in item.params:
                for dim in param.type.shape:
                    if isinstance(dim, Value):
                        order.setdefault(dim, len(order))
                order.setdefault(param, len(order))
            stack.extend(reversed(item.nodes))
        else:
            for block in reversed(item.blocks):
                stack.append(block)
            for output in item.outputs:
                order.setdefault(output, len(order))
    return order


def all_definitions(block: Block) -> dict[Value, Node]:
    """The node that defines each value, also inside blocks."""
    found: dict[Value, Node] = {}
    stack = list(block.nodes)
    while stack:
        node = stack.pop()
        found.update(dict.fromkeys(node.outputs, node))
        for inner in node.blocks:
            stack.extend(inner.nodes)
    return found


def count_trips(function: Function) -> Function:
    """Give every ``while`` one more carried value that counts its trips, so that a reverse loop can run as often."""
    return Function(function.name, _count_block(function.block))


def _count_block(block: Block) -> Block:
    nodes = [counted for node in block.nodes for counted in (_count_node(node) if node.blocks else [node])]
    return Block(block.params, tuple(nodes), block.results)


def _count_node(node: Node) -> list[Node]:
    blocks = tuple(_count_block(b) for b in node.blocks)
    if node.op is not WHILE:
        return [Node(node.op, node.inputs, node.outputs, node.attrs, blocks, node.where)]
    test, body = blocks
    before, inside = Builder(), Builder()
    zero = before.constant(0)
    in_test, in_body, after = (Value(zero.type, "trips", node.where) for _ in range(3))
    counted = inside.add(REGISTRY["add"], in_body, inside.constant(1), hint="trips", unchecked=True)
    body = Block((*body.params, in_body), (*body.nodes, *inside.nodes), (*body.results, counted))
    test = Block((*test.params, in_test), test.nodes, test.results)
    counting = Node(WHILE, (*node.inputs, zero), (*node.outputs, after), node.attrs, (test, body), node.where)
    return [*before.nodes, counting]
