"""The corpus: small syntax (walrus, del, match, local imports), helpers, closures, methods, foreign functions."""

# ruff: noqa: B023, SIM108  (programs are written as users write them)

import numpy as np

from tests.program_model import away, positive, program

# ---------------------------------------------------------------------------------------------------------------------
# Assignment expressions, del, match, import
# ---------------------------------------------------------------------------------------------------------------------


@program({"above": lambda rng: (1.5,), "below": lambda rng: (0.5,)}, "x", "scalar branch syntax", second=True)
def walrus_in_if(x):
    if (y := x * x) > 1:
        return y * 3
    return y + x


@program({"both": lambda rng: (1.5,), "first": lambda rng: (0.5,)}, "x", "scalar branch logic syntax", second=True)
def walrus_after_and(x):
    if x > 0 and (y := x * x) > 1:
        return y * 3
    return x**3


@program(lambda rng: (1.5,), "x", "scalar syntax", second=True)
def walrus_in_comprehension(x):
    squares = [y * k for k in range(4) if (y := x * x + k) is not None]
    return sum(squares) * y


@program(lambda rng: (away(rng, 5),), "x", "array loop branch syntax")
def walrus_in_loop(x):
    total = 0.0
    for v in x:
        if (w := v * v) > 0.3:
            total += w * v
        total += w
    return total


@program(lambda rng: (1.5, 4), "x", "scalar loop syntax int", second=True)
def walrus_reused(x, n):
    s = x
    for i in range(n):
        s = s * (t := 1.0 / (i + 1)) + t * x
    return s


@program(
    {"trips": lambda rng: (1.5,), "zero": lambda rng: (11.0,)}, "x", "scalar loop while syntax zero-trip", second=True
)
def walrus_in_while(x):
    v = x
    while (w := v * x) < 100:
        v = w + 1
    return v + w


@program(lambda rng: (positive(rng, 6), 4.0), "x", "array loop while logic syntax int")
def walrus_after_and_in_while(x, limit):
    i, total = 0, 0.0
    while i < len(x) and (w := total + x[i]) < limit:
        if i == 1:
            i += 2
            continue
        total = w * 0.9
        i += 1
    return total * total


@program(
    {"break": lambda rng: (1.6,), "else": lambda rng: (3.1,), "counted": lambda rng: (1.3,)},
    "x",
    "scalar loop while branch syntax",
    second=True,
)
def walrus_in_while_with_continue(x):
    v, k = x, 0
    while (w := v * x) < 100 and (k := k + 1) < 9:
        if k == 2:
            v = v + 3
            continue
        if w > 60:
            break
        v = w + 1
    else:
        v = v * 2
    return v + w * k


@program(lambda rng: (1.5, 7), "x", "scalar loop branch syntax int", second=True)
def matched_continue_and_break(x, n):
    s = x
    for i in range(n):
        match i:
            case 1:
                continue
            case 5 | 6:
                break
            case k if k > 2:
                s += x * k
            case _:
                s *= x
        s += 1
    return s


@program(lambda rng: (1.5,), "x", "scalar syntax", second=True)
def deleted_name(x):
    y = x * 2
    z = y * y
    del y
    y = z * x
    return y + z


@program(lambda rng: (1.5, 4), "x", "scalar loop syntax int")
def deleted_in_loop(x, n):
    s = 0.0
    for i in range(n):
        t = x * i
        s += t * t
        del t
    return s


@program(lambda rng: (1.5,), "x", "scalar syntax", second=True)
def deleted_items(x):
    table = {"a": x, "b": x * 2}
    del table["a"]
    items = [x, x * 2, x * 3, x * x, x]
    del items[0], items[-1]
    del items[1:2]
    return table["b"] * items[0] * items[1] + len(items) + len(table)


@program(
    {"none": lambda rng: (1.5, 0), "two": lambda rng: (1.5, 2), "other": lambda rng: (1.5, 7)},
    "x",
    "scalar branch syntax int",
    second=True,
)
def matched_number(x, n):
    match n:
        case 0:
            return x
        case 1 | 2:
            y = x * x
        case _:
            y = x**3
    return y * x


@program(
    {"big": lambda rng: (3.5,), "middle": lambda rng: (2.5,), "small": lambda rng: (0.5,)},
    "x",
    "scalar branch syntax",
)
def matched_guards(x):
    match x:
        case y if y > 3:
            return y * 2
        case z if z > 2:
            y = z * y
        case y:
            y = y**3
    return y


@program(
    {
        "first": lambda rng: (1.5, 1),
        "guard": lambda rng: (60.0, 0),
        "rest": lambda rng: (1.5, 0),
        "no": lambda rng: (1.5, 2),
    },
    "x",
    "scalar syntax unpack branch int",
    second=True,
)
def matched_tuple(x, kind):
    point = (kind, x, x * 2)
    match point:
        case (1, _, _):
            return x
        case (0, a, b) if b > 100:
            return a
        case (0, a, *rest):
            return a * rest[0] + len(rest)
    return 0.5 * x


@program({"on": lambda rng: (1.5, 0.5), "off": lambda rng: (1.5, -0.5)}, "x", "scalar branch syntax unpack")
def matched_pair_with_run_time_guard(x, t):
    match (x, t):
        case (a, b) if b > 0:
            return a * b
        case (a, b):
            return a * a - b


@program(
    {"one": lambda rng: ({"volatility": 0.5},), "two": lambda rng: ({"rate": 1.5, "years": 2.0},)},
    "p",
    "scalar syntax structure",
)
def matched_dict(p):
    match p:
        case {"volatility": v}:
            return v * v
        case {"rate": r, "years": t}:
            return r * t * r


@program(
    {
        "one": lambda rng: (1.5, "identity"),
        "two": lambda rng: (1.5, "squared"),
        "three": lambda rng: (1.5, "else"),
    },
    "x",
    "scalar syntax",
)
def matched_text(x, mode="square"):
    match mode:
        case "identity":
            y = x
        case "square" | "squared":
            y = x * x
        case _:
            y = 2.0
    return y * x


@program(lambda rng: (1.5, 7), "x", "scalar loop branch syntax int", second=True)
def matched_in_loop(x, n):
    s = 0.0
    for i in range(n):
        match i % 3:
            case 0:
                s += x
            case 1:
                s *= x
            case k:
                s += x * x * k
    return s


@program(lambda rng: (1.5,), "x", "scalar syntax elementary")
def imported_inside(x):
    import math as m
    from math import cos
    from math import sin as s

    return m.exp(x) * s(x) * cos(x)


@program(lambda rng: (away(rng, 4),), "x", "array syntax linalg")
def imported_numpy_inside(x):
    import numpy.linalg
    from numpy import outer

    return numpy.linalg.norm(x) * numpy.sum(outer(x, x))


@program(lambda rng: (1.5,), "x", "scalar syntax unpack", second=True)
def starred_targets(x):
    first, *middle, last = (x, x * 2, x * 3, x * 4)
    (a, b), *_ = [(x, 2.0), x]
    return first * middle[1] * last * a * b * len(middle)


@program(lambda rng: (away(rng, 3),), "x", "array syntax augment")
def chained_assignment(x):
    a = b = x * 2
    a += 1
    b[0] = 5.0
    c = d = x[1]
    c += 1
    return np.sum(a * b) + c * d


@program({"inside": lambda rng: (1.5, 2.5), "outside": lambda rng: (1.5, 0.5)}, "x", "scalar branch logic syntax")
def chained_comparison_once(x, y):
    calls = []

    def middle(v):
        calls.append(v)
        return v * v

    if x < middle(y) < 10 * x:
        return x * len(calls)
    return x * x * len(calls)


@program(
    {"first": lambda rng: (1.5,), "second": lambda rng: (6.0,), "neither": lambda rng: (0.5,)},
    "x",
    "array branch logic closure store make",
)
def effects_only_where_python_goes(x):
    a = np.zeros(2)
    count = 1.0

    def put(v):
        nonlocal count
        a[0] += v * count
        count += x
        return a[0]

    small = x < 5 and put(x * 3) > 4
    large = x > 2 or put(x) > 1
    if 0.6 < x < put(x) < put(2 * x) and (y := put(x)) > 0:
        a[1] = y
    chosen = (put(x) if x > 2 else 0.0) or put(3 * x)
    return a[0] * x + a[1] + chosen + small + large + count


@program(lambda rng: (1.5,), "x", "scalar syntax")
def order_of_evaluation(x):
    seen = []

    def note(v):
        seen.append(v)
        return v

    def combine(a, b, *, c, d):
        return a - b * c + d

    result = combine(note(x), note(2 * x), c=note(3 * x), d=note(x * x))
    return result + seen[0] * 8 + seen[1] * 4 + seen[2] * 2 + seen[3]


@program(lambda rng: (1.5,), "x", "scalar syntax")
def annotated_names(x: float) -> "float":
    y: float = x * 2
    z: int
    z = 3
    return y**z


# ---------------------------------------------------------------------------------------------------------------------
# nonlocal and cells
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (1.5,), "x", "scalar closure loop", second=True)
def nonlocal_sum(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v * x

    for i in range(3):
        add(i)
    add(x)
    return total


@program(
    {"some": lambda rng: (1.5, 4), "zero": lambda rng: (1.5, 0)},
    "x",
    "scalar closure loop branch int zero-trip",
    second=True,
)
def nonlocal_in_run_time_loop(x, n):
    c = 1

    def step(v):
        nonlocal c
        if v > 1:
            c = c + v * x
        else:
            c = c * x

    for i in range(n):
        step(i)
    return c * x


@program({"yes": lambda rng: (1.5,), "no": lambda rng: (0.5,)}, "x", "scalar closure branch", second=True)
def nonlocal_in_branch(x):
    c = x

    def double():
        nonlocal c
        c = c * 2

    if x > 1:
        double()
    else:
        c = x * x * c
    return c * c


@program(lambda rng: (1.5,), "x", "scalar closure loop while")
def nonlocal_in_while(x):
    v = x
    count = 0

    def step():
        nonlocal v, count
        v = v * x
        count += 1

    while v < 100:
        step()
    return v * count


@program(lambda rng: (1.5,), "x", "scalar closure", second=True)
def two_counters(x):
    def make(start):
        n = start

        def increase():
            nonlocal n
            n = n * x + 1
            return n

        return increase

    a, b = make(0.0), make(x)
    a()
    a()
    return a() * b()


@program(lambda rng: (away(rng, 4),), "x", "array closure loop store")
def nonlocal_array(x):
    best = x * 0.0
    calls = 0

    def push(v):
        nonlocal best, calls
        best = best * 0.5 + v
        calls += 1
        best[0] += calls

    for i in range(len(x)):
        push(x * x[i])
    return np.sum(best) * calls


@program(lambda rng: (1.5, 3), "x", "scalar closure loop int")
def nonlocal_becomes_array(x, n):
    total = 0

    def add(k):
        nonlocal total
        total = total + x * np.ones(3) * k

    for i in range(n):
        add(i)
    return np.sum(total)


@program(lambda rng: (1.5,), "x", "scalar closure", second=True)
def nonlocal_two_levels(x):
    state = x

    def outer():
        def inner():
            nonlocal state
            state = state * x + 1

        inner()
        inner()

    outer()
    return state


@program(lambda rng: (1.5,), "x", "scalar closure", second=True)
def nonlocal_parameter(x):
    def update(v):
        def twice():
            nonlocal v
            v = v * v

        twice()
        return v * x

    return update(x) + update(2.0)


@program(lambda rng: (1.5,), "x", "scalar closure lambda")
def late_binding(x):
    scale = x
    functions = [lambda y: y * scale * i for i in range(3)]
    bound = [lambda y, i=i: y * i for i in range(3)]
    scale = 2 * x
    return functions[0](x) + bound[1](x) + bound[2](x * x)


THREE = 3.0


@program(lambda rng: (1.5,), "x", "scalar closure global")
def global_past_a_local(x):
    THREE = x

    def read():
        global THREE
        return THREE * 2

    return read() * THREE


@program(lambda rng: (positive(rng, 4),), "x", "array closure lambda")
def functions_in_tables(x):
    table = {"log": np.log, "own": lambda v: v * v, "pair": (np.sin, np.cos)}
    f, g = table["pair"]
    return np.sum(table["log"](x) * table["own"](x) + f(x) * g(x))
