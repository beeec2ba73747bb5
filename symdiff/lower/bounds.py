"""What is known of integers: enough to prove most indices inside and most sums free of overflow.

Integers are compared as linear forms over scalars. A loop's index lies between linear forms of its bounds; sizes are
not negative. To prove a form non-negative, indices are replaced by the bound that makes it smallest, innermost first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from symdiff_codegen.kernel import Const, Local, Operand

__all__ = ["Bounds", "Linear"]

# Arrays are smaller than this, so that sums of a few sizes and products with small numbers cannot overflow.
LARGEST_SIZE = 1 << 48
DEEPEST = 12
# Longer sums are not looked into.
MOST_TERMS = 8


@dataclass(frozen=True)
class Linear:
    """``constant + sum(factor * local)``."""

    constant: int = 0
    terms: Mapping[Local, int] = field(default_factory=dict)

    def plus(self, other: Linear, factor: int = 1) -> Linear:
        terms = dict(self.terms)
        for local, times in other.terms.items():
            terms[local] = terms.get(local, 0) + factor * times
        return Linear(self.constant + factor * other.constant, {local: t for local, t in terms.items() if t})


class Bounds:
    """Facts about the integers of a kernel."""

    def __init__(self) -> None:
        self.low: dict[Local, list[Linear]] = {}
        self.high: dict[Local, list[Linear]] = {}
        self.forms: dict[Local, Linear] = {}
        self.sizes: set[Local] = set()
        self.order: dict[Local, int] = {}

    # -- facts ---------------------------------------------------------------------------------------------------------

    def size(self, local: Local) -> None:
        """A dimension of an array that exists."""
        self.sizes.add(local)
        self._note(local, low=Linear(0))

    def _note(self, local: Local, low: Linear | None = None, high: Linear | None = None) -> None:
        self.order.setdefault(local, len(self.order))
        if low is not None:
            self.low.setdefault(local, []).append(low)
        if high is not None:
            self.high.setdefault(local, []).append(high)

    def counted(self, index: Local, start: Operand, stop: Operand, step: Operand | int) -> None:
        """The index of ``range(start, stop, step)``."""
        if isinstance(step, Const):
            step = int(step.value)
        if not isinstance(step, int):
            return
        first, last = self.form(start), self.form(stop)
        if step > 0:
            self._note(index, first, last.plus(Linear(-1)))
        else:
            self._note(index, last.plus(Linear(1)), first)

    def defined(self, target: Local, op: str, args: tuple[Operand, ...]) -> None:
        """The result of an instruction."""
        if target.type != "i64" or any(a.type != "i64" for a in args):
            return
        self.order.setdefault(target, len(self.order))
        forms = [self.form(a) for a in args]
        match op:
            case "add":
                self.forms[target] = forms[0].plus(forms[1])
            case "sub":
                self.forms[target] = forms[0].plus(forms[1], -1)
            case "neg":
                self.forms[target] = Linear().plus(forms[0], -1)
            case "mul" if isinstance(args[1], Const):
                self.forms[target] = Linear().plus(forms[0], int(args[1].value))
            case "mul" if isinstance(args[0], Const):
                self.forms[target] = Linear().plus(forms[1], int(args[0].value))
            case "mul" if all(self.not_negative(form) for form in forms):
                self._note(target, low=Linear(0))
            case "max":
                for form in forms:
                    self._note(target, low=form)
            case "min":
                for form in forms:
                    self._note(target, high=form)
                if all(self.not_negative(form) for form in forms):
                    self._note(target, low=Linear(0))
            case "floordiv" if isinstance(args[1], Const) and args[1].value > 0 and self.not_negative(forms[0]):
                self._note(target, Linear(0), forms[0])
            case "mod" if isinstance(args[1], Const) and args[1].value > 0:
                self._note(target, Linear(0), Linear(int(args[1].value) - 1))

    def form(self, operand: Operand) -> Linear:
        """An operand as a linear form."""
        if isinstance(operand, Const):
            return Linear(int(operand.value))
        form = self.forms.get(operand)
        return form if form is not None and len(form.terms) <= MOST_TERMS else Linear(0, {operand: 1})

    # -- proofs --------------------------------------------------------------------------------------------------------

    def not_negative(self, form: Linear, depth: int = 0) -> bool:
        """Whether a form is proved to be at least 0."""
        counts = all(times > 0 and local in self.sizes for local, times in form.terms.items())
        if counts:
            return form.constant >= 0
        if depth > DEEPEST:
            return False
        return any(self.not_negative(smaller, depth + 1) for smaller in self._smaller(form))

    def _smaller(self, form: Linear) -> Iterator[Linear]:
        """Forms that are at most the given one, by replacing its newest scalar of which anything is known."""
        for local in sorted(form.terms, key=lambda local: self.order.get(local, -1), reverse=True):
            times = form.terms[local]
            bounds = self.low.get(local, ()) if times > 0 else self.high.get(local, ())
            if bounds:
                rest = form.plus(Linear(0, {local: 1}), -times)
                for bound in bounds:
                    yield rest.plus(bound, times)
                return
            if local not in self.sizes:
                return

    def at_least(self, a: Operand, b: Operand) -> bool:
        """Whether ``a >= b`` is proved."""
        return self.not_negative(self.form(a).plus(self.form(b), -1))

    def below(self, a: Operand, b: Operand) -> bool:
        """Whether ``a < b`` is proved."""
        return self.not_negative(self.form(b).plus(self.form(a), -1).plus(Linear(-1)))

    def fits(self, op: str, a: Operand, b: Operand) -> bool:
        """Whether ``a op b`` is proved not to overflow."""
        left, right = self.form(a), self.form(b)
        match op:
            case "add":
                form = left.plus(right)
            case "sub":
                form = left.plus(right, -1)
            case "mul" if not right.terms:
                form = Linear().plus(left, right.constant)
            case "mul" if not left.terms:
                form = Linear().plus(right, left.constant)
            case _:
                return False
        return self._inside(form, upper=True) and self._inside(form, upper=False)

    def _inside(self, form: Linear, *, upper: bool) -> bool:
        """Whether a form is at most (at least) a sum of sizes, or at most (at least) one scalar that exists."""
        signed = form if upper else Linear().plus(form, -1)
        for _ in range(DEEPEST):
            if self._small(signed):
                return True
            following = self._larger(signed)
            if following is None:
                return False
            signed = following
        return False

    def _small(self, form: Linear) -> bool:
        limit = sum(LARGEST_SIZE * t for local, t in form.terms.items() if t > 0 and local in self.sizes)
        others = {local: t for local, t in form.terms.items() if local not in self.sizes}
        if any(t < 0 for t in form.terms.values()) and others:
            return False
        if not others:
            return limit + abs(form.constant) < 1 << 62
        return list(others.values()) == [1] and form.constant <= 0 and limit == 0

    def _larger(self, form: Linear) -> Linear | None:
        for local in sorted(form.terms, key=lambda local: self.order.get(local, -1), reverse=True):
            times = form.terms[local]
            bounds = self.high.get(local, ()) if times > 0 else self.low.get(local, ())
            if bounds:
                return form.plus(Linear(0, {local: 1}), -times).plus(bounds[0], times)
        return None
