"""Whether operations are recorded for differentiation: ``no_grad`` and its kin, a state of each thread."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["decorated", "enable_grad", "enabled", "is_grad_enabled", "no_grad", "set_grad_enabled", "switch"]

F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    on = True


_state = _State()


def enabled() -> bool:
    """Whether operations are recorded for differentiation."""
    return _state.on


is_grad_enabled = enabled


class set_grad_enabled:
    """Switch recording on or off: at once, until the end of a ``with``, or in a function that it decorates."""

    def __init__(self, mode: bool) -> None:
        self.mode, self.before = bool(mode), _state.on
        _state.on = self.mode

    def __enter__(self) -> None:
        _state.on = self.mode

    def __exit__(self, *exception: object) -> None:
        _state.on = self.before

    def __call__(self, function: F) -> F:
        _state.on = self.before
        return decorated(function, lambda: set_grad_enabled(self.mode))


class _Mode:
    mode = False

    before: list[bool]

    def __new__(cls, function: Any = None) -> Any:
        made = super().__new__(cls)
        made.before = []
        return made if function is None else made(function)

    def __enter__(self) -> None:
        self.before.append(_state.on)
        _state.on = self.mode

    def __exit__(self, *exception: object) -> None:
        _state.on = self.before.pop()

    def __call__(self, function: F) -> F:
        return decorated(function, type(self))


class no_grad(_Mode):
    """Within it, operations are not recorded for differentiation; a context manager, and a decorator."""


class enable_grad(_Mode):
    """Within it, operations are recorded for differentiation; a context manager, and a decorator."""

    mode = True


def switch(on: bool) -> None:
    """Turn recording on or off."""
    _state.on = on


def decorated(function: F, context: Callable[[], Any]) -> F:
    """A function that runs in a context; a generator does so whenever it is asked for a value."""
    if inspect.isgeneratorfunction(function):
        return _decorated_generator(function, context)  # type: ignore[return-value]

    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        with context():
            return function(*args, **kwargs)

    return inside  # type: ignore[return-value]


def _decorated_generator(function: Callable[..., Any], context: Callable[[], Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step: Callable[..., Any] = generator.send
        given: Any = None
        while True:
            try:
                with context():
                    value = step(given)
            except StopIteration as end:
                return end.value
            try:
                step, given = generator.send, (yield value)
            except GeneratorExit:
                with context():
                    generator.close()
                raise
            except BaseException as error:
                step, given = generator.throw, error

    return inside
