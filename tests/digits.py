"""What the oracles share: the arithmetic of 50 digits, and how they say that they cannot tell."""

import mpmath

__all__ = ["DIGITS", "MP", "NotCovered"]

DIGITS = 50
MP = mpmath.MPContext()
MP.dps = DIGITS


class NotCovered(Exception):
    """The program uses something that the namespace of an oracle does not have."""
