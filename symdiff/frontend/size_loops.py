"""The room for sizes that no formula bounds: the loop is run once for these sizes alone, before it is run.

Of the body and the condition only what the sizes follow from is taken. Where that is what the arrays contain, there is
no such loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symdiff.frontend.carried import Head
from symdiff.frontend.carried_leaves import Leaf
from symdiff.frontend.core import Parser
from symdiff.frontend.extents import Extent
from symdiff.frontend.joined_types import convert_to
from symdiff.frontend.scope import Scope
from symdiff.ir.graph import Block, Dim, Node, Value
from symdiff.ir.rewrite import references, renew, silent

__all__ = ["rooms_by_running"]


def rooms_by_running(head: Head, after: Mapping[Extent, Dim], wanted: Sequence[Extent], test: Block | None) -> bool:
    """Set the room of some sizes to the largest they get; whether that can be.

    Parameters
    ----------
    head : Head
        What the body carries, which was parsed.
    after : mapping
        The sizes at the end of a trip.
    wanted : sequence of Extent
        Those whose room is not known.
    test : Block or None
        The condition of a ``while``, in the same carried values.
    """
    p = head.p
    sizes = [leaf for leaf in head.leaves if leaf.key[1:] and leaf.key[1] in wanted]
    ends = {leaf: p.build.size(after[leaf.key[1]]) for leaf in head.leaves if leaf.key[1:] and leaf.key[1] in after}
    carried = _needed(head, sizes, ends, test)
    if carried is None:
        return False
    leaves, body, condition = carried
    peaks = _run(head, leaves, sizes, ends, body, condition, test)
    for leaf, peak in zip(sizes, peaks, strict=True):
        leaf.key[1].room = p.rooms[leaf.param] = p.build.hoist(p.build.dim(peak))
    return True


def _end(leaf: Leaf, ends: Mapping[Leaf, Value]) -> Value:
    return ends.get(leaf) or leaf.end or leaf.param


def _needed(
    head: Head, sizes: Sequence[Leaf], ends: Mapping[Leaf, Value], test: Block | None
) -> tuple[list[Leaf], list[Node], list[Node]] | None:
    """The carried values that the sizes follow from, and the nodes of the body and of the condition."""
    chosen = dict.fromkeys(sizes)
    condition: list[Node] = []
    if test is not None:
        condition, reached = _slice(test.nodes, test.results)
        chosen.update((leaf, None) for leaf, v in zip(head.leaves, test.params, strict=True) if v in reached)
    while True:
        body, reached = _slice(head.block.nodes, [_end(leaf, ends) for leaf in chosen])
        found = [leaf for leaf in head.leaves if leaf.param in reached and leaf not in chosen]
        if any(leaf.extents for leaf in (*found, *chosen)):
            return None  # what the arrays contain
        if not found:
            break
        chosen.update(dict.fromkeys(found))
    if any(getattr(node.op, "effect", False) for node in _below([*body, *condition])):
        return None
    return [leaf for leaf in head.leaves if leaf in chosen], body, condition


def _slice(nodes: Sequence[Node], results: Iterable[Value]) -> tuple[list[Node], set[Value]]:
    """The nodes that some values follow from, and all values these mention."""
    reached = set(results)
    reached |= {d for v in reached for d in v.type.shape if isinstance(d, Value)}
    found: list[Node] = []
    for node in reversed(nodes):
        if not reached.isdisjoint(node.outputs):
            found.append(node)
            reached.update(references(node))
    return found[::-1], reached


def _below(nodes: Iterable[Node]) -> Iterable[Node]:
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(inner for block in node.blocks for inner in block.nodes)


def _run(
    head: Head,
    leaves: Sequence[Leaf],
    sizes: Sequence[Leaf],
    ends: Mapping[Leaf, Value],
    body: Sequence[Node],
    condition: Sequence[Node],
    test: Block | None,
) -> tuple[Value, ...]:
    """Append the loop for the sizes alone; the largest of each."""
    p = head.p
    initials = [convert_to(p, leaf.initial, leaf.param.type) for leaf in leaves]
    initials += [p.build.size(leaf.key[1].initial) for leaf in sizes]
    mapping: dict[Value, Value] = {}
    params = _fresh([*(leaf.param for leaf in leaves), *(leaf.param for leaf in sizes)], mapping)
    peaks = params[len(leaves) :]
    index = [] if head.index is None else _fresh([head.index], mapping)
    inner = p.build.inner()
    inner.adopt([*index, *params])
    _append(p, inner, body, mapping)
    with p.inside(inner):
        results = [convert_to(p, mapping.get(_end(x, ends), _end(x, ends)), x.param.type) for x in leaves]
        grown = [mapping.get(ends[leaf], ends[leaf]) for leaf in sizes]
        results += [p.emit("maximum", a, b, kind="python") for a, b in zip(peaks, grown, strict=True)]
    hints = [param.hint for param in params]
    hints[len(leaves) :] = ["room"] * len(sizes)
    block = inner.finish([*index, *params], results)
    if test is None:
        assert head.trips is not None
        return p.build.for_(*head.trips.bounds, initials, block, hints)[len(leaves) :]
    known = {v: leaf.param for leaf, v in zip(head.leaves, test.params, strict=True)}
    own: dict[Value, Value] = {}
    asked = _fresh([*(leaf.param for leaf in leaves), *(leaf.param for leaf in sizes)], own)
    own |= {v: own[param] for v, param in known.items() if param in own}
    tested = p.build.inner()
    tested.adopt(asked)
    _append(p, tested, condition, own)
    answers = [own.get(v, v) for v in test.results]
    return p.build.while_(initials, tested.finish(asked, answers), block, hints)[len(leaves) :]


def _fresh(values: Sequence[Value], mapping: dict[Value, Value]) -> list[Value]:
    """New values of the same types; the first of equal ones joins the mapping."""
    made = []
    for value in values:
        made.append(Value(value.type, value.hint if value not in mapping else "room", value.where))
        mapping.setdefault(value, made[-1])
    return made


def _append(p: Parser, build: Scope, nodes: Sequence[Node], mapping: dict[Value, Value]) -> None:
    """Copies of nodes in another block; what they show was or will be shown."""
    with p.inside(build):
        for node in renew(silent(nodes), mapping):
            p.build.append(node)
