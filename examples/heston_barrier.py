"""A down-and-out call in Heston's model of stochastic volatility: price and Greeks by Monte Carlo.

    d S = r S dt + sqrt(v) S dW1
    d v = kappa (theta - v) dt + xi sqrt(v) dW2,     d<W1, W2> = rho dt

The paths are those of the full-truncation Euler scheme, and the payoff survives a step with a smoothed probability, so
that its gradient exists. All Greeks come from one reverse sweep; the check is to revalue with each input moved up and
down, with the same random numbers. Without a barrier, Heston's own formula gives the price. Run it:

    python examples/heston_barrier.py
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad

import symdiff as sd

STRIKE, MATURITY = 100.0, 1.0
KAPPA, THETA, XI, RHO = 1.5, 0.04, 0.3, -0.7
GREEKS = {"delta": "spot", "vega": "variance", "rho": "rate"}
MARKET = {"spot": 100.0, "variance": 0.05, "rate": 0.03}


@dataclass(frozen=True)
class Greeks:
    """The price, its derivatives, and those of revaluation; and two prices of the call without a barrier."""

    price: float
    greeks: dict[str, float]
    revalued: dict[str, float]
    vanilla: float
    vanilla_error: float
    formula: float


def survives(spot, barrier, width):
    """1 well above the barrier, 0 well below, and smooth between."""
    return 0.5 * (1.0 + np.tanh((spot - barrier) / width))


def price(spot, variance, rate, barrier=85.0, width=1.0, paths=20_000, steps=50, seed=7):
    """Discounted mean payoff over simulated paths."""
    rng = np.random.default_rng(seed)
    dt = MATURITY / steps
    s = np.full(paths, spot)
    v = np.full(paths, variance)
    alive = np.ones(paths)
    for _ in range(steps):
        z1 = rng.standard_normal(paths)
        z2 = RHO * z1 + math.sqrt(1 - RHO**2) * rng.standard_normal(paths)
        positive = np.maximum(v, 0.0)
        s *= np.exp((rate - 0.5 * positive) * dt + np.sqrt(positive * dt) * z1)
        v += KAPPA * (THETA - positive) * dt + XI * np.sqrt(positive * dt) * z2
        if barrier is not None:
            alive *= survives(s, barrier, width)
    payoff = np.where(s > STRIKE, s - STRIKE, 0.0)
    return np.exp(-rate * MATURITY) * np.mean(alive * payoff)


def revalue(paths: int, steps: int) -> dict[str, float]:
    """The Greeks by central differences in plain NumPy; the seed makes the random numbers common."""
    found = {}
    for greek, name in GREEKS.items():
        bump = 1e-4 * MARKET[name]
        up = price(**{**MARKET, name: MARKET[name] + bump}, paths=paths, steps=steps)
        down = price(**{**MARKET, name: MARKET[name] - bump}, paths=paths, steps=steps)
        found[greek] = float(up - down) / (2.0 * bump)
    return found


def heston_call() -> float:
    """The price without a barrier, by Heston's formula in the form of Albrecher and others."""
    spot, variance, rate = MARKET.values()

    def characteristic(u: complex) -> complex:
        b = KAPPA - 1j * RHO * XI * u
        d = np.sqrt(b**2 + XI**2 * (1j * u + u**2))
        g = (b - d) / (b + d)
        decay = np.exp(-d * MATURITY)
        c = KAPPA * THETA / XI**2 * ((b - d) * MATURITY - 2.0 * np.log((1.0 - g * decay) / (1.0 - g)))
        return complex(
            np.exp(
                1j * u * (np.log(spot) + rate * MATURITY)
                + c
                + variance / XI**2 * (b - d) * (1.0 - decay) / (1.0 - g * decay)
            )
        )

    def probability(shift: complex) -> float:
        scale = characteristic(shift).real
        integrand = lambda u: (np.exp(-1j * u * np.log(STRIKE)) * characteristic(u + shift) / (1j * u)).real  # noqa: E731
        return 0.5 + float(quad(integrand, 1e-9, 200.0, limit=200)[0]) / (math.pi * scale)

    return spot * probability(-1j) - STRIKE * math.exp(-rate * MATURITY) * probability(0.0)


def main(paths: int = 20_000, steps: int = 50) -> Greeks:
    """Price, differentiate, and compare."""
    spot, variance, rate = MARKET.values()
    value_and_greeks = sd.value_and_grad(price, wrt=tuple(GREEKS.values()))
    value, derivatives = value_and_greeks(spot, variance, rate, paths=paths, steps=steps)
    vanilla = [float(price(**MARKET, barrier=None, paths=paths, steps=steps, seed=seed)) for seed in range(4)]
    result = Greeks(
        float(value),
        dict(zip(GREEKS, map(float, derivatives), strict=True)),
        revalue(paths, steps),
        float(np.mean(vanilla)),
        float(np.std(vanilla, ddof=1) / 2.0),
        heston_call(),
    )
    print(f"down-and-out call: {result.price:.4f}, from {paths} paths of {steps} steps")
    for name, derivative in result.greeks.items():
        print(f"{name:>6} {derivative:10.5f}   by revaluation {result.revalued[name]:10.5f}")
    print(
        f"without a barrier: {result.vanilla:.3f} +- {result.vanilla_error:.3f}, Heston's formula {result.formula:.3f}"
    )
    return result


if __name__ == "__main__":
    main()
