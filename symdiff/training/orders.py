"""The orders of several epochs at once: those that a `DataLoader` gives one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symdiff.tensors.generator import default_generator
from symdiff.tensors.integer_draws import randperm
from symdiff.utils.data.samplers import sampler_generator

__all__ = ["orders"]

LANES = 16
"""From so many epochs on they are shuffled side by side, if there are few rows: row after row of all of them."""
FEW_ROWS = 256


def orders(rows: int, epochs: int, *, shuffle: bool, seeded: bool) -> NDArray[np.int64]:
    """The orders of some epochs.

    Parameters
    ----------
    rows : int
    epochs : int
    shuffle : bool
    seeded : bool
        Whether each epoch draws a seed for a loader's workers from the default generator, as loaders do even where
        there are none. One for the sampler follows, if it shuffles.

    Returns
    -------
    array of shape (epochs, rows)
    """
    if not shuffle:
        if seeded:
            default_generator.draw64(epochs)
        return np.tile(np.arange(rows), (epochs, 1))
    seeds = default_generator.draw64(2 * epochs if seeded else epochs)[int(seeded) :: 1 + int(seeded)]
    # a sampler's seed has 63 bits of the draw
    each = (sampler_generator(seed % 2**63) for seed in seeds.tolist())
    if epochs < LANES or rows > FEW_ROWS:
        return np.array([randperm(rows, generator=g) for g in each], np.int64).reshape(epochs, rows)
    draws = np.empty((max(rows - 1, 0), epochs), np.int64)
    for k, g in enumerate(each):
        draws[:, k] = g.draw32(len(draws))
    return _shuffled(draws, rows)


def _shuffled(draws: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Swap each element with one at or after it, which its draw says: a column of draws for each epoch."""
    epochs = draws.shape[1]
    found = np.repeat(np.arange(rows)[:, None], epochs, axis=1)
    lanes = np.arange(epochs)
    for k, draw in enumerate(draws):
        partners = draw % (rows - k) + k
        moved = found[partners, lanes]
        found[partners, lanes] = found[k]
        found[k] = moved
    return np.ascontiguousarray(found.T)
