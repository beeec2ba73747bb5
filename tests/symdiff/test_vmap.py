"""``sd.vmap``: what JAX's means, as a native loop over the rows."""

import math
import pickle

import numpy as np
import pytest

import symdiff as sd

RNG = np.random.default_rng(4)


def by_hand(f, *columns):
    """The results of a Python function, one row after the other."""
    return np.array([f(*row) for row in zip(*columns, strict=True)])


def bump(x):
    if x > 0.0:
        return math.exp(-x) * x
    return x * x


def doublings(x):
    n = 0
    while x < 100.0:
        x = x * 2.0
        n = n + 1
    return x, n


# -- values ------------------------------------------------------------------------------------------------------------


def test_elements():
    x = RNG.normal(size=7)
    np.testing.assert_allclose(sd.vmap(bump)(x), by_hand(bump, x), rtol=1e-14)


def test_rows_of_matrices():
    m, v = RNG.normal(size=(5, 3, 3)), RNG.normal(size=(5, 3))
    expected = np.stack([a @ b for a, b in zip(m, v, strict=True)])
    np.testing.assert_allclose(sd.vmap(lambda a, b: a @ b)(m, v), expected, rtol=1e-13)


def test_axes():
    m, v = RNG.normal(size=(4, 3)), RNG.normal(size=3)
    np.testing.assert_allclose(sd.vmap(lambda c: np.prod(c), in_axes=1)(m), m.prod(axis=0), rtol=1e-14)
    np.testing.assert_allclose(sd.vmap(lambda c: np.prod(c), in_axes=-1)(m), m.prod(axis=0), rtol=1e-14)
    np.testing.assert_allclose(sd.vmap(lambda r, w: r @ w, in_axes=(0, None))(m, v), m @ v, rtol=1e-13)
    np.testing.assert_allclose(sd.vmap(lambda w, r: r @ w, in_axes=(None, 0))(v, m), m @ v, rtol=1e-13)
    np.testing.assert_allclose(sd.vmap(lambda r, c: r * c, in_axes=(1, 0))(m, v), (m * v).T, rtol=1e-15)
    np.testing.assert_allclose(sd.vmap(lambda r: 2.0 * r, in_axes=1, out_axes=1)(m), 2.0 * m, rtol=1e-15)
    np.testing.assert_allclose(sd.vmap(lambda r: 2.0 * r, out_axes=-1)(m), 2.0 * m.T, rtol=1e-15)


def test_axes_of_structures():
    p = {"w": RNG.normal(size=(4, 3)), "b": RNG.normal(size=4), "c": 2.0}
    found = sd.vmap(lambda q: q["w"] * q["b"] + q["c"], in_axes=({"w": 0, "b": 0, "c": None},))(p)
    np.testing.assert_allclose(found, p["w"] * p["b"][:, None] + 2.0, rtol=1e-15)
    found = sd.vmap(lambda q: q["w"] * q["c"], in_axes=({"c": None, "w": 1, "b": None},))(p)
    np.testing.assert_allclose(found, 2.0 * p["w"].T, rtol=1e-15)
    pair = (RNG.normal(size=(3, 4)), RNG.normal(size=3))
    found = sd.vmap(lambda q: q[0] * q[1], in_axes=((1, None),))(pair)
    np.testing.assert_allclose(found, (pair[0] * pair[1][:, None]).T, rtol=1e-15)


def test_structures_of_results():
    x = RNG.normal(size=3)
    found = sd.vmap(lambda u: {"a": u * u, "b": (u, np.array([u, 1.0])), "big": u > 0.0})(x)
    np.testing.assert_allclose(found["a"], x * x, rtol=1e-15)
    np.testing.assert_array_equal(found["b"][0], x)
    np.testing.assert_array_equal(found["b"][1], np.stack([x, np.ones(3)], axis=1))
    assert found["big"].dtype == bool
    np.testing.assert_array_equal(found["big"], x > 0.0)


def test_loops_that_stop_at_different_times():
    x = np.array([1.0, 3.0, 99.0, 200.0])
    values, counts = sd.vmap(doublings)(x)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(values, [128.0, 192.0, 198.0, 200.0])
    np.testing.assert_array_equal(counts, [7, 6, 1, 0])


def test_types_of_the_elements():
    """A row of a vector is a NumPy scalar: what divides by zero gives inf."""
    np.testing.assert_array_equal(sd.vmap(lambda x: 1.0 / x)(np.array([0.0, 2.0])), [np.inf, 0.5])
    assert sd.vmap(lambda x: x * 2.0)(np.ones(3, np.float32)).dtype == np.float32
    assert sd.vmap(lambda k: k * 2)(np.arange(3)).dtype == np.int64


def test_sizes_zero_and_one():
    assert sd.vmap(bump)(np.zeros(0)).shape == (0,)
    assert sd.vmap(lambda r: r * 2.0)(np.zeros((0, 3))).shape == (0, 3)
    np.testing.assert_allclose(sd.vmap(bump)(np.array([0.5])), [bump(0.5)], rtol=1e-15)
    np.testing.assert_allclose(sd.vmap(lambda a, b: a + b)(np.ones((1, 3)), np.ones((1, 1))), np.full((1, 3), 2.0))


def test_shapes_that_follow_from_sizes():
    m = RNG.normal(size=(4, 5))
    found = sd.vmap(lambda r: np.concatenate([r[1:], r, np.zeros(2)]))(m)
    np.testing.assert_array_equal(found, np.concatenate([m[:, 1:], m, np.zeros((4, 2))], axis=1))


def test_maps_of_maps():
    a, b = RNG.normal(size=3), RNG.normal(size=4)
    table = sd.vmap(sd.vmap(lambda x, y: x * math.exp(y), in_axes=(None, 0)), in_axes=(0, None))
    np.testing.assert_allclose(table(a, b), a[:, None] * np.exp(b), rtol=1e-14)


def test_captured_values_are_read_at_each_call():
    scale = 2.0

    def f(x):
        return scale * x

    mapped = sd.vmap(f)
    np.testing.assert_array_equal(mapped(np.ones(2)), [2.0, 2.0])
    scale = 5.0
    np.testing.assert_array_equal(mapped(np.ones(2)), [5.0, 5.0])


def test_pickling():
    again = pickle.loads(pickle.dumps(sd.vmap(bump)))
    np.testing.assert_allclose(again(np.array([0.5, -1.0])), [bump(0.5), 1.0], rtol=1e-15)


# -- derivatives -------------------------------------------------------------------------------------------------------


def test_gradients_of_each_row():
    x = RNG.normal(size=6)
    expected = np.where(x > 0.0, np.exp(-x) * (1.0 - x), 2.0 * x)
    np.testing.assert_allclose(sd.vmap(sd.grad(bump))(x), expected, rtol=1e-13)
    m = RNG.normal(size=(4, 3))
    np.testing.assert_allclose(sd.vmap(sd.grad(lambda r: np.sum(r**3)))(m), 3.0 * m * m, rtol=1e-14)
    np.testing.assert_allclose(
        sd.vmap(sd.hessian(lambda r: np.sum(r**3)))(m), np.stack([np.diag(6.0 * r) for r in m]), rtol=1e-14, atol=1e-15
    )


def test_gradients_through_the_map():
    x = RNG.normal(size=6)
    expected = np.where(x > 0.0, np.exp(-x) * (1.0 - x), 2.0 * x)
    np.testing.assert_allclose(sd.grad(lambda y: np.sum(sd.vmap(bump)(y)))(x), expected, rtol=1e-13)
    np.testing.assert_allclose(sd.jacobian(sd.vmap(bump))(x), np.diag(expected), rtol=1e-13)
    m, w = RNG.normal(size=(5, 3)), RNG.normal(size=3)
    loss = lambda v: np.mean(sd.vmap(lambda r: np.tanh(r @ v) ** 2)(m))
    assert sd.gradcheck(loss, w, order=2)


def test_directions_of_each_row():
    """Columns of a Jacobian, as JAX users make them."""
    m, x = RNG.normal(size=(4, 3)), RNG.normal(size=3)
    columns = sd.vmap(lambda v: sd.jvp(lambda y: np.sin(m @ y), (x,), (v,))[1])(np.eye(3))
    np.testing.assert_allclose(columns.T, np.cos(m @ x)[:, None] * m, rtol=1e-12)


def test_second_derivatives_of_maps():
    x = np.array([0.5, 1.5])
    found = sd.hessian(lambda y: np.sum(sd.vmap(lambda u: u**4)(y)))(x)
    np.testing.assert_allclose(found, np.diag(12.0 * x * x), rtol=1e-14)


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        ((np.ones(3), np.ones(4)), {}, ValueError),
        ((np.ones(1), np.ones(4)), {}, ValueError),
        ((np.ones(3), 2.0), {}, ValueError),
        ((np.ones(3), 2.0), {"in_axes": (None, None)}, ValueError),
        ((np.ones(3), np.ones(3)), {"in_axes": (0, 1)}, ValueError),
        ((np.ones(3), np.ones(3)), {"in_axes": (0, None, 0)}, ValueError),
        ((np.ones(3), np.ones(3)), {"in_axes": (0, (0, 0))}, TypeError),
        ((np.ones(3), np.ones(3)), {"in_axes": "rows"}, TypeError),
        ((np.ones(3), np.ones(3)), {"out_axes": None}, TypeError),
        ((np.ones(3), np.ones(3)), {"out_axes": 3}, ValueError),
    ],
)
def test_what_does_not_fit(arguments, options, error):
    with pytest.raises(error) as caught:
        sd.vmap(lambda x, y: x + y, **options)(*arguments)
    assert isinstance(caught.value, sd.SymdiffError)


def test_shapes_that_depend_on_a_row_are_refused():
    with pytest.raises(sd.SymdiffError, match="depends on what the rows hold"):
        sd.vmap(lambda n: np.zeros(n))(np.arange(3))


def test_what_must_be_known_is_refused():
    with pytest.raises(sd.SymdiffError, match="maps over"):
        sd.vmap(lambda x, k: np.sum(x, axis=k))(np.ones((2, 3, 4)), np.array([0, 1]))


def test_stores_into_the_rows_are_refused():
    def f(x):
        x[0] = 1.0
        return x

    with pytest.raises(sd.SymdiffError, match="cannot be mapped"):
        sd.vmap(f)(np.ones((2, 3)))
