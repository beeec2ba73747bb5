"""The corpus: SciPy's special functions and distributions."""

import numpy as np
from scipy import special, stats
from scipy.stats import norm

from tests.program_model import program


@program(
    lambda rng: (rng.normal(size=3), rng.normal(size=(8, 3)), rng.poisson(2.0, 8).astype(float)), "beta", "array app"
)
def poisson_regression_by_scipy(beta, x, counts):
    rate = np.exp(x @ beta)
    return -np.sum(special.xlogy(counts, rate) - rate - special.gammaln(counts + 1.0))


@program(lambda rng: (rng.normal(size=3), rng.normal(size=(8, 3)), np.sign(rng.normal(size=8))), "beta", "array app")
def probit_regression(beta, x, signs):
    return -np.sum(special.log_ndtr(signs * (x @ beta)))


@program(lambda rng: (0.7, 1.9, rng.uniform(0.1, 0.9, 9)), ("a", "b"), "array app")
def beta_likelihood(a, b, x):
    logs = special.xlogy(a - 1.0, x) + special.xlog1py(b - 1.0, -x)
    return float(len(x)) * special.betaln(a, b) - np.sum(logs)


@program(lambda rng: (0.3, 2.5, rng.uniform(-3.0, 3.0, 9)), ("mu", "kappa"), "array app")
def von_mises_likelihood(mu, kappa, angles):
    return -np.sum(kappa * (np.cos(angles - mu) - 1.0) - np.log(2.0 * np.pi * special.i0e(kappa)))


@program(lambda rng: (100.0, 95.0, 0.03, 0.25, 1.5), ("spot", "rate", "sigma", "time"), "scalar app")
def call_price_by_norm(spot, strike, rate, sigma, time):
    d1 = (np.log(spot / strike) + (rate + sigma**2 / 2) * time) / (sigma * np.sqrt(time))
    d2 = d1 - sigma * np.sqrt(time)
    return spot * norm.cdf(d1) - strike * np.exp(-rate * time) * norm.cdf(d2)


@program(lambda rng: (rng.normal(size=(5, 3)), np.array([0, 2, 1, 0, 2])), "logits", "array app")
def cross_entropy_by_log_softmax(logits, labels):
    return -np.sum(special.log_softmax(logits, axis=1)[np.arange(5), labels])


@program(lambda rng: (0.2, 1.3, 4.5, rng.normal(size=9)), ("mu", "sigma", "df"), "array app")
def student_likelihood(mu, sigma, df, x):
    return -np.sum(stats.t.logpdf(x, df, loc=mu, scale=sigma))


@program(lambda rng: (1.7, 0.4, rng.poisson(3.0, 9).astype(float)), ("r", "p"), "array app")
def negative_binomial_likelihood(r, p, counts):
    logs = special.gammaln(counts + r) - special.gammaln(r) - special.gammaln(counts + 1.0)
    return -np.sum(logs + special.xlogy(r, p) + special.xlog1py(counts, -p))
