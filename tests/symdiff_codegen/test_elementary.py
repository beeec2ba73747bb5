"""Accuracy, special values and bitwise agreement of the inline elementary functions.

Larger samples of the same points: `python -m benchmarks.elementary --accuracy`.
"""

from __future__ import annotations

import ctypes
import functools
import math
import struct
from collections.abc import Callable

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from symdiff_codegen.elementary import ARITY, INLINE, MAX_ULP, emit
from tests.symdiff_codegen.elementary_points import error_in_ulp, points_of

LANES = 16
POINTS = 2000
INF, NAN = math.inf, math.nan
TINY, SMALL, BIG = 5e-324, 2.0**-1022, 1.7976931348623157e308
DOUBLE, FLOAT, INT = ir.DoubleType(), ir.FloatType(), ir.IntType(64)
NAMES = sorted(INLINE)


# ------------------------------------------------------------------------------------------------ a small compiler
def loop_module(name: str, element: ir.Type, lanes: int) -> ir.Module:
    """Return a module with ``loop(out, inputs..., count)``: whole blocks as vectors, the rest as scalars."""
    module = ir.Module("test")
    module.triple = llvm.get_default_triple()
    pointer = element.as_pointer()
    type_ = ir.FunctionType(ir.VoidType(), [pointer] * (ARITY[name] + 1) + [INT])
    function = ir.Function(module, type_, "loop")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    count = function.args[-1]
    zero = ir.Constant(INT, 0)
    start = zero
    if lanes:
        start = builder.and_(count, ir.Constant(INT, -lanes))
        add_loop(builder, function, name, zero, start, ir.VectorType(element, lanes))
    add_loop(builder, function, name, start, count, element)
    builder.ret_void()
    return module


def add_loop(
    builder: ir.IRBuilder, function: ir.Function, name: str, start: ir.Value, stop: ir.Value, type_: ir.Type
) -> None:
    step = getattr(type_, "count", 1)
    before = builder.block
    head, body, leave = (function.append_basic_block(label) for label in ("head", "body", "leave"))
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(INT)
    index.add_incoming(start, before)
    builder.cbranch(builder.icmp_signed("<", index, stop), body, leave)
    builder.position_at_end(body)
    places = [builder.bitcast(builder.gep(p, [index]), type_.as_pointer()) for p in function.args[:-1]]
    size = 4 if "float" in str(type_) else 8
    values = [builder.load(place, align=size) for place in places[1:]]
    builder.store(emit(name, builder, *values), places[0], align=size)
    # The builder stays where it was.
    assert builder.block is body
    index.add_incoming(builder.add(index, ir.Constant(INT, step)), body)
    builder.branch(head)
    builder.position_at_end(leave)


@functools.cache
def target_machine() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2, jit=True
    )


_alive: list[object] = []


@functools.cache
def compiled(name: str, lanes: int = LANES, single: bool = False) -> Callable[..., np.ndarray]:
    """Return the function as ``arrays -> array``."""
    module = llvm.parse_assembly(str(loop_module(name, FLOAT if single else DOUBLE, lanes)))
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    llvm.create_pass_builder(target_machine(), tuning).getModulePassManager().run(
        module, llvm.create_pass_builder(target_machine(), tuning)
    )
    # The compiler owns its target machine, hence one each.
    target_machine.cache_clear()
    compiler = llvm.create_lljit_compiler(target_machine())
    target_machine.cache_clear()
    library = llvm.JITLibraryBuilder().add_ir(module).export_symbol("loop").add_current_process().link(compiler, name)
    _alive.append((compiler, library))
    types = [ctypes.c_void_p] * (ARITY[name] + 1) + [ctypes.c_int64]
    native = ctypes.CFUNCTYPE(None, *types)(library["loop"])
    dtype = np.float32 if single else np.float64

    def call(*arrays: np.ndarray) -> np.ndarray:
        inputs = [np.ascontiguousarray(array, dtype=dtype) for array in arrays]
        out = np.empty_like(inputs[0])
        native(out.ctypes.data, *(array.ctypes.data for array in inputs), len(out))
        return out

    return call


# --------------------------------------------------------------------------------------------------------- the tests
@pytest.mark.parametrize("name", NAMES)
def test_accuracy(name: str) -> None:
    arguments = points_of(name, POINTS, 20)
    results = compiled(name)(*arguments)
    worst = max(
        (error_in_ulp(name, values, got), values)
        for *values, got in zip(*(a.tolist() for a in arguments), results.tolist(), strict=True)
    )
    assert worst[0] <= MAX_ULP[name], worst


SPECIAL_POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, TINY, -TINY, SMALL, -SMALL, BIG, -BIG]
SPECIAL_POINTS += [INF, -INF, NAN, *(k * math.pi / 4 for k in range(-9, 10))]
SPECIAL_POINTS += [1e6, -1e6, 1e22, 2.0**53, 2.0**1000, 709.7, 710.5, -745.2]


def special_arguments(name: str) -> list[np.ndarray]:
    points = np.array(SPECIAL_POINTS)
    if ARITY[name] == 1:
        return [points]
    return [grid.ravel() for grid in np.meshgrid(points, points)]


def bits(array: np.ndarray) -> np.ndarray:
    """Return the bit patterns, with one pattern for all NaN: their sign and payload are not promised."""
    clean = np.where(np.isnan(array), array.dtype.type(NAN), array)
    return clean.view(np.uint64 if array.dtype == np.float64 else np.uint32)


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_bits_as_a_scalar_and_as_a_lane(name: str, single: bool) -> None:
    dtype = np.float32 if single else np.float64
    with np.errstate(over="ignore", under="ignore"):
        arguments = [
            np.concatenate(pair).astype(dtype)
            for pair in zip(special_arguments(name), points_of(name, 400, 3), strict=True)
        ]
    scalar = compiled(name, 0, single)(*arguments)
    for length in [*range(LANES * 2 + 2), len(scalar)]:
        for start in (0, 5) if length < len(scalar) else (0,):
            part = slice(start, start + length)
            vector = compiled(name, LANES, single)(*(a[part] for a in arguments))
            np.testing.assert_array_equal(bits(vector), bits(scalar[part]))


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_is_the_rounded_double(name: str) -> None:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        arguments = [a.astype(np.float32) for a in points_of(name, 400, 4)]
        expected = compiled(name)(*(a.astype(np.float64) for a in arguments)).astype(np.float32)
    np.testing.assert_array_equal(bits(compiled(name, LANES, True)(*arguments)), bits(expected))


PI = math.pi
ODD = ("expm1", "log1p", "sin", "tan", "sinh", "tanh", "asin", "atan", "asinh", "atanh")
EDGES = [0.0, -0.0, 1.0, -1.0, TINY, -TINY, BIG, -BIG, INF, -INF, NAN]
POW_EDGES = [*EDGES, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.0**53, 2.0**53 - 1, -1e300, 1e-300]


def c_pow(x: float, y: float) -> float:
    """Return what C99 asks of pow, which Python hides behind exceptions."""
    negative = math.copysign(1.0, x) < 0 and math.isfinite(y) and math.fmod(y, 2.0) in (1.0, -1.0)
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INF if negative else INF
    except ValueError:
        return NAN if x != 0 else -INF if negative else INF


# name: arguments and the exact result, compared with its sign; a string of names shares a row.
SPECIAL: list[tuple[str, tuple[float, ...], float]] = [
    *(("exp", *row) for row in [((0.0,), 1.0), ((-0.0,), 1.0), ((INF,), INF), ((-INF,), 0.0), ((NAN,), NAN)]),
    *(("exp", *row) for row in [((BIG,), INF), ((-BIG,), 0.0), ((TINY,), 1.0), ((-745.13,), TINY), ((-745.14,), 0.0)]),
    *(("exp", *row) for row in [((709.782712893384,), math.exp(709.782712893384)), ((709.7827128933841,), INF)]),
    *(("exp2", (float(k),), math.ldexp(1.0, k)) for k in (*range(-1074, 1024, 13), -1074, -1022, 1023)),
    *(("exp2", *row) for row in [((1024.0,), INF), ((-1075.0,), 0.0), ((INF,), INF), ((-INF,), 0.0), ((NAN,), NAN)]),
    *(("expm1", *row) for row in [((INF,), INF), ((-INF,), -1.0), ((NAN,), NAN), ((BIG,), INF), ((-BIG,), -1.0)]),
    *(("log", *row) for row in [((1.0,), 0.0), ((0.0,), -INF), ((-0.0,), -INF), ((-1.0,), NAN), ((INF,), INF)]),
    *(("log", *row) for row in [((-INF,), NAN), ((NAN,), NAN), ((-TINY,), NAN), ((BIG,), 709.782712893384)]),
    *(("log2", (math.ldexp(1.0, k),), float(k)) for k in (*range(-1074, 1024, 13), -1074, 1023)),
    *((name, *row) for name in ("log2", "log10") for row in [((0.0,), -INF), ((-1.0,), NAN), ((INF,), INF)]),
    *(("log10", (float(10**k),), float(k)) for k in range(23)),
    *(("log1p", *row) for row in [((-1.0,), -INF), ((-1.5,), NAN), ((INF,), INF), ((-INF,), NAN), ((NAN,), NAN)]),
    *(("log1p", *row) for row in [((BIG,), 709.782712893384), ((2.0**1023 * 1.5,), math.log(2.0**1023 * 1.5))]),
    *((name, (x,), x) for name in ODD for x in (0.0, -0.0, TINY, -TINY, SMALL)),
    *((name, (x,), NAN) for name in ("sin", "cos", "tan") for x in (INF, -INF, NAN)),
    *(("cos", *row) for row in [((0.0,), 1.0), ((-0.0,), 1.0), ((PI,), -1.0), ((-PI,), -1.0), ((2 * PI,), 1.0)]),
    *(("sin", (k * PI,), math.sin(k * PI)) for k in (1, -1, 2, 3, 4, 100)),
    *(("sin", (k * PI / 2,), math.sin(k * PI / 2)) for k in (1, -1, 3, 5)),
    *(("cos", (k * PI / 2,), math.cos(k * PI / 2)) for k in (1, -1, 3, 5, 101)),
    *(("tan", *row) for row in [((PI / 2,), 1.633123935319537e16), ((PI,), math.tan(PI))]),
    # The double nearest to a multiple of pi/2, of all there are.
    ("cos", (6381956970095103.0 * 2.0**797,), -4.68716592425462761112e-19),
    ("sin", (6381956970095103.0 * 2.0**797,), 1.0),
    *(("tanh", *row) for row in [((INF,), 1.0), ((-INF,), -1.0), ((NAN,), NAN), ((BIG,), 1.0), ((-30.0,), -1.0)]),
    *(("sinh", *row) for row in [((INF,), INF), ((-INF,), -INF), ((NAN,), NAN), ((711.0,), INF), ((-BIG,), -INF)]),
    *(("cosh", *row) for row in [((INF,), INF), ((-INF,), INF), ((NAN,), NAN), ((0.0,), 1.0), ((-0.0,), 1.0)]),
    *((name, *row) for name in ("asin", "acos") for row in [((1.5,), NAN), ((-INF,), NAN), ((NAN,), NAN)]),
    *(("asin", *row) for row in [((1.0,), PI / 2), ((-1.0,), -PI / 2), ((0.5,), 0.5235987755982989)]),
    *(("acos", *row) for row in [((1.0,), 0.0), ((-1.0,), PI), ((0.0,), PI / 2), ((-0.0,), PI / 2)]),
    *(("atan", *row) for row in [((1.0,), PI / 4), ((INF,), PI / 2), ((-INF,), -PI / 2), ((NAN,), NAN)]),
    *(("asinh", *row) for row in [((INF,), INF), ((-INF,), -INF), ((NAN,), NAN), ((BIG,), 710.475860073944)]),
    *(("acosh", *row) for row in [((1.0,), 0.0), ((INF,), INF), ((0.5,), NAN), ((-INF,), NAN), ((NAN,), NAN)]),
    *(("acosh", *row) for row in [((BIG,), 710.475860073944), ((1 + 2.0**-52,), 2.1073424255447014e-08)]),
    *(("atanh", *row) for row in [((1.0,), INF), ((-1.0,), -INF), ((1.5,), NAN), ((-INF,), NAN), ((NAN,), NAN)]),
    *(("erf", *row) for row in [((0.0,), 0.0), ((-0.0,), -0.0), ((INF,), 1.0), ((-INF,), -1.0), ((NAN,), NAN)]),
    *(("erf", *row) for row in [((6.0,), 1.0), ((-BIG,), -1.0), ((TINY,), TINY)]),
    *(("erfc", *row) for row in [((0.0,), 1.0), ((INF,), 0.0), ((-INF,), 2.0), ((NAN,), NAN), ((-7.0,), 2.0)]),
    *(("cbrt", *row) for row in [((0.0,), 0.0), ((-0.0,), -0.0), ((8 * TINY,), 3.4063678720065206e-108)]),
    *(("cbrt", *row) for row in [((INF,), INF), ((-INF,), -INF), ((NAN,), NAN), ((BIG,), 5.643803094122362e102)]),
    *(("cbrt", (float(k**3),), float(k)) for k in (*range(-30, 31), 1000, 10**5)),
    *(("hypot", *row) for row in [((3.0, 4.0), 5.0), ((INF, NAN), INF), ((NAN, -INF), INF), ((NAN, 1.0), NAN)]),
    *(("hypot", *row) for row in [((0.0, -0.0), 0.0), ((-2.0, 0.0), 2.0), ((TINY, 0.0), TINY), ((BIG, BIG), INF)]),
    *(("hypot", *row) for row in [((0.0, BIG), BIG), ((1e200, 1e200), math.hypot(1e200, 1e200)), ((-INF, 0.0), INF)]),
    *(("atan2", (y, x), math.atan2(y, x)) for y in EDGES for x in EDGES),
    *(("pow", (x, y), c_pow(x, y)) for x in POW_EDGES for y in POW_EDGES if c_pow(x, y) in (0.0, 1.0, -1.0, INF, -INF)),
    *(("pow", (x, y), NAN) for x in POW_EDGES for y in POW_EDGES if math.isnan(c_pow(x, y))),
    *(("pow", (1 + sign * 2.0**-52, y), c_pow(1 + sign, y)) for sign in (-1, 1) for y in (INF, -INF, BIG, -BIG)),
    *(("pow", (x, 1.0), x) for x in (0.1, -0.1, 1e-310, 1.7e308, 1 / 3)),
    *(("pow", (x, 2.0), x * x) for x in (0.1, -0.1, 1e-160, 1.1e150, 1 / 3)),
    *(("pow", (float(k), float(n)), float(k**n)) for k in range(2, 12) for n in range(3, 16) if k**n < 2**53),
    *(("pow", (2.0, float(n)), math.ldexp(1.0, n)) for n in (-1074, -1022, -1, 1023)),
    *(("sqrt", *row) for row in [((0.0,), 0.0), ((-0.0,), -0.0), ((-1.0,), NAN), ((INF,), INF), ((4.0,), 2.0)]),
]


def same(got: float, expected: float) -> bool:
    if math.isnan(expected):
        return math.isnan(got)
    return struct.pack("<d", got) == struct.pack("<d", expected)


@pytest.mark.parametrize("name", NAMES)
def test_special_values(name: str) -> None:
    rows = [(arguments, expected) for row_name, arguments, expected in SPECIAL if row_name == name]
    if not rows:
        pytest.skip("no exact values beyond those of the other tests")
    results = compiled(name)(*(np.array(column) for column in zip(*(row[0] for row in rows), strict=True)))
    wrong = [(*row, got) for row, got in zip(rows, results.tolist(), strict=True) if not same(got, row[1])]
    assert not wrong
