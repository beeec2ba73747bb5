"""From SymPy back to operations: constructors only, no text.

What the region computes already is used again where an expression is equal to it, or contains its terms or factors.
Literals that meet in a product are multiplied in many digits and rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from symdiff.ops import REGISTRY
from symdiff.transform.algebra import Algebra, CannotConvertError
from symdiff.transform.costs import operation_cost
from symdiff.transform.formula import Candidate, Operand, Operation, arity, literal

__all__ = ["recompose"]

DIGITS = 40
LARGEST_POWER = 8


def recompose(algebra: Algebra, forms: Sequence[Any], *, reuse_from: float) -> Candidate:
    """Operations that compute some expressions.

    Parameters
    ----------
    algebra : Algebra
        The region.
    forms : sequence
        An expression for each of the algebra's targets.
    reuse_from : float
        Operations of the region that cost as much may be used again. So may always those that are there anyway, and
        those that fail as Python does: nothing else would fail in their place.

    Raises
    ------
    CannotConvertError
        Where SymPy came up with something that has no rows.
    """
    writer = _Writer(algebra, reuse_from)
    targets = algebra.targets()
    results: dict[int, Operand] = {}
    for (k, _), form in zip(targets, forms, strict=True):
        results[k] = writer.write(form)
        if k in algebra.cuts:
            # what was a symbol so far is the operation just written
            writer.done[algebra.expressions[k]] = results[k]
    return Candidate(tuple(writer.operations), tuple(results[k] for k in algebra.formula.outputs))


class _Writer:
    """Writes operations, each once."""

    def __init__(self, algebra: Algebra, reuse_from: float) -> None:
        self.sp, self.algebra = algebra.sp, algebra
        self.operations: list[Operation] = []
        self.made: dict[Operation, Operand] = {}
        self.done: dict[Any, Operand] = {}
        self.parts: list[tuple[Any, frozenset[Any], Operand]] = []
        for symbol, operand in algebra.symbols.items():
            if operand[0] != "n":
                self.done[symbol] = operand
        for k, (form, operation) in enumerate(zip(algebra.forms, algebra.formula.operations, strict=True)):
            usable = operation.pinned or operation.raises or operation_cost(operation.row) >= reuse_from
            if not usable or not form.args or form in self.done or _is_number(algebra, form):
                continue
            self.done[form] = ("n", k)
            if form.is_Add or form.is_Mul:
                self.parts.append((form.func, frozenset(form.args), ("n", k)))
        # the largest first
        self.parts.sort(key=lambda part: -len(part[1]))

    # -- operations ----------------------------------------------------------------------------------------------------

    def add(self, row: str, *operands: Operand) -> Operand:
        operation = Operation(row, operands)
        if operation not in self.made:
            self.made[operation] = ("o", len(self.operations))
            self.operations.append(operation)
        return self.made[operation]

    def write(self, expression: Any) -> Operand:
        """The operand that an expression is, with what it takes to compute it; inner expressions first."""
        stack = [expression]
        while stack:
            e = stack[-1]
            if e in self.done:
                stack.pop()
                continue
            missing = [x for x in self.wanted(e) if x not in self.done]
            if missing:
                stack.extend(missing)
            else:
                stack.pop()
                self.done[e] = self.operation(e)
        return self.done[expression]

    def wanted(self, e: Any) -> Sequence[Any]:
        """The expressions that an operation for this one reads."""
        if _is_number(self.algebra, e):
            return ()
        if e.is_Add:
            return [term for _, term, _ in self.terms(e)]
        if e.is_Mul:
            _, above, below = self.factors(e)
            return [*above, *below]
        if e.is_Pow:
            return self.power_parts(e)
        return tuple(e.args)

    def operation(self, e: Any) -> Operand:
        if _is_number(self.algebra, e):
            return literal(self.value(e))
        if e.is_Add:
            return self.sum(e)
        if e.is_Mul:
            return self.product(e)
        if e.is_Pow:
            return self.power(e)
        row = self.row(e)
        return self.add(row, *(self.done[a] for a in e.args))

    def row(self, e: Any) -> str:
        """The row of a function."""
        name = "absolute" if isinstance(e, self.sp.Abs) else str(e.func.__name__)
        if not e.is_Function or name not in REGISTRY or arity(name) != len(e.args):
            raise CannotConvertError(f"there is no row for {e.func.__name__}")
        return name

    # -- numbers -------------------------------------------------------------------------------------------------------

    def value(self, e: Any) -> float:
        """The double nearest to a number."""
        literals = {symbol: value for value, symbol in self.algebra.literals.items()}
        exact = {s: self.sp.Rational(*v.as_integer_ratio()) for s, v in literals.items()}
        found = self.sp.N(e.xreplace(exact), DIGITS)
        if not (found.is_Float or found.is_Integer or found.is_Rational) or not math.isfinite(float(found)):
            raise CannotConvertError("a literal is not a double")
        return float(found)

    # -- sums ----------------------------------------------------------------------------------------------------------

    def terms(self, e: Any) -> list[tuple[bool, Any, Any]]:
        """Whether each term is subtracted, its size, and the whole; terms the region adds up already are one."""
        rest, found = self.taken(e)
        terms = [(False, part, part) for part in found]
        for term in rest:
            coefficient, _ = term.as_coeff_Mul()
            negative = bool(coefficient.is_negative)
            terms.append((negative, -term if negative else term, term))
        return terms

    def taken(self, e: Any) -> tuple[list[Any], list[Any]]:
        """The arguments of a sum or product apart from those the region has put together, and these."""
        rest, found = list(e.args), []
        for func, args, operand in self.parts:
            if func is e.func and 2 <= len(args) < len(e.args) and args <= set(rest):
                rest = [a for a in rest if a not in args]
                whole = func(*sorted(args, key=self.sp.default_sort_key), evaluate=False)
                self.done.setdefault(whole, operand)
                found.append(whole)
        return sorted(rest, key=self.sp.default_sort_key), found

    def sum(self, e: Any) -> Operand:
        terms = self.terms(e)
        plus = [self.done[t] for negative, t, _ in terms if not negative]
        minus = [self.done[t] for negative, t, _ in terms if negative]
        if not plus:
            return self.add("negative", self.chain("add", minus))
        total = self.chain("add", plus)
        for operand in minus:
            total = self.add("subtract", total, operand)
        return total

    def chain(self, row: str, operands: Sequence[Operand]) -> Operand:
        total = operands[0]
        for operand in operands[1:]:
            total = self.add(row, total, operand)
        return total

    # -- products ------------------------------------------------------------------------------------------------------

    def factors(self, e: Any) -> tuple[Any, list[Any], list[Any]]:
        """The literal in a product, its other factors, and what it is divided by."""
        rest, found = self.taken(e)
        numbers = [f for f in rest if _is_number(self.algebra, f)]
        above: list[Any] = list(found)
        below: list[Any] = []
        for factor in rest:
            if factor in numbers:
                continue
            base, power = factor.as_base_exp() if not isinstance(factor, self.sp.exp) else (factor, self.sp.S.One)
            negative = power.is_Rational and power < 0
            (below if negative else above).append(base**-power if negative else factor)
        return self.sp.Mul(*numbers), above, below

    def product(self, e: Any) -> Operand:
        number, above, below = self.factors(e)
        operands = [self.done[f] for f in above]
        divisors = [self.done[f] for f in below]
        if number.is_Rational and number.q & (number.q - 1):
            # a third is divided by, because it has no double
            divisors.append(literal(float(number.q)))
            number = self.sp.Integer(number.p)
        value = self.value(number) if number != 1 else 1.0
        if value == -1.0 and operands:
            return self.add("negative", self.quotient(operands, divisors))
        if value != 1.0 or not operands:
            operands.append(literal(value))
        return self.quotient(operands, divisors)

    def quotient(self, operands: Sequence[Operand], divisors: Sequence[Operand]) -> Operand:
        top = self.chain("multiply", operands)
        return self.add("divide", top, self.chain("multiply", divisors)) if divisors else top

    # -- powers --------------------------------------------------------------------------------------------------------

    def power_parts(self, e: Any) -> list[Any]:
        base, power = e.base, e.exp
        if not power.is_Rational:
            return [base, power]
        if power < 0:
            return [base**-power]
        if power.is_Integer and power <= LARGEST_POWER:
            return [base] if power <= 3 else [base ** (power // 2), *([base] if power % 2 else [])]
        if power.q == 2:
            whole = power - self.sp.Rational(1, 2)
            return [base] if whole == 0 else [base**whole, self.sp.sqrt(base)]
        return [base]

    def power(self, e: Any) -> Operand:
        power = e.exp
        parts = [self.done[x] for x in self.power_parts(e)]
        if not power.is_Rational:
            return self.add("power", *parts)
        if power < 0:
            return self.add("divide", literal(1.0), parts[0])
        if power.is_Integer and power <= LARGEST_POWER:
            return self.whole_power(int(power), parts)
        if power.q == 2:
            return self.add("sqrt", parts[0]) if len(parts) == 1 else self.add("multiply", *parts)
        return self.add("power", parts[0], literal(self.value(power)))

    def whole_power(self, power: int, parts: Sequence[Operand]) -> Operand:
        half = self.add("multiply", parts[0], parts[0])
        if power <= 3:
            return half if power == 2 else self.add("multiply", half, parts[0])
        return self.add("multiply", half, parts[1]) if power % 2 else half


def _is_number(algebra: Algebra, e: Any) -> bool:
    """Whether an expression is made of literals alone."""
    return all(algebra.symbols[s][0] == "k" for s in e.free_symbols)
