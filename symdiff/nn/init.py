"""Initialisers: they fill a tensor in place with constants or random numbers, PyTorch's for the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.tensors import distributions
from symdiff.tensors.creation import made
from symdiff.tensors.generator import Generator
from symdiff.tensors.grad_mode import no_grad
from symdiff.tensors.lazy import known
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy
from symdiff.tensors.truncated_normal import truncated_normal

__all__ = [
    "calculate_gain",
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def _filled(tensor: Tensor, draw: Callable[[tuple[int, ...], Any], np.ndarray[Any, Any]]) -> Tensor:
    """Store what ``draw(shape, dtype)`` gives."""
    current = as_lazy(tensor)
    array = np.ascontiguousarray(draw(current.shape, current.dtype.numpy)).reshape(current.shape)
    with no_grad():
        return overwrite(tensor, known(array, current.dtype, current.shape))


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """By how much a nonlinearity makes signals smaller: what initialisers make up for.

    Parameters
    ----------
    nonlinearity : str
        ``linear``, ``sigmoid``, ``conv1d`` and its kin, ``tanh``, ``relu``, ``leaky_relu`` or ``selu``.
    param : float, optional
        The slope of ``leaky_relu`` for negative numbers, 0.01 unless given.
    """
    linear = ["linear", "sigmoid", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3))]
    if nonlinearity in linear:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity != "leaky_relu":
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    slope = 0.01 if param is None else param
    if isinstance(slope, bool) or not isinstance(slope, int | float):
        raise ValueError(f"negative_slope {param} not a valid number")
    return math.sqrt(2.0 / (1 + slope**2))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Numbers uniform in ``[a, b)``."""
    return _filled(tensor, lambda shape, dtype: distributions.uniform(shape, a, b, dtype, generator))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal numbers."""
    return _filled(tensor, lambda shape, dtype: distributions.normal(shape, mean, std, dtype, generator))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers, of which only those between ``a`` and ``b`` count."""
    return _filled(tensor, lambda shape, dtype: truncated_normal(shape, mean, std, a, b, dtype, generator))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One number everywhere."""
    return _filled(tensor, lambda shape, dtype: np.full(shape, val, dtype))


def ones_(tensor: Tensor) -> Tensor:
    """Ones everywhere."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros everywhere."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Ones on the diagonal of a matrix, zeros elsewhere."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _filled(tensor, lambda shape, dtype: np.eye(*shape, dtype=dtype))


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many numbers each output is computed from, and how many outputs each input takes part in."""
    shape = as_lazy(tensor).shape
    if len(shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform numbers whose variance is that of Glorot and Bengio: ``2 gain**2 / (fan_in + fan_out)``."""
    fan_in, fan_out = _fans(tensor)
    bound = math.sqrt(3.0) * (gain * math.sqrt(2.0 / float(fan_in + fan_out)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal numbers whose variance is that of Glorot and Bengio."""
    fan_in, fan_out = _fans(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def _deviation(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode.lower()} not supported, please use one of ['fan_in', 'fan_out']")
    fan = _fans(tensor)[mode.lower() == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform numbers whose variance is that of He and others: ``gain**2 / fan``."""
    if 0 in as_lazy(tensor).shape:
        return tensor
    bound = math.sqrt(3.0) * _deviation(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers whose variance is that of He and others."""
    if 0 in as_lazy(tensor).shape:
        return tensor
    return normal_(tensor, 0.0, _deviation(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A matrix with orthonormal rows or columns, times ``gain``; axes after the first count as one."""
    shape = as_lazy(tensor).shape
    if len(shape) < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")

    def draw(shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        rows, columns = shape[0], math.prod(shape[1:])
        flat = distributions.normal((rows, columns), 0.0, 1.0, dtype, generator)
        q, r = np.linalg.qr(flat.T if rows < columns else flat)
        q = q * np.sign(np.diag(r))
        return (q.T if rows < columns else q) * dtype.type(gain)

    return tensor if 0 in shape else _filled(tensor, draw)


def fresh(shape: tuple[int, ...], dtype: Any) -> Tensor:
    """A tensor to be filled."""
    return made(np.zeros(shape, dtype))
