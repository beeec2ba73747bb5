"""Reduction of huge angles: exact multiplication by as many bits of 2/pi as matter (Payne and Hanek 1983).

With ``x = m * 2**e`` and m an integer of 53 bits, the bits of 2/pi whose product with x is a multiple of 4 say nothing
about the quadrant, and those 190 places further on are too small to count. What remains is one product of integers.
"""

from __future__ import annotations

import itertools
import math

from llvmlite import ir

from . import coefficients as c
from .elementary_values import F64, I1, I64, Real, fma, intrinsic, like, two_product

_I128 = ir.IntType(128)
_RESULT = ir.LiteralStructType([F64, F64, I64])


def _new(module: ir.Module, name: str, type_: ir.FunctionType) -> ir.Function:
    function = ir.Function(module, type_, name)
    function.linkage = "internal"
    for attribute in ("noinline", "cold", "nounwind", "readnone"):
        function.attributes.add(attribute)
    return function


def huge_function(module: ir.Module, type_: ir.Type) -> ir.Function:
    """Return ``(x, beyond, r, low, quadrant) -> {r, low, quadrant}`` that reduces the lanes of x where beyond holds.

    The other lanes keep what was passed. Never inlined, so that it costs a loop no more than a call in a cold block.
    """
    lanes = type_.count if isinstance(type_, ir.VectorType) else 0
    name = f"elementary.huge.v{lanes}" if lanes else "elementary.huge"
    if name in module.globals:
        return module.globals[name]
    fields = [type_, type_, like(type_, I64)]
    result = ir.LiteralStructType(fields)
    function = _new(module, name, ir.FunctionType(result, [type_, like(type_, I1), *fields]))
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    if lanes:
        _lane_loop(builder, function, lanes)
    else:
        builder.ret(builder.call(_scalar_function(module), [function.args[0]]))
    return function


def _lane_loop(builder: ir.IRBuilder, function: ir.Function, lanes: int) -> None:
    """Fill in the body of the function for vectors: a loop over the lanes."""
    x, beyond, *start = function.args
    entry = builder.block
    head, work, latch, leave = (function.append_basic_block(label) for label in ("head", "work", "latch", "leave"))
    builder.branch(head)
    builder.position_at_end(head)
    lane = builder.phi(I64)
    lane.add_incoming(ir.Constant(I64, 0), entry)
    fields = [builder.phi(value.type) for value in start]
    for phi, value in zip(fields, start, strict=True):
        phi.add_incoming(value, entry)
    builder.cbranch(builder.extract_element(beyond, lane), work, latch)
    builder.position_at_end(work)
    reduced = builder.call(_scalar_function(builder.module), [builder.extract_element(x, lane)])
    changed = [
        builder.insert_element(phi, builder.extract_value(reduced, index), lane) for index, phi in enumerate(fields)
    ]
    builder.branch(latch)
    builder.position_at_end(latch)
    merged = [builder.phi(value.type) for value in changed]
    for outer, inner, value in zip(fields, merged, changed, strict=True):
        inner.add_incoming(outer, head)
        inner.add_incoming(value, work)
        outer.add_incoming(inner, latch)
    whole = ir.Constant(function.function_type.return_type, ir.Undefined)
    for index, inner in enumerate(merged):
        whole = builder.insert_value(whole, inner, index)
    following = builder.add(lane, ir.Constant(I64, 1))
    lane.add_incoming(following, latch)
    builder.cbranch(builder.icmp_unsigned("<", following, ir.Constant(I64, lanes)), head, leave)
    builder.position_at_end(leave)
    builder.ret(whole)


def _scalar_function(module: ir.Module) -> ir.Function:
    """Return ``x -> {r, low, quadrant}`` for one finite ``x >= 2**11``; infinity gives NaN."""
    name = "elementary.payne_hanek"
    if name in module.globals:
        return module.globals[name]
    function = _new(module, name, ir.FunctionType(_RESULT, [F64]))
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    turns = _quarter_turns(builder, function.args[0])
    quadrant, magnitude, negative = _nearest(builder, turns)
    high, low = _as_pair(builder, magnitude)
    # Infinity has been taken for a number; the difference makes it NaN.
    x = Real(builder, function.args[0])
    high = high + (x - x)
    # (high + low) * pi/2
    r, error = two_product(high, high.const(c.PI_2_PAIR[0]))
    error = fma(high, c.PI_2_PAIR[1], fma(low, c.PI_2_PAIR[0], error))
    whole = ir.Constant(_RESULT, ir.Undefined)
    for index, part in enumerate((r, error)):
        signed = builder.select(negative, (-part).value, part.value)
        whole = builder.insert_value(whole, signed, index)
    builder.ret(builder.insert_value(whole, quadrant, 2))
    return function


def _table(module: ir.Module) -> ir.GlobalVariable:
    name = "elementary.two_over_pi"
    if name not in module.globals:
        type_ = ir.ArrayType(I64, len(c.TWO_OVER_PI_WORDS))
        table = ir.GlobalVariable(module, type_, name)
        table.linkage = "internal"
        table.global_constant = True
        table.initializer = ir.Constant(type_, list(c.TWO_OVER_PI_WORDS))
    return module.globals[name]


def _quarter_turns(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return ``x 2/pi`` modulo 4 as an integer of 128 bits, of which 126 stand after the binary point."""
    bits = builder.bitcast(x, I64)
    exponent = builder.lshr(bits, ir.Constant(I64, 52))
    mantissa = builder.or_(builder.and_(bits, ir.Constant(I64, (1 << 52) - 1)), ir.Constant(I64, 1 << 52))
    # x = mantissa * 2**(exponent - 1075); bit i of 2/pi weighs 2**-i, and those up to exponent - 1077 make multiples
    # of 4. The table begins with 64 zero bits.
    start = builder.add(exponent, ir.Constant(I64, 64 - 1077))
    word, shift = builder.lshr(start, ir.Constant(I64, 6)), builder.and_(start, ir.Constant(I64, 63))
    table = _table(builder.module)
    words = []
    for offset in range(4):
        place = builder.gep(table, [ir.Constant(I64, 0), builder.add(word, ir.Constant(I64, offset))], inbounds=True)
        words.append(builder.load(place))
    windows = [intrinsic(builder, "llvm.fshl", high, low, shift) for high, low in itertools.pairwise(words)]
    wide = builder.zext(mantissa, _I128)
    first, second, third = (builder.mul(wide, builder.zext(window, _I128)) for window in windows)
    place_64 = ir.Constant(_I128, 64)
    return builder.add(builder.shl(first, place_64), builder.add(second, builder.lshr(third, place_64)))


def _nearest(builder: ir.IRBuilder, turns: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Return the nearest integer (modulo 4), the distance from it times 2**128 and whether it is below."""
    rounded = builder.add(turns, ir.Constant(_I128, 1 << 125))
    quadrant = builder.trunc(builder.lshr(rounded, ir.Constant(_I128, 126)), I64)
    fraction = builder.shl(turns, ir.Constant(_I128, 2))
    negative = builder.icmp_signed("<", fraction, ir.Constant(_I128, 0))
    return quadrant, builder.select(negative, builder.neg(fraction), fraction), negative


def _as_pair(builder: ir.IRBuilder, magnitude: ir.Value) -> tuple[Real, Real]:
    """Return ``magnitude * 2**-128`` as two doubles with 106 bits between them."""
    ctlz = builder.module.globals.get("llvm.ctlz.i128") or ir.Function(
        builder.module, ir.FunctionType(_I128, [_I128, I1]), "llvm.ctlz.i128"
    )
    # No double is a multiple of pi/2, so the magnitude is never zero and never below 2**60 or so.
    zeros = builder.call(ctlz, [magnitude, ir.Constant(I1, 1)])
    normal = builder.shl(magnitude, zeros)
    scale = builder.shl(builder.sub(ir.Constant(I64, 1023), builder.trunc(zeros, I64)), ir.Constant(I64, 52))
    unit = Real(builder, builder.bitcast(scale, F64))
    high = builder.trunc(builder.lshr(normal, ir.Constant(_I128, 75)), I64)
    below = builder.trunc(builder.lshr(normal, ir.Constant(_I128, 22)), I64)
    low = builder.and_(below, ir.Constant(I64, (1 << 53) - 1))
    parts = [Real(builder, builder.sitofp(part, F64)) * unit for part in (high, low)]
    return parts[0] * math.ldexp(1.0, -53), parts[1] * math.ldexp(1.0, -106)
