"""Names, literals, operators, displays, comprehensions; and conditions, which evaluate no more than Python does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from symdiff.errors import LocatedOverflowError
from symdiff.frontend.abstract import Abstract, Closure, Complex, DictObject, Known, ListObject, Optional, Tuple, now
from symdiff.frontend.branches import fork
from symdiff.frontend.comparisons import both, compare, logical_not
from symdiff.frontend.core import Parser
from symdiff.frontend.deferred import makes_text, text_operator
from symdiff.frontend.operators import OPERATORS, binary
from symdiff.frontend.scope import Scope
from symdiff.frontend.statements import make_closure
from symdiff.frontend.tables import expression
from symdiff.ir.graph import CONSTANT, Node, Value
from symdiff.ops.primitive import Primitive

__all__ = ["condition"]

MOST_CHOICES = 4


@expression(ast.Name)
def name(p: Parser, node: ast.Name) -> Abstract:
    """A variable."""
    return p.lookup(node.id)


@expression(ast.Constant)
def constant(p: Parser, node: ast.Constant) -> Abstract:
    """A literal: numbers are constants of the graph."""
    if isinstance(node.value, bool | int | float):
        if isinstance(node.value, int) and abs(node.value) >= 2**63:
            p.refuse(LocatedOverflowError, f"{node.value} does not fit into 64 bits", "write it as a float")
        return p.constant(node.value)
    if isinstance(node.value, complex):
        return Complex(p.constant(node.value.real), p.constant(node.value.imag))
    return Known(node.value)


@expression(ast.BinOp)
def binary_operation(p: Parser, node: ast.BinOp) -> Abstract:
    """``a op b``; a long sum leans to the left, so that side is walked in a loop."""
    spine: list[ast.BinOp] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        spine.append(left)
        left = left.left
    result = p.evaluate(left)
    for link in reversed(spine):
        right = p.evaluate(link.right)
        p.at(link)
        if makes_text(p, link.op, result, right):
            result = text_operator(p, link.op, result, right)
            continue
        result = binary(p, OPERATORS[type(link.op)], result, right)
    return result


@expression(ast.Tuple)
def tuple_display(p: Parser, node: ast.Tuple) -> Tuple:
    """``(a, b)``."""
    return Tuple(tuple(p.evaluate_all(node.elts)))


@expression(ast.List)
def list_display(p: Parser, node: ast.List) -> ListObject:
    """``[a, b]``."""
    return ListObject(tuple(p.evaluate_all(node.elts)))


@expression(ast.Dict)
def dict_display(p: Parser, node: ast.Dict) -> DictObject:
    """``{"a": a}`` with keys known while parsing."""
    items: dict[Any, Abstract] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            found = p.evaluate(value)
            found = p.resolver.materialise(p.build, found) if isinstance(found, Known) else found
            if not isinstance(found, DictObject):
                p.unsupported("'**' in a dict takes a dict")
            items.update(p.memory.content(found))
        else:
            items[p.static(p.evaluate(key), "a key of a dict")] = p.evaluate(value)
    return DictObject(items)


@expression(ast.Lambda)
def lambda_expression(p: Parser, node: ast.Lambda) -> Closure:
    """A function object."""
    return make_closure(p, node)


@expression(ast.Attribute)
def attribute_expression(p: Parser, node: ast.Attribute) -> Abstract:
    """``a.name``."""
    owner = p.evaluate(node.value)
    p.at(node)
    return p.attribute(owner, node.attr)


# -- conditions --------------------------------------------------------------------------------------------------------


def condition(p: Parser, node: ast.expr) -> Value:
    """The truth of an expression."""
    if isinstance(node, ast.BoolOp):
        return _chain(p, [_Test(p, part) for part in node.values], isinstance(node.op, ast.And))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = condition(p, node.operand)
        p.at(node)
        return logical_not(p, inner)
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return _comparisons(p, node)
    item = p.evaluate(node)
    p.at(node)
    return p.truth(item)


class _Test:
    """One operand of ``and`` / ``or``, evaluated when it is its turn."""

    def __init__(self, p: Parser, node: ast.expr) -> None:
        self.p, self.node = p, node

    def __call__(self) -> Value:
        return condition(self.p, self.node)


def _chain(p: Parser, tests: Sequence[Any], is_and: bool) -> Value:
    """``a and b and ...``: what comes later runs only where it must."""
    first = tests[0]()
    if len(tests) == 1:
        return first
    decided = p.decided(first)
    if decided is not None:
        return _chain(p, tests[1:], is_and) if decided is is_and else first
    where = p.build.where
    inner = p.build.inner()
    inner.assumed.append((first, is_and))
    rest = _without_effect(p, inner, lambda: _chain(p, tests[1:], is_and))
    inner.assumed.clear()
    p.build.where = where
    if rest is None:
        take = (lambda: _chain(p, tests[1:], is_and)), (lambda: p.constant(not is_and))
        found: Value = fork(p, first, *(take if is_and else take[::-1]), lambda name: True)  # type: ignore[assignment]
        return found
    if all(_is_harmless(node) for node in inner.nodes):
        p.build.absorb(inner)
        return _connect(p, first, rest, is_and)
    return _lazy(p, first, inner, rest, is_and)


def _without_effect(p: Parser, inner: Scope, evaluate: Callable[[], Any]) -> Any | None:
    """What is evaluated in a block of its own; None where that assigns names or changes objects from outside."""
    before, start = p.frame.names, now()
    p.frame.names = dict(before)
    p.memory.push()
    try:
        with p.inside(inner):
            found = evaluate()
        changed = any(item.serial < start for item in p.memory.layers[-1])
        return None if changed or p.frame.names != before else found
    finally:
        p.memory.pop()
        p.frame.names = before


def _connect(p: Parser, a: Value, b: Value, is_and: bool) -> Value:
    if is_and:
        return both(p, a, b)
    decided = p.decided(b)
    if decided is not None:
        return b if decided else a
    return p.emit("logical_or", a, b)


def _lazy(p: Parser, first: Value, inner: Scope, rest: Value, is_and: bool) -> Value:
    shortcut = p.build.inner()
    with p.inside(shortcut):
        other = p.constant(not is_and)
    taken, skipped = inner.finish((), [rest]), shortcut.finish((), [other])
    blocks = (taken, skipped) if is_and else (skipped, taken)
    return p.build.if_(first, *blocks, types=[rest.type])[0]


# Python's ints are checked for overflow, so a product that Python would not have computed is not computed here either.
_CHECKED_INTS = frozenset({"multiply", "power", "left_shift"})


def _is_harmless(node: Node) -> bool:
    """Whether a node can be evaluated though Python would not: it cannot fail, and costs little."""
    if node.op is CONSTANT:
        return True
    if not isinstance(node.op, Primitive) or not node.op.elementwise or node.output.type.shape:
        return False
    if node.output.type.kind != "python":
        return True
    return not node.op.checks and not (node.op.name in _CHECKED_INTS and node.output.type.is_integer)


def _comparisons(p: Parser, node: ast.Compare) -> Value:
    """``a < b < c``: b is evaluated once, c only where ``a < b`` holds."""
    operands: list[Abstract] = [p.evaluate(node.left)]

    def link(position: int) -> Any:
        def test() -> Value:
            # the link may be asked again, in another block
            operands[position + 1 :] = [p.evaluate(node.comparators[position])]
            p.at(node)
            return p.truth(compare(p, node.ops[position], operands[position], operands[position + 1]))

        return test

    return _chain(p, [link(i) for i in range(len(node.ops))], True)


@expression(ast.Compare)
def comparison(p: Parser, node: ast.Compare) -> Abstract:
    """A comparison as a value."""
    if len(node.ops) > 1:
        return _comparisons(p, node)
    left = p.evaluate(node.left)
    right = p.evaluate(node.comparators[0])
    p.at(node)
    return compare(p, node.ops[0], left, right)


@expression(ast.BoolOp)
def boolean_operation(p: Parser, node: ast.BoolOp) -> Abstract:
    """``a and b`` as a value: one of the operands."""
    return _values(p, node, node.values, isinstance(node.op, ast.And))


def _values(p: Parser, node: ast.BoolOp, parts: Sequence[ast.expr], is_and: bool) -> Abstract:
    if _is_choice(parts, is_and):
        return _choice(p, node, parts, is_and)
    first = p.evaluate(parts[0])
    if len(parts) == 1:
        return first
    p.at(node)
    test = p.truth(first)
    decided = p.decided(test)
    if decided is not None:
        return _values(p, node, parts[1:], is_and) if decided is is_and else first
    if isinstance(first, Value) and first.type.dtype == "bool":
        quick = _quick(p, node, test, parts, is_and)
        if quick is not None:
            return quick
    rest = lambda: _values(p, node, parts[1:], is_and)  # noqa: E731
    here = lambda: p.settled(first) if isinstance(first, Optional) else first  # noqa: E731
    take = (rest, here) if is_and else (here, rest)
    return fork(p, test, *take, lambda name: True)


def _is_choice(parts: Sequence[ast.expr], is_and: bool) -> bool:
    """Whether it begins as ``(c and v) or w`` does, whose value is never that of ``c``."""
    first, rest = parts[0], parts[1:]
    if not rest or not isinstance(first, ast.BoolOp) or isinstance(first.op, ast.And) is is_and:
        return False
    last = first.values[-1]
    is_truth = isinstance(last, ast.Compare) or (isinstance(last, ast.UnaryOp) and isinstance(last.op, ast.Not))
    # what follows is written twice
    return not is_truth and sum(isinstance(part, ast.BoolOp) for part in parts) <= MOST_CHOICES


def _choice(p: Parser, node: ast.BoolOp, parts: Sequence[ast.expr], is_and: bool) -> Abstract:
    """``(c and v) or w`` as ``(v or w) if c else w``; ``(c or v) and w`` as ``w if c else (v and w)``."""
    first: ast.BoolOp = parts[0]  # type: ignore[assignment]
    tests, value = first.values[:-1], first.values[-1]
    test = condition(p, tests[0] if len(tests) == 1 else ast.copy_location(ast.BoolOp(first.op, tests), first))
    p.at(node)
    asks = lambda: _values(p, node, [value, *parts[1:]], is_and)  # noqa: E731
    skips = lambda: _values(p, node, parts[1:], is_and)  # noqa: E731
    take = (skips, asks) if is_and else (asks, skips)
    decided = p.decided(test)
    if decided is not None:
        return take[0 if decided else 1]()
    return fork(p, test, *take, lambda name: True)


def _quick(p: Parser, node: ast.BoolOp, test: Value, parts: Sequence[ast.expr], is_and: bool) -> Value | None:
    """Truth values that cannot fail are joined by a row."""
    inner = p.build.inner()
    inner.assumed.append((test, is_and))
    rest = _without_effect(p, inner, lambda: _values(p, node, parts[1:], is_and))
    inner.assumed.clear()
    if not isinstance(rest, Value) or rest.type.dtype != "bool" or rest.type.kind != test.type.kind:
        return None
    if not all(_is_harmless(found) for found in inner.nodes):
        return None
    p.build.absorb(inner)
    return _connect(p, test, rest, is_and)
