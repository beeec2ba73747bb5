"""The syntax tree of the code that runs, with positions in the user's file.

A source transformer that trusts the file differentiates what is written there now, which after an edit is not what
runs. So the text found is compiled again (`recompile.py`), and must give the running code; else it is refused.
"""

from __future__ import annotations

import ast
import io
import linecache
import os
import tokenize
from dataclasses import dataclass, field
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from symdiff.errors import Location, SourceMismatchError, SourceUnavailableError
from symdiff.frontend.recompile import Entry, FunctionNode, Module, first_line, match, parse_module, ways_to_compile

# A class whose instances wrap a user's function sets this to True and keeps the function in `__wrapped__`. It is looked
# up on the type, since `functools.wraps` copies the attributes of an instance to wrappers that do something else.
OWN_WRAPPER = "__symdiff_wrapper__"


# Functions in modules of this name are the library's own: parsed like a user's, but they stand at the place of their
# call, and what they refer to does not change.
OWN_MODULES = "symdiff.frontend.library"


def is_own(module: str | None) -> bool:
    """Whether a module holds functions of the library's own."""
    return (module or "").startswith(OWN_MODULES)


@dataclass(frozen=True, slots=True)
class Source:
    """A function as its user wrote it, and what its names mean.

    Attributes
    ----------
    tree : ast.FunctionDef, ast.AsyncFunctionDef or ast.Lambda
        A fresh tree with positions in the file, as it runs: private names are mangled, asserts that the running code
        does not hold are left out, and ``__debug__`` is its value.
    file : str
        Path, or the name under which the text is registered.
    first_line : int
        Line of the first decorator, or of ``def`` or ``lambda``.
    lines : tuple of str
        The text of the whole file.
    name : str
        Qualified name of the function.
    globals : dict
        The function's globals, not a copy.
    closure : dict of str to cell
        Its free variables; a cell may be empty, and is to be read at each call.
    code : code
        The running code.
    """

    tree: FunctionNode
    file: str
    first_line: int
    lines: tuple[str, ...] = field(repr=False)
    name: str
    globals: dict[str, Any] = field(repr=False)
    closure: dict[str, CellType] = field(repr=False)
    code: CodeType = field(repr=False)

    @property
    def text(self) -> str:
        """The lines of the function, as they stand in the file."""
        return "\n".join(self.lines[self.first_line - 1 : self.tree.end_lineno])

    def location(self, node: ast.AST) -> Location:
        """Return the place of a node of the tree; of the function itself for a node without position."""
        at: Any = node if hasattr(node, "lineno") else self.tree
        line = self.lines[at.lineno - 1]
        end = _column(line, at.end_col_offset) if at.end_lineno == at.lineno else None
        return Location(self.file, at.lineno, _column(line, at.col_offset), end, self.name, line)


def _column(line: str, offset: int) -> int:
    """The tree counts bytes of UTF-8 from 0; a user counts characters from 1."""
    return (offset if line.isascii() else len(line.encode()[:offset].decode(errors="replace"))) + 1


def read_source(function: Any) -> Source:
    """Return the source of the code that a function runs.

    Parameters
    ----------
    function : function, method or one of our wrappers
        What `functools.wraps` put around a function is read as itself: it is what runs.

    Returns
    -------
    Source

    Raises
    ------
    SourceUnavailableError
        No text can be found, or ``function`` was not written in Python.
    SourceMismatchError
        The text compiles to something else than what runs.
    """
    function = underlying(function)
    code: CodeType = function.__code__
    module = _parse_found(code, _find_text(code, function.__globals__))
    for build in ways_to_compile(module, code, function.__globals__):
        entry = match(module, code, build)
        if entry is not None:
            closure = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
            tree = _as_it_runs(entry, asserts=build.asserts)
            line = first_line(entry.node)
            return Source(
                tree, code.co_filename, line, module.lines, code.co_qualname, function.__globals__, closure, code
            )
    raise _mismatch(code, module.lines)


def underlying(function: Any) -> FunctionType:
    """Return the plain function behind methods and our own wrappers, and behind nothing else."""
    while not isinstance(function, FunctionType):
        if getattr(type(function), OWN_WRAPPER, False):
            function = function.__wrapped__
        elif isinstance(function, MethodType | staticmethod | classmethod):
            function = function.__func__
        else:
            name = getattr(function, "__name__", None) or type(function).__name__
            hint = "only functions written in Python with def or lambda can be read"
            raise SourceUnavailableError(f"{name!r} is not a Python function", hint=hint)
    return function


# ---- finding the text ------------------------------------------------------------------------------------------------


def _find_text(code: CodeType, namespace: dict[str, Any]) -> str:
    """Return the present text of the file, or what is registered under its name.

    A registered text without time stamp (notebook cells, generated code) wins over a file, as it does in tracebacks.
    Otherwise the file is read anew: `linecache` may hold what it said before an edit.
    """
    file = code.co_filename
    registered = linecache.cache.get(file, ())
    if len(registered) < 4 or registered[1] is not None:
        for path in (file, namespace.get("__file__")):
            if isinstance(path, str) and os.path.basename(path) == os.path.basename(file) and os.path.isfile(path):
                return _read_file(code, path)
    text = "".join(linecache.getlines(file, namespace))
    if not text:
        raise _unavailable(code)
    return text


def _read_file(code: CodeType, path: str) -> str:
    try:
        with open(path, "rb") as stream:
            content = stream.read()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding)
    except (OSError, SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise _unavailable(code, f"{path} cannot be read: {error}") from None


def _unavailable(code: CodeType, reason: str = "") -> SourceUnavailableError:
    file = code.co_filename
    if not reason and file.startswith("<"):
        reason = "it was typed at a prompt or made by exec, and its text was not kept"
    hint = "put the function into a file or a notebook cell"
    message = f"the source of {code.co_name!r} is not available: {reason or 'the file does not exist'}"
    return SourceUnavailableError(message, Location(file, code.co_firstlineno, function=code.co_qualname), hint)


def _mismatch(code: CodeType, lines: tuple[str, ...] = ()) -> SourceMismatchError:
    line = code.co_firstlineno
    text = lines[line - 1] if line <= len(lines) else ""
    where = Location(code.co_filename, line, len(text) - len(text.lstrip()) + 1, None, code.co_qualname, text)
    message = f"the source of {code.co_name!r} is not what runs: it was edited, or changed while being imported"
    return SourceMismatchError(message, where, "reload the module (importlib.reload) or restart Python")


def _parse_found(code: CodeType, text: str) -> Module:
    try:
        return parse_module(code.co_filename, text.replace("\r\n", "\n").replace("\r", "\n"))
    except (SyntaxError, ValueError):
        raise _mismatch(code) from None


# ---- the tree as it runs ---------------------------------------------------------------------------------------------


def _as_it_runs(entry: Entry, *, asserts: bool) -> FunctionNode:
    """Copy a function's tree with what the compiler does to names and asserts; no recursion, trees can be deep."""
    root = _adjusted(entry.node, entry.private, asserts)
    stack: list[ast.AST] = [root]
    while stack:
        fields = stack.pop().__dict__
        for name, value in fields.items():
            if isinstance(value, list):
                copies = [_adjusted(v, entry.private, asserts) if isinstance(v, ast.AST) else v for v in value]
                fields[name] = copies
                stack += [copy for copy in copies if isinstance(copy, ast.AST)]
            elif isinstance(value, ast.AST):
                fields[name] = copy = _adjusted(value, entry.private, asserts)
                stack.append(copy)
    return root


# The fields that hold names subject to mangling. Not keyword.arg and FunctionDef.name: the first is never mangled, and
# the second is also the function's name, which is not.
_PRIVATE_FIELDS = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg"}


def _adjusted(node: Any, private: str | None, asserts: bool) -> Any:
    """A shallow copy of a node, adjusted."""
    if isinstance(node, ast.Assert) and not asserts:
        return ast.copy_location(ast.Pass(), node)
    if isinstance(node, ast.Name) and node.id == "__debug__":
        return ast.copy_location(ast.Constant(asserts), node)
    copy = ast.AST.__new__(type(node))
    copy.__dict__.update(node.__dict__)
    name_field = _PRIVATE_FIELDS.get(type(node))
    if name_field and private:
        setattr(copy, name_field, mangle(getattr(node, name_field), private))
    return copy


def mangle(name: str, private: str) -> str:
    """Return a private name as the class ``private`` sees it (``__x`` in ``C`` is ``_C__x``)."""
    prefix = private.lstrip("_")
    if prefix and name.startswith("__") and not name.endswith("__"):
        return f"_{prefix}{name}"
    return name
