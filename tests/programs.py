"""The corpus: small programs, each an ordinary Python/NumPy function as a user would write it.

A program is registered with `@program(...)` and stays the plain function it was, so CPython runs it. Each has one or
more *cases*: named, seeded inputs, chosen away from kinks and from the edges of domains (`tests/test_oracles.py` checks
that) unless the case is listed in `kinks`. Every test that runs "over the corpus" loops over `PROGRAMS` or `CASES`:

    for program in PROGRAMS.values():
        for case in program.cases:
            args = case.arguments()              # fresh and the same each time
            value = program.function(*args)      # what CPython computes

Fields are described at `Program` and `Case`, tags at `TAGS`. The file is long because it is data; the sections are
marked; a new program goes to the section, or to the file `programs_*.py`, whose construct it is about.
"""

# ruff: noqa: SIM108, RUF021  (programs are written as users write them)

import math
from collections import namedtuple
from functools import partial
from math import exp as e_to
from math import sin as s

import numpy as np
from numpy.linalg import solve as linear_solve

from tests import program_helpers
from tests.program_helpers import Spring, affine, normal_cdf, sigmoid, square
from tests.program_model import PROGRAMS, Case, Program, away, definite, positive, program

# ---------------------------------------------------------------------------------------------------------------------
# The programs of the definition of done
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"n5": lambda rng: (1.5, 5), "zero": lambda rng: (1.5, 0), "n1": lambda rng: (1.5, 1)},
    "x",
    "special scalar loop carried zero-trip int",
    second=True,
    expected={"n5": 61.3125, "zero": 1.0, "n1": 3.0},
)
def polynomial_loop(x, n):
    v = x
    for i in range(n):
        v = v * x + i
    return v


@program(
    {"trips": lambda rng: (1.5,), "zero": lambda rng: (101.0,)},
    "x",
    "special scalar loop while carried zero-trip",
    second=True,
    expected={"trips": 12 * 1.5**11, "zero": 1.0},
)
def grow_past_hundred(x):
    v = x
    while v < 100:
        v = v * x
    return v


@program(lambda rng: (1.5,), "x", "special array store make", second=True, expected={"only": 6.75})
def overwrite_one(x):
    a = np.zeros(1)
    a[0] = x
    a[0] = a[0] * a[0]
    return a[0] * x


@program(
    lambda rng: (1.5,),
    "x",
    "special scalar elementary",
    second=True,
    expected={"only": math.sin(1.5) + 1.5 * math.cos(1.5)},
)
def sine_times(x):
    return math.sin(x) * x


@program(
    {"kink": lambda rng: (np.array([0.0, -1.0, 2.0]),), "away": lambda rng: (np.array([0.7, -1.0, 2.0]),)},
    "x",
    "special array select",
    expected={"kink": np.array([1.0, 1.0, 0.5])},
    kinks=["kink"],
    note="np.log warns at 0 and -1 and its result there is not selected",
)
def log_where_positive(x):
    return np.sum(np.where(x > 0, np.log(x), x))


@program(lambda rng: (1.5,), "x", "special scalar builtin", second=True, expected={"only": 3.0})
def float_times(x):
    return float(x) * x


# ---------------------------------------------------------------------------------------------------------------------
# Straight scalar code
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (1.3,), "x", "scalar", second=True, expected={"only": 4 * 1.3**3 - 6 * 1.3 + 2})
def quartic(x):
    return x**4 - 3 * x**2 + 2 * x - 7


@program(lambda rng: (0.7, 1.9), ("x", "y"), "scalar elementary", second=True)
def shared_subexpressions(x, y):
    a = x * y
    b = math.exp(a) + a
    c = b * b + a / y
    return c * a


@program(lambda rng: (2.0, 1.7), ("a", "b"), "scalar elementary", second=True)
def power_of_two_actives(a, b):
    return a**b + b**a + 2.0**b + a**-3 + a**0.5


@program(
    {"normal": lambda rng: (0.0, 3.0), "negative": lambda rng: (-2.0, 3.0)},
    ("x", "y"),
    "scalar",
    second=True,
    expected={"normal": (0.0, 27.0), "negative": (12.0 - 12.0, 4.0 + 27.0)},
    note="integer powers of zero and of a negative number need no logarithm",
)
def integer_powers(x, y):
    return x**2 * y + x**3 + y**3 + x**0


@program(
    lambda rng: (0.4, 1.3),
    ("x", "y"),
    "scalar elementary",
    second=True,
)
def trigonometry(x, y):
    a = math.sin(x) * math.cos(y) + math.tan(x)
    b = math.asin(x) + math.acos(x) * y + math.atan(y)
    return a * b + math.atan2(x, y) * math.hypot(x, y)


@program(lambda rng: (0.4, 1.3), ("x", "y"), "scalar elementary", second=True)
def hyperbolics(x, y):
    a = math.sinh(x) + math.cosh(y) * math.tanh(x * y)
    return a + math.asinh(x) + math.acosh(y) * math.atanh(x)


@program(lambda rng: (0.4, 1.3), ("x", "y"), "scalar elementary", second=True)
def logs_and_exponentials(x, y):
    a = math.log(y) + math.log2(y) * math.log10(x) + math.log1p(x)
    b = math.exp(x) - math.expm1(x * y) + math.exp2(y) + math.cbrt(x)
    return a * b + math.sqrt(x * y) + math.pow(y, x) + math.log(y, 3.0)


@program(lambda rng: (0.4, 2.3), ("x", "y"), "scalar elementary", second=True)
def special_functions(x, y):
    return math.erf(x) * math.erfc(y) + math.lgamma(y) * x + math.gamma(y)


@program(lambda rng: (0.4, -1.2, 1.5), ("x", "y", "z"), "scalar unpack augment", second=True)
def swaps_and_reassignments(x, y, z):
    x, y = y, x
    t = x * y
    x += t
    y -= z * x
    z *= y
    t /= 3.0
    x, y, z = z, x + t, y**2
    return x * y + z


@program(lambda rng: (0.3, 1.2), ("x", "y"), "scalar unpack", second=True)
def annotated_and_chained(x: float, y: float) -> float:
    a: float = x * y
    b = c = a + 1.0
    (d, e), f = (b * x, c * y), a
    return d * e * f


@program(
    {"ints": lambda rng: (3, 1.5), "floats": lambda rng: (3.0, 1.5)},
    ("spot", "rate"),
    "scalar int",
    note="an int scalar is a float where a derivative is asked",
)
def int_scalar_input(spot, rate):
    return spot * spot * rate + spot / 4


@program(lambda rng: (7.3, 2.0), ("x", "y"), "scalar int")
def floor_and_remainder(x, y):
    return (x % y) * x + (x // y) * y + math.floor(x) * x + math.fmod(x, y)


@program(lambda rng: (-1.2, 0.8), ("x", "y"), "scalar", second=True)
def unary_and_signs(x, y):
    return -x * +y - -(x**2) + math.copysign(y, x) + math.fabs(x) * y + abs(x)


program(lambda rng: (0.9, 0.3), ("x", "y"), "scalar lambda elementary", second=True, name="plain_lambda")(
    lambda x, y: math.exp(-x * y) * x
)


@program(lambda rng: (1.1,), "x", "scalar elementary", second=True)
def imported_by_name(x):
    return s(x) * e_to(-x)


@program(lambda rng: (1.1, 4), "x", "scalar int", second=True)
def passive_integer_argument(x, n):
    half = n // 2
    return x**n / n + half * x - (n % 3) * x**half


@program(lambda rng: (0.4,), "x", "scalar", second=True)
def default_argument(x, scale=3.0, *, shift=0.25):
    return scale * x * x + shift * x


@program(lambda rng: (1.7,), "x", "scalar", second=True)
def dead_code_and_constants(x):
    unused = math.exp(x)
    y = x * 1.0 + 0.0
    z = y - y + 3.0
    unused += z
    return z * y * y + 1.0 / 3.0


# ---------------------------------------------------------------------------------------------------------------------
# Loops over scalars
# ---------------------------------------------------------------------------------------------------------------------

N = {"n5": lambda rng: (0.7, 5), "zero": lambda rng: (0.7, 0), "n1": lambda rng: (0.7, 1)}
XN = {
    "n5": lambda rng: (rng.normal(size=5),),
    "zero": lambda rng: (np.zeros(0),),
    "n1": lambda rng: (rng.normal(size=1),),
}


@program(N, "x", "scalar loop carried zero-trip elementary", second=True)
def iterated_sine(x, n):
    v = x
    for _ in range(n):
        v = math.sin(v) + 0.5 * v * v
    return v


@program(N, "x", "scalar loop zero-trip builtin int", second=True, note="zero trips return the int 0")
def total_from_int_zero(x, n):
    total = 0
    for i in range(n):
        total += x**i
    return total


@program(
    {"n5": lambda rng: (0.9, 1.1, 5), "zero": lambda rng: (0.9, 1.1, 0), "n2": lambda rng: (0.9, 1.1, 2)},
    ("a", "b"),
    "scalar loop carried zero-trip unpack",
    second=True,
)
def several_carried(a, b, n):
    p, q, r = a, b, 1.0
    for i in range(n):
        p, q = q, p * q + 0.1 * i
        r = r * p - q
    return p * q + r


@program(N, "x", "scalar loop carried zero-trip", second=True)
def horner_of_reciprocals(x, n):
    v = 0.0
    for k in range(n, 0, -1):
        v = v * x + 1.0 / k
    return v


@program(
    {"up": lambda rng: (0.8, 2, 9), "zero": lambda rng: (0.8, 9, 2), "three": lambda rng: (0.8, -4, 4)},
    "x",
    "scalar loop carried zero-trip int",
    second=True,
)
def range_with_start_and_step(x, start, stop):
    v = x
    for i in range(start, stop, 3):
        v = v * x + i * x
    return v


@program(
    {
        "n4": lambda rng: (0.9, 4, 3),
        "zero_outer": lambda rng: (0.9, 0, 3),
        "zero_inner": lambda rng: (0.9, 3, 0),
    },
    "x",
    "scalar loop nested carried zero-trip",
    second=True,
)
def nested_counts(x, n, m):
    v = x
    for i in range(n):
        w = v
        for j in range(m):
            w = w * x + 0.1 * (i - j)
        v = 0.5 * w + x
    return v


@program(
    {"n5": lambda rng: (0.6, 5), "zero": lambda rng: (0.6, 0), "n1": lambda rng: (0.6, 1)},
    "x",
    "scalar loop nested ragged carried zero-trip",
    second=True,
    note="with n = 1 the inner loop runs zero times",
)
def ragged_triangle(x, n):
    total = 0.0
    for i in range(n):
        p = 1.0
        for j in range(i):
            p = p * x + 0.2 * j
        total += p * math.cos(x * i)
    return total


@program(
    {"n6": lambda rng: (0.6, 6), "zero": lambda rng: (0.6, 0)},
    "x",
    "scalar loop nested ragged carried while zero-trip",
    second=True,
)
def ragged_while_inside(x, n):
    total = x
    for i in range(n):
        v = x + i
        while v > 1.0:
            v = v * 0.5 * (1.0 + 0.1 * x)
        total = total + v * v
    return total


@program(
    {"trips": lambda rng: (5.3,), "zero": lambda rng: (0.2,)},
    "x",
    "scalar loop while carried zero-trip",
    second=True,
    note="the number of trips depends on the active value; its derivative is that of the trips taken",
)
def halve_until_small(x):
    v = x
    count = 0
    while v > 0.5:
        v = 0.5 * v + 0.01 * v * x
        count += 1
    return v * v + count * x


@program(
    {"trips": lambda rng: (2.0, 1e-6), "zero": lambda rng: (2.0, 10.0)},
    "a",
    "scalar loop while carried zero-trip",
    second=True,
    note="Newton for the square root until it is close",
)
def newton_square_root(a, tol):
    x = a
    while abs(x * x - a) > tol:
        x = 0.5 * (x + a / x)
    return x


@program(
    {"n3": lambda rng: (0.7, 3), "zero": lambda rng: (0.7, 0)},
    ("y",),
    "scalar loop carried zero-trip",
    second=True,
    note="Newton iteration with a fixed count: solves x + sin(x)/2 = y",
)
def newton_fixed_count(y, n):
    x = y
    for _ in range(n):
        f = x + 0.5 * math.sin(x) - y
        df = 1.0 + 0.5 * math.cos(x)
        x = x - f / df
    return x


@program(
    {"plus": lambda rng: (1.3, 6), "zero": lambda rng: (1.3, 0), "minus": lambda rng: (-1.3, 6)},
    "x",
    "scalar loop branch carried zero-trip",
    second=True,
)
def branch_in_loop(x, n):
    v = x
    for i in range(n):
        if v > 1.0:
            v = math.sqrt(v) + 0.1 * i
        elif v < -1.0:
            v = v / 2 - x
        else:
            v = v * v + x
    return v


@program(N, "x", "scalar loop branch carried zero-trip int", second=True)
def branch_on_counter(x, n):
    even = x
    odd = 1.0
    for i in range(n):
        if i % 2 == 0:
            even = even * odd + x
        else:
            odd = odd - even * 0.3
    return even * odd


@program(N, "x", "scalar loop zero-trip carried", second=True, note="the loop's last two values are read after it")
def value_defined_before_and_in_loop(x, n):
    last = x
    previous = 1.0
    for i in range(n):
        previous = last
        last = math.exp(-last) + x / (i + 1)
    return last * previous


@program(
    {"n4": lambda rng: (1.2, 0.4, 4), "zero": lambda rng: (1.2, 0.4, 0)},
    ("x", "y"),
    "scalar loop zero-trip carried",
    second=True,
    note="two loops, one after the other; the second does not read what the first wrote to t",
)
def two_loops(x, y, n):
    t = x
    for _ in range(n):
        t = t * y + 0.3
    u = y
    for _ in range(n + 1):
        u = u * t - x * 0.1
    t = u
    return t * u


@program(N, "x", "scalar loop nested carried zero-trip", second=True)
def triple_loop(x, n):
    v = 0.1 * x
    for i in range(n):
        for j in range(i, n):
            for k in range(j - i):
                v = v + 0.01 * x * v * (i + k)
        v = v * 1.1 + 0.02 * x
    return v


@program(
    {"n5": lambda rng: (0.9, 1.4, 5), "zero": lambda rng: (0.9, 1.4, 0)},
    ("a", "b"),
    "scalar loop zero-trip carried builtin",
    second=True,
    note="the arithmetic-geometric mean",
)
def agm(a, b, n):
    for _ in range(n):
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return a


@program(
    {"n8": lambda rng: (0.5, 2.0, 8), "zero": lambda rng: (0.5, 2.0, 0)},
    ("a", "b"),
    "app scalar loop zero-trip branch",
    second=True,
    note="composite Simpson with 2n intervals; zero intervals leave the two ends",
)
def simpson(a, b, n):
    h = (b - a) / (2 * n) if n > 0 else b - a
    total = math.exp(-a * a) + math.exp(-b * b)
    for i in range(1, 2 * n):
        x = a + i * h
        weight = 4.0 if i % 2 == 1 else 2.0
        total += weight * math.exp(-x * x)
    return total * h / 3.0


# ---------------------------------------------------------------------------------------------------------------------
# Loops over arrays
# ---------------------------------------------------------------------------------------------------------------------


@program(XN, "x", "array loop zero-trip size-0", second=True)
def sum_of_squares_over_elements(x):
    total = 0.0
    for v in x:
        total += v * v
    return total


@program(XN, "x", "array loop carried zero-trip size-0 index builtin", second=True)
def product_by_index(x):
    p = 1.0
    for i in range(len(x)):
        p = p * (x[i] + 2.0)
    return p


@program(XN, "x", "array loop carried zero-trip size-0 index", second=True)
def exponential_smoothing(x):
    level = 0.5
    loss = 0.0
    for i in range(x.shape[0]):
        error = x[i] - level
        loss = loss + error**2
        level = level + 0.3 * error
    return loss


@program(
    {"rows": lambda rng: (rng.normal(size=(4, 3)),), "zero": lambda rng: (np.zeros((0, 3)),)},
    "a",
    "array loop zero-trip reduction size-0",
    second=True,
)
def loop_over_rows(a):
    total = 0.0
    for row in a:
        total = total + np.sum(row * row) * row[0]
    return total


@program(
    {
        "rows": lambda rng: (rng.normal(size=(4, 3)), rng.normal(size=3)),
        "zero": lambda rng: (np.zeros((0, 3)), np.ones(3)),
    },
    ("a", "h"),
    "array loop carried zero-trip linalg size-0",
    second=True,
    note="a vector is carried: a tiny recurrent network",
)
def recurrent_rows(a, h):
    for row in a:
        h = np.tanh(0.5 * h + row)
    return np.sum(h)


@program(
    {
        "n4": lambda rng: (rng.normal(size=3), 4),
        "n1": lambda rng: (rng.normal(size=3), 1),
        "zero": lambda rng: (rng.normal(size=3), 0),
    },
    "x",
    "array loop zero-trip int",
    second=True,
    note="s is the int 0 before the first trip and an array after it",
)
def zero_becomes_array(x, n):
    s = 0
    for i in range(n):
        s = s + x * x * (i + 1)
    return np.sum(s)


@program(
    {
        "n4": lambda rng: (0.3 * rng.normal(size=(3, 3)), rng.normal(size=3), 4),
        "zero": lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=3), 0),
    },
    ("a", "v"),
    "array loop carried zero-trip linalg",
    second=True,
)
def power_iteration(a, v, n):
    for _ in range(n):
        v = a @ v + v
        v = v / np.sqrt(np.sum(v * v))
    return v[0] * v[-1]


@program(
    {
        "n3": lambda rng: (rng.normal(size=(3, 4)),),
        "one": lambda rng: (rng.normal(size=(1, 1)),),
        "strided": lambda rng: (rng.normal(size=(6, 3)).T[::-1, 1::2],),
    },
    "a",
    "array loop nested index",
    second=True,
)
def double_index_sum(a):
    n, m = a.shape
    total = 0.0
    for i in range(n):
        for j in range(m):
            total += a[i, j] ** 2 * (i + 1) - 0.5 * a[i, j] * a[i, j - 1]
    return total


@program(
    {"n5": lambda rng: (rng.normal(size=5),), "zero": lambda rng: (rng.normal(size=1),)},
    "x",
    "array loop nested ragged zero-trip index",
    second=True,
    note="pairs i < j; a single element has none",
)
def pair_energy(x):
    e = 0.0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            d = x[i] - x[j]
            e += 1.0 / (1.0 + d * d)
    return e


@program(
    {"n5": lambda rng: (np.sort(rng.uniform(0.2, 3.0, 5)), 2.5), "zero": lambda rng: (np.ones(3), -1.0)},
    ("x",),
    "array loop while zero-trip index logic",
    second=True,
    note="walks until the limit or the end",
)
def walk_while_below(x, limit):
    i = 0
    total = 0.0
    while i < len(x) and total < limit:
        total = total + x[i] * x[i] * 0.5
        i += 1
    return total


@program(
    {
        "k3": lambda rng: (rng.normal(size=6), rng.normal(size=3)),
        "k1": lambda rng: (rng.normal(size=2), rng.normal(size=1)),
    },
    ("x", "k"),
    "array loop nested index",
    second=True,
    note="a convolution written out",
)
def convolution(x, k):
    total = 0.0
    for i in range(len(x) - len(k) + 1):
        acc = 0.0
        for j in range(len(k)):
            acc += x[i + j] * k[j]
        total += acc * acc
    return total


@program(
    {"n5": lambda rng: (rng.normal(size=5),), "empty": lambda rng: (np.zeros(0),)},
    "x",
    "array size-0 builtin",
    second=True,
    note="builtin sum over an array, and len",
)
def builtin_sum_of_array(x):
    return sum(x * x) / (len(x) + 1)


@program(
    {"n4": lambda rng: (rng.normal(size=4), rng.normal(size=4)), "zero": lambda rng: (np.zeros(0), np.zeros(0))},
    ("x", "y"),
    "array loop zero-trip index size-0",
    second=True,
    note="two arrays read at one index, the loop's value overwritten each trip",
)
def dot_by_hand(x, y):
    total = 0.0
    for i in range(x.size):
        t = x[i] * y[i]
        t = t * t + t
        total += t
    return total


# ---------------------------------------------------------------------------------------------------------------------
# Stores
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"n5": lambda rng: (0.8, 5), "n1": lambda rng: (0.8, 1), "zero": lambda rng: (0.8, 0)},
    "x",
    "store loop carried zero-trip make",
    second=True,
)
def store_powers(x, n):
    a = np.zeros(n + 1)
    a[0] = x
    for i in range(n):
        a[i + 1] = a[i] * x + math.sin(a[i])
    return a[n] + np.sum(a)


@program(
    {"n6": lambda rng: (rng.normal(size=6),), "n2": lambda rng: (rng.normal(size=2),)},
    "x",
    "store array loop carried make",
    second=True,
)
def cumulative_product_with_stores(x):
    out = np.empty(len(x))
    out[0] = x[0]
    for i in range(1, len(x)):
        out[i] = out[i - 1] * (1.0 + x[i])
    return np.sum(out * out)


@program(
    {"n5": lambda rng: (rng.normal(size=5), 4), "zero": lambda rng: (rng.normal(size=5), 0)},
    "u",
    "store array loop carried zero-trip augment index app",
    second=True,
    note="the heat equation, explicit; the copy keeps the caller's array as it was",
)
def heat_equation(u, steps):
    u = u.copy()
    for _ in range(steps):
        old = u.copy()
        u[1:-1] += 0.2 * (old[2:] - 2.0 * old[1:-1] + old[:-2])
    return np.sum(u**2)


@program(
    {"n4": lambda rng: (rng.normal(size=4),), "n1": lambda rng: (rng.normal(size=1),)},
    "x",
    "store array nested loop augment make",
    second=True,
)
def outer_with_stores(x):
    n = len(x)
    a = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            a[i, j] = x[i] * x[j]
            a[i, j] += x[i] * j
    return np.sum(a * a)


@program(
    {"n5": lambda rng: (rng.normal(size=5),), "zero": lambda rng: (rng.normal(size=1),)},
    "x",
    "store array nested ragged loop zero-trip augment make",
    second=True,
    note="accumulates into a triangle; a single element has no pair",
)
def accumulate_into_triangle(x):
    n = len(x)
    a = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            a[i, j] += x[i] * x[j]
            a[j, i] -= a[i, j] * 0.5
    return np.sum(np.exp(0.3 * a))


@program(lambda rng: (rng.normal(size=7),), "x", "store array index make", second=True)
def slices_with_steps(x):
    a = np.zeros(7)
    a[::2] = x[::2] ** 2
    a[1::2] = x[-2::-2]
    a[5:1:-2] += x[:2]
    return np.sum(a * np.arange(7) * a)


@program(lambda rng: (rng.normal(size=5),), "x", "store array index augment", second=True)
def negative_indexes(x):
    a = x * 2.0
    a[-1] = a[0] * a[-2]
    a[-3] *= x[-1]
    a[-5:-3] = x[-2:]
    return np.sum(a**3)


@program(
    lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=4)), ("a", "r"), "store array index augment", second=True
)
def rows_and_columns(a, r):
    b = a * 1.0
    b[0] = r * b[1]
    b[:, 2] = b[:, 0] * 3.0
    b[1:, 1:3] *= 2.0
    b[-1, :] += r
    b[2, 3] = r[0] ** 2
    return np.sum(b * b)


@program(
    {"n3": lambda rng: (rng.normal(size=(4, 3)),), "zero": lambda rng: (np.zeros((0, 3)),)},
    "a",
    "store array loop carried zero-trip make size-0",
    second=True,
)
def store_rows_in_loop(a):
    n = a.shape[0]
    out = np.zeros((n + 1, 3))
    out[0] = 1.0
    for i in range(n):
        out[i + 1] = out[i] * np.cos(a[i]) + a[i]
    return np.sum(out[-1])


@program(lambda rng: (rng.normal(size=4), 1.3), ("x", "y"), "store array", second=True)
def overwritten_before_and_after_reads(x, y):
    a = x.copy()
    first = a[1] * a[2]
    a[1] = y
    second = a[1] * a[2]
    a[1] = a[1] * first
    a[2] = 0.0
    return first * second + np.sum(a * a) * y


@program(
    {"n5": lambda rng: (rng.normal(size=5), 3), "zero": lambda rng: (rng.normal(size=5), 0)},
    "x",
    "store array loop carried zero-trip index",
    second=True,
    note="one cell overwritten in every trip by a value that reads it",
)
def same_cell_every_trip(x, n):
    a = x.copy()
    for i in range(n):
        a[2] = a[2] * a[i] + a[2]
    return a[2] * np.sum(a)


@program(
    lambda rng: (rng.normal(size=6), np.array([3, 1, 4, 1])),
    "x",
    "store array index",
    second=True,
    note="the integer array of the store has no duplicates; that of the read has",
)
def store_by_integer_array(x, idx):
    a = np.zeros(6)
    a[np.array([5, 0, 2])] = x[:3] * x[3:]
    a[[1, 3]] += x[idx[:2]]
    return np.sum(a * a) + np.sum(x[idx] ** 2)


@program(lambda rng: (rng.normal(size=5),), "x", "store array", second=True, note="`v` and `a` are one object")
def alias_by_name(x):
    a = x * 2.0
    v = a
    v[0] = a[1] * a[1]
    a[3] = v[0] * v[4]
    return np.sum(a * v)


@program(
    lambda rng: (rng.normal(size=(3, 4)),), "x", "store array index augment", second=True, note="a view is stored to"
)
def store_through_view(x):
    a = x * 1.0
    row = a[1]
    row[:] = row * a[0]
    row[2] = 3.0 * x[2, 2]
    column = a[:, 1]
    column += 1.5
    return np.sum(a**2)


@program(
    {"n4": lambda rng: (rng.normal(size=4), rng.normal(size=4), 3), "zero": lambda rng: (np.ones(4), np.ones(4), 0)},
    ("x", "y"),
    "store array loop carried zero-trip unpack index",
    second=True,
    note="two buffers that change places each trip",
)
def swap_buffers(x, y, n):
    a = x.copy()
    b = y.copy()
    for _ in range(n):
        b[1:] = a[1:] * a[:-1]
        b[0] = a[0] + 0.1 * b[0]
        a, b = b, a
    return np.sum(a * a) + b[0]


@program(
    {"n8": lambda rng: (rng.normal(size=8),), "n3": lambda rng: (rng.normal(size=3),)},
    "x",
    "store array loop branch make",
    second=True,
)
def store_on_one_branch(x):
    out = np.zeros_like(x)
    for i in range(len(x)):
        if x[i] > 0.0:
            out[i] = np.sqrt(x[i]) * x[i - 1]
        elif i > 1:
            out[i] = out[i - 2] * x[i] ** 2
    return np.sum(out) + out[-1] * out[0]


@program(
    {"n4": lambda rng: (definite(rng, 4),), "n1": lambda rng: (definite(rng, 1),)},
    "a",
    "store array loop nested ragged linalg make app",
    second=True,
    note="Cholesky-Crout written out; only the lower triangle is read",
)
def cholesky_by_hand(a):
    n = a.shape[0]
    low = np.zeros((n, n))
    for j in range(n):
        acc = a[j, j]
        for k in range(j):
            acc -= low[j, k] ** 2
        low[j, j] = np.sqrt(acc)
        for i in range(j + 1, n):
            acc = a[i, j]
            for k in range(j):
                acc -= low[i, k] * low[j, k]
            low[i, j] = acc / low[j, j]
    return np.sum(np.log(np.diag(low))) + low[n - 1, 0]


@program(
    {"n4": lambda rng: (definite(rng, 4), rng.normal(size=4)), "n1": lambda rng: (definite(rng, 1), np.ones(1))},
    ("a", "b"),
    "store array loop nested ragged linalg augment app",
    second=True,
    note="Gaussian elimination in place, on copies",
)
def eliminate_in_place(a, b):
    a = a.copy()
    x = b.copy()
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
            x[i] -= f * x[k]
    for i in range(n - 1, -1, -1):
        x[i] = (x[i] - np.sum(a[i, i + 1 :] * x[i + 1 :])) / a[i, i]
    return np.sum(x * x)


@program(
    {"n6": lambda rng: (0.6, 6), "n2": lambda rng: (0.6, 2)},
    "x",
    "store loop carried make scalar",
    second=True,
    note="a three-term recurrence kept in an array: Legendre polynomials",
)
def legendre_table(x, n):
    p = np.ones(n)
    p[1] = x
    for k in range(2, n):
        p[k] = ((2 * k - 1) * x * p[k - 1] - (k - 1) * p[k - 2]) / k
    return np.sum(p)


@program(
    {"n6": lambda rng: (rng.normal(size=6), 2), "zero": lambda rng: (rng.normal(size=6), 6)},
    "x",
    "store array loop zero-trip index",
    second=True,
    note="written backwards, with an index from the run-time argument",
)
def shift_by_lag(x, lag):
    y = np.full(len(x), 0.5)
    for i in range(len(x) - 1, lag - 1, -1):
        y[i] = x[i - lag] * x[i]
    return np.sum(y * x)


@program(lambda rng: (rng.normal(size=(2, 3, 4)),), "a", "store array index", second=True)
def store_with_ellipsis_and_none(a):
    b = a * 2.0
    b[..., 0] = a[..., 1] * a[..., 2]
    b[1, ...] *= a[0]
    b[:, :, -1] = a[:, 0, None, 0].reshape(2, 1) ** 2
    return np.sum(b * b)


@program(
    lambda rng: (rng.normal(size=4), rng.normal()),
    ("x", "y"),
    "store array broadcast augment",
    second=True,
    note="every augmented assignment, on a copy of the caller's array",
)
def augmented_whole_array(x, y):
    a = np.array(x)
    a *= y
    a += x
    a -= 0.5
    a /= 2.0
    a **= 2
    return np.sum(a)


# ---------------------------------------------------------------------------------------------------------------------
# Helpers, closures, methods
# ---------------------------------------------------------------------------------------------------------------------

SCALE = 1.75
OFFSETS = np.array([0.1, -0.4, 0.9])


def cube(x):
    """A helper of this module that calls one of another."""
    return square(x) * x


def nested_three_deep(x):
    """A helper that calls a helper that calls a helper."""
    return cube(x) + 0.5 * affine(cube(x), b=x)


@program(lambda rng: (0.8,), "x", "helper scalar", second=True, expected={"only": 6.75 * 0.8**2 + 0.5})
def helpers_of_two_modules(x):
    return cube(x) + 0.5 * (affine(x, 1.0, 0.0)) + 1.25 * x * square(x)


@program(lambda rng: (0.8,), "x", "helper scalar", second=True)
def helper_in_helper(x):
    return nested_three_deep(square(x)) * x


@program(lambda rng: (0.8, -0.3), ("x", "y"), "helper scalar", second=True)
def defaults_and_keywords(x, y):
    return affine(x) + affine(y, 2.0 * x) * affine(b=x * y, x=y) + affine(x, w=y)


@program(
    {"n4": lambda rng: (0.8, 4), "zero": lambda rng: (0.8, 0)},
    "x",
    "helper loop carried zero-trip scalar",
    second=True,
)
def helper_with_loop(x, n):
    return program_helpers.decay(x, n) * program_helpers.decay(x * x, 2 * n) + x


@program(
    {"n4": lambda rng: (0.8, 4), "zero": lambda rng: (0.8, 0)},
    "x",
    "helper loop nested carried zero-trip scalar",
    second=True,
)
def helper_called_in_loop(x, n):
    total = 0.0
    for i in range(n):
        x = program_helpers.decay(x, i)
        total += cube(x) + affine(x, b=0.1 * i)
    return total


@program(lambda rng: (1.2, 0.5), ("r", "phi"), "helper scalar unpack", second=True)
def helper_with_two_results(r, phi):
    x, y = program_helpers.polar(r, phi)
    u, v = program_helpers.polar(x, y)
    return x * u + y * v


@program(
    {"positive": lambda rng: (rng.normal(size=3), 0.7), "negative": lambda rng: (rng.normal(size=3), -0.7)},
    ("v", "scale"),
    "helper array branch return",
    second=True,
)
def helper_with_branch(v, scale):
    return program_helpers.norm_or_zero(v * 2.0, scale) + np.sum(v * scale)


@program(
    {"n5": lambda rng: (0.7, 5), "zero": lambda rng: (0.7, 0)},
    "x",
    "helper store loop zero-trip make",
    second=True,
    note="the helper stores into the array it is handed and returns it",
)
def helper_that_stores(x, n):
    out = np.zeros(n)
    powers = program_helpers.fill_powers(out, x)
    return np.sum(powers) * x + np.sum(out * out)


@program(lambda rng: (rng.normal(size=3),), "v", "helper array global", second=True)
def globals_of_two_modules(v):
    return SCALE * program_helpers.weighted(v * v) + np.sum(v * OFFSETS)


def _power_of(k):
    def power(x):
        y = 1.0
        for _ in range(k):
            y = y * x
        return y

    return power


_third_power = _power_of(3)


@program(lambda rng: (1.2,), "x", "helper closure loop scalar", second=True, expected={"only": 4 * 1.2**3})
def closure_helper(x):
    return _third_power(x) * x


def _make_shifted(shift, inner):
    def shifted(x, y):
        return inner(x - shift) * y + shift

    return shifted


program(lambda rng: (1.2, 0.4), ("x", "y"), "helper closure scalar", second=True, name="closure_over_function")(
    _make_shifted(0.3, cube)
)

_vector = np.array([0.3, -0.8, 1.1])


def _make_fit(data):
    def fit(p):
        return np.sum((data - p[0] * _vector - p[1]) ** 2)

    return fit


program(lambda rng: (rng.normal(size=2),), "p", "closure global array", second=True, name="closure_over_array")(
    _make_fit(np.array([1.0, 2.5, -0.5]))
)


@program(lambda rng: (0.6, 1.4), ("x", "y"), "helper lambda closure scalar", second=True)
def lambdas_inside(x, y):
    f = lambda t: t * t + y
    g = lambda a, b=2.0: f(a) * b - x
    return f(x) * g(y) + g(x, b=y)


@program(lambda rng: (0.6, 1.4), ("x", "y"), "helper closure scalar", second=True)
def nested_definition(x, y):
    def local(a, b):
        return a * b + y

    def twice(a):
        return local(local(a, x), a)

    return twice(x) + local(y, y)


program(lambda rng: (1.2,), "x", "helper partial scalar", second=True, name="partial_of_helper")(
    partial(affine, w=-0.7, b=2.0)
)
_half_decay = partial(program_helpers.decay, n=3)


@program(lambda rng: (1.2,), "x", "helper partial loop scalar", second=True)
def partial_called_inside(x):
    return _half_decay(x) * partial(affine, x)(0.5)


_spring = Spring(2.5, 0.3)
program(
    lambda rng: (1.4,), "x", "method helper scalar", second=True, name="bound_method", expected={"only": 2.5 * 1.1}
)(_spring.energy)


@program(
    {"n3": lambda rng: (rng.normal(size=3),), "zero": lambda rng: (np.zeros(0),)},
    "x",
    "method helper loop array zero-trip size-0",
    second=True,
)
def method_called_in_loop(x):
    e = 0.0
    for v in x:
        e = e + _spring.energy(v)
    return e


class Potential:
    """An object whose attributes are parameters and whose method is differentiated."""

    def __init__(self, weights, power):
        self.weights = weights
        self.power = power

    def __call__(self, q):
        """The potential at q."""
        return np.sum(self.weights * q**self.power) + self.bias(q)

    def bias(self, q):
        """Another method."""
        return q[0] * q[-1]


program(lambda rng: (rng.normal(size=3),), "q", "method helper array", second=True, name="callable_object")(
    Potential(np.array([0.5, 1.5, -1.0]), 4)
)


@program(
    {"left": lambda rng: (0.7, 1.2), "right": lambda rng: (-0.7, 1.2)},
    ("x", "y"),
    "helper branch lambda scalar",
    second=True,
    note="which function is called is decided by a branch",
)
def function_chosen_by_branch(x, y):
    if x > 0:
        z = cube(x * y)
    else:
        z = affine(x, w=y)
    return z * normal_cdf(x)


@program(lambda rng: (rng.normal(size=4),), "z", "helper array elementary", second=True)
def sigmoid_and_logsumexp(z):
    return program_helpers.logsumexp(2.0 * z) + np.sum(sigmoid(z) * z)


@program(lambda rng: (0.4, 1.1), ("x", "y"), "helper scalar", second=True, note="one value passed twice")
def same_value_twice(x, y):
    return affine(x, w=x, b=x) + affine(y, w=x * y, b=y)


# ---------------------------------------------------------------------------------------------------------------------
# Branches and logic
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {"low": lambda rng: (-1.5, 0.4), "mid": lambda rng: (0.3, 0.4), "high": lambda rng: (2.5, 0.4)},
    ("x", "y"),
    "branch scalar",
    second=True,
)
def three_way_branch(x, y):
    if x < -1.0:
        z = x * y
    elif x < 1.0:
        z = math.sin(x) + y
        y = z * y
    else:
        z = math.log(x) * y
        x = x * x
    return z * y + x


@program(
    {"yes": lambda rng: (1.5, 0.4), "no": lambda rng: (-0.5, 0.4)},
    ("x", "y"),
    "branch return scalar",
    second=True,
)
def early_return(x, y):
    if x <= 0.0:
        return x * x * y
    return math.sqrt(x) * y * y


@program(
    {"first": lambda rng: (-2.0,), "second": lambda rng: (0.5,), "third": lambda rng: (3.0,)},
    "x",
    "branch return scalar",
    second=True,
)
def two_early_returns(x):
    if x < 0.0:
        return -x * x
    y = x * 3.0
    if y < 2.0:
        return y * y * x
    return y + x**3


@program(
    {"inside": lambda rng: (0.5, 1.0), "outside": lambda rng: (1.7, 1.0), "below": lambda rng: (-0.7, 1.0)},
    ("x", "y"),
    "branch logic scalar",
    second=True,
)
def chained_comparison(x, y):
    if 0.0 < x < y:
        return x * y * y
    return x + y


@program(
    {
        "both": lambda rng: (2.0, 3.0),
        "one": lambda rng: (2.0, -3.0),
        "zero": lambda rng: (0.0, 3.0),
        "none": lambda rng: (-2.0, -3.0),
    },
    ("x", "y"),
    "branch logic scalar",
    second=True,
    expected={"zero": (3.0, 6.0)},
    kinks=["zero"],
    note="the right side of the `and` would divide by zero at x = 0, where the function jumps",
)
def short_circuit(x, y):
    z = x * y
    if x != 0.0 and y / x > 1.0:
        z = z + y / x
    if not (x > 1.0 or y > 1.0):
        z = z * y
    return z + y * y


@program(
    {"left": lambda rng: (1.5, 0.4), "right": lambda rng: (-0.5, 0.4)},
    ("x", "y"),
    "branch scalar",
    second=True,
    note="the branch not taken is outside its domain",
)
def conditional_expressions(x, y):
    a = math.log(x) if x > 0 else x * y
    b = (a if y > 1.0 else a * a) + (1.0 if x > 1.0 else y)
    return a * b


@program(
    {"plus": lambda rng: (1.5, 0.4), "minus": lambda rng: (-1.5, 0.4)},
    ("x", "y"),
    "branch builtin scalar",
    second=True,
)
def scalar_relu(x, y):
    return max(x, 0) * y + min(x, 0.0) * y * y + max(0.0, x * y) ** 2


@program(lambda rng: (1.5, 0.4, -0.8), ("x", "y", "z"), "builtin scalar", second=True)
def builtin_extrema(x, y, z):
    return max(x, y, z) * min(x, y, z) + max(x * y, z) * abs(min(y, z)) + sum((x, y, z))


@program(
    {"first": lambda rng: (2.0, 0.5), "second": lambda rng: (0.5, 2.0)},
    ("x", "y"),
    "logic scalar",
    second=True,
    note="`or` and `and` as values",
)
def and_or_as_values(x, y):
    a = x and y
    b = 0.0 or x * y
    big = x > y
    return a * b + (x * x if big else y * x)


@program(
    {"deep": lambda rng: (1.5, 0.4), "flat": lambda rng: (-1.5, 0.4), "other": lambda rng: (1.5, 2.4)},
    ("x", "y"),
    "branch scalar",
    second=True,
)
def nested_branches(x, y):
    z = 1.0
    if x > 0:
        z = x * z
        if y > 1:
            z = z * y
        else:
            z = z / y
            if x > 1:
                z += x
    return z * z + y


@program(
    {"some": lambda rng: (away(rng, 6),), "zero": lambda rng: (np.zeros(0),)},
    "x",
    "branch loop logic array zero-trip size-0",
    second=True,
)
def count_and_sum_of_positive(x):
    count = 0
    total = 0.0
    for v in x:
        if v > 0 and v < 1.5 or v < -1.0:
            count += 1
            total += v * v
    return total / count if count > 0 else total


@program(
    {"hot": lambda rng: (rng.normal(size=3), True), "cold": lambda rng: (rng.normal(size=3), False)},
    "x",
    "branch array logic",
    second=True,
    note="a bool argument decides; the name y is an array on one side and a scalar on the other no longer lives after",
)
def flag_argument(x, squared):
    if squared:
        y = np.sum(x * x)
    else:
        y = np.sum(np.sin(x))
    return y * (2.0 if not squared else 1.0)


@program(
    {"inside": lambda rng: (0.4, 0.7, 1.3), "clamped": lambda rng: (2.4, 0.7, 1.3)},
    ("x", "lo", "hi"),
    "branch builtin helper scalar",
    second=True,
)
def clamp_by_builtins(x, lo, hi):
    y = min(max(x, lo), hi)
    return y * y * x


# ---------------------------------------------------------------------------------------------------------------------
# Arrays: elementwise, broadcasting, reductions
# ---------------------------------------------------------------------------------------------------------------------

V = {
    "n5": lambda rng: (rng.normal(size=5),),
    "n1": lambda rng: (rng.normal(size=1),),
    "empty": lambda rng: (np.zeros(0),),
    "strided": lambda rng: (rng.normal(size=9)[::-2],),
}


@program(V, "x", "array elementary size-0", second=True)
def elementwise_chain(x):
    y = np.exp(-x * x) + np.sin(3.0 * x)
    z = np.tanh(y) * np.sqrt(1.0 + x**2)
    return np.sum(z / (2.0 + np.cos(x)))


@program(
    {"n4": lambda rng: (positive(rng, 4),), "n1": lambda rng: (positive(rng, 1),)},
    "x",
    "array elementary",
    second=True,
)
def elementwise_positive(x):
    a = np.log(x) * np.log2(x) + np.log10(x) * np.sqrt(x)
    b = np.log1p(x) - np.expm1(-x) + np.cbrt(x) + np.power(x, 1.7)
    c = np.arctan(x) + np.arcsinh(x) + np.reciprocal(x) + np.square(x)
    return np.sum(a * b + c)


@program(lambda rng: (rng.uniform(-0.8, 0.8, 5),), "x", "array elementary", second=True)
def elementwise_inverse_functions(x):
    a = np.arcsin(x) * np.arccos(x) + np.arctanh(x)
    b = np.arccosh(2.0 + x) + np.sinh(x) * np.cosh(x) + np.tan(x)
    return np.mean(a * b + np.exp2(x) + np.negative(x))


@program(lambda rng: (away(rng, 5), away(rng, 5)), ("x", "y"), "array elementary", second=True)
def elementwise_two_arguments(x, y):
    a = np.hypot(x, y) * np.arctan2(x, y) + np.logaddexp(x, y)
    return np.sum(a + np.abs(x) * y + np.absolute(y) * np.sign(x) + np.copysign(x, y))


@program(
    {
        "plain": lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=4)),
        "size_one": lambda rng: (rng.normal(size=(3, 1)), rng.normal(size=4)),
        "ones": lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=1)),
        "empty": lambda rng: (np.zeros((0, 4)), rng.normal(size=4)),
    },
    ("a", "r"),
    "array broadcast size-0 size-1",
    second=True,
    note="the same text for rows and for axes that turn out to have size one",
)
def broadcast_row(a, r):
    return np.sum((a + r) * r - a / (2.0 + r * r))


@program(
    {
        "plain": lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=3), 0.7),
        "one_row": lambda rng: (rng.normal(size=(1, 4)), rng.normal(size=1), 0.7),
        "one_column": lambda rng: (rng.normal(size=(3, 1)), rng.normal(size=3), 0.7),
    },
    ("a", "c", "s"),
    "array broadcast size-1 index",
    second=True,
)
def broadcast_column_and_scalar(a, c, s):
    b = a * c[:, None] + s
    return np.sum(b * b * s) + np.sum(s * c)


@program(
    {
        "plain": lambda rng: (rng.normal(size=4), rng.normal(size=3)),
        "one": lambda rng: (rng.normal(size=1), rng.normal(size=3)),
        "empty": lambda rng: (rng.normal(size=4), np.zeros(0)),
    },
    ("x", "y"),
    "array broadcast size-0 size-1 index",
    second=True,
)
def broadcast_outer_difference(x, y):
    d = x[:, np.newaxis] - y[np.newaxis, :]
    return np.sum(np.exp(-d * d))


@program(
    lambda rng: (rng.normal(size=(2, 1, 4)), rng.normal(size=(3, 1)), rng.normal(size=(1, 1, 1))),
    ("a", "b", "c"),
    "array broadcast size-1",
    second=True,
)
def broadcast_three_ways(a, b, c):
    return np.sum(a * b + b * c * c - a / (3.0 + b * b))


@program(
    {
        "same": lambda rng: (rng.normal(size=4), rng.normal(size=4)),
        "one": lambda rng: (rng.normal(size=2), rng.normal(size=1)),
    },
    ("x", "y"),
    "array broadcast index size-1",
    second=True,
    note="in the second case x[1:] has size one by chance and y stretches nothing",
)
def broadcast_derived_dimension(x, y):
    return np.sum(x[1:] * y[: len(x) - 1] * y[0])


@program(
    {
        "plain": lambda rng: (rng.normal(size=(3, 4)),),
        "one_row": lambda rng: (rng.normal(size=(1, 4)),),
        "one_column": lambda rng: (rng.normal(size=(3, 1)),),
    },
    "a",
    "array reduction broadcast size-1",
    second=True,
)
def reductions_with_axes(a):
    rows = np.sum(a, axis=1)
    columns = np.mean(a, axis=0, keepdims=True)
    last = np.sum(a * a, axis=-1, keepdims=True)
    both = np.sum(a - columns, axis=(0, 1)) + a.sum()
    return np.sum(rows**2) + np.sum(columns * a * last) + both * np.mean(a)


@program(lambda rng: (positive(rng, 3, 4),), "a", "array reduction", second=True)
def products(a):
    return np.prod(a) + np.sum(np.prod(a, axis=0)) * a.prod(axis=1, keepdims=True)[0, 0]


@program(lambda rng: (rng.normal(size=(3, 4)),), "a", "array reduction", second=True)
def extrema_with_axes(a):
    m = np.max(a, axis=1, keepdims=True)
    e = np.exp(a - m)
    return np.max(a) * np.min(a) + np.sum(m * e) + np.sum(a.min(axis=0) ** 2)


@program(lambda rng: (rng.normal(size=(4, 3)),), "a", "array reduction", second=True)
def variance_and_deviation(a):
    v = np.var(a, axis=0)
    d = np.std(a, axis=1, keepdims=True)
    return np.sum(v * a[0]) + np.sum(d * a) + np.var(a, ddof=1) + a.std() * a.var() + np.std(a[0], ddof=1)


@program(lambda rng: (rng.normal(size=5), rng.normal(size=(3, 4))), ("x", "a"), "array reduction linalg", second=True)
def norms(x, a):
    return np.linalg.norm(x) * np.linalg.norm(a) + np.sum(np.linalg.norm(a, axis=1) ** 3) + np.linalg.norm(x, ord=1)


@program(
    {"n5": lambda rng: (rng.normal(size=5),), "n3": lambda rng: (rng.normal(size=3),)},
    "x",
    "array reduction",
    second=True,
    note="the standardised vector is used in three places",
)
def standardise(x):
    z = (x - x.mean()) / x.std()
    return np.sum(z**3) + z[0] * z[-1] + np.mean(z**4)


@program(lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=4)), ("a", "x"), "array", second=True)
def array_methods_and_attributes(a, x):
    total = a.sum(axis=0).dot(x) + a.T.shape[0] * x.mean() + a.ndim * x.sum()
    return total / a.size + (a * x).max() - x.copy().min() + a.sum() * len(a)


# ---------------------------------------------------------------------------------------------------------------------
# Arrays: select, shape, index, make
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (away(rng, 6), rng.normal(size=6)), ("x", "y"), "array select", second=True)
def where_with_bad_branches(x, y):
    root = np.where(x > 0, np.sqrt(x), 0.0)
    quotient = np.where(x > 0, y / x, y)
    return np.sum(root * y + quotient * np.where(y > x, x, y))


@program(lambda rng: (away(rng, 6), rng.normal(size=6)), ("x", "y"), "array select", second=True)
def maximum_minimum_clip(x, y):
    relu = np.maximum(x, 0.0)
    low = np.minimum(x * y, 2.0 * y)
    return np.sum(relu * y + low + np.clip(x, -0.9, 1.1) * y * y + np.maximum(x, y) ** 2)


@program(
    lambda rng: (away(rng, 3, 4), away(rng, 4)),
    ("a", "t"),
    "array select broadcast logic",
    second=True,
    note="masks combined with & | ~, and broadcast",
)
def masks(a, t):
    inside = (a > t) & (a < 2.0) | ~(a != a)
    return np.sum(np.where((a > t) & (t > 0), a * t, a - t)) + np.sum(inside * a * a) + np.sum((a > 0) * a)


@program(
    {"finite": lambda rng: (rng.normal(size=5),), "nan": lambda rng: (np.array([0.5, np.nan, -1.5, np.nan, 2.0]),)},
    "x",
    "array select",
    note="missing data: the gradient is zero where x is nan, which finite differences confirm",
)
def mean_of_what_is_there(x):
    missing = np.isnan(x)
    kept = np.where(missing, 0.0, x)
    return np.sum(kept * kept) / np.sum(~missing) + np.sum(kept)


@program(
    {"2x6": lambda rng: (rng.normal(size=(2, 6)),), "6x2": lambda rng: (rng.normal(size=(6, 2)),)},
    "a",
    "array shape",
    second=True,
)
def reshapes_and_transposes(a):
    b = a.reshape(3, 4)
    c = np.reshape(a, (4, -1))
    d = a.reshape(-1)
    e = np.transpose(b) * c
    return np.sum(e * b.T) + np.sum(d[1:] * d[:-1]) + np.sum(a.T[0] * a[:, 0]) + np.sum(a.transpose() ** 3)


@program(lambda rng: (rng.normal(size=(2, 3, 4)),), "a", "array shape", second=True)
def transpose_three_axes(a):
    b = np.transpose(a, (2, 0, 1))
    c = a.transpose(1, 2, 0)
    return np.sum(b[:, :, 0] * c[0]) + np.sum(c[:, 1:3, :].reshape(3, 4) ** 2) + np.sum(a.T * b[0, 0, 0])


@program(
    {
        "n3": lambda rng: (rng.normal(size=3), rng.normal(size=2)),
        "empty": lambda rng: (np.zeros(0), rng.normal(size=2)),
    },
    ("x", "y"),
    "array shape size-0 broadcast",
    second=True,
)
def concatenate_and_stack(x, y):
    z = np.concatenate([x, y, x * 2.0])
    w = np.stack([y, y**2, y * y[0]])
    c = np.stack((y, np.sin(y)), axis=1)
    k = np.concatenate((w, c.T), axis=0)
    return np.sum(z * z) + np.sum(k * k) + z[-1] * w[1, 1] + np.sum(c[:, 1] * w[2])


@program(lambda rng: (rng.normal(size=3), rng.normal(size=(3, 3))), ("x", "a"), "array shape linalg", second=True)
def diagonals(x, a):
    d = np.diag(x)
    return np.sum(d @ a @ d) + np.sum(np.diag(a) ** 2) + np.trace(a * a)


@program(
    lambda rng: (rng.normal(size=7), np.array([0, 3, 3, 6, -1]), 2),
    "x",
    "array index",
    second=True,
    note="the index array has duplicates: their contributions add up",
)
def read_by_integer_array(x, idx, k):
    y = x[idx]
    z = x[[1, 1, 2]] * x[k]
    return np.sum(y * y * np.arange(5)) + np.sum(z) * x[k + 1] * x[-k]


@program(
    lambda rng: (rng.normal(size=(4, 5)), np.array([2, 0, 2]), np.array([1, 1, 4])),
    "a",
    "array index",
    second=True,
    note="gather of rows, of columns, and of points",
)
def read_rows_columns_points(a, i, j):
    return np.sum(a[i] ** 2) + np.sum(a[:, j] * a[:, 0, None]) + np.sum(a[i, j] ** 3) + np.sum(a[1, j] * a[i, 2])


@program(lambda rng: (rng.normal(size=(3, 4, 2)),), "a", "array index broadcast", second=True)
def ellipsis_none_and_steps(a):
    b = a[..., 0] * a[:, :, 1]
    c = a[::-1, 1::2, ...]
    d = a[None, 0, :, 1] * a[-1, ..., 0, None].T
    return np.sum(b) * np.sum(c[0] * c[-1]) + np.sum(d**2) + np.sum(a[2, -3:-1, ::-1] * a[0, :2])


@program(
    {"mid": lambda rng: (rng.normal(size=6), 1, 4), "empty": lambda rng: (rng.normal(size=6), 3, 3)},
    "x",
    "array index",
    second=True,
    note="the bounds of a slice are run-time values; the second slice is empty",
)
def slice_with_runtime_bounds(x, i, j):
    y = x[i:j]
    return np.sum(y * y) * x[0] + np.sum(x[:i]) * np.sum(x[j:] ** 2) + np.sum(x[-i:])


@program(lambda rng: (0.6, 1.5, -0.4), ("angle", "x", "y"), "array make linalg", second=True)
def rotation_matrix(angle, x, y):
    c, s_ = np.cos(angle), np.sin(angle)
    r = np.array([[c, -s_], [s_, c]])
    p = r @ np.array([x, y])
    q = r.T @ r @ p * np.array([1.0, 2.0])
    return p[0] * q[1] + np.sum(q * q)


@program(lambda rng: (rng.normal(size=3), rng.normal()), ("v", "x"), "array make", second=True)
def arrays_of_scalars_and_rows(v, x):
    a = np.array([v[0], x, 2.0, v[1] * v[2], x * x])
    b = np.array([v, v * x, [1.0, x, 0.5]])
    return np.sum(a * a) + np.sum(b[1] * b[2] * b[0])


@program(
    {"n4": lambda rng: (0.7, 4), "n0": lambda rng: (0.7, 0), "n1": lambda rng: (0.7, 1)},
    "x",
    "array make size-0",
    second=True,
)
def makers(x, n):
    t = np.linspace(0.0, 1.0, n)
    k = np.arange(n, dtype=float)
    a = np.full((2, n), x) + np.ones(n) * k
    return np.sum(np.sin(x * t)) + np.sum(a * np.eye(2, n)) + np.sum(np.zeros((n, 2)) + x) + np.sum(x**k)


@program(lambda rng: (rng.normal(size=3), np.array([1, 2, 3]), 2), "x", "array make int", second=True)
def dtypes_and_conversions(x, k, n):
    w = k.astype(float) / n
    y = np.asarray(x, dtype=np.float64) * w
    tiny = np.finfo(x.dtype).eps + np.finfo(float).tiny
    z = np.zeros(3, dtype=x.dtype) + y.astype(np.float64)
    return np.sum(np.log(z * z + tiny + 0.1)) + float(n) * np.sum(x / k) + int(2.7) * x[int(1.9)]


@program(
    {"n3": lambda rng: (rng.normal(size=3),)},
    "x",
    "array unpack index",
    second=True,
)
def unpack_array(x):
    a, b, c = x
    x0, _ = (a * b, c)
    return x0 * c + np.sin(a) * b


@program(lambda rng: (rng.normal(size=(2, 3)),), "m", "array unpack index", second=True)
def unpack_rows(m):
    u, v = m
    (a, b, c), w = u * v, m[1]
    return a * b * c + np.sum(u * w) * v[2]


@program(
    lambda rng: (rng.normal(size=(2, 3)),),
    "a",
    "array make builtin",
    note="0-d results, float() of them, and comparison of a reduction",
    second=True,
)
def zero_dimensional(a):
    m = np.mean(a)
    t = float(m) * np.asarray(a[0, 0]) + float(a[1, 2])
    return t * t if m > -100.0 else m


@program(lambda rng: (rng.normal(size=(2, 3, 3)), rng.normal(size=3)), ("a", "x"), "array shape linalg", second=True)
def less_common_shapes_and_products(a, x):
    b = np.swapaxes(a, 0, 2)
    d = np.diagonal(a[0]) * a[1].ravel()[:3] + a.flatten()[-3:]
    e = np.expand_dims(x, 0) * np.squeeze(a[:1], axis=0)
    return np.sum(b[0] ** 2) + np.sum(d * x) + np.inner(x, x) * np.vdot(x, d) + np.sum(e @ e)


@program(lambda rng: (away(rng, 3, 4),), "a", "array reduction select", second=True)
def less_common_reductions(a):
    spread = np.ptp(a) + np.amax(a) * np.amin(a)
    return spread * np.sum(np.fmax(a, 0.1) * np.fmin(a, 0.9)) + np.average(a) + np.sum(np.fabs(a) * a)


# ---------------------------------------------------------------------------------------------------------------------
# Linear algebra
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {
        "plain": lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=4)),
        "ones": lambda rng: (rng.normal(size=(1, 1)), rng.normal(size=(1, 1)), rng.normal(size=1)),
        "strided": lambda rng: (rng.normal(size=(4, 3)).T, rng.normal(size=(4, 5))[:, ::3], rng.normal(size=8)[1::2]),
        "empty": lambda rng: (np.zeros((3, 0)), np.zeros((0, 2)), np.zeros(0)),
    },
    ("a", "b", "x"),
    "array linalg size-0 size-1",
    second=True,
    note="an inner dimension of size 0 gives zeros",
)
def products_of_matrices(a, b, x):
    c = a @ b
    y = a @ x
    z = x @ b
    return np.sum(c * c) + np.sum(y[:, None] * c) + np.dot(z, z) + np.sum(np.matmul(b.T, x) * z) + x @ x


@program(lambda rng: (rng.normal(size=3), rng.normal(size=4)), ("x", "y"), "array linalg", second=True)
def outer_and_dot(x, y):
    a = np.outer(x, y)
    return np.sum(np.tanh(a)) + np.dot(x, np.dot(a, y)) + x.dot(x) * np.dot(2.0, y[0])


@program(
    lambda rng: (rng.normal(size=(5, 2, 3)), rng.normal(size=(3, 2))),
    ("a", "b"),
    "array linalg broadcast",
    second=True,
)
def batched_matmul(a, b):
    c = a @ b
    return np.sum(c @ c) + np.sum(a * (a @ np.ones((3, 3))))


@program(
    {
        "n3": lambda rng: (definite(rng, 3) + rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(3, 2))),
        "n1": lambda rng: (definite(rng, 1), rng.normal(size=1), rng.normal(size=(1, 2))),
    },
    ("a", "b", "c"),
    "array linalg",
    second=True,
)
def solve_vector_and_matrix(a, b, c):
    x = np.linalg.solve(a, b)
    y = linear_solve(a.T, c)
    return np.sum(x * x) + np.sum(y * y) * x[0]


@program(
    {"n3": lambda rng: (definite(rng, 3) + rng.normal(size=(3, 3)),), "n1": lambda rng: (definite(rng, 1),)},
    "a",
    "array linalg unpack",
    second=True,
)
def inverse_and_determinants(a):
    sign, logdet = np.linalg.slogdet(a)
    return np.sum(np.linalg.inv(a) * a.T) + 0.01 * np.linalg.det(a) + sign * logdet + np.trace(a @ a)


@program(
    lambda rng: (definite(rng, 4), rng.normal(size=4)),
    ("a", "x"),
    "array linalg app",
    second=True,
    note="Gaussian log-likelihood; the matrix is symmetrised so that its gradient is that of an ordinary matrix",
)
def gaussian_log_likelihood(a, x):
    sigma = 0.5 * (a + a.T)
    low = np.linalg.cholesky(sigma)
    z = np.linalg.solve(low, x)
    return -0.5 * np.dot(z, z) - np.sum(np.log(np.diag(low))) - 0.5 * len(x) * np.log(2.0 * np.pi)


@program(
    {"n4": lambda rng: (rng.normal(size=(6, 3)), rng.normal(size=6), 0.7)},
    ("x", "y", "alpha"),
    "array linalg app",
    second=True,
    note="ridge regression by its normal equations, the residual as a function of the penalty",
)
def ridge_residual(x, y, alpha):
    gram = x.T @ x + alpha * np.eye(x.shape[1])
    w = np.linalg.solve(gram, x.T @ y)
    r = y - x @ w
    return r @ r


# ---------------------------------------------------------------------------------------------------------------------
# Names that generated code would like to use
# ---------------------------------------------------------------------------------------------------------------------


@program(lambda rng: (0.7, 1.3), ("x", "x_bar"), "names scalar elementary", second=True)
def cotangent_names(x, x_bar):
    y = x * x_bar
    y_bar = math.sin(y) + x
    z_bar = y_bar * y
    x_bar2 = z_bar * x_bar
    return x_bar2 + y_bar


@program(
    {"n4": lambda rng: (0.7, 4), "zero": lambda rng: (0.7, 0)},
    "y",
    "names scalar loop carried zero-trip",
    second=True,
)
def tape_names(y, n):
    y_tape = y
    i_bar = 1.0
    for i in range(n):
        y_tape = y_tape * y + i_bar
        i_bar = i_bar * 0.5 + y_tape * i
    return y_tape * i_bar


@program(lambda rng: (rng.normal(size=3), 1.2), ("np_", "g"), "names array", second=True)
def library_names(np_, g):
    sum_ = np.sum(np_ * g)
    math_ = math.exp(g)
    out = sum_ * math_
    return out + np.sum(np_) * g


@program(lambda rng: (0.7, 1.3), ("f", "grad"), "names helper scalar", second=True)
def function_names(f, grad):
    library_names_grad = f * grad
    square_grad = square(library_names_grad)
    function_names_grad = square_grad + f
    return function_names_grad * grad


@program(lambda rng: (0.7, rng.normal(size=3)), ("float_", "zeros"), "names array builtin", second=True)
def builtin_names(float_, zeros):
    sum = np.sum(zeros * float_)
    len = zeros[0] * sum
    range_ = abs(len) * 2.0
    return sum * range_ + float_


@program(lambda rng: (0.7, 1.3), ("δ", "λ_1"), "names scalar", second=True, note="identifiers that are not ASCII")
def greek_names(δ, λ_1):
    α = δ * λ_1
    return α * α + math.exp(-δ)


@program(
    {"n4": lambda rng: (rng.normal(size=3), 4), "zero": lambda rng: (rng.normal(size=3), 0)},
    "x",
    "names array loop store carried zero-trip",
    second=True,
    note="one name is a scalar, then an array, then a loop's counter",
)
def reused_name(x, n):
    t = np.sum(x)
    t = x * t
    y = t.copy()
    for t in range(n):
        y[0] = y[0] * y[1] + t
    t = y[0]
    return t * np.sum(y)


# ---------------------------------------------------------------------------------------------------------------------
# Structures
# ---------------------------------------------------------------------------------------------------------------------

State = namedtuple("State", ["position", "speed"])


@program(
    lambda rng: ((rng.normal(size=(2, 3)), rng.normal(size=2)), rng.normal(size=3)),
    ("params", "x"),
    "structure array linalg unpack",
    second=True,
)
def tuple_of_arrays(params, x):
    w, b = params
    return np.sum(np.tanh(w @ x + b))


@program(
    lambda rng: ({"w": rng.normal(size=3), "b": 0.4}, rng.normal(size=3)),
    "params",
    "structure array linalg",
    second=True,
)
def dict_of_parameters(params, x):
    return np.exp(-(params["w"] @ x + params["b"] ** 2))


@program(lambda rng: (State(0.7, rng.normal(size=2)), 0.1), ("state", "dt"), "structure array", second=True)
def named_tuple_state(state, dt):
    moved = state.position + dt * np.sum(state.speed)
    return moved * moved + state.speed[0] * state[0]


@program(lambda rng: ([0.5, rng.normal(size=2), (1.5, -0.7)],), "items", "structure array", second=True)
def nested_list(items):
    a, v, (c, d) = items
    return a * np.sum(v * v) * c + d * items[0] ** 2


# ---------------------------------------------------------------------------------------------------------------------
# Models
# ---------------------------------------------------------------------------------------------------------------------


@program(
    {
        "n20": lambda rng: (np.array([0.6, 0.03, 0.8, 0.025]), 30.0, 4.0, 0.1, 20),
        "zero": lambda rng: (np.array([0.6, 0.03, 0.8, 0.025]), 30.0, 4.0, 0.1, 0),
    },
    ("p", "hare", "lynx"),
    "app array loop carried zero-trip unpack",
    second=True,
    note="RK4 of Lotka-Volterra in a plain loop over scalars",
)
def lotka_volterra_rk4(p, hare, lynx, dt, n):
    a, b, c, d = p
    u, v = hare, lynx
    for _ in range(n):
        k1u, k1v = a * u - b * u * v, d * u * v - c * v
        u2, v2 = u + 0.5 * dt * k1u, v + 0.5 * dt * k1v
        k2u, k2v = a * u2 - b * u2 * v2, d * u2 * v2 - c * v2
        u3, v3 = u + 0.5 * dt * k2u, v + 0.5 * dt * k2v
        k3u, k3v = a * u3 - b * u3 * v3, d * u3 * v3 - c * v3
        u4, v4 = u + dt * k3u, v + dt * k3v
        k4u, k4v = a * u4 - b * u4 * v4, d * u4 * v4 - c * v4
        u = u + dt / 6.0 * (k1u + 2.0 * k2u + 2.0 * k3u + k4u)
        v = v + dt / 6.0 * (k1v + 2.0 * k2v + 2.0 * k3v + k4v)
    return np.log(u) ** 2 + np.log(v) ** 2


def _oscillator(y, k):
    return np.array([y[1], -k * y[0] - 0.1 * y[1]])


@program(
    {"n10": lambda rng: (rng.normal(size=2), 1.7, 10), "zero": lambda rng: (rng.normal(size=2), 1.7, 0)},
    ("y", "k"),
    "app array loop helper carried zero-trip make",
    second=True,
    note="RK4 over a vector state with a helper for the right-hand side",
)
def rk4_vector_state(y, k, n):
    h = 0.1
    for _ in range(n):
        k1 = _oscillator(y, k)
        k2 = _oscillator(y + h / 2 * k1, k)
        k3 = _oscillator(y + h / 2 * k2, k)
        k4 = _oscillator(y + h * k3, k)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(y * y)


@program(
    {"call": lambda rng: (100.0, 95.0, 0.03, 0.25, 1.5), "out": lambda rng: (80.0, 120.0, 0.01, 0.4, 0.5)},
    ("S", "sigma", "K", "r", "T"),
    "app scalar helper elementary",
    second=True,
    note="the derivative in S is the cumulative normal at d1",
)
def black_scholes_call(S, K, r, sigma, T):
    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    return S * normal_cdf(d1) - K * math.exp(-r * T) * normal_cdf(d2)


@program(
    lambda rng: (rng.normal(size=3), 0.2, rng.normal(size=(8, 3)), np.sign(rng.normal(size=8))),
    ("w", "b"),
    "app array linalg elementary broadcast",
    second=True,
)
def logistic_regression(w, b, x, y):
    z = x @ w + b
    return np.mean(np.log1p(np.exp(-y * z))) + 0.05 * np.sum(w**2)


@program(
    lambda rng: (
        rng.normal(size=(3, 4)),
        rng.normal(size=4),
        rng.normal(size=(4, 1)),
        rng.normal(size=1),
        rng.normal(size=(6, 3)),
        rng.normal(size=(6, 1)),
    ),
    ("w1", "b1", "w2", "b2"),
    "app array linalg broadcast size-1",
    second=True,
)
def tanh_network(w1, b1, w2, b2, x, y):
    h = np.tanh(x @ w1 + b1)
    out = h @ w2 + b2
    return np.mean((out - y) ** 2)


@program(
    {
        "n6": lambda rng: (rng.normal(size=6), 0.5, 0.3),
        "n1": lambda rng: (rng.normal(size=1), 0.5, 0.3),
        "zero": lambda rng: (np.zeros(0), 0.5, 0.3),
    },
    ("y", "q", "r"),
    "app array loop carried zero-trip size-0",
    second=True,
    note="the log-likelihood of a local level model by a scalar Kalman filter",
)
def kalman_filter(y, q, r):
    m, p = 0.0, 1.0
    ll = 0.0
    for obs in y:
        p = p + q
        f = p + r
        e = obs - m
        gain = p / f
        ll -= 0.5 * (np.log(2.0 * np.pi * f) + e * e / f)
        m = m + gain * e
        p = (1.0 - gain) * p
    return ll


@program(
    lambda rng: (rng.normal(size=(4, 3)), np.array([0, 2, 1, 2])),
    "z",
    "app array reduction index broadcast",
    second=True,
)
def softmax_cross_entropy(z, labels):
    shifted = z - np.max(z, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


@program(
    {
        "n7": lambda rng: (rng.normal(size=7), 0.6, -0.3, 0.9),
        "n1": lambda rng: (rng.normal(size=1), 0.6, -0.3, 0.9),
        "zero": lambda rng: (np.zeros(0), 0.6, -0.3, 0.9),
    },
    ("phi", "theta", "sigma"),
    "app array loop carried zero-trip size-0 store make branch",
    second=True,
    note="conditional likelihood of an ARMA(1,1), the innovations kept in an array",
)
def arma_likelihood(y, phi, theta, sigma):
    e = np.zeros(len(y))
    for t in range(len(y)):
        if t > 0:
            e[t] = y[t] - phi * y[t - 1] - theta * e[t - 1]
        else:
            e[t] = y[t]
    n = len(y)
    return -0.5 * np.sum(e * e) / sigma**2 - n * np.log(sigma)


@program(
    {"n5": lambda rng: (positive(rng, 5), 0.05), "zero": lambda rng: (np.zeros(0), 0.05)},
    ("flows", "rate"),
    "app array loop carried zero-trip size-0",
    second=True,
)
def discounted_cash_flow(flows, rate):
    value = 0.0
    discount = 1.0
    for c in flows:
        discount /= 1.0 + rate
        value += c * discount
    return value


@program(
    {"n5": lambda rng: (rng.normal(size=5), 0.7), "zero": lambda rng: (np.zeros(0), 0.7)},
    ("c", "x"),
    "app array loop carried zero-trip size-0 index",
    second=True,
)
def horner_polynomial(c, x):
    v = 0.0
    for k in range(len(c) - 1, -1, -1):
        v = v * x + c[k]
    return v


@program(
    lambda rng: (rng.normal(size=6), np.array([0.3, -0.2]), np.array([-1.0, 1.2]), np.array([0.1, -0.3])),
    ("logits", "mu", "log_s"),
    "app array broadcast index reduction helper",
    second=True,
    note="a mixture of two normals, with a logsumexp written by hand over rows",
)
def mixture_log_likelihood(x, logits, mu, log_s):
    log_w = logits - program_helpers.logsumexp(logits)
    z = (x[:, None] - mu) * np.exp(-log_s)
    a = log_w - log_s - 0.5 * z * z - 0.5 * np.log(2.0 * np.pi)
    m = np.max(a, axis=1)
    return np.sum(m + np.log(np.sum(np.exp(a - m[:, None]), axis=1)))


@program(
    {"n6": lambda rng: (0.2, 0.9, 0.4, rng.normal(size=6)), "zero": lambda rng: (0.2, 0.9, 0.4, np.zeros(0))},
    ("omega", "beta", "alpha"),
    "app array loop carried zero-trip size-0",
    second=True,
    note="GARCH(1,1)",
)
def garch_likelihood(omega, beta, alpha, returns):
    h = omega
    ll = 0.0
    for r in returns:
        ll += np.log(h) + r * r / h
        h = omega + 0.1 * alpha * r * r + 0.5 * beta * h
    return 0.5 * ll


@program(
    lambda rng: (rng.normal(size=(4, 2)),),
    "q",
    "app array broadcast reduction index shape",
    second=True,
    note="softened gravity between bodies, all pairs at once",
)
def n_body_energy(q):
    d = q[:, None, :] - q[None, :, :]
    r2 = np.sum(d * d, axis=-1) + 0.1
    return -0.5 * np.sum(1.0 / np.sqrt(r2)) + 0.5 * q.shape[0] / np.sqrt(0.1)


@program(
    {"n5": lambda rng: (1.3, 0.4, 5), "zero": lambda rng: (1.3, 0.4, 0)},
    ("q", "p"),
    "app scalar loop carried zero-trip elementary",
    second=True,
    note="leapfrog steps of a pendulum, symplectic",
)
def pendulum_leapfrog(q, p, n):
    h = 0.2
    p = p - 0.5 * h * math.sin(q)
    for i in range(n):
        q += h * p
        p -= h * math.sin(q) if i < n - 1 else 0.5 * h * math.sin(q)
    return 0.5 * p * p - math.cos(q)


@program(
    {"n3": lambda rng: (rng.normal(size=2), 6, 0.1), "zero": lambda rng: (rng.normal(size=2), 0, 0.1)},
    ("x", "lr"),
    "app array loop carried zero-trip unpack make",
    second=True,
    note="gradient descent on Rosenbrock's function, differentiated through",
)
def unrolled_descent(x, steps, lr):
    x = 0.3 * x
    for _ in range(steps):
        a, b = x
        g = np.array([-2.0 * (1.0 - a) - 4.0 * a * (b - a * a), 2.0 * (b - a * a)])
        x = x - lr * g
    return (1.0 - x[0]) ** 2 + (x[1] - x[0] ** 2) ** 2


@program(
    {"n4": lambda rng: (rng.normal(size=(5, 3)), rng.normal(size=3))},
    ("x", "w"),
    "app array loop nested ragged index helper",
    second=True,
    note="a kernel sum over pairs of rows, through a helper of this module",
)
def kernel_sum(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(i):
            total += _rbf(x[i], x[j], w)
    return total


def _rbf(u, v, w):
    """A helper defined below its caller."""
    d = (u - v) * w
    return np.exp(-0.5 * np.dot(d, d))


@program(
    {"n10": lambda rng: (100.0, 95.0, 0.3, 10), "one": lambda rng: (100.0, 95.0, 0.3, 1)},
    ("spot", "vol"),
    "app array loop store nested ragged builtin make select elementary",
    second=True,
    note="an American put on a binomial tree, stored in place",
)
def binomial_american_put(spot, strike, vol, n):
    dt = 1.0 / n
    up = math.exp(vol * math.sqrt(dt))
    q = (math.exp(0.02 * dt) - 1.0 / up) / (up - 1.0 / up)
    v = np.zeros(n + 1)
    for j in range(n + 1):
        v[j] = max(strike - spot * up ** (2 * j - n), 0.0)
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            hold = math.exp(-0.02 * dt) * (q * v[j + 1] + (1.0 - q) * v[j])
            v[j] = max(hold, strike - spot * up ** (2 * j - i))
    return v[0]


@program(
    {"n5": lambda rng: (rng.dirichlet(np.ones(2)), 0.7, 0.8, np.array([0, 1, 1, 0, 1]))},
    ("p0", "stay", "emit"),
    "app array loop carried make index linalg",
    second=True,
    note="the forward algorithm of a hidden Markov model, scaled at every step",
)
def hidden_markov_forward(p0, stay, emit, observed):
    t = np.array([[stay, 1.0 - stay], [1.0 - stay, stay]])
    e = np.array([[emit, 1.0 - emit], [1.0 - emit, emit]])
    p = p0 / np.sum(p0)
    ll = 0.0
    for k in range(len(observed)):
        p = p * e[:, observed[k]]
        total = np.sum(p)
        ll += np.log(total)
        p = t.T @ p / total
    return ll


@program(
    lambda rng: (rng.normal(size=(4, 5)), rng.normal(size=(2, 2)), 0.1),
    ("image", "kernel", "bias"),
    "app array loop nested store index reduction make select",
    second=True,
    note="a small convolution layer with a leaky ramp",
)
def convolution_layer(image, kernel, bias):
    rows = image.shape[0] - kernel.shape[0] + 1
    columns = image.shape[1] - kernel.shape[1] + 1
    out = np.zeros((rows, columns))
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            out += kernel[i, j] * image[i : i + rows, j : j + columns]
    z = out + bias
    return np.sum(np.where(z > 0, z, 0.1 * z) ** 2)


@program(
    {"n4": lambda rng: (rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))},
    ("q", "k", "v"),
    "app array linalg reduction broadcast",
    second=True,
    note="attention of one head",
)
def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    w = np.exp(scores - scores.max(axis=-1, keepdims=True))
    w = w / w.sum(axis=-1, keepdims=True)
    return np.sum((w @ v) ** 2)


@program(
    {"n6": lambda rng: (positive(rng, 6), 1.4, 0.6), "n1": lambda rng: (positive(rng, 1), 1.4, 0.6)},
    ("shape", "scale"),
    "app array builtin elementary",
    second=True,
    note="Weibull log-likelihood; builtin sum over an array expression",
)
def weibull_log_likelihood(t, shape, scale):
    z = t / scale
    return len(t) * math.log(shape / scale) + sum((shape - 1.0) * np.log(z) - z**shape)


@program(
    lambda rng: (97.0, 100.0, 0.25, 5),
    ("s", "k", "sigma"),
    "app scalar loop nested ragged store builtin int",
    note="American put on a tree: stacks in nested loops keep their names while they live",
)
def american_put(s, k, sigma, n):
    dt = 1.0 / n
    up = math.exp(sigma * math.sqrt(dt))
    down = 1 / up
    p = (1.0 - down) / (up - down)
    values = np.zeros(n + 1)
    for j in range(n + 1):
        values[j] = max(k - s * up**j * down ** (n - j), 0)
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            held = p * values[j + 1] + (1 - p) * values[j]
            values[j] = max(held, k - s * up**j * down ** (i - j))
    return values[0]


@program(
    lambda rng: (95.0, positive(rng, 3) + 3.0, 100.0),
    ("price", "coupons", "face"),
    "app loop nested carried builtin int",
    note="internal rate of return by Newton; sums start as ints and are made anew in each trip",
)
def internal_rate(price, coupons, face):
    y = 0.05
    for _ in range(4):
        worth = 0
        slope = 0
        for t, c in enumerate(coupons):
            worth += c / (1 + y) ** (t + 1)
            slope -= (t + 1) * c / (1 + y) ** (t + 2)
        n = len(coupons)
        worth += face / (1 + y) ** n
        slope -= n * face / (1 + y) ** (n + 1)
        y = y - (worth - price) / slope
    return y


@program(
    lambda rng: (rng.normal(size=(4, 3)) + 2.0 * np.arange(4)[:, None],),
    "x",
    "app array loop ragged reduction broadcast",
    second=True,
    note="energy of pairs: slices that shrink with the loop",
)
def shrinking_pairs(x):
    energy = 0
    for i in range(x.shape[0] - 1):
        d = x[i + 1 :] - x[i]
        energy += np.sum(1 / np.sum(d * d, axis=1) ** 3)
    return energy


# The other files of the corpus register their programs when they are imported.
from tests import (  # noqa: E402
    programs_calls,
    programs_complex,
    programs_control,
    programs_data,
    programs_derivatives,
    programs_effects,
    programs_extents,
    programs_linalg,
    programs_mutation,
    programs_numpy,
    programs_optional,
    programs_random,
    programs_recursion,
    programs_scipy_linalg,
    programs_special,
)

FILES = (
    programs_calls,
    programs_complex,
    programs_control,
    programs_data,
    programs_derivatives,
    programs_effects,
    programs_extents,
    programs_linalg,
    programs_mutation,
    programs_numpy,
    programs_optional,
    programs_random,
    programs_recursion,
    programs_scipy_linalg,
    programs_special,
)

CASES: list[tuple[Program, Case]] = [(p, case) for p in PROGRAMS.values() for case in p.cases]
