"""Programs of the corpus that mix NumPy's functions: sorting, scans, padding, grids, statistics, interpolation."""

import numpy as np

from tests.program_model import away, definite, positive, program

# -- order and running totals ------------------------------------------------------------------------------------------


@program(lambda rng: (rng.normal(size=12), 0.25), "x", "array index app")
def trimmed_mean(x, share):
    ordered = np.sort(x)
    cut = int(share * x.size)
    return float(np.mean(ordered[cut : x.size - cut]))


@program(lambda rng: (positive(rng, 9), rng.normal(size=9)), ("weights", "returns"), "array reduction app", second=True)
def gini_of_wealth(weights, returns):
    wealth = np.sort(weights * np.exp(0.1 * returns))
    share = np.cumsum(wealth) / np.sum(wealth)
    return float(1.0 - 2.0 * np.trapezoid(share, dx=1.0 / len(wealth)))


@program(
    {"n8": lambda rng: (rng.normal(size=8), 0.05), "n1": lambda rng: (rng.normal(size=1), 0.05)},
    ("returns", "rate"),
    "array app reduction",
)
def worst_drawdown(returns, rate):
    wealth = np.cumprod(1.0 + 0.1 * returns) * (1.0 - rate)
    peak = np.maximum.accumulate(wealth)
    return float(np.max(1.0 - wealth / peak) + np.sum(wealth))


@program(
    lambda rng: (rng.normal(size=9), np.array([2, 0, 1, 2, 2, 0, 5, 1, 0])),
    ("x",),
    "array loop index reduction app",
    second=True,
)
def deviations_from_the_means_of_groups(x, group):
    names, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    mean = np.zeros(len(names))
    for k in range(len(names)):
        mean[k] = np.sum(x[group == names[k]]) / counts[k]
    return float(np.sum((x - mean[inverse]) ** 3))


@program(lambda rng: (rng.normal(size=10), 0.3), "losses", "array app index")
def expected_shortfall(losses, level):
    threshold = np.quantile(losses, level)
    beyond = np.where(losses <= threshold, losses, 0.0)
    return float(np.sum(beyond) / np.count_nonzero(losses <= threshold))


@program(lambda rng: (rng.normal(size=(5, 4)), rng.normal(size=5)), ("scores", "theta"), "array index app")
def ranked_scores(scores, theta):
    utility = theta @ scores
    order = np.argsort(-utility)
    discount = 1.0 / np.log2(np.arange(2.0, utility.size + 2.0))
    return float(np.sum(np.take(utility, order) * discount))


@program(lambda rng: (rng.normal(size=7), rng.normal(size=7)), ("x", "y"), "array app")
def wasserstein_distance(x, y):
    return float(np.sum(np.abs(np.sort(x) - np.sort(y))) / x.size)


@program(
    {"two0": lambda rng: (np.array([0.5, 0.0, 2.0, 0.0]),), "plain": lambda rng: (positive(rng, 6),)},
    "x",
    "array reduction",
    second=True,
)
def products_so_far(x):
    return float(np.sum(np.cumprod(x) * np.arange(1.0, x.size + 1.0)))


# -- series ------------------------------------------------------------------------------------------------------------


@program(lambda rng: (positive(rng, 12), 0.4), ("prices", "decay"), "array app reduction", second=True)
def realised_variance(prices, decay):
    returns = np.diff(np.log(prices))
    weights = decay ** np.arange(returns.size)[::-1]
    return float(np.average(returns**2, weights=weights))


@program(lambda rng: (rng.normal(size=16), rng.normal(size=5)), ("signal", "kernel"), "array app", second=True)
def filtered_energy(signal, kernel):
    smooth = np.convolve(signal, kernel, mode="same")
    return float(np.sum((signal - smooth) ** 2) + 0.1 * np.vdot(kernel, kernel))


@program(lambda rng: (np.cumsum(positive(rng, 6)), rng.normal(size=6), 3.1), ("knots", "values", "x"), "array app")
def yield_curve(knots, values, x):
    points = 0.5 + (x - 0.5) * np.linspace(0.0, 1.0, 9)
    rates = np.interp(points, knots, values, left=0.0)
    return float(np.exp(-np.trapezoid(rates, points)))


@program(lambda rng: (rng.normal(size=(6, 5)), 0.3), ("u", "h"), "array app", second=True)
def dirichlet_energy(u, h):
    du, dv = np.gradient(u, h)
    return float(0.5 * np.sum(du**2 + dv**2) * h * h)


@program(lambda rng: (rng.normal(size=(5, 5)), 0.1), ("u", "dt"), "array loop app", second=True)
def heat_on_a_torus(u, dt):
    for _ in range(3):
        around = np.roll(u, 1, axis=0) + np.roll(u, -1, axis=0) + np.roll(u, 1, axis=1) + np.roll(u, -1, axis=1)
        u = u + dt * (around - 4.0 * u) * np.tanh(u)
    return float(np.sum(u**2))


@program(lambda rng: (rng.normal(size=4), rng.normal(size=5)), ("p", "x"), "array app", second=True)
def polynomial_fit(p, x):
    residual = np.polyval(p, x) - np.sin(x)
    roughness = np.polyval(np.polyder(p, 2), x)
    return float(np.mean(residual**2) + 0.01 * np.sum(roughness**2))


@program(lambda rng: (rng.uniform(-2.0, 2.0, size=9), 2.4), ("phase", "scale"), "array app")
def unwrapped_frequency(phase, scale):
    smooth = np.unwrap(np.mod(scale * np.cumsum(phase), 2.0 * np.pi))
    return float(np.sum(np.diff(smooth) ** 2))


# -- shapes ------------------------------------------------------------------------------------------------------------


@program(
    lambda rng: (rng.normal(size=(6, 6)), rng.normal(size=(3, 3))), ("image", "w"), "array app loop nested", second=True
)
def blurred_image(image, w):
    padded = np.pad(image, 1, mode="reflect")
    found = np.zeros_like(image)
    for i in range(3):
        for j in range(3):
            found = found + w[i, j] * padded[i : i + image.shape[0], j : j + image.shape[1]]
    return float(np.sum(np.tanh(found) ** 2))


@program(lambda rng: (rng.normal(size=(2, 3)), rng.normal(size=(3, 2))), ("a", "b"), "array shape", second=True)
def blocks_and_turns(a, b):
    whole = np.block([[np.eye(2), a], [b, np.diag(np.ones(3), 0)]])
    return float(np.sum(np.rot90(whole) * np.tril(whole, -1) + np.triu(whole)[:, ::-1] ** 2))


@program(
    lambda rng: (rng.normal(size=4), rng.normal(size=3), 0.7), ("x", "y", "width"), "array broadcast app", second=True
)
def kernel_density(x, y, width):
    grid_x, grid_y = np.meshgrid(np.linspace(-1.0, 1.0, 5), np.linspace(-2.0, 2.0, 4), indexing="ij")
    near = np.exp(-(np.subtract.outer(grid_x, x) ** 2) / (2.0 * width**2)).sum(axis=-1)
    also = np.exp(-(np.subtract.outer(grid_y, y) ** 2) / (2.0 * width**2)).sum(axis=-1)
    return float(np.log(np.mean(near * also)))


@program(lambda rng: (rng.normal(size=8), np.array([0, 2, 1, 2, 0, 1, 1, 2])), "x", "array index app int", second=True)
def group_means(x, group):
    totals = np.bincount(group, weights=x, minlength=4)
    counts = np.maximum(np.bincount(group, minlength=4), 1)
    return float(np.sum((x - np.take(totals / counts, group)) ** 2) + np.sum(totals**2))


@program(lambda rng: (rng.normal(size=(3, 2)), np.array([2, 1, 3])), "rows", "array shape int", second=True)
def repeated_measurements(rows, times):
    long = np.repeat(rows, times, axis=0)
    tiled = np.tile(rows, (2, 1))
    return float(np.sum(long**2 * np.arange(1.0, 7.0)[:, None]) + np.sum(np.sin(long) * tiled))


@program(lambda rng: (rng.normal(size=10),), "x", "array shape", second=True)
def split_and_joined(x):
    first, second, third = np.array_split(x, 3)
    joined = np.concatenate((third, first, np.insert(second, 1, 0.5)))
    return float(np.dot(joined, np.append(np.delete(x, 0), x[:2]) ** 2))


# -- statistics --------------------------------------------------------------------------------------------------------


@program(lambda rng: (rng.normal(size=(3, 8)), rng.normal(size=3)), ("returns", "w"), "array app linalg", second=True)
def portfolio_risk(returns, w):
    return float(w @ np.cov(returns) @ w - 0.1 * np.mean(w @ returns) + np.sum(np.triu(np.corrcoef(returns), 1)))


@program(
    lambda rng: (np.where(rng.random((4, 5)) < 0.3, np.nan, away(rng, 4, 5)), rng.normal(size=5)),
    "b",
    "array app reduction",
    second=True,
)
def missing_observations(data, b):
    residual = data - b
    return float(np.nansum(residual**2) + np.nanvar(residual * b) + np.sum(np.nan_to_num(residual, nan=0.1) * b))


@program(lambda rng: (rng.normal(size=9), rng.normal(size=9)), ("x", "y"), "array app")
def robust_spread(x, y):
    away_from = np.abs(x - np.median(x))
    return float(np.median(away_from) + np.percentile(y, 75.0) - np.percentile(y, 25.0) + np.ptp(x))


@program(lambda rng: (rng.uniform(-2.0, 2.0, size=12), 0.6), ("x", "k"), "array select app")
def piecewise_utility(x, k):
    value = np.select([x < -1.0, x < 1.0], [-k * np.abs(x), x**3], default=np.log1p(np.abs(x)))
    steps = np.piecewise(x, [x < 0.0, x > 1.5], [np.sin, 2.0, np.square])
    return float(np.sum(value) + k * np.sum(steps))


@program(
    lambda rng: (definite(rng, 3), rng.normal(size=3), rng.normal(size=3)), ("i", "w", "r"), "array app", second=True
)
def spinning_body(i, w, r):
    torque = np.cross(w, i @ w)
    return float(0.5 * np.inner(w, i @ w) + np.dot(r, torque) + np.sum(np.diag(i, 1)) + np.hypot(r[0], w[1]))


@program(lambda rng: (positive(rng, 6), 0.9), ("x", "rho"), "array app loop", second=True)
def markov_chain_steps(x, rho):
    start = x / np.add.reduce(x)
    stay = rho * np.eye(x.size) + (1.0 - rho) * np.eye(x.size, k=1)
    stay[-1, -1] = 1.0
    for _ in range(4):
        start = start @ stay
    return float(np.sum(start * np.geomspace(1.0, 32.0, x.size)))
