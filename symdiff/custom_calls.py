"""Calls of functions that have a rule of the user's: the function inlined, and its rules as functions of the graph.

What the function computes is computed from arguments that are taken as constants; a node of the row `given` puts it
together with the arguments and the rule. The rules are parsed once for each combination of types, as functions with
parameters of their own, so that a rule may call any function with a rule, also its own.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from symdiff.custom import CustomRule
from symdiff.errors import DtypeError, LocatedTypeError, Location, ShapeError, SymdiffError
from symdiff.frontend.abstract import Abstract, Array, Complex, DictObject, Known, ListObject, Tuple, now
from symdiff.frontend.core import Parser
from symdiff.frontend.program import Path
from symdiff.frontend.rows import Rows
from symdiff.frontend.scope import Scope
from symdiff.frontend.structure import Static, Structure
from symdiff.frontend.targets import bound_arguments
from symdiff.frontend.trees import put_together, take_apart
from symdiff.frontend.walking import walk_scope
from symdiff.ir.graph import Block, Function, Type, Value
from symdiff.ir.shapes import require_same, show_shape
from symdiff.ops import REGISTRY
from symdiff.ops.given import Pull, Push, Rule, given

__all__ = ["call_with_rule"]

Leaf = Value | Static


@dataclass(frozen=True)
class Tree:
    """A value taken apart."""

    structure: Structure
    leaves: tuple[Leaf, ...]

    @property
    def values(self) -> list[Value]:
        return [leaf for leaf in self.leaves if isinstance(leaf, Value)]

    @property
    def floats(self) -> list[Value]:
        return [v for v in self.values if v.type.is_float]


def call_with_rule(p: Parser, target: Known, args: Sequence[Abstract], kwargs: dict[str, Abstract] | Any) -> Abstract:
    """The result of a call, with the rule in the place of its derivative."""
    found: CustomRule = target.object
    path = target.path if target.path is not None else Path(found)
    arguments = _arguments(p, found, args, kwargs)
    function = p.resolver.wrap(p.build, found.function, path.then("attr", "function"))
    result = _value(p, function, found.__name__, arguments)
    values = [v for tree in arguments for v in tree.values if not _is_known(p, v)]
    results = [v for v in result.floats if not _is_known(p, v)]
    if not results or not any(v.type.is_float for v in values):
        return put_together(result.structure, result.leaves, p.wrap)
    rule = _Tracer(p, found, path, arguments, result).rule(len(results))
    outputs = iter(p.build.add_many(given, (*results, *values), {"rule": rule}))
    chosen = set(results)
    leaves = [next(outputs) if isinstance(v, Value) and v in chosen else v for v in result.leaves]
    return put_together(result.structure, leaves, p.wrap)


def _arguments(p: Parser, found: CustomRule, args: Sequence[Abstract], kwargs: Any) -> list[Tree]:
    """The arguments in the order of the signature, defaults filled in."""
    parameters = found.__signature__.parameters
    names = list(parameters)
    bound = bound_arguments(p, Known(found.function), names, args, kwargs)
    if unknown := next((name for name in bound.given if name not in parameters), ""):
        p.refuse(LocatedTypeError, f"{found.__name__}() has no argument {unknown!r}")
    trees = []
    for name, parameter in parameters.items():
        if name not in bound.given and parameter.default is inspect.Parameter.empty:
            p.refuse(LocatedTypeError, f"{found.__name__}() is called without its argument {name!r}")
        item = bound.given.get(name)
        item = p.resolver.wrap(p.build, parameter.default, None, name) if item is None else item
        trees.append(_tree(p, item, f"argument {name!r} of {found.__name__!r}"))
    return trees


def _tree(p: Parser, item: Abstract, what: str) -> Tree:
    structure, leaves = take_apart(p, item)
    for leaf in leaves:
        if isinstance(leaf, Static) and not isinstance(leaf.object, Known | None):
            kind = "complex" if isinstance(leaf.object, Complex) else p.describe(leaf.object)
            p.unsupported(f"{what} holds {kind}, which a rule of the user's cannot take", "pass numbers and arrays")
    return Tree(structure, tuple(leaves))


def _is_known(p: Parser, value: Value) -> bool:
    """Whether a number is part of the program: the rule is parsed with it."""
    return p.build.constant_of(value) is not None


def _value(p: Parser, function: Abstract, name: str, arguments: Sequence[Tree]) -> Tree:
    """What the function computes, from arguments that nothing flows back to."""

    def stopped(leaf: Leaf) -> Leaf:
        varies = isinstance(leaf, Value) and leaf.type.is_float and not _is_known(p, leaf)
        return p.emit("held", leaf) if varies else leaf  # type: ignore[arg-type]

    items = [put_together(t.structure, [stopped(leaf) for leaf in t.leaves], p.wrap) for t in arguments]
    with _no_stores(p, name):
        outcome = p.call(function, items, {})
        return _tree(p, outcome, f"the result of {name!r}")


@contextmanager
def _no_stores(p: Parser, name: str) -> Iterator[list[int]]:
    """Refuse what stores into objects that were there before; what is stored is forgotten.

    Gives a list for the moment before which an object must have been made to count; else it is that of entering.
    """
    start = [now()]
    p.memory.push()
    try:
        yield start
    finally:
        layer = p.memory.pop()
    if any(isinstance(item, Array | ListObject | DictObject) and item.serial < start[-1] for item in layer):
        message = f"{name!r}, which has to do with a rule of the user's, stores into an object from around it"
        p.unsupported(message, "store into a copy, and return it")


# -- rules -------------------------------------------------------------------------------------------------------------


class _Tracer:
    """Makes the rules of a function for the types of one call."""

    def __init__(self, p: Parser, found: CustomRule, path: Path, arguments: Sequence[Tree], result: Tree) -> None:
        self.p, self.found, self.path = p, found, path
        self.arguments, self.result = arguments, result
        self.names = list(found.__signature__.parameters)
        self.outer = p.build
        self.start: list[int] = []

    def rule(self, count: int) -> Rule:
        """The rules, parsed unless they are known."""
        p, found = self.p, self.found
        for name in ("pull", "push"):
            if getattr(found, name) is None:
                p.resolver.guard(self.path.then("attr", name), None, "equal")
        key = (found, found.pull, found.push, *self.key())
        if key in p.rules:
            known: Rule = p.rules[key]
            return known
        rule = p.rules[key] = Rule(found.__name__, count)
        try:
            if found.pull is not None:
                rule.pull = self.traced(found.pull, "pull", self.pull)
            if found.push is not None:
                rule.push = self.traced(found.push, "push", self.push)
        except SymdiffError as error:
            # what only wants the value need not know of it
            rule.error = error
        except BaseException:
            del p.rules[key]
            raise
        return rule

    def key(self) -> Iterator[Any]:
        """What the rules depend on: structures, and types with sizes numbered by their first appearance."""
        numbers: dict[Value, int] = {}
        for tree in (*self.arguments, self.result):
            yield tree.structure
            for leaf in tree.leaves:
                if isinstance(leaf, Static):
                    yield None if leaf.object is None else (type(leaf.object.object), id(leaf.object.object))
                elif self.is_known(leaf):
                    known = self.outer.constant_of(leaf)
                    yield type(known), repr(known)
                else:
                    shape = leaf.type.shape
                    sizes = [d if isinstance(d, int) else (numbers.setdefault(d, len(numbers)),) for d in shape]
                    same = numbers.setdefault(leaf, len(numbers)) if leaf.type.is_integer else None
                    yield leaf.type.dtype, leaf.type.kind, tuple(sizes), same

    # -- parsing -------------------------------------------------------------------------------------------------------

    def traced(self, function: Any, name: str, make: Any) -> Any:
        """Parse a rule in a block of its own."""
        p = self.p
        outer, facts = p.build, p.facts
        self.fresh: dict[Value, Value] = {}
        p.build, p.facts = Scope(slopes=outer.slopes), []
        p.build.where = outer.where
        try:
            with _no_stores(p, getattr(function, "__name__", "rule")) as self.start:
                return make(p.resolver.wrap(p.build, function, self.path.then("attr", name)), function)
        finally:
            p.build, p.facts = outer, facts

    def is_known(self, leaf: Value) -> bool:
        """Whether a number is part of the rule."""
        return self.outer.constant_of(leaf) is not None

    def renewed(self, tree: Tree) -> Tree:
        """A tree of parameters with these types; numbers that are known stay."""
        return Tree(tree.structure, tuple(self.param(leaf) for leaf in tree.leaves))

    def param(self, leaf: Leaf) -> Leaf:
        if isinstance(leaf, Static):
            return leaf
        if self.is_known(leaf):
            return self.p.constant(self.outer.constant_of(leaf))
        if not leaf.type.is_integer:
            return Value(self.type(leaf.type, leaf.type.kind), leaf.hint)
        # an integer may also be a size of an array
        if leaf not in self.fresh:
            self.fresh[leaf] = Value(self.type(leaf.type, leaf.type.kind), leaf.hint)
        return self.fresh[leaf]

    def type(self, type_: Type, kind: str) -> Type:
        size = Type("int64", (), "python")
        for d in type_.shape:
            if isinstance(d, Value) and d not in self.fresh:
                self.fresh[d] = Value(size, d.hint)
        return Type(type_.dtype, tuple(self.fresh[d] if isinstance(d, Value) else d for d in type_.shape), kind)

    def item(self, tree: Tree) -> Abstract:
        return put_together(tree.structure, tree.leaves, self.p.wrap)

    def pull(self, function: Abstract, rule: Any) -> Pull:
        """The rule of reverse mode."""
        arguments, result = [self.renewed(t) for t in self.arguments], self.renewed(self.result)
        cotangents = self.moving(self.result, "g")
        outcome = self.called(function, rule, self.item(cotangents), result, arguments)
        given_back = self.one_each(outcome)
        results: list[Value] = []
        places: list[int | None] = []
        for name, wanted, item in zip(self.names, arguments, given_back, strict=True):
            what = f"the cotangent of {name!r}"
            for leaf, part in zip(wanted.leaves, self.matched(item, wanted, what), strict=True):
                if not isinstance(leaf, Value) or self.p.build.constant_of(leaf) is not None:
                    continue  # of a number that is part of the rule nobody asks
                places.append(None if part is None else len(results))
                results += [] if part is None else [part]
        params = [*cotangents.floats, *self.floats(result), *self.params(arguments)]
        block = Block(tuple(params), tuple(self.p.build.nodes), tuple(results))
        return Pull(Function(f"{self.found.__name__}_vjp", block), tuple(places))

    def push(self, function: Abstract, rule: Any) -> Push:
        """The rule of forward mode."""
        arguments, result = [self.renewed(t) for t in self.arguments], self.renewed(self.result)
        tangents = [self.moving(t, "t") for t in self.arguments]
        moving = Tuple(tuple(map(self.item, tangents)))
        outcome = self.called(function, rule, moving, result, arguments)
        parts = self.matched(outcome, result, "the tangent of the result")
        zero, moving_results = self.p.constant(0.0), set(self.floats(result))
        found = [
            self.zeros(leaf.type, zero) if part is None else part
            for leaf, part in zip(result.leaves, parts, strict=True)
            if isinstance(leaf, Value) and leaf in moving_results
        ]
        given_values = self.params(arguments)
        places = tuple(k for k, v in enumerate(given_values) if v.type.is_float)
        params = [*(v for t in tangents for v in t.floats), *self.floats(result), *given_values]
        block = Block(tuple(params), tuple(self.p.build.nodes), tuple(found))
        return Push(Function(f"{self.found.__name__}_jvp", block), places)

    def zeros(self, type_: Type, zero: Value) -> Value:
        if not type_.shape:
            return zero
        return self.p.build.add(REGISTRY["full"], zero, shape=type_.shape, dtype=type_.dtype)

    def floats(self, tree: Tree) -> list[Value]:
        return [v for v in tree.floats if self.p.build.constant_of(v) is None]

    def params(self, trees: Sequence[Tree]) -> list[Value]:
        return [v for t in trees for v in t.values if self.p.build.constant_of(v) is None]

    def moving(self, tree: Tree, hint: str) -> Tree:
        """New values that move with the floats of a tree, and None for all else."""

        def mover(leaf: Leaf) -> Leaf:
            if not isinstance(leaf, Value) or not leaf.type.is_float or self.is_known(leaf):
                return Static(None)
            return Value(self.type(leaf.type, "numpy"), hint)

        return Tree(tree.structure, tuple(map(mover, tree.leaves)))

    def called(
        self, function: Abstract, rule: Any, moving: Abstract, result: Tree, arguments: Sequence[Tree]
    ) -> Abstract:
        items = [moving, self.item(result), *map(self.item, arguments)]
        self.start.append(now())
        outcome = self.p.call(function, items, {})
        # what it returns is looked at where it is returned
        self.p.build.where = self.returned(rule) or self.p.build.where
        return outcome

    def returned(self, function: Any) -> Location | None:
        """Where a rule returns, if it does so in one place; else where it begins."""
        ready = self.p.prepared.get(function)
        if ready is None:
            return None
        node = ready.node
        found = (
            [n for n in walk_scope(node.body) if isinstance(n, ast.Return)] if hasattr(node, "decorator_list") else []
        )
        place = node.body if isinstance(node, ast.Lambda) else found[0] if len(found) == 1 else node
        where: Location = ready.source.location(place)
        return where

    # -- what rules return ---------------------------------------------------------------------------------------------

    def one_each(self, outcome: Abstract) -> Sequence[Abstract]:
        """The cotangents of the arguments."""
        count = len(self.names)
        plain = isinstance(outcome, Tuple) and outcome.cls is None
        if count == 1 and not (plain and len(outcome.items) == 1 and self.arguments[0].structure.kind != "tuple"):
            return [outcome]
        if plain and len(outcome.items) == count:
            return outcome.items
        has = f"a tuple of {len(outcome.items)}" if plain else self.p.describe(outcome)
        message = f"the vjp rule of {self.found.__name__!r} must return a cotangent for each of its {count} arguments"
        hint = f"a tuple in the order {', '.join(self.names)}, with None where nothing flows back"
        self.p.refuse(LocatedTypeError, f"{message}, not {has}", hint)

    def matched(self, item: Abstract, wanted: Tree, what: str) -> list[Value | None]:
        """For each leaf the value that goes with it, of its shape and dtype."""
        p = self.p
        if isinstance(item, Known) and item.object is None:
            return [None] * len(wanted.leaves)
        if isinstance(item, ListObject) and isinstance(p.memory.content(item), Rows):
            p.unsupported(f"{what} is a list of run-time length", "return arrays")
        structure, leaves = take_apart(p, item)
        found = self.in_order(structure, leaves, wanted.structure, what)
        return [self.fitted(leaf, like, what) for leaf, like in zip(found, wanted.leaves, strict=True)]

    def in_order(self, own: Structure, leaves: Sequence[Leaf], wanted: Structure, what: str) -> Iterator[Leaf]:
        """The leaves as the wanted structure has them: None stands for a whole part, and dicts have no order."""
        if own.kind == "leaf":
            (leaf,) = leaves
            if wanted.kind != "leaf" and (isinstance(leaf, Value) or leaf.object is not None):
                self.differs(what)
            yield from [leaf] * wanted.count
            return
        if (own.kind, own.cls, set(own.labels)) != (wanted.kind, wanted.cls, set(wanted.labels)):
            self.differs(what)
        parts, start = {}, 0
        for label, child in zip(own.labels, own.children, strict=True):
            parts[label] = (child, leaves[start : start + child.count])
            start += child.count
        for label, child in zip(wanted.labels, wanted.children, strict=True):
            yield from self.in_order(*parts[label], child, what)

    def differs(self, what: str) -> None:
        message = f"{what}, as the rule of {self.found.__name__!r} returns it, has another structure"
        self.p.refuse(LocatedTypeError, message, "return the structure of the value itself, or None")

    def fitted(self, leaf: Leaf, like: Leaf, what: str) -> Value | None:
        p = self.p
        if isinstance(leaf, Static):
            if leaf.object is not None:
                p.refuse(LocatedTypeError, f"{what} is {p.describe(leaf.object)}, which is no number")
            return None
        if not isinstance(like, Value) or not like.type.is_float:
            p.refuse(LocatedTypeError, f"{what} is a number, but nothing moves with it: it is no float", "return None")
        return self.of_type(leaf, like.type, what)

    def of_type(self, value: Value, wanted: Type, what: str) -> Value:
        p, shape = self.p, value.type.shape
        message = f"{what} has shape {show_shape(shape)}, and the value itself {show_shape(wanted.shape)}"
        if len(shape) != len(wanted.shape):
            p.refuse(ShapeError, message, "a rule returns arrays of the shape of what they belong to")
        for a, b in zip(shape, wanted.shape, strict=True):
            require_same(p.build, a, b, message)
        weak = value.type.kind == "python" and not value.type.is_array
        if value.type.dtype != wanted.dtype and not weak:
            message = f"{what} has dtype {value.type.dtype}, and the value itself {wanted.dtype}"
            p.refuse(DtypeError, message, f"convert it with .astype(np.{wanted.dtype})")
        if value.type.dtype != wanted.dtype:
            value = p.emit("convert", value, dtype=wanted.dtype, kind=wanted.kind)
        if any(a is not b and a != b for a, b in zip(shape, wanted.shape, strict=True)):
            value = p.build.add(REGISTRY["reshape"], value, shape=wanted.shape)
        return value
