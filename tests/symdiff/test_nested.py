"""Derivatives asked for inside functions: what can be differentiated there, that levels stay apart, and refusals.

Programs with one number as result are in `tests/programs_derivatives.py`, and run through every mode there.
"""

import math
from functools import partial

import numpy as np
import pytest

import symdiff as sd

X = np.array([0.3, 0.7])


def central(f, x, h=1e-6):
    """The gradient by differences, one coordinate after the other."""
    return [(f(x + h * v) - f(x - h * v)) / (2 * h) for v in np.eye(len(x))]


# -- levels ------------------------------------------------------------------------------------------------------------


def test_levels_are_not_confused():
    assert sd.grad(lambda x: x * sd.grad(lambda y: x + y)(x))(1.0) == 1.0
    assert sd.grad(lambda x: x * sd.grad(lambda y: x * y)(x))(3.0) == 6.0
    assert sd.grad(lambda x: x * sd.jvp(lambda y: x + y, (x,), (1.0,))[1])(5.0) == 1.0
    assert sd.grad(lambda x: x * sd.jacobian(lambda y: x * y * y)(x))(2.0) == pytest.approx(3 * 2 * 4.0, rel=1e-15)
    assert sd.jvp(lambda x: x * sd.grad(lambda y: x * y)(x), (3.0,), (1.0,))[1] == 6.0


def test_the_fifth_derivative_inside():
    @sd.differentiable
    def fifth(x):
        return sd.grad(sd.grad(sd.grad(sd.grad(sd.grad(lambda y: y**5)))))(x)

    assert fifth(1.7) == pytest.approx(120.0, rel=1e-14)
    assert fifth.grad(1.7) == pytest.approx(0.0, abs=1e-12)


def test_hessians_of_products_with_hessians():
    found = sd.hessian(lambda x: np.sum(sd.hvp(lambda y: np.sum(y**5))(x, x)))(X)
    np.testing.assert_allclose(found, np.diag(240.0 * X * X), rtol=1e-13)


# -- answers -----------------------------------------------------------------------------------------------------------


def test_structures_in_and_out():
    @sd.differentiable
    def gradient(p):
        return sd.grad(lambda q: q["a"] ** 2 * np.sum(q["b"][0]) + q["n"])(p)

    found = gradient({"a": 2.0, "b": (np.array([1.0, 2.0]),), "n": 3})
    assert found["a"] == 12.0
    np.testing.assert_array_equal(found["b"][0], [4.0, 4.0])
    assert found["n"] is None
    assert type(found["a"]) is float


def test_aux():
    @sd.differentiable
    def both(x):
        gradient, aux = sd.grad(lambda y: (np.sum(y**3), {"twice": 2.0 * y, "n": 3}), has_aux=True)(x)
        (value, more), again = sd.value_and_grad(lambda y: (np.sum(y**2), y[0]), 0, True)(x)
        return gradient, aux, value, more, again

    gradient, aux, value, more, again = both(X)
    np.testing.assert_allclose(gradient, 3.0 * X * X, rtol=1e-15)
    np.testing.assert_allclose(aux["twice"], 2.0 * X, rtol=1e-15)
    assert aux["n"] == 3
    assert (value, more) == (pytest.approx(np.sum(X**2), rel=1e-15), 0.3)
    np.testing.assert_allclose(again, 2.0 * X, rtol=1e-15)


def test_jacobians_and_hessians_are_nested():
    @sd.differentiable
    def all_of_them(a, x):
        jac = sd.jacobian(lambda u, v: {"p": u * v, "s": np.sum(v) * u}, wrt=(0, 1))(a, x)
        (aa, _), (_, xx) = sd.hessian(lambda u, v: u**2 * np.sum(v**3), wrt=("u", "v"))(a, x)
        return jac, aa, xx

    jac, aa, xx = all_of_them(2.0, X)
    np.testing.assert_array_equal(jac["p"][0], X)
    np.testing.assert_array_equal(jac["p"][1], 2.0 * np.eye(2))
    assert jac["s"][0] == pytest.approx(1.0, rel=1e-15)
    np.testing.assert_array_equal(jac["s"][1], [2.0, 2.0])
    assert aa == pytest.approx(2.0 * np.sum(X**3), rel=1e-15)
    np.testing.assert_allclose(xx, np.diag(24.0 * X), rtol=1e-15)


def test_results_are_numbers_as_calls_from_python_give_them():
    """A derivative by an element of an array is a Python float, so that dividing by zero raises."""

    def slope(x):
        return 1.0 / sd.grad(lambda y: y * y)(x[0])

    compiled = sd.differentiable(slope)
    for f in (slope, compiled):
        assert f(np.array([2.0])) == 0.25
        with pytest.raises(ZeroDivisionError):
            f(np.array([0.0]))


def test_pullbacks():
    @sd.differentiable
    def f(x):
        value, pullback = sd.vjp(lambda a, b: (np.sin(a) * b, np.sum(a)), x, 3.0)
        da, db = pullback((x, 2.0))
        again, _ = pullback((np.ones(2), 0.0))
        return np.sum(value[0]) + np.sum(da * again) + db

    da, again = np.cos(X) * 3.0 * X + 2.0, np.cos(X) * 3.0
    expected = np.sum(np.sin(X) * 3.0) + np.sum(da * again) + np.sum(np.sin(X) * X)
    assert f(X) == pytest.approx(expected, rel=1e-14)
    assert sd.gradcheck(f, X, order=2)


def test_a_pullback_remembers_what_it_was_made_of():
    @sd.differentiable
    def f(x):
        a = x.copy()
        k = 2.0
        _, pullback = sd.vjp(lambda b: b * b * k, a)
        a[0] = 100.0
        k = 50.0
        return pullback(np.ones(2))[0]

    np.testing.assert_allclose(f(X), 4.0 * X, rtol=1e-15)


def test_pullbacks_of_results_whose_sizes_are_computed():
    @sd.differentiable
    def f(x):
        value, pullback = sd.vjp(lambda a: np.concatenate([a[1:], a]) ** 2, x)
        (dx,) = pullback(value)
        return dx

    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(f(x), 2.0 * x**3 * np.array([1.0, 2.0, 2.0]), rtol=1e-15)


# -- functions ---------------------------------------------------------------------------------------------------------


class Oscillator:
    """Methods, plain and decorated, that ask for derivatives of each other."""

    def __init__(self):
        self.k = 2.0

    def energy(self, q):
        return self.k * q**3

    @sd.differentiable
    def decorated(self, q):
        return self.k * q**3

    def force(self, q):
        return -sd.grad(self.energy)(q)

    def force_of_decorated(self, q):
        return -self.decorated.grad(q)


@sd.differentiable
def cube(x, k=1.0):
    return k * x**3


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: sd.grad(partial(lambda a, b: a * b * b, 3.0))(x), 12.0),
        (lambda x: sd.grad(partial(lambda a, b: a * b * b, b=3.0))(x), 9.0),
        (lambda x: sd.grad(lambda *xs: xs[0] * xs[1] ** 2)(x, 3.0)[1], 12.0),
        (lambda x: sd.grad(lambda a, b=2.0, c=3.0: a * a * b + c)(x, c=5.0), 8.0),
        (lambda x: sd.grad(lambda a, b: a * a * b, wrt="b")(b=7.0, a=x), 4.0),
        (lambda x: sd.grad(lambda a, *, b: a * a * b, wrt="b")(x, b=7.0), 4.0),
        (lambda x: sd.grad(lambda y: y * y * x)(3), 12.0),
        (lambda x: sd.grad(math.sqrt)(x * x), 0.25),
        (lambda x: sd.grad(cube)(x), 12.0),
        (lambda x: cube.grad(x), 12.0),
        (lambda x: cube.grad(x, 2.0, wrt="k"), 8.0),
        (lambda x: cube.value_and_grad(x)[1], 12.0),
        (lambda x: sd.grad(cube.grad)(x), 12.0),
        (lambda x: OSCILLATOR.force(x), -24.0),
        (lambda x: OSCILLATOR.force_of_decorated(x), -24.0),
        (lambda x: sd.vmap(sd.grad(lambda y: y**3))(np.array([x, 1.0]))[0], 12.0),
    ],
)
def test_whatever_is_callable(function, expected):
    assert sd.differentiable(function)(2.0) == pytest.approx(expected, rel=1e-15)
    assert sd.grad(function)(2.0) == pytest.approx((function(2.0 + 1e-5) - function(2.0 - 1e-5)) / 2e-5, rel=1e-8)


OSCILLATOR = Oscillator()


def test_methods_of_decorated_functions_are_functions():
    def check(slope):
        assert sd.grad(slope)(2.0) == sd.jacobian(slope)(2.0) == 12.0
        assert sd.grad(lambda x: slope(x) * x)(2.0) == 36.0

    check(cube.grad)
    cube.grad(2.0, 1.0)
    check(cube.grad)


def test_methods_of_arguments():
    assert sd.differentiable(lambda o, q: o.force(q) + o.force_of_decorated(q))(Oscillator(), 2.0) == -48.0
    assert sd.grad(lambda o, q: o.decorated(q), "q")(Oscillator(), 2.0) == 24.0


SLOPE = sd.grad(lambda x: x**2)


def test_what_stands_there_at_the_call_counts():
    """A derivative made outside may be another one at the next call, by its function, its kind or its captured data."""
    global SLOPE
    f = sd.differentiable(lambda x: SLOPE(x))
    assert f(2.0) == 4.0
    SLOPE = sd.grad(lambda x: x**3)
    assert f(2.0) == 12.0
    SLOPE = sd.hessian(lambda x: x**4)
    assert f(2.0) == 48.0

    def made(k):
        slope = sd.grad(lambda y: k * y * y)
        return sd.differentiable(lambda x: slope(x))(2.0)

    assert [made(k) for k in (1.0, 2.0, 5.0)] == [4.0, 8.0, 20.0]


def test_what_is_stored_into_an_argument_is_undone():
    def f(a, x):
        def g(b):
            b[0] = x
            return np.sum(b**2)

        return np.sum(sd.grad(g)(a)) + a[0]

    a = np.array([1.0, 2.0])
    assert sd.differentiable(f)(a, 5.0) == f(a, 5.0) == 4.0 + 1.0


# -- loops -------------------------------------------------------------------------------------------------------------


def test_newton_by_jacobians():
    @sd.differentiable
    def root(p):
        def residual(z):
            return np.array([z[0] ** 2 + z[1] ** 2 - p[0], z[0] - p[1] * z[1]])

        z = np.array([1.0, 0.5])
        while np.max(np.abs(residual(z))) > 1e-12:
            z = z - np.linalg.solve(sd.jacobian(residual)(z), residual(z))
        return z[0] * z[1]

    p = np.array([4.0, 2.0])
    assert root(p) == pytest.approx(p[0] * p[1] / (1 + p[1] ** 2), rel=1e-12)
    expected = [p[1] / (1 + p[1] ** 2), p[0] * (1 - p[1] ** 2) / (1 + p[1] ** 2) ** 2]
    np.testing.assert_allclose(root.grad(p), expected, rtol=1e-9)


def test_gradients_of_gradient_descent():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=7)

    def trained(w, rate):
        def loss(v):
            return np.mean((np.tanh(x @ v) - y) ** 2)

        for _ in range(5):
            w = w - rate * sd.grad(loss)(w)
        return loss(w)

    assert sd.gradcheck(trained, rng.normal(size=3), 0.1)


# -- refusals ----------------------------------------------------------------------------------------------------------


def stores_outside(a, x):
    def f(y):
        a[0] = y
        return np.sum(a)

    return sd.grad(f)(x)


@pytest.mark.parametrize(
    ("function", "args", "error", "message"),
    [
        (stores_outside, (np.ones(2), 5.0), sd.UnsupportedSyntaxError, "stores into an object from around it"),
        (lambda x: sd.grad(lambda y: y * 2.0)(x), (X,), sd.NotScalarError, "scalar"),
        (lambda x: sd.grad(lambda y, n: y * n, "n")(x, True), (1.0,), TypeError, "no float"),
        (lambda x: sd.grad(lambda y: y, "z")(x), (1.0,), TypeError, "no argument"),
        (lambda x: sd.grad(lambda y, z: y * z, 1)(x), (1.0,), TypeError, "not given"),
        (lambda x: sd.grad(lambda y: y)(x, x), (1.0,), TypeError, "by position"),
        (lambda x: sd.grad(lambda y: y, argnums=0)(x), (1.0,), TypeError, "argnums"),
        (lambda x: sd.jvp(lambda y: y, (x,), (1.0, 2.0)), (1.0,), TypeError, "2 tangents"),
        (lambda x: sd.jvp(lambda y: y, (x,), (np.ones(3),)), (1.0,), ValueError, "tangent"),
        (lambda x: sd.vjp(lambda y: y * 2.0, x)[1]((1.0, 1.0)), (1.0,), TypeError, "structure"),
        (lambda x: sd.vmap(lambda y: y)(x), (1.0,), ValueError, "number"),
    ],
)
def test_refusals_have_a_place(function, args, error, message):
    with pytest.raises(error, match=message) as caught:
        sd.differentiable(function)(*args)
    assert isinstance(caught.value, sd.SymdiffError)
    assert "test_nested.py" in str(caught.value)
