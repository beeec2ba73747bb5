"""What it costs to compute a value again, or to save it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from symdiff.ir.graph import CONSTANT, Node, Value

__all__ = ["cone", "cost_of", "outer_cost", "save_cost"]

# Costs are in scalar additions. A saved scalar is written once and read once, and takes memory for the whole sweep.
SAVE_COST = 8.0
ARRAY_FACTOR = 100.0
EXPENSIVE = 40.0
USUAL_TRIPS = 10.0
# Structural: a put copies where the old array is read again, stacks are consumed by reading.
NEVER_AGAIN = frozenset({"put", "accumulate_at", "push", "pop", "new_stack"})
CHEAP = frozenset(
    {
        "reshape",
        "transpose",
        "broadcast_to",
        "index",
        "sliding_windows",
        "full",
        "arange",
        "convert",
        "pack",
        "stop_gradient",
        "given",
        "held",
    }
)


def cone(
    values: Iterable[Value],
    producers: dict[Value, Node],
    defined: set[Value],
    ready: set[Value],
    sizes: Callable[[Value], Iterable[Value]],
) -> tuple[list[Node], list[Value], list[Value]]:
    """What recomputing values takes: nodes, leaves of this block that cannot be recomputed, and outer values.

    ``sizes`` tells what must be known of an array besides, for it to be read again from where it is kept.
    """
    nodes: dict[Node, None] = {}
    leaves: dict[Value, None] = {}
    outer: dict[Value, None] = {}
    stack = list(values)
    while stack:
        current = stack.pop()
        if current not in defined:
            outer[current] = None
            continue
        if current in ready or current in leaves:
            continue
        node = producers.get(current)
        if node is None or node.blocks or node.op.name in NEVER_AGAIN or _acts(node):
            leaves[current] = None
            stack.extend(sizes(current))
        elif node not in nodes:
            nodes[node] = None
            stack.extend(node.inputs)
            stack.extend(d for o in node.outputs for d in o.type.shape if isinstance(d, Value))
    return list(nodes), list(leaves), list(outer)


def _acts(node: Node) -> bool:
    """Whether running it once more would do something once more."""
    return bool(getattr(node.op, "effect", False))


def outer_cost(value: Value, node: Node | None) -> float:
    """What each trip costs that an array of an enclosing trip must be there in reverse: saved whole, or made again."""
    if not value.type.is_array:
        return 0.0
    whole = save_cost(value)
    again = whole if node is None or node.blocks or node.op.name in NEVER_AGAIN or _acts(node) else cost_of(node)
    return min(again, whole) / USUAL_TRIPS


def size_factor(value: Value) -> float:
    """How much more an array costs than a scalar: sizes are not known, so it is by the number of axes."""
    return ARRAY_FACTOR ** min(value.type.rank, 3)


def save_cost(value: Value) -> float:
    """What it costs to save a value and read it again."""
    return SAVE_COST * size_factor(value)


def cost_of(node: Node) -> float:
    """What it costs to compute a node."""
    if node.op is CONSTANT:
        return 0.0
    factor = max((size_factor(v) for v in node.outputs), default=1.0)
    if node.op.name in CHEAP:
        return 2.0 * factor
    if getattr(node.op, "elementwise", False):
        return float(node.op.cost) * factor  # type: ignore[attr-defined]
    return EXPENSIVE * max([factor, *(size_factor(v) for v in node.inputs)])
