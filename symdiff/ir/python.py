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
from symdiff.ir.graph import CONSTANT, FOR, IF, WHILE, Block, Function, Node, Value
from symdiff.ir.liveness import Place

__all__ = ["print_function"]


def print_function(function: Function, *, header: bool = True) -> str:
    """A function as Python source.

    Parameters
    ----------
    function : Function
        The graph.
    header : bool
        Whether the imports and the helpers that the text needs stand above it.
    """
    printer = _Printer(function)
    text = printer.function()
    if not header:
        return text
    imports = [f"import {name}\n" for name in ("math",) if re.search(rf"\b{name}\.", text + "".join(printer.helpers))]
    parts = ["".join(imports) + "\n" * bool(imports) + "import numpy as np\n", *map(str.strip, printer.helpers), text]
    return "\n\n\n".join(part.strip() for part in parts) + "\n"


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
            elif node.op.name == "pop":
                self.pop(node, here)
            elif getattr(node.op, "stores", False):
                self.store(node, here)
            elif node.output not in self.inlining.values:
                self.assign(node.output, self.expression(node, here), here)

    # -- statements ----------------------------------------------------------------------------------------------------

    def assign(self, value: Value, expression: Expression, here: Place, avoid: Collection[str] = ()) -> None:
        name = self.choose(value, here, avoid)
        self.write(name, expression, array=value.type.is_array)
        self.hold(name, value)

    def store(self, node: Node, here: Place) -> None:
        """``put``, ``accumulate_at`` and ``push``: statements that change their first operand."""
        target, out = node.inputs[0], node.output
        operands = [self.take(v, here) for v in node.inputs[1:]]
        if node.op.name == "push" and node.inputs[1].type.is_array and not self.fresh(node.inputs[1]):
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
        self.emit(self.spelled(node, [Expression(name, ATOM, frozenset({name})), *operands], here).text)
        self.hold(name, out)

    def fresh(self, value: Value) -> bool:
        """Whether an array is made where it is mentioned, so that no variable holds it."""
        return value in self.inlining.values and self.own.owned(value)

    def pop(self, node: Node, here: Place) -> None:
        stack, value = node.outputs
        name = self.variables[node.inputs[0]]
        self.hold(name, stack)
        popped = Expression(f"{name}.pop()", ATOM, frozenset({name}))
        if value in self.needs.uses:
            self.assign(value, popped, here, {name})
        else:
            self.emit(popped.text)

    # -- names ---------------------------------------------------------------------------------------------------------

    def choose(self, value: Value, here: Place, avoid: Collection[str] = ()) -> str:
        """A variable for a value: that of the carried value it becomes, else its hint, else that with a number."""
        wanted = self.preferred.get(value)
        if wanted is not None and wanted not in avoid and self.free(wanted, here):
            return wanted
        for name in self.names.candidates(value.hint or "t"):
            if name not in avoid and self.free(name, here):
                return name
        raise InternalError("no name is free", value.where)

