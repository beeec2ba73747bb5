"""What is done with the gradients, or the elements, of several parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from symdiff.nn.utils import rnn
from symdiff.ops import REGISTRY as R
from symdiff.tensors import elementwise
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import default_dtype
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import operation, record
from symdiff.tensors.plans import materialise
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy, wrap
from symdiff.tensors.views import concatenated, reshaped

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "get_total_norm",
    "parameters_to_vector",
    "rnn",
    "vector_to_parameters",
]


@operation("total_norm", "")
def _total_norm(*args: Any) -> Any:
    *gradients, p = args
    total: Any = None
    for g in gradients:
        axes = tuple(range(g.rank))
        size = R["absolute"](g)
        part = size * size if p == 2 else size if math.isinf(p) or p == 1 else R["power"](size, p)
        if g.rank:
            part = R["max" if math.isinf(p) else "sum"](part, axis=axes, keepdims=False)
        total = part if total is None else R["maximum"](total, part) if math.isinf(p) else total + part
    if p == 2:
        return R["sqrt"](total)
    return total if math.isinf(p) or p == 1 else R["power"](total, 1.0 / p)


@operation("clipped", "")
def _clipped(g: Any, norm: Any, largest: Any) -> Any:
    factor = largest / (norm + 1e-6)
    # a norm that is not a number makes its gradients not numbers, either
    return g * R["where"](factor > 1.0, 1.0, factor)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p._grad for p in given if p._grad is not None]


def get_total_norm(
    tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: Any = None
) -> Tensor:
    """The norm of all elements of some tensors together.

    Raises
    ------
    RuntimeError
        With ``error_if_nonfinite``, if it is infinite or not a number.
    """
    values = [as_lazy(t) for t in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    p = float(norm_type)
    if not values:
        return wrap(known_zero())
    if p <= 0:
        raise NotImplementedError(f"a norm of type {p:g} is not supported: it must be positive")
    with no_grad():
        total = record(_total_norm, tuple(values), (p,))
    if error_if_nonfinite and not math.isfinite(wrap(total).item()):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it cannot be clipped. To "
            "disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return wrap(total)


def known_zero() -> Lazy:
    """Zero, as a value of the default dtype."""
    return as_lazy(made(np.zeros((), default_dtype().numpy)))


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients so that their norm, all together, is at most ``max_norm``.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
    max_norm : float
    norm_type : float
        Positive, or infinity.
    error_if_nonfinite : bool
        Whether a norm that is no finite number is an error.

    Returns
    -------
    Tensor
        The norm before.
    """
    gradients = _gradients(parameters)
    total = get_total_norm(gradients, norm_type, error_if_nonfinite)
    norm = as_lazy(total)
    with no_grad():
        scaled = [record(_clipped, (as_lazy(g), norm, float(max_norm))) for g in gradients]
    materialise([norm, *scaled])
    with no_grad():
        for g, value in zip(gradients, scaled, strict=True):
            overwrite(g, value)
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Bring every element of the gradients between ``-clip_value`` and ``clip_value``."""
    bound = float(clip_value)
    with no_grad():
        for g in _gradients(parameters):
            overwrite(g, elementwise.clamp(as_lazy(g), -bound, bound))


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other."""
    values = [as_lazy(p) for p in parameters]
    flat = [reshaped(v, (math.prod(v.shape),)) for v in values]
    if not flat:
        raise ValueError("expected a non-empty list of Tensors")
    return wrap(concatenated(flat, 0))


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give the parameters the elements of a vector, in order."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    source: Any = vec.detach()
    start = 0
    for parameter in parameters:
        count = math.prod(parameter.shape)
        target: Any = parameter
        target.data = source[start : start + count].reshape(target.shape)
        start += count
