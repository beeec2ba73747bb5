"""The scalar operations that rows are written with: ``k.exp(x)``, ``k.select(k.lt(a, b), a, b)``, ``k.mul(2, x)``.

A Python number takes the type of the operand beside it. What is constant is folded where that is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symdiff.lower.emit import Emitter
from symdiff_codegen.instructions import ELEMENTARY, NUMPY_NAME, ROWS, SPECIAL
from symdiff_codegen.kernel import Const, Operand

__all__ = ["Scalars", "is_float", "is_integer", "static"]

Number = Operand | float | int | bool

FLOATS = ("f64", "f32")
INTEGERS = ("i64", "i32")
# Truth values add and multiply as NumPy's do.
OF_TRUTH = {"add": "or", "mul": "and", "max": "or", "min": "and"}
OF_FLOATS = {"floordiv": "ffloordiv", "mod": "fremainder"}


def is_float(operand: Operand) -> bool:
    return operand.type in FLOATS


def is_integer(operand: Operand) -> bool:
    return operand.type in INTEGERS


def static(operand: Operand) -> Any | None:
    """The number an operand is known to be, or None."""
    return operand.value if isinstance(operand, Const) else None


class Scalars(Emitter):
    """An emitter with a method for each scalar operation."""

    # -- operands ------------------------------------------------------------------------------------------------------

    def operand(self, value: Number, type_: str) -> Operand:
        """A number as an operand of this type."""
        if isinstance(value, (int, float, bool, np.generic)):
            return Const(_as_python(value, type_), type_)
        return value

    def _operands(self, *values: Any) -> list[Operand]:
        type_ = next((v.type for v in values if not isinstance(v, (int, float, bool, np.generic))), "f64")
        return [self.operand(v, type_) for v in values]

    def convert(self, value: Operand, type_: str) -> Operand:
        """A scalar in another type, as NumPy converts."""
        if value.type == type_:
            return value
        if isinstance(value, Const):
            return Const(_as_python(value.value, type_), type_)
        return self.ne(value, 0) if type_ == "i1" else self.let(type_, value)

    def f64(self, x: Operand) -> Operand:
        return self.convert(x, "f64")

    def f32(self, x: Operand) -> Operand:
        return self.convert(x, "f32")

    def i64(self, x: Operand) -> Operand:
        return self.convert(x, "i64")

    def i32(self, x: Operand) -> Operand:
        return self.convert(x, "i32")

    def i1(self, x: Operand) -> Operand:
        return self.convert(x, "i1")

    # -- arithmetic ----------------------------------------------------------------------------------------------------

    def add(self, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if is_integer(a):
            if static(b) == 0:
                return a
            if static(a) == 0:
                return b
            return self._shifted(a, b) or self._fold("add", lambda x, y: x + y, a, b)
        return self._fold("add", lambda x, y: x + y, a, b)

    def _shifted(self, a: Operand, b: Operand) -> Operand | None:
        """``(x + 1) - 1`` and the like in one step, so that equal indices are the same operand."""
        if not isinstance(b, Const) or isinstance(a, Const) or a.type != "i64":
            return None
        form = self.bounds.forms.get(a)
        if form is None or len(form.terms) != 1:
            return None
        ((base, times),) = form.terms.items()
        if times != 1:
            return None
        total = form.constant + int(b.value)
        return base if total == 0 else self.let("add", base, Const(total, "i64"))

    def sub(self, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if is_integer(a):
            if static(b) == 0:
                return a
            if a is b:
                return Const(0, a.type)
            if isinstance(b, Const) and b.value > -(2**31):
                return self.add(a, Const(-b.value, b.type))
        return self._fold("sub", lambda x, y: x - y, a, b)

    def mul(self, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if is_integer(a):
            if static(a) == 1:
                return b
            if static(b) == 1:
                return a
            if static(a) == 0 or static(b) == 0:
                return Const(0, a.type)
        return self._fold("mul", lambda x, y: x * y, a, b)

    def neg(self, a: Operand) -> Operand:
        return Const(-a.value, a.type) if isinstance(a, Const) else self.let("neg", a)

    def abs(self, a: Operand) -> Operand:
        if a.type == "i1":
            return a
        return Const(abs(a.value), a.type) if isinstance(a, Const) else self.let("abs", a)

    def fma(self, a: Number, b: Number, c: Number) -> Operand:
        return self.let("fma", *self._operands(a, b, c))

    def _fold(self, op: str, compute: Callable[[Any, Any], Any], a: Operand, b: Operand) -> Operand:
        if a.type == "i1" and op in OF_TRUTH:
            return self.let(OF_TRUTH[op], a, b)
        if isinstance(a, Const) and isinstance(b, Const) and a.type in INTEGERS:
            result = compute(int(a.value), int(b.value))
            if -(2**63) <= result < 2**63:
                return Const(result, a.type)
        return self.let(OF_FLOATS.get(op, op) if is_float(a) else op, a, b)

    def floordiv(self, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if is_integer(a) and static(b) == 1:
            return a
        return self._fold("floordiv", lambda x, y: x // y if y else 0, a, b)

    def mod(self, a: Number, b: Number) -> Operand:
        return self._fold("mod", lambda x, y: x % y if y else 0, *self._operands(a, b))

    def max(self, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if a.type == "i64" and (self.bounds.at_least(a, b) or self.bounds.at_least(b, a)):
            return a if self.bounds.at_least(a, b) else b
        return self._fold("max", max, a, b)

    def min(self, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if a.type == "i64" and (self.bounds.at_least(a, b) or self.bounds.at_least(b, a)):
            return b if self.bounds.at_least(a, b) else a
        return self._fold("min", min, a, b)

    def pow(self, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if a.type not in FLOATS:
            return self.let("ipow", a, b)
        return self.let("pow", a, b)

    # -- choice and logic ----------------------------------------------------------------------------------------------

    def select(self, condition: Operand, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if isinstance(condition, Const):
            return a if condition.value else b
        return a if a == b else self.let("select", self.i1(condition), a, b)

    def and_(self, a: Operand, b: Operand) -> Operand:
        for one, other in ((a, b), (b, a)):
            if isinstance(one, Const) and one.type == "i1":
                return other if one.value else one
        return self.let("and", a, b)

    def or_(self, a: Operand, b: Operand) -> Operand:
        for one, other in ((a, b), (b, a)):
            if isinstance(one, Const) and one.type == "i1":
                return one if one.value else other
        return self.let("or", a, b)

    def not_(self, a: Operand) -> Operand:
        return Const(not a.value, "i1") if isinstance(a, Const) else self.let("not", a)

    def _compare(self, op: str, a: Number, b: Number) -> Operand:
        a, b = self._operands(a, b)
        if isinstance(a, Const) and isinstance(b, Const):
            return Const(bool(COMPARE[op](a.value, b.value)), "i1")
        if a.type == "i1" and op not in ("eq", "ne"):
            a, b = self.i64(a), self.i64(b)
        if a.type == "i64" and (known := self._known(op, a, b)) is not None:
            return Const(known, "i1")
        return self.let(op, a, b)

    def _known(self, op: str, a: Operand, b: Operand) -> bool | None:
        """The result of a comparison of integers, where it is proved."""
        if a is b:
            return op in ("eq", "le", "ge")
        below, above = self.bounds.below(a, b), self.bounds.below(b, a)
        if below or above:
            return {"eq": False, "ne": True, "lt": below, "le": below, "gt": above, "ge": above}[op]
        if op in ("ge", "lt") and self.bounds.at_least(a, b):
            return op == "ge"
        if op in ("le", "gt") and self.bounds.at_least(b, a):
            return op == "le"
        return None

    def eq(self, a: Number, b: Number) -> Operand:
        return self._compare("eq", a, b)

    def ne(self, a: Number, b: Number) -> Operand:
        return self._compare("ne", a, b)

    def lt(self, a: Number, b: Number) -> Operand:
        return self._compare("lt", a, b)

    def le(self, a: Number, b: Number) -> Operand:
        return self._compare("le", a, b)

    def gt(self, a: Number, b: Number) -> Operand:
        return self._compare("gt", a, b)

    def ge(self, a: Number, b: Number) -> Operand:
        return self._compare("ge", a, b)

    # -- floats --------------------------------------------------------------------------------------------------------

    def isnan(self, x: Operand) -> Operand:
        return self.let("isnan", x) if is_float(x) else Const(False, "i1")

    def isinf(self, x: Operand) -> Operand:
        return self.let("isinf", x) if is_float(x) else Const(False, "i1")

    def isfinite(self, x: Operand) -> Operand:
        return self.let("isfinite", x) if is_float(x) else Const(True, "i1")

    def signbit(self, x: Operand) -> Operand:
        return self.let("signbit", x) if is_float(x) else self.lt(x, 0)


def _plain(op: str, arity: int, *, keeps_integers: bool = False) -> Callable[..., Operand]:
    def method(self: Scalars, *args: Number) -> Operand:
        operands = self._operands(*args)
        return operands[0] if keeps_integers and not is_float(operands[0]) else self.let(op, *operands)

    method.__name__ = op
    method.__doc__ = f"The instruction ``{op}`` of {arity} operands."
    return method


for _op in (*ELEMENTARY, "div", "sqrt", "copysign", "fmod"):
    if _op != "pow":
        setattr(Scalars, _op, _plain(_op, 2 if _op in ("atan2", "hypot", "div", "copysign", "fmod") else 1))
for _op in ("floor", "ceil", "trunc", "rint"):
    setattr(Scalars, _op, _plain(_op, 1, keeps_integers=True))
for _op in ("shl", "shr", "xor", "ipow", "ffloordiv", "fremainder", "add_ok", "sub_ok", "mul_ok", "ipow_ok"):
    setattr(Scalars, _op, _plain(_op, 2))

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def _as_python(value: Any, type_: str) -> float | int | bool:
    if type_ in FLOATS:
        return float(np.float32(value)) if type_ == "f32" else float(value)
    if type_ == "i1":
        return bool(value)
    return int(np.dtype(NUMPY_NAME[type_]).type(int(value)))
for _op in SPECIAL:
    setattr(Scalars, _op, _plain(_op, len(next(iter(ROWS[_op].signatures)))))
