"""The corpus: random numbers, drawn from generators that the programs make themselves."""

import numpy as np

from tests.program_model import positive, program


@program(lambda rng: (1.5,), "x", "random scalar", second=True)
def one_normal(x):
    rng = np.random.default_rng(3)
    return rng.normal(x, 0.5) * x


@program({"some": lambda rng: (0.3, 1.2, 5), "zero": lambda rng: (0.3, 1.2, 0)}, ("mu", "sigma"),
         "random scalar loop zero-trip carried", second=True)  # fmt: skip
def random_walk(mu, sigma, n):
    rng = np.random.default_rng(11)
    s = 1.0
    for _ in range(n):
        s = s * np.exp(mu * 0.01 + sigma * 0.1 * rng.standard_normal())
    return s + mu


@program(lambda rng: (0.05, 0.2), ("r", "sigma"), "random array reduction app", second=True)
def monte_carlo_call(r, sigma):
    rng = np.random.default_rng(7)
    z = rng.standard_normal(200)
    terminal = 100.0 * np.exp(r - 0.5 * sigma**2 + sigma * z)
    return np.exp(-r) * np.mean(np.maximum(terminal - 101.0, 0.0))


@program(lambda rng: (positive(rng, 4), positive(rng, 4)), ("low", "high"), "random array broadcast")
def uniform_between_arrays(low, high):
    rng = np.random.default_rng(5)
    return np.sum(rng.uniform(low, low + high) ** 2)


@program(lambda rng: (positive(rng, 3),), "scale", "random array")
def exponential_and_gamma(scale):
    rng = np.random.default_rng(5)
    return np.sum(rng.exponential(scale) * rng.gamma(2.5, scale, size=(2, 3)))


@program(lambda rng: (rng.normal(size=6),), "x", "random array loop index")
def bootstrap_mean(x):
    rng = np.random.default_rng(2)
    total = 0.0
    for _ in range(4):
        pick = rng.integers(0, len(x), size=len(x))
        total += np.mean(x[pick]) ** 2
    return total


@program(lambda rng: (rng.normal(size=5),), "x", "random array index")
def random_order(x):
    rng = np.random.default_rng(8)
    return np.sum(rng.permutation(x) * np.arange(5.0)) + rng.choice(x) + x[rng.choice(5, p=[0.1, 0.2, 0.3, 0.2, 0.2])]


@program(lambda rng: (rng.normal(size=6),), "x", "random array store")
def shuffled_in_place(x):
    rng = np.random.default_rng(8)
    y = x * x
    rng.shuffle(y)
    return np.sum(y * np.arange(6.0))


@program(lambda rng: (0.4, 0.8), ("a", "b"), "random scalar branch loop")
def draws_in_branches(a, b):
    rng = np.random.default_rng(21)
    s = 0.0
    for i in range(8):
        if rng.random() < 0.5:
            s += a * rng.normal()
        else:
            s += b * rng.uniform(-1.0, 1.0) * i
    return s * s


@program(lambda rng: (1.1,), "x", "random scalar loop while")
def draws_until_large(x):
    rng = np.random.default_rng(4)
    s = x
    while s < 5.0:
        s = s * (1.0 + 0.3 * rng.random()) + x * 0.1
    return s


@program(lambda rng: (0.7,), "x", "random scalar array")
def legacy_numbers(x):
    rng = np.random.RandomState(12)
    z = rng.randn(3)
    return np.sum(np.sin(x * z)) + rng.normal(x) * rng.rand() + rng.exponential(x) + rng.uniform(x, 2.0)


@program(lambda rng: (rng.normal(size=4) * 0.1, 0.3), ("w", "keep"), "random array helper", note="dropout")
def dropout(w, keep):
    rng = np.random.default_rng(6)

    def drop(v):
        mask = rng.random(v.shape) < 0.6
        return v * mask / 0.6

    return np.sum(np.tanh(drop(w) + drop(w * keep)) ** 2)
