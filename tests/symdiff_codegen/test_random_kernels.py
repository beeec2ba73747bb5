"""Random kernels of loops, branches, stores and vector loops mean the same as text and natively, optimised or not."""

import random

import numpy as np
import pytest

from symdiff_codegen.kernel import Buffer, Kernel, Local, Operand
from symdiff_codegen.targets import Options
from symdiff_codegen.text import run_text
from tests.symdiff_codegen.build import Block, f64, i64
from tests.symdiff_codegen.harness import Native
from tests.symdiff_codegen.test_text import as_list, same_bits

OPS = {"add": 2, "sub": 2, "mul": 2, "min": 2, "max": 2, "neg": 1, "abs": 1, "fma": 3, "copysign": 2, "sqrt": 1}
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


class Generator:
    """Writes a kernel of a few dozen instructions from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        n = Local("i64", "n")
        self.n, self.x, self.y = n, Buffer("x", "f64", (n,)), Buffer("y", "f64", (n,))

    def value(self, block: Block, floats: list[Operand]) -> Local:
        op = self.random.choice(list(OPS))
        result = block.let(op, *(self.random.choice(floats) for _ in range(OPS[op])))
        # Values stay small, so that no infinity makes everything NaN.
        return block.let("fremainder", result, f64(3.7))

    def test(self, block: Block, floats: list[Operand]) -> Local:
        return block.let(self.random.choice(COMPARISONS), *self.random.choices(floats, k=2))

    def fill(self, block: Block, floats: list[Operand], indices: list[Operand], depth: int) -> list[Operand]:
        """Append steps to a block; return the floats that are visible at its end."""
        floats = list(floats)
        for _ in range(self.random.randint(2, 5)):
            kind = self.random.choice(["value", "value", "load", "store", "if", "for", "while", "vector"])
            if kind == "load" and indices:
                floats.append(block.load(self.random.choice([self.x, self.y]), self.random.choice(indices)))
            elif kind == "store" and indices:
                put = self.random.choice([block.store, block.accumulate])
                put(self.y, self.random.choice(indices), self.value(block, floats))
            elif kind in ("if", "for", "while", "vector") and depth < 3:
                floats += getattr(self, kind + "_")(block, floats, indices, depth + 1)
            else:
                floats.append(self.value(block, floats))
        return floats

    def if_(self, block: Block, floats: list[Operand], indices: list[Operand], depth: int) -> list[Local]:
        def side(inner: Block) -> list[Operand]:
            return self.random.sample(self.fill(inner, floats, indices, depth), 2)

        return block.branch(self.test(block, floats), side, side)

    def for_(self, block: Block, floats: list[Operand], indices: list[Operand], depth: int) -> list[Local]:
        def body(inner: Block, i: Local, *params: Local) -> list[Operand]:
            return self.random.choices(self.fill(inner, [*floats, *params], [*indices, i], depth), k=2)

        if self.random.random() < 0.3:
            last = block.let("sub", self.n, i64(1))
            return block.loop(i64(-1), body, *floats[:2], start=last, step=-self.random.randint(1, 3))
        return block.loop(self.n, body, *floats[:2], step=self.random.randint(1, 3))

    def while_(self, block: Block, floats: list[Operand], indices: list[Operand], depth: int) -> list[Local]:
        def test(head: Block, count: Local, value: Local) -> Local:
            return head.let("and", head.let("lt", count, i64(5)), self.test(head, [*floats, value]))

        def body(inner: Block, count: Local, value: Local) -> list[Operand]:
            following = self.fill(inner, [*floats, value], indices, depth)[-1]
            return [inner.let("add", count, i64(1)), following]

        return block.repeat(test, body, i64(0), floats[0])[1:]

    def vector_(self, block: Block, floats: list[Operand], indices: list[Operand], depth: int) -> list[Local]:
        def body(inner: Block, i: Local) -> list[Operand]:
            last = inner.let("sub", inner.let("sub", self.n, i), i64(1))
            loads = inner.load(self.x, last), inner.load(self.y, i), inner.load(self.x, i)
            mine = [*floats, *loads, inner.let("f64", i)]
            for _ in range(4):
                mine.append(self.value(inner, mine))
            mine.append(inner.let("select", self.test(inner, mine), mine[-1], mine[-2]))
            inner.store(self.y, i, mine[-1])
            return [mine[-1], mine[-2], mine[-3]]

        return block.loop(self.n, body, vector=True, reduce=("sum", "max", "min"))

    def kernel(self) -> Kernel:
        block, scalar = Block(), Local("f64", "a")
        floats = self.fill(block, [scalar, f64(0.75), f64(-1.5)], [], 0)
        return block.kernel("random", (self.x, self.y, scalar), *floats[-3:], noalias=True)


@pytest.mark.parametrize("seed", range(40))
def test_random_kernels_mean_the_same(seed: int) -> None:
    kernel = Generator(seed).kernel()
    text = run_text(kernel)
    natives = [Native(kernel), Native(kernel, Options(level=0))]
    for length in (0, 1, 5, 19):
        x, y = np.random.default_rng(seed + length).normal(size=(2, length))
        wanted_y = y.copy()
        wanted = as_list(text(x, wanted_y, 0.3))
        for native in natives:
            given_y = y.copy()
            given = native(x, given_y, 0.3)
            assert all(same_bits(a, np.float64(b)) for a, b in zip(given, wanted, strict=True)), (given, wanted)
            assert same_bits(given_y, wanted_y)
