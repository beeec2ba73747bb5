"""Users' data as arrays of the dtypes that tensors have."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import located
from symdiff.tensors.dtypes import DTYPES
from symdiff.tensors.tensor import Tensor
from symdiff.training.engine import Array

__all__ = ["array_of", "check_rows"]

_NUMBERS = "fiub"


def array_of(data: Any, name: str, dtype: np.dtype[Any]) -> Array:
    """The rows of some data.

    Floats get one dtype; integers become int64, but a tensor's stay as they are; so do booleans.

    Parameters
    ----------
    data : array_like
        Array, tensor, data frame, series, or nested lists.
    name : str
        What errors call it.
    dtype : numpy.dtype
        Of floats.

    Raises
    ------
    TypeError
        If it holds anything but real numbers.
    ValueError
        If it has no rows.
    """
    array = _as_numbers(data, name)
    if not array.ndim:
        hint = "a tuple holds the inputs of a model of several: use a list for rows" if name.endswith("]") else None
        raise located(ValueError, f"{name} is a single number; it needs a first axis, that of the rows", hint=hint)
    if not len(array):
        raise located(ValueError, f"{name} has no rows")
    if array.dtype.kind == "f":
        wanted = dtype
    elif isinstance(data, Tensor) or array.dtype.kind == "b":
        wanted = DTYPES[array.dtype.name].numpy
    else:
        wanted = np.dtype(np.int64)
        if array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
            raise located(ValueError, f"{name} has integers of 64 bits without a sign, too large for int64")
    return np.array(array, wanted, order="C", copy=None)


def _as_numbers(data: Any, name: str) -> Array:
    if isinstance(data, Tensor):
        if data.requires_grad:
            raise located(
                ValueError, f"{name} requires a gradient, but fit trains the model only", hint=f"pass {name}.detach()"
            )
        return data._array()
    if isinstance(data, np.ma.MaskedArray):
        raise located(TypeError, f"{name} is a masked array", hint="fill or leave out what is masked: x.filled(0.0)")
    try:
        array = np.asarray(_without_tensors(data))
    except ValueError as error:
        raise located(ValueError, f"{name} does not make an array of rows: {error}") from None
    if array.dtype.kind == "O":
        array = _from_objects(array)
    if array.dtype.kind not in _NUMBERS:
        raise located(
            TypeError,
            f"{name} holds {_kinds(data, array)}, where numbers are needed",
            hint="convert it to numbers first, for example by .astype(float), or encode it",
        )
    return array


def _without_tensors(data: Any) -> Any:
    if isinstance(data, list | tuple):
        return [x._array() if isinstance(x, Tensor) else _without_tensors(x) for x in data]
    return data


def _from_objects(array: Array) -> Array:
    """Numbers of several kinds, as a data frame with columns of floats and of booleans gives them, as one kind."""
    try:
        found = np.array(array.tolist())
    except ValueError:
        return array
    return found if found.shape == array.shape else array


def _kinds(data: Any, array: Array) -> str:
    """What stands where numbers should: in a data frame, which columns."""
    dtypes, columns = getattr(data, "dtypes", None), getattr(data, "columns", None)
    if columns is not None and dtypes is not None:
        odd = [str(c) for c, d in zip(columns, dtypes, strict=False) if getattr(d, "kind", "O") not in _NUMBERS]
        if odd:
            return f"no numbers in column{'s' * (len(odd) > 1)} {', '.join(map(repr, odd[:5]))}"
    return "complex numbers" if array.dtype.kind == "c" else f"elements of dtype {array.dtype}"


def check_rows(inputs: tuple[Array, ...], target: Array, names: tuple[str, str]) -> None:
    """Refuse data whose parts have different numbers of rows.

    Raises
    ------
    ValueError
    """
    x, y = names
    for k, array in enumerate(inputs):
        if len(array) != len(target):
            part = x if len(inputs) == 1 else f"{x}[{k}]"
            raise located(ValueError, f"{part} has {len(array)} rows and {y} has {len(target)}")
