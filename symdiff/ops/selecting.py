"""Where truth values hold: the positions that make a subscript of an array of truth values."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.errors import DtypeError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Type, Value
from symdiff.ops.convert import convert
from symdiff.ops.creation import zeros
from symdiff.ops.indexing import index, put
from symdiff.ops.primitive import Primitive, Traced, primitive
from symdiff.ops.sizes import plus

__all__ = ["flatnonzero"]


def _infer(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    (mask,) = inputs
    if mask.type.dtype != "bool" or mask.type.rank != 1:
        build.refuse(DtypeError, "positions are asked of one axis of truth values", "compare with 0, and ravel")
    return Type("int64", (attrs["length"],), "numpy")


def _expand(mask: Any, length: Dim) -> Any:
    """Every position is written to the next free place, which moves on only where the mask holds."""
    build = mask.build
    board = zeros(build, (plus(build, length, 1),), "int64")
    body = build.inner()
    scalar = Type("int64", (), "python")
    i, place, found = (Value(t) for t in (scalar, scalar, board.value.type))
    here, at, old = (Traced(body, v) for v in (i, place, found))
    new = put(old, here, at, index=(("int",),))
    holds = convert(index(Traced(body, mask.value), here, index=(("int",),)), dtype="int64", kind="python")
    block = body.finish((i, place, found), ((at + holds).value, new.value))
    trips = [build.size(bound) for bound in (0, mask.shape[0], 1)]
    _, filled = build.for_(*trips, [build.constant(0), board.value], block)
    stop = Traced(build, build.size(length))
    return index(Traced(build, filled), stop, index=(("slice", None, "in", None),), shape=(length,))


flatnonzero: Primitive = primitive(
    "flatnonzero",
    infer=_infer,
    numpy=lambda mask, length: np.flatnonzero(mask),
    python="np.flatnonzero({})",
    expand=_expand,
    vjp=(None,),
    cost=4.0,
)
