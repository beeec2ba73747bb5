"""Comparing compiled derivatives with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.api import Differentiable, differentiable, grad, vjp
from symdiff.errors import LocatedAssertionError, user_facing
from symdiff.frontend.structure import flatten, unflatten

__all__ = ["gradcheck"]


@user_facing
def gradcheck(function: Callable[..., Any], *args: Any, order: int = 1, seed: int = 0) -> bool:
    """Compare gradients with central differences along random directions.

    Parameters
    ----------
    order : int
        1 checks the gradient; 2 also the gradient of the gradient.

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
    floats = [k for k, a in enumerate(args) if any(_is_float(leaf) for leaf in flatten(a)[0])]
    for k in floats:
        _check_direction(wrapped, args, k, rng)
        if order > 1:
            direction = _direction(args[k], rng)
            _check_direction(_Directional(wrapped, k, direction), args, k, rng)
    return True


class _Directional:
    """The derivative of a function along a direction, and its gradient."""

    def __init__(self, function: Differentiable, k: int, direction: list[Any]) -> None:
        self.first, self.k, self.direction = grad(function, k), k, direction

    def __call__(self, *args: Any) -> float:
        return _dot(flatten(self.first(*args))[0], self.direction)

    def grad(self, *args: Any, wrt: int) -> Any:
        value, pullback = vjp(self.first, *args)
        leaves, structure = flatten(value)
        seeds = [
            None if d is None else np.asarray(d, dtype=np.asarray(v).dtype)[()]
            for d, v in zip(self.direction, leaves, strict=True)
        ]
        return pullback(unflatten(structure, seeds))[wrt]


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, float) or (isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind == "f")


def _direction(argument: Any, rng: np.random.Generator) -> list[Any]:
    return [rng.standard_normal(np.shape(leaf)) if _is_float(leaf) else None for leaf in flatten(argument)[0]]


def _dot(a: Sequence[Any], b: Sequence[Any]) -> float:
    return float(sum(np.sum(np.asarray(x) * y) for x, y in zip(a, b, strict=True) if y is not None))


def _check_direction(function: Any, args: Sequence[Any], k: int, rng: np.random.Generator) -> None:
    leaves, structure = flatten(args[k])
    direction = _direction(args[k], rng)

    def along(step: float) -> float:
        moved = [leaf if d is None else leaf + step * d for leaf, d in zip(leaves, direction, strict=True)]
        moved = [float(m) if isinstance(leaf, float) else m for m, leaf in zip(moved, leaves, strict=True)]
        return float(function(*args[:k], unflatten(structure, moved), *args[k + 1 :]))

    step = 1e-5
    coarse = (along(2 * step) - along(-2 * step)) / (4 * step)
    fine = (along(step) - along(-step)) / (2 * step)
    expected = (4 * fine - coarse) / 3
    found = _dot(flatten(function.grad(*args, wrt=k))[0], direction)
    if not abs(found - expected) <= 1e-6 * max(1.0, abs(expected), abs(found)):
        raise LocatedAssertionError(f"gradient by argument {k}: {found!r}, but differences give {expected!r}")
