"""What Python and other libraries ask of a tensor: copies, pickles, membership, DLPack, NumPy's functions."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.creation import as_leaf, from_numpy, full, made, tensor
from symdiff.tensors.devices import device
from symdiff.tensors.dtypes import DType
from symdiff.tensors.tensor import Tensor, as_lazy, attach
from symdiff.tensors.views import sizes_of

__all__ = ["PROTOCOLS"]

_OWN = frozenset(("_grad", "_stores", "_storage", "_views", "_seen", "_detached", "_uncounted", "_origin"))
"""What the tensor itself keeps among its attributes."""


def _users(self: Tensor) -> dict[str, Any]:
    return {name: x for name, x in self.__dict__.items() if name not in _OWN and name != "_after_accumulation"}


def _deep_copy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment."
        )
    found = memo[id(self)] = _rebuilt(type(self), self._array(), self.requires_grad, {})
    found.__dict__.update(copy.deepcopy(_users(self), memo))
    found._grad = None if self._grad is None else made(self._grad._array())
    return found


def _rebuilt(kind: type[Tensor], array: np.ndarray[Any, Any], requires_grad: bool, users: dict[str, Any]) -> Tensor:
    found: Tensor = object.__new__(kind)
    found._adopt(made(np.array(array))._value)
    found.__dict__.update(users)
    return as_leaf(found) if requires_grad else found


def _reduced(self: Tensor, protocol: Any) -> tuple[Any, ...]:
    return _rebuilt, (type(self), self._array(), self.requires_grad, _users(self))


def _contains(self: Tensor, element: Any) -> bool:
    if not isinstance(element, Tensor | bool | int | float):
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")
    return bool((self._array() == (element._array() if isinstance(element, Tensor) else element)).any())


def _reversed(self: Tensor) -> Tensor:
    return self if not self.ndim else self.flip(0)  # type: ignore[attr-defined]


# -- NumPy and DLPack --------------------------------------------------------------------------------------------------

_UFUNCS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "power": "pow",
    "negative": "neg", "absolute": "abs", "arctan2": "atan2", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "rint": "round", "equal": "eq", "not_equal": "ne",
    "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "matmul": "matmul",
    **{name: name for name in (
        "exp", "log", "sqrt", "tanh", "sin", "cos", "tan", "log1p", "expm1", "log2", "log10", "exp2", "sinh", "cosh",
        "sign", "floor", "ceil", "trunc", "reciprocal", "square", "maximum", "minimum", "remainder", "isnan", "isinf",
        "isfinite", "logical_and", "logical_or", "logical_xor", "logical_not", "floor_divide",
    )},
}  # fmt: skip
"""NumPy's functions of each element, and the tensor's that do the same."""


def _of_numpy(self: Tensor, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What ``np.exp(tensor)`` is: a tensor, and part of the graph."""
    call = FUNCTIONS.get(_UFUNCS.get(ufunc.__name__, ""))
    if call is None or method != "__call__" or options:
        return _by_numpy(ufunc, method, inputs, options)
    return call(*[tensor(x) if isinstance(x, np.ndarray | np.generic) else x for x in inputs])


def _by_numpy(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """By NumPy, and a tensor of the result; `numpy` refuses where a gradient would be lost."""
    found = getattr(ufunc, method)(*[x.numpy() if isinstance(x, Tensor) else x for x in inputs], **options)
    return tensor(found) if isinstance(found, np.ndarray | np.generic) else found


def _to_dlpack(self: Tensor, **options: Any) -> Any:
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return self.numpy().__dlpack__(**options)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares the memory of an object of another library."""
    array = np.from_dlpack(ext_tensor)
    return tensor(array) if copy or not array.flags.writeable else from_numpy(array)


# -- new tensors like this one -----------------------------------------------------------------------------------------


def _new_filled(number: int) -> Any:
    def create(
        self: Tensor, *size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
    ) -> Tensor:
        return full(sizes_of(size), number, dtype=dtype or self.dtype, requires_grad=requires_grad)

    return create


def _new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    return full(sizes_of((size,)), fill_value, dtype=dtype or self.dtype, requires_grad=requires_grad)


def _new_tensor(
    self: Tensor, data: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    return tensor(data, dtype=dtype or self.dtype, requires_grad=requires_grad)


_METHODS: dict[str, Any] = {
    "__deepcopy__": _deep_copy, "__reduce_ex__": _reduced, "__contains__": _contains, "__reversed__": _reversed,
    "__complex__": lambda self: complex(self.item()), "__array_ufunc__": _of_numpy, "__dlpack__": _to_dlpack,
    "__dlpack_device__": lambda self: (1, 0), "new_zeros": _new_filled(0), "new_ones": _new_filled(1),
    "new_empty": _new_filled(0), "new_full": _new_full, "new_tensor": _new_tensor,
    "is_floating_point": lambda self: self.dtype.is_floating_point, "is_complex": lambda self: False,
    "is_signed": lambda self: bool(self.dtype.category), "get_device": lambda self: -1,
    "is_same_size": lambda self, other: self.shape == other.shape, "is_pinned": lambda self: False,
    "pin_memory": lambda self: self, "is_nonzero": lambda self: bool(self),
}  # fmt: skip
for _name, _method in _METHODS.items():
    attach(_name, _method)
_PROPERTIES: dict[str, Any] = {
    "device": lambda self: device("cpu"), "is_cuda": lambda self: False, "is_cpu": lambda self: True,
    "is_sparse": lambda self: False, "is_quantized": lambda self: False, "is_meta": lambda self: False,
    "itemsize": lambda self: self.dtype.itemsize,
    "nbytes": lambda self: self.dtype.itemsize * int(np.prod(as_lazy(self).shape)), "output_nr": lambda self: 0,
}  # fmt: skip
for _name, _found in _PROPERTIES.items():
    setattr(Tensor, _name, property(_found))

PROTOCOLS: dict[str, Any] = {
    "from_dlpack": from_dlpack,
    "is_floating_point": lambda input: input.dtype.is_floating_point,
    "is_complex": lambda input: False,
    "is_nonzero": lambda input: bool(input),
    "is_same_size": lambda input, other: input.shape == other.shape,
}
