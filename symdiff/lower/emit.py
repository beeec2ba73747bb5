"""The emitter: appends instructions to the block being written, folds what is constant, and shares what is equal.

Rows of :mod:`symdiff.ops` write their scalar meaning as ``k.exp(k.neg(x))``, where ``k`` is an emitter: see
``scalars.py`` for those methods. Here is what they stand on: scopes, names, checks and workspace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from symdiff import errors
from symdiff.errors import LOCATED, Location
from symdiff.lower.bounds import Bounds
from symdiff_codegen.instructions import result_type
from symdiff_codegen.kernel import (
    Accumulate,
    Alloc,
    Body,
    Buffer,
    Carried,
    Check,
    Const,
    Copy,
    Fill,
    For,
    Instruction,
    Invoke,
    Let,
    Load,
    Local,
    Mark,
    Operand,
    Output,
    Reduction,
    Release,
    Store,
    View,
)

__all__ = ["RESPECIALISE", "Emitter", "ErrorSite", "Loop", "Scope", "index_const"]

RESPECIALISE = 1
SYMMETRIC = frozenset({"eq", "ne", "and", "or"})


@dataclass(frozen=True)
class ErrorSite:
    """What a failed check means: the exception's name, its message (a template of the operands) and the place."""

    exception: str
    message: str
    where: Location | None
    kind: type[BaseException] | None = None

    def type(self) -> type[BaseException]:
        """The class of the exception."""
        found = next((k for k in LOCATED if k.__name__ == self.exception), None)
        return self.kind or found or getattr(errors, self.exception)


def index_const(number: int) -> Const:
    """An integer of the kernel."""
    return Const(number, "i64")


@dataclass
class Scope:
    """One block being written.

    Attributes
    ----------
    is_loop : bool
        Whether it is the body of a loop.
    allocates : bool
        Whether workspace is taken on every trip, and must be given back at its end.
    """

    is_loop: bool
    instructions: list[Instruction] = field(default_factory=list)
    known: dict[object, Operand] = field(default_factory=dict)
    loads: dict[object, Operand] = field(default_factory=dict)
    allocates: bool = False
    proved: set[Operand] = field(default_factory=set)


@dataclass
class Loop:
    """A loop being written: set ``carried`` and ``reductions`` before its block ends."""

    index: Local
    carried: list[Carried] = field(default_factory=list)
    reductions: list[Reduction] = field(default_factory=list)


class Emitter:
    """Appends instructions to the innermost of a stack of scopes.

    Parameters
    ----------
    checks : bool
        Whether Python's scalar exceptions are raised at all.
    """

    def __init__(self, *, checks: bool = True) -> None:
        self.checks = checks
        self.scopes = [Scope(is_loop=False)]
        self.depth: dict[Local, int] = {}
        self.bounds = Bounds()
        self.errors: dict[int, ErrorSite] = {}
        self.sites: list[tuple[Any, tuple[str, ...]]] = []
        self.broadcasts: list[ErrorSite] = []
        self.where: Location | None = None
        self.hint = ""
        self._error_ids: dict[ErrorSite, int] = {}
        self._marks = 0

    # -- scopes --------------------------------------------------------------------------------------------------------

    @property
    def scope(self) -> Scope:
        return self.scopes[-1]

    def append(self, instruction: Instruction) -> None:
        self.scope.instructions.append(instruction)

    @contextmanager
    def block(self, *, is_loop: bool = False) -> Iterator[Scope]:
        """Write a nested block; its instructions are complete when the context ends."""
        scope = Scope(is_loop)
        self.scopes.append(scope)
        try:
            yield scope
        finally:
            self.scopes.pop()
        self.scope.loads.clear()
        if scope.allocates:
            self._marks += 1
            name = f"trip{self._marks}"
            scope.instructions = [Mark(name), *scope.instructions, Release(name)]

    @contextmanager
    def loop(
        self, name: str, start: Operand, stop: Operand, step: Operand | int = 1, *, vector: bool = False
    ) -> Iterator[Loop]:
        """Write ``for name in range(start, stop, step)``."""
        loop = Loop(Local("i64", name))
        with self.block(is_loop=True) as scope:
            self.define(loop.index)
            self.bounds.counted(loop.index, start, stop, step)
            yield loop
        body: Body = tuple(scope.instructions)
        self.append(
            For(loop.index, start, stop, step, tuple(loop.carried), body, vector, tuple(loop.reductions))
        )
        for out in [c.out for c in loop.carried] + [r.out for r in loop.reductions]:
            self.define(out)

    def define(self, local: Local) -> Local:
        """Note in which scope a scalar is defined."""
        self.depth[local] = len(self.scopes) - 1
        return local

    def depth_of(self, operands: Sequence[Operand]) -> int:
        """The innermost scope on which the operands depend."""
        return max((self.depth[o] for o in operands if isinstance(o, Local)), default=0)

    # -- scalars -------------------------------------------------------------------------------------------------------

    def let(self, op: str, *args: Operand, name: str = "") -> Operand:
        """The result of a scalar instruction: an equal one that is visible is used again."""
        key = (op, args)
        turned = (op, args[::-1]) if op in SYMMETRIC else key
        for scope in reversed(self.scopes):
            if (known := scope.known.get(key) or scope.known.get(turned)) is not None:
                return known
        target = self.define(Local(result_type(op, [a.type for a in args]), name or self.hint or "t"))
        self.append(Let(target, op, args))
        self.bounds.defined(target, op, args)
        self.scope.known[key] = target
        return target

    def load(self, buffer: Buffer, indices: Sequence[Operand], name: str = "") -> Operand:
        """An element of a buffer."""
        key = (buffer, tuple(indices))
        if (known := self.scope.loads.get(key)) is not None:
            return known
        target = self.define(Local(buffer.type, name or f"{buffer.name}_i"))
        self.append(Load(target, buffer, tuple(indices)))
        self.scope.loads[key] = target
        return target

    def load_outside(self, buffer: Buffer, indices: Sequence[Operand], name: str, outermost: int) -> Operand:
        """An element of a buffer that nothing writes meanwhile, loaded outside of the loops that do not matter for it.

        ``outermost`` is the depth of the scope around these loops.
        """
        depth = max(self.depth_of(indices), outermost)
        if depth == len(self.scopes) - 1:
            return self.load(buffer, indices, name)
        inner, self.scopes = self.scopes, self.scopes[: depth + 1]
        try:
            return self.load(buffer, indices, name)
        finally:
            self.scopes = inner

    def store(self, buffer: Buffer, indices: Sequence[Operand], value: Operand) -> None:
        self.append(Store(buffer, tuple(indices), value))
        self.scope.loads.clear()

    def accumulate(self, buffer: Buffer, indices: Sequence[Operand], value: Operand) -> None:
        self.append(Accumulate(buffer, tuple(indices), value))
        self.scope.loads.clear()

    # -- checks --------------------------------------------------------------------------------------------------------

    def check(self, condition: Operand, exception: str, message: str, args: Sequence[Operand] = ()) -> None:
        """Leave the kernel with an error at the current place unless the condition holds."""
        if self._is_proved(condition):
            return
        self.append(Check(condition, self._error_id(ErrorSite(exception, message, self.where)), tuple(args)))

    def check_respecialise(self, condition: Operand, what: str) -> None:
        """Ask the caller for a variant of known sizes unless the condition holds; it is told which check this is."""
        if self._is_proved(condition):
            return
        site = ErrorSite("ShapeError", what, self.where)
        self.errors.setdefault(RESPECIALISE, site)
        self.append(Check(condition, RESPECIALISE, (Const(len(self.broadcasts), "i64"),)))
        self.broadcasts.append(site)

    def fail(self, kind: type[BaseException]) -> None:
        """An exception of the user's that is caught in the kernel."""
        site = ErrorSite(kind.__name__, "", self.where, kind)
        self.append(Check(Const(False, "i1"), self._error_id(site)))

    def invoke(
        self, site: Any, kinds: Sequence[str], args: Sequence[Operand | Buffer], outputs: Sequence[Buffer] = ()
    ) -> None:
        """Run a statement of the user's with values, or draw; ``kinds`` says which values are Python's."""
        self.append(Invoke(len(self.sites), tuple(args), tuple(outputs)))
        self.sites.append((site, tuple(kinds)))

    def _is_proved(self, condition: Operand) -> bool:
        """Whether a condition is known to hold here; it is from here on, since it is about to be checked."""
        if isinstance(condition, Const):
            return bool(condition.value)
        known = any(condition in scope.proved for scope in self.scopes)
        self.scope.proved.add(condition)
        return known

    def _error_id(self, site: ErrorSite) -> int:
        known = self._error_ids.get(site)
        if known is None:
            known = self._error_ids[site] = RESPECIALISE + 1 + len(self._error_ids)
            self.errors[known] = site
        return known

    # -- whole arrays --------------------------------------------------------------------------------------------------

    def alloc(self, buffer: Buffer, *, zeroed: bool = False) -> None:
        """Take workspace: outside of all loops on which its size does not depend."""
        least = self.depth_of(buffer.dims)
        current = len(self.scopes) - 1
        target = next((d - 1 for d in range(least + 1, current + 1) if self.scopes[d].is_loop), current)
        self.scopes[target].instructions.append(Alloc(buffer, zeroed and target == current))
        around = next((d for d in range(target, 0, -1) if self.scopes[d].is_loop), None)
        if around is not None:
            self.scopes[around].allocates = True
        if zeroed and target != current:
            self.fill(buffer, Const(0 if buffer.type[0] == "i" else 0.0, buffer.type))

    def output(self, buffer: Buffer, slot: int, *, zeroed: bool = False) -> None:
        self.append(Output(buffer, slot, zeroed))

    def fill(self, buffer: Buffer, value: Operand) -> None:
        self.append(Fill(buffer, value))
        self.scope.loads.clear()

    def copy(self, target: Buffer, source: Buffer) -> None:
        self.append(Copy(target, source))
        self.scope.loads.clear()

    def view(self, name: str, source: Buffer, dims: Sequence[Operand], offset: Operand | None = None) -> Buffer:
        """Part of a buffer, or the whole with other dims."""
        buffer = Buffer(name, source.type, tuple(dims))
        self.append(View(buffer, source, offset or index_const(0)))
        return buffer
