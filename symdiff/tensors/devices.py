"""The one device there is, for programs that ask."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["device", "on_cpu"]

F = TypeVar("F", bound=Callable[..., Any])


class device:
    """A device: the CPU.

    Raises
    ------
    RuntimeError
        For any other.
    """

    def __init__(self, name: str | device = "cpu", index: int | None = None) -> None:
        kind = str(name).split(":")[0]
        if kind != "cpu":
            raise RuntimeError(f"device {name!r} is not available: symdiff runs on the CPU")
        self.type, self.index = "cpu", index

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __str__(self) -> str:
        return "cpu"

    def __eq__(self, other: object) -> bool:
        return str(other) == "cpu"

    def __hash__(self) -> int:
        return hash("cpu")


def on_cpu(function: F) -> F:
    """A function whose argument ``device``, if it is given by name, must be the CPU."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("device") is not None:
            device(kwargs["device"])
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]

