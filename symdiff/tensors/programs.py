"""A differentiable function called on tensors: its graph becomes part of theirs.

The function is parsed for the dtypes and shapes of the tensors. What comes out is recorded as one operation, so that
it is computed, and differentiated any number of times, together with everything around it.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.errors import UnsupportedSyntaxError, located
from symdiff.frontend.structure import unflatten
from symdiff.ir.graph import ACT, Block, Function
from symdiff.ir.rewrite import silent
from symdiff.ir.walk import all_nodes
from symdiff.runtime.arguments import as_array
from symdiff.runtime.binding import exact, taken_apart
from symdiff.runtime.call import Dispatcher
from symdiff.runtime.family import Family
from symdiff.runtime.units import unit_of
from symdiff.tensors.creation import dtype_of_array
from symdiff.tensors.inline import inlined
from symdiff.tensors.kernels import OPTIONS
from symdiff.tensors.lazy import Lazy, Operation, known
from symdiff.tensors.operations import record
from symdiff.tensors.plans import materialise
from symdiff.tensors.tensor import Held, Tensor, as_lazy, wrap
from symdiff.transform.dce import eliminate_dead_code

__all__ = ["called"]



@dataclass(frozen=True, eq=False, slots=True)
class _Recorded:
    """What is known of a function that becomes part of graphs.

    Attributes
    ----------
    operations : tuple of Operation
        One for each result; they have no effects.
    effects : callable or None
        Native code that does nothing but show and raise what the function does.
    """

    operations: tuple[Operation, ...]
    effects: Callable[..., Any] | None


_RECORDED: weakref.WeakKeyDictionary[Family, _Recorded] = weakref.WeakKeyDictionary()


def called(dispatcher: Dispatcher, objects: Sequence[Any]) -> Any:
    """The result of a function for arguments of which some are, or contain, tensors.

    Raises
    ------
    UnsupportedSyntaxError
        If the function draws random numbers, or stores into an argument.
    """
    stand_ins: dict[Lazy, np.ndarray[Any, Any]] = {}
    leaves: list[Any] = []

    def stand_in(leaf: Any, path: str) -> Any:
        leaves.append(leaf)
        return _stand_in(leaf.tensor, stand_ins) if isinstance(leaf, Held) else as_array(leaf, path)

    call = taken_apart(dispatcher.names, list(objects), set(), stand_in)
    call.kinds = exact(call.kinds, call.leaves)
    family = dispatcher.family(call, None)
    recorded = _recorded(family)
    call.leaves = [as_lazy(x.tensor) if isinstance(x, Held) else y for x, y in zip(leaves, call.leaves, strict=True)]
    inputs = tuple(map(_input, family.inputs(call, dispatcher.function)))
    if recorded.effects is not None:
        # they happen now and once, whenever the results are computed, and how often
        materialise([x for x in inputs if isinstance(x, Lazy) and x.array is None])
        recorded.effects(*[x.array if isinstance(x, Lazy) else x for x in inputs])
    results = [wrap(record(op, inputs)) for op in recorded.operations]
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


def _recorded(family: Family) -> _Recorded:
    found = _RECORDED.get(family)
    if found is None:
        graph = family.graph
        _refuse_changes(family)
        quiet = Function(graph.name, Block(graph.params, silent(graph.block.nodes), graph.results))
        name = graph.name
        operations = tuple(
            Operation(name, functools.partial(_result, quiet, k), f"{name}Backward") for k in range(len(graph.results))
        )
        shown = any(node.op is ACT for node in all_nodes(graph.block))
        found = _RECORDED[family] = _Recorded(operations, _effects(graph) if shown else None)
    return found


def _refuse_changes(family: Family) -> None:
    """Refuse what would have to happen again whenever the graph is computed."""
    graph = family.graph
    drawing = [node for node in all_nodes(graph.block) if getattr(node.op, "effect", False)]
    if drawing or family.stores or family.draws:
        where = drawing[0].where if drawing else None
        message = f"{graph.name!r} cannot be part of a graph of tensors: it has effects besides its result"
        raise located(UnsupportedSyntaxError, message, where, "call it on arrays: loss(x.numpy())")


def _effects(graph: Function) -> Callable[..., Any]:
    """Native code of what a function shows and raises, and of what that needs."""
    alone = eliminate_dead_code(Function(graph.name, Block(graph.params, graph.block.nodes, ())))
    call: Callable[..., Any] = unit_of(alone, OPTIONS).builtin
    return call


def _result(graph: Function, position: int, *inputs: Any) -> Any:
    return inlined(graph, inputs)[position]


Tensor.__symdiff_call__ = staticmethod(called)  # type: ignore[attr-defined]
