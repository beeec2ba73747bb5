"""Builtins in front of kernels: every guard, every result, errors, references, threads, signals."""

import gc
import math
import operator
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from pathlib import Path
from types import CellType

import numpy as np
import pytest

from symdiff_codegen import entry, numpy_layout
from symdiff_codegen.context import OUT_OF_MEMORY
from symdiff_codegen.kernel import (
    Alloc,
    Buffer,
    Const,
    For,
    Kernel,
    Let,
    Load,
    Local,
    Output,
    Result,
    ResultSpec,
    Store,
)  # fmt: skip
from symdiff_codegen.loading import _LOADED
from symdiff_codegen.native import Options, compile_unit
from symdiff_codegen.signature import ABSENT, Array, Fixed, Scalar, Signature, float_of_bits
from tests.symdiff_codegen.units import (
    ENTRIES,
    Failed,
    build,
    checked,
    dispatched,
    echo,
    is_dispatched,
    resident_kib,
    results,
    scale,
    scale_unit,
    slow_sum,
    sum_of_squares,
)  # fmt: skip

ROOT = Path(__file__).parents[2]

both = pytest.mark.parametrize("options", ENTRIES, ids=["builtin", "ctypes"])


def run_alone(program):
    """Run a program in an interpreter of its own; return what it printed."""
    lines = "from tests.symdiff_codegen.units import *\nimport threading, time\n" + textwrap.dedent(program)
    command = [sys.executable, "-X", "faulthandler", "-c", lines]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert not done.stderr
    return done.stdout


class SubFloat(float):
    pass


class SubArray(np.ndarray):
    pass


def test_this_interpreter_has_builtins():
    assert entry.AVAILABLE
    assert type(build(sum_of_squares(), (Scalar("float"),) * 2).builtin) is type(math.sin)


def test_layout_is_refused_where_a_sample_disagrees(monkeypatch):
    monkeypatch.setattr(numpy_layout, "ARRAY_NDIM", numpy_layout.ARRAY_NDIM + 4)
    assert not numpy_layout.check.__wrapped__()
    monkeypatch.undo()
    monkeypatch.setattr(numpy_layout, "FLOAT_VALUE", 8)
    assert not numpy_layout.check.__wrapped__()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "gettotalrefcount", int, raising=False)
    assert not numpy_layout.check.__wrapped__()


# Scalars.


@both
@pytest.mark.parametrize(
    ("spec", "good", "bad"),
    [
        (Scalar("float"), [1.5, -0.0, math.inf, 5e-324], [1, True, np.float64(1), SubFloat(1), "1", None, np.ones(())]),
        (Scalar("float", accept_int=True), [1.5, 3, -(2**62), 2**53 + 1], [True, 2**63, 2**80, np.float64(1)]),
        (Scalar("float", accept_float64=True), [1.5, np.float64(2.5)], [1, np.float32(1), SubFloat(1)]),
        (Scalar("float", True, True), [1.5, np.float64(2.5), 7], [np.int64(1), True]),
        (Scalar("int"), [0, -1, 2**63 - 1, -(2**63)], [2**63, -(2**63) - 1, 10**40, True, 1.0, np.int64(1)]),
        (Scalar("bool"), [True, False], [1, 0, np.True_, 1.0, None]),
        (Scalar("float64"), [np.float64(0.1)], [0.1, 1, np.float32(0.5)]),
        (Scalar("float32"), [np.float32(0.1), np.float32("nan")], [0.1, np.float64(0.1), 1]),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, Scalar) else "",
)
def test_scalars(options, spec, good, bad):
    result = {"float64": "float"}.get(spec.kind, spec.kind)
    f = build(echo(spec.kind, result), (spec,), options=options).builtin
    expected_type = {"float": float, "int": int, "bool": bool, "float32": np.float32}[result]
    for value in good:
        answer = f(value)
        assert type(answer) is expected_type
        assert repr(answer) == repr(expected_type(value))
    for value in bad:
        assert is_dispatched(f(value)) and f(value)[1][0] is value


@both
def test_number_of_arguments(options):
    f = build(sum_of_squares(), (Scalar("float"),) * 2, options=options).builtin
    assert f(3.0, 4.0) == 25.0
    assert f(3.0) == ("dispatched", (3.0,), {})
    assert f() == ("dispatched", (), {})
    assert f(1.0, 2.0, 3.0) == ("dispatched", (1.0, 2.0, 3.0), {})
    assert f(1.0, y=2.0) == ("dispatched", (1.0,), {"y": 2.0})
    assert f(*[1.0], **{"y": 2.0, "z": 3}) == ("dispatched", (1.0,), {"y": 2.0, "z": 3})


def test_no_parameters():
    kernel = Kernel("answer", (), (Result(0, Const(42, "i64")),), results("int"))
    f = build(kernel, ()).builtin
    assert f() == 42
    assert is_dispatched(f(1))


@both
def test_dispatcher_may_raise(options):
    def refuse(*args):
        raise LookupError(args)

    f = build(sum_of_squares(), (Scalar("float"),) * 2, dispatcher=refuse, options=options).builtin
    with pytest.raises(LookupError, match="no"):
        f("no", 1.0)


# Arrays.


def frozen(array):
    array.flags.writeable = False
    return array


@both
def test_arrays_taken(options):
    f = scale_unit(options=options).builtin
    unpickled = pickle.loads(pickle.dumps(np.arange(5.0)))
    misnamed = np.arange(5.0).astype(np.dtype("<f8", metadata={"unit": "m"}))
    for x in (np.arange(5.0), frozen(np.arange(7.0)), unpickled, misnamed, np.arange(100.0)[20:30], np.zeros(0)):
        y, (total, size) = f(2.0, x)
        assert type(y) is np.ndarray and y.dtype == np.float64
        assert np.array_equal(y, 2.0 * x) and total == sum(2.0 * x) and size == len(x)
        assert y.flags.owndata and y.flags.writeable


@both
def test_arrays_refused(options):
    f = scale_unit(options=options).builtin
    unaligned = np.zeros(41, np.uint8)[1:].view(np.float64)
    refused = [
        np.arange(10.0)[::2],
        np.arange(5.0)[::-1],
        np.arange(5.0, dtype=np.float32),
        np.arange(5),
        np.arange(5.0).astype(">f8"),
        np.arange(5.0).astype(complex),
        np.arange(5).astype("m8[s]"),
        np.arange(5.0).astype(object),
        np.zeros((2, 3)),
        np.zeros(()),
        np.zeros(1),
        np.ma.masked_array(np.arange(5.0)),
        np.arange(5.0).view(SubArray),
        [1.0, 2.0],
        None,
        unaligned,
    ]
    for x in refused:
        assert is_dispatched(f(2.0, x)), x


@pytest.mark.parametrize("type_", ["f64", "f32", "i64", "i32", "i1"])
def test_array_types(type_):
    n, i = Local("i64", "n"), Local("i64", "i")
    x, y, value = Buffer("x", type_, (n,)), Buffer("y", type_, (n,)), Local(type_, "value")
    loop = For(i, Const(0, "i64"), n, 1, (), (Load(value, x, (i,)), Store(y, (i,), value)))
    kernel = Kernel("copy", (x,), (Output(y, 0), loop), results(f"array:{type_}"))
    f = build(kernel, (Array(type_, (n,)),)).builtin
    for other in ("f64", "f32", "i64", "i32", "i1"):
        array = np.array([1, 0, 1, 1, 0]).astype(numpy_layout.DTYPES[other])
        if other == type_:
            answer = f(array)
            assert answer.dtype == array.dtype and np.array_equal(answer, array)
        else:
            assert is_dispatched(f(array))
    if type_ == "i64":
        assert np.array_equal(f(np.arange(3, dtype=np.longlong)), np.arange(3))


def product_kernel():
    """Sizes of a (n, 3) array, of a (n, m) array and an int that must be m."""
    n, m = Local("i64", "n"), Local("i64", "m")
    a, b = Buffer("a", "f64", (n, Const(3, "i64"))), Buffer("b", "f64", (n, m))
    code, tens = Local("i64", "code"), Local("i64", "tens")
    body = (Let(tens, "mul", (n, Const(10, "i64"))), Let(code, "add", (tens, m)), Result(0, code))
    kernel = Kernel("sizes", (a, b, m), body, results("int"))
    return kernel, (Array("f64", a.dims), Array("f64", b.dims), Scalar("int"))


@both
def test_sizes(options):
    f = build(*product_kernel(), options=options).builtin
    assert f(np.zeros((4, 3)), np.zeros((4, 5)), 5) == 45
    assert f(np.zeros((0, 3)), np.zeros((0, 5)), 5) == 5
    # A scalar that is a size may be 1; a size found in an array only may not.
    assert f(np.zeros((4, 3)), np.zeros((4, 1)), 1) == 41
    for shapes, m in [
        (((4, 2), (4, 5)), 5),
        (((4, 3), (3, 5)), 5),
        (((4, 3), (4, 5)), 4),
        (((1, 3), (1, 5)), 5),
        (((4, 3), (4, 5, 1)), 5),
    ]:
        assert is_dispatched(f(*map(np.zeros, shapes), m)), shapes


@both
def test_rank_zero(options):
    x, value = Buffer("x", "f64", ()), Local("f64", "value")
    kernel = Kernel("item", (x,), (Load(value, x, ()), Result(0, value)), results("float"))
    f = build(kernel, (Array("f64", ()),), options=options).builtin
    assert f(np.array(2.5)) == 2.5
    assert is_dispatched(f(np.array([2.5]))) and is_dispatched(f(np.float64(2.5)))


@both
def test_written_arrays(options):
    n, i = Local("i64", "n"), Local("i64", "i")
    x, y, value = Buffer("x", "f64", (n,)), Buffer("y", "f64", (n,)), Local("f64", "value")
    loop = For(i, Const(0, "i64"), n, 1, (), (Load(value, y, (i,)), Store(x, (i,), value)))
    kernel = Kernel("assign", (x, y), (loop,), (), noalias=True)
    f = build(kernel, (Array("f64", (n,), writable=True), Array("f64", (n,))), None, options=options).builtin
    memory = np.zeros(10)
    assert f(memory[:5], np.arange(5.0)) is None
    assert f(memory[5:], memory[:5]) is None
    assert np.array_equal(memory, [0, 1, 2, 3, 4] * 2)
    assert is_dispatched(f(memory[:5], memory[4:9]))
    assert is_dispatched(f(memory[4:9], memory[:5]))
    assert is_dispatched(f(memory, memory))
    assert is_dispatched(f(frozen(np.zeros(5)), np.zeros(5)))


# Fixed objects, keywords, captured values.


@both
def test_fixed(options):
    mode, other = object(), object()
    specs = (Scalar("float"), Fixed(mode), Fixed((mode, ("w", "b"))))
    f = build(echo("float", "float"), specs, options=options).builtin
    assert f(1.0, mode, (mode, ("w", "b"))) == 1.0
    assert is_dispatched(f(1.0, other, (mode, ("w", "b"))))
    assert is_dispatched(f(1.0, mode, (other, ("w", "b"))))
    assert is_dispatched(f(1.0, mode, (mode, ("w",))))
    assert is_dispatched(f(1.0, mode, (mode, ("b", "w"))))
    assert is_dispatched(f(1.0, mode, (mode, "w")))
    assert is_dispatched(f(1.0, mode, [mode, ("w", "b")]))
    assert is_dispatched(f(1.0, mode, None))


@both
def test_expected_keywords(options):
    keywords = (("wrt", Fixed(("w", "b"))),)
    f = build(echo("float", "float"), (Scalar("float"),), keywords=keywords, options=options).builtin
    assert f(2.0, wrt=("w", "b")) == 2.0
    names = ("w", "b")
    assert f(2.0, wrt=names) == 2.0
    assert f(2.0) == ("dispatched", (2.0,), {})
    assert f(2.0, wrt="w") == ("dispatched", (2.0,), {"wrt": "w"})
    assert f(2.0, wrt=("b", "w")) == ("dispatched", (2.0,), {"wrt": ("b", "w")})
    assert f(2.0, with_=names) == ("dispatched", (2.0,), {"with_": names})
    assert f(2.0, wrt=names, z=1) == ("dispatched", (2.0,), {"wrt": names, "z": 1})
    assert f(x=2.0, wrt=names) == ("dispatched", (), {"x": 2.0, "wrt": names})
    assert f(2, wrt=names) == ("dispatched", (2,), {"wrt": names})


@both
def test_captured_objects(options):
    helper, namespace = object(), {}
    namespace["helper"] = helper
    captured = ((namespace, "helper", helper),)
    f = build(echo("float", "float"), (Scalar("float"),), captured=captured, options=options).builtin
    assert f(1.0) == 1.0
    namespace["helper"] = object()
    assert is_dispatched(f(1.0))
    namespace["helper"] = helper
    assert f(1.0) == 1.0
    del namespace["helper"]
    assert is_dispatched(f(1.0))


@both
def test_captured_arguments(options):
    """A captured scalar and a captured array are arguments of the kernel, read at every call."""
    kernel, n = scale()
    namespace = {"a": 2.0}
    cell = CellType(np.arange(3.0))
    captured = ((namespace, "a", Scalar("float")), (cell, None, Array("f64", (n,))))
    f = build(kernel, (), 1, captured=captured, options=options).builtin
    assert f() == 6.0
    namespace["a"] = 10.0
    assert f() == 30.0
    cell.cell_contents = np.arange(5.0)
    assert f() == 100.0
    counts = sys.getrefcount(cell.cell_contents), sys.getrefcount(namespace["a"])
    for _ in range(1000):
        f()
    assert (sys.getrefcount(cell.cell_contents), sys.getrefcount(namespace["a"])) == counts
    cell.cell_contents = [1.0]
    assert is_dispatched(f())
    del cell.cell_contents
    assert is_dispatched(f())
    namespace["a"] = 1
    assert is_dispatched(f())


def test_captured_array_is_held_while_it_is_used():
    """Another thread drops the array in the middle of the call, when the lock is released."""
    kernel, n = scale()
    namespace = {"x": np.ones(3_000_000)}
    alive = weakref.ref(namespace["x"])
    f = build(kernel, (Scalar("float"),), 1, captured=((namespace, "x", Array("f64", (n,))),), work=10**9).builtin
    stop = threading.Event()

    def drop():
        while not stop.is_set():
            namespace["x"] = np.ones(3_000_000)
            time.sleep(0)

    thread = threading.Thread(target=drop)
    thread.start()
    try:
        assert all(f(1.0) == 3_000_000.0 for _ in range(30))
    finally:
        stop.set()
        thread.join()
    assert alive() is None


# Variants.


@both
def test_next_variant(options):
    floats = build(echo("float", "float"), (Scalar("float"),), options=options)
    ints = build(echo("int", "int"), (Scalar("int"),), options=options)
    assert floats.next is None
    floats.next = ints.builtin
    assert floats.next is ints.builtin
    assert floats.builtin(1.5) == 1.5 and floats.builtin(3) == 3 and is_dispatched(floats.builtin("s"))
    assert is_dispatched(floats.builtin(1, z=2))
    floats.next = None
    assert is_dispatched(floats.builtin(3))


def loaded() -> int:
    """How many units are loaded, once what other tests left behind is gone."""
    gc.collect()
    return len(_LOADED)


def test_next_variant_may_be_replaced_during_its_call():
    first = build(echo("float", "float"), (Scalar("float"),))

    def replace(value):
        first.next = None
        gc.collect()
        return "replaced", value

    first.next = build(echo("int", "int"), (Scalar("int"),), dispatcher=replace).builtin
    count = loaded()
    assert first.builtin("s") == ("replaced", "s")
    assert len(_LOADED) == count - 1
    assert is_dispatched(first.builtin("s"))


# Results.


@both
@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (None, None),
        (1, 6.0),
        ((), ()),
        ((1,), (6.0,)),
        ((2, 1), (3, 6.0)),
        ((1, (2, (1, None)), ()), (6.0, (3, (6.0, None)), ())),
    ],
)
def test_templates(options, template, expected):
    f = scale_unit(template, options=options).builtin
    answer = f(2.0, np.arange(3.0))
    assert answer == expected and repr(answer) == repr(expected)


@both
def test_array_results(options):
    x = np.arange(3.0)
    y = scale_unit(0, options=options).builtin(2.0, x)
    assert np.array_equal(y, 2 * x) and sys.getrefcount(y) == 2
    first, (again, size) = scale_unit((0, (0, 2)), options=options).builtin(2.0, x)
    assert first is again and sys.getrefcount(first) == 3 and size == 3


@both
def test_bool_and_float32_results(options):
    assert build(echo("bool", "bool"), (Scalar("bool"),), options=options).builtin(True) is True
    answer = build(echo("float32", "float32"), (Scalar("float32"),), options=options).builtin(np.float32(0.1))
    assert type(answer) is np.float32 and answer == np.float32(0.1)


# Errors.


@both
def test_failed_check(options):
    kernel, n = checked()
    f = build(kernel, (Scalar("float"), Array("f64", (n,))), options=options).builtin
    assert np.array_equal(f(1.0, np.ones(4)), np.zeros(4))
    with pytest.raises(Failed) as caught:
        f(-2.5, np.ones(4))
    status, cells = caught.value.args
    assert status == 7 and len(cells) == 4
    assert float_of_bits(cells[0]) == -2.5 and cells[1:] == (4, 0, 0)


@both
def test_failed_check_may_answer(options):
    kernel, n = checked()
    f = build(kernel, (Scalar("float"), Array("f64", (n,))), native_error=lambda *a: a, options=options).builtin
    status, cells = f(-1.0, np.ones(4))
    assert status == 7 and cells[1] == 4


@both
def test_a_status_may_hand_the_call_on(options):
    kernel, n = checked()
    signature = (Scalar("float"), Array("f64", (n,)))
    unit = build(kernel, signature, elsewhere=7, options=options)
    x = np.ones(1_000_000)
    assert unit.builtin(1.0, x).shape == x.shape
    memory, held = resident_kib(), sys.getrefcount(x)
    for _ in range(50):
        answer = unit.builtin(-1.0, x)
        assert is_dispatched(answer) and answer[1][1] is x
        del answer
    assert resident_kib() - memory < 32 * 1024 and sys.getrefcount(x) == held
    unit.next = lambda *args: "next"
    assert unit.builtin(-1.0, x) == "next"


def test_failed_check_drops_its_arrays():
    kernel, n = checked()
    f = build(kernel, (Scalar("float"), Array("f64", (n,)))).builtin
    x = np.ones(1_000_000)
    memory = resident_kib()
    for _ in range(200):
        with pytest.raises(Failed):
            f(-1.0, x)
    assert resident_kib() - memory < 32 * 1024


@both
def test_array_that_cannot_be_made(options):
    n = Local("i64", "n")
    y = Buffer("y", "f64", (n,))
    f = build(Kernel("zeros", (n,), (Output(y, 0, True),), results("array:f64")), (Scalar("int"),), options=options)
    assert np.array_equal(f.builtin(3), np.zeros(3)) and f.builtin(0).shape == (0,)
    with pytest.raises(ValueError, match="negative dimensions"):
        f.builtin(-1)
    with pytest.raises((MemoryError, ValueError)):
        f.builtin(2**60)
    with pytest.raises(MemoryError):
        f.builtin(2**57)


@both
def test_workspace_that_cannot_be_had(options):
    assert OUT_OF_MEMORY == -2
    n, value = Local("i64", "n"), Local("f64", "value")
    room = Buffer("room", "f64", (n,))
    body = (Alloc(room), Store(room, (Const(0, "i64"),), Const(2.0, "f64")), Load(value, room, (Const(0, "i64"),)))
    f = build(Kernel("work", (n,), (*body, Result(0, value)), results("float")), (Scalar("int"),), options=options)
    assert f.builtin(1000) == 2.0
    with pytest.raises(MemoryError):
        f.builtin(2**58)


# References and memory.


def counted(x, other):
    return sys.getrefcount(x), sys.getrefcount(other), sys.getrefcount(None), sys.getrefcount(dispatched)


@both
def test_references_balance(options):
    f = scale_unit((0, (1, None)), options=options).builtin
    kernel, n = checked()
    g = build(kernel, (Scalar("float"), Array("f64", (n,))), options=options).builtin
    a, x = 2.5e10, np.arange(4.0)
    f(a, x)
    gc.collect()
    before = counted(a, x)
    for _ in range(3000):
        f(a, x)
        f(x, a)
        f(a, x, z=a)
        with pytest.raises(Failed):
            g(-1.0, x)
    gc.collect()
    after = counted(a, x)
    # Immortal objects do not count, and None has users elsewhere.
    assert after[:2] == before[:2] and abs(after[2] - before[2]) < 20 and after[3] == before[3]


def test_calls_do_not_grow():
    f = scale_unit().builtin
    x = np.arange(100.0)
    for _ in range(1000):
        f(2.0, x)
    memory = resident_kib()
    for _ in range(100_000):
        f(2.0, x)
    assert resident_kib() - memory < 1024


# Lifetime.


def test_builtin_keeps_its_code():
    f = build(sum_of_squares(), (Scalar("float"),) * 2).builtin
    gc.collect()
    assert f(3.0, 4.0) == 25.0


def test_code_goes_with_its_last_reference():
    count = loaded()
    unit = build(sum_of_squares(), (Scalar("float"),) * 2)
    f = unit.builtin
    assert len(_LOADED) == count + 1
    del unit
    assert len(_LOADED) == count + 1 and f(3.0, 4.0) == 25.0
    del f
    assert len(_LOADED) == count


class Owner:
    """A dispatcher that owns the unit it serves, as a decorated function does."""

    def __call__(self, *args):
        del self.unit
        gc.collect()
        return "freed itself", args

    def __del__(self):
        if hasattr(self, "unit"):
            # Code in a cycle can be called by what is finalised with it.
            Owner.last = self.unit.builtin(3.0, 4.0)


def test_cycle_through_the_dispatcher():
    count = loaded()
    for _ in range(5):
        owner = Owner()
        owner.unit = build(sum_of_squares(), (Scalar("float"),) * 2, dispatcher=owner)
        owner.again = owner.unit.builtin
    alive = weakref.ref(owner)
    del owner
    gc.collect()
    gc.collect()
    assert alive() is None and len(_LOADED) == count
    assert Owner.last == 25.0


def test_unit_freed_from_inside_its_own_dispatcher():
    count = loaded()
    owner = Owner()
    owner.unit = build(sum_of_squares(), (Scalar("float"),) * 2, dispatcher=owner)
    assert owner.unit.builtin("s") == ("freed itself", ("s",))
    assert len(_LOADED) == count


def test_cycles_of_compiling_and_dropping_do_not_grow():
    """Units in cycles with their dispatchers: every one is collected, and memory stays. Without the optimiser, since
    llvmlite itself keeps 3 KiB of each of its runs, and in a process of its own, where nothing else grows."""
    growth = run_alone(
        """
        import gc
        from symdiff_codegen.loading import _LOADED
        from tests.symdiff_codegen.test_entry import Owner

        kernel = sum_of_squares()

        def cycles(count):
            for index in range(count):
                owner = Owner()
                owner.unit = build(kernel, (Scalar("float"),) * 2, dispatcher=owner, options=Options(level=0))
                assert owner.unit.builtin(3.0, 4.0) == 25.0
                del owner
                # How many wait to be collected must not depend on when the collector comes by itself.
                if index % 20 == 19:
                    gc.collect()
            assert not _LOADED
            return resident_kib()

        print(-cycles(400) + cycles(1000))
        """
    )
    assert int(growth) < 512


# The interpreter lock, threads, signals.


def test_threads_share_one_unit():
    f = scale_unit(work=10**9).builtin
    arrays = [np.arange(float(100 + index)) for index in range(8)]
    wrong = []

    def work(x):
        for _ in range(2000):
            y, (total, size) = f(2.0, x)
            if total != x.sum() * 2 or size != len(x) or y[-1] != 2 * x[-1]:
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(x,)) for x in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("work", [10**9, "loop", "terms"])
def test_long_work_releases_the_lock(work):
    kernel = slow_sum()
    terms = ((2, (kernel.params[0],)),) if work == "terms" else work
    f = build(kernel, (Scalar("int"),), work=terms).builtin
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    f(200_000_000)
    end = time.perf_counter()
    stop.set()
    thread.join()
    assert sum(start + 0.01 < moment < end - 0.01 for moment in ticks) > 10


def test_short_work_keeps_the_lock():
    for work, expected in ((10, False), (10**6, True), ("loop", False)):
        unit = build(sum_of_squares(), (Scalar("float"),) * 2, work=work)
        assert ("PyEval_SaveThread" in unit.llvm) is expected
        assert unit.builtin(3.0, 4.0) == 25.0


def interrupted_after(function, argument):
    """Seconds from a signal, sent from another thread, to the KeyboardInterrupt."""
    sent = []

    def send():
        time.sleep(0.2)
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            function(argument)
            # The loop was too short for the signal to find it.
            raise AssertionError
        return time.perf_counter() - sent[0]
    finally:
        thread.join()


@pytest.mark.parametrize("work", [0, 10**9, "loop"])
def test_interrupt(work):
    f = build(slow_sum(), (Scalar("int"),), work=work).builtin
    if work == 0:
        # The other thread cannot run while the lock is held, so the signal comes from a timer.
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        start = time.perf_counter()
        try:
            with pytest.raises(KeyboardInterrupt):
                f(10**11)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert time.perf_counter() - start < 0.5
    else:
        assert interrupted_after(f, 10**11) < 0.3
    assert f(10) == pytest.approx(10, rel=1e-4)


def test_handler_may_call_the_same_unit():
    f = build(slow_sum(), (Scalar("int"),), work="loop").builtin
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(f(1000)))
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        answer = f(300_000_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen and set(seen) == {f(1000)} and answer == f(300_000_000)


# Use as a builtin.


def test_looks_like_a_function():
    unit = build(sum_of_squares(), (Scalar("float"),) * 2, name="energy", doc="energy(x, y)\n--\n\nThe energy.")
    f = unit.builtin
    assert f.__name__ == "energy" and f.__doc__ == "The energy." and f.__text_signature__ == "(x, y)"
    assert callable(f) and "native code" in repr(f.__self__)
    assert list(map(f, [1.0, 2.0], [0.0, 1.0])) == [1.0, 5.0]
    assert operator.call(f, 3.0, 4.0) == 25.0
    assert len({f, unit.builtin}) == 1


def test_recursion_through_the_dispatcher():
    unit = build(echo("int", "int"), (Scalar("int"),), dispatcher=lambda text: unit.builtin(text))
    with pytest.raises(RecursionError):
        unit.builtin("text")


def test_end_of_the_interpreter():
    """Functions may outlive their modules, and be called late."""
    assert run_alone(
        """
        import atexit, builtins
        f = build(sum_of_squares(), (Scalar("float"),) * 2).builtin
        builtins.kept = f
        class Late:
            def __del__(self, f=f):
                print(f(3.0, 4.0))
        late = builtins.late = Late()
        late.itself = late
        atexit.register(lambda: print(f(0.0, 1.0)))
        """
    ).split() == ["1.0", "25.0"]


def test_end_of_the_interpreter_while_a_thread_is_in_native_code():
    assert run_alone(
        """
        f = build(slow_sum(), (Scalar("int"),), work="loop").builtin
        threading.Thread(target=f, args=(10**12,), daemon=True).start()
        time.sleep(0.2)
        print("end")
        """
    ).split() == ["end"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_fork():
    """A child runs the parent's code, compiles, and is interrupted like its parent."""
    assert run_alone(
        """
        import os, signal
        f = build(slow_sum(), (Scalar("int"),), work="loop").builtin
        child = os.fork()
        if child == 0:
            g = build(sum_of_squares(), (Scalar("float"),) * 2).builtin
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            signal.signal(signal.SIGALRM, signal.default_int_handler)
            try:
                f(10**12)
            except KeyboardInterrupt:
                os._exit(int(g(3.0, 4.0)))
            os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    ).split() == ["25"]


def test_a_key_that_must_be_absent():
    """A builtin's name is read from the module's globals first: the day it is there, the call is another one."""
    names: dict[str, object] = {}
    x = Local("f64", "x")
    kernel = Kernel("same", (x,), (Result(0, x),), (ResultSpec("float"),))
    captured = ((names, "range", ABSENT),)
    called = (lambda *a: "dispatched", lambda *a: None)
    signature = Signature((Scalar("float"),), kernel.results, 0, *called, captured=captured)
    for kind in ("builtin", "ctypes"):
        call = compile_unit(kernel, signature=signature, options=Options(entry=kind)).builtin
        assert call(1.5) == 1.5
        names["range"] = None
        assert call(1.5) == "dispatched"
        del names["range"]
        assert call(1.5) == 1.5
