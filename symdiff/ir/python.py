"""The printer: any graph as Python that runs with NumPy alone, and that a person would have written.

Values become variables and expressions again. A value mentioned once, and not named by the user, is written where it is used; a
statement that would change what such a pending expression reads makes it a variable first. A loop's carried value, its initial value, its
next value and the value after the loop share one variable wherever their lives do not overlap, so a carried ``h`` is simply ``h``.
Stores happen in place where the array is the text's own and nothing reads the old content afterwards; else the array is copied first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


from symdiff.errors import InternalError
from symdiff.ir.expressions import ATOM, Expression, conditional, literal, spell
from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Dim, Function, Node, Value
from symdiff.ir.liveness import Liveness, Place
from symdiff.ir.names import Names
from symdiff.ir.ownership import Ownership

__all__ = ["print_function"]

LONGEST_INLINE = 70


def print_function(function: Function, *, header: bool = True) -> str:
    """A function as Python source.

    Parameters
    ----------
    function : Function
        The graph.
    header : bool
        Whether the imports and the helpers that the text needs stand above it.
    """
    body = _Printer(function)
    text = body.function()
    if not header:
        return text
    imports = [f"import {name}" for name in ("math",) if re.search(rf"\b{name}\.", text + "".join(body.helpers))]
    imports.append("import numpy as np")
    helpers = [f"\n\n{helper.strip()}" for helper in body.helpers]
    return "\n".join(imports) + "".join(f"{h}\n" for h in helpers) + f"\n\n\n{text}"


@dataclass
class _Printer:
    graph: Function
    lines: list[str] = field(default_factory=list)
    indent: int = 1
    variables: dict[Value, str] = field(default_factory=dict)
    holders: dict[str, Value | None] = field(default_factory=dict)
    pending: dict[Value, Expression] = field(default_factory=dict)
    known: dict[Value, Expression] = field(default_factory=dict)
    """Values written wherever they are mentioned: literals and sizes of parameters."""
    preferred: dict[Value, str] = field(default_factory=dict)
    assigned: list[set[str]] = field(default_factory=lambda: [set()])
    helpers: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = Names({self.graph.name})
        self.live = Liveness(self.graph)
        self.own = Ownership(self.graph, self.live)
        self.pinned: set[Value] = set()
        self.block_of: dict[Node, Block] = {}
        stack = [self.graph.block]
        while stack:
            block = stack.pop()
            for node in block.nodes:
                self.block_of[node] = block
                stack.extend(node.blocks)

    # -- the whole -----------------------------------------------------------------------------------------------------

    def function(self) -> str:
        params = []
        for param in self.graph.params:
            name = next(n for n in self.names.candidates(param.hint or "x") if n not in self.holders)
            self.hold(name, param)
            params.append(name)
        for dim, param, axis in self.graph.bound_dimensions():
            self.pinned.add(param)
            name = self.variables[param]
            text = f"len({name})" if axis == 0 and param.type.rank == 1 else f"{name}.shape[{axis}]"
            self.known[dim] = Expression(text, ATOM, frozenset({name}))
        place = Place(self.graph.block, -1)
        self.nodes(self.graph.block, place)
        results = [self.take(r).text for r in self.graph.results]
        self.emit(f"return {', '.join(results)}" if results else "return None")
        return f"def {self.graph.name}({', '.join(params)}):\n" + "\n".join(self.lines) + "\n"

    def nodes(self, block: Block, place: Place) -> None:
        for k, node in enumerate(block.nodes):
            if not self.live.prints(node):
                continue
            here = Place(block, k, place.above, place.loop)
            if node.op is CONSTANT:
                self.known[node.output] = literal(node.attrs["value"])
            elif node.op is IF:
                self.branch(node, here)
            elif node.op is FOR or node.op is WHILE:
                self.loop(node, here)
            elif node.op.name == "pop":
                self.pop(node, here)
            elif getattr(node.op, "stores", False):
                self.store(node, here)
            else:
                self.simple(node, here)

    # -- expressions ---------------------------------------------------------------------------------------------------

    def take(self, value: Value) -> Expression:
        """The expression for a mention of a value; a pending one is used up."""
        if value in self.pending:
            return self.pending.pop(value)
        if value in self.known:
            return self.known[value]
        name = self.variables.get(value)
        if name is None:
            raise InternalError(f"the printer has no text for {value!r}", value.where)
        return Expression(name, ATOM, frozenset({name}))

    def shape(self, shape: Sequence[Dim], reads: set[str]) -> str:
        """A shape as text: that of a variable at hand where one has it."""
        if any(isinstance(d, Value) for d in shape):
            for name, value in self.holders.items():
                if value is not None and value.type.kind == "numpy" and len(shape) > 1 and value.type.shape == tuple(shape):
                    reads.add(name)
                    return f"{name}.shape"
        parts = []
        for dim in shape:
            expression = literal(dim) if isinstance(dim, int) else self.take(dim)
            reads |= expression.reads
            parts.append(expression.text)
        return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"

    def expression(self, node: Node) -> Expression:
        """The spelling of a row applied to its operands."""
        reads: set[str] = set()
        operands = [self.take(v) for v in node.inputs]
        helper = getattr(node.op, "helper", "")
        if helper:
            self.helpers[helper] = None
        like = self.zeros_like(node)
        if like:
            return Expression(f"np.zeros_like({like})", ATOM, frozenset({like}))
        made = spell(node, operands, lambda shape: self.shape(shape, reads), self.own.safe_divisors)
        return Expression(made.text, made.precedence, made.reads | reads, made.parts)

    def zeros_like(self, node: Node) -> str | None:
        """A variable that has the shape and dtype of an array of zeros."""
        if node.op.name != "full" or self.take(node.inputs[0]).text not in ("0", "0.0"):
            return None
        wanted = node.output.type
        for name, value in self.holders.items():
            if value is not None and value.type == wanted and any(isinstance(d, Value) for d in wanted.shape):
                return name
        return None

    # -- statements ----------------------------------------------------------------------------------------------------

    def emit(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def hold(self, name: str, value: Value | None) -> None:
        self.holders[name] = value
        if value is not None:
            self.variables[value] = name
        for names in self.assigned:
            names.add(name)

    def simple(self, node: Node, here: Place) -> None:
        expression = self.expression(node)
        value = node.output
        if self.inlined(value, here) and len(expression.text) <= LONGEST_INLINE:
            self.pending[value] = expression
        else:
            self.assign(value, expression, here)

    def inlined(self, value: Value, here: Place) -> bool:
        """Whether a value is written where it is used: once, in this block, and not named by the user."""
        if self.live.uses.get(value) != 1:
            return False
        user = self.live.user[value]
        if isinstance(user, Block):
            return user is here.block and (here.above is not None or not value.hint)
        return self.block_of[user] is here.block and not value.hint and not _is_stored_into(user, value)

    def assign(self, value: Value, expression: Expression, here: Place) -> None:
        name = self.choose(value, here)
        self.flush({name}, here, [expression])
        self.write(name, expression, array=value.type.is_array)
        self.hold(name, value)

    def write(self, name: str, expression: Expression, *, array: bool = False) -> None:
        if expression.text == name:
            return
        if expression.parts and not array and expression.parts[0] == name and expression.parts[1] in "+-*/":
            self.emit(f"{name} {expression.parts[1]}= {expression.parts[2]}")
        else:
            self.emit(f"{name} = {expression.text}")

    def choose(self, value: Value, here: Place, avoid: Iterable[str] = ()) -> str:
        """A variable for a value: its preferred name, else its hint, with a number where the name is in use."""
        if (wanted := self.preferred.get(value)) and wanted not in avoid and self.free(wanted, here):
            return wanted
        busy = {*avoid, *(name for e in self.pending.values() for name in e.reads)}
        for name in self.names.candidates(value.hint or "t"):
            if name not in busy and self.free(name, here):
                return name
        raise InternalError("no name is free", value.where)

    def free(self, name: str, here: Place, node: Node | None = None) -> bool:
        """Whether nothing reads the variable after this place (nor inside ``node``, which stands there)."""
        holder = self.holders.get(name)
        if holder is None:
            return True
        if holder in self.pinned or self.live.live(holder, here):
            return False
        return node is None or holder not in self.own.inside(node)

    def flush(self, names: set[str] | None, here: Place, keep: Sequence[Expression] = ()) -> None:
        """Make variables of pending expressions that read one of these names (all, if None).

        What the expressions in ``keep`` read stays as it is: they are about to be written.
        """
        before = Place(here.block, here.position - 1, here.above, here.loop)
        for value, expression in list(self.pending.items()):
            if value not in self.pending or (names is not None and not names & expression.reads):
                continue
            del self.pending[value]
            kept = [*keep, expression]
            name = self.choose(value, before, {*(names or ()), *(n for e in keep for n in e.reads)})
            self.flush({name}, here, kept)
            self.write(name, expression, array=value.type.is_array)
            self.hold(name, value)

    def moves(self, moves: list[tuple[str, Expression, Value]], here: Place) -> None:
        """Assign several variables at once, in an order in which none is overwritten before it is read."""
        left = [m for m in moves if m[1].text != m[0]]
        while left:
            ready = next((m for m in left if not any(m[0] in o[1].reads for o in left if o is not m)), None)
            if ready is None:
                targets = ", ".join(m[0] for m in left)
                self.emit(f"{targets} = {', '.join(m[1].text for m in left)}")
                break
            self.write(ready[0], ready[1], array=ready[2].type.is_array)
            left.remove(ready)

    # -- stores --------------------------------------------------------------------------------------------------------

    def store(self, node: Node, here: Place) -> None:
        """``put``, ``accumulate_at`` and ``push``: statements that change their first operand."""
        target, out = node.inputs[0], node.output
        operands = [self.take(v) for v in node.inputs[1:]]
        self.flush(self.own.names_of(target, self.holders), here, operands)
        name = self.variables.get(target)
        if name is None:
            start = self.take(target)
            name = self.choose(out, here)
            self.write(name, start, array=True)
        elif node.op.name != "push" and not self.own.in_place(node, here):
            source, name = name, self.choose(out, here, [name] if self.live.live(target, here) else ())
            self.emit(f"{name} = {source}.copy()")
        self.emit(spell(node, [Expression(name, ATOM, frozenset({name})), *operands], self._plain_shape, set()).text)
        self.hold(name, out)

    def _plain_shape(self, shape: Sequence[Dim]) -> str:
        return self.shape(shape, set())

    def pop(self, node: Node, here: Place) -> None:
        stack, value = node.outputs
        name = self.variables[node.inputs[0]]
        self.flush({name}, here)
        if value in self.live.needed:
            self.assign(value, Expression(f"{name}.pop()", ATOM, frozenset({name})), here)
        else:
            self.emit(f"{name}.pop()")
        self.hold(name, stack)

    # -- branches ------------------------------------------------------------------------------------------------------

    def branch(self, node: Node, here: Place) -> None:
        kept = [k for k, o in enumerate(node.outputs) if o in self.live.needed]
        short = self.short_branch(node, kept)
        if short is not None:
            value = node.outputs[kept[0]]
            if self.inlined(value, here) and len(short.text) <= LONGEST_INLINE:
                self.pending[value] = short
            else:
                self.assign(value, short, here)
            return
        condition = self.take(node.inputs[0])
        self.flush(None, here, [condition])
        targets: list[str] = []
        for k in kept:
            targets.append(self.branch_target(node, k, here, targets))
        blocks = [self.nested(b, [(targets[j], b.results[k]) for j, k in enumerate(kept)], here) for b in node.blocks]
        then, otherwise = blocks
        if then or not otherwise:
            self.emit(f"if {condition.text}:")
            self.lines += then or ["    " * (self.indent + 1) + "pass"]
            if otherwise:
                self.emit("else:")
                self.lines += otherwise
        else:
            self.emit(f"if not {condition.at(ATOM)}:")
            self.lines += otherwise
        for name, k in zip(targets, kept, strict=True):
            self.hold(name, node.outputs[k])

    def branch_target(self, node: Node, k: int, here: Place, taken: list[str]) -> str:
        """The variable an output of a branch is assigned to: that of a value one arm leaves alone, if it can be."""
        output = node.outputs[k]
        names = [self.variables[b.results[k]] for b in node.blocks if b.results[k] in self.variables]
        names = [n for n in names if self.holders.get(n) in [b.results[k] for b in node.blocks]]
        for name in [*names, *self.names.candidates(output.hint or "t")]:
            if name not in taken and self.free(name, here):
                return name
        raise InternalError("no name is free", output.where)

    def nested(self, block: Block, results: list[tuple[str, Value]], here: Place, *, loop: bool = False) -> list[str]:
        """The lines of a nested block that ends by assigning its results; variables it used hold nothing afterwards."""
        outer, self.lines = self.lines, []
        holders = dict(self.holders)
        self.assigned.append(set())
        self.indent += 1
        for name, value in results:
            self.preferred.setdefault(value, name)
        self.nodes(block, Place(block, -1, here, loop))
        end = Place(block, len(block.nodes), here, loop)
        self.settle(results, end)
        self.indent -= 1
        lines, self.lines = self.lines, outer
        changed = self.assigned.pop()
        self.holders = {n: None if n in changed else v for n, v in {**self.holders, **holders}.items()}
        return lines

    def settle(self, results: list[tuple[str, Value]], end: Place) -> None:
        """Give each result its variable at the end of a block."""
        found = [(name, self.take(value), value) for name, value in results]
        self.moves(found, end)
        for name, _, _ in found:
            self.hold(name, None)

    def short_branch(self, node: Node, kept: list[int]) -> Expression | None:
        """``a if condition else b`` where both arms are expressions without statements."""
        if len(kept) != 1 or not all(_is_short(b, self.live) for b in node.blocks):
            return None
        then, otherwise = (self.inline_block(b, b.results[kept[0]]) for b in node.blocks)
        condition = self.take(node.inputs[0])
        return conditional(condition, then, otherwise)

    def inline_block(self, block: Block, result: Value) -> Expression:
        """The result of a block as one expression."""
        for node in block.nodes:
            if not self.live.prints(node):
                continue
            if node.op is CONSTANT:
                self.known[node.output] = literal(node.attrs["value"])
            elif node.op is IF:
                arms = (self.inline_block(b, b.results[0]) for b in node.blocks)
                self.known[node.output] = conditional(self.take(node.inputs[0]), *arms)
            elif node.blocks or getattr(node.op, "stores", False):
                raise InternalError("a condition that needs statements cannot be printed", node.where)
            else:
                self.known[node.output] = self.expression(node)
        return self.take(result)

    # -- loops ---------------------------------------------------------------------------------------------------------

    def loop(self, node: Node, here: Place) -> None:
        offset = 3 if node.op is FOR else 0
        body = node.blocks[-1]
        kept = [k for k, o in enumerate(node.outputs) if o in self.live.needed]
        bounds = [self.take(v) for v in node.inputs[:offset]]
        starts = [self.take(node.inputs[offset + k]) for k in kept]
        self.flush(None, here, [*bounds, *starts])
        targets: list[str] = []
        # the range is written after the initial values are assigned
        bound_names = [n for b in bounds for n in b.reads]
        for k in kept:
            targets.append(self.loop_target(node, k, node.inputs[offset + k], here, [*targets, *bound_names]))
        entering = []
        for name, k, start in zip(targets, kept, starts, strict=True):
            initial = node.inputs[offset + k]
            entering.append((name, self.own.entering(node, k, initial, start, here), initial))
        self.moves(entering, here)
        params = body.params[1:] if node.op is FOR else body.params
        for name, k in zip(targets, kept, strict=True):
            self.hold(name, params[k])
            if node.op is WHILE:
                self.variables[node.blocks[0].params[k]] = name
        header = self.for_header(node, bounds, here, targets) if node.op is FOR else self.while_header(node)
        lines = self.nested(body, [(n, body.results[k]) for n, k in zip(targets, kept, strict=True)], here, loop=True)
        self.emit(header)
        self.lines += lines or ["    " * (self.indent + 1) + "pass"]
        for name, k in zip(targets, kept, strict=True):
            self.hold(name, node.outputs[k])

    def loop_target(self, node: Node, k: int, initial: Value, here: Place, taken: list[str]) -> str:
        """The variable of a carried value: the hint's, or that of the initial value, wherever nothing else needs it."""
        body = node.blocks[-1]
        param = body.params[k + 1] if node.op is FOR else body.params[k]
        hint = param.hint or node.outputs[k].hint or "t"
        own = [self.variables[initial]] if initial in self.variables and not param.hint else []
        for name in [*own, *self.names.candidates(hint)]:
            if name not in taken and self.free(name, here, node):
                return name
        raise InternalError("no name is free", param.where)

    def for_header(self, node: Node, bounds: list[Expression], here: Place, taken: list[str]) -> str:
        start, stop, step = (b.text for b in bounds)
        parts = [start, stop, step] if step != "1" else [start, stop] if start != "0" else [stop]
        index = node.blocks[0].params[0]
        name = "_"
        if index in self.live.uses:
            options = self.names.candidates(index.hint.strip("_") or "i")
            name = next(n for n in options if n not in taken and self.free(n, here, node))
            self.hold(name, index)
        text = f"range({', '.join(parts)})"
        return f"for {name} in {f'reversed({text})' if node.attrs.get('reversed') else text}:"

    def while_header(self, node: Node) -> str:
        test = node.blocks[0]
        return f"while {self.inline_block(test, test.results[0]).text}:"


def _is_stored_into(user: Node, value: Value) -> bool:
    return bool(getattr(user.op, "stores", False)) and user.inputs[0] is value


def _is_short(block: Block, live: Liveness) -> bool:
    """Whether a block is one expression: few operations, each mentioned once, no statements."""
    count = 0
    for node in block.nodes:
        if not live.prints(node) or node.op is CONSTANT:
            continue
        if node.blocks or getattr(node.op, "stores", False) or node.op.name == "pop":
            return False
        if live.uses.get(node.outputs[0], 0) > 1 or node.outputs[0].hint or node.outputs[0].type.is_array:
            return False
        count += 1
    return count <= 3

