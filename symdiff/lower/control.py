"""Branches and loops. Scalars become merges and header phis; an array that a loop carries lives in one buffer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from symdiff.ir.graph import FOR, IF, TRY, Block, Node, Value
from symdiff.lower.emit import RESPECIALISE, Scope, index_const
from symdiff.lower.state import Elements, Rep, State, Stored
from symdiff.lower.stores import is_overwritten, take_over
from symdiff.lower.usage import STORES
from symdiff.ops.dtypes import KERNEL_TYPE
from symdiff_codegen.kernel import Attempt, Buffer, Carried, Check, Const, If, Local, Merge, Operand, Stack, While
from symdiff_codegen.walk import walk

__all__ = ["emit_structured"]

# Emits the nodes of a block; with (result, param, buffer) for each array that a loop carries from one trip to the next.
EmitBlock = Callable[..., None]


def emit_structured(state: State, node: Node, position: int, emit_block: EmitBlock) -> None:
    """Emit an ``if``, ``for`` or ``while``; ``emit_block`` emits the nodes of a block."""
    if node.op is IF:
        _Branches(state, node, position, emit_block).emit()
    elif node.op is TRY:
        _emit_attempt(state, node, emit_block)
    elif node.op is FOR:
        _emit_for(state, node, position, emit_block)
    else:
        _emit_while(state, node, position, emit_block)


# -- attempts ----------------------------------------------------------------------------------------------------------


def _emit_attempt(state: State, node: Node, emit_block: EmitBlock) -> None:
    """The body of a ``try``; the number of the clause follows from the number of the check that failed."""
    k, clauses = state.k, node.attrs["clauses"]
    state.catching.append(clauses)
    with k.block() as scope, state.inside(node.blocks[0]):
        emit_block(node.blocks[0])
    state.catching.pop()
    scope.allocates = False
    numbers = {step.error for step in walk(tuple(scope.instructions)) if isinstance(step, Check)} - {RESPECIALISE}
    caught: dict[int, int] = {}
    for number in sorted(numbers):
        kind = k.errors[number].type()
        found = (position for position, clause in enumerate(clauses, 1) if clause.catches(kind))
        caught.update((number, position) for position in [next(found, 0)] if position)
    status = k.define(Local("i64", "status"))
    k.append(Attempt(status, frozenset(caught), tuple(scope.instructions)))
    result: Operand = index_const(0)
    for number, position in caught.items():
        result = k.let("select", k.let("eq", status, index_const(number)), index_const(position), result)
    state.set(node.output, result)


# -- branches ----------------------------------------------------------------------------------------------------------


@dataclass
class _Side:
    """One branch: its instructions, and what its results are there."""

    scope: Scope
    reps: list[Rep] = field(default_factory=list)


class _Branches:
    def __init__(self, state: State, node: Node, position: int, emit_block: EmitBlock) -> None:
        self.state, self.node, self.position, self.emit_block = state, node, position, emit_block
        self.merges: list[Merge] = []

    def emit(self) -> None:
        state, k = self.state, self.state.k
        test = k.i1(state.scalar(self.node.inputs[0]))
        self._make_room()
        then, otherwise = (self._side(block) for block in self.node.blocks)
        outs = [self._join(n, output, then, otherwise) for n, output in enumerate(self.node.outputs)]
        then.scope.allocates = otherwise.scope.allocates = False
        k.append(If(test, tuple(then.scope.instructions), tuple(otherwise.scope.instructions), tuple(self.merges)))
        for output, rep in zip(self.node.outputs, outs, strict=True):
            state.set(output, rep)

    def _make_room(self) -> None:
        """Buffers for results that the two branches do not share."""
        state = self.state
        self.rooms: dict[int, Buffer] = {}
        for n, output in enumerate(self.node.outputs):
            is_array = output.type.is_array and output.type.kind != "stack"
            if is_array and not state.usage.is_small(output) and not self._is_shared(n):
                self.rooms[n] = state.new_buffer(output)

    def _side(self, block: Block) -> _Side:
        state = self.state
        for n, buffer in self.rooms.items():
            if state.usage.home.get(block.results[n]) is block:
                state.targets[block.results[n]] = buffer
        with state.k.block() as scope, state.inside(block):
            self.emit_block(block)
            pairs = zip(block.results, self.node.outputs, strict=True)
            reps = [self._settled(result, output) for result, output in pairs]
        return _Side(scope, reps)

    def _settled(self, result: Value, output: Value) -> Rep:
        """A result of a branch in a form that can be joined after it."""
        state = self.state
        if not output.type.is_array or output.type.kind == "stack":
            return state.get(result)
        if state.usage.is_small(output):
            return Elements(state.items(result, output.type))
        return Stored(state.buffer(result))

    def _join(self, n: int, output: Value, then: _Side, otherwise: _Side) -> Rep:
        a, b = then.reps[n], otherwise.reps[n]
        type_ = KERNEL_TYPE[output.type.dtype]
        if isinstance(a, Stack):
            return a
        if isinstance(a, Elements) and isinstance(b, Elements):
            pairs = zip(a.items, b.items, strict=True)
            return Elements(tuple(self._merge(output, type_, x, y, then, otherwise) for x, y in pairs))
        if isinstance(a, (Local, Const)) and isinstance(b, (Local, Const)):
            return self._merge(output, type_, a, b, then, otherwise)
        return self._join_buffers(n, output, then, otherwise)

    def _merge(self, output: Value, type_: str, a: Operand, b: Operand, then: _Side, otherwise: _Side) -> Operand:
        k = self.state.k
        if a == b and a.type == type_:
            return a
        values = []
        for operand, side in ((a, then), (b, otherwise)):
            with self._again(side):
                values.append(k.convert(operand, type_))
        out = k.define(Local(type_, output.hint or "chosen"))
        self.merges.append(Merge(out, *values))
        return out

    def _join_buffers(self, n: int, output: Value, then: _Side, otherwise: _Side) -> Rep:
        """The buffer both branches changed in place; else a new one that both fill."""
        buffers = [side.reps[n].buffer for side in (then, otherwise)]  # type: ignore[union-attr]
        joined = self.rooms.get(n)
        if joined is None and buffers[0] is buffers[1]:
            return Stored(buffers[0])
        if joined is None:
            joined = self.state.new_buffer(output)
        for buffer, side in zip(buffers, (then, otherwise), strict=True):
            if buffer is not joined:
                with self._again(side):
                    self.state.k.copy(joined, buffer)
        return Stored(joined)

    def _is_shared(self, n: int) -> bool:
        """Whether both branches start from the same array, which nothing reads afterwards."""
        usage = self.state.usage
        bases = [_base(usage.definition, block.results[n], block, usage.home) for block in self.node.blocks]
        return bases[0] is bases[1] and usage.dies(bases[0], self.state.block, self.position, None)

    @contextmanager
    def _again(self, side: _Side) -> Iterator[None]:
        """Write more instructions at the end of a branch."""
        scopes = self.state.k.scopes
        scopes.append(side.scope)
        try:
            yield
        finally:
            scopes.pop()


def _base(definition: dict[Value, Node], value: Value, block: Block, home: dict[Value, Block]) -> Value:
    """The array from before a block that a chain of stores in the block starts from."""
    while home.get(value) is block and (node := definition.get(value)) is not None:
        if node.op.name in STORES:
            value = node.inputs[0]
        elif node.op is FOR:
            value = node.inputs[3 + node.outputs.index(value)]
        else:
            break
    return value


# -- loops -------------------------------------------------------------------------------------------------------------


@dataclass
class _Cell:
    """Where one carried value is: in scalars, in a buffer, or on a stack."""

    output: Value
    type: str
    inits: list[Operand] = field(default_factory=list)
    params: list[Local] = field(default_factory=list)
    outs: list[Local] = field(default_factory=list)
    buffer: Buffer | None = None
    stack: Stack | None = None

    def inside(self) -> Rep:
        return self._rep(self.params)

    def after(self) -> Rep:
        return self._rep(self.outs)

    def _rep(self, scalars: Sequence[Local]) -> Rep:
        if self.stack is not None:
            return self.stack
        if self.buffer is not None:
            return Stored(self.buffer)
        return Elements(tuple(scalars)) if self.output.type.is_array else scalars[0]


def _cells(state: State, node: Node, position: int, first: int) -> list[_Cell]:
    """Make ready what a loop carries; the initial values are inputs from ``first`` on."""
    cells: list[_Cell] = []
    taken: set[Buffer] = set()
    for n, output in enumerate(node.outputs):
        init = node.inputs[first + n]
        cell = _Cell(output, KERNEL_TYPE[output.type.dtype])
        rep = state.get(init)
        if isinstance(rep, Stack):
            cell.stack = rep
        elif not output.type.is_array:
            cell.inits = [state.k.convert(state.scalar(init), cell.type)]
        elif state.usage.is_small(output):
            cell.inits = [state.k.convert(item, cell.type) for item in state.items(init, cell.output.type)]
        else:
            overwritten = node.op is FOR and is_overwritten(state, node, n)
            buffer = state.new_buffer(output) if overwritten else take_over(state, node, position, first + n, output)
            cell.buffer = buffer
            if cell.buffer in taken:
                cell.buffer = state.fresh_copy(init, output)
            taken.add(cell.buffer)
        cells.append(cell)
    for cell in cells:
        name = cell.output.hint or "carried"
        cell.params = [Local(cell.type, name) for _ in cell.inits]
        cell.outs = [Local(cell.type, name) for _ in cell.inits]
    return cells


def _enter(state: State, cells: Sequence[_Cell], params: Sequence[Value]) -> None:
    for cell, param in zip(cells, params, strict=True):
        for local in cell.params:
            state.k.define(local)
        state.set(param, cell.inside())


def _heirs(
    cells: Sequence[_Cell], params: Sequence[Value], results: Sequence[Value]
) -> list[tuple[Value, Value, Buffer]]:
    """The arrays that take the place of others at the end of a trip."""
    found = zip(results, params, cells, strict=True)
    return [(result, param, cell.buffer) for result, param, cell in found if cell.buffer is not None]


def _moved(state: State, cells: Sequence[_Cell], results: Sequence[Value]) -> list[Carried]:
    """At the end of a trip: arrays go to their buffers; scalars are returned as what is carried."""
    carried: list[Carried] = []
    held = {cell.buffer for cell in cells if cell.buffer is not None}
    copies: list[tuple[Buffer, Value]] = []
    for cell, result in zip(cells, results, strict=True):
        if cell.buffer is not None:
            if _moves_into(state, cell.buffer, result, held):
                copies.append((cell.buffer, result))
        elif cell.stack is None:
            items = state.items(result, cell.output.type) if cell.output.type.is_array else [state.scalar(result)]
            values = [state.k.convert(item, cell.type) for item in items]
            carried += map(Carried, cell.params, cell.inits, values, cell.outs)
    for target, value in copies:
        state.write(target, value)
    return carried


def _moves_into(state: State, target: Buffer, result: Value, held: set[Buffer]) -> bool:
    """Whether a result must be copied to its buffer; it is read out first if it lies where others are copied to."""
    rep = state.get(result)
    if isinstance(rep, Stored) and rep.buffer is target:
        return False
    for leaf, _ in state.usage.leaves(result):
        leaf_rep = state.reps.get(leaf)
        if isinstance(leaf_rep, Stored) and leaf_rep.buffer in held:
            state.set(result, Stored(state.fresh_copy(result, result)))
            break
    return True


def _emit_for(state: State, node: Node, position: int, emit_block: EmitBlock) -> None:
    k, (body,) = state.k, node.blocks
    start, stop, step = _range(state, node)
    cells = _cells(state, node, position, 3)
    index, *params = body.params
    step_constant = int(step.value) if isinstance(step, Const) else None
    stride = step if step_constant is None else step_constant
    with k.loop(index.hint.strip("_") or "i", start, stop, stride) as loop, state.inside(body):
        state.set(index, loop.index)
        _enter(state, cells, params)
        emit_block(body, _heirs(cells, params, body.results))
        loop.carried.extend(_moved(state, cells, body.results))
    _leave(state, cells)


def _range(state: State, node: Node) -> tuple[Operand, Operand, Operand]:
    """The bounds; those of a reversed range run the other way over the same integers."""
    k = state.k
    start, stop, step = (state.integer(v) for v in node.inputs[:3])
    if not isinstance(step, Const):
        k.check(k.ne(step, 0), "ValueError", "range() arg 3 must not be zero")
    if not node.attrs.get("reversed"):
        return start, stop, step
    if isinstance(step, Const) and step.value == 1:
        return k.sub(stop, 1), k.sub(start, 1), index_const(-1)
    last = k.add(start, k.mul(k.sub(_length(state, start, stop, step), 1), step))
    return last, k.sub(start, step), k.neg(step)


def _length(state: State, start: Operand, stop: Operand, step: Operand) -> Operand:
    """``len(range(start, stop, step))``."""
    k = state.k
    distance = k.sub(stop, start)
    up = k.floordiv(k.sub(k.add(distance, step), 1), step)
    down = k.floordiv(k.add(k.add(distance, step), 1), step)
    return k.max(k.select(k.gt(step, 0), up, down), 0)


def _emit_while(state: State, node: Node, position: int, emit_block: EmitBlock) -> None:
    k, (test_block, body) = state.k, node.blocks
    cells = _cells(state, node, position, 0)
    with k.block(is_loop=True) as test_scope, state.inside(test_block):
        _enter(state, cells, test_block.params)
        emit_block(test_block)
        test = k.i1(state.scalar(test_block.results[0]))
    with k.block(is_loop=True) as scope, state.inside(body):
        _enter(state, cells, body.params)
        emit_block(body, _heirs(cells, body.params, body.results))
        carried = _moved(state, cells, body.results)
    k.append(While(tuple(carried), tuple(test_scope.instructions), test, tuple(scope.instructions)))
    _leave(state, cells)


def _leave(state: State, cells: Sequence[_Cell]) -> None:
    for cell in cells:
        for local in cell.outs:
            state.k.define(local)
        state.set(cell.output, cell.after())


