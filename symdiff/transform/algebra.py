"""From formulas to SymPy: which rows it sees through, and how numbers and names look to it.

SymPy never sees a double. Small exact fractions are rationals, a literal that is the root of two (or its reciprocal) to
the last digit is that number, and any other literal is a positive symbol. A row that is not in the table of forms is a
function SymPy knows nothing of, so it is carried along but not rewritten.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from symdiff.transform.formula import Formula, Operand, number

__all__ = ["Algebra", "CannotConvertError", "exact_root", "small_fraction"]

LARGEST_EXPONENT = 8
LARGEST_NUMERATOR, LARGEST_DENOMINATOR = 1000, 1024
# A subexpression this large, as a tree, becomes a symbol: SymPy walks trees, and a graph can be an exponential one.
LARGEST_SHARED, LARGEST_TREE = 150, 250
# So does one nested this deep: SymPy recurses.
DEEPEST = 40


class CannotConvertError(Exception):
    """There is no way from here to SymPy, or back."""


def small_fraction(value: float) -> Fraction | None:
    """A double as a fraction that SymPy may calculate with."""
    if not math.isfinite(value) or value == 0.0:
        return None
    fraction = Fraction(value)
    small = abs(fraction.numerator) <= LARGEST_NUMERATOR and fraction.denominator <= LARGEST_DENOMINATOR
    return fraction if small else None


def exact_root(value: float) -> int:
    """1 or -1 where a positive double is the root of two, or its reciprocal, within an ulp; else 0.

    Normal distributions are written with it, and their identities need its square.
    """
    for sign, root in ((1, math.sqrt(2.0)), (-1, math.sqrt(0.5))):
        if abs(value - root) <= math.ulp(root):
            return sign
    return 0


FORMS: Mapping[str, Callable[..., Any]] = {
    "add": lambda sp, a, b: a + b,
    "subtract": lambda sp, a, b: a - b,
    "multiply": lambda sp, a, b: a * b,
    "divide": lambda sp, a, b: a / b,
    "negative": lambda sp, a: -a,
    "positive": lambda sp, a: a,
    "square": lambda sp, a: a**2,
    "reciprocal": lambda sp, a: 1 / a,
    "sqrt": lambda sp, a: sp.sqrt(a),
    "exp": lambda sp, a: sp.exp(a),
    "log": lambda sp, a: sp.log(a),
    "sin": lambda sp, a: sp.sin(a),
    "cos": lambda sp, a: sp.cos(a),
    "sinh": lambda sp, a: sp.sinh(a),
    "cosh": lambda sp, a: sp.cosh(a),
    "tanh": lambda sp, a: sp.tanh(a),
    "erf": lambda sp, a: sp.erf(a),
    "erfc": lambda sp, a: sp.erfc(a),
    "absolute": lambda sp, a: sp.Abs(a),
    "fabs": lambda sp, a: sp.Abs(a),
}


class Algebra:
    """A formula as SymPy expressions.

    Attributes
    ----------
    expressions : list
        The expression of each operation.
    symbols : dict
        What each symbol stands for: an input, an operation that became a symbol, or a literal.
    cuts : list of int
        The operations that became symbols.
    """

    def __init__(self, formula: Formula) -> None:
        import sympy

        self.sp: Any = sympy
        self.formula = formula
        self.symbols: dict[Any, Operand] = {}
        self.literals: dict[float, Any] = {}
        self.cuts: list[int] = []
        self.inputs = [self.symbol(f"x{k:04}", ("i", k), real=True) for k in range(formula.inputs)]
        self.expressions: list[Any] = []
        self.forms: list[Any] = []
        """The expression of each operation, also where that became a symbol."""
        self.read()

    def symbol(self, name: str, operand: Operand, **assumptions: bool) -> Any:
        symbol = self.sp.Symbol(name, **assumptions)
        self.symbols[symbol] = operand
        return symbol

    def read(self) -> None:
        uses = [0] * len(self.formula.operations)
        for _, k in self.mentions():
            uses[k] += 1
        sizes: list[int] = []
        depths: list[int] = []
        for k, operation in enumerate(self.formula.operations):
            parts = [int(v) for kind, v in operation.operands if kind == "n"]
            size = 1 + sum(sizes[v] for v in parts)
            depth = 1 + max((depths[v] for v in parts), default=0)
            form = self.form(operation.row, operation.operands)
            self.forms.append(form)
            if size > LARGEST_TREE or depth > DEEPEST or (uses[k] > 1 and size > LARGEST_SHARED):
                self.cuts.append(k)
                form, size, depth = self.symbol(f"y{k:04}", ("n", k), real=True), 1, 0
            self.expressions.append(form)
            sizes.append(size)
            depths.append(depth)

    def mentions(self) -> Iterator[tuple[int, int]]:
        """Each operation with each that it reads."""
        for k, operation in enumerate(self.formula.operations):
            yield from ((k, int(v)) for kind, v in operation.operands if kind == "n")

    def form(self, row: str, operands: tuple[Operand, ...]) -> Any:
        """A row applied to expressions."""
        if row in ("power", "math_pow") and (exponent := self.exponent(operands[1])) is not None:
            return self.operand(operands[0]) ** exponent
        arguments = [self.operand(x) for x in operands]
        if row in FORMS:
            return FORMS[row](self.sp, *arguments)
        return self.sp.Function(row, real=True)(*arguments)

    def exponent(self, operand: Operand) -> int | None:
        """A small integer that an exponent is known to be."""
        value = number(operand)
        if value is None or not 0.0 < abs(value) <= LARGEST_EXPONENT or not value.is_integer():
            return None
        return int(value)

    def operand(self, operand: Operand) -> Any:
        kind, k = operand
        if kind == "k":
            value = number(operand)
            assert value is not None
            return self.literal(value)
        return self.inputs[int(k)] if kind == "i" else self.expressions[int(k)]

    def literal(self, value: float) -> Any:
        """A double as SymPy may see it."""
        if (fraction := small_fraction(value)) is not None:
            return self.sp.Rational(fraction.numerator, fraction.denominator)
        if not math.isfinite(value):
            raise CannotConvertError("a literal is not finite")
        if value < 0.0:
            return -self.literal(-value)
        if root := exact_root(value):
            return self.sp.sqrt(2) ** root
        # a zero keeps its products, which may be NaN
        if value not in self.literals:
            name = f"k{len(self.literals):04}"
            assumptions = {"positive": True} if value > 0.0 else {"real": True}
            self.literals[value] = self.symbol(name, ("k", value.hex()), **assumptions)
        return self.literals[value]

    def targets(self) -> list[tuple[int, Any]]:
        """What has to be computed: outputs and operations that became symbols, in order, with their expressions."""
        wanted = sorted({*self.formula.outputs, *self.cuts})
        return [(k, self.forms[k]) for k in wanted]
