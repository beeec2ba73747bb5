"""Stores: a tensor, and what it shares memory with, gets new elements, and the graph knows of it."""

from __future__ import annotations

from symdiff.tensors import grad_mode
from symdiff.tensors.lazy import KEEPER, Lazy, known
from symdiff.tensors.operations import record
from symdiff.tensors.plans import materialise
from symdiff.tensors.replacement import replaced
from symdiff.tensors.storage import Storage, inference_rules, refresh
from symdiff.tensors.tensor import DETACH, Tensor, as_lazy, read

__all__ = ["overwrite"]


def overwrite(tensor: Tensor, value: Lazy) -> Tensor:
    """Give a tensor, and what it shares memory with, new elements: what all stores come down to.

    Raises
    ------
    RuntimeError
        If that is a store into a leaf that requires gradients, while operations are recorded.
    """
    current = as_lazy(tensor)
    _check_store(tensor, current, value)
    if inference_rules and inference_rules[0].check_store(tensor):
        _stored(tensor, current, value)
        inference_rules[0].keep_ordinary(tensor)
        return tensor
    return _stored(tensor, current, value)


def _stored(tensor: Tensor, current: Lazy, value: Lazy) -> Tensor:
    storage = tensor._storage
    if storage is None:
        current.overwritten = tensor._stores + 1
        tensor._stores += 1
        tensor._value = _as_before(tensor, current, value)
        tensor._value.version = tensor._stores
        return tensor
    if storage.shared is not None:
        refresh(storage)
    chain = [storage.value]
    for step in tensor._views[:-1]:
        chain.append(read(chain[-1], step))
    new = value
    for base, step in zip(reversed(chain), reversed(tensor._views), strict=True) if tensor._views else ():
        if step.write is None:
            raise RuntimeError(
                "unsupported operation: more than one element of the written-to tensor refers to a single memory "
                "location. Please clone() the tensor before performing the operation."
            )
        new = step.write(base, new)
    _count_store(tensor, storage, current)
    storage.value = _as_before(tensor, storage.value, new)
    storage.value.version = storage.version
    if storage.shared is not None:
        materialise([storage.value])
        storage.shared[...] = storage.value.array
    return tensor


def _count_store(tensor: Tensor, storage: Storage, current: Lazy) -> None:
    storage.changes += 1
    if not tensor._uncounted:
        storage.version += 1
        for old in {storage.value, current}:
            old.overwritten = storage.version


def _as_before(tensor: Tensor, before: Lazy, after: Lazy) -> Lazy:
    """What a store leaves: what required gradients goes on to do so."""
    if not before.differentiable or after.differentiable:
        if before.hooks and KEEPER in before.hooks:
            after.hooks = {**(after.hooks or {}), KEEPER: before.hooks.pop(KEEPER)}
        return after
    if before.owner is not None:
        if after.array is not None:
            after = known(after.array, after.dtype, after.shape)
        elif after.owner is not None or after.operation is None:
            after = record(DETACH, (after,))
        after.differentiable, after.owner, after.hooks = True, before.owner, before.hooks
        return after
    return replaced(before, after, passes=tensor._detached or not grad_mode.enabled())


_VIEW_REFUSED = {
    "no_grad": "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that "
    "this use case is ambiguous and error-prone, it is forbidden: make the view and store into it in one mode.",
    "multiple": "Output 0 of a function that returns several views is a view and is being modified inplace. The "
    "function's other views would lose their place in the graph: clone() the view, or store by indexing.",
}


def _check_store(tensor: Tensor, current: Lazy, value: Lazy) -> None:
    if not grad_mode.enabled() or tensor._detached:
        return
    base = tensor._storage.value if tensor._storage is not None else current
    if tensor._origin and (base.differentiable or current.differentiable or value.differentiable):
        raise RuntimeError(_VIEW_REFUSED[tensor._origin])
    if current.owner is not None and current.differentiable:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    if base.owner is not None and base.differentiable:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
