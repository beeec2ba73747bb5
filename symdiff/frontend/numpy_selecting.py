"""NumPy's functions that ask where something holds, and take what is there."""

from __future__ import annotations

import numpy as np

from symdiff.errors import LocatedValueError
from symdiff.frontend.abstract import Abstract, Array, Known, Slice, Tuple
from symdiff.frontend.core import Parser
from symdiff.frontend.indexing import read_item
from symdiff.frontend.masks import holds, positions
from symdiff.frontend.numpy_shaping import array_of, ravel, static_axis
from symdiff.frontend.tables import function, method
from symdiff.ir.graph import Value
from symdiff.ir.shapes import normalise_axis

__all__: list[str] = []

EVERYTHING = Slice(Known(None), Known(None), Known(None))


def _truth(p: Parser, a: Abstract) -> Value:
    """Where an array is not zero."""
    value = p.value(array_of(p, a))
    if not value.type.shape:
        p.refuse(LocatedValueError, "calling nonzero on 0d arrays is not allowed", "use np.atleast_1d first")
    return holds(p, value)


@function(np.nonzero)
@method(Array, "nonzero")
def nonzero(p: Parser, a: Abstract) -> Tuple:
    """For each axis the indices of what is not zero."""
    return Tuple(tuple(p.wrap(found) for found in positions(p, _truth(p, a))))


@function(np.flatnonzero)
def flatnonzero(p: Parser, a: Abstract) -> Abstract:
    """Positions in the raveled array."""
    return p.wrap(positions(p, _truth(p, ravel(p, array_of(p, a))))[0])


@function(np.argwhere)
def argwhere(p: Parser, a: Abstract) -> Abstract:
    """The indices as rows."""
    columns = [p.wrap(found) for found in positions(p, _truth(p, a))]
    return p.call(Known(np.column_stack), [Tuple(tuple(columns))], {})


@function(np.compress)
def compress(p: Parser, condition: Abstract, a: Abstract, axis: Abstract | None = None) -> Abstract:
    """What stands where the condition holds, along an axis or of the raveled array."""
    item = array_of(p, a)
    test = p.wrap(_truth(p, condition))
    found = static_axis(p, axis)
    if found is None:
        return read_item(p, ravel(p, item), test)
    place = normalise_axis(p.build, found, p.value(item).type.rank)
    return read_item(p, item, Tuple((*[EVERYTHING] * place, test)))


@method(Array, "compress")
def compress_method(p: Parser, a: Abstract, condition: Abstract, axis: Abstract | None = None) -> Abstract:
    """``a.compress(condition)``."""
    return compress(p, condition, a, axis)


@function(np.extract)
def extract(p: Parser, condition: Abstract, arr: Abstract) -> Abstract:
    """What stands where the condition holds."""
    test = p.wrap(_truth(p, ravel(p, array_of(p, condition))))
    return read_item(p, ravel(p, array_of(p, arr)), test)
