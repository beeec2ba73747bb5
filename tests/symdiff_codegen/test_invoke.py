"""Calling Python back from the middle of a kernel."""

from typing import Any

import numpy as np
import pytest

from symdiff_codegen.kernel import Alloc, Buffer, Const, Fill, Invoke, Kernel, Local, Result, ResultSpec
from symdiff_codegen.native import Options, compile_unit
from symdiff_codegen.signature import Array, Scalar, Signature
from symdiff_codegen.text import kernel_text
from tests.symdiff_codegen.build import f64, i64, vector
from tests.symdiff_codegen.units import ENTRIES

both = pytest.mark.parametrize("options", ENTRIES, ids=["builtin", "ctypes"])


def unit_of(kernel: Kernel, params: tuple[Any, ...], invoked: Any, options: Options) -> Any:
    def misfit(*args: Any) -> Any:
        raise AssertionError(args)

    signature = Signature(params, kernel.results, 0, misfit, misfit, invoked=invoked, work=10**6)
    return compile_unit(kernel, signature=signature, options=options).builtin


def shows() -> tuple[Kernel, tuple[Any, ...]]:
    """Passes each type of scalar, a parameter's array and workspace, at two sites."""
    x, k, v, w = Local("f64", "x"), Local("i64", "k"), vector("v"), Buffer("w", "f32", (i64(2), i64(3)))
    body = (
        Invoke(0, (x, k, Const(True, "i1"), Const(-5, "i32"), Const(0.25, "f32"))),
        Alloc(w),
        Fill(w, Const(1.5, "f32")),
        Invoke(1, (v, f64(2.0), w)),
        Result(0, x),
    )
    params = (Scalar("float"), Scalar("int"), Array("f64", v.dims))
    return Kernel("shows", (x, k, v), body, (ResultSpec("float"),)), params


@both
def test_values_arrive_as_they_are(options: Options) -> None:
    seen: list[Any] = []
    kernel, params = shows()
    call = unit_of(kernel, params, lambda site, values: seen.append((site, values)), options)
    v = np.array([1.0, -0.0, np.nan])
    assert call(0.1, -3, v) == 0.1
    (first, scalars), (second, (array, two, work)) = seen
    assert (first, second, two) == (0, 1, 2.0)
    assert scalars == [0.1, -3, True, -5, np.float32(0.25)]
    assert [type(s) for s in scalars] == [float, int, bool, int, np.float32]
    assert array.tobytes() == v.tobytes() and array is not v and not np.shares_memory(array, v)
    assert work.dtype == np.float32 and work.shape == (2, 3) and (work == 1.5).all()


@both
def test_an_exception_ends_the_call(options: Options) -> None:
    seen: list[int] = []

    def invoked(site: int, values: list[Any]) -> None:
        seen.append(site)
        raise KeyError("stop", values[0])

    kernel, params = shows()
    call = unit_of(kernel, params, invoked, options)
    for _ in range(3):
        with pytest.raises(KeyError) as caught:
            call(0.5, 1, np.zeros(2))
        assert caught.value.args == ("stop", 0.5)
    assert seen == [0, 0, 0]


@both
def test_a_callback_may_call_the_kernel_again(options: Options) -> None:
    kernel, params = shows()
    depth: list[float] = []

    def invoked(site: int, values: list[Any]) -> None:
        if site == 0:
            depth.append(values[0])
            if values[0] < 3.0:
                assert call(values[0] + 1.0, 0, np.zeros(2)) == values[0] + 1.0

    call = unit_of(kernel, params, invoked, options)
    assert call(0.0, 0, np.zeros(2)) == 0.0
    assert depth == [0.0, 1.0, 2.0, 3.0]


def test_text() -> None:
    kernel, _ = shows()
    seen: list[Any] = []
    namespace: dict[str, Any] = {"invoke": lambda *args: seen.append(args)}
    exec(kernel_text(kernel), namespace)
    assert namespace["shows"](0.5, 2, np.ones(3)) == 0.5
    assert seen[0] == (0, 0.5, 2, True, -5, np.float32(0.25))
