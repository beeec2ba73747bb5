"""Does a loop of n stores cost O(n)? The gradient for n = 10**3 ... 10**6, per store."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.harness import Question, main

SIZES = (10**3, 10**4, 10**5, 10**6)


def loss(x, n):
    """Each store reads the one before it, in a non-linear way."""
    a = np.zeros(n + 1)
    a[0] = x
    for i in range(n):
        a[i + 1] = a[i] + 0.1 * x * (1.0 - a[i] * a[i])
    return np.sum(a * a) / n


def symdiff_grad(n: int):
    """The compiled gradient."""
    import symdiff as sd

    compiled = sd.differentiable(loss)
    return lambda: compiled.grad(0.7, n)


def numba_by_hand(n: int):
    """The adjoint written by hand: the array itself is the tape."""
    from numba import njit

    @njit
    def gradient(x, n):
        a = np.zeros(n + 1)
        a[0] = x
        for i in range(n):
            a[i + 1] = a[i] + 0.1 * x * (1.0 - a[i] * a[i])
        a_bar = 2.0 * a[n] / n
        x_bar = 0.0
        for i in range(n - 1, -1, -1):
            x_bar += a_bar * 0.1 * (1.0 - a[i] * a[i])
            a_bar = a_bar * (1.0 - 0.2 * x * a[i]) + 2.0 * a[i] / n
        return x_bar + a_bar

    return lambda: gradient(0.7, n)


def jax_scan(n: int):
    """What jax asks for: the loop as a scan, its stores as stacked outputs."""
    import jax
    import jax.numpy as jnp

    def scanned(x):
        def step(a, _):
            a = a + 0.1 * x * (1.0 - a * a)
            return a, a

        _, rest = jax.lax.scan(step, x, None, length=n)
        return (x * x + jnp.sum(rest * rest)) / n

    gradient = jax.jit(jax.grad(scanned))
    return lambda: gradient(0.7).block_until_ready()


def questions() -> list[Question]:
    """One question per size: the median per store should stay the same."""
    return [
        Question(
            f"A loop of {n} stores",
            {
                "numba, by hand": partial(numba_by_hand, n),
                "symdiff": partial(symdiff_grad, n),
                "jax, scan": partial(jax_scan, n),
            },
            baseline="numba, by hand",
            per=n,
            unit="store",
            goals={"symdiff": "the same per store for every n"},
        )
        for n in SIZES
    ]


if __name__ == "__main__":
    main(questions)
