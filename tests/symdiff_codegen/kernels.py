"""Small kernels that use every instruction, each with arguments to call it with.

Adding a kernel adds it to every test that runs over them; a test asks that no instruction is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff_codegen.kernel import (
    Attempt,
    Buffer,
    Const,
    Copy,
    Fill,
    Fourier,
    Kernel,
    Linalg,
    Local,
    Mark,
    Matmul,
    NewStack,
    Release,
    Stack,
)
from tests.symdiff_codegen.build import Block, f64, i64, vector


@dataclass(frozen=True)
class Example:
    """A kernel, what to call it with, and whether native code and text give the same bits."""

    make: Callable[[], Kernel]
    calls: tuple[tuple[Any, ...], ...]
    exact: bool = True

    @property
    def name(self) -> str:
        return self.make.__name__

    def arguments(self) -> list[tuple[Any, ...]]:
        """Fresh arguments, since kernels write to arrays."""
        return [tuple(np.array(a) if isinstance(a, np.ndarray) else a for a in call) for call in self.calls]


RANDOM = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape)


def decay() -> Kernel:
    """A carried float, as in a solver of differential equations."""
    x, dt, n = Local("f64", "x"), Local("f64", "dt"), Local("i64", "n")
    block = Block()

    def step(body: Block, i: Local, state: Local) -> list[Local]:
        return [body.let("sub", state, body.let("mul", state, dt))]

    (end,) = block.loop(n, step, x)
    return block.kernel("decay", (x, dt, n), end)


def swap() -> Kernel:
    """Two carried values that change places in every trip."""
    a, b, n = Local("f64", "a"), Local("f64", "b"), Local("i64", "n")
    block = Block()
    ends = block.loop(n, lambda body, i, p, q: [q, p], a, b)
    return block.kernel("swap", (a, b, n), *ends)


def collatz() -> Kernel:
    """A while loop around an if with merges."""
    n, block = Local("i64", "n"), Block()

    def body(inner: Block, value: Local, count: Local) -> list[Any]:
        even = inner.let("eq", inner.let("mod", value, i64(2)), i64(0))
        (following,) = inner.branch(
            even,
            lambda then: [then.let("floordiv", value, i64(2))],
            lambda other: [other.let("add", other.let("mul", value, i64(3)), i64(1))],
        )
        return [following, inner.let("add", count, i64(1))]

    _, count = block.repeat(lambda head, value, count: head.let("gt", value, i64(1)), body, n, i64(0))
    return block.kernel("collatz", (n,), count)


def endless_while() -> Kernel:
    """A while loop whose test is a carried value, without a body for the test."""
    n, block = Local("i64", "n"), Block()
    going = block.let("gt", n, i64(0))

    def body(inner: Block, go: Local, left: Local) -> list[Any]:
        less = inner.let("sub", left, i64(1))
        return [inner.let("gt", less, i64(0)), less]

    _, left = block.repeat(lambda head, go, left: go, body, going, n)
    return block.kernel("endless_while", (n,), left)


def ranges() -> Kernel:
    """Steps up, down, by a run-time amount; the indices are pushed and popped."""
    a, b, s = (Local("i64", name) for name in "abs")
    block = Block()
    stack = Stack("seen", "i64")
    block.put(NewStack(stack))
    count: Any = i64(0)
    for step in (1, 3, -1, -2, s):
        def visit(body: Block, i: Local, total: Local) -> list[Local]:
            body.push(stack, i)
            return [body.let("add", total, i64(1))]

        (count,) = block.loop(b, visit, count, start=a, step=step)

    def mix(body: Block, i: Local, total: Local) -> list[Local]:
        return [body.let("add", body.let("mod", body.let("mul", total, i64(31)), i64(10007)), body.pop(stack))]

    (total,) = block.loop(count, mix, i64(7))
    return block.kernel("ranges", (a, b, s), count, total)


def reverse() -> Kernel:
    """Workspace between a mark and a release, in a loop, and an output."""
    x, block = vector("x"), Block()
    n = x.dims[0]
    y = block.output(0, n)

    def row(body: Block, i: Local) -> None:
        body.put(Mark("row"))
        room = body.alloc(body.let("add", i, i64(1)))
        body.put(Fill(room, f64(0.25)))
        last = body.let("sub", body.let("sub", n, i), i64(1))
        body.store(room, i, body.load(x, last))
        body.store(y, i, body.load(room, i))
        body.accumulate(y, i, body.load(room, i64(0)))
        body.put(Release("row"))

    block.loop(n, row)
    return block.kernel("reverse", (x,), arrays=("f64",))


def stacks() -> Kernel:
    """Stacks of every type, more than their first room."""
    n, block = Local("i64", "n"), Block()
    kinds = [Stack(f"s_{type}", type) for type in ("f64", "f32", "i64", "i32", "i1")]
    for stack in kinds:
        block.put(NewStack(stack))

    def fill(body: Block, i: Local) -> None:
        for stack in kinds:
            value = body.let("mod", i, i64(2)) if stack.type == "i1" else i
            body.push(stack, body.let(stack.type, value))

    def drain(body: Block, i: Local, total: Local) -> list[Local]:
        for stack in kinds:
            total = body.let("fma", total, f64(0.5), body.let("f64", body.pop(stack)))
        return [total]

    block.loop(n, fill)
    (total,) = block.loop(n, drain, f64(0.0))
    return block.kernel("stacks", (n,), total)


def guarded() -> Kernel:
    """Checks with operands of both types."""
    x, n, block = Local("f64", "x"), Local("i64", "n"), Block()
    block.check(block.let("gt", x, f64(0.0)), 3, x, n)
    block.check(block.let("lt", n, i64(10)), 4, n)
    return block.kernel("guarded", (x, n), block.let("mul", x, block.let("f64", n)))


def attempts() -> Kernel:
    """Checks that are caught: in a loop, by the inner and by the outer attempt, with workspace that stays behind."""
    n, block = Local("i64", "n"), Block()

    def trip(body: Block, i: Local, total: Local) -> list[Local]:
        inner, outer = Block(), Block()
        inner.alloc(i)
        inner.check(inner.let("ne", inner.let("mod", i, i64(3)), i64(0)), 5)
        inner.check(inner.let("ne", inner.let("mod", i, i64(4)), i64(1)), 6)
        first, second = Local("i64", "first"), Local("i64", "second")
        outer.put(Attempt(first, frozenset({5}), inner.body))
        outer.check(outer.let("ne", first, i64(0)), 7)
        body.put(Attempt(second, frozenset({6, 7}), outer.body))
        return [body.let("add", body.let("mul", total, i64(10)), second)]

    (total,) = block.loop(n, trip, i64(0))
    return block.kernel("attempts", (n,), total)


def results() -> Kernel:
    """A result of every kind."""
    x, b, block = Local("f64", "x"), Local("i1", "b"), Block()
    y = block.output(0, i64(2), i64(3), type="i32", zeroed=True)
    block.store(y, i64(1), i64(2), Const(5, "i32"))
    z = block.output(1, type="f32")
    block.store(z, block.let("f32", x))
    flags = block.output(2, i64(2), type="i1")
    block.put(Fill(flags, b))
    values = x, block.let("f32", x), block.let("i64", x), block.let("i32", x), block.let("not", b)
    return block.kernel("results", (x, b), *values, arrays=("i32", "f32", "i1"))


def pieces() -> Kernel:
    """Views, copies and fills."""
    x = Buffer("x", "f64", (Local("i64", "n"), i64(3)))
    n, block = x.dims[0], Block()
    y = block.output(0, n, i64(3), name="y")
    block.put(Copy(y, x))
    turned = block.view(y, i64(0), i64(3), n, name="turned")

    def row(body: Block, i: Local) -> None:
        part = body.view(y, body.let("mul", i, i64(3)), i64(3), name="row")
        body.accumulate(part, i64(1), body.load(turned, i64(0), i64(0)))

    block.loop(n, row)
    room = block.alloc(n, name="room")
    block.put(Fill(room, f64(1.5)))
    copy = block.output(1, n, name="copy")
    block.put(Copy(copy, room))
    zeros = block.output(2, n, type="i64", name="zeros")
    block.put(Fill(zeros, i64(0)))
    return block.kernel("pieces", (x,), arrays=("f64", "f64", "i64"))


def chain() -> Kernel:
    """A vector loop: contiguous loads, an invariant one, a store."""
    x, y, c = vector("x"), vector("y"), vector("c", length="m")
    n, block = x.dims[0], Block()
    y = Buffer("y", "f64", (n,))
    out = block.output(0, n)

    def trip(body: Block, i: Local) -> None:
        product = body.let("fma", body.load(x, i), body.load(y, i), body.load(c, i64(0)))
        body.store(out, i, body.let("sub", product, body.let("f64", i)))

    block.loop(n, trip, vector=True)
    return block.kernel("chain", (x, y, c), arrays=("f64",), noalias=True)


def reductions() -> Kernel:
    """Every reduction of floats, over a part of an array."""
    x, first, block = vector("x"), Local("i64", "first"), Block()
    n = x.dims[0]

    def trip(body: Block, i: Local) -> list[Local]:
        value = body.load(x, i)
        return [value, value, value, value, body.let("gt", value, f64(1.0)), body.let("lt", value, f64(1.0))]

    kinds = ("sum", "prod", "max", "min", "any", "all")
    outs = block.loop(n, trip, start=first, vector=True, reduce=kinds)
    return block.kernel("reductions", (x, first), *outs)


def integer_reductions() -> Kernel:
    """Every reduction of integers, and of the index itself."""
    x, block = vector("x", "i64"), Block()

    def trip(body: Block, i: Local) -> list[Local]:
        value = body.load(x, i)
        return [value, value, value, value, body.let("mul", i, i64(3))]

    outs = block.loop(x.dims[0], trip, vector=True, reduce=("sum", "prod", "max", "min", "sum"))
    return block.kernel("integer_reductions", (x,), *outs)


def gathers() -> Kernel:
    """Strided, reversed, indirect and transposed access in a vector loop."""
    x = Buffer("x", "f64", (Local("i64", "n"), Local("i64", "m")))
    p = Buffer("p", "i64", (x.dims[0],))
    flags = Buffer("flags", "i1", (x.dims[0],))
    n, m = x.dims
    block = Block()
    y = block.output(0, i64(3), n, name="y", zeroed=True)
    z = block.output(1, n, type="i1", name="z")

    def trip(body: Block, i: Local) -> None:
        last = body.let("sub", body.let("sub", n, i), i64(1))
        body.store(y, i64(0), i, body.load(x, i, body.let("sub", m, i64(1))))
        body.store(y, i64(1), last, body.load(x, last, i64(0)))
        there = body.load(p, i)
        body.accumulate(y, i64(2), there, body.load(y, i64(0), i))
        backwards = body.load(flags, last)
        body.store(z, i, body.let("xor", backwards, body.load(flags, i)))

    block.loop(n, trip, vector=True)
    return block.kernel("gathers", (x, p, flags), arrays=("f64", "i1"))


def vector_check() -> Kernel:
    """A check inside a vector loop tells of the first element that fails."""
    x, limit, block = vector("x"), Local("f64", "limit"), Block()
    y = block.output(0, x.dims[0])

    def trip(body: Block, i: Local) -> None:
        value = body.load(x, i)
        body.check(body.let("lt", value, limit), 9, i, value, limit)
        body.store(y, i, body.let("sqrt", value))

    block.loop(x.dims[0], trip, vector=True)
    return block.kernel("vector_check", (x, limit), arrays=("f64",))


def single() -> Kernel:
    """Single precision and mixed widths in one vector loop."""
    x, k = vector("x", "f32"), vector("k", "i32", length="m")
    n, block = x.dims[0], Block()
    k = Buffer("k", "i32", (n,))
    y = block.output(0, n, type="f32")

    def trip(body: Block, i: Local) -> list[Local]:
        value = body.let("add", body.load(x, i), body.let("f32", body.load(k, i)))
        body.store(y, i, body.let("select", body.let("lt", value, Const(0.1, "f32")), value, Const(0.1, "f32")))
        return [body.let("f64", value), value]

    outs = block.loop(n, trip, vector=True, reduce=("sum", "sum"))
    return block.kernel("single", (x, k), *outs, arrays=("f32",))


def products() -> Kernel:
    """Matrix products of run-time size, with each factor transposed."""
    names = [Local("i64", name) for name in "nkm"]
    n, k, m = names
    shapes = {"a": (n, k), "b": (k, m), "at": (k, n), "bt": (m, k)}
    a, b, at, bt = (Buffer(name, "f64", shape) for name, shape in shapes.items())
    block = Block()
    for slot, (left, right) in enumerate(((a, b), (at, b), (a, bt), (at, bt))):
        out = block.output(slot, n, m, zeroed=True)
        block.put(Matmul(out, left, right, left is at, right is bt))
        block.put(Matmul(out, left, right, left is at, right is bt, accumulate=True))
    return block.kernel("products", (a, b, at, bt), arrays=("f64",) * 4)


def small_products() -> Kernel:
    """Matrix products of fixed size, in line."""
    n, k, m = i64(3), i64(5), i64(4)
    shapes = {"a": (n, k), "b": (k, m), "at": (k, n), "bt": (m, k)}
    a, b, at, bt = (Buffer(name, "f32", shape) for name, shape in shapes.items())
    block = Block()
    for slot, (left, right) in enumerate(((a, b), (at, b), (a, bt), (at, bt))):
        out = block.output(slot, n, m, type="f32", zeroed=True)
        block.put(Matmul(out, left, right, left is at, right is bt, fma=slot > 1))
        block.put(Matmul(out, left, right, left is at, right is bt, accumulate=True))
    return block.kernel("small_products", (a, b, at, bt), arrays=("f32",) * 4)


def algebra() -> Kernel:
    """Each function of linear algebra."""
    n, m = Local("i64", "n"), Local("i64", "m")
    a, b, c = Buffer("a", "f64", (n, n)), Buffer("b", "f64", (n, m)), Buffer("c", "f64", (n,))
    block, oks = Block(), []

    def call(name: str, inputs: tuple[Buffer, ...], *shapes: tuple[Any, ...]) -> Buffer:
        outputs = tuple(block.output(len(oks) if position == 0 else extra[position], *shape, name=name)
                        for position, shape in enumerate(shapes))  # fmt: skip
        ok = Local("i1", "ok")
        block.put(Linalg(ok, name, outputs, inputs))
        oks.append(ok)
        return outputs[0]

    extra = {1: 11}
    call("solve", (a, b), (n, m))
    call("solve1", (a, c), (n,))
    call("inv", (a,), (n, n))
    call("cholesky", (a,), (n, n))
    call("det", (a,), ())
    call("eigvalsh", (a,), (n,))
    call("svdvals", (b,), (block.let("min", n, m),))
    call("slogdet", (a,), (), ())
    call("eigvalsh_upper", (a,), (n,))
    packed = block.alloc(n, n, name="packed")
    block.put(Copy(packed, a))
    factors = call("reflections", (packed,), (n,))
    call("orthogonal", (packed, factors), (n, n))
    return block.kernel("algebra", (a, b, c), *oks, arrays=("f64",) * 12)


def transforms() -> Kernel:
    """Each Fourier transform, along the middle axis; of an even and of an odd number of points."""
    n, two = Local("i64", "n"), i64(2)
    z = Buffer("z", "f64", (two, n, i64(3), two))
    x = Buffer("x", "f64", (two, n, i64(3)))
    block = Block()
    half = block.let("add", block.let("floordiv", n, two), i64(1))
    block.put(Fourier("fft", block.output(0, two, n, i64(3), two), z))
    block.put(Fourier("ifft", block.output(1, two, n, i64(3), two), z))
    spectrum = block.output(2, two, half, i64(3), two)
    block.put(Fourier("rfft", spectrum, x))
    block.put(Fourier("irfft", block.output(3, two, n, i64(3)), spectrum))
    return block.kernel("transforms", (z, x), arrays=("f64",) * 4)


def symmetric(n: int) -> np.ndarray:
    a = numbers(n, n)
    return a @ a.T + n * np.eye(n)


LENGTHS = (0, 1, 2, 7, 15, 16, 17, 31, 33, 70)
EXAMPLES = [
    Example(decay, ((1.0, 0.1, 0), (1.0, 0.1, 1), (1.0, 0.01, 100))),
    Example(swap, ((1.0, 2.0, 0), (1.0, 2.0, 3))),
    Example(collatz, ((1,), (27,))),
    Example(endless_while, ((0,), (5,))),
    Example(ranges, ((0, 10, 2), (10, 0, -3), (-5, 6, 4), (3, 3, 1), (-2, 9, -7))),
    Example(reverse, tuple((numbers(n),) for n in (0, 1, 5, 40))),
    Example(stacks, ((0,), (1,), (300,), (1100,))),
    Example(guarded, ((1.5, 4),)),
    Example(attempts, ((0,), (1,), (14,))),
    Example(results, ((2.75, True), (-3.5, False))),
    Example(pieces, ((numbers(0, 3),), (numbers(1, 3),), (numbers(20, 3),))),
    Example(chain, tuple((numbers(n), numbers(n), numbers(1)) for n in LENGTHS)),
    Example(reductions, tuple((numbers(n), min(n, 3)) for n in LENGTHS)),
    Example(integer_reductions, tuple((RANDOM.integers(-9, 9, n) | 1,) for n in (0, 1, 15, 16, 17))),
    Example(gathers, tuple((numbers(n, 3), RANDOM.permutation(n), numbers(n) > 0) for n in LENGTHS)),
    Example(vector_check, tuple((np.abs(numbers(n)), 9.0) for n in LENGTHS)),
    Example(single, tuple((numbers(n).astype("f4"), RANDOM.integers(-9, 9, n, "i4")) for n in LENGTHS)),
    Example(products, tuple(
        (numbers(n, k), numbers(k, m), numbers(k, n), numbers(m, k)) for n, k, m in ((2, 3, 4), (1, 1, 1), (20, 30, 5))
    ), exact=False),
    Example(small_products, tuple(
        tuple(numbers(*shape).astype("f4") for shape in ((3, 5), (5, 4), (5, 3), (4, 5))) for _ in range(2)
    ), exact=False),
    Example(algebra, tuple((symmetric(n), numbers(n, m), numbers(n)) for n, m in ((4, 2), (1, 3))), exact=False),
    Example(transforms, tuple((numbers(2, n, 3, 2), numbers(2, n, 3)) for n in (1, 6, 7)), exact=False),
]  # fmt: skip
