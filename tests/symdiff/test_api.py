"""What users call: values, gradients, transformations, structures and inspection, checked against calculus by hand."""

import functools
import inspect
import math
import pickle
import subprocess
import sys
import textwrap
import types
from typing import NamedTuple

import numpy as np
import pytest

import symdiff as sd
from symdiff_codegen.native import module_builds

RATE = 2.0
WEIGHTS = np.array([1.0, 2.0, 3.0])


@sd.differentiable
def loss(w, b, x, y):
    z = x @ w + b
    return np.mean(np.log1p(np.exp(-y * z)))


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 3))
    return rng.normal(size=3), 0.3, x, np.sign(rng.normal(size=20))


def by_hand(w, b, x, y):
    z = x @ w + b
    s = -y / (1 + np.exp(y * z)) / len(y)
    return s @ x, s.sum()


def test_value_and_gradients():
    w, b, x, y = data()
    dw, db = by_hand(w, b, x, y)
    assert loss(w, b, x, y) == pytest.approx(np.mean(np.log1p(np.exp(-y * (x @ w + b)))), rel=1e-14)
    np.testing.assert_allclose(loss.grad(w, b, x, y), dw, rtol=1e-12)
    value, (gw, gb) = loss.value_and_grad(w, b, x, y, wrt=("w", "b"))
    assert value == loss(w, b, x, y)
    np.testing.assert_allclose(gw, dw, rtol=1e-12)
    assert gb == pytest.approx(db, rel=1e-12)
    assert isinstance(gb, float)
    assert isinstance(loss.grad(w, b, x, y, wrt="b"), float)
    assert loss.grad(w, b, x, y, wrt=1) == pytest.approx(gb, rel=1e-12)
    assert loss.grad(w, b, x, y, wrt=("b",)) == pytest.approx((gb,), rel=1e-12)


def test_the_second_call_is_native():
    w, b, x, y = data()
    first = loss.grad(w, b, x, y)
    before = module_builds()
    np.testing.assert_array_equal(loss.grad(w, b, x, y), first)
    assert type(loss.grad).__name__ == "builtin_function_or_method"
    assert module_builds() == before


def test_gradient_source_runs():
    w, b, x, y = data()
    text = loss.gradient_source(w, b, x, y, wrt=("w", "b"))
    names = {}
    exec(text, names)
    for found, expected in zip(names["loss_grad"](w, b, x, y), by_hand(w, b, x, y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_keywords_and_defaults():
    @sd.differentiable
    def price(s, k=2.0, *, t=3.0):
        return s * s * k + t * s

    assert price.grad(1.5) == 2 * 1.5 * 2.0 + 3.0
    assert price.grad(s=1.5, t=1.0) == 7.0
    assert price.grad(1.5, wrt="t") == 1.5
    assert price.grad(1.5, 4.0, t=0.0, wrt=("k", "t")) == (2.25, 1.5)
    assert price(1.5) == 1.5 * 1.5 * 2.0 + 4.5


def test_ints_are_floats_where_a_derivative_is_asked():
    cube = sd.differentiable(lambda x: x * x * x)
    assert cube.grad(2) == 12.0
    assert type(cube(2)) is int


@pytest.mark.parametrize("bad", [True, np.array([1, 2]), "text", None])
def test_what_has_no_derivative_is_refused(bad):
    square = sd.differentiable(lambda x: x * x)
    with pytest.raises(sd.DtypeError):
        square.grad(bad)


@pytest.mark.parametrize(
    "bad",
    [
        np.ma.masked_array([1.0, 2.0]),
        np.array([1.0 + 2.0j], dtype=np.clongdouble),
        np.array([1.0], dtype=np.float16),
        np.array([object()]),
        np.array(["a"]),
    ],
)
def test_arrays_that_are_refused_by_name(bad):
    total = sd.differentiable(lambda x: np.sum(x))
    with pytest.raises(sd.DtypeError):
        total.grad(bad)


def test_wrong_calls():
    with pytest.raises(TypeError, match="wrt"):
        loss.grad(*data(), argnums=0)
    with pytest.raises(TypeError, match="missing"):
        loss.grad(1.0)
    with pytest.raises(TypeError, match="no argument"):
        loss.grad(*data(), wrt="nothing")
    with pytest.raises(TypeError):
        sd.differentiable(3)


def test_only_scalars_have_a_gradient():
    double = sd.differentiable(lambda x: x * 2.0)
    with pytest.raises(sd.NotScalarError):
        double.grad(np.ones(3))
    np.testing.assert_array_equal(double(np.ones(3)), 2 * np.ones(3))


class Point(NamedTuple):
    x: float
    y: np.ndarray


def test_structures():
    @sd.differentiable
    def energy(p, q):
        return p["k"] * np.sum(q.y**2) + p["pair"][0] * q.x

    p, q = {"k": 2.0, "pair": (3.0, "label")}, Point(1.5, np.array([1.0, 2.0]))
    assert energy(p, q) == 2.0 * 5.0 + 4.5
    gp, gq = energy.grad(p, q, wrt=("p", "q"))
    assert gp == {"k": 5.0, "pair": (1.5, None)}
    assert isinstance(gq, Point)
    assert gq.x == 3.0
    np.testing.assert_array_equal(gq.y, [4.0, 8.0])


def test_methods_bind():
    class Spring:
        def __init__(self, k):
            self.k = k

        @sd.differentiable
        def energy(self, q):
            return 0.5 * self.k * q * q

    spring = Spring(3.0)
    assert spring.energy(2.0) == 6.0
    assert spring.energy.grad(2.0) == 6.0
    spring.k = 5.0
    assert spring.energy.grad(2.0) == 10.0


def test_partials_lambdas_and_ufuncs():
    assert sd.grad(functools.partial(lambda a, x: a * x * x, 3.0))(2.0) == 12.0
    assert sd.grad(math.sin)(0.5) == pytest.approx(math.cos(0.5), rel=1e-15) if inspect.isfunction(math.sin) else True
    assert sd.differentiable(np.tanh).grad(0.5) == pytest.approx(1 - math.tanh(0.5) ** 2, rel=1e-14)


def test_globals_are_read_at_each_call():
    global RATE
    scaled = sd.differentiable(lambda x: RATE * x * np.sum(WEIGHTS))
    assert scaled.grad(1.0) == 12.0
    before = module_builds()
    RATE = 5.0
    try:
        assert scaled.grad(1.0) == 30.0
        assert module_builds() == before
    finally:
        RATE = 2.0


def test_a_fresh_lambda_each_call_compiles_once():
    def slope(scale):
        return sd.grad(lambda x: scale * x * x)(3.0)

    assert slope(1.0) == 6.0
    before = module_builds()
    assert [slope(float(k)) for k in range(5)] == [0.0, 6.0, 12.0, 18.0, 24.0]
    assert module_builds() == before


def test_few_variants_serve_all_sizes():
    square = sd.differentiable(lambda x: np.sum(x * x))
    before = module_builds()
    for n in range(1, 41):
        np.testing.assert_array_equal(square.grad(np.arange(n) + 1.0), 2 * (np.arange(n) + 1.0))
    assert module_builds() - before <= 4


def test_sizes_from_three_to_a_million_share_one_text():
    square = sd.differentiable(lambda x: np.sum(x * x))
    texts = {square.gradient_source(np.ones(n)) for n in (3, 1000)}
    assert len(texts) == 1
    np.testing.assert_array_equal(square.grad(np.ones(10**6)), 2 * np.ones(10**6))


def test_gradients_of_gradients():
    def f(s, v):
        return s * s * math.sin(v)

    assert sd.grad(sd.grad(f, "s"), "v")(1.5, 0.7) == pytest.approx(3.0 * math.cos(0.7), rel=1e-14)
    assert sd.grad(sd.grad(sd.grad(lambda x: x**5)))(1.5) == pytest.approx(60 * 1.5**2, rel=1e-13)


def test_aux():
    gradient, aux = sd.grad(lambda x: (x * x, 3.0 * x), has_aux=True)(2.0)
    assert (gradient, aux) == (4.0, 6.0)
    (value, aux), gradient = sd.value_and_grad(lambda x: (x * x, 3.0 * x), has_aux=True)(2.0)
    assert (value, aux, gradient) == (4.0, 6.0, 4.0)


def test_jacobian_and_hessian():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def curve(x):
        return np.sin(matrix @ x)

    x = np.array([0.3, 0.7])
    np.testing.assert_allclose(sd.jacobian(curve)(x), np.cos(matrix @ x)[:, None] * matrix, rtol=1e-13)

    def rosen(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    from scipy.optimize import rosen_der, rosen_hess

    for n in (2, 3, 7):
        point = np.linspace(-1.0, 1.5, n)
        np.testing.assert_allclose(sd.grad(rosen)(point), rosen_der(point), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(sd.hessian(rosen)(point), rosen_hess(point), rtol=1e-12, atol=1e-10)


def test_vjp():
    value, pullback = sd.vjp(lambda a, b: a * np.sin(b), 2.0, np.array([0.1, 0.2]))
    np.testing.assert_allclose(value, 2.0 * np.sin([0.1, 0.2]))
    da, db = pullback(np.array([1.0, 10.0]))
    assert da == pytest.approx(math.sin(0.1) + 10 * math.sin(0.2))
    np.testing.assert_allclose(db, 2.0 * np.cos([0.1, 0.2]) * [1.0, 10.0])
    with pytest.raises(sd.ShapeError):
        pullback(np.ones(3))


def test_stop_gradient():
    assert sd.grad(lambda x: x * sd.stop_gradient(x))(3.0) == 3.0
    assert sd.stop_gradient(2.5) == 2.5


def test_gradcheck():
    assert sd.gradcheck(loss, *data())
    assert sd.gradcheck(lambda x: x * x * x, 1.5, order=2)


def test_ravel():
    tree = {"a": 1.5, "b": [np.ones((2, 2)), 3.0]}
    vector, unravel = sd.ravel(tree)
    np.testing.assert_array_equal(vector, [1.5, 1, 1, 1, 1, 3.0])
    again = unravel(vector * 2)
    assert again["a"] == 3.0
    np.testing.assert_array_equal(again["b"][0], 2 * np.ones((2, 2)))


def test_caller_arrays_are_unchanged_by_gradients_and_changed_by_plain_calls():
    @sd.differentiable
    def overwrite(a):
        a[0] = a[1] * 2.0
        return np.sum(a * a)

    a = np.array([1.0, 3.0])
    np.testing.assert_array_equal(overwrite.grad(a), [0.0, 30.0])
    np.testing.assert_array_equal(a, [1.0, 3.0])
    assert overwrite(a) == 45.0
    np.testing.assert_array_equal(a, [6.0, 3.0])
    fixed = np.array([1.0, 3.0])
    fixed.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        overwrite(fixed)
    np.testing.assert_array_equal(overwrite.grad(fixed), [0.0, 30.0])


def test_strided_big_endian_and_unpickled_arrays():
    square = sd.differentiable(lambda x: np.sum(x * x))
    base = np.arange(20.0)
    for array in (base[::2], base[::-1], base.astype(">f8"), pickle.loads(pickle.dumps(base)), np.asfortranarray(base)):
        np.testing.assert_array_equal(square.grad(array), 2 * np.asarray(array, dtype=float))


def test_float32():
    square = sd.differentiable(lambda x: np.sum(x * x))
    gradient = square.grad(np.ones(3, dtype=np.float32))
    assert gradient.dtype == np.float32
    assert type(square(np.ones(3, dtype=np.float32))) is np.float32


def test_wrong_shapes_name_the_line():
    w, b, x, y = data()
    with pytest.raises(sd.ShapeError) as caught:
        loss.grad(w, b, x[:, :2].copy(), y)
    assert "test_api.py" in str(caught.value)


def test_inspection():
    w, b, x, y = data()
    stages = loss.stages(w, b, x, y)
    for name in ("source", "graph", "adjoint", "simplified", "kernel", "llvm", "llvm_optimised", "asm"):
        assert len(getattr(stages, name)) > 50, name
    assert "def loss" in stages.graph
    assert stages.adjoint.startswith("# adjoint: from graph")
    assert isinstance(stages.rewrites, list)
    assert repr(loss).startswith("<differentiable loss(w, b, x, y): ")
    assert loss.__name__ == "loss"
    assert list(inspect.signature(loss).parameters) == ["w", "b", "x", "y"]


def test_compile_warms_up():
    cube = sd.differentiable(lambda x: x * x * x)
    cube.compile(1.0)
    before = module_builds()
    assert cube.grad(2.0) == 12.0
    assert cube(2.0) == 8.0
    assert module_builds() == before


def test_pickling():
    again = pickle.loads(pickle.dumps(loss))
    assert again is loss
    gradient = pickle.loads(pickle.dumps(sd.grad(loss, "b")))
    assert gradient(*data()) == loss.grad(*data(), wrt="b")


def test_python_instead_of_native_code():
    script = """
        import symdiff as sd
        from symdiff_codegen.native import module_builds

        @sd.differentiable
        def f(x):
            total = 0.0
            for k in range(3):
                total = total + x**k
            return total

        assert f(2.0) == 7.0
        assert f.grad(2.0) == 5.0
        assert module_builds() == 0
    """
    import os
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as file:
        file.write(textwrap.dedent(script))
    environment = {**os.environ, "SYMDIFF_NATIVE": "0"}
    subprocess.run([sys.executable, file.name], check=True, env=environment)
    os.unlink(file.name)


def mse(w, b, x, y):
    return np.mean((x * w + b - y) ** 2)


@sd.differentiable
def train(w, b, x, y, lr, epochs):
    for _ in range(epochs):
        dw, db = sd.grad(mse, wrt=("w", "b"))(w, b, x, y)
        w = w - lr * dw
        b = b - lr * db
    return w, b


def test_derivatives_inside_a_function():
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])
    w, b = 0.0, 0.0
    for _ in range(5):
        r = x * w + b - y
        w, b = w - 0.1 * np.mean(2 * r * x), b - 0.1 * np.mean(2 * r)
    assert train(0.0, 0.0, x, y, 0.1, 5) == pytest.approx((w, b), rel=1e-13)

    def final(lr):
        return train(0.0, 0.0, x, y, lr, 5)[0]

    h = 1e-6
    assert sd.grad(final)(0.05) == pytest.approx((final(0.05 + h) - final(0.05 - h)) / (2 * h), rel=1e-6)


def test_levels_of_derivatives_are_not_confused():
    assert sd.grad(lambda x: x * sd.grad(lambda y: x + y)(x))(1.0) == 1.0
    assert sd.grad(lambda x: x * sd.grad(lambda y: x * y)(2.0))(3.0) == 6.0


CUBE_SLOPE = sd.grad(lambda x: x * x * x)


def test_a_derivative_made_outside_is_used_inside():
    assert sd.grad(lambda x: CUBE_SLOPE(x) + x)(2.0) == 13.0


def test_a_size_that_may_be_one_does_not_keep_native_code_from_being_called_directly():
    function = sd.differentiable(lambda x, y: np.sum(x[1:] * y))
    long, y, short = np.arange(40.0), np.arange(39.0) + 1.0, np.array([1.0, 3.0])
    for _ in range(3):
        np.testing.assert_array_equal(function.grad(long, y), np.append(0.0, y))
        assert isinstance(function.grad, types.BuiltinFunctionType)
        np.testing.assert_array_equal(function.grad(short, y), [0.0, y.sum()])
        np.testing.assert_array_equal(function.grad(long, y, wrt="y"), long[1:])


def chain_of_springs(k, x0, steps):
    """An inner loop whose bound is computed inside the outer one."""
    x = x0.copy()
    v = np.zeros(len(x0))
    for _ in range(steps):
        f = np.zeros(len(x0))
        for i in range(len(x0) - 1):
            s = k[i] * (x[i + 1] - x[i] - 1.0)
            f[i] += s
            f[i + 1] -= s
        v += 0.1 * f
        x += 0.1 * v
    return np.sum(x * x)


def growth(k, x0, steps):
    """Trips that only running tells: the sweep keeps values on stacks, and each row of the Hessian needs them anew."""
    total = 0.0
    for i in range(steps):
        v = x0[0] + i
        while v < 9.0:
            v = v * k[0] + k[1] * v * v
        total += v
    return total


@pytest.mark.parametrize("function", [chain_of_springs, growth])
def test_hessians_of_loops(function):
    k, x0 = np.array([1.2, 0.4]), np.array([0.1, 1.3, 2.2])
    gradient = sd.grad(function, "k")
    h = 1e-6
    rows = [(gradient(k + h * e, x0, 3) - gradient(k - h * e, x0, 3)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(sd.hessian(function, "k")(k, x0, 3), rows, rtol=1e-6, atol=1e-7)


def test_a_derived_size_of_one_broadcasts():
    product = sd.differentiable(lambda x, y: np.sum(x[1:] * y))
    for nx, ny in ((2, 3), (4, 3), (2, 1), (2, 4), (5, 4), (2, 3)):
        x, y = np.arange(nx) + 1.0, np.arange(ny) + 1.0
        assert product(x, y) == np.sum(x[1:] * y)
        dx, dy = product.grad(x, y, wrt=("x", "y"))
        np.testing.assert_array_equal(dx[1:], np.sum(np.broadcast_to(y, (ny,))) if nx == 2 else y)
        np.testing.assert_array_equal(dy, np.broadcast_to(x[1:], (ny,)))
        assert dx[0] == 0.0
    with pytest.raises(sd.ShapeError):
        product(np.ones(4), np.ones(5))
