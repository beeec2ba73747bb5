"""What the derivative of an operation reads: its inputs, its result, or nothing.

A store into a tensor that a derivative reads is an error, and so is a second sweep over what a first one has used up.
Both are found by looking at the derivative itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.rewrite import definitions, references
from symdiff.tensors.lazy import Lazy, version_now
from symdiff.tensors.operations import traced_inputs
from symdiff.tensors.plans import PYTHON_DTYPES, Piece
from symdiff.transform.adjoint import differentiate
from symdiff.transform.simplify import simplify

__all__ = ["check_versions", "saved_inputs", "saving_nodes"]

_SAVED: dict[Any, tuple[frozenset[int], bool]] = {}


def saving_nodes(piece: Piece, live: Collection[Lazy]) -> tuple[int, ...]:
    """The nodes of a piece whose derivative reads something, of those that a gradient flows through.

    What is only read after ``detach()`` belongs to another sweep.
    """
    found = []
    for k, node in enumerate(piece.nodes):
        if node.differentiable and node in live:
            inputs, result = _saved(node)
            if inputs or result:
                found.append(k)
    return tuple(found)


def check_versions(piece: Piece, saving: tuple[int, ...]) -> None:
    """Refuse a sweep that would read what a store has replaced."""
    for k in saving:
        node = piece.nodes[k]
        if (node.overwritten is not None or node.memory is not None) and _is_stale(node) and _saved(node)[1]:
            _refuse(node)
        for position, x in enumerate(node.inputs):
            if type(x) is not Lazy or (x.overwritten is None and x.memory is None) or x is node.replaces:
                continue
            if _is_stale(x) and position in _saved(node)[0]:
                _refuse(x)


def _is_stale(value: Lazy) -> bool:
    return version_now(value) != value.version


def _refuse(value: Lazy) -> None:
    origin = f", which is output 0 of {value.operation.node}," if value.operation is not None else ""
    raise RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{value.dtype.tensor_type} {list(value.shape)}]{origin} is at version {version_now(value)}; "
        f"expected version {value.version} instead. Hint: the operation that wrote it may be replaced by one that "
        "makes a new tensor, or the operand cloned before"
    )


def saved_inputs(node: Lazy) -> frozenset[int]:
    """Positions of the inputs that the derivative reads."""
    return _saved(node)[0]


def _saved(node: Lazy) -> tuple[frozenset[int], bool]:
    """Positions of the inputs that the derivative reads, and whether it reads the result."""
    metas = tuple((x.dtype, x.shape, x.differentiable) if type(x) is Lazy else type(x) for x in node.inputs)
    key = (node.operation, node.attrs, metas)
    found = _SAVED.get(key)
    if found is None:
        found = _SAVED[key] = _reads(_derivative(node))
    return found


def _derivative(node: Lazy) -> Function:
    build = Builder(raising=False)
    params = [
        Value(Type(x.dtype.name, x.shape, "numpy") if type(x) is Lazy else Type(PYTHON_DTYPES[type(x)], (), "python"))
        for x in node.inputs
    ]
    assert node.operation is not None
    result = node.operation.build(*traced_inputs(build, params), *node.attrs).value
    function = Function("single", Block(tuple(params), tuple(build.nodes), (result,)))
    wrt = [k for k, x in enumerate(node.inputs) if type(x) is Lazy and x.differentiable]
    seed = Value(Type(result.type.dtype, result.type.shape, "numpy"), "y_bar")
    made = differentiate(function, wrt, (seed,), name="single", value=True)
    return simplify(made, "rules", pinned=[made.results[0]])[0]


def _reads(function: Function) -> tuple[frozenset[int], bool]:
    """What the nodes that depend on the cotangent, the last parameter, read of the others."""
    *params, seed = function.params
    result = function.results[0]
    reverse: set[Value] = {seed}
    origin: dict[Value, frozenset[int]] = {p: frozenset([k]) for k, p in enumerate(params)}
    read: set[Value] = set(function.results[1:]) - reverse
    for node in function.block.nodes:
        used = set(references(node)) - set(definitions(node))
        if used & reverse:
            reverse.update(node.outputs)
            read |= used
        else:
            inputs = frozenset[int]().union(*(origin.get(v, frozenset()) for v in used))
            origin.update(dict.fromkeys(node.outputs, inputs))
    read -= reverse
    by_result = result in read and result not in params
    return frozenset[int]().union(*(origin.get(v, frozenset()) for v in read if v is not result)), by_result
