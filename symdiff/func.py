"""Modules as functions of their parameters, and gradients of functions: PyTorch's ``torch.func``, in part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from symdiff.nn.module import Module
from symdiff.tensors.autograd_calls import grad as gradients
from symdiff.tensors.grad_mode import enable_grad
from symdiff.tensors.lazy import Lazy
from symdiff.tensors.plans import gather
from symdiff.tensors.tensor import Tensor, as_lazy

__all__ = ["functional_call", "grad", "grad_and_value"]


def _home(module: Module, name: str) -> tuple[Any, str]:
    """The table of a submodule that has an entry, and the entry's own name there."""
    *way, last = name.split(".")
    for part in way:
        if part not in module._modules:
            raise AttributeError(f"{type(module).__name__} has no submodule '{part}'")
        module = module._modules[part]
    for table in (module._parameters, module._buffers):
        if last in table:
            return table, last
    raise AttributeError(f"{type(module).__name__} has no parameter or buffer '{last}'")


@contextmanager
def _replaced(module: Module, given: dict[str, Any], tie_weights: bool) -> Iterator[None]:
    """Other tensors in the places of a module's parameters and buffers."""
    homes = {name: _home(module, name) for name in given}
    instead = {id(table[last]): given[name] for name, (table, last) in homes.items() if table[last] is not None}
    places = [(table, last, given[name]) for name, (table, last) in homes.items()]
    if tie_weights:
        taken = {(id(table), last) for table, last, _ in places}
        for part in module.modules():
            for table in (part._parameters, part._buffers):
                places += [
                    (table, last, instead[id(x)])
                    for last, x in table.items()
                    if id(x) in instead and (id(table), last) not in taken
                ]
    before = [(table, last, table[last]) for table, last, _ in places]
    try:
        for table, last, tensor in places:
            table[last] = tensor
        yield
    finally:
        for table, last, tensor in before:
            table[last] = tensor


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in the places of its parameters and buffers.

    Parameters
    ----------
    module : Module
    parameter_and_buffer_dicts : dict, or tuple of dicts
        Tensors by name, as in `named_parameters`; what is not named stays.
    args : optional
        The arguments: a tuple, or a single one.
    kwargs : dict, optional
    tie_weights : bool
        Whether a parameter with several names is replaced everywhere.
    strict : bool
        Whether all names must be given.
    """
    dicts = parameter_and_buffer_dicts
    given: dict[str, Any] = {}
    for part in dicts if isinstance(dicts, tuple | list) else (dicts,):
        if repeated := set(given) & set(part):
            raise ValueError(f"{sorted(repeated)} appears in multiple dictionaries")
        given.update(part)
    if strict:
        names = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
        if missing := names - set(given):
            raise RuntimeError(f"Missing key(s): {', '.join(sorted(missing))}.")
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, given, tie_weights):
        return module(*args, **(kwargs or {}))


def _mapped(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    """A structure of tuples, lists and dicts with its tensors replaced."""
    if isinstance(tree, Tensor):
        return leaf(tree)
    if isinstance(tree, dict):
        return {k: _mapped(v, leaf) for k, v in tree.items()}
    if isinstance(tree, tuple | list):
        items = [_mapped(v, leaf) for v in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    raise TypeError(f"gradients are of tensors, and tuples, lists and dicts of them, not of {type(tree).__name__}")


def _is_part_of_more(value: Any, own: list[Any]) -> bool:
    """Whether a value depends on tensors that require gradients, other than the function's own arguments."""
    leaves = gather([as_lazy(value)], through=True).leaves
    return any(type(x) is Lazy and x.differentiable and all(x is not as_lazy(t) for t in own) for x in leaves)


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of another by some of its arguments, and its value.

    Parameters
    ----------
    func : callable
        Gives a tensor of one element; with ``has_aux`` a pair of that and anything else.
    argnums : int or tuple of int
        The arguments; tensors, or tuples, lists and dicts of them.
    has_aux : bool
    """
    places = argnums if isinstance(argnums, tuple) else (argnums,)

    def call(*args: Any, **kwargs: Any) -> Any:
        tensors: list[Any] = []

        def own(x: Any) -> Any:
            # within another derivative what is found depends on the outer argument
            tensors.append(x.view_as(x) if x.requires_grad else x.detach().requires_grad_())
            return tensors[-1]

        with enable_grad():
            changed = {k % len(args): None for k in places}
            inside = [_mapped(x, own) if k in changed else x for k, x in enumerate(args)]
            result = func(*inside, **kwargs)
            value, aux = result if has_aux else (result, None)
            if value.numel() != 1 or value.dim():
                raise RuntimeError(f"Expected the function to return a scalar tensor, got sizes {list(value.shape)}")
            found = gradients(value, tensors, create_graph=True, allow_unused=True, materialize_grads=True)
        rest = iter(found)
        by_argument = {k: _mapped(inside[k], lambda _: next(rest)) for k in sorted(changed)}
        slopes: Any = tuple(by_argument[k % len(args)] for k in places)
        if not _is_part_of_more(value, tensors):
            slopes, value = _mapped(slopes, lambda x: x.detach()), value.detach()
        slopes = slopes if isinstance(argnums, tuple) else slopes[0]
        return (slopes, (value, aux)) if has_aux else (slopes, value)

    return call


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of another; arguments as of `grad_and_value`."""
    both = grad_and_value(func, argnums, has_aux)

    def call(*args: Any, **kwargs: Any) -> Any:
        slopes, value = both(*args, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    return call
