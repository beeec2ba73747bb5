"""What an operation costs, in additions: the measure by which a rewrite has to pay."""

from __future__ import annotations

from symdiff.ops import REGISTRY

__all__ = ["TRIVIAL", "operation_cost"]

# A sign change disappears in a sum, a product with a literal or a fused multiply-add more often than not. One pass
# computes `log1p`, `expm1` and the logistic function; written out they are operations more, and less accurate.
ADJUSTED = {"negative": 0.5, "log1p": 15.5, "expm1": 15.5, "sigmoid": 17.0, "positive": 0.0, "stop_gradient": 0.0}

TRIVIAL = frozenset({"negative", "positive", "convert", "stop_gradient"})
"""Rows that give a region nothing to simplify."""


def operation_cost(row: str) -> float:
    """The cost of one operation on scalars, or an element of it on arrays."""
    return ADJUSTED.get(row, REGISTRY[row].cost)
