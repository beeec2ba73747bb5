"""Callables as they stand in a program: what their parameters are called, and how arguments given go to them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symdiff.errors import LocatedTypeError
from symdiff.frontend.abstract import Abstract, BoundMethod, Closure, Known, PartialCall, Record, Tuple
from symdiff.frontend.core import Parser

__all__ = ["Arguments", "bound_arguments", "parameter_names"]


@dataclass(frozen=True)
class _Parameters:
    """Names of the parameters, in order; the one that takes the rest of what is given by position."""

    names: tuple[str, ...]
    by_name: frozenset[str] = frozenset()
    rest: str = ""

    def without(self, count: int, named: Mapping[str, object]) -> _Parameters:
        """When some were given already."""
        names = tuple(n for n in self.names[count:] if n not in named)
        return _Parameters(names, self.by_name, self.rest)


def _parameters(target: Abstract) -> _Parameters:
    match target:
        case Closure(node=node):
            a = node.args
            positional = [arg.arg for arg in (*a.posonlyargs, *a.args)]
            rest = a.vararg.arg if a.vararg is not None else ""
            by_name = [arg.arg for arg in a.kwonlyargs]
            return _Parameters((*positional, *([rest] if rest else []), *by_name), frozenset(by_name), rest)
        case PartialCall():
            return _parameters(target.function).without(len(target.args), target.kwargs)
        case BoundMethod(function=Known() | Closure() as function):
            return _parameters(function).without(1, {})
        case Record(cls=cls):
            return _parameters(Known(cls.__call__)).without(1, {})
        case Known(object=found) if callable(found):
            listed = inspect.signature(found).parameters
            kinds = {n: q.kind for n, q in listed.items() if q.kind is not inspect.Parameter.VAR_KEYWORD}
            rest = next((n for n, kind in kinds.items() if kind is inspect.Parameter.VAR_POSITIONAL), "")
            by_name = [n for n, kind in kinds.items() if kind is inspect.Parameter.KEYWORD_ONLY]
            return _Parameters(tuple(kinds), frozenset(by_name), rest)
    raise LocatedTypeError("a derivative is taken of something that is no function")


def parameter_names(target: Abstract) -> list[str]:
    """Names of the parameters of a callable."""
    return list(_parameters(target).names)


@dataclass(frozen=True)
class Arguments:
    """What a callable is given, by the names of its parameters."""

    names: tuple[str, ...]
    given: Mapping[str, Abstract]
    by_name: frozenset[str]
    rest: str

    def call(self, p: Parser, values: Mapping[str, Abstract]) -> tuple[list[Abstract], dict[str, Abstract]]:
        """Arguments by position and by name, with these values: by position as far as nothing is left out."""
        args: list[Abstract] = []
        kwargs: dict[str, Abstract] = {}
        gap = False
        for name in self.names:
            if name not in values:
                gap = True
            elif name == self.rest:
                args += p.items(values[name])
            elif gap or name in self.by_name:
                kwargs[name] = values[name]
            else:
                args.append(values[name])
        return args, kwargs | {n: v for n, v in self.given.items() if n not in self.names}


def bound_arguments(
    p: Parser, target: Abstract, names: Sequence[str], args: Sequence[Abstract], kwargs: Mapping[str, Abstract]
) -> Arguments:
    """Arguments by the names of the parameters they go to; what does not fit is refused when the call is made."""
    known = isinstance(target, Known) and not callable(target.object)
    parameters = _Parameters(tuple(names)) if known else _parameters(target)
    given: dict[str, Abstract] = {}
    positional = [n for n in names if n not in parameters.by_name]
    left = list(args)
    for name in positional:
        if name == parameters.rest:
            given[name], left = Tuple(tuple(left)), []
        elif left:
            given[name] = left.pop(0)
    if left:
        p.refuse(LocatedTypeError, f"{len(args)} arguments are given by position, and {len(positional)} taken")
    for name, item in kwargs.items():
        if name in given and name in names:
            p.refuse(LocatedTypeError, f"the argument {name!r} is given twice")
        given[name] = item
    return Arguments(tuple(names), given, parameters.by_name, parameters.rest)
