"""The one device there is, for programs that ask."""

from __future__ import annotations

from types import SimpleNamespace

__all__ = ["cuda", "device"]


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


cuda = SimpleNamespace(is_available=lambda: False, device_count=lambda: 0)
"""There is none."""
