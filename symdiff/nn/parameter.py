"""Parameters: tensors that a module counts as its own to be trained."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import default_dtype
from symdiff.tensors.lazy import Lazy, known
from symdiff.tensors.plans import materialise
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["Parameter", "copied"]


class Parameter(Tensor):
    """A leaf tensor that a `Module` registers when it is assigned as an attribute.

    Parameters
    ----------
    data : Tensor, optional
        Its elements; without it there are none. The parameter has memory of its own.
    requires_grad : bool
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            empty = np.zeros(0, default_dtype().numpy)
            value = known(empty, default_dtype(), empty.shape)
        else:
            value = _without_history(as_lazy(data))
        if requires_grad and value.dtype.category < 2:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        self._adopt(value)
        if requires_grad:
            value.differentiable, value.owner = True, weakref.ref(self)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        # without the gradient, unlike other tensors: it is so in PyTorch
        found: Parameter | None = memo.get(id(self))
        if found is None:
            found = memo[id(self)] = Parameter(self, self.requires_grad)
        return found

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _restored, (self._array(), self.requires_grad)


def copied(tensor: Tensor) -> Tensor:
    """A new tensor with the same elements, without history."""
    return wrap(_without_history(as_lazy(tensor)))


def _without_history(value: Lazy) -> Lazy:
    if value.array is None:
        materialise([value])
    return known(value.array, value.dtype, value.shape)


def _restored(array: np.ndarray[Any, Any], requires_grad: bool) -> Parameter:
    return Parameter(made(array), requires_grad)
