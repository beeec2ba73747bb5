"""The flow of the Nile from 1871 to 1970: the local level model, fitted by maximum likelihood.

    level[t + 1] = level[t] + eta[t],     flow[t] = level[t] + epsilon[t]

The likelihood is that of the Kalman filter: a loop over the years. Its parameters are the logarithms of the two
variances. Durbin and Koopman (Time Series Analysis by State Space Methods, 2.10.3) find 15099 and 1469.1 for these
data, and statsmodels fits the same model. Run it:

    python examples/kalman_nile.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from scipy.optimize import minimize

import symdiff as sd


@dataclass(frozen=True)
class Fit:
    """The variances, their standard errors and the log likelihood; what statsmodels finds for the same."""

    observation_variance: float
    level_variance: float
    standard_errors: np.ndarray
    log_likelihood: float
    gradients: int
    reference: np.ndarray
    reference_log_likelihood: float


@sd.differentiable
def negative_log_likelihood(theta, flow):
    """The first observation only starts the filter: nothing is known of the level before it."""
    observation, state = np.exp(theta)
    level, variance = flow[0], observation + state
    total = 0.0
    for y in flow[1:]:
        innovation = y - level
        f = variance + observation
        gain = variance / f
        total += 0.5 * (np.log(2 * np.pi) + np.log(f) + innovation**2 / f)
        level = level + gain * innovation
        variance = variance * (1 - gain) + state
    return total


def load_data() -> np.ndarray:
    """The annual flow at Aswan in 10^8 cubic metres."""
    return np.asarray(sm.datasets.nile.load_pandas().data["volume"], dtype=float)


def main() -> Fit:
    """Fit, and compare with statsmodels."""
    flow = load_data()
    start = np.log([np.var(flow), np.var(flow)])
    found = minimize(
        negative_log_likelihood.value_and_grad, start, args=(flow,), jac=True, method="BFGS", options={"gtol": 1e-6}
    )
    observation, level = np.exp(found.x)
    information = sd.hessian(negative_log_likelihood)(found.x, flow)
    errors = np.exp(found.x) * np.sqrt(np.diag(np.linalg.inv(information)))
    reference = sm.tsa.UnobservedComponents(flow, "local level", use_exact_diffuse=True)
    reference = reference.fit(method="bfgs", gtol=1e-7, disp=False)
    # it counts the first observation too, as a constant
    reference_likelihood = float(reference.llf) + 0.5 * np.log(2 * np.pi)
    fit = Fit(
        float(observation),
        float(level),
        errors,
        -float(found.fun),
        int(found.nfev),
        reference.params,
        reference_likelihood,
    )
    print(f"variance of an observation {observation:9.1f} +- {errors[0]:.0f}   statsmodels {reference.params[0]:9.1f}")
    print(f"variance of the level      {level:9.1f} +- {errors[1]:.0f}   statsmodels {reference.params[1]:9.1f}")
    print(f"log likelihood {fit.log_likelihood:.4f}, statsmodels {reference_likelihood:.4f}; {fit.gradients} gradients")
    return fit


if __name__ == "__main__":
    main()
