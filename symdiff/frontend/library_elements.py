"""NumPy's functions that act on each element, or compare arrays, in terms of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import is_inexact, refuse, stands_for

__all__ = ["rounded"]

# -- rounding ----------------------------------------------------------------------------------------------------------


@stands_for(np.fix)
def fix(x: Any) -> Any:
    """Towards zero."""
    return np.trunc(x)


@stands_for(np.round, np.around, method="round")
def rounded(a: Any, decimals: int = 0) -> Any:
    """As NumPy does it: scaled, rounded to even, and scaled back."""
    a = np.asarray(a)
    if decimals == 0:
        return np.rint(a) if is_inexact(a) else np.positive(a)
    if not is_inexact(a):
        if decimals < 0:
            refuse("rounding integers to tens is not supported", "floor-divide, and multiply")
        return np.positive(a)
    if decimals > 0:
        return np.rint(a * 10.0**decimals) / 10.0**decimals
    return np.rint(a / 10.0 ** (-decimals)) * 10.0 ** (-decimals)


@stands_for(np.divmod)
def divide_with_rest(x1: Any, x2: Any) -> Any:
    """Quotient and remainder."""
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


@stands_for(np.modf)
def fraction_and_whole(x: Any) -> Any:
    """Both parts have the sign of the number; infinity has no fraction."""
    whole = np.trunc(x)
    return np.where(np.isinf(x), 0.0, x - whole), whole


@stands_for(np.ldexp)
def scaled_by_power(x1: Any, x2: Any) -> Any:
    """In two steps, since the power alone may be out of range."""
    half = x2 // 2
    return x1 * np.power(2.0, half) * np.power(2.0, x2 - half)


# -- questions ---------------------------------------------------------------------------------------------------------


@stands_for(np.signbit)
def sign_bit(x: Any) -> Any:
    """Whether the sign is minus, that of a zero too."""
    return np.copysign(1.0, x) < 0.0


@stands_for(np.isposinf)
def is_plus_infinity(x: Any) -> Any:
    """Element by element."""
    return np.asarray(x) == np.inf


@stands_for(np.isneginf)
def is_minus_infinity(x: Any) -> Any:
    """Element by element."""
    return np.asarray(x) == -np.inf


@stands_for(np.isclose)
def is_close(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """Within a bound, or equal: an infinity is close to itself only."""
    a, b = np.asarray(a), np.asarray(b)
    close = (np.abs(a - b) <= atol + rtol * np.abs(b)) & np.isfinite(b) | (a == b)
    if equal_nan:
        return close | (np.isnan(a) & np.isnan(b))
    return close


@stands_for(np.allclose)
def all_close(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """Whether all are."""
    return bool(np.all(np.isclose(a, b, rtol, atol, equal_nan)))


@stands_for(np.array_equal)
def same_arrays(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Shape and elements; arrays of other shapes differ."""
    a1, a2 = np.asarray(a1), np.asarray(a2)
    if a1.ndim != a2.ndim:
        return False
    if a1.shape != a2.shape:
        return False
    if equal_nan:
        return bool(np.all((a1 == a2) | (np.isnan(a1) & np.isnan(a2))))
    return bool(np.all(a1 == a2))


@stands_for(np.array_equiv)
def equivalent(a1: Any, a2: Any) -> Any:
    """Elements of arrays that can be broadcast together."""
    return bool(np.all(np.asarray(a1) == np.asarray(a2)))


# -- integers ----------------------------------------------------------------------------------------------------------


@stands_for(np.logical_xor)
def exclusive_or(x1: Any, x2: Any) -> Any:
    """Of truth values."""
    return np.not_equal(np.not_equal(x1, 0), np.not_equal(x2, 0))


@stands_for(np.left_shift)
def shifted_left(x1: Any, x2: Any) -> Any:
    """Bits that leave the number are lost, as in a product."""
    if is_inexact(x1) or is_inexact(x2):
        refuse("only integers have bits to shift")
    return np.where(_is_shift(x2, 63), x1 * np.power(2, np.clip(x2, 0, 63)), 0)


@stands_for(np.right_shift)
def shifted_right(x1: Any, x2: Any) -> Any:
    """A quotient, rounded down."""
    if is_inexact(x1) or is_inexact(x2):
        refuse("only integers have bits to shift")
    all_out = np.where(np.asarray(x1) < 0, -1, 0)
    return np.where(_is_shift(x2, 62), x1 // np.power(2, np.clip(x2, 0, 62)), all_out)


def _is_shift(count: Any, most: int) -> Any:
    """Whether bits stay; a count below zero moves out all of them."""
    return (np.asarray(count) >= 0) & (np.asarray(count) <= most)


@stands_for(np.gcd)
def greatest_divisor(x1: Any, x2: Any) -> Any:
    """Euclid's algorithm, on all elements until the last is done."""
    if is_inexact(x1) or is_inexact(x2):
        refuse("only integers have a greatest common divisor")
    a = np.abs(x1) + 0 * np.abs(x2)
    b = 0 * np.abs(x1) + np.abs(x2)
    while np.any(b != 0):
        rest = np.where(b != 0, a % np.where(b != 0, b, 1), 0)
        a = np.where(b != 0, b, a)
        b = rest
    return a


@stands_for(np.lcm)
def least_multiple(x1: Any, x2: Any) -> Any:
    """By the greatest divisor; that of 0 and anything is 0."""
    divisor = np.gcd(x1, x2)
    return np.abs(x1) // np.where(divisor == 0, 1, divisor) * np.abs(x2)


# -- replacing ---------------------------------------------------------------------------------------------------------


@stands_for(np.nan_to_num)
def without_nan(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Numbers instead of NaN and infinities; nothing flows back to what was replaced."""
    if not copy:
        refuse("np.nan_to_num with copy=False is not supported", "assign its result")
    x = np.asarray(x)
    if not is_inexact(x):
        return np.positive(x)
    high = np.finfo(x.dtype).max if posinf is None else posinf
    low = np.finfo(x.dtype).min if neginf is None else neginf
    return np.where(np.isnan(x), nan, np.where(x == np.inf, high, np.where(x == -np.inf, low, x)))


@stands_for(np.logaddexp2)
def log2_of_sum(x1: Any, x2: Any) -> Any:
    """``log2(2**a + 2**b)``."""
    return np.logaddexp(x1 * np.log(2.0), x2 * np.log(2.0)) / np.log(2.0)


@stands_for(np.unwrap)
def unwrapped(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 6.283185307179586) -> Any:
    """Jumps of more than half a period are taken out; they are constant between the points where they change."""
    moved = np.moveaxis(np.asarray(p), axis, -1)
    steps = moved[..., 1:] - moved[..., :-1]
    half = period / 2
    turned = np.mod(steps + half, period) - half
    turned = np.where((turned == -half) & (steps > 0), half, turned)
    change = np.where(np.abs(steps) < (half if discont is None else discont), 0.0, turned - steps)
    later = moved[..., 1:] + np.cumsum(change, axis=-1)
    return np.moveaxis(np.concatenate((moved[..., :1], later), axis=-1), -1, axis)


@stands_for(*([np.astype] if hasattr(np, "astype") else []))
def converted(x: Any, dtype: Any, /) -> Any:
    """The method of the same name."""
    return np.asarray(x).astype(dtype)


def led_by(number: Any, found: Any, place: Any) -> Any:
    """With one more entry before the others along an axis."""
    moved = np.moveaxis(found, place, -1)
    first = np.full((*moved.shape[:-1], 1), number, moved.dtype)
    return np.moveaxis(np.concatenate((first, moved), axis=-1), -1, place)


@stands_for(*([np.cumulative_sum] if hasattr(np, "cumulative_sum") else []))
def running_sum(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """From the first entry, or from nothing."""
    x = np.asarray(x)
    if axis is None and x.ndim > 1:
        refuse("np.cumulative_sum of an array of several dimensions needs axis=")
    place = 0 if axis is None else axis
    found = np.cumsum(x, place, dtype)
    if not include_initial:
        return found
    return led_by(0, found, place)


@stands_for(*([np.cumulative_prod] if hasattr(np, "cumulative_prod") else []))
def running_product(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """From the first entry, or from 1."""
    x = np.asarray(x)
    if axis is None and x.ndim > 1:
        refuse("np.cumulative_prod of an array of several dimensions needs axis=")
    place = 0 if axis is None else axis
    found = np.cumprod(x, place, dtype)
    if not include_initial:
        return found
    return led_by(1, found, place)
