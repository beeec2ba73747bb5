"""NumPy's inner loops and the callbacks that stand in for them, called directly and from kernels."""

import ctypes

import numpy as np
import pytest

from symdiff_codegen import blas, numpy_layout
from symdiff_codegen.instructions import LINALG
from symdiff_codegen.kernel import Buffer, Check, Const, Kernel, Linalg, Local, Matmul, Output
from symdiff_codegen.python_api import FE_INVALID, function_address
from symdiff_codegen.signature import Array
from tests.symdiff_codegen.units import ENTRIES, Failed, build, results

TYPES = {"d": np.float64, "f": np.float32}
FLAGS = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int)
SIZES = {"m": 4, "n": 3, "k": 5, "p": 3}


def call(loop, name, arrays):
    """Call a loop on whole arrays with an outer dimension of 1; return whether it found a matrix unfit."""
    operands = blas.GUFUNCS[name].operands
    names = list(dict.fromkeys(dim for operand in operands for dim in operand))
    sizes = {}
    for operand, array in zip(operands, arrays, strict=True):
        sizes.update(zip(operand, array.shape, strict=True))
    strides = [step for array in arrays for step in array.strides]
    args = (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
    dims = (ctypes.c_ssize_t * (1 + len(names)))(1, *(sizes[dim] for dim in names))
    steps = (ctypes.c_ssize_t * (len(arrays) + len(strides)))(*([0] * len(arrays)), *strides)
    function = ctypes.PYFUNCTYPE(None, *[ctypes.c_void_p] * 4)(loop[0])
    clear, test = FLAGS(function_address("feclearexcept")), FLAGS(function_address("fetestexcept"))
    clear(FE_INVALID)
    function(args, dims, steps, loop[1])
    return bool(test(FE_INVALID))


def arrays_for(name, type_, sizes=SIZES):
    gufunc = blas.GUFUNCS[name]
    sizes = sizes if name != "qr_reduced" else {**sizes, "k": min(sizes["m"], sizes["n"])}
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal([sizes[dim] for dim in operand]).astype(TYPES[type_]) for operand in gufunc.operands]
    for index, operand in enumerate(gufunc.operands[: gufunc.inputs]):
        if operand == ("m", "m"):
            arrays[index] = arrays[index] @ arrays[index].T + np.eye(sizes["m"], dtype=TYPES[type_])
    return arrays, gufunc.inputs


def loops(name, type_):
    own = blas._own_loop(name, type_)
    return own, (blas.address_of(blas._public_loop(name, type_)), own[1])


ONLY_DOUBLE = ("qr_r_raw", "qr_reduced")
LOOPS = [(name, type_) for name in blas.GUFUNCS for type_ in "df" if type_ == "d" or name not in ONLY_DOUBLE]


@pytest.mark.parametrize(("name", "type_"), LOOPS)
def test_loops(name, type_):
    """NumPy's own loop is found for every name, and both ways give what the public function gives."""
    assert blas.loop_addresses(name, type_) == blas._own_loop(name, type_)
    for loop in loops(name, type_):
        arrays, inputs = arrays_for(name, type_)
        expected = blas.GUFUNCS[name].public(*(a.copy() for a in arrays[:inputs]))
        assert not call(loop, name, arrays)
        values = expected if isinstance(expected, tuple) else (expected,)
        for output, value in zip(arrays[inputs:], values, strict=True):
            assert np.allclose(output, value, rtol=1e-4 if type_ == "f" else 1e-12)


@pytest.mark.parametrize("name", ["solve", "solve1", "inv", "cholesky_lo", "cholesky_up"])
def test_unfit_matrices_set_the_flag(name):
    for loop in loops(name, "d"):
        arrays, _ = arrays_for(name, "d")
        arrays[0][...] = -np.eye(4) if name.startswith("cholesky") else np.ones((4, 4))
        if name.startswith("cholesky"):
            arrays[0][0, 0] = -1.0
        assert call(loop, name, arrays)
        # The next call starts afresh.
        assert not call(loop, name, arrays_for(name, "d")[0])


@pytest.mark.parametrize("name", ["matmul", "solve", "slogdet"])
def test_empty(name):
    for loop in loops(name, "d"):
        arrays, _ = arrays_for(name, "d", dict.fromkeys("mnkp", 0))
        assert not call(loop, name, arrays)


def test_transposed_factors():
    for loop in loops("matmul", "d"):
        a, b, out = np.arange(6.0).reshape(2, 3).T, np.arange(8.0).reshape(4, 2).T, np.empty((3, 4))
        call(loop, "matmul", [a, b, out])
        assert np.array_equal(out, a @ b)


def test_symbols():
    loop, data = blas.loop_addresses("matmul", "d")
    assert blas.symbol_address("gufunc_matmul_d") == loop
    assert blas.symbol_address("gufunc_matmul_d_data") == data
    assert blas.symbol_address("gufunc_cholesky_lo_f") == blas.loop_addresses("cholesky_lo", "f")[0]
    for other in ("gufunc_matmul_g", "gufunc_nothing_d", "matmul", "gufunc_matmul"):
        assert blas.symbol_address(other) is None
    with pytest.raises(LookupError, match="nothing"):
        blas.loop_addresses("nothing", "d")


def test_every_operation_of_kernels_is_known():
    for row in LINALG.values():
        gufunc = blas.GUFUNCS[row.symbol]
        assert gufunc.operands == tuple(map(tuple, (*row.inputs, *row.outputs)))


def test_missing_names_and_layouts_take_the_callback(monkeypatch):
    monkeypatch.setattr(blas, "_own_ufunc", lambda name: None)
    assert blas._own_loop("inv", "d") is None
    monkeypatch.undo()
    monkeypatch.setattr(numpy_layout, "ufuncs_agree", lambda: False)
    assert blas._own_loop("inv", "d") is None
    own = blas.loop_addresses.__wrapped__("inv", "d")
    assert own[0] == blas.address_of(blas._public_loop("inv", "d"))


def sizes(*names):
    return tuple(Local("i64", name) for name in names)


@pytest.mark.parametrize("options", ENTRIES, ids=["builtin", "ctypes"])
def test_matmul_in_a_kernel(options):
    n, k, m = sizes("n", "k", "m")
    a, b, c = Buffer("a", "f64", (n, k)), Buffer("b", "f64", (k, m)), Buffer("c", "f64", (n, m))
    kernel = Kernel("product", (a, b), (Output(c, 0), Matmul(c, a, b)), results("array:f64"))
    f = build(kernel, (Array("f64", a.dims), Array("f64", b.dims)), options=options, work="loop").builtin
    rng = np.random.default_rng(0)
    for shape in ((3, 4, 5), (64, 64, 64), (0, 4, 5), (3, 0, 5)):
        x, y = rng.standard_normal(shape[:2]), rng.standard_normal(shape[1:])
        assert np.allclose(f(x, y), x @ y, rtol=1e-12)


@pytest.mark.parametrize("public", [False, True], ids=["own", "public"])
def test_solve_in_a_kernel(public, monkeypatch):
    """With the lock released during the call: the callback takes it back."""
    if public:
        monkeypatch.setattr(blas, "_own_loop", lambda name, type_: None)
        monkeypatch.setattr(blas, "loop_addresses", blas.loop_addresses.__wrapped__)
    (n,), ok = sizes("n"), Local("i1", "ok")
    a, b, x = Buffer("a", "f64", (n, n)), Buffer("b", "f64", (n,)), Buffer("x", "f64", (n,))
    body = (Output(x, 0), Linalg(ok, "solve1", (x,), (a, b)), Check(ok, 3))
    kernel = Kernel("solve", (a, b), body, results("array:f64"))
    f = build(kernel, (Array("f64", (n, n)), Array("f64", (n,))), work=10**9).builtin
    matrix = np.random.default_rng(0).standard_normal((6, 6))
    assert np.allclose(f(matrix, np.ones(6)), np.linalg.solve(matrix, np.ones(6)))
    with pytest.raises(Failed):
        f(np.ones((6, 6)), np.ones(6))
    assert np.allclose(f(matrix, np.ones(6)), np.linalg.solve(matrix, np.ones(6)))


def test_constant_sizes():
    three = Const(3, "i64")
    a, out = Buffer("a", "f64", (three, three)), Buffer("out", "f64", ())
    ok = Local("i1", "ok")
    kernel = Kernel("det", (a,), (Output(out, 0), Linalg(ok, "det", (out,), (a,))), results("array:f64"))
    matrix = np.random.default_rng(1).standard_normal((3, 3))
    answer = build(kernel, (Array("f64", (three, three)),)).builtin(matrix)
    assert answer.shape == () and answer == pytest.approx(np.linalg.det(matrix))


SHAPES = [(32, 10, 1), (128, 32, 3), (129, 4, 2), (7, 33, 5), (16, 32, 1), (1, 32, 16), (2, 3, 17)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True), (True, True)], ids=str)
def test_products_of_known_sizes(shape, flips):
    rows, inner, columns = shape
    shapes = [s[::-1] if flip else s for s, flip in zip(((rows, inner), (inner, columns)), flips, strict=True)]
    a, b, c = (
        Buffer(name, "f64", tuple(Const(n, "i64") for n in dims))
        for name, dims in zip("abc", (*shapes, (rows, columns)), strict=True)
    )
    kernel = Kernel("product", (a, b), (Output(c, 0), Matmul(c, a, b, *flips)), results("array:f64"))
    f = build(kernel, (Array("f64", a.dims), Array("f64", b.dims))).builtin
    rng = np.random.default_rng(0)
    left, right = (rng.integers(-9, 9, dims).astype(float) for dims in shapes)
    x, y = (m.T if flip else m for m, flip in zip((left, right), flips, strict=True))
    np.testing.assert_array_equal(f(left, right), x @ y)  # integers are exact in any order


@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True), (True, True)], ids=str)
@pytest.mark.parametrize("known", ["a", "b"])
def test_a_factor_whose_sizes_only_a_run_tells(known, flips):
    """The result and one factor have known sizes."""
    three, (n,) = Const(3, "i64"), sizes("n")
    a, b = (Buffer(name, "f64", (three,) * 2 if name == known else (n, n)) for name in "ab")
    c = Buffer("c", "f64", (three, three))
    kernel = Kernel("product", (a, b), (Output(c, 0), Matmul(c, a, b, *flips)), results("array:f64"))
    f = build(kernel, (Array("f64", a.dims), Array("f64", b.dims))).builtin
    left, right = np.arange(9.0).reshape(3, 3), np.arange(9.0).reshape(3, 3) ** 2
    x, y = (m.T if flip else m for m, flip in zip((left, right), flips, strict=True))
    np.testing.assert_array_equal(f(left, right), x @ y)
