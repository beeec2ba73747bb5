"""How long does a cold compile of a 30-line function take, without SymPy and when it runs? And for 10**6 trips?

Every figure comes from fresh processes with an empty cache of compiled code.
"""

from __future__ import annotations

import math
import statistics
import sys

import numpy as np

from benchmarks.harness import in_fresh_process, machine, readable

ROUNDS = 5
SCRIPT = """
import time
import benchmarks.compile_time as subject
import symdiff as sd
import numpy as np
loss = sd.differentiable(subject.{function}, simplify={simplify!r})
arguments = {arguments}
{before}
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""
# The compiler's own modules are loaded once a process, at the first compile: a figure of their own.
LOADED = "sd.differentiable(np.sqrt, simplify=False).compile(1.0)"
GRADIENT = "loss.value_and_grad(*arguments)"
PARAMETERS = "(np.array([0.6, 0.03, 0.8, 0.025]), 30.0, 4.0, 0.1, {n})"
OPTION = "(100.0, 95.0, 0.03, 0.25, 1.5)"


def thirty_lines(p, hare, lynx, dt, n):
    """A loop, a branch, a store and a reduction in thirty lines."""
    alpha, beta, gamma, delta = p
    u = hare
    v = lynx
    record = np.zeros(n + 1)
    record[0] = u
    penalty = 0.0
    for i in range(n):
        k1u = alpha * u - beta * u * v
        k1v = delta * u * v - gamma * v
        u2 = u + 0.5 * dt * k1u
        v2 = v + 0.5 * dt * k1v
        k2u = alpha * u2 - beta * u2 * v2
        k2v = delta * u2 * v2 - gamma * v2
        u3 = u + 0.5 * dt * k2u
        v3 = v + 0.5 * dt * k2v
        k3u = alpha * u3 - beta * u3 * v3
        k3v = delta * u3 * v3 - gamma * v3
        u4 = u + dt * k3u
        v4 = v + dt * k3v
        k4u = alpha * u4 - beta * u4 * v4
        k4v = delta * u4 * v4 - gamma * v4
        u = u + dt / 6.0 * (k1u + 2.0 * k2u + 2.0 * k3u + k4u)
        v = v + dt / 6.0 * (k1v + 2.0 * k2v + 2.0 * k3v + k4v)
        if u > 60.0:
            penalty += (u - 60.0) ** 2
        record[i + 1] = np.log(u) * np.exp(-0.1 * v)
    return np.sum(record**2) + np.sqrt(1.0 + penalty)


def black_scholes(S, K, r, sigma, T):
    """A scalar formula, on which SymPy has something to say."""
    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    tail = 0.5 * (1.0 + math.erf(d2 / math.sqrt(2.0)))
    return S * 0.5 * (1.0 + math.erf(d1 / math.sqrt(2.0))) - K * math.exp(-r * T) * tail


CASES = {
    "30 lines, without SymPy": ("thirty_lines", False, PARAMETERS.format(n=10), LOADED, GRADIENT, "under 0.3 s"),
    "30 lines, without SymPy, 10**6 trips": (
        "thirty_lines",
        False,
        PARAMETERS.format(n=10**6),
        LOADED,
        "loss.compile(*arguments, wrt=0)",
        "value and gradient and gradient: twice the first",
    ),
    "30 lines, without SymPy, 10 trips, likewise": (
        "thirty_lines",
        False,
        PARAMETERS.format(n=10),
        LOADED,
        "loss.compile(*arguments, wrt=0)",
        "the same",
    ),
    "30 lines, SymPy's first run": (
        "thirty_lines",
        "auto",
        PARAMETERS.format(n=10),
        LOADED,
        GRADIENT,
        "1.5 s more at most",
    ),
    "Black-Scholes, without SymPy": ("black_scholes", False, OPTION, LOADED, GRADIENT, ""),
    "Black-Scholes, SymPy's first run": ("black_scholes", "auto", OPTION, LOADED, GRADIENT, "1.5 s more at most"),
    "loading the compiler, and a first tiny function": ("black_scholes", False, OPTION, "", LOADED, ""),
}


def main() -> None:
    """Fresh interpreters in turn."""
    rounds = 1 if "--check" in sys.argv else ROUNDS
    taken: dict[str, list[float]] = {name: [] for name in CASES}
    problems: dict[str, str] = {}
    for _ in range(rounds):
        for name, (function, simplify, arguments, before, statement, _goal) in CASES.items():
            script = SCRIPT.format(
                function=function, simplify=simplify, arguments=arguments, before=before, statement=statement
            )
            try:
                taken[name].append(float(in_fresh_process(script)))
            except NotImplementedError as problem:
                problems[name] = str(problem)
    print(machine())
    print("\n| | median of a cold compile | goal |\n|---|---:|---|")
    for name, (*_rest, goal) in CASES.items():
        time = readable(statistics.median(taken[name])) if taken[name] else f"does not run here: {problems[name]}"
        print(f"| {name} | {time} | {goal} |")


if __name__ == "__main__":
    main()
