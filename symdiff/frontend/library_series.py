"""NumPy's functions of series: differences, integrals, interpolation, convolution and polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import convolved, refuse, stands_for

__all__ = ["slopes", "slopes_at"]


# -- differences -------------------------------------------------------------------------------------------------------


def beside(edge: Any, a: Any, axis: int) -> Any:
    """What is put before or behind the entries of the last axis: an array, or a number for each of them."""
    edge = np.asarray(edge)
    if edge.ndim == 0:
        return np.broadcast_to(edge, (*a.shape[:-1], 1))
    return np.moveaxis(edge, axis, -1)


def differences(a: Any, n: int) -> Any:
    """Along the last axis, ``n`` times."""
    if n == 0:
        return a
    if a.dtype == bool:
        return differences(a[..., 1:] != a[..., :-1], n - 1)
    return differences(a[..., 1:] - a[..., :-1], n - 1)


@stands_for(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Of neighbours."""
    moved = np.moveaxis(np.asarray(a), axis, -1)
    before = moved if prepend is None else np.concatenate((beside(prepend, moved, axis), moved), axis=-1)
    whole = before if append is None else np.concatenate((before, beside(append, moved, axis)), axis=-1)
    return np.moveaxis(differences(whole, n), -1, axis)


@stands_for(np.ediff1d)
def differences_of_all(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Of neighbours in the flattened array."""
    flat = np.ravel(np.asarray(ary))
    found = flat[1:] - flat[:-1]
    before = found if to_begin is None else np.concatenate((np.ravel(np.atleast_1d(to_begin)), found))
    return before if to_end is None else np.concatenate((before, np.ravel(np.atleast_1d(to_end))))


def slopes(f: Any, dx: Any, edge_order: int) -> Any:
    """``np.gradient`` along the last axis, with equal steps."""
    inner = (f[..., 2:] - f[..., :-2]) / (2.0 * dx)
    if edge_order == 1:
        first = (f[..., 1:2] - f[..., 0:1]) / dx
        last = (f[..., -1:] - f[..., -2:-1]) / dx
    else:
        first = (-1.5 * f[..., 0:1] + 2.0 * f[..., 1:2] - 0.5 * f[..., 2:3]) / dx
        last = (0.5 * f[..., -3:-2] - 2.0 * f[..., -2:-1] + 1.5 * f[..., -1:]) / dx
    return np.concatenate((first, inner, last), axis=-1)


def slopes_at(f: Any, x: Any, edge_order: int) -> Any:
    """``np.gradient`` along the last axis, at these coordinates."""
    steps = x[1:] - x[:-1]
    left, right = steps[:-1], steps[1:]
    inner = (
        -right / (left * (left + right)) * f[..., :-2]
        + (right - left) / (left * right) * f[..., 1:-1]
        + left / (right * (left + right)) * f[..., 2:]
    )
    if edge_order == 1:
        first = (f[..., 1:2] - f[..., 0:1]) / steps[0]
        last = (f[..., -1:] - f[..., -2:-1]) / steps[-1]
    else:
        p, q = steps[0], steps[1]
        first = -(2.0 * p + q) / (p * (p + q)) * f[..., 0:1] + (p + q) / (p * q) * f[..., 1:2]
        first = first - p / (q * (p + q)) * f[..., 2:3]
        p, q = steps[-2], steps[-1]
        last = q / (p * (p + q)) * f[..., -3:-2] - (p + q) / (p * q) * f[..., -2:-1]
        last = last + (2.0 * q + p) / (q * (p + q)) * f[..., -1:]
    return np.concatenate((first, inner, last), axis=-1)


# -- integrals and interpolation ---------------------------------------------------------------------------------------


@stands_for(np.trapezoid, *([np.trapz] if hasattr(np, "trapz") else []))
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The sum of the areas under straight lines."""
    heights = np.moveaxis(np.asarray(y), axis, -1)
    if x is None:
        widths = dx
    elif np.ndim(x) == 1:
        widths = np.diff(x)
    else:
        widths = np.diff(np.moveaxis(np.asarray(x), axis, -1))
    return np.sum(widths * (heights[..., 1:] + heights[..., :-1]) / 2.0, axis=-1)


@stands_for(np.interp)
def interpolated(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Straight lines between points. At a point the slope is that of the line behind it, at the last the one before."""
    if period is not None:
        refuse("np.interp with period= is not supported", "take the remainder of x, and repeat the points")
    x, xp, fp = np.asarray(x), np.asarray(xp), np.asarray(fp)
    last = len(xp) - 1
    low = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, np.maximum(last - 1, 0))
    high = np.minimum(low + 1, last)
    gap = np.where(high > low, xp[high] - xp[low], 1.0)
    inside = (fp[high] - fp[low]) / gap * (x - xp[low]) + fp[low]
    before = fp[0] if left is None else left
    behind = fp[-1] if right is None else right
    return np.where(x < xp[0], before, np.where(x > xp[-1], behind, inside))


# -- convolution -------------------------------------------------------------------------------------------------------


@stands_for(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The part of the full convolution that is asked for."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    whole = convolved(a, v)
    if mode == "full":
        return whole
    short, long = np.minimum(len(a), len(v)), np.maximum(len(a), len(v))
    if mode == "same":
        return whole[(short - 1) // 2 : (short - 1) // 2 + long]
    if mode != "valid":
        refuse("the mode of np.convolve is 'full', 'same' or 'valid'")
    return whole[short - 1 : long]


@stands_for(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The convolution with the other series backwards."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    whole = convolved(a, v[::-1])
    if mode == "full":
        return whole
    short, long = np.minimum(len(a), len(v)), np.maximum(len(a), len(v))
    if mode == "same":
        start = np.where(len(a) >= len(v), (short - 1) // 2, short // 2)
        return whole[start : start + long]
    if mode != "valid":
        refuse("the mode of np.correlate is 'full', 'same' or 'valid'")
    return whole[short - 1 : long]


# -- polynomials, highest power first ----------------------------------------------------------------------------------


@stands_for(np.polyval)
def value_of_polynomial(p: Any, x: Any) -> Any:
    """By Horner's scheme."""
    p, x = np.asarray(p), np.asarray(x)
    y = 0 * x + p[0]
    for i in range(1, len(p)):
        y = y * x + p[i]
    return y


@stands_for(np.polyder)
def derivative_of_polynomial(p: Any, m: int = 1) -> Any:
    """``m`` times."""
    p = np.asarray(p)
    if m == 0:
        return p
    return np.polyder(p[:-1] * np.arange(len(p) - 1, 0, -1), m - 1)


@stands_for(np.polyint)
def integral_of_polynomial(p: Any, m: int = 1, k: Any = None) -> Any:
    """``m`` times; ``k`` has the constants, first that of the first integral."""
    p = np.asarray(p)
    if m == 0:
        return p
    if k is None:
        constant, rest = 0.0, None
    elif np.ndim(k) == 0:
        if m > 1:
            refuse("np.polyint with several integrals needs as many constants")
        constant, rest = k, None
    else:
        constant, rest = k[0], k[1:]
    once = np.concatenate((p / np.arange(len(p), 0, -1), np.atleast_1d(constant)))
    return np.polyint(once, m - 1, rest)


@stands_for(np.polyadd)
def sum_of_polynomials(a1: Any, a2: Any) -> Any:
    """The shorter one gets zeros before it."""
    a1, a2 = np.atleast_1d(a1), np.atleast_1d(a2)
    more = len(a1) - len(a2)
    first = np.concatenate((np.zeros(max(-more, 0), a1.dtype), a1))
    return first + np.concatenate((np.zeros(max(more, 0), a2.dtype), a2))


@stands_for(np.polysub)
def difference_of_polynomials(a1: Any, a2: Any) -> Any:
    """The shorter one gets zeros before it."""
    return np.polyadd(a1, np.negative(a2))


@stands_for(np.polymul)
def product_of_polynomials(a1: Any, a2: Any) -> Any:
    """The convolution of the coefficients."""
    return convolved(np.atleast_1d(a1), np.atleast_1d(a2))


@stands_for(np.poly)
def polynomial_with_roots(seq_of_zeros: Any) -> Any:
    """The product of its factors."""
    roots = np.asarray(seq_of_zeros)
    if roots.ndim != 1:
        refuse("np.poly of a matrix is not supported", "give the roots")
    size = len(roots)
    if size == 0:
        raise ValueError("np.poly of no roots is a number, which is not supported")
    found = np.zeros(size + 1)
    found[0] = 1.0
    for i in range(size):
        found = found - roots[i] * np.concatenate((np.zeros(1), found[:-1]))
    return found


@stands_for(np.vander)
def powers(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """A column for each power."""
    x = np.asarray(x)
    count = len(x) if N is None else N
    exponents = np.arange(count) if increasing else np.arange(count - 1, -1, -1)
    return x[:, None] ** exponents


@stands_for(np.logspace)
def logarithmic_steps(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None
) -> Any:
    """Powers of the base with exponents in equal steps."""
    found = np.power(base, np.linspace(start, stop, num, endpoint))
    return found if dtype is None else found.astype(dtype)


@stands_for(np.geomspace)
def geometric_steps(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Any:
    """Each the same multiple of the one before, with the ends as they are given."""
    share = np.linspace(0.0, 1.0, num, endpoint)
    found = np.where(share == 1.0, stop * 1.0, start * (stop / start) ** share)
    return found if dtype is None else found.astype(dtype)
