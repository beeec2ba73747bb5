"""The table of NumPy functions that are given by a function in Python: the library's own, parsed where it is called.

Such a function is written in the language that is accepted, with the signature of the function it stands for. What is
known while parsing (``axis``, ``mode``, whether an argument is None) selects among its branches; what it cannot do it
says with `refuse`. That one and the functions after it are understood while parsing, and are never run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

__all__ = [
    "HINTS",
    "METHODS_WRITTEN",
    "WRITTEN",
    "convolved",
    "differentiated_digamma",
    "epsilon",
    "hurwitz",
    "is_inexact",
    "is_single",
    "is_square",
    "lined_up",
    "refuse",
    "stands_for",
    "substituted",
    "totals",
    "unreadable",
    "with_axes",
]

Written = TypeVar("Written", bound=Callable[..., Any])

WRITTEN: dict[Any, Callable[..., Any]] = {}
METHODS_WRITTEN: dict[str, Callable[..., Any]] = {}
HINTS: dict[str, str] = {
    "frexp": "write it with np.log2, np.floor and np.ldexp",
    "nextafter": "the neighbour of a number is a constant step away: add it",
    "spacing": "use np.finfo(x.dtype).eps * np.abs(x)",
    "poly1d": "keep the coefficients in an array, and use np.polyval",
    "vectorize": "call the function on the whole array, or in a loop over its elements",
}
"""What to do instead of functions that are refused, by the name in NumPy."""


def stands_for(*functions: Any, method: str = "") -> Callable[[Written], Written]:
    """Register a function of a library module: it is what calls of ``functions`` mean.

    Parameters
    ----------
    *functions : callable
        Functions of NumPy.
    method : str
        The method of arrays that means the same.
    """

    def register(written: Written) -> Written:
        for function in functions:
            if function in WRITTEN:
                raise ValueError(f"{function!r} is written twice")
            WRITTEN[function] = written
        if method:
            METHODS_WRITTEN[method] = written
        return written

    return register


def refuse(message: str, hint: str = "") -> NoReturn:
    """Refuse the call being parsed: neither argument depends on run-time values."""
    raise NotImplementedError(message, hint)


def is_inexact(x: Any) -> bool:
    """Whether an array or number is of floating-point type, which is known while parsing."""
    raise NotImplementedError(x)


def lined_up(a: Any, axis: Any) -> Any:
    """The array with some of its axes (None: all) joined into one, the last."""
    raise NotImplementedError(a, axis)


def with_axes(result: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    """A result of `lined_up` without the last axis, in the shape that a reduction of ``a`` has."""
    raise NotImplementedError(result, a, axis, keepdims)


def totals(places: Any, weights: Any, size: int) -> Any:
    """A vector of this size; to each place, an index from 0, its weight is added."""
    raise NotImplementedError(places, weights, size)


def convolved(a: Any, v: Any) -> Any:
    """The full convolution of two vectors."""
    raise NotImplementedError(a, v)


def is_single(a: Any) -> bool:
    """Whether the first axis has one entry; a size that is computed by the program may not be 1."""
    raise NotImplementedError(a)


def is_square(a: Any) -> bool:
    """Whether a matrix surely has as many rows as columns, which is known while parsing."""
    raise NotImplementedError(a)


def substituted(a: Any, b: Any, lower: bool) -> Any:
    """The solution of a triangular system: only this triangle of the matrix is read."""
    raise NotImplementedError(a, b, lower)


def epsilon(a: Any, b: Any) -> float:
    """The precision in which linear algebra computes with the two."""
    raise NotImplementedError(a, b)


def differentiated_digamma(order: int, x: Any) -> Any:
    """The derivative of digamma of this order, which is known while parsing."""
    raise NotImplementedError(order, x)


def hurwitz(s: int, q: Any) -> Any:
    """Hurwitz' zeta function of a whole number from 2 on, which is known while parsing."""
    raise NotImplementedError(s, q)


def unreadable(message: str, hint: str) -> Any:
    """A result that is refused where it is read."""
    raise NotImplementedError(message, hint)
