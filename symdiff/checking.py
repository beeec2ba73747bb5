"""Comparing compiled derivatives with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from symdiff.api import differentiable, grad, hvp
from symdiff.errors import LocatedAssertionError
from symdiff.frontend.structure import flatten, unflatten
from symdiff.tracebacks import user_facing

__all__ = ["gradcheck"]


@user_facing
def gradcheck(function: Callable[..., Any], *args: Any, order: int = 1, seed: int = 0) -> bool:
    """Compare gradients with central differences along random directions.

    Parameters
    ----------
    order : int
        1 checks the gradient; 2 also products with the Hessian.

    Returns
    -------
    bool
        True.

    Raises
    ------
    AssertionError
        With both values where they disagree.
    """
    wrapped = differentiable(function)
    rng = np.random.default_rng(seed)
    for k, argument in enumerate(args):
        direction = _direction(argument, rng)
        if all(d is None for d in direction):
            continue
        moved = _Moved(args, k, direction)
        first = _dot(flatten(wrapped.grad(*args, wrt=k))[0], direction)
        _compare(f"gradient by argument {k}", first, partial(_value_at, wrapped, moved))
        if order > 1:
            other = _direction(argument, rng)
            product = hvp(wrapped, k)(*args, unflatten(moved.structure, direction))
            second = _dot(flatten(product)[0], other)
            _compare(f"Hessian by argument {k}", second, partial(_slope_at, grad(wrapped, k), other, moved))
    return True


def _value_at(function: Callable[..., Any], moved: _Moved, step: float) -> float:
    return float(function(*moved(step)))


def _slope_at(gradient: Callable[..., Any], direction: Sequence[Any], moved: _Moved, step: float) -> float:
    return _dot(flatten(gradient(*moved(step)))[0], direction)


class _Moved:
    """The arguments with one of them moved along a direction."""

    def __init__(self, args: Sequence[Any], k: int, direction: list[Any]) -> None:
        self.args, self.k, self.direction = args, k, direction
        self.leaves, self.structure = flatten(args[k])

    def __call__(self, step: float) -> tuple[Any, ...]:
        pairs = zip(self.leaves, self.direction, strict=True)
        moved = [leaf if d is None else leaf + step * d for leaf, d in pairs]
        moved = [float(m) if isinstance(leaf, float) else m for m, leaf in zip(moved, self.leaves, strict=True)]
        return (*self.args[: self.k], unflatten(self.structure, moved), *self.args[self.k + 1 :])


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, float) or (isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind == "f")


def _direction(argument: Any, rng: np.random.Generator) -> list[Any]:
    return [rng.standard_normal(np.shape(leaf)) if _is_float(leaf) else None for leaf in flatten(argument)[0]]


def _dot(a: Sequence[Any], b: Sequence[Any]) -> float:
    return float(sum(np.sum(np.asarray(x) * y) for x, y in zip(a, b, strict=True) if y is not None))


def _compare(what: str, found: float, along: Callable[[float], float]) -> None:
    """Compare a slope with central differences of two steps, extrapolated."""
    step = 1e-5
    coarse = (along(2 * step) - along(-2 * step)) / (4 * step)
    fine = (along(step) - along(-step)) / (2 * step)
    expected = (4 * fine - coarse) / 3
    if not abs(found - expected) <= 1e-6 * max(1.0, abs(expected), abs(found)):
        raise LocatedAssertionError(f"{what}: {found!r}, but differences give {expected!r}")
