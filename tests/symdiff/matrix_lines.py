"""Lines of tables of functions of matrices, and how each is checked: values, and gradients against differences."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import symdiff as sd


@dataclass(frozen=True)
class Line:
    """A function with arrays to call it with; `smooth` is False where there is no gradient to be had."""

    function: Callable[..., Any]
    arrays: tuple[Any, ...]
    smooth: bool = True


def outcome(function: Callable[..., Any]) -> Callable[..., Any]:
    """One smooth number from all results."""

    def total(*arrays: Any) -> Any:
        found = function(*arrays)
        parts = found if isinstance(found, tuple) else (found,)
        value = 0.0
        for k, part in enumerate(parts):
            value = value + (k + 1.0) * np.sum(np.sin(part + 0.3 * k))
        return value

    def of_one(a: Any) -> Any:
        return total(a)

    def of_two(a: Any, b: Any) -> Any:
        return total(a, b)

    return of_one if function.__code__.co_argcount == 1 else of_two


def differences(function: Callable[..., Any], arrays: tuple[Any, ...], place: int) -> np.ndarray:
    """Central differences of two steps, extrapolated."""
    gradient = np.zeros(arrays[place].shape)
    for index in np.ndindex(*gradient.shape):

        def along(t: float, index: tuple[int, ...] = index) -> float:
            moved = arrays[place].copy()
            moved[index] += t
            return float(function(*arrays[:place], moved, *arrays[place + 1 :]))

        first, second = ((along(h) - along(-h)) / (2 * h) for h in (1e-3, 2e-3))
        gradient[index] = (4 * first - second) / 3
    return gradient


def parts_of(found: Any) -> list[Any]:
    return list(found) if isinstance(found, tuple) else [found]


def check_value(line: Line) -> tuple[Any, Any]:
    """What the function gives, against what it gives when Python runs it; both."""
    found = sd.differentiable(line.function)(*line.arrays)
    expected = line.function(*line.arrays)
    assert isinstance(found, tuple) == isinstance(expected, tuple)
    for got, wanted in zip(parts_of(found), parts_of(expected), strict=True):
        assert np.shape(got) == np.shape(wanted)
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)
    return found, expected


def check_gradient(line: Line) -> None:
    """The gradient of a smooth function of all results, against differences of the plain Python function."""
    function = outcome(line.function)
    names = ("a", "b")[: len(line.arrays)]
    found = sd.differentiable(function, wrt=names).grad(*line.arrays)
    for place, gradient in enumerate(found):
        expected = differences(function, line.arrays, place)
        scale = 1.0 + np.max(np.abs(expected), initial=0.0)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7 * scale)
