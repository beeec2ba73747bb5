"""Names of the variables in a printed text: the user's where possible, a number after them where two clash."""

from __future__ import annotations

import builtins
import keyword

__all__ = ["Names"]

RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins)) | {"np", "math"}


class Names:
    """Hands out identifiers.

    Parameters
    ----------
    taken : iterable of str
        Names that belong to something else in the text: helpers, the function itself.
    """

    def __init__(self, taken: set[str]) -> None:
        self.reserved = RESERVED | taken

    def usable(self, hint: str) -> str:
        """The hint as an identifier that means nothing else."""
        text = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in hint) or "t"
        text = text if text.isidentifier() else f"v_{text}"
        return f"{text}_" if text in self.reserved else text

    def candidates(self, hint: str) -> list[str]:
        """Names to try for a hint, the plain one first."""
        plain = self.usable(hint)
        joint = "" if plain[-1:].isalpha() and len(plain) == 1 else "_"
        return [plain, *(f"{plain}{joint}{k}" for k in range(1, 1000))]
