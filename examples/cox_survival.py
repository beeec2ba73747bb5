"""Survival after a heart transplant at Stanford: Cox's proportional hazards, with Efron's treatment of ties.

The partial likelihood is written as the textbook has it: a loop over the times at which somebody died, a risk set for
each, and Efron's correction where several died on one day. statsmodels fits the same model. Run it:

    python examples/cox_survival.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from scipy.optimize import minimize

import symdiff as sd


@dataclass(frozen=True)
class Fit:
    """Coefficients and standard errors, ours and those of statsmodels."""

    coefficients: np.ndarray
    standard_errors: np.ndarray
    log_likelihood: float
    reference: np.ndarray
    reference_errors: np.ndarray
    reference_log_likelihood: float
    ties: int


def log_partial_likelihood(beta, x, time, died):
    """Efron's approximation of the partial likelihood."""
    score = x @ beta
    risk = np.exp(score)
    total = 0.0
    for t in np.unique(time[died]):
        now = died & (time == t)
        deaths = np.count_nonzero(now)
        at_risk = np.sum(risk[time >= t])
        tied = np.sum(risk[now])
        total += np.sum(score[now])
        for k in range(deaths):
            total -= np.log(at_risk - k / deaths * tied)
    return total


def negative(beta, x, time, died):
    """For the minimiser."""
    return -log_partial_likelihood(beta, x, time, died)


def load_data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Age (centred, in decades) and its square; days until death or the end of the study; whether the patient died."""
    data = sm.datasets.heart.load_pandas().data
    age = (data["age"].to_numpy() - 45.0) / 10.0
    return np.column_stack([age, age**2]), data["survival"].to_numpy(), data["censors"].to_numpy() == 1.0


def main() -> Fit:
    """Fit by Newton's method with exact derivatives, and compare."""
    x, time, died = load_data()
    start = np.zeros(x.shape[1])
    found = minimize(
        sd.value_and_grad(negative),
        start,
        args=(x, time, died),
        jac=True,
        hess=sd.hessian(negative),
        method="trust-exact",
        options={"gtol": 1e-8},
    )
    errors = np.sqrt(np.diag(np.linalg.inv(sd.hessian(negative)(found.x, x, time, died))))
    reference = sm.PHReg(time, x, status=died, ties="efron").fit()
    ties = int(np.sum(died)) - len(np.unique(time[died]))
    fit = Fit(found.x, errors, -float(found.fun), reference.params, reference.bse, float(reference.llf), ties)
    for name, ours, error, theirs in zip(("age", "age^2"), fit.coefficients, errors, fit.reference, strict=True):
        print(f"{name:>6} {ours:8.5f} +- {error:.5f}   statsmodels {theirs:8.5f}")
    print(f"log likelihood {fit.log_likelihood:.5f}, statsmodels {fit.reference_log_likelihood:.5f}; {ties} ties")
    return fit


if __name__ == "__main__":
    main()
