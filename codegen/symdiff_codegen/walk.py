"""Walks over the instructions of a kernel, without recursion over its length or depth."""

from __future__ import annotations

from collections.abc import Iterator

from .kernel import (
    Accumulate,
    Attempt,
    Body,
    Buffer,
    Copy,
    Fill,
    For,
    Fourier,
    If,
    Instruction,
    Invoke,
    Linalg,
    Matmul,
    Store,
    View,
    While,
)


def blocks(instruction: Instruction) -> tuple[Body, ...]:
    """Return the blocks nested directly in an instruction, in the order they run."""
    if isinstance(instruction, For | Attempt):
        return (instruction.body,)
    if isinstance(instruction, While):
        return instruction.test_body, instruction.body
    if isinstance(instruction, If):
        return instruction.then, instruction.otherwise
    return ()


def walk(body: Body) -> Iterator[Instruction]:
    """Yield the instructions of a body and of all blocks nested in it, each before what it contains."""
    pending = [iter(body)]
    while pending:
        for instruction in pending[-1]:
            yield instruction
            nested = blocks(instruction)
            if nested:
                pending.extend(iter(block) for block in reversed(nested))
                break
        else:
            pending.pop()


def written_buffers(body: Body) -> set[Buffer]:
    """Return the buffers a body writes to, and those it writes to through a view."""
    written: set[Buffer] = set()
    sources: dict[Buffer, Buffer] = {}
    for instruction in walk(body):
        match instruction:
            case Store(buffer=buffer) | Accumulate(buffer=buffer) | Fill(buffer=buffer):
                written.add(buffer)
            case Copy(target=buffer) | Matmul(out=buffer) | Fourier(out=buffer):
                written.add(buffer)
            case Linalg(outputs=buffers) | Invoke(outputs=buffers):
                written.update(buffers)
            case View(buffer=buffer, source=source):
                sources[buffer] = source
    for buffer in tuple(written):
        root = buffer
        while root in sources:
            root = sources[root]
            written.add(root)
    return written
