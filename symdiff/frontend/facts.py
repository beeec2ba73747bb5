"""What follows from the conditions under which a piece of program runs.

In the body of ``if a and (y := f()) > 0`` the condition holds, so ``a`` held, so ``y`` was assigned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symdiff.ir.graph import CONSTANT, IF, Node, Value

__all__ = ["decide"]

Definitions = Mapping[Value, Node]


def decide(definitions: Definitions, facts: Sequence[tuple[Value, bool]], wanted: Value) -> bool | None:
    """Whether a truth value follows from others; None where it does not."""
    known: dict[Value, bool] = {}
    pending = list(facts)
    while pending:
        value, holds = pending.pop()
        value = _plain(definitions, value)
        if value not in known:
            known[value] = holds
            pending += _consequences(definitions, value, holds)
    return _under(definitions, known, wanted)


def _plain(definitions: Definitions, value: Value) -> Value:
    """The truth value that is only converted, from a Python bool to NumPy's or back."""
    node = definitions.get(value)
    while node is not None and node.op.name == "convert" and node.inputs[0].type.dtype == "bool":
        value = node.inputs[0]
        node = definitions.get(value)
    return value


def _constant(definitions: Definitions, value: Value) -> bool | None:
    node = definitions.get(_plain(definitions, value))
    return bool(node.attrs["value"]) if node is not None and node.op is CONSTANT else None


def _consequences(definitions: Definitions, value: Value, holds: bool) -> list[tuple[Value, bool]]:
    node = definitions.get(value)
    if node is None:
        return []
    if node.op.name == "logical_not":
        return [(node.inputs[0], not holds)]
    if node.op.name == ("logical_and" if holds else "logical_or"):
        return [(part, holds) for part in node.inputs]
    if node.op is not IF:
        return []
    place = node.outputs.index(value)
    results = [block.results[place] for block in node.blocks]
    possible = [i for i, result in enumerate(results) if _constant(definitions, result) is not (not holds)]
    return [(node.inputs[0], possible[0] == 0), (results[possible[0]], holds)] if len(possible) == 1 else []


def _under(definitions: Definitions, known: Mapping[Value, bool], wanted: Value) -> bool | None:
    """The truth of a value among what is known."""
    while (wanted := _plain(definitions, wanted)) not in known:
        found = _constant(definitions, wanted)
        node = definitions.get(wanted)
        if found is not None or node is None:
            return found
        condition = _plain(definitions, node.inputs[0]) if node.inputs else wanted
        if node.op is not IF or condition not in known:
            return None
        wanted = node.blocks[0 if known[condition] else 1].results[node.outputs.index(wanted)]
    return known[wanted]
