"""Activations of neural networks, written so that neither they nor their derivatives overflow or cancel.

The largest entry is taken away before ``exp``, as a constant: results do not depend on it, and so no derivative does.
"""

from __future__ import annotations

from typing import Any

from symdiff.errors import ShapeError
from symdiff.ops.comparison import greater, isfinite, where
from symdiff.ops.convert import stop_gradient
from symdiff.ops.elementary import exp, log, logaddexp, sigmoid, tanh
from symdiff.ops.primitive import Traced
from symdiff.ops.reduction import max_, sum_
from symdiff.ops.shaping import reshape
from symdiff.ops.special import erfc

__all__ = ["gelu", "log_sigmoid", "log_softmax", "logsumexp", "silu", "softmax", "softplus"]

ROOT_HALF = 0.7071067811865476
ROOT_TWO_OVER_PI = 0.7978845608028654


def _top(x: Traced, axis: tuple[int, ...]) -> Any:
    return stop_gradient(max_(x, axis=axis, keepdims=True))


def logsumexp(x: Traced, axis: tuple[int, ...], keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` over axes, given as a sorted tuple of non-negative ints."""
    top = _top(x, axis)
    top = where(isfinite(top), top, 0.0)
    total = log(sum_(exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else reshape(total, shape=tuple(d for k, d in enumerate(x.shape) if k not in axis))


def softmax(x: Traced, axis: int) -> Any:
    """``exp(x) / sum(exp(x))`` along an axis."""
    weights = exp(x - _top(x, (axis,)))
    return weights / sum_(weights, axis=(axis,), keepdims=True)


def log_softmax(x: Traced, axis: int) -> Any:
    """``log(softmax(x))``, also where an entry of it is too small for a float."""
    shifted = x - _top(x, (axis,))
    return shifted - log(sum_(exp(shifted), axis=(axis,), keepdims=True))


def log_sigmoid(x: Traced) -> Any:
    """``log(1 / (1 + exp(-x)))``."""
    return -logaddexp(-x, 0.0)


def softplus(x: Traced, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """``log(1 + exp(beta x)) / beta``, and x itself where ``beta x`` is above the threshold, as PyTorch has it."""
    if beta == 0:
        x.build.refuse(ShapeError, "beta must not be 0")
    scaled = x * beta
    return where(greater(scaled, threshold), x, logaddexp(scaled, 0.0) / beta)


def silu(x: Traced) -> Any:
    """``x sigmoid(x)``."""
    return x * sigmoid(x)


def gelu(x: Traced, approximate: str = "none") -> Any:
    """x times the probability that a normal number is less; ``"tanh"`` is PyTorch's approximation of it.

    With ``erfc``, for ``1 + erf(x)`` cancels where x is very negative.
    """
    if approximate == "tanh":
        return x * 0.5 * (tanh((x + x * 0.044715 * x * x) * ROOT_TWO_OVER_PI) + 1.0)
    if approximate != "none":
        x.build.refuse(ShapeError, f"approximate must be 'none' or 'tanh', not {approximate!r}")
    return x * 0.5 * erfc(x * -ROOT_HALF)
