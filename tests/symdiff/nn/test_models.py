"""Models as their users write them, as functions that are compiled: against NumPy, and against differences of it."""

import math

import numpy as np
import pytest

import symdiff as sd
import symdiff.nn.functional as F
from symdiff import nn


@pytest.fixture(autouse=True)
def _repeatable(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")
    sd.manual_seed(0)
    before = sd.get_default_dtype()
    sd.set_default_dtype(sd.float64)
    yield
    sd.set_default_dtype(before)


def differences(function, arrays, step=1e-6):
    """Central differences of a function of named arrays by each of their elements."""
    found = {}
    for name, array in arrays.items():
        slopes = np.empty(array.size)
        for k in range(array.size):
            kept = array.flat[k]
            ends = []
            for moved in (kept + step, kept - step):
                array.flat[k] = moved
                ends.append(function(arrays))
            array.flat[k] = kept
            slopes[k] = (ends[0] - ends[1]) / (2 * step)
        found[name] = slopes.reshape(array.shape)
    return found


def check(loss, model, args, by_hand):
    arrays = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    assert loss(model, *args).item() == pytest.approx(by_hand(arrays), rel=1e-13)
    found = loss.grad(model, *args)
    wanted = differences(by_hand, arrays)
    assert set(found) == set(wanted)
    for name, g in found.items():
        np.testing.assert_allclose(g.numpy(), wanted[name], rtol=1e-6, atol=1e-9)


class Mixture(nn.Module):
    def __init__(self, hidden, parts):
        super().__init__()
        self.body = nn.Linear(1, hidden)
        self.logits = nn.Linear(hidden, parts)
        self.means = nn.Linear(hidden, parts)
        self.log_scales = nn.Linear(hidden, parts)

    def forward(self, x):
        h = sd.tanh(self.body(x))
        return self.logits(h), self.means(h), self.log_scales(h)


@sd.differentiable
def mixture_loss(model, x, y):
    logits, means, log_scales = model(x)
    z = (y - means) * sd.exp(-log_scales)
    log_density = -0.5 * z**2 - log_scales - 0.5 * math.log(2 * math.pi)
    return -sd.logsumexp(F.log_softmax(logits, dim=1) + log_density, dim=1).mean()


def layer(arrays, name, x):
    return x @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]


def test_a_mixture_density_network():
    model = Mixture(4, 3)
    x = sd.linspace(-1, 1, 7).reshape(7, 1)
    y = sd.sin(3 * x)

    def by_hand(arrays):
        h = np.tanh(layer(arrays, "body", x.numpy()))
        logits, means, log_scales = (layer(arrays, name, h) for name in ("logits", "means", "log_scales"))
        shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        scales = np.exp(log_scales)
        densities = np.exp(-(((y.numpy() - means) / scales) ** 2) / 2) / (scales * math.sqrt(2 * math.pi))
        return -np.log((shares * densities).sum(1)).mean()

    check(mixture_loss, model, (x, y), by_hand)


def test_its_gradient_has_the_names_of_the_program():
    text = mixture_loss.gradient_source(Mixture(4, 3), sd.zeros(7, 1), sd.zeros(7, 1))
    for name in ("h = ", "logits = ", "means = ", "log_scales = ", "z = ", "log_density = ", "log_scales_bar = "):
        assert f"\n    {name}" in text
    assert "np.float64(-0.14" not in text


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 2))

    def forward(self, t, state):
        return self.net(state**3) * math.cos(0.1 * t)


@sd.differentiable
def trajectory_loss(field, state, target, steps):
    dt = 1.0 / steps
    t = 0.0
    for _ in range(steps):
        k1 = field(t, state)
        k2 = field(t + dt / 2, state + dt / 2 * k1)
        k3 = field(t + dt / 2, state + dt / 2 * k2)
        k4 = field(t + dt, state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += dt
    return ((state - target) ** 2).mean()


def test_a_neural_differential_equation():
    state = sd.tensor([[1.0, 0.5], [-0.3, 0.8]])
    target = sd.tensor([[0.2, 0.1], [0.4, -0.6]])

    def by_hand(arrays, steps=6):
        def slope(t, s):
            return layer(arrays, "net.2", np.tanh(layer(arrays, "net.0", s**3))) * np.cos(0.1 * t)

        s, dt = state.numpy(), 1.0 / steps
        for k in range(steps):
            k1 = slope(k * dt, s)
            k2 = slope(k * dt + dt / 2, s + dt / 2 * k1)
            k3 = slope(k * dt + dt / 2, s + dt / 2 * k2)
            k4 = slope(k * dt + dt, s + dt * k3)
            s = s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return ((s - target.numpy()) ** 2).mean()

    check(trajectory_loss, Field(), (state, target, 6), by_hand)


class Factors(nn.Module):
    def __init__(self, users, items, rank):
        super().__init__()
        self.users = nn.Embedding(users, rank)
        self.items = nn.Embedding(items, rank)
        self.bias = nn.Parameter(sd.zeros(users))

    def forward(self, user, item):
        return (self.users(user) * self.items(item)).sum(1) + self.bias[user]


def test_a_matrix_factorisation_by_fit():
    model = Factors(5, 4, 2)
    user = np.array([0, 1, 2, 3, 4, 0, 1, 2])
    item = np.array([0, 1, 2, 3, 0, 1, 2, 3])
    rating = np.linspace(-1.0, 1.0, 8)
    b, u, v = (p.detach().numpy().copy() for p in model.parameters())  # its own parameters come first
    history = sd.fit(
        model, nn.MSELoss(), (user, item), rating, optimizer=sd.optim.SGD(model.parameters(), lr=0.3),
        epochs=5, batch_size=4, shuffle=False, progress=False,
    )  # fmt: skip
    assert history.native
    for _ in range(5):
        for part in (slice(0, 4), slice(4, 8)):
            i, j = user[part], item[part]
            g = 2.0 * ((u[i] * v[j]).sum(1) + b[i] - rating[part]) / 4
            steps = [np.zeros_like(a) for a in (u, v, b)]
            np.add.at(steps[0], i, g[:, None] * v[j])
            np.add.at(steps[1], j, g[:, None] * u[i])
            np.add.at(steps[2], i, g)
            u, v, b = (a - 0.3 * step for a, step in zip((u, v, b), steps, strict=True))
    for p, wanted in zip(model.parameters(), (b, u, v), strict=True):
        np.testing.assert_allclose(p.detach().numpy(), wanted, rtol=1e-12, atol=1e-14)
