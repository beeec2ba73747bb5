"""What values may be: parameters of distributions, and what these are asked about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    "Constraint", "boolean", "greater_than", "half_open_interval", "independent", "integer_interval", "lower_cholesky",
    "nonnegative", "one_hot", "positive", "positive_definite", "real", "real_vector", "simplex", "unit_interval",
]  # fmt: skip


class Constraint:
    """A condition on values.

    Parameters
    ----------
    text : str
        How it is shown.
    check : callable
        Gives a tensor of bools.
    is_discrete : bool
    event_dim : int
        How many of the last dimensions make one value.
    """

    def __init__(
        self, text: str, check: Callable[[Any], Any], *, is_discrete: bool = False, event_dim: int = 0
    ) -> None:
        self.text, self.check, self.is_discrete, self.event_dim = text, check, is_discrete, event_dim

    def __repr__(self) -> str:
        return self.text


def greater_than(lower_bound: Any) -> Constraint:
    """Above a bound."""
    return Constraint(f"GreaterThan(lower_bound={lower_bound})", lambda x: x > lower_bound)


def greater_than_eq(lower_bound: Any) -> Constraint:
    """A bound, or above it."""
    return Constraint(f"GreaterThanEq(lower_bound={lower_bound})", lambda x: x >= lower_bound)


def interval(lower: Any, upper: Any) -> Constraint:
    """Between two bounds, or one of them."""
    text = f"Interval(lower_bound={lower}, upper_bound={upper})"
    return Constraint(text, lambda x: (x >= lower) & (x <= upper))


def half_open_interval(lower: Any, upper: Any) -> Constraint:
    """Between two bounds, or the lower one."""
    text = f"HalfOpenInterval(lower_bound={lower}, upper_bound={upper})"
    return Constraint(text, lambda x: (x >= lower) & (x < upper))


def integer_interval(lower: int, upper: int) -> Constraint:
    """A whole number between two bounds, or one of them."""
    text = f"IntegerInterval(lower_bound={lower}, upper_bound={upper})"
    return Constraint(text, lambda x: (x % 1 == 0) & (x >= lower) & (x <= upper), is_discrete=True)


def independent(base: Constraint, count: int) -> Constraint:
    """The same for all elements along the last dimensions."""

    def check(x: Any) -> Any:
        found = base.check(x)
        return found.reshape(*found.shape[: found.ndim - count], -1).all(-1)

    text = f"IndependentConstraint({base!r}, {count})"
    return Constraint(text, check, is_discrete=base.is_discrete, event_dim=base.event_dim + count)


def _is_lower_cholesky(x: Any) -> Any:
    is_lower = (x.tril() == x).flatten(-2).all(-1)
    return is_lower & (x.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


def _is_positive_definite(x: Any) -> Any:
    symmetric = ((x - x.mT).abs() <= 1e-6 + 1e-5 * x.mT.abs()).flatten(-2).all(-1)
    minors = [x[..., :k, :k].det() > 0 for k in range(1, x.shape[-1] + 1)]
    for minor in minors:
        symmetric = symmetric & minor
    return symmetric


real = Constraint("Real()", lambda x: x == x)
real_vector = independent(real, 1)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
boolean = Constraint("Boolean()", lambda x: (x == 0) | (x == 1), is_discrete=True)
simplex = Constraint("Simplex()", lambda x: (x >= 0).all(-1) & ((x.sum(-1) - 1).abs() < 1e-6), event_dim=1)
one_hot = Constraint(
    "OneHot()", lambda x: ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1), is_discrete=True, event_dim=1
)
lower_cholesky = Constraint("LowerCholesky()", _is_lower_cholesky, event_dim=2)
positive_definite = Constraint("PositiveDefinite()", _is_positive_definite, event_dim=2)
