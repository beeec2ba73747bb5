"""Kernels written as formulas: an operand of the kernel emitter that calculates like a number."""

from __future__ import annotations

from typing import Any

__all__ = ["Emitted"]


class Emitted:
    """An operand of a kernel; operators and the methods below emit instructions.

    Parameters
    ----------
    k
        The kernel emitter, as the column ``kernel`` gets it.
    operand
        One of its operands, or a Python number.
    """

    __slots__ = ("k", "operand")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, k: Any, operand: Any) -> None:
        self.k, self.operand = k, operand

    def _emit(self, name: str, *others: Any) -> Emitted:
        operands = [other.operand if isinstance(other, Emitted) else other for other in others]
        return Emitted(self.k, getattr(self.k, name)(*operands))

    def __add__(self, other: Any) -> Emitted:
        return self._emit("add", self, other)

    def __radd__(self, other: Any) -> Emitted:
        return self._emit("add", other, self)

    def __sub__(self, other: Any) -> Emitted:
        return self._emit("sub", self, other)

    def __rsub__(self, other: Any) -> Emitted:
        return self._emit("sub", other, self)

    def __mul__(self, other: Any) -> Emitted:
        return self._emit("mul", self, other)

    def __rmul__(self, other: Any) -> Emitted:
        return self._emit("mul", other, self)

    def __truediv__(self, other: Any) -> Emitted:
        return self._emit("div", self, other)

    def __rtruediv__(self, other: Any) -> Emitted:
        return self._emit("div", other, self)

    def __lt__(self, other: Any) -> Emitted:
        return self._emit("lt", self, other)

    def call(self, name: str, *others: Any) -> Emitted:
        """The instruction ``name`` of this operand and others."""
        return self._emit(name, self, *others)
