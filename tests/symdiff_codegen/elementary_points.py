"""Where the elementary functions are tried, and how far a result is from the true value."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np

INF = math.inf

Draw = Callable[[np.random.Generator, int], np.ndarray]

REFERENCE: dict[str, Callable[..., mpmath.mpf]] = {
    "exp2": lambda x: mpmath.power(2, x),
    "log2": lambda x: mpmath.log(x, 2),
    "pow": mpmath.power,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
}


def error_in_ulp(name: str, arguments: tuple[float, ...], got: float) -> float:
    """Return the error of a result in units of the last place of the true value."""
    reference = REFERENCE.get(name) or getattr(mpmath, name)
    with mpmath.workprec(240):
        exact = reference(*map(mpmath.mpf, arguments))
        if isinstance(exact, mpmath.mpc):
            return 0.0 if math.isnan(got) else INF
        rounded = float(exact)
        if math.isinf(rounded) or math.isinf(got) or math.isnan(got):
            return 0.0 if rounded == got else INF
        return float(abs(mpmath.mpf(got) - exact) / mpmath.mpf(math.ulp(rounded)))


def uniform(low: float, high: float) -> Draw:
    return lambda random, count: random.uniform(low, high, count)


def powers(low: float, high: float, signed: bool = True) -> Draw:
    """Points with uniformly distributed logarithm to base 2."""

    def points(random: np.random.Generator, count: int) -> np.ndarray:
        sign = random.choice([-1.0, 1.0], count) if signed else 1.0
        return sign * 2.0 ** random.uniform(low, high, count)

    return points


def near_one(random: np.random.Generator, count: int) -> np.ndarray:
    return random.choice([-1.0, 1.0], count) * (1 - 2.0 ** random.uniform(-53, -1, count))


WIDE, POSITIVE = powers(-1074, 1023.9), powers(-1074, 1023.9, False)
# Where the points of each function lie, each part with its share.
REGIONS: dict[str, list[tuple[Draw, ...]]] = {
    "exp": [(uniform(-1, 1),), (uniform(-746, 710),), (powers(-60, 9),)],
    "exp2": [(uniform(-1, 1),), (uniform(-1075, 1024),), (powers(-60, 10),)],
    "expm1": [(uniform(-1, 1),), (uniform(-40, 710),), (powers(-60, 5),), (powers(-1074, -60),)],
    "log": [(uniform(0.5, 2),), (uniform(0, 100),), (POSITIVE,)],
    "log2": [(uniform(0.5, 2),), (uniform(0, 100),), (POSITIVE,)],
    "log10": [(uniform(0.5, 2),), (uniform(0, 100),), (POSITIVE,)],
    "log1p": [(uniform(-0.5, 1),), (uniform(-1, 30),), (powers(-60, 1023.9, False),), (powers(-1074, 0),)],
    "sin": [(uniform(-4, 4),), (uniform(-1e5, 1e5),), (powers(-60, 20),), (WIDE,)],
    "cos": [(uniform(-4, 4),), (uniform(-1e5, 1e5),), (powers(-60, 20),), (WIDE,)],
    "tan": [(uniform(-4, 4),), (uniform(-1e5, 1e5),), (powers(-60, 20),), (WIDE,)],
    "tanh": [(uniform(-1, 1),), (uniform(-20, 20),), (powers(-60, 5),), (WIDE,)],
    "sinh": [(uniform(-1, 1),), (uniform(-711, 711),), (powers(-60, 9),), (powers(-1074, -60),)],
    "cosh": [(uniform(-1, 1),), (uniform(-711, 711),), (powers(-60, 9),)],
    "asin": [(uniform(-1, 1),), (powers(-60, 0),), (near_one,), (powers(-1074, -60),)],
    "acos": [(uniform(-1, 1),), (powers(-60, 0),), (near_one,)],
    "atan": [(uniform(-3, 3),), (powers(-60, 60),), (WIDE,)],
    "atan2": [(uniform(-3, 3), uniform(-3, 3)), (WIDE, WIDE), (powers(-1074, -1000), powers(-1074, -1000))],
    "asinh": [(uniform(-3, 3),), (powers(-60, 60),), (WIDE,)],
    "acosh": [(uniform(1, 3),), (lambda random, count: 1 + 2.0 ** random.uniform(-52, 10, count),), (powers(0, 1023),)],
    "atanh": [(uniform(-1, 1),), (powers(-60, 0),), (near_one,), (powers(-1074, -60),)],
    "erf": [(uniform(-1, 1),), (uniform(-2, 2),), (uniform(-6.5, 6.5),), (powers(-60, 4),), (powers(-1074, -60),)],
    "erfc": [(uniform(-1, 1),), (uniform(-7, 7),), (uniform(0.5, 26.5),), (powers(-60, 3),)],
    "cbrt": [(uniform(-3, 3),), (WIDE,)],
    "hypot": [(uniform(-3, 3), uniform(-3, 3)), (WIDE, WIDE), (powers(1000, 1022), powers(1000, 1022))],
    "sqrt": [(POSITIVE,)],
    "pow": [
        (uniform(0, 10), uniform(-20, 20)),
        (powers(-1074, 1023, False), powers(-6, 6)),
        (uniform(0.7, 1.42), uniform(-2000, 2000)),
        (powers(-3, 3), lambda random, count: np.rint(random.uniform(-30, 30, count))),
    ],
}


def points_of(name: str, count: int, seed: int) -> list[np.ndarray]:
    """Return about ``count`` argument tuples of a function as one array for each argument."""
    regions = REGIONS[name]
    random = np.random.default_rng(seed)
    parts = [[draw(random, count // len(regions)) for draw in region] for region in regions]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
