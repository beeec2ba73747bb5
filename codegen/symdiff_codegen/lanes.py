"""Scalars and vectors alike: their types, constants, intrinsics, and calls that are made once in each lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from .context import I1, I8, I32, I64, POINTER, declare

Value = Any
DOUBLE = ir.DoubleType()
FLOAT = ir.FloatType()
LLVM_TYPE = {"f64": DOUBLE, "f32": FLOAT, "i64": I64, "i32": I32, "i1": I1}
SUFFIX = {DOUBLE: "f64", FLOAT: "f32", I64: "i64", I32: "i32", I8: "i8", I1: "i1", POINTER: "p0"}


def weigh(branch: Any, weights: tuple[int, int]) -> None:
    """Say how often a branch goes each way; the metadata of equal weights is looked up, and not made anew."""
    # kept by the module itself: metadata refer to it
    known = vars(branch.module).setdefault("known_weights", {})
    if weights in known:
        branch.set_metadata("prof", known[weights])
    else:
        branch.set_weights(weights)
        known[weights] = branch.metadata["prof"]


def element(type: ir.Type) -> ir.Type:
    """Return the type of a lane, or the type itself."""
    return type.element if isinstance(type, ir.VectorType) else type


def shaped(like: ir.Type, lane: ir.Type) -> ir.Type:
    """Return a type of the shape of ``like`` with lanes of another type."""
    return ir.VectorType(lane, like.count) if isinstance(like, ir.VectorType) else lane


def constant(like: Value, value: float | int | bool) -> ir.Constant:
    """Return a constant of the type of a value, the same in every lane."""
    return splat(like.type, value)


def splat(type: ir.Type, value: float | int) -> ir.Constant:
    """Return a constant with a value in every lane; integers wrap to the width of the type."""
    if not isinstance(type, ir.VectorType):
        return ir.Constant(type, value)
    # One element instead of sixteen: the text of the module is parsed at every compilation.
    constant = ir.values.FormattedConstant(type, "")
    constant.constant = f"splat ({ir.Constant(type.element, value)})"
    return constant


def is_float(value: Value) -> bool:
    """Whether a value is a float or a vector of floats."""
    return element(value.type) in (DOUBLE, FLOAT)


def mangled(type: ir.Type) -> str:
    """Return how a type is written in the name of an intrinsic."""
    if isinstance(type, ir.VectorType):
        return f"v{type.count}{SUFFIX[type.element]}"
    return SUFFIX[type]


def intrinsic(builder: ir.IRBuilder, name: str, result: ir.Type, args: Sequence[Value], *types: ir.Type) -> Value:
    """Call an intrinsic that is overloaded on these types."""
    full = ".".join(["llvm", name, *map(mangled, types)])
    return builder.call(declare(builder.module, full, result, [arg.type for arg in args]), args)


def overloaded(builder: ir.IRBuilder, name: str, *args: Value) -> Value:
    """Call an intrinsic that is overloaded on its first argument only, such as ``fma``."""
    return intrinsic(builder, name, args[0].type, args, args[0].type)


def per_lane(builder: ir.IRBuilder, function: ir.Function, args: Sequence[Value]) -> Value:
    """Call a function of scalars, for vectors once in each lane."""
    if not isinstance(args[0].type, ir.VectorType):
        return _opaque_call(builder, function, args)
    result: Value = ir.Constant(shaped(args[0].type, function.ftype.return_type), ir.Undefined)
    for lane in range(args[0].type.count):
        scalars = [builder.extract_element(arg, I32(lane)) for arg in args]
        result = builder.insert_element(result, _opaque_call(builder, function, scalars), I32(lane))
    return result


def _opaque_call(builder: ir.IRBuilder, function: ir.Function, args: Sequence[Value]) -> Value:
    call = builder.call(function, args)
    # LLVM would replace pow(x, 2.0) by x * x where it sees the constant, and the bits would depend on that.
    set.add(call.attributes, "nobuiltin")
    return call
