"""Units: their texts, options, names, errors, and what compiling costs."""

import ctypes
import threading
from dataclasses import replace

import numpy as np
import pytest
from llvmlite import ir

from symdiff_codegen import context, native, python_api, targets
from symdiff_codegen.kernel import Buffer, Const, Kernel, Let, Local, Result
from symdiff_codegen.loading import Loaded
from symdiff_codegen.native import NativeBuildError, Options, compile_unit, module_builds
from symdiff_codegen.python_api import Symbols
from symdiff_codegen.signature import Array, Fixed, Scalar, Signature
from tests.symdiff_codegen.units import build, dispatched, fail, results, scale, scale_unit, slow_sum, sum_of_squares


def test_texts():
    unit = scale_unit(options=Options())
    assert "define internal i64 @" in unit.llvm and "kernel.scale" in unit.llvm
    assert "kernel.scale" in unit.llvm_optimised and unit.llvm_optimised != unit.llvm
    assert "kernel.scale:" in unit.asm
    assert 0 < unit.seconds < 10


def test_text_is_the_same_every_time():
    assert scale_unit().llvm == scale_unit().llvm


def test_vector_width():
    unit = scale_unit(options=Options())
    assert '"prefer-vector-width"="512"' in unit.llvm
    if "+avx512f" in targets.cpu()[1]:
        assert "zmm" in unit.asm


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_levels_agree(level):
    x = np.random.default_rng(0).standard_normal(1003)
    expected = scale_unit(options=Options()).builtin(1.1, x)
    answer = scale_unit(options=Options(level=level)).builtin(1.1, x)
    assert answer[0].tobytes() == expected[0].tobytes() and answer[1] == expected[1]


def test_builds_are_counted():
    before = module_builds()
    build(sum_of_squares(), (Scalar("float"),) * 2)
    assert module_builds() == before + 1


def test_cost_of_a_small_function():
    """The best of a few, since the machine may be busy; the first of a process is longer."""
    seconds = min(scale_unit(options=Options()).seconds for _ in range(5))
    assert seconds < 0.15


NAMES = ["poll", "free", "malloc", "exp", "entry", "new_array", "<lambda>", "größe", "a b", ""]


@pytest.mark.parametrize("name", NAMES)
def test_any_name(name):
    unit = build(replace(sum_of_squares(), name=name), (Scalar("float"),) * 2)
    assert unit.builtin(3.0, 4.0) == 25.0
    assert unit.builtin.__name__ == name


def test_without_a_signature():
    unit = compile_unit(slow_sum(), options=Options(level=1))
    with pytest.raises(ValueError, match="without a signature"):
        _ = unit.builtin
    with pytest.raises(ValueError, match="without a signature"):
        unit.next = len
    cells = (ctypes.c_int64 * (context.RESULTS_OFFSET // 8 + 1))()
    function = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)(unit.entry_address)
    assert function(ctypes.addressof(cells), 1) == 0
    assert ctypes.c_double.from_buffer(cells, context.RESULTS_OFFSET).value == 1.0
    assert unit.finish_address


def test_compiling_in_threads():
    kernel = sum_of_squares()
    answers = []

    def work():
        for _ in range(5):
            answers.append(build(kernel, (Scalar("float"),) * 2).builtin(3.0, 4.0))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [25.0] * 40


def signature(params, kinds, template=0, **more):
    return Signature(params, results(*kinds), template, dispatched, fail, **more)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (signature((Scalar("float"),), ["float"]), "has 2 parameters"),
        (signature((Scalar("float"), Fixed(None)), ["float"]), "has 2 parameters"),
        (signature((Scalar("float"), Scalar("int")), ["float"]), "has type f64, the signature passes i64"),
        (signature((Scalar("float"), Array("f64", ())), ["float"]), "parameter 'y' is"),
        (signature((Scalar("float"), Scalar("float")), ["int"]), "other results"),
        (signature((Scalar("float"), Scalar("float")), ["float"], (0, 1)), "no result slot 1"),
        (signature((Scalar("float"),) * 2, ["float"], work=((1, (Local("i64", "n"),)),)), "depends on a size"),
    ],
)
def test_signatures_that_do_not_fit(wrong, message):
    with pytest.raises(ValueError, match=message):
        compile_unit(sum_of_squares(), signature=wrong)


def test_signature_with_other_sizes():
    kernel, _ = scale()
    with pytest.raises(ValueError, match="dimensions"):
        build(kernel, (Scalar("float"), Array("f64", (Local("i64", "n"),))))
    x = Buffer("x", "f64", (Const(3, "i64"),))
    fixed = Kernel("first", (x,), (Result(0, Const(1.0, "f64")),), results("float"))
    assert build(fixed, (Array("f64", (Const(3, "i64"),)),)).builtin(np.zeros(3)) == 1.0


def test_rejected_module():
    with pytest.raises(NativeBuildError, match=r"expected[\s\S]*call void @nothing"):
        targets.optimise("define i64 @f() {\n  call void @nothing(\n}\n", Options())


def test_unknown_symbol():
    """A name without an address is an error when linking, not a crash when calling."""
    text = "declare void @no_such_name()\ndefine void @f() {\n call void @no_such_name()\n ret void\n}"
    with pytest.raises(NativeBuildError, match="cannot be linked"):
        Loaded(targets.optimise(text, Options()).object_code, {}, ["f"])
    with pytest.raises(LookupError, match="no_such_name"):
        python_api.function_address("no_such_name")
    symbols = Symbols(ir.Module())
    ir.Function(symbols.module, ir.FunctionType(ir.VoidType(), []), "no_such_name")
    with pytest.raises(NativeBuildError, match="no_such_name"):
        native._resolve(symbols)


@pytest.mark.parametrize("damage", [lambda code: code[:100], lambda code: b"", lambda code: b"\0" * 500])
def test_damaged_object(damage):
    code = targets.optimise("define void @f() {\n ret void\n}", Options()).object_code
    assert Loaded(code, {}, ["f"]).addresses["f"]
    with pytest.raises(NativeBuildError):
        Loaded(damage(code), {}, ["f"])


def test_symbols_are_declared_once():
    symbols = Symbols(ir.Module())
    assert symbols.function("Py_IncRef") is symbols.function("Py_IncRef")
    assert symbols.object(len) is symbols.object(len) and symbols.object(len) is not symbols.object(max)
    assert symbols.kept == [len, max] and symbols.addresses["object.0"] == id(len)
    assert all(python_api.function_address(name) for name in python_api.FUNCTIONS)


def test_operations_of_the_c_library():
    """What LLVM itself calls is found too."""
    x, y, r = (Local("f64", name) for name in "xyr")
    kernel = Kernel("remainder", (x, y), (Let(r, "fmod", (x, y)), Result(0, r)), results("float"))
    assert build(kernel, (Scalar("float"),) * 2).builtin(7.5, -2.0) == 1.5
