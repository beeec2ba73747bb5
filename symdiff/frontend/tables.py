"""The tables that say who handles which piece of syntax, and which function.

The handlers are in files named for what they handle; they register themselves here and reach each other through the
`Parser`, so that none of these files needs to import another one that needs it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

__all__ = [
    "ARRAYS",
    "ATTRIBUTES",
    "COMPLEX",
    "CONTEXTS",
    "EXPRESSIONS",
    "FUNCTIONS",
    "MADE",
    "METHODS",
    "OBJECTS",
    "PACKAGES",
    "PASSED",
    "SHOWN",
    "STATEMENTS",
    "SUBSCRIPTS",
    "Handler",
    "attribute",
    "complex_function",
    "expression",
    "function",
    "method",
    "package_of",
    "statement",
    "subscripted",
]

Handler = Callable[..., Any]
EXPRESSIONS: dict[type[ast.expr], Handler] = {}
STATEMENTS: dict[type[ast.stmt], Handler] = {}
FUNCTIONS: dict[Any, Handler] = {}  # by the function object users call
COMPLEX: dict[Any, Handler] = {}  # as FUNCTIONS, where an argument is complex
METHODS: dict[tuple[type, str], Handler] = {}
ATTRIBUTES: dict[tuple[type, str], Handler] = {}
SUBSCRIPTS: dict[Any, Handler] = {}  # by the object that stands before the brackets
CONTEXTS: dict[Any, Handler] = {}  # by the function that makes the object of a ``with``: gives a context of Python's

# libraries over the same graph, which are above the front end, enter themselves in these
PACKAGES: dict[str, Handler] = {}  # by the module's first two names: calls a function or class of it while parsing
OBJECTS: dict[type, Handler] = {}  # by class: the abstract of an object from outside the function
ARRAYS: dict[type, Handler] = {}  # by class: an object as the array that NumPy's functions take it for
SHOWN: dict[type, Any] = {}  # by class: the function that makes an object of that array, where one is shown
PASSED: dict[str, Handler] = {}  # by the kind of a structure: the abstract of an argument
MADE: dict[str, Handler] = {}  # by the kind of a structure of one leaf: the abstract that holds a value


def expression(*kinds: type[ast.expr]) -> Callable[[Handler], Handler]:
    """Register the handler ``handler(p, node)`` of a kind of expression."""
    return lambda handler: _register(EXPRESSIONS, kinds, handler)


def statement(*kinds: type[ast.stmt]) -> Callable[[Handler], Handler]:
    """Register the handler ``handler(p, node)`` of a kind of statement."""
    return lambda handler: _register(STATEMENTS, kinds, handler)


def function(*objects: Any) -> Callable[[Handler], Handler]:
    """Register ``handler(p, *args, **kwargs)`` for calls of a function; its signature is the one accepted."""
    return lambda handler: _register(FUNCTIONS, objects, handler)


def complex_function(*objects: Any) -> Callable[[Handler], Handler]:
    """As `function`, for calls with complex numbers among the arguments."""
    return lambda handler: _register(COMPLEX, objects, handler)


def method(kind: type, *names: str) -> Callable[[Handler], Handler]:
    """Register ``handler(p, self, *args, **kwargs)`` for methods of a kind of abstract."""
    return lambda handler: _register(METHODS, [(kind, name) for name in names], handler)


def attribute(kind: type, *names: str) -> Callable[[Handler], Handler]:
    """Register ``handler(p, self)`` for attributes of a kind of abstract."""
    return lambda handler: _register(ATTRIBUTES, [(kind, name) for name in names], handler)


def subscripted(*objects: Any) -> Callable[[Handler], Handler]:
    """Register ``handler(p, key)`` for subscripts of an object such as ``np.mgrid``."""
    return lambda handler: _register(SUBSCRIPTS, objects, handler)


def package_of(found: Any) -> Any:
    """What calls functions and classes of a library over the same graph; None for all others."""
    module = getattr(found, "__module__", None)
    return PACKAGES.get(".".join(module.split(".", 2)[:2])) if isinstance(module, str) else None


def _register(table: dict[Any, Handler], keys: Sequence[Any], handler: Handler) -> Handler:
    for key in keys:
        if key in table:
            raise ValueError(f"{key!r} has two handlers")
        table[key] = handler
    return handler
