"""Tensors that a step reads besides those it is given, and memory that some of them share.

A native loop keeps what it trains to itself until a call ends. So whatever else sees that memory, such as a view that
the loss holds, would be read as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from symdiff.frontend.program import Captured, Path
from symdiff.tensors.parsing import tensor_at
from symdiff.tensors.storage import Storage
from symdiff.tensors.tensor import Tensor
from symdiff.training.engine import Refused

__all__ = ["check_memory", "outside"]


def outside(captured: Iterable[Captured], function: object) -> dict[Captured, tuple[Path, Tensor]]:
    """The tensors among what is read from outside, and where they stand."""
    found = {c: tensor_at(c.path, function) for c in captured}
    return {c: place for c, place in found.items() if place is not None}


def check_memory(changed: Sequence[Tensor], read: Sequence[Tensor | Captured], function: object) -> None:
    """Refuse steps that read memory, besides, of what they change.

    Parameters
    ----------
    changed : sequence of Tensor
    read : sequence of Tensor or Captured
        What they leave as it is.
    function : callable
        What was parsed.
    """
    places = outside([x for x in read if isinstance(x, Captured)], function)
    tensors = [x for x in read if isinstance(x, Tensor)] + [tensor for _, tensor in places.values()]
    if any(not tensor.is_leaf for tensor in tensors):
        raise Refused("the loss reads a tensor that is part of a graph already")
    storages = [t._storage for t in changed if t._storage is not None]
    twice = len(set(map(id, storages))) < len(storages)
    seen = {id(s) for s in storages}
    if twice or any(t._storage is not None and id(t._storage) in seen for t in tensors):
        raise Refused("a parameter or buffer shares its memory with another tensor that is read")
    arrays = [x.read(function) for x in read if isinstance(x, Captured) and x not in places]
    if any(_is_array_of(array, storages) for array in arrays if isinstance(array, np.ndarray)):
        raise Refused("a parameter or buffer shares its memory with an array that is read")


def _is_array_of(array: np.ndarray, storages: Sequence[Storage]) -> bool:
    return any(s.shared is not None and np.may_share_memory(array, s.shared) for s in storages)
