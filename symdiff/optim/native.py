"""The step of an optimiser as one native call: a formula in the rows of the compiler, for all parameters at once.

Options that choose another formula are static; learning rates and all other numbers are inputs, so a schedule compiles
nothing. A graph is made for each combination of formulas, shapes and dtypes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symdiff.ir.build import Builder
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.optim.optimizer import Optimizer
from symdiff.tensors import grad_mode
from symdiff.tensors.assign import assign
from symdiff.tensors.creation import made
from symdiff.tensors.dtypes import DType
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.operations import traced_inputs
from symdiff.tensors.plans import compile_for_next_step, materialise, plan_for
from symdiff.tensors.tensor import Tensor, as_lazy

__all__ = ["Flags", "NativeOptimizer", "flag", "number"]

Flags = tuple[Any, ...]
TOGETHER = 8
"""Up to so many parameters are changed by one call. With more there is a call for each: compiling takes time for each
parameter of a graph, and large models have many of few shapes."""


class NativeOptimizer(Optimizer):
    """An optimiser given by a formula for one parameter.

    Subclasses define what follows. The options of groups are looked at in each step, since users change them.
    """

    #: How many numbers `shared_numbers` gives, and `own_numbers`.
    counts: tuple[int, int] = (0, 0)
    #: Whether the state of a parameter has the number of its steps.
    counts_steps = True

    def flags(self, group: dict[str, Any]) -> Flags:
        """Options that choose the formula: hashable."""
        raise NotImplementedError

    def kept(self, flags: Flags) -> tuple[str, ...]:
        """The names of the arrays that are remembered of each parameter."""
        raise NotImplementedError

    def shared_numbers(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        """The numbers in the formula that all parameters of a group share."""
        raise NotImplementedError

    def own_basis(self, group: dict[str, Any], flags: Flags) -> tuple[float, ...]:
        """The options that the numbers of each parameter are computed from."""
        return ()

    def own_numbers(self, basis: tuple[float, ...], step: float, begun: bool) -> tuple[float, ...]:
        """The numbers of one parameter of which something is remembered.

        ``step`` is the number of its step, from 1 on, if steps are counted; ``begun`` says whether it took one before.
        """
        return ()

    def formula(self, flags: Flags, p: Any, g: Any, kept: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, ...]:
        """The parameter after the step, then what is remembered of it, from `Traced` values."""
        raise NotImplementedError

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by their gradients; those without one are left as they are.

        Parameters
        ----------
        closure : callable, optional
            Evaluates the model again; what it returns is returned.
        """
        hooks = self.hooks
        if hooks.before:
            closure = hooks.run_before(self, closure)
        loss = None
        if closure is not None:
            with grad_mode.enable_grad():
                loss = closure()
        self._update()
        compile_for_next_step()
        self.steps_taken += 1
        if hooks.after:
            hooks.run_after(self, closure)
        return loss

    step.complete = True  # type: ignore[attr-defined]

    def _update(self) -> None:
        batch = _Batch(self)
        limit = 1 if sum(len(group["params"]) for group in self.param_groups) > TOGETHER else TOGETHER
        for group in self.param_groups:
            setup = self._setup(group)
            begun = None
            for p in group["params"]:
                gradient = p._grad
                if gradient is None:
                    continue
                if batch.count == limit:
                    batch.run()
                    batch = _Batch(self)
                if begun is not batch:
                    batch.begin(setup)
                    begun = batch
                value = p._value if p._storage is None else as_lazy(p)
                if setup.names:
                    batch.append_state(value, self.state[p])
                batch.append(p, value, gradient._value if gradient._storage is None else as_lazy(gradient))
        if batch.targets:
            batch.run()

    def _setup(self, group: dict[str, Any]) -> _Setup:
        """What follows from the options of a group; the same as in the step before where they are."""
        setups = self.__dict__.setdefault("_setups", {})
        options = [group[name] for name in self.defaults]
        setup: _Setup | None = setups.get(id(group))
        if setup is not None and setup.options == options:
            return setup
        setup = _Setup(self, group)
        # what can change in place is looked at anew each time
        if all(map(_is_constant, options)):
            setup.options = options
            setups[id(group)] = setup
        return setup


class _Setup:
    """What follows from the options of a group."""

    __slots__ = ("basis", "flags", "names", "options", "shared")

    def __init__(self, optimizer: NativeOptimizer, group: dict[str, Any]) -> None:
        self.flags = optimizer.flags(group)
        self.names = optimizer.kept(self.flags)
        self.shared = optimizer.shared_numbers(group, self.flags)
        self.basis = optimizer.own_basis(group, self.flags) if self.names else ()
        self.options: list[Any] = []


def _is_constant(option: Any) -> bool:
    if type(option) is tuple:
        return all(map(_is_constant, option))
    return option is None or type(option) in (bool, int, float)


class _Batch:
    """Parameters that are changed by one call."""

    __slots__ = ("count", "key", "leaves", "optimizer", "pending", "setup", "targets")

    setup: _Setup

    def __init__(self, optimizer: NativeOptimizer) -> None:
        self.optimizer = optimizer
        self.key: list[Any] = [type(optimizer)]
        self.leaves: list[Any] = []
        self.pending: list[tuple[int, Lazy]] = []
        self.count = 0
        self.targets: list[tuple[Tensor, Lazy]] = []

    def begin(self, setup: _Setup) -> None:
        """Parameters of another group follow."""
        self.setup = setup
        self.key.append(setup.flags)
        self.leaves += setup.shared

    def append(self, p: Tensor, value: Lazy, gradient: Lazy) -> None:
        """A parameter follows, after its state."""
        self.count += 1
        self.key += (value.dtype, value.shape)
        self.targets.append((p, value))
        x, g = value.array, gradient.array
        if x is None:
            self.pending.append((len(self.leaves), value))
        if g is None:
            self.pending.append((len(self.leaves) + 1, gradient))
        self.leaves += (x, g)

    def append_state(self, value: Lazy, state: dict[str, Any]) -> None:
        """The numbers of a parameter follow, and what is remembered of it."""
        setup, leaves, optimizer = self.setup, self.leaves, self.optimizer
        step = counted(state) if optimizer.counts_steps else 0.0
        leaves += optimizer.own_numbers(setup.basis, step, state.get(setup.names[0]) is not None)
        for name in setup.names:
            kept = state.get(name)
            if kept is None:
                kept = state[name] = made(np.zeros(value.shape, value.dtype.numpy))
            current = kept._value if kept._storage is None else as_lazy(kept)
            self.targets.append((kept, current))
            if current.array is None:
                self.pending.append((len(leaves), current))
            leaves.append(current.array)

    def run(self) -> None:
        """Compute, and store."""
        key, leaves = tuple(self.key), self.leaves
        if self.pending:
            materialise([value for _, value in self.pending])
            for place, value in self.pending:
                leaves[place] = value.array
        plan = plan_for(key, lambda: _graph(self.optimizer, key))
        call = plan.call
        results = plan.run(leaves) if call is None else call(*leaves)
        for (tensor, current), array in zip(self.targets, results, strict=True):
            assign(tensor, current, array)


def _graph(optimizer: NativeOptimizer, key: tuple[Any, ...]) -> Function:
    """The graph of a step: the numbers of a group, then of each of its parameters the state, itself, its gradient."""
    build = Builder(raising=False)
    params: list[Value] = []
    results: list[Value] = []

    def inputs(count: int, kind: Type) -> list[Any]:
        values = [Value(kind, f"x{len(params) + k}") for k in range(count)]
        params.extend(values)
        return traced_inputs(build, values)

    shared, own = optimizer.counts
    flags: Flags = ()
    numbers: list[Any] = []
    rest = iter(key[1:])
    for part in rest:
        if not isinstance(part, DType):
            flags, numbers = part, inputs(shared, _NUMBER)
            continue
        kind = Type(part.name, next(rest), "numpy")
        names = optimizer.kept(flags)
        mine = inputs(own, _NUMBER) if names else []
        kept = inputs(len(names), kind)
        p, g = inputs(2, kind)
        new, *state = optimizer.formula(flags, p, g, kept, [*numbers, *mine])
        results += [*[x.value for x in state], new.value]
    return Function("step", Block(tuple(params), tuple(build.nodes), tuple(results)))


_NUMBER = Type("float64", (), "python")


def number(option: Any) -> float:
    """An option as a number; it may be a tensor of one element."""
    if type(option) is float:
        return option
    return float(option.item() if isinstance(option, Tensor) else option)


def flag(option: Any) -> bool:
    """Whether a number in a formula is there at all."""
    return bool(number(option) != 0)


def counted(state: dict[str, Any]) -> float:
    """The number of a parameter's next step; the state keeps it as a tensor of float32."""
    kept = state.get("step")
    if kept is None:
        kept = state["step"] = made(np.zeros((), np.float32))
    current = kept._value if kept._storage is None else as_lazy(kept)
    if current.array is None:
        materialise([current])
    step = float(current.array) + 1.0
    assign(kept, current, step)
    return step
