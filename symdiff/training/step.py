"""The graph of one training step: forward, loss, adjoint and update.

The forward pass is read from the source of the model by the front end, so that branches, loops and attributes have the
meaning they have in Python. Its derivative is the compiler's own, and the update is the formula of the optimiser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.errors import SymdiffError
from symdiff.frontend.parse import parse
from symdiff.frontend.program import Argument, Captured, Guard, Path, Program, StaticNeeded
from symdiff.frontend.structure import LEAF, Static, Structure, flatten
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.nn.module import Module
from symdiff.optim.native import NativeOptimizer
from symdiff.runtime.arguments import ByIdentity
from symdiff.tensors.parsing import DATA
from symdiff.tensors.tensor import Held, Tensor, as_lazy
from symdiff.tensors.tracing import Drawing, for_training
from symdiff.tracebacks import is_own
from symdiff.training.aliases import outside
from symdiff.training.dependence import dependence
from symdiff.training.engine import Array, Refused
from symdiff.training.reaching import with_reach
from symdiff.transform.adjoint import differentiate
from symdiff.transform.simplify import simplify

__all__ = ["Step", "Trained", "objective", "step_of"]

_TENSOR = Structure("tensor", Tensor, (DATA,), (LEAF,))


def objective(model: Any, loss: Any, inputs: Any, target: Any) -> Any:
    """What is minimised."""
    return loss(model(*inputs), target)


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """A tensor that a step changes.

    Attributes
    ----------
    tensor : Tensor
    group : int or None
        The group of the optimiser for a parameter; None for a buffer.
    asked : bool
        Whether only some steps reach it, and say so.
    """

    tensor: Tensor
    group: int | None
    asked: bool = False


@dataclass(frozen=True, eq=False)
class Step:
    """One step for batches of one size.

    Attributes
    ----------
    function : Function
        Parameters: inputs and target, what is trained, what is drawn, what is constant. Results: the loss, then for
        each of what is trained the gradient of a parameter, or the new content of a buffer, then for each parameter
        that is asked whether it was reached.
    trained : list of Trained
    drawn : list of Captured
        Random numbers that are drawn for a step, in this order.
    constants : list of Tensor or Captured
        What a step reads and leaves as it is.
    guards : tuple of Guard
        They say when it holds.
    parts : tuple of object
        What it was made of, for which others may stand that are like it.
    """

    function: Function
    trained: list[Trained]
    drawn: list[Captured]
    constants: list[Tensor | Captured]
    guards: tuple[Guard, ...]
    parts: tuple[Any, ...] = ()

    def holds(self, optimizer: NativeOptimizer) -> bool:
        """Whether what it was made of is as it was."""
        if not all(guard.holds(objective) for guard in self.guards):
            return False
        read = outside([c for c in self.constants if isinstance(c, Captured)], objective)
        trained = {p for group in optimizer.param_groups for p in group["params"]}
        trained.update(t.tensor for t in self.trained)
        return not any(tensor in trained for _, tensor in read.values())


def step_of(
    model: Module, loss: Any, optimizer: NativeOptimizer, inputs: Sequence[Array], target: Array, rows: int
) -> Step:
    """The step for batches of so many rows.

    Raises
    ------
    Refused
        If the front end refuses something, with its words.
    """
    arguments, tensors = _arguments(model, loss, inputs, target, rows)
    try:
        with for_training():
            program = parse(objective, arguments)
    except SymdiffError as error:
        raise Refused(_reason(error)) from error
    except StaticNeeded as error:
        raise Refused("a number that only a run will tell would have to be known") from error
    value = _loss_of(program)
    groups = {p: k for k, group in enumerate(optimizer.param_groups) for p in group["params"]}
    places = outside(program.captured, objective)
    found = {c: place for c, place in places.items() if place[1] in groups}
    params = dict(zip(program.graph.params, _parameters(program, tensors, found), strict=True))
    data = [v for v, found in params.items() if found is None]
    wanted, some = _trainable(program, value, params, groups)
    written = _written(program, arguments)
    if not all(v in tensors for v in written):
        raise Refused("it stores into its input")
    others = {v: t for v, t in params.items() if t is not None and v not in wanted and v not in written}
    drawn = {v: t for v, t in others.items() if isinstance(t, Captured) and isinstance(t.path.root, Drawing)}
    constants = {v: t for v, t in others.items() if v not in drawn}
    function = _with_gradients(program, value, list(wanted), list(written.values()), some)
    trained = [Trained(t, groups[t], v in some) for v, t in wanted.items()]
    buffers = [Trained(tensors[v], None) for v in written]
    order = [*data, *wanted, *written, *drawn, *constants]
    function = Function(function.name, Block(tuple(order), function.block.nodes, function.results))
    guards = (*program.guards, *[Guard(path, tensor) for path, tensor in found.values()])
    return Step(function, [*trained, *buffers], list(drawn.values()), list(constants.values()), guards)


def _reason(error: SymdiffError) -> str:
    """What was refused, and where, unless that is a line of ours."""
    text = error.message.split("\n")[0]
    return text if error.where is None or is_own(error.where.file) else f"{error.where}: {text}"


def _arguments(
    model: Module, loss: Any, inputs: Sequence[Array], target: Array, rows: int
) -> tuple[list[Argument], dict[Value, Tensor]]:
    """The arguments of the objective, and which tensor each of their values is."""
    tensors: dict[Value, Tensor] = {}
    values: dict[Tensor, Value] = {}

    def taken(name: str, tree: Any) -> Argument:
        found, structure = flatten(tree)
        leaves: list[Value | Static] = []
        for leaf in found:
            if not isinstance(leaf, Held):
                leaves.append(Static(leaf.held if isinstance(leaf, ByIdentity) else leaf))
                continue
            held = as_lazy(leaf.tensor)
            value = values.setdefault(leaf.tensor, Value(Type(held.dtype.name, held.shape), name))
            leaves.append(value)
            tensors[value] = leaf.tensor
        return Argument(name, structure, tuple(leaves))

    batch = [Value(Type(a.dtype.name, (rows, *a.shape[1:])), "x") for a in inputs]
    passed = Structure("tuple", tuple, (), (_TENSOR,) * len(batch))
    wanted = Value(Type(target.dtype.name, (rows, *target.shape[1:])), "y")
    return [
        taken("model", model),
        taken("loss", loss),
        Argument("inputs", passed, tuple(batch)),
        Argument("target", _TENSOR, (wanted,)),
    ], tensors


def _parameters(
    program: Program, tensors: dict[Value, Tensor], found: dict[Captured, tuple[Path, Tensor]]
) -> Iterator[Tensor | Captured | None]:
    """What each parameter of the graph is; None for a batch."""
    captured = {c.value: found[c][1] if c in found else c for c in program.captured}
    for param in program.graph.params:
        yield tensors.get(param, captured.get(param))


def _loss_of(program: Program) -> Value:
    if program.result.kind not in ("tensor", "leaf") or not isinstance(program.result_leaves[0], int):
        raise Refused("the loss is not a tensor")
    value = program.graph.results[program.result_leaves[0]]
    if value.type.shape or not value.type.is_float:
        raise Refused("the loss is not one floating-point number")
    return value


def _written(program: Program, arguments: Sequence[Argument]) -> dict[Value, Value]:
    """What is stored into, and its new content."""
    leaves = [leaf for argument in arguments for leaf in argument.leaves]
    pairs = [(leaves[w.leaf], program.graph.results[w.result]) for w in program.written]
    return {leaf: result for leaf, result in pairs if isinstance(leaf, Value)}


def _trainable(
    program: Program, value: Value, params: dict[Value, Any], groups: dict[Any, int]
) -> tuple[dict[Value, Tensor], list[Value]]:
    """The parameters that the optimiser has and the loss depends on, and those of them that it does at times only.

    Others have no gradient, and are not stepped.
    """
    leaves = {v: t for v, t in params.items() if isinstance(t, Tensor) and t.requires_grad}
    candidates = {v: t for v, t in leaves.items() if t in groups}
    sure, possible, always = dependence(program.graph.block, list(candidates), value, list(leaves))
    if not possible:
        raise Refused("the loss depends on no parameter of the optimizer")
    if not always:
        raise Refused("the loss may depend on no parameter at all for some batches")
    found = {v: t for v, t in candidates.items() if v in possible}
    return found, [v for v in found if v not in sure]


def _with_gradients(
    program: Program, value: Value, wrt: list[Value], buffers: list[Value], some: list[Value]
) -> Function:
    """The loss, its gradients, the contents of buffers, and which of some parameters were reached."""
    block = Block(program.graph.params, program.graph.block.nodes, (value, *buffers))
    block, reached = with_reach(block, some, value) if some else (block, [])
    kept = [*buffers, *reached]
    primal = Function("step", Block(block.params, block.nodes, (value, *kept)))
    places = [primal.params.index(v) for v in wrt]
    seeds = (value, *[None for _ in kept])
    made = differentiate(primal, places, seeds, name="step", value=True)
    results = (made.results[0], *made.results[1 + len(kept) :], *made.results[1 : 1 + len(kept)])
    made = Function(made.name, Block(made.params, made.block.nodes, results))
    return simplify(made, "rules", pinned=[results[0], *results[1 + len(wrt) :]])[0]
