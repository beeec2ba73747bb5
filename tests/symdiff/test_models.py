"""Models as users write them, run as typed: value against CPython, gradient against differences."""

# ruff: noqa: B007, B905, C420, E741  (as users write)

import copy
import functools
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import symdiff as sd
from tests.oracles import central_differences, flatten


class State(NamedTuple):
    s: float
    e: float
    i: float
    r: float


def seir(beta, sigma, gamma, days, observed):
    def step(st, dt):
        infect = beta * st.s * st.i * dt
        onset = sigma * st.e * dt
        recover = gamma * st.i * dt
        return State(st.s - infect, st.e + infect - onset, st.i + onset - recover, st.r + recover), onset

    st = State(0.99, 0.0, 0.01, 0.0)
    loglik = 0.0
    for day in range(days):
        new = 0.0
        for _ in range(4):
            st, onset = step(st, 0.25)
            new += onset
        mu = 1000 * new + 1e-6
        loglik += observed[day] * math.log(mu) - mu - math.lgamma(observed[day] + 1)
    return loglik


def bond_yield(price, coupon, face, years):
    flows = {t: coupon for t in range(1, years)}
    flows[years] = coupon + face
    y = 0.05
    for it in range(100):
        pv = sum(c / (1 + y) ** t for t, c in flows.items())
        dpv = sum(-t * c / (1 + y) ** (t + 1) for t, c in flows.items())
        dy = (pv - price) / dpv
        y -= dy
        if abs(dy) < 1e-14:
            break
    else:
        raise ArithmeticError("no yield")
    return y


def american_put(s0, sigma, r, strike, maturity, n):
    dt = maturity / n
    u = math.exp(sigma * math.sqrt(dt))
    d = 1 / u
    p = (math.exp(r * dt) - d) / (u - d)
    disc = math.exp(-r * dt)
    values = [max(strike - s0 * u**j * d ** (n - j), 0.0) for j in range(n + 1)]
    for step in range(n - 1, -1, -1):
        for j in range(step + 1):
            cont = disc * (p * values[j + 1] + (1 - p) * values[j])
            values[j] = max(cont, strike - s0 * u**j * d ** (step - j))
    return values[0]


def mlp(layers, x, labels):
    h = x
    for k, (w, b) in enumerate(layers):
        h = h @ w + b
        if k < len(layers) - 1:
            h = np.tanh(h)
    h = h - h.max(axis=1, keepdims=True)
    logp = h - np.log(np.exp(h).sum(axis=1, keepdims=True))
    return -logp[np.arange(len(labels)), labels].mean()


def thomas(a, b, c, d):
    n = len(d)
    cp, dp = np.empty(n - 1), np.empty(n)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i - 1] * cp[i - 1]
        if i < n - 1:
            cp[i] = c[i] / m
        dp[i] = (d[i] - a[i - 1] * dp[i - 1]) / m
    x = np.empty(n)
    x[-1] = dp[-1]
    for i in reversed(range(n - 1)):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return float(np.sum(x**2))


def value_iteration(rewards, discount, transition):
    v = np.zeros(rewards.shape[0])
    delta = np.inf
    while delta > 1e-10:
        q = rewards + discount * np.einsum("sat,t->sa", transition, v)
        new = q.max(axis=1)
        delta = np.max(np.abs(new - v))
        v = new
    return v.sum()


def soft_dtw(x, y, gamma):
    n, m = len(x), len(y)
    r = np.full((n + 1, m + 1), np.inf)
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = (x[i - 1] - y[j - 1]) ** 2
            z = np.array([r[i - 1, j], r[i, j - 1], r[i - 1, j - 1]])
            zmin = z.min()
            soft = zmin - gamma * np.log(np.exp(-(z - zmin) / gamma).sum())
            r[i, j] = cost + soft
    return r[n, m]


@dataclass
class Body:
    mass: float
    pos: np.ndarray
    vel: np.ndarray


def energy_drift(mass, x0, v0, steps):
    bodies = [Body(m, p.copy(), v.copy()) for m, p, v in zip(mass, x0, v0)]

    def acc(bodies):
        out = []
        for i, a in enumerate(bodies):
            total = np.zeros(2)
            for j, b in enumerate(bodies):
                if i != j:
                    d = b.pos - a.pos
                    total += b.mass * d / (d @ d + 0.01) ** 1.5
            out.append(total)
        return out

    dt = 0.01
    for _ in range(steps):
        a = acc(bodies)
        for body, ai in zip(bodies, a):
            body.vel += 0.5 * dt * ai
            body.pos += dt * body.vel
        a = acc(bodies)
        for body, ai in zip(bodies, a):
            body.vel = body.vel + 0.5 * dt * ai
    return sum(0.5 * b.mass * (b.vel**2).sum() for b in bodies)


def arm(angles, lengths):
    def link(theta, l):
        c, s = np.cos(theta), np.sin(theta)
        return np.array([[c, -s, l * c], [s, c, l * s], [0, 0, 1.0]])

    t = functools.reduce(np.dot, [link(a, l) for a, l in zip(angles, lengths)])
    return np.hypot(t[0, 2], t[1, 2])


class PID:
    def __init__(self, kp, ki, kd):
        self.kp, self.ki, self.kd = kp, ki, kd
        self.integral = 0.0
        self.last = None

    def __call__(self, error, dt):
        self.integral += error * dt
        slope = 0.0 if self.last is None else (error - self.last) / dt
        self.last = error
        return self.kp * error + self.ki * self.integral + self.kd * slope


def tracking_cost(kp, ki, kd, n):
    pid = PID(kp, ki, kd)
    y = v = 0.0
    cost = 0.0
    for _ in range(n):
        e = 1.0 - y
        u = pid(e, 0.05)
        v += 0.05 * (u - v)
        y += 0.05 * v
        cost += e * e * 0.05
    return cost


def elo(ratings, games, k):
    r = dict(ratings)
    loss = 0.0
    for winner, loser in games:
        p = 1 / (1 + 10 ** ((r[loser] - r[winner]) / 400))
        loss -= math.log(p)
        r[winner] += k * (1 - p)
        r[loser] -= k * (1 - p)
    return loss / len(games)


def quadrature(a, b, f=lambda t: math.exp(-t * t)):
    nodes, weights = np.polynomial.legendre.leggauss(6)
    half, mid = 0.5 * (b - a), 0.5 * (a + b)
    return half * sum(w * f(mid + half * x) for x, w in zip(nodes, weights))


def irls(x, y, delta, n):
    beta = np.zeros(x.shape[1])
    for _ in range(n):
        r = y - x @ beta
        w = np.where(np.abs(r) <= delta, 1.0, delta / np.maximum(np.abs(r), 1e-12))
        xtw = x.T * w
        beta = np.linalg.solve(xtw @ x, xtw @ y)
    return beta @ beta


def gp(theta, x, y, kernel="rbf"):
    match kernel:
        case "rbf":
            k = theta[0] ** 2 * np.exp(-0.5 * (x[:, None] - x[None, :]) ** 2 / theta[1] ** 2)
        case "matern":
            d = np.abs(x[:, None] - x) / theta[1]
            k = theta[0] ** 2 * (1 + np.sqrt(3) * d) * np.exp(-np.sqrt(3) * d)
        case _:
            raise ValueError(f"unknown kernel {kernel}")
    k[np.diag_indices_from(k)] += theta[2] ** 2
    L = np.linalg.cholesky(k)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return -0.5 * y @ alpha - np.log(np.diag(L)).sum() - 0.5 * len(y) * np.log(2 * np.pi)


def mixture(weights, mu, sd, x, iters):
    for _ in range(iters):
        dens = np.stack([w * np.exp(-0.5 * ((x - m) / s) ** 2) / s for w, m, s in zip(weights, mu, sd)])
        resp = dens / dens.sum(axis=0)
        nk = resp.sum(axis=1)
        weights = nk / nk.sum()
        mu = resp @ x / nk
        sd = np.sqrt((resp * (x - mu[:, None]) ** 2).sum(axis=1) / nk)
    return np.log(dens.sum(axis=0)).sum()


def counts(x, labels):
    sums = defaultdict(float)
    for v, l in zip(x, labels):
        sums[l] += v * v
    return sum(s**1.5 for s in sums.values())


def lstm(params, xs):
    H = params["b"].shape[0] // 4
    h = c = np.zeros(H)
    for x in xs:
        z = params["W"] @ np.concatenate([x, h]) + params["b"]
        i, f, g, o = np.split(z, 4)
        sig = lambda t: 1 / (1 + np.exp(-t))
        c = sig(f) * c + sig(i) * np.tanh(g)
        h = sig(o) * np.tanh(c)
    return (h**2).sum()


def heat(kappa, u0, steps):
    u = u0.copy()
    dx = 1 / (len(u) - 1)
    dt = 0.2 * dx**2
    for _ in range(steps):
        lap = np.zeros_like(u)
        lap[1:-1] = (u[2:] - 2 * u[1:-1] + u[:-2]) / dx**2
        u += dt * kappa * lap
        u[0], u[-1] = u[1], u[-2]
    return np.trapezoid(u**2, dx=dx)


def bisect(a, lo=0.0, hi=10.0):
    f = lambda x: x**3 + a * x - 5
    for _ in range(60):
        mid = (lo + hi) / 2
        if f(lo) * f(mid) <= 0:
            hi = mid
        else:
            lo = mid
    x = (lo + hi) / 2
    return x - f(x) / (3 * x * x + a)


def ranking(scores, relevance):
    order = np.argsort(-scores)
    gains = 2.0 ** relevance[order] - 1
    disc = np.log2(np.arange(len(scores)) + 2)
    p = np.exp(scores[order]) / np.cumsum(np.exp(scores[order])[::-1])[::-1]
    return -(np.log(p) * gains / disc).sum()


def kmeans(points, centers, n):
    for _ in range(n):
        d = ((points[:, None, :] - centers[None]) ** 2).sum(-1)
        lab = d.argmin(axis=1)
        centers = np.array([points[lab == k].mean(axis=0) for k in range(len(centers))])
    return ((points - centers[lab]) ** 2).sum()


def garch(params, returns):
    omega, alpha, beta = params["omega"], params["alpha"], params["beta"]
    if alpha + beta >= 1.0:
        return np.inf
    var = [returns.var()]
    for r in returns[:-1]:
        var.append(omega + alpha * r**2 + beta * var[-1])
    var = np.array(var)
    return 0.5 * np.sum(np.log(2 * np.pi * var) + returns**2 / var)


def concentration(k_abs, k_el, dose, t_end):
    def rhs(gut, blood):
        return -k_abs * gut, k_abs * gut - k_el * blood

    gut, blood, t, h = dose, 0.0, 0.0, 0.1
    for _ in range(20000):
        if t >= t_end:
            break
        h = min(h, t_end - t)
        a1, b1 = rhs(gut, blood)
        a2, b2 = rhs(gut + h * a1, blood + h * b1)
        err = 0.5 * h * (abs(a2 - a1) + abs(b2 - b1))
        if err > 1e-3:
            h *= 0.5
            continue
        gut, blood = gut + 0.5 * h * (a1 + a2), blood + 0.5 * h * (b1 + b2)
        t += h
        if err < 2e-4:
            h *= 1.5
    else:
        raise RuntimeError(f"no convergence at t={t:.3f}")
    return blood


def hmm(logits, means, obs):
    k = len(means)
    trans = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    trans /= trans.sum(axis=1, keepdims=True)
    p = np.full(k, 1.0 / k)
    ll = 0.0
    for y in obs:
        p = p @ trans
        if not np.isnan(y):
            like = np.exp(-0.5 * (y - means) ** 2) / math.sqrt(2 * math.pi)
            p = p * like
            s = p.sum()
            ll += math.log(s)
            p /= s
    return ll


rng = np.random.default_rng(0)
obs = rng.poisson(20, size=30)
tr = rng.dirichlet(np.ones(4), size=(4, 2))
X = rng.normal(size=(40, 3))
Y = X @ [1.0, 2.0, -1.0] + rng.standard_t(2, size=40)
xs = np.sort(rng.uniform(0, 5, 12))
L = [(rng.normal(size=(5, 7)), rng.normal(size=7)), (rng.normal(size=(7, 3)), np.zeros(3))]
P = np.concatenate([rng.normal(size=(10, 2)), rng.normal(size=(12, 2)) + 4, rng.normal(size=(9, 2)) - 4])
CASES = [
    (seir, (0.5, 0.3, 0.2, 30, obs), ("beta", "sigma", "gamma")),
    (bond_yield, (95.0, 4.0, 100.0, 7), ("price", "coupon")),
    (american_put, (100.0, 0.2, 0.05, 105.0, 1.0, 25), ("s0", "sigma", "r")),
    (mlp, (L, rng.normal(size=(9, 5)), rng.integers(0, 3, 9)), "layers"),
    (
        thomas,
        (rng.normal(size=7), 5 + rng.normal(size=8), rng.normal(size=7), rng.normal(size=8)),
        ("a", "b", "c", "d"),
    ),
    (value_iteration, (rng.normal(size=(4, 2)), 0.9, tr), ("rewards", "discount")),
    (soft_dtw, (rng.normal(size=5), rng.normal(size=6), 0.5), ("x", "y")),
    (
        energy_drift,
        (np.array([1.0, 2.0, 0.5]), rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), 20),
        ("mass", "x0", "v0"),
    ),
    (arm, (np.array([0.3, 0.4, -0.5]), np.array([1.0, 0.8, 0.5])), ("angles", "lengths")),
    (tracking_cost, (2.0, 0.5, 0.1, 60), ("kp", "ki", "kd")),
    (
        elo,
        ({"a": 1500.0, "b": 1400.0, "c": 1600.0}, [("a", "b"), ("c", "a"), ("b", "c"), ("a", "b")], 32.0),
        ("ratings", "k"),
    ),
    (quadrature, (0.2, 1.5), ("a", "b")),
    (irls, (X, Y, 1.0, 15), ("y", "delta")),
    (gp, (np.array([1.0, 0.8, 0.3]), xs, np.sin(xs)), "theta"),
    (gp, (np.array([1.0, 0.8, 0.3]), xs, np.sin(xs), "matern"), "theta"),
    (
        mixture,
        (
            np.array([0.5, 0.5]),
            np.array([-1.0, 1.5]),
            np.array([1.0, 1.0]),
            np.concatenate([rng.normal(size=20) - 2, rng.normal(size=20) + 2]),
            5,
        ),
        ("mu", "sd"),
    ),
    (counts, (rng.normal(size=9), ["a", "b", "a", "c", "a", "b", "b", "c", "c"]), "x"),
    (lstm, ({"W": rng.normal(size=(16, 7)) * 0.5, "b": rng.normal(size=16) * 0.1}, rng.normal(size=(6, 3))), "params"),
    (heat, (0.7, np.exp(-((np.linspace(0, 1, 21) - 0.4) ** 2) * 50), 30), ("kappa", "u0")),
    (bisect, (1.3,), "a"),
    (ranking, (rng.normal(size=8), rng.integers(0, 4, 8)), "scores"),
    (kmeans, (P, P[[0, 12, 25]], 4), "points"),
    (garch, ({"omega": 1e-5, "alpha": 0.1, "beta": 0.8}, 0.01 * rng.normal(size=30)), "params"),
    (concentration, (1.2, 0.3, 100.0, 2.0), ("k_abs", "k_el")),
    (hmm, (rng.normal(size=(3, 3)), np.array([-1.0, 0.0, 2.0]), np.where(rng.random(12) < 0.8, 0.7, np.nan)), "logits"),
]


@pytest.mark.parametrize(("model", "arguments", "wrt"), CASES, ids=[f"{c[0].__name__}{k}" for k, c in enumerate(CASES)])
def test_model(model, arguments, wrt, monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    expected = model(*copy.deepcopy(arguments))
    value, gradient = sd.value_and_grad(model, wrt)(*arguments)
    assert value == pytest.approx(expected, rel=1e-12)
    names = (wrt,) if isinstance(wrt, str) else wrt
    differences = central_differences(model, arguments, names)
    found = np.array([float(g) for g in flatten(gradient)])
    # kinks of the option and of the weights lie within the steps of the differences
    off = np.abs(found - differences.vector) > 1e-4 * (1 + np.max(np.abs(found)))
    assert not np.any(off)


def test_models_without_a_solution_raise_as_in_cpython():
    for call in (lambda f: f(1.2, 0.3, 100.0, 1e9), lambda f: f(1.2, 0.3, 1e300, 5.0)):
        with pytest.raises(RuntimeError) as plain:
            call(concentration)
        with pytest.raises(RuntimeError, match="no convergence") as found:
            call(sd.grad(concentration))
        assert str(found.value) == str(plain.value)

