"""Maximum, minimum and clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.ops.comparison import equal, greater, greater_equal, less, less_equal, logical_and, where
from symdiff.ops.primitive import REALS, Domain, Primitive, elementwise

__all__ = ["clip", "fmax", "fmin", "maximum", "minimum"]


def _wins(g: Any, a: Any, b: Any, beats: Any) -> Any:
    """What flows to ``a``: all where it wins, half where they tie."""
    return where(beats(a, b), g, where(equal(a, b), 0.5 * g, 0.0))


def _best(name: str) -> Any:
    """Kernel of maximum and minimum."""
    of_truth = {"max": "or_", "min": "and_"}[name]
    return lambda k, a, b: getattr(k, of_truth if a.type == "i1" else name)(a, b)


# On Python scalars these two only ever compute sizes: the front end writes Python's own max and min as a choice.
maximum: Primitive = elementwise(
    "maximum",
    numpy=np.maximum,
    scalar=max,
    spelling="max({}, {})",
    result="same",
    kernel=_best("max"),
    sympy="Max",
    vjp=(lambda g, y, a, b: _wins(g, a, b, greater), lambda g, y, a, b: _wins(g, b, a, greater)),
    kink="maximum",
    cost=2.0,
)

minimum: Primitive = elementwise(
    "minimum",
    numpy=np.minimum,
    scalar=min,
    spelling="min({}, {})",
    result="same",
    kernel=_best("min"),
    sympy="Min",
    vjp=(lambda g, y, a, b: _wins(g, a, b, less), lambda g, y, a, b: _wins(g, b, a, less)),
    kink="maximum",
    cost=2.0,
)


def _numbers_first(name: str) -> Any:
    """Kernel of fmax and fmin, which prefer a number to a NaN."""

    def kernel(k: Any, a: Any, b: Any) -> Any:
        best = _best(name)(k, a, b)
        if a.type not in ("f64", "f32"):
            return best
        return k.select(k.isnan(a), b, k.select(k.isnan(b), a, best))

    return kernel


fmax: Primitive = elementwise(
    "fmax",
    numpy=np.fmax,
    result="same",
    kernel=_numbers_first("max"),
    sympy="Max",
    vjp=(lambda g, y, a, b: _wins(g, a, b, greater), lambda g, y, a, b: _wins(g, b, a, greater)),
    kink="maximum",
    cost=4.0,
)

fmin: Primitive = elementwise(
    "fmin",
    numpy=np.fmin,
    result="same",
    kernel=_numbers_first("min"),
    sympy="Min",
    vjp=(lambda g, y, a, b: _wins(g, a, b, less), lambda g, y, a, b: _wins(g, b, a, less)),
    kink="maximum",
    cost=4.0,
)

# NumPy's order: the upper bound has the last word. A one-sided clip is written with an infinite bound.
clip: Primitive = elementwise(
    "clip",
    numpy=np.clip,
    result="clip",
    kernel=lambda k, x, low, high: _best("min")(k, _best("max")(k, x, low), high),
    sympy=lambda sp, x, low, high: sp.Min(sp.Max(x, low), high),
    vjp=(
        lambda g, y, x, low, high: where(logical_and(greater_equal(x, low), less_equal(x, high)), g, 0.0),
        lambda g, y, x, low, high: where(logical_and(less(x, low), less_equal(low, high)), g, 0.0),
        lambda g, y, x, low, high: where(greater(maximum(x, low), high), g, 0.0),
    ),
    domain=(REALS, Domain(-2.0, -0.5), Domain(0.5, 2.0)),
    kink="clip",
    cost=3.0,
)
