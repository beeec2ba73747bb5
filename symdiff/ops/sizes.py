"""Sizes computed by nodes: the few formulas of integers that shapes need, written as a reader would write them.

A dimension is an int or an integer value. Known ints are folded, a sum of a value and a known int is kept in one step
(``n - 2``, never ``n - 1 - 1``), and since the builder shares equal pure nodes, equal sizes are the same value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from symdiff.ir.build import Builder
from symdiff.ir.graph import Dim, Value
from symdiff.ir.shapes import require_same
from symdiff.ops.arithmetic import add, floor_divide, multiply, subtract
from symdiff.ops.extreme import maximum, minimum
from symdiff.ops.primitive import Primitive

__all__ = ["at_least", "at_most", "ceil_divide", "counting", "minus", "plus", "product", "require_same_count", "times"]


@contextmanager
def counting(build: Builder) -> Iterator[None]:
    """Sizes follow Python's integers in reverse sweeps too, so forward and reverse share them."""
    before, build.raising = build.raising, True
    try:
        yield
    finally:
        build.raising = before


def _node(build: Builder, row: Primitive, a: Dim, b: Dim) -> Dim:
    with counting(build):
        return build.dim(build.add(row, build.size(a), build.size(b)))


def _offset(build: Builder, dim: Dim) -> tuple[Value | None, int]:
    """A size as a value plus a known int."""
    if not isinstance(dim, Value):
        return None, dim
    node = build.definitions.get(dim)
    if node is not None and node.op in (add, subtract):
        known = build.constant_of(node.inputs[1])
        if known is not None:
            return node.inputs[0], int(known) if node.op is add else -int(known)
    return dim, 0


def plus(build: Builder, a: Dim, b: Dim) -> Dim:
    """``a + b``."""
    (base, more), (other, most) = _offset(build, a), _offset(build, b)
    if base is not None and other is not None:
        return _shift(build, _node(build, add, base, other), more + most)
    joined = base if base is not None else other
    return more + most if joined is None else _shift(build, joined, more + most)


def minus(build: Builder, a: Dim, b: Dim) -> Dim:
    """``a - b``."""
    (base, more), (other, less) = _offset(build, a), _offset(build, b)
    if base is other:
        return more - less
    if other is None:
        return _shift(build, a if base is None else base, more - less)
    return _node(build, subtract, _shift(build, 0 if base is None else base, more - less), other)


def _shift(build: Builder, base: Dim, known: int) -> Dim:
    if isinstance(base, int):
        return base + known
    if known == 0:
        return base
    return _node(build, add, base, known) if known > 0 else _node(build, subtract, base, -known)


def times(build: Builder, a: Dim, b: Dim) -> Dim:
    """``a * b``."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if isinstance(a, int):
        a, b = b, a
    if isinstance(b, int) and b in (0, 1):
        return 0 if b == 0 else a
    return _node(build, multiply, a, b)


def product(build: Builder, sizes: Sequence[Dim]) -> Dim:
    """The product of sizes: values in their order, then the known ints as one."""
    result: Dim = 1
    known = 1
    for size in sizes:
        if isinstance(size, int):
            known *= size
        else:
            result = times(build, result, size)
    return times(build, result, known)


def at_least(build: Builder, a: Dim, low: int) -> Dim:
    """``max(a, low)``."""
    if isinstance(a, int):
        return max(a, low)
    base, known = _offset(build, a)
    node = build.definitions.get(base) if base is not None else None
    # max(max(m, 0) - k, 0) is max(m - k, 0)
    if low == 0 and known <= 0 and node is not None and node.op is maximum and build.constant_of(node.inputs[1]) == 0:
        a = plus(build, node.inputs[0], known)
        if known == 0:
            return base if base is not None else a
    return _node(build, maximum, a, low)


def at_most(build: Builder, a: Dim, b: Dim) -> Dim:
    """``min(a, b)``."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    return a if a is b else _node(build, minimum, a, b)


def ceil_divide(build: Builder, a: Dim, b: int) -> Dim:
    """``a / b`` rounded up, for a known positive ``b``."""
    if b == 1:
        return a
    if isinstance(a, int):
        return -(-a // b)
    return _node(build, floor_divide, plus(build, a, b - 1), b)


def require_same_count(build: Builder, a: Sequence[Dim], b: Sequence[Dim], message: str) -> None:
    """Refuse, now or when the program runs, unless two shapes hold as many elements."""
    rest = list(b)
    left = []
    for dim in a:
        if isinstance(dim, Value) and any(dim is other for other in rest):
            rest.remove(dim)
        else:
            left.append(dim)
    require_same(build, product(build, left), product(build, rest), message)
