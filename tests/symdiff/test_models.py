"""Models as users write them, run as typed: value against CPython, gradient against differences."""

# ruff: noqa: B007, B905, C420, E741, SIM401  (as users write)

import copy
import functools
import math
from collections import defaultdict
from dataclasses import dataclass, field
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


def adam(x0, lr, n):
    f = lambda x: (x[0] - 1) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2
    g = lambda x: np.array([2 * (x[0] - 1) - 40 * x[0] * (x[1] - x[0] ** 2), 20 * (x[1] - x[0] ** 2)])
    m = v = np.zeros(2)
    x = x0
    for t in range(1, n + 1):
        d = g(x)
        m = 0.9 * m + 0.1 * d
        v = 0.999 * v + 0.001 * d**2
        x = x - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return f(x)


def nelder(a):
    pts = [np.array([1.0, a]), np.array([a, 2.0]), np.array([0.3, -a])]
    f = lambda p: (p[0] - a) ** 2 + p[1] ** 4
    for _ in range(3):
        pts.sort(key=f)
        c = (pts[0] + pts[1]) / 2
        r = 2 * c - pts[2]
        if f(r) < f(pts[0]):
            pts[2] = r
        elif f(r) < f(pts[1]):
            pts[2] = 0.5 * (c + r)
        else:
            pts[2] = 0.5 * (c + pts[2])
    return f(pts[0])


def newton_system(p):
    x = np.array([1.0, 1.0])
    for _ in range(20):
        F = np.array([x[0] ** 2 + x[1] - p[0], x[0] + x[1] ** 3 - p[1]])
        J = np.array([[2 * x[0], 1.0], [1.0, 3 * x[1] ** 2]])
        dx = np.linalg.solve(J, -F)
        x = x + dx
        if np.linalg.norm(dx) < 1e-12:
            break
    else:
        raise RuntimeError("diverged")
    return x.sum()


def burgers(u, nu, n):
    dx = 2 * np.pi / len(u)
    for _ in range(n):
        up, um = np.roll(u, -1), np.roll(u, 1)
        u = u - 0.01 * (u * (u - um) / dx - nu * (up - 2 * u + um) / dx**2)
    return np.mean(u**2)


def ising(J, h, s, n):
    s = np.array(s, float)
    for _ in range(n):
        s = np.tanh(h + J @ s)
    return s @ s


def black_scholes_book(spot, vol, book):
    total = 0.0
    for trade in book:
        k, t, kind, qty = trade["strike"], trade["expiry"], trade["type"], trade.get("qty", 1)
        d1 = (math.log(spot / k) + 0.5 * vol**2 * t) / (vol * math.sqrt(t))
        d2 = d1 - vol * math.sqrt(t)
        N = lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2)))
        price = spot * N(d1) - k * N(d2)
        if kind == "put":
            price += k - spot
        total += qty * price
    return total


def curve(rates, times, t):
    i = np.searchsorted(times, t)
    if i == 0:
        return rates[0]
    if i == len(times):
        return rates[-1]
    w = (t - times[i - 1]) / (times[i] - times[i - 1])
    return rates[i - 1] * (1 - w) + rates[i] * w


def swap(rates, fixed):
    times = np.array([0.5, 1.0, 2.0, 5.0])
    df = lambda t: math.exp(-curve(rates, times, t) * t)
    pay = [0.5 * k for k in range(1, 9)]
    leg = sum(0.5 * fixed * df(t) for t in pay)
    return leg - (1 - df(pay[-1]))


def particle(theta, obs, seed):
    rng = np.random.default_rng(seed)
    n = 20
    x = rng.normal(size=n)
    ll = 0.0
    for y in obs:
        x = theta[0] * x + np.exp(theta[1]) * rng.normal(size=n)
        logw = -0.5 * (y - x) ** 2
        m = logw.max()
        w = np.exp(logw - m)
        ll += m + np.log(w.mean())
    return ll


def vae(We, Wd, x, seed):
    rng = np.random.default_rng(seed)
    h = np.tanh(x @ We)
    mu, logvar = np.split(h, 2, axis=1)
    z = mu + np.exp(0.5 * logvar) * rng.standard_normal(mu.shape)
    rec = 1 / (1 + np.exp(-(z @ Wd)))
    bce = -(x * np.log(rec + 1e-9) + (1 - x) * np.log(1 - rec + 1e-9)).sum()
    kl = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()
    return (bce + kl) / len(x)


def arma(phi, theta, y):
    e = np.zeros(len(y))
    for t in range(len(y)):
        pred = sum(phi[i] * y[t - 1 - i] for i in range(len(phi)) if t - 1 - i >= 0)
        pred += sum(theta[j] * e[t - 1 - j] for j in range(len(theta)) if t - 1 - j >= 0)
        e[t] = y[t] - pred
    return e @ e


def crf(emit, trans, tags):
    alpha = emit[0]
    for t in range(1, len(emit)):
        s = alpha[:, None] + trans + emit[t][None, :]
        mx = s.max(axis=0)
        alpha = mx + np.log(np.exp(s - mx).sum(axis=0))
    m = alpha.max()
    z = m + np.log(np.exp(alpha - m).sum())
    score = emit[0][tags[0]]
    for a, b, e in zip(tags[:-1], tags[1:], emit[1:]):
        score += trans[a, b] + e[b]
    return z - score


class Layer(NamedTuple):
    w: np.ndarray
    b: np.ndarray
    act: str


def net(layers, x):
    for layer in layers:
        x = layer.w @ x + layer.b
        x = {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh, "none": lambda v: v}[layer.act](x)
    return float(x[0])


@dataclass
class Spring:
    k: float
    rest: float
    i: int
    j: int


@dataclass
class World:
    pos: np.ndarray
    vel: np.ndarray
    springs: list = field(default_factory=list)
    t: float = 0.0

    def force(self):
        f = np.zeros_like(self.pos)
        for s in self.springs:
            d = self.pos[s.j] - self.pos[s.i]
            l = np.linalg.norm(d)
            g = s.k * (l - s.rest) * d / l
            f[s.i] += g
            f[s.j] -= g
        f[:, 1] -= 9.81
        return f

    def step(self, dt):
        self.vel = self.vel + dt * self.force()
        self.pos = self.pos + dt * self.vel
        self.t += dt
        return self


def world(k, rest, n):
    w = World(np.array([[0.0, 0.0], [1.0, 0.2], [0.3, 1.1]]), np.zeros((3, 2)))
    for i, j in [(0, 1), (1, 2), (2, 0)]:
        w.springs.append(Spring(k, rest, i, j))
    for _ in range(n):
        w.step(0.01)
    return np.sum(w.pos**2) + w.t


def lotka(params, n):
    a, b, c, d = params
    state = {"prey": 10.0, "pred": 5.0}
    traj = []
    for _ in range(n):
        dx = a * state["prey"] - b * state["prey"] * state["pred"]
        dy = -c * state["pred"] + d * state["prey"] * state["pred"]
        state = {"prey": state["prey"] + 0.01 * dx, "pred": state["pred"] + 0.01 * dy}
        traj.append(state["prey"])
    return sum(traj) / len(traj)


def pagerank(w, d):
    n = w.shape[0]
    p = w / w.sum(axis=1, keepdims=True)
    r = np.ones(n) / n
    err = 1.0
    while err > 1e-12:
        new = (1 - d) / n + d * (r @ p)
        err = np.abs(new - r).sum()
        r = new
    return r[0] * np.log(r[1])


def ukf(q, obs):
    m, P = np.zeros(2), np.eye(2)
    ll = 0.0
    for z in obs:
        S = np.linalg.cholesky(3 * P)
        sig = np.vstack([m, m + S.T, m - S.T])
        wt = np.array([1 / 3] + [1 / 6] * 4)
        sig = np.array([[s[0] + 0.1 * s[1], s[1] - 0.1 * np.sin(s[0])] for s in sig])
        m = wt @ sig
        P = (sig - m).T @ np.diag(wt) @ (sig - m) + q * np.eye(2)
        s = P[0, 0] + 0.1
        K = P[:, 0] / s
        r = z - m[0]
        m = m + K * r
        P = P - np.outer(K, K) * s
        ll += -0.5 * (r**2 / s + np.log(2 * np.pi * s))
    return ll


def dijkstra_like(w):
    n = len(w)
    dist = [0.0] + [math.inf] * (n - 1)
    for _ in range(n - 1):
        for i in range(n):
            for j in range(n):
                if dist[i] + w[i, j] < dist[j]:
                    dist[j] = dist[i] + w[i, j]
    return sum(dist)


def text(x, name="u"):
    label = f"{name}_{1:02d}"
    lookup = {"u_01": x**2, "v_01": x**3}
    return lookup[label] if label in lookup else 0.0


def guarded(x):
    try:
        y = math.sqrt(x - 2)
    except ValueError:
        y = math.log(x)
    finally:
        z = x * 2
    return y * z


def sorts(x):
    a = [x[0], x[1] * 2, x[2]]
    a.sort()
    b = list(x)
    b.sort(reverse=True)
    c = [(i, v) for i, v in enumerate(["q", "b"])]
    c.sort(key=lambda t: t[1])
    return a[0] * b[0] + c[0][0]


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


r = np.random.default_rng(2)
book = [{"strike": 95.0, "expiry": 0.5, "type": "call"}, {"strike": 105.0, "expiry": 1.0, "type": "put", "qty": -2}]
CASES += [
    (adam, (np.array([-1.2, 1.0]), 0.05, 30), ("x0", "lr")),
    (nelder, (0.7,), "a"),
    (newton_system, (np.array([3.0, 4.0]),), "p"),
    (burgers, (np.sin(np.linspace(0, 6, 16)), 0.1, 10), ("u", "nu")),
    (ising, (r.normal(size=(4, 4)) * 0.3, r.normal(size=4), [1, -1, 1, 1], 5), ("J", "h")),
    (black_scholes_book, (100.0, 0.2, book), ("spot", "vol")),
    (swap, (np.array([0.01, 0.012, 0.02, 0.03]), 0.02), ("rates", "fixed")),
    (particle, (np.array([0.8, -0.5]), r.normal(size=5), 3), "theta"),
    (vae, (r.normal(size=(5, 4)) * 0.5, r.normal(size=(2, 5)), r.random((3, 5)), 1), ("We", "Wd")),
    (arma, (r.normal(size=2) * 0.4, r.normal(size=2) * 0.4, r.normal(size=12)), ("phi", "theta")),
    (crf, (r.normal(size=(5, 3)), r.normal(size=(3, 3)), [0, 2, 1, 1, 0]), ("emit", "trans")),
    (
        net,
        (
            [
                Layer(r.normal(size=(4, 3)), r.normal(size=4), "relu"),
                Layer(r.normal(size=(1, 4)), r.normal(size=1), "tanh"),
            ],
            r.normal(size=3),
        ),
        "x",
    ),
    (world, (50.0, 1.0, 10), ("k", "rest")),
    (lotka, ((1.1, 0.4, 0.4, 0.1), 25), "params"),
    (pagerank, (r.random((4, 4)), 0.85), ("w", "d")),
    (ukf, (0.05, r.normal(size=6)), "q"),
    (dijkstra_like, (r.random((4, 4)) + 0.1,), "w"),
    (text, (1.3,), "x"),
    (guarded, (1.3,), "x"),
    (guarded, (3.3,), "x"),
]
CASES.append((sorts, (r.normal(size=3),), "x"))


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
