"""Hooks of modules that see gradients: of a call's result, and of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.tensors import grad_mode
from symdiff.tensors.custom import Function
from symdiff.tensors.tensor import Tensor

__all__ = ["BackwardHook", "Meeting"]


class BackwardHook:
    """What `register_full_backward_hook` enters among the hooks of a module.

    Parameters
    ----------
    hook : callable
        ``hook(module, grad_input, grad_output)``.
    """

    def __init__(self, hook: Callable[..., Any]) -> None:
        self.hook = hook


class _Passed(Function):
    """The tensors themselves; their gradients pass through a call of ``seen``."""

    @staticmethod
    def forward(ctx: Any, seen: Callable[[Sequence[Any]], Sequence[Any]], *tensors: Any) -> Any:
        ctx.seen = seen
        ctx.set_materialize_grads(False)
        return tuple(t.view_as(t) for t in tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        return (None, *ctx.seen(cotangents))


def _through(seen: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]) -> tuple[Any, ...]:
    """Items of which the tensors have passed."""
    passed = iter(_Passed.apply(seen, *[x for x in items if isinstance(x, Tensor)]))
    return tuple(next(passed) if isinstance(x, Tensor) else x for x in items)


def _spread(gradients: Sequence[Any], places: Sequence[int], count: int) -> tuple[Any, ...]:
    """Gradients in the places of their tensors; None elsewhere."""
    found: list[Any] = [None] * count
    for place, gradient in zip(places, gradients, strict=True):
        found[place] = gradient
    return tuple(found)


class Meeting:
    """One call of a module: gradients of its result are kept until those of its arguments are there.

    Parameters
    ----------
    module : Module
    hooks : sequence of BackwardHook
    """

    def __init__(self, module: Any, hooks: Sequence[BackwardHook]) -> None:
        self.module, self.hooks = module, hooks
        self.given: tuple[Any, ...] = ()
        self.places: list[int] = []
        self.count = 0
        self.is_watching_inputs = False

    def arguments(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of ``forward``."""
        self.count = len(args)
        self.places = [k for k, x in enumerate(args) if isinstance(x, Tensor)]
        if not grad_mode.enabled() or not any(args[k].requires_grad for k in self.places):
            return args
        self.is_watching_inputs = True
        return _through(self._inputs, args)

    def result(self, result: Any) -> Any:
        """The result of the call; what is neither a tensor nor a tuple of them is left alone."""
        items = result if isinstance(result, tuple) else (result,)
        tensors = [k for k, x in enumerate(items) if isinstance(x, Tensor)]
        if not grad_mode.enabled() or not any(items[k].requires_grad for k in tensors):
            return result

        def outputs(gradients: Sequence[Any]) -> Sequence[Any]:
            self.given = _spread(gradients, tensors, len(items))
            if not self.is_watching_inputs:
                self._call((None,) * self.count)
            return gradients

        passed = _through(outputs, items)
        return passed if isinstance(result, tuple) else passed[0]

    def _inputs(self, gradients: Sequence[Any]) -> Sequence[Any]:
        found = self._call(_spread(gradients, self.places, self.count))
        return [found[k] for k in self.places]

    def _call(self, found: tuple[Any, ...]) -> tuple[Any, ...]:
        for entry in self.hooks:
            instead = entry.hook(self.module, found, self.given)
            if instead is None:
                continue
            instead = instead if isinstance(instead, tuple) else (instead,)
            if len(instead) != len(found):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(instead)}, but expected "
                    f"{len(found)}"
                )
            found = instead
        return found
