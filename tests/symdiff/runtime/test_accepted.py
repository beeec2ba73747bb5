"""What may be passed: memory of every layout, scalars of every kind, objects of other libraries, structures."""

import dataclasses
import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import symdiff as sd


@sd.differentiable
def weighted(x):
    return np.sum(x * x * (np.arange(x.size).reshape(x.shape) + 1.0))


def expected(x):
    x = np.asarray(x, dtype=float)
    return 2.0 * x * (np.arange(x.size).reshape(x.shape) + 1.0)


BASE = np.arange(1.0, 25.0)


def layouts(tmp_path):
    unaligned = np.zeros(24 * 8 + 1, dtype=np.uint8)[1:].view(np.float64)
    unaligned[:] = BASE
    mapped = np.memmap(tmp_path / "data.bin", dtype=np.float64, mode="w+", shape=(24,))
    mapped[:] = BASE
    fixed = BASE.copy()
    fixed.setflags(write=False)
    matrix = BASE.reshape(4, 6)
    return {
        "plain": BASE,
        "strided": BASE[::3],
        "reversed": BASE[::-1],
        "every other, back": BASE[20:2:-2],
        "Fortran": np.asfortranarray(matrix),
        "transposed": matrix.T,
        "column": matrix[:, 2],
        "block": matrix[1:3, ::2],
        "both backwards": matrix[::-1, ::-1],
        "axes moved": np.moveaxis(BASE.reshape(2, 3, 4), 0, 2),
        "broadcast": np.broadcast_to(BASE[:3], (2, 3)),
        "big-endian": BASE.astype(">f8"),
        "big-endian, strided": BASE.astype(">f8")[::2],
        "unaligned": unaligned,
        "read-only": fixed,
        "memory map": np.asarray(mapped),
        "empty": np.zeros(0),
        "empty matrix": np.zeros((3, 0)),
        "one": np.ones(1),
        "one by one": np.ones((1, 1)),
        "row": np.ones((1, 3)),
        "column of a matrix": np.ones((3, 1)),
        "four axes": np.arange(16.0).reshape(2, 2, 2, 2),
    }


@pytest.mark.parametrize("name", list(layouts(__import__("pathlib").Path("/tmp"))))
def test_layouts(name, tmp_path):
    array = layouts(tmp_path)[name]
    before = np.array(array)
    for _ in range(2):
        gradient = weighted.grad(array)
        np.testing.assert_allclose(gradient, expected(array), rtol=1e-15)
        assert gradient.shape == array.shape and gradient.dtype == np.float64
        assert weighted(array) == pytest.approx(float(np.sum(expected(array) * array) / 2), rel=1e-14)
    np.testing.assert_array_equal(array, before)


def test_mixed_layouts_one_after_the_other(tmp_path):
    for array in [a for a in layouts(tmp_path).values() for _ in range(2)]:
        np.testing.assert_allclose(weighted.grad(array), expected(array), rtol=1e-15)


def test_float32_keeps_its_type():
    x = np.arange(5, dtype=np.float32)
    for array in (x, x[::-1], x.astype(">f4"), x[1::2]):
        gradient = weighted.grad(array)
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, expected(array), rtol=1e-6)
    power = sd.differentiable(lambda x: np.sum(x * x))
    assert type(power(x)) is np.float32
    assert type(power.grad(np.float32(2.0))) is np.float32


@pytest.mark.parametrize(
    "number", [3.0, np.float64(3.0), np.array(3.0), 3, np.float32(3.0), np.array(3.0, dtype=">f8")]
)
def test_scalars(number):
    square = sd.differentiable(lambda x: x * x)
    assert square(number) == 9.0
    assert square.grad(number) == 6.0
    assert square.value_and_grad(number) == (9.0, 6.0)


def test_ints_stay_ints_after_floats_were_passed():
    square = sd.differentiable(lambda x: x * x)
    assert [square(2.0), square(3.0)] == [4.0, 9.0]
    assert square(10**9 + 1) == (10**9 + 1) ** 2
    assert type(square(3)) is int
    product = sd.differentiable(lambda x, k: x * k)
    assert [product.grad(2.0, 3.0), product.grad(2.0, 3), product.grad(2, 3.0), product.grad(2, 3)] == [3.0] * 4
    assert [type(product(*pair)) for pair in ((2.0, 3), (2, 3), (2, 3.0), (2, 3))] == [float, int, float, int]


def test_ints_are_floats_where_a_derivative_is_asked():
    def cube(x):
        return x * x * x

    for slope in (sd.grad(cube), sd.differentiable(cube).grad):
        assert [slope(2), slope(2.0), slope(2)] == [12.0] * 3
        assert type(slope(2)) is float
    assert sd.grad(sd.grad(cube))(2) == 12.0
    assert sd.value_and_grad(cube)(2) == (8.0, 12.0)
    assert sd.jacobian(cube)(2) == 12.0
    with pytest.raises(TypeError, match="index"):
        sd.grad(lambda x, k: x[k], "k")(np.ones(3), 1)


def test_scalars_of_all_kinds_beside_arrays():
    f = sd.differentiable(lambda x, k: np.sum(x * k))
    x = np.ones(3)
    for k in (2, 2.0, np.float64(2.0), np.float32(2.0), np.int64(2), np.int32(2), np.array(2.0), np.array(2)):
        assert f(x, k) == 6.0
        np.testing.assert_array_equal(f.grad(x, k), 2.0)
    for k in (True, np.True_):
        assert f(x, k) == 3.0
        np.testing.assert_array_equal(f.grad(x, k), 1.0)
    for k in (np.array([1, 2, 3]), np.array([1, 2, 3], np.int32), np.array([True, False, True])):
        np.testing.assert_array_equal(f.grad(x, k), k)


def test_promotion_of_scalars_beside_float32():
    f = sd.differentiable(lambda x, k: x * k)
    x = np.ones(3, np.float32)
    for k, dtype in ((2, "f4"), (2.0, "f4"), (np.float64(2.0), "f8"), (np.float32(2.0), "f4"), (np.int64(2), "f8")):
        assert f(x, k).dtype == (x * k).dtype == dtype


def test_pandas():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([1.0, 2.0, 3.0], index=[10, 11, 12])
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    np.testing.assert_allclose(weighted.grad(series), expected([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(weighted.grad(frame), expected([[1.0, 3.0], [2.0, 4.0]]))
    both = sd.differentiable(lambda a, b: np.sum(a * b))
    assert both(series, series) == 14.0
    assert both(series, np.ones(3)) == 6.0
    with pytest.raises(sd.ShapeError, match="index"):
        both(series, pandas.Series([1.0, 2.0, 3.0]))
    with pytest.raises(sd.DtypeError):
        weighted.grad(pandas.Series(["a", "b"]))


def test_xarray():
    xarray = pytest.importorskip("xarray")
    array = xarray.DataArray(np.arange(6.0).reshape(2, 3), dims=("a", "b"))
    np.testing.assert_allclose(weighted.grad(array), expected(array.values))


class Lender:
    """Memory of another library, lent by DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack():
    np.testing.assert_allclose(weighted.grad(Lender(np.arange(4.0))), expected(np.arange(4.0)))


# -- structures --------------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    a: float
    b: np.ndarray


@dataclasses.dataclass
class Params:
    w: np.ndarray
    b: float
    name: str = "linear"


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: float


class Plain:
    def __init__(self, x, label):
        self.x, self.label, self.calls = x, label, 0


def test_dataclasses_named_tuples_and_objects():
    def f(p, q, r, s):
        return np.sum(p.w * q.b) + p.b * q.a + r.x**2 + s.x

    args = Params(np.array([1.0, 2.0]), 3.0), Pair(4.0, np.array([5.0, 6.0])), Frozen(7.0), Plain(8.0, "s")
    gp, gq, gr, gs = sd.grad(f, wrt=(0, 1, 2, 3))(*args)
    assert type(gp) is Params and type(gq) is Pair and type(gr) is Frozen and type(gs) is Plain
    np.testing.assert_array_equal(gp.w, [5.0, 6.0])
    assert (gp.b, gp.name) == (4.0, None)
    assert gq.a == 3.0
    np.testing.assert_array_equal(gq.b, [1.0, 2.0])
    assert gr == Frozen(14.0)
    assert (gs.x, gs.label, gs.calls) == (1.0, None, None)
    assert args[3].calls == 0


def test_nested_containers_and_results():
    def f(tree):
        return {"sum": tree["a"][0] + tree["b"]["c"], "pair": [tree["a"][1] * 2.0, "text", None]}

    tree = {"a": [1.0, np.ones(2)], "b": {"c": 2.0}}
    found = sd.differentiable(f)(tree)
    assert found["sum"] == 3.0
    np.testing.assert_array_equal(found["pair"][0], 2.0)
    assert found["pair"][1:] == ["text", None]
    gradient = sd.grad(lambda t: f(t)["sum"] ** 2 + np.sum(f(t)["pair"][0]))(tree)
    assert gradient["a"][0] == 6.0 and gradient["b"]["c"] == 6.0
    np.testing.assert_array_equal(gradient["a"][1], 2.0)


def test_star_arguments():
    def f(*args, scale=1.0, **rest):
        total = 0.0
        for a in args:
            total = total + a * a
        return total * scale + rest["extra"]

    wrapped = sd.differentiable(f)
    assert wrapped(1.0, 2.0, extra=3.0) == 8.0
    assert wrapped(1.0, 2.0, 3.0, scale=2.0, extra=0.0) == 28.0
    assert wrapped.grad(1.0, 2.0, extra=3.0, wrt="args") == (2.0, 4.0)
    assert wrapped.grad(1.0, 2.0, scale=3.0, extra=3.0, wrt="scale") == 5.0
    assert wrapped.grad(1.0, extra=3.0, wrt="rest") == {"extra": 1.0}


def test_default_arguments_are_differentiated():
    two = np.ones(2)
    f = sd.differentiable(lambda x, k=3.0, v=two: x * k + np.sum(v) * 2.0)
    assert f.grad(2.0, wrt="k") == 2.0
    np.testing.assert_array_equal(f.grad(2.0, wrt="v"), 2.0)


# -- options and the environment ---------------------------------------------------------------------------------------

PROGRAM = """
import numpy as np
import symdiff as sd
from symdiff_codegen.native import module_builds

@sd.differentiable
def f(x, n):
    total = 0.0
    for k in range(n):
        if k % 2:
            total = total + np.sum(x**k) * k
    return total

x = np.array([1.0, 2.0])
print(f(x, 4), f.grad(x, 4).tolist(), f.value_and_grad(x, 4)[0], sd.hessian(f)(x, 4).tolist(), module_builds() > 0)
"""


def run(tmp_path, **environment):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    env = {**os.environ, **environment}
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, env=env, check=True)
    return done.stdout.strip(), done.stderr


def test_environment(tmp_path):
    native, _ = run(tmp_path)
    plain, _ = run(tmp_path, SYMDIFF_NATIVE="0")
    assert native.endswith("True") and plain.endswith("False")
    assert native[:-4] == plain[:-5] == "30.0 [10.0, 37.0] 30.0 [[18.0, 0.0], [0.0, 36.0]] "
    checked, _ = run(tmp_path, SYMDIFF_CHECK="1", SYMDIFF_OPT_LEVEL="0")
    assert checked == native
    shown, errors = run(tmp_path, SYMDIFF_SHOW="graph,adjoint,simplified,kernel")
    assert shown == native
    assert "def f(" in errors and "def f_grad(" in errors and "# adjoint: from graph" in errors


@pytest.mark.parametrize(
    "options", [{"strict": True}, {"fastmath": True}, {"boundscheck": False}, {"simplify": False}, {"simplify": "full"}]
)
def test_options(options):
    def f(x, w):
        total = 0.0
        for k in range(len(x)):
            total = total + np.tanh(x[k] * w[k]) ** 2
        return total / len(x)

    x, w = np.linspace(0.1, 1.0, 5), np.linspace(-1.0, 1.0, 5)
    wrapped = sd.differentiable(f, **options)
    t = np.tanh(x * w)
    assert wrapped(x, w) == pytest.approx(np.mean(t**2), rel=1e-14)
    np.testing.assert_allclose(wrapped.grad(x, w), 2 * t * (1 - t * t) * w / 5, rtol=1e-13)
    np.testing.assert_allclose(sd.grad(wrapped, "w")(x, w), 2 * t * (1 - t * t) * x / 5, rtol=1e-13)
