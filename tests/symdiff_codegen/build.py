"""A few words for writing kernels in tests: values are named by hand only where it matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symdiff_codegen.instructions import result_type
from symdiff_codegen.kernel import (
    Accumulate,
    Alloc,
    Body,
    Buffer,
    Carried,
    Check,
    Const,
    For,
    If,
    Instruction,
    Kernel,
    Let,
    Load,
    Local,
    Merge,
    Operand,
    Output,
    Pop,
    Push,
    Reduction,
    Result,
    ResultSpec,
    Stack,
    Store,
    View,
    While,
)

KIND = {"f64": "float", "f32": "float32", "i64": "int", "i32": "int", "i1": "bool"}


def f64(value: float) -> Const:
    return Const(value, "f64")


def i64(value: int) -> Const:
    return Const(value, "i64")


def vector(name: str, type: str = "f64", length: str = "n") -> Buffer:
    """A parameter of one dimension of its own."""
    return Buffer(name, type, (Local("i64", length),))


class Block:
    """A body under construction."""

    def __init__(self) -> None:
        self.steps: list[Instruction] = []

    @property
    def body(self) -> Body:
        return tuple(self.steps)

    def put(self, step: Instruction) -> None:
        self.steps.append(step)

    def let(self, op: str, *args: Operand, name: str = "t") -> Local:
        target = Local(result_type(op, [arg.type for arg in args]), name)
        self.put(Let(target, op, args))
        return target

    def load(self, buffer: Buffer, *indices: Operand, name: str = "e") -> Local:
        target = Local(buffer.type, name)
        self.put(Load(target, buffer, indices))
        return target

    def store(self, buffer: Buffer, *indices_value: Operand) -> None:
        self.put(Store(buffer, indices_value[:-1], indices_value[-1]))

    def accumulate(self, buffer: Buffer, *indices_value: Operand) -> None:
        self.put(Accumulate(buffer, indices_value[:-1], indices_value[-1]))

    def check(self, condition: Operand, error: int, *args: Operand) -> None:
        self.put(Check(condition, error, args))

    def alloc(self, *dims: Operand, type: str = "f64", zeroed: bool = False, name: str = "w") -> Buffer:
        buffer = Buffer(name, type, dims)
        self.put(Alloc(buffer, zeroed))
        return buffer

    def output(self, slot: int, *dims: Operand, type: str = "f64", zeroed: bool = False, name: str = "y") -> Buffer:
        buffer = Buffer(name, type, dims)
        self.put(Output(buffer, slot, zeroed))
        return buffer

    def view(self, source: Buffer, offset: Operand, *dims: Operand, name: str = "part") -> Buffer:
        buffer = Buffer(name, source.type, dims)
        self.put(View(buffer, source, offset))
        return buffer

    def push(self, stack: Stack, value: Operand) -> None:
        self.put(Push(stack, value))

    def pop(self, stack: Stack, name: str = "top") -> Local:
        target = Local(stack.type, name)
        self.put(Pop(target, stack))
        return target

    def loop(
        self, stop: Operand, body: Callable[..., Sequence[Operand] | None], *inits: Operand,
        start: Operand | None = None, step: Operand | int = 1, vector: bool = False, reduce: Sequence[str] = (),
        name: str = "i",
    ) -> list[Local]:  # fmt: skip
        """A for loop: `body(block, index, *params)` returns what is carried on, or what is reduced."""
        index, inner = Local("i64", name), Block()
        params = [Local(init.type, f"c{position}") for position, init in enumerate(inits)]
        values = body(inner, index, *params) or ()
        outs = [Local(value.type, f"{name}_out") for value in values]
        carried, reductions = (), ()
        if vector:
            reductions = tuple(Reduction(*each) for each in zip(reduce, values, outs, strict=True))
        else:
            carried = tuple(Carried(*each) for each in zip(params, inits, values, outs, strict=True))
        first = i64(0) if start is None else start
        self.put(For(index, first, stop, step, carried, inner.body, vector, reductions))
        return outs

    def repeat(
        self, test: Callable[..., Operand], body: Callable[..., Sequence[Operand]], *inits: Operand
    ) -> list[Local]:
        """A while loop: `test(block, *params)` and `body(block, *params)`."""
        params = [Local(init.type, f"w{position}") for position, init in enumerate(inits)]
        head, inner = Block(), Block()
        condition = test(head, *params)
        nexts = body(inner, *params)
        outs = [Local(init.type, "w_out") for init in inits]
        self.put(While(tuple(map(Carried, params, inits, nexts, outs)), head.body, condition, inner.body))
        return outs

    def branch(
        self, test: Operand, then: Callable[[Block], Sequence[Operand] | None],
        otherwise: Callable[[Block], Sequence[Operand] | None] = lambda block: (),
    ) -> list[Local]:  # fmt: skip
        """An if whose branches return the values to merge."""
        blocks = Block(), Block()
        sides = [side(block) or () for side, block in zip((then, otherwise), blocks, strict=True)]
        outs = [Local(value.type, "merged") for value in sides[0]]
        merges = tuple(Merge(out, *pair) for out, *pair in zip(outs, *sides, strict=True))
        self.put(If(test, blocks[0].body, blocks[1].body, merges))
        return outs

    def kernel(
        self, name: str, params: Sequence[Local | Buffer], *results: Operand, arrays: Sequence[str] = (),
        noalias: bool = False, fastmath: bool = False,
    ) -> Kernel:  # fmt: skip
        """The kernel: arrays take the first slots, then come these scalars."""
        for position, value in enumerate(results):
            self.put(Result(len(arrays) + position, value))
        kinds = [*(f"array:{type}" for type in arrays), *(KIND[value.type] for value in results)]
        return Kernel(name, tuple(params), self.body, tuple(map(ResultSpec, kinds)), noalias, fastmath)
