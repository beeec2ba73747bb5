"""Products of arrays of any rank, traces and diagonals."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.errors import LocatedValueError, ShapeError
from symdiff.frontend import library_linalg
from symdiff.frontend.abstract import Abstract, Array, Known, View
from symdiff.frontend.core import Parser
from symdiff.frontend.numpy_making import dtype_of
from symdiff.frontend.numpy_shaping import array_of, static_axis, transposed
from symdiff.frontend.tables import function, method
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import normalise_axis, require_same, show_shape
from symdiff.ops.primitive import REGISTRY, Traced
from symdiff.ops.sizes import at_least, at_most, product

__all__ = ["diagonal", "diagonal_of", "multiplied"]

FULL = ("slice", None, None, None)


@function(np.matmul, np.linalg.matmul)
def matmul(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """The rules of ``@``."""
    return p.wrap(p.emit("matmul", p.value(array_of(p, a)), p.value(array_of(p, b))), contiguous=True)


# -- sums over named axes ----------------------------------------------------------------------------------------------


def _letters(count: int) -> str:
    return string.ascii_letters[:count]


def _contracted(p: Parser, a: Value, b: Value, pairs: Sequence[tuple[int, int]]) -> Abstract:
    """The sum of products over pairs of axes; the axes that are left of the first come before those of the second."""
    names = _letters(a.type.rank + b.type.rank)
    left, right = list(names[: a.type.rank]), list(names[a.type.rank :])
    for i, j in pairs:
        message = f"shapes {show_shape(a.type.shape)} and {show_shape(b.type.shape)} do not fit: axes {i} and {j}"
        require_same(p.build, a.type.shape[i], b.type.shape[j], message)
        right[j] = left[i]
    summed = {left[i] for i, _ in pairs}
    result = "".join(letter for letter in (*left, *right) if letter not in summed)
    subscripts = f"{''.join(left)},{''.join(right)}->{result}"
    return p.wrap(p.emit("einsum", a, b, subscripts=subscripts), contiguous=True)


@method(Array, "dot")
@function(np.dot)
def dot(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """The last axis of the first with the last but one of the second."""
    x, y = p.value(array_of(p, a)), p.value(array_of(p, b))
    if not x.type.rank or not y.type.rank or max(x.type.rank, y.type.rank) <= 2 or y.type.rank == 1:
        return p.wrap(p.emit("dot", x, y), contiguous=True)
    return _contracted(p, x, y, [(x.type.rank - 1, max(y.type.rank - 2, 0))])


def _flat(p: Parser, a: Abstract) -> Value:
    """All entries along one axis."""
    value = p.value(array_of(p, a))
    if value.type.rank == 1:
        return value
    if not value.type.rank:
        value = p.emit("convert", value, dtype=value.type.dtype, kind="numpy")
    return p.emit("reshape", value, shape=(product(p.build, value.type.shape),))


@function(np.outer, np.linalg.outer)
def outer(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """All products of an entry with an entry; arrays are flattened."""
    return p.wrap(p.emit("outer", _flat(p, a), _flat(p, b)), contiguous=True)


@function(np.tensordot, np.linalg.tensordot)
def tensordot(p: Parser, a: Abstract, b: Abstract, axes: Abstract | None = None) -> Abstract:
    """Over the last axes of one and the first of the other, or over pairs."""
    x, y = p.value(array_of(p, a)), p.value(array_of(p, b))
    found = 2 if axes is None else p.static(axes, "axes=")
    if isinstance(found, int | np.integer):
        count = int(found)
        pairs = [(x.type.rank - count + k, k) for k in range(count)]
        if count > min(x.type.rank, y.type.rank) or count < 0:
            p.refuse(LocatedValueError, f"{count} axes cannot be summed here")
    else:
        left, right = ([int(i) for i in np.atleast_1d(part)] for part in found)
        if len(left) != len(right):
            p.refuse(LocatedValueError, "shape-mismatch for sum")
        pairs = [(normalise_axis(p.build, i, x.type.rank), normalise_axis(p.build, j, y.type.rank))
                 for i, j in zip(left, right, strict=True)]  # fmt: skip
    return _contracted(p, x, y, pairs)


def _along(p: Parser, a: Abstract, b: Abstract, axis: Abstract | None) -> Abstract:
    """The scalar products along one axis, broadcast over the others."""
    found = -1 if axis is None else static_axis(p, axis)
    x, y = (array_of(p, item) for item in (a, b))
    if found != -1:
        x, y = (p.call(Known(np.moveaxis), [v, p.constant(found), p.constant(-1)], {}) for v in (x, y))
    first, second = p.value(x), p.value(y)
    message = f"shapes {show_shape(first.type.shape)} and {show_shape(second.type.shape)} do not fit for vecdot"
    if not first.type.rank or not second.type.rank:
        p.refuse(ShapeError, message)
    require_same(p.build, first.type.shape[-1], second.type.shape[-1], message)
    made = p.emit("multiply", first, second)
    return p.wrap(p.emit("sum", made, axis=(made.type.rank - 1,), keepdims=False))


@function(np.vecdot, np.linalg.vecdot)
def vecdot(p: Parser, x1: Abstract, x2: Abstract, *, axis: Abstract | None = None) -> Abstract:
    """Scalar products of stacks of vectors."""
    return _along(p, x1, x2, axis)


def _with_vector(turned: bool) -> Callable[..., Abstract]:
    """A stack of matrices times a stack of vectors, or the other way round."""

    def handler(p: Parser, x1: Abstract, x2: Abstract) -> Abstract:
        a, b = p.value(array_of(p, x1)), p.value(array_of(p, x2))
        vector = a if turned else b
        shape = vector.type.shape
        raised = p.emit("reshape", vector, shape=(*shape[:-1], 1, shape[-1]) if turned else (*shape, 1))
        made = p.emit("matmul", raised, b) if turned else p.emit("matmul", a, raised)
        out = made.type.shape
        return p.wrap(p.emit("reshape", made, shape=(*out[:-2], out[-1]) if turned else out[:-1]))

    return handler


for _name, _turned in (("matvec", False), ("vecmat", True)):
    if hasattr(np, _name):  # since NumPy 2.2
        function(getattr(np, _name))(_with_vector(_turned))


@function(np.kron)
def kron(p: Parser, a: Abstract, b: Abstract) -> Abstract:
    """Every entry of the first times the whole second."""
    x, y = p.value(array_of(p, a)), p.value(array_of(p, b))
    rank = max(x.type.rank, y.type.rank)
    left, right = ((1,) * (rank - v.type.rank) + v.type.shape for v in (x, y))
    shape = tuple(product(p.build, [m, n]) for m, n in zip(left, right, strict=True))
    first = p.emit("reshape", x, shape=_interleaved(left, (1,) * rank)) if rank else x
    second = p.emit("reshape", y, shape=_interleaved((1,) * rank, right)) if rank else y
    made = p.emit("multiply", first, second, kind="numpy")
    return p.wrap(p.emit("reshape", made, shape=shape) if rank else made, contiguous=True)


def _interleaved(a: Sequence[Dim], b: Sequence[Dim]) -> tuple[Dim, ...]:
    return tuple(dim for pair in zip(a, b, strict=True) for dim in pair)


# -- chains ------------------------------------------------------------------------------------------------------------


def multiplied(p: Parser, items: Sequence[Value]) -> Value:
    """The product of several matrices, of which the first and the last may be vectors."""
    if len(items) == 1:
        return items[0]
    split = _best_split(items)
    return p.emit("matmul", multiplied(p, items[:split]), multiplied(p, items[split:]))


def _best_split(items: Sequence[Value]) -> int:
    """Where the last product of a chain is: by cost where sizes are known, else next to a vector or at the end."""
    shapes = [v.type.shape for v in items]
    if all(isinstance(dim, int) for shape in shapes for dim in shape):
        edges = [shapes[0][0] if len(shapes[0]) == 2 else 1, *(s[-1] if len(s) == 2 else 1 for s in shapes)]
        if len(shapes[-1]) == 1:
            edges[-2] = shapes[-1][0]
        return _cheapest(tuple(int(e) for e in edges if isinstance(e, int)))[1]
    return 1 if items[-1].type.rank == 1 else len(items) - 1


def _cheapest(edges: tuple[int, ...]) -> tuple[int, int]:
    """Multiplications that a chain takes, and where it is split last; chains are short."""
    count = len(edges) - 1
    if count == 1:
        return 0, 0
    return min(
        (_cheapest(edges[: k + 1])[0] + _cheapest(edges[k:])[0] + edges[0] * edges[k] * edges[-1], k)
        for k in range(1, count)
    )


# -- traces and diagonals ----------------------------------------------------------------------------------------------


def diagonal_of(build: Builder, x: Value, offset: int, axes: tuple[int, int]) -> Value:
    """The diagonal of two axes as the last axis."""
    made = Traced(build, x)
    order = (*(axis for axis in range(made.rank) if axis not in axes), *axes)
    if order != tuple(range(made.rank)):
        made = REGISTRY["transpose"](made, axes=order)
    lead = (FULL,) * (made.rank - 2)
    if offset:
        above = (FULL, ("slice", offset, None, None))
        below = (("slice", -offset, None, None), FULL)
        made = REGISTRY["index"](made, index=(*lead, *(above if offset > 0 else below)))
    if made.rank == 2:
        return build.add(REGISTRY["diagonal"], made.value)
    length = at_most(build, made.shape[-2], made.shape[-1])
    ends = build.constant(0), build.constant(1)
    places = build.add(REGISTRY["arange"], *ends, length=at_least(build, length, 0), dtype="int64")
    return build.add(REGISTRY["index"], made.value, places, places, index=(*lead, ("array",), ("array",)))


def _diagonal(p: Parser, a: Abstract, offset: Abstract | None, axes: Sequence[Abstract | int]) -> Abstract:
    item = array_of(p, a)
    rank = p.value(item).type.rank
    if rank < 2:
        p.refuse(LocatedValueError, "diag requires an array of at least two dimensions")
    shift = 0 if offset is None else int(p.static(offset, "offset="))
    given = [axis if isinstance(axis, int) else int(p.static(axis, "axis=")) for axis in axes]
    first, second = (normalise_axis(p.build, axis, rank) for axis in given)
    if first == second:
        p.refuse(LocatedValueError, "axis1 and axis2 cannot be the same")

    def read(build: Builder, x: Value) -> Value:
        return diagonal_of(build, x, shift, (first, second))

    if isinstance(item, Array | View):
        return View(item, read, None, "the diagonal of an array is read-only")
    return p.wrap(read(p.build, p.value(item)))


@method(Array, "diagonal")
@function(np.diagonal)
def diagonal(
    p: Parser,
    a: Abstract,
    offset: Abstract | None = None,
    axis1: Abstract | None = None,
    axis2: Abstract | None = None,
) -> Abstract:
    """A view that cannot be written."""
    return _diagonal(p, a, offset, (0 if axis1 is None else axis1, 1 if axis2 is None else axis2))


@function(np.linalg.diagonal)
def last_diagonal(p: Parser, x: Abstract, *, offset: Abstract | None = None) -> Abstract:
    """Of the last two axes."""
    return _diagonal(p, x, offset, (-2, -1))


def _traced(p: Parser, diagonals: Abstract, dtype: Abstract | None) -> Abstract:
    """The sum of a diagonal."""
    value, found = p.value(diagonals), dtype_of(p, dtype)
    if found is not None and found != value.type.dtype:
        value = p.emit("convert", value, dtype=found, kind="numpy")
    return p.wrap(p.emit("sum", value, axis=(value.type.rank - 1,), keepdims=False))


@method(Array, "trace")
@function(np.trace)
def trace(
    p: Parser,
    a: Abstract,
    offset: Abstract | None = None,
    axis1: Abstract | None = None,
    axis2: Abstract | None = None,
    dtype: Abstract | None = None,
) -> Abstract:
    """The sum of a diagonal."""
    if offset is axis1 is axis2 is dtype is None:
        value = p.value(array_of(p, a))
        if value.type.rank == 2:
            return p.wrap(p.emit("trace", value))
    return _traced(p, diagonal(p, a, offset, axis1, axis2), dtype)


@function(np.linalg.trace)
def last_trace(p: Parser, x: Abstract, *, offset: Abstract | None = None, dtype: Abstract | None = None) -> Abstract:
    """Of the last two axes."""
    return _traced(p, _diagonal(p, x, offset, (-2, -1)), dtype)


@function(np.linalg.matrix_transpose)
def matrix_transpose(p: Parser, x: Abstract) -> Abstract:
    """The last two axes exchanged."""
    item = array_of(p, x)
    rank = p.value(item).type.rank
    if rank < 2:
        p.refuse(LocatedValueError, f"Input array must be at least 2-dimensional, but it is {rank}")
    return transposed(p, item, (*range(rank - 2), rank - 1, rank - 2))


# -- vectors of three --------------------------------------------------------------------------------------------------


def _crossed(p: Parser, a: Abstract, b: Abstract, axes: tuple[Any, Any, Any]) -> Abstract:
    parts = []
    for item, axis in ((a, axes[0]), (b, axes[1])):
        made = array_of(p, item)
        if axis != -1:
            made = p.call(Known(np.moveaxis), [made, p.constant(axis), p.constant(-1)], {})
        shape = p.value(made).type.shape
        if not shape:
            p.refuse(LocatedValueError, "At least one array has zero dimension")
        require_same(p.build, shape[-1], 3, f"a cross product takes vectors of 3, not of shape {show_shape(shape)}")
        parts.append(made)
    result = p.call(Known(library_linalg.cross_product), parts, {})
    if axes[2] == -1 or p.value(result).type.rank == 1:
        return result
    return p.call(Known(np.moveaxis), [result, p.constant(-1), p.constant(axes[2])], {})


@function(np.cross)
def cross(
    p: Parser,
    a: Abstract,
    b: Abstract,
    axisa: Abstract | None = None,
    axisb: Abstract | None = None,
    axisc: Abstract | None = None,
    axis: Abstract | None = None,
) -> Abstract:
    """Of vectors of three; those of two have no cross product in NumPy any more."""
    one = static_axis(p, axis)
    given = [one if one is not None else -1 if found is None else static_axis(p, found)
             for found in (axisa, axisb, axisc)]  # fmt: skip
    return _crossed(p, a, b, (given[0], given[1], given[2]))


@function(np.linalg.cross)
def linalg_cross(p: Parser, x1: Abstract, x2: Abstract, *, axis: Abstract | None = None) -> Abstract:
    """Along one axis."""
    found = -1 if axis is None else static_axis(p, axis)
    return _crossed(p, x1, x2, (found, found, found))
