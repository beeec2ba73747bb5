"""Elementwise functions given by a SymPy expression."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError, LocatedValueError

__all__ = ["SymbolicPrimitive", "taken_apart"]


class SymbolicPrimitive:
    """A function of numbers or arrays, element by element. Made by :func:`symdiff.primitive`.

    Attributes
    ----------
    name : str
    expression : object
        The SymPy expression.
    symbols : tuple
        The symbols that stand for its arguments, in order.
    """

    def __init__(self, name: str, expression: Any, symbols: Sequence[Any], steps: Any, rows: Any) -> None:
        self.name = self.__name__ = self.__qualname__ = name
        self.expression, self.symbols = expression, tuple(symbols)
        self.steps, self._rows = steps, rows
        kind = inspect.Parameter.POSITIONAL_ONLY
        self.__signature__ = inspect.Signature([inspect.Parameter(_parameter(s), kind) for s in symbols])

    def __call__(self, *args: Any) -> Any:
        arrays = [_as_float(a) for a in self.__signature__.bind(*args).args]
        with np.errstate(all="ignore"):  # as where it is compiled
            return self.steps.run(lambda row, *operands, **attrs: self._rows[row](*operands, **attrs), arrays)

    def __repr__(self) -> str:
        return f"<primitive {self.name}{self.__signature__}: {self.expression}>"


def _parameter(symbol: Any) -> str:
    name = str(symbol)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"x_{abs(hash(name))}"


def _as_float(argument: Any) -> Any:
    """Numbers and arrays as NumPy has them; what holds ints holds floats."""
    array = np.asarray(argument)
    return array.astype(np.float64)[()] if array.dtype.kind in "biu" else array[()]


def taken_apart(name: Any, given: Any) -> tuple[Any, tuple[Any, ...]]:
    """The expression that was given, and its symbols in order.

    Raises
    ------
    TypeError, ValueError
        Where it cannot be a function of numbers.
    """
    import sympy

    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise LocatedValueError(f"a primitive has a name that can be written in Python, not {name!r}")
    if isinstance(given, sympy.Lambda):
        expression, symbols = given.expr, tuple(given.variables)
    elif isinstance(given, sympy.Expr):
        expression, symbols = given, tuple(sorted(given.free_symbols, key=str))
    else:
        hint = "give an expression such as sympy.log(1 + sympy.exp(x)), or a sympy.Lambda for the order of arguments"
        raise LocatedTypeError(f"the expression of {name!r} is {given!r}, which is no SymPy expression", hint=hint)
    if not isinstance(expression, sympy.Expr) or set(symbols) != expression.free_symbols:
        hint = "each argument is a symbol of the expression, and each symbol an argument"
        raise LocatedValueError(f"the expression of {name!r} has other symbols than its arguments", hint=hint)
    if len({str(s) for s in symbols}) < len(symbols):
        hint = "symbols of one name with other assumptions are other symbols"
        raise LocatedValueError(f"the expression of {name!r} has two symbols of one name", hint=hint)
    if not symbols:
        raise LocatedValueError(f"the expression of {name!r} is a number", hint="use the number itself")
    return expression, symbols
