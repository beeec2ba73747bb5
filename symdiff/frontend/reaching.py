"""Which lists, dicts and objects names lead to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.frontend.abstract import Abstract, DictObject, Instance, ListObject, Maybe, Optional, Record, Tuple
from symdiff.frontend.core import Parser
from symdiff.frontend.frames import Frame
from symdiff.frontend.rows import Rows

__all__ = ["reached"]


def reached(p: Parser, except_for: Sequence[str], is_live: Callable[[str], bool]) -> set[Any]:
    """The objects that live names of this function lead to, or names of those around it."""
    found: set[Any] = set()
    work: list[Any] = [item for name, item in p.frame.names.items() if name not in except_for and is_live(name)]
    for frame in _around(p):
        work += frame.names.values()
    while work:
        item = work.pop()
        parts = _parts(p, item)
        if isinstance(item, ListObject | DictObject | Instance):
            if item in found:
                continue
            found.add(item)
        work += parts
    return found


def _around(p: Parser) -> list[Frame]:
    frames = [frame for frame in p.frames if frame is not p.frame]
    frame = p.frame.parent
    while frame is not None:
        if frame not in frames:
            frames.append(frame)
        frame = frame.parent
    return frames


def _parts(p: Parser, item: Abstract) -> Sequence[Any]:
    match item:
        case ListObject():
            content = p.memory.content(item)
            return () if isinstance(content, Rows) else content
        case DictObject() | Instance():
            return tuple(p.memory.content(item).values())
        case Tuple():
            return item.items
        case Record():
            return tuple(item.fields.values())
        case Maybe() | Optional():
            return (item.item,)
    return ()
