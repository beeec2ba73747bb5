"""Sizes that become known: dimensions bound by parameters are replaced by ints, and what follows is folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.ir.graph import IF, Function, Node, Value
from symdiff.ir.shapes import require_same
from symdiff.lower.rebuild import Keeper, Rebuilder, was_raising
from symdiff.ops.primitive import Primitive, numeric_attrs

__all__ = ["SizesUnfit", "specialise"]


def specialise(function: Function, sizes: Mapping[Value, int]) -> Function:
    """Return a function for known sizes.

    The types of all values are inferred again, so that a size of 1 broadcasts, which a symbol never does.

    Parameters
    ----------
    function : Function
        The graph.
    sizes : mapping
        Ints for some of the dimensions that `Function.bound_dimensions` gives.

    Returns
    -------
    Function
        A function with parameters of the same ranks.

    Raises
    ------
    SizesUnfit
        Where a size becomes 1 that must equal another: the function must be parsed for these sizes. Or where two
        sizes differ in a block, which may never run.
    """
    return _Specialiser(sizes).function(function)


class SizesUnfit(Exception):
    """The graph cannot be made for these sizes, though it can be run with them.

    A derived size is 1 and may be meant to broadcast, which the graph does not do: it was made for other sizes. Or
    some path asks for two of them to be equal, which they are not: the types there would be those of no array.
    """


class _Specialiser(Rebuilder):
    def __init__(self, sizes: Mapping[Value, int]) -> None:
        super().__init__()
        self.sizes = sizes

    def enter(self, build: Keeper, function: Function) -> None:
        self.mapping.update((dim, build.constant(int(size), dim.hint)) for dim, size in self.sizes.items())

    def require(self, build: Keeper, node: Node) -> None:
        a, b = (build.dim(v) for v in node.inputs)
        different = isinstance(a, int) and isinstance(b, int) and a != b
        if (a != b and 1 in (a, b)) or (different and build.parent is not None):
            raise SizesUnfit(node.where)
        # any other operation that asks for equal sizes asks again
        if different:
            build.append(node)
        else:
            require_same(build, a, b, node.attrs.get("message", ""), node.attrs.get("error", "ShapeError"))

    def row(self, build: Keeper, node: Node) -> Sequence[Value]:
        if not isinstance(node.op, Primitive):
            return build.keep(node)
        folded = _folded(build, node)
        if folded is not None:
            return (folded,)
        build.raising, before = was_raising(node), build.raising
        outputs = build.add_many(node.op, node.inputs, node.attrs, node.outputs[0].hint if node.outputs else "")
        build.raising = before
        for old, new in zip(node.outputs, outputs, strict=True):
            build.name(new, old.hint)
        return outputs

    def finish(self, node: Node, outputs: Sequence[Value]) -> None:
        # `mapped` may have renewed an output already: what the row became counts
        for old, new in zip(node.outputs, outputs, strict=True):
            self.mapping[old] = new

    def structured(self, build: Keeper, node: Node) -> None:
        if node.op is IF and (known := build.constant_of(self.value(node.inputs[0]))) is not None:
            chosen = node.blocks[0 if known else 1]
            self.nodes(build, chosen.nodes)
            self.finish(node, self.values(chosen.results))
        else:
            super().structured(build, node)


def _folded(build: Keeper, node: Node) -> Value | None:
    """The constant that an operation on known integers gives."""
    row: Any = node.op
    if not row.elementwise or len(node.outputs) != 1 or not node.inputs:
        return None
    known = [build.constant_of(v) for v in node.inputs]
    type_ = node.output.type
    if any(type(k) not in (int, bool) for k in known) or type_.kind != "python":
        return None
    if type_.dtype == "float64" and row.name != "convert":
        return None
    try:
        result = (row.scalar or row.numpy)(*known, **numeric_attrs(node.attrs))
    except (ArithmeticError, ValueError):
        return None
    result = result.item() if isinstance(result, np.generic) else result
    fits = type(result) is float or (type(result) in (int, bool) and -(2**63) <= result < 2**63)
    return build.constant(result) if fits and _dtype(result) == type_.dtype else None


def _dtype(value: Any) -> str:
    return {bool: "bool", int: "int64", float: "float64"}[type(value)]
