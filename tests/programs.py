"""The corpus: small programs, each an ordinary Python/NumPy function as a user would write it.

A program is registered with `@program(...)` and stays the plain function it was, so CPython runs it. Each has one or
more *cases*: named, seeded inputs, chosen away from kinks and from the edges of domains (`tests/test_oracles.py` checks
that) unless the case is listed in `kinks`. Every test that runs "over the corpus" loops over `PROGRAMS` or `CASES`:

    for program in PROGRAMS.values():
        for case in program.cases:
            args = case.arguments()              # fresh and the same each time
            value = program.function(*args)      # what CPython computes

Fields are described at `Program` and `Case`, tags at `TAGS`. The file is long because it is data; the sections are
marked, and a new program goes to the section whose construct it is about.
"""

import math
import zlib
from collections import namedtuple  # noqa: F401
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import exp as e_to
from math import sin as s
from typing import Any

import numpy as np
import program_helpers
from numpy.linalg import solve as linear_solve  # noqa: F401
from program_helpers import Spring, affine, normal_cdf, sigmoid, square

TAGS = {
    "special": "named in the definition of done, with its derivative known exactly",
    "scalar": "Python floats only",
    "array": "works on arrays",
    "loop": "has a `for` or a `while`",
    "while": "has a `while`",
    "nested": "has a loop in a loop",
    "ragged": "the trips of an inner loop depend on the outer one",
    "carried": "carries a value through the loop in a non-linear way",
    "zero-trip": "a case named `zero...` runs some loop zero times",
    "store": "stores into an array",
    "branch": "has an `if` statement or conditional expression on run-time values",
    "logic": "has `and`, `or`, `not` or a chained comparison",
    "return": "returns early",
    "helper": "calls a function of the user's",
    "closure": "reads a variable of an enclosing function",
    "global": "reads a number or array of the module",
    "method": "is, or calls, a method",
    "lambda": "is, or calls, a lambda",
    "partial": "is, or calls, a functools.partial",
    "builtin": "calls sum, min, max, abs, len, int or float",
    "unpack": "unpacks a tuple or an array",
    "augment": "has an augmented assignment",
    "make": "makes an array: np.zeros, np.array of scalars, ...",
    "reduction": "reduces along some axis",
    "broadcast": "broadcasts",
    "shape": "changes a shape, joins or splits",
    "index": "reads by slice, integer, array of integers, None or Ellipsis",
    "select": "where, maximum, minimum, clip",
    "linalg": "matmul, dot, solve, inv, det, cholesky, ...",
    "elementary": "one of many elementary functions",
    "names": "has names that generated code would like to use",
    "structure": "takes a tuple, list, dict or NamedTuple of floats and arrays",
    "app": "a model someone would fit or price",
    "size-0": "a case has an array without elements",
    "size-1": "a case has an axis of length one where others are longer",
    "int": "an integer takes part in the arithmetic",
}


@dataclass(frozen=True)
class Case:
    """One set of inputs of a program: its name (`label`), and how to make them again."""

    program: str
    label: str
    make: Callable[[np.random.Generator], tuple]

    @property
    def id(self) -> str:
        """The name of the case in a test's report."""
        return f"{self.program}-{self.label}"

    def arguments(self) -> tuple:
        """Fresh positional arguments: the same numbers on every call and in every process."""
        seed = zlib.crc32(self.id.encode())
        return self.make(np.random.default_rng(seed))


@dataclass(frozen=True)
class Program:
    """A function and what the tests know about it.

    `wrt` is what to differentiate: a parameter's name or a tuple of them. `second` says that the gradient's own
    gradient is tested too. `expected` gives exact gradients by case, `values` exact values. `kinks` lists the cases
    that sit on a kink or an edge of a domain, where finite differences say nothing and only `expected` counts. `note`
    says what is peculiar.
    """

    name: str
    function: Callable[..., Any]
    wrt: str | tuple[str, ...]
    cases: tuple[Case, ...]
    tags: frozenset[str]
    second: bool = False
    expected: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    kinks: frozenset[str] = frozenset()
    note: str = ""


PROGRAMS: dict[str, Program] = {}


def program(inputs, wrt, tags, *, second=False, expected=None, values=None, kinks=(), note="", name=None):
    """Register a function; `inputs` is one maker of arguments, or a dict of them by case name."""
    makers = inputs if isinstance(inputs, dict) else {"only": inputs}
    labels = frozenset(tags.split())
    assert labels <= TAGS.keys(), f"unknown tags {labels - TAGS.keys()}"

    def register(function):
        key = name or function.__name__
        assert key not in PROGRAMS, f"two programs are called {key}"
        cases = tuple(Case(key, label, make) for label, make in makers.items())
        PROGRAMS[key] = Program(
            key, function, wrt, cases, labels, second, expected or {}, values or {}, frozenset(kinks), note
        )
        return function

    return register


def tagged(*tags):
    """The programs that have all of these tags."""
    return [p for p in PROGRAMS.values() if p.tags.issuperset(tags)]


def away(rng, *shape):
    """Normal numbers, each at least 0.2 from zero: for what has a kink or a pole there."""
    x = rng.normal(size=shape)
    return x + 0.2 * np.sign(x)


def positive(rng, *shape):
    """Numbers between 0.5 and 2."""
    return rng.uniform(0.5, 2.0, size=shape)


def definite(rng, n):
    """A well-conditioned symmetric positive definite matrix."""
    a = rng.normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


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
    return (x % y) * x + (x // y) * y + round(x) * y + math.floor(x) * x + math.fmod(x, y)


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
    unused += z  # noqa: F841
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
    {"n3": lambda rng: (rng.normal(size=(3, 4)),), "one": lambda rng: (rng.normal(size=(1, 1)),)},
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


@program(XN, "x", "array loop zero-trip size-0 builtin", second=True, note="builtin sum over an array, and len")
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
    f = lambda t: t * t + y  # noqa: E731
    g = lambda a, b=2.0: f(a) * b - x  # noqa: E731
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
    note="the right side of the `and` would divide by zero if it were evaluated at x = 0",
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
