"""SciPy's optimisers with our derivatives: fits checked against the known answer and against SciPy's differences."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, least_squares, minimize, rosen, rosen_der, rosen_hess

import symdiff as sd

RNG = np.random.default_rng(42)
T = np.linspace(0.0, 4.0, 40)
TRUE = np.array([2.5, 1.3, 0.5])
Y = TRUE[0] * np.exp(-TRUE[1] * T) + TRUE[2] + 0.01 * RNG.normal(size=T.size)


@sd.differentiable
def loss(p, t, y):
    return np.sum((p[0] * np.exp(-p[1] * t) + p[2] - y) ** 2)


def residuals(p, t, y):
    return p[0] * np.exp(-p[1] * t) + p[2] - y


def test_minimize_with_value_and_gradient():
    start = np.array([1.0, 1.0, 0.0])
    found = minimize(loss.value_and_grad, start, args=(T, Y), jac=True, method="BFGS")
    plain = minimize(lambda p: float(np.sum(residuals(p, T, Y) ** 2)), start, method="BFGS")
    assert found.success
    np.testing.assert_allclose(found.x, plain.x, rtol=1e-4)
    np.testing.assert_allclose(found.x, TRUE, atol=0.05)
    assert found.nfev < plain.nfev
    np.testing.assert_allclose(loss.grad(found.x, T, Y), 0.0, atol=1e-4)
    np.testing.assert_array_equal(start, [1.0, 1.0, 0.0])


@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "TNC", "SLSQP"])
def test_other_methods(method):
    found = minimize(loss.value_and_grad, np.array([2.0, 1.0, 0.0]), args=(T, Y), jac=True, method=method)
    np.testing.assert_allclose(found.x, TRUE, atol=0.05)


def test_gradient_against_scipy_differences():
    point = np.array([1.7, 0.9, 0.1])
    by_differences = approx_fprime(point, lambda p: float(np.sum(residuals(p, T, Y) ** 2)), 1e-7)
    np.testing.assert_allclose(loss.grad(point, T, Y), by_differences, rtol=1e-5)


def test_separate_function_and_gradient():
    found = minimize(loss, np.array([1.0, 1.0, 0.0]), args=(T, Y), jac=loss.grad)
    np.testing.assert_allclose(found.x, TRUE, atol=0.05)


def test_least_squares_with_jacobian():
    jacobian = sd.jacobian(residuals)
    start = np.array([1.0, 1.0, 0.0])
    found = least_squares(residuals, start, jac=jacobian, args=(T, Y))
    plain = least_squares(residuals, start, args=(T, Y))
    np.testing.assert_allclose(found.x, plain.x, rtol=1e-6)
    np.testing.assert_allclose(jacobian(found.x, T, Y), found.jac, rtol=1e-12)
    by_hand = np.stack([np.exp(-start[1] * T), -start[0] * T * np.exp(-start[1] * T), np.ones_like(T)], axis=1)
    np.testing.assert_allclose(jacobian(start, T, Y), by_hand, rtol=1e-13)


@pytest.mark.parametrize("method", ["trust-exact", "trust-ncg", "Newton-CG", "trust-krylov"])
def test_hessian(method):
    def square(p):
        return (p[0] - 1.0) ** 2 + 10.0 * (p[1] - p[0] ** 2) ** 2 + p[0] ** 4

    start = np.array([0.5, 0.4])
    found = minimize(square, start, jac=sd.grad(square), hess=sd.hessian(square), method=method)
    plain = minimize(square, start, method="BFGS")
    np.testing.assert_allclose(found.x, plain.x, atol=1e-4)


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_rosenbrock_as_scipy_differentiates_it(n):
    point = np.linspace(-1.2, 1.1, n)
    np.testing.assert_allclose(sd.differentiable(rosenbrock)(point), rosen(point), rtol=1e-13)
    np.testing.assert_allclose(sd.grad(rosenbrock)(point), rosen_der(point), rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(sd.hessian(rosenbrock)(point), rosen_hess(point), rtol=1e-12, atol=1e-10)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def test_trust_exact_on_rosenbrock():
    start = np.array([-1.2, 1.0, 0.8])
    found = minimize(rosenbrock, start, jac=sd.grad(rosenbrock), hess=sd.hessian(rosenbrock), method="trust-exact")
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-6)


def test_a_model_with_an_ode_in_a_loop():
    @sd.differentiable
    def fit(p, data, dt):
        x, y, total = p[2], p[3], 0
        for k in range(data.shape[0]):
            total += (x - data[k, 0]) ** 2 + (y - data[k, 1]) ** 2
            for _ in range(4):
                dx = p[0] * x - x * y
                dy = x * y - p[1] * y
                x, y = x + dt * dx, y + dt * dy
        return total

    truth = np.array([1.0, 0.8, 1.2, 0.9])
    rows, x, y = [], truth[2], truth[3]
    for _ in range(12):
        rows.append((x, y))
        for _ in range(4):
            x, y = x + 0.05 * (truth[0] * x - x * y), y + 0.05 * (x * y - truth[1] * y)
    data = np.array(rows)
    start = np.array([0.9, 0.9, 1.1, 1.0])
    found = minimize(fit.value_and_grad, start, args=(data, 0.05), jac=True, method="L-BFGS-B", bounds=[(0.5, 2.0)] * 4)
    np.testing.assert_allclose(found.x, truth, atol=1e-2)
