"""Printing branches and loops."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from typing import TYPE_CHECKING

from symdiff.errors import InternalError
from symdiff.ir.expressions import ATOM, Expression
from symdiff.ir.graph import FOR, WHILE, Block, Node, Value
from symdiff.ir.liveness import Place, bounds_of, carried_of
from symdiff.ir.ranges import LeftRange, left_range
from symdiff.ir.rewrite import references
from symdiff.ir.unread import is_unread
from symdiff.ir.writer import Writer

__all__ = ["ControlFlow"]

Results = list[tuple[str, Value, int]]
"""Variable, value and position of the results of a block."""
INDENT = "    "


class ControlFlow(Writer):
    """Branches and loops in terms of blocks, which a subclass prints."""

    if TYPE_CHECKING:

        def nodes(self, block: Block, place: Place) -> None: ...

        def assign(self, value: Value, expression: Expression, here: Place, avoid: Collection[str] = ()) -> None: ...

    # -- blocks --------------------------------------------------------------------------------------------------------

    def nested(self, node: Node, block: Block, results: Results, here: Place) -> tuple[list[str], set[str]]:
        """The lines of a nested block that ends by assigning its results, and the variables it assigns."""
        loop = node.op is FOR or node.op is WHILE
        outer, self.lines = self.lines, []
        holders = dict(self.holders)
        self.assigned.append(set())
        self.indent += 1
        for name, value, _ in results:
            self.preferred.setdefault(value, name)
        self.nodes(block, Place(block, -1, here, loop))
        end = Place(block, len(block.nodes), here, loop)
        self.settle(node, results, end)
        self.indent -= 1
        lines, self.lines = self.lines, outer
        self.holders = holders
        return lines, self.assigned.pop()

    def forget(self, names: set[str]) -> None:
        """Variables that nested blocks assigned hold nothing that is read afterwards."""
        self.holders.update(dict.fromkeys(names))

    def settle(self, node: Node, results: Results, end: Place) -> None:
        """Give each result its variable at the end of a block."""
        moves = []
        for name, value, k in results:
            if is_unread(self.needs.producer.get(value)):
                continue
            expression = self.take(value, end)
            if end.loop:
                expression = self.own.returning(node, k, expression)
            if expression.text != name:
                self.exposed.update(self.unassigned(value))
            moves.append((name, expression, value))
        self.moves(moves)

    def body_lines(self, lines: list[str]) -> list[str]:
        return lines or [INDENT * (self.indent + 1) + "pass"]

    # -- branches ------------------------------------------------------------------------------------------------------

    def branch(self, node: Node, here: Place) -> None:
        kept = self.needs.kept[node]
        if node in self.inlining.short:
            value = node.outputs[kept[0]]
            if value not in self.inlining.values:
                self.assign(value, self.expression(node, here), here)
            return
        condition = self.take(node.inputs[0], here)
        targets: list[str] = []
        for k in kept:
            targets.append(self.branch_target(node, k, here, targets))
        blocks = [
            self.nested(node, b, [(name, b.results[k], k) for name, k in zip(targets, kept, strict=True)], here)
            for b in node.blocks
        ]
        self.write_branch(condition, *(lines for lines, _ in blocks))
        self.forget(blocks[0][1] | blocks[1][1])
        for name, k in zip(targets, kept, strict=True):
            self.hold(name, node.outputs[k])

    def write_branch(self, condition: Expression, then: list[str], otherwise: list[str]) -> None:
        if otherwise and not then:
            self.emit(f"if {negated(condition)}:")
            self.lines += otherwise
            return
        self.emit(f"if {condition.text}:")
        self.lines += self.body_lines(then)
        if is_one_branch(otherwise, self.indent + 1):
            first, *rest = (line.removeprefix(INDENT) for line in otherwise)
            self.lines += [first.replace("if ", "elif ", 1), *rest]
        elif otherwise:
            self.emit("else:")
            self.lines += otherwise

    def branch_target(self, node: Node, k: int, here: Place, taken: list[str]) -> str:
        """The variable an output of a branch is assigned to: that of a value one arm leaves alone, if it can be."""
        output = node.outputs[k]
        results = [b.results[k] for b in node.blocks]
        names = [self.variables[r] for r in results if r in self.variables]
        names = [n for n in names if self.holders.get(n) in results]
        preferred = [self.preferred[output]] if output in self.preferred else []
        for name in (*preferred, *names):
            if name not in taken and self.free(name, here):
                return name
        for name in self.names.candidates(self.wanted_name(output)):
            if name not in taken and self.free(name, here):
                return name
        raise InternalError("no name is free", output.where)

    # -- attempts ------------------------------------------------------------------------------------------------------

    def attempt(self, node: Node, here: Place) -> None:
        """``try`` with a number for how it ends."""
        clauses = node.attrs["clauses"]
        name = ""
        for option in self.names.candidates(node.output.hint or "failed") if clauses else ():
            if self.free(option, here):
                name = option
                break
        lines, changed = self.nested(node, node.blocks[0], [], here)
        if not clauses:
            self.lines += [line.removeprefix(INDENT) for line in lines]
            self.forget(changed)
            return
        inner = INDENT * (self.indent + 1)
        self.emit("try:")
        self.lines += [*lines, f"{inner}{name} = 0"]
        for k, clause in enumerate(clauses):
            self.emit(f"except {clause.text}:")
            self.lines.append(f"{inner}{name} = {k + 1}")
        self.forget(changed)
        self.hold(name, node.output)

    # -- loops ---------------------------------------------------------------------------------------------------------

    def loop(self, node: Node, here: Place) -> None:
        offset, body, kept = bounds_of(node), node.blocks[-1], self.needs.kept[node]
        bounds = [self.take(v, here) for v in node.inputs[:offset]]
        starts = {k: self.own.entering(node, k, self.take(node.inputs[offset + k], here), here) for k in kept}
        inside = set().union(*(references(n) for b in node.blocks for n in b.nodes), *(b.results for b in node.blocks))
        # the range is written after the initial values are assigned
        targets: list[str] = []
        over = left_range(node, self.needs)
        if over is not None and body.results[over.index] not in self.inlining.values:
            over = None
        bound_names = {name for b in (*bounds, *([starts[over.index]] if over else [])) for name in b.reads}
        for k in kept:
            counts = over is not None and k == over.index
            targets.append(self.loop_target(node, k, here, {*targets, *bound_names}, inside, counts=counts))
        unread = self.unassigned_before(node, over)
        moves = [(t, starts[k], node.inputs[offset + k]) for t, k in zip(targets, kept, strict=True)]
        moves = [move for move, k in zip(moves, kept, strict=True) if k not in unread]
        for name, expression, value in moves:
            if expression.text != name:
                self.exposed.update(self.unassigned(value))
        self.moves(moves)
        for name, k in zip(targets, kept, strict=True):
            for block in node.blocks:
                self.hold(name, carried_of(node, block)[k])
        results = [(name, body.results[k], k) for name, k in zip(targets, kept, strict=True)]
        if node.op is FOR:
            header = self.for_header(node, bounds, here, targets, inside)
            lines, changed = self.nested(node, body, results, here)
            self.emit(header)
            self.lines += self.body_lines(lines)
            self.forget(changed)
        elif over is not None:
            self.range_loop(node, over, results, starts[over.index], here)
        else:
            self.while_loop(node, results, here)
        for name, k in zip(targets, kept, strict=True):
            self.hold(name, node.outputs[k])

    def unassigned_before(self, node: Node, over: LeftRange | None) -> list[int]:
        """The carried values that a ``for`` sets itself, or that nothing reads where it makes no trip."""
        if over is None:
            return []
        return [over.index] if node.outputs[over.flag] in self.needs.uses else [over.index, over.flag]

    def loop_target(
        self,
        node: Node,
        k: int,
        here: Place,
        taken: Collection[str],
        inside: Collection[Value],
        *,
        counts: bool = False,
    ) -> str:
        """The variable of a carried value: the hint's, or that of the initial value, wherever nothing else needs it."""
        output, initial = node.outputs[k], node.inputs[bounds_of(node) + k]
        param = carried_of(node, node.blocks[-1])[k]
        same = initial in self.variables and (not param.hint or param.hint == initial.hint)
        own = [self.variables[initial]] if same else []
        preferred = [self.preferred[output]] if output in self.preferred else []
        hint = param.hint or output.hint or "t"
        if counts:
            preferred, own, hint = [], [], self.index_name(node, k)
        if counts and hint == "_":  # never the name of a value: `candidates` has another for a "_" of the user's
            return hint
        for name in chain(preferred, own, self.names.candidates(hint)):
            if name not in taken and self.free(name, here) and self.holders.get(name) not in inside:
                return name
        raise InternalError("no name is free", param.where)

    def index_name(self, node: Node, k: int) -> str:
        """The name of an index that a ``while`` carries and a ``for`` does not."""
        param = node.blocks[-1].params[k]
        read = self.needs.uses.get(param, 0) - sum(param in n.inputs for n in node.blocks[0].nodes)
        return param.hint.removeprefix("next_").strip("_") or "i" if read > 1 else "_"

    def for_header(
        self, node: Node, bounds: list[Expression], here: Place, taken: Collection[str], inside: Collection[Value]
    ) -> str:
        index = node.blocks[0].params[0]
        name = "_"
        if index in self.needs.uses:
            options = self.names.candidates(index.hint.strip("_") or "i")
            free = (n for n in options if n not in taken and self.free(n, here))
            name = next(n for n in free if self.holders.get(n) not in inside)
            self.hold(name, index)
        text = range_text(*(b.text for b in bounds))
        backwards = node.attrs.get("reversed") and name != "_"
        return f"for {name} in {f'reversed({text})' if backwards else text}:"

    def while_loop(self, node: Node, results: Results, here: Place) -> None:
        """``while test:``; where the test takes statements, they stand in the body and leave it with ``break``."""
        test, body = node.blocks
        place = Place(test, len(test.nodes), here, True)
        outer, self.tested = self.tested, self.tested.union(name for name, _, _ in results)
        before, tested = self.nested(node, test, [], here)
        condition = self.take(test.results[0], place)
        self.tested = outer
        lines, changed = self.nested(node, body, results, here)
        self.forget(tested | changed)
        if not before:
            self.emit(f"while {condition.text}:")
            self.lines += self.body_lines(lines)
            return
        self.emit("while True:")
        self.lines += [*before, f"{INDENT * (self.indent + 1)}if {negated(condition)}:"]
        self.lines += [f"{INDENT * (self.indent + 2)}break", *lines]

    def range_loop(self, node: Node, over: LeftRange, results: Results, start: Expression, here: Place) -> None:
        """``for i in range(n):`` with a ``break`` at the end."""
        index = next(name for name, _, k in results if k == over.index)
        flag, stopped = next((name, value) for name, value, k in results if k == over.flag)
        stop, step = (self.take(v, here).text for v in (over.stop, over.step))
        inner = INDENT * (self.indent + 1)
        # the flag comes last, so that nothing stands between it and what it is for
        others = [r for r in results if r[2] not in (over.index, over.flag)]
        lines, changed = self.nested(node, node.blocks[-1], [*others, (flag, stopped, over.flag)], here)
        self.forget(changed)
        self.emit(f"for {index} in {range_text(start.text, stop, step)}:")
        last = lines[-1] if lines else ""
        test = flag
        if last.startswith(f"{inner}{flag} = ") and node.outputs[over.flag] not in self.needs.uses:
            test = lines.pop().removeprefix(f"{inner}{flag} = ")
        self.lines += [*lines, f"{inner}if {test}:", f"{inner}{INDENT}break"]


def range_text(start: str, stop: str, step: str) -> str:
    """``range(...)`` with no more arguments than it takes."""
    parts = [start, stop, step] if step != "1" else [start, stop] if start != "0" else [stop]
    return f"range({', '.join(parts)})"


def negated(condition: Expression) -> str:
    """The opposite of a condition."""
    return f"not {condition.at(ATOM)}"


def is_one_branch(lines: list[str], indent: int) -> bool:
    """Whether the lines of a block are a single ``if`` statement."""
    start = INDENT * indent
    if not lines or not lines[0].startswith(f"{start}if "):
        return False
    outermost = [line.removeprefix(start) for line in lines[1:] if not line.startswith(start + INDENT)]
    return all(text.startswith(("elif ", "else:")) for text in outermost)
