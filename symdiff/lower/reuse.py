"""Workspace used again: an array that is read no more gives its memory to a later one of the same type and sizes.

Without this a chain of operations on whole arrays would hold every array between them until the call ends.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache
from typing import Any

from symdiff_codegen.kernel import Alloc, Body, Buffer, Const, Fill, Instruction, Mark, Release, View

__all__ = ["reuse_workspace"]


def reuse_workspace(body: Body) -> Body:
    """The body of a kernel with fewer arrays in its workspace; what it computes stays the same.

    Only arrays of the outermost level are looked at: inside of loops nothing is allocated whose sizes stay.
    """
    if sum(isinstance(i, Alloc) for i in body) < 2:
        return body
    return _Reuse(body).run()


class _Reuse:
    """Goes through the instructions in order.

    Attributes
    ----------
    last : dict
        The position of the last instruction that mentions a buffer, or a view of it.
    free : dict
        Buffers that nothing mentions any more, by type and sizes.
    names : dict
        What each buffer is called now.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.mentions = [list(_buffers(i)) for i in body]
        owner: dict[Buffer, Buffer] = {}
        self.last: dict[Buffer, int] = {}
        for k, (instruction, found) in enumerate(zip(body, self.mentions, strict=True)):
            for view, source in _views(instruction):
                owner[view] = owner.get(source, source)
            for buffer in found:
                self.last[owner.get(buffer, buffer)] = k
        self.free: dict[Any, list[Buffer]] = {}
        self.names: dict[Buffer, Buffer] = {}
        self.held: dict[Buffer, int] = {}  # buffers of this level's workspace, and until when
        self.marked: list[tuple[str, set[Buffer]]] = []

    def run(self) -> Body:
        made: list[Instruction] = []
        for k, instruction in enumerate(self.body):
            self._let_go(k)
            match instruction:
                case Alloc(buffer=buffer, zeroed=zeroed):
                    made += self._allocated(buffer, zeroed, instruction)
                    continue
                case Mark(name=name):
                    self.marked.append((name, set()))
                case Release(name=name):
                    self._released(name)
            made.append(self._renamed(instruction, self.mentions[k]))
        return tuple(made)

    def _allocated(self, buffer: Buffer, zeroed: bool, instruction: Instruction) -> list[Instruction]:
        until = self.last[buffer]
        spare = self.free.get(_kind(buffer))
        if not spare:
            self.held[buffer] = until
            for _, inside in self.marked:
                inside.add(buffer)
            return [instruction]
        other = spare.pop()
        self.names[buffer] = other
        self.held[other] = until
        zero = Const(0 if buffer.type[0] == "i" else 0.0, buffer.type)
        return [Fill(other, zero)] if zeroed else []

    def _let_go(self, position: int) -> None:
        for buffer in [b for b, until in self.held.items() if until < position]:
            del self.held[buffer]
            self.free.setdefault(_kind(buffer), []).append(buffer)

    def _released(self, name: str) -> None:
        """What was allocated since the mark is gone."""
        while self.marked:
            found, inside = self.marked.pop()
            for spare in self.free.values():
                spare[:] = [b for b in spare if b not in inside]
            for buffer in inside & self.held.keys():
                del self.held[buffer]
            if found == name:
                return

    def _renamed(self, instruction: Any, found: list[Buffer]) -> Any:
        if not any(b in self.names for b in found):
            return instruction
        return _with_names(instruction, self.names)


def _kind(buffer: Buffer) -> Any:
    return buffer.type, buffer.dims


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(kind))


def _buffers(item: Any) -> Iterator[Buffer]:
    """Every buffer that an instruction mentions, also inside its bodies."""
    stack = [item]
    while stack:
        current = stack.pop()
        if isinstance(current, Buffer):
            yield current
        elif isinstance(current, tuple):
            stack.extend(current)
        elif dataclasses.is_dataclass(current) and not isinstance(current, type):
            stack.extend(getattr(current, name) for name in _fields(type(current)))


def _views(item: Any) -> Iterator[tuple[Buffer, Buffer]]:
    """Every view that an instruction makes, with what it views."""
    stack = [item]
    while stack:
        current = stack.pop()
        if isinstance(current, View):
            yield current.buffer, current.source
        elif isinstance(current, tuple):
            stack.extend(current)
        elif dataclasses.is_dataclass(current) and not isinstance(current, type | Buffer):
            stack.extend(getattr(current, name) for name in _fields(type(current)))


def _with_names(item: Any, names: dict[Buffer, Buffer]) -> Any:
    if isinstance(item, Buffer):
        return names.get(item, item)
    if isinstance(item, tuple):
        changed = tuple(_with_names(part, names) for part in item)
        return item if all(a is b for a, b in zip(changed, item, strict=True)) else changed
    if not dataclasses.is_dataclass(item) or isinstance(item, type):
        return item
    changed_fields = {}
    for name in _fields(type(item)):
        before = getattr(item, name)
        after = _with_names(before, names)
        if after is not before:
            changed_fields[name] = after
    return dataclasses.replace(item, **changed_fields) if changed_fields else item
