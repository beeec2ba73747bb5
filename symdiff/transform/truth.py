"""What a formula is exactly: its operations in many digits, with a count of how many of them cancellation has eaten.

A value is undefined where an operation on the way has no finite value; overflow alone makes none, because the
exponents of the numbers used here are almost without bound. What is beyond even that, or was eaten up by cancellation,
is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.transform.algebra import exact_root
from symdiff.transform.formula import Formula, Operand, number

__all__ = ["KNOWN_ROWS", "UNKNOWN", "Truth"]

# Fifty digits and some to lose. Where more is lost than that, the widest cancellation doubles allow is sure to fit.
PRECISIONS = (200, 2600)
WANTED = 100
# Exponentials of what is beyond 2**14 are so far out of the range of doubles that nothing brings them back, and angles
# beyond 2**2000 are those of no double.
FARTHEST, WIDEST = 14, 2000
NOTHING = -(10**9)


@dataclass(frozen=True, slots=True)
class _Exact:
    """A number, and how many of its bits may be wrong."""

    value: Any
    lost: int = 0


class _Unknown:
    """A value that there is, but that is not known."""


UNKNOWN = _Unknown()


def _magnitude(x: Any) -> int:
    """The binary exponent of a number; of zero, one below all."""
    _, mantissa, exponent, bits = x._mpf_
    return exponent + bits if mantissa else NOTHING


def _more(x: Any) -> int:
    """By how many bits a relative error grows with an argument like this in an exponent or angle."""
    return max(0, _magnitude(x)) + 1


def _less(y: Any) -> int:
    """By how many bits it grows where the result is small."""
    return max(0, -_magnitude(y)) + 1


Result = _Exact | _Unknown | None
"""None is undefined."""

Rule = Callable[[Any, Any, Any], int]
"""How much of its precision a function of one argument loses: from the context, the argument and the result."""

UNARY: Mapping[str, tuple[Callable[[Any, Any], Any], Rule]] = {
    "sqrt": (lambda c, x: c.sqrt(x), lambda c, x, y: 0),
    "exp": (lambda c, x: c.exp(x), lambda c, x, y: _more(x)),
    "exp2": (lambda c, x: c.power(2, x), lambda c, x, y: _more(x)),
    "expm1": (lambda c, x: c.expm1(x), lambda c, x, y: _more(x)),
    "log": (lambda c, x: c.log(x), lambda c, x, y: _less(y)),
    "log2": (lambda c, x: c.log(x, 2), lambda c, x, y: _less(y)),
    "log10": (lambda c, x: c.log(x, 10), lambda c, x, y: _less(y)),
    "log1p": (lambda c, x: c.log1p(x), lambda c, x, y: _less(1 + x)),
    "sin": (lambda c, x: c.sin(x), lambda c, x, y: _more(x) + _less(y)),
    "cos": (lambda c, x: c.cos(x), lambda c, x, y: _more(x) + _less(y)),
    "tan": (lambda c, x: c.tan(x), lambda c, x, y: _more(x) + _less(y) + _more(y)),
    "sinh": (lambda c, x: c.sinh(x), lambda c, x, y: _more(x)),
    "cosh": (lambda c, x: c.cosh(x), lambda c, x, y: _more(x)),
    "tanh": (lambda c, x: c.tanh(x), lambda c, x, y: 2),
    "arctan": (lambda c, x: c.atan(x), lambda c, x, y: 2),
    "arcsinh": (lambda c, x: c.asinh(x), lambda c, x, y: 2),
    "erf": (lambda c, x: c.erf(x), lambda c, x, y: 2),
    "erfc": (lambda c, x: c.erfc(x), lambda c, x, y: 2 * _more(x)),
    "sigmoid": (lambda c, x: 1 / (1 + c.exp(-x)), lambda c, x, y: _more(x)),
}
LIMITS = {**dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh", "sigmoid"), FARTHEST), "erfc": FARTHEST // 2}
POSITIVE_ONLY = {"sqrt": 0, "log": 0, "log2": 0, "log10": 0, "log1p": -1}


def _add(c: Any, a: _Exact, b: _Exact) -> _Exact | _Unknown:
    total = a.value + b.value
    if not total:
        # where inexact numbers cancel, zero is a guess
        return UNKNOWN if a.lost or b.lost else _Exact(total)
    reach = max(_magnitude(a.value) + a.lost, _magnitude(b.value) + b.lost)
    return _Exact(total, max(0, reach - _magnitude(total)) + 1)


def _negative(c: Any, a: _Exact) -> _Exact:
    return _Exact(-a.value, a.lost)


def _multiply(c: Any, a: _Exact, b: _Exact) -> _Exact:
    return _Exact(a.value * b.value, max(a.lost, b.lost) + 1)


def _divide(c: Any, a: _Exact, b: _Exact) -> _Exact | None:
    return _Exact(a.value / b.value, max(a.lost, b.lost) + 1) if b.value else None


def _power(c: Any, a: _Exact, b: _Exact) -> Result:
    whole = b.value == c.floor(b.value)
    if (a.value < 0 and not whole) or (not a.value and b.value < 0):
        return None
    if not a.value:
        return _Exact(c.mpf(1 if not b.value else 0))
    exponent = abs(b.value * c.log(abs(a.value))) + 1
    if _magnitude(exponent) > FARTHEST:
        return UNKNOWN
    return _Exact(c.power(a.value, b.value), max(a.lost, b.lost) + _more(exponent) + _more(b.value))


SEVERAL: Mapping[str, Callable[..., Result]] = {
    "add": _add,
    "subtract": lambda c, a, b: _add(c, a, _negative(c, b)),
    "multiply": _multiply,
    "divide": _divide,
    "negative": _negative,
    "positive": lambda c, a: a,
    "square": lambda c, a: _multiply(c, a, a),
    "reciprocal": lambda c, a: _divide(c, _Exact(c.mpf(1)), a),
    "power": _power,
    "math_pow": _power,
    "absolute": lambda c, a: _Exact(abs(a.value), a.lost),
    "fabs": lambda c, a: _Exact(abs(a.value), a.lost),
}

KNOWN_ROWS = frozenset({*UNARY, *SEVERAL})
"""Rows that can be examined, and so may stand in a region."""


class Truth:
    """Evaluates a formula in many digits."""

    def __init__(self, formula: Formula) -> None:
        from mpmath.ctx_mp import MPContext

        self.context: Any = MPContext()
        self.formula = formula
        self.needed = sorted(formula.needed(formula.outputs))

    def outputs(self, inputs: Sequence[float]) -> list[Any]:
        """The outputs at a point: None where undefined, `UNKNOWN` where no precision suffices."""
        for precision in PRECISIONS:
            self.context.prec = precision
            found = self.evaluate(inputs)
            chosen = [found.get(k) for k in self.formula.outputs]
            if all(not isinstance(x, _Exact) or precision - x.lost >= WANTED for x in chosen):
                return [x.value if isinstance(x, _Exact) else x for x in chosen]
        return [UNKNOWN] * len(chosen)

    def evaluate(self, inputs: Sequence[float]) -> dict[int, Result]:
        """The operations that are defined at a point."""
        given = [_Exact(self.context.mpf(x)) for x in inputs]
        found: dict[int, Result] = {}
        for k in self.needed:
            operation = self.formula.operations[k]
            operands = [self.operand(x, given, found) for x in operation.operands]
            known = [x for x in operands if isinstance(x, _Exact)]
            if UNKNOWN in operands:
                found[k] = UNKNOWN
            elif len(known) == len(operands):
                found[k] = self.apply(operation.row, known)
        return found

    def operand(self, operand: Operand, given: Sequence[_Exact], found: Mapping[int, Result]) -> Result:
        kind, k = operand
        if kind != "k":
            return given[int(k)] if kind == "i" else found.get(int(k))
        value = number(operand)
        if value is None or not math.isfinite(value):
            return None
        if root := exact_root(abs(value)):
            # what stands for a root of two is one
            exact = self.context.sqrt(2) if root > 0 else 1 / self.context.sqrt(2)
            return _Exact(exact if value > 0 else -exact, 1)
        return _Exact(self.context.mpf(value))

    def apply(self, row: str, operands: Sequence[_Exact]) -> Result:
        if row in SEVERAL:
            return SEVERAL[row](self.context, *operands)
        (x,) = operands
        if row in POSITIVE_ONLY and (x.value < POSITIVE_ONLY[row] or (x.value == POSITIVE_ONLY[row] and row != "sqrt")):
            return None
        if _magnitude(x.value) > LIMITS.get(row, WIDEST):
            vanishes = x.value < 0 if row in ("exp", "exp2", "sigmoid") else row == "erfc" and x.value > 0
            return _Exact(self.context.mpf(0)) if vanishes else UNKNOWN
        function, loss = UNARY[row]
        result = function(self.context, x.value)
        return _Exact(result, x.lost + loss(self.context, x.value, result))
