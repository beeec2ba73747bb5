"""What of the pending graph is to be computed together: what is in use, and whole turns of a loop."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from symdiff.tensors.lazy import Lazy

__all__ = ["held_elsewhere", "whole_turns"]


def held_elsewhere(nodes: Sequence[Lazy], besides: Collection[Lazy]) -> tuple[int, ...]:
    """Places of the nodes that something other than the nodes themselves refers to: a tensor, or a later operation.

    Parameters
    ----------
    nodes : sequence of Lazy
        A list that is the only one to hold them on the caller's behalf.
    besides : collection of Lazy
        Nodes that are not asked about.
    """
    # nodes that were recorded together may share the tuple of their inputs
    among = Counter(x for inputs in {id(v.inputs): v.inputs for v in nodes}.values() for x in inputs if type(x) is Lazy)
    among.update(v.replaces for v in nodes if v.replaces is not None)
    # what is among the keys of the counter has one reference more for that
    expected = [_OURS + among[v] + 1 if v in among else _OURS for v in nodes]
    found = _references(nodes)
    return tuple(k for k, v in enumerate(nodes) if found[k] > expected[k] and v not in besides)


def _references(nodes: Sequence[Any]) -> list[int]:
    count = sys.getrefcount
    return [count(v) for v in nodes]


_OURS = _references([object()])[0]
"""How many references are counted to what only the list refers to."""


def whole_turns(steps: Sequence[Any]) -> int:
    """How many of the steps of a loop belong to whole turns; all of them where they do not repeat.

    The steps at the beginning may come from before the loop: turns are counted from where the repetition begins.
    """
    matched = [0]
    backwards = steps[::-1]
    length = 0
    for step in backwards[1:]:
        while length and step != backwards[length]:
            length = matched[length - 1]
        if step == backwards[length]:
            length += 1
        matched.append(length)
    for repeated in range(len(steps), 1, -1):
        turn = repeated - matched[repeated - 1]
        if 2 * turn <= repeated:
            return len(steps) - repeated % turn
    return len(steps)
