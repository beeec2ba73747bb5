"""Derivatives of functions of tensors inside functions that are compiled."""

import numpy as np
import pytest

import symdiff as sd
from symdiff import nn

MATRIX = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 1.0, 1.0]])
POINT = np.array([0.3, -1.0, 2.0])
ALONG = np.array([1.0, 0.5, -1.0])
FACTORS, DIRECTION = sd.tensor(MATRIX), sd.tensor(ALONG)


@pytest.fixture(autouse=True)
def _unoptimised(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


def vector(x):
    return sd.sin(FACTORS @ x) * x


def inner(x):
    return vector(x).sum()


def exact(function):
    """The gradient by complex steps, of a formula in NumPy."""
    steps = 1e-30j * np.eye(3)
    return np.array([function(POINT + step).imag / 1e-30 for step in steps])


def slope(x):
    return np.sin(MATRIX @ x) + MATRIX.T @ (np.cos(MATRIX @ x) * x)


def curvature(x):
    s, c = np.sin(MATRIX @ x), np.cos(MATRIX @ x)
    mixed = np.diag(c) @ MATRIX
    return mixed + mixed.T - MATRIX.T @ np.diag(s * x) @ MATRIX


def jacobian(x):
    return np.diag(np.cos(MATRIX @ x) * x) @ MATRIX + np.diag(np.sin(MATRIX @ x))


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (lambda x: (sd.grad(inner)(x) ** 2).sum(), lambda x: (slope(x) ** 2).sum()),
        (lambda x: (sd.hvp(inner)(x, DIRECTION) ** 2).sum(), lambda x: ((curvature(x) @ ALONG) ** 2).sum()),
        (lambda x: (sd.hessian(inner)(x) ** 2).sum(), lambda x: (curvature(x) ** 2).sum()),
        (lambda x: (sd.jacobian(vector)(x) ** 2).sum(), lambda x: (jacobian(x) ** 2).sum()),
        (
            lambda x: (sd.jvp(vector, (x,), (DIRECTION,))[1] ** 2).sum(),
            lambda x: ((jacobian(x) @ ALONG) ** 2).sum(),
        ),
        (
            lambda x: (sd.vjp(vector, x)[1](DIRECTION)[0] ** 2).sum(),
            lambda x: ((ALONG @ jacobian(x)) ** 2).sum(),
        ),
        (lambda x: (sd.vmap(lambda a: a * x)(FACTORS) ** 2).sum(), lambda x: ((MATRIX * x) ** 2).sum()),
        (lambda x: sd.value_and_grad(inner)(x)[0], lambda x: (np.sin(MATRIX @ x) * x).sum()),
        (lambda x: sum(g.sum() for g in sd.grad(lambda d: (d["a"] ** 3).sum())({"a": x}).values()),
         lambda x: (3 * x**2).sum()),
        (lambda x: (sd.stop_gradient(x) * x).sum(), lambda x: (POINT * x).sum()),
    ],
)  # fmt: skip
def test_derivatives_inside(function, formula):
    f = sd.differentiable(function)
    np.testing.assert_allclose(f.grad(sd.tensor(POINT)).numpy(), exact(formula), rtol=1e-9)


def test_the_learning_rate_of_steps_inside():
    """Five steps of gradient descent on a quadratic: the slope of what is left, in closed form."""

    @sd.differentiable
    def left(rate, x):
        for _ in range(5):
            x = x - rate * sd.grad(lambda v: (v**2).sum() / 2)(x)
        return (x**2).sum()

    got = left.grad(0.1, sd.tensor(POINT))
    assert got == pytest.approx(-10 * 0.9**9 * (POINT**2).sum(), rel=1e-12)


def test_a_store_into_a_tensor_from_around_is_refused():
    def f(x):
        c = x * 1

        def h(a):
            c.mul_(2)
            return (a * c).sum()

        return sd.grad(h)(x).sum() + c.sum()

    with pytest.raises(sd.SymdiffError, match="stores into an object from around it"):
        sd.grad(f)(sd.tensor(POINT))


def test_nothing_flows_through_what_is_stopped_in_a_graph():
    x = sd.tensor([1.0, 2.0], requires_grad=True)
    stopped = sd.stop_gradient({"x": [x, 1.0]})
    (stopped["x"][0] * x).sum().backward()
    assert x.grad.tolist() == [1.0, 2.0]
    numbers = [1.0, np.ones(2)]
    assert sd.stop_gradient(numbers) is numbers


def test_a_parameter_that_is_reached_by_another_name_may_change():
    sd.manual_seed(0)
    model, held = nn.Linear(3, 1), {}
    x = sd.tensor([0.3, -1.0, 2.0])

    def loss(model, x):
        return (model(x) * held["w"].sum()).sum()

    compiled = sd.differentiable(loss)
    for w in (sd.ones(1, 3), model.weight, nn.Parameter(sd.ones(1, 3)), model.weight, sd.ones(1, 3)):
        held["w"] = w
        model.zero_grad()
        loss(model, x).backward()
        assert compiled.grad(model, x)["weight"].tolist() == model.weight.grad.tolist()
