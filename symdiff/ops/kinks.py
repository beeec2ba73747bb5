"""The kink table: what the derivative is where there is none, as data.

Rows name an entry in their column ``kink``; rules follow it; the tests run its examples; documentation prints it; and
``at_kink={"abs": 1.0}`` replaces the slope of an entry for one function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from symdiff.ops.comparison import equal, logical_or, where

__all__ = ["KINKS", "SLOPE", "Example", "Kink", "changeable", "with_slope"]

# the attribute of a node whose slope at its kink was chosen
SLOPE = "slope"

INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Example:
    """A row at a kink, and the cotangent of each argument for an incoming cotangent (1 if not given)."""

    row: str
    arguments: tuple[Any, ...]
    gradients: tuple[Any, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    cotangent: float = 1.0


@dataclass(frozen=True)
class Kink:
    """One line of the table.

    Attributes
    ----------
    expression, point : str
        Where there is no derivative.
    convention : str
        What is given instead.
    others : dict
        What other systems give, as measured or documented.
    at : callable or None
        ``at(position, *inputs)``: the condition under which what flows to an argument is a matter of convention; None
        where ``at_kink=`` cannot change it.
    shares : bool
        Whether the arguments share the cotangent, so that a slope for the first leaves the rest to the others.
    examples : tuple of Example
        Checked by the tests.
    """

    expression: str
    point: str
    convention: str
    others: dict[str, str]
    examples: tuple[Example, ...]
    at: Callable[..., Any] | None = None
    shares: bool = False


ALL: dict[str, Any] = {"axis": (0,), "keepdims": False}

KINKS: dict[str, Kink] = {
    "abs": Kink(
        "abs(x)",
        "0",
        "0",
        {"JAX": "1", "autograd": "0", "PyTorch": "0"},
        (
            Example("absolute", (0.0,), (0.0,)),
            Example("fabs", (-0.0,), (0.0,)),
            Example("copysign", (0.0, 1.0), (0.0, None)),
        ),
        at=lambda position, x, *more: equal(x, 0),
    ),
    "maximum": Kink(
        "maximum(a, b) of arrays, also minimum, fmax, fmin",
        "a == b",
        "0.5 to each argument",
        {"JAX": "0.5", "autograd": "0.5", "PyTorch": "0.5, 1 or 0 by spelling"},
        (
            Example("maximum", (2.0, 2.0), (0.5, 0.5)),
            Example("minimum", (0.0, -0.0), (0.5, 0.5)),
            Example("fmax", (1.0, 1.0), (0.5, 0.5)),
            Example("fmin", (1.0, 1.0), (0.5, 0.5)),
        ),
        at=lambda position, a, b: equal(a, b),
        shares=True,
    ),
    "relu": Kink(
        "max(x, 0) of Python scalars, where(x > 0, x, 0)",
        "0",
        "that of the argument taken: Python's max and min take the first of two equal ones",
        {"JAX": "0", "PyTorch": "0"},
        (Example("where", (False, 0.0, 0.0), (None, 0.0, 1.0)),),
    ),
    "max": Kink(
        "np.max(x), np.min(x)",
        "k equal entries",
        "1 / k to each",
        {"JAX": "1/k", "autograd": "1/k", "PyTorch": "1/k (amax)"},
        (
            Example("max", ([1.0, 3.0, 3.0],), ([0.0, 0.5, 0.5],), ALL),
            Example("min", ([2.0, 2.0, 2.0, 5.0],), ([1 / 3, 1 / 3, 1 / 3, 0.0],), ALL),
        ),
    ),
    "sort": Kink(
        "np.sort(x), np.median(x), np.quantile(x, q)",
        "equal entries",
        "that of a stable sort: the earlier of two equal entries takes the earlier place",
        {"JAX": "the same", "autograd": "by argsort", "PyTorch": "by its own order"},
        (Example("sort", ([2.0, 1.0, 2.0],), ([1.0, 1.0, 1.0],), {"axis": 0}),),
    ),
    "clip": Kink(
        "np.clip(x, low, high)",
        "x == low, x == high",
        "1: the closed interval counts as inside",
        {"JAX": "0.5", "autograd": "0", "PyTorch": "1"},
        (Example("clip", (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)), Example("clip", (1.0, 0.0, 1.0), (1.0, 0.0, 0.0))),
        at=lambda position, x, low, high: (
            logical_or(equal(x, low), equal(x, high)) if position == 0 else equal(x, low if position == 1 else high)
        ),
        shares=True,
    ),
    "sqrt": Kink(
        "sqrt(x)",
        "0",
        "inf, but 0 if the incoming cotangent is exactly 0",
        {"JAX": "inf", "autograd": "error", "PyTorch": "inf"},
        (Example("sqrt", (0.0,), (INF,)), Example("sqrt", (0.0,), (0.0,), cotangent=0.0)),
        at=lambda position, x: equal(x, 0),
    ),
    "norm": Kink(
        "norm(x), std(x), hypot(a, b)",
        "0",
        "0",
        {"JAX": "nan", "autograd": "nan", "PyTorch": "0"},
        (
            Example("norm", ([0.0, 0.0],), ([0.0, 0.0],), ALL),
            Example("std", ([2.0, 2.0],), ([0.0, 0.0],), ALL),
            Example("hypot", (0.0, 0.0), (0.0, 0.0)),
        ),
    ),
    "power": Kink(
        "a ** b",
        "a = 0 or b = 0",
        "in a: 0 where b = 0, whatever a is; in b: 0 where a = 0",
        {"JAX": "nan for x**0. at 0, 0 in b", "autograd": "0", "PyTorch": "0"},
        (
            Example("power", (0.0, 0.0), (0.0, 0.0)),
            Example("power", (0.0, 2.0), (0.0, 0.0)),
            Example("power", (0.0, 1.0), (1.0, 0.0)),
            Example("math_pow", (0.0, 3.0), (0.0, 0.0)),
        ),
    ),
    "arctan2": Kink(
        "arctan2(a, b)",
        "a = b = 0",
        "nan",
        {"JAX": "nan", "autograd": "nan"},
        (Example("arctan2", (0.0, 0.0), (NAN, NAN)),),
    ),
    "divide": Kink(
        "x / x",
        "0",
        "nan, as the value",
        {"JAX": "nan", "autograd": "nan", "PyTorch": "nan"},
        (Example("divide", (0.0, 0.0), (INF, NAN)),),
    ),
    "sigmoid": Kink(
        "1 / (1 + exp(-x))",
        "-800 (no kink, but inf inside)",
        "0: the form is recognised",
        {"JAX": "nan", "autograd": "nan", "PyTorch": "nan"},
        (Example("sigmoid", (-800.0,), (0.0,)), Example("sigmoid", (800.0,), (0.0,))),
    ),
}


def changeable() -> tuple[str, ...]:
    """The entries whose slope ``at_kink=`` may choose."""
    return tuple(key for key, kink in KINKS.items() if kink.at is not None)


def with_slope(key: str, position: int, slope: float, contribution: Any, g: Any, *inputs: Any) -> Any:
    """What flows to argument ``position`` of a row whose slope at the kink was chosen by ``at_kink=``."""
    kink = KINKS[key]
    if kink.at is None:
        raise ValueError(f"the convention of {kink.expression} cannot be changed")
    share = 1.0 - slope if kink.shares and position > 0 else slope
    return where(kink.at(position, *inputs), share * g, contribution)
