"""Eight schools: Hamiltonian Monte Carlo with the gradient inside the leapfrog loop.

Rubin's hierarchical model of coaching in eight schools, non-centred (Gelman and others, Bayesian Data Analysis, 5.5):

    y[j] ~ normal(mu + tau * z[j], sigma[j]),   z[j] ~ normal(0, 1),   mu ~ normal(0, 5),   tau ~ half-Cauchy(0, 5)

The whole chain is one function that is compiled: the gradient of the log density, the leapfrog steps and the accepting
and rejecting. The check is quadrature: given tau all is Gaussian, so the posterior means are integrals over tau alone.
Run it:

    python examples/eight_schools_hmc.py
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

import symdiff as sd

EFFECT = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERROR = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


@dataclass(frozen=True)
class Posterior:
    """Posterior means of mu and tau, by the chain and by quadrature."""

    mu: float
    tau: float
    mu_exact: float
    tau_exact: float
    acceptance: float
    draws: np.ndarray


def log_density(q, y, sigma):
    """The posterior up to a constant; q holds mu, the logarithm of tau, and z."""
    mu, log_tau, z = q[0], q[1], q[2:]
    tau = np.exp(log_tau)
    likelihood = -0.5 * np.sum(((y - mu - tau * z) / sigma) ** 2)
    prior = -0.5 * np.sum(z**2) - 0.5 * (mu / 5) ** 2 - np.log1p((tau / 5) ** 2)
    return likelihood + prior + log_tau


def leapfrog(q, p, y, sigma, step, steps):
    """A trajectory of Hamilton's equations."""
    gradient = sd.grad(log_density)
    p = p + 0.5 * step * gradient(q, y, sigma)
    for i in range(steps):
        q = q + step * p
        if i < steps - 1:
            p = p + step * gradient(q, y, sigma)
    return q, p + 0.5 * step * gradient(q, y, sigma)


@sd.differentiable
def sample(q, y, sigma, draws, warmup, step, steps, seed):
    """The chain after the warm-up, and how often a proposal was accepted."""
    rng = np.random.default_rng(seed)
    chain = np.empty((draws, len(q)))
    accepted = 0
    for i in range(-warmup, draws):
        p = rng.normal(size=len(q))
        q_new, p_new = leapfrog(q, p, y, sigma, step * rng.uniform(0.8, 1.2), steps)
        before = log_density(q, y, sigma) - 0.5 * p @ p
        after = log_density(q_new, y, sigma) - 0.5 * p_new @ p_new
        if np.log(rng.uniform()) < after - before:
            q = q_new
            accepted += 1
        if i >= 0:
            chain[i] = q
    return chain, accepted / (draws + warmup)


def exact() -> tuple[float, float]:
    """Posterior means of mu and tau: the school effects and mu are integrated out in closed form."""
    t = np.linspace(np.log(1e-4), np.log(400.0), 20_001)
    tau = np.exp(t)[:, None]
    weight = 1.0 / (ERROR**2 + tau**2)
    precision = np.sum(weight, axis=1) + 1.0 / 25.0
    mean = np.sum(weight * EFFECT, axis=1) / precision
    log_weight = 0.5 * np.sum(np.log(weight) - weight * EFFECT**2, axis=1) - 0.5 * np.log(precision)
    log_weight += 0.5 * precision * mean**2 - np.log1p((tau[:, 0] / 5.0) ** 2) + t
    density = np.exp(log_weight - np.max(log_weight))
    density /= np.sum(density)
    return float(density @ mean), float(density @ tau[:, 0])


def main(draws: int = 40_000, warmup: int = 1_000) -> Posterior:
    """Sample, and compare with quadrature."""
    chain, acceptance = sample(np.zeros(10), EFFECT, ERROR, draws, warmup, 0.25, 8, 1)
    mu, tau = float(np.mean(chain[:, 0])), float(np.mean(np.exp(chain[:, 1])))
    posterior = Posterior(mu, tau, *exact(), float(acceptance), chain)
    print(f"mu  {mu:.3f}   by quadrature {posterior.mu_exact:.3f}")
    print(f"tau {tau:.3f}   by quadrature {posterior.tau_exact:.3f}")
    print(f"{draws} draws, {acceptance:.1%} of the proposals accepted")
    return posterior


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
