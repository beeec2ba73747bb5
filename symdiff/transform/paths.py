"""Loops whose trips are independent but for sums: the paths of a Monte Carlo estimate, the samples of a likelihood.

What such a loop carries is only ever added to, so the gradient of a sum is the sum of the gradients of what each trip
adds. Each trip is therefore reversed right after it has run, by a cotangent of one, and the total is multiplied by the
sum's cotangent, which is known once the rest of the function is reversed. The history of one trip is kept, not of all.

The terms of the gradient come in the order of the trips, and not in the reverse order, so that it may differ in its
last bits from what a reverse loop gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from symdiff.ir.build import Builder
from symdiff.ir.graph import FOR, IF, WHILE, Block, Function, Node, Value
from symdiff.ir.rewrite import free_values
from symdiff.ops import REGISTRY, Traced
from symdiff.transform.cotangents import Contribution, carrier_of, zero_of
from symdiff.transform.history import History
from symdiff.transform.levels import Level

__all__ = ["Trips", "keeps_much", "only_sums", "times", "trip_as_function"]

MOST_SUMS = 3
"""Each sum takes a reverse sweep of its own."""


# -- which loops -------------------------------------------------------------------------------------------------------


def only_sums(node: Node, live: Sequence[int], wanted: set[Value]) -> bool:
    """Whether the carried values that have a derivative are scalars to which each trip adds, and no more.

    Parameters
    ----------
    node : Node
        A ``for``.
    live : sequence of int
        The carried values that get a cotangent.
    wanted : set of Value
        Values that get a cotangent: what reads a sum otherwise does not matter if nothing flows back from there.
    """
    body = node.blocks[0]
    params = [body.params[1 + k] for k in live]
    if not 0 < len(live) <= MOST_SUMS or not all(p.type.is_float and not p.type.shape for p in params):
        return False
    sums = dict(zip(params, live, strict=True))
    return _only_added(body, sums, wanted) and all(sums.get(body.results[k]) == k for k in live)


def _only_added(block: Block, sums: dict[Value, int], wanted: set[Value]) -> bool:
    """Follow the sums through a block: ``sums`` gains every value that is one of them plus something."""
    for node in block.nodes:
        if node.op in (FOR, WHILE):
            fits = _carried_on(node, sums, wanted)
        elif node.op is IF:
            fits = all(_only_added(arm, sums, wanted) for arm in node.blocks)
            _join(node, [arm.results for arm in node.blocks], sums)
            fits = fits and not any(o in wanted and _mixed(node, k, sums) for k, o in enumerate(node.outputs))
        else:
            fits = _added(node, sums, wanted)
        if not fits:
            return False
    return True


def _mixed(node: Node, position: int, sums: dict[Value, int]) -> bool:
    """Whether an output of a branch is one of the sums in one arm only, or another sum in each."""
    return len({sums.get(arm.results[position]) for arm in node.blocks}) > 1


def _join(node: Node, results: Sequence[Sequence[Value]], sums: dict[Value, int]) -> None:
    for output, *arms in zip(node.outputs, *results, strict=True):
        found = {sums.get(arm) for arm in arms}
        if len(found) == 1 and None not in found:
            sums[output] = sums[arms[0]]


def _carried_on(node: Node, sums: dict[Value, int], wanted: set[Value]) -> bool:
    """An inner loop may carry a sum on, and add to it."""
    initials = node.inputs[3:] if node.op is FOR else node.inputs
    for block in node.blocks:
        params = block.params[1:] if node.op is FOR else block.params
        sums.update((p, sums[i]) for p, i in zip(params, initials, strict=True) if i in sums)
    body = node.blocks[-1]
    if not all(_only_added(block, sums, wanted) for block in node.blocks):
        return False
    for output, initial, result in zip(node.outputs, initials, body.results, strict=True):
        if sums.get(initial) != sums.get(result):
            if output in wanted or any(r in wanted for r in (initial, result)):
                return False
        elif initial in sums:
            sums[output] = sums[initial]
    return True


def _added(node: Node, sums: dict[Value, int], wanted: set[Value]) -> bool:
    """Whether a row adds to at most one of the sums, if anything flows back through it."""
    reads = [k for k, value in enumerate(node.inputs) if value in sums]
    if not reads or not any(output in wanted for output in node.outputs):
        return True
    plain = all(o.type.dtype == node.inputs[reads[0]].type.dtype and not o.type.shape for o in node.outputs)
    if not plain or len(reads) > 1 or node.op.name not in ("add", "subtract") or (node.op.name, reads[0]) == _TAKEN:
        return False
    sums[node.output] = sums[node.inputs[reads[0]]]
    return True


_TAKEN = ("subtract", 1)
"""Where a sum is subtracted from something: it arrives with its sign changed."""


def keeps_much(own: History, outer: History, level: Level, reverse: Iterable[Node]) -> bool:
    """Whether a reverse loop would keep more of each trip than a few numbers: then a trip is reversed at once.

    Parameters
    ----------
    own : History
        What the reverse of one trip keeps of its inner loops and branches.
    outer : History
        That of the function around the loop.
    level : Level
        The body, as a reverse loop would enter it.
    reverse : iterable of Node
        The reverse of one trip.
    """
    inner = [saved for several in own.saved_in.values() for saved in several]
    if any(saved.form != "slot" or _heavy(saved.value, own) for saved in inner):
        return True
    needs = [value for value in free_values(reverse) if value in level.defined]
    known = () if level.index is None else (level.index,)
    return any(_heavy(value, outer) for value in outer.plan(level, needs, known)[0])


def _heavy(value: Value, history: History) -> bool:
    """Whether keeping this of every trip takes much memory, or is kept for being drawn."""
    node = history.definitions.get(value)
    return bool(value.type.shape) or (node is not None and node.op.name == "draw")


# -- the loop that reverses each trip ----------------------------------------------------------------------------------


def trip_as_function(node: Node, live: Sequence[int], outer: Sequence[Value]) -> Function:
    """The body of a loop as a function of what it reads; the values that get a cotangent come last."""
    body = node.blocks[0]
    reads = [v for v in free_values(body.nodes, body.results) if v not in set(body.params)]
    own = set(outer)
    params = (*body.params, *(v for v in reads if v not in own), *outer)
    return Function("trip", Block(params, body.nodes, tuple(body.results[k] for k in live)))


class Trips:
    """The loop with the gradients of its sums carried along.

    Parameters
    ----------
    node : Node
        The loop.
    live : sequence of int
        Positions of its sums among the carried values.
    outer : sequence of Value
        Values from outside the loop that get a cotangent in it.
    """

    def __init__(self, node: Node, live: Sequence[int], outer: Sequence[Value]) -> None:
        self.node, self.outer = node, outer
        self.carriers = {k: [carrier_of(v, node.where) for v in outer] for k in live}
        """For each sum, its gradient by each of the outer values, as a trip finds it."""
        self.gradients: dict[int, list[Value]] = {}
        """The same as the trip leaves it."""

    def rebuilt(self, nodes: Sequence[Node]) -> tuple[tuple[Node, ...], dict[int, list[Value]]]:
        """The loop whose body is ``nodes``, with what it needs before it; and the gradients it ends with."""
        node, body = self.node, self.node.blocks[0]
        before = Builder(raising=False)
        before.where = node.where
        zeros = [zero_of(v, before).value for _ in self.carriers for v in self.outer]
        carriers = [c for several in self.carriers.values() for c in several]
        leaving = [g for k in self.carriers for g in self.gradients[k]]
        finals = {k: [carrier_of(v, node.where) for v in self.outer] for k in self.carriers}
        block = Block((*body.params, *carriers), tuple(nodes), (*body.results, *leaving))
        outputs = (*node.outputs, *(f for several in finals.values() for f in several))
        loop = Node(node.op, (*node.inputs, *zeros), outputs, node.attrs, (block,), node.where)
        return (*before.nodes, loop), finals


def times(g: Traced, rows: Sequence[Value], node: Node, selected: bool) -> Iterator[Contribution]:
    """The cotangent of a sum times its gradients.

    An infinite slope does not poison what the sum does not depend on, and a select that did not choose the sum
    (``selected``: it may have been one of its arms) lets nothing through.
    """
    chosen = REGISTRY["not_equal"](g, 0.0) if selected else None
    steep = _reads_any(g, node.outputs)
    for value in rows:
        row, mask = Traced(g.build, value), chosen
        if steep:
            moved = REGISTRY["not_equal"](row, 0.0)
            mask = moved if chosen is None else REGISTRY["logical_and"](moved, chosen)
        yield Contribution(g * row, mask)


def _reads_any(g: Traced, values: Iterable[Value]) -> bool:
    """Whether a cotangent depends on any of these values (which cannot be told where it comes out of a block)."""
    found, seen, work = set(values), set[Value](), [g.value]
    while work:
        current = work.pop()
        node = g.build.definitions.get(current)
        if current in found or (node is not None and node.blocks):
            return True
        if node is not None and current not in seen:
            seen.add(current)
            work.extend(node.inputs)
    return False
