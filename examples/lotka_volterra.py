"""Hares and lynx: a Lotka-Volterra model fitted to the pelts that the Hudson's Bay Company counted from 1900 to 1920.

    d hare / dt =  alpha * hare - beta  * hare * lynx
    d lynx / dt = -gamma * lynx + delta * hare * lynx

The model is a plain Python loop of Runge-Kutta steps. The loss is the sum of squared logarithmic residuals, and its
gradient with respect to the four rates and the two starting numbers is that of the whole loop. Run it:

    python examples/lotka_volterra.py fit.png
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

import symdiff as sd

YEARS = np.arange(1900, 1921)
# Thousands of pelts: https://mc-stan.org/users/documentation/case-studies/lotka-volterra-predator-prey.html
HARE = np.array(
    [
        [30.0, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1],
        [21.4, 22.0, 25.4, 27.1, 40.3, 57.0, 76.6],
        [52.3, 19.5, 11.2, 7.6, 14.6, 16.2, 24.7],
    ]
).ravel()
LYNX = np.array(
    [
        [4.0, 6.1, 9.8, 35.2, 59.4, 41.7, 19.0],
        [13.0, 8.3, 9.1, 7.4, 8.0, 12.3, 19.5],
        [45.7, 51.1, 29.7, 15.8, 9.7, 10.1, 8.6],
    ]
).ravel()
STEPS = 25  # Runge-Kutta steps in a year
GUESS = np.log([0.6, 0.025, 0.9, 0.02, 30.0, 5.0])


@dataclass(frozen=True)
class Fit:
    """The fitted rates per year, the numbers in 1900, and how good the fit is."""

    alpha: float
    beta: float
    gamma: float
    delta: float
    hare: float
    lynx: float
    loss: float
    deviation: float
    gradients: int
    gradient_norm: float
    plot: Path


def slopes(u, v, alpha, beta, gamma, delta):
    """The right-hand side."""
    return alpha * u - beta * u * v, delta * u * v - gamma * v


def rk4_step(u, v, alpha, beta, gamma, delta, dt):
    """One step of the classical Runge-Kutta method."""
    u1, v1 = slopes(u, v, alpha, beta, gamma, delta)
    u2, v2 = slopes(u + 0.5 * dt * u1, v + 0.5 * dt * v1, alpha, beta, gamma, delta)
    u3, v3 = slopes(u + 0.5 * dt * u2, v + 0.5 * dt * v2, alpha, beta, gamma, delta)
    u4, v4 = slopes(u + dt * u3, v + dt * v3, alpha, beta, gamma, delta)
    return u + dt / 6.0 * (u1 + 2.0 * u2 + 2.0 * u3 + u4), v + dt / 6.0 * (v1 + 2.0 * v2 + 2.0 * v3 + v4)


@sd.differentiable
def loss(theta, hare, lynx, steps):
    """Half the sum of squared differences of logarithms; theta holds logarithms, so that all rates are positive."""
    alpha, beta, gamma, delta, u, v = np.exp(theta)
    dt = 1.0 / steps
    total = 0.0
    for year in range(len(hare)):
        total += (np.log(u) - np.log(hare[year])) ** 2 + (np.log(v) - np.log(lynx[year])) ** 2
        for _ in range(steps):
            u, v = rk4_step(u, v, alpha, beta, gamma, delta, dt)
    return 0.5 * total


def trajectory(theta: np.ndarray, years: int, steps: int) -> np.ndarray:
    """Times, hares and lynx at every step, for the plot."""
    *rates, u, v = np.exp(theta).tolist()
    rows = [(0.0, u, v)]
    for k in range((years - 1) * steps):
        u, v = rk4_step(u, v, *rates, 1.0 / steps)
        rows.append(((k + 1) / steps, u, v))
    return np.array(rows)


def draw(theta: np.ndarray, path: Path) -> None:
    """The counts as points, the model as lines."""
    t, u, v = trajectory(theta, len(YEARS), STEPS).T
    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, counts, model, colour in (("hare", HARE, u, "tab:blue"), ("lynx", LYNX, v, "tab:red")):
        axes.plot(YEARS, counts, "o", color=colour, label=f"{name}, counted")
        axes.plot(YEARS[0] + t, model, "-", color=colour, label=f"{name}, model")
    axes.set(xlabel="year", ylabel="pelts (thousands)", title="Hudson's Bay Company, 1900 to 1920")
    axes.set_xticks(YEARS[::4])
    axes.legend()
    figure.savefig(path, dpi=120)


def main(plot: str | Path = "lotka_volterra.png") -> Fit:
    """Fit, draw, and print what was found."""
    found = minimize(
        loss.value_and_grad, GUESS, args=(HARE, LYNX, STEPS), jac=True, method="BFGS", options={"gtol": 1e-7}
    )
    rates = np.exp(found.x).tolist()
    deviation = float(np.sqrt(2.0 * found.fun / (2 * len(YEARS))))
    norm = float(np.max(np.abs(found.jac)))
    fit = Fit(*rates, float(found.fun), deviation, int(found.nfev), norm, Path(plot))
    draw(found.x, fit.plot)
    print(f"alpha {fit.alpha:.4f}   beta {fit.beta:.5f}   gamma {fit.gamma:.4f}   delta {fit.delta:.5f}   per year")
    print(f"in 1900: {fit.hare:.1f} thousand hares and {fit.lynx:.1f} thousand lynx")
    print(f"a typical factor between count and model: {np.exp(fit.deviation):.3f}")
    print(f"{fit.gradients} gradients, each through {len(YEARS) * STEPS} Runge-Kutta steps; plot in {fit.plot}")
    return fit


if __name__ == "__main__":
    main(*sys.argv[1:2])
