"""NumPy's statistics in terms of sums, sorts and choices."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.written import is_inexact, is_single, lined_up, refuse, stands_for, totals, with_axes

__all__: list[str] = []


# -- without NaN -------------------------------------------------------------------------------------------------------


def without_nan(a: Any, instead: Any) -> Any:
    """The array with a number in the place of each NaN."""
    a = np.asarray(a)
    return np.where(np.isnan(a), instead, a) if is_inexact(a) else a


@stands_for(np.nansum)
def sum_of_numbers(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """NaN counts as 0."""
    a = without_nan(a, 0.0)
    return np.sum(a, axis=axis, dtype=dtype, keepdims=keepdims)


@stands_for(np.nanprod)
def product_of_numbers(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """NaN counts as 1."""
    a = without_nan(a, 1.0)
    return np.prod(a, axis=axis, dtype=dtype, keepdims=keepdims)


@stands_for(np.nancumsum)
def running_sum_of_numbers(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """NaN counts as 0."""
    a = without_nan(a, 0.0)
    return np.cumsum(a, axis=axis, dtype=dtype)


@stands_for(np.nancumprod)
def running_product_of_numbers(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """NaN counts as 1."""
    a = without_nan(a, 1.0)
    return np.cumprod(a, axis=axis, dtype=dtype)


@stands_for(np.nanmax)
def largest_number(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Where all are NaN, NaN."""
    a = np.asarray(a)
    if not is_inexact(a):
        return np.max(a, axis=axis, keepdims=keepdims)
    missing = np.isnan(a)
    best = np.max(np.where(missing, -np.inf, a), axis=axis, keepdims=keepdims)
    return np.where(np.all(missing, axis=axis, keepdims=keepdims), np.nan, best)


@stands_for(np.nanmin)
def smallest_number(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Where all are NaN, NaN."""
    a = np.asarray(a)
    if not is_inexact(a):
        return np.min(a, axis=axis, keepdims=keepdims)
    missing = np.isnan(a)
    best = np.min(np.where(missing, np.inf, a), axis=axis, keepdims=keepdims)
    return np.where(np.all(missing, axis=axis, keepdims=keepdims), np.nan, best)


@stands_for(np.nanmean)
def mean_of_numbers(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The sum of the numbers by their count."""
    a = np.asarray(a)
    if not is_inexact(a):
        return np.mean(a, axis=axis, dtype=dtype, keepdims=keepdims)
    missing = np.isnan(a)
    total = np.sum(np.where(missing, 0.0, a), axis=axis, dtype=dtype, keepdims=keepdims)
    return total / np.sum(np.where(missing, 0.0, 1.0), axis=axis, keepdims=keepdims).astype(a.dtype)


@stands_for(np.nanvar)
def variance_of_numbers(a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False) -> Any:
    """Around the mean of the numbers."""
    a = np.asarray(a)
    if not is_inexact(a):
        return np.var(a, axis=axis, ddof=ddof, keepdims=keepdims)
    missing = np.isnan(a)
    away = np.where(missing, 0.0, a - np.nanmean(a, axis=axis, keepdims=True))
    count = np.sum(np.where(missing, 0.0, 1.0), axis=axis, keepdims=keepdims).astype(a.dtype) - ddof
    return np.sum(away * away, axis=axis, keepdims=keepdims) / np.where(count > 0.0, count, np.nan)


@stands_for(np.nanstd)
def deviation_of_numbers(a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False) -> Any:
    """The root of the variance, flat where nothing varies."""
    spread = np.nanvar(a, axis=axis, ddof=ddof, keepdims=keepdims)
    return np.where(spread == 0.0, 0.0, np.sqrt(np.where(spread == 0.0, 1.0, spread)))


# -- averages ----------------------------------------------------------------------------------------------------------


@stands_for(np.average)
def weighted_average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    """The mean, or the weighted one; the weights have the shape of the array, or that of its axis."""
    if returned:
        refuse("np.average with returned=True is not supported", "sum the weights")
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    a, weights = np.asarray(a), np.asarray(weights)
    if weights.ndim != a.ndim:
        if axis is None or weights.ndim != 1:
            refuse("np.average with weights of another shape needs axis= of the one axis they belong to")
        moved = np.moveaxis(a, axis, -1)
        total = np.sum(weights)
        if total == 0.0:
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        found = np.sum(moved * weights, axis=-1) / total
        return np.expand_dims(found, axis) if keepdims else found
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    if np.any(total == 0.0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / total


@stands_for(np.cov)
def covariance(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Any:
    """Of the rows of a matrix."""
    if fweights is not None or aweights is not None:
        refuse("np.cov with weights is not supported", "write the weighted sums")
    rows = np.atleast_2d(m)
    if not rowvar and np.ndim(m) == 2:
        rows = rows.T
    if y is not None:
        others = np.atleast_2d(y)
        if not rowvar and np.ndim(y) == 2:
            others = others.T
        rows = np.concatenate((rows, others), axis=0)
    less = (0 if bias else 1) if ddof is None else ddof
    away = rows - np.mean(rows, axis=1, keepdims=True)
    found = away @ away.T / (rows.shape[1] - less)
    if y is None and is_single(rows):
        return found[0, 0]
    return found


@stands_for(np.corrcoef)
def correlation(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """The covariance of what is scaled to a deviation of 1."""
    found = np.cov(x, y, rowvar)
    if np.ndim(found) == 0:
        return found / found
    deviation = np.sqrt(np.diagonal(found))
    return np.clip(found / deviation[:, None] / deviation, -1.0, 1.0)


# -- order -------------------------------------------------------------------------------------------------------------


@stands_for(np.median)
def median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The mean of the two in the middle; NaN if there is one."""
    a = np.asarray(a)
    rows = np.sort(lined_up(a, axis))
    size = rows.shape[-1]
    middle = (rows[..., (size - 1) // 2] + rows[..., size // 2]) / 2
    return with_axes(np.where(np.isnan(rows[..., -1]), np.nan, middle), a, axis, keepdims)


def place_of_quantile(q: Any, size: Any, method: str) -> Any:
    """Where among the sorted entries a quantile lies, counted from 0."""
    if method == "linear":
        return (size - 1) * q
    if method == "lower":
        return np.floor((size - 1) * q)
    if method == "higher":
        return np.ceil((size - 1) * q)
    if method == "midpoint":
        return 0.5 * (np.floor((size - 1) * q) + np.ceil((size - 1) * q))
    if method == "nearest":
        return np.rint((size - 1) * q)
    if method == "hazen":
        return size * q - 0.5
    if method == "weibull":
        return (size + 1) * q - 1.0
    if method == "median_unbiased":
        return size * q + (1.0 / 3.0 + q / 3.0) - 1.0
    if method == "normal_unbiased":
        return size * q + (3.0 / 8.0 + q / 4.0) - 1.0
    if method == "interpolated_inverted_cdf":
        return size * q - 1.0
    refuse("this method of quantiles is not supported", "use 'linear', or another one that interpolates")
    return q


def check_quantiles(q: Any) -> None:
    """A number that is known is checked while parsing."""
    if np.ndim(q) == 0:
        if not (q >= 0.0 and q <= 1.0):
            raise ValueError("Quantiles must be in the range [0, 1]")
    elif not np.all((q >= 0.0) & (q <= 1.0)):
        raise ValueError("Quantiles must be in the range [0, 1]")


@stands_for(np.quantile)
def quantile(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    """Between the entries before and after; several quantiles make a first axis."""
    check_quantiles(q)
    a, q = np.asarray(a), np.asarray(q)
    if q.ndim > 1 or (keepdims and q.ndim == 1):
        refuse("np.quantile of a matrix of quantiles is not supported", "flatten it, and reshape the result")
    rows = np.sort(lined_up(a, axis))
    size = rows.shape[-1]
    place = np.clip(place_of_quantile(q, size, method), 0.0, size - 1.0)
    below, above = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
    weight = place - np.floor(place)
    low, high = rows[..., below], rows[..., above]
    found = np.where(weight >= 0.5, high - (high - low) * (1 - weight), low + (high - low) * weight)
    if q.ndim == 0:
        return with_axes(np.where(np.isnan(rows[..., -1]), np.nan, found), a, axis, keepdims)
    return np.moveaxis(np.where(np.isnan(rows[..., -1:]), np.nan, found), -1, 0)


@stands_for(np.percentile)
def percentile(a: Any, q: Any, axis: Any = None, *, method: Any = "linear", keepdims: bool = False) -> Any:
    """The quantile at a hundredth."""
    share = q / 100 if np.ndim(q) == 0 else np.asarray(q) / 100
    return np.quantile(a, share, axis, method=method, keepdims=keepdims)


def among_numbers(a: Any, axis: Any, keepdims: bool, q: Any, method: str) -> Any:
    """A quantile of the entries that are not NaN, which a sort puts last."""
    check_quantiles(q)
    rows = np.sort(lined_up(a, axis))
    count = np.sum(np.where(np.isnan(rows), 0, 1), axis=-1, keepdims=True)
    place = np.clip(place_of_quantile(q, count, method), 0.0, np.maximum(count - 1.0, 0.0))
    low = np.take_along_axis(rows, np.floor(place).astype(np.int64), axis=-1)
    high = np.take_along_axis(rows, np.ceil(place).astype(np.int64), axis=-1)
    weight = place - np.floor(place)
    found = np.where(weight >= 0.5, high - (high - low) * (1 - weight), low + (high - low) * weight)
    return with_axes(found[..., 0], a, axis, keepdims)


@stands_for(np.nanquantile)
def quantile_of_numbers(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    """One quantile; where all are NaN, NaN."""
    if np.ndim(q) > 0:
        refuse("np.nanquantile of several quantiles is not supported", "call it for each of them")
    return among_numbers(np.asarray(a), axis, keepdims, q, method)


@stands_for(np.nanpercentile)
def percentile_of_numbers(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    """The quantile at a hundredth."""
    if np.ndim(q) > 0:
        refuse("np.nanpercentile of several percentiles is not supported", "call it for each of them")
    return among_numbers(np.asarray(a), axis, keepdims, q / 100, method)


@stands_for(np.nanmedian)
def median_of_numbers(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The quantile in the middle."""
    return among_numbers(np.asarray(a), axis, keepdims, 0.5, "linear")


# -- counting ----------------------------------------------------------------------------------------------------------


@stands_for(np.bincount)
def counts(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each number from 0 occurs, or the sum of its weights."""
    x = np.asarray(x)
    size = max(int(np.max(x, initial=-1)) + 1, minlength)
    # a negative number is an error, not a place from the end
    places = np.where(x < 0, size, x)
    if weights is None:
        return totals(places, 1, size)
    return totals(places, np.asarray(weights) * 1.0, size)


@stands_for(np.digitize)
def bin_numbers(x: Any, bins: Any, right: bool = False) -> Any:
    """Between which bins, which rise or fall."""
    bins = np.asarray(bins)
    if len(bins) > 1 and bins[0] > bins[-1]:
        found = len(bins) - np.searchsorted(bins[::-1], x, side="right" if right else "left")
    else:
        found = np.searchsorted(bins, x, side="left" if right else "right")
    return found


@stands_for(np.histogram_bin_edges)
def bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """Of bins of equal width between the extremes, or as given."""
    if isinstance(bins, str):
        refuse("a rule for the number of bins is not supported", "give the number")
    if np.ndim(bins) == 1:
        return np.asarray(bins)
    if range is None:
        low, high = np.min(a), np.max(a)
    else:
        low, high = range[0] * 1.0, range[1] * 1.0
    flat = low == high
    return np.linspace(np.where(flat, low - 0.5, low), np.where(flat, high + 0.5, high), bins + 1)


@stands_for(np.histogram)
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """The weight of the entries in each bin, and the edges; the last bin has both of its edges."""
    a = np.ravel(np.asarray(a))
    edges = np.histogram_bin_edges(a, bins, range)
    size = len(edges) - 1
    inside = (a >= edges[0]) & (a <= edges[-1])
    places = np.clip(np.searchsorted(edges, a, side="right") - 1, 0, size - 1)
    if weights is None:
        found = totals(places, np.where(inside, 1, 0), size)
    else:
        found = totals(places, np.where(inside, np.ravel(np.asarray(weights)), 0), size)
    if density:
        return found / np.diff(edges) / np.sum(found), edges
    return found, edges
