"""Elementary functions emitted inline as LLVM IR, the same for a scalar and for every lane of a vector.

A loop that calls a library for each element neither vectorises nor fuses; here each function is a few dozen branch-free
instructions. The same instructions serve scalars, vector bodies and masked tails, so that an element gets the same bits
wherever it stands. No fast-math flag is set and every `fma` is explicit: the optimiser cannot change a result.

Functions of single precision are computed in double precision and rounded, which is correctly rounded but for very rare
cases.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from . import elementary_arc, elementary_erf, elementary_exp, elementary_log, elementary_power, elementary_trig
from .elementary_values import Real
from .lanes import DOUBLE, shaped

_FUNCTIONS: dict[str, Callable[..., Real]] = {
    "exp": elementary_exp.exp,
    "exp2": elementary_exp.exp2,
    "expm1": elementary_exp.expm1,
    "sinh": elementary_exp.sinh,
    "cosh": elementary_exp.cosh,
    "tanh": elementary_exp.tanh,
    "log": elementary_log.log,
    "log1p": elementary_log.log1p,
    "log2": elementary_log.log2,
    "log10": elementary_log.log10,
    "asinh": elementary_log.asinh,
    "acosh": elementary_log.acosh,
    "atanh": elementary_log.atanh,
    "sin": elementary_trig.sin,
    "cos": elementary_trig.cos,
    "tan": elementary_trig.tan,
    "asin": elementary_arc.asin,
    "acos": elementary_arc.acos,
    "atan": elementary_arc.atan,
    "atan2": elementary_arc.atan2,
    "erf": elementary_erf.erf,
    "erfc": elementary_erf.erfc,
    "sqrt": elementary_power.sqrt,
    "cbrt": elementary_power.cbrt,
    "hypot": elementary_power.hypot,
    "pow": elementary_power.power,
}

INLINE: frozenset[str] = frozenset(_FUNCTIONS)

ARITY: dict[str, int] = {name: 2 if name in ("pow", "atan2", "hypot") else 1 for name in INLINE}

# Largest errors in units of the last place of the true value, subnormal results included: what a million random points
# of the whole domain gave, and a little more. Twice rounded subnormal results set the bounds of exp, pow and hypot.
MAX_ULP: dict[str, float] = {
    "acos": 0.65, "acosh": 0.75, "asin": 0.7, "asinh": 0.65, "atan": 0.7, "atan2": 0.85, "atanh": 0.6, "cbrt": 0.51,
    "cos": 0.9, "cosh": 0.75, "erf": 0.95, "erfc": 0.95, "exp": 0.8, "exp2": 0.9, "expm1": 1.0, "hypot": 0.8,
    "log": 0.8, "log10": 0.9, "log1p": 0.85, "log2": 0.9, "pow": 0.8, "sin": 0.9, "sinh": 0.85, "sqrt": 0.5,
    "tan": 0.95, "tanh": 0.85,
}  # fmt: skip


def emit(name: str, builder: ir.IRBuilder, *args: ir.Value) -> ir.Value:
    """Emit an elementary function at the position of a builder, which stays in its block.

    Parameters
    ----------
    name
        One of `INLINE`.
    builder
        Where to emit. Its module receives declarations of intrinsics and, for the trigonometric functions, internal
        functions called ``elementary.*``, of which those marked ``alwaysinline`` should be inlined by any pipeline.
    *args
        Doubles, floats, or vectors of either, all of one type.

    Returns
    -------
    ir.Value
        The result, of the type of the arguments.
    """
    type_ = args[0].type
    single = str(getattr(type_, "element", type_)) == "float"
    wide = [builder.fpext(arg, shaped(type_, DOUBLE)) for arg in args] if single else args
    result = _FUNCTIONS[name](*(Real(builder, arg) for arg in wide)).value
    return builder.fptrunc(result, type_) if single else result
