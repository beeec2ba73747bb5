"""NumPy's functions that move, sort, add up and interpolate, on object arrays of an oracle's numbers.

What only moves elements, or adds and multiplies them, NumPy does itself with objects; the others are written here as
their definitions, with no regard to speed.
"""

import functools
import math
import operator
from typing import Any

import numpy as np

__all__ = ["MoreNumpy"]

MOVES = [
    "append",
    "argsort",
    "array_split",
    "atleast_1d",
    "block",
    "convolve",
    "cumprod",
    "cumsum",
    "delete",
    "diff",
    "flip",
    "insert",
    "meshgrid",
    "moveaxis",
    "pad",
    "polyder",
    "repeat",
    "roll",
    "rot90",
    "sort",
    "take",
    "tile",
    "tril",
    "triu",
]


class Operation:
    """A function of two arguments with the methods of a ufunc."""

    def __init__(self, numpy: Any, function: Any, ufunc: Any) -> None:
        self.numpy, self.function, self.ufunc = numpy, function, ufunc

    def __call__(self, a: Any, b: Any) -> Any:
        return self.function(self.numpy.lift(a), self.numpy.lift(b))

    def __getattr__(self, name: str) -> Any:
        return lambda *arrays, **options: getattr(self.ufunc, name)(*map(self.numpy.lift, arrays), **options)


class MoreNumpy:
    """Methods for the namespace that stands for NumPy; ``lift`` makes object arrays."""

    lift: Any
    array: Any

    def add_operations(self) -> None:
        """Give ufuncs their methods."""
        ours = self.__class__
        for name, function in {
            "add": operator.add,
            "subtract": operator.sub,
            "multiply": operator.mul,
            "maximum": functools.partial(ours.maximum, self),
            "minimum": functools.partial(ours.minimum, self),
        }.items():
            setattr(self, name, Operation(self, function, getattr(np, name)))
        for name in MOVES:
            setattr(self, name, functools.partial(self.moved, getattr(np, name)))

    def raised(self, item: Any) -> Any:
        """Floats become numbers wherever they stand; whole numbers and truth values stay."""
        if isinstance(item, list | tuple):
            return type(item)(map(self.raised, item))
        if isinstance(item, float) or (isinstance(item, np.ndarray) and item.dtype.kind == "f"):
            return self.lift(item)
        return item

    def moved(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """What NumPy makes of objects."""
        return function(*map(self.raised, arguments), **{k: self.raised(v) for k, v in options.items()})

    # order -----------------------------------------------------------------------------------------------------------
    def quantile(self, x, q):
        ordered = np.sort(np.ravel(self.lift(x)))
        place = q * (ordered.size - 1)
        low = math.floor(float(getattr(place, "real_value", place)))
        high = min(low + 1, ordered.size - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    def percentile(self, x, q):
        return self.quantile(x, q / 100.0)

    def median(self, x):
        ordered = np.sort(np.ravel(self.lift(x)))
        return (ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2

    def count_nonzero(self, x):
        return int(np.count_nonzero(x))

    def unique(self, x, **options):
        """Decided by doubles; equal numbers are one number."""
        if np.asarray(x).dtype != object:
            return np.unique(x, **options)
        flat = np.ravel(self.lift(x))
        asked = [name for name in ("return_index", "return_inverse", "return_counts") if options.get(name)]
        plain = np.array([float(v.real_value) for v in flat])
        _, first, *others = np.unique(plain, **{**options, "return_index": True})
        found = [flat[first], *([first] if "return_index" in asked else []), *others]
        return tuple(found) if asked else found[0]

    def bincount(self, x, weights=None, minlength=0):
        if weights is None:
            return np.bincount(x, minlength=minlength)
        found = self.array([0.0] * max(int(np.max(x)) + 1, minlength), dtype=float)
        np.add.at(found, x, self.lift(weights))
        return found

    # series ----------------------------------------------------------------------------------------------------------
    def trapezoid(self, y, x=None, dx=1.0):
        y = self.lift(y)
        widths = dx if x is None else np.diff(self.lift(x))
        return self.sum(widths * (y[1:] + y[:-1])) / 2

    def gradient(self, f, h):
        found = []
        for axis in range(np.ndim(f)):
            g = np.moveaxis(self.lift(f), axis, 0)
            inner = (g[2:] - g[:-2]) / (2.0 * h)
            ends = ((g[1:2] - g[:1]) / h, (g[-1:] - g[-2:-1]) / h)
            found.append(np.moveaxis(np.concatenate((ends[0], inner, ends[1])), 0, axis))
        return found

    def interp(self, x, xp, fp, left=None, right=None):
        xp, fp = self.lift(xp), self.lift(fp)

        def one(at):
            if at < xp[0]:
                return fp[0] if left is None else left
            if at > xp[-1]:
                return fp[-1] if right is None else right
            k = max(i for i in range(len(xp) - 1) if xp[i] <= at)
            return fp[k] + (fp[k + 1] - fp[k]) / (xp[k + 1] - xp[k]) * (at - xp[k])

        return self.map(one, x)

    def unwrap(self, p):
        """The corrections are constants."""
        plain = np.array([float(v.real_value) for v in self.lift(p)])
        turns = np.round((np.unwrap(plain) - plain) / (2.0 * np.pi))
        return self.lift(p) + self.lift(turns) * (2.0 * np.pi)

    def mod(self, a, b):
        return self.map(lambda v: v - b * math.floor(float(v.real_value) / float(self.lift(b).real_value)), a)

    def polyval(self, p, x):
        found = self.lift(x) * 0.0
        for c in self.lift(p):
            found = found * self.lift(x) + c
        return found

    def geomspace(self, a, b, n):
        return self.lift(np.geomspace(a, b, n))

    # choices and statistics ------------------------------------------------------------------------------------------
    def select(self, conditions, choices, default=0.0):
        found = default
        for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
            found = self.where(condition, choice, found)
        return found

    def piecewise(self, x, conditions, pieces):
        found = pieces[-1](x) if len(pieces) > len(conditions) else 0.0
        for condition, piece in zip(conditions, pieces, strict=False):
            found = self.where(condition, piece(x) if callable(piece) else piece, found)
        return found

    def nan_to_num(self, x, nan=0.0):
        return self.where(self.isnan(x), nan, x)

    def nansum(self, x):
        return self.sum(self.nan_to_num(x))

    def nanvar(self, x):
        numbers = np.ravel(x)[~np.ravel(self.isnan(x))]
        away = numbers - self.sum(numbers) / numbers.size
        return self.sum(away * away) / numbers.size

    def cov(self, x):
        away = self.lift(x) - self.mean(x, axis=1, keepdims=True)
        return self.matmul(away, away.T) / (np.shape(x)[1] - 1)

    def corrcoef(self, x):
        found = self.cov(x)
        deviation = self.sqrt(np.diagonal(found))
        return found / deviation / deviation[:, None]

    def cross(self, a, b):
        (x, y, z), (u, v, w) = self.lift(a), self.lift(b)
        return self.array([y * w - z * v, z * u - x * w, x * v - y * u])
