"""One pass of symbolic simplification over a function: which regions are looked at, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symdiff.ir.graph import FOR, WHILE, Block, Function, Node, Value
from symdiff.transform.formula import Candidate
from symdiff.transform.preparation import all_definitions
from symdiff.transform.regions import Region, regions_of
from symdiff.transform.replace import replaced
from symdiff.transform.shelf import Shelf, key_of
from symdiff.transform.symbolic import Attempt, search

__all__ = ["Searched", "simplify_regions"]

# Operations that are looked at in one function, in the innermost loops first.
MOST_REGIONS, MOST_OPERATIONS, MOST_GLANCES = 8, 250, 100


@dataclass(frozen=True)
class Searched:
    """A form that was tried on a region."""

    region: Region
    attempt: Attempt


def simplify_regions(
    function: Function, pinned: set[Value], *, full: bool, on_disk: bool
) -> tuple[Function, list[Searched]]:
    """Replace regions by cheaper formulas that are no less accurate.

    Parameters
    ----------
    function : Function
        Any function.
    pinned : set of Value
        Values that must keep their bits; formulas may read them.
    full : bool
        Whether ``sympy.simplify`` is tried whatever the size.
    on_disk : bool
        Whether results are kept in files.

    Returns
    -------
    Function
        The function; the same object where nothing was found.
    list of Searched
        What was tried.
    """
    shelf, searched = Shelf(on_disk=on_disk), []
    changes: dict[Block, list[tuple[Region, Candidate]]] = {}
    for block, region in _selected(function, pinned):
        key = key_of(region.formula, full=full)
        outcome = shelf.find(key, region.formula)
        if outcome is None:
            outcome = search(region.formula, full=full)
            shelf.keep(key, outcome)
        searched += [Searched(region, attempt) for attempt in outcome.attempts]
        if outcome.chosen is not None:
            changes.setdefault(block, []).append((region, outcome.chosen))
    if not changes:
        return function, searched
    return Function(function.name, _rebuilt(function.block, changes)), searched


def _selected(function: Function, pinned: set[Value]) -> list[tuple[Block, Region]]:
    """The regions worth a search, those of the innermost loops first, as many as there is time for."""
    definitions = all_definitions(function.block)
    found: list[tuple[int, int, Block, Region]] = []
    for glance, (depth, block, region) in enumerate(_all_regions(function, pinned, definitions)):
        if glance == MOST_GLANCES:
            break
        if region.worthwhile():
            found.append((-depth, glance, block, region))
    found.sort(key=lambda item: item[:2])
    chosen: list[tuple[Block, Region]] = []
    operations = 0
    for _, _, block, region in found[:MOST_REGIONS]:
        operations += len(region.nodes)
        if operations <= MOST_OPERATIONS:
            chosen.append((block, region))
    return chosen


def _all_regions(
    function: Function, pinned: set[Value], definitions: dict[Value, Node]
) -> Iterator[tuple[int, Block, Region]]:
    """Every region with its block and the number of loops around it."""
    stack = [(0, function.block)]
    while stack:
        depth, block = stack.pop()
        for region in regions_of(block, pinned, definitions):
            yield depth, block, region
        for node in reversed(block.nodes):
            inside = depth + (node.op is FOR or node.op is WHILE)
            stack.extend((inside, inner) for inner in reversed(node.blocks))


def _rebuilt(block: Block, changes: dict[Block, list[tuple[Region, Candidate]]]) -> Block:
    """A block with regions in it, and in the blocks inside it, replaced."""
    nodes = tuple(_rebuilt_node(n, changes) if n.blocks else n for n in block.nodes)
    rebuilt = block
    if any(a is not b for a, b in zip(nodes, block.nodes, strict=True)):
        rebuilt = Block(block.params, nodes, block.results)
    return replaced(rebuilt, changes[block]) if block in changes else rebuilt


def _rebuilt_node(node: Node, changes: dict[Block, list[tuple[Region, Candidate]]]) -> Node:
    blocks = tuple(_rebuilt(b, changes) for b in node.blocks)
    if all(a is b for a, b in zip(blocks, node.blocks, strict=True)):
        return node
    return Node(node.op, node.inputs, node.outputs, node.attrs, blocks, node.where)
