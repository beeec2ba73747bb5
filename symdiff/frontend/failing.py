"""What may fail in the body of a ``try``: what its handlers would find half done, and what they catch."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.frontend.abstract import Abstract, Deferred, Known, Marker
from symdiff.frontend.core import Parser
from symdiff.frontend.deferred import deferred, deferred_call
from symdiff.frontend.liveness import Liveness, assigned_names
from symdiff.frontend.memory import Spoiled
from symdiff.frontend.scope import Scope
from symdiff.frontend.unbound import is_absent
from symdiff.frontend.walking import walk_scope
from symdiff.ir.graph import ACT, TRY, Node
from symdiff.ir.sites import Clause
from symdiff.ir.walk import may_raise

__all__ = ["Stores", "caught_as", "refuse_half_done"]

FAILING = (ast.Call, ast.BinOp, ast.Subscript, ast.Raise, ast.Assert, ast.For, ast.While, ast.Try, ast.Attribute)
COMPOUND = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Match)
LINALG = {"solve": "Singular matrix", "inv": "Singular matrix", "cholesky": "Matrix is not positive definite"}


def refuse_half_done(p: Parser, node: ast.Try) -> None:
    """Refuse a body that may be left after it has changed something that is read after the failure."""
    risky = [k for k, s in enumerate(node.body) if any(isinstance(n, FAILING) for n in walk_scope([s]))]
    if not risky:
        return
    last = risky[-1]
    # an assignment that fails has not happened; a loop or branch may fail after an assignment in it
    early = [s for k, s in enumerate(node.body) if k < last or (k == last and isinstance(s, COMPOUND))]
    read = _read_after(p, node)
    for name in sorted(assigned_names(early)):
        if name in read and not is_absent(p.frame.names.get(name)):
            message = f"{name!r} may be assigned or not when this 'try' fails, and it is read afterwards"
            p.unsupported(message, f"assign {name!r} in the last statement of 'try', or in every 'except' clause")
    for found in walk_scope(early):
        _refuse_store(p, node, found)


def _refuse_store(p: Parser, node: ast.Try, found: ast.AST) -> None:
    inplace = isinstance(found, ast.AugAssign) and not isinstance(found.target, ast.Name)
    stores = isinstance(found, ast.Subscript) and isinstance(found.ctx, ast.Store)
    if inplace or stores:
        target: Any = found.target if isinstance(found, ast.AugAssign) else found
        name = target
        while isinstance(name, ast.Subscript | ast.Attribute):
            name = name.value
        made = isinstance(name, ast.Name) and is_absent(p.frame.names.get(name.id))
        if not made:
            p.at(target)
            message = "this store may have happened or not when the 'try' around it fails"
            p.unsupported(message, "store after the 'try', or into an array made in it")


def _read_after(p: Parser, node: ast.Try) -> set[str]:
    """Names that are read after a failure: by the clauses, or after the statement where a clause does not assign."""
    live = p.frame.live
    after = {name for name in p.frame.local if live.is_live_after(node, name)}
    found: set[str] = set()
    for handler in node.handlers:
        found |= Liveness().block(handler.body, set(after))
    return found | (Liveness().block(node.finalbody, set(after)) if node.finalbody else set())


class Stores:
    """What the body of a ``try`` stores into, and how much could have failed before it did.

    The text of the body shows its own stores. Those of the functions that it calls are met while it is parsed.
    """

    def __init__(self, p: Parser, clauses: Sequence[Clause]) -> None:
        self.p, self.clauses = p, clauses
        self.place = p.build.where
        self.around: Scope = p.build
        self.loops = len(p.memory.loops)
        self.first: dict[Any, int] = {}

    def __enter__(self) -> None:
        self.p.memory.watching.append(self._note)

    def __exit__(self, *exception: object) -> None:
        self.p.memory.watching.remove(self._note)

    def _note(self, item: Any) -> None:
        # the next trip of a loop may fail after a store of this one
        before = 0 if len(self.p.memory.loops) > self.loops else self._fallible_so_far()
        self.first[item] = min(before, self.first.get(item, before))

    def _fallible_so_far(self) -> int:
        count = 0
        scope: Scope | None = self.p.build
        while scope is not self.around and scope is not None:
            count += self._fallible(scope.nodes)
            scope = scope.parent
        return count

    def spoil(self, nodes: Sequence[Node]) -> None:
        """Where the body has failed, an object is unreadable that a store had reached before the last failure."""
        total = self._fallible(nodes)
        message = "what this holds is not known where the 'try' fails: it may have been stored into before, or not"
        for item, before in self.first.items():
            if before < total:
                error = located(
                    UnsupportedSyntaxError, message, self.place, "store after the 'try', or into an array made in it"
                )
                self.p.memory.replace(item, Spoiled(error))


    def _fallible(self, nodes: Sequence[Node]) -> int:
        """How many operations may fail in a way that is caught."""
        return sum(1 for clause in self.clauses for _ in _exceptions(nodes, clause))


# -- the exception -----------------------------------------------------------------------------------------------------


def caught_as(p: Parser, name: str, clause: Clause, nodes: Sequence[Node]) -> Abstract:
    """What ``except ... as name`` binds: the exception, where all that can be caught is one and the same."""
    found = set(_exceptions(nodes, clause))
    if len(found) == 1:
        kind, message = found.pop()
        if message is not None:
            made: Deferred = deferred_call(p, deferred(p, Known(kind)), [Known(message)], {}, "an exception", kind)
            return made
    text = f"the exception that is caught as {name!r} cannot be read: it may be one of several"
    return Marker(UnsupportedSyntaxError, text, "catch one kind of failure in a 'try' of its own")


def _exceptions(nodes: Sequence[Node], clause: Clause) -> Iterator[tuple[type[BaseException], str | None]]:
    """Class and message of what may be raised and caught; None for a message that depends on the run."""
    for node in nodes:
        if node.op is TRY:
            yield Exception, None
            continue
        for block in node.blocks:
            yield from _exceptions(block.nodes, clause)
        if not may_raise(node):
            continue
        for kind, message in _kinds(node):
            if clause.catches(kind) or issubclass(clause.classes[0], kind):
                yield kind, message


def _kinds(node: Node) -> Iterator[tuple[type[BaseException], str | None]]:
    if node.op.name in LINALG:
        yield np.linalg.LinAlgError, LINALG[node.op.name]
        return
    if node.op.name in ("index", "put"):
        yield IndexError, None
        return
    if node.op is ACT:
        site = node.attrs["site"]
        yield from [(site.kind, None)] if site.raises else []
        return
    checks: Any = getattr(node.op, "checks", ())
    if not checks or node.output.type.dtype == "int64":
        yield Exception, None
        return
    kind = "float" if any(v.type.is_float for v in node.inputs) else "int"
    for check in checks:
        if check.on in ("", kind):
            yield getattr(builtins, check.error), check.message
