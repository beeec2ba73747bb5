"""Functions that call each other as often as run-time data say: one loop with stacks, parsed as any loop is.

The pieces of all functions of a circle (`resuming.py`) are the branches of the body. The loop carries where to go on,
how deep the calls are, the parameters and the result of each function, and a stack for each type of what is kept during
calls; what that is, is found by parsing until it stays the same (`machine.py`, `keeping.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from symdiff.errors import LimitError, SymdiffError, UnsupportedSyntaxError
from symdiff.frontend.abstract import Abstract, Closure, Known, Tuple, now
from symdiff.frontend.branches import fork, run_side
from symdiff.frontend.core import Parser
from symdiff.frontend.frames import Frame
from symdiff.frontend.hoisting import location_like, read_name
from symdiff.frontend.joined_types import Conflict, convert_to
from symdiff.frontend.keeping import Before, assemble, layout_of, leaves_of, made_again, stand_ins
from symdiff.frontend.liveness import Liveness
from symdiff.frontend.machine import (
    DEPTH,
    RESULT,
    STATE,
    STATES,
    Machine,
    Member,
    Reached,
    Retyped,
    Running,
    Slot,
    key_of,
)
from symdiff.frontend.owning import array_of, content_of, owned_by
from symdiff.frontend.raising import raise_known
from symdiff.frontend.resuming import Again, Finish, Suspend
from symdiff.frontend.signals import Diverged
from symdiff.frontend.tables import expression
from symdiff.ir.graph import Type, Value
from symdiff.ops.primitive import REGISTRY

__all__ = ["MOST_DEPTH", "as_loop"]

MOST_DEPTH = 1_000_000
ATTEMPTS = 100


class Begin(ast.expr):
    """What the loop carries before it runs."""


class Step(ast.expr):
    """What a piece makes of what the loop carries."""

    _fields = ("reads",)
    reads: list[ast.Name]
    number: int


class Outcome(ast.expr):
    """The result of the outermost call."""

    _fields = ("reads",)
    reads: list[ast.Name]


# -- the function ------------------------------------------------------------------------------------------------------


def as_loop(p: Parser, found: Reached) -> Abstract | None:
    """Run a call of a function as a loop."""
    group = p.cycles.group_of(key_of(found.ready, found.name))
    machine = Machine(group, Before(p.build, now()))
    entry = machine.add(p, found)
    bound = _bound(found.frame)
    for name, item in bound.items():
        try:
            machine.layouts[entry.key, name] = layout_of(p, item, machine.before)
        except Conflict:
            machine.refuse(p, (entry.key, name), item, entry)
    for _ in range(ATTEMPTS):
        try:
            side = _attempt(p, machine, entry, bound)
        except Retyped as retyped:
            if retyped.machine is not machine:
                raise
            continue
        if machine.learned:
            continue
        if machine.fault is not None:
            raise machine.fault
        p.build.absorb(side.build)
        for item, content in side.layer.items():
            p.memory.replace(item, content)
        if side.diverged:
            raise Diverged
        return side.outcome
    p.refuse(LimitError, f"the types of what the recursion of {entry.name!r} keeps do not settle")


def _attempt(p: Parser, machine: Machine, entry: Member, bound: Mapping[str, Abstract]) -> Any:
    machine.begin()
    like, slots = entry.frame, machine.slots
    names = [f"{word} {position}" for position, word in enumerate(slots.values())]
    statements = _statements(machine, names, dict(zip(slots, names, strict=True))[STATE], entry.ready.node)
    frame = Frame(like.source, like.path, frozenset(names), Liveness.of(statements), depth=len(p.frames))
    frame.hidden = like.hidden
    before = p.frame
    p.frames.append(frame)
    p.frame = frame
    p.recursions[frame] = Running(machine, entry, _start(p, machine, entry, bound))
    try:
        return run_side(p, lambda: p.block(statements), {})
    finally:
        del p.recursions[frame]
        p.frames.pop()
        p.frame = before


def _start(p: Parser, machine: Machine, entry: Member, bound: Mapping[str, Abstract]) -> dict[Slot, Abstract]:
    """What the loop carries at first: built when the block of the loop is entered."""
    return {(entry.key, name): item for name, item in bound.items()}


def _statements(machine: Machine, names: list[str], state: str, like: ast.AST) -> list[ast.stmt]:
    """The loop."""

    def unpack(value: ast.expr) -> ast.stmt:
        return ast.Assign([ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())], value)

    branches: list[ast.stmt] = []
    for number in reversed(range(machine.last + 1)):
        step = Step()
        step.number, step.reads = number, [read_name(name) for name in names]
        test = ast.Compare(read_name(state), [ast.Eq()], [ast.Constant(number)])
        branches = [ast.If(test, [unpack(step)], branches)] if branches else [unpack(step)]
    outcome = Outcome()
    outcome.reads = [read_name(name) for name in names]
    goes_on = ast.Compare(read_name(state), [ast.GtE()], [ast.Constant(0)])
    return location_like([unpack(Begin()), ast.While(goes_on, branches, []), ast.Return(outcome)], like)


def _bound(frame: Frame) -> dict[str, Abstract]:
    """What the parameters of a call stand for at its start."""
    found = dict(frame.names)
    for name, cell in frame.cells.items():
        found.update({name: cell.initial[name]} if name in cell.initial else {})
    return found


# -- its pieces --------------------------------------------------------------------------------------------------------


def _pop(p: Parser, stack: Abstract) -> tuple[Value, Value]:
    rest, value = p.build.add_many(REGISTRY["pop"], (p.value(stack),), {})
    return rest, value


def _new_stack(p: Parser, type_: Type) -> Value:
    return p.build.add(REGISTRY["new_stack"], dtype=type_.dtype, shape=type_.shape)


@expression(Begin)
def begin(p: Parser, node: Begin) -> Abstract:
    """Empty stacks; the piece after the outermost call is none."""
    here: Running = p.recursions[p.frame]
    machine, entry = here.machine, here.member
    state: dict[Slot, Abstract] = {}
    for slot in machine.slots:
        if slot[0] == "stack":
            state[slot] = _new_stack(p, machine.stacks[slot[1]])
    for key, member in machine.members.items():
        for name in (*member.parameters, RESULT):
            layout = machine.known.get((key, name))
            if layout is None:
                continue
            item = here.state.get((key, name))
            leaves = stand_ins(p, [layout]) if item is None else leaves_of(p, layout, item)
            state |= {(key, name, position): leaf for position, leaf in enumerate(leaves)}
    state[STATES] = p.emit("push", _new_stack(p, Type("int64")), p.constant(-1))
    state[STATE], state[DEPTH] = p.constant(entry.first), p.constant(1)
    return Tuple(tuple(state[slot] for slot in machine.slots))


@expression(Step)
def step(p: Parser, node: Step) -> Abstract:
    """A piece: a function of its own that gives what the loop carries after it."""
    machine: Machine = p.recursions[p.frame].machine
    member, piece = machine.pieces[node.number]
    state = dict(zip(machine.slots, (p.lookup(name.id) for name in node.reads), strict=True))
    frame, before = member.new_frame(p, piece), p.frame
    p.frames.append(frame)
    p.frame = frame
    p.recursions[frame] = Running(machine, member, state)
    try:
        _resume(p, machine, node.number, state)
        outcome = p.block(piece.statements)
        machine.finished = True
    except SymdiffError as fault:
        # a later piece may show that something here is not the same in all calls
        if not isinstance(machine.fault, UnsupportedSyntaxError):
            machine.fault = fault
        _give_up(machine, node.number)
    except Diverged:
        _give_up(machine, node.number)
    finally:
        del p.recursions[frame]
        p.frames.pop()
        p.frame = before
    assert isinstance(outcome, Tuple)
    return outcome


def _give_up(machine: Machine, number: int) -> NoReturn:
    """A piece that comes to no end, or not in this attempt."""
    if machine.learned and not machine.finished and number == machine.last:
        raise Retyped(machine) from None
    raise Diverged from None


def _resume(p: Parser, machine: Machine, number: int, state: dict[Slot, Abstract]) -> None:
    """Names at the start of a piece: the parameters, or what was kept and what the call returned."""
    frame = p.frame
    member, piece = machine.pieces[number]
    if number == member.first:
        found = {name: _assembled(p, machine, state, (member.key, name)) for name in member.parameters}
    else:
        found = {name: _popped(p, machine, state, (number, name)) for name in reversed(piece.names)}
        if piece.result is not None:
            callee = machine.callees.get(number)
            if callee is None:
                _unreachable(p)
            found[piece.result] = _assembled(p, machine, state, (callee, RESULT), anew=True)
    for name, item in found.items():
        if item is not None and name in frame.cells:
            frame.cells[name].initial[name] = item
        elif item is not None:
            frame.names[name] = item


def _assembled(
    p: Parser, machine: Machine, state: Mapping[Slot, Abstract], slot: Slot, *, anew: bool = False
) -> Abstract | None:
    layout = machine.known.get(slot)
    if layout is None:
        _unreachable(p)
    leaves = [state[(*slot, position)] for position in range(len(layout.leaves))]
    if anew:  # what was returned is read here only, so an array that nothing else holds is a new one
        pairs = zip(leaves, layout.owned, strict=True)
        leaves = [array_of(p, p.value(leaf), own) if own else leaf for leaf, own in pairs]
    return assemble(p, layout, iter(leaves), slot[1])


def _unreachable(p: Parser) -> NoReturn:
    """No call returns to this place: none ever begins, or none ever ends."""
    raise_known(p, RuntimeError, "a call returned that never does")


def _popped(p: Parser, machine: Machine, state: dict[Slot, Abstract], slot: Slot) -> Abstract | None:
    layout = machine.known.get(slot)
    if layout is None:
        _unreachable(p)
    if layout.kind == "made":
        return Closure(layout.item, p.frame, (), {})
    leaves: list[Abstract] = []
    for leaf, own in zip(reversed(layout.leaves), reversed(layout.owned), strict=True):
        stack = machine.stack_of(leaf)
        state[stack], value = _pop(p, state[stack])
        leaves.insert(0, array_of(p, convert_to(p, value, leaf), own))
    return assemble(p, layout, iter(leaves), slot[1])


def _keep(
    p: Parser, here: Running, end: Again | Suspend, state: dict[Slot, Abstract], passed: Sequence[Abstract] = ()
) -> None:
    """Put what is read later onto the stacks; other arrays are ``passed`` on."""
    machine, frame, point = here.machine, p.frame, here.member.first + end.point
    items = [_content(p, name.id) for name in end.saved]
    own = owned_by(p, [*items, *passed], machine.before)
    for name, item in zip(end.saved, items, strict=True):
        slot, maker = (point, name.id), here.member.cut.makers.get(name.id)
        layout = machine.learn(p, slot, item, here.member, own, made_again(item, frame, maker))
        for leaf, type_, mine in zip(leaves_of(p, layout, item), layout.leaves, layout.owned, strict=True):
            stack = machine.stack_of(type_)
            if stack in state:
                state[stack] = p.emit("push", p.value(state[stack]), content_of(p, leaf, mine))


def _content(p: Parser, name: str) -> Abstract | None:
    cell = p.frame.cells.get(name)
    return p.frame.names.get(name) if cell is None else p.memory.content(cell).get(name)


# -- ends of pieces ----------------------------------------------------------------------------------------------------


def _carried(machine: Machine, state: Mapping[Slot, Abstract]) -> Tuple:
    """What the loop carries after a piece."""
    if machine.learned:
        raise Diverged  # the loop has other variables next time
    return Tuple(tuple(state[slot] for slot in machine.slots))


@expression(Again)
def again(p: Parser, node: Again) -> Abstract:
    """Go on with another piece of the same call."""
    here: Running = p.recursions[p.frame]
    state, point = dict(here.state), here.member.first + node.point
    _keep(p, here, node, state)
    state[STATE] = p.constant(point)
    return _carried(here.machine, state)


@expression(Suspend)
def suspend(p: Parser, node: Suspend) -> Abstract:
    """A call: what is read after it is kept."""
    here: Running = p.recursions[p.frame]
    machine, point = here.machine, here.member.first + node.point
    found = _reached(p, machine, node.call)
    callee = machine.member(p, found)
    machine.learned |= point not in machine.callees
    if machine.callees.setdefault(point, callee.key) != callee.key:
        p.unsupported("a call that leads to different functions of one recursion is not supported", "write two calls")
    state = dict(here.state)
    _keep(p, here, node, state, list(_bound(found.frame).values()))
    state[STATES] = p.emit("push", p.value(state[STATES]), p.constant(point))
    deeper = p.emit("add", p.value(state[DEPTH]), p.constant(1))
    _require_depth(p, deeper)
    for name, item in _bound(found.frame).items():
        layout = machine.learn(p, (callee.key, name), item, callee)
        leaves = leaves_of(p, layout, item)
        state |= {(callee.key, name, position): leaf for position, leaf in enumerate(leaves)}
    state[STATE], state[DEPTH] = p.constant(callee.first), deeper
    return _carried(machine, state)


def _reached(p: Parser, machine: Machine, node: ast.Call) -> Reached:
    """Where a call leads, which is not made."""
    target, args, kwargs = p.parts_of_call(node)
    p.frame.calling, p.expecting = node, machine
    try:
        p.call(target, args, kwargs)
    except Reached as found:
        return found
    finally:
        p.frame.calling = p.expecting = None
    p.unsupported(
        "a call by way of a function of a library is not supported in a recursion as deep as its data say",
        "call it in a statement of its own: y = f(...)",
    )


def _require_depth(p: Parser, depth: Value) -> None:
    where = p.build.where
    condition = p.emit("greater", depth, p.constant(MOST_DEPTH))
    message = "maximum recursion depth exceeded"
    fork(p, condition, lambda: raise_known(p, RecursionError, message), lambda: None, lambda name: True)
    p.build.where = where


@expression(Finish)
def finish(p: Parser, node: Finish) -> Abstract:
    """A return: its value is there for the piece that goes on."""
    here: Running = p.recursions[p.frame]
    value = Known(None) if node.value is None else p.evaluate(node.value)
    p.at(node)
    machine, member, state = here.machine, here.member, dict(here.state)
    layout = machine.learn(p, (member.key, RESULT), value, member, owned_by(p, [value], machine.before))
    for position, (leaf, own) in enumerate(zip(leaves_of(p, layout, value), layout.owned, strict=True)):
        state[member.key, RESULT, position] = array_of(p, content_of(p, leaf, own), own)
    state[STATES], number = _pop(p, state[STATES])
    state[STATE] = convert_to(p, number, Type("int64", (), "python"))
    state[DEPTH] = p.emit("subtract", p.value(state[DEPTH]), p.constant(1))
    return _carried(machine, state)


@expression(Outcome)
def outcome(p: Parser, node: Outcome) -> Abstract:
    """The result of the outermost call."""
    here: Running = p.recursions[p.frame]
    state = dict(zip(here.machine.slots, (p.lookup(name.id) for name in node.reads), strict=True))
    found = _assembled(p, here.machine, state, (here.member.key, RESULT))
    assert found is not None
    return found
