"""Random integers and permutations whose numbers are PyTorch's CPU numbers for the same generator."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from symdiff.errors import DtypeError, SymdiffWarning, located
from symdiff.tensors.distributions import FLOATS, checked_shape
from symdiff.tensors.generator import Generator, default_generator

__all__ = ["randint", "random_integers", "randperm"]

INTEGERS = tuple(np.dtype(name) for name in ("bool", "uint8", "int8", "int16", "int32", "int64"))
DIGITS = {"float32": 24, "float64": 53}  # bits of the significand
C_NAMES = {"uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int", "int64": "long"}
WIDE_RANGE = 2**28  # from this many values on, each number takes a 64-bit draw
LARGE_PERMUTATION = (2**32 - 1) // 20  # from this many elements on, PyTorch shuffles in another way
INDEX_BITS = LARGE_PERMUTATION.bit_length()


def randint(
    low: int,
    high: int,
    shape: int | Sequence[int],
    dtype: DTypeLike = np.int64,
    generator: Generator | None = None,
) -> np.ndarray:
    """Return integers uniform in [low, high): ``randint(low, high, shape)``."""
    return random_integers(shape, dtype, low, high, generator)


def random_integers(
    shape: int | Sequence[int],
    dtype: DTypeLike = np.int64,
    low: int | None = None,
    high: int | None = None,
    generator: Generator | None = None,
) -> np.ndarray:
    """Return uniform integers: ``random_(low, high)``.

    Parameters
    ----------
    shape : int or sequence of int
    dtype : dtype
        bool, an integer dtype up to 64 bits, float32 or float64.
    low : int, optional
        0 unless given.
    high : int, optional
        The upper bound, excluded. Without it the numbers go up to the largest the dtype has (for a float, up to
        ``2**24`` or ``2**53``).
    generator : Generator, optional
    """
    sizes, kind = checked_shape(shape), _number_dtype(dtype)
    source, count = generator or default_generator, math.prod(sizes)
    if low is None and high is None:
        return _whole_range(count, kind, source).reshape(sizes)
    if low == -(2**63) and high is None:
        return _every_int64(count, kind, source).reshape(sizes)
    first, last = _bounds(low or 0, high, kind)
    span = last - first + 1
    draws = source.draw64(count) if span >= WIDE_RANGE else source.draw32(count)
    values = (draws % np.uint64(span) + np.uint64(first % 2**64)).view(np.int64)
    return values.astype(kind).reshape(sizes)


def _number_dtype(dtype: DTypeLike) -> np.dtype:
    kind = np.dtype(dtype)
    if kind not in INTEGERS and kind not in FLOATS:
        raise DtypeError(f"random_ is not implemented for {kind}")
    return kind


def _whole_range(count: int, kind: np.dtype, generator: Generator) -> np.ndarray:
    draws = generator.draw64(count) if kind in (np.int64, np.float64) else generator.draw32(count)
    if kind == np.bool_:
        return (draws & np.uint64(1)).astype(kind)
    values = 2 ** DIGITS[kind.name] + 1 if kind in FLOATS else int(np.iinfo(kind).max) + 1
    return (draws % np.uint64(values)).astype(kind)


def _every_int64(count: int, kind: np.dtype, generator: Generator) -> np.ndarray:
    if kind not in (np.int64, *FLOATS):
        raise located(
            RuntimeError, "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16"
        )
    return generator.draw64(count).view(np.int64).astype(kind)


def _bounds(low: int, high: int | None, kind: np.dtype) -> tuple[int, int]:
    """Return the smallest and the largest number to draw, both included."""
    for bound in (low, high):
        if bound is not None and not -(2**63) <= bound < 2**63:
            raise located(ValueError, f"Overflow when unpacking long long: the bound {bound} is no int64")
    if high is not None and low >= high:
        raise located(RuntimeError, f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if kind in FLOATS:
        low, high = _representable_bounds(low, high, kind)
    elif high is None:
        high = 2 if kind == np.bool_ else int(np.iinfo(kind).max) + 1
    _require_in_range(low, high - 1, kind)
    return low, high - 1


def _representable_bounds(low: int, high: int | None, kind: np.dtype) -> tuple[int, int]:
    """Move bounds that a float cannot hold inwards, so that no number is rounded to one outside."""
    digits = DIGITS[kind.name]
    rounded = int(kind.type(low + 1))
    if rounded < low:
        low = rounded + 2 ** (abs(low + 1).bit_length() - digits)
    if high is None:
        # The largest is 2**digits itself, but a range of that number alone is refused.
        high = 2**digits + (low < 2**digits)
    else:
        rounded = int(kind.type(high - 1))
        if rounded >= high:
            high = rounded - 2 ** (abs(high - 1).bit_length() - digits)
    if low >= high:
        raise located(
            RuntimeError,
            f"random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
            f"but got from={low} >= to={high}",
        )
    return low, high


def _require_in_range(first: int, last: int, kind: np.dtype) -> None:
    named = (("from", first), ("to - 1", last))
    if kind in FLOATS:
        limit = 2 ** DIGITS[kind.name]
        for name, bound in named:
            if not -limit <= bound <= limit:
                warnings.warn(f"{name} is beyond the integers that {kind} can tell apart", SymdiffWarning, stacklevel=5)
        return
    smallest, largest = (0, 1) if kind == np.bool_ else (int(np.iinfo(kind).min), int(np.iinfo(kind).max))
    for name, bound in named:
        if not smallest <= bound <= largest:
            raise located(RuntimeError, f"{name} is out of bounds for {C_NAMES.get(kind.name, kind.name)}")


# ---- permutations ----------------------------------------------------------------------------------------------------


def randperm(n: int, dtype: DTypeLike = np.int64, generator: Generator | None = None) -> np.ndarray:
    """Return a random permutation of 0 ... n - 1: ``randperm(n)``.

    Parameters
    ----------
    n : int
        Less than 214748364: PyTorch shuffles more in another way, which is refused.
    dtype : dtype
    generator : Generator, optional
    """
    kind = _number_dtype(dtype)
    if kind == np.bool_:
        raise DtypeError("randperm is not implemented for bool")
    if n < 0:
        raise located(RuntimeError, f"Trying to create tensor with negative dimension {n}: [{n}]")
    if kind in FLOATS and n > 2 ** DIGITS[kind.name] + 1:
        name = "Float" if kind == np.float32 else "Double"
        raise located(RuntimeError, f"n cannot be greater than 2^{DIGITS[kind.name]}+1 for {name} type.")
    if kind not in FLOATS and n > np.iinfo(kind).max:
        raise located(RuntimeError, f"value cannot be converted to type {kind}_t without overflow: {n} elements")
    if n >= LARGE_PERMUTATION:
        raise located(ValueError, f"a permutation of {n} elements: the largest supported has {LARGE_PERMUTATION - 1}")
    draws = (generator or default_generator).draw32(max(n - 1, 0)).astype(np.int64)
    steps = np.arange(n, dtype=np.int64)
    return _shuffled(steps[:-1] + draws % (n - steps[:-1]), n).astype(kind)


def _shuffled(partners: np.ndarray, n: int) -> np.ndarray:
    """Swap element i of 0 ... n - 1 with element ``partners[i]`` (at or after it), for i in turn; all steps at once.

    A step takes its final value from its partner's place, where the last earlier step with the same partner has put
    what then stood at its own place; and that came there in the same way. So the value is found by following links to
    earlier steps until a place that was never touched, for all elements together by doubling the links' length.
    """
    if n < 2:
        return np.arange(n, dtype=np.int64)
    steps = np.arange(n, dtype=np.int64)
    partners = np.append(partners, n - 1)
    moved = partners[:-1] != steps[:-1]
    origin = steps.copy()
    origin[partners[:-1][moved]] = steps[:-1][moved]  # of several steps with one partner, the last one stays
    while True:
        further = origin[origin]
        if np.array_equal(further, origin):
            break
        origin = further
    keys = np.sort((partners << INDEX_BITS) | steps)  # steps with one partner side by side, in their order
    grouped, order = keys >> INDEX_BITS, keys & ((1 << INDEX_BITS) - 1)
    same = grouped[1:] == grouped[:-1]
    values = grouped.copy()
    values[1:][same] = origin[order[:-1][same]]
    result = np.empty(n, np.int64)
    result[order] = values
    return result
