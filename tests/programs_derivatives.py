"""The corpus: derivatives inside programs."""

# ruff: noqa: B023  (programs are written as users write them)

import math
from functools import partial

import numpy as np
import sympy
from sympy.abc import x as SX
from sympy.abc import y as SY

import symdiff as sd
from tests.program_helpers import square
from tests.program_model import away, positive, program

# ---------------------------------------------------------------------------------------------------------------------
# Gradients
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (1.0,), "x", "scalar derivative lambda closure", second=True, expected={"only": 1.0})
def perturbations_are_not_confused(x):
    return x * sd.grad(lambda y: x + y)(x)


@program(lambda rng: (3.0,), "x", "scalar derivative lambda closure", second=True, expected={"only": 6.0})
def gradient_times_x(x):
    return x * sd.grad(lambda y: x * y)(2.0)


@program(lambda rng: (1.3,), "x", "scalar derivative lambda closure")
def three_levels(x):
    def inner(y):
        return y * sd.grad(lambda z: x * y * z * z * z)(y)

    return x * sd.grad(inner)(x)


@program(lambda rng: (1.7,), "x", "scalar derivative", second=True, expected={"only": 60.0 * 1.7**2})
def second_derivative_of_a_power(x):
    return sd.grad(sd.grad(lambda y: y**5))(x)


@program(lambda rng: (0.8, 1.5), ("a", "b"), "scalar derivative helper", second=True)
def wrt_by_name_and_keyword(a, b):
    def f(u, w, k=2.0):
        return u * u * w + k * w**3

    return sd.grad(f, wrt="w")(a, w=b, k=a) + sd.grad(f, "u")(a, b)


@program(lambda rng: (0.8, 1.5), ("a", "b"), "scalar derivative unpack", second=True)
def wrt_two_at_once(a, b):
    value, (da, db) = sd.value_and_grad(lambda u, w: math.sin(u) * w * w, wrt=(0, 1))(a, b)
    return value * da + db


@program(lambda rng: (away(rng, 4),), "x", "array derivative reduction", second=True)
def norm_of_a_gradient(x):
    g = sd.grad(lambda y: np.sum(y**3) / 3 + np.prod(y))(x)
    return np.sum(g * g)


@program(lambda rng: (1.2, positive(rng, 3)), ("scale", "data"), "array derivative closure", second=True)
def gradient_with_aux(scale, data):
    def loss(s):
        error = s * data - 1.0
        return np.sum(error**2), np.max(data) * s

    gradient, largest = sd.grad(loss, has_aux=True)(scale)
    (value, _), again = sd.value_and_grad(loss, has_aux=True)(scale)
    return gradient * largest + value * again


@program(
    lambda rng: ({"w": away(rng, 3), "b": 0.3}, rng.normal(size=(5, 3))),
    "params",
    "array derivative structure linalg",
    second=True,
)
def gradient_of_a_dict(params, x):
    def loss(p):
        return np.mean(np.tanh(x @ p["w"] + p["b"]) ** 2)

    g = sd.grad(loss)(params)
    return np.sum(g["w"] * params["w"]) + g["b"] ** 2


@program(lambda rng: (1.4,), "x", "scalar derivative structure", second=True)
def gradient_of_nested_tuples(x):
    g = sd.grad(lambda p: p[0] * p[1][0] ** 2 * math.exp(p[1][1]))((x, (2.0 * x, 0.1 * x)))
    return g[0] + g[1][0] * g[1][1]


@program(lambda rng: (1.4,), "x", "scalar derivative partial", second=True)
def gradient_of_a_partial(x):
    cube = partial(lambda a, b: a * b * b * b, 2.0)
    return sd.grad(cube)(x) + sd.grad(partial(lambda a, b: a * a * b, b=x))(3.0)


@program(lambda rng: (1.4,), "x", "scalar derivative helper global", second=True)
def gradient_of_a_helper(x):
    return sd.grad(square)(x) * x


@sd.differentiable
def decorated_energy(q, k):
    return 0.5 * k * q * q + q**4


@program(lambda rng: (0.7, 2.0), ("q", "k"), "scalar derivative helper", second=True)
def gradient_of_a_decorated_function(q, k):
    return sd.grad(decorated_energy)(q, k) + sd.grad(decorated_energy, "k")(q, k)


SLOPE = sd.grad(lambda u: u**3 / 3.0)


@program(lambda rng: (0.7,), "x", "scalar derivative global", second=True)
def derivative_made_outside(x):
    return SLOPE(x) * SLOPE(2.0 * x)


class Pendulum:
    """An object whose force is a derivative of its energy."""

    def __init__(self, length, mass):
        self.length, self.mass = length, mass

    def energy(self, angle):
        return -self.mass * self.length * math.cos(angle)

    def force(self, angle):
        return -sd.grad(self.energy)(angle)


PENDULUM = Pendulum(1.5, 0.7)


@program(lambda rng: (0.4, 0.1), ("angle", "speed"), "scalar derivative method loop global")
def pendulum_steps(angle, speed):
    for _ in range(4):
        speed = speed + 0.1 * PENDULUM.force(angle)
        angle = angle + 0.1 * speed
    return angle * speed


@program(lambda rng: (away(rng, 3), 2.0), ("x", "scale"), "array derivative store", second=True)
def gradient_of_what_stores(x, scale):
    def f(a):
        a[0] = a[1] * scale
        return np.sum(a**3)

    g = sd.grad(f)(x)
    return np.sum(g) + x[0]


# ---------------------------------------------------------------------------------------------------------------------
# Gradients in loops
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (3.0,), "a", "scalar derivative loop while carried closure", second=True)
def newton_for_a_root(a):
    def f(y):
        return y**3 + y - a

    y = 1.0
    while abs(f(y)) > 1e-9:
        y = y - f(y) / sd.grad(f)(y)
    return y


@program(lambda rng: (np.array([4.0, 2.0]),), "p", "array derivative loop linalg carried")
def newton_for_a_system(p):
    def residual(z):
        return np.array([z[0] ** 2 + z[1] ** 2 - p[0], z[0] - p[1] * z[1]])

    z = np.array([1.5, 0.8])
    for _ in range(4):
        z = z - np.linalg.solve(sd.jacobian(residual)(z), residual(z))
    return z[0] * z[1]


@program(
    lambda rng: (away(rng, 2), rng.normal(size=(6, 2)), rng.normal(size=6), 0.1),
    ("w", "rate"),
    "array derivative loop carried linalg app",
)
def gradient_descent(w, x, y, rate):
    def loss(v):
        return np.mean((np.tanh(x @ v) - y) ** 2)

    for _ in range(3):
        w = w - rate * sd.grad(loss)(w)
    return loss(w)


@program(
    lambda rng: (rng.normal(size=2), rng.normal(size=(3, 4)), 0.2),
    ("theta", "rate"),
    "array derivative loop nested app",
)
def meta_learning(theta, tasks, rate):
    total = 0.0
    for i in range(len(tasks)):
        target = tasks[i, :2]

        def loss(w):
            return np.sum((np.sin(w) - target) ** 2)

        adapted = theta
        for _ in range(2):
            adapted = adapted - rate * sd.grad(loss)(adapted)
        total = total + np.sum((np.sin(adapted) - tasks[i, 2:]) ** 2)
    return total


@program({"three": lambda rng: (1.3, 3), "zero": lambda rng: (1.3, 0)}, "x", "scalar derivative loop zero-trip int")
def gradient_of_a_loop_in_a_loop(x, n):
    def power(y):
        result = 1.0
        for i in range(n):
            result = result * y + i
        return result

    total = x
    for _ in range(n):
        total = total + sd.grad(power)(x)
    return total


@program({"above": lambda rng: (1.3,), "below": lambda rng: (0.4,)}, "x", "scalar derivative branch", second=True)
def gradient_in_a_branch(x):
    slope = sd.grad(lambda y: y**4)(x) if x > 1.0 else sd.grad(lambda y: y * y)(x)
    return slope * x


@program(
    {"above": lambda rng: (1.3,), "below": lambda rng: (0.4,)}, "x", "scalar derivative branch closure", second=True
)
def gradient_of_a_branch(x):
    def f(y):
        if y > x * x:
            return y**3 * x
        return math.exp(y)

    return sd.grad(f)(x)


# ---------------------------------------------------------------------------------------------------------------------
# Jacobians, Hessians, products with them
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (away(rng, 3), rng.normal(size=(5, 3))), "x", "array derivative linalg", second=True)
def determinant_of_a_tall_jacobian(x, m):
    jac = sd.jacobian(lambda y: np.sin(m @ y))(x)
    return np.linalg.det(jac.T @ jac)


@program(lambda rng: (away(rng, 5), rng.normal(size=(2, 5))), "x", "array derivative linalg")
def wide_jacobian(x, m):
    jac = sd.jacobian(lambda y: np.sin(m @ y))(x)
    return np.sum(jac @ jac.T)


@program(lambda rng: (0.6,), "t", "array derivative index", second=True)
def velocity_of_a_curve(t):
    velocity = sd.jacobian(lambda s: np.array([math.cos(s), math.sin(2.0 * s), s**3]))(t)
    return np.sum(velocity * velocity)


@program(lambda rng: (away(rng, 3),), "x", "array derivative linalg")
def trace_of_a_hessian(x):
    return np.trace(sd.hessian(lambda y: np.sum(y**4) + y[0] * y[1] * y[2])(x))


@program(lambda rng: (0.5, 1.5), ("a", "b"), "scalar derivative structure unpack")
def hessian_of_two_numbers(a, b):
    (aa, ab), (ba, bb) = sd.hessian(lambda u, w: math.exp(u * w) + u**3, wrt=(0, 1))(a, b)
    return aa * bb - ab * ba


@program(lambda rng: (away(rng, 3), rng.normal(size=3)), ("x", "v"), "array derivative")
def product_with_a_hessian(x, v):
    hv = sd.hvp(lambda y: np.sum(y**4) + np.prod(y))(x, v)
    return np.sum(hv * v)


@program(lambda rng: (away(rng, 3), rng.normal(size=3)), ("x", "v"), "array derivative unpack", second=True)
def value_along_a_tangent(x, v):
    value, slope = sd.jvp(lambda y, s: np.sum(np.sin(y) * s), (x, 2.0), (v, None))
    return value * slope


@program(lambda rng: (away(rng, 3), 1.2), ("x", "a"), "array derivative unpack", second=True)
def pull_back_twice(x, a):
    value, pullback = sd.vjp(lambda y, s: (np.sin(y) * s, np.sum(y) * s), x, a)
    dx, da = pullback((x, 2.0))
    more, _ = pullback((value[0], a))
    return np.sum(dx * more) + da * value[1]


@program(lambda rng: (away(rng, 3),), "x", "array derivative", second=True)
def tangent_of_a_gradient(x):
    return np.sum(sd.jvp(sd.grad(lambda y: np.sum(np.exp(y) * y)), (x,), (x,))[1])


# ---------------------------------------------------------------------------------------------------------------------
# Functions mapped over axes
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"four": lambda rng: (away(rng, 4), 0.7), "one": lambda rng: (away(rng, 1), 0.7)},
    ("x", "a"),
    "array derivative broadcast size-1",
    second=True,
)
def mapped_over_elements(x, a):
    return np.sum(sd.vmap(lambda u, s: math.sin(u * s) * u, in_axes=(0, None))(x, a))


@program(lambda rng: (away(rng, 4, 3),), "x", "array derivative index", second=True)
def mapped_over_columns(x):
    products = sd.vmap(lambda column: np.prod(column), in_axes=1)(x)
    return np.sum(products**2)


@program(lambda rng: (away(rng, 4, 3), away(rng, 3)), ("x", "w"), "array derivative linalg app")
def gradients_of_each_sample(x, w):
    def loss(v, sample):
        return np.tanh(sample @ v) ** 2

    each = sd.vmap(sd.grad(loss), in_axes=(None, 0))(w, x)
    return np.sum(np.max(each, axis=0) ** 2) + np.sum(each)


@program(lambda rng: (away(rng, 3),), "x", "array derivative structure", second=True)
def mapped_with_several_results(x):
    found = sd.vmap(lambda u: {"cube": u**3, "pair": (u, np.array([u, u * u]))})(x)
    return np.sum(found["cube"] * found["pair"][0]) + np.sum(found["pair"][1] ** 2)


@program(lambda rng: (positive(rng, 3),), "x", "array derivative loop while")
def mapped_loops(x):
    def doublings(u):
        total = u
        while total < 5.0:
            total = total * 1.7 + u
        return total

    return np.sum(sd.vmap(doublings)(x))


# ---------------------------------------------------------------------------------------------------------------------
# Loops whose trips share nothing but sums


@program({"some": lambda rng: (0.7, 0.4, 4), "zero": lambda rng: (0.7, 0.4, 0)}, ("x", "y"),
         "loop zero-trip carried nested ragged", second=True)  # fmt: skip
def sum_over_paths(x, y, n):
    total = 0.0
    for p in range(n):
        s = x
        for t in range(p + 2):
            s = s * np.sin(y + t) + 0.1 * p
        total += s
    return math.exp(0.1 * total)


@program(lambda rng: (away(rng, 3), 0.4), ("x", "y"), "loop array while nested branch", second=True)
def two_sums_of_samples(x, y):
    total, squares = 0.0, 1.0
    for i in range(len(x)):
        s, k = x[i], 0
        while s * s < 4.0 and k < 5:
            s = s * (1.5 + y * y)
            k += 1
        if s > 0.0:
            total = total + s
        squares += s * s * y
    return total / squares + np.sqrt(squares * squares)


# ---------------------------------------------------------------------------------------------------------------------
# Rules of the user's, and checkpoints
# ---------------------------------------------------------------------------------------------------------------------


@sd.custom_rule
def own_softplus(x):
    return np.log1p(np.exp(x))


@own_softplus.vjp
def own_softplus_vjp(g, y, x):
    return g / (1.0 + np.exp(-x))


@sd.custom_rule
def own_root(a):
    x = 1.0
    for _ in range(60):
        x = 0.5 * (x + a / x)
    return x


@own_root.jvp
def own_root_jvp(tangents, y, a):
    return tangents[0] / (2.0 * y)


@sd.custom_rule
def polar(point, scale=1.0):
    x, y = point
    return scale * math.sqrt(x * x + y * y), math.atan2(y, x)


@polar.vjp
def polar_vjp(g, result, point, scale):
    x, y = point
    r = result[0] / scale
    dx = g[0] * scale * x / r - g[1] * y / (r * r)
    dy = g[0] * scale * y / r + g[1] * x / (r * r)
    return (dx, dy), g[0] * r


@program(lambda rng: (away(rng, 4), 0.7), ("x", "k"), "array derivative helper reduction", second=True)
def rule_of_an_array(x, k):
    return np.sum(own_softplus(k * x) * x)


@program(lambda rng: (1.7, 4), "a", "scalar derivative helper loop carried", second=True)
def rule_in_a_loop(a, n):
    s = a
    for i in range(n):
        s = own_root(s + a) * own_softplus(s) + i
    return s


@program(lambda rng: (1.7,), "a", "scalar derivative helper", second=True)
def derivative_of_a_rule(a):
    return sd.grad(own_root)(a) * own_root(a) + sd.jvp(own_softplus, (a,), (a,))[1]


@program(lambda rng: (0.8, -1.4), ("x", "y"), "scalar derivative helper structure unpack", second=True)
def rule_of_a_structure(x, y):
    r, angle = polar((x, y), scale=x * x)
    return r * math.cos(angle) + angle


@program(lambda rng: (away(rng, 5),), "x", "array derivative helper", second=True)
def rule_mapped(x):
    return np.sum(sd.vmap(sd.grad(own_softplus))(x) ** 2)


@program(
    {"some": lambda rng: (1.2, 7), "zero": lambda rng: (1.2, 0)},
    "x",
    "scalar derivative loop carried zero-trip",
    second=True,
)
def checkpointed_loop(x, n):
    s = x
    for i in sd.checkpointed(range(n)):
        s = math.sin(s * x) + 0.1 * i
    return s


@program(lambda rng: (away(rng, 6), 0.4), ("x", "k"), "array derivative loop nested carried")
def checkpointed_inside_and_outside(x, k):
    total = 0.0
    for i, v in sd.checkpointed(enumerate(x)):
        s = v
        for _ in sd.checkpointed(range(i)):
            s = np.tanh(k * s + v)
        total = total * k + s
    return total


own_logistic = sd.primitive("own_logistic", sympy=1 / (1 + sympy.exp(-SX)))
own_kernel = sd.primitive("own_kernel", sympy=sympy.exp(-((SX - SY) ** 2) / 3) * sympy.cos(sympy.pi * SX * SY))


@program(lambda rng: (away(rng, 5), 0.6), ("x", "k"), "array derivative elementary broadcast", second=True)
def primitives_of_arrays(x, k):
    return np.sum(own_kernel(x[:, None], k * x) * own_logistic(x))


@program(lambda rng: (0.4, 6), "x", "scalar derivative elementary loop carried", second=True)
def primitives_in_a_loop(x, n):
    s = x
    for i in range(n):
        s = own_logistic(s * x - i) + own_kernel(s, x)
    return s


@program(lambda rng: (0.4,), "x", "scalar derivative elementary", second=True)
def derivative_of_a_primitive(x):
    return sd.grad(own_kernel)(x, 2.0 * x) * sd.grad(sd.grad(own_logistic))(x)


@program(lambda rng: (1.3, 6), "x", "scalar derivative loop carried random", second=True)
def checkpointed_draws(x, n):
    rng = np.random.default_rng(7)
    s = x
    for _ in sd.checkpointed(range(n)):
        s = math.sin(s * x + 0.2 * rng.normal()) + 0.1 * rng.uniform()
    return s
