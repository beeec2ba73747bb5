"""Functions of tensors that networks are made of: ``import symdiff.nn.functional as F``."""

from __future__ import annotations

from typing import Any

from symdiff.nn import (
    activation_functions,
    attention_functions,
    class_loss_functions,
    distance_functions,
    loss_functions,
    more_activation_functions,
    normalisation_functions,
    resampling_functions,
    window_functions,
)
from symdiff.ops import REGISTRY as R
from symdiff.tensors import linear as products
from symdiff.tensors.operations import operation, record
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["bilinear", "linear"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``."""
    return wrap(products.linear(as_lazy(input), as_lazy(weight), None if bias is None else as_lazy(bias)))


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input1 @ weight[k] @ input2`` for each k, plus the bias."""
    a, b, w = as_lazy(input1), as_lazy(input2), as_lazy(weight)
    if a.shape[:-1] != b.shape[:-1] or w.shape[1:] != (a.shape[-1], b.shape[-1]):
        raise RuntimeError(
            f"bilinear(): inputs of shapes {list(a.shape)} and {list(b.shape)} do not fit a weight of shape "
            f"{list(w.shape)}"
        )
    return wrap(record(_bilinear, (a, b, w) if bias is None else (a, b, w, as_lazy(bias))))


@operation("bilinear", "AddBackward0")
def _bilinear(a: Any, b: Any, w: Any, *bias: Any) -> Any:
    count = 1
    for n in a.shape[:-1]:
        count *= n
    flat = [R["reshape"](x, shape=(count, x.shape[-1])) for x in (a, b)]
    y = R["einsum"](flat[0], w, flat[1], subscripts="ni,kij,nj->nk")
    y = R["reshape"](y, shape=(*a.shape[:-1], w.shape[0]))
    return y + bias[0] if bias else y


_FUNCTIONS: dict[str, Any] = {
    **activation_functions.FUNCTIONS,
    **attention_functions.FUNCTIONS,
    **class_loss_functions.FUNCTIONS,
    **loss_functions.FUNCTIONS,
    **normalisation_functions.FUNCTIONS,
    **window_functions.FUNCTIONS,
    **more_activation_functions.FUNCTIONS,
    **distance_functions.FUNCTIONS,
    **resampling_functions.FUNCTIONS,
}


def __getattr__(name: str) -> Any:
    found = _FUNCTIONS.get(name)
    if found is None:
        raise AttributeError(f"module 'symdiff.nn.functional' has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, *_FUNCTIONS])
