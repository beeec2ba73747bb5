"""The dtypes of tensors, and how operations on several of them promote: PyTorch's rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = [
    "DTYPES",
    "DType",
    "bool_",
    "default_dtype",
    "dtype_of_number",
    "float32",
    "float64",
    "int32",
    "int64",
    "promoted",
    "set_default_dtype",
]


class DType:
    """A dtype; there is one object for each.

    Attributes
    ----------
    name : str
        PyTorch's name, which is also NumPy's.
    numpy : numpy.dtype
    category : int
        0 for bool, 1 for integers, 2 for floats: what promotion compares first.
    tensor_type : str
        The name that messages use, such as ``torch.FloatTensor``.
    """

    __slots__ = ("category", "name", "numpy", "tensor_type", "width")

    def __init__(self, name: str, category: int, tensor_type: str) -> None:
        self.name, self.category = name, category
        self.numpy = np.dtype(name)
        self.width = self.numpy.itemsize
        self.tensor_type = f"torch.{tensor_type}Tensor"

    @property
    def is_floating_point(self) -> bool:
        return self.category == 2

    @property
    def is_complex(self) -> bool:
        return False

    @property
    def itemsize(self) -> int:
        return self.width

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


bool_ = DType("bool", 0, "Bool")
int32 = DType("int32", 1, "Int")
int64 = DType("int64", 1, "Long")
float32 = DType("float32", 2, "Float")
float64 = DType("float64", 2, "Double")
DTYPES: dict[str, DType] = {d.name: d for d in (bool_, int32, int64, float32, float64)}

_default = [float32]


def _by_name(name: str) -> DType:
    return DTYPES[name]


def default_dtype() -> DType:
    """The dtype of tensors made from Python floats."""
    return _default[0]


def set_default_dtype(dtype: DType) -> None:
    """Choose the dtype of tensors made from Python floats.

    Raises
    ------
    TypeError
        If the dtype is not a float one.
    """
    if not isinstance(dtype, DType) or not dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default[0] = dtype


def dtype_of_number(number: Any) -> DType:
    """The dtype that a Python number has beside tensors: it counts only where its category is the highest."""
    if isinstance(number, bool):
        return bool_
    return int64 if isinstance(number, int) else default_dtype()


def promoted(operands: Iterable[tuple[DType, int]]) -> DType:
    """The common dtype of operands, each given by its dtype and what it is: 2 tensor, 1 tensor of rank 0, 0 number.

    Tensors with axes decide; one without axes, or a number, matters only where its category is higher.
    """
    found: list[DType | None] = [None, None, None]
    for dtype, standing in operands:
        before = found[standing]
        found[standing] = dtype if before is None else _wider(before, dtype)
    number, scalar, tensor = found
    result = _combined(tensor, _combined(scalar, number))
    assert result is not None
    return result


def _wider(a: DType, b: DType) -> DType:
    return a if (a.category, a.width) >= (b.category, b.width) else b


def _combined(higher: DType | None, lower: DType | None) -> DType | None:
    if higher is None or lower is None:
        return higher or lower
    return lower if lower.category > higher.category else higher
