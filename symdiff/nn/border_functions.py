"""Borders of elements that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.tensors.creation import made

__all__ = ["pad_by_index"]


def pad_by_index(input: Any, pad: Sequence[int], mode: str) -> Any:
    """A border of elements that are there: mirrored, those at the edge, or those at the other end."""
    n = len(pad) // 2
    if input.ndim not in (n + 1, n + 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {input.ndim}D input tensor."
        )
    for k in range(n):
        axis, before, after = input.ndim - 1 - k, int(pad[2 * k]), int(pad[2 * k + 1])
        size = input.shape[axis]
        places = np.arange(-before, size + after)
        if mode == "reflect":
            if max(before, after) >= size:
                raise RuntimeError(
                    "Argument #4: Padding size should be less than the corresponding input dimension, but got: "
                    f"padding ({before}, {after}) at dimension {axis} of input {list(input.shape)}"
                )
            places = np.abs(places)
            places = np.where(places >= size, 2 * (size - 1) - places, places)
        elif mode == "replicate":
            places = np.clip(places, 0, size - 1)
        else:
            if max(before, after) > size:
                raise RuntimeError("Padding value causes wrapping around more than once.")
            places = places % size
        if before or after:
            input = input.index_select(axis, made(places.astype(np.int64)))
    return input
