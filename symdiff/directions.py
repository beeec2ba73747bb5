"""The signature of a derivative along a direction: that of the function, with the direction as last argument."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["WithDirection"]


class WithDirection(inspect.Signature):
    """The parameters of a function, then one more, which takes the last of the arguments given by position.

    That is another binding than Python's where the function has defaults, ``*args`` or arguments by keyword only: the
    direction comes last in the call all the same.
    """

    __slots__ = ("direction", "inner")
    inner: inspect.Signature
    direction: str

    def __init__(self, inner: inspect.Signature) -> None:
        name = next(
            n
            for n in ("v", "vector", "direction", *map("v{}".format, range(len(inner.parameters))))
            if n not in inner.parameters
        )
        last = inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        super().__init__([*inner.parameters.values(), last], __validate_parameters__=False)
        self.inner, self.direction = inner, name

    def bind(self, /, *args: Any, **kwargs: Any) -> inspect.BoundArguments:
        """The arguments by name.

        Raises
        ------
        TypeError
            As Python does.
        """
        if self.direction in kwargs:
            *rest, direction = (*args, kwargs.pop(self.direction))
        elif args:
            *rest, direction = args
        else:
            raise TypeError(f"missing a required argument: {self.direction!r}")
        bound = self.inner.bind(*rest, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        return _Complete(self, {**given, self.direction: direction})


class _Complete(inspect.BoundArguments):
    """Arguments of which none is missing."""

    def apply_defaults(self) -> None:
        """Nothing is left to do."""
