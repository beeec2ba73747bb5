"""What users call: the decorator, the transformations, and inspection of what was compiled."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, overload

import numpy as np

from symdiff.config import Options
from symdiff.errors import LocatedTypeError, ShapeError, located
from symdiff.frontend.structure import flatten, unflatten
from symdiff.steps import MapOf, Step, StepOf
from symdiff.symbolic import SymbolicPrimitive, taken_apart
from symdiff.tracebacks import user_facing
from symdiff.wrapper import TRANSFORMATIONS, Derived, Differentiable, machinery, wrap

__all__ = [
    "Differentiable",
    "checkpointed",
    "differentiable",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "primitive",
    "ravel",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]

T = TypeVar("T")


@overload
def differentiable(function: Callable[..., Any], **options: Any) -> Differentiable: ...


@overload
def differentiable(function: None = None, **options: Any) -> Callable[[Callable[..., Any]], Differentiable]: ...


@user_facing
def differentiable(function: Any = None, **options: Any) -> Any:
    """Give a function a native value and exact gradients.

    Parameters
    ----------
    function : callable, optional
        A Python function, method, lambda, partial, callable object or NumPy ufunc. Without it, a decorator is returned.
    **options
        ``wrt, fastmath, strict, boundscheck, parallel, simplify, cache, checkpoint, at_kink``: see
        :class:`symdiff.config.Options`.

    Returns
    -------
    Differentiable

    Examples
    --------
    >>> import symdiff as sd
    >>> @sd.differentiable
    ... def cube(x):
    ...     return x * x * x
    >>> cube(2.0), cube.grad(2.0)
    (8.0, 12.0)
    """
    chosen = Options.from_keywords(options)
    if function is None:
        return lambda f: differentiable(f, **options)
    return wrap(function, chosen)


@user_facing
def grad(function: Callable[..., Any], wrt: Any = 0, has_aux: bool = False) -> Derived:
    """The gradient of a function that returns one number, as a function of the same arguments.

    Parameters
    ----------
    function : callable
        Decorated or not.
    wrt : int, str or tuple
        Which arguments to differentiate by.
    has_aux : bool
        The function returns ``(value, aux)``; the gradient then returns ``(gradient, aux)``.
    """
    return Derived(wrap(function), StepOf("grad", wrt, has_aux))


@user_facing
def value_and_grad(function: Callable[..., Any], wrt: Any = 0, has_aux: bool = False) -> Derived:
    """Value and gradient in one sweep, as a function of the same arguments; see :func:`grad`."""
    return Derived(wrap(function), StepOf("value_and_grad", wrt, has_aux))


@user_facing
def jacobian(function: Callable[..., Any], wrt: Any = 0) -> Derived:
    """The Jacobian: for each result an array of its shape followed by the argument's, nested as results and arguments
    are.

    It is computed by columns in forward mode or by rows in reverse mode, whichever are fewer.
    """
    return Derived(wrap(function), StepOf("jacobian", wrt))


@user_facing
def hessian(function: Callable[..., Any], wrt: Any = 0) -> Derived:
    """The matrix of second derivatives of a function that returns one number: forward mode over reverse mode."""
    return jacobian(grad(function, wrt), wrt)


@user_facing
def hvp(function: Callable[..., Any], wrt: Any = 0) -> Derived:
    """The Hessian of a function that returns one number, times a vector, without making the Hessian.

    Returns
    -------
    Derived
        A function of the same arguments and one more, the last: ``v``, with the structure of the argument (a tuple of
        such for a tuple ``wrt``), which the product has too.

    Examples
    --------
    >>> import symdiff as sd
    >>> sd.hvp(lambda x: x**3)(2.0, 10.0)
    120.0
    """
    return Derived(grad(function, wrt), StepOf("tangent", wrt))


@user_facing
def jvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value, and the derivative along tangents (forward mode).

    Parameters
    ----------
    primals : tuple
        The arguments.
    tangents : tuple
        For each argument a tangent with its structure; None where it is zero.

    Returns
    -------
    value : object
    tangent : object
        With the structure of the value; None for leaves that are not floats.

    Examples
    --------
    >>> import symdiff as sd
    >>> sd.jvp(lambda x: x * x, (3.0,), (1.0,))
    (9.0, 6.0)
    """
    _require_tangents(primals, tangents)
    moving = tuple(k for k, tangent in enumerate(tangents) if tangent is not None)
    along = Derived(wrap(function), StepOf("jvp", moving))
    found: tuple[Any, Any] = along(*primals, tuple(tangents[k] for k in moving))
    return found


def _require_tangents(primals: Any, tangents: Any) -> None:
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise LocatedTypeError(f"{name} must be a tuple with an entry per argument, not {given!r}")
    if len(primals) != len(tangents):
        raise LocatedTypeError(f"there are {len(primals)} primals and {len(tangents)} tangents")
    if all(tangent is None for tangent in tangents):
        raise LocatedTypeError("no tangent is given", hint="give one for an argument that holds floats")


@user_facing
def vmap(function: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0) -> Derived:
    """A function mapped over an axis of its arguments, in one native loop.

    Parameters
    ----------
    in_axes : int, tuple or None
        The axis mapped over: one for all arguments, or an entry for each, which is an int, None (every call gets the
        whole argument) or a container of them with the argument's structure.
    out_axes : int
        Where that axis goes in the results.

    Returns
    -------
    Derived
        A function whose results are arrays, the results of the rows stacked.

    Examples
    --------
    >>> import numpy as np
    >>> import symdiff as sd
    >>> sd.vmap(lambda x, c: c * x * x, in_axes=(0, None))(np.array([1.0, 2.0]), 10.0)
    array([10., 40.])
    """
    return Derived(wrap(function), MapOf.given(in_axes, out_axes))


@user_facing
def vjp(function: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value, and a function that pulls cotangents back.

    Returns
    -------
    value : object
    pullback : callable
        ``pullback(cotangent)``, with the structure of the value, gives a tuple with one cotangent per argument.
    """
    wrapped = wrap(function)
    kept = machinery().snapshot(args)
    value = wrapped(*args)
    return value, _Pullback(wrapped, kept, value)


class _Pullback:
    def __init__(self, function: Differentiable, args: tuple[Any, ...], value: Any) -> None:
        self.function, self.args = function, args
        self.values, self.structure = flatten(value)

    def __call__(self, cotangent: Any) -> tuple[Any, ...]:
        leaves, structure = flatten(cotangent)
        if structure != self.structure:
            raise LocatedTypeError("the cotangent must have the structure of the value")
        for leaf, value in zip(leaves, self.values, strict=True):
            if _is_float(value) and np.shape(leaf) != np.shape(value):
                raise ShapeError(f"the cotangent has shape {np.shape(leaf)}, the value {np.shape(value)}")
        count = len(self.args)
        dispatcher = self.function._dispatcher("grad")
        call = dispatcher.take_apart(self.args, {}, None)
        steps = self.function._after(lambda positions, single: (Step("pullback", tuple(range(count)), False),))
        found: tuple[Any, ...] = dispatcher.pull_back(call, steps((), False), cotangent)
        return found


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, float) or (isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind == "f")


def stop_gradient(x: Any) -> Any:
    """The value itself; inside a differentiable function, and in graphs of tensors, no derivative passes through it."""
    if hasattr(type(x), "detach"):
        return x.detach()
    if type(x) is tuple or type(x) is list:
        parts = [stop_gradient(part) for part in x]
        return x if all(a is b for a, b in zip(parts, x, strict=True)) else type(x)(parts)
    if type(x) is dict:
        found = {key: stop_gradient(part) for key, part in x.items()}
        return x if all(found[key] is x[key] for key in x) else found
    return x


_PRIMITIVES: dict[str, SymbolicPrimitive] = {}


@user_facing
def primitive(name: str, *, sympy: Any) -> SymbolicPrimitive:
    """An elementwise function given by a SymPy expression.

    Parameters
    ----------
    name : str
        What it is called. A name that is taken is refused, unless by the same expression.
    sympy : sympy.Expr or sympy.Lambda
        Its value. The symbols of an expression are its arguments, in the order of their names; a ``Lambda`` says the
        order itself. All of them are real.

    Returns
    -------
    SymbolicPrimitive
        A function of numbers and arrays, which broadcast as in NumPy. Inside a differentiable function it becomes the
        operations it is made of, so it is native, printed as a formula, and has every kind of derivative.

    Raises
    ------
    UnknownFunctionError
        Where the expression holds a function that is not known here.

    Examples
    --------
    >>> import symdiff as sd
    >>> from sympy import exp, log
    >>> from sympy.abc import x
    >>> softplus = sd.primitive("softplus", sympy=log(1 + exp(x)))
    >>> float(softplus(0.0)), sd.grad(softplus)(0.0)
    (0.6931471805599453, 0.5)
    """
    expression, symbols = taken_apart(name, sympy)
    compiler = machinery()
    known = _PRIMITIVES.get(name)
    if known is not None and (known.expression, known.symbols) == (expression, symbols):
        return known
    if known is not None:
        raise located(ValueError, f"a primitive {name!r} is registered already, as {known.expression}")
    if name in compiler.REGISTRY or hasattr(np, name):
        raise located(ValueError, f"{name!r} is the name of an operation that is there already")
    steps = compiler.steps_of(name, expression, symbols)
    made = _PRIMITIVES[name] = SymbolicPrimitive(name, expression, symbols, steps, compiler.REGISTRY)
    return made


def _primitive_again(name: str, expression: Any, symbols: Sequence[Any]) -> SymbolicPrimitive:
    """What a pickle of a primitive becomes."""
    import sympy

    return primitive(name, sympy=sympy.Lambda(symbols, expression))


copyreg.pickle(SymbolicPrimitive, lambda p: (_primitive_again, (p.name, p.expression, p.symbols)))


def checkpointed(items: Iterable[T]) -> Iterable[T]:
    """The items themselves; a loop over them keeps less memory for its gradient.

    Parameters
    ----------
    items : iterable
        A range, an array, or ``enumerate``, ``zip`` or ``reversed`` of such.

    Returns
    -------
    iterable
        ``items``. The gradient of a loop of n trips over them keeps what is carried into each of about sqrt(n)
        segments, and runs a segment once more when it gets there: the memory of 2 sqrt(n) trips, for one forward sweep
        more.

    Examples
    --------
    >>> import symdiff as sd
    >>> @sd.differentiable
    ... def power(x, n):
    ...     y = 1.0
    ...     for _ in sd.checkpointed(range(n)):
    ...         y = y * x
    ...     return y
    >>> power.grad(2.0, 5)
    80.0
    """
    return items


@user_facing
def ravel(tree: Any) -> tuple[np.ndarray, Callable[[Any], Any]]:
    """A tree of floats and arrays as one vector, and the function that turns such a vector back into a tree."""
    leaves, structure = flatten(tree)
    arrays = [np.asarray(leaf) for leaf in leaves]
    vector = np.concatenate([a.ravel() for a in arrays]) if arrays else np.zeros(0)

    def unravel(flat: Any) -> Any:
        parts, start = [], 0
        for leaf, array in zip(leaves, arrays, strict=True):
            part = flat[start : start + array.size]
            parts.append(float(part[0]) if isinstance(leaf, float) else part.reshape(array.shape))
            start += array.size
        return unflatten(structure, parts)

    return vector, unravel


OURS = (grad, value_and_grad, jacobian, hessian, hvp, jvp, vjp, vmap, stop_gradient, checkpointed)
TRANSFORMATIONS.update((made, made.__name__) for made in OURS)
