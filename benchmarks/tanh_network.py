"""The gradient of a tanh network of three layers of width 16, for one row and for a batch of 128."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.harness import Question, main

WIDTH = 16
BATCHES = (1, 128)
WRT = ("w1", "b1", "w2", "b2", "w3", "b3")


def loss(w1, b1, w2, b2, w3, b3, x, y):
    """Mean squared error of three layers."""
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    h3 = np.tanh(h2 @ w3 + b3)
    return np.mean((h3 - y) ** 2)


def inputs(batch: int) -> list[np.ndarray]:
    """Weights and biases of three layers, features, targets."""
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=shape) / 4.0 for _ in range(3) for shape in ((WIDTH, WIDTH), (WIDTH,))]
    return [*layers, rng.normal(size=(batch, WIDTH)), np.tanh(rng.normal(size=(batch, WIDTH)))]


def symdiff_grad(batch: int):
    """The compiled gradient with respect to all weights and biases."""
    import symdiff as sd

    compiled, arguments = sd.differentiable(loss), inputs(batch)
    return lambda: compiled.grad(*arguments, wrt=WRT)


def jax_grad(batch: int):
    """The same function in jax."""
    import jax
    import jax.numpy as jnp

    def loss_jax(w1, b1, w2, b2, w3, b3, x, y):
        h1 = jnp.tanh(x @ w1 + b1)
        h2 = jnp.tanh(h1 @ w2 + b2)
        h3 = jnp.tanh(h2 @ w3 + b3)
        return jnp.mean((h3 - y) ** 2)

    gradient = jax.jit(jax.grad(loss_jax, argnums=tuple(range(6))))
    arguments = [jnp.asarray(v) for v in inputs(batch)]
    return lambda: jax.block_until_ready(gradient(*arguments))


def backward(w1, b1, w2, b2, w3, b3, x, y):
    """Back-propagation by hand; numba compiles the same text."""
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    h3 = np.tanh(h2 @ w3 + b3)
    z3 = (h3 - y) * (2.0 / y.size) * (1.0 - h3 * h3)
    z2 = (z3 @ w3.T) * (1.0 - h2 * h2)
    z1 = (z2 @ w2.T) * (1.0 - h1 * h1)
    return x.T @ z1, z1.sum(axis=0), h1.T @ z2, z2.sum(axis=0), h2.T @ z3, z3.sum(axis=0)


def numpy_by_hand(batch: int):
    """Array by array."""
    arguments = inputs(batch)
    return lambda: backward(*arguments)


def numba_by_hand(batch: int):
    """Compiled, with BLAS for the products (numba asks SciPy for it)."""
    import scipy.linalg  # noqa: F401
    from numba import njit

    gradient, arguments = njit(backward), inputs(batch)
    return lambda: gradient(*arguments)


def questions() -> list[Question]:
    """One question per batch."""
    return [
        Question(
            f"Three tanh layers of width {WIDTH}, batch of {batch}",
            {
                "numba, by hand": partial(numba_by_hand, batch),
                "symdiff": partial(symdiff_grad, batch),
                "jax": partial(jax_grad, batch),
                "NumPy, by hand": partial(numpy_by_hand, batch),
            },
            "numba, by hand",
            goals={"symdiff": "at most 3.00, and below jax"},
        )
        for batch in BATCHES
    ]


if __name__ == "__main__":
    main(questions)
