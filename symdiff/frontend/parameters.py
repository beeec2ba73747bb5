"""Arguments to parameters, as Python binds them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, DictObject, Tuple
from symdiff.frontend.core import Parser

__all__ = ["bind"]


def bind(
    p: Parser,
    name: str,
    parameters: ast.arguments,
    args: Sequence[Abstract],
    kwargs: Mapping[str, Abstract],
    defaults: Sequence[Abstract],
    keyword_defaults: Mapping[str, Abstract],
) -> dict[str, Abstract]:
    """Names of a function at the start of a call.

    Raises
    ------
    TypeError
        With Python's message and the place of the call.
    """
    positional = [arg.arg for arg in (*parameters.posonlyargs, *parameters.args)]
    keyword_only = [arg.arg for arg in parameters.kwonlyargs]
    names: dict[str, Abstract] = dict(zip(positional, args, strict=False))
    if parameters.vararg is not None:
        names[parameters.vararg.arg] = Tuple(tuple(args[len(positional) :]))
    elif len(args) > len(positional):
        count = f"{len(positional)} positional argument{'s' * (len(positional) != 1)}"
        p.refuse(LocatedTypeError, f"{name}() takes {count} but {len(args)} were given")
    rest = _by_name(p, name, parameters, kwargs, names)
    if parameters.kwarg is not None:
        names[parameters.kwarg.arg] = DictObject(rest)
    for key, item in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
        names.setdefault(key, item)
    for key, item in keyword_defaults.items():
        names.setdefault(key, item)
    missing = [key for key in (*positional, *keyword_only) if key not in names]
    if missing:
        listed = ", ".join(map(repr, missing))
        p.refuse(LocatedTypeError, f"{name}() is missing the argument{'s' * (len(missing) > 1)} {listed}")
    return names


def _by_name(
    p: Parser, name: str, parameters: ast.arguments, kwargs: Mapping[str, Abstract], names: dict[str, Abstract]
) -> dict[str, Abstract]:
    """Bind arguments given by name; those that no parameter takes are returned."""
    ordinary = {arg.arg for arg in parameters.args}
    keyword_only = {arg.arg for arg in parameters.kwonlyargs}
    rest: dict[str, Abstract] = {}
    for key, item in kwargs.items():
        if key in names and key in ordinary:
            p.refuse(LocatedTypeError, f"{name}() got multiple values for argument {key!r}")
        if key in ordinary or key in keyword_only:
            names[key] = item
        elif parameters.kwarg is None:
            p.refuse(LocatedTypeError, f"{name}() got an unexpected keyword argument {key!r}")
        else:
            rest[key] = item
    return rest
