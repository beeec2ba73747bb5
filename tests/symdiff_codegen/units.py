"""Small kernels and their signatures, for tests of the callables in front of native code."""

import sys
from typing import Any

from symdiff_codegen.kernel import (
    Buffer,
    Carried,
    Check,
    Const,
    For,
    Kernel,
    Let,
    Load,
    Local,
    Output,
    Reduction,
    Result,
    ResultSpec,
    Store,
)
from symdiff_codegen.native import Options, Unit, compile_unit
from symdiff_codegen.signature import Array, Scalar, Signature, Template

CHEAP = Options(level=1)
SLOW = Options(level=1, entry="ctypes")
ENTRIES = [CHEAP, SLOW]
KINDS = {"float": "f64", "int": "i64", "bool": "i1", "float64": "f64", "float32": "f32"}


def dispatched(*args: Any, **kwargs: Any) -> Any:
    """What a call that fails a test arrives at."""
    return "dispatched", args, kwargs


class Failed(Exception):
    """What the kernels' checks raise."""


def fail(status: int, cells: tuple[int, ...]) -> Any:
    raise Failed(status, cells)


def build(kernel: Kernel, params: tuple[Any, ...], template: Template = 0, **more: Any) -> Unit:
    """Compile a kernel with a signature; options and fields of the signature by name."""
    options = more.pop("options", CHEAP)
    fields = {"dispatcher": dispatched, "native_error": fail, **more}
    return compile_unit(kernel, signature=Signature(params, kernel.results, template, **fields), options=options)


def is_dispatched(answer: Any) -> bool:
    return isinstance(answer, tuple) and len(answer) == 3 and answer[0] == "dispatched"


def results(*kinds: str) -> tuple[ResultSpec, ...]:
    return tuple(ResultSpec(kind) for kind in kinds)


def sum_of_squares() -> Kernel:
    """f(x, y) = x*x + y*y"""
    x, y, square, total = (Local("f64", name) for name in ("x", "y", "square", "total"))
    body = (Let(square, "mul", (x, x)), Let(total, "fma", (y, y, square)), Result(0, total))
    return Kernel("f", (x, y), body, results("float"))


def echo(kind: str, result: str) -> Kernel:
    """f(x) = x"""
    x = Local(KINDS[kind], "x")
    return Kernel("echo", (x,), (Result(0, x),), results(result))


def scale() -> tuple[Kernel, Local]:
    """scale(a, x) = (a*x, sum(a*x), len(x)), and the size of x"""
    n, a, i = Local("i64", "n"), Local("f64", "a"), Local("i64", "i")
    x, y = Buffer("x", "f64", (n,)), Buffer("y", "f64", (n,))
    value, scaled, total = (Local("f64", name) for name in ("value", "scaled", "total"))
    trip = (Load(value, x, (i,)), Let(scaled, "mul", (a, value)), Store(y, (i,), scaled))
    loop = For(i, Const(0, "i64"), n, 1, (), trip, True, (Reduction("sum", scaled, total),))
    body = (Output(y, 0), loop, Result(1, total), Result(2, n))
    return Kernel("scale", (a, x), body, results("array:f64", "float", "int")), n


def scale_unit(template: Template = (0, (1, 2)), **more: Any) -> Unit:
    kernel, n = scale()
    return build(kernel, (Scalar("float"), Array("f64", (n,))), template, **more)


def checked() -> tuple[Kernel, Local]:
    """checked(a, x): an array of zeros, and a check that a > 0 after it was made"""
    n, a, positive = Local("i64", "n"), Local("f64", "a"), Local("i1", "positive")
    x, y = Buffer("x", "f64", (n,)), Buffer("y", "f64", (n,))
    body = (Output(y, 0, True), Let(positive, "gt", (a, Const(0.0, "f64"))), Check(positive, 7, (a, n)))
    return Kernel("checked", (a, x), body, results("array:f64")), n


def slow_sum() -> Kernel:
    """slow_sum(n): a sum that has to be done term by term, about a nanosecond for each"""
    n, i = Local("i64", "n"), Local("i64", "i")
    before, after, out = (Local("f64", name) for name in ("before", "after", "out"))
    body = (Let(after, "fma", (before, Const(0.999999, "f64"), Const(1.0, "f64"))),)
    loop = For(i, Const(0, "i64"), n, 1, (Carried(before, Const(0.0, "f64"), after, out),), body)
    return Kernel("slow_sum", (n,), (loop, Result(0, out)), results("float"))


def resident_kib() -> int:
    """Memory of this process that is resident now, in KiB; 0 where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return 0
    with open("/proc/self/statm") as status:
        return int(status.read().split()[1]) * 4
