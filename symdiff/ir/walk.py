"""Going over all nodes of a graph, and what a node does besides computing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symdiff.ir.graph import ACT, CONSTANT, FOR, IF, REQUIRE_EQUAL, TRY, WHILE, Block, Node, Value

__all__ = ["all_blocks", "all_nodes", "can_fail", "constants_of", "has_effect", "may_raise", "shown_values"]

DIVISIONS = frozenset({"divide", "floor_divide", "remainder"})
SAFE = frozenset(
    {"reshape", "transpose", "broadcast_to", "sum", "matmul", "full", "arange", "pack", "diag", "diagonal"}
    | {"sliding_windows", "overlap_add"}
)
"""Operations on whole arrays that cannot fail once their sizes are known to fit."""
FINITE = frozenset({"sin", "cos"})
"""Functions that fail on infinite numbers only, and whose derivatives do so too."""


def all_nodes(block: Block) -> Iterator[Node]:
    """Every node of a block and of the blocks inside it, each before those inside it."""
    stack: list[Iterator[Node]] = [iter(block.nodes)]
    while stack:
        for node in stack[-1]:
            yield node
            if node.blocks:
                stack.extend(iter(inner.nodes) for inner in reversed(node.blocks))
                break
        else:
            stack.pop()


def all_blocks(block: Block) -> Iterator[Block]:
    """The block and every block inside it."""
    yield block
    for node in all_nodes(block):
        yield from node.blocks


def has_effect(node: Node) -> bool:
    """Whether a node must run though nothing reads its outputs: a check of sizes, an effect, or a block with one."""
    return _acts(node) or any(_acts(inner) for block in node.blocks for inner in all_nodes(block))


def constants_of(block: Block) -> dict[Value, Any]:
    """The literals of a block and of those inside it."""
    return {node.output: node.attrs["value"] for node in all_nodes(block) if node.op is CONSTANT}


def can_fail(node: Node, constants: Mapping[Value, Any]) -> bool:
    """Whether an operation on Python scalars may raise because of what it is given.

    That a result is too large does not count: who does not need the result need not hear of it.
    """
    checks: Any = getattr(node.op, "checks", ())
    if not checks or len(node.outputs) != 1 or node.output.type.kind != "python" or node.attrs.get("unchecked"):
        return False
    if node.op.name == "convert" and node.output.type.dtype != "int64":
        return False
    kind = "float" if any(v.type.is_float for v in node.inputs) else "int"
    if not any(not check.after and check.on in ("", kind) for check in checks):
        return False
    known = [constants.get(value) for value in node.inputs]
    if node.op.name in DIVISIONS:
        return not known[1]
    if node.op.name in FINITE:
        return False
    if node.op.name == "power":
        return known[1] is None or known[1] < 0 or known[1] != int(known[1])
    return None in known


def may_raise(node: Node) -> bool:
    """Whether an operation in the body of a ``try`` may raise at all: what surely does not is left out of it."""
    if node.op is REQUIRE_EQUAL or node.op is ACT:
        return True
    if node.op is CONSTANT or node.blocks or node.op.name in SAFE:
        return False
    if not getattr(node.op, "elementwise", False):
        return True
    python = node.outputs[0].type.kind == "python" and not node.attrs.get("unchecked")
    return python and (bool(getattr(node.op, "checks", ())) or node.outputs[0].type.dtype == "int64")


def shown_values(block: Block) -> list[Value]:
    """What effects read, and what decides whether they run."""
    found: list[Value] = []
    for node in block.nodes:
        if node.op is ACT:
            found += node.inputs
        if node.op is TRY:
            found += [v for block in node.blocks for inner in all_nodes(block) for v in (*inner.inputs, *inner.outputs)]
        inside = [value for inner in node.blocks for value in shown_values(inner)]
        if inside or any(n.op is ACT for inner in node.blocks for n in inner.nodes):
            found += [*inside, *node.inputs[: {IF: 1, FOR: 3}.get(node.op, 0)]]
            found += node.blocks[0].results if node.op is WHILE else ()
    return found


def _acts(node: Node) -> bool:
    if node.op is TRY and not node.attrs["clauses"]:
        return True
    return node.op is REQUIRE_EQUAL or node.op is ACT or bool(getattr(node.op, "effect", False))
