"""The corpus: arrays and lists whose length changes from trip to trip."""

# ruff: noqa: B905, C416, RUF005, RUF007  (programs are written as users write them)

import numpy as np

from tests.program_model import positive, program


@program(
    {
        "n9": lambda rng: (100.0, 0.25, 0.04, 103.0, 0.75, 9),
        "n1": lambda rng: (100.0, 0.25, 0.04, 103.0, 0.75, 1),
    },
    ("s0", "sigma"),
    "app array loop carried select index",
    note="a tree of prices that loses a level in each trip",
)
def american_put_tree(s0, sigma, r, strike, maturity, n):
    dt = maturity / n
    u = np.exp(sigma * np.sqrt(dt))
    d = 1 / u
    p = (np.exp(r * dt) - d) / (u - d)
    j = np.arange(n + 1)
    s = s0 * u**j * d ** (n - j)
    v = np.maximum(strike - s, 0)
    for _ in range(n - 1, -1, -1):
        s = s[:-1] * u
        v = np.maximum(strike - s, np.exp(-r * dt) * (p * v[1:] + (1 - p) * v[:-1]))
    return v[0]


@program(
    {
        "six": lambda rng: (np.arange(6) + 0.3 * rng.random(6), rng.normal(size=6), 2.4),
        "zero": lambda rng: (rng.random(1), rng.normal(size=1), 0.3),
        "two": lambda rng: (np.array([0.1, 1.3]), rng.normal(size=2), 0.3),
    },
    ("x", "y", "t"),
    "app array loop while carried index zero-trip",
    second=True,
)
def neville(x, y, t):
    c = y.copy()
    k = 1
    while len(c) > 1:
        c = ((t - x[k:]) * c[:-1] - (t - x[:-k]) * c[1:]) / (x[:-k] - x[k:])
        k += 1
    return c[0] ** 2


@program(
    lambda rng: (np.arange(5) + 0.3 * rng.random(5), rng.normal(size=5)),
    ("x", "y"),
    "array loop carried index",
    second=True,
)
def divided_differences(x, y):
    c = y
    s = y[0]
    for k in range(1, len(x)):
        c = (c[1:] - c[:-1]) / (x[k:] - x[:-k])
        s = s + c[0] ** 2
    return s


@program(
    {"eight": lambda rng: (rng.normal(size=8),), "zero": lambda rng: (rng.normal(size=1),)},
    "x",
    "array loop while carried index zero-trip",
    second=True,
    note="the number of trips is a logarithm",
)
def haar_wavelet(x):
    energy = 0.0
    while len(x) > 1:
        detail = (x[::2] - x[1::2]) / 2
        x = (x[::2] + x[1::2]) / 2
        energy = energy + np.sum(detail**4)
    return energy + x[0] ** 3


@program(
    {"five": lambda rng: (0.7, 5), "many": lambda rng: (0.4, 40), "zero": lambda rng: (0.7, 0)},
    "x",
    "array loop carried shape zero-trip",
    second=True,
)
def appended_states(x, n):
    y = np.array([x])
    for i in range(n):
        y = np.append(y, np.sin(y[-1]) + y[0] * i)
    return np.sum(y**2)


@program(
    {"four": lambda rng: (0.7, 4), "zero": lambda rng: (0.7, 0)},
    "x",
    "array loop carried shape size-0 zero-trip",
    second=True,
)
def concatenated_pairs(x, n):
    y = np.zeros(0)
    for i in range(n):
        y = np.concatenate([y, [x * i, x**2]])
    return np.sum(y**2 * np.arange(len(y)))


@program(
    {"four": lambda rng: (rng.normal(size=2), 4), "zero": lambda rng: (rng.normal(size=2), 0)},
    "p",
    "array loop carried shape zero-trip",
    second=True,
)
def stacked_path(p, n):
    path = np.array([p])
    for _ in range(n):
        path = np.vstack([path, path[-1] * np.array([1.1, 0.9]) + np.sin(path[0])])
    return np.sum(path**2)


@program(lambda rng: (rng.normal(size=5), 0.4), ("roots", "t"), "array loop carried shape", second=True)
def polynomial_of_roots(roots, t):
    c = np.array([1.0])
    for v in roots:
        c = np.convolve(c, np.array([1.0, -v]))
    return np.sum(c * t ** np.arange(len(c)))


@program(
    lambda rng: (positive(rng, 16),),
    "x",
    "array loop while carried index",
    second=True,
    note="halves by a run-time int",
)
def reduction_tree(x):
    while len(x) > 1:
        h = len(x) // 2
        x = np.sin(x[:h]) * x[h : 2 * h]
    return x[0]


@program(
    lambda rng: (rng.normal(size=(4, 4)) + 3 * np.eye(4),),
    "a",
    "array loop while carried index linalg size-0",
    second=True,
    note="both axes shrink, until nothing is left",
)
def determinant_by_schur(a):
    d = 1.0
    while a.shape[0] > 0:
        d = d * a[0, 0]
        a = a[1:, 1:] - np.outer(a[1:, 0], a[0, 1:]) / a[0, 0]
    return d


@program(
    lambda rng: (np.array([0.3, 1.2, 2.5, 0.9, 3.1, 1.7]),),
    "x",
    "array loop while carried mask size-0",
    second=True,
    note="how many are left is a matter of the data",
)
def above_their_mean(x):
    s = 0.0
    while len(x) > 0:
        s = s + np.sum(x**2)
        x = x[x > np.mean(x)]
    return s


@program(
    {"three": lambda rng: (rng.normal(size=6), 3), "zero": lambda rng: (rng.normal(size=6), 0)},
    "x",
    "array loop carried index zero-trip",
    second=True,
    note="the old array is still there after the loop",
)
def shorter_and_previous(x, n):
    previous = x
    for _ in range(n):
        previous = x
        x = x[1:] * previous[0]
    return np.sum(x) + np.sum(previous**2)


@program(
    lambda rng: (rng.normal(size=5), 3), "x", "array loop while nested ragged carried store shape", second=True,
    note="rooms in rooms: what grows inside a trip starts from what shrinks from trip to trip",
)
def tails_that_grow(x, n):
    s = 0.0
    while len(x) > 2:
        y = x * 1.1
        for _ in range(n):
            y = np.append(y, np.sin(y[0]))
        y[1] *= y[-1]
        s = s + np.sum(y**2)
        x = x[1:]
    return s


@program(
    lambda rng: (rng.normal(size=5),), "x", "array loop while nested ragged store", second=True,
    note="an inner loop stores into an array of this trip's size",
)
def prefix_sums_of_tails(x):
    s = 0.0
    while len(x) > 1:
        y = x[1:] * 1.0
        for j in range(len(y)):
            y[j] = y[j] * x[j] + (y[j - 1] if j else 0.0)
        x = y
        s = s + x[0]
    return s


@program(
    {"three": lambda rng: (rng.normal(size=3), 3), "zero": lambda rng: (rng.normal(size=3), 0)},
    "x",
    "array loop carried shape zero-trip",
    second=True,
    note="twice as long in each trip: the loop is run for the length first",
)
def doubled_arrays(x, n):
    for i in range(n):
        x = np.concatenate([x, x * 0.5 + i])
    return np.sum(x**2)


@program(lambda rng: (0.7,), "x", "array loop while carried shape", second=True)
def appended_until_the_end(x):
    t = 0.0
    times, y = np.array([0.0]), np.array([x])
    while t < 1.0:
        dt = 0.1 + 0.05 * t
        t = t + dt
        times = np.append(times, t)
        y = np.append(y, y[-1] * (1 - dt * times[-2]))
    return np.sum(y * times) + y[-1]


# ---------------------------------------------------------------------------------------------------------------------
# Lists
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"five": lambda rng: (0.7, 5), "zero": lambda rng: (0.7, 0)},
    "x",
    "scalar loop carried zero-trip",
    second=True,
    note="a list made anew in each trip, longer by one",
)
def pascal_like(x, n):
    row = [x]
    for _ in range(n):
        row = [1.0] + [row[j] * row[j + 1] + row[j] for j in range(len(row) - 1)] + [x]
    return sum(row)


@program(lambda rng: (0.7, 4), "x", "scalar loop carried", second=True)
def served_queue(x, n):
    queue = [x * i for i in range(10)]
    s = 0.0
    for i in range(n):
        s = s + queue[0] ** 2 * i
        queue = [np.sin(v) + i for v in queue[1:]]
    return s + sum(queue)


@program(
    lambda rng: (rng.normal(size=(5, 2)), 0.3), ("points", "t"), "app array loop while carried", second=True,
    note="a list of arrays, shorter by one in each trip",
)
def de_casteljau(points, t):
    level = [p for p in points]
    while len(level) > 1:
        level = [(1 - t) * a + t * b for a, b in zip(level, level[1:])]
    return np.sum(level[0] ** 2)


@program(
    lambda rng: (np.array([0.3, 1.2, 2.5, 0.9, 3.1, 1.7]),), "x", "array loop while carried", second=True,
    note="which items stay is a matter of the data",
)
def items_above_their_mean(x):
    items = list(x)
    s = 0.0
    while len(items) > 0:
        mean = sum(items) / len(items)
        s = s + mean**2
        items = [v for v in items if v > mean]
    return s


@program(lambda rng: (rng.normal(size=4),), "roots", "array loop carried", second=True)
def coefficients_as_a_list(roots):
    c = [1.0]
    for v in roots:
        c = [a - v * b for a, b in zip(c + [0.0], [0.0] + c)]
    return sum(k * v for k, v in enumerate(c))
