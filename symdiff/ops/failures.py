"""How functions of Python scalars fail: CPython's exceptions, as checks the native code makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.ops.primitive import Check

__all__ = ["domain", "finite_result", "zero_division"]


def domain(passes: Callable[..., Any]) -> Check:
    """Arguments for which a function of :mod:`math` is defined."""
    return Check(passes, "ValueError", "math domain error")


def _stays_finite(k: Any, y: Any, *operands: Any) -> Any:
    fails = k.isinf(y)
    for x in operands:
        fails = k.and_(fails, k.isfinite(x))
    return k.not_(fails)


def finite_result(message: str = "math range error", on: str = "") -> Check:
    """Finite arguments give a finite result."""
    return Check(_stays_finite, "OverflowError", message, after=True, on=on)


def zero_division(ints: str, floats: str) -> tuple[Check, Check]:
    """The divisor is not zero; CPython words it by operation and type."""

    def passes(k: Any, a: Any, b: Any) -> Any:
        return k.ne(b, 0)

    return Check(passes, "ZeroDivisionError", ints, on="int"), Check(passes, "ZeroDivisionError", floats, on="float")
