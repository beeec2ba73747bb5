"""How large a size can get in a trip, as far as its formula tells.

The bound of a size is ``max(size at the start of the trip + more, most)``, where ``more`` and ``most`` are known before
the loop. What slices, joined arrays and masks make of a size can be bounded so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symdiff.frontend.core import Parser
from symdiff.frontend.scope import Scope
from symdiff.ir.graph import FOR, IF, Dim, Node, Value
from symdiff.ops.sizes import minus, plus, times

__all__ = ["Bounds", "Upper"]

DEEPEST = 40


@dataclass(frozen=True)
class Upper:
    """At most ``max(size + more, most)``; None for a part that is not there."""

    more: Dim | None
    most: Dim | None


def sizes_of_arguments(p: Parser) -> set[Value]:
    """Sizes that arguments and captured arrays have."""
    given = [*p.argument_of, *(captured.value for captured in p.resolver.captured.values())]
    return {dim for value in given for dim in value.type.shape if isinstance(dim, Value)}


class Bounds:
    """Bounds of sizes in a trip of a loop.

    Parameters
    ----------
    p : Parser
    outer : Scope
        The block around the loop: bounds are sizes of it.
    variable : Value or None
        The size at the start of a trip, in which terms bounds are given.
    known : mapping
        For other sizes that change: the largest they can be.
    natural : set of Value
        Integers that are surely not negative.
    """

    def __init__(
        self,
        p: Parser,
        outer: Scope,
        variable: Value | None,
        known: Mapping[Value, Dim],
        natural: set[Value],
    ) -> None:
        self.p, self.outer, self.variable = p, outer, variable
        self.known, self.naturals = known, natural
        self.arguments = sizes_of_arguments(p)
        self.depth = 0

    def upper(self, dim: Dim) -> Upper | None:
        """A bound of a size, or None where no rule tells one."""
        if isinstance(dim, Value) and dim is self.variable:
            return Upper(0, None)
        if isinstance(dim, Value) and dim in self.known and self.outer.sees(self.known[dim]):
            return Upper(None, self.known[dim])
        found = self.p.build.hoist(dim)
        if self.outer.sees(found):
            return Upper(None, found)
        node = self.p.build.definitions.get(found) if isinstance(found, Value) else None
        if node is None or self.depth > DEEPEST:
            return None
        if node.op is IF:
            position = node.outputs.index(found)
            return self._larger(*(self.upper(block.results[position]) for block in node.blocks))
        if node.op is FOR:
            return self._counted(node, node.outputs.index(found))
        rule = _UPPER.get(node.op.name)
        if rule is None:
            return None
        self.depth += 1
        try:
            return rule(self, node)
        finally:
            self.depth -= 1

    def is_natural(self, dim: Dim) -> bool:
        """Whether an integer is surely not negative."""
        if isinstance(dim, int):
            return dim >= 0
        known = self.p.build.constant_of(dim)
        if known is not None:
            return int(known) >= 0
        if dim is self.variable or dim in self.known or dim in self.naturals:
            return True
        node = self.p.build.definitions.get(dim)
        if node is None:
            return dim in self.arguments
        a = [self.is_natural(v) for v in node.inputs] if node.op.name in _ANY or node.op.name in _ALL else []
        if node.op.name == "range_length" or (node.op.name == "sum" and node.inputs[0].type.dtype == "bool"):
            return True
        if node.op.name == "where":
            return self._is_natural_choice(node)
        return (node.op.name in _ANY and any(a)) or (node.op.name in _ALL and all(a))

    def _is_natural_choice(self, node: Node) -> bool:
        condition, yes, no = node.inputs
        test = self._tested(condition)
        if test is None:
            return self.is_natural(yes) and self.is_natural(no)
        added = test not in self.naturals
        self.naturals.add(test)
        natural = self.is_natural(no)
        self.naturals -= {test} if added else set()
        return natural and self.is_natural(yes)

    def _tested(self, condition: Value) -> Value | None:
        """The integer that a condition compares with 0."""
        test = self.p.build.definitions.get(condition)
        if test is None or test.op.name != "less" or self.p.build.constant_of(test.inputs[1]) != 0:
            return None
        return test.inputs[0]

    # -- rules ---------------------------------------------------------------------------------------------------------

    def _larger(self, *found: Upper | None) -> Upper | None:
        more: Dim | None = None
        most: Dim | None = None
        for bound in found:
            if bound is None:
                return None
            more, most = self.larger(more, bound.more), self.larger(most, bound.most)
        return Upper(more, most)

    def larger(self, a: Dim | None, b: Dim | None) -> Dim | None:
        if a is None or b is None:
            return b if a is None else a
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        for low, high in ((a, b), (b, a)):
            if isinstance(low, int) and low <= 0 and self.is_natural(high):
                return high
        with self.p.inside(self.outer):
            gap = minus(self.p.build, b, a)
            if isinstance(gap, int):
                return b if gap > 0 else a
            return self.p.build.dim(self.p.emit("maximum", self.p.build.size(a), self.p.build.size(b), kind="python"))

    def _shifted(self, bound: Upper | None, by: Dim) -> Upper | None:
        if bound is None:
            return None
        with self.p.inside(self.outer):
            more, most = (None if d is None else plus(self.p.build, d, by) for d in (bound.more, bound.most))
        return Upper(more, most)

    def _add(self, node: Node) -> Upper | None:
        a, b = (self.upper(self.p.build.dim(v)) for v in node.inputs)
        if a is None or b is None:
            return None
        # of max(s + m, c) + max(s + m', c') only one may contain the size
        if a.more is not None and b.more is not None:
            return None
        a, b = (b, a) if b.more is not None else (a, b)
        return None if b.most is None else self._shifted(a, b.most)

    def _subtract(self, node: Node) -> Upper | None:
        a, b = (self.p.build.dim(v) for v in node.inputs)
        bound = self.upper(a)
        less = self.p.build.hoist(b)
        if self.outer.sees(less):
            with self.p.inside(self.outer):
                return self._shifted(bound, minus(self.p.build, 0, less))
        return bound if self.is_natural(b) else None

    def _maximum(self, node: Node) -> Upper | None:
        return self._larger(*(self.upper(self.p.build.dim(v)) for v in node.inputs))

    def _minimum(self, node: Node) -> Upper | None:
        """Either bound is one; that without the size is as good as known."""
        found = [b for b in (self.upper(self.p.build.dim(v)) for v in node.inputs) if b is not None]
        return min(found, key=lambda b: b.more is not None, default=None)

    def _floor_divide(self, node: Node) -> Upper | None:
        divisor = self.p.build.constant_of(node.inputs[1])
        bound = self.upper(self.p.build.dim(node.inputs[0]))
        if bound is None or divisor is None or divisor < 1:
            return None
        more = bound.more
        if more is not None and (not isinstance(more, int) or more > divisor - 1):
            # (size + more) // divisor is at most size only for a small number
            return None
        with self.p.inside(self.outer):
            most = None if bound.most is None else self.larger(bound.most, 0)
        return Upper(None if more is None else 0, most)

    def _multiply(self, node: Node) -> Upper | None:
        a, b = (self.p.build.dim(v) for v in node.inputs)
        bounds = self.upper(a), self.upper(b)
        if any(bound is None or bound.more is not None for bound in bounds):
            return None
        if not (self.is_natural(a) and self.is_natural(b)):
            return None
        left, right = (bound.most for bound in bounds if bound is not None)
        assert left is not None and right is not None
        with self.p.inside(self.outer):
            return Upper(None, times(self.p.build, left, right))

    def _convert(self, node: Node) -> Upper | None:
        return self.upper(node.inputs[0]) if node.inputs[0].type.is_integer else None

    def _where(self, node: Node) -> Upper | None:
        condition, yes, no = node.inputs
        test = self._tested(condition)
        if test is not None and self.is_natural(test):
            return self.upper(self.p.build.dim(no))
        return self._larger(self.upper(self.p.build.dim(yes)), self.upper(self.p.build.dim(no)))

    def _sum(self, node: Node) -> Upper | None:
        """How many elements of a mask are true."""
        mask = node.inputs[0].type
        return self.upper(mask.shape[0]) if mask.dtype == "bool" and mask.rank == 1 else None

    def _range_length(self, node: Node) -> Upper | None:
        start, stop, step = (self.p.build.dim(v) for v in node.inputs)
        if not (isinstance(step, int) and step > 0 and self.is_natural(start)):
            return None
        return self._larger(self.upper(stop), Upper(None, 0))

    def _counted(self, node: Node, position: int) -> Upper | None:
        """A number that an inner loop adds to: no more than there are trips, each of which adds no more than one."""
        start, stop, step = (self.p.build.dim(v) for v in node.inputs[:3])
        initial = self.upper(self.p.build.dim(node.inputs[3 + position]))
        body = node.blocks[0]
        carried = body.params[1 + position]
        inner = Bounds(self.p, self.outer, carried, {}, set())
        inner.depth = self.depth + 1
        each = inner.upper(self.p.build.dim(body.results[position]))
        if each is None or each.most is not None or initial is None or initial.more is not None:
            return None
        trips = self.upper(stop) if step == 1 and self.is_natural(start) else None
        if trips is None or initial.most is None or each.more not in (0, 1):
            return None
        return self._shifted(self._larger(trips, Upper(None, 0)), initial.most)


_ANY = frozenset({"maximum"})
_ALL = frozenset({"convert", "add", "multiply", "minimum", "floor_divide"})

_UPPER: dict[str, Callable[[Bounds, Node], Upper | None]] = {
    "add": Bounds._add,
    "subtract": Bounds._subtract,
    "maximum": Bounds._maximum,
    "minimum": Bounds._minimum,
    "floor_divide": Bounds._floor_divide,
    "multiply": Bounds._multiply,
    "where": Bounds._where,
    "sum": Bounds._sum,
    "convert": Bounds._convert,
    "range_length": Bounds._range_length,
}
