"""What a formula is exactly: its operations in many digits, with a bound on what rounding and cancellation did to them.

A value is undefined where an operation on the way has no finite value; overflow alone makes none, because the
exponents of the numbers used here are almost without bound. What is beyond even that is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.transform.algebra import exact_root
from symdiff.transform.formula import Formula, Operand, number

__all__ = ["KNOWN_ROWS", "UNKNOWN", "Exact", "Truth"]

# Fifty digits and some to lose. Where more is lost than that, more are tried as often as there is time for: what is
# zero for all arguments loses all digits there are.
PRECISION, HIGHER_PRECISION = 200, 500
MOST_AGAIN = 40
WANTED = 100
# Exponentials of what is beyond 2**14 are so far out of the range of doubles that nothing brings them back, and angles
# beyond 2**2000 are those of no double.
FARTHEST, WIDEST = 14, 2000
NOTHING = -(10**9)


@dataclass(frozen=True, slots=True)
class Exact:
    """A number, known up to an error below ``2**doubt``."""

    value: Any
    doubt: int = NOTHING

    @property
    def magnitude(self) -> int:
        """The binary exponent of the number; of zero, one below all."""
        _, mantissa, exponent, bits = self.value._mpf_
        return int(exponent + bits) if mantissa else NOTHING

    @property
    def reach(self) -> int:
        """The binary exponent of what it may be at most."""
        return max(self.magnitude, self.doubt)

    @property
    def may_vanish(self) -> bool:
        """Whether the number is so small that its sign is in doubt."""
        return self.doubt != NOTHING and self.doubt > self.magnitude - 3

    @property
    def is_sharp(self) -> bool:
        """Whether enough of its digits are right to tell a double by."""
        return self.doubt == NOTHING or self.magnitude - self.doubt >= WANTED


class _Unknown:
    """A value that there is, but that is not known."""


UNKNOWN = _Unknown()
Result = Exact | _Unknown | None
"""None is undefined."""


def _made(c: Any, value: Any, *doubts: int) -> Exact:
    """A rounded result with the errors that came to it."""
    result = Exact(value)
    doubt = max(*doubts, result.magnitude - c.prec) + 1
    return Exact(value, doubt if doubt > NOTHING // 2 else NOTHING)


# -- operations --------------------------------------------------------------------------------------------------------


def _exactly(c: Any, operation: Any, a: Exact, b: Exact) -> Exact | None:
    """The sum or product of numbers without doubt, if that needs no rounding: what vanishes then is zero for sure."""
    apart = abs(a.magnitude - b.magnitude) > c.prec and a.value and b.value
    if a.doubt != NOTHING or b.doubt != NOTHING or apart:
        return None
    value = operation(a.value, b.value, exact=True)
    return Exact(value) if value._mpf_[3] <= c.prec else None


def _add(c: Any, a: Exact, b: Exact) -> Exact:
    return _exactly(c, c.fadd, a, b) or _made(c, a.value + b.value, a.doubt, b.doubt)


def _negative(c: Any, a: Exact) -> Exact:
    return Exact(-a.value, a.doubt)


def _multiply(c: Any, a: Exact, b: Exact) -> Exact:
    return _exactly(c, c.fmul, a, b) or _made(c, a.value * b.value, a.doubt + b.reach, b.doubt + a.reach)


def _divide(c: Any, a: Exact, b: Exact) -> Result:
    if b.may_vanish:
        return UNKNOWN
    if not b.value:
        return None
    return _made(c, a.value / b.value, a.doubt - b.magnitude + 2, b.doubt + a.reach - 2 * b.magnitude + 3)


def _power(c: Any, a: Exact, b: Exact) -> Result:
    whole = b.value == c.floor(b.value)
    if (a.value < 0 and not whole) or (not a.value and b.value < 0):
        return None
    if not a.value:
        return Exact(c.mpf(1 if not b.value else 0)) if a.doubt == NOTHING else UNKNOWN
    exponent = Exact(abs(b.value * c.log(abs(a.value))) + 1)
    if exponent.magnitude > FARTHEST or not (a.is_sharp and b.is_sharp):
        return UNKNOWN
    value = c.power(a.value, b.value)
    # by how many bits relative errors of base and exponent grow
    grown = max(a.doubt - a.magnitude + b.reach, b.doubt - b.magnitude + exponent.magnitude) + 1
    return _made(c, value, Exact(value).magnitude + grown)


SEVERAL: Mapping[str, Callable[..., Result]] = {
    "add": _add,
    "subtract": lambda c, a, b: _add(c, a, _negative(c, b)),
    "multiply": _multiply,
    "divide": _divide,
    "negative": _negative,
    "positive": lambda c, a: a,
    "square": lambda c, a: _multiply(c, a, a),
    "reciprocal": lambda c, a: _divide(c, Exact(c.mpf(1)), a),
    "power": _power,
    "math_pow": _power,
    "absolute": lambda c, a: Exact(abs(a.value), a.doubt),
    "fabs": lambda c, a: Exact(abs(a.value), a.doubt),
}

UNARY: Mapping[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any, Any], Any]]] = {
    "sqrt": (lambda c, x: c.sqrt(x), lambda c, x, y: 1 / y),
    "exp": (lambda c, x: c.exp(x), lambda c, x, y: y),
    "exp2": (lambda c, x: c.power(2, x), lambda c, x, y: y),
    "expm1": (lambda c, x: c.expm1(x), lambda c, x, y: y + 1),
    "log": (lambda c, x: c.log(x), lambda c, x, y: 1 / x),
    "log2": (lambda c, x: c.log(x, 2), lambda c, x, y: 2 / x),
    "log10": (lambda c, x: c.log(x, 10), lambda c, x, y: 1 / x),
    "log1p": (lambda c, x: c.log1p(x), lambda c, x, y: 1 / (1 + x)),
    "sin": (lambda c, x: c.sin(x), lambda c, x, y: 1),
    "cos": (lambda c, x: c.cos(x), lambda c, x, y: 1),
    "tan": (lambda c, x: c.tan(x), lambda c, x, y: 1 + y * y),
    "sinh": (lambda c, x: c.sinh(x), lambda c, x, y: 1 + abs(y)),
    "cosh": (lambda c, x: c.cosh(x), lambda c, x, y: y),
    "tanh": (lambda c, x: c.tanh(x), lambda c, x, y: 1 - y * y),
    "arctan": (lambda c, x: c.atan(x), lambda c, x, y: 1 / (1 + x * x)),
    "arcsinh": (lambda c, x: c.asinh(x), lambda c, x, y: 1 / c.sqrt(1 + x * x)),
    "erf": (lambda c, x: c.erf(x), lambda c, x, y: 2 * c.exp(-x * x)),
    "erfc": (lambda c, x: c.erfc(x), lambda c, x, y: 2 * c.exp(-x * x)),
    "sigmoid": (lambda c, x: 1 / (1 + c.exp(-x)), lambda c, x, y: y * (1 - y)),
}
"""Functions of one argument, and bounds on their slopes at an argument with that result."""

EXPONENTIAL = dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh", "sigmoid"), FARTHEST)
LIMITS = {**EXPONENTIAL, "erf": FARTHEST // 2, "erfc": FARTHEST // 2, "tanh": FARTHEST}
"""Binary exponents of arguments past which a function is given up, or has reached its limit."""

LOWEST = {"sqrt": 0, "log": 0, "log2": 0, "log10": 0, "log1p": -1}
"""Where a function begins to be defined."""

KNOWN_ROWS = frozenset({*UNARY, *SEVERAL})
"""Rows that can be examined, and so may stand in a region."""


def _function(c: Any, row: str, x: Exact) -> Result:
    """A function of one argument."""
    if row in LOWEST:
        inside = Exact(x.value - LOWEST[row], x.doubt)
        if inside.may_vanish:
            return UNKNOWN
        if inside.value <= 0:
            return x if row == "sqrt" and not x.value else None
    if x.magnitude > LIMITS.get(row, WIDEST):
        return _limit(c, row, x)
    if x.doubt > 0:
        return UNKNOWN
    function, slope = UNARY[row]
    result = function(c, x.value)
    steepness = Exact(c.mpf(slope(c, x.value, result))).magnitude
    return _made(c, result, x.doubt + steepness + 1)


def _limit(c: Any, row: str, x: Exact) -> Result:
    """What a function is far from zero, as far as doubles can tell."""
    if row in ("erf", "tanh"):
        return Exact(c.mpf(1 if x.value > 0 else -1))
    if row == "erfc":
        return Exact(c.mpf(0 if x.value > 0 else 2))
    return Exact(c.mpf(0)) if x.value < 0 and row in ("exp", "exp2", "sigmoid") else UNKNOWN


# -- formulas ----------------------------------------------------------------------------------------------------------


class Truth:
    """Evaluates a formula in many digits."""

    def __init__(self, formula: Formula) -> None:
        from mpmath.ctx_mp import MPContext

        self.context: Any = MPContext()
        self.formula = formula
        self.again = 0
        self.needed = sorted(formula.needed(formula.outputs))

    def outputs(self, inputs: Sequence[float]) -> list[Result]:
        """The outputs at a point."""
        found = self.outputs_with(PRECISION, inputs)
        if self.again < MOST_AGAIN and any(isinstance(x, Exact) and not x.is_sharp for x in found):
            self.again += 1
            found = self.outputs_with(HIGHER_PRECISION, inputs)
        return found

    def outputs_with(self, precision: int, inputs: Sequence[float]) -> list[Result]:
        self.context.prec = precision
        given = [Exact(self.context.mpf(x)) for x in inputs]
        found: dict[int, Result] = {}
        for k in self.needed:
            operation = self.formula.operations[k]
            operands = [self.operand(x, given, found) for x in operation.operands]
            known = [x for x in operands if isinstance(x, Exact)]
            if None in operands:
                continue
            if len(known) < len(operands):
                found[k] = UNKNOWN
            else:
                row = operation.row
                found[k] = SEVERAL[row](self.context, *known) if row in SEVERAL else self.function(row, *known)
        return [found.get(k) for k in self.formula.outputs]

    def function(self, row: str, x: Exact) -> Result:
        return _function(self.context, row, x)

    def operand(self, operand: Operand, given: Sequence[Exact], found: Mapping[int, Result]) -> Result:
        kind, k = operand
        if kind != "k":
            return given[int(k)] if kind == "i" else found.get(int(k))
        value = number(operand)
        if value is None or not math.isfinite(value):
            return None
        if root := exact_root(abs(value)):
            # what stands for a root of two is one
            exact = self.context.sqrt(2) if root > 0 else 1 / self.context.sqrt(2)
            return _made(self.context, exact if value > 0 else -exact, NOTHING)
        return Exact(self.context.mpf(value))
