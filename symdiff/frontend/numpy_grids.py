"""NumPy's grids of numbers and places: coordinates, triangles and diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import LocatedValueError
from symdiff.frontend.abstract import Abstract, Known, Slice, Tuple, is_given
from symdiff.frontend.core import Parser
from symdiff.frontend.library_grids import band, diagonal_matrix, steps_between
from symdiff.frontend.numpy_making import dtype_of
from symdiff.frontend.numpy_products import diagonal
from symdiff.frontend.numpy_shaping import array_of, dims_of
from symdiff.frontend.tables import function, subscripted
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import broadcast_shapes

__all__: list[str] = []

READ_ONLY = "the diagonal of an array is read-only"


def _along(p: Parser, value: Value, axis: int, rank: int) -> Value:
    """A vector as an array that has one of ``rank`` axes."""
    shape = value.type.shape if value.type.rank else (1,)
    return p.emit("reshape", value, shape=(*(1,) * axis, *shape, *(1,) * (rank - axis - 1)))


def _whole(p: Parser, values: list[Value]) -> list[Value]:
    shape = broadcast_shapes(p.build, [v.type.shape for v in values])
    return [v if v.type.shape == shape else p.emit("broadcast_to", v, shape=shape) for v in values]


def _counted(p: Parser, length: Dim, dtype: str) -> Value:
    return p.emit("arange", p.constant(0), p.constant(1), length=length, dtype=dtype)


# -- coordinates -------------------------------------------------------------------------------------------------------


@function(np.meshgrid)
def meshgrid(
    p: Parser,
    *xi: Abstract,
    copy: Abstract | None = None,
    sparse: Abstract | None = None,
    indexing: Abstract | None = None,
) -> Tuple:
    """Coordinates from the coordinates of each axis."""
    order = "xy" if indexing is None else p.static(indexing, "indexing=")
    if order not in ("xy", "ij"):
        p.refuse(LocatedValueError, "Valid values for `indexing` are 'xy' and 'ij'.")
    rank = len(xi)
    axes = [1, 0, *range(2, rank)] if order == "xy" and rank > 1 else list(range(rank))
    values = [_along(p, p.value(array_of(p, x)), axis, rank) for x, axis in zip(xi, axes, strict=True)]
    if sparse is None or not p.static(sparse, "sparse="):
        values = _whole(p, values)
    return Tuple(tuple(p.wrap(v) for v in values))


@function(np.ix_)
def open_mesh(p: Parser, *args: Abstract) -> Tuple:
    """Vectors of integers, each along an axis of its own."""
    values = [p.value(array_of(p, item)) for item in args]
    if any(v.type.dtype == "bool" for v in values):
        p.unsupported("np.ix_ with truth values is not supported: the number of results is known only at run time")
    return Tuple(tuple(p.wrap(_along(p, v, axis, len(values))) for axis, v in enumerate(values)))


@function(np.indices)
def indices(p: Parser, dimensions: Abstract, dtype: Abstract | None = None, sparse: Abstract | None = None) -> Abstract:
    """The index of each place, axis by axis."""
    dims = dims_of(p, dimensions)
    found = dtype_of(p, dtype) or "int64"
    values = [_along(p, _counted(p, dim, found), axis, len(dims)) for axis, dim in enumerate(dims)]
    if sparse is not None and p.static(sparse, "sparse="):
        return Tuple(tuple(p.wrap(v) for v in values))
    return p.call(Known(np.stack), [Tuple(tuple(p.wrap(v) for v in _whole(p, values)))], {})


@function(np.fromfunction)
def fromfunction(
    p: Parser, function: Abstract, shape: Abstract, *, dtype: Abstract | None = None, **kwargs: Abstract
) -> Abstract:
    """What a function makes of the coordinates of all places."""
    dims = dims_of(p, shape)
    found = dtype_of(p, dtype) or "float64"
    values = [_along(p, _counted(p, dim, found), axis, len(dims)) for axis, dim in enumerate(dims)]
    return p.call(function, [p.wrap(v) for v in _whole(p, values)], kwargs)


def _grid(p: Parser, key: Abstract) -> list[Abstract]:
    parts = list(key.items) if isinstance(key, Tuple) else [key]
    found = []
    for part in parts:
        if not isinstance(part, Slice):
            p.unsupported("np.mgrid and np.ogrid take slices, as in np.mgrid[0:3, 0:4]")
        start = part.start if is_given(part.start) else p.constant(0)
        step = part.step if is_given(part.step) else p.constant(1)
        found.append(p.call(Known(np.arange), [start, part.stop, step], {}))
    return found


@subscripted(np.mgrid)
def mgrid(p: Parser, key: Abstract) -> Abstract:
    """``np.mgrid[0:3, 0:4]``: coordinates, in one array."""
    parts = _grid(p, key)
    if not isinstance(key, Tuple):
        return parts[0]
    values = [_along(p, p.value(part), axis, len(parts)) for axis, part in enumerate(parts)]
    return p.call(Known(np.stack), [Tuple(tuple(p.wrap(v) for v in _whole(p, values)))], {})


@subscripted(np.ogrid)
def ogrid(p: Parser, key: Abstract) -> Abstract:
    """``np.ogrid[0:3, 0:4]``: coordinates that broadcast."""
    parts = _grid(p, key)
    if not isinstance(key, Tuple):
        return parts[0]
    values = [_along(p, p.value(part), axis, len(parts)) for axis, part in enumerate(parts)]
    wide = "float64" if any(v.type.is_float for v in values) else "int64"
    same = [v if v.type.dtype == wide else p.emit("convert", v, dtype=wide, kind="numpy") for v in values]
    return Tuple(tuple(p.wrap(v) for v in same))


def _joined_parts(p: Parser, key: Abstract) -> list[Abstract]:
    parts = list(key.items) if isinstance(key, Tuple) else [key]
    if any(isinstance(part, Known) and isinstance(part.object, str) for part in parts):
        p.unsupported("np.r_ and np.c_ with a text are not supported", "use np.concatenate or np.stack")
    return [_grid(p, part)[0] if isinstance(part, Slice) else part for part in parts]


@subscripted(np.r_)
def joined(p: Parser, key: Abstract) -> Abstract:
    """``np.r_[a, 0, 1:4]``: one after the other."""
    parts = [p.call(Known(np.atleast_1d), [array_of(p, part)], {}) for part in _joined_parts(p, key)]
    return p.call(Known(np.concatenate), [Tuple(tuple(parts))], {})


@subscripted(np.c_)
def columns(p: Parser, key: Abstract) -> Abstract:
    """``np.c_[a, b]``: vectors as columns."""
    parts = []
    for part in _joined_parts(p, key):
        value = p.value(p.call(Known(np.atleast_1d), [array_of(p, part)], {}))
        parts.append(p.wrap(_along(p, value, 0, 2) if value.type.rank == 1 else value))
    return p.call(Known(np.concatenate), [Tuple(tuple(parts)), p.constant(-1)], {})


@subscripted(np.s_, np.index_exp)
def key_itself(p: Parser, key: Abstract) -> Abstract:
    """``np.s_[1:3]``: what stands between the brackets."""
    return key


# -- triangles and diagonals -------------------------------------------------------------------------------------------


@function(np.tri)
def tri(
    p: Parser, N: Abstract, M: Abstract | None = None, k: Abstract | None = None, dtype: Abstract | None = None
) -> Abstract:
    """Ones on and below a diagonal."""
    shape = Tuple((N, M if is_given(M) else N))
    return _typed(p, p.call(Known(band), [shape, k or p.constant(0), Known("lower")], {}), dtype)


@function(np.eye)
def eye(
    p: Parser, N: Abstract, M: Abstract | None = None, k: Abstract | None = None, dtype: Abstract | None = None
) -> Abstract:
    """Ones on a diagonal."""
    rows = p.dim(N)
    columns = p.dim(M) if is_given(M) else rows
    known = 0 if k is None else p.build.constant_of(p.value(k))
    if known == 0 and (rows is columns or rows == columns):
        found = dtype_of(p, dtype) or "float64"
        one = p.emit("full", p.constant(np.dtype(found).type(1).item()), shape=(rows,), dtype=found)
        return p.wrap(p.emit("diag", one), contiguous=True)
    shape = Tuple((p.build.size(rows), p.build.size(columns)))
    return _typed(p, p.call(Known(band), [shape, k or p.constant(0), Known("on")], {}), dtype)


@function(np.identity)
def identity(p: Parser, n: Abstract, dtype: Abstract | None = None) -> Abstract:
    """The identity matrix."""
    return eye(p, n, None, None, dtype)


def _typed(p: Parser, mask: Abstract, dtype: Abstract | None) -> Abstract:
    found = dtype_of(p, dtype) or "float64"
    return mask if found == "bool" else p.wrap(p.emit("convert", p.value(mask), dtype=found, kind="numpy"))


def _triangle(which: str) -> Any:
    def handler(p: Parser, m: Abstract, k: Abstract | None = None) -> Abstract:
        value = p.value(array_of(p, m))
        known = 0 if k is None else p.build.constant_of(p.value(k))
        if which == "lower" and known == 0 and value.type.rank == 2:
            return p.wrap(p.emit("tril", value))
        if value.type.rank < 1:
            p.refuse(LocatedValueError, "a triangle of a number is not defined")
        last = (value.type.shape * 2)[-2:] if value.type.rank == 1 else value.type.shape[-2:]
        shape = Tuple(tuple(p.build.size(dim) for dim in last))
        mask = p.value(p.call(Known(band), [shape, k or p.constant(0), Known(which)], {}))
        return p.wrap(p.emit("where", mask, value, _zero(p, value), kind="numpy"))

    return handler


def _zero(p: Parser, value: Value) -> Value:
    return p.constant(np.dtype(value.type.dtype).type(0).item())


function(np.tril)(_triangle("lower"))
function(np.triu)(_triangle("upper"))


@function(np.diag)
def diag(p: Parser, v: Abstract, k: Abstract | None = None) -> Abstract:
    """A matrix from a diagonal, or a diagonal of a matrix."""
    item = array_of(p, v)
    if p.value(item).type.rank != 1:
        return diagonal(p, item, k)
    if k is None or p.build.constant_of(p.value(k)) == 0:
        return p.wrap(p.emit("diag", p.value(item)), contiguous=True)
    return p.call(Known(diagonal_matrix), [item, k], {})


@function(np.diagflat)
def diagflat(p: Parser, v: Abstract, k: Abstract | None = None) -> Abstract:
    """A matrix from all entries."""
    flat = p.call(Known(np.ravel), [p.call(Known(np.atleast_1d), [array_of(p, v)], {})], {})
    return diag(p, flat, k)


# -- equal steps -------------------------------------------------------------------------------------------------------


@function(np.linspace)
def linspace(
    p: Parser,
    start: Abstract,
    stop: Abstract,
    num: Abstract | None = None,
    endpoint: Abstract | None = None,
    retstep: Abstract | None = None,
    dtype: Abstract | None = None,
    axis: Abstract | None = None,
) -> Abstract:
    """``np.linspace`` between numbers, or between arrays."""
    if retstep is not None and p.static(retstep, "retstep="):
        p.unsupported("np.linspace with retstep=True is not supported", "compute the step")
    length = 50 if num is None else p.dim(num)
    ends = [p.value(array_of(p, item)) for item in (start, stop)]
    closed = endpoint is None or bool(p.static(endpoint, "endpoint="))
    if any(end.type.rank for end in ends):
        steps = [p.wrap(end) for end in ends]
        found = p.call(Known(steps_between), [*steps, p.build.size(length), p.constant(closed)], {})
        made = p.call(Known(np.moveaxis), [found, p.constant(0), axis or p.constant(0)], {})
    else:
        more: dict[str, Any] = {} if closed else {"endpoint": False}
        made = p.wrap(p.emit("linspace", *ends, length=length, **more), contiguous=True)
    wanted = dtype_of(p, dtype)
    if wanted is None or wanted == p.value(made).type.dtype:
        return made
    value = p.value(made)
    if not wanted.startswith("float"):
        value = p.emit("floor", value)
    return p.wrap(p.emit("convert", value, dtype=wanted, kind="numpy"), contiguous=True)
