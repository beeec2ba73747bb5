"""The gradient of a chain of elementary functions and a sum over 10**6 elements."""

from __future__ import annotations

import numpy as np

from benchmarks.harness import Question, main

SIZE = 10**6


def loss(x):
    """Six elementary functions; whether they become one loop that vectorises is the question."""
    a = np.exp(-0.5 * x * x)
    b = np.sin(3.0 * x) * np.tanh(x)
    return np.sum(np.log(1.0 + a * a) + b * np.sqrt(1.0 + x * x) + np.cos(a))


def inputs() -> np.ndarray:
    """Normal numbers."""
    return np.random.default_rng(0).normal(size=SIZE)


def symdiff_grad():
    """The compiled gradient."""
    import symdiff as sd

    compiled, x = sd.differentiable(loss), inputs()
    return lambda: compiled.grad(x)


def jax_grad():
    """The same function in jax."""
    import jax
    import jax.numpy as jnp

    def loss_jax(x):
        a = jnp.exp(-0.5 * x * x)
        b = jnp.sin(3.0 * x) * jnp.tanh(x)
        return jnp.sum(jnp.log(1.0 + a * a) + b * jnp.sqrt(1.0 + x * x) + jnp.cos(a))

    gradient, x = jax.jit(jax.grad(loss_jax)), jnp.asarray(inputs())
    return lambda: gradient(x).block_until_ready()


def derivative(x):
    """The derivative of one element, or of all: the same text serves NumPy and numba."""
    a = np.exp(-0.5 * x * x)
    s, c, t = np.sin(3.0 * x), np.cos(3.0 * x), np.tanh(x)
    root = np.sqrt(1.0 + x * x)
    a_bar = 2.0 * a / (1.0 + a * a) - np.sin(a)
    return (3.0 * c * t + s * (1.0 - t * t)) * root + s * t * x / root - a_bar * a * x


def numpy_by_hand():
    """Array by array."""
    x = inputs()
    return lambda: derivative(x)


def numba_by_hand():
    """One loop."""
    from numba import njit

    one = njit(derivative)

    @njit
    def gradient(x):
        out = np.empty_like(x)
        for i in range(len(x)):
            out[i] = one(x[i])
        return out

    x = inputs()
    return lambda: gradient(x)


def questions() -> list[Question]:
    """One question."""
    contenders = {
        "numba, by hand": numba_by_hand,
        "symdiff": symdiff_grad,
        "jax": jax_grad,
        "NumPy, by hand": numpy_by_hand,
    }
    goals = {"symdiff": "at most 3.00, and below jax"}
    title = f"A chain of elementary functions and a sum, {SIZE} elements"
    return [Question(title, contenders, "numba, by hand", per=SIZE, unit="element", goals=goals)]


if __name__ == "__main__":
    main(questions)
