"""Tensors by the names of their types: ``torch.FloatTensor(2, 3)``, and what ``torch.Tensor(...)`` makes."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.tensors.creation import made, tensor
from symdiff.tensors.dtypes import DType, bool_, default_dtype, float32, float64, int32, int64
from symdiff.tensors.size import Size
from symdiff.tensors.tensor import Tensor, legacy

__all__ = ["TYPED"]


def _made(dtype: DType, *args: Any) -> Tensor:
    """Of sizes, zeros; of data, a tensor with it.

    Raises
    ------
    TypeError
        If a tensor of another dtype is given, or something else.
    """
    if all(isinstance(x, int | np.integer) and not isinstance(x, bool) for x in args):
        return made(np.zeros(tuple(int(n) for n in args) or (0,), dtype.numpy))
    if len(args) != 1:
        raise TypeError("new(): the arguments must be sizes, or one sequence of data")
    (data,) = args
    if isinstance(data, Size):
        return made(np.zeros(tuple(data), dtype.numpy))
    if isinstance(data, Tensor):
        if data.dtype is not dtype:
            raise TypeError(
                f"expected {dtype.tensor_type} (got {data.dtype.tensor_type})"
            )
        return data.detach()
    if isinstance(data, list | tuple | np.ndarray):
        return tensor(data, dtype=dtype)
    raise TypeError(f"new(): data must be a sequence (got {type(data).__name__})")


class _Typed(type):
    """Types of tensors: what is an instance is told by the dtype."""

    dtype: DType

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise TypeError(f"{cls.__name__} takes sizes or data, no options")
        return _made(cls.dtype, *args)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype


def _type(name: str, dtype: DType) -> Any:
    return _Typed(name, (), {"dtype": dtype, "__doc__": f"Tensors of dtype {dtype.name}."})


TYPED: dict[str, Any] = {
    name: _type(name, dtype)
    for name, dtype in {
        "FloatTensor": float32, "DoubleTensor": float64, "LongTensor": int64, "IntTensor": int32, "BoolTensor": bool_,
    }.items()
}  # fmt: skip

legacy.append(lambda *args: _made(default_dtype(), *args))
