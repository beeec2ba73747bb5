"""Giving tensors new elements that were computed elsewhere, without a record: how optimisers store."""

from __future__ import annotations

from typing import Any

from symdiff.tensors import grad_mode
from symdiff.tensors.lazy import Lazy, known
from symdiff.tensors.plans import materialise
from symdiff.tensors.tensor import Tensor, as_lazy, overwrite

__all__ = ["assign"]


def assign(tensor: Tensor, current: Lazy, array: Any) -> None:
    """Store an array, of the tensor's shape and dtype, that belongs to nobody else.

    Parameters
    ----------
    tensor : Tensor
        A leaf that takes gradients remains one.
    current : Lazy
        What the tensor holds now.
    array : numpy.ndarray or number
        As native code gives it.
    """
    fresh = known(array, current.dtype, current.shape)
    storage = tensor._storage
    if storage is None:
        version = tensor._stores + 1
        tensor._value, tensor._stores = _succeeding(current, fresh, version), version
        return
    if tensor._views:
        with grad_mode.no_grad():
            overwrite(tensor, fresh)
        materialise([storage.value, as_lazy(tensor)])
        return
    storage.version += 1
    storage.value = _succeeding(current, fresh, storage.version)
    if storage.shared is not None:
        storage.shared[...] = array


def _succeeding(before: Lazy, after: Lazy, version: int) -> Lazy:
    """A value in the place of another: the same leaf."""
    before.overwritten = after.version = version
    if before.differentiable and before.owner is not None:
        after.differentiable, after.owner, after.hooks = True, before.owner, before.hooks
    return after
