"""The corpus: what is None on some paths, and a number, an array or a structure on others."""

# ruff: noqa: SIM105, RUF021  (programs are written as users write them)

import math
from dataclasses import dataclass

import numpy as np

from tests.program_model import positive, program

STEPS = np.array([0.7, 0.9, 0.05, 0.6, 0.3, 0.8])
LOW = np.array([0.1, 0.4, 0.05, 0.3, 0.35, 0.2])
BOTH = {"some": lambda rng: (STEPS.copy(), 1.5), "none": lambda rng: (LOW.copy(), 1.5)}
SOME = {"some": lambda rng: (STEPS.copy(), 1.5)}


@program({**BOTH, "zero": lambda rng: (STEPS[:0].copy(), 1.5)}, ("a", "x"),
         "array loop branch carried zero-trip size-0")  # fmt: skip
def optional_differences(a, x):
    prev = None
    total = 0.0
    for v in a:
        w = v * x
        if prev is not None:
            total += (w - prev) ** 2
        prev = w
    return total


@program(SOME, ("a", "x"), "array loop branch logic carried", second=True)
def optional_smallest(a, x):
    best = None
    for v in a:
        if best is None or v * x < best:
            best = v * x
    return best**2


@program({**BOTH, "zero": lambda rng: (STEPS[:0].copy(), 1.5)}, "x", "array loop branch effect zero-trip size-0")
def optional_product_since_reset(a, x):
    run = None
    out = 0.0
    for v in a:
        if run is None:
            run = v * x
        elif v > 0.6:
            run *= v * x
        else:
            out += run
            run = None
    return out if run is None else out + run


class Controller:
    """A controller that knows its last error once it has seen one."""

    def __init__(self, kp, kd):
        self.kp, self.kd = kp, kd
        self.last = None

    def __call__(self, error, dt):
        slope = 0.0 if self.last is None else (error - self.last) / dt
        self.last = error
        return self.kp * error + self.kd * slope


@program({"n4": lambda rng: (2.0, 0.1, 4), "zero": lambda rng: (2.0, 0.1, 0)}, ("kp", "kd"),
         "scalar loop carried method structure zero-trip", second=True)  # fmt: skip
def optional_attribute(kp, kd, n):
    controller = Controller(kp, kd)
    y = 0.0
    cost = kp * kd
    for _ in range(n):
        error = 1.0 - y
        y += 0.05 * controller(error, 0.05)
        cost += error * error
    return cost


@dataclass(frozen=True)
class Peak:
    """A reading, and where it was."""

    height: float
    place: int


@program(BOTH, ("a", "x"), "array loop branch logic return structure")
def optional_dataclass(a, x):
    peak = None
    for i, v in enumerate(a):
        if v > 0.5 and (peak is None or v * x > peak.height):
            peak = Peak(v * x, i)
    if not peak:
        return x**3
    return peak.height * (1 + peak.place) ** 2


@program(BOTH, ("a", "x"), "array loop branch index reduction carried")
def optional_row(a, x):
    rows = a.reshape(3, 2)
    chosen = None
    for row in rows:
        if row[0] > 0.5 and (chosen is None or np.sum(row) < np.sum(chosen)):
            chosen = row * x
    if chosen is None:
        chosen = np.full(2, x)
    return np.sum(chosen**2)


def first_above(a, limit):
    for v in a:
        if v > limit:
            return v
    return None


@program(BOTH, ("a", "x"), "array loop branch return helper", second=True)
def optional_helper(a, x):
    found = first_above(a * x, 1.0)
    if found is None:
        return math.sin(x) * a[0]
    return found * x


@program({"high": lambda rng: (2.5,), "low": lambda rng: (0.5,)}, "x", "scalar branch effect")
def optional_after_try(x):
    root = None
    try:
        root = math.sqrt(x - 1.0)
    except ValueError:
        pass
    return x**3 if root is None else root * x


@program({"far": lambda rng: (7.0,)}, "x", "scalar while loop logic carried")
def optional_newton(x):
    old = None
    y = x
    while old is None or abs(y - old) > 1e-12:
        old = y
        y = 0.5 * (y + x / y)
    return y


@program(BOTH, ("a", "x"), "array loop branch return carried", second=True)
def optional_left_loop(a, x):
    hit = None
    for v in a:
        if v < 0.08:
            continue
        if v * x > 1.1:
            hit = v * x
            break
    return x if hit is None else hit**2


@program(BOTH, ("a", "x"), "array loop branch helper logic")
def optional_items(a, x):
    def weight(v):
        return v * x if v > 0.5 else None

    found = [weight(v) for v in (a[0], a[1], a[2], a[3])]
    return sum((w * w for w in found if w is not None), x)


@program(BOTH, ("a", "x"), "array loop branch closure carried")
def optional_nonlocal(a, x):
    last = None
    total = x

    def push(v):
        nonlocal last, total
        if last is not None:
            total += last * v
        last = v if v > 0.2 else None

    for v in a:
        push(v * x)
    return total


@program({"some": lambda rng: (positive(rng, 5), 1.5), "zero": lambda rng: (np.zeros(0), 1.5)}, ("a", "x"),
         "array loop branch select builtin zero-trip size-0")  # fmt: skip
def optional_range(a, x):
    low = high = None
    for v in a:
        w = math.sin(v * x)
        low = w if low is None else min(low, w)
        high = w if high is None else max(high, w)
    return x if low is None else high - low


@program(BOTH, ("a", "x"), "array branch logic")
def optional_or_default(a, x):
    scale = x * x if a[0] > 0.5 else None
    return (scale or 3.0) * x + (scale and scale * a[1] or a[2])


@program(BOTH, ("a", "x"), "array branch select reduction")
def optional_bound(a, x):
    high = 0.8 if a[0] > 0.5 else None
    y = a * x
    if high is not None:
        y = np.minimum(y, high)
    return np.sum(y**2)


@program(BOTH, ("a", "x"), "array branch mask")
def optional_array_shared(a, x):
    b = a * x
    c = b if a[0] > 0.5 else None
    if c is not None:
        c[0] = x * x
    return np.sum(b**2)


@program(SOME, ("a", "x"), "array loop nested branch carried")
def optional_in_nested_loops(a, x):
    total = 0.0
    best = None
    for i in range(3):
        prev = None
        for v in a:
            if v < 0.2:
                continue
            if prev is not None:
                total += prev * v * x
            prev = v * x + i
            if best is None or prev > best:
                best = prev
    return total * best


@program(SOME, ("a", "x"), "array loop branch effect carried")
def optional_or_raise(a, x):
    best = None
    for v in a:
        if v > 0.55:
            best = v * x if best is None else best * v
    if best is None:
        raise ValueError("nothing found")
    return best * best


@program(BOTH, ("a", "x"), "array branch syntax")
def optional_matched(a, x):
    y = x * x if a[0] > 0.5 else None
    match y:
        case None:
            return x * a[1]
        case _:
            return y * 2
