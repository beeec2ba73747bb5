"""Forward mode, Jacobians and Hessians as users ask for them."""

import dataclasses
import math
import pickle
from collections import namedtuple

import numpy as np
import pytest
from scipy.optimize import rosen_der, rosen_hess, rosen_hess_prod

import symdiff as sd

RNG = np.random.default_rng(3)
M = RNG.normal(size=(40, 30))


def rosen(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def waves(x):
    return np.sin(M @ x)


def central(f, x, v, h=1e-6):
    return (np.asarray(f(x + h * v)) - np.asarray(f(x - h * v))) / (2 * h)


# -- along tangents ----------------------------------------------------------------------------------------------------


def test_numbers():
    assert sd.jvp(lambda x: x * x, (3.0,), (1.0,)) == (9.0, 6.0)
    assert sd.jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 10.0)) == (6.0, 32.0)
    value, tangent = sd.jvp(math.sin, (0.5,), (2.0,))
    assert (value, tangent) == pytest.approx((math.sin(0.5), 2.0 * math.cos(0.5)), rel=1e-15)
    assert type(value) is float
    assert type(tangent) is float


def test_ints_count_as_floats():
    assert sd.jvp(lambda x: x * x, (3,), (1,)) == (9.0, 6.0)
    assert sd.hvp(lambda x: x**3)(2, 1) == 12.0


def test_arrays():
    x, v = RNG.normal(size=30), RNG.normal(size=30)
    value, tangent = sd.jvp(waves, (x,), (v,))
    np.testing.assert_allclose(value, np.sin(M @ x), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(tangent, np.cos(M @ x) * (M @ v), rtol=1e-12, atol=1e-12)


def test_float32_stays_float32():
    x = np.array([0.5, 1.5], np.float32)
    value, tangent = sd.jvp(lambda a: np.exp(a), (x,), (np.ones(2),))
    assert (value.dtype, tangent.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(tangent, np.exp(x), rtol=1e-6)


def test_a_tangent_of_none_is_zero():
    value, tangent = sd.jvp(lambda x, y, n: x * y * n, (3.0, 2.0, 4), (None, 1.0, None))
    assert (value, tangent) == (24.0, 12.0)


Point = namedtuple("Point", "x y")


@dataclasses.dataclass
class Spring:
    k: float
    rest: np.ndarray


def test_structures():
    def f(p, q, s):
        return {"sum": p["a"] * q.x + np.sum(p["b"][0]) * q.y, "more": (s.k * s.rest, "text", 3)}

    args = ({"a": 2.0, "b": [np.array([1.0, 2.0])]}, Point(3.0, 4.0), Spring(5.0, np.array([1.0, 7.0])))
    tangents = ({"a": 1.0, "b": [np.array([0.5, 0.0])]}, Point(0.1, None), Spring(2.0, np.zeros(2)))
    value, tangent = sd.jvp(f, args, tangents)
    assert value["more"][1:] == ("text", 3)
    assert tangent["sum"] == pytest.approx(1.0 * 3.0 + 2.0 * 0.1 + 0.5 * 4.0, rel=1e-15)
    np.testing.assert_allclose(tangent["more"][0], 2.0 * args[2].rest, rtol=1e-15)
    assert tangent["more"][1:] == (None, None)


def test_dicts_are_matched_by_key():
    f = lambda p: p["a"] * p["b"] ** 2
    assert sd.jvp(f, ({"a": 2.0, "b": 3.0},), ({"b": 1.0, "a": 10.0},)) == (18.0, 90.0 + 12.0)
    assert sd.hvp(f)({"a": 2.0, "b": 3.0}, {"b": 1.0, "a": 10.0}) == {"a": 6.0, "b": 60.0 + 4.0}


def test_both_modes_give_the_same_products():
    x, v, u = RNG.normal(size=30), RNG.normal(size=30), RNG.normal(size=40)
    _, tangent = sd.jvp(waves, (x,), (v,))
    _, pullback = sd.vjp(waves, x)
    assert u @ tangent == pytest.approx(pullback(u)[0] @ v, rel=1e-12)


def test_a_product_of_products():
    """jvp of jvp, of grad, and grad of jvp."""
    f = lambda x: np.sum(np.exp(x) * x)
    x, v = np.array([0.3, -0.7]), np.array([1.0, 2.0])
    second = np.sum(np.exp(x) * (x + 2.0) * v * v)
    assert sd.jvp(lambda y: sd.jvp(f, (y,), (v,))[1], (x,), (v,))[1] == pytest.approx(second, rel=1e-14)
    assert v @ sd.jvp(sd.grad(f), (x,), (v,))[1] == pytest.approx(second, rel=1e-14)
    assert v @ sd.grad(lambda y: sd.jvp(f, (y,), (v,))[1])(x) == pytest.approx(second, rel=1e-14)


def test_the_arguments_are_left_as_they_are():
    def overwrite(a, b):
        a[0] = b * b
        return np.sum(a**2)

    a, da = np.array([1.0, 2.0]), np.array([0.0, 1.0])
    assert sd.jvp(overwrite, (a, 3.0), (da, 1.0)) == (85.0, 4.0 + 2 * 9.0 * 6.0)
    np.testing.assert_array_equal(a, [1.0, 2.0])


@pytest.mark.parametrize(
    ("primals", "tangents", "error"),
    [
        ((1.0,), (1.0, 2.0), TypeError),
        ((1.0,), (None,), TypeError),
        ((1.0,), ("text",), TypeError),
        (1.0, 1.0, TypeError),
        ((np.ones(3),), (np.ones(4),), ValueError),
        ((np.ones(3),), (np.ones((3, 1)),), ValueError),
        ((np.ones(3),), (np.ones(1),), ValueError),
        ((np.ones(3),), ((1.0, 1.0, 1.0),), TypeError),
        ((np.ones(3, int),), (np.ones(3),), TypeError),
    ],
)
def test_tangents_that_do_not_fit(primals, tangents, error):
    with pytest.raises(error) as caught:
        sd.jvp(lambda x: x * 2.0, primals, tangents)
    assert isinstance(caught.value, sd.SymdiffError)


def test_a_fresh_lambda_compiles_once():
    def along(scale):
        return sd.jvp(lambda x: scale * x * x, (3.0,), (1.0,))

    assert [along(float(k)) for k in range(4)] == [(9.0 * k, 6.0 * k) for k in range(4)]


# -- products with Hessians --------------------------------------------------------------------------------------------


def test_products_with_a_hessian():
    x, v = RNG.normal(size=20), RNG.normal(size=20)
    np.testing.assert_allclose(sd.hvp(rosen)(x, v), rosen_hess_prod(x, v), rtol=1e-10, atol=1e-9)


def test_hvp_by_several_arguments():
    f = lambda x, a: a * np.sum(x**3)
    x, v = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    dx, da = sd.hvp(f, (0, 1))(x, 3.0, (v, 2.0))
    np.testing.assert_allclose(dx, 18.0 * x * v + 3.0 * x * x * 2.0, rtol=1e-14)
    assert da == pytest.approx(np.sum(3.0 * x * x * v), rel=1e-14)


def test_the_direction_comes_last_whatever_has_defaults():
    def f(x, a=2.0, *, b=1.0):
        return a * b * np.sum(x**3)

    x, v = np.array([1.0, 2.0]), np.array([1.0, 1.0])
    product = sd.hvp(f)
    for _ in range(3):
        np.testing.assert_allclose(product(x, v), 12.0 * x, rtol=1e-15)
        np.testing.assert_allclose(product(x, 5.0, v), 30.0 * x, rtol=1e-15)
        np.testing.assert_allclose(product(x, b=3.0, v=v), 36.0 * x, rtol=1e-15)
    with pytest.raises(TypeError):
        product()


def test_derivatives_of_products_with_hessians():
    f = lambda y: np.sum(y**5)
    x = np.array([0.7, 1.2])
    np.testing.assert_allclose(sd.hessian(lambda y: np.sum(sd.hvp(f)(y, y)))(x), np.diag(240.0 * x * x), rtol=1e-13)
    np.testing.assert_allclose(sd.jacobian(sd.hvp(f), "v")(x, x), np.diag(20.0 * x**3), rtol=1e-13)


def test_products_are_pickled():
    again = pickle.loads(pickle.dumps(sd.hvp(rosen)))
    x, v = np.array([1.0, 2.0, 0.5]), np.array([1.0, 0.0, 2.0])
    np.testing.assert_allclose(again(x, v), rosen_hess_prod(x, v), rtol=1e-12)


# -- Jacobians ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [2, 3, 29, 30, 31, 40])
def test_jacobians_of_any_proportions(rows):
    m, x = M[:rows], RNG.normal(size=30)
    expected = np.cos(m @ x)[:, None] * m
    np.testing.assert_allclose(sd.jacobian(lambda y: np.sin(m @ y))(x), expected, rtol=1e-12, atol=1e-12)


def test_one_compiled_jacobian_goes_both_ways():
    """The sizes decide when it runs."""
    jac = sd.jacobian(lambda x, m: np.sin(m @ x))
    for rows, columns in ((50, 20), (20, 50), (40, 40), (0, 20), (20, 0)):
        m, x = RNG.normal(size=(rows, columns)), RNG.normal(size=columns)
        np.testing.assert_allclose(jac(x, m), np.cos(m @ x)[:, None] * m, rtol=1e-12, atol=1e-12)


def test_jacobians_of_curves_and_of_numbers():
    tall = sd.jacobian(lambda x: np.array([x, x * x, x**3]))
    np.testing.assert_allclose(tall(2.0), [1.0, 4.0, 12.0], rtol=1e-15)
    wide = sd.jacobian(lambda x: np.sum(x**3))
    np.testing.assert_allclose(wide(np.array([1.0, 2.0])), [3.0, 12.0], rtol=1e-15)


def test_jacobians_of_structures():
    def f(p):
        return {"outer": p["x"][:, None] * p["k"], "total": np.sum(p["x"]) * p["k"], "n": 3}

    p = {"x": np.array([1.0, 2.0, 3.0]), "k": 2.0}
    jac = sd.jacobian(f)(p)
    np.testing.assert_allclose(jac["outer"]["x"], 2.0 * np.eye(3)[:, None, :], rtol=1e-15)
    np.testing.assert_allclose(jac["outer"]["k"], p["x"][:, None], rtol=1e-15)
    np.testing.assert_allclose(jac["total"]["x"], [2.0, 2.0, 2.0], rtol=1e-15)
    assert jac["total"]["k"] == 6.0
    assert jac["n"] == {"x": None, "k": None}


def test_jacobians_by_and_of_matrices():
    x = RNG.normal(size=(2, 3))
    jac = sd.jacobian(lambda a: a.T @ a)(x)
    assert jac.shape == (3, 3, 2, 3)
    for i, j in np.ndindex(2, 3):
        step = np.zeros((2, 3))
        step[i, j] = 1.0
        np.testing.assert_allclose(jac[:, :, i, j], step.T @ x + x.T @ step, rtol=1e-14, atol=1e-14)


def test_jacobians_of_loops():
    def f(x, n):
        y = x
        for i in range(n):
            y = np.sin(y) * x[0] + i
        return y

    x = np.array([0.4, 1.1, -0.3])
    for v in np.eye(3):
        np.testing.assert_allclose(sd.jacobian(f)(x, 4) @ v, central(lambda y: f(y, 4), x, v), rtol=1e-7, atol=1e-8)


def test_jacobians_of_ragged_loops():
    def f(x):
        out = np.zeros(2)
        for k in range(2):
            v = x[k]
            while v < 10.0:
                v = v * x[2] + x[1]
            out[k] = v
        return out, out[0] * out[1]

    x = np.array([0.5, 1.5, 1.7])
    first, second = sd.jacobian(f)(x)
    for j, v in enumerate(np.eye(3)):
        np.testing.assert_allclose(first[:, j], central(lambda y: f(y)[0], x, v), rtol=1e-6)
        assert second[j] == pytest.approx(central(lambda y: f(y)[1], x, v), rel=1e-6)


def talk(x):
    y = x
    for i in range(2):
        print("step", i, y[0])
        assert y[0] > -5.0, "too low"
        y = y * x
    return y


def shown(capsys):
    return capsys.readouterr().out


def test_effects_show_once(capsys):
    x = np.array([1.0, 2.0, 3.0])
    once = "step 0 1.0\nstep 1 1.0\n"
    np.testing.assert_allclose(sd.jacobian(talk)(x), np.diag(3.0 * x * x), rtol=1e-15)
    assert shown(capsys) == once
    np.testing.assert_allclose(sd.hessian(lambda y: np.sum(talk(y)))(x), np.diag(6.0 * x), rtol=1e-15)
    assert shown(capsys) == once
    sd.jvp(talk, (x,), (x,))
    assert shown(capsys) == once
    sd.hvp(lambda y: np.sum(talk(y)))(x, x)
    assert shown(capsys) == once
    _, pullback = sd.vjp(talk, x)
    np.testing.assert_allclose(pullback(np.ones(3))[0], 3.0 * x * x, rtol=1e-15)
    assert shown(capsys) == once
    found = sd.grad(lambda y: np.sum(sd.jacobian(talk)(y)))(x)
    np.testing.assert_allclose(found, 6.0 * x, rtol=1e-15)
    assert shown(capsys) == once


def test_jacobians_raise_what_the_function_raises():
    with pytest.raises(AssertionError, match="too low"):
        sd.jacobian(talk)(np.array([-6.0, 1.0]))
    with pytest.raises(AssertionError, match="too low"):
        sd.hessian(lambda y: np.sum(talk(y)))(np.array([-6.0, 1.0]))


# -- Hessians ----------------------------------------------------------------------------------------------------------


def test_hessians():
    for n in (2, 5, 100):
        x = RNG.normal(size=n)
        np.testing.assert_allclose(sd.hessian(rosen)(x), rosen_hess(x), rtol=1e-10, atol=1e-9)
        np.testing.assert_allclose(sd.grad(rosen)(x), rosen_der(x), rtol=1e-10, atol=1e-9)


def test_hessians_are_nested_as_the_arguments():
    (aa, ab), (ba, bb) = sd.hessian(lambda a, b: a * a * np.sum(b**3), (0, 1))(2.0, np.array([1.0, 2.0]))
    assert aa == 18.0
    np.testing.assert_allclose(ab, 4.0 * 3.0 * np.array([1.0, 4.0]), rtol=1e-15)
    np.testing.assert_allclose(ba, ab, rtol=1e-15)
    np.testing.assert_allclose(bb, np.diag(4.0 * 6.0 * np.array([1.0, 2.0])), rtol=1e-15)


def test_hessians_of_while_loops_are_symmetric_and_right():
    def f(x):
        v = x[0]
        while v < 50.0:
            v = v * 1.3 + x[1] * x[1]
        return v * np.sum(x)

    x = np.array([1.0, 2.0, 3.0])
    h = sd.hessian(f)(x)
    np.testing.assert_allclose(h, h.T, rtol=1e-14)
    for j, v in enumerate(np.eye(3)):
        np.testing.assert_allclose(h[:, j], central(sd.grad(f), x, v), rtol=1e-6, atol=1e-6)


def test_the_fifth_derivative():
    fifth = sd.grad(sd.grad(sd.grad(sd.grad(sd.grad(lambda x: x**5)))))
    assert fifth(1.7) == pytest.approx(120.0, rel=1e-14)
    by_tangents = lambda x: x**5
    for _ in range(5):
        by_tangents = sd.jacobian(by_tangents)
    assert by_tangents(1.7) == pytest.approx(120.0, rel=1e-14)


def test_gradcheck_of_second_order():
    assert sd.gradcheck(rosen, np.array([0.5, 1.5, -0.3]), order=2)
    assert sd.gradcheck(lambda x, a: np.sum(np.exp(a * x)), np.array([0.5, 1.5]), 0.3, order=2)
    with pytest.raises(AssertionError):
        sd.gradcheck(lambda x: x * sd.stop_gradient(x) * x, 2.0, order=2)
