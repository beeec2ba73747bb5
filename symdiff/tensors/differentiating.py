"""``torch.autograd.functional``: matrices of first and second derivatives of functions, one gradient at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symdiff.tensors.arithmetic import FUNCTIONS
from symdiff.tensors.autograd_calls import grad
from symdiff.tensors.grad_mode import enable_grad
from symdiff.tensors.tensor import Tensor

__all__ = ["Variable", "hessian", "hvp", "jacobian", "vjp"]


class _Variables(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)

    def __call__(cls, data: Any, requires_grad: bool = False, volatile: Any = None) -> Any:
        found = data.detach()
        return found.requires_grad_() if requires_grad else found


class Variable(metaclass=_Variables):
    """The tensor itself, cut off from the graph: since PyTorch 0.4 all tensors are variables."""


def _taken(inputs: Any, create_graph: bool) -> tuple[bool, tuple[Any, ...]]:
    """Whether there is only one, and all of them as what gradients are taken to."""
    single = isinstance(inputs, Tensor)
    several = (inputs,) if single else tuple(inputs)
    if create_graph:
        return single, tuple(x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in several)
    return single, tuple(x.detach().clone().requires_grad_() for x in several)


def _slopes(y: Any, taken: tuple[Any, ...], *, graph: bool, strict: bool) -> list[Any]:
    """The gradients of each element of y, stacked."""
    if not y.requires_grad:
        if strict:
            raise RuntimeError("the output of the user-provided function is independent of the inputs")
        return [y.new_zeros((*y.shape, *x.shape)) for x in taken]
    flat = y.reshape(-1)
    rows = []
    for k in range(flat.numel()):
        found = grad(flat[k], taken, retain_graph=True, create_graph=graph, allow_unused=True)
        if strict and any(g is None for g in found):
            raise RuntimeError("an output of the user-provided function is independent of an input")
        rows.append([x.new_zeros(tuple(x.shape)) if g is None else g for g, x in zip(found, taken, strict=True)])
    return [
        FUNCTIONS["stack"](parts, 0).reshape((*y.shape, *x.shape))
        for parts, x in zip(zip(*rows, strict=True), taken, strict=True)
    ]


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The derivatives of all results to all elements of the inputs.

    Parameters
    ----------
    func : callable
        Takes tensors and gives a tensor, or several.
    inputs : Tensor or tuple of Tensor
    create_graph : bool
        Whether the result can be differentiated.
    strict : bool
        Whether a result that does not depend on an input is an error.
    vectorize, strategy
        Accepted, without a meaning.

    Returns
    -------
    Tensor or tuple
        Of the shape of a result and then that of an input; tuples for several of either.
    """
    with enable_grad():
        single, taken = _taken(inputs, create_graph)
        results = func(*taken)
        one = isinstance(results, Tensor)
        rows = [
            tuple(_slopes(y, taken, graph=create_graph, strict=strict)) for y in ((results,) if one else results)
        ]
    if not create_graph:
        rows = [tuple(g.detach() for g in row) for row in rows]
    found = tuple(row[0] if single else row for row in rows)
    return found[0] if one else found


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function with one number as its result.

    Parameters
    ----------
    func, inputs, create_graph, strict, vectorize
        As of `jacobian`.
    outer_jacobian_strategy : str
        Accepted, without a meaning.
    """
    single = isinstance(inputs, Tensor)

    def slope(*xs: Any) -> Any:
        found: Any = func(*xs)
        if not (isinstance(found, Tensor) and _count(found) == 1):
            raise RuntimeError("The function given to hessian should return a single-element Tensor")
        rows = tuple(_slopes(_number(found), xs, graph=True, strict=strict))
        return rows[0] if single else rows

    return jacobian(slope, inputs, create_graph, strict)


def _count(y: Any) -> int:
    return int(y.numel())


def _number(y: Any) -> Any:
    return y.reshape(())


def _weights(v: Any, y: Any) -> Any:
    if v is None:
        if y.numel() != 1:
            raise RuntimeError("The vector v can only be None if the user-provided function returns a single number")
        return y.new_ones(tuple(y.shape))
    return v


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The result, and a vector times the Jacobian."""
    with enable_grad():
        single, taken = _taken(inputs, create_graph)
        y = func(*taken)
        found = grad(y, taken, _weights(v, y), create_graph=create_graph, allow_unused=not strict)
        slopes = tuple(x.new_zeros(tuple(x.shape)) if g is None else g for g, x in zip(found, taken, strict=True))
    y = y if create_graph else y.detach()
    return y, slopes[0] if single else slopes


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The result, and the Hessian times a vector."""
    with enable_grad():
        single, taken = _taken(inputs, create_graph)
        y = func(*taken)
        first = grad(y, taken, create_graph=True, allow_unused=not strict)
        vectors = (v,) if single else tuple(v)
        slope = sum((g * w).sum() for g, w in zip(first, vectors, strict=True) if g is not None)
        depends = isinstance(slope, Tensor) and slope.requires_grad
        found = grad(slope, taken, create_graph=create_graph, allow_unused=True) if depends else [None] * len(taken)
        curves = tuple(x.new_zeros(tuple(x.shape)) if g is None else g for g, x in zip(found, taken, strict=True))
    y = y if create_graph else y.detach()
    return y, curves[0] if single else curves
