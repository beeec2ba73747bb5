"""The loop that stands for functions which call each other: its functions, its pieces, and what it carries."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NoReturn

from symdiff.errors import SymdiffError, UnsupportedSyntaxError, located
from symdiff.frontend.abstract import Abstract, Cell, Known
from symdiff.frontend.core import Parser
from symdiff.frontend.cycles import Key, site_of
from symdiff.frontend.frames import Frame
from symdiff.frontend.joined_types import Conflict
from symdiff.frontend.keeping import Before, Layout, is_one, join_layouts, layout_of, same_shape
from symdiff.frontend.resuming import Piece, Pieces
from symdiff.ir.graph import Type

__all__ = ["DEPTH", "RESULT", "STATE", "STATES", "Machine", "Member", "Reached", "Retyped", "Running", "Slot", "key_of"]

RESULT = "the result"
STATES, STATE, DEPTH = ("states",), ("state",), ("depth",)
Slot = tuple[Any, ...]
_WORDS = {"float64": "numbers", "int64": "integers", "bool": "flags"}


class Reached(Exception):
    """A call at the end of a piece leads to a function of the circle, with these parameters."""

    def __init__(self, frame: Frame, ready: Any, itself: Abstract, name: str) -> None:
        super().__init__()
        self.frame, self.ready, self.itself, self.name = frame, ready, itself, name


class Retyped(Exception):
    """More is known of what the loop carries, and no piece came to an end: the attempt is over."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine


@dataclass(eq=False)
class Member:
    """A function of the circle.

    Attributes
    ----------
    frame : Frame
        A call of it, from which others take what all calls have in common.
    itself : Abstract
        The function.
    first : int
        The number of its first piece in the loop.
    """

    key: Key
    name: str
    ready: Any
    frame: Frame
    itself: Abstract
    first: int
    cut: Pieces

    @property
    def parameters(self) -> tuple[str, ...]:
        given = self.ready.node.args
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        return tuple(arg.arg for arg in named if arg is not None)

    def new_frame(self, p: Parser, piece: Piece) -> Frame:
        """A call of it that goes on with a piece."""
        like = self.frame
        cells = {name: Cell({}) for name in like.cells}
        return Frame(
            like.source,
            like.path,
            frozenset(self.cut.local),
            piece.live,
            parent=like.parent,
            depth=len(p.frames),
            cells=cells,
            outside=like.outside,
            hidden=like.hidden,
            key=self.key,
            forgets=True,
        )


@dataclass(eq=False)
class Machine:
    """The loop for a circle.

    Attributes
    ----------
    group : frozenset
        The functions that may take part.
    before : Before
        What existed before it ran.
    members : dict
        The functions that do, by key.
    pieces : list
        By number.
    layouts : dict
        How what is kept is taken apart: by parameter and result of a function, by name at the start of a piece.
    stacks : list of Type
        What lies on the stacks.
    callees : dict
        The function that returned where a piece begins.
    fault : SymdiffError or None
        What is wrong with a piece, unless more is learned of what it finds.
    learned : bool
        Whether this attempt at the loop found more: then it is made again, for all pieces at once.
    finished : bool
        Whether some piece came to an end in it.
    known, slots, last : dict, dict, int
        Of this attempt: the layouts, what the loop carries and how that is called, and the number of the last piece.
    """

    group: frozenset[Key]
    before: Before
    members: dict[Key, Member] = field(default_factory=dict)
    pieces: list[tuple[Member, Piece]] = field(default_factory=list)
    layouts: dict[Slot, Layout] = field(default_factory=dict)
    stacks: list[Type] = field(default_factory=list)
    callees: dict[int, Key] = field(default_factory=dict)
    fault: SymdiffError | None = None
    learned: bool = False
    finished: bool = False
    known: dict[Slot, Layout] = field(default_factory=dict)
    slots: dict[Slot, str] = field(default_factory=dict)
    last: int = 0

    # -- functions -----------------------------------------------------------------------------------------------------

    def add(self, p: Parser, found: Reached) -> Member:
        """A function more."""
        frame, ready = found.frame, found.ready
        key = key_of(ready, found.name)
        if frame.parent is not None and frame.parent.serial >= self.before.moment:
            message = f"{found.name!r}, a function inside one that calls itself as often as its data say, calls it too"
            p.unsupported(message, "define it outside, and pass what it needs as arguments")
        cut = _cut(p, ready, frame)
        member = Member(key, found.name, ready, frame, found.itself, len(self.pieces), cut)
        self.members[key] = member
        self.pieces += [(member, piece) for piece in cut.pieces]
        return member

    def member(self, p: Parser, found: Reached) -> Member:
        """The function that is called."""
        key = key_of(found.ready, found.name)
        if key not in self.members:
            made = self.add(p, found)
            self.learned = True
            return made
        member = self.members[key]
        if not is_one(member.itself, found.itself):
            message = f"{found.name!r} calls itself as often as its data say, as more than one function object"
            p.unsupported(message, "pass what the functions differ in as arguments")
        return member

    # -- what is carried -----------------------------------------------------------------------------------------------

    def learn(
        self,
        p: Parser,
        slot: Slot,
        item: Abstract | None,
        where: Member,
        own: Collection[Any] = (),
        layout: Layout | None = None,
    ) -> Layout:
        """The layout that serves all items of a slot, whose name comes last."""
        have = self.layouts.get(slot)
        try:
            layout = layout or layout_of(p, item, self.before, own)
            layout = join_layouts(p, have, layout, self.before)
        except Conflict:
            self.refuse(p, slot, item, where)
        if have is None or layout != have:
            for leaf in layout.leaves:
                _require_visible(p, self, leaf)
            self.layouts[slot] = layout
            self.learned = True
        return layout

    def refuse(self, p: Parser, slot: Slot, item: Abstract, where: Member) -> NoReturn:
        """What cannot be kept."""
        have, type_, name = self.layouts.get(slot), p.type_of(item), slot[-1]
        if slot[0] in self.members and name != RESULT and have is not None and type_ is not None and type_.shape:
            p.unsupported(
                f"{name!r} changes its shape when {where.name!r} calls itself as often as its data say",
                "pass arrays of one shape, and the place in them as an int",
            )
        what = name if name == RESULT else repr(name.partition(" ")[0])
        p.unsupported(
            f"{what} of {where.name!r}, which calls itself as often as its data say, is {p.describe(item)}, and only "
            "numbers, arrays of one shape and tuples of them are kept in such a recursion",
            "write the recursion as a loop",
        )

    def stack_of(self, type_: Type) -> Slot:
        """The stack for leaves of a type."""
        for position, other in enumerate(self.stacks):
            if other.dtype == type_.dtype and same_shape(other, type_):
                return "stack", position
        self.stacks.append(type_)
        self.learned = True
        return "stack", len(self.stacks) - 1

    def begin(self) -> None:
        """A new attempt, with all that is known by now."""
        self.fault, self.learned, self.finished = None, False, False
        self.known, self.last = dict(self.layouts), len(self.pieces) - 1
        found: dict[Slot, str] = {("stack", i): _WORDS.get(t.dtype, "kept") for i, t in enumerate(self.stacks)}
        for key, member in self.members.items():
            for name in (*member.parameters, RESULT):
                layout = self.known.get((key, name))
                for position in range(len(layout.leaves) if layout is not None else 0):
                    found[key, name, position] = "returned" if name == RESULT else name
        self.slots = {**found, STATES: "states", STATE: "state", DEPTH: "depth"}


def _require_visible(p: Parser, machine: Machine, leaf: Type) -> None:
    if not all(machine.before.build.sees(dim) for dim in leaf.shape):
        p.unsupported(
            "a function whose depth of recursion depends on data cannot keep arrays whose size it computes",
            "pass arrays of one shape, and the place in them as an int",
        )


@dataclass(eq=False)
class Running:
    """A piece being parsed, or the loop itself: what the loop carries is ``state`` at its start."""

    machine: Machine
    member: Member
    state: dict[Slot, Abstract]


def key_of(ready: Any, name: str) -> Key:
    """What tells a function from others, in every attempt at the program."""
    return name, ready.source.location(ready.node)


def _cut(p: Parser, ready: Any, frame: Frame) -> Pieces:
    source, known = ready.source, dict[ast.AST, bool]()

    def refuse(node: ast.AST, message: str, hint: str) -> NoReturn:
        raise located(UnsupportedSyntaxError, message, source.location(node), hint)

    def is_site(node: ast.AST) -> bool:
        if node not in known:
            known[node] = hasattr(node, "lineno") and site_of(source, node) in p.cycles.sites
        return known[node]

    def is_builtin(node: ast.expr) -> str | None:
        if not isinstance(node, ast.Name) or node.id in ready.local:
            return None
        before, p.frame = p.frame, frame
        try:
            found = p.lookup(node.id)
        finally:
            p.frame = before
        of_python = isinstance(found, Known) and getattr(found.object, "__module__", None) == "builtins"
        return found.object.__name__ if of_python else None

    def unrolled(node: ast.AST) -> int | None:
        return p.cycles.counts.get(site_of(source, node))

    cut = Pieces(is_site, is_builtin, unrolled, ready.local, ready.cells, refuse)
    cut.cut(ready.statements, ready.node)
    return cut
