"""Looking at integers in order to check them: at once, or in the program that is compiled, whenever it runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.tensors.lazy import Lazy, as_array
from symdiff.tensors.plans import gather, materialise
from symdiff.tensors.tracing import Requirement, current, is_unknown

__all__ = ["compute_now", "is_traced", "require"]


def require(wanted: Requirement) -> None:
    """Raise where a number does not lie in its range; ``{}`` in the message stands for the first that does not."""
    value, trace = wanted.value, current()
    if trace is not None and is_traced(value):
        trace.requirements.append(wanted)
        return
    materialise([value])
    array = np.atleast_1d(as_array(value))
    outside = _outside(array, wanted)
    if outside.size:
        raise wanted.error(wanted.message.format(outside.flat[0]))


def _outside(array: np.ndarray[Any, Any], wanted: Requirement) -> np.ndarray[Any, Any]:
    if not array.size or (array.min() >= wanted.low and array.max() < wanted.high):
        return array[:0]
    wrong = (array < wanted.low) | (array >= wanted.high)
    return array[wrong if wanted.besides is None else wrong & (array != wanted.besides)]


def compute_now(values: list[Lazy]) -> None:
    """Compute values, so that what is pending does not grow from step to step; a program computes them in its turn."""
    if current() is None:
        materialise(values)


def is_traced(value: Lazy) -> bool:
    """Whether only a run of the program that is compiled will tell what a value is."""
    return current() is not None and (is_unknown([value]) or is_unknown(gather([value]).leaves))
