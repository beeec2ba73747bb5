"""Handlers for the functions of `written.py`: they parse what stands for a function at the place of its call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from symdiff.frontend import library_elements
from symdiff.frontend.abstract import Abstract, Array
from symdiff.frontend.calls import inline_known
from symdiff.frontend.core import Parser, function, method
from symdiff.frontend.numpy_shaping import array_of
from symdiff.frontend.program import Path
from symdiff.frontend.written import METHODS_WRITTEN, WRITTEN, is_inexact, refuse
from symdiff.ir.graph import Value

__all__: list[str] = []

# Imported so that their functions are in the table.
LIBRARY = (library_elements,)


def _handler(written: Any) -> Callable[..., Abstract]:
    """A handler with the signature of a function of the library."""

    # some of the functions have a parameter `p` of their own
    def handler(_parser: Parser, /, *args: Abstract, **kwargs: Abstract) -> Abstract:
        return inline_known(_parser, written, Path(written), args, kwargs)

    parser = inspect.Parameter("_parser", inspect.Parameter.POSITIONAL_ONLY)
    given = inspect.signature(written).parameters.values()
    handler.__signature__ = inspect.Signature([parser, *given])  # type: ignore[attr-defined]
    return handler


for _function, _written in WRITTEN.items():
    function(_function)(_handler(_written))
for _name, _written in METHODS_WRITTEN.items():
    method(Array, _name)(_handler(_written))


@function(refuse)
def _refuse(p: Parser, message: Abstract, hint: Abstract | None = None) -> Abstract:
    p.unsupported(str(p.known(message)), "" if hint is None else str(p.known(hint)))


@function(is_inexact)
def _is_inexact(p: Parser, x: Abstract) -> Value:
    return p.constant(p.value(array_of(p, x)).type.is_float)
