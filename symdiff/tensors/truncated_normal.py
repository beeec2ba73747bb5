"""The truncated normal distribution by rejection, as PyTorch's ``nn.init.trunc_normal_`` draws it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from symdiff.errors import SymdiffWarning
from symdiff.tensors.distributions import checked_shape, float_dtype, normal, uniform
from symdiff.tensors.generator import Generator

__all__ = ["truncated_normal"]

LIKELY = 0.3  # with more of the distribution than this inside the bounds, normal numbers are drawn, else uniform ones


def truncated_normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
    dtype: DTypeLike = np.float32,
    generator: Generator | None = None,
    contiguous: bool = True,
) -> np.ndarray:
    """Return normal numbers that lie in [low, high].

    Parameters
    ----------
    shape : int or sequence of int
    mean, std : float
        Of the normal distribution before it is truncated.
    low, high : float
    dtype : dtype
        float32 or float64.
    generator : Generator, optional
    contiguous : bool
        As for `normal`.
    """
    sizes, kind = checked_shape(shape), float_dtype(dtype, "trunc_normal_")
    if mean < low - 2 * std or mean > high + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in trunc_normal_: the distribution of values may be incorrect",
            SymdiffWarning,
            stacklevel=2,
        )
    inside = _below((high - mean) / std) - _below((low - mean) / std)
    if inside > LIKELY:
        return _from_normal(sizes, mean, std, (low, high), kind, generator, contiguous)
    return _from_uniform(sizes, mean, std, (low, high), kind, generator)


def _below(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _from_normal(
    sizes: tuple[int, ...],
    mean: float,
    std: float,
    bounds: tuple[float, float],
    kind: np.dtype,
    generator: Generator | None,
    contiguous: bool,
) -> np.ndarray:
    low, high = (kind.type(bound) for bound in bounds)
    values = normal(sizes, mean, std, kind, generator, contiguous)
    while (outside := (values < low) | (values > high)).any():
        # Every round draws the whole array again.
        values = np.where(outside, normal(sizes, mean, std, kind, generator, contiguous), values)
    return values


def _from_uniform(
    sizes: tuple[int, ...],
    mean: float,
    std: float,
    bounds: tuple[float, float],
    kind: np.dtype,
    generator: Generator | None,
) -> np.ndarray:
    mode = max(bounds[0], min(mean, bounds[1]))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    values, pending = np.empty(sizes, kind), np.ones(sizes, bool)
    while True:
        candidates = uniform(sizes, *bounds, kind, generator)
        values = np.where(pending, candidates, values)
        distance = (candidates - kind.type(mean)) / kind.type(std)
        log_density = distance * distance * kind.type(-0.5) - kind.type(log_peak)
        with np.errstate(divide="ignore"):
            # By way of float64, so that the logarithm is rounded correctly in float32.
            threshold = np.log(uniform(sizes, dtype=kind, generator=generator).astype(np.float64)).astype(kind)
        pending = pending & (threshold > log_density)
        if not pending.any():
            return values
