"""NumPy's windows: weights that fall to the ends of a series."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import stands_for

__all__: list[str] = []


def turns(M: int) -> Any:
    """From 0 to a full turn, both included; a window of one entry has its middle."""
    if M == 1:
        return np.full(M, np.pi)
    return 2.0 * np.pi * np.arange(M) / max(M - 1, 1)


@stands_for(np.hanning)
def hanning(M: int) -> Any:
    """A raised cosine."""
    return 0.5 - 0.5 * np.cos(turns(M))


@stands_for(np.hamming)
def hamming(M: int) -> Any:
    """A raised cosine that does not fall to 0."""
    return 0.54 - 0.46 * np.cos(turns(M))


@stands_for(np.blackman)
def blackman(M: int) -> Any:
    """Two cosines."""
    return 0.42 - 0.5 * np.cos(turns(M)) + 0.08 * np.cos(2.0 * turns(M))


@stands_for(np.bartlett)
def bartlett(M: int) -> Any:
    """A triangle."""
    return 1.0 - np.abs(turns(M) / np.pi - 1.0)
