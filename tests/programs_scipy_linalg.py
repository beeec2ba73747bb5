"""The corpus: linear algebra as users of SciPy write it."""

import numpy as np
from scipy import linalg
from scipy.linalg import block_diag, cho_factor, cho_solve, expm, solve_triangular, toeplitz

from tests.program_model import definite, positive, program


@program(
    lambda rng: (np.array([0.3, -0.2, -1.0]), rng.normal(size=(6, 2)), rng.normal(size=6)),
    "theta",
    "app array linalg broadcast",
    second=True,
    note="marginal likelihood of a Gaussian process by cho_factor and cho_solve",
)
def process_by_factor(theta, X, y):
    amplitude, scale, noise = np.exp(theta)
    d = X[:, None, :] - X[None, :, :]
    K = amplitude * np.exp(-0.5 * np.sum(d**2, axis=-1) / scale**2) + noise * np.eye(len(X))
    c, low = cho_factor(K, lower=True)
    alpha = cho_solve((c, low), y, check_finite=False)
    return -0.5 * y @ alpha - np.sum(np.log(np.diag(c))) - 0.5 * len(X) * np.log(2 * np.pi)


@program(
    {
        "three": lambda rng: (positive(rng, 3), np.array([0, 2, 1, 1, 0]), np.array([0.4, 3.0, 20.0, 0.1])),
        "one": lambda rng: (positive(rng, 3), np.array([0, 1]), np.array([0.5])),
    },
    "rates",
    "app array linalg loop store make index int size-1",
    second=True,
    note="a Markov chain in continuous time, seen at some times",
)
def chain_likelihood(rates, states, steps):
    Q = np.zeros((3, 3))
    Q[0, 1], Q[1, 2], Q[2, 0] = rates[0], rates[1], rates[2]
    Q = Q - np.diag(np.sum(Q, axis=1))
    total = 0.0
    for k in range(len(steps)):
        P = expm(steps[k] * Q)
        total += np.log(P[states[k], states[k + 1]])
    return total


@program(
    lambda rng: (rng.normal(size=3), definite(rng, 3), rng.normal(size=(5, 3))),
    ("mu", "S"),
    "app array linalg",
    second=True,
    note="a Gaussian likelihood of whitened residuals",
)
def whitened(mu, S, X):
    L = linalg.cholesky(S, lower=True)
    z = solve_triangular(L, (X - mu).T, lower=True)
    back = solve_triangular(L, z[:, 0], trans="T", lower=True)
    return -0.5 * np.sum(z**2) - len(X) * np.sum(np.log(np.diag(L))) + 0.1 * np.sum(np.sin(back))


@program(
    lambda rng: (np.array([0.9, 0.3, 0.2]), rng.normal(size=(4, 2))),
    "theta",
    "app array linalg loop carried make",
    note="Kalman's filter of two trends that are seen together",
)
def two_trends(theta, zs):
    one = np.array([[1.0, theta[0]], [0.0, 1.0]])
    F = block_diag(one, 0.5 * one)
    H = block_diag(np.array([[1.0, 0.0]]), np.array([[1.0, 0.2]]))
    Q, R = theta[1] * np.eye(4), block_diag(theta[2] * np.eye(1), 0.3 * np.eye(1))
    m, P, total = np.zeros(4), np.eye(4), 0.0
    for z in zs:
        m, P = F @ m, F @ P @ F.T + Q
        S = H @ P @ H.T + R
        v = z - H @ m
        total -= 0.5 * (v @ linalg.solve(S, v, assume_a="pos") + np.log(linalg.det(S)))
        K = linalg.solve(S, H @ P, assume_a="sym").T
        m, P = m + K @ v, P - K @ S @ K.T
    return total


@program(
    lambda rng: (0.6, 0.4, np.arange(5.0), rng.normal(size=5)),
    ("rate", "noise"),
    "app array linalg",
    second=True,
    note="a stationary series with its covariances in a Toeplitz matrix",
)
def stationary_series(rate, noise, lags, y):
    factor = cho_factor(noise * toeplitz(np.exp(-rate * lags)))
    return -0.5 * y @ cho_solve(factor, y) - np.sum(np.log(np.diag(factor[0])))
