"""Functions of `scipy.special` written in Python: sums of exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.by_name import stands_for_named
from symdiff.ops.scipy_row import CALLS

__all__: list[str] = []

SPECIAL = "scipy.special"
constant = CALLS["stop_gradient"]


def largest(a: Any, axis: Any, keepdims: bool) -> Any:
    """The largest entry if that is finite: what exponentials are scaled by, which does not change the result."""
    top = constant(np.max(a, axis=axis, keepdims=keepdims))
    return np.where(np.isfinite(top), top, 0.0)


@stands_for_named(SPECIAL)
def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """The logarithm of a sum of exponentials."""
    a = np.asarray(a) * 1.0
    shares = np.exp(a - largest(a, axis, True))
    if b is not None:
        shares = np.asarray(b) * shares
    total = np.sum(shares, axis=axis, keepdims=keepdims)
    if return_sign:
        return np.log(np.abs(total)) + largest(a, axis, keepdims), np.sign(total)
    return np.log(total) + largest(a, axis, keepdims)


@stands_for_named(SPECIAL)
def softmax(x: Any, axis: Any = None) -> Any:
    """Exponentials divided by their sum."""
    x = np.asarray(x) * 1.0
    shares = np.exp(x - largest(x, axis, True))
    return shares / np.sum(shares, axis=axis, keepdims=True)


@stands_for_named(SPECIAL)
def log_softmax(x: Any, axis: Any = None) -> Any:
    """The logarithm of that."""
    x = np.asarray(x) * 1.0
    moved = x - largest(x, axis, True)
    return moved - np.log(np.sum(np.exp(moved), axis=axis, keepdims=True))


@stands_for_named(SPECIAL)
def softplus(x: Any) -> Any:
    """The logarithm of ``1 + exp(x)``."""
    return np.logaddexp(0.0, x)
