"""Where each piece of workspace will be: decided for the whole kernel before any of it is lowered."""

from __future__ import annotations

from dataclasses import dataclass, field

from .kernel import Alloc, Buffer, Kernel, Mark, Release
from .walk import walk

# Workspace of fixed size up to here stands in the frame, where LLVM may keep it in registers altogether.
_FRAME_BLOCK = 1 << 13
_FRAME_TOTAL = 1 << 15


@dataclass
class Workspace:
    """The places of a kernel's workspace.

    Attributes
    ----------
    framed
        What stands in the frame: small, and of fixed size.
    released
        What comes from the arena and goes back to it before the kernel returns.
    marks
        The marks whose release gives something back.
    """

    framed: set[Buffer] = field(default_factory=set)
    released: dict[Buffer, None] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)


def plan_workspace(kernel: Kernel) -> Workspace:
    """Return where the workspace of a kernel goes."""
    plan, used = Workspace(), 0
    arena: list[Buffer] = []
    heights: dict[str, int] = {}
    for step in walk(kernel.body):
        if isinstance(step, Alloc):
            size = frame_bytes(step.buffer)
            if size is not None and used + size <= _FRAME_TOTAL:
                used += size
                plan.framed.add(step.buffer)
            else:
                arena.append(step.buffer)
        elif isinstance(step, Mark):
            heights[step.name] = len(arena)
        elif isinstance(step, Release):
            given_back = arena[heights[step.name] :]
            plan.released.update(dict.fromkeys(given_back))
            if given_back:
                plan.marks.add(step.name)
    return plan


def frame_bytes(buffer: Buffer) -> int | None:
    """Return the bytes a buffer takes in the frame, or None if it does not go there."""
    size = buffer.static_size
    if size is None or size * buffer.itemsize > _FRAME_BLOCK:
        return None
    # In whole cache lines, and never nothing: two arrays do not have the same address.
    return -(-max(size * buffer.itemsize, 1) // 64) * 64
