"""Weighted minimax polynomials by the Remez exchange, with coefficients rounded to doubles.

The exchange runs on a fixed dense grid in multiple precision: extrema are located to a grid spacing, which costs a
negligible factor in the error and keeps every fit under a few seconds without any compiled dependency.

References
----------
W. Fraser, "A survey of methods of computing minimax and near-minimax polynomial approximations", J. ACM 12 (1965).
N. Brisebarre, J.-M. Muller, A. Tisserand, "Computing machine-efficient polynomial approximations", ACM TOMS 32 (2006).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath as mp

mp.mp.dps = 60
Function = Callable[[mp.mpf], mp.mpf]


def grid(low: float, high: float, count: int) -> list[mp.mpf]:
    """Return points of [low, high] that crowd at both ends as the extrema of a minimax error do."""
    middle, half = (mp.mpf(high) + mp.mpf(low)) / 2, (mp.mpf(high) - mp.mpf(low)) / 2
    return [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def solve(
    points: Sequence[mp.mpf], values: Sequence[mp.mpf], weights: Sequence[mp.mpf], powers: Sequence[int]
) -> list[mp.mpf]:
    """Return the coefficients whose weighted error alternates with equal size over ``len(powers) + 1`` points."""
    rows = [
        [point**power for power in powers] + [(-1) ** index / weight]
        for index, (point, weight) in enumerate(zip(points, weights, strict=True))
    ]
    return list(mp.lu_solve(mp.matrix(rows), mp.matrix(list(values))))[: len(powers)]


def extrema(errors: Sequence[mp.mpf], wanted: int) -> list[int]:
    """Return the places of the largest errors of alternating sign, ``wanted`` of them."""
    places: list[int] = []
    for index, error in enumerate(errors):
        if places and (errors[places[-1]] > 0) == (error > 0):
            if abs(error) > abs(errors[places[-1]]):
                places[-1] = index
        else:
            places.append(index)
    while len(places) > wanted:
        # Dropping an end keeps the alternation; the smaller end matters less.
        places.pop(0 if abs(errors[places[0]]) < abs(errors[places[-1]]) else -1)
    return places


def remez(
    points: Sequence[mp.mpf], values: Sequence[mp.mpf], weights: Sequence[mp.mpf], powers: Sequence[int]
) -> tuple[list[mp.mpf], mp.mpf]:
    """Return minimax coefficients over the grid and the largest weighted error."""
    wanted = len(powers) + 1
    chosen = [round(i * (len(points) - 1) / (wanted - 1)) for i in range(wanted)]
    for _ in range(20):
        pick = [[column[i] for i in chosen] for column in (points, values, weights)]
        coefficients = solve(pick[0], pick[1], pick[2], powers)
        errors = [
            (value - sum(c * x**p for c, p in zip(coefficients, powers, strict=True))) * weight
            for x, value, weight in zip(points, values, weights, strict=True)
        ]
        largest = max(abs(error) for error in errors)
        places = extrema(errors, wanted)
        if len(places) < wanted or largest < 1.02 * min(abs(errors[i]) for i in chosen):
            break
        chosen = places
    return coefficients, largest


def fit(
    function: Function, weight: Function, low: float, high: float, degree: int, fixed: Sequence[mp.mpf] = ()
) -> tuple[list[float], float]:
    """Fit ``function`` on [low, high] by a polynomial with double coefficients.

    On one side of zero the coefficients are rounded one by one, lowest degree first, and the rest fitted again, so that
    later ones make up for the rounding of earlier ones. Where zero is inside, the powers left after the first step all
    vanish there and no longer alternate; rounding each to nearest then costs little because they multiply small powers.

    Parameters
    ----------
    function, weight
        What to approximate, and the factor that turns an error of the polynomial into the error that matters.
    low, high
        The interval.
    degree
        Of the polynomial.
    fixed
        Leading coefficients that are given (from degree 0 up) and left as they are.

    Returns
    -------
    tuple
        The fitted coefficients after the fixed ones, lowest degree first, and the largest weighted error.
    """
    points = grid(low, high, 16 * (degree + 2))
    weights = [weight(x) for x in points]
    values = [function(x) - sum(c * x**p for p, c in enumerate(fixed)) for x in points]
    rounded: list[float] = []
    while (first := len(fixed) + len(rounded)) <= degree:
        coefficients, _ = remez(points, values, weights, range(first, degree + 1))
        step = [float(c) for c in (coefficients if low < 0 < high else coefficients[:1])]
        values = [
            value - sum(mp.mpf(c) * x ** (first + i) for i, c in enumerate(step))
            for x, value in zip(points, values, strict=True)
        ]
        rounded += step
    return rounded, float(max(abs(value) * w for value, w in zip(values, weights, strict=True)))
