"""Memory that several tensors share, and the steps by which a tensor views a part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.tensors.lazy import Lazy, Operation, as_array, known
from symdiff.tensors.plans import materialise

__all__ = [
    "NUMPY_VIEWS",
    "Storage",
    "View",
    "belonging",
    "inference_rules",
    "numpy_view",
    "part_of_shared",
    "refresh",
    "seen_in_memory",
]

inference_rules: list[Any] = []
"""What inference mode forbids; empty until it is used."""


@dataclass(frozen=True, slots=True)
class View:
    """One step from a storage to a tensor: how it is read, and how a store through it changes what it views.

    Attributes
    ----------
    read : Operation
    attrs : tuple
    write : callable or None
        ``write(base, new)`` gives the base with the new elements; None where elements lie on top of each other.
    operands : tuple
        Values that the reading takes besides the base, such as indices.
    """

    read: Operation
    attrs: tuple[Any, ...]
    write: Callable[[Lazy, Lazy], Lazy] | None
    operands: tuple[Any, ...] = ()


class Storage:
    """Memory that several tensors share.

    Attributes
    ----------
    value : Lazy
        What it holds now.
    version : int
        How often it was stored into, as PyTorch counts.
    changes : int
        How often it was stored into, also by ways that PyTorch does not count.
    shared : numpy.ndarray or None
        The same memory where others than tensors see it: it is read and stored into at once.
    """

    __slots__ = ("changes", "shared", "value", "version")

    def __init__(self, value: Lazy, version: int) -> None:
        self.value, self.version, self.changes = value, version, 0
        self.shared: np.ndarray[Any, Any] | None = None


def numpy_view(array: np.ndarray[Any, Any], step: View) -> np.ndarray[Any, Any]:
    """The same view of a NumPy array."""
    maker = NUMPY_VIEWS[step.read.name]
    return maker(array, *step.attrs)


NUMPY_VIEWS: dict[str, Callable[..., Any]] = {}
"""How each view is made of a NumPy array, by the name of its operation."""


def refresh(storage: Storage) -> None:
    """Take over what others have stored into shared memory."""
    shared = storage.shared
    assert shared is not None
    if storage.value.array is None:
        materialise([storage.value])
    # to the bit, which also tells 0.0 from -0.0; comparing bytes is quick for small arrays, too
    if as_array(storage.value).tobytes() != shared.tobytes():
        before = storage.value
        fresh = known(np.array(shared, order="C"), before.dtype, before.shape)
        if before.owner is not None:
            fresh.differentiable, fresh.owner, fresh.hooks = before.differentiable, before.owner, before.hooks
        storage.changes += 1
        storage.value = fresh


def belonging(value: Lazy, storage: Storage) -> Lazy:
    """A value that was read from a storage, with a note of it."""
    if value is not storage.value and value.owner is None:
        value.memory, value.version = storage, storage.version
    return value


def part_of_shared(storage: Storage, views: Sequence[View], before: Lazy) -> Lazy:
    """What a view holds of memory that others may have stored into: only its part is looked at, not all of it.

    Parameters
    ----------
    storage : Storage
        Of shared memory.
    views : sequence of View
    before : Lazy
        What the view held so far; it is kept if the elements are still the same.
    """
    array = np.asarray(seen_in_memory(storage, views))
    is_same = before.memory is storage and before.array is not None and before.shape == array.shape
    if is_same and as_array(before).tobytes() == array.tobytes():
        return before
    return belonging(known(np.array(array, order="C"), before.dtype, array.shape), storage)


def seen_in_memory(storage: Storage, views: Sequence[View]) -> np.ndarray[Any, Any]:
    """The elements of a view of shared memory as they are now."""
    array = storage.shared
    assert array is not None
    for step in views:
        array = numpy_view(array, step)
    return array
