"""Rules of places in lists and of sizes: what is known to be inside need not be looked up."""

from __future__ import annotations

from symdiff.ir.graph import CONSTANT, Value
from symdiff.transform.rules import EXACT, Match, Rule

__all__ = ["PLACES"]

DEEPEST = 6
"""How many operations are looked through for a bound."""


def _least(m: Match, value: Value, depth: int = DEEPEST) -> int | None:
    """A number that an integer is surely not below."""
    made = m.definitions.get(value)
    loop = m.loops.get(value)
    if depth == 0 or (made is None and loop is None):
        return None
    if loop is not None:
        step = m.number(loop.inputs[2])
        return _least(m, loop.inputs[0], depth - 1) if type(step) is int and step > 0 else None
    assert made is not None
    if made.op is CONSTANT:
        known = made.attrs["value"]
        return known if type(known) is int else None
    if made.op.name == "range_length":
        return 0
    if made.blocks or made.op.name not in ("maximum", "minimum", "add", "subtract"):
        return None
    a = _least(m, made.inputs[0], depth - 1)
    if made.op.name == "subtract":
        less = m.number(made.inputs[1])
        return a - less if a is not None and type(less) is int else None
    b = _least(m, made.inputs[1], depth - 1)
    if made.op.name == "maximum":
        return max((x for x in (a, b) if x is not None), default=None)
    if a is None or b is None:
        return None
    return a + b if made.op.name == "add" else min(a, b)


def _inside(m: Match) -> Value | None:
    """A place that is known to be in a list of this length."""
    position, length = m.inputs
    known, least = m.number(position), _least(m, length)
    if type(known) is int:
        if least is None or not (known < least if known >= 0 else -known <= least):
            return None
        return position if known >= 0 else _from_the_end(m, length, -known)
    least = _least(m, position)
    if least is None or least < 0:
        return None
    return position if _is_index_of(m, position, length) or _is_less(m, position, length) else None


def _from_the_end(m: Match, length: Value, back: int) -> Value:
    """``length - back``, in one step where the length is a sum."""
    parts = m.operands(length, "add")
    more = m.number(parts[1]) if parts else None
    if parts is None or type(more) is not int or more < back:
        return m.new("subtract", length, m.constant(back), attrs={"kind": "python"})
    return parts[0] if more == back else m.new("add", parts[0], m.constant(more - back), attrs={"kind": "python"})


def _is_less(m: Match, position: Value, length: Value) -> bool:
    """Whether a length is the position and something positive."""
    terms, sums = [length], DEEPEST
    while sums and (found := next((t for t in terms if m.operands(t, "add")), None)) is not None:
        terms.remove(found)
        terms += m.operands(found, "add") or ()
        sums -= 1
    if position not in terms:
        return False
    terms.remove(position)
    least = [_least(m, term) for term in terms]
    return None not in least and sum(x or 0 for x in least) > 0


def _is_index_of(m: Match, position: Value, length: Value) -> bool:
    """Whether a position is the index of a loop over this length, upwards."""
    loop = m.loops.get(position)
    if loop is None:
        return False
    stop = loop.inputs[1]
    parts = m.operands(length, "range_length") or m.operands(length, "maximum")
    zero_based = parts is not None and (
        (len(parts) == 3 and m.is_number(parts[0], 0) and m.is_number(parts[2], 1) and parts[1] is stop)
        or (len(parts) == 2 and stop in parts)
    )
    return stop is length or zero_based


def _repeated_extreme(m: Match) -> Value | None:
    """``max(max(n, 0), 0)``, and a bound that is kept anyway."""
    if not m.node.output.type.is_integer:
        return None
    for value, beside in (m.inputs, m.inputs[::-1]):
        limit = m.number(beside)
        least = _least(m, value) if type(limit) is int and value.type == m.node.output.type else None
        if least is not None and least >= limit:
            return value
    return None


PLACES: tuple[Rule, ...] = (
    Rule("place inside", ("list_position",), EXACT, "range(n + 1)[-1] = n, for n from 0 on", _inside),
    Rule("kept bound", ("maximum",), EXACT, "max(max(n, 0), 0) = max(n, 0)", _repeated_extreme),
)
