"""Programs of users that end in a search: a projectile's range, a hidden Markov model, the yield of a bond."""

import math

import numpy as np
import pytest

import symdiff as sd


def first_crossing(speed, angle, drag, dt=0.01):
    x, y = 0.0, 0.0
    vx, vy = speed * math.cos(angle), speed * math.sin(angle)
    for step in range(2000):
        v = math.hypot(vx, vy)
        ax, ay = -drag * v * vx, -9.81 - drag * v * vy
        x_new, y_new = x + dt * vx, y + dt * vy
        if y_new < 0.0:
            share = y / (y - y_new)
            return {"range": x + share * (x_new - x), "time": (step + share) * dt}
        x, y, vx, vy = x_new, y_new, vx + dt * ax, vy + dt * ay
    raise ValueError("it never lands")


def reach(speed, angle, drag):
    return first_crossing(speed, angle, drag)["range"]


def hmm(logits, means, scale, y):
    trans = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    belief = np.full(len(means), 1.0 / len(means))
    total = 0.0
    for obs in y:
        dens = np.exp(-0.5 * ((obs - means) / scale) ** 2) / (scale * np.sqrt(2 * np.pi))
        joint = (belief @ trans) * dens
        norm = joint.sum()
        total += np.log(norm)
        belief = joint / norm
    return total


def bond_yield(price, coupon, years, face=100.0):
    r = coupon / face
    for _ in range(50):
        value, slope = 0.0, 0.0
        for t in range(1, years + 1):
            cash = coupon + (face if t == years else 0.0)
            value += cash / (1 + r) ** t
            slope -= t * cash / (1 + r) ** (t + 1)
        step = (value - price) / slope
        r -= step
        if abs(step) < 1e-14:
            return r
    raise ArithmeticError(f"no yield for price {price}")


CASES = {
    "range": (reach, (30.0, 0.7, 0.01), ("speed", "angle", "drag")),
    "yield": (bond_yield, (95.0, 5.0, 10), ("price", "coupon")),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_slopes(name):
    function, args, wrt = CASES[name]
    value, slopes = sd.differentiable(function).value_and_grad(*args, wrt=wrt)
    assert value == pytest.approx(function(*args), rel=1e-13)
    for k, slope in enumerate(slopes):
        h = 1e-6 * abs(args[k])
        ends = [function(*args[:k], args[k] + move, *args[k + 1 :]) for move in (h, -h)]
        assert slope == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6)


def test_what_never_lands_says_so():
    with pytest.raises(ValueError, match="it never lands"):
        sd.differentiable(reach)(3000.0, 0.7, 0.0)


def test_a_hidden_markov_model():
    rng = np.random.default_rng(0)
    args = [rng.normal(size=(3, 3)), np.array([-1.0, 0.0, 1.0]), 0.5, rng.normal(size=30)]
    value, slopes = sd.differentiable(hmm).value_and_grad(*args, wrt=("logits", "means", "scale"))
    assert value == pytest.approx(hmm(*args), rel=1e-13)
    for k, slope in enumerate(slopes):
        direction = rng.normal(size=np.shape(args[k]))
        ends = [hmm(*args[:k], args[k] + h * direction, *args[k + 1 :]) for h in (1e-6, -1e-6)]
        assert np.sum(slope * direction) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)
