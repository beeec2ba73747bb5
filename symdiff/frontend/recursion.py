"""Functions whose depth of recursion depends on run-time data: a loop with stacks, parsed as any loop is.

What a stack holds is found as the types of what a loop carries are: by parsing until it stays the same. The syntax
tree is made in `resuming.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from symdiff.errors import LimitError, Location, UnsupportedSyntaxError, located
from symdiff.frontend.abstract import Abstract, BoundMethod, Closure, Known, Marker, Maybe, PartialCall, Tuple
from symdiff.frontend.branches import fork, run_side
from symdiff.frontend.core import Frame, Parser
from symdiff.frontend.growing import form_of, item_of, join_forms, leaves_of
from symdiff.frontend.joins import Conflict, convert_to
from symdiff.frontend.liveness import Liveness, assigned_names, walk_scope
from symdiff.frontend.raising import raise_known
from symdiff.frontend.resuming import Begin, Finish, Outcome, Pieces, Resume, Suspend
from symdiff.frontend.rows import Form
from symdiff.frontend.signals import Diverged
from symdiff.frontend.source import OWN_WRAPPER
from symdiff.frontend.tables import expression
from symdiff.ir.graph import Type, Value
from symdiff.ops.primitive import REGISTRY

__all__ = ["MOST_DEPTH", "Recursion", "as_loop", "key_of"]

MOST_DEPTH = 1_000_000
ATTEMPTS = 30
RESULT = "the result"
FIXED = (Known, Closure, BoundMethod, PartialCall)


class _Retyped(Exception):
    """A stack turns out to hold something else: the loop is parsed again."""


@dataclass
class _Kept:
    """What the values of a name have in common: numbers and arrays lie on stacks, an object is always the same."""

    form: Form | None = None
    same: Abstract | None = None

    @property
    def is_known(self) -> bool:
        return self.form is not None or self.same is not None


@dataclass(eq=False)
class Recursion:
    """A call of a function that is a loop.

    Attributes
    ----------
    key : tuple
        Tells the function from others; its name comes first.
    bind : callable
        From arguments, by position and by name, to what the parameters stand for.
    kept : dict
        By the name whose values are kept, and for results.
    start : dict
        What the parameters are in the outermost call.
    """

    key: tuple[str, Location]
    bind: Callable[[Sequence[Abstract], Mapping[str, Abstract]], dict[str, Abstract]]
    kept: dict[str, _Kept] = field(default_factory=dict)
    start: dict[str, Abstract] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.key[0]

    # -- stacks --------------------------------------------------------------------------------------------------------

    def new(self, p: Parser, name: str) -> Tuple:
        """The stacks for the values of a name, empty."""
        form = self.kept.setdefault(name, _Kept()).form
        return Tuple(tuple(_new_stack(p, leaf) for leaf in (form.leaves if form is not None else ())))

    def push(self, p: Parser, name: str, item: Abstract, stacks: Abstract) -> Tuple:
        """The stacks with a value more."""
        assert isinstance(stacks, Tuple)
        form = self._learn(p, name, item)
        if form is None:
            return stacks
        values = leaves_of(p, form, item)
        return Tuple(tuple(p.emit("push", s, v) for s, v in zip(_values(stacks), values, strict=True)))

    def returned(self, p: Parser, item: Abstract) -> Abstract:
        """A result, of the type that all have."""
        form = self._learn(p, RESULT, item)
        return item if form is None else item_of(p, form, iter(leaves_of(p, form, item)))

    def no_result(self, p: Parser) -> Abstract:
        """What stands for a result before there is one."""
        kept = self.kept.setdefault(RESULT, _Kept())
        if kept.form is None:
            return Known(None) if kept.same is None else kept.same
        return item_of(p, kept.form, iter([_nothing(p, leaf) for leaf in kept.form.leaves]))

    def _learn(self, p: Parser, name: str, item: Abstract) -> Form | None:
        """The form of all values of a name; None if they are one object."""
        kept = self.kept[name]
        if isinstance(item, FIXED) and not (isinstance(item, Known) and _is_plain(item.object)):
            self._require_same(p, kept, name, item)
            return None
        try:
            form = join_forms(kept.form, _hoisted(p, form_of(p, item)))
        except Conflict:
            form = None
        if form is None or kept.same is not None or not _is_constant(form):
            self._refuse(p, name, item)
        for have, want in zip(_hoisted(p, form_of(p, item)).leaves, form.leaves, strict=True):
            if not _same_shape(have, want):
                self._refuse(p, name, item)
        if form != kept.form:
            kept.form = form
            raise _Retyped
        return form

    def pop(self, p: Parser, name: str, stacks: Abstract) -> tuple[Tuple, Abstract]:
        """The stacks with a value less, and that value."""
        kept = self.kept[name]
        if not kept.is_known:
            raise Diverged  # nothing was ever put there, so no path leads here
        if kept.same is not None:
            assert isinstance(stacks, Tuple)
            return stacks, kept.same
        assert kept.form is not None
        pairs = [_pop(p, stack) for stack in _values(stacks)]
        item = item_of(p, kept.form, iter([value for _, value in pairs]))
        return Tuple(tuple(stack for stack, _ in pairs)), item

    def require_shape(self, p: Parser, name: str, item: Abstract) -> None:
        """An array that is passed on has the shape that the parameter had at first."""
        before, now = p.type_of(self.start[name]), p.type_of(item)
        if before is None or now is None or not (before.shape or now.shape):
            return
        now = Type(now.dtype, tuple(p.build.hoist(dim) for dim in now.shape))
        if not _same_shape(now, before):
            p.unsupported(
                f"{name!r} changes its shape when {self.name!r} calls itself as often as its data say",
                "pass arrays of one shape, and the place in them as an int",
            )

    def _require_same(self, p: Parser, kept: _Kept, name: str, item: Abstract) -> None:
        if kept.same is None and kept.form is None:
            kept.same = item
        before = kept.same
        known = isinstance(before, Known) and isinstance(item, Known) and before.object is item.object
        # a function made on the way may know variables of that call
        older = isinstance(item, Known) or any(item is found for found in self.start.values())
        if not older or (before is not item and not known):
            self._refuse(p, name, item)

    def _refuse(self, p: Parser, name: str, item: Abstract) -> NoReturn:
        what = name if name == RESULT else repr(name.partition(" ")[0])
        p.unsupported(
            f"{what} of {self.name!r}, which calls itself as often as its data say, is {p.describe(item)}, and only "
            "numbers, arrays of one shape and tuples of them are kept in such a recursion",
            "write the recursion as a loop",
        )


def _same_shape(a: Type, b: Type) -> bool:
    """Whether two shapes are the same for certain."""
    pairs = list(zip(a.shape, b.shape, strict=False))
    return a.rank == b.rank and all(x is y or (isinstance(x, int) and x == y) for x, y in pairs)


def _is_plain(found: Any) -> bool:
    return found is None or isinstance(found, bool | str | int | float)


def _is_constant(form: Form) -> bool:
    """Whether the form says all about an item: no list of run-time length."""
    return form.length is None and form.kind in ("number", "array", "tuple", "record", "known") and all(
        map(_is_constant, form.parts)
    )


def _hoisted(p: Parser, form: Form) -> Form:
    """The form with sizes as they are known outside of the loop."""
    if form.type is not None and form.type.shape:
        shape = tuple(p.build.hoist(dim) for dim in form.type.shape)
        return replace(form, type=Type(form.type.dtype, shape, form.type.kind))
    return replace(form, parts=tuple(_hoisted(p, part) for part in form.parts))


def _new_stack(p: Parser, leaf: Type) -> Value:
    _require_visible(p, leaf)
    return p.build.add(REGISTRY["new_stack"], dtype=leaf.dtype, shape=leaf.shape)


def _nothing(p: Parser, leaf: Type) -> Value:
    """Zero, or an array of zeros."""
    _require_visible(p, leaf)
    zero = p.constant(False if leaf.dtype == "bool" else 0.0 if leaf.is_float else 0)
    return p.emit("full", zero, shape=leaf.shape, dtype=leaf.dtype) if leaf.shape else convert_to(p, zero, leaf)


def _require_visible(p: Parser, leaf: Type) -> None:
    if not all(p.build.sees(dim) for dim in leaf.shape):
        p.unsupported(
            "a function whose depth of recursion depends on data cannot keep arrays whose size it computes",
            "pass arrays of one shape, and the place in them as an int",
        )


def _values(stacks: Abstract) -> list[Value]:
    assert isinstance(stacks, Tuple)
    return [stack for stack in stacks.items if isinstance(stack, Value)]


def _pop(p: Parser, stack: Value) -> tuple[Value, Value]:
    rest, value = p.build.add_many(REGISTRY["pop"], (stack,), {})
    return rest, value


# -- pieces of the loop ------------------------------------------------------------------------------------------------


def _here(p: Parser) -> Recursion:
    found: Recursion = p.recursions[p.frame]
    return found


def _pop_state(p: Parser, states: Abstract) -> tuple[Value, Value]:
    assert isinstance(states, Value)
    rest, value = _pop(p, states)
    return rest, convert_to(p, value, Type("int64", (), "python"))


@expression(Begin)
def begin(p: Parser, node: Begin) -> Abstract:
    """Empty stacks; the piece after the outermost call is none."""
    here = _here(p)
    stacks = [here.new(p, name) for name in node.names]
    nothing = here.no_result(p)
    states = p.emit("push", _new_stack(p, Type("int64")), p.constant(-1))
    return Tuple((*stacks, nothing, states, p.constant(0), p.constant(1)))


@expression(Suspend)
def suspend(p: Parser, node: Suspend) -> Abstract:
    """A call: what is read after it is kept."""
    here = _here(p)
    args = p.evaluate_all(node.call.args)
    kwargs: dict[str, Abstract] = {}
    for keyword in node.call.keywords:
        item = p.evaluate(keyword.value)
        if keyword.arg is None:
            p.unsupported("'**' in a call of a function that calls itself as often as its data say is not supported")
        kwargs[keyword.arg] = item
    p.at(node.call)
    bound = here.bind(args, kwargs)
    for parameter in node.parameters:
        here.require_shape(p, parameter, bound[parameter])
    stacks: list[Abstract] = []
    *own, states, depth = (p.lookup(name.id) for name in node.reads)
    for name, stack in zip(node.saved, own, strict=True):
        item = p.frame.names.get(name.id)
        if item is None or isinstance(item, Maybe | Marker):
            p.unsupported(f"{name.id.partition(' ')[0]!r} may have no value where {here.name!r} calls itself")
        stacks.append(here.push(p, name.id, item, stack))
    states = p.emit("push", p.value(states), p.constant(node.point))
    deeper = p.emit("add", p.value(depth), p.constant(1))
    _require_depth(p, deeper)
    return Tuple((*stacks, states, *(bound[name] for name in node.parameters), p.constant(0), deeper))


def _require_depth(p: Parser, depth: Value) -> None:
    where = p.build.where
    condition = p.emit("greater", depth, p.constant(MOST_DEPTH))
    message = "maximum recursion depth exceeded"
    fork(p, condition, lambda: raise_known(p, RecursionError, message), lambda: None, lambda name: True)
    p.build.where = where


@expression(Resume)
def resume(p: Parser, node: Resume) -> Abstract:
    """After a call: its result, and what was kept."""
    here = _here(p)
    *own, result = (p.lookup(name.id) for name in node.reads)
    _require_result(here)
    pairs = [here.pop(p, name, stack) for name, stack in zip(node.names, own, strict=True)]
    return Tuple((*(stack for stack, _ in pairs), *(item for _, item in pairs), result))


@expression(Finish)
def finish(p: Parser, node: Finish) -> Abstract:
    """A return: its value is there for the piece that goes on."""
    here = _here(p)
    value = Known(None) if node.value is None else p.evaluate(node.value)
    p.at(node)
    result = here.returned(p, value)
    states, depth = (p.lookup(name.id) for name in node.reads)
    states, state = _pop_state(p, states)
    return Tuple((result, states, state, p.emit("subtract", p.value(depth), p.constant(1))))


@expression(Outcome)
def outcome(p: Parser, node: Outcome) -> Abstract:
    """The result of the outermost call."""
    _require_result(_here(p))
    return p.lookup(node.reads[0].id)


def _require_result(here: Recursion) -> None:
    if not here.kept[RESULT].is_known:
        raise Diverged  # it never returns


# -- the function ------------------------------------------------------------------------------------------------------


def as_loop(p: Parser, frame: Frame, ready: Any, itself: Abstract, made: Recursion) -> Abstract | None:
    """Run a call of a function as a loop; ``ready`` is the function, and ``frame`` the call at its start."""
    p.recursions[frame] = made
    before = dict(frame.names)
    made.start = before
    try:
        whole = _cut(p, ready, itself, made.name)
        frame.live, frame.local = whole.live, whole.local
        for _ in range(ATTEMPTS):
            try:
                side = run_side(p, lambda: p.block(whole.statements), before)
            except _Retyped:
                continue
            p.build.absorb(side.build)
            for item, content in side.layer.items():
                p.memory.replace(item, content)
            if side.diverged:
                raise Diverged
            return side.outcome
    finally:
        del p.recursions[frame]
    p.refuse(LimitError, f"the types of what the recursion of {made.name!r} keeps do not settle")


def _cut(p: Parser, ready: Any, itself: Abstract, name: str) -> Any:
    source, arguments = ready.source, ready.node.args

    def refuse(node: ast.AST, message: str, hint: str) -> NoReturn:
        raise located(UnsupportedSyntaxError, message, source.location(node), hint)

    known: dict[str, bool] = {}

    def is_self(node: ast.expr) -> bool:
        if not isinstance(node, ast.Name) or node.id in ready.local:
            return False
        if node.id not in known:
            known[node.id] = _is_same_function(p.lookup(node.id), itself)
        return known[node.id]

    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    parameters = [arg.arg for arg in given if arg is not None]
    fixed = _fixed(ready, is_self)
    changing = ready.local - fixed
    inner = [n for n in walk_scope(ready.statements) if isinstance(n, ast.FunctionDef | ast.Lambda)]
    for node in inner:
        read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        if (read & changing) - {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)} or ready.cells:
            message = f"a function inside {name!r}, which calls itself as often as its data say, reads its variables"
            refuse(node, message, "pass what it needs as arguments")
    pieces = Pieces(is_self, ready.local, fixed, [n for n in parameters if n not in fixed], refuse)
    statements = pieces.whole(ready.statements, ready.node)
    return replace(
        ready, statements=statements, local=frozenset(pieces.local), live=Liveness.of(statements)
    )


def _is_same_function(found: Abstract, itself: Abstract) -> bool:
    if isinstance(found, Closure) and isinstance(itself, Closure):
        return found.node is itself.node and found.frame is itself.frame
    if not isinstance(found, Known) or not isinstance(itself, Known):
        return False
    return _plain_function(found.object) is itself.object


def _plain_function(found: Any) -> Any:
    """The function that a decorator of ours stands for."""
    while getattr(type(found), OWN_WRAPPER, False):
        found = found.__wrapped__
    return found


def _fixed(ready: Any, is_self: Callable[[ast.expr], bool]) -> frozenset[str]:
    """Parameters that every call of itself passes on as they are, and that are never assigned."""
    arguments = ready.node.args
    positional = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args)]
    names = {*positional, *(arg.arg for arg in arguments.kwonlyargs)} - assigned_names(ready.statements)
    calls = [n for s in ready.statements for n in ast.walk(s) if isinstance(n, ast.Call) and is_self(n.func)]
    for call in calls:
        if any(isinstance(arg, ast.Starred) for arg in call.args) or any(k.arg is None for k in call.keywords):
            return frozenset()
        given = dict(zip(positional, call.args, strict=False))
        given.update({k.arg: k.value for k in call.keywords if k.arg is not None})
        names = {n for n in names if isinstance(v := given.get(n), ast.Name) and v.id == n}
    return frozenset(names)


def key_of(ready: Any, name: str) -> tuple[str, Location]:
    """What tells a function from others, in every attempt at the program."""
    return name, ready.source.location(ready.node)
