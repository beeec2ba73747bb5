"""From SymPy expressions to rows: which row a function of SymPy is, and an expression as steps that rows take.

The table is made of the rows themselves: a row whose form is a function of SymPy of its arguments, and nothing else, is
that function.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.errors import LocatedValueError, UnknownFunctionError
from symdiff.ops.primitive import REGISTRY

__all__ = ["Steps", "steps_of"]

Apply = Callable[..., Any]
DIGITS = 40
LARGEST_POWER = 2**31


@dataclass(frozen=True)
class Steps:
    """Rows to apply, one after the other.

    Attributes
    ----------
    taken : tuple
        For each step the name of a row, its attributes, and its operands: a number, or the position of an argument or
        (after these) of an earlier step, in a list.
    result : int
        The position of the result.
    """

    taken: tuple[tuple[str, Mapping[str, Any], tuple[Any, ...]], ...]
    result: int

    def run(self, apply: Apply, arguments: Sequence[Any]) -> Any:
        """The result of ``apply(row, *operands, **attrs)`` for each step."""
        values = list(arguments)
        for name, attrs, operands in self.taken:
            values.append(apply(name, *(values[x[0]] if isinstance(x, list) else x for x in operands), **attrs))
        return values[self.result]


def steps_of(name: str, expression: Any, symbols: Sequence[Any]) -> Steps:
    """An expression as steps.

    Raises
    ------
    UnknownFunctionError
        For a function that has no row.
    ValueError
        For a number that is no real one.
    """
    writer = _Writer(name, symbols)
    result = writer.write(expression)
    return Steps(tuple(writer.taken), result[0])


@functools.cache
def _rows() -> dict[tuple[str, int], str]:
    """The row of each function of SymPy, by its name and how many arguments it takes."""
    import sympy

    # the sign of a remainder is that of the divisor in both
    found: dict[tuple[str, int], str] = {("Mod", 2): "remainder"}
    for row in REGISTRY.values():
        if not row.elementwise or row.sympy is None:
            continue
        arguments = sympy.symbols(f"x:{len(row.domain)}", real=True)
        try:
            form = row.symbolic(*arguments)
        except TypeError:  # it takes attributes as well
            continue
        if getattr(form, "args", None) == arguments and not isinstance(form, sympy.Add | sympy.Mul | sympy.Pow):
            found.setdefault((form.func.__name__, len(arguments)), row.name)
    return found


class _Writer:
    """Writes the steps of one expression, each once."""

    def __init__(self, name: str, symbols: Sequence[Any]) -> None:
        import sympy

        self.sp: Any = sympy
        self.name = name
        self.taken: list[tuple[str, Mapping[str, Any], tuple[Any, ...]]] = []
        self.done: dict[Any, Any] = {symbol: [k] for k, symbol in enumerate(symbols)}
        self.count = len(symbols)

    def add(self, row: str, *operands: Any, **attrs: Any) -> list[int]:
        self.taken.append((row, attrs, operands))
        return [self.count + len(self.taken) - 1]

    def write(self, expression: Any) -> Any:
        """The operand that an expression is; inner expressions first, without recursion over its depth."""
        stack = [expression]
        while stack:
            e = stack[-1]
            if e in self.done:
                stack.pop()
                continue
            missing = [x for x in self.parts(e) if x not in self.done]
            if missing:
                stack.extend(missing)
            else:
                stack.pop()
                self.done[e] = self.operand(e)
        return self.done[expression]

    # -- what an expression is made of ---------------------------------------------------------------------------------

    def parts(self, e: Any) -> Sequence[Any]:
        if e in (self.sp.true, self.sp.false) or (not e.free_symbols and not e.is_Relational):
            return ()
        if e.is_Add:
            return [self.unsigned(term)[1] for term in e.args]
        if e.is_Mul:
            _, above, below = self.factors(e)
            return [*above, *below]
        if e.is_Pow:
            base, power = e.base, e.exp
            if power == -1:
                return [base]
            if power.is_Rational and power < 0:
                return [base**-power]
            return [base] if power.is_Rational else [base, power]
        if isinstance(e, self.sp.Piecewise):
            return [x for arm in e.args for x in arm.args]
        if isinstance(e, self.sp.polygamma):
            return [e.args[1]]
        if not self.row(e):
            raise UnknownFunctionError(
                f"the expression of {self.name!r} holds {e.func.__name__}, which is no operation that is known",
                hint="write it with functions that are known, or give a function a rule with sd.custom_rule",
            )
        return list(e.args)

    def row(self, e: Any) -> str:
        """The row of a function; of several arguments, that of two of them."""
        name, count = e.func.__name__, len(e.args)
        several = count > 2 and name in ("Max", "Min", "And", "Or")
        return _rows().get((name, 2 if several else count), "")

    def unsigned(self, term: Any) -> tuple[bool, Any]:
        """Whether a term is subtracted, and its size."""
        negative = bool(term.as_coeff_Mul()[0].is_negative)
        return negative, -term if negative else term

    def factors(self, e: Any) -> tuple[Any, list[Any], list[Any]]:
        """The number in a product, its other factors, and what it is divided by."""
        numbers = [f for f in e.args if not f.free_symbols]
        above: list[Any] = []
        below: list[Any] = []
        for factor in e.args:
            if not factor.free_symbols:
                continue
            power = factor.exp if factor.is_Pow else self.sp.S.One
            under = power.is_Rational and power < 0
            (below if under else above).append(1 / factor if under else factor)
        return self.sp.Mul(*numbers), above, below

    def operand(self, e: Any) -> Any:
        if e in (self.sp.true, self.sp.false):
            return bool(e)
        if not e.free_symbols and not e.is_Relational:
            return self.number(e)
        if e.is_Add:
            return self.sum(e)
        if e.is_Mul:
            return self.product(e)
        if e.is_Pow:
            return self.power(e)
        if isinstance(e, self.sp.Piecewise):
            return self.choice(e)
        return self.function(e)

    def number(self, e: Any) -> float:
        """The double nearest to a number."""
        found = self.sp.N(e, DIGITS)
        if not found.is_real or not found.is_number or not math.isfinite(float(found)):
            raise LocatedValueError(f"the expression of {self.name!r} holds {e}, which is no finite real number")
        return float(found)

    # -- arithmetic ----------------------------------------------------------------------------------------------------

    def sum(self, e: Any) -> Any:
        terms = sorted(e.args, key=self.sp.default_sort_key)
        signed = [self.unsigned(term) for term in terms]
        # 1 - x begins with what is added
        signed.sort(key=lambda part: part[0])
        first, *rest = signed
        total = self.done[first[1]]
        if first[0]:
            total = self.add("negative", total)
        for negative, term in rest:
            total = self.add("subtract" if negative else "add", total, self.done[term])
        return total

    def product(self, e: Any) -> Any:
        number, above, below = self.factors(e)
        operands = [self.done[f] for f in above]
        divisors = [self.done[f] for f in below]
        negative = bool(number.is_negative)
        size = -number if negative else number
        if size.is_Rational and size.q & (size.q - 1):
            # a third is divided by: it has no double
            divisors.append(float(size.q))
            size = self.sp.Integer(size.p)
        if size != 1 or not operands:
            operands.insert(0, self.number(size))
        top = self.chain("multiply", operands)
        made = self.add("divide", top, self.chain("multiply", divisors)) if divisors else top
        return self.add("negative", made) if negative else made

    def chain(self, row: str, operands: Sequence[Any]) -> Any:
        total = operands[0]
        for operand in operands[1:]:
            total = self.add(row, total, operand)
        return total

    def power(self, e: Any) -> Any:
        base, power = e.base, e.exp
        if not power.is_Rational:
            return self.add("power", self.done[base], self.done[power])
        if power < 0:
            return self.add("divide", 1.0, self.done[base if power == -1 else base**-power])
        if power == self.sp.Rational(1, 2):
            return self.add("sqrt", self.done[base])
        exact = int(power) if power.is_Integer and power < LARGEST_POWER else self.number(power)
        return self.add("power", self.done[base], exact)

    # -- functions -----------------------------------------------------------------------------------------------------

    def function(self, e: Any) -> Any:
        if isinstance(e, self.sp.polygamma):
            order, x = self.order(e.args[0]), self.done[e.args[1]]
            return self.add("polygamma", x, order=order) if order else self.add("digamma", x)
        operands = [self.done[a] for a in e.args]
        return self.chain(self.row(e), operands) if len(operands) > 2 else self.add(self.row(e), *operands)

    def order(self, e: Any) -> int:
        if not e.is_Integer or e < 0:
            raise LocatedValueError(f"the expression of {self.name!r} holds polygamma of order {e}, which is no number")
        return int(e)

    def choice(self, e: Any) -> Any:
        """A piecewise expression: the first condition that holds decides; nan where none does."""
        made: Any = math.nan
        for arm in reversed(e.args):
            value, condition = (self.done[x] for x in arm.args)
            made = value if condition is True else self.add("where", condition, value, made)
        return made
