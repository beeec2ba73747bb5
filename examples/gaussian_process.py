"""Carbon dioxide at Mauna Loa: Gaussian process regression, with hyperparameters by maximum likelihood.

The marginal likelihood is that of Rasmussen and Williams (Gaussian Processes for Machine Learning, algorithm 2.1): a
kernel matrix, its Cholesky factor, two triangular systems. Where the matrix is not positive definite the function says
inf, so that the minimiser turns back. scikit-learn has the same likelihood and gradient. Run it:

    python examples/gaussian_process.py
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from scipy.linalg import cho_solve, solve_triangular
from scipy.optimize import minimize
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, ExpSineSquared, WhiteKernel

import symdiff as sd

START = np.log([5.0, 10.0, 2.0, 30.0, 1.0, 0.3])


@dataclass(frozen=True)
class Fit:
    """The hyperparameters, the likelihood, and how far likelihood and gradient are from scikit-learn's."""

    hyperparameters: np.ndarray
    log_likelihood: float
    reference_log_likelihood: float
    gradient_difference: float
    residual: float
    refused: float


def kernel(a, b, theta):
    """A slow trend, and a season whose shape drifts."""
    trend, length, season, drift, shape, _ = np.exp(theta)
    d = np.abs(a[:, None] - b[None, :])
    slow = trend**2 * np.exp(-0.5 * (d / length) ** 2)
    periodic = np.exp(-2 * (np.sin(np.pi * d) / shape) ** 2)
    return slow + season**2 * periodic * np.exp(-0.5 * (d / drift) ** 2)


@sd.differentiable
def negative_log_likelihood(theta, t, y):
    """Rasmussen and Williams, algorithm 2.1."""
    K = kernel(t, t, theta) + np.exp(2 * theta[-1]) * np.eye(len(t))
    try:
        L = np.linalg.cholesky(K)
    except np.linalg.LinAlgError:
        return np.inf
    alpha = solve_triangular(L.T, solve_triangular(L, y, lower=True))
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(L))) + 0.5 * len(t) * np.log(2 * np.pi)


def predict(theta: np.ndarray, t: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The posterior mean."""
    K = kernel(t, t, theta) + np.exp(2 * theta[-1]) * np.eye(len(t))
    return np.asarray(kernel(new, t, theta) @ cho_solve((np.linalg.cholesky(K), True), y))


def load_data(months: int) -> tuple[np.ndarray, np.ndarray]:
    """Monthly means: years since the first, and parts per million without their mean."""
    series = sm.datasets.co2.load_pandas().data["co2"].resample("MS").mean().dropna()
    t = np.asarray(series.index.year + (series.index.month - 0.5) / 12.0, dtype=float)[-months:]
    y = series.to_numpy()[-months:]
    return t - t[0], y - y.mean()


def scikit_learn(theta: np.ndarray, t: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """The same likelihood, and its gradient by the logarithms of scikit-learn's own hyperparameters."""
    trend, length, season, drift, shape, noise = np.exp(theta)
    model = (
        ConstantKernel(trend**2) * RBF(length)
        + ConstantKernel(season**2) * ExpSineSquared(shape, 1.0, periodicity_bounds="fixed") * RBF(drift)
        + WhiteKernel(noise**2)
    )
    process = GaussianProcessRegressor(model, alpha=0.0, optimizer=None).fit(t[:, None], y)
    value, gradient = process.log_marginal_likelihood(process.kernel_.theta, eval_gradient=True)
    trend_bar, length_bar, season_bar, shape_bar, drift_bar, noise_bar = gradient
    return value, np.array([2 * trend_bar, length_bar, 2 * season_bar, drift_bar, shape_bar, 2 * noise_bar])


def main(months: int = 240) -> Fit:
    """Fit to all but the last year, predict the last year, and compare with scikit-learn."""
    t, y = load_data(months)
    seen, last = slice(0, -12), slice(-12, None)
    found = minimize(
        negative_log_likelihood.value_and_grad, START, args=(t[seen], y[seen]), jac=True, method="L-BFGS-B"
    )
    reference, _ = scikit_learn(found.x, t[seen], y[seen])
    gradient = negative_log_likelihood.grad(START, t[seen], y[seen])
    _, reference_gradient = scikit_learn(START, t[seen], y[seen])
    residual = predict(found.x, t[seen], y[seen], t[last]) - y[last]
    fit = Fit(
        np.exp(found.x),
        -float(found.fun),
        float(reference),
        float(np.max(np.abs(gradient + reference_gradient))),
        float(np.sqrt(np.mean(residual**2))),
        float(negative_log_likelihood(np.log([5.0, 1e9, 1e-9, 30.0, 1.0, 1e-9]), t, y)),
    )
    trend, length, season, drift, shape, noise = fit.hyperparameters
    print(
        f"trend {trend:.2f} over {length:.1f} years, season {season:.2f} of shape {shape:.2f} drifting in {drift:.1f}"
    )
    print(f"log likelihood {-found.fun:.4f}, scikit-learn {reference:.4f}; {found.nfev} gradients, noise {noise:.2f}")
    print(f"gradient at the start differs from scikit-learn's by {fit.gradient_difference:.1e}")
    print(f"the last year, not seen, is predicted within {fit.residual:.2f} ppm")
    return fit


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
