"""The lines of a text so far, and the names they use."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .instructions import KIND
from .kernel import Buffer, Const, Local, Operand, Stack
from .text_helpers import HELPERS

__all__ = ["Lines", "literal"]

_RESERVED = {
    *keyword.kwlist, *HELPERS, "np", "math", "Fraction", "abs", "bool", "float", "int", "max", "min", "range",
    "RuntimeError", "invoke", "special",
}  # fmt: skip


class Lines:
    """Lines, names and operands.

    Attributes
    ----------
    lines : list of str
    depth : int
        How far the next line is indented.
    helpers : set of str
        Rows of ``text_helpers.HELPERS`` that the lines call.
    names : dict
        The variables of locals, buffers and stacks.
    """

    def __init__(self, function: str) -> None:
        self.lines: list[str] = []
        self.depth = 0
        self.helpers: set[str] = set()
        self.names: dict[Any, str] = {}
        self.taken: dict[str, int] = dict.fromkeys(_RESERVED, 1)
        self.taken[function] = 1

    def put(self, line: str) -> None:
        """Append a line."""
        self.lines.append("    " * self.depth + line)

    @contextmanager
    def indented(self) -> Iterator[None]:
        """A block; ``pass`` if it stays empty."""
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.put("pass")
        self.depth -= 1

    def lines_under(self, head: str, *lines: str) -> None:
        """Append a header and a block of these lines."""
        self.put(head)
        with self.indented():
            for line in lines:
                self.put(line)

    def name(self, thing: Local | Buffer | Stack | str) -> str:
        """Return the variable of a value; the first to ask for a name gets it, the next ones get a number."""
        known = self.names.get(thing)
        if known is None:
            known = self.names[thing] = self.fresh(thing if isinstance(thing, str) else thing.name)
        return known

    def fresh(self, hint: str) -> str:
        base = re.sub(r"\W", "_", hint) or "_"
        base = "_" + base if base[0].isdigit() else base
        count = self.taken.get(base, 0)
        name = base
        while name in self.taken:
            count += 1
            name = f"{base}_{count}"
        self.taken[base] = count
        self.taken.setdefault(name, 1)
        return name

    def operand(self, operand: Operand) -> str:
        return self.name(operand) if isinstance(operand, Local) else literal(operand)

    def inside(self, operand: Operand) -> str:
        """Return an operand as part of an expression."""
        text = self.operand(operand)
        return f"({text})" if text.startswith("-") else text

    def index(self, indices: Iterable[Operand]) -> str:
        return ", ".join(map(self.operand, indices)) or "()"

    def shape(self, buffer: Buffer) -> str:
        if buffer.rank == 1:
            return self.operand(buffer.dims[0])
        return "(" + ", ".join(map(self.operand, buffer.dims)) + ")"


def literal(constant: Const) -> str:
    """Return a constant as Python; a float reads back as the same bits."""
    value, kind = constant.value, KIND[constant.type]
    if kind == "boolean":
        return str(bool(value))
    if kind == "integer":
        return str(int(value))
    text = repr(float(value))
    text = text.replace("inf", "np.inf").replace("nan", "np.nan")
    return f"np.float32({text})" if constant.type == "f32" else text
