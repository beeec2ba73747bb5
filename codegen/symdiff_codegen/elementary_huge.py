"""Reduction of huge angles: exact multiplication by as many bits of 2/pi as matter (Payne and Hanek 1983).

With ``x = m * 2**e`` and m an integer of 53 bits, the bits of 2/pi whose product with x is a multiple of 4 say nothing
about the quadrant, and those 190 places further on are too small to count. What remains is one product of integers.
"""

from __future__ import annotations

import itertools
import math

from llvmlite import ir

from . import coefficients as c
from .context import I1, I64, declare
from .elementary_values import Real, fma, two_product
from .lanes import DOUBLE, overloaded

_I128 = ir.IntType(128)
# Where the parts of a block of lanes stand, each as many values as there are lanes.
ARGUMENT, MAIN, LOW, QUADRANT = range(4)


def huge_function(module: ir.Module, limit: float) -> ir.Function:
    """Return ``(block, lanes)`` that replaces, in memory, the reductions of the arguments above a limit.

    The block holds all arguments, then all main parts, all low parts and all quadrants. Never inlined, so that it costs
    a loop no more than a call in a cold block.
    """
    name = "elementary.reduce_huge"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [DOUBLE.as_pointer(), I64]), name)
    function.linkage = "internal"
    for attribute in ("noinline", "cold", "nounwind", "optsize"):
        function.attributes.add(attribute)
    entry, head, work, latch, leave = (
        function.append_basic_block(label) for label in ("entry", "head", "work", "latch", "leave")
    )
    block, lanes = function.args
    ir.IRBuilder(entry).branch(head)
    builder = ir.IRBuilder(head)
    lane = builder.phi(I64)
    lane.add_incoming(ir.Constant(I64, 0), entry)
    x = builder.load(builder.gep(block, [lane]))
    builder.cbranch(builder.fcmp_ordered(">", x, ir.Constant(DOUBLE, limit)), work, latch)
    builder.position_at_end(work)
    for part, value in zip((MAIN, LOW, QUADRANT), _reduced(builder, x), strict=True):
        place = builder.gep(block, [builder.add(lane, builder.mul(lanes, ir.Constant(I64, part)))])
        builder.store(value, builder.bitcast(place, value.type.as_pointer()))
    builder.branch(latch)
    builder.position_at_end(latch)
    following = builder.add(lane, ir.Constant(I64, 1))
    lane.add_incoming(following, latch)
    builder.cbranch(builder.icmp_unsigned("<", following, lanes), head, leave)
    ir.IRBuilder(leave).ret_void()
    return function


def _reduced(builder: ir.IRBuilder, x: ir.Value) -> list[ir.Value]:
    """Return r, low and quadrant of one ``x >= 2**11``; infinity gives NaN."""
    quadrant, magnitude, negative = _nearest(builder, _quarter_turns(builder, x))
    high, low = _as_pair(builder, magnitude)
    # Infinity has been taken for a number; the difference makes it NaN.
    number = Real(builder, x)
    high = high + (number - number)
    # (high + low) * pi/2
    r, error = two_product(high, high.const(c.PI_2_PAIR[0]))
    error = fma(high, c.PI_2_PAIR[1], fma(low, c.PI_2_PAIR[0], error))
    return [*(builder.select(negative, (-part).value, part.value) for part in (r, error)), quadrant]


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
    windows = [overloaded(builder, "fshl", high, low, shift) for high, low in itertools.pairwise(words)]
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
    ctlz = declare(builder.module, "llvm.ctlz.i128", _I128, [_I128, I1])
    # No double is a multiple of pi/2, so the magnitude is never zero and never below 2**60 or so.
    zeros = builder.call(ctlz, [magnitude, ir.Constant(I1, 1)])
    normal = builder.shl(magnitude, zeros)
    scale = builder.shl(builder.sub(ir.Constant(I64, 1023), builder.trunc(zeros, I64)), ir.Constant(I64, 52))
    unit = Real(builder, builder.bitcast(scale, DOUBLE))
    high = builder.trunc(builder.lshr(normal, ir.Constant(_I128, 75)), I64)
    below = builder.trunc(builder.lshr(normal, ir.Constant(_I128, 22)), I64)
    low = builder.and_(below, ir.Constant(I64, (1 << 53) - 1))
    parts = [Real(builder, builder.sitofp(part, DOUBLE)) * unit for part in (high, low)]
    return parts[0] * math.ldexp(1.0, -53), parts[1] * math.ldexp(1.0, -106)
