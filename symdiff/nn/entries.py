"""The table of what a module has registered under names; each entry is an ordinary attribute, too."""

from __future__ import annotations

from typing import Any

__all__ = ["Entries"]


class Entries(dict[str, Any]):
    """A dict whose entries are kept in a module's attributes as well, where they are found without a detour.

    Parameters
    ----------
    attributes : dict
        The module's ``__dict__``.
    """

    __slots__ = ("attributes",)

    def __init__(self, attributes: dict[str, Any]) -> None:
        super().__init__()
        self.attributes = attributes

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.attributes[name] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.attributes.pop(name, None)

    def pop(self, name: str, *default: Any) -> Any:
        """Take an entry out."""
        if name in self:
            self.attributes.pop(name, None)
        return super().pop(name, *default)

    def update(self, *given: Any, **named: Any) -> None:
        """Enter several."""
        for name, value in dict(*given, **named).items():
            self[name] = value

    def clear(self) -> None:
        """Take all entries out."""
        for name in list(self):
            del self[name]
