"""History: what a reverse sweep needs of the forward sweep, and how it gets it.

A reverse loop runs through the trips of its forward loop backwards and reads values of each trip. Every such value is
either *recomputed* from others, where that costs less than a store and a load, or *saved* by the forward sweep:

- in a **tape**, an array with one axis for each enclosing loop, where all trip counts are known before the outermost
  loop;
- in a **slot**, a plain variable, where the value belongs to a branch outside loops;
- on a **stack**, last in first out, where trip counts are only known by running (``while``, ragged loops).

The forward sweep keeps its values; only the control nodes around saved values are rebuilt, to carry the storage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from symdiff.errors import LimitError, located
from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Dim, Function, Node, Type, Value
from symdiff.ir.rewrite import free_values, map_type, substitute
from symdiff.ops import REGISTRY
from symdiff.transform.effort import cone, cost_of, outer_cost, save_cost
from symdiff.transform.levels import Level, Saved, outputs_of, stack_at
from symdiff.transform.preparation import nickname
from symdiff.transform.rooms import Rooms, corner
from symdiff.transform.trips import counters, trip_count, trip_number

__all__ = ["History"]

Trip = tuple[Node, Value]
"""A ``for`` and its index."""
INVARIANT = frozenset({"constant", "add", "subtract", "multiply", "negative", "maximum", "minimum", "range_length"})
MOST_INVARIANT = 20
"""Integers that bound an inner loop and may be computed once, before the outermost loop."""


class History:
    """Plans of one adjoint: which values are saved where.

    Parameters
    ----------
    function : Function
        The primal.
    order : dict
        Position of every value, for choices that must not depend on hashing.
    """

    def __init__(self, function: Function, order: dict[Value, int], definitions: dict[Value, Node]) -> None:
        self.order = order
        self.definitions = definitions
        self.sizes = {d for v in order for d in v.type.shape if isinstance(d, Value)}
        # a while's last value counts its trips
        self.sizes.update(n.outputs[-1] for n in definitions.values() if n.op is WHILE)
        # what comes out of a tape is NumPy's scalar, which beside a float32 promotes as Python's does not
        self.promotes = any(v.type.dtype == "float32" for v in order)
        self.preparations: dict[Node, Builder] = {}
        """Trip counts that storage needs, to be computed before the outermost control node of their path."""
        self.top = set(function.params) | {d for d, _, _ in function.bound_dimensions()}
        for node in function.block.nodes:
            self.top.update(node.outputs)
        # of a function inside another: what it reads of the one around
        self.top.update(free_values(function.block.nodes))
        self.saved_in: dict[Block, list[Saved]] = {}
        self.replaced: dict[Node, tuple[Node, ...]] = {}
        """Loops that the forward sweep runs in another form."""
        self.rooms = Rooms(definitions, self.top)

    def lasts(self, values: Iterable[Value]) -> bool:
        """Whether what has the shapes of these values can be kept, wherever it is computed."""
        return all(isinstance(d, int) or d in self.top for v in values for d in v.type.shape)

    def replace(self, level: Level, node: Node, nodes: tuple[Node, ...]) -> None:
        """Let the forward sweep run ``nodes`` in the place of a node; the reverse sweep may read what they give."""
        self.replaced[node] = nodes
        for made in nodes:
            for output in made.outputs:
                self.order.setdefault(output, len(self.order))
                self.definitions[output] = made
                level.defined.add(output)
                if level.parent is None:
                    self.top.add(output)

    # -- in the reverse sweep ------------------------------------------------------------------------------------------

    def resolve(self, level: Level, reverse: Builder, results: Sequence[Value]) -> list[Value]:
        """Give a finished reverse block the primal values it mentions; returns its results, replaced likewise.

        Reads of storage and recomputed nodes are put before the nodes already there.
        """
        mapping: dict[Value, Value] = {}
        if level.index is not None and level.reverse_index is not None:
            mapping[level.index] = level.reverse_index
        outputs = outputs_of(level)
        if not any(p.index is not None or p.reverse_index is not None for p in level.path()):
            # outside of loops what a branch gave is still there
            mapping.update(outputs)
        counted = Builder(reverse.parent, raising=False)
        mapping.update(counters(level, counted))
        needs = [v for v in free_values(reverse.nodes, results) if v in level.defined and v not in mapping]
        saved, again = self.plan(level, needs, mapping)
        reader = Builder(reverse.parent, raising=False)
        for value in saved:
            if self._lasts(value):
                mapping[value] = outputs.get(value) or self._read(self._save(level, value), level, reader)
        # arrays in room for the largest come in turn: their sizes are among what is computed again
        parts = [value for value in saved if not self._lasts(value)]
        nodes = {node.outputs[0]: node for node in again}
        for value in sorted([*parts, *nodes], key=self.order.__getitem__):
            if value in nodes:
                self._recompute(nodes[value], mapping, reader)
            else:
                mapping[value] = outputs.get(value) or self._read(self._save(level, value), level, reader, mapping)
        body = substitute(reverse.nodes, mapping)
        reverse.nodes = [*counted.nodes, *reader.nodes, *body]
        for node in reverse.nodes:
            reverse.definitions.update((o, node) for o in node.outputs)
        return [mapping.get(r, r) for r in results]

    def plan(self, level: Level, needs: Iterable[Value], known: Collection[Value]) -> tuple[list[Value], list[Node]]:
        """Choose between saving and recomputing: values to save, and nodes to run again, in order."""
        producers = {o: n for n in level.block.nodes for o in n.outputs}
        saved: dict[Value, None] = {}
        again: dict[Node, None] = {}
        ready = set(known)
        for value in sorted(needs, key=self.order.__getitem__):
            if value in ready:
                continue
            nodes, leaves, outer = cone([value], producers, level.defined, ready, self.rooms.unknown)
            cost = sum(cost_of(n) for n in nodes) + sum(save_cost(leaf) for leaf in leaves)
            cost += sum(outer_cost(v, self.definitions.get(v)) for v in outer if v not in self.top)
            if value in leaves or (cost > save_cost(value) and self._can_save(value)):
                nodes, leaves, _ = cone(self.rooms.unknown(value), producers, level.defined, ready, self.rooms.unknown)
                leaves = [value, *leaves]
            saved.update(dict.fromkeys(leaves))
            again.update(dict.fromkeys(nodes))
            ready.update(leaves, *(n.outputs for n in nodes))
        position = {n: k for k, n in enumerate(level.block.nodes)}
        return sorted(saved, key=self.order.__getitem__), sorted(again, key=position.__getitem__)

    def _recompute(self, node: Node, mapping: dict[Value, Value], reader: Builder) -> None:
        reader.where = node.where
        if node.op is CONSTANT:
            mapping[node.output] = reader.constant(node.attrs["value"], node.output.hint)
            return
        (renewed,) = substitute([Node(node.op, node.inputs, (), node.attrs, (), node.where)], mapping)
        attrs = dict(renewed.attrs)
        if getattr(node.op, "fallible", False):
            # the forward sweep has already shown that it does not fail
            attrs["unchecked"] = True
        # kinds stay what they were, or the types of what reads the value would change
        reader.raising = True
        outputs = reader.add_many(node.op, renewed.inputs, attrs, node.outputs[0].hint)
        reader.raising = False
        mapping.update(zip(node.outputs, outputs, strict=True))

    def _can_save(self, value: Value) -> bool:
        return all(self.rooms.has(d) for d in value.type.shape)

    def _lasts(self, value: Value) -> bool:
        return not self.rooms.unknown(value)

    def _save(self, level: Level, value: Value) -> Saved:
        path = level.path()
        for known in self.saved_in.get(level.block, ()):
            # another reverse sweep has asked for it; a stack is consumed by reading
            if known.value is value and known.form != "stack":
                return known
        if not self._can_save(value):
            message = "the gradient must keep an array whose size changes from trip to trip, which is not supported yet"
            raise located(LimitError, message, value.where, "give the array one size, and store into part of it")
        trips = [self._trips_known(p.node) for p in path if p.node is not None and p.node.op is not IF]
        known_as = nickname(value, self.definitions)
        name = f"{known_as}_tape" if known_as else "tape"
        kind = "numpy" if trips or value.type.shape else value.type.kind
        room = self._room(path, value)
        if not all(trips):
            form, type_ = "stack", Type(value.type.dtype, room, "stack")
        elif trips:
            form, type_ = "tape", Type(value.type.dtype, (*self._tape_dims(path), *room), kind)
        else:
            form, type_ = "slot", Type(value.type.dtype, room, kind)
            name = known_as
        saved = Saved(value, form, path, type_, Value(type_, name, value.where))
        level.saved.append(saved)
        self.saved_in.setdefault(level.block, []).append(saved)
        return saved

    def _room(self, path: tuple[Level, ...], value: Value) -> tuple[Dim, ...]:
        """The shape an array is kept in: its own, or the largest it can have."""
        if self._lasts(value):
            return value.type.shape
        build = self._preparation(path)
        return tuple(self.rooms.of(d, build) for d in value.type.shape)

    def _preparation(self, path: tuple[Level, ...]) -> Builder:
        """What is computed before the outermost control node of a path."""
        outermost = path[0].node
        assert outermost is not None
        if outermost not in self.preparations:
            build = Builder(raising=False)
            build.definitions = self.definitions
            self.preparations[outermost] = build
        return self.preparations[outermost]

    def _tape_dims(self, path: tuple[Level, ...]) -> list[Dim]:
        build = self._preparation(path)
        loops = [p.node for p in path if p.node is not None and p.node.op is FOR]
        return [build.dim(self._trips(node, build)) for node in loops]

    def _trips(self, node: Node, build: Builder) -> Value:
        """How often a loop runs, computed before the outermost one."""
        start, stop, step = (self._invariant(v, build) for v in node.inputs[:3])
        return trip_count(build, start, stop, step, self.sizes)

    def _trips_known(self, node: Node) -> bool:
        return node.op is FOR and all(self._is_invariant(v) for v in node.inputs[:3])

    def _is_invariant(self, value: Value) -> bool:
        """Whether an integer follows, by a few operations, from values at the top of the function."""
        work, seen = [value], 0
        while work:
            current = work.pop()
            if current in self.top:
                continue
            node, seen = self.definitions.get(current), seen + 1
            if node is None or node.op.name not in INVARIANT or not current.type.is_integer or seen > MOST_INVARIANT:
                return False
            work.extend(node.inputs)
        return True

    def _invariant(self, value: Value, build: Builder) -> Value:
        """The same integer, computed before the outermost loop."""
        if value in self.top:
            return value
        node = self.definitions[value]
        if node.op is CONSTANT:
            return build.constant(node.attrs["value"])
        inputs = [self._invariant(v, build) for v in node.inputs]
        # where it would fail, the loop itself fails in its place
        return build.add(node.op, *inputs, **{**node.attrs, "unchecked": True})

    def _read(
        self, saved: Saved, level: Level, reader: Builder, sizes: dict[Value, Value] | None = None
    ) -> Value:
        """The value again; ``sizes`` tells those of a part of what is kept."""
        reader.where, hint = saved.value.where, nickname(saved.value, self.definitions)
        rank = saved.value.type.rank
        shape = map_type(saved.value.type, sizes or {}).shape
        entries, operands = corner(saved.type.shape[len(saved.type.shape) - rank :], shape)
        part = {} if self._lasts(saved.value) else {"shape": shape}
        if saved.form == "tape":
            trips = [
                trip_number(reader, p.node, p.reverse_index)
                for p in level.path()
                if p.reverse_index is not None and p.node
            ]
            places = ((("int",),) * len(trips)) + entries
            value = reader.add(REGISTRY["index"], saved.final, *trips, *operands, index=places, hint=hint, **part)
        elif saved.form == "stack":
            stack, value = reader.add_many(REGISTRY["pop"], (stack_at(level, saved),), {})
            reader.name(stack, saved.final.hint)
            reader.name(value, hint)
            level.stacks_after[saved] = stack
        else:
            value = saved.final
        if part and saved.form != "tape":
            value = reader.add(REGISTRY["index"], value, *operands, index=entries, hint=hint, **part)
        if saved.form != "slot" and saved.value.type.kind == "python" and self.promotes:
            value = reader.add(REGISTRY["convert"], value, dtype=saved.value.type.dtype, kind="python", hint=hint)
        return value

    # -- the forward sweep ---------------------------------------------------------------------------------------------

    def forward(self, function: Function, build: Builder) -> None:
        """Append the primal's nodes to ``build``, carrying the storage of what the reverse sweep asked for."""
        for node in function.block.nodes:
            inside = self._saved_inside(node)
            if not inside:
                self._again(node, build)
                continue
            if node in self.preparations:
                for prepared in self.preparations[node].nodes:
                    build.append(prepared)
            state = {saved: self._allocate(saved, build) for saved in inside}
            self._rebuild(node, inside, state, [], build, finals=True)

    def _again(self, node: Node, build: Builder) -> None:
        for made in self.replaced.get(node, (node,)):
            build.append(made)

    def _saved_inside(self, node: Node) -> list[Saved]:
        found: list[Saved] = []
        for block in node.blocks:
            found.extend(self.saved_in.get(block, ()))
            for inner in block.nodes:
                if inner.blocks:
                    found.extend(self._saved_inside(inner))
        return found

    def _allocate(self, saved: Saved, build: Builder) -> Value:
        build.where = saved.value.where
        type_, hint = saved.type, saved.final.hint
        if saved.form == "stack":
            return build.add(REGISTRY["new_stack"], dtype=type_.dtype, shape=type_.shape, hint=hint)
        if not type_.shape:
            return build.constant({"float": 0.0, "int": 0, "bool": False}[type_.dtype.rstrip("0123456789")])
        zero = build.constant(0.0 if type_.is_float else 0)
        return build.add(REGISTRY["full"], zero, shape=type_.shape, dtype=type_.dtype, hint=hint)

    def _rebuild(
        self,
        node: Node,
        inside: list[Saved],
        state: dict[Saved, Value],
        indices: list[Trip],
        build: Builder,
        finals: bool = False,
    ) -> None:
        """Append a control node that carries ``inside``, and move ``state`` past it."""
        extra = tuple(s.final if finals else Value(s.final.type, s.final.hint, s.value.where) for s in inside)
        initial = tuple(state[s] for s in inside)
        if node.op is IF:
            blocks = tuple(self._rebuild_block(b, (), inside, state, indices, build) for b in node.blocks)
            build.append(Node(IF, node.inputs, (*node.outputs, *extra), node.attrs, blocks, node.where))
        else:
            params = tuple(Value(s.final.type, s.final.hint, s.value.where) for s in inside)
            within = dict(zip(inside, params, strict=True))
            body = node.blocks[-1]
            deeper = [*indices, _trip_of(node, body)] if node.op is FOR else indices
            rebuilt = self._rebuild_block(body, params, inside, within, deeper, build)
            blocks = (rebuilt,)
            if node.op is WHILE:
                test = node.blocks[0]
                again = tuple(Value(s.final.type, s.final.hint, s.value.where) for s in inside)
                blocks = (Block((*test.params, *again), test.nodes, test.results), rebuilt)
            build.append(
                Node(node.op, (*node.inputs, *initial), (*node.outputs, *extra), node.attrs, blocks, node.where)
            )
        state.update(zip(inside, extra, strict=True))

    def _rebuild_block(
        self,
        block: Block,
        params: tuple[Value, ...],
        inside: list[Saved],
        state: dict[Saved, Value],
        indices: list[Trip],
        outer: Builder,
    ) -> Block:
        build, state = outer.inner(), dict(state)
        own: dict[Value, list[Saved]] = {}
        for saved in self.saved_in.get(block, ()):
            own.setdefault(saved.value, []).append(saved)
        for value in block.params:
            for saved in own.get(value, ()):
                self._store(saved, state, indices, build)
        for node in block.nodes:
            deeper = [s for s in inside if s in set(self._saved_inside(node))] if node.blocks else []
            if deeper:
                self._rebuild(node, deeper, state, indices, build)
            else:
                self._again(node, build)
            for output in (o for made in self.replaced.get(node, (node,)) for o in made.outputs):
                for saved in own.get(output, ()):
                    self._store(saved, state, indices, build)
        return build.finish((*block.params, *params), (*block.results, *(state[s] for s in inside)))

    def _store(self, saved: Saved, state: dict[Saved, Value], indices: list[Trip], build: Builder) -> None:
        build.where, hint = saved.value.where, saved.final.hint
        value, put = saved.value, REGISTRY["put"]
        room = saved.type.shape[len(saved.type.shape) - value.type.rank :]
        entries, operands = corner(room, value.type.shape)
        if saved.form == "tape":
            trips = [trip_number(build, node, index) for node, index in indices]
            places = (("int",),) * len(trips) + entries
            state[saved] = build.add(put, state[saved], value, *trips, *operands, index=places, hint=hint)
            return
        if not self._lasts(value):
            zero = build.constant(0.0 if value.type.is_float else 0)
            empty = build.add(REGISTRY["full"], zero, shape=room, dtype=value.type.dtype)
            value = build.add(put, empty, value, *operands, index=entries)
        state[saved] = value if saved.form == "slot" else build.add(REGISTRY["push"], state[saved], value, hint=hint)


def _trip_of(node: Node, body: Block) -> Trip:
    return node, body.params[0]
