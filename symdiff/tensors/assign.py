"""Giving tensors new elements that were computed elsewhere, without a record: how optimisers store."""

from __future__ import annotations

from typing import Any

from symdiff.tensors import grad_mode
from symdiff.tensors.lazy import Lazy, scalar
from symdiff.tensors.plans import materialise
from symdiff.tensors.storage import Storage
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy

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
    shape, dtype = current.shape, current.dtype
    fresh = Lazy(None, (), (), shape, dtype, False)
    fresh.array = array if shape else scalar(array, dtype)
    storage = tensor._storage
    if storage is not None and tensor._views:
        with grad_mode.no_grad():
            overwrite(tensor, fresh)
        materialise([storage.value, as_lazy(tensor)])
        return
    if current.differentiable:
        fresh.differentiable, fresh.owner, fresh.hooks = True, current.owner, current.hooks
    if storage is None:
        tensor._stores = current.overwritten = fresh.version = tensor._stores + 1
        tensor._value = fresh
    else:
        _assign_shared(storage, current, fresh)


def _assign_shared(storage: Storage, current: Lazy, fresh: Lazy) -> None:
    storage.changes += 1
    storage.version += 1
    current.overwritten = fresh.version = storage.version
    storage.value = fresh
    if storage.shared is not None:
        storage.shared[...] = fresh.array
