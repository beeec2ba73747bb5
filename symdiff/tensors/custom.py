"""Functions with a derivative of the user's: PyTorch's ``autograd.Function``.

Such a call is computed at once. In the recorded graph its results are where one sweep ends, and the next begins at
its inputs, with what the user's ``backward`` gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.tensors import grad_mode
from symdiff.tensors.lazy import Lazy, Operation, known
from symdiff.tensors.plans import materialise
from symdiff.tensors.tensor import Tensor, as_lazy, wrap

__all__ = ["Call", "Context", "Function", "results_of"]

_MISSING_BACKWARD = (
    "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward "
    "mode AD."
)


class Context:
    """What ``forward`` hands on to ``backward``; attributes may be set on it."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.materialize_grads = True
        self._saved: tuple[tuple[Tensor | None, int], ...] = ()
        self._used = False
        self._without_slope: tuple[Tensor, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``backward``; a store into one of them is noticed."""
        self._saved = tuple((t, 0 if t is None else t._version) for t in tensors)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors that were kept.

        Raises
        ------
        RuntimeError
            If a sweep has used them up, or one was stored into.
        """
        if self._used:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                "already been freed). Specify retain_graph=True if you need to do so"
            )
        for tensor, version in self._saved:
            if tensor is not None and tensor._version != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"[{tensor.dtype.tensor_type} {list(tensor.shape)}] is at version {tensor._version}; expected "
                    f"version {version} instead."
                )
        return tuple(t for t, _ in self._saved)

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Results through which no gradient flows."""
        self._without_slope = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros, or None, for results that no gradient reaches."""
        self.materialize_grads = value


class Call:
    """One call: its inputs, its results, and how cotangents of these become cotangents of those.

    Attributes
    ----------
    results : tuple of Lazy
    """

    def __init__(self, function: type[Function], context: Context, inputs: Sequence[Any]) -> None:
        self.function, self.context = function, context
        self.inputs = tuple(as_lazy(x) if isinstance(x, Tensor) else None for x in inputs)
        self.results: tuple[Lazy, ...] = ()

    def pull(
        self, cotangents: Sequence[Lazy | None], *, create_graph: bool, retain_graph: bool
    ) -> list[tuple[Lazy, Lazy | None]]:
        """Cotangents of the inputs, by the user's rule."""
        given = [self._given(g, y) for g, y in zip(cotangents, self.results, strict=True)]
        with grad_mode.set_grad_enabled(create_graph):
            found = self.function.backward(self.context, *given)
        self.context._used = not retain_graph
        found = found if isinstance(found, tuple) else (found,)
        while len(found) > len(self.inputs) and found[-1] is None:
            found = found[:-1]
        if len(found) != len(self.inputs):
            raise RuntimeError(
                f"function {self.function.__name__}Backward returned an incorrect number of gradients "
                f"(expected {len(self.inputs)}, got {len(found)})"
            )
        return [self._seed(k, x, g) for k, (x, g) in enumerate(zip(self.inputs, found, strict=True)) if _flows(x, g)]

    def _given(self, cotangent: Lazy | None, result: Lazy) -> Tensor | None:
        if cotangent is not None:
            return wrap(cotangent)
        if not self.context.materialize_grads:
            return None
        return wrap(known(np.zeros(result.shape, result.dtype.numpy), result.dtype, result.shape))

    def _seed(self, position: int, x: Lazy | None, gradient: Any) -> tuple[Lazy, Lazy | None]:
        assert x is not None
        if not isinstance(gradient, Tensor):
            raise TypeError(f"expected Variable or None (got {type(gradient).__name__})")
        value = as_lazy(gradient)
        if value.shape != x.shape:
            raise RuntimeError(
                f"Function {self.function.__name__}Backward returned an invalid gradient at index {position} - got "
                f"{list(value.shape)} but expected shape compatible with {list(x.shape)}"
            )
        return x, value


def _flows(x: Lazy | None, gradient: Any) -> bool:
    return x is not None and x.differentiable and gradient is not None


class Function:
    """Derive from this, give ``forward`` and ``backward``, and call ``apply``.

    ``forward(ctx, *inputs)`` gives a tensor or a tuple of tensors; or ``forward(*inputs)`` does, with
    ``setup_context(ctx, inputs, output)`` beside it. ``backward(ctx, *cotangents)`` gives one gradient for each input.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the results."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep what ``backward`` needs, where ``forward`` has no context."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Cotangents of the inputs from those of the results."""
        raise NotImplementedError(_MISSING_BACKWARD)

    vjp = backward

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as part of the graph of its inputs."""
        tensors = [isinstance(x, Tensor) and x.requires_grad for x in args]
        context = Context(tuple(tensors))
        with grad_mode.no_grad():
            if cls.setup_context is Function.setup_context:
                output = cls.forward(context, *args, **kwargs)
            else:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(context, args, output)
        if not (grad_mode.enabled() and any(tensors)):
            return output
        return results_of(Call(cls, context, args), output)


def results_of(call: Call, output: Any) -> Any:
    """The results of a call as values of the graph."""
    items = output if isinstance(output, tuple) else (output,)
    node = Operation(call.function.__name__, _not_recorded, f"{call.function.__name__}Backward")
    plain = {id(t) for t in call.context._without_slope}
    made = [item if id(item) in plain or not isinstance(item, Tensor) else _result(call, node, item) for item in items]
    call.results = tuple(as_lazy(t) for t in made if isinstance(t, Tensor))
    return tuple(made) if isinstance(output, tuple) else made[0]


def _result(call: Call, node: Operation, tensor: Tensor) -> Tensor:
    value = as_lazy(tensor)
    materialise([value])
    result = Lazy(node, tuple(x for x in call.inputs if x is not None), (), value.shape, value.dtype, True)
    result.array, result.custom = value.array, call
    if value.dtype.category < 2:
        result.differentiable = False
    return wrap(result)


def _not_recorded(*_: Any) -> Any:
    raise RuntimeError("a function with a derivative of the user's is not part of a recorded graph")
