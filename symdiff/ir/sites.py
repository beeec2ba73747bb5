"""Statements that only Python can run: they raise the user's exception, or show numbers.

A `Site` keeps the statement as a syntax tree in which ``_0``, ``_1``, ... stand for the values that the graph passes.
It is run as it is, in a frame that looks like the user's (file, line, function and globals), and it is printed with the
expressions that the values have in the text.
"""

from __future__ import annotations

import ast
import builtins
import copy
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symdiff.errors import Location
from symdiff.ir.graph import ACT, TRY, Function
from symdiff.ir.walk import all_nodes

__all__ = ["Clause", "Site", "hole", "import_lines", "spoken_objects"]


def hole(position: int) -> str:
    """The name that stands for a value."""
    return f"_{position}"


@dataclass(frozen=True, eq=False)
class Site:
    """One statement.

    Attributes
    ----------
    statement : ast.stmt
        Reads its values as ``_0``, ``_1``, ... and objects by the names they have in ``objects``.
    count : int
        Number of values.
    objects : mapping
        Classes, modules and functions of the user's that the statement names.
    surroundings : dict
        Globals of the function that it stands in.
    raises : bool
        Whether nothing runs after it.
    kind : type or None
        The class of the exception, where it raises.
    """

    statement: ast.stmt
    count: int
    objects: Mapping[str, Any]
    surroundings: dict[str, Any] = field(repr=False)
    where: Location | None = None
    raises: bool = False
    kind: type[BaseException] | None = None
    _made: list[Callable[..., None]] = field(default_factory=list, repr=False)

    def run(self, values: Sequence[Any]) -> None:
        """Run the statement with these values."""
        if not self._made:
            self._made.append(self._make())
        self._made[0](*values, *self.objects.values())

    def text(self, operands: Sequence[str]) -> str:
        """The statement with expressions for its values."""
        trees = {hole(k): ast.parse(text, mode="eval").body for k, text in enumerate(operands)}
        return ast.unparse(_Filler(trees).visit(copy.deepcopy(self.statement)))

    def _make(self) -> Callable[..., None]:
        where = self.where or Location("<effect>", 1)
        names = [*(hole(k) for k in range(self.count)), *self.objects]
        arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
        body = [copy.deepcopy(self.statement)]
        made = ast.FunctionDef("site", arguments, body, [], None, None)  # type: ignore[call-arg, arg-type, unused-ignore]
        if "type_params" in ast.FunctionDef._fields:
            made.type_params = []  # type: ignore[attr-defined, unused-ignore]
        for node in ast.walk(made):
            if "lineno" in node._attributes:
                node.lineno = node.end_lineno = where.line  # type: ignore[attr-defined]
                node.col_offset = node.end_col_offset = 0  # type: ignore[attr-defined]
        module = compile(ast.Module([made], []), where.file, "exec")
        code = next(c for c in module.co_consts if isinstance(c, types.CodeType))
        name = where.function.rpartition(".")[2] or "site"
        return types.FunctionType(code.replace(co_name=name), self.surroundings)


@dataclass(frozen=True, eq=False)
class Clause:
    """An ``except`` clause: the classes it catches, how they are written, and the objects that the text names."""

    classes: tuple[type[BaseException], ...]
    text: str
    objects: Mapping[str, Any]

    def catches(self, kind: type[BaseException]) -> bool:
        """Whether an exception of this class ends here."""
        return issubclass(kind, self.classes)


class _Filler(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, trees: Mapping[str, ast.expr]) -> None:
        self.trees = trees

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.trees.get(node.id, node)


def spoken_objects(function: Function) -> dict[str, Any]:
    """The objects that the statements of a function name."""
    found: dict[str, Any] = {}
    for node in all_nodes(function.block):
        if node.op is ACT:
            found.update(node.attrs["site"].objects)
        for clause in node.attrs["clauses"] if node.op is TRY else ():
            found.update(clause.objects)
    return found


def import_lines(objects: Mapping[str, Any]) -> list[str]:
    """Imports that give a text these names; what no module has under its own name is left to whoever runs the text."""
    lines = []
    for name, found in objects.items():
        if isinstance(found, types.ModuleType):
            own = found.__name__
            lines.append(f"import {own}" if name == own else f"import {own} as {name}")
            continue
        module, own = getattr(found, "__module__", None), getattr(found, "__name__", "")
        if getattr(builtins, name, None) is not found and getattr(sys.modules.get(str(module)), own, None) is found:
            lines.append(f"from {module} import {own}" + ("" if own == name else f" as {name}"))
    return lines
