"""Samples as a batch: tensors get an axis more, and containers of them remain containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.creation import as_tensor, dtype_of_array, made, tensor
from symdiff.tensors.dtypes import float64
from symdiff.tensors.tensor import Tensor

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Any) -> Any:
    """Put samples together.

    Parameters
    ----------
    batch : sequence
        Of tensors, arrays, numbers, texts, or containers of these.

    Returns
    -------
    Tensor, or a container like each sample

    Raises
    ------
    TypeError
        If the samples are something else.
    RuntimeError
        If they do not have the same size.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return _stacked(batch)
    if isinstance(first, np.ndarray | np.generic):
        return _from_numpy(batch)
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _rebuilt(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        return _collated_sequences(batch)
    raise TypeError(_refusal(type(first)))


def _refusal(found: Any) -> str:
    return f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {found}"


def _stacked(batch: Sequence[Tensor]) -> Tensor:
    shape = batch[0].shape
    for k, x in enumerate(batch):
        if x.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and {list(x.shape)} "
                f"at entry {k}"
            )
    if any(x.requires_grad or x.dtype is not batch[0].dtype for x in batch):
        stacked: Tensor = FUNCTIONS["stack"](list(batch))
        return stacked
    return made(np.stack([x._array() for x in batch]))


def _from_numpy(batch: Sequence[Any]) -> Any:
    first = batch[0]
    if first.dtype.kind in "SUO":
        raise TypeError(_refusal(first.dtype.str if isinstance(first, np.ndarray) else type(first)))
    dtype_of_array(first)
    return _stacked([made(np.array(x)) for x in batch])


def _collated_sequences(batch: Sequence[Any]) -> Any:
    first = batch[0]
    samples = [tuple(sample) for sample in batch]
    if any(len(sample) != len(first) for sample in samples):
        raise RuntimeError("each element in list of batch should be of equal size")
    columns = [default_collate(list(column)) for column in zip(*samples, strict=True)]
    return _like(first, columns)


def _like(sample: Any, columns: list[Any]) -> Any:
    """Columns in a container like a sample's: named tuples stay so, other tuples and lists become lists."""
    if isinstance(sample, tuple):
        return type(sample)(*columns) if hasattr(sample, "_fields") else columns
    if type(sample) is list:
        return columns
    try:
        return type(sample)(columns)
    except TypeError:
        return columns


def _rebuilt(sample: Mapping[Any, Any], found: dict[Any, Any]) -> Any:
    try:
        return type(sample)(found)  # type: ignore[call-arg]
    except TypeError:
        return found


def default_convert(data: Any) -> Any:
    """Arrays as tensors, also within containers; everything else as it is."""
    if isinstance(data, Tensor | str | bytes):
        return data
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in "SUO" else as_tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return _rebuilt(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*[default_convert(x) for x in data])
    if isinstance(data, tuple):
        return [default_convert(x) for x in data]
    if isinstance(data, Sequence):
        return _like(data, [default_convert(x) for x in data])
    return data
