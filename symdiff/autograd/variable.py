"""``Variable``: what programs made of tensors before these had gradients themselves."""

from __future__ import annotations

from typing import Any

from symdiff.tensors.tensor import Tensor

__all__ = ["Variable"]


class _Tensors(type):
    """All tensors count as variables."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_Tensors):
    """A leaf tensor with the memory of another.

    Parameters
    ----------
    data : Tensor
    requires_grad : bool
    volatile : optional
        Without meaning.
    """

    def __new__(cls, data: Tensor, requires_grad: bool = False, volatile: Any = None) -> Any:
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)
