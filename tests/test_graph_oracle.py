"""The oracle of graphs: it knows every row, and its derivatives are those of its values."""

import math

import numpy as np
import pytest

from symdiff.ops import REGISTRY
from tests.graph_maker import Maker
from tests.graph_numbers import BY_DIFFERENCES, ELEMENTWISE, PASSIVE_ROWS, Dual, dual
from tests.graph_oracle import assert_close, exact_gradient, exact_hessian_vector
from tests.graph_rows import ROWS
from tests.oracles import MP
from tests.special_numbers import SPECIAL

# rows of integers and truth values: nothing to differentiate
WITHOUT_DUALS = {"any", "all", "argmax", "argmin", "flatnonzero"}
ATTRS = {"convert": {}, "polygamma": {"order": 1}}
FLAT = {"stop_gradient", "zero_times"}
"""Rows through which nothing flows, by their purpose."""
LOSING = {
    *("tanh", "sigmoid", "sinc", "betaln", "i0e", "i1e"),
    *("log_modulus", "quotient_real", "quotient_imag", "root_real", "root_imag"),
}
"""Rows whose slope is computed from larger terms: its size says how large these are."""


def test_every_elementwise_row_has_a_meaning():
    rows = {name for name, row in REGISTRY.items() if row.elementwise}
    assert rows == ELEMENTWISE.keys() | PASSIVE_ROWS - {"slogdet_sign", "draw"}
    assert not ELEMENTWISE.keys() & PASSIVE_ROWS


def test_every_other_row_has_a_meaning():
    assert {name for name, row in REGISTRY.items() if not row.elementwise} == (
        ROWS.keys() | WITHOUT_DUALS | {"slogdet_sign", "draw", "default_rng", "reseed"}
    )


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_values_in_50_digits_are_those_of_scipy(name):
    """Their slopes are differences of the values."""
    for points in points_of(name, 3):
        found = SPECIAL[name](*map(MP.mpf, points))
        assert math.isclose(float(found), float(REGISTRY[name].numpy(*points)), rel_tol=1e-12, abs_tol=1e-13)


def points_of(name, count):
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield [float(d.low + (d.high - d.low) * rng.random()) for d in REGISTRY[name].domain]


@pytest.mark.parametrize("name", sorted(n for n, f in ELEMENTWISE.items() if f is not BY_DIFFERENCES.get(n)))
def test_slopes_are_those_of_the_values(name):
    row, attrs = REGISTRY[name], ATTRS.get(name, {})
    for points in points_of(name, 5):
        if name == "where":
            points[0] = bool(points[0] > 0.5)
        operands = [Dual(MP.mpf(p), {k: MP.mpf(1)}, {k: 1.0}) for k, p in enumerate(points)]
        for operand, point in zip(operands, points, strict=True):
            operand.plain = point
        found = ELEMENTWISE[name](*operands, **attrs)
        plain = row.numpy(*points, **({"dtype": "float64"} if name == "convert" else attrs))
        assert math.isclose(float(found.value), float(plain), rel_tol=1e-12, abs_tol=1e-13)
        for k, point in enumerate(points):
            slope = MP.diff(lambda t, k=k, points=points: value_at(name, points, k, t, attrs), point)
            expected = 0 if name in FLAT else slope
            assert abs(found.slopes.get(k, MP.mpf(0)) - expected) < 1e-20
            if k in found.slopes:
                size = abs(float(expected))
                assert found.sizes[k] >= size if name in LOSING else math.isclose(found.sizes[k], size, rel_tol=1e-12)


def value_at(name, points, k, moved, attrs):
    """The value with one argument moved; the float64 numbers that decide stay."""
    operands = [dual(p) for p in points]
    operands[k].value = moved
    return ELEMENTWISE[name](*operands, **attrs).value


def test_decisions_are_those_of_float64():
    make = Maker()
    x = make.float("x")
    (v,) = make.while_([x], lambda v: v < 1.0, lambda v: [v + x])
    graph = make.function("f", v)
    # ten times 0.1 is a little less than 1 in float64, so there is one trip more than in exact arithmetic
    assert exact_gradient(graph, [0.1], [0]).gradients[0] == 11


def test_sizes_say_what_cancels():
    make = Maker()
    x = make.float("x")
    graph = make.function("f", x * 1e10 - x * (1e10 - 1.0))
    exact = exact_gradient(graph, [0.3], [0])
    assert exact.gradients[0] == 1
    assert exact.sizes[0] == 2e10 - 1.0
    assert_close([1.0 + 1e-5], exact.gradients, exact.sizes)
    with pytest.raises(AssertionError, match="off by"):
        assert_close([1.0 + 1e-3], exact.gradients, exact.sizes)


def test_second_derivatives_are_differences_of_exact_gradients():
    make = Maker()
    x = make.array("x", make.size())
    graph = make.function("f", make.sum(make.row("exp", x) * x))
    x = np.array([0.5, -1.0, 2.0])
    (found,) = exact_hessian_vector(graph, [x], [0], [np.array([1.0, 2.0, 0.0])])
    expected = np.exp(x) * (x + 2) * np.array([1.0, 2.0, 0.0])
    np.testing.assert_allclose(found.astype(float), expected, rtol=1e-15)


@pytest.mark.parametrize("name", ["solve", "inv", "det", "slogdet_logabs", "cholesky", "norm", "std", "prod"])
def test_rows_of_arrays_have_the_slopes_of_their_values(name):
    rng = np.random.default_rng(1)
    a = rng.normal(size=(3, 3))
    a = a @ a.T + 3 * np.eye(3) if name == "cholesky" else a + 2 * np.eye(3)
    make = Maker()
    x = make.array("x", 3, 3)
    attrs = {"axis": (0,), "keepdims": False} if name in ("norm", "std", "prod") else {}
    y = make.row(name, x, make.traced(make.zeros(3)) + 1.0, **attrs) if name == "solve" else make.row(name, x, **attrs)
    graph = make.function("f", make.sum(y * y))
    exact = exact_gradient(graph, [a], [0])
    direction = rng.normal(size=(3, 3))

    def value(t):
        moved = a + float(t) * direction
        y = REGISTRY[name].numpy(moved, *([np.ones(3)] if name == "solve" else []), **attrs)
        return float(np.sum(y * y))

    h = 1e-4
    slope = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
    assert math.isclose(float(np.sum(exact.gradients[0] * direction)), slope, rel_tol=1e-9)
    assert np.all(exact.sizes[0] >= np.abs(exact.gradients[0].astype(float)) * (1 - 1e-12))
