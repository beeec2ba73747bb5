"""How circles of calls are found while a function is parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from symdiff.frontend.core import Parser
from symdiff.frontend.cycles import Key, Learned, site_of
from symdiff.frontend.frames import Frame
from symdiff.frontend.machine import Machine

__all__ = ["is_repeated", "learn_circle", "machine_of"]


def machine_of(p: Parser, key: Key) -> Machine | None:
    """The loop being parsed that a function is part of."""
    found = (running.machine for running in reversed(p.recursions.values()))
    return next((machine for machine in found if key in machine.group), None)


def learn_circle(p: Parser, key: Key, frames: Sequence[Frame]) -> NoReturn:
    """A function is called inside its own call: note the functions between, and where they call."""
    start = _of_piece(p, key)
    if start is None:
        start = max(position for position, frame in enumerate(frames) if frame.key == key)
    between = [frame for frame in frames[start:] if frame.key is not None]
    calls = [frame.calling for frame in between]
    found = p.cycles
    if None not in calls:
        sites = frozenset(site_of(f.source, f.calling) for f in between if f.calling is not None)
        keys = frozenset(f.key for f in between if f.key is not None)
        found = p.cycles.with_circle(keys | {key}, sites)
    if found == p.cycles:
        p.unsupported(
            f"{key[0]!r} calls itself as often as its data say, and not by a call that stands in its text",
            "call it there by its name, without another function between, or write a loop",
        )
    raise Learned(found)


def is_repeated(p: Parser, key: Key) -> bool:
    """Whether a function of a circle is called again by what the piece being parsed calls."""
    start = _of_piece(p, key)
    return start is not None and any(frame.key == key for frame in p.frames[start + 1 :])


def _of_piece(p: Parser, key: Key) -> int | None:
    """Where the piece stands among the calls that is being parsed of a function's circle."""
    running = [(position, p.recursions.get(frame)) for position, frame in enumerate(p.frames) if frame.key is not None]
    found = [position for position, piece in running if piece is not None and key in piece.machine.group]
    return found[-1] if found else None
