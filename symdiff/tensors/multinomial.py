"""Draws of categories by their weights, which are PyTorch's CPU draws for the same generator."""

from __future__ import annotations

import numpy as np

from symdiff.errors import located
from symdiff.tensors.distributions import DOUBLE, FLOATS, exponential, fill
from symdiff.tensors.generator import Generator, default_generator
from symdiff.tensors.normal_draws import unit_uniform
from symdiff.tensors.selection import largest_indices

__all__ = ["multinomial"]

MOST_CATEGORIES = 2**24


def multinomial(
    weights: np.ndarray, samples: int, replacement: bool = False, generator: Generator | None = None
) -> np.ndarray:
    """Return categories drawn with probabilities in proportion to their weights.

    Parameters
    ----------
    weights : numpy.ndarray
        1-d, or 2-d with a row for each distribution; float32 or float64.
    samples : int
        How many to draw from each row.
    replacement : bool
        Whether a category can be drawn more than once.
    generator : Generator, optional

    Returns
    -------
    numpy.ndarray
        Indices, int64, of shape (samples,) or (rows, samples).
    """
    _check(weights, samples, replacement)
    shape = (*weights.shape[:-1], samples)
    if 0 in shape:
        return np.empty(shape, np.int64)
    source = generator or default_generator
    if replacement and samples > 1:
        return _with_replacement(np.atleast_2d(weights), samples, source).reshape(shape)
    return _by_race(weights, samples, source)


def _check(weights: np.ndarray, samples: int, replacement: bool) -> None:
    if weights.ndim not in (1, 2):
        raise located(RuntimeError, "prob_dist must be 1 or 2 dim")
    if weights.dtype not in FLOATS:
        raise located(RuntimeError, f"multinomial only supports floating-point dtypes for input, got: {weights.dtype}")
    if samples <= 0:
        raise located(RuntimeError, "cannot sample n_sample <= 0 samples")
    categories = weights.shape[-1]
    if not replacement and samples > categories:
        raise located(RuntimeError, "cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if categories > MOST_CATEGORIES:
        raise located(RuntimeError, "number of categories cannot exceed 2^24")
    if not np.all((weights >= 0) & (weights < np.inf)):
        if replacement and samples > 1:
            found = "= infinity or NaN" if (weights >= 0).all() else "< 0"
            raise located(RuntimeError, f"invalid multinomial distribution (encountering probability entry {found})")
        raise located(RuntimeError, "probability tensor contains either `inf`, `nan` or element < 0")
    if not weights.any(axis=-1).all():
        raise located(RuntimeError, "invalid multinomial distribution (sum of probabilities <= 0)")


def _with_replacement(weights: np.ndarray, samples: int, generator: Generator) -> np.ndarray:
    """Look uniform numbers up in the cumulative distribution, which is summed one by one in the weights' dtype."""
    uniform = unit_uniform(len(weights) * samples, DOUBLE, generator).reshape(-1, samples)
    cumulative = np.cumsum(weights, axis=1, dtype=weights.dtype)
    cumulative = cumulative / cumulative[:, -1:]
    cumulative[:, -1] = 1
    bounds = cumulative.astype(np.float64)
    return np.stack([np.searchsorted(row, drawn) for row, drawn in zip(bounds, uniform, strict=True)])


def _by_race(weights: np.ndarray, samples: int, generator: Generator) -> np.ndarray:
    """Take the categories whose exponential clocks, as fast as their weights, ring first."""
    clocks = np.empty_like(weights)
    fill(clocks, lambda shape: exponential(shape, 1.0, weights.dtype, generator))
    with np.errstate(divide="ignore", invalid="ignore"):
        ranks = weights / clocks
    if samples == 1:
        return np.asarray(ranks.argmax(axis=-1, keepdims=True))
    return largest_indices(ranks, samples)
