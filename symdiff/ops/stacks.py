"""Last-in-first-out stores, used by reverse sweeps of loops whose trips vary. In text a stack is a list.

Who fills a stack empties it: reverse sweeps and recursions pop all that they pushed. So a stack that nobody asks for
any more is empty, and its cotangent is an empty stack.
"""

from __future__ import annotations

from typing import Any

from symdiff.ir.build import Builder
from symdiff.ir.graph import Type, Value
from symdiff.ops.creation import zeros_like
from symdiff.ops.primitive import Primitive, Traced, primitive

__all__ = ["new_stack", "pop", "push"]


def _infer_new_stack(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    return Type(attrs["dtype"], tuple(attrs["shape"]), "stack")


new_stack: Primitive = primitive(
    "new_stack",
    infer=_infer_new_stack,
    numpy=lambda dtype, shape: (),
    python="[]",
    vjp=(),
    pure=False,
)


def _infer_push(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> Type:
    return inputs[0].type


# A stack is a chain of pairs here, so that the older values of a stack stay what they were.
push: Primitive = primitive(
    "push",
    infer=_infer_push,
    numpy=lambda stack, v: (stack, v),
    python="{0}.append({1})",
    stores=True,
    vjp=(lambda g, y, stack, v: pop(g)[0], lambda g, y, stack, v: pop(g)[1]),
    linear=True,
)


def _infer_pop(build: Builder, inputs: tuple[Value, ...], attrs: dict[str, Any]) -> tuple[Type, Type]:
    (stack,) = inputs
    return stack.type, Type(stack.type.dtype, stack.type.shape, "numpy")


def _pop_numpy(stack: Any) -> Any:
    if not stack:
        raise IndexError("pop from an empty stack")
    return stack


def _pop_rule(g: Any, y: Any, stack: Any) -> Any:
    """The cotangent of the stack is the stack of the cotangents."""
    rest, value = g
    build = y[1].build
    if rest is None:
        rest = Traced(build, build.add(new_stack, dtype=stack.type.dtype, shape=stack.type.shape))
    return push(rest, zeros_like(y[1]) if value is None else value)


pop: Primitive = primitive(
    "pop",
    infer=_infer_pop,
    numpy=_pop_numpy,
    python="{}.pop()",
    stores=True,
    vjp=(_pop_rule,),
    linear=True,
)
