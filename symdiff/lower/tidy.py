"""The last touch: scalars that nothing reads are left out of the kernel."""

from __future__ import annotations

import dataclasses

from symdiff_codegen.kernel import (
    Accumulate,
    Alloc,
    Attempt,
    Body,
    Buffer,
    Check,
    Fill,
    For,
    If,
    Instruction,
    Invoke,
    Let,
    Load,
    Operand,
    Output,
    Push,
    Result,
    Store,
    View,
    While,
)

__all__ = ["tidy"]


def tidy(body: Body) -> Body:
    """A body without the scalar operations and loads whose results are not used."""
    return _Tidier().body(body)


class _Tidier:
    """Goes through bodies from the end; ``used`` are the scalars that what follows reads."""

    def __init__(self) -> None:
        self.used: set[Operand] = set()

    def body(self, body: Body) -> Body:
        kept: list[Instruction] = []
        for instruction in reversed(body):
            if isinstance(instruction, (Let, Load)) and instruction.target not in self.used:
                continue
            kept.append(self.instruction(instruction))
        return tuple(reversed(kept))

    def instruction(self, instruction: Instruction) -> Instruction:
        """Note what an instruction reads; tidy the blocks it contains."""
        use = self.used.update
        match instruction:
            case Let(args=args) | Check(args=args):
                use(args)
            case Load(indices=indices):
                use(indices)
        match instruction:
            case Check(condition=condition):
                self.used.add(condition)
            case Store(indices=indices, value=value) | Accumulate(indices=indices, value=value):
                use((*indices, value))
            case Fill(value=value) | Push(value=value) | Result(value=value):
                self.used.add(value)
            case Alloc(buffer=buffer) | Output(buffer=buffer):
                use(buffer.dims)
            case Invoke(args=passed, outputs=outputs):
                for arg in (*passed, *outputs):
                    use(arg.dims if isinstance(arg, Buffer) else (arg,))
            case View(buffer=buffer, offset=offset):
                use((*buffer.dims, offset))
            case For():
                return self.loop(instruction)
            case While():
                return self.while_(instruction)
            case Attempt():
                return dataclasses.replace(instruction, body=self.body(instruction.body))
            case If():
                return self.branch(instruction)
        return instruction

    def loop(self, loop: For) -> For:
        self.used.update((loop.start, loop.stop, *(c.next for c in loop.carried), *(c.init for c in loop.carried)))
        self.used.update(r.value for r in loop.reductions)
        if not isinstance(loop.step, int):
            self.used.add(loop.step)
        return dataclasses.replace(loop, body=self.body(loop.body))

    def while_(self, loop: While) -> While:
        self.used.update((loop.test, *(c.next for c in loop.carried), *(c.init for c in loop.carried)))
        body = self.body(loop.body)
        return dataclasses.replace(loop, test_body=self.body(loop.test_body), body=body)

    def branch(self, branch: If) -> If:
        merges = tuple(m for m in branch.merges if m.out in self.used)
        self.used.update((branch.test, *(m.then for m in merges), *(m.otherwise for m in merges)))
        return dataclasses.replace(
            branch, then=self.body(branch.then), otherwise=self.body(branch.otherwise), merges=merges
        )

