"""Compile a module again, and find in it the code that runs.

Only in its whole module does a function mean the same: closures, mangled names and ``from __future__`` come from there.
The code objects are compared but for positions. The comparison also tells which of several lambdas on a line is meant,
and accepts a function that only moved.

Code that was not compiled plainly is compared as it was compiled: at another optimisation level (``-O`` drops asserts,
``-OO`` docstrings too), or through pytest's rewriting of asserts.
"""

from __future__ import annotations
import __future__

import ast
import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, SimpleNamespace
from typing import Any

from symdiff.errors import LimitError
from symdiff.frontend.walking import children

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LAMBDA = "<lambda>"
_REWRITER = "@pytest_ar"  # the name under which pytest imports its rewriter into every module it has rewritten
# The oldest feature shares its bit with CO_NESTED, which says something about a function and nothing about the future.
_FUTURES = (
    functools.reduce(int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))
    & ~inspect.CO_NESTED
)


# ---- the module around the function ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A function in a module's tree; ``private`` is the class whose name mangles its private names."""

    node: FunctionNode
    private: str | None


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: a key of caches
class Module:
    """The text of a file and the functions in it."""

    file: str
    text: str
    lines: tuple[str, ...]
    entries: tuple[Entry, ...]

    def starting_at(self, line: int, name: str) -> list[int]:
        """Indices of the functions of a name that start on a line: at most one, unless they are lambdas."""
        return [i for i, e in enumerate(self.entries) if first_line(e.node) == line and _code_name(e.node) == name]


def _code_name(node: FunctionNode) -> str:
    return _LAMBDA if isinstance(node, ast.Lambda) else node.name


def first_line(node: FunctionNode) -> int:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return decorators[0].lineno if decorators else node.lineno


@functools.lru_cache(maxsize=64)
def parse_module(file: str, text: str) -> Module:
    # Not splitlines(): it also splits at form feeds and Unicode separators, which Python does not count as line ends.
    return Module(file, text, tuple(text.split("\n")), tuple(entries_of(_quiet(ast.parse, text))))


def entries_of(tree: ast.Module) -> Iterator[Entry]:
    """All functions of a tree, in an order that depends on the text only."""
    stack: list[tuple[ast.AST, str | None]] = [(tree, None)]
    while stack:
        node, private = stack.pop()
        if isinstance(node, _FUNCTIONS):
            yield Entry(node, private)
        inside = node.name if isinstance(node, ast.ClassDef) else private
        stack.extend((child, inside) for child in children(node))


_warnings_lock = threading.Lock()


def _quiet(action: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Parse or compile without repeating the warnings that the user's own import has given."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return action(*arguments, **options)
        except RecursionError:
            # Python reads text that is nested deeper than the trees it can hand out and take back.
            raise LimitError("the source is nested too deeply to be read", hint="split long expressions") from None


# ---- compiling it again ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Build:
    """One way to compile a module.

    ``rewriter`` is pytest's function that rewrites asserts, if they were rewritten; ``hooked`` says that its option
    ``enable_assertion_pass_hook`` was on.
    """

    module: Module
    flags: int
    optimize: int
    rewriter: Callable[..., None] | None = None
    hooked: bool = False

    @property
    def asserts(self) -> bool:
        """Whether asserts run."""
        return self.optimize < 1

    @property
    def marker(self) -> int:
        """A line the file does not have."""
        return len(self.module.lines) + 1

    def code(self, marked: int | None = None) -> CodeType:
        """Compile; the function with index ``marked`` claims to start on the line `marker`."""
        source: str | ast.Module = self.module.text
        if marked is not None or self.rewriter is not None:
            source = self._changed(marked)
        return _quiet(compile, source, self.module.file, "exec", self.flags, dont_inherit=True, optimize=self.optimize)

    def _changed(self, marked: int | None) -> ast.Module:
        tree: ast.Module = _quiet(ast.parse, self.module.text)
        if marked is not None:
            node = list(entries_of(tree))[marked].node
            node.lineno = node.end_lineno = self.marker
            node.col_offset = node.end_col_offset = 0
        if self.rewriter is not None:
            config = SimpleNamespace(getini=lambda name: self.hooked)
            _quiet(self.rewriter, tree, self.module.text.encode(), self.module.file, config)
        return tree


@functools.lru_cache(maxsize=64)
def _compiled(build: Build) -> CodeType | None:
    try:
        return build.code()
    except SyntaxError:
        return None


def ways_to_compile(module: Module, code: CodeType, namespace: dict[str, Any]) -> Iterator[Build]:
    """Yield the ways in which the running code may have been compiled, the likeliest first."""
    # A notebook remembers `from __future__` of earlier cells and allows `await` outside of functions.
    flags = code.co_flags & _FUTURES | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    levels = (0, 1, 2) if __debug__ else (1, 2, 0)
    yield Build(module, flags, levels[0])
    rewriter = getattr(namespace.get(_REWRITER), "rewrite_asserts", None)
    if rewriter is not None:
        yield Build(module, flags, 0, rewriter, hooked=False)
        yield Build(module, flags, 0, rewriter, hooked=True)
    for level in levels[1:]:
        yield Build(module, flags, level)


# ---- comparing -------------------------------------------------------------------------------------------------------


def match(module: Module, code: CodeType, build: Build) -> Entry | None:
    """Find the function of the module whose code equals the running one, preferably where that says it stands."""
    whole = _compiled(build)
    if whole is None:
        return None
    alike = [other for other in _all_codes(whole) if other.co_qualname == code.co_qualname and same_code(other, code)]
    for found in sorted(alike, key=lambda other: abs(other.co_firstlineno - code.co_firstlineno)):
        places = module.starting_at(found.co_firstlineno, found.co_name)
        if len(places) > 1:
            places = _those_meant(places, code, build)
        if places:
            return module.entries[places[0]]
    return None


def _those_meant(places: list[int], code: CodeType, build: Build) -> list[int]:
    """Of several lambdas on one line, find the likeliest that compiles to the running code.

    Each in turn is marked by a line number of its own, compiled in its module, and picked out by that number.
    """
    entries = build.module.entries
    # Equal code is equal meaning; whether the columns agree as well only matters to messages.
    for place in sorted(places, key=lambda place: not _covers(entries[place].node, code)):
        marked = [found for found in _all_codes(build.code(marked=place)) if found.co_firstlineno == build.marker]
        if any(same_code(found, code) for found in marked):
            return [place]
    return []


def _covers(node: FunctionNode, code: CodeType) -> bool:
    """Tell whether the columns of a code object's first line, where they are known, lie within a node."""
    columns = [column for line, _, column, _ in code.co_positions() if column and line == code.co_firstlineno]
    end = node.end_col_offset if node.end_lineno == node.lineno else None
    return all(node.col_offset <= column and (end is None or column < end) for column in columns)


def _all_codes(code: CodeType) -> Iterator[CodeType]:
    stack = [code]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(constant for constant in current.co_consts if isinstance(constant, CodeType))


_COMPARED = (
    "co_name",
    "co_qualname",
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_code",
    "co_exceptiontable",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
)


def same_code(one: CodeType, other: CodeType) -> bool:
    """Tell whether two code objects do the same, wherever they stand."""
    if any(getattr(one, name) != getattr(other, name) for name in _COMPARED):
        return False
    return (one.co_flags ^ other.co_flags) & ~_FUTURES == 0 and _same_constant(one.co_consts, other.co_consts)


def _same_constant(one: object, other: object) -> bool:
    """Stricter than ``==``, for which 1 is 1.0 and True, and 0.0 is -0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return same_code(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same_constant, one, other))
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return {(type(item), repr(item)) for item in one} == {(type(item), repr(item)) for item in other}
    if isinstance(one, float | complex):
        return repr(one) == repr(other)
    return one == other
