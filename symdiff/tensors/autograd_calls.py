"""``backward`` and its kin: which sweeps are asked for, and where their results go."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.tensors import elementwise
from symdiff.tensors.backward import Seed, cotangents
from symdiff.tensors.lazy import KEEPER, Lazy, known
from symdiff.tensors.plans import materialise
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy, attach, wrap

__all__ = ["backward", "grad"]

_WITHOUT_GRAPH = "element 0 of tensors does not require grad and does not have a grad_fn"


def _seed(value: Lazy, gradient: Tensor | None) -> Seed:
    if not value.differentiable:
        raise RuntimeError(_WITHOUT_GRAPH)
    if gradient is None:
        count = 1
        for n in value.shape:
            count *= n
        if count != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        return value, (None if not value.shape else _one(value))
    given = as_lazy(gradient)
    if given.shape != value.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of torch.Size({list(given.shape)}) and output[0] has a "
            f"shape of torch.Size({list(value.shape)})."
        )
    return value, elementwise.convert(given, value.dtype)


def _one(value: Lazy) -> Lazy:
    return known(np.ones(value.shape, value.dtype.numpy), value.dtype, value.shape)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradients of some tensors to the ``.grad`` of the leaves they depend on.

    Raises
    ------
    RuntimeError
        If a tensor is outside any graph, is not a scalar and has no gradient given, or the graph was used up.
    """
    outputs = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    given = [grad_tensors] if grad_tensors is None or isinstance(grad_tensors, Tensor) else list(grad_tensors)
    given += [None] * (len(outputs) - len(given))
    seeds = [_seed(as_lazy(t), g) for t, g in zip(outputs, given, strict=True)]
    retain = create_graph if retain_graph is None else retain_graph
    if create_graph:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
            "gradient which can cause a memory leak. autograd.grad does not.",
            UserWarning,
            stacklevel=3,
        )
    only = None if inputs is None else {as_lazy(t) for t in ([inputs] if isinstance(inputs, Tensor) else inputs)}
    found = cotangents(seeds, create_graph=create_graph, retain_graph=retain)
    for leaf, cotangent in found.items():
        owner = leaf.owner() if leaf.owner is not None else None
        if owner is not None and (only is None or leaf in only):
            _accumulate(owner, cotangent, create_graph)


def _accumulate(owner: Tensor, cotangent: Lazy, create_graph: bool) -> None:
    before = owner._grad
    if before is None:
        owner._grad = wrap(cotangent)
    elif create_graph:
        owner._grad = wrap(elementwise.binary("add", as_lazy(before), cotangent))
    else:
        overwrite(before, elementwise.binary("add", as_lazy(before), cotangent))
    for hook in getattr(owner, "_after_accumulation", {}).values():
        hook(owner)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Gradients of some tensors by others; no ``.grad`` is touched.

    Raises
    ------
    RuntimeError
        If an input does not require grad, or none of the outputs depends on it (unless that is allowed).
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True)", FutureWarning, stacklevel=2
        )
    roots = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    given = [grad_outputs] if grad_outputs is None or isinstance(grad_outputs, Tensor) else list(grad_outputs)
    given += [None] * (len(roots) - len(given))
    values = [as_lazy(t) for t in wanted]
    if not all(v.differentiable for v in values):
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    seeds = [_seed(as_lazy(t), g) for t, g in zip(roots, given, strict=True)]
    retain = create_graph if retain_graph is None else retain_graph
    found = cotangents(seeds, [v for v in values if v.owner is None], create_graph=create_graph, retain_graph=retain)
    return tuple(_result(v, found.get(v), bool(allow_unused) or materialize_grads, materialize_grads) for v in values)


def _result(value: Lazy, found: Lazy | None, allowed: bool, zeros: bool) -> Tensor | None:
    if found is not None:
        return wrap(found)
    if not allowed:
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
    return wrap(elementwise.binary("mul", value, 0.0)).detach() if zeros else None


# -- methods -----------------------------------------------------------------------------------------------------------


class Handle:
    """Takes a hook away again."""

    def __init__(self, hooks: dict[int, Any], key: int) -> None:
        self.hooks, self.key = hooks, key

    def remove(self) -> None:
        self.hooks.pop(self.key, None)


def _register_hook(self: Tensor, hook: Any) -> Handle:
    """Call a function with the gradient when it is known; what it returns takes its place."""
    value = as_lazy(self)
    if not value.differentiable:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")

    def called(cotangent: Lazy) -> Lazy:
        given = hook(wrap(cotangent))
        if given is None:
            return cotangent
        if not isinstance(given, Tensor):
            raise TypeError(f"expected Variable, but hook returned '{type(given).__name__}'")
        if given._value.shape != cotangent.shape:
            raise RuntimeError("hook '" + getattr(hook, "__name__", "hook") + "' has changed the size of value")
        return as_lazy(given)

    return _entered(value, called)


def _entered(value: Lazy, called: Any) -> Handle:
    if value.hooks is None:
        value.hooks = {}
    key = max(value.hooks, default=0) + 1
    value.hooks[key] = called
    return Handle(value.hooks, key)


def _retain_grad(self: Tensor) -> None:
    """Keep the gradient of a tensor that is not a leaf."""
    value = as_lazy(self)
    if not value.differentiable:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if value.owner is not None or (value.hooks or {}).get(KEEPER):
        return
    keeper = weakref.ref(self)

    def kept(cotangent: Lazy) -> Lazy:
        tensor = keeper()
        if tensor is not None:
            before = tensor._grad
            tensor._grad = wrap(cotangent if before is None else elementwise.binary("add", as_lazy(before), cotangent))
        return cotangent

    if value.hooks is None:
        value.hooks = {}
    value.hooks[KEEPER] = kept


def _register_after(self: Tensor, hook: Any) -> Handle:
    if not self.is_leaf:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    hooks: dict[int, Any] = self.__dict__.setdefault("_after_accumulation", {})
    key = max(hooks, default=0) + 1
    hooks[key] = hook
    return Handle(hooks, key)


def _backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add this tensor's gradients to the ``.grad`` of the leaves it depends on."""
    backward(self, gradient, retain_graph, create_graph, inputs)


def _data(self: Tensor) -> Tensor:
    """The same memory, out of the graph; stores into it are not counted."""
    made = self.detach()
    made._uncounted = True
    return made


def _set_data(self: Tensor, new: Tensor) -> None:
    """Hold other elements, without a record: what was computed before keeps what it saw."""
    fresh = as_lazy(new)
    materialise([fresh])
    value = known(fresh.array, fresh.dtype, fresh.shape)
    before = as_lazy(self)
    if before.owner is not None:
        value.differentiable, value.owner, value.hooks = True, before.owner, before.hooks
    self._rebind(value)


attach("backward", _backward)
attach("register_hook", _register_hook)
attach("register_post_accumulate_grad_hook", _register_after)
attach("retain_grad", _retain_grad)
Tensor.data = property(_data, _set_data)  # type: ignore[attr-defined]
Tensor.retains_grad = property(lambda self: bool((as_lazy(self).hooks or {}).get(KEEPER)))  # type: ignore[attr-defined]
