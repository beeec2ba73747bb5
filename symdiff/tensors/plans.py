"""Running recorded graphs: a structure seen for the first time operation by operation, later as one native call.

It is compiled when it is seen again, or when an optimiser steps, after which it will be. Both give the same bits.
Operations whose result IEEE arithmetic determines are NumPy's the first time; all others are native calls of one
operation each, kept for later graphs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ops.primitive import REGISTRY
from symdiff.runtime.interpret import interpret
from symdiff.runtime.units import unit_of
from symdiff.tensors import grad_mode
from symdiff.tensors.kernels import COUNTS, OPTIONS, Kernels
from symdiff.tensors.lazy import Lazy, scalar
from symdiff.tensors.operations import run_at_once, traced_inputs
from symdiff.tensors.pending import held_elsewhere, whole_turns
from symdiff.tensors.tracing import ValuesNeeded, current, is_unknown

__all__ = [
    "COUNTS", "LARGEST", "PYTHON_DTYPES", "Piece", "Plan", "compile_for_next_step", "cuts", "gather", "materialise",
    "plan_for", "primal",
]  # fmt: skip

LARGEST = 3000
"""Operations of a graph that is compiled as one; a larger one runs op by op each time, its gradient in segments."""

PYTHON_DTYPES = {float: "float64", int: "int64", bool: "bool"}
_PLANS: dict[Any, Plan] = {}
_NEW: deque[Plan] = deque(maxlen=32)
"""What ran for the first time, with gradients on, since an optimiser's last step: the latest of it."""


@dataclass(eq=False, slots=True)
class Piece:
    """A piece of the recorded graph: pending values in order, and what they are computed from.

    Attributes
    ----------
    nodes : list of Lazy
    leaves : list
        Known values, and Python numbers.
    key : tuple
        Equal for pieces of one structure, with inputs of the same shapes and dtypes.
    has_hooks : bool
        Whether a node has hooks, or a leaf is a result of a function with a derivative of the user's.
    """

    nodes: list[Lazy]
    leaves: list[Any]
    key: tuple[Any, ...]
    has_hooks: bool


@dataclass(eq=False, slots=True)
class Plan:
    """What is known of a structure: its graph, and from the second run on its native code.

    Attributes
    ----------
    function : Function
        Its parameters are the leaves.
    runs : int
    call : callable or None
        Native code: takes the leaves, gives a tuple.
    """

    function: Function
    runs: int = 0
    call: Callable[..., Any] | None = field(default=None)

    def run(self, leaves: Sequence[Any]) -> Sequence[Any]:
        """The results for the leaves of a piece."""
        values = [x.array if type(x) is Lazy else x for x in leaves]
        call = self.call
        if call is not None:
            return call(*values)
        self.runs += 1
        if self.runs == 2 and _bets.lost:
            _bets.won()
        if self.runs == 1 or self.is_large:
            if grad_mode.enabled():
                _NEW.append(self)
            rows = Kernels(self.function)
            return [_contiguous(r) for r in interpret(self.function, *values, rows=rows)]
        return self.compiled()(*values)

    @property
    def is_large(self) -> bool:
        """Whether it is never compiled as one."""
        return len(self.function.block.nodes) > LARGEST

    def compiled(self) -> Callable[..., Any]:
        """Its native code."""
        if self.call is None:
            COUNTS["units"] += 1
            self.call = unit_of(self.function, OPTIONS).builtin
        return self.call


class _Bets:
    """Whether what was compiled after one run was of use: graphs whose size is that of an episode do not come again.

    Attributes
    ----------
    lost : int
        Steps after which something was compiled, less the structures that ran again.
    """

    lost = 0

    def won(self) -> None:
        """A structure ran again."""
        self.lost = max(0, self.lost - 1)

    def place(self, plan: Plan) -> None:
        """Compile what ran once, and notice when it runs again."""
        native = plan.compiled()

        def first(*values: Any) -> Any:
            plan.call = native
            self.won()
            return native(*values)

        plan.call = first


_bets = _Bets()
_MOST_LOST = 4
"""One for each optimiser of a loop that has several, before the first comes again."""


def compile_for_next_step() -> None:
    """An optimiser steps: what ran for the first time since its last step will run again, and is compiled now.

    Where that has been wrong several times, it is left until it runs for the second time.
    """
    plans = [plan for plan in _NEW if plan.call is None and not plan.is_large]
    _NEW.clear()
    if plans and _bets.lost < _MOST_LOST:
        _bets.lost += 1
        for plan in plans:
            _bets.place(plan)


def _contiguous(result: Any) -> Any:
    """A result as native code takes it: what NumPy gives may be a view in another order of memory."""
    if not isinstance(result, np.ndarray) or result.flags.c_contiguous:
        return result
    return np.ascontiguousarray(result)


def gather(targets: Sequence[Lazy], *, through: bool = False, barrier: Container[Lazy] = ()) -> Piece:
    """The pending graph that some values depend on.

    Parameters
    ----------
    targets : sequence of Lazy
    through : bool
        Whether it goes on through values that are known but through which gradients flow, up to leaf tensors.
    barrier : container of Lazy
        Values that count as leaves, though they are not known.
    """
    seen: set[Lazy] = set()
    nodes: list[Lazy] = []
    stack = list(targets)
    while stack:
        value = stack.pop()
        if value in seen or _is_leaf(value, through) or value in barrier:
            continue
        seen.add(value)
        nodes.append(value)
        for x in value.inputs:
            if type(x) is Lazy:
                stack.append(x)
    nodes.sort(key=_serial)
    place: dict[Lazy, int] = {}
    leaves: list[Any] = []
    parts: list[Any] = []
    has_hooks = False
    for k, node in enumerate(nodes):
        if node.hooks:
            has_hooks = True
        refs = []
        for x in node.inputs:
            if type(x) is not Lazy:
                refs.append(~len(leaves))
                leaves.append(x)
                continue
            at = place.get(x)
            if at is None:
                at = place[x] = ~len(leaves)
                leaves.append(x)
                has_hooks = has_hooks or x.custom is not None
            refs.append(at)
        place[node] = k
        parts.append((node.operation, node.attrs, node.differentiable, *refs))
    metas = [(x.dtype, x.shape, x.differentiable) if type(x) is Lazy else type(x) for x in leaves]
    return Piece(nodes, leaves, (*parts, *metas, *[place.get(t) for t in targets]), has_hooks)


def _serial(value: Lazy) -> int:
    return value.serial


def _is_leaf(value: Lazy, through: bool) -> bool:
    if value.operation is None or (through and value.owner is not None):
        return True
    return value.array is not None and not (through and value.differentiable and value.custom is None)


def plan_for(key: Any, make: Callable[[], Function]) -> Plan:
    """The plan of a structure."""
    plan = _PLANS.get(key)
    if plan is None:
        plan = _PLANS[key] = Plan(make())
    return plan


def primal(piece: Piece, targets: Sequence[Lazy]) -> Function:
    """A piece as a graph of the compiler, with the targets as results."""
    build = Builder(raising=False)
    values: dict[Any, Value] = {}
    params: list[Value] = []
    for k, leaf in enumerate(piece.leaves):
        if type(leaf) is Lazy:
            values[leaf] = Value(Type(leaf.dtype.name, leaf.shape, "numpy"), f"x{k}")
        else:
            values[k] = Value(Type(PYTHON_DTYPES[type(leaf)], (), "python"), f"c{k}")
        params.append(values[leaf if type(leaf) is Lazy else k])
    numbers = iter([k for k, leaf in enumerate(piece.leaves) if type(leaf) is not Lazy])
    for node in piece.nodes:
        inputs = [values[x if type(x) is Lazy else next(numbers)] for x in node.inputs]
        assert node.operation is not None
        made = node.operation.build(*traced_inputs(build, inputs), *node.attrs)
        values[node] = (REGISTRY["stop_gradient"](made) if cuts(node) else made).value
    return Function("eager", Block(tuple(params), tuple(build.nodes), tuple(values[t] for t in targets)))


def cuts(node: Lazy) -> bool:
    """Whether a value is a constant, though gradients flow to what it is computed from: so it is under no_grad."""
    if node.differentiable or node.dtype.category < 2:
        return False
    return any(type(x) is Lazy and x.differentiable for x in node.inputs)


def materialise(targets: Sequence[Lazy]) -> None:
    """Compute values that are not known yet."""
    wanted = [t for t in targets if t.array is None]
    if not wanted:
        return
    piece = gather(wanted)
    if current() is not None and is_unknown([*wanted, *piece.leaves]):
        raise ValuesNeeded
    _compute(piece, wanted)


def _compute(piece: Piece, wanted: list[Lazy]) -> None:
    """Compute targets of a piece, and what else of it is in use elsewhere: that would be computed again later, from
    the beginning, or wait for all that comes after it (the state of a loop of which nothing looks at).
    """
    held = held_elsewhere(piece.nodes, wanted)
    if not held:
        plan = plan_for(piece.key, lambda: primal(piece, wanted))
        keep(wanted, plan.run(piece.leaves))
        return
    targets = [*wanted, *(piece.nodes[k] for k in held)]
    plan = plan_for((piece.key, held), lambda: primal(piece, targets))
    keep(targets, plan.run(piece.leaves))


def _compute_deep(value: Lazy) -> None:
    """Compute what a long chain of pending values begins with, so that what is pending stays bounded.

    Whole turns of a loop are computed, where it is one: then each part is of the structure of that before it.
    """
    nodes = gather([value]).nodes
    end = whole_turns([(v.operation, v.attrs) for v in nodes])
    rest = nodes[end:]
    del nodes[end:]
    targets = [nodes[k] for k in held_elsewhere(nodes, ())]
    del nodes  # or they all count as held
    materialise(targets if rest else [value])
    for node in rest:
        node.depth = max((x.depth + 1 for x in node.inputs if type(x) is Lazy and x.array is None), default=0)


def keep(values: Sequence[Lazy], results: Sequence[Any]) -> None:
    """Note results; a value that no gradient flows through forgets where it came from."""
    for value, result in zip(values, results, strict=True):
        value.array = result if value.shape else scalar(result, value.dtype)
        value.depth = 0
        if not value.differentiable or value.owner is not None:
            value.operation, value.inputs = None, ()


run_at_once.append(_compute_deep)
