"""Native code: the bits of reductions, polling, workspace, memory that is not there, and what LLVM made of a loop."""

import ctypes
import mmap
import re
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from symdiff_codegen.instructions import REDUCTIONS, ROWS, lane_tree
from symdiff_codegen.kernel import (
    Alloc,
    Buffer,
    Const,
    Fill,
    Kernel,
    Let,
    Linalg,
    Local,
    Mark,
    NewStack,
    Operand,
    Release,
    Result,
    ResultSpec,
    Stack,
)
from symdiff_codegen.llvm import emit_kernel, lower_kernel
from symdiff_codegen.llvm_ops import EMITTERS
from symdiff_codegen.targets import Options
from tests.symdiff_codegen.build import Block, f64, i64, vector
from tests.symdiff_codegen.harness import Failed, Native
from tests.symdiff_codegen.kernels import EXAMPLES, Example, decay, reverse
from tests.symdiff_codegen.test_text import as_list, same_bits

KINDS = ("sum", "prod", "max", "min")


def test_every_row_has_an_emitter() -> None:
    assert set(EMITTERS) == set(ROWS)


# Bits.


def reduced() -> Kernel:
    """Reductions of x * x + 0.1."""
    x, block = vector("x"), Block()

    def trip(body: Block, i: Local) -> list[Local]:
        value = body.load(x, i)
        return [body.let("add", body.let("mul", value, value), f64(0.1))] * len(KINDS)

    return block.kernel("reduced", (x,), *block.loop(x.dims[0], trip, vector=True, reduce=KINDS))


def unrolled(most: int) -> Kernel:
    """The same without a loop, over the first elements, for every number of elements up to ``most``."""
    x, block = Buffer("x", "f64", (i64(most),)), Block()
    y = block.output(0, i64(most + 1), i64(len(KINDS)))
    values = [block.load(x, i64(position)) for position in range(most)]
    terms: list[Operand] = [block.let("add", block.let("mul", v, v), f64(0.1)) for v in values]
    for length in range(most + 1):
        for column, kind in enumerate(KINDS):
            row = REDUCTIONS[kind]
            total: Operand = Const(row.empty_value("f64"), "f64")
            if length:
                total = lane_tree(terms[:length], lambda a, b, op=row.combine: block.let(op, a, b))
            block.store(y, i64(length), i64(column), total)
    return block.kernel("unrolled", (x,), arrays=("f64",))


def test_an_unrolled_reduction_has_the_same_bits() -> None:
    x = np.random.default_rng(0).normal(size=70)
    looped, straight = Native(reduced()), Native(unrolled(70), Options(level=1))(x)
    for length in range(71):
        assert same_bits(looped(x[:length].copy()), straight[length]), length


def test_a_reduction_keeps_minus_zero_and_propagates_nan() -> None:
    x, block = vector("x"), Block()
    outs = block.loop(x.dims[0], lambda body, i: [body.load(x, i)] * 4, vector=True, reduce=KINDS)
    native = Native(block.kernel("f", (x,), *outs))
    for length in (1, 15, 16, 40):
        assert same_bits(native(np.full(length, -0.0))[0], -0.0)
        for at in range(length):
            values = np.ones(length)
            values[at] = np.nan
            assert np.isnan(native(values)).all()


@pytest.mark.parametrize("op", ["exp", "sin", "tanh", "log1p", "erf", "fremainder", "rint"])
def test_an_element_has_the_same_bits_wherever_it_stands(op: str) -> None:
    x, block = vector("x"), Block()
    y = block.output(0, x.dims[0])
    second = [f64(0.7)] if op == "fremainder" else []
    block.loop(x.dims[0], lambda body, i: body.store(y, i, body.let(op, body.load(x, i), *second)), vector=True)
    native = Native(block.kernel("f", (x,), arrays=("f64",)))
    values = np.random.default_rng(3).uniform(-0.9, 9, 40)
    whole = native(values)
    for start in range(0, 40, 3):
        for stop in (start + 1, min(40, start + 17), 40):
            assert same_bits(native(values[start:stop].copy()), whole[start:stop])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_optimiser_does_not_change_bits(example: Example) -> None:
    variants = [Options(level=0), Options(level=2, vectorise=False), Options(vector_width=256), Options()]
    natives = [Native(example.make(), options) for options in variants]
    for calls in zip(*(example.arguments() for _ in natives), strict=True):
        first, *others = [as_list(native(*args)) for native, args in zip(natives, calls, strict=True)]
        for other in others:
            assert all(same_bits(a, b) for a, b in zip(first, other, strict=True))


def test_flags_only_where_asked_for() -> None:
    x, block = Local("f64", "x"), Block()
    total = block.let("add", block.let("mul", x, x), x)
    strict = str(lower_kernel(block.kernel("f", (x,), total)))
    fast = str(lower_kernel(Kernel("f", (x,), block.body, (ResultSpec("float"),), fastmath=True)))
    assert not re.search(r"reassoc|contract|nnan|ninf|\bfast\b", strict)
    assert "reassoc" in fast and not re.search(r"nnan|ninf|\bfast\b", fast)


# Integers at their limits.


@pytest.mark.parametrize(
    ("op", "a", "b", "expected"),
    [
        ("add", 2**63 - 1, 1, -(2**63)),
        ("mul", 2**62, 2, -(2**63)),
        ("floordiv", -(2**63), -1, -(2**63)),
        ("mod", -(2**63), -1, 0),
        ("floordiv", 5, 0, 0),
        ("mod", 5, 0, 0),
        ("shl", 1, 64, 0),
        ("shr", -5, 200, -1),
        ("ipow", 3, 39, 3**39),
        ("ipow", -2, 63, -(2**63)),
        ("ipow_ok", 3, 39, True),
        ("ipow_ok", 3, 40, False),
        ("ipow_ok", -2, 63, True),
        ("ipow_ok", 2, 63, False),
        ("add_ok", 2**63 - 1, 1, False),
        ("sub_ok", -(2**63), 1, False),
        ("mul_ok", -(2**63), -1, False),
    ],
)
def test_integers_at_their_limits(op: str, a: int, b: int, expected: Any) -> None:
    p, q, block = Local("i64", "p"), Local("i64", "q"), Block()
    assert Native(block.kernel("f", (p, q), block.let(op, p, q)))(a, b) == expected


# Polling and leaving.


def counting(n: Operand, vector_loop: bool = False) -> Kernel:
    params = (n,) if isinstance(n, Local) else ()
    block = Block()
    if vector_loop:
        (total,) = block.loop(n, lambda body, i: [body.let("and", i, i64(7))], vector=True, reduce=("sum",))
    else:
        (total,) = block.loop(n, lambda body, i, t: [body.let("xor", t, i)], i64(0))
    return block.kernel("counting", params, total)


def test_long_loops_look_at_signals_now_and_then() -> None:
    n = Local("i64", "n")
    leaf = Native(counting(n))
    assert leaf.run(10).polls == 0 and leaf.run(2**16).polls == 0
    assert leaf.run(3 * 2**16 + 5).polls == 3
    lanes = Native(counting(n, vector_loop=True))
    assert lanes.run(2**20 + 15).polls == 0 and lanes.run(2**21 + 17).polls == 2
    assert Native(counting(i64(1000))).text.count("poll") == 0


def test_nested_loops_and_while_loops_look_at_signals() -> None:
    n, block = Local("i64", "n"), Block()

    def row(body: Block, i: Local, t: Local) -> list[Local]:
        return body.loop(n, lambda inner, j, u: [inner.let("xor", u, j)], t)

    (total,) = block.loop(n, row, i64(0))
    assert Native(block.kernel("nest", (n,), total)).run(600).polls == 2
    block = Block()
    (count,) = block.repeat(
        lambda head, c: head.let("lt", c, n), lambda body, c: [body.let("add", c, i64(1))], i64(0)
    )
    spin = Native(block.kernel("spin", (n,), count))
    assert spin(2**18) == 2**18 and spin.polls == 4


def test_a_raising_handler_ends_the_kernel() -> None:
    native = Native(counting(Local("i64", "n")))
    native.poll_answer = 1
    with pytest.raises(Failed) as failed:
        native(2**40)
    assert failed.value.args[0] == -1 and native.polls == 1


# Workspace.


def test_released_workspace_is_used_again() -> None:
    x = np.arange(3000.0)
    call = Native(reverse()).run(x)
    np.testing.assert_array_equal(call.results[0][1:-1], x[::-1][1:-1] + 0.25)
    assert call.chunks < 5


def workspaces() -> Kernel:
    """Many blocks that live together; each is filled with its number, and then they are summed."""
    n, block = Local("i64", "n"), Block()
    rooms = []
    for number in range(40):
        room = block.alloc(block.let("add", n, i64(37 * number)), zeroed=number % 2 == 1)
        if number % 2 == 0:
            block.put(Fill(room, f64(number)))
        rooms.append(room)
    total: Any = f64(0.0)
    for room in rooms:

        def trip(body: Block, i: Local, room: Buffer = room) -> list[Local]:
            return [body.load(room, i)]

        (part,) = block.loop(room.dims[0], trip, vector=True, reduce=("sum",))
        total = block.let("add", total, part)
    return block.kernel("workspaces", (n,), total)


def test_workspaces_do_not_overlap() -> None:
    native = Native(workspaces())
    for n in (0, 1, 1000, 30000):
        assert native(n) == sum(number * (n + 37 * number) for number in range(0, 40, 2))


@pytest.mark.parametrize("dims", [(2**59,), (2**33, 2**33), (-1,), (2**62, 4)])
def test_no_memory_is_a_status(dims: tuple[int, ...]) -> None:
    names = [Local("i64", f"n{axis}") for axis in range(len(dims))]
    block = Block()
    block.put(Alloc(Buffer("w", "f64", tuple(names))))
    with pytest.raises(Failed) as failed:
        Native(block.kernel("f", names))(*dims)
    assert failed.value.args[0] == -2


def test_mark_and_release_nest() -> None:
    n, block = Local("i64", "n"), Block()
    first = block.alloc(n)
    block.put(Fill(first, f64(1.0)))

    def outer(body: Block, i: Local, total: Local) -> list[Operand]:
        body.put(Mark("outer"))
        second = body.alloc(n)
        body.put(Fill(second, f64(2.0)))

        def inner(deep: Block, j: Local, t: Local) -> list[Operand]:
            deep.put(Mark("inner"))
            third = deep.alloc(n)
            deep.put(Fill(third, f64(3.0)))
            value = deep.let("add", t, deep.load(third, i64(0)))
            deep.put(Release("inner"))
            return [value]

        (value,) = body.loop(i64(100), inner, total)
        value = body.let("add", value, body.load(second, body.let("sub", n, i64(1))))
        body.put(Release("outer"))
        return [value]

    (total,) = block.loop(n, outer, f64(0.0))
    total = block.let("add", total, block.load(first, block.let("sub", n, i64(1))))
    call = Native(block.kernel("nested", (n,), total)).run(5000)
    assert call.results == [5000 * 302.0 + 1] and call.chunks < 6


def test_a_deep_stack_keeps_its_values() -> None:
    n, block, stack = Local("i64", "n"), Block(), Stack("s", "i64")
    block.put(NewStack(stack))
    block.loop(n, lambda body, i: body.push(stack, i))

    def check(body: Block, i: Local) -> None:
        body.check(body.let("eq", body.pop(stack), i), 5, i)

    block.loop(i64(-1), check, start=block.let("sub", n, i64(1)), step=-1)
    Native(block.kernel("deep", (n,)))(300_000)


# Memory.


def at_end_of_page(values: np.ndarray) -> np.ndarray:
    """A copy of an array that is followed by memory that cannot be read or written."""
    size = mmap.PAGESIZE
    memory = mmap.mmap(-1, 3 * size)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None)
    for page in (0, 2):
        assert libc.mprotect(ctypes.c_void_p(address + page * size), ctypes.c_size_t(size), 0) == 0
    array = np.frombuffer(memory, values.dtype, values.size, 2 * size - values.nbytes)
    array[...] = values
    return array


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mprotect"), reason="needs mprotect")
@pytest.mark.parametrize("type", ["f64", "f32", "i64", "i1"])
def test_the_tail_touches_nothing_outside(type: str) -> None:
    x, y, block = vector("x", type), vector("y", type), Block()
    n = x.dims[0]
    y = Buffer("y", type, (n,))

    def trip(body: Block, i: Local) -> None:
        last = body.let("sub", body.let("sub", n, i), i64(1))
        square = body.let("mod", body.let("mul", i, i), n)
        body.store(y, i, body.load(x, last))
        body.store(y, last, body.load(x, square))

    block.loop(n, trip, vector=True)
    native = Native(block.kernel("f", (x, y)))
    for length in (1, 5, 15, 16, 21):
        dtype = {"f64": "f8", "f32": "f4", "i64": "i8", "i1": "?"}[type]
        values = np.arange(length).astype(dtype)
        out = at_end_of_page(np.zeros_like(values))
        native(at_end_of_page(values), out)


def test_parameters_may_overlap_unless_said_otherwise() -> None:
    x, block = vector("x"), Block()
    y = Buffer("y", "f64", (Local("i64", "m"),))
    less = block.let("sub", x.dims[0], i64(1))
    block.loop(less, lambda body, i: body.store(y, body.let("add", i, i64(1)), body.load(x, i)))
    native = Native(block.kernel("shift", (x, y)))
    both = np.arange(50.0)
    native(both, both)
    assert (both == 0).all()
    assert "noalias %" not in re.sub(r"ptr noalias \S* ?\S* ?%context", "", native.text)
    assert "noalias" in str(lower_kernel(block.kernel("shift", (x, y), noalias=True)))


def test_an_array_written_twice_keeps_the_last_value() -> None:
    n, block = Local("i64", "n"), Block()
    y = block.output(0, n)
    flat = block.view(y, i64(0), n)
    block.put(Fill(y, f64(1.0)))
    block.loop(n, lambda body, i: body.store(flat, i, f64(2.0)))
    block.loop(n, lambda body, i: body.accumulate(y, i, f64(3.0)))
    np.testing.assert_array_equal(Native(block.kernel("f", (n,), arrays=("f64",)))(33), np.full(33, 5.0))


def test_adding_every_trip_to_one_element_is_refused() -> None:
    x, block = vector("x"), Block()
    block.loop(x.dims[0], lambda body, i: body.accumulate(x, i64(0), f64(1.0)), vector=True)
    with pytest.raises(ValueError, match="adds to one element of x"):
        lower_kernel(block.kernel("f", (x,)))


def test_a_singular_matrix_is_not_ok() -> None:
    n = Local("i64", "n")
    a, block, ok = Buffer("a", "f64", (n, n)), Block(), Local("i1", "ok")
    inverse = block.output(0, n, n)
    block.put(Linalg(ok, "inv", (inverse,), (a,)))
    native = Native(block.kernel("f", (a,), ok, arrays=("f64",)))
    assert native(np.eye(3))[1] is True
    assert native(np.ones((3, 3)))[1] is False
    assert native(np.eye(3))[1] is True


# Size and shape of what is made.


def test_long_bodies_are_lowered() -> None:
    x = Local("f64", "x")
    steps: list[Any] = []
    value = x
    for position in range(100_000):
        following = Local("f64", "t")
        steps.append(Let(following, "add" if position % 2 else "mul", (value, x)))
        value = following
    kernel = Kernel("long", (x,), (*steps, Result(0, value)), (ResultSpec("float"),))
    assert str(lower_kernel(kernel)).count(" fadd ") == 50_000


def test_two_kernels_share_a_module() -> None:
    module = ir.Module()
    first, second = emit_kernel(module, decay()), emit_kernel(module, reverse())
    assert (first.name, second.name) == ("decay", "reverse")
    llvm.parse_assembly(str(module), llvm.create_context()).verify()


def loops(asm: str) -> list[str]:
    """The innermost loops of a function: from a label to the jump back to it, without another label between."""
    return [match[0] for match in re.finditer(r"^(\.LBB\d+_\d+):\n(?:(?!^\.LBB).*\n)*?\s+j\w+\s+\1\n", asm, re.M)]


WIDE = re.compile(r"%[yz]mm")


@pytest.mark.skipif("avx2" not in llvm.get_host_cpu_features().flatten().replace("-avx2", ""), reason="needs AVX2")
def test_a_vector_loop_is_packed() -> None:
    x, block = vector("x"), Block()
    y, c = Buffer("y", "f64", x.dims), Local("f64", "c")
    out = block.output(0, x.dims[0])

    def trip(body: Block, i: Local) -> list[Local]:
        value = body.let("add", body.let("mul", body.load(x, i), body.load(y, i)), c)
        body.store(out, i, value)
        return [value]

    (total,) = block.loop(x.dims[0], trip, vector=True, reduce=("sum",))
    native = Native(block.kernel("f", (x, y, c), total, arrays=("f64",)))
    main = max(native.asm.split("\n.LBB"), key=lambda text: text.count("vmulpd"))
    assert WIDE.search(main) and "mulsd" not in main and "vfmadd" not in native.asm
    assert main.count("(%rsp)") == 0


def test_a_carried_float_stays_in_a_register() -> None:
    native = Native(decay())
    (body, *_) = [loop for loop in loops(native.asm) if "mulsd" in loop] or [""]
    assert "mulsd" in body and "(%" not in body


def test_small_fixed_workspace_costs_no_arena() -> None:
    n, block = Local("i64", "n"), Block()

    def trip(body: Block, i: Local, total: Local) -> list[Local]:
        body.put(Mark("m"))
        room = body.alloc(i64(4), zeroed=True)
        body.store(room, body.let("and", i, i64(3)), f64(1.0))
        value = body.let("add", total, body.load(room, i64(2)))
        body.put(Release("m"))
        return [value]

    (total,) = block.loop(n, trip, f64(0.0))
    kernel = block.kernel("f", (n,), total)
    assert "arena" not in str(lower_kernel(kernel))
    assert Native(kernel)(40) == 10.0


def test_loads_move_out_of_loops_that_store_elsewhere() -> None:
    """The sum of a row stays in a register, though each trip stores it."""
    a = Buffer("a", "f64", (Local("i64", "n"), Local("i64", "m")))
    (n, m), block = a.dims, Block()
    y = block.output(0, n, zeroed=True)

    def row(body: Block, i: Local) -> None:
        body.loop(m, lambda inner, j: inner.accumulate(y, i, inner.load(a, i, j)), name="j")

    block.loop(n, row)
    native = Native(block.kernel("rows", (a,), arrays=("f64",)))
    values = np.random.default_rng(0).normal(size=(5, 37))
    np.testing.assert_allclose(native(values), values.sum(1))
    inner = [loop for loop in loops(native.asm) if "vaddsd" in loop or "addsd" in loop]
    assert inner and not any(re.search(r"movsd\s+%xmm\d+, ", loop) for loop in inner)
