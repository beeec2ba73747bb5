"""Derivatives of functions of tensors: PyTorch's ``torch.autograd.functional``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.tensors.autograd_calls import grad
from symdiff.tensors.grad_mode import enable_grad
from symdiff.tensors.names import NAMES as T
from symdiff.tensors.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Any
"""A tensor, or a tuple of them."""


def _several(value: Any, what: str) -> tuple[Any, ...]:
    found = value if isinstance(value, tuple) else (value,)
    for x in found:
        if not isinstance(x, Tensor):
            raise TypeError(f"The {what} must be either a Tensor or a tuple of Tensors but got {type(x)}")
    return found


def _called(func: Callable[..., Any], inputs: Tensors, create_graph: bool) -> tuple[tuple[Any, ...], Any]:
    """Inputs to differentiate by, and what the function gives for them."""
    given: Sequence[Any] = _several(inputs, "inputs given to the function")
    own = tuple(x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in given)
    return own, func(*own)


def _scalar(outputs: Any) -> Any:
    (found,) = _several(outputs, "outputs of the user-provided function")
    if found.numel() != 1:
        raise RuntimeError("The Tensor returned by the function should contain a single element")
    return found.reshape(())


def _gradients(output: Any, inputs: Sequence[Any], given: Any, *, create_graph: bool, strict: bool) -> list[Any]:
    if not output.requires_grad:
        if strict:
            raise RuntimeError("The output of the user-provided function is independent of the input")
        return [T["zeros_like"](x) for x in inputs]
    found = grad(output, inputs, given, retain_graph=True, create_graph=create_graph, allow_unused=True)
    if strict and any(g is None for g in found):
        raise RuntimeError("The output of the user-provided function is independent of an input")
    return [T["zeros_like"](x) if g is None else g for g, x in zip(found, inputs, strict=True)]


def _like(result: Sequence[Any], example: Any) -> Any:
    return tuple(result) if isinstance(example, tuple) else result[0]


def _detached(value: Any, create_graph: bool) -> Any:
    if create_graph:
        return value
    return tuple(x.detach() for x in value) if isinstance(value, tuple) else value.detach()


def _vectors(v: Any, like: Sequence[Any], what: str) -> tuple[Any, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if {what} contains a single element")
        return (T["ones_like"](like[0]),)
    found = _several(v, "vector v")
    if len(found) != len(like) or any(a.shape != b.shape for a, b in zip(found, like, strict=True)):
        raise RuntimeError(f"The vector v must have the sizes of {what}")
    return found


def jacobian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The derivative of each element of a function's result by each element of its inputs.

    Parameters
    ----------
    func : callable
        Takes tensors, gives one or a tuple of them.
    inputs : Tensor or tuple of Tensor
    create_graph : bool
        Whether what is found can be differentiated in turn.
    strict : bool
        Whether a result that does not depend on an input is an error.
    vectorize, strategy
        How PyTorch computes it; without meaning here.

    Returns
    -------
    Tensor or tuple
        For each result, for each input: of the shape of the result, then of the input.
    """
    with enable_grad():
        own, outputs = _called(func, inputs, create_graph)
        rows = []
        for output in _several(outputs, "outputs of the user-provided function"):
            flat = output.reshape(-1)
            parts = [
                _gradients(flat[k], own, None, create_graph=create_graph, strict=strict) for k in range(flat.numel())
            ]
            found = [
                T["stack"](column).reshape(*output.shape, *x.shape)
                if column
                else T["zeros"]((*output.shape, *x.shape), dtype=x.dtype)
                for x, column in zip(own, zip(*parts, strict=True) if parts else [()] * len(own), strict=True)
            ]
            rows.append(_detached(_like(found, inputs), create_graph))
    return _like(rows, outputs)


def hessian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function that gives one number; arguments as of `jacobian`."""

    def slope(*given: Any) -> Any:
        own = tuple(x.view_as(x) for x in given)
        value = _scalar(func(*own))
        return _like(_gradients(value, own, None, create_graph=True, strict=strict), inputs)

    return jacobian(slope, inputs, create_graph, strict)


def vjp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The result of a function, and the product of vectors with its Jacobian."""
    with enable_grad():
        own, outputs = _called(func, inputs, create_graph)
        results = _several(outputs, "outputs of the user-provided function")
        vectors = _vectors(v, results, "the output of the function")
        total = sum((o * w).sum() for o, w in zip(results, vectors, strict=True))
        found = _gradients(total, own, None, create_graph=create_graph, strict=strict)
    return _detached(outputs, create_graph), _detached(_like(found, inputs), create_graph)


def jvp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The result of a function, and the product of its Jacobian with vectors."""
    with enable_grad():
        own, outputs = _called(func, inputs, create_graph)
        vectors = _vectors(v, own, "the input of the function")
        results = _several(outputs, "outputs of the user-provided function")
        # the product with a variable vector is linear in it, and its derivative is the product from the other side
        weights = [T["zeros_like"](o).requires_grad_() for o in results]
        total = sum((o * w).sum() for o, w in zip(results, weights, strict=True))
        slopes = _gradients(total, own, None, create_graph=True, strict=strict)
        along = sum((s * w).sum() for s, w in zip(slopes, vectors, strict=True))
        found = _gradients(along, weights, None, create_graph=create_graph, strict=False)
    return _detached(outputs, create_graph), _detached(_like(found, outputs), create_graph)


def hvp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The number that a function gives, and the product of its Hessian with vectors."""
    with enable_grad():
        own, outputs = _called(func, inputs, create_graph)
        vectors = _vectors(v, own, "the input of the function")
        slopes = _gradients(_scalar(outputs), own, None, create_graph=True, strict=strict)
        along = sum((s * w).sum() for s, w in zip(slopes, vectors, strict=True))
        found = _gradients(along, own, None, create_graph=create_graph, strict=strict)
    return _detached(outputs, create_graph), _detached(_like(found, inputs), create_graph)


def vhp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The number that a function gives, and the product of vectors with its Hessian, which is symmetric."""
    return hvp(func, inputs, v, create_graph, strict)
