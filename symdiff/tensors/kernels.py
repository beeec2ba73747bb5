"""The first run of a graph: operation by operation, with the bits that it has as one native unit.

Operations whose result IEEE arithmetic determines are NumPy's. All others are native calls of one operation each, kept
for later graphs. What native code computes in another way where it knows an operand's definition is compiled with it: a
small power is a product, and BLAS gives other bits for a matrix that it is told to transpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.config import Options
from symdiff.ir.graph import CONSTANT, Block, Function, Node, Value
from symdiff.ir.walk import all_nodes
from symdiff.runtime.units import unit_of

__all__ = ["COUNTS", "OPTIONS", "Kernels"]

OPTIONS = Options(strict=True)
"""No fused multiply-add across operations: the first run, one by one, has none."""

COUNTS = {"units": 0, "kernels": 0}
"""How many graphs, and how many single operations, were compiled."""

# rows whose result IEEE arithmetic determines, and those that only move elements
_EXACT = frozenset([
    "add", "subtract", "multiply", "divide", "negative", "positive", "absolute", "fabs", "sqrt", "square",
    "reciprocal", "maximum", "minimum", "fmax", "fmin", "where", "clip", "sign", "floor", "ceil", "rint", "trunc",
    "convert", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
    "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "isnan", "isinf", "isfinite",
    "reshape", "transpose", "broadcast_to", "concatenate", "pack", "index", "put", "full", "diag", "diagonal",
    "tril", "roll", "max", "min", "argmax", "argmin", "all", "any", "sort", "argsort", "searchsorted",
    "stop_gradient", "zero_times", "arange",
])  # fmt: skip
# what an operand's definition changes: rows, and the operations that define it
_LOOKED_THROUGH = {"power": "constant", "float_power": "constant", "matmul": "transpose"}
_KERNELS: dict[Any, Any] = {}


class Kernels:
    """Computes rows of a graph by native code of one operation each."""

    def __init__(self, function: Function) -> None:
        wanted = frozenset(_LOOKED_THROUGH.values())
        nodes = [n for n in all_nodes(function.block) if n.op.name in wanted]
        self.definitions = {n.output: n for n in nodes}

    def __call__(self, node: Node, inputs: tuple[Any, ...]) -> Any:
        """The results of one operation; None where NumPy gives the same bits."""
        if node.op.name in _EXACT:
            return None
        through = _LOOKED_THROUGH.get(node.op.name)
        found = [self.definitions.get(v) if through else None for v in node.inputs]
        made = [n if n is not None and n.op.name == through else None for n in found]
        kernel = _kernel(node, made)
        given = []
        for value, definition, x in zip(node.inputs, made, inputs, strict=True):
            if definition is None:
                given.append(_passed(value, x))
            elif definition.op is not CONSTANT:
                given.append(np.ascontiguousarray(np.transpose(x, np.argsort(definition.attrs["axes"]))))
        results = kernel(*given)
        return [
            r if o.type.shape or o.type.kind == "python" else np.dtype(o.type.dtype).type(r)
            for o, r in zip(node.outputs, results, strict=True)
        ]


def _kernel(node: Node, made: Sequence[Node | None]) -> Any:
    """Native code of an operation with what defines some of its operands."""
    operands = [
        (v.type, None) if n is None else (v.type, n.op, repr(sorted(n.attrs.items())), [x.type for x in n.inputs])
        for v, n in zip(node.inputs, made, strict=True)
    ]
    key = (node.op, tuple(sorted(node.attrs.items())), repr(operands))
    kernel = _KERNELS.get(key)
    if kernel is None:
        COUNTS["kernels"] += 1
        kernel = _KERNELS[key] = unit_of(_alone(node, made), OPTIONS).builtin
    return kernel


def _alone(node: Node, made: Sequence[Node | None]) -> Function:
    """A function of one operation; its parameters are the operands, or what they are made of."""
    params: list[Value] = []
    before: list[Node] = []
    operands: list[Value] = []
    for value, definition in zip(node.inputs, made, strict=True):
        operands.append(Value(value.type, f"x{len(operands)}"))
        if definition is None:
            params.append(operands[-1])
            continue
        inputs = tuple(Value(v.type, f"y{len(operands)}") for v in definition.inputs)
        params += inputs
        before.append(Node(definition.op, inputs, (operands[-1],), definition.attrs, (), None))
    outputs = tuple(Value(o.type, "z") for o in node.outputs)
    single = Node(node.op, tuple(operands), outputs, node.attrs, (), None)
    return Function(node.op.name, Block(tuple(params), (*before, single), outputs))


def _passed(value: Value, x: Any) -> Any:
    """An input as native code takes it."""
    if value.type.shape:
        return np.ascontiguousarray(x)
    if value.type.kind == "numpy" and value.type.dtype in ("int64", "int32", "bool"):
        return bool(x) if value.type.dtype == "bool" else int(x)
    return x
