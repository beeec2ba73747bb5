"""Functions with a derivative that the user gives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.errors import LocatedTypeError, Location
from symdiff.tracebacks import user_facing

__all__ = ["CustomRule", "custom_rule"]

Function = Callable[..., Any]
FIXED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class CustomRule:
    """A function whose derivative is given by rules. Made by :func:`custom_rule`; called, it is the function."""

    __name__: str
    __qualname__: str

    def __init__(self, function: Function) -> None:
        self.__signature__ = _signature(function)
        functools.update_wrapper(self, function, updated=())
        # it is no mere wrapper: who looks through it would find the function's own derivative
        del self.__dict__["__wrapped__"]
        self.function = function
        self.pull: Function | None = None
        self.push: Function | None = None

    @user_facing
    def vjp(self, rule: Function) -> Function:
        """Give the rule of reverse mode; a decorator, which returns the rule itself.

        Parameters
        ----------
        rule : callable
            ``rule(g, y, *arguments)``: the cotangent of the result, the result, and the arguments of the function, with
            their structures. It returns a cotangent for each argument, as a tuple (for a function of one argument, that
            alone will do): with the structure, shapes and dtypes of the argument, and None where nothing flows back.
        """
        self.pull = self._checked(rule, "(g, y")
        return rule

    @user_facing
    def jvp(self, rule: Function) -> Function:
        """Give the rule of forward mode; a decorator, which returns the rule itself.

        Parameters
        ----------
        rule : callable
            ``rule(tangents, y, *arguments)``: a tuple with the tangent of each argument (None in the place of what is
            no float), the result, and the arguments. It returns the tangent of the result.
        """
        self.push = self._checked(rule, "(tangents, y")
        return rule

    def _checked(self, rule: Any, begin: str) -> Function:
        if not callable(rule):
            raise LocatedTypeError(f"the rule of {self.__name__!r} is {rule!r}, which is no function")
        names = list(self.__signature__.parameters)
        try:
            inspect.signature(rule).bind(None, None, *names)
        except TypeError as error:
            hint = f"it takes {', '.join([begin, *names])}): what arrives, the result, and the arguments"
            raise LocatedTypeError(
                f"the rule of {self.__name__!r} does not fit the function: {error}", _place(rule), hint
            ) from None
        checked: Function = rule
        return checked

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.function(*args, **kwargs)
        # its result is a new array also where the function hands on one that it was given, as it is when compiled
        return result.copy() if isinstance(result, np.ndarray) else result

    def __repr__(self) -> str:
        return f"<custom rule of {self.__name__}{self.__signature__}>"

    def __reduce__(self) -> str:
        return self.__qualname__


def _signature(function: Any) -> inspect.Signature:
    if not callable(function):
        raise LocatedTypeError(f"custom_rule is given {function!r}, which is no function", hint="decorate a def")
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        if parameter.kind not in FIXED:
            message = f"a function with a rule of its own takes a fixed number of arguments, not {str(parameter)!r}"
            raise LocatedTypeError(message, _place(function), "name its arguments, without a star")
    return signature


def _place(function: Any) -> Location | None:
    """Where a function begins."""
    code = getattr(function, "__code__", None)
    return None if code is None else Location(code.co_filename, code.co_firstlineno, function=function.__qualname__)


@user_facing
def custom_rule(function: Function) -> CustomRule:
    """Give a function a derivative of its own.

    Parameters
    ----------
    function : callable
        Written in the accepted language, with a fixed number of arguments. It does not store into them; what it returns
        is new.

    Returns
    -------
    CustomRule
        The function, with the decorators `CustomRule.vjp` and `CustomRule.jvp`, which take its rules. One is enough,
        for either is made from the other, if it is linear in what it passes on. Rules are ordinary Python: they are
        compiled with what calls the function, printed as part of its gradient, and differentiated for second
        derivatives.

    Examples
    --------
    >>> import numpy as np
    >>> import symdiff as sd
    >>> @sd.custom_rule
    ... def softplus(x):
    ...     return np.logaddexp(0.0, x)
    >>> @softplus.vjp
    ... def softplus_vjp(g, y, x):
    ...     return g * np.exp(x - y)
    >>> sd.grad(softplus)(0.0)
    0.5
    """
    return CustomRule(function)
