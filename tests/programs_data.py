"""The corpus: structures and lists: arguments, locals and results."""

# ruff: noqa: B905, RUF005  (programs are written as users write them)

import math

import numpy as np

from tests.program_model import positive, program

# ---------------------------------------------------------------------------------------------------------------------
# Lists of run-time length
# ---------------------------------------------------------------------------------------------------------------------

COUNTS = {"n7": lambda rng: (1.3, 7), "one": lambda rng: (0.7, 1), "n40": lambda rng: (0.9, 40)}
WITH_ZERO = {**COUNTS, "zero": lambda rng: (1.3, 0)}


@program(
    {"n3": lambda rng: (1.5, 3), **WITH_ZERO}, "x", "loop builtin zero-trip int", second=True, expected={"n3": 4.0}
)
def list_of_multiples(x, n):
    out = []
    for i in range(n):
        out.append(x * i)
    return sum(out) + x


@program(COUNTS, "x", "loop carried", second=True)
def list_reads_its_end(x, n):
    xs = [x]
    for i in range(n):
        xs.append(math.sin(xs[-1]) + xs[i] * 0.5)
    return xs[-1] * xs[0] + xs[n // 2]


@program(WITH_ZERO, "x", "zero-trip loop branch", second=True)
def list_under_if(x, n):
    out = [x]
    for i in range(n):
        if i % 3 != 1:
            out.append(x ** (i % 4) + i)
    return np.sum(np.array(out)) * len(out)


@program(WITH_ZERO, "x", "zero-trip loop branch")
def list_under_if_and_else(x, n):
    small, large = [x], [x]
    for i in range(n):
        v = x * math.cos(i)
        if v < 0.4:
            small.append(v)
        else:
            large.append(v * v)
    return sum(small) * len(large) + sum(large) * len(small)


@program({"up": lambda rng: (1.3, 40.0), "zero": lambda rng: (50.0, 40.0)}, "x", "while loop zero-trip", second=True)
def list_in_while_reads_itself(x, bound):
    xs = [x]
    while xs[-1] < bound:
        xs.append(xs[-1] * 1.5)
    return sum(xs) + len(xs) * xs[0]


@program({"up": lambda rng: (1.3, 1e30), "short": lambda rng: (1.3, 9.0)}, "x", "while loop")
def list_longer_than_the_first_room(x, bound):
    xs = [x, 1.0]
    while xs[-2] + xs[-1] < bound:
        xs.append(xs[-1] + xs[-2])
    return math.log(xs[-1]) + xs[2] / xs[-1]


@program({"up": lambda rng: (1.3, 40.0), "zero": lambda rng: (50.0, 40.0)}, "x", "while loop zero-trip", second=True)
def list_in_while(x, bound):
    out = []
    v = x
    while v < bound:
        v = v * 1.5
        out.append(v)
    return sum(out) + len(out) + v


@program(WITH_ZERO, "x", "zero-trip loop nested", second=True)
def list_in_nested_loops(x, n):
    out = []
    for i in range(n):
        for j in range(3):
            out.append(x * i + j * x**2)
    return np.sum(np.array(out) ** 2) + x


@program({"n7": lambda rng: (1.3, 7), "n2": lambda rng: (1.3, 2)}, "x", "loop nested ragged", second=True)
def list_in_ragged_loops(x, n):
    out = []
    for i in range(n):
        for j in range(i):
            out.append(x * i + j * x)
    return np.sum(np.array(out) ** 2) / len(out)


@program(WITH_ZERO, "x", "zero-trip loop nested branch", second=True)
def list_in_ragged_loops_under_if(x, n):
    out = [x]
    for i in range(n):
        if i % 2:
            for j in range(i):
                if j % 3:
                    out.append(x * i + j)
        out.append(x)
    total = 0.0
    for k, v in enumerate(out):
        total += v * v * (k + 1)
    return total


@program(WITH_ZERO, "x", "zero-trip loop store", second=True)
def list_of_zeros_filled(x, n):
    out = [0.0] * n
    for i in range(n):
        out[i] = x * i
    out[-1:] + [1.0]
    total = x
    for v in out:
        total += v * v
    return total


@program({"n7": lambda rng: (1.3, 7), "n40": lambda rng: (1.3, 40)}, "x", "loop store", second=True)
def list_swapped_in_place(x, n):
    out = [x * k for k in (1, 2, 3)] * n
    for i in range(n):
        out[i], out[-1 - i] = out[-1 - i] * x, out[i]
    return sum(out[:n]) - out[2] * out[-2]


@program(COUNTS, "x", "loop int builtin", second=True)
def list_of_ints_and_floats(x, n):
    out = [1, 2]
    for i in range(n):
        out.append(x * (i + 1))
    a = out[1:] + [3.0]
    return sum(a) + max(a) * min(out)


@program(WITH_ZERO, "x", "zero-trip loop nested structure", second=True)
def list_of_pairs(x, n):
    first, pairs = [], []
    for i in range(n):
        first.append(x * i)
        pairs.append((x + i, i))
    total = x
    for u, (v, k) in zip(first, pairs):
        total += u * v * k
    return total


@program(COUNTS, "x", "loop array", second=True)
def list_of_arrays(x, n):
    rows = []
    u = np.array([1.0, x, 2.0])
    for _ in range(n):
        u = u * np.array([x, 0.5, 1.0])
        rows.append(u)
    table = np.array(rows)
    return np.sum(table) + rows[-1][0] * rows[0][1]


@program(COUNTS, "x", "loop array carried", second=True)
def list_of_states_copied(x, n):
    state = np.array([x, 0.0])
    path = [state.copy()]
    for _ in range(n):
        state[1] -= 0.1 * state[0]
        state[0] += 0.1 * state[1]
        path.append(state.copy())
    return np.array(path)[:, 0].sum() + path[n // 2][1]


@program(COUNTS, "x", "loop", second=True)
def list_plus_equal(x, n):
    out = []
    for i in range(n):
        out += [x, x * i]
    return out[-1] * out[-2] + sum(out[::2])


@program(COUNTS, "x", "loop", second=True)
def list_rebound(x, n):
    out = []
    for i in range(n):
        out = out + [x * i, x]
    return sum(out) + out[-1] * out[0]


@program(COUNTS, "x", "loop branch", second=True)
def list_as_a_window(x, n):
    window = []
    total = 0.0
    for i in range(n):
        window.append(x * i + x)
        if len(window) > 3:
            total += window[-2]
            window.pop()
    return total + sum(window)


def _keep(items, value):
    items.append(value)
    return len(items)


@program(COUNTS, "x", "loop helper", second=True)
def list_grown_by_a_helper(x, n):
    out = []
    count = 0
    for i in range(n):
        count += _keep(out, x * x * i)
    return sum(out) + count * x


@program(
    {"four": lambda rng: (positive(rng, 4),), "one": lambda rng: (positive(rng, 1),)}, "x", "loop array", second=True
)
def list_from_array(x):
    out = []
    for v in x:
        out.append(v * v)
    out.append(x[0])
    return np.prod(np.array(out)) + np.array(out)[-1]


@program(COUNTS, "x", "loop nested carried", second=True)
def list_of_partial_sums(x, n):
    values, sums = [], [0.0]
    for i in range(n):
        values.append(math.sin(x * i))
    for v in values:
        sums.append(sums[-1] + v * v)
    return sums[-1] + sums[len(sums) // 2]


@program(COUNTS, "x", "loop nested", second=True)
def list_made_anew_in_each_trip(x, n):
    total = 0.0
    for i in range(n):
        row = []
        for j in range(i + 1):
            row.append(x * j + i)
        total += sum(row) * row[-1]
    return total


@program(COUNTS, "x", "loop", second=True)
def list_grown_twice(x, n):
    out = [x]
    for i in range(n):
        out.append(x * i)
    for i in range(n):
        out.append(out[i] * out[-1] / (1 + i))
    return out[-1] + sum(out)


@program(COUNTS, "x", "branch")
def list_longer_on_one_path(x, n):
    out = [x, 2.0]
    if n > 3:
        out.append(x * x)
        out.append(x)
    return sum(out) * len(out)


@program(COUNTS, "x", "loop", second=True)
def list_extended_and_copied(x, n):
    a = []
    for i in range(n):
        a.append(x + i)
    b = a.copy()
    b.extend(a)
    b.extend([x, 1.0])
    a[0] = 5.0 * x
    return sum(b) * a[0] + b[0] + len(b)


@program(COUNTS, "x", "loop array", second=True)
def list_of_rows_of_lists(x, n):
    points = []
    for i in range(n):
        points.append([x * i, math.cos(x) * i, 1.0])
    table = np.array(points)
    return np.sum(table * table) + points[-1][1]
