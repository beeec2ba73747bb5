"""A graph inside another: its nodes appended with other inputs, shared with what is already there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from symdiff.ir.build import Builder
from symdiff.ir.graph import CONSTANT, Function, Value
from symdiff.ir.rewrite import map_attrs, renew
from symdiff.ops.primitive import REGISTRY, Traced, lift

__all__ = ["inlined"]


def inlined(function: Function, inputs: Sequence[Traced]) -> list[Traced]:
    """The results of a graph for some inputs; the sizes of its parameters are known numbers."""
    build: Builder = inputs[0].build
    mapping: dict[Value, Value] = {param: lift(build, x) for param, x in zip(function.params, inputs, strict=True)}
    for node in function.block.nodes:
        if node.op is CONSTANT:
            mapping[node.output] = build.constant(node.attrs["value"])
        elif node.blocks:
            for made in renew([node], mapping):
                build.append(made)
        else:
            found = build.add_many(node.op, [mapping[v] for v in node.inputs], map_attrs(node.attrs, mapping))
            mapping.update(zip(node.outputs, map(_as_kind, found, node.outputs, repeat(build)), strict=True))
    return [Traced(build, mapping[r]) for r in function.results]


def _as_kind(found: Value, before: Value, build: Builder) -> Value:
    """A number of Python's where the graph has one: functions of ``math`` give it, and dtypes of tensors hang on it."""
    if before.type.kind == found.type.kind or before.type.kind != "python":
        return found
    return REGISTRY["convert"](Traced(build, found), dtype=found.type.dtype, kind="python").value
