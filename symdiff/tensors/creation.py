"""Making tensors: from data, filled, random, and from NumPy's memory."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from symdiff.tensors.dtypes import DTYPES, DType, bool_, default_dtype, int64, promoted
from symdiff.tensors.lazy import known
from symdiff.tensors.storage import Storage
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["CREATION", "as_tensor", "common_kind", "dtype_of_array", "from_numpy", "made", "tensor"]


def made(array: np.ndarray[Any, Any], *, requires_grad: bool = False) -> Tensor:
    """A new leaf that owns an array of a supported dtype."""
    dtype = dtype_of_array(array)
    if not array.flags.c_contiguous:
        array = np.ascontiguousarray(array)
    result = wrap(known(array, dtype, array.shape))
    return as_leaf(result) if requires_grad else result


def as_leaf(result: Tensor) -> Tensor:
    """The same new tensor, as a leaf that takes gradients."""
    value = result._value
    if value.dtype.category < 2:
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    value.differentiable, value.owner = True, weakref.ref(result)
    return result


def dtype_of_array(array: Any) -> DType:
    """The dtype of a tensor with an array's elements.

    Raises
    ------
    TypeError
        If there is none.
    """
    found = DTYPES.get(array.dtype.name)
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{array.dtype.name}. The only supported types are: float64, "
            "float32, int64, int32, and bool."
        )
    return found


def tensor(
    data: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new leaf tensor with a copy of some data.

    Parameters
    ----------
    data : Tensor, array, number, or nested sequence of these
        Python floats give the default dtype, ints int64, bools bool; arrays keep theirs.
    dtype : dtype, optional
    requires_grad : bool

    Raises
    ------
    ValueError
        If the nested sequences are ragged.
    """
    return made(_array_of(data, dtype), requires_grad=requires_grad)


def _array_of(data: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    if isinstance(data, Tensor):
        array = data._array()
    elif isinstance(data, np.ndarray | np.generic):
        array = np.asarray(data)
        dtype_of_array(array)
    else:
        array = _from_sequences(data, exactly=dtype is not None)
    return np.array(array, dtype.numpy if dtype is not None else array.dtype, order="C")


def _from_sequences(data: Any, *, exactly: bool) -> np.ndarray[Any, Any]:
    """Numbers as an array: of the widest of their dtypes, unless a dtype is asked for anyway."""
    kinds: set[Any] = set()
    plain = _plain(data, kinds)
    try:
        array = np.array(plain)
    except ValueError as error:
        raise ValueError(f"expected sequences of equal length at each dimension: {error}") from None
    if array.size == 0 and not kinds:
        return array.astype(default_dtype().numpy)
    if array.dtype.kind not in "fib":
        raise TypeError(f"new(): data must be numbers, not {type(data).__name__}")
    return array if exactly else array.astype(common_kind(kinds, dtype_of_array(array)).numpy)


def _plain(data: Any, kinds: set[Any]) -> Any:
    """Nested lists with numbers in the place of tensors, and of what dtypes or types these are."""
    if isinstance(data, list | tuple):
        return [_plain(x, kinds) for x in data]
    if isinstance(data, Tensor):
        kinds.add(data.dtype)
        return data.tolist()
    kinds.add(DTYPES.get(data.dtype.name) if isinstance(data, np.ndarray | np.generic) else type(data))
    return data


def common_kind(kinds: Iterable[Any], found: DType) -> DType:
    """The dtype of a tensor of what has these dtypes, or is of these types of Python's; found is that in NumPy."""
    own = {float: default_dtype(), int: int64, bool: bool_}
    return promoted((own.get(kind, kind if isinstance(kind, DType) else found), 2) for kind in kinds)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares an array's memory: a store into one is seen in the other."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    dtype = dtype_of_array(array)
    result = wrap(known(np.array(array, order="C"), dtype, array.shape))
    storage = result._storage = Storage(result._value, 0)
    storage.shared = array
    return result


def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Tensor:
    """The data itself where it is a tensor of that dtype, its memory where it is an array, else a copy."""
    if isinstance(data, Tensor):
        return data if dtype is None or dtype is data.dtype else data.to(dtype)  # type: ignore[attr-defined]
    if isinstance(data, np.ndarray) and (dtype is None or dtype is dtype_of_array(data)):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


# -- filled ------------------------------------------------------------------------------------------------------------


def _shape_of(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = tuple(sizes[0])
    return tuple(int(n) for n in sizes)


def _filled(number: Any) -> Callable[..., Tensor]:
    def create(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
        return made(np.full(_shape_of(size), number, (dtype or default_dtype()).numpy), requires_grad=requires_grad)

    return create


def _filled_like(number: Any) -> Callable[..., Tensor]:
    def create(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
        value = as_lazy(input)
        return made(np.full(value.shape, number, (dtype or value.dtype).numpy), requires_grad=requires_grad)

    return create


def full(
    size: Sequence[int], fill_value: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of one number."""
    number = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    chosen = dtype or (bool_ if isinstance(number, bool) else int64 if isinstance(number, int) else default_dtype())
    return made(np.full(_shape_of((size,)), number, chosen.numpy), requires_grad=requires_grad)


def full_like(input: Tensor, fill_value: Any, *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """A tensor of one number, shaped like another."""
    value = as_lazy(input)
    return made(np.full(value.shape, fill_value, (dtype or value.dtype).numpy))


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from ``start`` on, before ``end``."""
    if end is None:
        start, end = 0, start
    whole = all(isinstance(x, int) for x in (start, end, step))
    chosen = dtype or (int64 if whole else default_dtype())
    count = max(0, -((start - end) // step) if whole else int(np.ceil((end - start) / step)))
    return made((start + step * np.arange(count)).astype(chosen.numpy), requires_grad=requires_grad)


def linspace(
    start: float, end: float, steps: int, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Equally spaced numbers; both halves are counted from their own end, as in PyTorch."""
    chosen = (dtype or default_dtype()).numpy
    a, b = chosen.type(start), chosen.type(end)
    if steps == 1:
        return made(np.array([a], chosen), requires_grad=requires_grad)
    step = (b - a) / chosen.type(steps - 1) if steps > 1 else chosen.type(0)
    k = np.arange(steps).astype(chosen)
    array = np.where(k < steps // 2, a + step * k, b - step * (steps - 1 - k))
    return made(array.astype(chosen), requires_grad=requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones on the diagonal."""
    return made(np.eye(n, m, dtype=(dtype or default_dtype()).numpy), requires_grad=requires_grad)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close."""
    return bool(np.allclose(input._array(), other._array(), rtol=rtol, atol=atol, equal_nan=equal_nan))


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have one shape and the same elements."""
    return bool(np.array_equal(input._array(), other._array()))


CREATION: dict[str, Callable[..., Any]] = {
    "tensor": tensor, "as_tensor": as_tensor, "from_numpy": from_numpy, "zeros": _filled(0), "ones": _filled(1),
    "empty": _filled(0), "zeros_like": _filled_like(0), "ones_like": _filled_like(1), "empty_like": _filled_like(0),
    "full": full, "full_like": full_like, "arange": arange, "linspace": linspace, "eye": eye, "allclose": allclose,
    "equal": equal,
}  # fmt: skip
