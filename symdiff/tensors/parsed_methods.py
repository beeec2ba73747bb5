"""What tensors have a meaning of their own for in a program that is compiled: numbers out of them, and contexts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from symdiff.frontend.abstract import Abstract, Array
from symdiff.frontend.core import Parser
from symdiff.frontend.tables import CONTEXTS, function
from symdiff.ir.graph import Value
from symdiff.tensors.grad_mode import enable_grad, no_grad
from symdiff.tensors.parsing import ELEMENTS, RECORDING, content, static_shape
from symdiff.tensors.tensor import Tensor

__all__ = ["as_bool", "as_float", "as_int", "as_numpy", "item"]


def _scalar(p: Parser, self: Abstract, dtype: str) -> Value:
    """The one element of a tensor, as a number of Python's."""
    value = content(p, self)
    shape = static_shape(p, value)
    if int(np.prod(shape)) != 1:
        p.refuse(RuntimeError, f"a Tensor with {int(np.prod(shape))} elements cannot be converted to Scalar")
    if shape:
        value = p.emit("reshape", value, shape=())
    if value.type.is_float:
        value = p.emit("stop_gradient", value)
    return p.emit("convert", value, dtype=dtype, kind="python")


@function(Tensor.item)
def item(p: Parser, self: Abstract) -> Value:
    """``x.item()``: a number, through which no gradient flows."""
    found = content(p, self).type
    return _scalar(p, self, "float64" if found.is_float else "bool" if found.dtype == "bool" else "int64")


@function(Tensor.__float__)
def as_float(p: Parser, self: Abstract) -> Value:
    """``float(x)``."""
    return _scalar(p, self, "float64")


@function(Tensor.__int__)
def as_int(p: Parser, self: Abstract) -> Value:
    """``int(x)`` cuts the fraction."""
    return _scalar(p, self, "int64")


@function(Tensor.__bool__)
def as_bool(p: Parser, self: Abstract) -> Value:
    """``bool(x)``, as conditions ask."""
    value = content(p, self)
    count = int(np.prod(static_shape(p, value)))
    if count != 1:
        many = "more than one value" if count else "no values"
        p.refuse(RuntimeError, f"Boolean value of Tensor with {many} is ambiguous")
    value = p.emit("reshape", value, shape=()) if value.type.shape else value
    return value if value.type.dtype == "bool" else p.emit("not_equal", value, p.constant(0))


@function(Tensor.numpy)
def as_numpy(p: Parser, self: Abstract) -> Abstract:
    """``x.numpy()``: an array, through which no gradient flows; stores into it are not seen by the tensor."""
    value = content(p, self)
    made = p.wrap(p.emit("stop_gradient", value) if value.type.is_float else value)
    if isinstance(made, Array):
        made.may_share_all(p.memory.content(self)[ELEMENTS])
    return made


def _refused(name: str) -> Any:
    def handler(p: Parser, self: Abstract, *args: Abstract, **kwargs: Abstract) -> NoReturn:
        message = f"{name!r} of a tensor is not known in a function that is compiled"
        p.unsupported(message, "derivatives of it are asked for with sd.grad")

    return handler


for _name in ("requires_grad", "is_leaf", "grad_fn", "grad"):
    function(vars(Tensor)[_name].fget)(_refused(_name))
for _name in ("backward", "requires_grad_", "retain_grad", "register_hook"):
    function(getattr(Tensor, _name))(_refused(_name))


@contextmanager
def _recording(p: Parser, on: bool) -> Iterator[None]:
    before = p.modes.get(RECORDING, True)
    p.modes[RECORDING] = on
    try:
        yield
    finally:
        p.modes[RECORDING] = before


CONTEXTS[no_grad] = lambda p: _recording(p, False)
CONTEXTS[enable_grad] = lambda p: _recording(p, True)
