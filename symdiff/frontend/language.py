"""The fence: it walks a function before anything else and refuses what is outside the language, with place and hint.

What is legal but needs to be known while parsing (a list comprehension over run-time data, a call of an unknown
function) is refused by the parser where it is met.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.frontend.source import Source
from symdiff.frontend.walking import children

__all__ = ["check_language"]

# construct: what it is called, and what to do instead
STATEMENTS: dict[type[ast.AST], tuple[str, str]] = {
    ast.TryStar: (
        "'except*' is not supported",
        "test for the failure with 'if' before it happens, or catch it outside",
    ),
    ast.AsyncWith: ("'async' cannot be differentiated", "write an ordinary function"),
    ast.AsyncFor: ("'async' cannot be differentiated", "write an ordinary function"),
    ast.AsyncFunctionDef: ("'async' cannot be differentiated", "write an ordinary function"),
    ast.Await: ("'await' cannot be differentiated", "write an ordinary function"),
    ast.Yield: ("a generator cannot be differentiated", "return an array or a tuple of all values"),
    ast.YieldFrom: ("a generator cannot be differentiated", "return an array or a tuple of all values"),
    ast.ClassDef: ("a class inside the function is not supported", "define the class outside"),
}


def check_language(source: Source) -> None:
    """Refuse what is outside the language.

    Parameters
    ----------
    source : Source
        The function; nested functions are checked with it.

    Raises
    ------
    UnsupportedSyntaxError
        At the first construct, in the order of the text, that is not supported.
    """
    nodes = sorted(_walk(source.tree), key=lambda found: (found.lineno, found.col_offset))  # type: ignore[attr-defined]
    for node in nodes:
        problem = _problem(node)
        if problem is not None:
            raise located(UnsupportedSyntaxError, problem[0], source.location(node), problem[1])


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that has a place, without recursion."""
    stack: list[ast.AST] = [tree.body] if isinstance(tree, ast.Lambda) else []
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        stack = list(tree.body)
        if isinstance(tree, ast.AsyncFunctionDef):
            yield tree
    while stack:
        node = stack.pop()
        if hasattr(node, "lineno"):
            yield node
        stack.extend(_children(node))


def _children(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.arguments):
        return [*node.defaults, *(d for d in node.kw_defaults if d is not None)]
    if isinstance(node, ast.AnnAssign):  # the annotation is not run
        return [node.target] if node.value is None else [node.target, node.value]
    if isinstance(node, ast.FunctionDef):
        return [node.args, *node.body, *node.decorator_list]
    return children(node)


def _problem(node: ast.AST) -> tuple[str, str] | None:
    found = STATEMENTS.get(type(node))
    if found is not None:
        return found
    if isinstance(node, ast.FunctionDef) and node.decorator_list:
        return (
            "a decorated function inside the function is not supported",
            "define it outside, or without the decorator",
        )
    return None
