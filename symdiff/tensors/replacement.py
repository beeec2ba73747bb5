"""Stores that are not recorded into what is part of a graph: it goes on to require gradients, as in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.tensors.lazy import Lazy, Operation, known
from symdiff.tensors.plans import materialise

__all__ = ["Replacement", "replaced"]


def replaced(before: Lazy, after: Lazy, passes: bool) -> Lazy:
    """New elements of a part of a graph: gradients go on to what they replace, or end here."""
    materialise([after])
    node = before.operation.node if passes and before.operation is not None else "FillBackward0"
    made = Lazy(Operation("store", _not_recorded, node), (before,), (), after.shape, after.dtype, True)
    made.array, made.custom = after.array, Replacement(before, made, passes)
    return made


def _not_recorded(*_: Any) -> Any:
    raise RuntimeError("a store that was not recorded is not part of a graph")


class Replacement:
    """How cotangents pass a store that is not recorded.

    Attributes
    ----------
    results : tuple of Lazy
    """

    def __init__(self, before: Lazy, after: Lazy, passes: bool) -> None:
        self.before, self.passes, self.results = before, passes, (after,)

    def pull(
        self, cotangents: Sequence[Lazy | None], *, create_graph: bool, retain_graph: bool
    ) -> list[tuple[Lazy, Lazy | None]]:
        """The cotangent of what was replaced: the given one, or zeros."""
        value = self.before
        zeros = known(np.zeros(value.shape, value.dtype.numpy), value.dtype, value.shape)
        return [(value, cotangents[0] if self.passes else zeros)]
