"""One pass of the rules over a function: each node once, what it reads being simplified already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symdiff.ir.graph import CONSTANT, FOR, IF, TRY, Block, Function, Node, Value
from symdiff.ir.walk import all_blocks, all_nodes
from symdiff.ops.kinks import SLOPE
from symdiff.transform.preparation import all_definitions
from symdiff.transform.rewriting import Walker, carried_params, loop_parts
from symdiff.transform.rules import EXACT, Match, Rule, by_row, replaces
from symdiff.transform.rules_arithmetic import ARITHMETIC
from symdiff.transform.rules_arrays import ARRAYS
from symdiff.transform.rules_places import PLACES
from symdiff.transform.rules_scaling import SCALING

__all__ = ["RULES", "Applied", "RulePass"]

RULES: tuple[Rule, ...] = (*ARITHMETIC, *ARRAYS, *PLACES, *SCALING)
BY_ROW = by_row(RULES)


@dataclass(frozen=True)
class Applied:
    """A rule that was applied: its name, the node it found, and what came instead."""

    name: str
    before: Node
    after: tuple[Node, ...]
    result: Value | None


class RulePass(Walker):
    """Applies every rule that fits.

    Parameters
    ----------
    function : Function
        What will be walked.
    pinned : set of Value
        Values that must keep their bits: only exact rules apply to them.
    sizes : set of Value
        Values that are sizes, which types mention: they stay.
    single_precision : bool
        Whether the function has values of float32.
    """

    def __init__(self, function: Function, pinned: set[Value], sizes: set[Value], single_precision: bool) -> None:
        super().__init__()
        self.pinned, self.sizes, self.single_precision = pinned, sizes, single_precision
        self.before = function
        self.fused_with = _read_by_sums(function, pinned) if pinned else set()
        self.uses = Counter(_reads(function))
        self.applied: list[Applied] = []
        self.loops: dict[Value, Node] = {}

    @cached_property
    def originals(self) -> dict[Value, Node]:
        """The nodes of the function that is walked."""
        return all_definitions(self.before.block)

    def visit(self, node: Node, nodes: list[Node]) -> None:
        rules = BY_ROW.get(node.op.name, ())
        if rules and (node.output in self.sizes or SLOPE in node.attrs):
            rules = ()
        for rule in rules:
            if rule.exactness != EXACT and node.output in self.pinned:
                continue
            match = Match(node, self.definitions, self.uses, self.loops)
            result = rule.apply(match)
            if result is not None and self.accepts(node.output, node, result, match.nodes):
                for made in match.nodes:
                    self.add(made, nodes)
                self.applied.append(Applied(rule.name, node, tuple(match.nodes), result))
                self.replace(node.outputs, (result,))
                return
        self.add(node, nodes)

    def accepts(self, old: Value, node: Node | None, new: Value, made: Sequence[Node] = ()) -> bool:
        """Whether a value, made by a node, may be replaced by another.

        Types must fit, and no sum of the function itself may be fused otherwise than before.
        """
        if old in self.sizes or not replaces(old.type, new.type, single_precision=self.single_precision):
            return False
        if not all(map(_has_its_shape, made)):
            return False
        if old not in self.fused_with:
            return True
        own = next((n for n in made if new in n.outputs), None)
        return not any(n is not None and _is_product(n) for n in (node, own or self.definitions.get(new)))

    # -- control flow --------------------------------------------------------------------------------------------------

    def chosen(self, node: Node) -> Block | None:
        """The block of an ``if`` whose condition is a literal."""
        made = self.definitions.get(node.inputs[0]) if node.op is IF else None
        if made is None or made.op is not CONSTANT:
            return None
        block = node.blocks[0 if made.attrs["value"] else 1]
        pairs = list(zip(node.outputs, block.results, strict=True))
        risky = (self.origin(result) for output, result in pairs if output in self.fused_with)
        if any(_differ(o, r) for o, r in pairs) or any(n is not None and _is_product(n) for n in risky):
            return None
        self.applied.append(Applied("known branch", node, (), None))
        return block

    def origin(self, value: Value) -> Node | None:
        """The node that makes a value, also one the walk has not come to."""
        return self.definitions.get(self.value(value)) or self.originals.get(value)

    def prepared(self, node: Node) -> Node:
        """What a loop hands on unchanged is its initial value, inside and after it; dead carried values go later."""
        if node.op is IF or node.op is TRY:
            return node
        if node.op is FOR:
            self.loops[node.blocks[0].params[0]] = node
        initials = loop_parts(node)[1]
        carried = [carried_params(node, block) for block in node.blocks]
        for output, initial, result, *params in zip(
            node.outputs, initials, node.blocks[-1].results, *carried, strict=True
        ):
            if not (result is params[-1] or self.is_same(initial, result)) or output.type.kind == "stack":
                continue
            if all(self.accepts(v, None, initial) for v in (output, *params)):
                self.applied.append(Applied("carried unchanged", node, (), initial))
                self.replace((output, *params), (initial,) * (1 + len(params)))
        return node

    def is_same(self, initial: Value, result: Value) -> bool:
        """Whether the value a trip hands on is the initial one: the same value, or the same literal."""
        if self.value(result) is initial:
            return True
        a, b = self.definitions.get(initial), self.origin(result)
        if a is None or b is None or a.op is not CONSTANT or b.op is not CONSTANT or initial.type != result.type:
            return False
        return repr(a.attrs["value"]) == repr(b.attrs["value"])

    def control(self, node: Node, nodes: list[Node]) -> None:
        super().control(node, nodes)
        if node.op is not IF:
            return
        for output, then, otherwise in zip(node.outputs, *(b.results for b in nodes[-1].blocks), strict=True):
            same = then if then is otherwise else self.condition_itself(nodes[-1], output, then, otherwise)
            if same is not None and self.accepts(output, None, same):
                self.applied.append(Applied("same in both branches" if then is otherwise else "known", node, (), same))
                self.replace((output,), (same,))

    def condition_itself(self, node: Node, output: Value, then: Value, otherwise: Value) -> Value | None:
        """The condition of a branch that gives True in one block and False in the other."""
        made = [self.definitions.get(v) for v in (then, otherwise)]
        known = [n.attrs["value"] if n is not None and n.op is CONSTANT else None for n in made]
        condition = node.inputs[0]
        return condition if known == [True, False] and condition.type == output.type else None


def _differ(output: Value, result: Value) -> bool:
    """Whether the output of a branch is of another kind than what it is in one of the blocks."""
    a, b = output.type, result.type
    return (a.dtype, a.kind, a.rank) != (b.dtype, b.kind, b.rank)


def _is_product(node: Node) -> bool:
    return node.op.name == "multiply"


def _reads(function: Function) -> Iterator[Value]:
    """Every mention of a value as an operand or result."""
    for node in all_nodes(function.block):
        yield from node.inputs
    for block in all_blocks(function.block):
        yield from block.results


def _read_by_sums(function: Function, pinned: set[Value]) -> set[Value]:
    """Values of the function itself that a sum reads, perhaps through a loop or branch or within a composite row.

    Lowering fuses a sum with an operand that is a product, so what such a value is defined by may not change.
    """
    found: set[Value] = set()
    for node in all_nodes(function.block):
        if any(o in pinned for o in node.outputs) and not _ignores_products(node.op):
            found.update(node.inputs)
            for block in node.blocks:
                found.update(block.results)
    return found


def _ignores_products(op: Any) -> bool:
    return bool(getattr(op, "elementwise", False)) and op.name not in ("add", "subtract") and op.expand is None


def _has_its_shape(node: Node) -> bool:
    """Whether an elementwise operation gets the shape it is said to have from its operands: numbers alone give none."""
    if not getattr(node.op, "elementwise", False):
        return True
    wanted = node.output.type.shape
    shapes = [v.type.shape for v in node.inputs]
    return all(
        any(back <= len(shape) and shape[-back] == dim for shape in shapes)
        for back, dim in enumerate(reversed(wanted), 1)
    )
