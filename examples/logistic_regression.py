"""Logistic regression on the breast-cancer data that comes with scikit-learn, trained with a compiled gradient.

The loss is three lines of NumPy. `loss.value_and_grad` hands its value and exact gradient, as one native call, to
SciPy's L-BFGS. scikit-learn minimises the same function, so its coefficients are the check. Run it:

    python examples/logistic_regression.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import symdiff as sd

STRENGTH = 1.0  # scikit-learn's C: the weight of the data against the penalty


@dataclass(frozen=True)
class Result:
    """What the fit found, and what scikit-learn and a hand-written gradient have to say about it."""

    coefficients: np.ndarray
    intercept: float
    loss: float
    accuracy: float
    reference_accuracy: float
    largest_difference: float
    gradient_source: str
    seconds_per_gradient: float
    seconds_per_gradient_numpy: float


@sd.differentiable
def loss(params, x, y, alpha):
    """Mean logistic loss of labels -1 and 1, with a penalty on the weights but not on the intercept."""
    w, b = params[:-1], params[-1]
    z = x @ w + b
    return np.mean(np.log1p(np.exp(-y * z))) + 0.5 * alpha * np.sum(w**2)


def value_and_grad_by_hand(params, x, y, alpha):
    """What one would otherwise derive on paper and write in NumPy."""
    w, b = params[:-1], params[-1]
    e = np.exp(-y * (x @ w + b))
    value = np.mean(np.log1p(e)) + 0.5 * alpha * np.sum(w**2)
    z_bar = -y * e / (1.0 + e) / len(y)
    return value, np.append(x.T @ z_bar + alpha * w, np.sum(z_bar))


def load_data() -> tuple[np.ndarray, np.ndarray]:
    """Features with mean 0 and deviation 1, and labels -1 (malignant) and 1 (benign)."""
    data = load_breast_cancer()
    x = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    return np.ascontiguousarray(x), 2.0 * data.target - 1.0


def accuracy(params: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """The share of labels that the sign of the score gets right."""
    score = x @ params[:-1] + params[-1]
    return float(np.mean(np.where(score > 0.0, 1.0, -1.0) == y))


def seconds_per_call(function: Callable[..., object], *args: object, calls: int = 200) -> float:
    """The best of five averages."""
    function(*args)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(calls):
            function(*args)
        best = min(best, (time.perf_counter() - start) / calls)
    return best


def main() -> Result:
    """Fit, compare, and print what was found."""
    x, y = load_data()
    start = np.zeros(x.shape[1] + 1)
    alpha = 1.0 / (STRENGTH * len(y))

    options = {"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-9}
    fit = minimize(loss.value_and_grad, start, args=(x, y, alpha), jac=True, method="L-BFGS-B", options=options)
    reference = LogisticRegression(C=STRENGTH, tol=1e-9, max_iter=10_000).fit(x, y)
    expected = np.append(reference.coef_[0], reference.intercept_[0])

    result = Result(
        coefficients=fit.x[:-1],
        intercept=float(fit.x[-1]),
        loss=float(fit.fun),
        accuracy=accuracy(fit.x, x, y),
        reference_accuracy=float(reference.score(x, y)),
        largest_difference=float(np.max(np.abs(fit.x - expected))),
        gradient_source=str(loss.gradient_source(start, x, y, alpha)),
        seconds_per_gradient=seconds_per_call(loss.value_and_grad, fit.x, x, y, alpha),
        seconds_per_gradient_numpy=seconds_per_call(value_and_grad_by_hand, fit.x, x, y, alpha),
    )
    print("The gradient that was generated:\n")
    print(result.gradient_source)
    print(f"\nloss                     {result.loss:.6f} after {fit.nfev} gradients")
    print(f"accuracy                 {result.accuracy:.4f} (scikit-learn {result.reference_accuracy:.4f})")
    print(f"coefficients             within {result.largest_difference:.1e} of scikit-learn's")
    print(f"value and gradient       {1e6 * result.seconds_per_gradient:.1f} us")
    print(f"  by hand in NumPy       {1e6 * result.seconds_per_gradient_numpy:.1f} us")
    return result


if __name__ == "__main__":
    main()
