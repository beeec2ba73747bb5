"""The gradient of 1 000 Runge-Kutta steps of a two-state ODE with respect to its four rates."""

from __future__ import annotations

import numpy as np

from benchmarks.harness import Question, main

STEPS = 1000
RATES = np.array([0.55, 0.028, 0.80, 0.024])
START = (33.0, 6.0)
DT = 0.02


def loss(p, u, v, dt, n):
    """Lotka-Volterra in a plain loop; the loss reads every step."""
    alpha, beta, gamma, delta = p
    total = 0.0
    for _ in range(n):
        u1, v1 = alpha * u - beta * u * v, delta * u * v - gamma * v
        ua, va = u + 0.5 * dt * u1, v + 0.5 * dt * v1
        u2, v2 = alpha * ua - beta * ua * va, delta * ua * va - gamma * va
        ub, vb = u + 0.5 * dt * u2, v + 0.5 * dt * v2
        u3, v3 = alpha * ub - beta * ub * vb, delta * ub * vb - gamma * vb
        uc, vc = u + dt * u3, v + dt * v3
        u4, v4 = alpha * uc - beta * uc * vc, delta * uc * vc - gamma * vc
        u = u + dt / 6.0 * (u1 + 2.0 * u2 + 2.0 * u3 + u4)
        v = v + dt / 6.0 * (v1 + 2.0 * v2 + 2.0 * v3 + v4)
        total += u * u + v * v
    return total / n


def symdiff_grad():
    """The compiled gradient."""
    import symdiff as sd

    compiled = sd.differentiable(loss)
    return lambda: compiled.grad(RATES, *START, DT, STEPS)


def jax_fori_loop():
    """The loop in jax's idiom; a static trip count lets it be differentiated."""
    import jax

    def step(p, u, v):
        def slopes(u, v):
            return p[0] * u - p[1] * u * v, p[3] * u * v - p[2] * v

        u1, v1 = slopes(u, v)
        u2, v2 = slopes(u + 0.5 * DT * u1, v + 0.5 * DT * v1)
        u3, v3 = slopes(u + 0.5 * DT * u2, v + 0.5 * DT * v2)
        u4, v4 = slopes(u + DT * u3, v + DT * v3)
        return u + DT / 6.0 * (u1 + 2.0 * u2 + 2.0 * u3 + u4), v + DT / 6.0 * (v1 + 2.0 * v2 + 2.0 * v3 + v4)

    def total(p):
        def body(_, carry):
            u, v, t = carry
            u, v = step(p, u, v)
            return u, v, t + u * u + v * v

        return jax.lax.fori_loop(0, STEPS, body, (*START, 0.0))[2] / STEPS

    gradient = jax.jit(jax.grad(total))
    rates = jax.numpy.asarray(RATES)
    return lambda: gradient(rates).block_until_ready()


def numba_by_hand():
    """The adjoint written by hand: the states are stored, the stages computed again."""
    from numba import njit

    @njit(inline="always")
    def back(u, v, gu, gv, a, b, c, d, bars):
        """The reverse of one evaluation of the slopes: adds to the rates, returns the bars of u and v."""
        bars[0] += gu * u
        bars[1] -= gu * u * v
        bars[2] -= gv * v
        bars[3] += gv * u * v
        return gu * (a - b * v) + gv * d * v, gv * (d * u - c) - gu * b * u

    @njit
    def gradient(p, u, v, h, n):
        a, b, c, d = p[0], p[1], p[2], p[3]
        us, vs = np.empty(n + 1), np.empty(n + 1)
        us[0], vs[0] = u, v
        for i in range(n):
            u1, v1 = a * u - b * u * v, d * u * v - c * v
            ua, va = u + 0.5 * h * u1, v + 0.5 * h * v1
            u2, v2 = a * ua - b * ua * va, d * ua * va - c * va
            ub, vb = u + 0.5 * h * u2, v + 0.5 * h * v2
            u3, v3 = a * ub - b * ub * vb, d * ub * vb - c * vb
            uc, vc = u + h * u3, v + h * v3
            u4, v4 = a * uc - b * uc * vc, d * uc * vc - c * vc
            u = u + h / 6.0 * (u1 + 2.0 * u2 + 2.0 * u3 + u4)
            v = v + h / 6.0 * (v1 + 2.0 * v2 + 2.0 * v3 + v4)
            us[i + 1], vs[i + 1] = u, v
        bars = np.zeros(4)
        gu, gv = 0.0, 0.0
        for i in range(n - 1, -1, -1):
            gu += 2.0 * us[i + 1] / n
            gv += 2.0 * vs[i + 1] / n
            u, v = us[i], vs[i]
            ua, va = u + 0.5 * h * (a * u - b * u * v), v + 0.5 * h * (d * u * v - c * v)
            ub, vb = u + 0.5 * h * (a * ua - b * ua * va), v + 0.5 * h * (d * ua * va - c * va)
            uc, vc = u + h * (a * ub - b * ub * vb), v + h * (d * ub * vb - c * vb)
            u4, v4 = back(uc, vc, h / 6.0 * gu, h / 6.0 * gv, a, b, c, d, bars)
            u3, v3 = back(ub, vb, h / 3.0 * gu + h * u4, h / 3.0 * gv + h * v4, a, b, c, d, bars)
            u2, v2 = back(ua, va, h / 3.0 * gu + 0.5 * h * u3, h / 3.0 * gv + 0.5 * h * v3, a, b, c, d, bars)
            u1, v1 = back(u, v, h / 6.0 * gu + 0.5 * h * u2, h / 6.0 * gv + 0.5 * h * v2, a, b, c, d, bars)
            gu += u1 + u2 + u3 + u4
            gv += v1 + v2 + v3 + v4
        return bars

    return lambda: gradient(RATES, *START, DT, STEPS)


def questions() -> list[Question]:
    """One question."""
    contenders = {"numba, by hand": numba_by_hand, "symdiff": symdiff_grad, "jax, fori_loop": jax_fori_loop}
    goals = {"symdiff": "at most 3.00, and below jax"}
    return [Question(f"RK4, {STEPS} steps, four rates", contenders, "numba, by hand", goals=goals)]


if __name__ == "__main__":
    main(questions)
