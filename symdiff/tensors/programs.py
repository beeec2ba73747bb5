"""A differentiable function called on tensors: its graph becomes part of theirs.

The function is parsed for the dtypes and shapes of the tensors. What comes out is recorded as one operation, so that
it is computed, and differentiated any number of times, together with everything around it.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.frontend.structure import unflatten
from symdiff.ir.graph import ACT, Function
from symdiff.ir.walk import all_nodes
from symdiff.runtime.arguments import as_array
from symdiff.runtime.binding import exact, taken_apart
from symdiff.runtime.call import Dispatcher
from symdiff.runtime.family import Family
from symdiff.tensors.creation import dtype_of_array
from symdiff.tensors.inline import inlined
from symdiff.tensors.lazy import Lazy, Operation, known
from symdiff.tensors.operations import record
from symdiff.tensors.tensor import Held, Tensor, as_lazy, wrap

__all__ = ["called"]

_OPERATIONS: weakref.WeakKeyDictionary[Family, tuple[Operation, ...]] = weakref.WeakKeyDictionary()


def called(dispatcher: Dispatcher, objects: Sequence[Any]) -> Any:
    """The result of a function for arguments of which some are, or contain, tensors.

    Raises
    ------
    UnsupportedSyntaxError
        If the function prints, draws random numbers, or stores into an argument.
    """
    stand_ins: dict[Lazy, np.ndarray[Any, Any]] = {}
    leaves: list[Any] = []

    def stand_in(leaf: Any, path: str) -> Any:
        leaves.append(leaf)
        return _stand_in(leaf.tensor, stand_ins) if isinstance(leaf, Held) else as_array(leaf, path)

    call = taken_apart(dispatcher.names, list(objects), set(), stand_in)
    call.kinds = exact(call.kinds, call.leaves)
    family = dispatcher.family(call, None)
    _refuse_effects(family)
    call.leaves = [as_lazy(x.tensor) if isinstance(x, Held) else y for x, y in zip(leaves, call.leaves, strict=True)]
    inputs = tuple(map(_input, family.inputs(call, dispatcher.function)))
    results = [wrap(record(op, inputs)) for op in _operations(family)]
    return unflatten(family.program.result, family.program.unflatten_leaves(results))


def _stand_in(leaf: Tensor, stand_ins: dict[Lazy, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """An array of a tensor's dtype and shape, whose elements are not looked at; one for one tensor."""
    value = as_lazy(leaf)
    return stand_ins.setdefault(value, np.zeros(value.shape, value.dtype.numpy))


def _input(x: Any) -> Any:
    if isinstance(x, np.ndarray | np.generic):
        array = np.asarray(x)
        return known(array, dtype_of_array(array), array.shape)
    return x


def _refuse_effects(family: Family) -> None:
    graph = family.graph
    acts = [node for node in all_nodes(graph.block) if node.op is ACT or getattr(node.op, "effect", False)]
    if acts or family.stores or family.draws:
        where = acts[0].where if acts else None
        message = f"{graph.name!r} cannot be part of a graph of tensors: it has effects besides its result"
        raise located(UnsupportedSyntaxError, message, where, "call it on arrays: loss(x.numpy())")


def _operations(family: Family) -> tuple[Operation, ...]:
    """One operation for each result."""
    found = _OPERATIONS.get(family)
    if found is None:
        graph = family.graph
        name = graph.name
        found = _OPERATIONS[family] = tuple(
            Operation(name, functools.partial(_result, graph, k), f"{name}Backward") for k in range(len(graph.results))
        )
    return found


def _result(graph: Function, position: int, *inputs: Any) -> Any:
    return inlined(graph, inputs)[position]


Tensor.__symdiff_call__ = staticmethod(called)  # type: ignore[attr-defined]
