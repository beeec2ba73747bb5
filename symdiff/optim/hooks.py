"""Functions that users have called around the steps of an optimiser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Handle", "Hooks"]


class Handle:
    """Takes a hook away again."""

    def __init__(self, hooks: dict[int, Any], key: int) -> None:
        self.hooks, self.key = hooks, key

    def remove(self) -> None:
        """Do not call it any more."""
        self.hooks.pop(self.key, None)


class Hooks:
    """The hooks of one optimiser, in the order of their registration."""

    __slots__ = ("after", "before", "count")

    def __init__(self) -> None:
        self.before: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.count = 0

    def enter(self, when: str, hook: Callable[..., Any]) -> Handle:
        """Register a hook."""
        self.count += 1
        hooks: dict[int, Any] = getattr(self, when)
        hooks[self.count] = hook
        return Handle(hooks, self.count)

    def run_before(self, optimizer: Any, closure: Any) -> Any:
        """Call the hooks before a step; gives the closure to use."""
        args: tuple[Any, ...] = (optimizer,) if closure is None else (optimizer, closure)
        kwargs: dict[str, Any] = {}
        for hook in list(self.before.values()):
            given = hook(optimizer, args, kwargs)
            if given is None:
                continue
            if not (isinstance(given, tuple) and len(given) == 2):
                raise RuntimeError(f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {given}.")
            args, kwargs = given
        return kwargs.get("closure", args[1] if len(args) > 1 else None)

    def run_after(self, optimizer: Any, closure: Any) -> None:
        """Call the hooks after a step."""
        args = (optimizer,) if closure is None else (optimizer, closure)
        for hook in list(self.after.values()):
            hook(optimizer, args, {})
