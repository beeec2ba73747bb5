"""Floats and arrays that carry a derivative along one direction.

A `Dual` has its value, computed exactly as CPython does; its tangent; and its size, the sum of the absolute values of
all that was added up to make the tangent. Arrays keep three NumPy arrays, so a view of a dual is a dual of views and
aliasing is NumPy's own. What duals do not know raises `NotCovered`.
"""

import operator
from typing import Any

import numpy as np

from tests.fuzz.slopes import BINARY, UNARY

LARGEST = [0.0]


class NotCovered(Exception):
    """A construct that the duals do not follow."""


def value(x: Any) -> Any:
    """The plain value of anything: duals inside tuples and lists too."""
    if isinstance(x, Dual):
        return x.v
    return type(x)(map(value, x)) if type(x) in (tuple, list) else x


def tangent(x: Any) -> Any:
    return x.t if isinstance(x, Dual) else (np.zeros(np.shape(x)) if isinstance(x, np.ndarray) else 0.0)


def size(x: Any) -> Any:
    return x.s if isinstance(x, Dual) else (np.zeros(np.shape(x)) if isinstance(x, np.ndarray) else 0.0)


def times(slope: Any, part: Any) -> Any:
    """A slope times a tangent; nothing flows where the tangent is exactly zero, however steep it is."""
    with np.errstate(all="ignore"):
        product = np.where(np.equal(part, 0.0), 0.0, np.multiply(slope, part))
    return product if product.ndim else float(product)


def binary(name: str, a: Any, b: Any) -> Any:
    """An operator or ufunc of two arguments."""
    operation, slopes = BINARY[name]
    v = operation(value(a), value(b))
    if slopes is None:
        return v
    with np.errstate(all="ignore"):
        da, db = slopes(np.asarray(value(a)), np.asarray(value(b)), np.asarray(v))
    t = np.add(times(da, tangent(a)), times(db, tangent(b)))
    s = np.add(times(np.abs(da), size(a)), times(np.abs(db), size(b)))
    return made(v, t, s)


def unary(name: str, x: Any, function: Any = None) -> Any:
    """A function of the table; `function` is another that computes the same (of `math`)."""
    ours, slope = UNARY[name]
    v = (function or ours)(value(x))
    if slope is None:
        return v
    with np.errstate(all="ignore"):
        d = slope(np.asarray(value(x), float), np.asarray(v))
    return made(v, times(d, tangent(x)), times(np.abs(d), size(x)))


def made(v: Any, t: Any, s: Any) -> "Dual":
    """A dual whose three parts have one shape; `LARGEST` remembers how large values became."""
    LARGEST[0] = max(LARGEST[0], float(np.max(np.abs(v), initial=0.0)))
    if isinstance(v, np.ndarray):
        return Dual(v, np.array(np.broadcast_to(t, v.shape)), np.array(np.broadcast_to(s, v.shape)))
    return Dual(v, float(t), float(s))


def lifted(x: Any) -> Any:
    """A float array, or number, as a dual that does not vary."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return Dual(x, np.zeros(x.shape), np.zeros(x.shape))
    return x


class Dual:
    """A number or array with a tangent and its size."""

    __slots__ = ("s", "t", "v")
    __hash__ = None

    def __init__(self, v: Any, t: Any, s: Any):
        self.v, self.t, self.s = v, t, s

    def each(self, f: Any) -> "Dual":
        """A function that only moves elements, on all three parts."""
        parts = [f(np.asarray(p)) for p in (self.v, self.t, self.s)]
        if isinstance(parts[0], np.ndarray):
            return Dual(*parts)
        return Dual(parts[0], float(parts[1]), float(parts[2]))

    def __repr__(self):
        return f"Dual({self.v!r}, {self.t!r})"

    # -- containers ----------------------------------------------------------------------------------------------------
    def __len__(self):
        return len(self.v)

    def __iter__(self):
        return (self[k] for k in range(len(self.v)))

    def __getitem__(self, index):
        v = self.v[index]
        t, s = self.t[index], self.s[index]
        return Dual(v, t, s) if isinstance(v, np.ndarray) else Dual(v, float(t), float(s))

    def __setitem__(self, index, new):
        v, t, s = value(new), tangent(new), size(new)
        self.v[index] = v
        self.t[index], self.s[index] = t, s

    def __getattr__(self, name):
        if name in ("shape", "ndim", "size", "dtype"):
            return getattr(self.v, name)
        if name == "T":
            return self.each(np.transpose)
        if name.startswith("__") or not isinstance(self.v, (np.ndarray, np.generic)):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.method(name, *args, **kwargs)

    def method(self, name, *args, **kwargs):
        if name in FUNCTIONS:
            return FUNCTIONS[name](self, *args, **kwargs)
        if name in MOVES:
            return self.each(lambda part: getattr(part, name)(*args, **kwargs))
        raise NotCovered(f"method {name}")

    # -- numbers -------------------------------------------------------------------------------------------------------
    def __bool__(self):
        return bool(self.v)

    def __int__(self):
        return int(self.v)

    def __float__(self):
        raise NotCovered("a dual was stored where only floats fit")

    def __format__(self, spec):
        return format(self.v, spec)

    def __round__(self, digits=None):
        return round(self.v) if digits is None else lifted(round(self.v, digits))

    def __pos__(self):
        return self

    def __neg__(self):
        return unary("negative", self)

    def __abs__(self):
        return unary("absolute", self, abs)

    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        if method == "at" and ufunc is np.add:
            return self.add_at(*args)
        out = kwargs.pop("out", (None,))[0]
        if method != "__call__" or kwargs:
            raise NotCovered(f"{ufunc.__name__}.{method} {sorted(kwargs)}")
        if ufunc.__name__ in OPERATOR_OF:
            found = binary(OPERATOR_OF[ufunc.__name__], *args)
        elif len(args) == 1 and ufunc.__name__ in UNARY:
            found = unary(ufunc.__name__, args[0])
        elif len(args) == 2 and ufunc.__name__ in BINARY:
            found = binary(ufunc.__name__, *args)
        else:
            raise NotCovered(ufunc.__name__)
        if out is None:
            return found
        if not isinstance(out, Dual) and isinstance(found, Dual):
            raise NotCovered("a dual was stored where only floats fit")  # NumPy makes another exception of it
        out[...] = found
        return out

    @staticmethod
    def add_at(x: "Dual", index: Any, more: Any) -> None:
        """`np.add.at`, also for what is named twice."""
        for whole, part in ((x.v, value(more)), (x.t, tangent(more)), (x.s, size(more))):
            np.add.at(whole, index, part)

    def __array_function__(self, function, kinds, args, kwargs):
        name = function.__name__
        if name in FUNCTIONS:
            return FUNCTIONS[name](*args, **kwargs)
        if name in MOVES:
            return args[0].each(lambda part: function(part, *args[1:], **kwargs))
        raise NotCovered(f"np.{name}")


def _operators() -> None:
    """Binary operators, those of the right operand and those in place."""
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
        setattr(Dual, f"__{name}__", lambda a, b, n=name: binary(n, a, b))
        setattr(Dual, f"__r{name}__", lambda a, b, n=name: binary(n, b, a))
        setattr(Dual, f"__i{name}__", lambda a, b, n=name: in_place(n, a, b))
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(Dual, f"__{name}__", lambda a, b, n=name: getattr(operator, n)(value(a), value(b)))
    Dual.__matmul__ = lambda a, b: product(operator.matmul, a, b)
    Dual.__rmatmul__ = lambda a, b: product(operator.matmul, b, a)


def in_place(name: str, a: Dual, b: Any) -> Dual:
    found = binary(name, a, b)
    if not isinstance(a.v, np.ndarray):
        return found
    a[...] = found
    return a


_operators()
OPERATOR_OF = {"multiply": "mul", "subtract": "sub", "divide": "truediv", "power": "pow", "remainder": "mod"}
OPERATOR_OF |= {"true_divide": "truediv", "floor_divide": "floordiv"}


# -- functions of NumPy that are not elementwise -----------------------------------------------------------------------

_MOVES = "reshape ravel flatten transpose copy flip roll concatenate repeat tile diagonal squeeze expand_dims swapaxes"
MOVES = frozenset(_MOVES.split())


def product(f: Any, a: Any, b: Any) -> Any:
    """dot, matmul, outer: linear in both."""
    v = f(value(a), value(b))
    t = f(tangent(a), value(b)) + f(value(a), tangent(b))
    s = f(size(a), np.abs(value(b))) + f(np.abs(value(a)), size(b))
    return made(v, t, s)


def linear(f: Any) -> Any:
    def apply(x: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(x, (list, tuple)):
            parts = [type(x)(map(part, x)) for part in (value, tangent, size)]
        else:
            parts = [value(x), tangent(x), size(x)]
        return made(*(f(part, *args, **kwargs) for part in parts))

    return apply


def extreme(f: Any) -> Any:
    """np.max and np.min: equal entries share."""

    def apply(x: Dual, axis: Any = None, keepdims: bool = False) -> Any:
        v = f(x.v, axis=axis, keepdims=keepdims)
        hit = x.v == f(x.v, axis=axis, keepdims=True)
        share = hit / np.sum(hit, axis=axis, keepdims=True)
        sums = [np.sum(times(share, part), axis=axis, keepdims=keepdims) for part in (x.t, x.s)]
        return made(v, *sums)

    return apply


def product_of(x: Dual, axis: Any = None, keepdims: bool = False) -> Any:
    """np.prod along an axis, without dividing."""
    v = np.prod(x.v, axis=axis, keepdims=keepdims)
    moved = [np.moveaxis(p, axis, 0) if axis is not None else np.ravel(p) for p in (x.v, x.t, x.s)]
    others = [np.prod(np.delete(moved[0], k, axis=0), axis=0) for k in range(len(moved[0]))]
    t = sum((times(o, d) for o, d in zip(others, moved[1], strict=True)), 0.0)
    s = sum((times(np.abs(o), d) for o, d in zip(others, moved[2], strict=True)), 0.0)
    return made(v, np.reshape(t, np.shape(v)), np.reshape(s, np.shape(v)))


def where(condition: Any, *arms: Any) -> Any:
    condition = value(condition)
    if not arms:
        return np.where(condition)
    return made(*(np.where(condition, *map(part, arms)) for part in (value, tangent, size)))


def clip(x: Any, low: Any, high: Any) -> Any:
    """Closed bounds count as inside."""
    v = np.clip(value(x), value(low), value(high))
    if any(isinstance(bound, Dual) for bound in (low, high)):
        raise NotCovered("np.clip with varying bounds")
    inside = (value(x) >= low) & (value(x) <= high)
    return made(v, np.where(inside, tangent(x), 0.0), np.where(inside, size(x), 0.0))


def difference(x: Any, append: Any = None) -> Any:
    """np.diff of a vector."""
    whole = x if append is None else FUNCTIONS["concatenate"]((x, _vector(append)))
    return whole[1:] - whole[:-1]


def _vector(x: Any) -> "Dual":
    """A number as an array of one."""
    return Dual(*(np.atleast_1d(np.asarray(part(x), float)) for part in (value, tangent, size)))


def norm(x: Any) -> Any:
    v = np.linalg.norm(value(x))
    slope = np.zeros(np.shape(x.v)) if v == 0 else x.v / v
    return made(v, np.sum(times(slope, x.t)), np.sum(times(np.abs(slope), x.s)))


def constant(f: Any) -> Any:
    return lambda x, *args, **kwargs: lifted(f(value(x), *map(value, args), **kwargs))


def filled_like(x: Any, fill: Any) -> Any:
    found = lifted(np.zeros_like(value(x)))
    found[...] = fill
    return found


_LINEAR = "sum mean cumsum trace concatenate stack vstack hstack diag tril triu"
_CONSTANT = "zeros_like ones_like empty_like argmax argmin any all shape size ndim isnan isfinite count_nonzero argsort"


def bilinear(f: Any) -> Any:
    return lambda a, b: product(f, a, b)


FUNCTIONS: dict[str, Any] = {
    **{name: linear(getattr(np, name)) for name in _LINEAR.split()},
    **{name: bilinear(getattr(np, name)) for name in ("dot", "outer", "matmul", "inner")},
    **{name: constant(getattr(np, name)) for name in _CONSTANT.split()},
    "max": extreme(np.max),
    "min": extreme(np.min),
    "amax": extreme(np.max),
    "amin": extreme(np.min),
    "prod": product_of,
    "where": where,
    "clip": clip,
    "diff": difference,
    "norm": norm,
    "full_like": filled_like,
    "item": lambda x: Dual(x.v.item(), float(x.t), float(x.s)),
    "sort": lambda x: x[np.argsort(x.v, kind="stable")],
}
