"""The gradient of a logistic regression with 10**5 rows and 50 columns."""

from __future__ import annotations

import numpy as np

from benchmarks.harness import Question, main

ROWS, COLUMNS = 10**5, 50


def loss(w, b, x, y):
    """The mean loss, as one writes it."""
    z = x @ w + b
    return np.mean(np.log1p(np.exp(-y * z)))


def inputs() -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Weights, intercept, features, labels -1 and 1."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, COLUMNS))
    truth = rng.normal(size=COLUMNS)
    y = np.where(x @ truth + rng.normal(size=ROWS) > 0.0, 1.0, -1.0)
    return 0.1 * rng.normal(size=COLUMNS), 0.2, x, y


def symdiff_grad():
    """The compiled gradient with respect to weights and intercept."""
    import symdiff as sd

    compiled, arguments = sd.differentiable(loss), inputs()
    return lambda: compiled.grad(*arguments, wrt=("w", "b"))


def jax_grad():
    """The same function in jax."""
    import jax
    import jax.numpy as jnp

    def loss_jax(w, b, x, y):
        return jnp.mean(jnp.log1p(jnp.exp(-y * (x @ w + b))))

    gradient = jax.jit(jax.grad(loss_jax, argnums=(0, 1)))
    arguments = [jnp.asarray(v) for v in inputs()]
    return lambda: jax.block_until_ready(gradient(*arguments))


def numpy_by_hand():
    """The textbook formula; the features are read twice."""
    w, b, x, y = inputs()

    def gradient():
        e = np.exp(-y * (x @ w + b))
        z_bar = -y * e / (1.0 + e) / len(y)
        return z_bar @ x, np.sum(z_bar)

    return gradient


def numba_by_hand():
    """One pass: each row is read from memory once."""
    from numba import njit

    # Sums may be taken in any order, as NumPy and jax take them, so that they vectorise.
    @njit(fastmath={"reassoc", "contract", "nsz"})
    def gradient(w, b, x, y):
        w_bar, b_bar = np.zeros_like(w), 0.0
        for i in range(x.shape[0]):
            z = b
            for j in range(x.shape[1]):
                z += x[i, j] * w[j]
            e = np.exp(-y[i] * z)
            z_bar = -y[i] * e / (1.0 + e) / x.shape[0]
            for j in range(x.shape[1]):
                w_bar[j] += z_bar * x[i, j]
            b_bar += z_bar
        return w_bar, b_bar

    arguments = inputs()
    return lambda: gradient(*arguments)


def questions() -> list[Question]:
    """One question."""
    contenders = {
        "numba, by hand": numba_by_hand,
        "symdiff": symdiff_grad,
        "jax": jax_grad,
        "NumPy, by hand": numpy_by_hand,
    }
    goals = {"symdiff": "at most 3.00, and below jax"}
    return [Question(f"Logistic regression, {ROWS} x {COLUMNS}", contenders, "numba, by hand", goals=goals)]


if __name__ == "__main__":
    main(questions)
