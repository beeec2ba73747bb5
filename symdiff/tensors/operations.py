"""What can be recorded: an operation is a small graph over the rows of the compiler.

`record` checks shapes and dtypes at once, so that an error arises on the user's line, and defers the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.errors import SymdiffError
from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops.primitive import REGISTRY, Traced
from symdiff.tensors import grad_mode
from symdiff.tensors.dtypes import DTYPES, DType, dtype_of_number, promoted
from symdiff.tensors.lazy import Check, Lazy, Operation
from symdiff.tensors.tracing import current

__all__ = ["Operation", "common_dtype", "operation", "positions", "record", "traced_inputs", "watchers"]

_PYTHON = {float: "float64", int: "int64", bool: "bool"}
DEEPEST = 256
"""Chains of pending operations longer than this are computed, so that what is pending stays bounded."""
run_at_once: list[Callable[[Lazy], None]] = []
"""Computes a value; set by what runs graphs, which imports this."""
watchers: list[Callable[[Lazy], None]] = []
"""They look at each value that is recorded; none, until a mode that needs it is used."""
_META: dict[Any, tuple[DType, tuple[int, ...]]] = {}


def operation(name: str, node: str, check: Check | None = None) -> Callable[[Callable[..., Any]], Operation]:
    """Make the decorated function, which builds graph, an operation."""
    return lambda build: Operation(name, build, node, check)


def record(op: Operation, inputs: tuple[Any, ...], attrs: tuple[Any, ...] = ()) -> Lazy:
    """Append an operation to the graph.

    Parameters
    ----------
    op : Operation
    inputs : tuple
        Lazy values and Python numbers.
    attrs : tuple
        Static arguments, hashable.

    Returns
    -------
    Lazy

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit, in PyTorch's words.
    """
    key = (op, attrs, *[(x.dtype, x.shape) if type(x) is Lazy else type(x) for x in inputs])
    meta = _META.get(key)
    if meta is None:
        meta = _META[key] = _inferred(op, inputs, attrs)
    dtype, shape = meta
    differentiable, depth = False, 0
    for x in inputs:
        if type(x) is Lazy:
            differentiable = differentiable or x.differentiable
            if x.array is None and x.depth >= depth:
                depth = x.depth + 1
    if differentiable:
        differentiable = dtype.category == 2 and grad_mode.enabled()
    made = Lazy(op, inputs, attrs, shape, dtype, differentiable, depth)
    if depth > DEEPEST and current() is None:
        run_at_once[0](made)
    if watchers:
        for watch in watchers:
            watch(made)
    return made


def _inferred(op: Operation, inputs: tuple[Any, ...], attrs: tuple[Any, ...]) -> tuple[DType, tuple[int, ...]]:
    if op.check is not None:
        op.check(*inputs, *attrs)
    build = Builder(raising=False)
    values = [
        Value(Type(x.dtype.name, x.shape, "numpy") if isinstance(x, Lazy) else Type(_PYTHON[type(x)], (), "python"))
        for x in inputs
    ]
    try:
        found: Type = op.build(*traced_inputs(build, values), *attrs).type
    except SymdiffError as error:
        raise RuntimeError(f"{op.name}: {error}") from error
    return DTYPES[found.dtype], tuple(int(d) for d in found.shape)  # type: ignore[arg-type]


def traced_inputs(build: Builder, values: Sequence[Value]) -> list[Traced]:
    """Values as rules calculate with them."""
    return [Traced(build, v) for v in values]


def common_dtype(inputs: Sequence[Any]) -> DType:
    """The dtype that tensors and numbers promote to."""
    first = inputs[0]
    if type(first) is Lazy and all(type(x) is Lazy and x.dtype is first.dtype for x in inputs):
        return first.dtype
    return promoted((x.dtype, 2 if x.shape else 1) if isinstance(x, Lazy) else (dtype_of_number(x), 0) for x in inputs)


def positions(like: Traced, count: int) -> Traced:
    """The integers from 0 on, as a value of the same graph."""
    build = like.build
    start, step = build.constant(0), build.constant(1)
    return Traced(build, build.add(REGISTRY["arange"], start, step, length=count, dtype="int64"))
