"""Arithmetic, comparisons and functions of each element, as methods and as functions of the module."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.tensors import devices, elementwise
from symdiff.tensors.dtypes import DTYPES, DType, bool_, float32, float64, int32, int64
from symdiff.tensors.lazy import Lazy, known
from symdiff.tensors.stores import overwrite
from symdiff.tensors.tensor import Tensor, as_lazy, attach, wrap

__all__ = ["FUNCTIONS", "operand"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""Functions of the module by PyTorch's names; most are methods too."""

_NUMPY_NUMBERS = (np.floating, np.integer, np.bool_)


def operand(x: Any) -> Any:
    """What stands beside a tensor: a value of the graph or a Python number."""
    if type(x) is Tensor:
        return as_lazy(x)
    if isinstance(x, Tensor):
        return as_lazy(x)
    if isinstance(x, bool | int | float):
        return x
    if isinstance(x, _NUMPY_NUMBERS):
        return x.item()
    return NotImplemented


def first_operand(x: Any, name: str) -> Lazy:
    """The tensor that a function is of."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}")
    return as_lazy(x)


def _other(x: Any, name: str) -> Any:
    found = operand(x)
    if found is NotImplemented:
        raise TypeError(f"{name}(): argument 'other' (position 2) must be Tensor or Number, not {type(x).__name__}")
    return found


# -- operators ---------------------------------------------------------------------------------------------------------


def _operator(make: Callable[[str, Any, Any], Lazy], name: str, *, swapped: bool = False) -> Callable[..., Any]:
    def method(self: Tensor, other: Any) -> Any:
        b = operand(other)
        if b is NotImplemented:
            return NotImplemented
        a = as_lazy(self)
        return wrap(make(name, b, a) if swapped else make(name, a, b))

    return method


def _power(self: Tensor, exponent: Any) -> Any:
    b = operand(exponent)
    return NotImplemented if b is NotImplemented else wrap(elementwise.power(as_lazy(self), b))


def _inverted(self: Tensor) -> Tensor:
    value = as_lazy(self)
    if value.dtype.category == 2:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return wrap(elementwise.unary("invert", value))


for _method, _name in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "mod": "remainder"}.items():
    attach(f"__{_method}__", _operator(elementwise.binary, _name))
    attach(f"__r{_method}__", _operator(elementwise.binary, _name, swapped=True))
for _method, _name in {"floordiv": "floor_divide"}.items():
    attach(f"__{_method}__", _operator(elementwise.binary, _name))
    attach(f"__r{_method}__", _operator(elementwise.binary, _name, swapped=True))
for _name in ("and", "or", "xor"):
    attach(f"__{_name}__", _operator(elementwise.logical, _name))
    attach(f"__r{_name}__", _operator(elementwise.logical, _name, swapped=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    attach(f"__{_name}__", _operator(elementwise.compare, _name))
attach("__pow__", _power)
attach("__rpow__", _operator(elementwise.binary, "pow", swapped=True))
attach("__neg__", lambda self: wrap(elementwise.unary("neg", as_lazy(self))))
attach("__pos__", lambda self: self)
attach("__abs__", lambda self: wrap(elementwise.unary("abs", as_lazy(self))))
attach("__invert__", _inverted)


# -- functions ---------------------------------------------------------------------------------------------------------


_WITHOUT_NUMPY_NAMES = ("norm", "split", "unique")
"""Functions with a ``dim`` that cannot be called ``axis``: it is so in PyTorch."""


def _with_numpy_names(call: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose ``dim`` may be called ``axis``, and its ``keepdim`` ``keepdims``."""

    @functools.wraps(call)
    def named(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for new, old in (("axis", "dim"), ("keepdims", "keepdim")):
                if new in kwargs and old not in kwargs:
                    kwargs[old] = kwargs.pop(new)
        return call(*args, **kwargs)

    return named


def function(name: str, call: Callable[..., Any], *, method: bool = True) -> None:
    """Enter a function under PyTorch's name, and as a method."""
    call.__name__ = name
    if name not in _WITHOUT_NUMPY_NAMES and "dim" in inspect.signature(call).parameters:
        call = _with_numpy_names(call)
    FUNCTIONS[name] = call
    if method:
        attach(name, call)


def _with_alpha(name: str) -> Callable[..., Tensor]:
    def call(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
        a, b = first_operand(input, name), _other(other, name)
        if alpha != 1:
            b = elementwise.binary("mul", b, alpha) if isinstance(b, Lazy) else b * alpha
        return wrap(elementwise.binary(name, a, b))

    return call


def _of_two(name: str, make: Callable[[str, Any, Any], Lazy], key: str = "") -> Callable[..., Tensor]:
    def call(input: Tensor, other: Any) -> Tensor:
        return wrap(make(key or name, first_operand(input, name), _other(other, name)))

    return call


def _of_one(name: str, key: str = "") -> Callable[..., Tensor]:
    def call(input: Tensor) -> Tensor:
        return wrap(elementwise.unary(key or name, first_operand(input, name)))

    return call


def _pow(input: Any, exponent: Any) -> Tensor:
    if isinstance(input, Tensor):
        return wrap(elementwise.power(as_lazy(input), _other(exponent, "pow")))
    return wrap(elementwise.binary("pow", input, first_operand(exponent, "pow")))


def _div(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    a, b = first_operand(input, "div"), _other(other, "div")
    if rounding_mode is None:
        return wrap(elementwise.binary("div", a, b))
    if rounding_mode == "floor":
        return wrap(elementwise.binary("floor_divide", a, b))
    if rounding_mode == "trunc":
        quotient = elementwise.unary("trunc", elementwise.binary("div", a, b))
        return wrap(elementwise.convert(quotient, elementwise.common_dtype((a, b))))
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")


def _where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    if input is None and other is None:
        return FUNCTIONS["nonzero"](condition, as_tuple=True)
    return wrap(elementwise.where(first_operand(condition, "where"), _other(input, "where"), _other(other, "where")))


def _clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    value = first_operand(input, "clamp")
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    low, high = (None if bound is None else _other(bound, "clamp") for bound in (min, max))
    return wrap(elementwise.clamp(value, low, high))


def _masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    x = first_operand(input, "masked_fill")
    return wrap(elementwise.masked_fill(x, first_operand(mask, "masked_fill"), _other(value, "masked_fill")))


def _lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    return input + weight * (end - input)  # type: ignore[operator]


def _addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    return input + value * tensor1 * tensor2


def _addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    return input + value * tensor1 / tensor2


for _name in ("add", "sub"):
    function(_name, _with_alpha(_name))
for _alias, _name in {"subtract": "sub"}.items():
    function(_alias, _with_alpha(_name))
for _alias, _name in {
    "mul": "mul", "multiply": "mul", "maximum": "maximum", "minimum": "minimum", "atan2": "atan2",
    "remainder": "remainder", "floor_divide": "floor_divide",
}.items():  # fmt: skip
    function(_alias, _of_two(_alias, elementwise.binary, _name))
for _alias, _name in {
    "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "not_equal": "ne", "less": "lt",
    "less_equal": "le", "greater": "gt", "greater_equal": "ge",
}.items():  # fmt: skip
    function(_alias, _of_two(_alias, elementwise.compare, _name))
for _name in (*elementwise.UNARY, *elementwise.FLOAT_UNARY):
    if _name != "invert":
        function(_name, _of_one(_name))
for _alias, _name in {
    "negative": "neg",
    "absolute": "abs",
    "arctan": "atan",
    "arcsin": "asin",
    "arccos": "acos",
}.items():
    function(_alias, _of_one(_alias, _name))
for _name in ("and", "or", "xor"):
    function(f"bitwise_{_name}", _of_two(f"bitwise_{_name}", elementwise.logical, _name))
    function(f"logical_{_name}", _of_two(f"logical_{_name}", elementwise.truths, _name))
function("logical_not", lambda input: wrap(elementwise.compare("eq", first_operand(input, "logical_not"), 0)))
function("pow", _pow)
function("div", _div)
function("divide", _div)
function("true_divide", _div)
function("square", lambda input: _pow(input, 2))
function("where", _where, method=False)
attach("where", lambda self, condition, other: _where(condition, self, other))
function("clamp", _clamp)
function("clip", _clamp)
function("masked_fill", _masked_fill)
function("lerp", _lerp)
function("addcmul", _addcmul)
function("addcdiv", _addcdiv)
function("isnan", lambda input: wrap(elementwise.test("isnan", first_operand(input, "isnan"))))
function("isinf", lambda input: wrap(elementwise.test("isinf", first_operand(input, "isinf"))))
function("isfinite", lambda input: wrap(elementwise.test("isfinite", first_operand(input, "isfinite"))))


# -- in place ----------------------------------------------------------------------------------------------------------


def _stored(self: Tensor, new: Lazy, name: str) -> Tensor:
    """Store a result that has the tensor's shape and may be cast to its dtype."""
    value = as_lazy(self)
    if new.shape != value.shape:
        raise RuntimeError(f"output with shape {list(value.shape)} doesn't match the broadcast shape {list(new.shape)}")
    if new.dtype.category > value.dtype.category:
        raise RuntimeError(
            f"result type {new.dtype.tensor_type[6:-6]} can't be cast to the desired output type "
            f"{value.dtype.tensor_type[6:-6]}"
        )
    new.replaces = value
    return overwrite(self, elementwise.convert(new, value.dtype))


def in_place(name: str) -> Callable[..., Tensor]:
    """``x.name_(...)``: the function's result, stored."""
    call = FUNCTIONS[name]

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return _stored(self, as_lazy(call(self, *args, **kwargs)), name)

    method.__name__ = f"{name}_"
    return method


def _in_place_operator(name: str) -> Callable[..., Any]:
    call = getattr(Tensor, f"__{name}__")

    def method(self: Tensor, other: Any) -> Any:
        result = call(self, other)
        return NotImplemented if result is NotImplemented else _stored(self, as_lazy(result), name)

    return method


for _name in (
    *("add", "sub", "mul", "div", "pow", "remainder", "clamp", "lerp", "addcmul", "addcdiv", "masked_fill", "eq", "lt"),
    *elementwise.UNARY, *elementwise.FLOAT_UNARY, "square",
):  # fmt: skip
    if _name != "invert":
        attach(f"{_name}_", in_place(_name))
for _name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv", "and", "or", "xor"):
    attach(f"__i{_name}__", _in_place_operator(_name))


def _copied(self: Tensor, src: Tensor) -> Tensor:
    """Store the elements of another tensor, broadcast and cast."""
    value, other = as_lazy(self), as_lazy(src)
    new = elementwise.expanded(elementwise.convert(other, value.dtype), value.shape)
    if new is other:
        # a value of its own: a leaf's value stands for the leaf, and a store into one of the two is none into the other
        new = elementwise.copied(other)
    return overwrite(self, new)


def _filled(self: Tensor, value: Any) -> Tensor:
    current = as_lazy(self)
    number = value.item() if isinstance(value, Tensor) else value
    return overwrite(self, known(np.full(current.shape, number, current.dtype.numpy), current.dtype, current.shape))


attach("copy_", _copied)
attach("fill_", _filled)
attach("zero_", lambda self: _filled(self, 0))


# -- dtypes ------------------------------------------------------------------------------------------------------------


def _converted(dtype: DType) -> Callable[[Tensor], Tensor]:
    return lambda self: self if as_lazy(self).dtype is dtype else wrap(elementwise.convert(as_lazy(self), dtype))


def _to(
    self: Tensor,
    *args: Any,
    dtype: DType | None = None,
    device: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
) -> Tensor:
    """In another dtype; there is one device."""
    for x in args:
        if isinstance(x, DType):
            dtype = x
        elif isinstance(x, Tensor):
            dtype = x.dtype
        elif isinstance(x, str | devices.device):
            device = x
    if device is not None:
        devices.device(device)
    if dtype is None or dtype is as_lazy(self).dtype:
        return self.clone() if copy else self  # type: ignore[attr-defined]
    return wrap(elementwise.convert(as_lazy(self), dtype))


def _type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of its type; with a dtype, or the name of a type, the tensor as such."""
    if dtype is None:
        return as_lazy(self).dtype.tensor_type
    if isinstance(dtype, str):
        found = [d for d in DTYPES.values() if d.tensor_type == dtype]
        if not found:
            raise ValueError(f"invalid type: {dtype!r}")
        dtype = found[0]
    elif isinstance(getattr(dtype, "dtype", None), DType):
        dtype = dtype.dtype
    elif not isinstance(dtype, DType):
        raise TypeError("dtype must be a type, str, or dtype object")
    return _to(self, dtype)


for _method, _dtype in {"float": float32, "double": float64, "long": int64, "int": int32, "bool": bool_}.items():
    attach(_method, _converted(_dtype))
attach("to", _to)
attach("type", _type)
attach("type_as", lambda self, other: _to(self, other.dtype))
attach("cpu", lambda self: self)
function("clone", lambda input, *, memory_format=None: wrap(elementwise.cloned(first_operand(input, "clone"))))
