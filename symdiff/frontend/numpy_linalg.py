"""Products of arrays, and `numpy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.frontend.abstract import Abstract, Array, Known, Tuple
from symdiff.frontend.core import Parser, function, method
from symdiff.frontend.numpy_reductions import reduce
from symdiff.frontend.numpy_shaping import array_of, static_axis

__all__: list[str] = []


def _two(row: str) -> Any:
    def handler(p: Parser, a: Abstract, b: Abstract) -> Abstract:
        return p.wrap(p.emit(row, p.value(array_of(p, a)), p.value(array_of(p, b))))

    return handler


def _one(row: str) -> Any:
    def handler(p: Parser, a: Abstract) -> Abstract:
        return p.wrap(p.emit(row, p.value(array_of(p, a))))

    return handler


function(np.matmul)(_two("matmul"))
method(Array, "dot")(function(np.dot)(_two("dot")))
function(np.linalg.solve)(_two("solve"))
function(np.linalg.inv)(_one("inv"))
function(np.linalg.det)(_one("det"))


@function(np.outer)
def outer(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """``np.outer``; arrays are flattened."""
    flat = []
    for item in (array_of(p, a), array_of(p, b)):
        value = p.value(item)
        flat.append(value if value.type.rank == 1 else p.value(p.call(Known(np.ravel), [item], {})))
    return p.wrap(p.emit("outer", *flat))


@function(np.linalg.cholesky)
def cholesky(p: Parser, a: Abstract) -> Abstract:
    """The lower factor."""
    return p.wrap(p.emit("cholesky", p.value(array_of(p, a))))


@function(np.linalg.slogdet)
def slogdet(p: Parser, a: Abstract) -> Tuple:
    """Sign and logarithm of the determinant."""
    value = p.value(array_of(p, a))
    parts = tuple(p.wrap(p.emit(row, value)) for row in ("slogdet_sign", "slogdet_logabs"))
    return Tuple(parts, type(np.linalg.slogdet(np.eye(1))))


@function(np.linalg.norm)
def norm(
    p: Parser, x: Abstract, ord: Abstract | None = None, axis: Abstract | None = None, keepdims: Abstract | None = None
) -> Abstract:
    """The 2-norm; of vectors also the 1-norm and the largest magnitude."""
    item = array_of(p, x)
    kind = None if ord is None else p.static(ord, "ord=")
    found = static_axis(p, axis)
    vectors = isinstance(found, int) or (found is None and p.value(item).type.rank == 1)
    if kind is None or kind == "fro" or (kind == 2 and vectors):
        return reduce(p, "norm", item, axis, keepdims)
    if not vectors or kind not in (1, np.inf, -np.inf):
        p.unsupported(f"np.linalg.norm with ord={kind!r} is not supported here", "write it with np.abs and np.sum")
    magnitude = p.wrap(p.emit("absolute", p.value(item)))
    row = "sum" if kind == 1 else "max" if kind > 0 else "min"
    return reduce(p, row, magnitude, axis, keepdims)
