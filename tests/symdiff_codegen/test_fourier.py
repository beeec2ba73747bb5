"""NumPy's transforms and the callbacks that stand in for them, called from kernels; their text and their rules."""

import numpy as np
import pytest

from symdiff_codegen import fourier, numpy_layout
from symdiff_codegen.check import InvalidKernel, check_kernel
from symdiff_codegen.kernel import Buffer, Const, Fourier, Kernel, Local, Output
from symdiff_codegen.signature import Array
from symdiff_codegen.text import run_text
from tests.symdiff_codegen.units import build, results

TWO = Const(2, "i64")
# the transform, how many numbers it takes, and how many it gives
CASES = [("fft", 5, 5), ("fft", 4, 4), ("ifft", 6, 6), ("ifft", 1, 1), ("rfft", 5, 3), ("rfft", 6, 4), ("rfft", 1, 1)]
CASES += [("irfft", 3, 5), ("irfft", 4, 6), ("irfft", 1, 1)]
SHAPES = [(2, 3), (4, 2), (0, 2), (2, 0)]


def transform(name, count, length, type_="f64"):
    """A kernel of one transform along the middle axis; the sizes of the others are those of the argument."""
    before, after = Local("i64", "before"), Local("i64", "after")
    pairs = () if name == "rfft" else (TWO,), () if name == "irfft" else (TWO,)
    source = Buffer("source", type_, (before, Const(count, "i64"), after, *pairs[0]))
    out = Buffer("out", type_, (before, Const(length, "i64"), after, *pairs[1]))
    kind = "array:f64" if type_ == "f64" else "array:f32"
    return Kernel("transform", (source,), (Output(out, 0), Fourier(name, out, source)), results(kind)), source


def expected(name, x, length):
    """The same by NumPy's public functions, parts side by side."""
    z = x if name == "rfft" else x[..., 0] + 1j * x[..., 1]
    norm = "forward" if name.startswith("i") else "backward"
    found = getattr(np.fft, name)(z, *([length] if name == "irfft" else []), axis=1, norm=norm)
    return found if name == "irfft" else np.stack((found.real, found.imag), axis=-1)


def argument(name, count, shape, dtype=np.float64):
    rng = np.random.default_rng(count)
    full = (shape[0], count, shape[1], *(() if name == "rfft" else (2,)))
    return rng.standard_normal(full).astype(dtype)


@pytest.mark.parametrize(("name", "count", "length"), CASES)
def test_in_a_kernel(name, count, length):
    kernel, source = transform(name, count, length)
    f = build(kernel, (Array("f64", source.dims),)).builtin
    for shape in SHAPES:
        x = argument(name, count, shape)
        before = x.copy()
        np.testing.assert_allclose(f(x), expected(name, x, length), rtol=1e-13, atol=1e-14)
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(("name", "count", "length"), [("fft", 4, 4), ("rfft", 5, 3), ("rfft", 4, 3), ("irfft", 3, 5)])
def test_public_functions_with_the_lock_released(name, count, length, monkeypatch):
    monkeypatch.setattr(fourier, "_own_loop", lambda name, type_: None)
    monkeypatch.setattr(fourier, "loop_addresses", fourier.loop_addresses.__wrapped__)
    kernel, source = transform(name, count, length)
    f = build(kernel, (Array("f64", source.dims),), work=10**9).builtin
    x = argument(name, count, (2, 3))
    np.testing.assert_allclose(f(x), expected(name, x, length), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("public", [False, True], ids=["own", "public"])
@pytest.mark.parametrize(("name", "count", "length"), [("fft", 5, 5), ("rfft", 6, 4), ("irfft", 4, 6)])
def test_single_precision(name, count, length, public, monkeypatch):
    if public:
        monkeypatch.setattr(fourier, "_own_loop", lambda name, type_: None)
        monkeypatch.setattr(fourier, "loop_addresses", fourier.loop_addresses.__wrapped__)
    kernel, source = transform(name, count, length, "f32")
    x = argument(name, count, (2, 2), np.float32)
    found = build(kernel, (Array("f32", source.dims),)).builtin(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(name, x, length), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "count", "length"), CASES)
def test_text(name, count, length):
    kernel, _ = transform(name, count, length)
    x = argument(name, count, (2, 3))
    np.testing.assert_allclose(run_text(kernel)(x), expected(name, x, length), rtol=1e-13, atol=1e-14)


def test_symbols():
    loop, data = fourier.loop_addresses("fft", "d")
    assert fourier.symbol_address("fourier_fft_d") == loop
    assert fourier.symbol_address("fourier_fft_d_data") == data
    assert fourier.symbol_address("fourier_rfft_n_odd_f") == fourier.loop_addresses("rfft_n_odd", "f")[0]
    for other in ("fourier_fft_g", "fourier_dct_d", "fft", "fourier_fft"):
        assert fourier.symbol_address(other) is None


def test_missing_names_and_layouts_take_the_callback(monkeypatch):
    assert all(fourier._own_loop(name, type_) for name in fourier.TRANSFORMS for type_ in "df")
    monkeypatch.setattr(numpy_layout, "ufuncs_agree", lambda: False)
    assert fourier._own_loop("fft", "d") is None
    own = fourier.loop_addresses.__wrapped__("fft", "d")
    assert own[0] == fourier.address_of(fourier._public_loop("fft", "d"))


def invalid(name, out, source):
    return Kernel("invalid", (source,), (Output(out, 0), Fourier(name, out, source)), results("array:f64"))


REALS = Buffer("x", "f64", (TWO, TWO, TWO))
PAIRS = Buffer("z", "f64", (TWO, TWO, TWO, TWO))
MORE_PAIRS = Buffer("w", "f64", (TWO, TWO, TWO, TWO))
INVALID = {
    "name": (invalid("dct", MORE_PAIRS, PAIRS), "no Fourier transform 'dct'"),
    "ranks": (invalid("fft", PAIRS, REALS), "arrays of ranks"),
    "real": (invalid("irfft", PAIRS, MORE_PAIRS), "arrays of ranks"),
    "type": (invalid("fft", Buffer("y", "f32", PAIRS.dims), PAIRS), "f32|f64"),
    "ints": (invalid("rfft", PAIRS, Buffer("k", "i64", REALS.dims)), "holds no floats"),
    "pairs": (invalid("fft", Buffer("y", "f64", (TWO, TWO, TWO, Const(3, "i64"))), PAIRS), "holds no pairs"),
}


@pytest.mark.parametrize("case", INVALID)
def test_rules(case):
    kernel, message = INVALID[case]
    with pytest.raises(InvalidKernel, match=message):
        check_kernel(kernel)
