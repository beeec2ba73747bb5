"""How NumPy's functions store: ``out=``, ``where=`` and ``ufunc.at``, for functions of numbers that are no floats."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Stored", "add_stores"]

OPERATORS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}
UNARY = ("exp", "log", "sqrt", "sin", "cos", "tanh", "negative", "square")
BINARY = ("power", "maximum", "minimum")
OTHERS = {"dot": 2, "matmul": 2, "sum": 1, "clip": 3, "cumsum": 1}


class Stored:
    """A function of ``count`` operands that can put its result into an array it is given."""

    def __init__(self, function: Callable[..., Any], count: int):
        self.function, self.count = function, count

    def __call__(self, *args: Any, out: Any = None, where: Any = True, **options: Any) -> Any:
        operands, rest = args[: self.count], args[self.count :]
        if rest and out is None and isinstance(rest[0], np.ndarray):
            out, rest = rest[0], rest[1:]
        if out is None:
            return self.function(*operands, *rest, **options)
        if where is True:
            out[...] = self.function(*operands, *rest, **options)
            return out
        spread = [np.broadcast_to(np.asarray(x, dtype=object), out.shape) for x in operands]
        for place in np.argwhere(np.broadcast_to(np.asarray(where, dtype=bool), out.shape)):
            out[tuple(place)] = self.function(*(x[tuple(place)] for x in spread))
        return out

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)

    def at(self, a: Any, indices: Any, b: Any) -> None:
        """One place after the other."""
        numbers = np.arange(a.size).reshape(a.shape)
        places = numbers[indices]
        values = np.broadcast_to(np.asarray(b, dtype=object), places.shape)
        for place, value in zip(places.ravel(), values.ravel(), strict=True):
            where = np.unravel_index(place, a.shape)
            a[where] = self.function(a[where], value)


def add_stores(namespace: Any) -> None:
    """Give a namespace of NumPy's functions these ways to store."""
    for name, function in OPERATORS.items():
        known = vars(namespace).get(name) or _mapped(namespace, function)
        setattr(namespace, name, Stored(known, 2))
    for names, count in ((UNARY, 1), (BINARY, 2)):
        for name in names:
            setattr(namespace, name, Stored(getattr(namespace, name), count))
    for name, count in OTHERS.items():
        if name in vars(type(namespace)) or name in vars(namespace):
            setattr(namespace, name, Stored(getattr(namespace, name), count))
    for name in ("put", "copyto", "fill_diagonal", "put_along_axis", "take_along_axis"):
        if name not in vars(type(namespace)):
            setattr(namespace, name, getattr(np, name))


def _mapped(namespace: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, b: namespace.map(function, a, b)
