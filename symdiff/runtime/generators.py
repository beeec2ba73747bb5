"""The random generators of a call, which native code finds ready when it asks for numbers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from symdiff.ir.graph import Function, Value
from symdiff.ir.walk import all_nodes
from symdiff.lower.draws import DRAWS, Drawing
from symdiff.runtime.statuses import Respecialise

__all__ = ["at_hand", "draws", "run_drawing", "values_of"]

_calls = threading.local()


def draws(graph: Function) -> bool:
    """Whether a function draws random numbers."""
    return any(getattr(node.op, "name", "") in DRAWS for node in all_nodes(graph.block))


@contextmanager
def at_hand(passed: Sequence[Any], may_begin_anew: bool) -> Iterator[None]:
    """Have the generators that were passed lie ready for a call of native code; calls may be made within others."""
    before = getattr(_calls, "generators", None)
    states = [_state(generator) for generator in passed] if may_begin_anew else []
    _calls.generators = dict(enumerate(passed))
    try:
        yield
    except Respecialise:
        # the call begins anew, and draws the same numbers
        for generator, state in zip(passed, states, strict=True):
            _set_state(generator, state)
        raise
    finally:
        _calls.generators = before


def run_drawing(drawing: Drawing, values: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Draw random numbers, or make a generator, for the call that is running."""
    if getattr(_calls, "generators", None) is None:
        _calls.generators = {}  # a unit called by itself: its generators are made inside
    drawing.run(_calls.generators, values, outputs)


def values_of(params: Sequence[Value]) -> list[Value]:
    """The parameters that native code has: all but random generators."""
    return [param for param in params if param.type.kind != "object"]


def _state(generator: Any) -> Any:
    legacy = isinstance(generator, np.random.RandomState)
    return generator.get_state() if legacy else generator.bit_generator.state


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.bit_generator.state = state
