"""Models that can be trained by one native loop: a search over seeds compiles once.

Two models are alike where their classes, the attributes of their modules and the dtypes and shapes of their tensors
are, and where each of these stands at the same places. What was compiled for one is then bound to the other: whatever
it reads by a path that begins at the one is read by the path that begins at the other.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symdiff.frontend.program import Captured, Guard, Path
from symdiff.frontend.structure import flatten
from symdiff.ir.graph import ACT
from symdiff.ir.walk import all_nodes
from symdiff.nn.module import Module
from symdiff.nn.parsing import entries, options_of
from symdiff.optim.native import NativeOptimizer
from symdiff.runtime.arguments import ByIdentity
from symdiff.tensors.tensor import Held, Tensor
from symdiff.training.step import Step

__all__ = ["alike", "bound_to", "parts_of"]

Numbers = Mapping[int, int]
"""The numbers of the parts, by their identity."""


def parts_of(model: Module, loss: Any) -> list[Any]:
    """The modules and tensors of model and loss in their order, and a loss that is a function."""
    found: dict[int, Any] = {}
    for module in (model, loss) if isinstance(loss, Module) and options_of(loss) is None else (model,):
        found.update((id(part), part) for part in module.modules())
        found.update((id(tensor), tensor) for *_, tensor in entries(module))
    parts = list(found.values())
    return [*parts, loss] if isinstance(loss, types.FunctionType | types.MethodType) else parts


def alike(parts: Sequence[Any], loss: Any, optimizer: NativeOptimizer) -> tuple[Any, ...]:
    """Equal for trainings whose steps are the same, but for the objects they begin at."""
    numbers = {id(part): k for k, part in enumerate(parts)}
    groups = [
        tuple((_comparable(p, numbers), p.requires_grad) for p in group["params"]) for group in optimizer.param_groups
    ]
    return type(optimizer), *groups, _criterion(loss, numbers), *[_state(part, numbers) for part in parts]


def _state(part: Any, numbers: Numbers) -> Any:
    if isinstance(part, Tensor):
        return part.dtype, tuple(part.shape), part.requires_grad
    return (type(part), _comparable(part.__dict__, numbers)) if isinstance(part, Module) else None


def _criterion(loss: Any, numbers: Numbers) -> Any:
    """What a loss is: for a function its code, as what it reads is told by paths."""
    options = options_of(loss)
    if options is not None:
        return options
    if isinstance(loss, Module):
        return _comparable(loss, numbers)
    if isinstance(loss, types.MethodType):
        return ByIdentity(loss.__func__), _comparable(loss.__self__, numbers)
    if isinstance(loss, types.FunctionType) and not loss.__dict__:
        defaults = _comparable(loss.__defaults__, numbers), _comparable(loss.__kwdefaults__, numbers)
        return ByIdentity(loss.__code__), defaults
    leaves, structure = flatten(loss)
    return ByIdentity(loss), structure, *[_comparable(leaf, numbers) for leaf in leaves]


def _comparable(found: Any, numbers: Numbers) -> Any:
    """Parts by their numbers, numbers and containers by value, all else by identity."""
    if id(found) in numbers:
        return "part", numbers[id(found)]
    if isinstance(found, Held):
        return _comparable(found.tensor, numbers)
    if isinstance(found, ByIdentity):
        return _comparable(found.held, numbers)
    if isinstance(found, dict):
        return type(found), tuple((key, _comparable(value, numbers)) for key, value in found.items())
    if isinstance(found, tuple | list):
        return type(found), tuple(_comparable(part, numbers) for part in found)
    if isinstance(found, set | frozenset):
        return type(found), frozenset(_comparable(part, numbers) for part in found)
    if isinstance(found, np.ndarray):
        return found.dtype.str, found.shape, ByIdentity(found)
    if isinstance(found, bool | int | float | str | bytes | np.generic | None):
        return type(found), repr(found)
    return ByIdentity(found)


def bound_to(step: Step, parts: Sequence[Any]) -> Step | None:
    """A step for parts that are like those it was made for; None if it cannot be used for them."""
    if all(a is b for a, b in zip(step.parts, parts, strict=True)):
        return step
    others = {id(a): b for a, b in zip(step.parts, parts, strict=True)}
    own = {id(part) for part in parts}
    if any(node.op is ACT for node in all_nodes(step.function.block)):
        return None  # what is shown, or called, is known by identity
    guards: list[Guard] = []
    for guard in step.guards:
        if id(guard.expected) in own and id(guard.expected) not in others:
            return None  # it was outside of what the step was made for
        bound = _guard(guard, others)
        guards += [] if bound is None else [bound]
    return replace(
        step,
        trained=[replace(t, tensor=others.get(id(t.tensor), t.tensor)) for t in step.trained],
        constants=[_constant(x, others) for x in step.constants],
        guards=tuple(guards),
        parts=tuple(parts),
    )


def _guard(guard: Guard, others: Mapping[int, Any]) -> Guard | None:
    """What must hold of the others; None where it does since they are alike."""
    expected = others.get(id(guard.expected), guard.expected)
    if hasattr(expected, "bound_to"):
        expected = expected.bound_to(others)
        if expected is None:
            return None
    return Guard(_path(guard.path, others), expected, guard.by)


def _path(path: Path, others: Mapping[int, Any]) -> Path:
    return Path(others.get(id(path.root), path.root), path.steps)


def _constant(found: Tensor | Captured, others: Mapping[int, Any]) -> Tensor | Captured:
    if isinstance(found, Captured):
        return Captured(_path(found.path, others), found.value)
    tensor: Tensor = others.get(id(found), found)
    return tensor
