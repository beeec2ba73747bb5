"""Names of the variables in a printed text: the user's where possible, a number after them where two clash."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator

__all__ = ["Names"]

RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins)) | {"np", "math"}
TRIES = 20


class Names:
    """Hands out identifiers.

    Parameters
    ----------
    taken : set of str
        Names that belong to something else in the text: helpers, the function itself.
    """

    def __init__(self, taken: set[str]) -> None:
        self.reserved = RESERVED | taken
        self.newest: dict[str, int] = {}

    def usable(self, hint: str) -> str:
        """The hint as an identifier that means nothing else."""
        text = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in hint) or "t"
        text = text if text.isidentifier() else f"v_{text}"
        return f"{text}_" if text in self.reserved else text

    def candidates(self, hint: str) -> Iterator[str]:
        """Names to try for a hint, the plain one first; after some that may be in use, names never given before."""
        plain = self.usable(hint)
        joint = "" if plain[-1:].isalpha() and len(plain) == 1 else "_"
        yield plain
        for k in range(1, TRIES):
            self.newest[plain] = max(k, self.newest.get(plain, 0))
            yield f"{plain}{joint}{k}"
        while True:
            self.newest[plain] += 1
            yield f"{plain}{joint}{self.newest[plain]}"
