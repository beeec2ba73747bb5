"""Sine, cosine and tangent of doubles.

Arguments below `LIMIT` are reduced by a three-part pi/2 with fused multiply-adds (Cody and Waite 1980) and no branch.
Where any lane is larger, an out-of-line function reduces those lanes with as many bits of 2/pi as they need (Payne and
Hanek 1983). Which way an element goes depends on that element alone, so its bits do not depend on its neighbours.
"""

from __future__ import annotations

import dataclasses

from llvmlite import ir

from . import coefficients as c
from .context import I64
from .elementary_huge import huge_function
from .elementary_values import Bits, Real, fast_two_sum, fma, polynomial, quotient_pair
from .lanes import DOUBLE, shaped

# The quotient stays below 2**19, for which the proof in `_cody_waite` holds.
LIMIT = 2.0**19
_SHIFT = 1.5 * 2.0**52
_SIGN = 1 << 63


@dataclasses.dataclass(frozen=True)
class Angle:
    """``abs(x) = quadrant * pi/2 + r + low`` with ``abs(r) <= pi/4``; only the last two bits of quadrant count."""

    r: Real
    low: Real
    quadrant: Bits


def _cody_waite(x: Real) -> Angle:
    """Reduce ``0 <= x <= LIMIT``.

    With ``k = round(x 2/pi) < 2**19`` the first step is exact: the difference is below 1 and a multiple of 2**-53. The
    second part of pi/2 has 33 bits, so that k times it is exact. The difference r is then exact below 2**-34, and
    above, its rounding error is found exactly as that of a sum of two numbers. What the third part leaves is below
    2**-122, the smallest r about 2**-60.
    """
    shifted = fma(x, c.INV_PI_2[0], _SHIFT)
    k = shifted - _SHIFT
    first = fma(k, -c.PI_2[0], x)
    r = fma(k, -c.PI_2[1], first)
    error = fma(k, -c.PI_2[1], first - r)
    return Angle(r, fma(k, -c.PI_2[2], error), shifted.bits())


def _reduce_function(module: ir.Module, type_: ir.Type) -> ir.Function:
    """Return the reduction of non-negative arguments as a function ``type_ -> {r, low, quadrant}``.

    A function of its own that LLVM always inlines: it has branches, so that emitting it in place would move the
    caller's builder to another block; and two calls with one argument, for a sine and a cosine, merge before they are
    inlined.
    """
    name = "elementary.reduce" + (f".v{type_.count}" if isinstance(type_, ir.VectorType) else "")
    if name in module.globals:
        return module.globals[name]
    result = ir.LiteralStructType([type_, type_, shaped(type_, I64)])
    function = ir.Function(module, ir.FunctionType(result, [type_]), name)
    function.linkage = "internal"
    for attribute in ("alwaysinline", "nounwind", "readnone"):
        function.attributes.add(attribute)
    head, large, join = (function.append_basic_block(label) for label in ("head", "large", "join"))
    builder = ir.IRBuilder(head)
    x = Real(builder, function.args[0])
    angle = _cody_waite(x)
    usual = [angle.r.value, angle.low.value, angle.quadrant.value]
    # In the entry block, so that it is made once a call and not once a trip of the caller's loop.
    memory = builder.alloca(ir.ArrayType(type_, 4))
    builder.cbranch((x > LIMIT).any(), large, join).set_weights([1, 2000])
    builder.position_at_end(large)
    rare = _reduce_in_memory(builder, memory, [x.value, *usual])
    builder.branch(join)
    builder.position_at_end(join)
    merged = []
    for value, other in zip(usual, rare, strict=True):
        phi = builder.phi(value.type)
        phi.add_incoming(value, head)
        phi.add_incoming(other, large)
        merged.append(phi)
    whole = ir.Constant(result, ir.Undefined)
    for index, phi in enumerate(merged):
        whole = builder.insert_value(whole, phi, index)
    builder.ret(whole)
    return function


def _reduce_in_memory(builder: ir.IRBuilder, memory: ir.Value, values: list[ir.Value]) -> list[ir.Value]:
    """Store the argument and its usual reduction, let huge lanes be replaced, and load the reduction again."""
    type_ = values[0].type
    lanes = type_.count if isinstance(type_, ir.VectorType) else 1
    zero = ir.Constant(ir.IntType(32), 0)
    places = [builder.gep(memory, [zero, ir.Constant(ir.IntType(32), part)]) for part in range(4)]
    places = [builder.bitcast(place, value.type.as_pointer()) for place, value in zip(places, values, strict=True)]
    for place, value in zip(places, values, strict=True):
        builder.store(value, place)
    block = builder.bitcast(memory, DOUBLE.as_pointer())
    builder.call(huge_function(builder.module, LIMIT), [block, ir.Constant(I64, lanes)])
    return [builder.load(place) for place in places[1:]]


def _reduce(x: Real) -> Angle:
    """Reduce the magnitude of any argument."""
    builder = x.builder
    fields = builder.call(_reduce_function(builder.module, x.value.type), [abs(x).value])
    r, low, quadrant = (builder.extract_value(fields, index) for index in range(3))
    return Angle(Real(builder, r), Real(builder, low), Bits(builder, quadrant))


def _parts(angle: Angle) -> tuple[Real, Real, Real, Real]:
    """Return the sine and the cosine of the reduced argument, each as a rounded main term and a small one."""
    r, low = angle.r, angle.low
    z = r * r
    half = z * 0.5
    main, error = fast_two_sum(r.const(1.0), -half)
    sine = fma(r * z, polynomial(z, c.SIN), low * main)
    cosine = fma(z * z, polynomial(z, c.COS), fma(-r, low, error))
    return r, sine, main, cosine


def sin(x: Real) -> Real:
    """Return the sine."""
    angle = _reduce(x)
    sine, sine_low, cosine, cosine_low = _parts(angle)
    odd = (angle.quadrant & 1).nonzero()
    value = odd.where(cosine + cosine_low, sine + sine_low)
    sign = ((angle.quadrant << 62) ^ x.bits()) & _SIGN
    return (value.bits() ^ sign).real()


def cos(x: Real) -> Real:
    """Return the cosine."""
    angle = _reduce(x)
    sine, sine_low, cosine, cosine_low = _parts(angle)
    odd = (angle.quadrant & 1).nonzero()
    value = odd.where(sine + sine_low, cosine + cosine_low)
    sign = ((angle.quadrant + 1) << 62) & _SIGN
    return (value.bits() ^ sign).real()


def tan(x: Real) -> Real:
    """Return the tangent, as a quotient of sine and cosine in two parts each."""
    angle = _reduce(x)
    sine, sine_low, cosine, cosine_low = _parts(angle)
    # The rounding of r * r, a quarter of an ulp of the cosine, would add to the errors of the quotient.
    cosine_low = fma(fma(angle.r, angle.r, -(angle.r * angle.r)), -0.5, cosine_low)
    sine, sine_low = fast_two_sum(sine, sine_low)
    cosine, cosine_low = fast_two_sum(cosine, cosine_low)
    odd = (angle.quadrant & 1).nonzero()
    top, top_low = odd.where(cosine, sine), odd.where(cosine_low, sine_low)
    bottom, bottom_low = odd.where(sine, cosine), odd.where(sine_low, cosine_low)
    value, value_low = quotient_pair(top, top_low, bottom, bottom_low)
    sign = ((angle.quadrant << 63) ^ x.bits()) & _SIGN
    return ((value + value_low).bits() ^ sign).real()
