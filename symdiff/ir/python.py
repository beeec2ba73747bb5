"""The printer: any graph as Python that runs with NumPy alone, and that a person would have written.

Values become variables and expressions again. Which values are written where they are used is decided first
(:mod:`.inlining`), and with it where each variable is read for the last time (:mod:`.liveness`); then the statements
are written in order, and a variable is used again only when nothing reads what it holds. A loop's carried value, its
initial value, its next value and the value after the loop share one variable wherever their lives do not overlap, so a
carried ``h`` is simply ``h``. Stores happen in place where the array is the text's own and nothing reads the old
content afterwards; else the array is copied first (:mod:`.ownership`).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from symdiff.errors import InternalError
from symdiff.ir.control import ControlFlow
from symdiff.ir.expressions import ATOM, Expression
from symdiff.ir.graph import ACT, CONSTANT, FOR, IF, REQUIRE_EQUAL, TRY, WHILE, Block, Function, Node, Value
from symdiff.ir.liveness import Place
from symdiff.ir.ownership import is_view
from symdiff.ir.repeats import repeat_small
from symdiff.ir.sites import import_lines, spoken_objects

__all__ = ["print_function"]

FRESH = 12
"""So many names of temporaries are used up before one is used again in the same block."""
IMPORTS = {"cmath": "import cmath", "math": "import math", "np": "import numpy as np"}


def print_function(function: Function, *, header: bool = True) -> str:
    """A function as Python source.

    Parameters
    ----------
    function : Function
        The graph.
    header : bool
        Whether the imports and the helpers that the text needs stand above it.
    """
    graph = repeat_small(function)
    assigned: set[Value] = set()
    while True:
        printer = _Printer(graph, assigned)
        text = printer.function()
        if not printer.exposed:
            break
        assigned |= printer.exposed
    if not header:
        return text
    whole = text + "".join(printer.helpers)
    imports = [line for name, line in IMPORTS.items() if re.search(rf"\b{name}\.", whole)]
    imports += [line for line in import_lines(spoken_objects(function)) if line not in imports]
    brought = [helper for helper in printer.helpers if helper.startswith("from ")]
    imports += [line for line in map(str.strip, brought) if line not in imports]
    parts = ["\n\n".join(imports), *(helper for helper in printer.helpers if helper not in brought), text]
    return "\n\n\n".join(part.strip() for part in parts if part) + "\n"


def why_bare(node: Node) -> str:
    """Why an operation is written though nothing reads what it gives."""
    kind = "float" if any(v.type.is_float for v in node.inputs) else "int"
    checks = [c for c in getattr(node.op, "checks", ()) if not c.after and c.on in ("", kind)]
    errors = " or ".join(dict.fromkeys(c.error for c in checks)) or "error"
    return f"for the {errors} it may raise"


class _Printer(ControlFlow):
    """The text of one function."""

    def function(self) -> str:
        params = []
        for param in self.graph.params:
            name = next(n for n in self.names.candidates(param.hint or "x") if n not in self.holders)
            self.hold(name, param)
            params.append(name)
        for dim, param, axis in self.graph.bound_dimensions():
            name = self.variables[param]
            text = f"len({name})" if axis == 0 and param.type.rank == 1 else f"{name}.shape[{axis}]"
            self.known[dim] = Expression(text, ATOM, frozenset({name}))
            if dim in self.needs.uses:
                self.pinned.add(param)
        block = self.graph.block
        self.nodes(block, Place(block, -1))
        end = Place(block, len(block.nodes))
        results = [self.take(r, end).text for r in self.graph.results]
        self.emit(f"return {', '.join(results)}" if results else "return None")
        return f"def {self.graph.name}({', '.join(params)}):\n" + "\n".join(self.lines) + "\n"

    def nodes(self, block: Block, place: Place) -> None:
        for k, node in enumerate(block.nodes):
            if not self.needs.prints(node) or node.op is CONSTANT:
                continue
            here = Place(block, k, place.above, place.loop)
            if node.op is IF:
                self.branch(node, here)
            elif node.op is FOR or node.op is WHILE:
                self.loop(node, here)
            elif node.op is TRY:
                self.attempt(node, here)
            elif node.op is REQUIRE_EQUAL:
                self.require(node, here)
            elif node in self.needs.bare:
                self.emit(f"{self.expression(node, here).text}  # {why_bare(node)}")
            elif node.op is ACT:
                self.act(node, here)
            elif node.op.name == "pop":
                self.pop(node, here)
            elif getattr(node.op, "stores", False):
                self.store(node, here)
            elif node.output not in self.inlining.values:
                self.simple(node, here)

    # -- statements ----------------------------------------------------------------------------------------------------

    def act(self, node: Node, here: Place) -> None:
        """A statement of the user's, with the expressions of here."""
        self.emit(node.attrs["site"].text([self.take(v, here).text for v in node.inputs]))

    def require(self, node: Node, here: Place) -> None:
        """Sizes that a ``try`` asks for."""
        a, b = (self.take(v, here).text for v in node.inputs)
        message = node.attrs.get("message") or "sizes differ"
        self.emit(f"if {a} != {b}:")
        kind = "np.linalg.LinAlgError" if node.attrs.get("error") == "LinAlgError" else "ValueError"
        self.emit(f"    raise {kind}({message!r})")

    def simple(self, node: Node, here: Place) -> None:
        """A value in a variable."""
        expression = self.expression(node, here)
        if is_view(node) and self.own.outlives_a_store(node):
            expression = expression.copied()
        if node in self.aliases.updates and self.own.in_place(node, here):
            self.write(self.variables[node.inputs[0]], expression)
            self.hold(self.variables[node.inputs[0]], node.output)
        else:
            self.assign(node.output, expression, here)

    def assign(self, value: Value, expression: Expression, here: Place, avoid: Collection[str] = ()) -> None:
        name = self.choose(value, here, avoid)
        self.write(name, expression, array=value.type.is_array)
        self.hold(name, value)

    def store(self, node: Node, here: Place) -> None:
        """``put``, ``accumulate_at`` and ``push``: statements that change their first operand."""
        target, out = node.inputs[0], node.output
        operands = [self.take(v, here) for v in node.inputs[1:]]
        if node.op.name == "push" and self.changes(node.inputs[1]):
            # a list keeps the array itself, which may be stored into before it is read again
            operands[0] = operands[0].copied()
        read = {name for o in operands for name in o.reads}
        if target in self.inlining.values:
            start = self.take(target, here)
            name = self.choose(out, here, read)
            self.write(name, start if self.own.owned(target) else start.copied(), array=True)
        else:
            name = self.variables[target]
            if node.op.name != "push" and not self.own.in_place(node, here):
                source, name = name, self.choose(out, here, {*read, name})
                self.emit(f"{name} = {source}.copy()")
        self.emit(self.statement(node, name, operands, here))
        self.hold(name, out)

    def statement(self, node: Node, name: str, operands: list[Expression], here: Place) -> str:
        """The statement that stores, as ``+=`` where it is one."""
        stored = operands[0]
        if node.op.name == "accumulate_at" and stored.minus is not None:
            text = self.spelled(node, [Expression(name), stored.minus, *operands[1:]], here).text
            if " += " in text:
                return text.replace(" += ", " -= ", 1)
        text = self.spelled(node, [Expression(name), *operands], here).text
        if stored.parts and stored.parts[1] in "+-*/" and text.startswith(f"{stored.parts[0]} = "):
            return f"{stored.parts[0]} {stored.parts[1]}= {stored.parts[2]}"
        return text

    def changes(self, value: Value) -> bool:
        """Whether an array may be stored into later; one made where it is mentioned is held by no variable."""
        made_here = value in self.inlining.values and self.own.owned(value)
        return value.type.is_array and not made_here and self.aliases.is_stored(value)

    def pop(self, node: Node, here: Place) -> None:
        stack, value = node.outputs
        name = self.variables[node.inputs[0]]
        self.hold(name, stack)
        popped = Expression(f"{name}.pop()", ATOM, frozenset({name}))
        if self.is_converted_at_once(value, here):
            self.known[value] = popped
        elif value in self.needs.uses:
            self.assign(value, popped, here, {name})
        else:
            self.emit(popped.text)

    def is_converted_at_once(self, value: Value, here: Place) -> bool:
        """Whether what was popped is only read by the conversion that follows: ``n = int(stack.pop())``."""
        for node in here.block.nodes[here.position + 1 :]:
            if value in node.inputs:
                fits = node.op.name == "convert" and self.needs.uses.get(value) == 1 and self.needs.prints(node)
                return fits and node.output not in self.inlining.values
            if node.blocks or node.op is ACT or node.op.name in ("push", "pop"):
                return False
        return False

    # -- names ---------------------------------------------------------------------------------------------------------

    def choose(self, value: Value, here: Place, avoid: Collection[str] = ()) -> str:
        """A variable for a value: that of the carried value it becomes, else its hint, else that with a number."""
        wanted = self.preferred.get(value)
        if wanted is not None and wanted not in avoid and self.free(wanted, here):
            return wanted
        own = value.hint or self.becomes(value)
        for k, name in enumerate(self.names.candidates(own or self.told_name(value))):
            # a temporary that was something else a few lines above is hard to follow
            stale = not own and k < FRESH and (name in self.assigned[-1] or name in self.needs.hints)
            if name not in avoid and not stale and self.free(name, here):
                return name
        raise InternalError("no name is free", value.where)
