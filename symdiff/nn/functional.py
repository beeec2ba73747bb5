"""Functions of tensors that networks are made of: ``import symdiff.nn.functional as F``."""

from __future__ import annotations

from typing import Any

from symdiff.nn import activation_functions, loss_functions
from symdiff.tensors import linear as products
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["linear"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``."""
    return wrap(products.linear(as_lazy(input), as_lazy(weight), None if bias is None else as_lazy(bias)))


_FUNCTIONS: dict[str, Any] = {**activation_functions.FUNCTIONS, **loss_functions.FUNCTIONS}


def __getattr__(name: str) -> Any:
    found = _FUNCTIONS.get(name)
    if found is None:
        raise AttributeError(f"module 'symdiff.nn.functional' has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, *_FUNCTIONS])
