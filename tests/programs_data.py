"""The corpus: structures and lists: arguments, locals and results."""

# ruff: noqa: B905, C400, C416, C417, E501, RUF005  (programs are written as users write them)

import functools
import itertools
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

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


# ---------------------------------------------------------------------------------------------------------------------
# Comprehensions and generators
# ---------------------------------------------------------------------------------------------------------------------


@program(COUNTS, "x", "loop", second=True)
def comprehension_over_range(x, n):
    return sum([x * i for i in range(n)]) + x


@program(COUNTS, "x", "loop", second=True)
def generator_summed(x, n):
    return sum(x**2 * i for i in range(n)) + x


@program(COUNTS, "x", "loop", second=True)
def comprehension_with_condition(x, n):
    return np.sum(np.array([math.sin(x * i) for i in range(n) if math.cos(i) > 0])) * x


@program(COUNTS, "x", "loop nested", second=True)
def generator_of_two_loops(x, n):
    return sum(x**2 * i * j for i in range(n) for j in range(i) if (i + j) % 3) + x


@program({"n7": lambda rng: (1.3, 7), "one": lambda rng: (1.3, 1)}, "x", "loop builtin")
def extremes_of_generators(x, n):
    return max(x * math.sin(i + 1) for i in range(n)) + min([x * math.cos(i) for i in range(n)])


@program(COUNTS, "x", "loop branch return")
def any_and_all_of_generators(x, n):
    v = [x * i - 1.5 for i in range(n)]
    if all(u > -2.0 for u in v) and any(u > 3 for u in v):
        return x * v[-1]
    return 2 * x


@program(COUNTS, "x", "loop")
def all_stops_at_the_first_false_item(x, n):
    ends = all(1 / (3 - i) > 0 for i in range(n) if i < 3) and not all(i < 2 and 1 / (2 - i) > 0 for i in range(4))
    return x * x if ends else x


@program(COUNTS, "x", "loop structure")
def dict_comprehension_of_keys(x, n):
    powers = {k: x**k for k in range(4)}
    named = {name: x * n + len(name) for name in ("a", "bcd")}
    return sum(powers.values()) + sum(powers[k] * k for k in powers) + named["bcd"] * named["a"]


@program(COUNTS, "x", "loop nested")
def comprehension_of_comprehensions(x, n):
    table = [[math.sin(x * i + j) for j in range(n)] for i in range(n)]
    few = [[x * i * j for j in range(3)] for i in range(n)]
    return sum(sum(row) for row in table) + np.sum(np.array(few)) + np.array(table)[-1, 0]


@program({"five": lambda rng: (positive(rng, 5),), "one": lambda rng: (positive(rng, 1),)}, "x", "loop array")
def comprehension_over_array(x):
    pairs = sum(a * b for a, b in zip(x, reversed(x)))
    counted = [k * a for k, a in enumerate(x, 1)]
    return pairs + sum(counted) * len(counted) + np.array([v * v for v in x]).max()


@program(COUNTS, "x", "loop lambda")
def map_and_filter(x, n):
    v = list(u for u in [x * i for i in range(n)] if u >= 0.0)
    squares = list(map(lambda u: u * u, v))
    large = list(filter(lambda u: u > 2.0, squares))
    both = list(map(lambda a, b: a * b, v, squares))
    return sum(squares) + sum(large) * 0.5 + sum(both)


@program(COUNTS, "x", "loop lambda builtin")
def standard_iterators(x, n):
    v = [x * (i + 1) for i in range(n)]
    product = functools.reduce(lambda a, b: a + b * b, v, 1.0)
    running = list(itertools.accumulate(v))
    steps = sum((b - a) ** 2 for a, b in itertools.pairwise(running))
    chained = sum(itertools.chain(v, running, [x]))
    return product + running[-1] + steps + chained


@program(lambda rng: (1.3, 0.4), ("x", "y"), "builtin structure", second=True)
def standard_iterators_of_known_items(x, y):
    grid = sum(a * b for a, b in itertools.product((x, y), (1.0, x, y)))
    pairs = sum(math.sin(a - b) for a, b in itertools.combinations([x, y, 2.0, x * y], 2))
    running = list(itertools.accumulate([x, y, x], lambda a, b: a * b))
    return grid + pairs + running[-1] + sum(itertools.islice([x, y, 3.0], 2))


@program(COUNTS, "x", "loop builtin")
def sorted_and_best(x, n):
    v = [math.sin(x * i + 0.3) for i in range(n + 2)]
    ordered = sorted(v)
    farthest = max(v, key=lambda u: abs(u - 0.4))
    return ordered[0] * 2 + ordered[-1] + farthest * x + sorted(v, reverse=True)[1]


@program(COUNTS, "x", "loop")
def generator_in_a_loop(x, n):
    total = 0.0
    for v in (x * i for i in range(n)):
        total += v * v
    for k in range(3):
        total += sum(x * j * k for j in range(n))
    return total + x


@program({"four": lambda rng: (positive(rng, 4, 3), positive(rng, 4))}, ("a", "b"), "loop array", second=True)
def sum_of_arrays(a, b):
    return np.sum(sum(b[i] * a[i] for i in range(len(b))) ** 2) + np.dot(sum([r for r in a]), sum(r * r for r in a))


@program(lambda rng: (positive(rng, 5), positive(rng, 5)), ("x", "y"), "loop array")
def strict_zip(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True)) + sum(u * v for u, v in zip((x[0], y[0]), (y[1], 2.0), strict=True))


@program(COUNTS, "x", "loop closure")
def comprehension_reads_around(x, n):
    scale = 2.0
    f = [lambda u, k=k: u * k * scale for k in range(3)]
    out = [scale * f[1](x) + f[2](i) for i in range(n)]
    scale = 3.0
    return sum(out) + f[2](x) + [scale for scale in out][-1] * scale


# ---------------------------------------------------------------------------------------------------------------------
# Objects made inside, dicts that change, tuples
# ---------------------------------------------------------------------------------------------------------------------


class Rectangle(NamedTuple):
    width: float
    height: float = 2.0

    def area(self):
        return self.width * self.height


@dataclass
class Oscillator:
    position: float
    speed: float = 0.5

    def energy(self):
        return self.position**2 + self.speed**2

    def step(self, dt):
        self.position += dt * self.speed
        self.speed -= dt * self.position


@dataclass(frozen=True)
class Pair:
    u: float
    v: float = 0.5


class Mean:
    def __init__(self, scale=1.0):
        self.scale = scale
        self.total = 0.0
        self.count = 0

    def add(self, value):
        self.total += value * self.scale
        self.count += 1

    @property
    def value(self):
        return self.total / self.count


class Track:
    def __init__(self, start):
        self.points = [start]
        self.last = start

    def go(self, step):
        self.last = self.last * 0.9 + step
        self.points.append(self.last)


@program(COUNTS, "x", "structure method loop", second=True)
def object_with_a_list(x, n):
    track = Track(x)
    for i in range(n):
        track.go(x * i)
    return sum(track.points) + track.points[-1] * track.last + len(track.points)


@program(lambda rng: (1.3,), "x", "structure method", second=True)
def named_tuples_made_inside(x):
    p = Rectangle(x)
    q = p._replace(height=x)
    return p.area() * q.area() + Rectangle(height=x, width=p.height)[0] + sum(q) + p._asdict()["width"]


@program(COUNTS, "x", "structure method loop", second=True)
def dataclass_that_changes(x, n):
    o = Oscillator(x)
    for _ in range(n):
        o.step(0.1)
    return o.energy() + replace(o, speed=x).speed


@program(COUNTS, "x", "structure loop carried", second=True)
def frozen_dataclass_carried(x, n):
    s = Pair(x)
    for _ in range(n):
        s = Pair(s.u * 0.9 + s.v * 0.1, v=s.v + x)
    return s.u * s.v


@program(COUNTS, "x", "structure method loop branch", second=True)
def object_that_counts(x, n):
    mean = Mean(scale=x)
    for i in range(n):
        mean.add(x * i)
        if i % 2:
            mean.scale = mean.scale * 0.9
    return mean.value * mean.count


@program({"n7": lambda rng: (1.3, 7), "one": lambda rng: (0.7, 1)}, "x", "structure loop", second=True)
def list_of_frozen_objects(x, n):
    path = []
    for i in range(n):
        path.append(Pair(x * i, x))
    boxes = [Rectangle(x, x * i) for i in range(n)]
    return sum(s.u * s.v for s in path) + path[-1].v + sum(b.area() for b in boxes)


@program(COUNTS, "x", "structure loop nested", second=True)
def dict_that_changes(x, n):
    d = {"a": x, "b": 2.0}
    d["a"] = d["a"] * x
    d["c"] = x
    d.update({"b": x}, e=1.0)
    del d["e"]
    e = {**d, "f": x * x}
    for _ in range(n):
        e["f"] = e["f"] * 0.5 + x
        for key, value in d.items():
            e[key] = value * 0.9 + e[key] * 0.1
    total = sum(e.values()) + d.get("zz", x) + len(e) + ("a" in d) * x
    return total + e.pop("f") * d.setdefault("q", x) + sum(d.values())


@program(COUNTS, "x", "structure loop carried", second=True)
def dict_carried_through_a_loop(x, n):
    state = {"position": x, "velocity": (1.0, x)}
    for _ in range(n):
        v, w = state["velocity"]
        state = {"position": state["position"] + 0.1 * v, "velocity": (v - 0.1 * state["position"], w)}
    return state["position"] * state["velocity"][0] + state["velocity"][1]


@program(COUNTS, "x", "structure branch", second=True)
def object_made_on_either_path(x, n):
    if n > 3:
        box, table = Rectangle(x, x), {"k": x, "m": 1.0}
    else:
        box, table = Rectangle(2.0 * x), {"k": 3.0, "m": x * x}
    return box.area() * table["k"] + table["m"]


@program(lambda rng: (1.3, 0.4), ("x", "y"), "structure unpack", second=True)
def tuples_joined_and_taken_apart(x, y):
    t = (x, 2.0, y) + (x * y,)
    u = t[1:] * 2
    first, *rest = t
    *most, last = u
    return sum(u) * first + sum(rest) * last + len(most) + (t == (x, 2.0, y, x * y)) * y
