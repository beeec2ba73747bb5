"""Random arrays whose numbers are PyTorch's CPU numbers, to the bit, for the same generator.

Each function takes a shape and a dtype, draws in C order and returns a new C-contiguous array; `fill` writes into an
array of any layout, in the order of its memory, as PyTorch's in-place draws do (and those of ``rand_like``,
``randn_like`` and dropout, whose arrays have the layout of their input: `numpy.empty_like` makes one). Without
``generator`` the default one is used.

The draws are those of PyTorch 2.13. Older releases built with MKL (the usual ones for x86-64) took ``bernoulli_(p)``
with a number ``p``, the masks of dropout with it, and the exponential distribution from a stream of MKL's own that one
draw seeded: those numbers are not reproduced.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from symdiff.errors import DtypeError, located
from symdiff.tensors.generator import Generator, default_generator
from symdiff.tensors.normal_draws import GROUP, c_library, fused, grouped, pairwise, unit_uniform

__all__ = [
    "bernoulli",
    "bernoulli_each",
    "checked_shape",
    "dropout_mask",
    "exponential",
    "fill",
    "memory_order",
    "normal",
    "normal_each",
    "uniform",
]

FLOATS = (np.float32, np.float64)
DOUBLE = np.dtype(np.float64)
C_NAMES = {"float32": "float", "float64": "double"}


def checked_shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    """Return a shape as a tuple; a negative dimension is an error."""
    sizes = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(size) for size in shape)
    for size in sizes:
        if size < 0:
            raise located(RuntimeError, f"Trying to create tensor with negative dimension {size}: {list(sizes)}")
    return sizes


def float_dtype(dtype: DTypeLike, what: str) -> np.dtype:
    """Return float32 or float64; any other dtype is an error."""
    found = np.dtype(dtype)
    if found not in FLOATS:
        raise DtypeError(f"{what} is not implemented for {found}", hint="use float32 or float64")
    return found


def memory_order(array: np.ndarray) -> tuple[int, ...]:
    """Return the axes from the slowest to the fastest in memory: the order in which PyTorch visits the elements."""
    return tuple(sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis])))


def fill(array: np.ndarray, draw: Callable[[tuple[int, ...]], np.ndarray]) -> None:
    """Fill an array in place, element after element as they lie in memory.

    Parameters
    ----------
    array : numpy.ndarray
        Of any layout.
    draw : callable
        Takes a shape and returns the random array; for `normal` it passes ``contiguous=array.flags.c_contiguous``.
    """
    view = array.transpose(memory_order(array))
    view[...] = draw(view.shape)


def uniform(
    shape: int | Sequence[int],
    low: float = 0.0,
    high: float = 1.0,
    dtype: DTypeLike = np.float32,
    generator: Generator | None = None,
) -> np.ndarray:
    """Return numbers uniform in [low, high): ``rand`` and ``uniform_``.

    Parameters
    ----------
    shape : int or sequence of int
    low, high : float
    dtype : dtype
        float32 or float64.
    generator : Generator, optional
    """
    sizes, kind = checked_shape(shape), float_dtype(dtype, "uniform_")
    limit = float(np.finfo(kind).max)
    for name, bound in (("from", low), ("to", high)):
        if not -limit <= bound <= limit:
            raise located(RuntimeError, f"{name} is out of bounds for {C_NAMES[kind.name]}")
    if low > high:
        raise located(
            RuntimeError, f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > limit:
        raise located(
            RuntimeError,
            f"uniform_ expects to-from <= the largest {kind}, but found to={high:g} and from={low:g} "
            "which result in to-from to exceed the limit",
        )
    unit = unit_uniform(math.prod(sizes), kind, generator or default_generator)
    first, last = kind.type(low), kind.type(high)
    values = fused(unit, last - first, first)
    # A number rounded up to the bound, which is excluded, becomes the lower one.
    return np.where(values == last, first, values).reshape(sizes)


def normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    std: float = 1.0,
    dtype: DTypeLike = np.float32,
    generator: Generator | None = None,
    contiguous: bool = True,
) -> np.ndarray:
    """Return normal numbers: ``randn`` and ``normal_``.

    Parameters
    ----------
    shape : int or sequence of int
    mean, std : float
    dtype : dtype
        float32 or float64.
    generator : Generator, optional
    contiguous : bool
        Whether the array that PyTorch would fill is C-contiguous: if it is not, it draws 16 elements and more as it
        draws fewer.
    """
    sizes, kind = checked_shape(shape), float_dtype(dtype, "normal_")
    _require_std(std)
    count = math.prod(sizes)
    way = grouped if contiguous and count >= GROUP else pairwise
    return way(count, float(mean), float(std), kind, generator or default_generator).reshape(sizes)


def _require_std(std: float) -> None:
    if not std >= 0.0:
        raise located(RuntimeError, f"normal expects std >= 0.0, but found std {std:g}")


def normal_each(mean: np.ndarray | float, std: np.ndarray | float, generator: Generator | None = None) -> np.ndarray:
    """Return normal numbers with a mean and a deviation for each: ``normal(mean, std)`` where one or both are tensors.

    Parameters
    ----------
    mean, std : numpy.ndarray or float
        At least one is an array; the result has the dtype of the mean if that is one, else of the deviation.
    generator : Generator, optional
    """
    if isinstance(std, np.ndarray):
        if std.size and not std.min() >= 0:
            raise located(RuntimeError, "normal expects all elements of std >= 0.0")
        like = mean if isinstance(mean, np.ndarray) else std
        shape = np.broadcast_shapes(np.shape(mean), std.shape)
        standard = normal(shape, dtype=like.dtype, generator=generator)
        scaled = _in_place(np.multiply, standard, std)
    else:
        like = np.asarray(mean)
        scaled = normal(like.shape, 0.0, std, like.dtype, generator)
    return _in_place(np.add, scaled, mean if isinstance(mean, np.ndarray) else like.dtype.type(mean))


def _in_place(operation: np.ufunc, array: np.ndarray, other: np.ndarray | np.generic) -> np.ndarray:
    # As an in-place operation: computed in the wider dtype (a 0-d operand does not widen), stored in the array's.
    if other.ndim == 0 and array.ndim > 0:
        other = other.astype(array.dtype)
    result: np.ndarray = operation(array, other)
    return result.astype(array.dtype)


def exponential(
    shape: int | Sequence[int], rate: float = 1.0, dtype: DTypeLike = np.float32, generator: Generator | None = None
) -> np.ndarray:
    """Return numbers of the exponential distribution with the given rate: ``exponential_``."""
    sizes, kind = checked_shape(shape), np.dtype(dtype)
    if kind not in FLOATS:
        raise located(
            RuntimeError,
            "Exponential distribution is a continuous probability distribution. "
            f"dtype must be a floating point but you specified {kind}",
        )
    if not rate > 0.0:
        raise located(RuntimeError, f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    unit = unit_uniform(math.prod(sizes), DOUBLE, generator or default_generator)
    with np.errstate(over="ignore", invalid="ignore"):
        return (-1.0 / rate * c_library(math.log1p, -unit)).astype(kind).reshape(sizes)


def bernoulli(
    shape: int | Sequence[int], p: float = 0.5, dtype: DTypeLike = np.float32, generator: Generator | None = None
) -> np.ndarray:
    """Return ones with probability ``p``, else zeros: ``bernoulli_(p)`` with a number."""
    sizes = checked_shape(shape)
    if not 0.0 <= p <= 1.0:
        raise located(RuntimeError, f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    unit = unit_uniform(math.prod(sizes), DOUBLE, generator or default_generator)
    return (unit < p).astype(dtype).reshape(sizes)


def bernoulli_each(
    p: np.ndarray,
    shape: Sequence[int] | None = None,
    dtype: DTypeLike | None = None,
    generator: Generator | None = None,
) -> np.ndarray:
    """Return ones with the probabilities ``p``, else zeros: ``bernoulli(p)`` and ``bernoulli_(p)`` with a tensor.

    Parameters
    ----------
    p : numpy.ndarray
        float32 or float64: the draws depend on which.
    shape : sequence of int, optional
        The shape to which ``p`` is broadcast; its own unless given.
    dtype : dtype, optional
        That of ``p`` unless given.
    generator : Generator, optional
    """
    kind = float_dtype(p.dtype, "bernoulli with a tensor of probabilities")
    if not np.all((p >= 0) & (p <= 1)):
        raise located(RuntimeError, "Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    sizes = p.shape if shape is None else checked_shape(shape)
    unit = unit_uniform(math.prod(sizes), kind, generator or default_generator).reshape(sizes)
    return (unit < np.broadcast_to(p, sizes)).astype(kind if dtype is None else dtype)


def dropout_mask(
    shape: int | Sequence[int], p: float = 0.5, dtype: DTypeLike = np.float32, generator: Generator | None = None
) -> np.ndarray:
    """Return what dropout with probability ``p`` multiplies its input by: zeros, else ``1 / (1 - p)``.

    For ``p`` of 0 and of 1 nothing is drawn, as in PyTorch.
    """
    sizes, kind = checked_shape(shape), float_dtype(dtype, "dropout")
    if not 0.0 <= p <= 1.0:
        raise located(ValueError, f"dropout probability has to be between 0 and 1, but got {p}")
    if p in (0.0, 1.0):
        return np.full(sizes, 1.0 - p, kind)
    mask = bernoulli(sizes, 1.0 - p, kind, generator)
    scaled: Any = mask / kind.type(1.0 - p)
    return np.asarray(scaled, kind)
