"""Large recorded graphs in segments: pieces of a size that is compiled, which share their code where they are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from symdiff.tensors.lazy import Lazy

__all__ = ["SIZE", "Segment", "segments"]

SIZE = 256
"""Operations of a segment at most, and half as many at least."""


@dataclass(eq=False, slots=True)
class Segment:
    """Operations that follow each other.

    Attributes
    ----------
    nodes : list of Lazy
    entering : list of Lazy
        What they read of what comes before, and of leaves.
    """

    nodes: list[Lazy]
    entering: list[Lazy]


def segments(nodes: Sequence[Lazy]) -> list[Segment]:
    """Cut a graph, whose nodes are in order, where few values pass from one side to the other."""
    found = []
    for begin, end in pairwise(_cuts(_crossing(nodes))):
        inside = dict.fromkeys(nodes[begin:end])
        entering = dict.fromkeys(x for v in inside for x in v.inputs if type(x) is Lazy and x not in inside)
        found.append(Segment(list(inside), list(entering)))
    return found


def _crossing(nodes: Sequence[Lazy]) -> list[int]:
    """For each place between two nodes, and both ends, how many values of nodes before it are read after it."""
    place = {v: k for k, v in enumerate(nodes)}
    last = list(range(len(nodes)))
    for k, node in enumerate(nodes):
        for x in node.inputs:
            at = place.get(x) if type(x) is Lazy else None
            if at is not None:
                last[at] = k
    steps = [0] * (len(nodes) + 2)
    for k, end in enumerate(last):
        steps[k + 1] += 1
        steps[end + 1] -= 1
    return list(accumulate(steps[:-1]))


def _cuts(crossing: Sequence[int]) -> list[int]:
    """Places to cut at, with both ends; among equals the last, so that a graph that repeats itself is cut alike."""
    end = len(crossing) - 1
    cuts = [0]
    while end - cuts[-1] > SIZE:
        window = range(cuts[-1] + SIZE, cuts[-1] + SIZE // 2 - 1, -1)
        cuts.append(min(window, key=crossing.__getitem__))
    return [*cuts, end]
