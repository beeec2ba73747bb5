"""The corpus: control flow: breaks, early returns, matches, exceptions."""

# ruff: noqa: B007  (as users write)

import math

import numpy as np

from tests.program_model import away, positive, program

# ---------------------------------------------------------------------------------------------------------------------
# break
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"breaks": lambda rng: (1.5,), "never": lambda rng: (1.01,), "first": lambda rng: (40.0,)},
    "x",
    "special scalar loop carried",
    second=True,
    expected={"breaks": 9 * 1.5**8, "first": 80.0},
)
def break_past_thirty(x):
    v = x
    for i in range(50):
        v = v * x
        if v > 30:
            break
    return v


@program(
    {"some": lambda rng: (1.3, 6), "zero": lambda rng: (1.3, 0), "one": lambda rng: (1.3, 1)},
    "x",
    "scalar loop carried zero-trip int",
    second=True,
)
def break_before_the_update(x, n):
    s = x
    for i in range(n):
        if s > 4.0:
            break
        s = s * x + i
    return s * x


@program(
    {"middle": lambda rng: (rng.uniform(0.5, 1.5, 9), 4.0), "zero": lambda rng: (np.zeros(0), 4.0)},
    ("a", "limit"),
    "array loop carried zero-trip index",
)
def budget(a, limit):
    total = limit * 0.0
    for v in a:
        if total + v * v > limit:
            break
        total += v * v
    return total * limit


@program(
    {"both": lambda rng: (0.7, 4), "zero": lambda rng: (0.7, 0)},
    "x",
    "scalar loop nested ragged zero-trip int carried",
    second=True,
)
def break_of_the_inner_loop(x, n):
    s = 0.0
    for i in range(n):
        p = 1.0
        for j in range(10):
            if j > i:
                break
            p = p * x
        s = s + p * i
    return s + x


@program(
    {"outer": lambda rng: (1.2, 5), "through": lambda rng: (0.3, 5), "zero": lambda rng: (1.2, 0)},
    "x",
    "scalar loop nested zero-trip carried",
)
def break_of_both_loops(x, n):
    v = x
    done = False
    for i in range(n):
        for j in range(n):
            v = v * x + 0.1 * j
            if v > 3.0:
                done = True
                break
        if done:
            break
    return v * v


@program(
    {"some": lambda rng: (2.0,), "few": lambda rng: (50.0,)},
    "x",
    "scalar loop while carried",
    second=True,
)
def newton_root_until_close(x):
    y = x
    while True:
        z = 0.5 * (y + x / y)
        if abs(z - y) < 1e-13:
            break
        y = z
    return y


@program(
    {"late": lambda rng: (rng.normal(size=7),), "zero": lambda rng: (rng.normal(size=0),)},
    "a",
    "array loop store make zero-trip",
)
def stores_before_a_break(a):
    out = np.zeros(7)
    for i in range(len(a)):
        if i == 5:
            break
        out[i] = a[i] * a[i]
    return np.sum(out * np.arange(7.0)) + np.sum(a)


@program({"only": lambda rng: (rng.normal(size=(4, 3)),)}, "m", "array loop index carried")
def rows_until_large(m):
    total = np.zeros(3)
    for row in m:
        total = total + row * row
        if np.sum(total) > 4.0:
            break
    return np.sum(np.exp(-total))


@program({"only": lambda rng: (1.4,)}, "x", "scalar loop carried", second=True)
def break_in_a_loop_over_a_tuple(x):
    for w in (0.5, 1.5, 2.5, 3.5):
        x = x * w
        if x > 2.0:
            break
    return x * x


@program(
    {"up": lambda rng: (1.1, 3, 20, 4), "down": lambda rng: (1.1, 20, 3, -4), "zero": lambda rng: (1.1, 3, 3, 4)},
    "x",
    "scalar loop zero-trip int carried",
)
def break_in_a_stepped_range(x, start, stop, step):
    v = x
    for i in range(start, stop, step):
        if v > 60.0:
            break
        v = v + x * i
    return v * x


@program({"only": lambda rng: (positive(rng, 6), positive(rng, 6))}, ("a", "b"), "array loop index")
def break_in_a_zip(a, b):
    s = 0.0
    for i, (u, v) in enumerate(zip(a, b, strict=False)):
        if i * u > 3.5:
            break
        s += u * v
    return s


# ---------------------------------------------------------------------------------------------------------------------
# continue
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"six": lambda rng: (1.5, 6), "zero": lambda rng: (1.5, 0), "one": lambda rng: (1.5, 1)},
    "x",
    "special scalar loop carried zero-trip int",
    second=True,
    expected={"six": 13.5, "zero": 1.0, "one": 1.0},
)
def skip_even(x, n):
    v = x
    for i in range(n):
        if i % 2 == 0:
            continue
        v = v * x
    return v


@program(
    {
        "all": lambda rng: (rng.uniform(-0.5, 0.5, size=8),),
        "stops": lambda rng: (np.array([1.0, -0.5, 3.0, 2.0, 1.0]),),
    },
    "a",
    "array loop index carried",
)
def skip_negative_and_stop_at_large(a):
    s = 1.0
    for v in a:
        if v < 0:
            continue
        if s > 5.0:
            break
        s = s * (1.0 + v)
    return s


@program({"only": lambda rng: (0.9, 7)}, "x", "scalar loop while carried int")
def continue_in_a_while(x, n):
    i = 0
    v = x
    while i < n:
        i += 1
        if i == 3:
            continue
        v = v * x + i
    return v


@program({"only": lambda rng: (rng.normal(size=(4, 4)),)}, "m", "array loop nested index ragged")
def continue_of_both_loops(m):
    s = 0.0
    for i in range(4):
        if i == 2:
            continue
        for j in range(4):
            if j < i:
                continue
            s += m[i, j] * m[j, i] * (1 + i)
    return s


@program({"small": lambda rng: (0.6, 5), "large": lambda rng: (1.7, 5), "zero": lambda rng: (1.7, 0)}, "x",
         "scalar loop carried zero-trip branch")  # fmt: skip
def jumps_on_both_sides(x, n):
    v = x
    for i in range(n):
        if v > 2.0:
            if i > 3:
                break
            v = v - 0.5 * x
        else:
            if i == 1:
                continue
            v = v * 1.5
        v = v + 0.1 * i * x
    return v * x


# ---------------------------------------------------------------------------------------------------------------------
# return inside a loop
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"inside": lambda rng: (1.5, 100), "at once": lambda rng: (6.0, 100), "never": lambda rng: (1.2, 3)},
    "x",
    "special scalar loop carried return",
    second=True,
    expected={"inside": 16 * 1.5**15, "at once": 12.0},
)
def return_past_thirty(x, n):
    v = x
    for i in range(n):
        v = v * v
        if v > 30:
            return v
    return v


@program(
    {"found": lambda rng: (np.array([0.2, 0.7, 1.4, 2.0]),), "not": lambda rng: (np.array([0.2, 0.7]),),
     "zero": lambda rng: (np.zeros(0),)},
    "a",
    "array loop return zero-trip index",
)  # fmt: skip
def first_above_one(a):
    for v in a:
        if v > 1.0:
            return v * v
    return np.sum(a) + 3.0


@program(
    {"inner": lambda rng: (1.2, 5), "outer": lambda rng: (0.2, 5), "zero": lambda rng: (1.2, 0)},
    "x",
    "scalar loop nested return zero-trip carried",
    second=True,
)
def return_from_two_loops(x, n):
    s = x
    for i in range(n):
        for j in range(i):
            s = s * x + 0.1 * j
            if s > 2.5:
                return s * i
    return s - x


@program({"deep": lambda rng: (1.1, 3), "low": lambda rng: (0.2, 3), "zero": lambda rng: (1.1, 0)}, "x",
         "scalar loop nested return zero-trip")  # fmt: skip
def return_from_three_loops(x, n):
    s = 0.0
    for i in range(n):
        for j in range(n):
            for k in range(n):
                s += x * (i + j + k)
                if s > 12.0:
                    return s * x
                if k > j:
                    break
            if j == 2:
                continue
            s += 0.5
    return s + x


@program({"one": lambda rng: (2.5,), "two": lambda rng: (0.5,), "three": lambda rng: (1.2,)}, "x",
         "scalar loop return branch carried")  # fmt: skip
def different_returns(x):
    v = x
    for i in range(8):
        v = v * x
        if v > 10.0:
            return v
        if v < 0.05:
            return x / v
    return v + x


@program({"loop": lambda rng: (1.5,), "after": lambda rng: (1.0001,)}, "x", "scalar loop return while carried")
def return_in_while(x):
    v = x
    n = 0
    while n < 20:
        v = v * x
        n = n + 1
        if v > 7.0:
            return v * n
    return v


@program({"only": lambda rng: (1.5,)}, "x", "scalar loop return while carried", second=True)
def endless_until_return(x):
    v = x
    while True:
        v = v * v
        if v > 100.0:
            return v / x


@program({"inner": lambda rng: (0.8, 0.4), "outer": lambda rng: (0.8, -1.0)}, ("x", "y"), "scalar loop return helper")
def helper_that_returns_early(x, y):
    def converge(z):
        for _ in range(30):
            new = math.cos(z)
            if abs(new - z) < y:
                return new
            z = new
        return z * 2

    return converge(x) * converge(x + 1.0)


@program(
    {"settles": lambda rng: (np.diag([3.0, 0.2, 0.1]) + rng.uniform(0.0, 0.1, (3, 3)), 9),
     "runs out": lambda rng: (np.diag([3.0, 2.5, 2.2]) + rng.uniform(0.0, 0.1, (3, 3)), 2)},
    "m",
    "array loop return linalg carried",
)  # fmt: skip
def power_iteration_until_settled(m, n):
    v = np.ones(3) / math.sqrt(3.0)
    old = 0.0
    for _ in range(n):
        w = m @ v
        size = math.sqrt(w @ w)
        v = w / size
        if abs(size - old) < 0.05:
            return size
        old = size
    return old


@program({"early": lambda rng: (np.array([1.5, 2.0]), 3), "late": lambda rng: (np.array([0.1, 0.2]), 3)}, "a",
         "array loop return carried")  # fmt: skip
def array_returned_from_a_loop(a, n):
    def grow(v):
        for _ in range(n):
            v = v * a
            if np.sum(v) > 5.0:
                return v * 2.0
        return v

    return np.sum(grow(a) * a)


@program({"pair": lambda rng: (1.3, 4), "rest": lambda rng: (0.3, 4)}, "x", "scalar loop return unpack")
def pair_returned_from_a_loop(x, n):
    def search(v):
        for i in range(n):
            v = v * x + 0.1
            if v > 1.5:
                return v, i
        return 0.5 * v, n

    value, steps = search(x)
    return value * (1 + steps) * x


# ---------------------------------------------------------------------------------------------------------------------
# else of loops
# ---------------------------------------------------------------------------------------------------------------------


@program({"break": lambda rng: (1.6, 5), "else": lambda rng: (1.05, 5), "zero": lambda rng: (1.05, 0)}, "x",
         "scalar loop carried zero-trip", second=True)  # fmt: skip
def for_else(x, n):
    v = x
    for i in range(n):
        v = v * x
        if v > 5.0:
            v = v - x
            break
    else:
        v = v * 3.0
    return v * x


@program({"break": lambda rng: (1.6,), "else": lambda rng: (0.5,)}, "x", "scalar loop while carried")
def while_else(x):
    v = x
    n = 0
    while n < 6:
        v = v * x
        n += 1
        if v > 4.0:
            break
    else:
        v = v + x
    return v * v


@program({"return": lambda rng: (1.6,), "else": lambda rng: (0.9,)}, "x", "scalar loop return carried")
def else_that_returns(x):
    v = x
    for _ in range(6):
        v = v * x
        if v > 4.0:
            break
    else:
        return v * 10.0
    return v + x


@program({"only": lambda rng: (rng.uniform(0.5, 1.0, 4),), "zero": lambda rng: (np.zeros(0),)}, "a",
         "array loop zero-trip")  # fmt: skip
def else_without_break(a):
    s = 1.0
    for v in a:
        s = s * v
    else:
        s = s + np.sum(a)
    return s * s


@program({"mixed": lambda rng: (0.7, 6)}, "x", "scalar loop nested carried int")
def else_of_the_inner_loop(x, n):
    s = x
    for i in range(2, n):
        for j in range(2, i):
            if i % j == 0:
                s = s + 0.1 * j
                break
        else:
            s = s * x + i
    return s


# ---------------------------------------------------------------------------------------------------------------------
# names that only some paths assign
# ---------------------------------------------------------------------------------------------------------------------


@program({"yes": lambda rng: (1.5,), "no": lambda rng: (-1.5,)}, "x", "scalar branch")
def assigned_and_read_under_one_condition(x):
    if x > 0:
        y = x * x
    z = x * 3.0
    if x > 0:
        z = z + y
    return z * x


@program({"some": lambda rng: (1.2, 4), "one": lambda rng: (1.2, 1)}, "x", "scalar loop carried int")
def read_after_the_loop(x, n):
    v = x
    for i in range(n):
        last = v * i
        v = v * x + last
    return v + last + i


@program({"only": lambda rng: (rng.normal(size=(3, 4)),)}, "m", "array loop index")
def array_read_after_the_loop(m):
    for i in range(len(m)):
        row = m[i] * (i + 1.0)
    return np.sum(row * row)


@program({"flag": lambda rng: (rng.normal(size=6), 0.0), "none": lambda rng: (rng.normal(size=6), 9.0)}, "a",
         "array loop branch index")  # fmt: skip
def remembered_in_some_trips(a, limit):
    found = False
    for i in range(len(a)):
        if a[i] > limit:
            best = a[i] * i
            found = True
    if found:
        return best * best
    return a[0]


@program(
    {"found": lambda rng: (positive(rng, 5), 1.2), "none": lambda rng: (positive(rng, 5), 9.0)},
    "a",
    "array loop index",
)
def last_bound_before_break(a, limit):
    seen = a[0]
    for i in range(len(a)):
        seen = a[i] * seen
        if a[i] > limit:
            break
    return seen + a[i]




@program(
    {
        "first": lambda rng: (3.0, 2.0),
        "second": lambda rng: (-3.0, 2.0),
        "last": lambda rng: (1.3, 2.0),
        "inner": lambda rng: (0.5, 1.0),
    },
    "x",
    "scalar logic",
    second=True,
)
def conditions_beside_values(x, y):
    a = (x > 2 and x < 5 and np.sin(x)) or (x < -1 and x * x) or np.cos(x)
    b = (x > 0.75 or x * y) and (y > 1.5 or -x) and math.exp(x * y)
    return a * x + ((y > 1.5 and b) or 3.0 * x)


@program(
    {"tapered": lambda rng: (away(rng, 9), 0.6), "flat": lambda rng: (away(rng, 9), 0.0)},
    "x",
    "array branch helper index return make",
    second=True,
    note="only one path knows its length before it runs",
)
def tapered_mean_square(x, alpha):
    w = taper(len(x), alpha)
    return np.sum(w * x * x) / np.sum(w)


def taper(size, alpha):
    if alpha <= 0:
        return np.ones(size)
    n = np.arange(size)
    width = int(np.floor(alpha * (size - 1) / 2.0))
    rising = 0.5 * (1 - np.cos(2.0 * np.pi * n[: width + 1] / alpha / (size - 1)))
    middle = np.ones(len(n[width + 1 : size - width - 1]))
    return np.concatenate((rising, middle, rising[::-1]))
